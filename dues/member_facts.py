"""What this room knows about members: charged months and what was paid for them."""

import datetime
from decimal import Decimal

from django.db.models import Sum

from dues.models import Charge, Payment
from members import facts


def dues_of(
    members: list[int], start: datetime.date, end: datetime.date
) -> dict[int, list[facts.DuesMonth]]:
    span = {"member__in": members, "month__gte": start, "month__lte": end}
    paid = {
        (member_id, month): total
        for member_id, month, total in Payment.objects.filter(**span)
        .values("member_id", "month")
        .annotate(total=Sum("amount"))
        .order_by()
        .values_list("member_id", "month", "total")
    }
    months: dict[int, list[facts.DuesMonth]] = {}
    for charge in Charge.objects.filter(**span).order_by("month"):
        came = paid.get((charge.member_id, charge.month), Decimal("0.00"))
        months.setdefault(charge.member_id, []).append(
            facts.DuesMonth(charge.month, charge.amount, came)
        )
    return months


facts.register(facts.DUES, dues_of)
