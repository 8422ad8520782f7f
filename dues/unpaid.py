"""Which months one member still owes a branch, and how much for each. Reads only."""

import datetime
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from django.db.models import Sum

from branches.models import Organisation
from branches.periods import add_months, months_between
from dues import standing
from dues.models import Charge, Payment
from dues.words import NOTHING
from members.models import Member

_FEN = Decimal("0.01")


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
    paid = {
        month: total.quantize(_FEN)
        for month, total in Payment.objects.filter(member=member, organisation=organisation)
        .values("month")
        .annotate(total=Sum("amount"))
        .order_by()
        .values_list("month", "total")
    }
    charged = Charge.objects.filter(
        member=member, organisation=organisation, month__lte=today, amount__gt=0
    ).order_by("month")
    months = _opening_months(member, organisation, today, paid)
    months += [
        Owed(charge.month, charge.amount, paid.get(charge.month, NOTHING)) for charge in charged
    ]
    return [one for one in months if one.short > 0]


def _opening_months(member, organisation, today, paid: dict) -> list[Owed]:
    """The arrears brought along, in equal parts over their months; the last takes the rest."""
    opening = standing.opening_of(member)
    if opening is None or opening.organisation_id != organisation.pk:
        return []
    end = add_months(standing.kept_since(today), -1)
    months = months_between(opening.since_month, end)
    if not months:
        return []
    part = (opening.amount / len(months)).quantize(_FEN, ROUND_DOWN)
    parts = [part] * (len(months) - 1) + [opening.amount - part * (len(months) - 1)]
    return [
        Owed(month, due, paid.get(month, NOTHING), opening=True)
        for month, due in zip(months, parts, strict=True)
    ]
