"""The night: every rule for every period still open to correction."""

import datetime
import logging
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from branches.models import Setting
from branches.values import Values
from compliance import forecast, summaries
from compliance.judging import BEGINS, WINDOW_MONTHS, horizon_on, period_key
from compliance.models import CheckRun, Duty, DutySummary
from compliance.registry import RULES
from compliance.services.reconciling import Tally, reconcile
from dues.models import Charge
from dues.services.charges import settle_all
from members.services.contacts import open_cases

logger = logging.getLogger(__name__)


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
