"""Tasks as they stood on an earlier day, read from their events. Reads only.

The row holds how a task stands now. What has happened since is undone: a task closed on 3 March
and reopened on 1 May was not open on 1 April, one closed today was open yesterday, an extended
deadline was the old one before the extension, and what was cancelled later was still there.
"""

import datetime

from django.db.models import Case, DateField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from tasks.enums import ExtensionState
from tasks.models import OPEN_STATES, EventKind, Extension, Task, TaskEvent, TaskState

_CLOSING = (EventKind.CLOSED, EventKind.REOPENED)
_MOVING = (EventKind.EXTENDED, EventKind.REOPENED)


def listed_on(tasks, day: datetime.date):
    """The tasks listed by that day and not cancelled by then, with `closed_then` and `due_then`."""
    cancelled_later = Exists(_events((EventKind.CANCELLED,)).filter(on__gt=day))
    return (
        tasks.filter(opened_on__lte=day)
        .exclude(Q(state=TaskState.CANCELLED) & ~cancelled_later)
        .annotate(closed_then=_closed_then(day), due_then=_due_then(day))
    )


def open_on(tasks, day: datetime.date):
    """Those of them that were not closed on that day."""
    return listed_on(tasks, day).filter(closed_then=None)


def overdue_on(tasks, day: datetime.date):
    """Those of them whose deadline had passed; due on a day is overdue from the next."""
    return open_on(tasks, day).filter(due_then__lt=day)


def as_then(task: Task) -> Task:
    """The row with closing day, deadline and state of then; it is not to be saved."""
    task.closed_on, task.due_on = task.closed_then, task.due_then
    if task.closed_on:
        task.state = TaskState.CLOSED
    elif task.state not in OPEN_STATES:
        task.state = TaskState.WORKING
    return task


def _events(kinds):
    return TaskEvent.objects.filter(task=OuterRef("pk"), kind__in=kinds).order_by("-on", "-pk")


def _closed_then(day: datetime.date) -> Case:
    """The day of closing as known then; of what was reopened since, by the last event till then."""
    last = _events(_CLOSING).filter(on__lte=day)
    known = last.filter(kind=EventKind.CLOSED).values("on")[:1]
    return Case(
        When(closed_on__lte=day, then=F("closed_on")),
        When(Q(pk__in=_closed_by(day)), then=Subquery(known)),
        default=Value(None),
        output_field=DateField(),
    )


def _closed_by(day: datetime.date):
    """Tasks whose last closing or reopening till then was a closing."""
    last = (
        TaskEvent.objects.filter(task=OuterRef("task"), kind__in=_CLOSING, on__lte=day)
        .order_by("-on", "-pk")
        .values("pk")[:1]
    )
    return (
        TaskEvent.objects.filter(kind=EventKind.CLOSED, on__lte=day)
        .filter(pk=Subquery(last))
        .values("task")
    )


def _due_then(day: datetime.date) -> Case:
    """The deadline in force then: the first one before anything moved it, else the last granted;
    what an import or a reopening sets is kept as granted too."""
    moved = _events(_MOVING)
    granted = (
        Extension.objects.filter(
            task=OuterRef("pk"), state=ExtensionState.GRANTED, answered_on__lte=day
        )
        .order_by("-answered_on", "-pk")
        .values("due_on")[:1]
    )
    return Case(
        When(~Exists(moved.filter(on__gt=day)), then=F("due_on")),
        When(Exists(moved.filter(on__lte=day)), then=Coalesce(Subquery(granted), F("due_on"))),
        default=Coalesce(F("first_due_on"), F("due_on")),
        output_field=DateField(),
    )
