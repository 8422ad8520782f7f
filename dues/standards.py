"""What stands about approved amounts of a year: who needs one, who has one, what the rates give.

Reads only. The amount shown of a member is the newest that begins by the end of the year: one of
the year itself (已核定), or an earlier one that is still charged (沿用去年).
"""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Q

from branches.models import Organisation
from branches.values import Values
from dues.models import ApprovedAmount
from dues.rates import Computed, computed
from dues.values import CEILING, ROUNDING
from members.models import Member, Membership
from members.roster import roster


def year_start(year: int) -> datetime.date:
    return datetime.date(year, 1, 1)


def year_end(year: int) -> datetime.date:
    return datetime.date(year, 12, 31)


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


def first_months(members: Iterable[Member], year: int) -> dict[int, datetime.date]:
    """By member: the first month of the year he can owe.

    January; for who was accepted or came to the county later, that month (2008 Art. 8: dues are
    paid from the day of the branch meeting).
    """
    members = list(members)
    came: dict[int, datetime.date] = {}
    for member_id, starts_on in (
        Membership.objects.formal()
        .filter(member__in=[member.pk for member in members])
        .values_list("member_id", "starts_on")
    ):
        starts_on = starts_on or datetime.date.min
        came[member_id] = min(starts_on, came.get(member_id, starts_on))
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
