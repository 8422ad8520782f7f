"""What will be due, before it is: days to come judged on today's facts.

A period that has not begun is judged as if nothing were entered until its end; a standing
condition is foreseen by the day on which today's facts will make it one.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.db import transaction

from branches.models import Organisation
from branches.periods import Period, period_of
from branches.values import Key, Values
from compliance.judging import Verdict, due_day, judge, period_key, question_for, standing_due
from compliance.models import STANDING, Exemption, Foreseen
from compliance.registry import RULES, Rule

AHEAD = Key(
    "compliance.forecast_days",
    "提前多少天预报",
    90,
    unit="天",
    minimum=30,
    maximum=180,
    help="“往后看”、日历订阅和提醒看这么远",
)
_DAY = datetime.timedelta(days=1)


class _Waived:
    """Between which days a rule is waived, by organisation; one query."""

    def __init__(self, rule: Rule):
        rows = Exemption.objects.standing().filter(rule=rule.code).order_by("starts_on")
        self._spans: dict[int, list[tuple[datetime.date, datetime.date]]] = defaultdict(list)
        for pk, starts_on, ends_on in rows.values_list("organisation_id", "starts_on", "ends_on"):
            self._spans[pk].append((starts_on, ends_on))

    def on(self, day: datetime.date) -> set[int]:
        return {pk for pk in self._spans if self.until(pk, day)}

    def until(self, pk: int, day: datetime.date) -> datetime.date | None:
        """The last day of the exemption in force on `day`; None without one."""
        spans = self._spans.get(pk, ())
        return next((last for first, last in spans if first <= day <= last), None)


def until(today: datetime.date, values: Values) -> datetime.date:
    """The last day that is foreseen."""
    return today + datetime.timedelta(days=values.on(AHEAD, today))


def rebuild(today: datetime.date, *, values: Values | None = None, organisations=None) -> int:
    """Make what is stored equal to what is foreseen; returns the number of rows that differed.

    `organisations` is a queryset; None is everybody. A rule at a time, each in its transaction.
    """
    values = values or Values()
    return sum(_rebuild(rule, today, values, organisations) for rule in RULES.values())


@transaction.atomic
def _rebuild(rule: Rule, today: datetime.date, values: Values, organisations) -> int:
    rows = Foreseen.objects.filter(rule=rule.code)
    if organisations is not None:
        rows = rows.filter(organisation__in=organisations)
    stored = {(row.organisation_id, row.period): row for row in rows.select_for_update()}
    wanted = dict(_foreseen(rule, today, values, organisations))
    moved = []
    for key, due_on in wanted.items():
        if key in stored and stored[key].due_on != due_on:
            stored[key].due_on = due_on
            moved.append(stored[key])
    new = [
        Foreseen(rule=rule.code, organisation_id=pk, period=period, due_on=due_on)
        for (pk, period), due_on in wanted.items()
        if (pk, period) not in stored
    ]
    gone = [row.pk for key, row in stored.items() if key not in wanted]
    for start in range(0, len(gone), 1000):
        Foreseen.objects.filter(pk__in=gone[start : start + 1000]).delete()
    Foreseen.objects.bulk_update(moved, ["due_on"], batch_size=500)
    # Another run may have written the same rows in between.
    Foreseen.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    return len(moved) + len(new) + len(gone)


def _foreseen(
    rule: Rule, today: datetime.date, values: Values, organisations
) -> Iterator[tuple[tuple[int, str], datetime.date]]:
    last, waived = until(today, values), _Waived(rule)
    if rule.is_standing:
        yield from _conditions(rule, today, last, values, organisations, waived)
        return
    owing: set[int] = set()
    for period in _periods(rule, today, last, values):
        as_of = period.ends_on if period.starts_on > today else today
        verdicts = judge(rule, question_for(rule, period, as_of, values, organisations))
        due_on = due_day(rule, period, values)
        unmet = {one.organisation_id for one in verdicts if one.actual < one.required}
        judged = {one.organisation_id for one in verdicts}
        if period.starts_on > today:
            # What nobody can be asked for before the period begins, who owes now will owe then.
            unmet |= _still_there(owing - judged, period)
        else:
            owing |= judged
        if due_on < today:
            # Late already, which is no forecast; the period still says who owes.
            continue
        # A period is waived when its last day is.
        for pk in unmet - waived.on(period.ends_on):
            yield (pk, period_key(period)), due_on


def _periods(
    rule: Rule, today: datetime.date, last: datetime.date, values: Values
) -> Iterator[Period]:
    """The running period, and those with a due day between today and the last day foreseen,
    oldest first."""
    period = period_of(rule.span, today)
    while due_day(rule, period.previous, values) >= today:
        period = period.previous
    while due_day(rule, period, values) <= last:
        yield period
        period = period.following


def _still_there(organisation_ids: set[int], period: Period) -> set[int]:
    """Those that will not have been dissolved by the end of the period."""
    ended = Organisation.objects.filter(dissolved_on__lte=period.ends_on)
    return organisation_ids - set(ended.values_list("pk", flat=True))


def _conditions(
    rule: Rule,
    today: datetime.date,
    last: datetime.date,
    values: Values,
    organisations,
    waived: _Waived,
) -> Iterator[tuple[tuple[int, str], datetime.date]]:
    """Offenders with days of grace left or waived for now, and those whom today's facts will make
    offenders."""

    def due(verdict: Verdict) -> datetime.date:
        """The last day on which it is not late; while it is waived it is not."""
        day = standing_due(rule, verdict.since or today)
        # As things are on the first day of being late, or today where that is over.
        while ends_on := waived.until(verdict.organisation_id, max(day + _DAY, today)):
            day = ends_on
        return day

    for as_of in (today, last):
        for verdict in judge(rule, question_for(rule, None, as_of, values, organisations)):
            if verdict.actual and (as_of == today or (verdict.since and verdict.since > today)):
                due_on = due(verdict)
                if today <= due_on <= last:
                    yield (verdict.organisation_id, STANDING), due_on
