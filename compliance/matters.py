"""What there is to remind of on a day: duties foreseen, and duties that are late."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, Q

from compliance.models import STANDING, Duty, DutyState, Exemption, Foreseen
from compliance.registry import RULES

# What is late and told: red, or done by who owes it and not answered by the superior.
LATE = Q(state=DutyState.OVERDUE) | Q(state=DutyState.OPEN, waiting=True)
# So long after its due day advice is still told of that day, where it was not: the longest
# holidays and a pause of the worker lie within.
MADE_UP = datetime.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Matter:
    """One duty to remind of. `for_superior` says that the superior has to act, `waiting` that it
    is because the organisation has done its part, `advice` that it was due and is not chased."""

    organisation_id: int
    rule: str
    period: str
    due_on: datetime.date
    for_superior: bool
    waiting: bool
    advice: bool = False

    @property
    def occasion(self) -> str:
        """What is told once: the period, or the due day of a standing condition."""
        return self.period or self.due_on.isoformat()

    @property
    def key(self) -> tuple[int, str, str]:
        return self.organisation_id, self.rule, self.occasion


def matters_on(day: datetime.date, until: datetime.date, organisations=None) -> list[Matter]:
    """What is due from `day` to `until`, and what is late; in a fixed number of queries.

    Advice is told of until it is due and never late; what is waived is neither.
    """
    found: dict[tuple[int, str, str], Matter] = {}
    for matter in (*_late(day, organisations), *_foreseen(day, until, organisations)):
        found.setdefault(matter.key, matter)
    return list(found.values())


def _foreseen(day: datetime.date, until: datetime.date, organisations) -> Iterator[Matter]:
    """What will be due. A waived standing condition is foreseen for the end of the exemption; a
    period that is done or waived is left out even where it is still foreseen."""
    settled = Duty.objects.filter(
        state__in=(DutyState.DONE, DutyState.EXEMPT),
        organisation=OuterRef("organisation"),
        rule=OuterRef("rule"),
        period=OuterRef("period"),
    )
    rows = _of(Foreseen.objects, organisations).filter(due_on__range=(day, until))
    rows = rows.exclude(~Q(period=STANDING) & Exists(settled)).order_by("due_on", "pk")
    waiting = set(
        _of(Duty.objects, organisations)
        .filter(state=DutyState.OPEN, waiting=True)
        .values_list("organisation_id", "rule", "period")
    )
    for pk, rule, period, due_on in rows.values_list("organisation_id", "rule", "period", "due_on"):
        waits = (pk, rule, period) in waiting
        yield Matter(pk, rule, period, due_on, waits or RULES[rule].by_superior, waits)


def _late(day: datetime.date, organisations) -> Iterator[Matter]:
    """What is past its due day, advice only just. A standing condition that was waived since is
    late from the end of its exemption, of which it was told while that ran."""
    advice = Q(state=DutyState.BEHIND, due_on__gte=day - MADE_UP)
    rows = _of(Duty.objects, organisations).filter(LATE | advice, due_on__lt=day)
    waived = {
        (pk, rule): ends_on
        for pk, rule, ends_on in Exemption.objects.standing()
        .filter(ends_on__lt=day)
        .values_list("organisation_id", "rule")
        .annotate(last=Max("ends_on"))
    }
    for pk, rule, period, due_on, waits, state in rows.order_by("due_on", "pk").values_list(
        "organisation_id", "rule", "period", "due_on", "waiting", "state"
    ):
        if RULES[rule].is_standing:
            due_on = max(due_on, waived.get((pk, rule), due_on))
        superior = waits or RULES[rule].by_superior
        yield Matter(pk, rule, period, due_on, superior, waits, state == DutyState.BEHIND)


def _of(rows, organisations):
    """Rows of known rules, of these organisations (None: all) as far as they still exist."""
    rows = rows.filter(rule__in=list(RULES))
    return rows if organisations is None else rows.filter(organisation__in=organisations)
