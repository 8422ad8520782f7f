"""催办: a notice to who has to put a task right, at most once a day for one task."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.urls import reverse

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from notices.models import NoticeKind
from notices.services import Letter, send_letters
from tasks.models import EventKind, Task, TaskEvent
from tasks.services import AREA
from tasks.states import Step, allowed


@dataclass
class Reminded:
    """What came of it: reminded now, reminded today before, and not to be reminded at all because
    it is over or waits for somebody else's check."""

    sent: list[Task] = field(default_factory=list)
    already: list[Task] = field(default_factory=list)
    skipped: list[Task] = field(default_factory=list)


@transaction.atomic
def remind(
    *, tasks: Iterable[Task], by, on: datetime.date, sender: Organisation | None
) -> Reminded:
    """Send a reminder for each task that is being worked on and was not reminded today.

    Refuses nothing: what cannot be reminded is handed back. `sender` is who reminds. The number of
    queries does not grow with the tasks.
    """
    keys = [task.pk for task in tasks]
    held = list(
        Task.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organisation")
        .filter(pk__in=keys)
        .order_by("pk")
    )
    # Asked once the rows are held, so that of two who remind at once one does.
    reminded_today = set(
        TaskEvent.objects.filter(task__in=keys, on=on, kind=EventKind.REMINDED).values_list(
            "task_id", flat=True
        )
    )
    result = Reminded()
    for task in held:
        if not allowed(Step.REMIND, task.state):
            result.skipped.append(task)
        elif task.pk in reminded_today:
            result.already.append(task)
        else:
            result.sent.append(task)
    if result.sent:
        _remind(result.sent, by=by, on=on, sender=sender)
    return result


def _remind(tasks: list[Task], *, by, on: datetime.date, sender: Organisation | None) -> None:
    TaskEvent.objects.bulk_create(
        [TaskEvent(task=task, kind=EventKind.REMINDED, on=on, by=by) for task in tasks]
    )
    send_letters(
        [_letter(task, on) for task in tasks],
        sender=sender,
        kind=NoticeKind.REMINDER,
        on=on,
        by=by,
    )
    trail.record_all(
        [
            trail.line(
                by=by,
                action=EventKind.REMINDED.label,
                area=AREA,
                object_id=task.pk,
                label=task.problem,
                organisation_id=task.organisation_id,
                after={"整改时限": full_date(task.due_on), "进度": f"{task.progress}%"},
            )
            for task in tasks
        ]
    )


def _letter(task: Task, on: datetime.date) -> Letter:
    return Letter(
        recipient=task.organisation,
        title=f"催办：{task.problem}"[:150],
        text=f"{_distance(task, on)}，进度 {task.progress}%。办完后填写进展、申请销号。",
        url=reverse("tasks:detail", args=[task.pk]),
        about=f"task:{task.pk}",
    )


def _distance(task: Task, on: datetime.date) -> str:
    days = (task.due_on - on).days
    due = f"时限 {full_date(task.due_on)}"
    return f"{due}，已逾期 {-days} 天" if days < 0 else f"{due}，还剩 {days} 天"
