"""Two people at one moment, on real connections."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum

from dues.models import Payment
from dues.services import payments
from tests import factories
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

MARCH = datetime.date(2026, 3, 1)
TODAY = datetime.date(2026, 3, 18)


@pytest.fixture
def branch():
    return factories.make_branch()


def test_of_two_who_enter_one_cell_the_second_is_told(branch):
    member = factories.make_member(branch)
    users = [factories.make_user("secretary", branch), factories.make_user("organiser", branch)]

    def enter(user, amount):
        return lambda: payments.enter_payment(
            member=member,
            organisation=branch,
            month=MARCH,
            amount=Decimal(amount),
            by=user,
            today=TODAY,
        )

    results = at_once(enter(users[0], "18.00"), enter(users[1], "20.00"))
    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["PaidMeanwhile", "Payment"]
    assert Payment.objects.count() == 1


def test_two_who_fill_the_month_at_once_pay_for_everybody_once(branch):
    for member in factories.make_members(branch, 5):
        factories.make_approved_amount(member, "20.00")
    users = [factories.make_user("secretary", branch), factories.make_user("organiser", branch)]

    def fill(user):
        return lambda: payments.fill_month(organisation=branch, month=MARCH, by=user, today=TODAY)

    results = at_once(fill(users[0]), fill(users[1]))
    assert sorted(len(result) for result in results) == [0, 5]
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] == Decimal("100.00")
