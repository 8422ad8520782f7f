"""按单位汇总: how many tasks each organisation has, and what share of them is closed. Reads only."""

import datetime
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Q

from branches.models import Organisation
from tasks import listing
from tasks.models import OPEN_STATES, TaskState


@dataclass
class Sums:
    """Counts of tasks; cancelled ones are in none."""

    open: int = 0
    overdue: int = 0
    review: int = 0
    closed: int = 0

    @property
    def listed(self) -> int:
        return self.open + self.closed

    @property
    def rate(self) -> str:
        """销号率 in per cent with one decimal, rounded half up; "" where nothing is listed."""
        if not self.listed:
            return ""
        share = Decimal(self.closed * 100) / self.listed
        return f"{share.quantize(Decimal('0.1'), ROUND_HALF_UP)}%"

    def add(self, other: "Sums") -> None:
        for name in ("open", "overdue", "review", "closed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Line:
    """An organisation with its own tasks and all below it."""

    organisation: Organisation
    sums: Sums


def by_unit(
    found: listing.Listed, top: Organisation, today: datetime.date
) -> tuple[list[Line], Sums]:
    """Each organisation right below `top` with everything under it, worst first, and the sum.

    What is listed for `top` itself has a line of its own. Two queries whatever the size.
    """
    children = list(Organisation.objects.filter(parent=top).order_by("code"))
    lines = {unit.path: Line(unit, Sums()) for unit in (top, *children)}
    # A path begins with that of its superior, and every level is as long.
    level = max(map(len, lines))
    total = Sums()
    for path, sums in _tallies(found, today):
        line = lines.get(path[:level])
        if line is not None:
            line.sums.add(sums)
            total.add(sums)
    shown = [
        line for line in lines.values() if line.sums.listed or not line.organisation.dissolved_on
    ]
    if not lines[top.path].sums.listed:
        shown.remove(lines[top.path])
    shown.sort(key=lambda line: (-line.sums.overdue, -line.sums.open, line.organisation.code))
    return shown, total


def _tallies(found: listing.Listed, today: datetime.date):
    open_ = Q(state__in=OPEN_STATES)
    rows = (
        found.matching.exclude(state=TaskState.CANCELLED)
        .values("organisation__path")
        .annotate(
            still=Count("pk", filter=open_),
            late=Count("pk", filter=open_ & Q(due_on__lt=today)),
            review=Count("pk", filter=found.conditions["review"][1]),
            done=Count("pk", filter=Q(state=TaskState.CLOSED)),
        )
        .order_by()
    )
    for row in rows:
        yield row["organisation__path"], Sums(row["still"], row["late"], row["review"], row["done"])
