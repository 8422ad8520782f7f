"""What this room knows about members: charged months and what was paid for them."""

import datetime
from decimal import Decimal

from django.db.models import Max, Q

from branches.periods import month_end
from branches.values import Values
from dues.arrears import in_arrears, unpaid_of
from dues.models import Charge, Payment
from dues.standing import paid_for
from dues.values import ARREARS_MONTHS
from members import facts


def dues_of(
    members: list[int], start: datetime.date, end: datetime.date
) -> dict[int, list[facts.DuesMonth]]:
    paid = paid_for(start, end, members=members)
    months: dict[int, list[facts.DuesMonth]] = {}
    charges = Charge.objects.filter(member__in=members, month__gte=start, month__lte=end).order_by(
        "month"
    )
    for member_id, month, amount in charges.values_list("member_id", "month", "amount"):
        came = paid.get((member_id, month), Decimal("0.00"))
        months.setdefault(member_id, []).append(facts.DuesMonth(month, amount, came))
    return months


def last_paid_of(members: list[int], day: datetime.date) -> dict[int, datetime.date]:
    rows = (
        Payment.objects.filter(member__in=members)
        .unreversed()
        .values("member_id")
        .annotate(
            paid=Max("paid_on", filter=Q(paid_on__lte=day)),
            month=Max("month", filter=Q(paid_on=None, month__lte=day)),
        )
        .order_by()
        .values_list("member_id", "paid", "month")
    )
    last = {}
    for member_id, paid_on, month in rows:
        days = [paid_on, month and min(month_end(month), day)]
        if known := [one for one in days if one]:
            last[member_id] = max(known)
    return last


def long_unpaid(organisations, day: datetime.date) -> list[facts.Unpaid]:
    limit = Values().on(ARREARS_MONTHS, day)
    return [
        facts.Unpaid(
            one.member_id,
            one.name,
            one.organisation_id,
            one.months,
            one.amount,
            one.reached_on(limit),
        )
        for one in in_arrears(organisations, day, at_least=limit)
    ]


facts.register(facts.DUES, dues_of)
facts.register(facts.LAST_PAID, last_paid_of)
facts.register(facts.LONG_UNPAID, long_unpaid)
facts.register(facts.UNPAID, unpaid_of)
