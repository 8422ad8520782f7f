"""What is owed: who, for which month, to which branch, how much, and what happens afterwards."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.models import TrailLine
from branches.models import Changed
from compliance.models import CheckRun
from compliance.services import run_night
from dues.enums import RequestKind, RequestState
from dues.models import Charge, ChargeChange, DuesRequest, Payment
from dues.services import charges
from dues.wanted import Facts
from members.enums import MemberKind
from members.models import Membership
from tests import factories
from tests.queries import count_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def month(number, year=2026):
    return datetime.date(year, number, 1)


JANUARY, FEBRUARY, MARCH, APRIL, MAY, JUNE = (month(number) for number in range(1, 7))
TODAY = datetime.date(2026, 6, 18)


@pytest.fixture
def branch():
    """A branch of a county that keeps its dues here since January 2026."""
    branch = factories.make_branch()
    colleague = factories.make_member(branch, "余海波")
    factories.make_charge(colleague, JANUARY, "1.00")
    return branch


@pytest.fixture
def member(branch):
    member = factories.make_member(branch, "龚丽华")
    factories.make_approved_amount(member, "20.00")
    return member


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
    charges.settle_all(datetime.date(2025, 12, 31))
    charges.settle_all(new_year)
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


# --- Coming and going -----------------------------------------------------------------------


def test_a_transfer_recorded_late_moves_the_unpaid_months(branch, member):
    settle(member)
    other = factories.make_branch()
    Changed.objects.all().delete()
    move(member, other, datetime.date(2026, 4, 15))
    assert charges.settle_all(TODAY) == 3
    assert [(first, to) for first, to, _amount in owed(member)] == [
        *((first, branch) for first in (JANUARY, FEBRUARY, MARCH)),
        *((first, other) for first in (APRIL, MAY, JUNE)),
    ]
    assert not ChargeChange.objects.exists()
    line = TrailLine.objects.filter(action="调整应缴党费").order_by("pk").first()
    assert line.before == {"2026年4月应缴": f"20.00（{branch.name}）"}
    assert line.after == {"2026年4月应缴": f"20.00（{other.name}）"}
    assert set(Changed.objects.values_list("organisation", flat=True)) == {branch.pk, other.pk}
    assert charges.settle_all(TODAY) == 0


def test_months_paid_at_the_old_branch_stay_there(branch, member):
    settle(member)
    for first in (APRIL, MAY):
        factories.make_payment(member, first, "10.00")
    move(member, factories.make_branch(), datetime.date(2026, 4, 1))
    assert charges.settle_all(TODAY) == 1
    assert [to == branch for _first, to, _amount in owed(member)] == [True] * 5 + [False]


def test_a_month_whose_payment_was_taken_back_follows_the_relation(branch, member):
    settle(member)
    wrong = factories.make_payment(member, JUNE)
    factories.make_payment(member, JUNE, "-20.00", reverses=wrong)
    other = factories.make_branch()
    move(member, other, datetime.date(2026, 6, 1))
    assert charges.settle_all(TODAY) == 1
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
    assert charges.settle_all(TODAY) == 3
    assert sums(member) == dict.fromkeys((1, 2, 3), "20.00") | dict.fromkeys((4, 5, 6), "0.00")
    assert ChargeChange.objects.aggregate(total=Sum("difference"))["total"] == Decimal("-60.00")
    assert charges.settle_all(TODAY) == 0


@pytest.mark.parametrize(("paid", "stands"), [("20.00", "20.00"), ("5.00", "5.00")])
def test_who_paid_the_month_in_which_he_left_owes_what_he_paid(branch, member, paid, stands):
    settle(member)
    factories.make_payment(member, APRIL, paid)
    leave(member, datetime.date(2026, 4, 10), "组织关系转出")
    charges.settle_all(TODAY)
    assert sums(member)[4] == stands
    assert sums(member)[5] == "0.00"
    assert charges.settle_all(TODAY) == 0


def test_who_paid_before_leaving_in_a_month_not_charged_yet_is_charged_for_it(branch, member):
    charges.settle_all(datetime.date(2026, 5, 31))
    factories.make_payment(member, JUNE, "20.00")
    leave(member, datetime.date(2026, 6, 3))
    assert charges.settle_all(TODAY) == 1
    assert sums(member) == dict.fromkeys(range(1, 7), "20.00")


def test_who_left_on_the_last_day_of_december_does_not_owe_january(branch):
    member = factories.make_member(branch)
    factories.make_approved_amount(member)
    factories.make_charge(member, month(11))
    leave(member, datetime.date(2026, 12, 31))
    charges.settle_all(datetime.date(2027, 1, 1), since=month(12))
    assert sums(member)[11] == "20.00"
    # The roster of 31 December is without whoever left on that day.
    assert not member.charges.filter(month__gte=month(12)).exists()


def test_who_comes_back_is_charged_from_the_month_of_return(branch, member):
    settle(member, JANUARY, datetime.date(2026, 2, 20))
    leave(member, datetime.date(2026, 3, 5), "组织关系转出")
    charges.settle_all(datetime.date(2026, 4, 1))
    member.left_on, member.left_reason = None, ""
    member.save()
    Membership.objects.create(
        member=member, organisation=branch, starts_on=datetime.date(2026, 5, 20)
    )
    charges.settle_all(TODAY)
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
    assert charges.settle_all(TODAY) == 3
    assert sums(member)[3] == "0.00"
    membership.starts_on = datetime.date(2026, 2, 2)
    membership.save()
    assert charges.settle_all(TODAY) == 2
    assert (sums(member)[1], sums(member)[2]) == ("0.00", "20.00")
    changes = ChargeChange.objects.filter(charge__month=MARCH).values_list("difference", flat=True)
    assert list(changes) == [Decimal("-20.00"), Decimal("20.00")]


# --- The night ------------------------------------------------------------------------------


def test_a_charge_without_an_approved_amount_stays_as_the_sheet_set_it(branch):
    before = everything()
    assert charges.settle_all(TODAY) == 0
    assert everything() == before


def test_the_night_asks_nothing_of_a_branch_before_its_own_first_month(branch):
    late = factories.make_branch()
    member = factories.make_member(late)
    factories.make_approved_amount(member)
    factories.make_charge(member, APRIL)
    charges.settle_all(TODAY)
    assert sums(member) == {4: "20.00", 5: "20.00", 6: "20.00"}


def test_a_branch_never_charged_begins_with_the_running_month(branch):
    member = factories.make_member(factories.make_branch())
    factories.make_approved_amount(member)
    charges.settle_all(TODAY)
    assert sums(member) == {6: "20.00"}


def test_the_night_looks_back_a_year_and_no_further(member):
    Charge.objects.update(month=month(1, 2024))
    factories.make_approved_amount(member, "9.00", from_month=month(1, 2024))
    charges.settle_all(TODAY)
    assert member.charges.order_by("month").first().month == month(7, 2025)
    assert member.charges.count() == 12


def test_five_missed_months_are_charged_like_five_nights(branch):
    members = factories.make_members(branch, 3)
    for one in members:
        factories.make_approved_amount(one)
    other = factories.make_branch()
    newcomer = factories.make_member(other, starts_on=datetime.date(2026, 3, 9))
    factories.make_approved_amount(newcomer)
    charges.settle_all(datetime.date(2026, 1, 20))
    for number in range(2, 7):
        charges.settle_all(datetime.date(2026, number, 3), since=month(number - 1))
    nightly = everything()
    Charge.objects.filter(month__gt=JANUARY).delete()
    charges.settle_all(datetime.date(2026, 6, 3), since=JANUARY)
    assert everything() == nightly
    assert sums(newcomer) == dict.fromkeys((3, 4, 5, 6), "20.00")


@pytest.mark.parametrize("killed_in", [FEBRUARY, APRIL, JUNE])
def test_a_night_killed_in_the_middle_leaves_whole_months_and_is_made_good(
    branch, member, monkeypatch, killed_in
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
    write = charges._note

    def dies(differences):
        if differences[0].month == killed_in:
            raise KeyboardInterrupt
        write(differences)

    with monkeypatch.context() as patch:
        patch.setattr(charges, "_note", dies)
        with pytest.raises(KeyboardInterrupt):
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
    charges.settle_all(TODAY, since=JUNE)
    made = TrailLine.objects.filter(label="2026年6月")
    assert [line.after for line in made] == [{"新增": "1 人"}]
    changed = TrailLine.objects.get(object_id=member.pk, before__has_key="2026年6月应缴")
    assert changed.after == {"2026年6月应缴": "20.00"}
    assert changed.reason == charges.BY_NIGHT


def test_the_night_takes_as_many_queries_for_sixty_members_as_for_one(branch, member):
    def from_the_beginning():
        Charge.objects.filter(month=JUNE).delete()
        charges.settle_all(TODAY, since=JUNE)

    charges.settle_all(TODAY)
    one = count_of(from_the_beginning)
    for another in factories.make_members(branch, 60):
        factories.make_approved_amount(another)
    charges.settle_all(TODAY)
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
    results = at_once(*[lambda: charges.settle_all(TODAY)] * 2)
    assert all(isinstance(result, int) for result in results), results
    assert sorted(results)[0] == 0 or sum(results) == 5 * 3 + 3
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

    results = at_once(approve, lambda: charges.settle_all(TODAY))
    assert all(isinstance(result, int) for result in results), results
    assert sums(member) == dict.fromkeys((1, 2), "20.00") | dict.fromkeys((3, 4, 5, 6), "30.00")
