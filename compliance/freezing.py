"""Results that a closed month keeps, and what became of them since."""

from collections import defaultdict
from collections.abc import Collection

from branches.bulk import batched
from branches.models import ClosedMonth, Organisation, OrganisationQuerySet
from branches.periods import Period, period_named, period_of
from branches.values import Values
from branches.words import full_date
from compliance.judging import judge, period_key, question_for
from compliance.models import Duty, FrozenDuty
from compliance.registry import RULES, Rule


def freeze(
    closed: ClosedMonth, month: Period, organisations: OrganisationQuerySet, *, values: Values
) -> int:
    """Keep how every duty stood whose period ended with that month; returns how many.

    Judged as of the month's last day, as its ledger shows them. What a lower organisation closed
    before keeps the result it had then.
    """
    rows = [
        _frozen(closed, rule, period, verdict)
        for rule, period in _ended_with(month)
        for verdict in judge(rule, question_for(rule, period, month.ends_on, values, organisations))
    ]
    FrozenDuty.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return len(rows)


def _ended_with(month: Period) -> list[tuple[Rule, Period]]:
    """The periods that end on the month's last day, rule by rule."""
    ended = []
    for rule in RULES.values():
        if rule.is_standing:
            continue
        period = period_of(rule.span, month.starts_on)
        if period.ends_on == month.ends_on:
            ended.append((rule, period))
    return ended


def _frozen(closed: ClosedMonth, rule: Rule, period: Period, verdict) -> FrozenDuty:
    return FrozenDuty(
        closed=closed,
        rule=rule.code,
        period=period_key(period),
        organisation_id=verdict.organisation_id,
        required=verdict.required,
        actual=verdict.actual,
        state=verdict.state,
        due_on=verdict.due_on,
        met_on=verdict.met_on,
        version=verdict.version[:80],
    )


def kept_result(duty: Duty) -> FrozenDuty | None:
    """How a duty stood when its month was closed; None while that is not closed."""
    return (
        FrozenDuty.objects.filter(
            organisation=duty.organisation_id, rule=duty.rule, period=duty.period
        )
        .select_related("closed")
        .first()
    )


def _differs(duty: Duty, kept: FrozenDuty) -> bool:
    return (duty.required, duty.actual) != (kept.required, kept.actual)


def _corrected(kept: Collection[FrozenDuty], values: Values) -> int:
    """How many of these results of one rule and period are others by today's records, judged as of
    the same day. What was done after that day, like dues paid late, is no correction."""
    rule, period = RULES[kept[0].rule], period_named(kept[0].period)
    organisations = Organisation.objects.filter(pk__in=[one.organisation_id for one in kept])
    question = question_for(rule, period, period.ends_on, values, organisations)
    now = {one.organisation_id: (one.required, one.actual) for one in judge(rule, question)}
    return sum(now.get(one.organisation_id) != (one.required, one.actual) for one in kept)


def kept_in_words(duty: Duty) -> str:
    """What the closed ledger says of a duty, and whether it was corrected since; "" if not closed."""
    kept = kept_result(duty)
    if kept is None:
        return ""
    last = full_date(period_named(kept.period).ends_on)
    said = (
        f"{full_date(kept.closed.closed_on)}封账，台账所记（截至{last}）："
        f"应有 {kept.required}，实有 {kept.actual}，{kept.get_state_display()}。"
    )
    if not _differs(duty, kept):
        return said
    if _corrected([kept], Values()):
        return f"{said}封账后记录有变动，本页是更正后的结果（已更正），封存的台账不变。"
    return f"{said}本页连同{last}以后办的一起计算，封存的台账不变。"


def corrected_since(closed: ClosedMonth, organisation_ids: Collection[int]) -> int:
    """How many duties of these organisations, kept when the month was closed, differ now because
    their records were changed."""
    kept = {
        (one.organisation_id, one.rule, one.period): one
        for one in FrozenDuty.objects.filter(closed=closed)
        if one.organisation_id in organisation_ids
    }
    live = Duty.objects.filter(period__in={period for _, _, period in kept})
    differing: dict[tuple[str, str], list[FrozenDuty]] = defaultdict(list)
    for duty in live:
        one = kept.get((duty.organisation_id, duty.rule, duty.period))
        if one is not None and duty.rule in RULES and _differs(duty, one):
            differing[duty.rule, duty.period].append(one)
    values = Values()
    return sum(
        _corrected(some, values) for differs in differing.values() for some in batched(differs)
    )
