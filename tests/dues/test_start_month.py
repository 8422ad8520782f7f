"""The start month of the county moves with what branches bring in; what stands owed does not."""

import datetime
from decimal import Decimal

import pytest

from dues import standing
from dues.arrears import in_arrears
from dues.enums import RequestKind
from dues.grid import Grid
from dues.models import Charge, OpeningBalance
from dues.remitting import quarter_on
from dues.services import Refused, charges, fills, openings, payments, requests
from dues.unpaid import owed_months
from tests import factories
from tests.dues.charging import (
    APRIL,
    FEBRUARY,
    JANUARY,
    JUNE,
    MARCH,
    MAY,
    TODAY,
    allow,
    begun_branch,
    month,
    night,
    settle,
    sums,
)

pytestmark = pytest.mark.django_db

JULY, OCTOBER, NOVEMBER, DECEMBER = (month(number, 2025) for number in (7, 10, 11, 12))


@pytest.fixture
def branch():
    return begun_branch()


@pytest.fixture
def member(branch):
    member = factories.make_member(branch, "龚丽华")
    factories.make_approved_amount(member, "20.00", from_month=month(1, 2025))
    return member


@pytest.fixture
def opening(member):
    """60 yuan for October to December 2025, entered when dues began in January 2026."""
    return openings.enter_opening(
        member=member,
        organisation=member.organisation,
        since_month=OCTOBER,
        amount=Decimal("60.00"),
        by=None,
        today=TODAY,
    )


def bring_in():
    """Another branch brings in a sheet of earlier months."""
    factories.make_charge(factories.make_member(factories.make_branch()), JULY)
    assert standing.kept_since(TODAY) == JULY


def pay(member, day, amount, **more):
    return payments.add_payment(
        member=member,
        organisation=member.organisation,
        month=day,
        amount=Decimal(amount),
        seen=standing.balance(member, member.organisation, day),
        by=None,
        today=TODAY,
        confirmed=True,
        **more,
    )


def offered(member):
    """Month and sum that are still offered of the opening balance."""
    months = owed_months(member, member.organisation, TODAY)
    return [(one.month, one.short) for one in months if one.opening]


def left(member):
    """What is still owed of the opening balance."""
    rows = OpeningBalance.objects.filter(member=member).unreversed()
    return standing.openings_owed(rows).get(member.pk, 0)


# --- The months of an opening balance stay its own --------------------------------------------


def test_an_opening_balance_reaches_to_the_month_before_the_start(opening):
    assert (opening.since_month, opening.until_month) == (OCTOBER, DECEMBER)


def test_what_another_branch_brings_in_leaves_old_debts_as_they_are(branch, member, opening):
    before = in_arrears([branch.pk], datetime.date(2026, 1, 30), at_least=1)
    bring_in()
    assert [(one.months, one.amount) for one in before] == [
        ((OCTOBER, NOVEMBER, DECEMBER), Decimal("60.00"))
    ]
    assert in_arrears([branch.pk], datetime.date(2026, 1, 30), at_least=1) == before
    assert offered(member) == [(day, Decimal("20.00")) for day in (OCTOBER, NOVEMBER, DECEMBER)]
    assert Grid(branch, quarter_on(TODAY), TODAY).behind()[member.pk] == 1


def test_its_months_are_paid_for_after_the_start_has_moved(member, opening):
    bring_in()
    allow(member, RequestKind.BACK_PAYMENT, OCTOBER, DECEMBER)
    pay(member, OCTOBER, "20.00")
    assert left(member) == Decimal("40.00")
    with pytest.raises(Refused, match="已经有补交的党费"):
        openings.reverse_opening(opening=opening, reason="重复", by=None, today=TODAY)


def test_nothing_is_charged_besides_for_a_month_that_stands_in_an_opening(member, opening):
    factories.make_charge(factories.make_member(member.organisation), JULY)
    assert settle(member, JULY) == 9
    assert [one.month for one in member.charges.order_by("month")] == [
        *(month(number, 2025) for number in (7, 8, 9)),
        JANUARY,
        FEBRUARY,
        MARCH,
        APRIL,
        MAY,
        JUNE,
    ]
    assert night(TODAY, months=12) == 0
    assert charges.charge_month(DECEMBER, organisations=[member.organisation]) == 0
    openings.reverse_opening(opening=opening, reason="重复", by=None, today=TODAY)
    assert settle(member, JULY) == 3


def test_a_superior_may_be_asked_about_its_months_after_the_start_has_moved(member, opening):
    bring_in()
    request = requests.ask(
        member=member,
        organisation=member.organisation,
        kind=RequestKind.BACK_PAYMENT,
        from_month=OCTOBER,
        until_month=NOVEMBER,
        reason="外出务工",
        by=None,
        today=TODAY,
    )
    assert request.pk


# --- From when a branch is charged --------------------------------------------------------------


def test_new_charges_begin_with_the_month_in_which_the_branch_was_first_charged(member):
    bring_in()
    assert settle(member, JULY) == 6
    assert sums(member) == dict.fromkeys(range(1, 7), "20.00")


def test_a_branch_without_charges_begins_with_the_county(branch):
    member = factories.make_member(factories.make_branch(), "熊立新")
    factories.make_approved_amount(member, "20.00", from_month=MARCH)
    assert settle(member, JULY) == 4
    assert sums(member) == dict.fromkeys(range(3, 7), "20.00")


def test_who_joined_after_an_unknown_beginning_is_charged_from_the_month_of_joining(branch):
    member = factories.make_member(branch, joined_on=datetime.date(2026, 4, 20))
    member.memberships.update(starts_on=None)
    factories.make_approved_amount(member, "20.00", from_month=JANUARY)
    assert night(TODAY, since=JANUARY) == settle(factories.make_member(branch)) + 3
    assert settle(member) == 0
    assert sums(member) == dict.fromkeys((4, 5, 6), "20.00")


# --- An opening balance is paid once ----------------------------------------------------------


def test_what_is_paid_in_one_sum_is_not_offered_month_by_month(member, opening):
    allow(member, RequestKind.BACK_PAYMENT, OCTOBER, DECEMBER)
    pay(member, OCTOBER, "50.00")
    assert offered(member) == [(DECEMBER, Decimal("10.00"))]
    with pytest.raises(Refused, match=r"只欠 10\.00 元"):
        pay(member, NOVEMBER, "10.01")
    fills.pay_months(
        member=member,
        organisation=member.organisation,
        months=[DECEMBER],
        seen=Decimal("10.00"),
        by=None,
        today=TODAY,
    )
    assert (offered(member), left(member)) == ([], 0)
    with pytest.raises(Refused, match="已经交清"):
        pay(member, DECEMBER, "0.01")
    with pytest.raises(fills.OwedMeanwhile):
        fills.pay_months(
            member=member,
            organisation=member.organisation,
            months=[NOVEMBER],
            seen=Decimal("20.00"),
            by=None,
            today=TODAY,
        )


def test_a_correction_does_not_go_beyond_what_is_owed_of_it(member, opening):
    allow(member, RequestKind.BACK_PAYMENT, OCTOBER, DECEMBER)
    pay(member, OCTOBER, "50.00")
    facts = {
        "member": member,
        "organisation": member.organisation,
        "month": OCTOBER,
        "seen": Decimal("50.00"),
        "by": None,
        "today": TODAY,
        "reason": "录错",
        "confirmed": True,
    }
    with pytest.raises(Refused, match=r"只欠 10\.00 元"):
        payments.correct_payment(amount=Decimal("60.01"), **facts)
    assert payments.correct_payment(amount=Decimal("60.00"), **facts) == Decimal("60.00")
    assert left(member) == 0


# --- A charge without an approved amount ------------------------------------------------------


def test_a_charge_from_a_sheet_is_what_it_was_when_an_exemption_ends_early(branch):
    member = factories.make_member(branch)
    factories.make_charge(member, MARCH, "12.00")
    relief = allow(member, RequestKind.EXEMPTION, MARCH, MAY)
    assert settle(member) == 1
    assert sums(member) == {3: "0.00"}
    relief.until_month = FEBRUARY
    relief.from_month = FEBRUARY
    relief.save()
    assert settle(member) == 1
    assert sums(member) == {3: "12.00"}
    assert settle(member) == night(TODAY) == 0
    assert Charge.objects.get(member=member).changes.count() == 2
