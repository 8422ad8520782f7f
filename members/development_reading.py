"""Ways read from the database: many at once, with what is due next for each."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from branches.values import Values
from members.development import Due, Taken, Way, dues
from members.enums import MemberKind
from members.models import Development, DevelopmentStep, Member
from members.values import RULES_2026_FROM

# Amber this long before a last day; red the day after it.
SOON_DAYS = 7


def revision_starts(day: datetime.date, values: Values | None = None) -> datetime.date:
    """The day from which the county applies the revision of 2026."""
    return (values or Values()).on(RULES_2026_FROM, day)


def ways_of(developments, up_to: datetime.date | None = None) -> dict[int, Way]:
    """The way of every one of these, in one query; `up_to` leaves later steps out."""
    steps = DevelopmentStep.objects.filter(development__in=developments)
    if up_to:
        steps = steps.filter(on__lte=up_to)
    taken = defaultdict(list)
    for row in steps.values_list("development_id", "step", "on", "until_on", "hours"):
        taken[row[0]].append(Taken._make(row[1:]))
    return {key: Way(steps) for key, steps in taken.items()}


@dataclass(frozen=True)
class Standing:
    """Where one person stands: what is due next, soonest first, with alarms and without."""

    pk: int
    stage: str
    dues: tuple[Due, ...]

    @property
    def next(self) -> Due | None:
        """What is due next: what alarms before what is local practice."""
        return next((due for due in self.dues if due.alarms), next(iter(self.dues), None))

    def days_left(self, today: datetime.date) -> int | None:
        """Days to the last day of what alarms next; negative when it has passed."""
        due = next((due for due in self.dues if due.alarms), None)
        return (due.due_on - today).days if due else None

    def is_late(self, today: datetime.date) -> bool:
        left = self.days_left(today)
        return left is not None and left < 0

    def is_soon(self, today: datetime.date) -> bool:
        left = self.days_left(today)
        return left is not None and 0 <= left <= SOON_DAYS


def standings(developments, today: datetime.date) -> list[Standing]:
    """How all of these stand, worst first: longest late, then soonest due, then the rest."""
    from_2026 = revision_starts(today)
    ways = ways_of(developments)
    nothing = Way(())
    found = [
        Standing(pk, stage, tuple(dues(ways.get(pk, nothing), from_2026)))
        for pk, stage in developments.order_by("pk").values_list("pk", "stage")
    ]
    return sorted(found, key=lambda one: _rank(one, today))


def _rank(one: Standing, today: datetime.date) -> tuple:
    left = one.days_left(today)
    return (left is None, left or 0, one.pk)


def open_ways() -> Iterable[Development]:
    """Those on whom something is still to be done: not ended, and not left with the roster."""
    return Development.objects.running().filter(member__left_on__isnull=True)


def without_way(members) -> Iterable[Member]:
    """Probationary members on the roster with no way on record."""
    return members.filter(
        kind=MemberKind.PROBATIONARY, left_on__isnull=True, development__isnull=True
    )
