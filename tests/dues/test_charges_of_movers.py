"""What is owed by who came, moved, left or died, and to which branch."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import TrailLine
from branches.models import Changed
from dues.models import ChargeChange
from members.models import Membership
from tests import factories
from tests.dues.charging import (
    APRIL,
    FEBRUARY,
    JANUARY,
    JUNE,
    MARCH,
    MAY,
    TODAY,
    begun_branch,
    leave,
    month,
    move,
    night,
    owed,
    settle,
    sums,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def branch():
    return begun_branch()


# --- Coming and going -----------------------------------------------------------------------


def test_a_transfer_recorded_late_moves_the_unpaid_months(branch, member):
    settle(member)
    other = factories.make_branch()
    Changed.objects.all().delete()
    move(member, other, datetime.date(2026, 4, 15))
    assert night(TODAY) == 3
    assert [(first, to) for first, to, _amount in owed(member)] == [
        *((first, branch) for first in (JANUARY, FEBRUARY, MARCH)),
        *((first, other) for first in (APRIL, MAY, JUNE)),
    ]
    assert not ChargeChange.objects.exists()
    line = TrailLine.objects.filter(action="调整应缴党费").order_by("pk").first()
    assert line.before == {"2026年4月应缴": f"20.00（{branch.name}）"}
    assert line.after == {"2026年4月应缴": f"20.00（{other.name}）"}
    assert set(Changed.objects.values_list("organisation", flat=True)) == {branch.pk, other.pk}
    assert night(TODAY) == 0


def test_months_paid_at_the_old_branch_stay_there(branch, member):
    settle(member)
    for first in (APRIL, MAY):
        factories.make_payment(member, first, "10.00")
    move(member, factories.make_branch(), datetime.date(2026, 4, 1))
    assert night(TODAY) == 1
    assert [to == branch for _first, to, _amount in owed(member)] == [True] * 5 + [False]


def test_a_month_whose_payment_was_taken_back_follows_the_relation(branch, member):
    settle(member)
    wrong = factories.make_payment(member, JUNE)
    factories.make_payment(member, JUNE, "-20.00", reverses=wrong)
    other = factories.make_branch()
    move(member, other, datetime.date(2026, 6, 1))
    assert night(TODAY) == 1
    assert owed(member)[5] == (JUNE, other, Decimal("20.00"))


def test_who_returns_in_the_same_month_owes_it_once_to_the_last_branch(branch, member):
    other = factories.make_branch()
    move(member, other, datetime.date(2026, 5, 4))
    move(member, branch, datetime.date(2026, 5, 20))
    settle(member)
    assert [to for _first, to, _amount in owed(member)] == [branch] * 6


def test_who_moves_on_the_last_day_owes_the_month_to_the_new_branch(branch, member):
    other = factories.make_branch()
    move(member, other, datetime.date(2026, 5, 31))
    settle(member, MAY)
    assert [to for _first, to, _amount in owed(member)] == [other, other]


def test_the_dead_owe_nothing_from_the_month_of_their_death_on(branch, member):
    settle(member)
    leave(member, datetime.date(2026, 4, 10))
    assert night(TODAY) == 3
    assert sums(member) == dict.fromkeys((1, 2, 3), "20.00") | dict.fromkeys((4, 5, 6), "0.00")
    assert ChargeChange.objects.aggregate(total=Sum("difference"))["total"] == Decimal("-60.00")
    assert night(TODAY) == 0


@pytest.mark.parametrize(("paid", "stands"), [("20.00", "20.00"), ("5.00", "5.00")])
def test_who_paid_the_month_in_which_he_left_owes_what_he_paid(branch, member, paid, stands):
    settle(member)
    factories.make_payment(member, APRIL, paid)
    leave(member, datetime.date(2026, 4, 10), "组织关系转出")
    night(TODAY)
    assert sums(member)[4] == stands
    assert sums(member)[5] == "0.00"
    assert night(TODAY) == 0


def test_who_paid_before_leaving_in_a_month_not_charged_yet_is_charged_for_it(branch, member):
    night(datetime.date(2026, 5, 31))
    factories.make_payment(member, JUNE, "20.00")
    leave(member, datetime.date(2026, 6, 3))
    assert night(TODAY) == 1
    assert sums(member) == dict.fromkeys(range(1, 7), "20.00")


def test_who_left_on_the_last_day_of_december_does_not_owe_january(branch):
    member = factories.make_member(branch)
    factories.make_approved_amount(member)
    factories.make_charge(member, month(11))
    leave(member, datetime.date(2026, 12, 31))
    night(datetime.date(2027, 1, 1), since=month(12))
    assert sums(member)[11] == "20.00"
    # The roster of 31 December is without whoever left on that day.
    assert not member.charges.filter(month__gte=month(12)).exists()


def test_who_comes_back_is_charged_from_the_month_of_return(branch, member):
    settle(member, JANUARY, datetime.date(2026, 2, 20))
    leave(member, datetime.date(2026, 3, 5), "组织关系转出")
    night(datetime.date(2026, 4, 1))
    member.left_on, member.left_reason = None, ""
    member.save()
    Membership.objects.create(
        member=member, organisation=branch, starts_on=datetime.date(2026, 5, 20)
    )
    night(TODAY)
    assert sums(member) == {1: "20.00", 2: "20.00", 5: "20.00", 6: "20.00"}


def test_a_branch_founded_in_mid_month_is_owed_that_month(branch, member):
    young = factories.make_branch(founded_on=datetime.date(2026, 5, 12))
    move(member, young, datetime.date(2026, 5, 12))
    settle(member, APRIL)
    assert [to for _first, to, _amount in owed(member)] == [branch, young, young]


def test_a_day_of_joining_corrected_later_takes_months_back_or_adds_them(branch, member):
    settle(member)
    membership = member.memberships.get()
    membership.starts_on = datetime.date(2026, 4, 2)
    membership.save()
    assert night(TODAY) == 3
    assert sums(member)[3] == "0.00"
    membership.starts_on = datetime.date(2026, 2, 2)
    membership.save()
    assert night(TODAY) == 2
    assert (sums(member)[1], sums(member)[2]) == ("0.00", "20.00")
    changes = ChargeChange.objects.filter(charge__month=MARCH).values_list("difference", flat=True)
    assert list(changes) == [Decimal("-20.00"), Decimal("20.00")]
