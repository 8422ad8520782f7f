"""One step as it is written down, and what cannot be true of it, whoever writes it."""

import datetime
from dataclasses import dataclass

from accounts.encryption import keyed_hash
from accounts.roles import Action
from branches.scope import reaches
from branches.values import Values
from branches.words import full_date
from branches.workdays import calendar_of
from members.development import Fault, Taken, Vote, Way, faults, way_of
from members.development_stages import (
    REACHED_BY,
    STAGE_OF,
    SUPERIOR_STEPS,
    VOTED,
    stage_reached,
)
from members.enums import Step
from members.models import Development, DevelopmentStep
from members.models.development import REPEATING
from members.services import Refused
from members.values import RULES_2026_FROM


@dataclass(frozen=True)
class Entry:
    """What is written down about one step; figures of a vote where it was voted."""

    step: str
    on: datetime.date
    until_on: datetime.date | None = None
    hours: int | None = None
    should_vote: int | None = None
    present: int | None = None
    approved: int | None = None
    written: int | None = None
    note: str = ""
    override_reason: str = ""

    @property
    def taken(self) -> Taken:
        return Taken(self.step, self.on, self.until_on, self.hours)

    @property
    def vote(self) -> Vote | None:
        """The figures, where all of them are known."""
        if None in (self.should_vote, self.present, self.approved):
            return None
        return Vote(self.should_vote, self.present, self.approved, self.written or 0)


def action_for(step: str) -> str:
    """What right registers a step: the superior's own steps are for those who approve."""
    return Action.APPROVE if step in SUPERIOR_STEPS else Action.CHANGE_MEMBER


def way_to(development: Development, *, without: int | None = None) -> Way:
    """What is known of one person's way; `without` leaves one stored step out."""
    rows = development.steps.exclude(pk=without).values_list("step", "on", "until_on", "hours")
    return way_of(rows, development.born_on)


def faults_of(entry: Entry, way: Way, today: datetime.date) -> list[Fault]:
    """What does not fit about a step, by the county's day for the revision of 2026."""
    calendar = None
    if entry.step == Step.TARGET_PUBLICITY:
        calendar = calendar_of(entry.on, entry.until_on or entry.on)
    return faults(entry.taken, way, Values().on(RULES_2026_FROM, today), calendar)


def refuse_known_way(id_number: str, by, own: Development | None = None) -> None:
    """Refused while the same number is on a way; the branch is named only to who may see it."""
    if not id_number:
        return
    known = Development.objects.running().filter(id_number_hash=keyed_hash(id_number))
    known = known.exclude(pk=own.pk) if own else known
    other = known.select_related("organisation").first()
    if other is None:
        return
    if by is None or not reaches(by, Action.LOOK, other.organisation.path):
        raise Refused("这个人在本县另一个支部有在办的发展党员记录，请联系上级", "id_number")
    raise Refused(f"“{other.organisation.name}”已有{other.name}在办的发展党员记录", "id_number")


def refuse_to_come(entry: Entry, today: datetime.date) -> None:
    """Refused for what has not happened yet, and for an end before the beginning."""
    if entry.on > today:
        raise Refused(f"{full_date(entry.on)}还没有到，办完再登记", "on")
    if entry.until_on and entry.until_on < entry.on:
        raise Refused("结束日期早于开始日期，请核对", "until_on")


def refuse_place(development: Development, entry: Entry, way: Way) -> None:
    """Refused for a step taken already, or not yet in reach of the stage."""
    step = Step(entry.step)
    needed = STAGE_OF[step]
    if not stage_reached(development.stage, needed):
        raise Refused(f"还没有到这一步：请先登记“{REACHED_BY[needed].label}”")
    if step not in REPEATING and way.has(step):
        raise Refused(f"“{step.label}”已登记过，日期不对请更正")
    if step in REPEATING and development.steps.filter(step=step, on=entry.on).exists():
        raise Refused("这一天已登记过这个环节", "on")
    if step == Step.CONVERSION_DECISION and not way.has(Step.CONVERSION_MEETING):
        raise Refused("支部大会还没有讨论转正，讨论后再审批")
    if step == Step.EXTENSION and way.has(Step.CONVERSION_MEETING):
        raise Refused("支部大会已讨论转正，不能再延长预备期")
    if step == Step.APPROVAL_DELAYED and way.has(Step.APPROVAL):
        raise Refused("已经审批，不用再登记延长")
    if step == Step.APPROVAL_DELAYED and not entry.note.strip():
        raise Refused("请写明特殊情况", "note")


def refuse_faults(entry: Entry, way: Way, today: datetime.date) -> None:
    """Refused for what a true condition forbids, unless the superior passed over it."""
    blocking = [fault for fault in faults_of(entry, way, today) if fault.blocks]
    if blocking and not entry.override_reason.strip():
        field = "until_on" if blocking[0].limit.of_end else "on"
        raise Refused(blocking[0].words, field)


def refuse_vote(entry: Entry) -> None:
    """Refused for a ballot without a result, and for one that did not carry."""
    if entry.step not in VOTED:
        return
    vote = entry.vote
    if vote is None:
        if entry.override_reason.strip():
            return
        raise Refused("请填应到、实到和赞成人数；查不到的由上级登记并写明理由", "should_vote")
    if vote.slip:
        raise Refused(f"{vote.slip}，请核对", "approved")
    for words in vote.refusals():
        raise Refused(words, "present" if not vote.attended else "approved")


def refuse_others(way: Way, today, *, besides: int | None = None, development=None) -> None:
    """Refused when a step on record no longer meets a true condition."""
    passed_over = set()
    if development is not None:
        rows = development.steps.exclude(pk=besides).exclude(override_reason="")
        passed_over = set(rows.values_list("step", flat=True))
    from_2026 = Values().on(RULES_2026_FROM, today or datetime.date.max)
    for taken in way.steps:
        if taken.step in passed_over:
            continue
        for fault in faults(taken, way, from_2026):
            if fault.blocks:
                raise Refused(f"这样改，“{Step(taken.step).label}”就不合要求：{fault.words}")


def entry_of(row: DevelopmentStep) -> Entry:
    return Entry(**{name: getattr(row, name) for name in Entry.__dataclass_fields__})


def entry_words(entry: Entry) -> dict[str, str]:
    words = {"环节": Step(entry.step).label, "日期": full_date(entry.on)}
    if entry.until_on:
        words["至"] = full_date(entry.until_on)
    if entry.hours is not None:
        words["培训学时"] = str(entry.hours)
    if vote := entry.vote:
        words["表决"] = f"应到 {vote.should}，实到 {vote.present}，赞成 {vote.approved}"
        words["书面意见"] = str(vote.written)
    if entry.override_reason:
        # An exception is for this step alone and ends with it.
        words["例外"] = f"{entry.override_reason}（仅此一次，至 {full_date(entry.on)}）"
    return words


def in_words(development: Development, facts: dict) -> dict[str, str]:
    words = {}
    for name in facts:
        model_field = Development._meta.get_field(name)
        value = getattr(development, name)
        if model_field.choices:
            value = getattr(development, f"get_{name}_display")()
        if isinstance(value, datetime.date):
            value = full_date(value)
        words[model_field.verbose_name] = str(value or "")
    return words


def refuse_exception(development: Development, entry: Entry, by) -> None:
    """Refused where somebody else than the superior passes over a condition."""
    path = development.organisation.path
    if entry.override_reason.strip() and by and not reaches(by, Action.APPROVE, path):
        raise Refused("例外要由上级批准，请上级登记这个环节", "override_reason")
