"""What will be due, before it is: days to come judged on today's facts.

A period that has not begun is judged as if nothing were entered until its end; a standing
condition is foreseen by the day on which today's facts will make it one, or one more.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from django.db import transaction

from branches.bulk import batched
from branches.deadlines import BEGINS
from branches.models import Organisation, OrganisationQuerySet
from branches.periods import Period, period_of
from branches.values import Key, Values
from compliance.judging import Verdict, judge, period_key, question_for, standing_due
from compliance.models import STANDING, Duty, Exemption, Foreseen
from compliance.registry import RULES, Rule
from compliance.scopes import asked, variants

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
    return sum(rebuild_rule(rule, today, values, organisations) for rule in RULES.values())


@transaction.atomic
def rebuild_rule(rule: Rule, today: datetime.date, values: Values, organisations=None) -> int:
    """The same for one rule."""
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
    for keys in batched(gone):
        Foreseen.objects.filter(pk__in=keys).delete()
    Foreseen.objects.bulk_update(moved, ["due_on"], batch_size=500)
    # Another run may have written the same rows in between.
    Foreseen.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    return len(moved) + len(new) + len(gone)


def _foreseen(
    rule: Rule, today: datetime.date, values: Values, organisations
) -> Iterator[tuple[tuple[int, str], datetime.date]]:
    last = until(today, values)
    if rule.is_standing:
        conditions = _Conditions(rule, today, last, values, organisations)
        for pk, due_on in conditions.foreseen().items():
            yield (pk, STANDING), due_on
        return
    waived, begins_on = _Waived(rule), values.on(BEGINS, today)
    owing: set[int] = set()
    for period in _periods(rule, today, last, values):
        if period.starts_on < begins_on and period.ends_on < today:
            # What is over and began before the records do is judged no more.
            continue
        as_of = period.ends_on if period.starts_on > today else today
        verdicts = judge(rule, question_for(rule, period, as_of, values, organisations))
        unmet = {one.organisation_id: one.due_on for one in verdicts if one.actual < one.required}
        judged = {one.organisation_id for one in verdicts}
        if period.starts_on > today:
            # What nobody can be asked for before the period begins, who owes now will owe then.
            unmet |= asked(rule, period, values, _still_there(owing - judged, period))
        else:
            owing |= judged
        # A period is waived when its last day is. What is late already is no forecast.
        exempt = waived.on(period.ends_on)
        for pk, due_on in unmet.items():
            if pk not in exempt and max(today, begins_on) <= due_on <= last:
                yield (pk, period_key(period)), due_on


def _periods(
    rule: Rule, today: datetime.date, last: datetime.date, values: Values
) -> Iterator[Period]:
    """The running period, and those with a due day between today and the last day foreseen,
    for the county or within a scope, oldest first."""
    ways = variants(rule, values)
    period = period_of(rule.span, today)
    while max(rule.due_on(period.previous, one) for one in ways) >= today:
        period = period.previous
    while min(rule.due_on(period, one) for one in ways) <= last:
        yield period
        period = period.following


def _still_there(organisation_ids: set[int], period: Period) -> set[int]:
    """Those that will not have been dissolved by the end of the period."""
    if not organisation_ids:
        return organisation_ids
    ended = Organisation.objects.filter(dissolved_on__lte=period.ends_on)
    return organisation_ids - set(ended.values_list("pk", flat=True))


class _Conditions:
    """The standing conditions of one rule: offenders with days of grace left or waived for now,
    those whom today's facts will make offenders, and of those late already the next offence."""

    def __init__(
        self, rule: Rule, today: datetime.date, last: datetime.date, values: Values, organisations
    ):
        self._rule, self._today, self._last, self._values = rule, today, last, values
        self._some = Organisation.objects.all() if organisations is None else organisations
        self._waived = _Waived(rule)
        self._now = self._judged(today, organisations)

    def foreseen(self) -> dict[int, datetime.date]:
        """Organisations with the last day on which it is not late, as far as that is to come."""
        seen, found, late = self._first_seen(), {}, {}
        for pk, verdict in self._now.items():
            if verdict.actual:
                since = verdict.since or seen.get(pk, self._today)
                due_on = self._due(pk, standing_due(self._rule, since))
                if due_on >= self._today:
                    found[pk] = due_on
                else:
                    late[pk] = verdict.actual
        found |= self._begun_lately(late)
        for ends_on, organisations in self._spans():
            found |= self._arising(ends_on, organisations, set(found))
        return {pk: due_on for pk, due_on in found.items() if due_on <= self._last}

    def _judged(self, as_of: datetime.date, organisations) -> dict[int, Verdict]:
        question = question_for(self._rule, None, as_of, self._values, organisations)
        if as_of > self._today:
            question = replace(question, foreseen_on=self._today)
        return {verdict.organisation_id: verdict for verdict in judge(self._rule, question)}

    def _first_seen(self) -> dict[int, datetime.date]:
        """Since when conditions stand whose facts give no first day: since a night saw them."""
        if all(verdict.since or not verdict.actual for verdict in self._now.values()):
            return {}
        stored = Duty.objects.filter(rule=self._rule.code, period=STANDING)
        return dict(
            stored.filter(organisation__in=self._some, open_since__isnull=False).values_list(
                "organisation_id", "open_since"
            )
        )

    def _due(self, pk: int, due_on: datetime.date) -> datetime.date:
        """The last day on which it is not late; while it is waived it is not."""
        # As things are on the first day of being late, or today where that is over.
        while ends_on := self._waived.until(pk, max(due_on + _DAY, self._today)):
            due_on = ends_on
        return due_on

    def _begun_lately(self, late: dict[int, int]) -> dict[int, datetime.date]:
        """Of those late with one offence, another that has days of grace left."""
        if not late or not self._rule.grace_days:
            return {}
        # What stood then has used up its grace by today.
        then = self._today - datetime.timedelta(days=self._rule.grace_days)
        earlier = self._judged(then, Organisation.objects.filter(pk__in=late))
        before = {pk: earlier[pk].actual if pk in earlier else 0 for pk in late}
        newer = {pk: count for pk, count in before.items() if count < late[pk]}
        return {
            pk: self._due(pk, standing_due(self._rule, day))
            for pk, day in self._first_days(newer, then, self._today).items()
        }

    def _spans(self) -> list[tuple[datetime.date, OrganisationQuerySet]]:
        """Up to which day to look, and for whom: those that end before, up to their last day."""
        # What is due on the last day foreseen is an offence from the next.
        last = self._last + _DAY
        ending = self._some.filter(dissolved_on__gt=self._today + _DAY, dissolved_on__lte=last)
        days = sorted(set(ending.order_by().values_list("dissolved_on", flat=True)))
        return [
            (last, self._some),
            *((day - _DAY, self._some.filter(dissolved_on=day)) for day in days),
        ]

    def _arising(
        self, ends_on: datetime.date, organisations: OrganisationQuerySet, settled: set[int]
    ) -> dict[int, datetime.date]:
        """Offences that begin after today, up to that day."""
        growing, before, found = {}, {}, {}
        for pk, verdict in self._judged(ends_on, organisations).items():
            count = self._now[pk].actual if pk in self._now else 0
            if pk in settled or verdict.actual <= count:
                continue
            if not count and verdict.since and verdict.since > self._today:
                found[pk] = standing_due(self._rule, verdict.since)
            else:
                growing[pk], before[pk] = verdict, count
        for pk, day in self._first_days(before, self._today, ends_on).items():
            found[pk] = standing_due(self._rule, day)
            if not before[pk] and (since := growing[pk].since):
                # It counts from an earlier day than that on which it begins to be an offence.
                found[pk] = max(standing_due(self._rule, since), day - _DAY)
        due = {pk: self._due(pk, due_on) for pk, due_on in found.items()}
        return {pk: due_on for pk, due_on in due.items() if due_on <= ends_on}

    def _first_days(
        self, before: dict[int, int], low: datetime.date, high: datetime.date
    ) -> dict[int, datetime.date]:
        """The first day after `low` on which each has more offences than `before`; all have on
        `high`. Found by halving the days, everybody together as long as they agree."""
        found: dict[int, datetime.date] = {}
        waiting = [(set(before), low, high)] if before else []
        while waiting:
            keys, low, high = waiting.pop()
            if (high - low).days <= 1:
                found |= dict.fromkeys(keys, high)
                continue
            middle = low + (high - low) // 2
            judged = self._judged(middle, Organisation.objects.filter(pk__in=keys))
            by_then = {pk for pk in keys if pk in judged and judged[pk].actual > before[pk]}
            halves = ((by_then, low, middle), (keys - by_then, middle, high))
            waiting += [half for half in halves if half[0]]
        return found
