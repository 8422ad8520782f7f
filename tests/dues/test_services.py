import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import TrailLine
from branches.models import Changed, Setting
from dues import services, standing
from dues.enums import Way
from dues.models import DuesRequest, Payment
from dues.services import charges, payments
from dues.services.checks import TooLongAgo
from dues.values import BACK_MONTHS
from tests import factories

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH, APRIL = (datetime.date(2026, month, 1) for month in (1, 2, 3, 4))
TODAY = datetime.date(2026, 3, 18)


@pytest.fixture
def kept(branch):
    """Dues are kept here since January 2025: a colleague was charged then."""
    return factories.make_charge(factories.make_member(branch), datetime.date(2025, 1, 1))


def enter(member, by, amount="20.00", month=MARCH, **options):
    return payments.add_payment(
        seen=Decimal(0),
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


def test_a_correction_takes_back_the_newest_and_leaves_what_was_right(member, secretary):
    fifth, twelfth = datetime.date(2026, 2, 5), datetime.date(2026, 2, 12)
    factories.make_payment(member, FEBRUARY, "12.00", paid_on=fifth, way="transfer")
    factories.make_payment(member, FEBRUARY, "8.00", paid_on=twelfth, way="cash", in_booklet=False)
    correct(member, secretary, "19.50", "20.00", month=FEBRUARY, reason="找零没有扣")
    entries = Payment.objects.values_list("amount", "paid_on", "way", "in_booklet").order_by("pk")
    assert list(entries) == [
        (Decimal("12.00"), fifth, "transfer", True),
        (Decimal("8.00"), twelfth, "cash", False),
        (Decimal("-8.00"), twelfth, "cash", True),
        (Decimal("7.50"), twelfth, "cash", False),
    ]


@pytest.mark.usefixtures("kept")
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


@pytest.mark.usefixtures("kept")
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


@pytest.mark.usefixtures("kept")
def test_a_month_outside_the_membership_is_refused(branch, secretary):
    member = factories.make_member(branch, starts_on=datetime.date(2026, 2, 10))
    with pytest.raises(services.Refused, match="不在本支部"):
        enter(member, secretary, month=JANUARY)
    assert enter(member, secretary, month=FEBRUARY)


def test_a_month_owed_elsewhere_is_refused(branch, member, secretary):
    charges.charge_month(MARCH)
    with pytest.raises(services.Refused, match="不在本支部"):
        payments.add_payment(
            seen=Decimal(0),
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


@pytest.mark.usefixtures("kept")
def test_a_month_long_past_needs_the_leave_of_the_superior(branch, member, secretary):
    long_ago, at_the_border = datetime.date(2025, 8, 1), datetime.date(2025, 9, 1)
    assert enter(member, secretary, month=at_the_border)
    with pytest.raises(TooLongAgo, match=r"2025年8月已过去 6 个月以上.*请示审批"):
        enter(member, secretary, month=long_ago, confirmed=True)
    request = DuesRequest.objects.create(
        organisation=branch,
        member=member,
        kind="back_payment",
        from_month=long_ago,
        until_month=long_ago,
        reason="外出务工",
        asked_on=TODAY,
    )
    with pytest.raises(TooLongAgo):
        enter(member, secretary, month=long_ago)
    request.state, request.decided_on = "approved", TODAY
    request.save()
    assert enter(member, secretary, month=long_ago)


@pytest.mark.usefixtures("kept")
def test_how_far_back_is_a_county_value(branch, member, secretary):
    Setting.objects.create(key=BACK_MONTHS.name, starts_on=datetime.date(2026, 1, 1), value=2)
    with pytest.raises(TooLongAgo, match="2 个月以上"):
        enter(member, secretary, month=datetime.date(2025, 12, 1))
    assert enter(member, secretary, month=JANUARY)


def test_months_before_the_start_are_paid_only_as_arrears_brought_along(branch, secretary):
    factories.make_charge(factories.make_member(branch), JANUARY)
    member, other = factories.make_members(branch, 2)
    factories.make_opening(member, datetime.date(2025, 11, 1), "40")
    december = datetime.date(2025, 12, 1)
    assert enter(member, secretary, month=december)
    with pytest.raises(services.Refused, match="启用党费台账以前"):
        enter(member, secretary, month=datetime.date(2025, 10, 1))
    with pytest.raises(services.Refused, match="启用党费台账以前"):
        enter(other, secretary, month=december)


def test_a_large_gift_is_asked_about_and_pointed_elsewhere(member, secretary):
    factories.make_approved_amount(member, "900.00", from_month=MARCH)
    with pytest.raises(services.NeedsConfirmation, match="大额党费另账登记"):
        enter(member, secretary, "1900.00")
    assert enter(member, secretary, "1899.99")


# --- Day, way and who brought it ------------------------------------------------------------


def test_day_way_and_bearer_stand_in_the_entry_and_in_the_line(member, secretary):
    fifth = datetime.date(2026, 3, 5)
    payment = enter(member, secretary, paid_on=fifth, way=Way.TRANSFER, brought_by="龚强")
    assert (payment.paid_on, payment.way, payment.brought_by) == (fifth, "transfer", "龚强")
    assert TrailLine.objects.get(area="dues").after == {
        "实缴": "20.00",
        "交纳日期": "2026年3月5日",
        "方式": "转账",
        "代交人": "龚强",
    }


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (datetime.date(2026, 3, 19), "在今天之后"),
        (datetime.date(2026, 2, 28), "党费不预收"),
    ],
)
def test_a_day_to_come_and_one_before_the_month_are_refused(member, secretary, day, words):
    with pytest.raises(services.Refused, match=words) as refused:
        enter(member, secretary, paid_on=day)
    assert refused.value.field == "paid_on"
    assert not Payment.objects.exists()


# --- Part payments --------------------------------------------------------------------------


def put(member, by, amount, seen, **options):
    return payments.set_payment(
        member=member,
        organisation=member.organisation,
        month=options.pop("month", MARCH),
        amount=Decimal(amount),
        seen=Decimal(seen),
        by=by,
        today=TODAY,
        **options,
    )


def amounts():
    return [
        str(amount) for amount in Payment.objects.order_by("pk").values_list("amount", flat=True)
    ]


def test_a_larger_sum_later_is_a_further_payment_of_the_difference(member, secretary):
    put(member, secretary, "15.00", "0", paid_on=datetime.date(2026, 3, 2))
    age_entries()
    further = put(member, secretary, "20.00", "15.00", way=Way.TRANSFER)
    assert (further.amount, further.paid_on, further.way) == (Decimal("5.00"), TODAY, "transfer")
    assert amounts() == ["15.00", "5.00"]
    line = TrailLine.objects.get(action="补记党费")
    assert (line.before, line.after["实缴"]) == ({"实缴": "15.00"}, "20.00")


def test_a_larger_sum_a_moment_later_puts_a_slip_right(branch, member, secretary):
    put(member, secretary, "2.00", "0")
    assert put(member, secretary, "20.00", "2.00") is None
    assert amounts() == ["2.00", "-2.00", "20.00"]


def test_on_another_day_or_by_another_hand_it_is_no_slip(branch, member, secretary):
    put(member, secretary, "5.00", "0", paid_on=datetime.date(2026, 3, 2))
    assert put(member, secretary, "12.00", "5.00").amount == Decimal("7.00")
    colleague = factories.make_user("organiser", branch)
    assert put(member, colleague, "20.00", "12.00").amount == Decimal("8.00")
    assert amounts() == ["5.00", "7.00", "8.00"]


def test_a_smaller_sum_takes_back_the_newest_payments_if_that_is_enough(member, secretary):
    put(member, secretary, "15.00", "0", paid_on=datetime.date(2026, 3, 2))
    put(member, secretary, "20.00", "15.00")
    assert put(member, secretary, "15.00", "20.00") is None
    assert amounts() == ["15.00", "5.00", "-5.00"]
    put(member, secretary, "12.00", "15.00")
    assert amounts()[3:] == ["-15.00", "12.00"]
    assert balance(member) == Decimal("12.00")


def test_a_further_payment_on_top_of_a_sum_not_seen_is_refused(member, secretary):
    enter(member, secretary, "5.00")
    with pytest.raises(payments.PaidMeanwhile):
        payments.add_payment(
            member=member,
            organisation=member.organisation,
            month=MARCH,
            amount=Decimal(15),
            seen=Decimal(0),
            by=secretary,
            today=TODAY,
        )
    assert balance(member) == Decimal("5.00")


# --- The booklet ----------------------------------------------------------------------------


def mark(member, by, in_booklet):
    return payments.mark_booklet(
        member=member,
        organisation=member.organisation,
        month=MARCH,
        in_booklet=in_booklet,
        by=by,
    )


def test_a_payment_is_in_the_booklet_until_somebody_says_otherwise(member, secretary):
    payment = enter(member, secretary)
    assert payment.in_booklet
    assert mark(member, secretary, False)
    assert not mark(member, secretary, False)
    line = TrailLine.objects.get(action="改党费证为未登")
    assert (line.before, line.after) == ({"党费证": "已登"}, {"党费证": "未登"})
    assert mark(member, secretary, True)
    payment.refresh_from_db()
    assert payment.in_booklet


def test_nothing_paid_is_in_no_booklet(member, secretary):
    with pytest.raises(services.Refused, match="还没有交党费"):
        mark(member, secretary, True)


# --- Two on one cell ------------------------------------------------------------------------


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


def test_what_is_taken_back_to_nothing_is_nothing_to_the_fen_and_typed_again(member, secretary):
    # SQLite adds 5.10 and 5.30, both taken back, to -8.88E-16.
    first = enter(member, secretary, "5.10")
    payments.add_payment(
        member=member,
        organisation=first.organisation,
        month=MARCH,
        amount=Decimal("5.30"),
        seen=Decimal("5.10"),
        by=secretary,
        today=TODAY,
    )
    correct(member, secretary, "0", "10.40")
    assert str(balance(member)) == "0.00"
    enter(member, secretary, "5.10")
    assert balance(member) == Decimal("5.10")


def test_a_sum_through_a_subquery_is_in_fen_too(member):
    charge = factories.make_charge(member, MARCH)
    for amount in ("5.10", "5.30"):
        wrong = factories.make_payment(member, MARCH, amount)
        factories.make_payment(member, MARCH, f"-{amount}", reverses=wrong)
    found = standing.with_paid(type(charge).objects.all()).get()
    assert str(found.paid) == "0.00"
    assert standing.paid_for(MARCH, MARCH) == {(member.pk, MARCH): Decimal("0.00")}
    assert standing.paid_for(MARCH, MARCH, members=[]) == {}
