"""Sheet 整改: all tasks listed by the day, as they stood on it."""

from collections.abc import Iterator

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce

from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Row
from ledgers.sheets import tasks as sheet
from tasks.models import Task, TaskEvent, TaskState


def task_rows(scope: LedgerScope) -> Iterator[Row]:
    """Each task, by branch and day of listing."""
    events = TaskEvent.objects.filter(task=OuterRef("pk"))
    known = events.filter(on__lte=scope.day, progress__isnull=False).order_by("-on", "-pk")
    tasks = (
        Task.objects.filter(organisation__in=scope.organisations, opened_on__lte=scope.day)
        .exclude(state=TaskState.CANCELLED)
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
    for task in tasks.iterator(chunk_size=CHUNK):
        # Unsaved: only what the sheet reads from it.
        task.progress = task.progress_then
        if task.closed_on and task.closed_on > scope.day:
            task.closed_on = None
        yield Row(task.pk, sheet.values(task, scope.renamed(task.organisation)))
