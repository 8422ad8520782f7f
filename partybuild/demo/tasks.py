"""The rectification ledger of an invented branch: problems, steps, closings."""

import datetime
from dataclasses import dataclass, field
from random import Random

from members.models import Post
from partybuild.demo.clock import at
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window
from tasks.models import EventKind, Task, TaskEvent, TaskState, problem_key

_DAY = datetime.timedelta(days=1)
_SOURCES = ("自查", "督查反馈", "镇街检查", "述职评议", "民主评议", "巡视巡察")
_PROBLEMS = (
    ("党员档案材料不齐全", "逐卷清查，补齐缺项材料"),
    ("党费台账与票据不一致", "逐人逐月核对台账，补开票据并公示"),
    ("党员活动室设施老化、制度未上墙", "更换设施，制度统一上墙，明确专人管理"),
    ("党课主题单一，党员参与度不高", "制定年度党课计划，支部委员轮流授课"),
    ("支委会议事范围不清，重大事项研究不够", "制定支委会议事清单并报上级备案"),
    ("流动党员联系不经常", "建立联系台账，每月至少联系一次"),
    ("“三会一课”记录不规范，部分会议无签到", "统一记录格式，逐次签到，支委会每月抽查"),
    ("服务群众项目推进慢", "按月公示项目进度，支部书记领办"),
    ("党务公开栏内容更新不及时", "明确专人，每季度首月更新"),
    ("年轻党员少，发展党员工作薄弱", "建立培养名单，每季度研究一次"),
    ("支部会议记录本与系统登记不一致", "逐次核对，补登漏记会议"),
    ("困难党员走访不够", "建立走访安排，每季度走访一次"),
)


@dataclass(eq=False)
class Listed:
    """A task to be and its events."""

    task: Task
    events: list[TaskEvent] = field(default_factory=list)

    def note(
        self, kind: str, on: datetime.date, text: str = "", progress: int | None = None
    ) -> None:
        self.events.append(
            TaskEvent(task=self.task, kind=kind, on=on, text=text, progress=progress, at=at(on, 16))
        )


def tasks_of(branch: Branch, posts: list[Post], window: Window, rng: Random) -> list[Listed]:
    """The tasks of a branch: the better it is kept, the fewer and the further."""
    problems = list(_PROBLEMS)
    rng.shuffle(problems)
    fates = _fates(branch, rng)
    listed = [
        _listed(branch, posts, problem, fate, window, rng)
        for problem, fate in zip(problems, fates, strict=False)
    ]
    return [one for one in listed if one.task.opened_on >= branch.organisation.founded_on]


def _fates(branch: Branch, rng: Random) -> list[str]:
    """What becomes of each task."""
    if branch.is_shown:
        return ["closed", "overdue", "working", "review", "closed"]
    if branch.order is Order.POOR:
        return ["overdue", *rng.choices(("overdue", "working", "pending", "closed"), k=3)]
    if branch.order is Order.FAIR:
        kinds = ("closed", "working", "review", "returned", "extended", "pending", "overdue")
        return rng.choices(kinds, (30, 20, 10, 10, 10, 10, 10), k=rng.randint(1, 4))
    kinds = ("closed", "working", "review", "county_review", "pending", "cancelled")
    return rng.choices(kinds, (56, 20, 10, 4, 8, 2), k=rng.randint(0, 3))


def _listed(
    branch: Branch,
    posts: list[Post],
    problem: tuple[str, str],
    fate: str,
    window: Window,
    rng: Random,
) -> Listed:
    today = window.today
    span = rng.randint(60, 180)
    if fate == "overdue":
        due_on = today - rng.randint(2, 60) * _DAY
    elif fate in ("closed", "cancelled"):
        due_on = today + rng.randint(-200, 40) * _DAY
    else:
        due_on = today + rng.randint(5, 150) * _DAY
    opened_on = min(due_on - span * _DAY, today - rng.randint(3, 30) * _DAY)
    text, measures = problem
    officer = posts[0].person_name if posts else branch.above.leader
    task = Task(
        organisation=branch.organisation,
        source=rng.choice(_SOURCES),
        problem=text,
        problem_key=problem_key(text),
        measures=measures,
        responsible_leader=branch.above.leader,
        responsible_unit=branch.organisation.name,
        responsible_person=officer,
        opened_on=opened_on,
        due_on=due_on,
    )
    listed = Listed(task)
    listed.note(EventKind.LISTED, opened_on, text)
    _live(listed, fate, today, rng)
    return listed


def _live(listed: Listed, fate: str, today: datetime.date, rng: Random) -> None:
    """Write the steps that lead a task to its fate."""
    task = listed.task
    until = min(today, task.due_on)
    if fate == "pending":
        return
    if fate == "cancelled":
        task.state = TaskState.CANCELLED
        return
    ready = fate in ("closed", "review", "county_review", "returned")
    _work(listed, until, 100 if ready else rng.choice((20, 40, 60, 80)), rng)
    last = listed.events[-1].on
    if fate == "extended":
        task.first_due_on, task.due_on = task.due_on, task.due_on + 45 * _DAY
        listed.note(EventKind.EXTENDED, last, "施工招标未完成，申请延期")
    if ready:
        listed.note(EventKind.REQUESTED, last, "整改措施已落实，申请销号", 100)
        task.state = TaskState.REVIEW
    if fate == "county_review":
        task.state = TaskState.COUNTY_REVIEW
    elif fate == "returned":
        listed.note(EventKind.RETURNED, min(today, last + 3 * _DAY), "台账与实物不符，补齐后再报")
        task.state, task.progress = TaskState.WORKING, 80
    elif fate == "closed":
        task.state = TaskState.CLOSED
        task.closed_on = min(today, last + rng.randint(1, 9) * _DAY)
        listed.note(EventKind.CLOSED, task.closed_on, "现场核查属实，同意销号", 100)


def _work(listed: Listed, until: datetime.date, end: int, rng: Random) -> None:
    """Progress about once a month up to `end` per cent."""
    task = listed.task
    task.state = TaskState.WORKING
    days = max(1, (until - task.opened_on).days)
    steps = max(1, min(5, days // 35))
    for step in range(1, steps + 1):
        on = task.opened_on + (days * step // (steps + 1)) * _DAY
        progress = end * step // steps
        text = rng.choice(("已明确专人，正在推进", "已完成摸底，列出清单", "按计划推进，已过半"))
        listed.note(EventKind.PROGRESS, on, text if progress < 100 else "已全部完成", progress)
    task.progress = end
