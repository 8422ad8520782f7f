"""What stands about approved amounts of a year: who needs one, who has one, what the rates give.

Reads only. The amount shown of a member is the newest that begins by the end of the year: one of
the year itself (已核定), or an earlier one that is still charged (沿用去年).
"""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Count, Exists, F, Max, OuterRef, Q

from branches.models import Organisation
from branches.periods import add_months, month_end
from branches.values import Values
from dues.enums import GONE_UP
from dues.models import ApprovedAmount, Remittance
from dues.rates import Computed, computed, rate_on
from dues.values import APPROVE_MONTH, CEILING, ROUNDING
from members.models import Member, Membership
from members.roster import roster


def year_start(year: int) -> datetime.date:
    return datetime.date(year, 1, 1)


def year_end(year: int) -> datetime.date:
    return datetime.date(year, 12, 31)


def due_on(year: int, values: Values) -> datetime.date:
    """The last day for approving a year's amounts: the end of the county's month.

    A change of that value made by 31 January still counts for the year.
    """
    january = datetime.date(year, 1, 31)
    return month_end(january.replace(day=1, month=values.on(APPROVE_MONTH, january)))


def counted_on(year: int, today: datetime.date) -> datetime.date:
    """The day whose roster needs amounts of that year: today, or the end of a past year."""
    return min(year_end(year), today)


def members_to_approve(branch: Organisation, year: int, today: datetime.date) -> list[Member]:
    """Members by formal relation, in the order of the ledger."""
    memberships = roster([branch.pk], counted_on(year, today)).select_related("member")
    return [membership.member for membership in memberships.order_by("member_id")]


def shown_amounts(members: Iterable[int], year: int) -> dict[int, ApprovedAmount]:
    """By member: the newest amount that begins by the end of the year."""
    amounts = ApprovedAmount.objects.filter(member__in=members, from_month__lte=year_end(year))
    ordered = amounts.select_related("approved_by").order_by("from_month")
    return {amount.member_id: amount for amount in ordered}


def is_of(amount: ApprovedAmount | None, year: int) -> bool:
    """Whether the amount was approved for that year, and not carried over from an earlier one."""
    return amount is not None and amount.from_month.year == year


def first_months(
    branch: Organisation, members: Iterable[Member], year: int
) -> dict[int, datetime.date]:
    """By member: the first month of the year he can owe to this branch.

    January; for who was accepted or came to the branch later, that month (2008 Art. 8: dues are
    paid from the day of the branch meeting). What he owed elsewhere before is not for this branch
    to approve.
    """
    members = list(members)
    came: dict[int, datetime.date] = {}
    for member_id, starts_on in (
        Membership.objects.formal()
        .filter(organisation=branch, member__in=[member.pk for member in members])
        .filter(Q(starts_on__isnull=True) | Q(starts_on__lte=year_end(year)))
        .values_list("member_id", "starts_on")
    ):
        # Who came back owes the branch from his return.
        starts_on = starts_on or datetime.date.min
        came[member_id] = max(starts_on, came.get(member_id, starts_on))
    return {
        member.pk: max(
            year_start(year),
            (member.joined_on or datetime.date.min).replace(day=1),
            came.get(member.pk, datetime.date.min).replace(day=1),
        )
        for member in members
    }


def by_rates(
    category: str, base: Decimal | None, *, month: datetime.date, on: datetime.date, values: Values
) -> Computed | None:
    """What the rates of the month give; rounding and ceiling are the county's on `on`."""
    return computed(
        category,
        base,
        on=month,
        step=values.on(ROUNDING, on),
        ceiling=values.on(CEILING, on),
    )


def lowest(
    category: str, base: Decimal | None, *, month: datetime.date, on: datetime.date, values: Values
) -> Decimal | None:
    """The least a branch may approve by itself; what is below is a reduction.

    What the rates give, no more than the county's ceiling (above it dues are voluntary), and for
    farmers the lower end of their range. None where the base is missing.
    """
    rate = rate_on(category, month)
    if rate and rate.is_range:
        return rate.lowest
    found = by_rates(category, base, month=month, on=on, values=values)
    return found and min(found.amount, values.on(CEILING, on))


def open_since(branch: Organisation) -> datetime.date | None:
    """The first month after the last quarter of the branch that has gone up; None: none has."""
    gone = Remittance.objects.filter(organisation=branch, state__in=GONE_UP)
    last = gone.aggregate(last=Max("quarter"))["last"]
    return last and add_months(last, 3)


def version(amount: ApprovedAmount | None) -> str:
    """What a writer saw of a member; another text when somebody else has approved since."""
    if amount is None:
        return ""
    base = "" if amount.base is None else f"{amount.base:.2f}"
    facts = (amount.pk, amount.from_month, amount.category, base, f"{amount.amount:.2f}")
    return "|".join(map(str, (*facts, amount.reason, amount.approved_on)))


def approved_counts(branches, year: int, today: datetime.date) -> dict[int, tuple[int, int]]:
    """Members of each branch and how many of them have an amount of the year."""
    of_year = ApprovedAmount.objects.filter(
        member=OuterRef("member"), from_month__range=(year_start(year), year_end(year))
    )
    rows = (
        roster(branches, counted_on(year, today))
        .order_by()
        .values("organisation_id")
        .annotate(members=Count("pk"), approved=Count("pk", filter=Q(Exists(of_year))))
        .values_list("organisation_id", "members", "approved")
    )
    return {pk: (members, approved) for pk, members, approved in rows}


def history(member: Member) -> list[ApprovedAmount]:
    """All amounts of a member, newest first."""
    return list(
        member.approved_amounts.select_related("approved_by", "organisation").order_by(
            F("from_month").desc()
        )
    )
