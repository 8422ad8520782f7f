"""The rectification ledger as a board: four columns, each card with the one button that moves it on."""

import datetime
from dataclasses import dataclass

from django.urls import reverse

from accounts.roles import Action
from branches.links import link
from branches.scope import reaches
from branches.words import short_date
from tasks import listing, words
from tasks.acting import acting_on
from tasks.enums import EventKind
from tasks.models import OPEN_STATES, Task, TaskEvent, TaskState
from tasks.states import Step, allowed

# Key of the list's condition, heading, what an empty column says.
COLUMNS = (
    ("pending", "待整改", "没有待整改的任务"),
    ("working", "整改中", "没有整改中的任务"),
    ("review", "待核查", "没有等核查的任务"),
    ("closed_month", "已销号", "本月还没有销号"),
)
_SHOWN, _MORE = 8, 100


@dataclass(frozen=True)
class Button:
    """What moves a card on: a link, or a form posted to `url`."""

    label: str
    url: str
    posts: bool = False


def columns(found: listing.Listed, today: datetime.date, user, *, whole: str = "") -> list[dict]:
    """The four columns, of each the first cards; the one named by `whole` shows many.

    A fixed number of queries, however many tasks.
    """
    keys = [key for key, _label, _empty in COLUMNS]
    counts = listing.counts(found, keys)
    tasks = {key: _tasks(found, key, _MORE if key == whole else _SHOWN) for key in keys}
    every = [task for some in tasks.values() for task in some]
    times = listing.reminders(every)
    asked = _asked_on(tasks["review"])
    mine = _mine(found, tasks["review"])
    return [
        {
            "key": key,
            "label": label,
            "empty": empty,
            "count": counts[key],
            "count_text": _count_text(key, counts[key], mine),
            "more": counts[key] - len(tasks[key]),
            "cards": [_card(task, found, today, user, times, asked) for task in tasks[key]],
        }
        for key, label, empty in COLUMNS
    ]


def _tasks(found: listing.Listed, key: str, most: int) -> list[Task]:
    condition = found.conditions[key][1]
    rows = listing.ordered(found.matching.filter(condition))
    return list(rows.select_related("organisation__parent")[:most])


def _asked_on(tasks: list[Task]) -> dict[int, datetime.date]:
    """When the check was last asked for."""
    return dict(
        TaskEvent.objects.filter(task__in=tasks, kind=EventKind.REQUESTED)
        .order_by("on", "pk")
        .values_list("task_id", "on")
    )


def _mine(found: listing.Listed, tasks: list[Task]) -> int:
    waiting = found.conditions["mine"][1]
    return found.matching.filter(found.conditions["review"][1]).filter(waiting).count()


def _count_text(key: str, count: int, mine: int) -> str:
    if key == "closed_month":
        return f"本月 {count} 项"
    if key == "review" and mine:
        return f"{count} 项，等我处理 {mine} 项" if mine != count else f"{count} 项，等我处理"
    return f"{count} 项"


def _card(task: Task, found, today, user, times, asked) -> dict:
    kind, state_words = _badge(task, found, today, asked)
    return {
        "pk": task.pk,
        "url": reverse("tasks:detail", args=[task.pk]),
        "number": task.number,
        "problem": task.problem,
        "who": f"{words.answerable(task, named=found.branch is None)} · {task.responsible_person}",
        "when": _when(task, today, asked),
        "kind": kind,
        "state_words": state_words,
        "reminded_text": words.reminded(*times.get(task.pk, (0, None)), today)
        if task.state in OPEN_STATES
        else "",
        "button": button(task, user),
    }


def _when(task: Task, today: datetime.date, asked) -> str:
    if task.closed_on:
        return f"{short_date(task.closed_on, today)}销号"
    if task.state in words.REVIEW_STATES and task.pk in asked:
        return f"{short_date(asked[task.pk], today)}申请销号"
    return f"{short_date(task.due_on, today)}前"


def _badge(task: Task, found, today: datetime.date, asked) -> tuple[str, str]:
    """On the board the column says the state, so the badge says how far the deadline is."""
    if task.closed_on:
        return "done", task.get_state_display()
    if task.state in words.REVIEW_STATES:
        days = (today - asked[task.pk]).days if task.pk in asked else 0
        waited = f"等 {days} 天" if days else "今天申请"
        county = "县级核查，" if task.state == TaskState.COUNTY_REVIEW else ""
        return "wait", f"{county}{waited}"
    distance, near = words.distance(task, today, found.soon_days)
    return near or ("todo" if task.state == TaskState.PENDING else "run"), distance


def button(task: Task, user) -> Button | None:
    """The step that is the reader's turn: 开始整改 and 填写进展 of the branch, 催办 and 核查 above it."""
    path, detail = task.organisation.path, reverse("tasks:detail", args=[task.pk])
    if reaches(user, Action.REPORT_TASK, path):
        start = link("tasks:start", task.pk)
        if start and allowed(Step.START, task.state):
            return Button("开始整改", start, posts=True)
        return Button("填写进展", detail) if allowed(Step.PROGRESS, task.state) else None
    if not acting_on(user, task.organisation).reviews:
        return None
    if allowed(Step.REMIND, task.state):
        return Button("催办", link("tasks:bulk", "remind"), posts=True)
    county = reaches(user, Action.REVIEW_FOR_COUNTY, path)
    if task.state == TaskState.COUNTY_REVIEW and not county:
        return None
    return Button("核查", detail) if task.state in words.REVIEW_STATES else None
