"""Sheet 整改: all tasks listed by the day, as they stood on it."""

import datetime
from collections.abc import Iterator

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Row
from ledgers.sheets import tasks as sheet
from tasks.as_of import as_then, listed_on
from tasks.models import Task, TaskEvent


def task_rows(scope: LedgerScope, *, since: datetime.date | None = None) -> Iterator[Row]:
    """Each task, by branch and day of listing; without those closed before `since`."""
    for task in tasks_then(scope, since):
        yield Row(task.pk, sheet.values(task, scope.renamed(task.organisation)))


def tasks_then(scope: LedgerScope, since: datetime.date | None = None) -> Iterator[Task]:
    """The tasks as they stood on the day; not to be saved."""
    events = TaskEvent.objects.filter(task=OuterRef("pk"))
    known = events.filter(on__lte=scope.day, progress__isnull=False).order_by("-on", "-pk")
    tasks = (
        listed_on(Task.objects.filter(organisation__in=scope.organisations), scope.day)
        .annotate(
            # What was reported later was not known on the day.
            progress_then=Case(
                When(
                    Exists(events.filter(on__gt=scope.day)),
                    then=Coalesce(Subquery(known.values("progress")[:1]), Value(0)),
                ),
                default=F("progress"),
                output_field=IntegerField(),
            )
        )
        .select_related("organisation")
        .order_by("organisation__code", "opened_on", "pk")
    )
    if since:
        tasks = tasks.filter(Q(closed_then=None) | Q(closed_then__gte=since))
    for task in tasks.iterator(chunk_size=CHUNK):
        # Unsaved: only what the sheets read from it.
        task.progress = task.progress_then
        yield as_then(task)
