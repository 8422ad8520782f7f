"""What is owed: who, for which month and how much; what is put right afterwards."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from dues.enums import RequestKind, RequestState
from dues.models import Charge, ChargeChange, DuesRequest
from dues.services import charges
from members.enums import MemberKind
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
    allow,
    begun_branch,
    month,
    move,
    night,
    owed,
    settle,
    sums,
)
from tests.queries import count_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def branch():
    return begun_branch()


# --- The monthly job ------------------------------------------------------------------------


def test_a_month_is_charged_once_however_often_it_is_asked(branch, member):
    assert charges.charge_month(MARCH) == 1
    assert charges.charge_month(MARCH) == 0
    assert owed(member) == [(MARCH, branch, Decimal("20.00"))]
    assert TrailLine.objects.get(area="dues").after == {"新增": "1 人"}
    note = Changed.objects.get()
    assert (note.organisation, note.area) == (branch, "dues")
    assert (note.from_on, note.to_on) == (MARCH, datetime.date(2026, 3, 31))


def test_nothing_is_charged_before_the_start_month(branch, member):
    factories.make_approved_amount(member, "20.00", from_month=month(1, 2025))
    assert charges.charge_month(month(12, 2025)) == 0
    assert settle(member, month(6, 2025)) == 6
    assert min(sums(member)) == 1
    assert not Charge.objects.filter(month__lt=JANUARY).exists()


def test_nothing_is_charged_without_an_approved_amount(branch):
    member = factories.make_member(branch)
    assert charges.charge_month(MARCH) == settle(member) == 0


def test_the_monthly_job_changes_nothing_that_stands(branch, member):
    factories.make_charge(member, MARCH, "5.00")
    assert charges.charge_month(MARCH) == 0
    assert sums(member) == {3: "5.00"}


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "charged"),
    [
        (datetime.date(2026, 3, 31), None, 1),
        (datetime.date(2026, 4, 1), None, 0),
        (None, None, 1),
        (datetime.date(2020, 1, 1), datetime.date(2026, 3, 2), 0),
        (datetime.date(2020, 1, 1), datetime.date(2026, 4, 1), 1),
        (datetime.date(2020, 1, 1), datetime.date(2026, 2, 28), 0),
    ],
)
def test_the_membership_must_stand_on_the_last_day_of_the_month(
    branch, starts_on, ends_on, charged
):
    member = factories.make_member(
        branch, joined_on=None, starts_on=starts_on, ends_on=ends_on, confirmed_on=None
    )
    factories.make_approved_amount(member)
    assert charges.charge_month(MARCH) == charged


def test_who_moved_within_the_month_owes_it_to_the_last_branch(branch, member):
    other = factories.make_branch()
    move(member, other, datetime.date(2026, 3, 15))
    assert charges.charge_month(MARCH, organisations=[branch]) == 0
    assert charges.charge_month(MARCH, organisations=[other]) == 1
    assert owed(member) == [(MARCH, other, Decimal("20.00"))]


def test_who_only_works_with_a_branch_owes_it_nothing(branch, member):
    other = factories.make_branch()
    Membership.objects.create(
        member=member, organisation=other, is_attached=True, starts_on=JANUARY
    )
    assert charges.charge_month(MARCH, organisations=[other]) == 0
    assert charges.charge_month(MARCH) == 1
    assert Charge.objects.get(member=member).organisation == branch


def test_the_twenty_ninth_of_february_is_a_last_day():
    branch = factories.make_branch()
    on_the_last, gone = (
        factories.make_member(branch, starts_on=datetime.date(2020, 1, 1)) for _ in range(2)
    )
    for member in (on_the_last, gone):
        factories.make_approved_amount(member, from_month=month(1, 2024))
    move(on_the_last, factories.make_branch(), datetime.date(2024, 3, 1))
    move(gone, factories.make_branch(), datetime.date(2024, 2, 29))
    assert charges.charge_month(month(2, 2024)) == 2
    assert Charge.objects.get(member=on_the_last).organisation == branch
    assert Charge.objects.get(member=gone).organisation != branch


def test_charging_takes_as_many_queries_for_sixty_as_for_one(branch, member):
    one = count_of(lambda: charges.charge_month(MARCH))
    for another in factories.make_members(branch, 60):
        factories.make_approved_amount(another)
    assert count_of(lambda: charges.charge_month(MARCH)) == one
    Charge.objects.filter(month=MARCH).delete()
    assert charges.charge_month(MARCH) == 61


# --- One member's months are put right ------------------------------------------------------


def test_settling_makes_every_month_from_the_one_named_to_the_running_one(branch, member):
    assert settle(member, MARCH) == 4
    assert sums(member) == {3: "20.00", 4: "20.00", 5: "20.00", 6: "20.00"}
    assert settle(member, MARCH) == 0
    assert not ChargeChange.objects.exists()
    line = TrailLine.objects.get()
    assert (line.action, line.label, line.object_id, line.reason) == (
        "生成应缴党费",
        "龚丽华",
        member.pk,
        "核定标准",
    )
    assert line.before["2026年3月应缴"] == ""
    assert line.after["2026年6月应缴"] == "20.00"


def test_an_amount_changed_inside_the_year_changes_its_months_with_the_reason(branch, member):
    settle(member)
    factories.make_approved_amount(member, "25.50", from_month=APRIL)
    author = factories.make_user(organisation=branch)
    changed = charges.settle([member.pk], APRIL, today=TODAY, reason="四月起工资调整", by=author)
    assert changed == 3
    assert sums(member) == dict.fromkeys((1, 2, 3), "20.00") | dict.fromkeys((4, 5, 6), "25.50")
    changes = ChargeChange.objects.order_by("charge__month")
    assert [(change.charge.month, change.difference) for change in changes] == [
        (first, Decimal("5.50")) for first in (APRIL, MAY, JUNE)
    ]
    assert {(change.reason, change.entered_by) for change in changes} == {
        ("四月起工资调整", author)
    }
    line = TrailLine.objects.get(action="调整应缴党费")
    assert (line.before["2026年4月应缴"], line.after["2026年4月应缴"]) == ("20.00", "25.50")
    note = Changed.objects.order_by("-pk").first()
    assert (note.from_on, note.to_on) == (APRIL, datetime.date(2026, 6, 30))


def test_last_years_amount_is_owed_until_this_years_is_approved():
    branch = factories.make_branch()
    member = factories.make_member(branch)
    factories.make_approved_amount(member, "20.00", from_month=month(1, 2025))
    new_year = datetime.date(2026, 1, 1)
    night(datetime.date(2025, 12, 31))
    night(new_year)
    assert owed(member) == [
        (month(12, 2025), branch, Decimal("20.00")),
        (JANUARY, branch, Decimal("20.00")),
    ]
    factories.make_approved_amount(member, "30.00", from_month=JANUARY)
    later = datetime.date(2026, 3, 5)
    assert charges.settle([member.pk], JANUARY, today=later, reason="核定 2026 年标准") == 3
    assert [amount for _month, _branch, amount in owed(member)] == [
        Decimal(amount) for amount in ("20.00", "30.00", "30.00", "30.00")
    ]


def test_an_exemption_asks_nothing_and_a_reduction_less_until_they_end(branch, member):
    settle(member)
    allow(member, RequestKind.EXEMPTION, FEBRUARY, MARCH)
    allow(member, RequestKind.REDUCTION, APRIL, MAY, "0.50")
    assert settle(member, FEBRUARY, reason="批准免缴") == 4
    assert sums(member) == {
        1: "20.00",
        2: "0.00",
        3: "0.00",
        4: "0.50",
        5: "0.50",
        6: "20.00",
    }


def test_an_exemption_ended_early_is_owed_again(branch, member):
    allowed = allow(member, RequestKind.EXEMPTION, FEBRUARY, month(12))
    settle(member)
    allowed.until_month = APRIL
    allowed.save()
    assert settle(member, MAY, reason="提前结束免缴") == 2
    assert sums(member) == {
        1: "20.00",
        2: "0.00",
        3: "0.00",
        4: "0.00",
        5: "20.00",
        6: "20.00",
    }


@pytest.mark.parametrize("state", [RequestState.ASKED, RequestState.RETURNED])
def test_what_is_not_approved_changes_nothing(branch, member, state):
    allow(member, RequestKind.EXEMPTION, JANUARY, JUNE)
    DuesRequest.objects.update(state=state)
    settle(member)
    assert set(sums(member).values()) == {"20.00"}


def test_leave_to_pay_late_does_not_change_what_is_owed(branch, member):
    allow(member, RequestKind.BACK_PAYMENT, JANUARY, JUNE)
    settle(member)
    assert set(sums(member).values()) == {"20.00"}


def test_a_reduction_never_asks_more_than_the_standard(branch, member):
    allow(member, RequestKind.REDUCTION, JANUARY, JUNE, "25.00")
    settle(member)
    assert set(sums(member).values()) == {"20.00"}


def test_a_probationary_member_owes_from_the_month_of_the_branch_meeting(branch):
    member = factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2026, 4, 30)
    )
    factories.make_approved_amount(member, "5.00")
    settle(member)
    assert sums(member) == {4: "5.00", 5: "5.00", 6: "5.00"}


def test_a_membership_without_a_known_start_has_always_stood(branch):
    member = factories.make_member(branch, joined_on=None)
    factories.make_approved_amount(member)
    assert settle(member) == 6


def test_amounts_of_a_farmer_and_of_nothing_are_charged_to_the_fen(branch):
    farmer, free = (factories.make_member(branch) for _ in range(2))
    factories.make_approved_amount(farmer, "0.50")
    factories.make_approved_amount(free, "0.00")
    charges.settle([farmer.pk, free.pk], JUNE, today=TODAY, reason="核定")
    assert (sums(farmer), sums(free)) == ({6: "0.50"}, {6: "0.00"})
