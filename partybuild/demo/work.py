"""党建+, weak branches, inspections, notices of an invented county."""

import datetime
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from branches.periods import add_months, month_end, months_between
from members.enums import PostTitle
from members.models import Post
from notices.models import Notice, NoticeKind
from partybuild.demo.clock import at
from partybuild.demo.organisations import Branch, Order, Tree
from partybuild.demo.window import Window
from tasks.enums import (
    EventKind,
    InspectionKind,
    InspectionState,
    LetterKind,
    PlusPart,
    TaskState,
    WeakLinkKind,
    WeakState,
    WeakStepKind,
)
from tasks.models import (
    Finding,
    Inspection,
    InspectionVisit,
    Letter,
    PlusItem,
    PlusPlan,
    Task,
    TaskEvent,
    WeakBranch,
    WeakCheck,
    WeakLink,
    WeakReport,
    WeakStep,
    WeakSurvey,
    problem_key,
)
from tasks.values import WEAK_AWARE, WEAK_CHECKLISTS, WEAK_SATISFIED

_DAY = datetime.timedelta(days=1)
# part, title, means, aim
_PLUS = (
    (
        (
            PlusPart.PARTY,
            "支部书记讲堂",
            "书记每季度讲一次党课，委员轮流领学",
            "全年党课不少于 4 次",
        ),
        (PlusPart.CENTRE, "党建+集体经济", "党员领办两个种养合作社", "集体收入比上年增一成"),
        (PlusPart.KEY, "党建+环境整治", "党员包路段、包河段，每月评比一次", "主干道和河道常年整洁"),
        (PlusPart.DAILY, "党建+便民服务", "党员轮值代办点，送办上门", "群众事当天有答复"),
        (PlusPart.FEATURE, "银发志愿队", "退休党员调解邻里纠纷", "小矛盾不出支部"),
    ),
    (
        (PlusPart.PARTY, "学习课堂", "每月集中学习，个人自学有笔记", "人均学时达到要求"),
        (PlusPart.CENTRE, "党建+业务提升", "党员岗位练兵，业务难题揭榜", "办件平均用时减两成"),
        (PlusPart.KEY, "党建+重点项目", "项目上设党员先锋岗", "年度项目按期完成"),
        (PlusPart.DAILY, "党建+窗口服务", "党员亮牌上岗，一次性告知", "窗口差评为零"),
        (PlusPart.FEATURE, "结对帮扶", "支部与一个村结对，每季度走访", "帮办实事 6 件"),
    ),
)
_SITUATIONS = (
    ("党组织书记长期空缺或不胜任", "“三会一课”等组织生活不正常"),
    ("“三会一课”等组织生活不正常",),
    ("发展党员工作薄弱",),
    ("书记外出务工，支部半年只开过两次会",),
)
_FOUND = (
    ("党员活动室桌椅破损，制度牌未更新", "更换设施，按标准更新制度牌"),
    ("党费台账与收据日期对不上", "逐笔核对，补齐收据"),
    ("主题党日签到不全", "补齐签到，今后当场签"),
)


@dataclass
class Work:
    """Rows to be, those that others point at first."""

    plans: list = field(default_factory=list)
    items: list = field(default_factory=list)
    cases: list = field(default_factory=list)
    parts: list = field(default_factory=list)
    rounds: list = field(default_factory=list)
    visits: list = field(default_factory=list)
    findings: list = field(default_factory=list)
    letters: list = field(default_factory=list)
    tasks: list = field(default_factory=list)
    events: list = field(default_factory=list)
    notices: list = field(default_factory=list)

    def in_order(self):
        """The lists in the order in which they can be stored."""
        return vars(self).values()


def work_of(tree: Tree, window: Window, seed: int) -> Work:
    """Everything, for a county whose people are stored already."""
    work = Work()
    secretaries = {
        organisation_id: (name, member_id)
        for organisation_id, name, member_id in Post.objects.filter(
            title=PostTitle.SECRETARY, ends_on__isnull=True
        ).values_list("organisation_id", "person_name", "member_id")
    }
    for branch in tree.branches:
        _plus(work, branch, secretaries.get(branch.organisation.pk), window, seed)
    poor = [branch for branch in tree.branches if branch.order is Order.POOR]
    for branch, fate in zip(poor, ("working", "stalled", "follow_up", "proposed"), strict=False):
        _weak(work, branch, fate, window, secretaries)
    _inspect(work, tree, window, secretaries)
    _tell(work, tree, window)
    return work


def _plus(work: Work, branch: Branch, secretary, window: Window, seed: int) -> None:
    """1+3+X of the running year; who is behind has not shown it yet, the poor have none."""
    year = window.today.year
    published_on = datetime.date(year, 3, 20)
    if branch.order is Order.POOR or not secretary or window.today < published_on:
        return
    rng = branch.random(seed, "plus")
    name, member_id = secretary
    late = branch.order is Order.FAIR and rng.random() < 0.4
    plan = PlusPlan(
        organisation=branch.organisation,
        year=year,
        published_on=None if late else published_on - rng.randint(0, 12) * _DAY,
        published_where="" if late else "党务公开栏",
        entered_at=at(published_on - 20 * _DAY, 15),
    )
    work.plans.append(plan)
    for part, title, means, aim in _PLUS[branch.sector not in ("village", "community")]:
        over = rng.random() < 0.3
        work.items.append(
            PlusItem(
                plan=plan,
                part=part,
                title=title,
                means=means,
                lead_id=member_id,
                lead_name=name,
                aim=aim,
                due_on=datetime.date(year, 12, 20),
                result="已按计划完成，群众反映较好" if over else "",
                finished_on=window.today - 10 * _DAY if over else None,
                entered_at=plan.entered_at,
            )
        )


# --- Weak branches ----------------------------------------------------------------------


def _weak(work: Work, branch: Branch, fate: str, window: Window, secretaries: dict) -> None:
    """A case that is proposed, was decided and left lying, is at work, or was accepted last year
    and is followed up."""
    today, number = window.today, len(work.cases)
    case = WeakBranch(
        organisation=branch.organisation,
        year=today.year,
        situations=list(_SITUATIONS[number]),
        problems="班子不齐，组织生活时断时续，党员联系不上",
        proposed_on=today - 6 * _DAY,
    )
    work.cases.append(case)
    if fate == "proposed":
        _step(work, case, WeakStepKind.PROPOSED, case.proposed_on)
        return
    months = {"follow_up": 14, "working": 5, "stalled": 8}[fate]
    decided_on = add_months(today.replace(day=1), -months) + 9 * _DAY
    _decide(work, case, branch, decided_on)
    if fate == "stalled":
        return
    _file_plan(work, case, branch, secretaries, closed=fate == "follow_up")
    if fate == "working":
        _reports(work, case, decided_on, today)
        _survey(work, case, today - 12 * _DAY, satisfied=38, aware=46)
    else:
        _reports(work, case, decided_on, add_months(decided_on, 6))
        _accept(work, case, add_months(decided_on, 6), today)


def _decide(work: Work, case: WeakBranch, branch: Branch, on: datetime.date) -> None:
    case.state, case.year, case.decided_on = WeakState.DECIDED, on.year, on
    case.proposed_on = on - 20 * _DAY
    case.decided_by, case.list_name = "县委常委会", f"清组发〔{on.year}〕12号"
    case.plan_due_on, case.due_on = on + 15 * _DAY, month_end(add_months(on, 7))
    _step(work, case, WeakStepKind.PROPOSED, case.proposed_on)
    _step(work, case, WeakStepKind.DECIDED, on)
    _links(work, case, branch, on)


def _file_plan(
    work: Work, case: WeakBranch, branch: Branch, secretaries: dict, *, closed: bool
) -> None:
    case.state, case.plan_filed_on = WeakState.WORKING, case.decided_on + 10 * _DAY
    case.plan = "选好配强书记；每月固定一天开主题党日；逐户走访党员和群众，收集意见并逐条答复。"
    _step(work, case, WeakStepKind.PLAN_FILED, case.plan_filed_on)
    _weak_tasks(work, case, branch, secretaries, closed=closed)


def _accept(work: Work, case: WeakBranch, passed_on: datetime.date, today: datetime.date) -> None:
    _survey(work, case, passed_on - 9 * _DAY, satisfied=44, aware=47)
    case.state = WeakState.FOLLOW_UP
    case.asked_on, case.passed_on = passed_on - 7 * _DAY, passed_on
    case.consolidation = "保持每月主题党日；新书记每季度向镇街党委汇报一次。"
    case.consolidation_filed_on = passed_on + 14 * _DAY
    case.follow_up_until = add_months(passed_on, 12)
    for kind, day in (
        (WeakStepKind.ASKED, case.asked_on),
        (WeakStepKind.PASSED, passed_on),
        (WeakStepKind.CONSOLIDATION, case.consolidation_filed_on),
        (WeakStepKind.LOOKED_BACK, add_months(passed_on, 3)),
    ):
        if day <= today:
            _step(work, case, kind, day)


def _step(work: Work, case: WeakBranch, kind: str, on: datetime.date) -> None:
    work.parts.append(WeakStep(weak=case, kind=kind, on=on, at=at(on, 10)))


def _links(work: Work, case: WeakBranch, branch: Branch, on: datetime.date) -> None:
    for kind, name, office in (
        (WeakLinkKind.COUNTY_LEADER, "邵启平", "县委常委"),
        (
            WeakLinkKind.TOWN_LEADER,
            branch.above.leader,
            f"{branch.above.organisation.short_name}书记",
        ),
        (WeakLinkKind.FIRST_SECRETARY, "武景桥", "县农业农村局干部"),
        (WeakLinkKind.PAIRED_UNIT, "县供销合作社", ""),
    ):
        work.parts.append(WeakLink(weak=case, kind=kind, name=name, office=office, starts_on=on))
    for list_name, key in WEAK_CHECKLISTS.items():
        for position, text in enumerate(key.default):
            work.parts.append(
                WeakCheck(weak=case, list_name=list_name, position=position, text=text)
            )


def _reports(work: Work, case: WeakBranch, start: datetime.date, until: datetime.date) -> None:
    for month in months_between(add_months(start.replace(day=1), 1), until.replace(day=1))[:-1]:
        day = month_end(month) - 2 * _DAY
        work.parts.append(
            WeakReport(
                weak=case,
                month=month,
                text="按方案推进，党员大会和主题党日已恢复，走访群众 30 户",
                next_steps="继续走访，落实两件实事",
                reported_on=day,
                entered_at=at(day, 16),
            )
        )


def _survey(work: Work, case: WeakBranch, on: datetime.date, *, satisfied: int, aware: int) -> None:
    work.parts.append(
        WeakSurvey(
            weak=case,
            held_on=on,
            asked=50,
            satisfied=satisfied,
            aware=aware,
            satisfied_needed=Decimal(WEAK_SATISFIED.default),
            aware_needed=Decimal(WEAK_AWARE.default),
            entered_at=at(on, 17),
        )
    )


def _weak_tasks(
    work: Work, case: WeakBranch, branch: Branch, secretaries: dict, *, closed: bool
) -> None:
    person = secretaries.get(branch.organisation.pk, (branch.above.leader, None))[0]
    for text in ("选好配强支部书记", "恢复每月主题党日和支委会", "走访党员群众，办两件实事"):
        task = Task(
            weak=case,
            organisation=branch.organisation,
            source="软弱涣散整顿",
            problem=text,
            problem_key=problem_key(text),
            responsible_leader=branch.above.leader,
            responsible_unit=branch.organisation.name,
            responsible_person=person,
            opened_on=case.plan_filed_on,
            due_on=case.due_on,
            state=TaskState.CLOSED if closed else TaskState.WORKING,
            progress=100 if closed else 60,
            closed_on=add_months(case.decided_on, 5) if closed else None,
        )
        work.tasks.append(task)
        _event(work, task, EventKind.LISTED, task.opened_on)
        _event(work, task, EventKind.PROGRESS, task.opened_on + 40 * _DAY, "正在推进", 60)
        if closed:
            _event(work, task, EventKind.CLOSED, task.closed_on, "现场核查属实", 100)


def _event(work: Work, task: Task, kind: str, on, text: str = "", progress=None) -> None:
    work.events.append(
        TaskEvent(task=task, kind=kind, on=on, text=text, progress=progress, at=at(on, 16))
    )


# --- Inspections and notices --------------------------------------------------------------


def _inspect(work: Work, tree: Tree, window: Window, secretaries: dict) -> None:
    """One round by the county over the branches of the committee that is shown, half done."""
    today = window.today
    shown = next(branch for branch in tree.branches if branch.is_shown)
    chosen = [shown, *(one for one in shown.above.branches if one is not shown)][:4]
    inspection = Inspection(
        organisation=tree.county.organisation,
        kind=InspectionKind.SPOT,
        title=f"{today.year}年下半年党支部随机抽查"
        if today.month > 6
        else f"{today.year}年上半年党支部随机抽查",
        scope="“三会一课”记录、党费台账、党员活动室",
        inspectors="武景桥、姚静兰",
        starts_on=today - 15 * _DAY,
        ends_on=today + 15 * _DAY,
        state=InspectionState.RUNNING,
        entered_at=at(today - 16 * _DAY, 9),
    )
    work.rounds.append(inspection)
    for number, branch in enumerate(chosen):
        visited_on = today - (12 - number) * _DAY if number < 3 else None
        visit = InspectionVisit(
            inspection=inspection,
            organisation=branch.organisation,
            unannounced=True,
            visited_on=visited_on,
            looked_at="查看会议记录、党费收据，走访两名党员" if visited_on else "",
            impression="组织生活正常，台账基本齐全" if visited_on else "",
            entered_at=at(today - 16 * _DAY, 9),
        )
        work.visits.append(visit)
        if visited_on:
            _find(work, visit, branch, *_FOUND[number], secretaries)


def _find(
    work: Work, visit: InspectionVisit, branch: Branch, text: str, demand: str, secretaries: dict
) -> None:
    due_on = visit.visited_on + 40 * _DAY
    finding = Finding(
        visit=visit, text=text, demand=demand, due_on=due_on, entered_at=at(visit.visited_on, 15)
    )
    work.findings.append(finding)
    work.letters.append(
        Letter(
            visit=visit,
            kind=LetterKind.NOTICE,
            number=f"清督字〔{due_on.year}〕{len(work.letters) + 1}号",
            issued_on=visit.visited_on + _DAY,
            reply_by=due_on,
            entered_at=at(visit.visited_on + _DAY, 9),
        )
    )
    task = Task(
        finding=finding,
        organisation=branch.organisation,
        source="督查反馈",
        problem=text,
        problem_key=problem_key(text),
        measures=demand,
        responsible_leader=branch.above.leader,
        responsible_unit=branch.organisation.name,
        responsible_person=secretaries.get(branch.organisation.pk, (branch.above.leader, None))[0],
        opened_on=visit.visited_on + _DAY,
        due_on=due_on,
    )
    work.tasks.append(task)
    _event(work, task, EventKind.LISTED, task.opened_on)


def _tell(work: Work, tree: Tree, window: Window) -> None:
    """An order of the county to the shown committee's branches, with a receipt asked for."""
    today = window.today
    shown = next(branch for branch in tree.branches if branch.is_shown)
    batch = uuid.UUID(int=Random(f"{today}").getrandbits(128), version=4)
    for branch in shown.above.branches:
        work.notices.append(
            Notice(
                organisation=branch.organisation,
                sender=shown.above.organisation,
                kind=NoticeKind.ORDER,
                title="关于做好年末组织生活会准备工作的通知",
                text="请各支部对照年度计划安排组织生活会，会前开展谈心谈话，会后及时登记。",
                batch=batch,
                on=today - 3 * _DAY,
                wants_receipt=True,
                receipt_by=today + 4 * _DAY,
                sent_at=at(today - 3 * _DAY, 9),
            )
        )
