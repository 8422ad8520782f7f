import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import TrailLine
from branches.models import Changed
from dues import services, standing
from dues.models import Charge, Payment
from dues.services import charges, payments
from members.enums import MemberKind
from members.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH, APRIL = (datetime.date(2026, month, 1) for month in (1, 2, 3, 4))
TODAY = datetime.date(2026, 3, 18)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def member(branch):
    member = factories.make_member(branch, "龚丽华")
    factories.make_approved_amount(member, "20.00")
    return member


def enter(member, by, amount="20.00", month=MARCH, **options):
    return payments.enter_payment(
        member=member,
        organisation=member.organisation,
        month=month,
        amount=Decimal(amount),
        by=by,
        today=TODAY,
        **options,
    )


def correct(member, by, amount, seen, month=MARCH, **options):
    return payments.correct_payment(
        member=member,
        organisation=member.organisation,
        month=month,
        amount=Decimal(amount),
        seen=Decimal(seen),
        by=by,
        today=TODAY,
        **options,
    )


def balance(member, month=MARCH):
    return standing.balance(member, member.organisation, month)


def age_entries(minutes=60):
    """Entries as if made earlier, so that a slip is no slip any more."""
    Payment.objects.update(entered_at=timezone.now() - datetime.timedelta(minutes=minutes))


# --- Charges --------------------------------------------------------------------------------


def test_a_month_is_charged_once_however_often_it_is_asked(branch, member):
    assert charges.charge_month(MARCH) == 1
    assert charges.charge_month(MARCH) == 0
    charge = Charge.objects.get()
    assert (charge.member, charge.organisation, charge.month, charge.amount) == (
        member,
        branch,
        MARCH,
        Decimal("20.00"),
    )
    assert TrailLine.objects.get(area="dues").after == {"新增": "1 人"}


def test_nothing_is_charged_before_the_start_month_or_without_an_amount(branch, member):
    factories.make_member(branch)
    assert charges.charge_month(datetime.date(2025, 12, 1)) == 0
    assert charges.charge_month(JANUARY) == 1


def test_the_newest_amount_in_force_is_charged(member):
    factories.make_approved_amount(member, "25.00", from_month=MARCH)
    factories.make_approved_amount(member, "99.00", from_month=APRIL)
    charges.charge_month(FEBRUARY)
    charges.charge_month(MARCH)
    assert list(Charge.objects.order_by("month").values_list("amount", flat=True)) == [
        Decimal("20.00"),
        Decimal("25.00"),
    ]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "charged"),
    [
        (datetime.date(2026, 3, 31), None, 1),
        (datetime.date(2026, 4, 1), None, 0),
        (datetime.date(2020, 1, 1), datetime.date(2026, 3, 2), 1),
        (datetime.date(2020, 1, 1), datetime.date(2026, 2, 28), 0),
    ],
)
def test_the_membership_must_stand_in_the_month(branch, starts_on, ends_on, charged):
    member = factories.make_member(branch, starts_on=starts_on, ends_on=ends_on)
    factories.make_approved_amount(member)
    assert charges.charge_month(MARCH) == charged


def test_who_moved_within_the_month_owes_it_to_the_last_branch(branch, member):
    other = factories.make_branch()
    member.memberships.update(ends_on=datetime.date(2026, 3, 14))
    Membership.objects.create(
        member=member, organisation=other, starts_on=datetime.date(2026, 3, 15)
    )
    assert charges.charge_month(MARCH, organisations=[branch]) == 0
    assert charges.charge_month(MARCH) == 1
    assert Charge.objects.get().organisation == other


def test_february_of_a_leap_year_is_charged(branch):
    member = factories.make_member(branch, starts_on=datetime.date(2024, 2, 29))
    factories.make_approved_amount(member, from_month=JANUARY.replace(year=2024))
    assert charges.charge_month(datetime.date(2024, 2, 1)) == 1


def test_charging_takes_as_many_queries_for_sixty_as_for_one(branch, django_assert_max_num_queries):
    for member in factories.make_members(branch, 60):
        factories.make_approved_amount(member)
    with django_assert_max_num_queries(10):
        assert charges.charge_month(MARCH) == 60


# --- One cell -------------------------------------------------------------------------------


def test_entering_leaves_an_entry_a_line_and_a_note(branch, member, secretary):
    payment = enter(member, secretary)
    assert (payment.amount, payment.paid_on, payment.entered_by) == (
        Decimal("20.00"),
        TODAY,
        secretary,
    )
    line = TrailLine.objects.get(area="dues", object_id=member.pk)
    assert (line.action, line.label) == ("录入党费", "龚丽华 2026年3月")
    assert (line.before, line.after) == ({"实缴": ""}, {"实缴": "20.00"})
    note = Changed.objects.get()
    assert (note.area, note.from_on, note.to_on) == ("dues", MARCH, datetime.date(2026, 3, 31))


def test_the_sum_of_entries_is_the_balance_after_every_step(branch, member, secretary):
    steps = [("20.00", "0"), ("15.00", "20.00"), ("0", "15.00"), ("18.50", "0"), ("20.00", "18.50")]
    enter(member, secretary)
    for amount, seen in steps[1:]:
        correct(member, secretary, amount, seen)
        total = Payment.objects.aggregate(total=Sum("amount"))["total"]
        assert total == balance(member) == Decimal(amount)
    amounts = list(Payment.objects.order_by("pk").values_list("amount", flat=True))
    assert amounts == [
        Decimal(amount) for amount in ("20", "-20", "15", "-15", "18.5", "-18.5", "20")
    ]
    reversals = Payment.objects.filter(amount__lt=0)
    assert all(entry.reverses.amount == -entry.amount for entry in reversals)


def test_an_entry_cannot_be_negative_or_reversed_twice(member, secretary):
    payment = enter(member, secretary)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(amount=-1)
    correct(member, secretary, "0", "20.00")
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_payment(member, MARCH, "-20.00", reverses=payment)


def test_a_correction_keeps_the_day_of_payment(member, secretary):
    factories.make_payment(member, FEBRUARY, "10.00", paid_on=datetime.date(2026, 2, 5))
    correct(member, secretary, "20.00", "10.00", month=FEBRUARY, reason="看错一行")
    days = Payment.objects.values_list("amount", "paid_on", "reason").order_by("pk")
    fifth = datetime.date(2026, 2, 5)
    assert list(days) == [
        (Decimal("10.00"), fifth, ""),
        (Decimal("-10.00"), fifth, "看错一行"),
        (Decimal("20.00"), fifth, "看错一行"),
    ]


def test_an_earlier_month_is_corrected_with_a_reason_only(member, secretary):
    enter(member, secretary, month=FEBRUARY)
    age_entries()
    with pytest.raises(services.Refused, match="2026年2月已过，更正要写明原因"):
        correct(member, secretary, "15.00", "20.00", month=FEBRUARY)
    assert balance(member, FEBRUARY) == Decimal("20.00")
    correct(member, secretary, "15.00", "20.00", month=FEBRUARY, reason="实收 15 元")
    line = TrailLine.objects.filter(action="更正党费").get()
    assert (line.reason, line.before, line.after) == (
        "实收 15 元",
        {"实缴": "20.00"},
        {"实缴": "15.00"},
    )


def test_a_slip_of_a_moment_ago_needs_no_reason_but_only_ones_own(branch, member, secretary):
    enter(member, secretary, month=FEBRUARY)
    colleague = factories.make_user("organiser", branch)
    with pytest.raises(services.Refused, match="原因"):
        correct(member, colleague, "15.00", "20.00", month=FEBRUARY)
    correct(member, secretary, "15.00", "20.00", month=FEBRUARY)
    assert balance(member, FEBRUARY) == Decimal("15.00")


def test_a_month_to_come_is_refused(member, secretary):
    with pytest.raises(services.Refused, match="党费不预收"):
        enter(member, secretary, month=APRIL)
    assert not Payment.objects.exists()


@pytest.mark.parametrize("amount", ["0", "-5"])
def test_nothing_and_less_is_no_payment(member, secretary, amount):
    with pytest.raises(services.Refused):
        enter(member, secretary, amount)


def test_a_month_outside_the_membership_is_refused(branch, secretary):
    member = factories.make_member(branch, starts_on=datetime.date(2026, 2, 10))
    with pytest.raises(services.Refused, match="不在本支部"):
        enter(member, secretary, month=JANUARY)
    assert enter(member, secretary, month=FEBRUARY)


def test_a_month_owed_elsewhere_is_refused(branch, member, secretary):
    charges.charge_month(MARCH)
    with pytest.raises(services.Refused, match="不在本支部"):
        payments.enter_payment(
            member=member,
            organisation=factories.make_branch(),
            month=MARCH,
            amount=Decimal(20),
            by=secretary,
            today=TODAY,
        )


def test_a_part_payment_is_taken_without_a_question(member, secretary):
    assert enter(member, secretary, "15.00").amount == Decimal("15.00")


def test_three_times_the_standard_is_taken_and_more_is_asked_about_once(member, secretary):
    with pytest.raises(services.NeedsConfirmation, match=r"是月标准 20\.00 的 3\.0 倍"):
        enter(member, secretary, "60.01")
    assert not Payment.objects.exists()
    assert enter(member, secretary, "60.00")
    correct(member, secretary, "60.01", "60.00", confirmed=True)
    assert balance(member) == Decimal("60.01")


def test_more_than_half_a_year_back_is_asked_about(member, secretary):
    long_ago = datetime.date(2025, 8, 1)
    with pytest.raises(services.NeedsConfirmation, match="6 个月"):
        enter(member, secretary, month=long_ago)
    assert enter(member, secretary, month=datetime.date(2025, 9, 1))
    assert enter(member, secretary, month=long_ago, confirmed=True)


def test_the_second_of_two_on_one_cell_is_told_the_other_sum(branch, member, secretary):
    colleague = factories.make_user("organiser", branch, name="周慧敏")
    enter(member, colleague, "18.00")
    with pytest.raises(payments.PaidMeanwhile) as refused:
        enter(member, secretary, "20.00")
    assert (refused.value.paid, refused.value.last.entered_by) == (Decimal("18.00"), colleague)
    with pytest.raises(payments.PaidMeanwhile):
        correct(member, secretary, "20.00", "19.00")
    assert balance(member) == Decimal("18.00")
    assert TrailLine.objects.filter(area="dues").count() == 1


def test_the_same_sum_again_changes_nothing(member, secretary):
    enter(member, secretary)
    correct(member, secretary, "20.00", "20.00")
    assert Payment.objects.count() == 1
    assert TrailLine.objects.filter(area="dues").count() == 1


# --- The rest by standard -------------------------------------------------------------------


def fill(branch, by, month=MARCH):
    return payments.fill_month(organisation=branch, month=month, by=by, today=TODAY)


def test_filling_pays_the_standard_for_empty_cells_only(branch, secretary):
    part, full, empty, free = factories.make_members(branch, 4)
    for member in (part, full, empty):
        factories.make_approved_amount(member, "20.00")
    factories.make_approved_amount(free, "0.00")
    factories.make_member(branch, kind=MemberKind.PROBATIONARY)
    enter(part, secretary, "5.00")
    enter(full, secretary, "20.00")
    filled = fill(branch, secretary)
    assert [(payment.member, payment.amount) for payment in filled] == [(empty, Decimal("20.00"))]
    assert balance(part) == Decimal("5.00")
    assert fill(branch, secretary) == []


def test_filling_writes_one_line_that_names_everybody(branch, secretary):
    for name in ("龚丽华", "余海波"):
        factories.make_approved_amount(factories.make_member(branch, name), "20.00")
    fill(branch, secretary)
    line = TrailLine.objects.get(action="按标准缴清")
    assert line.after == {"人数": "2", "金额": "40.00", "名单": "龚丽华 20.00、余海波 20.00"}
    assert Changed.objects.filter(area="dues").exists()


def test_filling_sixty_takes_as_many_queries_as_filling_one(
    branch, secretary, django_assert_max_num_queries
):
    for member in factories.make_members(branch, 60):
        factories.make_approved_amount(member)
    with django_assert_max_num_queries(18):
        assert len(fill(branch, secretary)) == 60


def test_filling_an_empty_branch_does_nothing(branch, secretary):
    assert fill(branch, secretary) == []
    assert not TrailLine.objects.exists()


def test_filling_a_month_to_come_is_refused(branch, member, secretary):
    with pytest.raises(services.Refused, match="党费不预收"):
        fill(branch, secretary, APRIL)


def test_undoing_a_fill_takes_back_exactly_that(branch, member, secretary):
    other = factories.make_member(branch)
    factories.make_approved_amount(other, "30.00")
    enter(other, secretary, "30.00")
    keys = [payment.pk for payment in fill(branch, secretary)]
    payments.undo_fill(organisation=branch, payments=keys, by=secretary)
    assert (balance(member), balance(other)) == (Decimal(0), Decimal("30.00"))
    assert TrailLine.objects.filter(action="撤销按标准缴清").count() == 1
    with pytest.raises(services.Refused, match="已经撤销过"):
        payments.undo_fill(organisation=branch, payments=keys, by=secretary)
    assert balance(member) == Decimal(0)


def test_undoing_leaves_what_was_corrected_since(branch, member, secretary):
    other = factories.make_member(branch)
    factories.make_approved_amount(other, "30.00")
    keys = [payment.pk for payment in fill(branch, secretary)]
    correct(member, secretary, "10.00", "20.00")
    payments.undo_fill(organisation=branch, payments=keys, by=secretary)
    assert (balance(member), balance(other)) == (Decimal("10.00"), Decimal(0))


def test_entries_of_somebody_else_are_not_undone(branch, member, secretary):
    keys = [payment.pk for payment in fill(branch, secretary)]
    colleague = factories.make_user("organiser", branch)
    with pytest.raises(services.Refused, match="别人录入"):
        payments.undo_fill(organisation=branch, payments=keys, by=colleague)
    assert balance(member) == Decimal("20.00")


def test_entries_of_another_branch_are_not_undone(branch, member, secretary):
    keys = [payment.pk for payment in fill(branch, secretary)]
    with pytest.raises(services.Refused):
        payments.undo_fill(organisation=factories.make_branch(), payments=keys, by=secretary)
    assert balance(member) == Decimal("20.00")


def test_a_month_before_the_county_kept_its_dues_here_is_not_filled():
    branch = factories.make_branch()
    member = factories.make_member(branch)
    factories.make_approved_amount(member, from_month=datetime.date(2025, 1, 1))
    factories.make_charge(member, datetime.date(2026, 1, 1))
    secretary = factories.make_user(organisation=branch)
    with pytest.raises(services.Refused, match="启用党费台账以前"):
        payments.fill_month(
            organisation=branch,
            month=datetime.date(2025, 3, 1),
            by=secretary,
            today=datetime.date(2026, 3, 18),
        )
    assert not Charge.objects.filter(month__lt=datetime.date(2026, 1, 1)).exists()
