"""Two people at one moment, on real connections."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum

from dues.models import Payment
from dues.services import fills, payments
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
        return lambda: payments.add_payment(
            seen=Decimal(0),
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
        return lambda: fills.fill_month(organisation=branch, month=MARCH, by=user, today=TODAY)

    results = at_once(fill(users[0]), fill(users[1]))
    assert sorted(len(result) for result in results) == [0, 5]
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] == Decimal("100.00")


def fill(branch, user):
    return lambda: fills.fill_month(organisation=branch, month=MARCH, by=user, today=TODAY)


def test_a_cell_and_a_fill_at_once_pay_each_member_once(branch):
    members = factories.make_members(branch, 3)
    for member in members:
        factories.make_approved_amount(member, "20.00")
    users = [factories.make_user("secretary", branch), factories.make_user("organiser", branch)]

    def cell():
        return payments.set_payment(
            member=members[1],
            organisation=branch,
            month=MARCH,
            amount=Decimal("18.00"),
            seen=Decimal(0),
            by=users[1],
            today=TODAY,
        )

    filled, entered = at_once(fill(branch, users[0]), cell)
    # Whoever came second saw what the first had written.
    if isinstance(entered, payments.PaidMeanwhile):
        assert (entered.paid, len(filled)) == (Decimal("20.00"), 3)
    else:
        assert (entered.amount, len(filled)) == (Decimal("18.00"), 2)
    assert Payment.objects.count() == 3


def test_several_months_and_a_fill_at_once_pay_each_month_once(branch):
    members = factories.make_members(branch, 3)
    february = datetime.date(2026, 2, 1)
    for member in members:
        for month in (february, MARCH):
            factories.make_charge(member, month)
    users = [factories.make_user("secretary", branch), factories.make_user("organiser", branch)]

    def several():
        return fills.pay_months(
            member=members[0],
            organisation=branch,
            months=[february, MARCH],
            seen=Decimal("40.00"),
            by=users[1],
            today=TODAY,
        )

    filled, paid = at_once(fill(branch, users[0]), several)
    if isinstance(paid, fills.OwedMeanwhile):
        # All or nothing: February waits until the writer has seen the new sum.
        assert (paid.owed, len(filled), Payment.objects.count()) == (Decimal("20.00"), 3, 3)
    else:
        assert (len(paid), len(filled), Payment.objects.count()) == (2, 2, 4)
    paid_for = Payment.objects.values_list("member", "month")
    assert len(set(paid_for)) == len(paid_for)


def test_the_same_sum_sent_twice_at_once_is_one_entry(branch):
    member = factories.make_member(branch)
    user = factories.make_user("secretary", branch)

    def save():
        return payments.set_payment(
            member=member,
            organisation=branch,
            month=MARCH,
            amount=Decimal("20.00"),
            seen=Decimal(0),
            by=user,
            today=TODAY,
        )

    results = at_once(save, save)
    assert sorted(type(result).__name__ for result in results) == ["PaidMeanwhile", "Payment"]
    assert Payment.objects.count() == 1


def test_a_fill_taken_back_twice_at_once_is_reversed_once(branch):
    for member in factories.make_members(branch, 3):
        factories.make_approved_amount(member, "20.00")
    user = factories.make_user("secretary", branch)
    keys = [payment.pk for payment in fill(branch, user)()]

    def undo():
        return fills.undo_fill(organisation=branch, payments=keys, by=user)

    results = at_once(undo, undo)
    assert sorted(type(result).__name__ for result in results) == ["Refused", "list"]
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] == 0
    assert Payment.objects.count() == 6
