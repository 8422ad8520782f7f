"""A later deadline for a task (延期): asked for by the branch and answered by its superior, or given
at once. The first deadline stays in `Task.first_due_on`."""

import datetime

from django.db import transaction
from django.db.models import F

from branches.words import full_date
from tasks.enums import ExtensionState
from tasks.models import EventKind, Extension, Task, TaskEvent
from tasks.services import Refused
from tasks.services.stepping import locked, required, stepped
from tasks.states import Step


class AlreadyAnswered(Refused):
    """Somebody else answered the request first, or it was settled with the task."""

    def __init__(self, extension: Extension):
        super().__init__(f"这份延期申请已经批复（{extension.get_state_display()}），请看最新情况")
        self.extension = extension


@transaction.atomic
def ask_extension(
    *, task: Task, due_on: datetime.date | None, reason: str, by, on: datetime.date
) -> Extension:
    """The branch asks for a later deadline (申请延期). Refuses without a reason, a day that is not
    later than the deadline or already past, and a second request while one is open."""
    held = locked(task, Step.ASK)
    reason = required(reason, "请写明延期的原因", "reason")
    _check_day(held, due_on, on)
    if waiting := open_request(held):
        raise Refused(f"已申请延至{full_date(waiting.due_on)}，等上级批复，不用再申请")
    extension = Extension.objects.create(
        task=held, due_on=due_on, reason=reason, asked_on=on, entered_by=by
    )
    stepped(
        task,
        held,
        step=Step.ASK,
        kind=EventKind.ASKED,
        text=f"申请延至{full_date(due_on)}：{reason}",
        by=by,
        on=on,
        said=({}, {"申请延至": full_date(due_on)}),
    )
    return extension


@transaction.atomic
def grant_extension(*, extension: Extension, by, on: datetime.date, answer: str = "") -> Extension:
    """The superior agrees (同意延期): the deadline moves, the first one stays visible."""
    held = locked(extension.task, Step.ANSWER)
    extension = _answered(extension, ExtensionState.GRANTED, answer.strip(), by=by, on=on)
    if extension.due_on <= held.due_on:
        raise Refused(
            f"时限已经是{full_date(held.due_on)}，不早于申请的日期；不用再批，请不同意这份申请"
        )
    _move(held, held, extension.due_on, answer.strip() or extension.reason, by=by, on=on)
    return extension


@transaction.atomic
def refuse_extension(*, extension: Extension, answer: str, by, on: datetime.date) -> Extension:
    """The superior does not agree (不同意延期), and says why; the deadline stays."""
    held = locked(extension.task, Step.ANSWER)
    answer = required(answer, "不同意要写明理由", "answer")
    extension = _answered(extension, ExtensionState.REFUSED, answer, by=by, on=on)
    stepped(
        held,
        held,
        step=Step.ANSWER,
        kind=EventKind.REFUSED,
        text=f"不同意延至{full_date(extension.due_on)}：{answer}",
        by=by,
        on=on,
    )
    return extension


@transaction.atomic
def extend_task(
    *, task: Task, due_on: datetime.date | None, reason: str, by, on: datetime.date
) -> TaskEvent:
    """The superior moves the deadline at once (延期), with a reason. Refuses while a request of the
    branch waits for its answer."""
    held = locked(task, Step.EXTEND)
    reason = required(reason, "请写明延期的原因", "reason")
    _check_day(held, due_on, on)
    if waiting := open_request(held):
        raise Refused(f"支部已申请延至{full_date(waiting.due_on)}，请先批复这份申请")
    set_by_superior(held, due_on, reason, "上级直接延期", by=by, on=on).save()
    return _move(task, held, due_on, reason, by=by, on=on)


def set_by_superior(
    task: Task, due_on: datetime.date, reason: str, answer: str, *, by, on: datetime.date
) -> Extension:
    """A deadline that nobody asked for, unsaved; `answer` says how it came. Every deadline after the
    first is kept so: it is how an earlier day is judged by the deadline of then (`tasks.as_of`)."""
    return Extension(
        task=task,
        due_on=due_on,
        reason=reason,
        asked_on=on,
        state=ExtensionState.GRANTED,
        answer=answer,
        answered_by=by,
        answered_on=on,
        entered_by=by,
    )


def open_request(task: Task) -> Extension | None:
    """The request that waits for its answer."""
    return Extension.objects.filter(task=task, state=ExtensionState.ASKED).first()


def settle_open(held: Task, why: str, *, by, on: datetime.date) -> None:
    """Settle a request that lost its object with the task; the trail line is that of the step."""
    Extension.objects.filter(task=held, state=ExtensionState.ASKED).update(
        state=ExtensionState.REFUSED,
        answer=f"{why}，申请不再需要",
        answered_by=by,
        answered_on=on,
        version=F("version") + 1,
    )


def _check_day(held: Task, due_on: datetime.date | None, on: datetime.date) -> None:
    if due_on is None:
        raise Refused("请填延到哪一天", "due_on")
    if due_on <= held.due_on:
        raise Refused(f"新时限要晚于现在的时限{full_date(held.due_on)}", "due_on")
    if due_on < on:
        raise Refused("新时限已经过了，请填今天或以后的日期", "due_on")


def _answered(extension: Extension, state: str, answer: str, *, by, on) -> Extension:
    """Compare and set: of two who answer at once one does."""
    answered = Extension.objects.filter(pk=extension.pk, state=ExtensionState.ASKED).update(
        state=state, answer=answer, answered_by=by, answered_on=on, version=F("version") + 1
    )
    extension = Extension.objects.get(pk=extension.pk)
    if not answered:
        raise AlreadyAnswered(extension)
    return extension


def _move(task: Task, held: Task, due_on, reason: str, *, by, on) -> TaskEvent:
    return stepped(
        task,
        held,
        step=Step.EXTEND,
        kind=EventKind.EXTENDED,
        text=f"由{full_date(held.due_on)}延至{full_date(due_on)}：{reason}",
        by=by,
        on=on,
        said=({"整改时限": full_date(held.due_on)}, {"整改时限": full_date(due_on)}),
        due_on=due_on,
        first_due_on=held.first_due_on or held.due_on,
    )
