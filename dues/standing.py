"""What stands in the ledger: who was a member, what was approved, charged and paid. Reads only."""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from django.db.models import F, Min, Q, Sum

from branches.models import Organisation
from branches.periods import add_months
from branches.values import Values
from dues.enums import RequestKind, RequestState
from dues.models import ApprovedAmount, Charge, DuesRequest, OpeningBalance, Payment
from dues.values import BACK_MONTHS
from dues.words import NOTHING, fen
from members.models import Member, Membership
from members.roster import roster


def balance(member: Member, organisation: Organisation, month: datetime.date) -> Decimal:
    """What the member has paid to that branch for that month: the sum of all entries."""
    entries = Payment.objects.filter(member=member, organisation=organisation, month=month)
    return entries.aggregate(total=Sum("amount"))["total"] or NOTHING


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


def relief_in(members: Iterable[int], month: datetime.date) -> dict[int, DuesRequest]:
    """The approved reduction or exemption that covers the month, by member key."""
    covering = DuesRequest.objects.filter(
        member__in=members,
        kind__in=(RequestKind.REDUCTION, RequestKind.EXEMPTION),
        state=RequestState.APPROVED,
        from_month__lte=month,
        until_month__gte=month,
    )
    return {request.member_id: request for request in covering.order_by("pk")}


def allowed_back(member: Member, month: datetime.date) -> bool:
    """Whether the superior allowed the member to pay for that month although it is long past."""
    return DuesRequest.objects.filter(
        member=member,
        kind=RequestKind.BACK_PAYMENT,
        state=RequestState.APPROVED,
        from_month__lte=month,
        until_month__gte=month,
    ).exists()


def paid_by(day: datetime.date, prefix: str = "") -> Q:
    """Payments made by `day`; those from a yearly sheet have no day and count for their month."""
    return Q(**{f"{prefix}paid_on__isnull": True}) | Q(**{f"{prefix}paid_on__lte": day})


def back_limit(today: datetime.date) -> datetime.date:
    """The oldest month that may be paid for without leave of the superior (一般不超过 6 个月)."""
    return add_months(today.replace(day=1), -Values().on(BACK_MONTHS, today))


def openings_of(members: Iterable[int]) -> dict[int, OpeningBalance]:
    """What stands owed from before the start month, by member key; one a member at most."""
    openings = OpeningBalance.objects.filter(
        member__in=members, reverses__isnull=True, reversed_by__isnull=True
    )
    return {opening.member_id: opening for opening in openings}


def opening_of(member: Member) -> OpeningBalance | None:
    """The member's standing opening balance; its months may be paid for, before the start too."""
    return openings_of([member.pk]).get(member.pk)


def without_opening(branch: Organisation, day: datetime.date):
    """Members on the branch's roster of that day for whom no opening balance stands."""
    standing = OpeningBalance.objects.filter(reverses__isnull=True, reversed_by__isnull=True)
    return (
        Member.objects.filter(pk__in=roster([branch.pk], day).values("member_id"))
        .exclude(pk__in=standing.values("member_id"))
        .order_by("pk")
    )


def balances_of(members: Iterable[int]) -> dict[int, Decimal]:
    """What each member owes in all: openings + charges − payments, below nothing for too much.

    Every entry counts, those that were reversed and their reversals too. Three queries.
    """
    members = list(members)
    balances = dict.fromkeys(members, NOTHING)
    for model, sign in ((OpeningBalance, 1), (Charge, 1), (Payment, -1)):
        for member_id, total in (
            model.objects.filter(member__in=members)
            .values("member_id")
            .annotate(total=Sum("amount"))
            .order_by()
            .values_list("member_id", "total")
        ):
            balances[member_id] += sign * fen(total)
    return balances


def balance_of(member: Member) -> Decimal:
    """What the member owes in all; below nothing for too much."""
    return balances_of([member.pk])[member.pk]


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
