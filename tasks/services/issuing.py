"""Issuing a campaign plan (印发): one task for each measure and unit, all of them or none.

`preview` says beforehand what `issue` will do and what is missing; both read the same figures.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import trail
from branches.changes import note_changes
from branches.models import Kind, Organisation
from branches.models.tree import COMMITTEE_KINDS
from branches.words import full_date
from members.enums import PostTitle
from members.models import Post
from tasks.campaigns import parts_of
from tasks.contradictions import Contradiction, contradictions
from tasks.enums import OPEN_STATES, Addressed, CampaignState, EventKind
from tasks.models import Campaign, Measure, Task, TaskEvent, problem_key
from tasks.services import AREA, Refused
from tasks.services.campaigns import line
from tasks.services.kept import ChangedMeanwhile, differing, keep
from tasks.services.ledger import REPORTABLE, described

_BATCH = 500
_ABOVE_BRANCHES = COMMITTEE_KINDS | {Kind.GENERAL_BRANCH}
# Who answers where the post is vacant; the list says so until somebody is named.
VACANT = "书记空缺，待明确"


@dataclass(frozen=True)
class Line:
    """One measure in the preview: its units, how many have their task, and whether it is past."""

    measure: Measure
    units: list[Organisation]
    missing: list[Organisation]
    is_past: bool

    @property
    def new(self) -> list[Organisation]:
        """Units that would get a task."""
        return [] if self.is_past else self.missing


@dataclass(frozen=True)
class Preview:
    """What issuing on a day would do; `without_secretary` are units whose tasks lack a person."""

    on: datetime.date
    lines: list[Line]
    contradictions: list[Contradiction]
    without_secretary: list[Organisation] = field(default_factory=list)

    @property
    def tasks(self) -> int:
        return sum(len(one.new) for one in self.lines)

    @property
    def units(self) -> int:
        return len({unit.pk for one in self.lines for unit in one.new})

    @property
    def empty(self) -> list[Line]:
        """Measures that name no unit."""
        return [one for one in self.lines if not one.units]

    @property
    def past(self) -> list[Line]:
        """Measures due before the day."""
        return [one for one in self.lines if one.is_past and one.missing]


# --- Reading -----------------------------------------------------------------------------------


def organisations_on(campaign: Campaign, on: datetime.date) -> list[Organisation]:
    """Organisations that stand on the day at or below the one that runs the plan, by code."""
    below = Organisation.objects.below(campaign.organisation).standing(on, on)
    return list(below.select_related("parent").order_by("code"))


def units_of(measure: Measure, on: datetime.date, standing=None) -> list[Organisation]:
    """The organisations that the measure names on the day; `standing` saves reading them again."""
    if standing is None:
        standing = organisations_on(measure.campaign, on)
    leader = measure.campaign.organisation_id
    if measure.addressed == Addressed.OWN:
        return [one for one in standing if one.pk == leader]
    if measure.addressed == Addressed.COMMITTEES:
        return [one for one in standing if one.kind in _ABOVE_BRANCHES and one.pk != leader]
    if measure.addressed == Addressed.NAMED:
        named = {one.pk for one in measure.named.all()}
        return [one for one in standing if one.pk in named]
    branches = [one for one in standing if one.is_branch]
    if measure.addressed == Addressed.SECTOR:
        return [one for one in branches if one.sector == measure.sector]
    return branches


def preview(campaign: Campaign, on: datetime.date) -> Preview:
    """What `issue`, or for a running plan `issue_missing`, would do on the day. 9 queries."""
    standing = organisations_on(campaign, on)
    having = defaultdict(set)
    for measure, unit in Task.objects.filter(measure__campaign=campaign).values_list(
        "measure_id", "organisation_id"
    ):
        having[measure].add(unit)
    measures = campaign.measures.select_related("block", "phase", "campaign__organisation")
    lines = []
    for measure in measures.prefetch_related("named"):
        units = units_of(measure, on, standing)
        missing = [one for one in units if one.pk not in having[measure.pk]]
        lines.append(Line(measure, units, missing, measure.due_on < on))
    found = contradictions(parts_of(campaign))
    new = {unit.pk: unit for one in lines for unit in one.new if not _named_person(one.measure)}
    heads = secretaries(new, on)
    return Preview(on, lines, found, [unit for pk, unit in new.items() if pk not in heads])


def _named_person(measure: Measure) -> str:
    return measure.responsible_person or measure.block.responsible_person


def secretaries(organisations, on: datetime.date) -> dict[int, str]:
    """The secretary's name of each of these organisations on the day."""
    posts = Post.objects.on(on).filter(title=PostTitle.SECRETARY, organisation__in=organisations)
    return dict(posts.values_list("organisation_id", "person_name"))


def responsible(measure: Measure, unit: Organisation, heads: dict[int, str]) -> dict[str, str]:
    """The three responsible of a unit's task: the measure's, else the block's, else the unit itself,
    its secretary, and above them the superior's secretary. `heads` are secretaries by organisation."""
    block = measure.block
    own = heads.get(unit.pk, VACANT)
    leader = heads.get(unit.parent_id, VACANT) if unit.parent_id else own
    return {
        "responsible_leader": measure.responsible_leader or block.responsible_leader or leader,
        "responsible_unit": measure.responsible_unit or block.responsible_unit or unit.name,
        "responsible_person": measure.responsible_person or block.responsible_person or own,
    }


# --- Issuing -----------------------------------------------------------------------------------


@transaction.atomic
def issue(
    campaign: Campaign,
    *,
    by,
    on: datetime.date,
    version: int | None = None,
    leave_past: bool = False,
) -> list[Task]:
    """Issue a draft on `on`: it runs, and every unit has its tasks.

    Refuses a plan issued already or changed since `version`, contradictions that the plan does not
    clarify, measures due before the day (unless `leave_past`: they stay in the plan without tasks),
    a plan that gives nobody a task, and a task that stands in the ledger already that day.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.state != CampaignState.DRAFT:
        raise Refused(f"方案{_since(campaign)}已经印发，没有再下达一次")
    if version is not None and campaign.version != version:
        raise ChangedMeanwhile(campaign)
    found = preview(campaign, on)
    if found.contradictions and not campaign.clarification.strip():
        raise Refused(
            f"方案里有 {len(found.contradictions)} 处前后不一致，"
            "请改好，或者在基本情况里写明怎样处理再印发",
            "clarification",
        )
    if found.past and not leave_past:
        raise Refused(
            f"{len(found.past)} 条措施的完成时限已过，请改时限，或者勾选不下达这些措施",
            "leave_past",
        )
    if not found.tasks:
        raise Refused("没有一条措施能下达任务，请先写措施、选单位和时限")
    tasks = _listed(campaign, found, by)
    keep(campaign, state=CampaignState.RUNNING, issued_on=on)
    after = {"状态": CampaignState.RUNNING.label, "印发日期": full_date(on)} | _counts(found)
    line("印发方案", campaign, by=by, before={"状态": CampaignState.DRAFT.label}, after=after)
    return tasks


@transaction.atomic
def issue_missing(campaign: Campaign, *, by, on: datetime.date) -> list[Task]:
    """Tasks for units and measures that came after the plan was issued; past measures stay without.

    Refuses a plan that does not run, a day before it was issued, and nothing to do.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.state != CampaignState.RUNNING:
        raise Refused(f"方案现在是“{campaign.get_state_display()}”，只有实施中的方案可以补下达")
    if campaign.issued_on and on < campaign.issued_on:
        raise Refused(f"方案{full_date(campaign.issued_on)}才印发，请填这一天或以后的日期", "on")
    found = preview(campaign, on)
    if not found.tasks:
        raise Refused("没有要补下达的任务，应承办的单位都有任务了")
    tasks = _listed(campaign, found, by)
    keep(campaign)
    line("补下达任务", campaign, by=by, after={"日期": full_date(on)} | _counts(found))
    return tasks


def _since(campaign: Campaign) -> str:
    return f"于{full_date(campaign.issued_on)}" if campaign.issued_on else ""


def _counts(found: Preview) -> dict[str, str]:
    counts = {"任务": f"{found.tasks} 项", "单位": f"{found.units} 个"}
    if found.past:
        counts["时限已过没有下达"] = f"{len(found.past)} 条措施"
    return counts


def _listed(campaign: Campaign, found: Preview, by) -> list[Task]:
    """The tasks of a preview, written all at once with their events, trail lines and notes."""
    units = {unit.pk: unit for one in found.lines for unit in one.new}
    heads = secretaries({*units, *(unit.parent_id for unit in units.values())} - {None}, found.on)
    tasks = [
        Task(
            organisation=unit,
            measure=one.measure,
            source=campaign.title[:100],
            category=one.measure.block.name[:40],
            problem=one.measure.text,
            problem_key=problem_key(one.measure.text),
            measures=one.measure.detail,
            opened_on=found.on,
            due_on=one.measure.due_on,
            by_county=one.measure.by_county,
            **responsible(one.measure, unit, heads),
        )
        for one in found.lines
        for unit in one.new
    ]
    _refuse_equal(tasks, found.on)
    try:
        with transaction.atomic():
            tasks = Task.objects.bulk_create(tasks, batch_size=_BATCH)
    except IntegrityError:
        raise Refused("刚有人给这些单位下达了同样的任务，请看最新情况再办") from None
    TaskEvent.objects.bulk_create(
        (TaskEvent(task=task, kind=EventKind.LISTED, on=found.on, by=by) for task in tasks),
        batch_size=_BATCH,
    )
    trail.record_all(
        [_task_line(EventKind.LISTED.label, task, by, {}, described(task)) for task in tasks]
    )
    # From now on values of the campaign may hold for them, up to its end.
    last = campaign.ends_on
    note_changes((task.organisation_id, AREA, found.on, max(task.due_on, last)) for task in tasks)
    return tasks


def _refuse_equal(tasks: list[Task], on: datetime.date) -> None:
    """No task of the same unit, problem and day may stand already, and none may come twice."""
    wanted: dict[tuple[int, str], Task] = {}
    for task in tasks:
        known = wanted.setdefault((task.organisation_id, task.problem_key), task)
        if known is not task:
            raise Refused(f"措施“{known.problem}”和“{task.problem}”只差标点，请改写其中一条")
    keys = {task.problem_key for task in tasks}
    standing = Task.objects.filter(opened_on=on, problem_key__in=keys).select_related(
        "organisation"
    )
    for task in standing:
        if (task.organisation_id, task.problem_key) in wanted:
            raise Refused(
                f"{task.organisation.short_name}{full_date(on)}已有同样的任务"
                f"“{task.problem}”（编号 {task.number}）。请改这条措施的写法，或者换一天印发"
            )


def _task_line(action: str, task: Task, by, before: dict, after: dict, reason: str = ""):
    return trail.line(
        by=by,
        action=action,
        area=AREA,
        object_id=task.pk,
        label=task.problem,
        organisation_id=task.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )


# --- A measure changed while its tasks stand -----------------------------------------------------


# Fields of a measure, and those of its tasks that say the same.
_SAME = {"text": "problem", "detail": "measures", "due_on": "due_on", "by_county": "by_county"}
_THREE = ("responsible_leader", "responsible_unit", "responsible_person")
_CARRIED = [*_SAME.values(), *_THREE, "problem_key", "first_due_on"]


def carry(measure: Measure, changed: set[str], *, by, on: datetime.date) -> int:
    """Let the open tasks of a measure take over the fields of it that `changed`; how many did.

    Each has a trail line of its own; a first deadline stays visible, a deadline that was extended
    beyond the new one stays, and so does the county's check of a task that waits for a check.
    Refuses a deadline before a task's day of listing. The plan is held by the caller.
    """
    measure = Measure.objects.select_related("block", "campaign").get(pk=measure.pk)
    tasks = list(
        measure.tasks.filter(state__in=OPEN_STATES)
        .select_for_update(no_key=True, of=("self",))
        .select_related("organisation")
    )
    if "due_on" in changed and any(measure.due_on < task.opened_on for task in tasks):
        raise Refused("新的完成时限早于任务的建账日期，请改成之后的日期", "due_on")
    answering = {pk for task in tasks for pk in (task.organisation_id, task.organisation.parent_id)}
    heads = secretaries(answering - {None}, on)
    lines, notes = [], []
    for task in tasks:
        before, due_before = described(task), task.due_on
        _take_over(task, measure, changed, heads)
        old, new = differing(before, described(task))
        if new:
            reason = f"《{measure.campaign.title}》调整"
            lines.append(_task_line("方案调整", task, by, old, new, reason))
            days = (due_before, task.due_on, on)
            notes.append((task.organisation_id, AREA, min(days), max(days)))
    _store_carried(tasks, [one.object_id for one in lines])
    trail.record_all(lines)
    note_changes(notes)
    return len(lines)


def _take_over(task: Task, measure: Measure, changed: set[str], heads: dict[int, str]) -> None:
    names = changed & set(_SAME)
    if task.first_due_on and task.due_on > measure.due_on:
        names -= {"due_on"}
    if task.state not in REPORTABLE:
        names -= {"by_county"}
    if "due_on" in names:
        task.first_due_on = task.first_due_on or task.due_on
    for name in names:
        setattr(task, _SAME[name], getattr(measure, name))
    task.problem_key = problem_key(task.problem)
    for name, value in responsible(measure, task.organisation, heads).items():
        if name in changed:
            setattr(task, name, value)


def _store_carried(tasks: list[Task], changed: list[int]) -> None:
    try:
        with transaction.atomic():
            Task.objects.bulk_update(tasks, _CARRIED, batch_size=_BATCH)
    except IntegrityError:
        raise Refused("有单位同一天已有这样写的任务，请把措施改写得不一样", "text") from None
    Task.objects.filter(pk__in=changed).update(version=F("version") + 1)
