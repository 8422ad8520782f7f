"""三张清单: 问题清单, 责任清单 and 整改清单 of the same tasks, as tables of words. Reads only.

What each list holds is the common practice (rules.md: 问题清单, 责任清单, 整改清单); the columns are
those of the ledger, so nothing is typed for them.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from branches.words import full_date
from tasks.enums import EventKind
from tasks.models import Task, TaskEvent

_STEPS = (
    EventKind.PROGRESS,
    EventKind.REQUESTED,
    EventKind.RETURNED,
    EventKind.CHECKED,
    EventKind.CLOSED,
    EventKind.REOPENED,
)
_RULE = Decimal("0.2")


@dataclass(frozen=True)
class Form:
    """One of the lists: its title and the headings after 序号."""

    key: str
    title: str
    headings: tuple[str, ...]

    @property
    def has_progress(self) -> bool:
        return "进展" in self.headings


LEDGER = Form(
    "ledger",
    "整改台账",
    (
        "编号",
        "问题来源",
        "存在问题",
        "整改措施",
        "责任领导",
        "责任单位",
        "责任人",
        "建账日期",
        "整改时限",
        "进度",
        "完成情况",
    ),
)
PROBLEMS = Form(
    "problems", "问题清单", ("编号", "单位", "问题来源", "类别", "存在问题", "建账日期", "状态")
)
DUTIES = Form(
    "duties",
    "责任清单",
    ("编号", "单位", "存在问题", "责任领导", "责任单位", "责任人", "整改时限", "核查"),
)
MEASURES = Form(
    "measures",
    "整改清单",
    ("编号", "单位", "存在问题", "整改目标", "整改措施", "整改时限", "进展", "完成情况"),
)
FORMS = {form.key: form for form in (LEDGER, PROBLEMS, DUTIES, MEASURES)}


def lines(form: Form, tasks: Sequence[Task], today: datetime.date) -> list[list[str]]:
    """The rows of a list in words, numbered from 1; one further query for 整改清单."""
    progress = latest(tasks) if form.has_progress else {}
    return [
        [str(number), *(said(task, heading, today, progress) for heading in form.headings)]
        for number, task in enumerate(tasks, 1)
    ]


def said(task: Task, heading: str, today: datetime.date, progress: dict[int, str]) -> str:
    """One cell of a list; `progress` by task is what 进展 says."""
    return _WORDS[heading](task, today, progress)


def latest(tasks: Iterable[Task]) -> dict[int, str]:
    """What was last reported of each task."""
    rows = TaskEvent.objects.filter(task__in=[task.pk for task in tasks], kind__in=_STEPS).order_by(
        "on", "pk"
    )
    return {event.task_id: step_words(event) for event in rows}


def by_month(tasks: Iterable[Task], year: int, day: datetime.date) -> dict[int, dict[int, str]]:
    """进展 of a year by task and month: what was reported in it up to the day, one line a step."""
    rows = TaskEvent.objects.filter(
        task__in=[task.pk for task in tasks],
        kind__in=_STEPS,
        on__range=(datetime.date(year, 1, 1), day),
    ).order_by("on", "pk")
    found: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for event in rows:
        found[event.task_id][event.on.month].append(step_words(event))
    return {
        pk: {month: "\n".join(said) for month, said in months.items()}
        for pk, months in found.items()
    }


def step_words(event: TaskEvent) -> str:
    """3月9日 60%：已补 3 份."""
    what = f"{event.progress}%" if event.kind == EventKind.PROGRESS else event.get_kind_display()
    said = f"：{event.text}" if event.text else ""
    return f"{event.on.month}月{event.on.day}日 {what}{said}"


def finished(task: Task, today: datetime.date) -> str:
    """完成情况 of the paper: closed when, or how it stands."""
    if task.closed_on:
        return f"{full_date(task.closed_on)}销号"
    late = f"，逾期 {(today - task.due_on).days} 天" if task.is_overdue(today) else ""
    return f"{task.get_state_display()}{late}"


def deadline(task: Task) -> str:
    """整改时限, with the first one where it was extended."""
    first = task.first_due_on
    moved = f"（原定{full_date(first)}）" if first and first != task.due_on else ""
    return f"{full_date(task.due_on)}{moved}"


def checked_by(task: Task) -> str:
    """Who finds it done."""
    return "上级核查后县级核查" if task.by_county else "上级核查"


_WORDS = {
    "编号": lambda task, today, progress: task.number,
    "单位": lambda task, today, progress: task.organisation.name,
    "问题来源": lambda task, today, progress: task.source,
    "类别": lambda task, today, progress: task.category,
    "存在问题": lambda task, today, progress: task.problem,
    "整改目标": lambda task, today, progress: task.target,
    "整改措施": lambda task, today, progress: task.measures,
    "责任领导": lambda task, today, progress: task.responsible_leader,
    "责任单位": lambda task, today, progress: task.responsible_unit,
    "责任人": lambda task, today, progress: task.responsible_person,
    "建账日期": lambda task, today, progress: full_date(task.opened_on),
    "整改时限": lambda task, today, progress: deadline(task),
    "进度": lambda task, today, progress: f"{task.progress}%",
    "状态": lambda task, today, progress: finished(task, today),
    "完成情况": lambda task, today, progress: finished(task, today),
    "核查": lambda task, today, progress: checked_by(task),
    "进展": lambda task, today, progress: progress.get(task.pk, ""),
}


def weight(line: Sequence[str], widths: Sequence[int]) -> Decimal:
    """How many lines of print a row takes: its fullest cell, `widths` characters to a line each;
    digits and Latin letters are half as wide. The rule below a row is a fifth of a line."""
    return _RULE + max(
        sum(max(1, -(-_halves(part) // (2 * width))) for part in cell.split("\n"))
        for cell, width in zip(line, widths, strict=True)
    )


def _halves(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)


def sheets(rows: list[list[str]], widths: Sequence[int], *, room: int) -> list[list[list[str]]]:
    """Rows cut into sheets of at most `room` lines of print; a longer row has a sheet of its own."""
    cut: list[list[list[str]]] = [[]]
    used = Decimal(0)
    for line in rows:
        needs = weight(line, widths)
        if cut[-1] and used + needs > room:
            cut.append([])
            used = Decimal(0)
        cut[-1].append(line)
        used += needs
    return cut
