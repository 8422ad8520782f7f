"""What stands in the ledger: who was a member, what was approved, charged and paid. Reads only."""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Exists, F, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from branches.models import Organisation
from branches.money import MoneyField, SumOfMoney
from branches.periods import add_months
from branches.values import Values
from dues.enums import RequestKind, RequestState
from dues.models import ApprovedAmount, Charge, DuesRequest, OpeningBalance, Payment
from dues.values import BACK_MONTHS
from dues.words import NOTHING
from members.models import Member, Membership
from members.roster import roster


def balance(member: Member, organisation: Organisation, month: datetime.date) -> Decimal:
    """What the member has paid to that branch for that month: the sum of all entries."""
    entries = Payment.objects.filter(member=member, organisation=organisation, month=month)
    return entries.aggregate(total=SumOfMoney("amount"))["total"] or NOTHING


def approved_in(members: Iterable[int], month: datetime.date) -> dict[int, ApprovedAmount]:
    """The approved amount in force in that month, by member key: the newest that had begun."""
    amounts = ApprovedAmount.objects.filter(member__in=members, from_month__lte=month)
    return {amount.member_id: amount for amount in amounts.order_by("from_month")}


def memberships_in(start: datetime.date, end: datetime.date):
    """Memberships that stood at some time between the two days, in list order.

    Who left the Party is no member any more from that day on.
    """
    return (
        Membership.objects.formal()
        .filter(Q(starts_on__isnull=True) | Q(starts_on__lte=end))
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=start))
        .filter(Q(member__left_on__isnull=True) | Q(member__left_on__gt=start))
        .order_by("member_id", F("starts_on").asc(nulls_first=True), "pk")
    )


def kept_since(today: datetime.date) -> datetime.date:
    """The first month for which the county keeps dues here: that of the first charge."""
    first = Charge.objects.aggregate(first=Min("month"))["first"]
    return min(first or today, today).replace(day=1)


def members_of(branch: Organisation):
    """Who is or was a member of the branch or owed it dues; the month is checked at the entry."""
    return Member.objects.filter(
        Q(memberships__organisation=branch) | Q(charges__organisation=branch)
    ).distinct()


def allowed_back(member: Member, month: datetime.date) -> bool:
    """Whether the superior allowed the member to pay for that month although it is long past."""
    return not not_allowed_back(member, [month])


def not_allowed_back(member: Member, months: Iterable[datetime.date]) -> list[datetime.date]:
    """Those of the months for which the superior gave the member no leave to pay so late."""
    allowed = list(
        DuesRequest.objects.filter(
            member=member, kind=RequestKind.BACK_PAYMENT, state=RequestState.APPROVED
        ).values_list("from_month", "until_month")
    )
    return [month for month in months if not any(first <= month <= last for first, last in allowed)]


def paid_by(day: datetime.date, prefix: str = "") -> Q:
    """Payments made by `day`; those from a yearly sheet have no day and count for their month."""
    return Q(**{f"{prefix}paid_on__isnull": True}) | Q(**{f"{prefix}paid_on__lte": day})


def paid_for(
    first: datetime.date, last: datetime.date, *, members=None, until: datetime.date | None = None
) -> dict[tuple[int, datetime.date], Decimal]:
    """What was paid for each month from `first` to `last`, by member key and month.

    To whichever branch: a month is settled by what the member paid for it, also where he moved in
    the middle of it and paid a part at each. `members` are keys, rows or a query (None:
    everybody), `until` leaves out what was paid after that day.
    """
    entries = Payment.objects.filter(month__gte=first, month__lte=last)
    if members is not None:
        entries = entries.filter(member__in=members)
    if until is not None:
        entries = entries.filter(paid_by(until))
    rows = entries.values("member_id", "month").annotate(total=SumOfMoney("amount")).order_by()
    return {
        (member_id, month): total
        for member_id, month, total in rows.values_list("member_id", "month", "total")
    }


def with_paid(charges, *, until: datetime.date | None = None):
    """These charges with `paid`: what the member paid for the month, at whichever branch.

    In a query SQLite still compares binary fractions: see `rates.HALF_A_FEN`.
    """
    entries = Payment.objects.filter(member=OuterRef("member"), month=OuterRef("month"))
    if until is not None:
        entries = entries.filter(paid_by(until))
    total = entries.order_by().values("member").annotate(sum=SumOfMoney("amount")).values("sum")
    return charges.annotate(
        paid=Coalesce(
            Subquery(total),
            Value(NOTHING),
            output_field=MoneyField(max_digits=14, decimal_places=2),
        )
    )


def back_limit(today: datetime.date) -> datetime.date:
    """The oldest month that may be paid for without leave of the superior (一般不超过 6 个月)."""
    return add_months(today.replace(day=1), -Values().on(BACK_MONTHS, today))


def openings_of(members: Iterable[int]) -> dict[int, OpeningBalance]:
    """What stands owed from before the start month, by member key; one a member at most."""
    openings = OpeningBalance.objects.filter(member__in=members).unreversed()
    return {opening.member_id: opening for opening in openings}


def opening_of(member: Member) -> OpeningBalance | None:
    """The member's standing opening balance; its months may be paid for, whenever dues begin."""
    return openings_of([member.pk]).get(member.pk)


def opening_in(member: Member, month: datetime.date) -> OpeningBalance | None:
    """The member's standing opening balance where that month is one of its months."""
    opening = opening_of(member)
    return opening if opening and opening.covers(month) else None


def without_opening(branch: Organisation, day: datetime.date):
    """Members on the branch's roster of that day for whom no opening balance stands."""
    standing = OpeningBalance.objects.unreversed()
    return (
        Member.objects.filter(pk__in=roster([branch.pk], day).values("member_id"))
        .exclude(pk__in=standing.values("member_id"))
        .order_by("pk")
    )


def openings_owed(openings) -> dict[int, Decimal]:
    """What is still owed of these opening balances, by member key; paid-up ones are left out.

    All that was paid for one of its months counts against an opening balance.
    """
    owed = dict(openings.values_list("member_id", "amount"))
    if not owed:
        return {}
    its_months = openings.filter(
        member=OuterRef("member"),
        since_month__lte=OuterRef("month"),
        until_month__gte=OuterRef("month"),
    )
    came = (
        Payment.objects.filter(Exists(its_months), member__in=openings.values("member"))
        .values("member_id")
        .annotate(total=SumOfMoney("amount"))
        .order_by()
    )
    for member_id, total in came.values_list("member_id", "total"):
        owed[member_id] -= total
    return {member_id: amount for member_id, amount in owed.items() if amount > 0}


def charge_of(member: Member, organisation: Organisation, month: datetime.date) -> Charge | None:
    """What the member owes that branch for that month; None where nothing is charged."""
    return Charge.objects.filter(member=member, organisation=organisation, month=month).first()


def entries_of(member: Member, organisation: Organisation, month: datetime.date):
    """Every entry of one member's month at one branch, in the order of entry."""
    return (
        Payment.objects.filter(member=member, organisation=organisation, month=month)
        .select_related("entered_by", "remittance")
        .order_by("pk")
    )


def months_paid(member: Member, months: Iterable[datetime.date]) -> list[datetime.date]:
    """Which of these months the member has standing payments for, oldest first."""
    payments = Payment.objects.filter(member=member, month__in=months).unreversed()
    return list(payments.order_by("month").values_list("month", flat=True).distinct())
