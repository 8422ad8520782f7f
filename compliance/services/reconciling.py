"""Making stored duties equal to what the facts say."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from branches import bulk
from branches.models import Organisation
from branches.periods import Period, period_of
from branches.values import Values
from compliance import summaries
from compliance.history import attach_records
from compliance.judging import Verdict, judge, owing, period_key, question_for, standing_due
from compliance.models import Duty, DutyEvent, Exemption
from compliance.registry import RULES, Question, Rule

# Organisations written in one transaction of the night.
AT_ONCE = 500
# New duties written in one transaction: nobody else waits for those.
_NEW_AT_ONCE = 5000
_STORED = ("required", "actual", "state", "due_on", "met_on", "open_since", "version", "waiting")
_OPEN_SINCE = _STORED.index("open_since")


@dataclass
class Tally:
    """What a reconciliation did."""

    judged: int = 0
    written: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.judged + other.judged, self.written + other.written)


@dataclass(frozen=True)
class Asked:
    """A rule to be judged for a period and some organisations (their keys)."""

    rule: Rule
    period: Period | None
    organisation_ids: Collection[int]


@dataclass
class _Differing:
    """What one rule and period has to write: duties, their events, and how the sums shift."""

    rule: Rule
    period: Period | None
    judged: int
    created: list[Duty] = field(default_factory=list)
    updated: list[Duty] = field(default_factory=list)
    gone: list[Duty] = field(default_factory=list)
    events: list[DutyEvent] = field(default_factory=list)
    shifts: list[tuple[int, summaries.Counts, summaries.Counts]] = field(default_factory=list)


def reconcile(
    rule: Rule,
    period: Period | None,
    *,
    as_of: datetime.date,
    values: Values,
    organisations=None,
) -> Tally:
    """Make the stored duties of one rule and period equal to what the facts say.

    `organisations` is a queryset to judge, for which the sums above shift by what was written;
    None is everybody, with the sums counted anew. Only what differs is written.
    """
    if organisations is not None:
        return _reconcile_again(rule, period, as_of, values, organisations)
    everybody = Organisation.objects.all()
    if everybody[: AT_ONCE + 1].count() <= AT_ONCE:
        tally, is_summed = _reconcile_again(rule, period, as_of, values, everybody), False
    else:
        tally, is_summed = _reconcile_many(rule, period, as_of, values)
    if not is_summed:
        with transaction.atomic():
            summaries.rebuild(rule, period, as_of=as_of)
    return tally


def _reconcile_many(rule, period, as_of, values) -> tuple[Tally, bool]:
    """Everybody of a county that does not fit into one transaction; and whether sums were counted.

    They are judged without a lock. Who has no duty yet gets it as judged; only those whose duty
    differs are judged again and written under a lock, some hundred at a time, so that nobody who
    saves meanwhile waits for long.
    """
    judged, missing, differing = _compared(rule, period, as_of, values)
    tally, is_summed = Tally(judged), False
    for some in bulk.batched(missing, _NEW_AT_ONCE):
        try:
            _insert(rule, period, as_of, values, some)
            tally.written += len(some)
            is_summed = True
        except IntegrityError:
            # Another run inserted some of them in between, maybe by newer facts.
            differing += [verdict.organisation_id for verdict in some]
    for keys in bulk.batched(differing, AT_ONCE):
        some = Organisation.objects.filter(pk__in=keys)
        tally.written += _reconcile_again(rule, period, as_of, values, some).written
    return tally, is_summed


def _compared(rule, period, as_of, values) -> tuple[int, list[Verdict], list[int]]:
    """How many duties there should be, the verdicts without one, and the organisations whose
    stored duty is another."""
    verdicts = judge(rule, question_for(rule, period, as_of, values))
    stored = {
        pk: settled
        for pk, *settled in Duty.objects.filter(
            rule=rule.code, period=period_key(period)
        ).values_list("organisation_id", *_STORED)
    }
    missing, differing = [], []
    for verdict in verdicts:
        known = stored.pop(verdict.organisation_id, None)
        if known is None:
            missing.append(verdict)
        elif known != _settled(rule, verdict, known[_OPEN_SINCE], as_of):
            differing.append(verdict.organisation_id)
    return len(verdicts), missing, sorted([*differing, *stored])


@transaction.atomic
def _insert(rule, period, as_of, values, verdicts: list[Verdict]) -> None:
    """Write duties that were not there, and count the sums anew.

    A run that judged one of them meanwhile has inserted it as well, so that an older verdict never
    replaces a newer one: IntegrityError.
    """
    key = period_key(period)
    days = (period.starts_on, period.ends_on) if period else (None, None)
    bulk.insert(
        Duty,
        ("rule", "period", "organisation_id", "starts_on", "ends_on", *_STORED),
        (
            (rule.code, key, verdict.organisation_id, *days, *_settled(rule, verdict, None, as_of))
            for verdict in verdicts
        ),
    )
    if rule.is_standing:
        offending = [verdict.organisation_id for verdict in verdicts if verdict.actual]
        duties = Duty.objects.filter(rule=rule.code, period=key, organisation__in=offending)
        events = [_event(duty, "", as_of) for duty in duties.order_by("organisation_id")]
        attach_records(rule, period, events, as_of=as_of, values=values)
        DutyEvent.objects.bulk_create(events, batch_size=500)
    summaries.rebuild(rule, period, as_of=as_of)


def _reconcile_again(rule, period, as_of, values, organisations) -> Tally:
    try:
        return _reconcile(rule, period, as_of, values, organisations)
    except IntegrityError:
        # Another run inserted the same rows in between; now they are there to compare with.
        return _reconcile(rule, period, as_of, values, organisations)


@transaction.atomic
def _reconcile(rule, period, as_of, values, organisations) -> Tally:
    stored_rows = Duty.objects.filter(
        rule=rule.code, period=period_key(period), organisation__in=organisations
    )
    # Locked before the facts are read, so that a slower run cannot write an older verdict.
    # Everybody locks in the order of the keys, so that none waits for another in a circle.
    locked = stored_rows.order_by("pk").select_for_update()
    stored = {duty.organisation_id: duty for duty in locked}
    verdicts = judge(rule, question_for(rule, period, as_of, values, organisations))
    return _write([_differing(rule, period, stored, verdicts, as_of)], as_of, values)


def reconcile_together(asked: Sequence[Asked], *, as_of: datetime.date, values: Values) -> Tally:
    """Reconcile several rules and periods for a few organisations with fewer queries.

    What they all need is read once, what differs is written at once. Raises what a rule raises;
    then nothing is written.
    """
    try:
        return _together(asked, as_of, values)
    except IntegrityError:
        # As above: the rows are there now.
        return _together(asked, as_of, values)


@transaction.atomic
def _together(asked: Sequence[Asked], as_of: datetime.date, values: Values) -> Tally:
    stored = lock(asked)
    exemptions = list(
        Exemption.objects.standing().filter(
            organisation__in=_everybody(asked), rule__in={one.rule.code for one in asked}
        )
    )
    found, known = [], {}
    for one in asked:
        question = _question(one, as_of, values, known)
        exempt = {
            exemption.organisation_id
            for exemption in exemptions
            if exemption.rule == one.rule.code
            and exemption.starts_on <= question.ends_on <= exemption.ends_on
        }
        duties = stored.get((one.rule.code, period_key(one.period)), {})
        mine = {pk: duty for pk, duty in duties.items() if pk in one.organisation_ids}
        verdicts = judge(one.rule, question, exempt)
        found.append(_differing(one.rule, one.period, mine, verdicts, as_of))
    return _write(found, as_of, values)


def _question(asked: Asked, as_of, values, known: dict[tuple, list[int]]) -> Question:
    """The question for the keys of those who owe the duty, read once for all rules that ask the
    same: the conditions are long, and each measuring query would hold them."""
    who = owing(asked.rule, asked.period, as_of)
    asking = (who, frozenset(asked.organisation_ids))
    if asking not in known:
        everybody = Organisation.objects.filter(pk__in=asked.organisation_ids)
        known[asking] = list(who.among(everybody).order_by().values_list("pk", flat=True))
    organisations = Organisation.objects.filter(pk__in=known[asking])
    return Question(organisations, asked.period, who.ends_on, as_of, values)


def lock(asked: Sequence[Asked]) -> dict[tuple[str, str], dict[int, Duty]]:
    """The stored duties asked for, by rule and period and then by organisation, locked until the
    end of the transaction. Before any sum is: whoever holds one waits for no duty."""
    rows = Duty.objects.filter(
        organisation__in=_everybody(asked),
        rule__in={one.rule.code for one in asked},
        period__in={period_key(one.period) for one in asked},
    )
    stored: dict[tuple[str, str], dict[int, Duty]] = {}
    for duty in rows.order_by("pk").select_for_update():
        stored.setdefault((duty.rule, duty.period), {})[duty.organisation_id] = duty
    return stored


def _everybody(asked: Sequence[Asked]) -> set[int]:
    return set().union(*(one.organisation_ids for one in asked))


def _differing(
    rule: Rule,
    period: Period | None,
    stored: dict[int, Duty],
    verdicts: list[Verdict],
    as_of: datetime.date,
) -> _Differing:
    """What is to be written so that the stored duties, by organisation, say the verdicts."""
    found = _Differing(rule, period, len(verdicts))
    for verdict in verdicts:
        duty = stored.pop(verdict.organisation_id, None)
        before = summaries.counted(duty)
        if duty is None:
            duty = Duty(
                rule=rule.code,
                period=period_key(period),
                organisation_id=verdict.organisation_id,
                starts_on=period and period.starts_on,
                ends_on=period and period.ends_on,
            )
            _settle(duty, rule, verdict, as_of)
            found.created.append(duty)
            if rule.is_standing and verdict.actual:
                found.events.append(_event(duty, "", as_of))
        else:
            state = duty.state
            if not _settle(duty, rule, verdict, as_of):
                continue
            found.updated.append(duty)
            if duty.state != state:
                found.events.append(_event(duty, state, as_of))
        found.shifts.append((duty.organisation_id, before, summaries.counted(duty)))
    found.gone = list(stored.values())
    found.shifts += [
        (duty.organisation_id, summaries.counted(duty), summaries.counted(None))
        for duty in found.gone
    ]
    return found


def _write(found: list[_Differing], as_of: datetime.date, values: Values) -> Tally:
    created = [duty for one in found for duty in one.created]
    updated = [duty for one in found for duty in one.updated]
    gone = [duty.pk for one in found for duty in one.gone]
    Duty.objects.bulk_create(created, batch_size=500)
    Duty.objects.bulk_update(updated, _STORED, batch_size=100)
    for one in found:
        attach_records(one.rule, one.period, one.events, as_of=as_of, values=values)
    DutyEvent.objects.bulk_create([event for one in found for event in one.events], batch_size=500)
    if gone:
        Duty.objects.filter(pk__in=gone).delete()
    for one in found:
        summaries.shift(one.rule, one.period, one.shifts, as_of=as_of)
    return Tally(sum(one.judged for one in found), len(created) + len(updated) + len(gone))


def _settled(rule: Rule, verdict: Verdict, open_since, as_of: datetime.date) -> list:
    """What a duty should hold, in the order of `_STORED`; `open_since` is what it holds now."""
    due_on = verdict.due_on
    if rule.is_standing and verdict.actual:
        # Where the facts give no first day, the day it was first seen stays.
        open_since = verdict.since or open_since or as_of
        due_on = standing_due(rule, open_since)
    else:
        open_since = None
    return [
        verdict.required,
        verdict.actual,
        verdict.state,
        due_on,
        verdict.met_on,
        open_since,
        verdict.version[:80],
        verdict.waiting,
    ]


def _settle(duty: Duty, rule: Rule, verdict: Verdict, as_of: datetime.date) -> bool:
    """Put the verdict into the duty; returns whether anything differed."""
    settled = _settled(rule, verdict, duty.open_since, as_of)
    differs = settled != [getattr(duty, name) for name in _STORED]
    for name, value in zip(_STORED, settled, strict=True):
        setattr(duty, name, value)
    return differs


def _event(duty: Duty, before: str, on: datetime.date) -> DutyEvent:
    return DutyEvent(
        duty=duty,
        on=on,
        before=before,
        after=duty.state,
        required=duty.required,
        actual=duty.actual,
    )


def judge_again(duty: Duty, *, as_of: datetime.date) -> None:
    """Make one duty right for a day whose night has not run; it may be gone afterwards."""
    rule = RULES[duty.rule]
    reconcile(
        rule,
        None if rule.is_standing else period_of(rule.span, duty.starts_on),
        as_of=as_of,
        values=Values(),
        organisations=Organisation.objects.filter(pk=duty.organisation_id),
    )
