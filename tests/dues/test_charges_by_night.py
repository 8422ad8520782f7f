"""What the night makes of the charges, twice, late, killed or beside somebody at a desk."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import TrailLine
from compliance.judging import WINDOW_MONTHS
from compliance.models import CheckRun
from compliance.services import run_night
from dues.models import Charge, ChargeChange, Payment
from dues.services import charges
from dues.wanted import Facts
from tests import factories
from tests.compliance.verdicts import county_value
from tests.dues.charging import (
    APRIL,
    FEBRUARY,
    JANUARY,
    JUNE,
    MARCH,
    MAY,
    TODAY,
    begun_branch,
    everything,
    leave,
    month,
    night,
    settle,
    sums,
)
from tests.queries import count_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def branch():
    return begun_branch()


# --- The night ------------------------------------------------------------------------------


def test_a_charge_without_an_approved_amount_stays_as_the_sheet_set_it(branch):
    before = everything()
    assert night(TODAY) == 0
    assert everything() == before


def test_the_night_asks_nothing_of_a_branch_before_its_own_first_month(branch):
    late = factories.make_branch()
    member = factories.make_member(late)
    factories.make_approved_amount(member)
    factories.make_charge(member, APRIL)
    night(TODAY)
    assert sums(member) == {4: "20.00", 5: "20.00", 6: "20.00"}


def test_a_branch_never_charged_begins_with_the_running_month(branch):
    member = factories.make_member(factories.make_branch())
    factories.make_approved_amount(member)
    night(TODAY)
    assert sums(member) == {6: "20.00"}


def test_the_night_looks_back_a_year_and_no_further(member):
    Charge.objects.update(month=month(1, 2024))
    factories.make_approved_amount(member, "9.00", from_month=month(1, 2024))
    night(TODAY)
    assert member.charges.order_by("month").first().month == month(7, 2025)
    assert member.charges.count() == 12


def test_the_county_says_how_far_back_the_night_looks(member):
    Charge.objects.update(month=month(1, 2024))
    factories.make_approved_amount(member, "9.00", from_month=month(1, 2024))
    county_value(WINDOW_MONTHS, 4, JANUARY)
    run_night(TODAY)
    assert set(sums(member)) == {3, 4, 5, 6}


def test_five_missed_months_are_charged_like_five_nights(branch):
    members = factories.make_members(branch, 3)
    for one in members:
        factories.make_approved_amount(one)
    other = factories.make_branch()
    newcomer = factories.make_member(other, starts_on=datetime.date(2026, 3, 9))
    factories.make_approved_amount(newcomer)
    night(datetime.date(2026, 1, 20))
    for number in range(2, 7):
        night(datetime.date(2026, number, 3), since=month(number - 1))
    nightly = everything()
    Charge.objects.filter(month__gt=JANUARY).delete()
    night(datetime.date(2026, 6, 3), since=JANUARY)
    assert everything() == nightly
    assert sums(newcomer) == dict.fromkeys((3, 4, 5, 6), "20.00")


@pytest.mark.parametrize("killed_in", [FEBRUARY, APRIL, JUNE])
def test_a_night_killed_in_the_middle_leaves_whole_months_and_is_made_good(
    branch, member, killed_in
):
    for another in factories.make_members(branch, 3):
        factories.make_approved_amount(another)
    wrong = factories.make_member(branch)
    factories.make_approved_amount(wrong, "7.00")
    for first in (JANUARY, FEBRUARY, MARCH):
        factories.make_charge(wrong, first, "3.00")
    CheckRun.objects.create(
        day=datetime.date(2026, 1, 31), started_at=timezone.now(), finished_at=timezone.now()
    )

    def dies(execute, sql, params, many, context):
        # The note about the month is the last that its transaction writes.
        told = f"{params}"
        if 'INTO "branches_changed"' in sql and (str(killed_in) in told or repr(killed_in) in told):
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    with connection.execute_wrapper(dies), pytest.raises(KeyboardInterrupt):
        run_night(TODAY)
    assert (
        not Charge.objects.filter(month=killed_in)
        .exclude(member=wrong)
        .exclude(amount="1.00")
        .exists()
    )
    run_night(TODAY)
    assert set(Charge.objects.filter(member=wrong).values_list("amount", flat=True)) == {
        Decimal("7.00")
    }
    once = everything()
    assert Charge.objects.filter(month=JUNE).count() == 5
    assert [
        Charge.objects.filter(member=member).count(),
        ChargeChange.objects.filter(charge__member=wrong).count(),
    ] == [6, 3]
    CheckRun.objects.filter(day=TODAY).delete()
    run_night(TODAY)
    assert everything() == once


def test_a_night_on_new_years_day_charges_january(branch, member):
    run_night(datetime.date(2026, 12, 31))
    run_night(datetime.date(2027, 1, 1))
    assert member.charges.filter(month=month(1, 2027)).count() == 1
    assert member.charges.filter(month=month(12)).count() == 1


def test_the_night_writes_one_line_for_the_month_and_one_for_each_changed_member(branch, member):
    factories.make_charge(member, JUNE, "15.00")
    another = factories.make_member(branch)
    factories.make_approved_amount(another)
    night(TODAY, since=JUNE)
    made = TrailLine.objects.filter(label="2026年6月")
    assert [line.after for line in made] == [{"新增": "1 人"}]
    changed = TrailLine.objects.get(object_id=member.pk, before__has_key="2026年6月应缴")
    assert changed.after == {"2026年6月应缴": "20.00"}
    assert changed.reason == charges.BY_NIGHT


def test_the_night_takes_as_many_queries_for_sixty_members_as_for_one(branch, member):
    def from_the_beginning():
        Charge.objects.filter(month=JUNE).delete()
        night(TODAY, since=JUNE)

    night(TODAY)
    one = count_of(from_the_beginning)
    for another in factories.make_members(branch, 60):
        factories.make_approved_amount(another)
    night(TODAY)
    assert count_of(from_the_beginning) == one


def test_what_is_doubtful_without_a_lock_holds_everything_that_differs(branch, member):
    settle(member)
    other = factories.make_branch()
    gone, paid_elsewhere = (factories.make_member(branch) for _ in range(2))
    for one in (gone, paid_elsewhere):
        factories.make_approved_amount(one)
        settle(one)
    leave(gone, datetime.date(2026, 5, 5))
    Payment.objects.create(
        member=paid_elsewhere, organisation=other, month=MAY, amount=Decimal("20.00")
    )
    found = Facts(MAY, MAY).differences(MAY, MAY, [MAY])
    assert {one.member_id for one in found} == {gone.pk, paid_elsewhere.pk}
    assert set(Facts(JANUARY, JUNE).doubtful(MAY)) >= {gone.pk, paid_elsewhere.pk}


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_make_the_charges_of_one():
    branch = factories.make_branch()
    for member in factories.make_members(branch, 5):
        factories.make_approved_amount(member)
    wrong = factories.make_member(branch)
    factories.make_approved_amount(wrong, "7.00")
    factories.make_charge(wrong, MAY, "3.00")
    factories.make_charge(wrong, APRIL, "3.00")
    results = at_once(*[lambda: night(TODAY)] * 2)
    assert all(isinstance(result, int) for result in results), results
    # Whichever comes first to a month, each difference is made good once.
    assert sum(results) == 5 * 3 + 3
    assert Charge.objects.count() == 6 * 3
    assert ChargeChange.objects.count() == 2
    assert set(Charge.objects.filter(member=wrong).values_list("amount", flat=True)) == {
        Decimal("7.00")
    }


@pytest.mark.django_db(transaction=True)
def test_a_night_and_an_approval_at_once_end_with_what_was_approved():
    branch = factories.make_branch()
    member = factories.make_member(branch)
    factories.make_approved_amount(member, "20.00")
    factories.make_charge(member, JANUARY)

    def approve():
        factories.make_approved_amount(member, "30.00", from_month=MARCH)
        return settle(member, MARCH)

    results = at_once(approve, lambda: night(TODAY))
    assert all(isinstance(result, int) for result in results), results
    assert sums(member) == dict.fromkeys((1, 2), "20.00") | dict.fromkeys((3, 4, 5, 6), "30.00")
