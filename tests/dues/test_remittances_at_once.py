"""Two people at one remittance at one moment, on real connections."""

import datetime
from decimal import Decimal

import pytest

from accounts.roles import Role
from branches.periods import period_named
from dues.models import Payment, Remittance
from dues.services import Refused, payments, remittances
from tests import factories
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
TODAY = datetime.date(2026, 4, 8)
Q1 = period_named("2026-Q1")


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def member(branch):
    member = factories.make_member(branch, "龚丽华")
    factories.make_approved_amount(member, "20.00")
    for month in (JANUARY, FEBRUARY, MARCH):
        factories.make_charge(member, month)
    factories.make_payment(member, JANUARY)
    return member


def sending(branch, by, **facts):
    return lambda: remittances.send(
        organisation=branch,
        quarter=Q1,
        amount=Decimal("20.00"),
        remitted_on=TODAY,
        slip_number="HD-1",
        by=by,
        today=TODAY,
        **facts,
    )


def kinds(results):
    return sorted(type(result).__name__ for result in results)


def test_of_two_who_send_one_quarter_the_second_is_told(branch, member):
    users = [factories.make_user(Role.SECRETARY, branch) for _ in range(2)]
    results = at_once(*(sending(branch, user) for user in users))
    assert kinds(results) == ["Refused", "Remittance"]
    assert "报送 20.00 元" in next(str(one) for one in results if isinstance(one, Refused))
    assert Remittance.objects.get().payments.count() == 1


def test_of_confirming_and_returning_at_once_one_is_told(branch, member):
    row = sending(branch, factories.make_user(Role.SECRETARY, branch))()
    first, second = (factories.make_user(Role.COMMITTEE_OFFICER, branch.parent) for _ in range(2))
    results = at_once(
        lambda: remittances.confirm(remittance=row, by=first, today=TODAY, seen=row.amount),
        lambda: remittances.confirm(remittance=row, by=second, today=TODAY, seen=row.amount),
        lambda: remittances.send_back(remittance=row, reason="回单不符", by=second, today=TODAY),
    )
    # Whoever comes first decides; a return after a confirmation takes that back.
    row.refresh_from_db()
    assert sum(isinstance(one, Refused) for one in results) >= 1
    assert row.state == "returned"
    assert not Payment.objects.filter(remittance__isnull=False).exists()


def test_a_payment_entered_while_sending_goes_along_or_with_the_next_quarter(branch, member):
    users = [factories.make_user(Role.SECRETARY, branch) for _ in range(2)]

    def pay(month):
        return lambda: payments.add_payment(
            seen=Decimal(0),
            member=member,
            organisation=branch,
            month=month,
            amount=Decimal("20.00"),
            by=users[0],
            today=TODAY,
        )

    results = at_once(
        sending(branch, users[1], explanation="刚收到的随后补"), pay(FEBRUARY), pay(MARCH)
    )
    assert kinds(results) == ["Payment", "Payment", "Remittance"]
    row = Remittance.objects.get()
    assert sum(one.amount for one in row.payments.all()) == row.computed
    assert row.computed + sum(
        one.amount for one in Payment.objects.filter(remittance=None)
    ) == Decimal("60.00")
