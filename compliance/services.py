"""Judging and storing. Whatever runs twice changes nothing the second time."""

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from branches.models import Changed, Organisation, Placement, Setting
from branches.periods import Period, period_of
from branches.services import VALUES_AREA
from branches.values import Values
from compliance import forecast, summaries
from compliance.judging import (
    BEGINS,
    WINDOW_MONTHS,
    Verdict,
    horizon_on,
    judge,
    period_key,
    question_for,
    standing_due,
)
from compliance.models import CheckRun, Duty, DutyEvent, DutySummary
from compliance.registry import RULES, Rule
from dues.models import Charge
from dues.services.charges import settle_all
from members.services.contacts import open_cases

logger = logging.getLogger(__name__)

# Areas whose changes reach forward: who joined in June is on every later roster.
_REACHING_FORWARD = frozenset({"members", "branches", VALUES_AREA})
# Organisations written in one transaction of the night.
_AT_ONCE = 500
# Organisations whose notes are consumed in one transaction: a desk that saves meanwhile waits.
_REFRESHED_AT_ONCE = 100
_STORED = ("required", "actual", "state", "due_on", "met_on", "open_since", "version", "waiting")


@dataclass
class Tally:
    """What a reconciliation did."""

    judged: int = 0
    written: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.judged + other.judged, self.written + other.written)


def reconcile(
    rule: Rule,
    period: Period | None,
    *,
    as_of: datetime.date,
    values: Values,
    organisations=None,
) -> Tally:
    """Make the stored duties of one rule and period equal to what the facts say.

    `organisations` is a queryset to judge; None is everybody. Only what differs is written.
    A county that fits into one transaction is judged once, under its lock. In a larger one
    everybody is first judged without a lock; only those who differ are judged again and written
    under one, some hundred at a time, so that nobody who saves meanwhile waits for long.
    """
    if organisations is None and Organisation.objects.all()[: _AT_ONCE + 1].count() <= _AT_ONCE:
        organisations = Organisation.objects.all()
    if organisations is not None:
        return _reconcile_again(rule, period, as_of, values, organisations)
    judged, differing = _differing(rule, period, as_of, values)
    tally = Tally(judged)
    for start in range(0, len(differing), _AT_ONCE):
        some = Organisation.objects.filter(pk__in=differing[start : start + _AT_ONCE])
        tally.written += _reconcile_again(rule, period, as_of, values, some).written
    return tally


def _differing(rule, period, as_of, values) -> tuple[int, list[int]]:
    """How many duties there should be, and the organisations whose stored duty is another."""
    verdicts = {
        verdict.organisation_id: verdict
        for verdict in judge(rule, question_for(rule, period, as_of, values))
    }
    stored = {
        duty.organisation_id: duty
        for duty in Duty.objects.filter(rule=rule.code, period=period_key(period))
    }
    differing = stored.keys() - verdicts.keys()
    for pk, verdict in verdicts.items():
        duty = stored.get(pk)
        if duty is None or _settle(duty, rule, verdict, as_of):
            differing.add(pk)
    return len(verdicts), sorted(differing)


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
    stored = {duty.organisation_id: duty for duty in stored_rows.select_for_update()}
    verdicts = judge(rule, question_for(rule, period, as_of, values, organisations))
    created, updated, events, shifts = [], [], [], []
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
            created.append(duty)
            if rule.is_standing and verdict.actual:
                events.append(_event(duty, "", as_of))
        else:
            state = duty.state
            if not _settle(duty, rule, verdict, as_of):
                continue
            updated.append(duty)
            if duty.state != state:
                events.append(_event(duty, state, as_of))
        shifts.append((duty.organisation_id, before, summaries.counted(duty)))
    Duty.objects.bulk_create(created, batch_size=500)
    Duty.objects.bulk_update(updated, _STORED, batch_size=100)
    DutyEvent.objects.bulk_create(events, batch_size=500)
    shifts += [
        (pk, summaries.counted(duty), summaries.counted(None)) for pk, duty in stored.items()
    ]
    Duty.objects.filter(pk__in=[duty.pk for duty in stored.values()]).delete()
    summaries.shift(rule, period, shifts, as_of=as_of)
    return Tally(len(verdicts), len(created) + len(updated) + len(stored))


def _settle(duty: Duty, rule: Rule, verdict: Verdict, as_of: datetime.date) -> bool:
    """Put the verdict into the duty; returns whether anything differed."""
    open_since, due_on = None, verdict.due_on
    if rule.is_standing and verdict.actual:
        # Where the facts give no first day, the day it was first seen stays.
        open_since = verdict.since or duty.open_since or as_of
        due_on = standing_due(rule, open_since)
    settled = {
        "required": verdict.required,
        "actual": verdict.actual,
        "state": verdict.state,
        "due_on": due_on,
        "met_on": verdict.met_on,
        "open_since": open_since,
        "version": verdict.version[:80],
        "waiting": verdict.waiting,
    }
    differs = any(getattr(duty, name) != value for name, value in settled.items())
    for name, value in settled.items():
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


def refresh(*, as_of: datetime.date, organisation: Organisation | None = None) -> int:
    """Judge again what was touched: one organisation's before it is read, or everybody's.

    Returns the number of notes consumed. The notes are deleted in the transaction that judged
    them, so one that is committed meanwhile waits for the next call. An organisation that no
    night of `as_of` or later has seen is judged whole, so that a desk is right in any case.
    """
    if organisation is not None:
        if not CheckRun.objects.filter(day__gte=as_of, finished_at__isnull=False).exists():
            _judge_whole(organisation, as_of)
        return _refresh_some([organisation.pk], as_of, wait=True)
    consumed = 0
    while keys := list(
        Changed.objects.order_by("organisation_id")
        .values_list("organisation_id", flat=True)
        .distinct()[:_REFRESHED_AT_ONCE]
    ):
        some = _refresh_some(keys, as_of, wait=False)
        if not some:
            # Somebody else is judging them.
            break
        consumed += some
    return consumed


def _judge_whole(organisation: Organisation, as_of: datetime.date) -> None:
    """Judge the running and the last period of every rule for one organisation.

    A broken rule is logged and left out: a desk must open in any case.
    """
    values = Values()
    horizon = horizon_on(as_of, values)
    for rule in RULES.values():
        for period in horizon.periods(rule)[-2:]:
            try:
                reconcile(
                    rule,
                    period,
                    as_of=as_of,
                    values=values,
                    organisations=Organisation.objects.filter(pk=organisation.pk),
                )
            except Exception:
                logger.exception("rule %s failed for %s", rule.code, organisation.pk)


def _refresh_some(organisation_ids: list[int], as_of: datetime.date, *, wait: bool) -> int:
    waiting = Changed.objects.filter(organisation__in=organisation_ids).order_by("pk")
    if not waiting.exists():
        return 0
    with transaction.atomic():
        notes = list(waiting.select_for_update(skip_locked=not wait))
        values = Values()
        for (code, period), touched_ids in _touched(notes, as_of, values).items():
            reconcile(
                RULES[code],
                period,
                as_of=as_of,
                values=values,
                organisations=Organisation.objects.filter(pk__in=touched_ids),
            )
        Changed.objects.filter(pk__in=[note.pk for note in notes]).delete()
    if moved_on := _first_move(notes):
        _rebuild_sums(moved_on, as_of, values)
    return len(notes)


def _first_move(notes) -> datetime.date | None:
    """From which day on an organisation of these notes has another place in the tree."""
    noted = [note for note in notes if note.area == "branches"]
    if not noted:
        return None
    return (
        Placement.objects.filter(
            organisation__in={note.organisation_id for note in noted},
            starts_on__gte=min(note.from_on for note in noted),
        )
        .filter(
            Q(organisation__founded_on__isnull=True)
            | Q(organisation__founded_on__lt=F("starts_on"))
        )
        .aggregate(first=Min("starts_on"))["first"]
    )


def _rebuild_sums(moved_on: datetime.date, as_of: datetime.date, values: Values) -> None:
    """A move changes no verdict, so nothing shifts, but what stood under one counts under another.

    Each sum in a transaction of its own: who held all of them could block another refresh for good.
    """
    horizon = horizon_on(as_of, values)
    for rule in RULES.values():
        for period in horizon.periods(rule):
            if period is None or period.ends_on >= moved_on:
                with transaction.atomic():
                    summaries.rebuild(rule, period, as_of=as_of)


def _touched(notes, as_of, values) -> dict[tuple[str, Period | None], set[int]]:
    """Which rules and periods the notes concern, with the organisations to judge again."""
    touched: dict[tuple[str, Period | None], set[int]] = {}
    horizon = horizon_on(as_of, values)
    for rule in RULES.values():
        concerned = [note for note in notes if note.area in rule.areas | {VALUES_AREA}]
        if not concerned:
            continue
        for period in horizon.periods(rule):
            organisation_ids = {
                note.organisation_id for note in concerned if _overlaps(note, rule, period, as_of)
            }
            if organisation_ids and rule.from_below:
                organisation_ids = _with_those_above(organisation_ids)
            if organisation_ids:
                touched[rule.code, period] = organisation_ids
    return touched


def _with_those_above(organisation_ids: set[int]) -> set[int]:
    """The organisations and all that stand above them in today's tree."""
    above, found = organisation_ids, set(organisation_ids)
    while above:
        parents = Organisation.objects.filter(pk__in=above, parent__isnull=False)
        above = set(parents.values_list("parent_id", flat=True)) - found
        found |= above
    return found


def _overlaps(note: Changed, rule: Rule, period: Period | None, as_of: datetime.date) -> bool:
    if period is None:
        return True
    to_on = as_of if note.area in _REACHING_FORWARD else note.to_on
    later = rule.counts_later or note.from_on <= period.ends_on
    return later and to_on >= period.starts_on


def run_night(day: datetime.date, *, report: Callable[[str], None] = lambda text: None) -> CheckRun:
    """Judge every rule for every period still open to correction, as the night of `day` does.

    One broken rule does not stop the others, nor do charges or cases that could not be made; the
    names stand in the run's row.
    """
    run, _created = CheckRun.objects.get_or_create(day=day, defaults={"started_at": timezone.now()})
    values, tally, faults = _settled_values(day), Tally(), []
    horizon = horizon_on(day, values)
    months, since = values.on(WINDOW_MONTHS, day), _charged_up_to(day)
    _attempt("应缴党费", faults, settle_all, day, months=months, since=since)
    _attempt("提请支委会研究的事项", faults, open_cases, today=day)
    for rule in RULES.values():
        report(rule.title)
        for period in horizon.periods(rule):
            try:
                tally += reconcile(rule, period, as_of=day, values=values)
                with transaction.atomic():
                    summaries.rebuild(rule, period, as_of=day)
            except Exception:
                logger.exception("rule %s failed for %s", rule.code, period)
                faults.append(f"{rule.title} {period_key(period)}".strip())
    _forget_before(horizon.begins_on, day)
    run.finished_at = timezone.now()
    run.judged, run.written, run.faults = tally.judged, tally.written, "、".join(faults)
    run.save(update_fields=["finished_at", "judged", "written", "faults"])
    return run


def _attempt(name: str, faults: list[str], act: Callable, *args, **options) -> None:
    """Do a part of the night; one that fails is logged, named among the faults and left behind."""
    try:
        act(*args, **options)
    except Exception:
        logger.exception("%s failed", name)
        faults.append(name)


def _settled_values(day: datetime.date) -> Values:
    """The county values, with the beginning of the records fixed by the first night that sees any:
    a late entry of an old meeting must not turn the whole county red."""
    values = Values()
    begins_on = horizon_on(day, values).begins_on
    if begins_on != values.on(BEGINS, day):
        Setting.objects.get_or_create(
            key=BEGINS.name,
            starts_on=begins_on,
            defaults={
                "value": begins_on.isoformat(),
                "reason": "首次核对时按最早的会议或应缴党费确定",
            },
        )
        values = Values()
    return values


def _forget_before(begins_on: datetime.date, day: datetime.date) -> None:
    """Drop what was judged for periods before the county's records begin; the running ones stay."""
    forgotten = Duty.objects.filter(starts_on__lt=begins_on, ends_on__lt=day)
    periods = list(forgotten.values_list("period", flat=True).distinct())
    if periods:
        forgotten.delete()
        DutySummary.objects.filter(period__in=periods).delete()


def _charged_up_to(day: datetime.date) -> datetime.date:
    """From which month on charges may be missing: that of the last night, or before the first
    night the last month that came in with a workbook."""
    last = CheckRun.objects.filter(day__lt=day, finished_at__isnull=False).first()
    if last:
        return last.day
    newest = Charge.objects.filter(month__lte=day).order_by("-month").first()
    return newest.month if newest else day


def catch_up(day: datetime.date) -> CheckRun | None:
    """Run the night of `day` unless it has finished; None when there was nothing to do.

    A night judges all periods of the window, so one run heals any number of missed nights.
    """
    if CheckRun.objects.filter(day__gte=day, finished_at__isnull=False).exists():
        return None
    return run_night(day)


def foresee(run: CheckRun | None) -> CheckRun | None:
    """What a night ends with: the forecast from its day on; one that fails is a fault of the run."""
    faults: list[str] = []
    if run is not None:
        _attempt("往后看的预报", faults, forecast.rebuild, run.day)
    if faults:
        run.faults = "、".join(filter(None, [run.faults, *faults]))
        run.save(update_fields=["faults"])
    return run


def refresh_everybody(as_of: datetime.date) -> int:
    """Judge what was touched, and foresee it again; returns the number of notes consumed."""
    touched = list(Changed.objects.values_list("organisation_id", flat=True).distinct())
    consumed = refresh(as_of=as_of)
    for start in range(0, len(touched), _AT_ONCE):
        some = Organisation.objects.filter(pk__in=touched[start : start + _AT_ONCE])
        forecast.rebuild(as_of, organisations=some)
    return consumed
