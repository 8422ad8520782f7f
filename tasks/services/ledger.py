"""What happens to tasks of the rectification ledger: listed, worked on, checked, closed.

`tasks.states` says which step leads where. Each step holds the row and asks its state, so two
people at once make one step, not two. Whether a person may do a step is asked by the view, but
for the two levels of the check, which depend on what the task has come to.
"""

import datetime
from collections.abc import Iterable
from dataclasses import asdict

from django.core.files.base import File
from django.db import transaction
from django.db.models import F

from accounts import trail
from accounts.roles import Action
from branches.changes import note_change
from branches.models import Organisation
from branches.models.tree import Kind
from branches.scope import reaches
from branches.words import full_date
from tasks.models import EventKind, Task, TaskEvent, TaskState, problem_key
from tasks.services import AREA, Refused
from tasks.services.evidence import store
from tasks.services.extensions import set_by_superior, settle_open
from tasks.services.facts import TaskFacts, check_words, described, trimmed
from tasks.services.stepping import StateMoved, locked, required, stepped
from tasks.states import STARTS, Step

__all__ = ["REPORTABLE", "REVIEWABLE", "StateMoved", "TaskFacts", "list_task"]

REPORTABLE = STARTS[Step.PROGRESS]
REVIEWABLE = STARTS[Step.CHECK]


class ChangedMeanwhile(Refused):
    """Somebody else changed the task first."""

    def __init__(self, task: Task):
        super().__init__("这项任务刚被别人改过，你填的内容还在，核对后再保存一次")
        self.task = task


@transaction.atomic
def list_task(
    *,
    organisation: Organisation,
    facts: TaskFacts,
    by,
    on: datetime.date,
    measure=None,
    finding=None,
    weak=None,
    uploads: Iterable[File] = (),
    dates: Iterable[datetime.date | None] = (),
) -> Task:
    """Put a task on the ledger (挂账); `measure`, `finding` and `weak` say what it comes from.

    Refuses what is missing, a deadline before the day of listing, a day of listing to come, an
    organisation that is dissolved, the same problem listed on the same day, a second task for one
    finding, and a second one for one measure and unit.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    facts = trimmed(facts)
    _check(facts, organisation, on)
    _check_single(organisation, facts, measure, finding)
    task = Task.objects.create(
        organisation=organisation,
        problem_key=problem_key(facts.problem),
        measure=measure,
        finding=finding,
        weak=weak,
        **asdict(facts),
    )
    TaskEvent.objects.create(task=task, kind=EventKind.LISTED, on=facts.opened_on, by=by)
    after = described(task)
    if files := store(task, uploads, dates, by=by, on=on):
        after["附件"] = "、".join(file.name for file in files)
    _line(EventKind.LISTED.label, task, by=by, after=after)
    note_change(organisation.pk, AREA, min(facts.opened_on, on), max(facts.due_on, on))
    return task


@transaction.atomic
def change_task(*, task: Task, version: int, facts: TaskFacts, by, on: datetime.date) -> Task:
    """Put right what is said about an open task (变更任务): who answers for it, measures, wording.

    The deadline and the day of listing stay, whatever `facts` say: the deadline is moved by an
    extension, with a reason. Refuses what `list_task` refuses, and a version that is not the newest.
    """
    held = locked(task, Step.CHANGE)
    if held.version != version:
        raise ChangedMeanwhile(held)
    facts = trimmed(facts)
    values = {
        name: value
        for name, value in asdict(facts).items()
        if name not in ("opened_on", "due_on") and value != getattr(held, name)
    }
    check_words(facts)
    if not values:
        return held
    before = described(held)
    if "problem" in values:
        _check_single(held.organisation, facts, None, None, held=held)
        values["problem_key"] = problem_key(values["problem"])
    if "by_county" in values and held.state not in REPORTABLE:
        raise Refused("已申请销号，核查环节不能再改；要改请先退回整改", "by_county")
    if held.by_county and not facts.by_county:
        _check_county(held, by, "须经县级核查的任务，由县委组织部改为不经县级核查", "by_county")
    Task.objects.filter(pk=held.pk).update(version=F("version") + 1, **values)
    task.refresh_from_db()
    after = described(task)
    changed = [key for key in after if before[key] != after[key]]
    _line(
        "变更任务",
        task,
        by=by,
        before={key: before[key] for key in changed},
        after={key: after[key] for key in changed},
    )
    note_change(held.organisation_id, AREA, min(held.due_on, on), max(held.due_on, on))
    return task


@transaction.atomic
def start_task(*, task: Task, by, on: datetime.date, text: str = "") -> TaskEvent:
    """The branch begins (开始整改). Refuses a task that is begun already, or over."""
    held = locked(task, Step.START)
    return stepped(task, held, step=Step.START, kind=EventKind.STARTED, text=text, by=by, on=on)


@transaction.atomic
def report_progress(
    *,
    task: Task,
    text: str,
    progress: int,
    by,
    on: datetime.date,
    uploads: Iterable[File] = (),
    dates: Iterable[datetime.date | None] = (),
) -> TaskEvent:
    """The branch writes what was done (填写进展). Refuses an empty text and a closed task."""
    held = locked(task, Step.PROGRESS)
    text = required(text, "请写明做了什么")
    if not 0 <= progress <= 100:
        raise Refused("进度应在 0% 到 100% 之间，请重新填写", "progress")
    return stepped(
        task,
        held,
        step=Step.PROGRESS,
        kind=EventKind.PROGRESS,
        text=text,
        by=by,
        on=on,
        files=store(held, uploads, dates, by=by, on=on),
        progress=progress,
    )


@transaction.atomic
def request_close(
    *,
    task: Task,
    text: str,
    by,
    on: datetime.date,
    uploads: Iterable[File] = (),
    dates: Iterable[datetime.date | None] = (),
) -> TaskEvent:
    """The branch says it is done and asks for the check (申请销号). Refuses an empty text."""
    held = locked(task, Step.REQUEST)
    text = required(text, "请写明整改结果")
    return stepped(
        task,
        held,
        step=Step.REQUEST,
        kind=EventKind.REQUESTED,
        text=text,
        by=by,
        on=on,
        files=store(held, uploads, dates, by=by, on=on),
        progress=100,
    )


def county_is_superior(organisation: Organisation) -> bool:
    """Whether nobody stands between the organisation and the county."""
    return organisation.parent is None or organisation.parent.kind == Kind.COUNTY


def county_waits(task: Task, by) -> str:
    """Why the county does not make the first check of this task; "" where it may.

    A task that the county checks as well is first checked by the committee, so that the two checks
    are by two. Where the county itself is the superior there is one check.
    """
    if not task.by_county or county_is_superior(task.organisation) or by is None:
        return ""
    if not reaches(by, Action.REVIEW_FOR_COUNTY, task.organisation.path):
        return ""
    above = task.organisation.parent.short_name
    return f"这项任务先由{above}核查，报上来后再做县级核查；不同意销号的可以退回整改"


@transaction.atomic
def close_task(*, task: Task, by, on: datetime.date, text: str = "") -> TaskEvent:
    """The superior finds it done (核查通过): 销号, or on to the county where that checks as well.

    Refuses a task for which this was not asked, and the county before the committee has checked.
    """
    held = locked(task, Step.CHECK)
    if waits := county_waits(held, by):
        raise Refused(waits)
    if held.by_county and not county_is_superior(held.organisation):
        return stepped(
            task,
            held,
            step=Step.CHECK,
            kind=EventKind.CHECKED,
            text=text,
            by=by,
            on=on,
            progress=100,
        )
    return _closed(task, held, Step.CHECK, text, by, on)


@transaction.atomic
def county_close(*, task: Task, by, on: datetime.date, text: str = "") -> TaskEvent:
    """The county finds it done after the committee did (县级核查通过，销号)."""
    held = locked(task, Step.COUNTY_CHECK)
    _check_county(held, by)
    return _closed(task, held, Step.COUNTY_CHECK, text, by, on)


@transaction.atomic
def return_task(*, task: Task, text: str, by, on: datetime.date) -> TaskEvent:
    """Send the task back (退回整改). Refuses without an opinion; what waits for the county's check
    goes back by the county alone."""
    held = locked(task, Step.RETURN)
    text = required(text, "退回要写明意见，让支部知道差在哪里")
    if held.state not in REVIEWABLE:
        _check_county(held, by)
    return stepped(task, held, step=Step.RETURN, kind=EventKind.RETURNED, text=text, by=by, on=on)


@transaction.atomic
def reopen_task(
    *, task: Task, reason: str, due_on: datetime.date | None, by, on: datetime.date
) -> TaskEvent:
    """A closed task comes back (重新挂账) with a reason and a new deadline; its first one and all
    that happened stay, the progress begins anew."""
    held = locked(task, Step.REOPEN)
    reason = required(reason, "请写明重新挂账的原因", "reason")
    if due_on is None:
        raise Refused("请填新的整改时限", "due_on")
    if due_on < on:
        raise Refused("新的整改时限已经过了，请填今天或以后的日期", "due_on")
    set_by_superior(held, due_on, reason, "重新挂账时定的时限", by=by, on=on).save()
    return stepped(
        task,
        held,
        step=Step.REOPEN,
        kind=EventKind.REOPENED,
        text=reason,
        by=by,
        on=on,
        said=({"整改时限": full_date(held.due_on)}, {"整改时限": full_date(due_on)}),
        due_on=due_on,
        first_due_on=held.first_due_on or held.due_on,
        closed_on=None,
        progress=0,
    )


@transaction.atomic
def cancel_task(*, task: Task, reason: str, by, on: datetime.date) -> TaskEvent:
    """Take an open task out of the ledger (撤销): listed by mistake, or no longer to be done.

    Refuses what the county checks as well, where it is not the county that takes it out.
    """
    held = locked(task, Step.CANCEL)
    reason = required(reason, "请写明撤销的原因", "reason")
    if held.by_county:
        _check_county(held, by, "这项任务销号须经县级核查，由县委组织部撤销")
    settle_open(held, "任务已撤销", by=by, on=on)
    return stepped(
        task, held, step=Step.CANCEL, kind=EventKind.CANCELLED, text=reason, by=by, on=on
    )


def _closed(task: Task, held: Task, step: Step, text: str, by, on: datetime.date) -> TaskEvent:
    settle_open(held, "任务已销号", by=by, on=on)
    return stepped(
        task,
        held,
        step=step,
        kind=EventKind.CLOSED,
        text=text,
        by=by,
        on=on,
        to=TaskState.CLOSED,
        progress=100,
        closed_on=on,
    )


def _check_county(
    held: Task,
    by,
    why: str = "这项任务已报县级核查，由县委组织部核查通过或退回",
    field: str | None = None,
) -> None:
    if by is not None and not reaches(by, Action.REVIEW_FOR_COUNTY, held.organisation.path):
        raise Refused(why, field)


def _check(facts: TaskFacts, organisation: Organisation, on: datetime.date) -> None:
    check_words(facts)
    if facts.opened_on > on:
        raise Refused("建账日期在今天之后，到了那天再建", "opened_on")
    if facts.due_on < facts.opened_on:
        raise Refused(
            f"整改时限早于建账日期 {full_date(facts.opened_on)}，请改成之后的日期", "due_on"
        )
    if organisation.dissolved_on and organisation.dissolved_on <= on:
        raise Refused(
            f"{organisation.short_name}已于{full_date(organisation.dissolved_on)}撤销，不能再建任务",
            "organisation",
        )


def _check_single(organisation, facts: TaskFacts, measure, finding, held: Task | None = None):
    others = Task.objects.exclude(pk=held.pk) if held else Task.objects.all()
    opened_on = held.opened_on if held else facts.opened_on
    same = others.filter(
        organisation=organisation, problem_key=problem_key(facts.problem), opened_on=opened_on
    ).first()
    if same:
        raise Refused(
            f"{organisation.short_name}这一天已有同一问题的台账（{same.number}），请不要重复建账",
            "problem",
        )
    if measure is not None and others.filter(measure=measure, organisation=organisation).exists():
        raise Refused(f"这项措施已给{organisation.short_name}建过任务", "organisation")
    if finding is not None and others.filter(finding=finding).exists():
        raise Refused("这个问题已经转为整改任务", "problem")


def _line(action: str, task: Task, *, by, before=None, after=None) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=task.pk,
        label=task.problem,
        organisation_id=task.organisation_id,
        before=before,
        after=after,
    )
