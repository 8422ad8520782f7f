"""What happens to tasks of the rectification ledger.

待整改 → 整改中 → 待核查 → 已销号; 退回 leads from 待核查 back to 整改中. Each step is a
compare-and-set on the state, so two people at once make one step, not two.
"""

import datetime
from collections.abc import Iterable

from django.db import transaction

from accounts import trail
from branches.attachments import attach
from branches.changes import note_change
from tasks.models import EventKind, Task, TaskEvent, TaskState
from tasks.services import AREA, Refused

REPORTABLE = (TaskState.PENDING, TaskState.WORKING)
REVIEWABLE = (TaskState.REVIEW,)


class StateMoved(Refused):
    """The task is in another state than the step starts from; somebody was faster."""

    def __init__(self, task: Task):
        super().__init__(f"这项任务现在是“{task.get_state_display()}”，请看最新情况再办")
        self.task = task


@transaction.atomic
def report_progress(
    *, task: Task, text: str, progress: int, by, on: datetime.date, uploads: Iterable = ()
) -> TaskEvent:
    """The branch writes what was done (填写进展). Refuses an empty text and a closed task."""
    _require(text, "请写明做了什么")
    if not 0 <= progress <= 100:
        raise Refused("进度应在 0% 到 100% 之间，请重新填写", "progress")
    return _step(
        task,
        from_states=REPORTABLE,
        to=TaskState.WORKING,
        kind=EventKind.PROGRESS,
        text=text,
        by=by,
        on=on,
        uploads=uploads,
        progress=progress,
    )


@transaction.atomic
def request_close(
    *, task: Task, text: str, by, on: datetime.date, uploads: Iterable = ()
) -> TaskEvent:
    """The branch says it is done and asks for the check (申请销号). Refuses an empty text."""
    _require(text, "请写明整改结果")
    return _step(
        task,
        from_states=REPORTABLE,
        to=TaskState.REVIEW,
        kind=EventKind.REQUESTED,
        text=text,
        by=by,
        on=on,
        uploads=uploads,
        progress=100,
    )


@transaction.atomic
def return_task(*, task: Task, text: str, by, on: datetime.date) -> TaskEvent:
    """The overseer sends the task back (退回整改). Refuses without an opinion."""
    _require(text, "退回要写明意见，让支部知道差在哪里")
    return _step(
        task,
        from_states=REVIEWABLE,
        to=TaskState.WORKING,
        kind=EventKind.RETURNED,
        text=text,
        by=by,
        on=on,
    )


@transaction.atomic
def close_task(*, task: Task, by, on: datetime.date, text: str = "") -> TaskEvent:
    """The overseer finds it done (销号). Refuses a task for which this was not asked."""
    return _step(
        task,
        from_states=REVIEWABLE,
        to=TaskState.CLOSED,
        kind=EventKind.CLOSED,
        text=text,
        by=by,
        on=on,
        progress=100,
        closed_on=on,
    )


def _require(text: str, message: str) -> None:
    if not text.strip():
        raise Refused(message, "text")


def _step(task, *, from_states, to, kind, text, by, on, uploads=(), **values) -> TaskEvent:
    before = Task.objects.select_for_update().get(pk=task.pk)
    moved = Task.objects.filter(pk=task.pk, state__in=from_states).update(state=to, **values)
    if not moved:
        raise StateMoved(before)
    event = TaskEvent.objects.create(
        task=task, kind=kind, on=on, text=text.strip(), progress=values.get("progress"), by=by
    )
    files = attach(
        organisation=before.organisation, area=AREA, object_id=task.pk, uploads=uploads, by=by
    )
    after = {"状态": to.label, "进度": f"{values.get('progress', before.progress)}%"}
    if files:
        after["附件"] = "、".join(file.name for file in files)
    trail.record(
        by=by,
        action=kind.label,
        area=AREA,
        object_id=task.pk,
        label=before.problem,
        organisation_id=before.organisation_id,
        before={"状态": before.get_state_display(), "进度": f"{before.progress}%"},
        after=after,
        reason=text.strip(),
    )
    note_change(before.organisation_id, AREA, min(before.due_on, on), max(before.due_on, on))
    task.refresh_from_db()
    return event
