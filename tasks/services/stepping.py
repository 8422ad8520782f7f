"""One step of a task: the row locked, the state asked, event, trail line and note written."""

import datetime
from collections.abc import Iterable

from django.db.models import F

from accounts import trail
from branches.changes import note_change
from branches.models import Attachment
from tasks.models import EventKind, Task, TaskEvent, TaskState
from tasks.services import AREA, Refused
from tasks.states import leads_to, refusal


class StateMoved(Refused):
    """The task is in another state than the step starts from; often somebody was faster."""

    def __init__(self, task: Task, step: str):
        super().__init__(refusal(step, task.state, task.by_county))
        self.task = task


def locked(task: Task, step: str) -> Task:
    """The task as it stands now, held until the transaction ends. Refuses a step its state forbids."""
    held = (
        Task.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organisation__parent")
        .get(pk=task.pk)
    )
    if refusal(step, held.state, held.by_county):
        raise StateMoved(held, step)
    return held


def required(text: str, message: str, field: str = "text") -> str:
    """The words without blanks around; refuses none."""
    if not text.strip():
        raise Refused(message, field)
    return text.strip()


def stepped(
    task: Task,
    held: Task,
    *,
    step: str,
    kind: EventKind,
    text: str,
    by,
    on: datetime.date,
    files: Iterable[Attachment] = (),
    to: TaskState | None = None,
    said: tuple[dict, dict] = ({}, {}),
    **values,
) -> TaskEvent:
    """Move the held task on, with `values` set, and write down that it was done.

    `to` overrides where the step leads; `said` adds words to the trail's before and after. The
    caller's `task` is brought up to date.
    """
    to = to or leads_to(step, held.state, held.by_county)
    files = list(files)
    Task.objects.filter(pk=held.pk).update(state=to, version=F("version") + 1, **values)
    event = TaskEvent.objects.create(
        task=held, kind=kind, on=on, text=text.strip(), progress=values.get("progress"), by=by
    )
    after = {"状态": to.label, "进度": f"{values.get('progress', held.progress)}%"} | said[1]
    if files:
        after["附件"] = "、".join(file.name for file in files)
    trail.record(
        by=by,
        action=kind.label,
        area=AREA,
        object_id=held.pk,
        label=held.problem,
        organisation_id=held.organisation_id,
        before={"状态": held.get_state_display(), "进度": f"{held.progress}%"} | said[0],
        after=after,
        reason=text.strip(),
    )
    days = (held.due_on, values.get("due_on", held.due_on), on)
    note_change(held.organisation_id, AREA, min(days), max(days))
    task.refresh_from_db()
    return event
