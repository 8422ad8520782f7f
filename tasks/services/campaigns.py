"""Campaign plans (工作方案): made from a template, from nothing or from another year's; their facts,
their end. What a plan consists of is in `campaign_parts`, its issuing in `issuing`.
"""

import datetime
import re
from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db import models, transaction

from accounts import trail
from branches.changes import note_changes
from branches.models import Organisation
from branches.periods import add_years
from branches.words import full_date
from tasks import plans
from tasks.enums import CampaignState
from tasks.models import Block, Campaign, CampaignValue, Measure, Phase, Target, Task
from tasks.services import AREA, Refused
from tasks.services.kept import differing, held, keep

TRAIL_AREA = "campaigns"
_YEARS = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True)
class CampaignFacts:
    """What is said about a plan as a whole."""

    title: str
    year: int
    starts_on: datetime.date
    ends_on: datetime.date
    document: str = ""
    aim: str = ""
    leaders: str = ""
    self_check_on: datetime.date | None = None
    clarification: str = ""


@transaction.atomic
def create_blank(*, organisation: Organisation, facts: CampaignFacts, by) -> Campaign:
    """A draft with nothing in it yet. Refuses a branch, a title used that year and dates the wrong
    way round."""
    campaign = _made(organisation, facts, by)
    line("新建方案", campaign, by=by, after=words_of(campaign))
    return campaign


@transaction.atomic
def create_from_template(
    *, organisation: Organisation, template: str, year: int, by, on: datetime.date
) -> Campaign:
    """A draft with all parts of one of the five plans, its days put into `year`; refuses what
    `create_blank` refuses. `on` is the day it is made: values never begin before their campaign's
    year, whatever day that is."""
    plan = plans.template(template)
    facts = CampaignFacts(
        title=plans.words_of(plan.title, year),
        year=year,
        aim=plan.aim,
        starts_on=plans.day_of(plan.starts, year),
        ends_on=plans.day_of(plan.ends, year),
        self_check_on=plans.day_of(plan.self_check, year) if plan.self_check else None,
    )
    campaign = _made(organisation, facts, by, template=plan.code)
    _store_blocks(campaign, plan, _store_phases(campaign, plan))
    _store_figures(campaign, plan)
    after = words_of(campaign) | {"模板": plan.name, "新建日期": full_date(on)}
    line("新建方案", campaign, by=by, after=after)
    return campaign


def _made(organisation, facts: CampaignFacts, by, template: str = "") -> Campaign:
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if organisation.is_branch:
        raise Refused("工作方案由党委、党工委或党总支制定，支部只承办任务", "organisation")
    if organisation.dissolved_on:
        raise Refused("这个党组织已撤销，请另选牵头单位", "organisation")
    facts = _checked(facts)
    _check_single(organisation, facts)
    return Campaign.objects.create(
        organisation=organisation, template=template, entered_by=by, **asdict(facts)
    )


def _checked(facts: CampaignFacts) -> CampaignFacts:
    if not facts.title.strip():
        raise Refused("请填方案名称", "title")
    if facts.ends_on < facts.starts_on:
        raise Refused("结束日期早于开始日期，请改成之后的日期", "ends_on")
    return facts


def _check_single(organisation, facts: CampaignFacts, leaving_out=None) -> None:
    same = Campaign.objects.filter(organisation=organisation, year=facts.year, title=facts.title)
    if leaving_out is not None:
        same = same.exclude(pk=leaving_out.pk)
    if same.exists():
        raise Refused(f"{facts.year}年已有《{facts.title}》，请改名称或到方案列表打开它", "title")


def _store_phases(campaign: Campaign, plan: plans.Template) -> dict[str, Phase]:
    rows = {
        one["key"]: Phase(
            campaign=campaign,
            position=position,
            name=one["name"],
            starts_on=plans.day_of(one["starts"], campaign.year),
            ends_on=plans.day_of(one["ends"], campaign.year),
            text=one.get("text", ""),
        )
        for position, one in enumerate(plan.phases)
    }
    Phase.objects.bulk_create(rows.values())
    return rows


def _store_blocks(campaign: Campaign, plan: plans.Template, phases: dict[str, Phase]) -> None:
    three = ("responsible_leader", "responsible_unit", "responsible_person")
    blocks = [
        Block(
            campaign=campaign,
            position=position,
            name=one["name"],
            **{name: one.get(name, "") for name in three},
        )
        for position, one in enumerate(plan.blocks)
    ]
    Block.objects.bulk_create(blocks)
    Measure.objects.bulk_create(
        Measure(
            campaign=campaign,
            block=block,
            phase=phases.get(row.get("phase", "")),
            position=position,
            text=plans.words_of(row["text"], campaign.year),
            detail=plans.words_of(row.get("detail", ""), campaign.year),
            due_on=plans.day_of(row["due"], campaign.year),
            addressed=row["addressed"],
            sector=row.get("sector", ""),
            by_county=row.get("by_county", False),
        )
        for block, one in zip(blocks, plan.blocks, strict=True)
        for position, row in enumerate(one["measures"])
    )


def _store_figures(campaign: Campaign, plan: plans.Template) -> None:
    Target.objects.bulk_create(
        Target(
            campaign=campaign,
            position=position,
            subject=one["subject"],
            bound=one["bound"],
            value=Decimal(one["value"]),
            unit=one["unit"],
            due_on=plans.day_of(one["due"], campaign.year),
            wording=plans.words_of(one.get("wording", ""), campaign.year),
            figure=one.get("figure", ""),
        )
        for position, one in enumerate(plan.targets)
    )
    CampaignValue.objects.bulk_create(
        CampaignValue(
            campaign=campaign,
            position=position,
            key=one["key"],
            value=one["value"],
            starts_on=plans.day_of(one["starts"], campaign.year),
            wording=plans.words_of(one.get("wording", ""), campaign.year),
        )
        for position, one in enumerate(plan.values)
    )


# --- Another year's plan as this year's draft -------------------------------------------------


@transaction.atomic
def copy_campaign(*, campaign: Campaign, year: int, by) -> Campaign:
    """A draft of `year` with all parts of another plan; days and years in its words move along.

    What happened to the old one stays there: what was reached, clarified, applied, summed up.
    """
    later = year - campaign.year
    facts = CampaignFacts(
        title=shifted(campaign.title, later),
        year=year,
        aim=shifted(campaign.aim, later),
        leaders=campaign.leaders,
        starts_on=add_years(campaign.starts_on, later),
        ends_on=add_years(campaign.ends_on, later),
        self_check_on=campaign.self_check_on and add_years(campaign.self_check_on, later),
    )
    new = _made(campaign.organisation, facts, by, template=campaign.template)
    phases = {row.pk: _copied(row, new, later) for row in campaign.phases.all()}
    blocks = {row.pk: _copied(row, new, later) for row in campaign.blocks.all()}
    for row in campaign.measures.prefetch_related("named"):
        named = [one for one in row.named.all() if not one.dissolved_on]
        block, phase = blocks[row.block_id], phases.get(row.phase_id)
        _copied(row, new, later, block=block, phase=phase).named.set(named)
    for row in campaign.targets.all():
        _copied(row, new, later, reached=None, reached_on=None)
    for row in campaign.values.all():
        _copied(row, new, later, applied_on=None, applied_by=None)
    after = words_of(new) | {"沿用": f"{campaign.year}年《{campaign.title}》"}
    line("新建方案", new, by=by, after=after)
    return new


def shifted(text: str, years: int) -> str:
    """The words with every year in them moved."""
    return _YEARS.sub(lambda match: str(int(match[0]) + years), text)


def _copied(row, campaign: Campaign, later: int, **values):
    """A part as a new row of another plan, its days and the years in its words moved."""
    copied = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.primary_key:
            continue
        if isinstance(field, models.DateField) and value:
            value = add_years(value, later)
        elif isinstance(field, models.CharField | models.TextField) and not field.choices:
            value = shifted(value, later)
        copied[field.attname] = value
    for name in values:
        copied.pop(name, None)
        copied.pop(f"{name}_id", None)
    return type(row).objects.create(**(copied | {"campaign_id": campaign.pk} | values))


# --- What is said about a plan, and its end ----------------------------------------------------


@transaction.atomic
def change_campaign(*, campaign: Campaign, version: int, facts: CampaignFacts, by) -> Campaign:
    """Change what is said about a plan. Refuses a closed plan, an old version and what `create_blank`
    refuses."""
    held_row = held(campaign, version)
    open_to_change(held_row)
    facts = _checked(facts)
    _check_single(held_row.organisation, facts, leaving_out=held_row)
    before = words_of(held_row)
    days = held_row.starts_on, held_row.ends_on
    keep(held_row, **asdict(facts))
    old, new = differing(before, words_of(held_row))
    if new:
        line("修改方案", held_row, by=by, before=old, after=new)
    if days != (held_row.starts_on, held_row.ends_on):
        _note(held_row, min(days[0], held_row.starts_on), max(days[1], held_row.ends_on))
    return held_row


@transaction.atomic
def close_campaign(
    *, campaign: Campaign, version: int, summary: str, leave_open: bool, by, on: datetime.date
) -> Campaign:
    """End a running plan with its summary. Refuses open tasks unless it is said that they go on
    (`leave_open`), a plan that does not run, no summary and an old version."""
    held_row = held(campaign, version)
    if held_row.state != CampaignState.RUNNING:
        raise Refused(f"这个方案现在是“{held_row.get_state_display()}”，不能结束")
    if not summary.strip():
        raise Refused("请写总结：做了什么、结果怎样", "summary")
    open_tasks = open_tasks_of(held_row)
    if open_tasks and not leave_open:
        raise Refused(
            f"还有 {open_tasks} 项任务没有销号。先在整改台账里办结或撤销，"
            "或者勾选“方案结束，没有销号的任务继续办”",
            "leave_open",
        )
    keep(held_row, state=CampaignState.CLOSED, closed_on=on, summary=summary.strip())
    after = {"状态": CampaignState.CLOSED.label, "总结": summary.strip()[:200]}
    if open_tasks:
        after["没有销号的任务"] = f"{open_tasks} 项，继续办"
    line("结束方案", held_row, by=by, before={"状态": CampaignState.RUNNING.label}, after=after)
    _note(held_row, on, max(on, held_row.ends_on))
    return held_row


def _note(campaign: Campaign, from_on: datetime.date, to_on: datetime.date) -> None:
    """Have those who were issued its tasks judged again: county values may hold for them alone."""
    issued = Task.objects.filter(measure__campaign=campaign).order_by()
    note_changes(
        (pk, AREA, from_on, to_on)
        for pk in issued.values_list("organisation_id", flat=True).distinct()
    )


def open_tasks_of(campaign: Campaign) -> int:
    """How many tasks of the plan are neither closed nor cancelled."""
    return Task.objects.open().filter(measure__campaign=campaign).count()


@transaction.atomic
def discard_draft(*, campaign: Campaign, version: int, by) -> None:
    """Throw a draft away; its line in the trail stays. Refuses what was issued, an old version."""
    held_row = held(campaign, version)
    if held_row.state != CampaignState.DRAFT:
        raise Refused("方案已经印发，不能删除；不再实施的，请结束方案")
    before = words_of(held_row) | {"措施": f"{held_row.measures.count()} 条"}
    line("删除草稿", held_row, by=by, before=before)
    held_row.measures.all().delete()
    held_row.delete()


def open_to_change(campaign: Campaign) -> None:
    """Refuses a plan that has ended."""
    if campaign.state == CampaignState.CLOSED:
        raise Refused("方案已结束，不能再改")


def words_of(row) -> dict[str, str]:
    """What a row says, by its fields' names, as the trail writes it; what is empty stays out."""
    said = {}
    for field in row._meta.concrete_fields:
        if not field.editable or field.name in ("campaign", "position", "version", "entered_by"):
            continue
        if (value := getattr(row, field.name)) in (None, ""):
            continue
        if field.choices:
            value = getattr(row, f"get_{field.name}_display")()
        elif isinstance(value, datetime.date):
            value = full_date(value)
        elif isinstance(value, bool):
            value = "是" if value else "否"
        said[str(field.verbose_name)] = str(value)[:200]
    return said


def line(action: str, campaign: Campaign, *, by, before=None, after=None, reason="") -> None:
    """A line of the trail about a plan."""
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=campaign.pk,
        label=campaign.title,
        organisation_id=campaign.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
