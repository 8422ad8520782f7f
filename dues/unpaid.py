"""Which months one member still owes a branch, and how much for each. Reads only."""

import datetime
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

from branches.models import Organisation
from branches.money import FEN
from branches.periods import months_between
from dues import standing
from dues.models import Charge
from dues.words import NOTHING
from members.models import Member


@dataclass(frozen=True)
class Owed:
    """A month that is not paid in full, in yuan; `opening`: from before the county's start."""

    month: datetime.date
    due: Decimal
    paid: Decimal
    opening: bool = False

    @property
    def short(self) -> Decimal:
        return self.due - self.paid


def owed_months(member: Member, organisation: Organisation, today: datetime.date) -> list[Owed]:
    """Months up to the running one that the member has not paid in full, oldest first."""
    came = standing.paid_for(datetime.date.min, datetime.date.max, members=[member.pk])
    paid = {month: total for (_member, month), total in came.items()}
    charged = Charge.objects.filter(
        member=member, organisation=organisation, month__lte=today, amount__gt=0
    ).order_by("month")
    months = _opening_months(member, organisation, paid)
    months += [
        Owed(charge.month, charge.amount, paid.get(charge.month, NOTHING)) for charge in charged
    ]
    return [one for one in months if one.short > 0]


def _opening_months(member, organisation, paid: dict) -> list[Owed]:
    """The arrears brought along, in equal parts over their months; the last takes the rest.

    It is one sum: what was paid too much for one of its months is owed no more for the next.
    """
    opening = standing.opening_of(member)
    if opening is None or opening.organisation_id != organisation.pk:
        return []
    months = months_between(opening.since_month, opening.until_month)
    part = (opening.amount / len(months)).quantize(FEN, ROUND_DOWN)
    parts = [part] * (len(months) - 1) + [opening.amount - part * (len(months) - 1)]
    owed = [
        Owed(month, due, paid.get(month, NOTHING), opening=True)
        for month, due in zip(months, parts, strict=True)
    ]
    surplus = sum((-one.short for one in owed if one.short < 0), NOTHING)
    rest = []
    for one in owed:
        if one.short > 0:
            counted = min(surplus, one.short)
            surplus -= counted
            rest.append(replace(one, due=one.due - counted))
    return rest
