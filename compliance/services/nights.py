"""The night: every rule for every period still open to correction, what is foreseen, reminders."""

import datetime
import logging
from collections.abc import Callable

from django.utils import timezone

from branches.models import Setting
from branches.values import Values
from compliance import forecast, reminders
from compliance.isolating import apart
from compliance.judging import BEGINS, WINDOW_MONTHS, Horizon, horizon_on, period_key
from compliance.models import CheckRun, Duty, DutySummary, RunPart
from compliance.registry import RULES, Rule
from compliance.services.parts import CASES, CHARGES, REMINDERS, Parts, blame, forecast_part
from compliance.services.reconciling import Tally, reconcile
from dues.models import Charge
from dues.services.charges import settle_all
from jobs.pulses import words_of
from members.services.contacts import open_cases

logger = logging.getLogger(__name__)

# After that a night that has not ended is begun again by the minute's job; at once by a new worker.
LONGEST_NIGHT = datetime.timedelta(hours=1)


def run_night(day: datetime.date, *, report: Callable[[str], None] = lambda text: None) -> CheckRun:
    """Judge every rule for every period still open to correction, as the night of `day` does.

    Each part is an attempt of its own: a broken rule does not stop the others, nor do charges or
    cases that could not be made, and a rule that is broken for one organisation judges the others.
    The names stand in the run's row, the reasons in those of its parts.
    """
    return _judged(day, report).finish()


def whole_night(day: datetime.date) -> CheckRun:
    """The night with what comes after judging: the forecast rule by rule, then the reminders.

    Only then the run counts as finished; one that is killed before is run again.
    """
    parts = _judged(day, lambda text: None)
    _foresee_and_remind(day, parts)
    return parts.finish()


def catch_up(day: datetime.date) -> CheckRun | None:
    """Do what the night of `day` does unless that is done; None when there was nothing to do.

    A night judges all periods of the window and tells what was missed, so one run heals any
    number of missed nights. Where somebody only had it judged, the rest is done.
    """
    run = CheckRun.objects.filter(day__gte=day, finished_at__isnull=False).first()
    if run is None:
        return whole_night(day)
    if run.parts.filter(part=REMINDERS).exists():
        return None
    parts = Parts(run)
    _foresee_and_remind(run.day, parts)
    return parts.finish()


def is_under_way(day: datetime.date, now: datetime.datetime) -> bool:
    """Whether somebody is at the night of `day`; one that began too long ago is taken for dead."""
    begun = CheckRun.objects.filter(day__gte=day, finished_at__isnull=True)
    return begun.filter(started_at__gt=now - LONGEST_NIGHT).exists()


def _judged(day: datetime.date, report: Callable[[str], None]) -> Parts:
    now = timezone.now()
    run, _created = CheckRun.objects.update_or_create(day=day, defaults={"started_at": now})
    parts, values = Parts(run), _settled_values(day)
    horizon = horizon_on(day, values)
    with parts.attempt(CHARGES) as part:
        months, since = values.on(WINDOW_MONTHS, day), _charged_up_to(day)
        part.written = settle_all(day, months=months, since=since)
    with parts.attempt(CASES) as part:
        part.written = open_cases(today=day)
    for rule in RULES.values():
        report(rule.title)
        with parts.attempt(rule.code) as part:
            _judge_rule(rule, horizon, part)
    _forget_before(horizon.begins_on, day)
    return parts


def _judge_rule(rule: Rule, horizon: Horizon, part: RunPart) -> None:
    """Every period of the rule; one that fails, whole or for some organisations, is blamed."""
    suspects: set[int] = set()
    for period in horizon.periods(rule):
        what = f"{rule.title} {period_key(period)}".strip()

        def act(organisations, period=period) -> Tally:
            return reconcile(
                rule,
                period,
                as_of=horizon.as_of,
                values=horizon.values,
                organisations=organisations,
            )

        try:
            outcome = apart(act, suspects=suspects)
            tally = sum(outcome.results, Tally())
            part.judged += tally.judged
            part.written += tally.written
        except Exception as fault:
            logger.exception("rule %s failed for %s", rule.code, period)
            blame(part, what, words_of(fault))
            continue
        if outcome.broken:
            suspects |= outcome.broken.keys()
            blame(part, what, outcome.words())


def _foresee_and_remind(day: datetime.date, parts: Parts) -> None:
    values = Values()
    for rule in RULES.values():
        with parts.attempt(forecast_part(rule.code)) as part:
            outcome = apart(lambda some, rule=rule: forecast.rebuild_rule(rule, day, values, some))
            part.written = sum(outcome.results)
            if outcome.broken:
                blame(part, f"{rule.title}的预报", outcome.words())
    with parts.attempt(REMINDERS) as part:
        reminded = reminders.remind(day)
        part.judged, part.written = reminded.judged, reminded.notices


def _settled_values(day: datetime.date) -> Values:
    """The county values, with the beginning of the records fixed by the first night that sees any:
    a late entry of an old meeting must not turn the whole county red."""
    values = Values()
    begins_on = horizon_on(day, values).begins_on
    if begins_on != values.on(BEGINS, day):
        Setting.objects.get_or_create(
            key=BEGINS.name,
            scope="",
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
