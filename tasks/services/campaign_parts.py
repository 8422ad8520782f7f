"""What a campaign plan consists of: phases, blocks, measures, targets, values. Added, changed, moved,
taken out; the version of the plan counts up with each of them.

An issued plan may still be changed while it runs; tasks that exist already follow only when that is
chosen, see `issuing.carry`. A measure with tasks stays.
"""

import datetime
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.db import models, transaction

from branches.models import Organisation
from branches.services.county_values import set_value
from branches.values import KEYS, said
from branches.words import full_date
from tasks.enums import Addressed, Bound, CampaignState
from tasks.models import Block, Campaign, CampaignValue, Measure, Phase, Target, problem_key
from tasks.services import Refused
from tasks.services.campaigns import line, open_to_change, words_of
from tasks.services.issuing import carry
from tasks.services.kept import differing, held, keep


@dataclass(frozen=True)
class PhaseFacts:
    name: str
    starts_on: datetime.date
    ends_on: datetime.date
    text: str = ""


@dataclass(frozen=True)
class BlockFacts:
    """A block and who answers for its measures; an empty field means the unit and its secretary."""

    name: str
    responsible_leader: str = ""
    responsible_unit: str = ""
    responsible_person: str = ""


@dataclass(frozen=True)
class MeasureFacts:
    """One measure; `named` are the organisations chosen, where it is addressed to chosen ones."""

    block: Block
    text: str
    due_on: datetime.date
    addressed: str
    phase: Phase | None = None
    detail: str = ""
    responsible_leader: str = ""
    responsible_unit: str = ""
    responsible_person: str = ""
    sector: str = ""
    by_county: bool = False
    named: tuple[Organisation, ...] = ()


@dataclass(frozen=True)
class TargetFacts:
    subject: str
    value: Decimal
    due_on: datetime.date
    bound: str = Bound.AT_LEAST
    unit: str = "%"
    wording: str = ""
    figure: str = ""


@dataclass(frozen=True)
class ValueFacts:
    """A number of the plan that is a county value; `value` as it is typed."""

    key: str
    value: Any
    starts_on: datetime.date
    wording: str = ""


MODELS = {
    PhaseFacts: Phase,
    BlockFacts: Block,
    MeasureFacts: Measure,
    TargetFacts: Target,
    ValueFacts: CampaignValue,
}


@transaction.atomic
def add_part(*, campaign: Campaign, version: int, facts, by) -> models.Model:
    """One more phase, block, measure, target or value, at the end. Refuses a closed plan, an old
    version of it, and facts that do not fit (`_checked`)."""
    campaign = _held(campaign, version)
    model = MODELS[type(facts)]
    stored = _checked(campaign, facts)
    siblings = model.objects.filter(campaign=campaign)
    if model is Measure:
        siblings = siblings.filter(block=facts.block)
    last = siblings.aggregate(last=models.Max("position"))["last"]
    position = 0 if last is None else last + 1
    row = model.objects.create(campaign=campaign, position=position, **stored)
    if model is Measure:
        row.named.set(facts.named)
    keep(campaign)
    after = part_words(row)
    line(f"增加{model._meta.verbose_name}", campaign, by=by, after=after)
    return row


@transaction.atomic
def change_part(
    *, row, version: int, facts, by, on: datetime.date, carry_on: bool | None = None
) -> models.Model:
    """Change a part. Where a measure has tasks already, `carry_on` says whether those still open take
    over its wording, deadline and responsible; without the answer it is refused, so that nothing
    moves silently. Otherwise as `add_part`; a value that was applied stays as it was."""
    campaign = _held(row.campaign, version)
    row = type(row).objects.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)
    stored = _checked(campaign, facts, row)
    has_tasks = isinstance(row, Measure) and row.tasks.exists()
    if has_tasks and carry_on is None:
        raise Refused("这项措施已经下达任务，请选任务要不要一起改", "carry_on")
    if isinstance(row, CampaignValue) and row.applied_on:
        raise Refused("这个数值已经采用；要改，请在要求设置里从新的日期起改")
    before = part_words(row)
    changed = {name for name, value in stored.items() if value != getattr(row, name)}
    for name, value in stored.items():
        setattr(row, name, value)
    row.save()
    if isinstance(row, Measure):
        row.named.set(facts.named)
    old, new = differing(before, part_words(row))
    new |= {name: "" for name in before if name not in part_words(row)}
    if has_tasks and carry_on:
        new["已下达的任务"] = f"{carry(row, changed, by=by, on=on)} 项一起改"
    keep(campaign)
    if new:
        label = f"修改{row._meta.verbose_name}"
        line(label, campaign, by=by, before=old, after=new, reason=str(row)[:100])
    return row


@transaction.atomic
def remove_part(*, row, version: int, by) -> None:
    """Take a part out of a plan. Refuses a measure that has tasks, a block or phase that still has
    measures, a value that was applied, and what `add_part` refuses."""
    campaign = _held(row.campaign, version)
    row = type(row).objects.get(pk=row.pk)
    if isinstance(row, Measure) and (count := row.tasks.count()):
        raise Refused(
            f"这项措施已下达 {count} 项任务，不能删除。不再办的，请在整改台账里撤销这些任务，措施留在方案里"
        )
    if isinstance(row, Block | Phase) and (count := row.measures.count()):
        name = row._meta.verbose_name
        raise Refused(f"{name}“{row.name}”下还有 {count} 条措施，请先改到别的{name}或删除")
    if isinstance(row, CampaignValue) and row.applied_on:
        raise Refused("这个数值已经采用，留在方案里备查")
    line(f"删除{row._meta.verbose_name}", campaign, by=by, before=part_words(row))
    row.delete()
    keep(campaign)


@transaction.atomic
def move_part(*, row, version: int, earlier: bool, by) -> None:
    """One place up or down among its likes; at the end it stays. Refuses what `add_part` refuses."""
    campaign = _held(row.campaign, version)
    siblings = type(row).objects.filter(campaign=campaign)
    if isinstance(row, Measure):
        siblings = siblings.filter(block=row.block_id)
    rows = list(siblings.order_by("position", "pk"))
    at = next(index for index, one in enumerate(rows) if one.pk == row.pk)
    to = at - 1 if earlier else at + 1
    if not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for position, one in enumerate(rows):
        one.position = position
    type(row).objects.bulk_update(rows, ["position"])
    keep(campaign)
    line("调整顺序", campaign, by=by, after={str(row._meta.verbose_name): str(row)[:200]})


@transaction.atomic
def apply_value(*, row: CampaignValue, starts_on: datetime.date, by, on: datetime.date):
    """Make a number of the plan the county's value from `starts_on` on (采用); the plan is the reason.

    Refuses a draft, a value applied already and one that no longer fits its key.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=row.campaign_id)
    row = CampaignValue.objects.select_for_update(no_key=True).get(pk=row.pk)
    if campaign.state == CampaignState.DRAFT:
        raise Refused("方案印发以后才能采用它的数值")
    if row.applied_on:
        raise Refused(f"{full_date(row.applied_on)}已经采用过")
    key = key_of(row.key)
    try:
        set_value(key, row.value, by=by, on=starts_on, reason=f"采用《{campaign.title}》")
    except ValueError as unfit:
        raise Refused(str(unfit)) from None
    row.starts_on, row.applied_on, row.applied_by = starts_on, on, by
    row.save(update_fields=["starts_on", "applied_on", "applied_by"])
    after = {key.label: value_words(row.value), "自": full_date(starts_on)}
    line("采用方案的数值", campaign, by=by, after=after)
    return row


def key_of(name: str):
    """The county value of that name; Refused for one that no longer exists."""
    if name not in KEYS:
        raise Refused("要求设置里没有这个项目，请另选", "key")
    return KEYS[name]


def value_words(value) -> str:
    """A county value as people say it: 是 or 否 for a switch."""
    return ("是" if value else "否") if isinstance(value, bool) else said(value)


def part_words(row) -> dict[str, str]:
    """What a part says, for the trail, with the units it names."""
    words = words_of(row)
    if isinstance(row, CampaignValue):
        words["项目"] = KEYS[row.key].label if row.key in KEYS else row.key
        words["方案的值"] = value_words(row.value)
    names = [one.short_name for one in row.named.all()] if isinstance(row, Measure) else []
    if names:
        words["指定的单位"] = "、".join(names)[:200]
    return words


# --- Checks ------------------------------------------------------------------------------------


def _held(campaign: Campaign, version: int) -> Campaign:
    campaign = held(campaign, version)
    open_to_change(campaign)
    return campaign


def _checked(campaign: Campaign, facts, row=None) -> dict[str, Any]:
    """The fields to store, after all checks; `row` is the part that is changed."""
    stored = {one.name: getattr(facts, one.name) for one in fields(facts) if one.name != "named"}
    if isinstance(facts, PhaseFacts) and facts.ends_on < facts.starts_on:
        raise Refused("阶段的结束日期早于开始日期", "ends_on")
    if isinstance(facts, MeasureFacts):
        _check_measure(campaign, facts, row)
    if isinstance(facts, ValueFacts):
        stored["value"] = _checked_value(campaign, facts, row)
    return stored


def _check_measure(campaign: Campaign, facts: MeasureFacts, row) -> None:
    if facts.block.campaign_id != campaign.pk:
        raise Refused("板块不在这个方案里，请重新选", "block")
    if facts.phase is not None and facts.phase.campaign_id != campaign.pk:
        raise Refused("阶段不在这个方案里，请重新选", "phase")
    if facts.addressed == Addressed.SECTOR and not facts.sector:
        raise Refused("分解到某一领域的，请选领域", "sector")
    outside = [one for one in facts.named if not one.path.startswith(campaign.organisation.path)]
    if outside:
        raise Refused(f"“{outside[0].short_name}”不在牵头单位之下，请重新选", "named")
    # Tasks are told apart by the problem without punctuation.
    key = problem_key(facts.text)
    if not key:
        raise Refused("请写明措施", "text")
    others = campaign.measures.exclude(pk=row.pk if row else None).values_list("text", flat=True)
    if any(problem_key(text) == key for text in others):
        raise Refused("方案里已有这一条措施，请改写或修改那一条", "text")


def _checked_value(campaign: Campaign, facts: ValueFacts, row):
    key = key_of(facts.key)
    others = campaign.values.exclude(pk=row.pk if row else None)
    if others.filter(key=facts.key).exists():
        raise Refused("方案里已有这个项目，请改那一条", "key")
    try:
        return key.cleaned(facts.value)
    except ValueError as unfit:
        raise Refused(str(unfit), "value") from None
