"""What the tests of the charges share: months, who comes and goes, and what stands afterwards."""

import datetime
from decimal import Decimal

from dues.enums import RequestState
from dues.models import Charge, ChargeChange, DuesRequest
from dues.services import charges
from members.models import Membership
from tests import factories


def month(number, year=2026):
    return datetime.date(year, number, 1)


JANUARY, FEBRUARY, MARCH, APRIL, MAY, JUNE = (month(number) for number in range(1, 7))
TODAY = datetime.date(2026, 6, 18)


def begun_branch():
    """A branch of a county that keeps its dues here since January 2026."""
    branch = factories.make_branch()
    colleague = factories.make_member(branch, "余海波")
    factories.make_charge(colleague, JANUARY, "1.00")
    return branch


def night(today, *, months=12, since=None):
    """What the night does about charges; how many differed."""
    return charges.settle_all(today, months=months, since=since)


def settle(member, from_month=JANUARY, today=TODAY, reason="核定标准"):
    return charges.settle([member.pk], from_month, today=today, reason=reason)


def owed(member):
    """Month, branch and sum of every charge of a member."""
    return [
        (charge.month, charge.organisation, charge.amount)
        for charge in Charge.objects.filter(member=member).order_by("month")
    ]


def sums(member):
    """What a member owes, by number of the month."""
    return {charge.month.month: str(charge.amount) for charge in member.charges.order_by("month")}


def everything():
    """All that stands: charges by member and month, their changes."""
    return (
        list(
            Charge.objects.order_by("member", "month").values_list(
                "member", "month", "organisation", "amount"
            )
        ),
        list(ChargeChange.objects.order_by("pk").values_list("charge", "difference", "reason")),
    )


def move(member, target, on):
    """The formal relation goes to another branch on that day."""
    member.memberships.filter(ends_on=None).update(ends_on=on - datetime.timedelta(days=1))
    Membership.objects.create(member=member, organisation=target, starts_on=on)
    member.organisation = target
    member.save()


def leave(member, on, reason="去世"):
    member.memberships.filter(ends_on=None).update(ends_on=on)
    member.left_on, member.left_reason = on, reason
    member.save()


def allow(member, kind, from_month, until_month, amount=None):
    return DuesRequest.objects.create(
        member=member,
        organisation=member.organisation,
        kind=kind,
        from_month=from_month,
        until_month=until_month,
        amount=amount and Decimal(amount),
        reason="家庭困难",
        state=RequestState.APPROVED,
        asked_on=from_month,
        decided_on=from_month,
    )
