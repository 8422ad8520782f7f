"""The rest by standard, several months of one member, and taking both back."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from branches.models import Changed
from branches.periods import Span, period_of
from dues import services, standing, unpaid
from dues.enums import Way
from dues.grid import Grid
from dues.models import Charge, DuesRequest, Payment
from dues.services import fills, payments
from dues.sums import figures_of
from members.enums import MemberKind
from tests import factories

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH, APRIL = (datetime.date(2026, month, 1) for month in (1, 2, 3, 4))
TODAY = datetime.date(2026, 3, 18)


def enter(member, by, amount):
    return payments.add_payment(
        seen=Decimal(0),
        member=member,
        organisation=member.organisation,
        month=MARCH,
        amount=Decimal(amount),
        by=by,
        today=TODAY,
    )


def correct(member, by, amount, seen):
    return payments.correct_payment(
        member=member,
        organisation=member.organisation,
        month=MARCH,
        amount=Decimal(amount),
        seen=Decimal(seen),
        by=by,
        today=TODAY,
    )


def balance(member, month=MARCH):
    return standing.balance(member, member.organisation, month)


# --- The rest by standard -------------------------------------------------------------------


def fill(branch, by, month=MARCH, **options):
    return fills.fill_month(organisation=branch, month=month, by=by, today=TODAY, **options)


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
    with django_assert_max_num_queries(26):
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
    fills.undo_fill(organisation=branch, payments=keys, by=secretary)
    assert (balance(member), balance(other)) == (Decimal(0), Decimal("30.00"))
    assert TrailLine.objects.filter(action="撤销按标准缴清").count() == 1
    with pytest.raises(services.Refused, match="已经撤销过"):
        fills.undo_fill(organisation=branch, payments=keys, by=secretary)
    assert balance(member) == Decimal(0)


def test_undoing_leaves_what_was_corrected_since(branch, member, secretary):
    other = factories.make_member(branch)
    factories.make_approved_amount(other, "30.00")
    keys = [payment.pk for payment in fill(branch, secretary)]
    correct(member, secretary, "10.00", "20.00")
    fills.undo_fill(organisation=branch, payments=keys, by=secretary)
    assert (balance(member), balance(other)) == (Decimal("10.00"), Decimal(0))


def test_entries_of_somebody_else_are_not_undone(branch, member, secretary):
    keys = [payment.pk for payment in fill(branch, secretary)]
    colleague = factories.make_user("organiser", branch)
    with pytest.raises(services.Refused, match="别人录入"):
        fills.undo_fill(organisation=branch, payments=keys, by=colleague)
    assert balance(member) == Decimal("20.00")


def test_entries_of_another_branch_are_not_undone(branch, member, secretary):
    keys = [payment.pk for payment in fill(branch, secretary)]
    with pytest.raises(services.Refused):
        fills.undo_fill(organisation=factories.make_branch(), payments=keys, by=secretary)
    assert balance(member) == Decimal("20.00")


def test_a_month_before_the_county_kept_its_dues_here_is_not_filled():
    branch = factories.make_branch()
    member = factories.make_member(branch)
    factories.make_approved_amount(member, from_month=datetime.date(2025, 1, 1))
    factories.make_charge(member, datetime.date(2026, 1, 1))
    secretary = factories.make_user(organisation=branch)
    with pytest.raises(services.Refused, match="启用党费台账以前"):
        fills.fill_month(
            organisation=branch,
            month=datetime.date(2025, 3, 1),
            by=secretary,
            today=datetime.date(2026, 3, 18),
        )
    assert not Charge.objects.filter(month__lt=datetime.date(2026, 1, 1)).exists()


def test_day_and_way_go_with_every_payment_of_a_fill(branch, member, secretary):
    (payment,) = fill(branch, secretary, paid_on=datetime.date(2026, 3, 3), way=Way.TRANSFER)
    assert (payment.paid_on, payment.way) == (datetime.date(2026, 3, 3), "transfer")
    with pytest.raises(services.Refused, match="在今天之后"):
        fill(branch, secretary, paid_on=datetime.date(2026, 3, 19))


def test_a_month_long_past_is_not_filled(branch, member, secretary):
    factories.make_charge(member, datetime.date(2025, 8, 1))
    with pytest.raises(services.Refused, match="先经上级同意"):
        fill(branch, secretary, datetime.date(2025, 8, 1))


# --- Several months of one member -----------------------------------------------------------


def pay(member, by, months, seen, **options):
    return fills.pay_months(
        member=member,
        organisation=member.organisation,
        months=months,
        seen=Decimal(seen),
        by=by,
        today=TODAY,
        **options,
    )


@pytest.fixture
def owing(branch, member):
    """Three months charged, the first paid in part."""
    for month in (JANUARY, FEBRUARY, MARCH):
        factories.make_charge(member, month)
    factories.make_payment(member, JANUARY, "5.00")
    return member


def owed(member):
    return [
        (one.month, one.short) for one in unpaid.owed_months(member, member.organisation, TODAY)
    ]


def test_what_is_owed_is_each_month_not_paid_in_full(owing):
    factories.make_charge(owing, APRIL)
    assert owed(owing) == [
        (JANUARY, Decimal("15.00")),
        (FEBRUARY, Decimal("20.00")),
        (MARCH, Decimal("20.00")),
    ]


def test_arrears_brought_along_are_owed_in_equal_parts_to_the_fen(branch, owing):
    factories.make_opening(owing, datetime.date(2025, 10, 1), "50")
    assert owed(owing)[:3] == [
        (datetime.date(2025, 10, 1), Decimal("16.66")),
        (datetime.date(2025, 11, 1), Decimal("16.66")),
        (datetime.date(2025, 12, 1), Decimal("16.68")),
    ]
    factories.make_payment(owing, datetime.date(2025, 11, 1), "16.66")
    assert sum(short for _month, short in owed(owing)) == Decimal("88.34")


def test_several_months_are_one_act_with_an_entry_each_and_one_line(owing, secretary):
    made = pay(
        owing,
        secretary,
        [MARCH, JANUARY, FEBRUARY],
        "55.00",
        paid_on=datetime.date(2026, 3, 9),
        way=Way.TRANSFER,
        brought_by="龚强",
        reason="外出务工",
    )
    assert [(entry.month, entry.amount) for entry in made] == [
        (JANUARY, Decimal("15.00")),
        (FEBRUARY, Decimal("20.00")),
        (MARCH, Decimal("20.00")),
    ]
    assert {(entry.paid_on, entry.brought_by, entry.reason) for entry in made} == {
        (datetime.date(2026, 3, 9), "龚强", "外出务工")
    }
    assert owed(owing) == []
    line = TrailLine.objects.get(area="dues")
    assert (line.action, line.label) == ("登记多个月党费", "龚丽华 3 个月")
    assert line.after["月份"] == "2026年1月 15.00、2026年2月 20.00、2026年3月 20.00"
    note = Changed.objects.get()
    assert (note.from_on, note.to_on) == (JANUARY, datetime.date(2026, 3, 31))


@pytest.mark.parametrize(
    ("months", "seen", "words"),
    [
        ([], "0", "请勾选"),
        ([MARCH, APRIL], "20.00", "党费不预收"),
        ([FEBRUARY, MARCH], "35.00", "应缴已经变了"),
        ([datetime.date(2025, 12, 1)], "20.00", "启用党费台账以前"),
    ],
)
def test_several_months_are_all_entered_or_none(owing, secretary, months, seen, words):
    with pytest.raises(services.Refused, match=words):
        pay(owing, secretary, months, seen)
    assert Payment.objects.count() == 1


def test_nothing_is_paid_before_its_month_has_begun(owing, secretary):
    with pytest.raises(services.Refused, match="2026年3月之前，党费不预收"):
        pay(owing, secretary, [FEBRUARY, MARCH], "40.00", paid_on=datetime.date(2026, 2, 27))
    assert len(pay(owing, secretary, [FEBRUARY], "20.00", paid_on=datetime.date(2026, 2, 27))) == 1


def test_the_same_months_again_are_refused_with_what_is_owed_now(owing, secretary):
    pay(owing, secretary, [FEBRUARY, MARCH], "40.00")
    with pytest.raises(fills.OwedMeanwhile) as refused:
        pay(owing, secretary, [FEBRUARY, MARCH], "40.00")
    assert refused.value.owed == Decimal(0)
    assert Payment.objects.count() == 3


def test_a_month_long_past_among_several_needs_leave(branch, member, secretary):
    august = datetime.date(2025, 8, 1)
    factories.make_charge(member, august)
    factories.make_charge(member, MARCH)
    with pytest.raises(services.Refused, match="先经上级同意"):
        pay(member, secretary, [august, MARCH], "40.00")
    DuesRequest.objects.create(
        organisation=branch,
        member=member,
        kind="back_payment",
        from_month=august,
        until_month=august,
        reason="外出务工",
        state="approved",
        asked_on=TODAY,
        decided_on=TODAY,
    )
    assert len(pay(member, secretary, [august, MARCH], "40.00")) == 2


def test_several_months_are_taken_back_together(branch, owing, secretary):
    keys = [entry.pk for entry in pay(owing, secretary, [JANUARY, MARCH], "35.00")]
    fills.undo_fill(organisation=branch, payments=keys, by=secretary)
    assert balance(owing, JANUARY) == Decimal("5.00")
    assert owed(owing)[0] == (JANUARY, Decimal("15.00"))
    assert TrailLine.objects.filter(action="撤销多个月党费").count() == 1


# --- Paid at two branches -------------------------------------------------------------------


def test_a_month_half_paid_at_each_of_two_branches_is_paid_everywhere(branch, secretary):
    old = factories.make_branch(branch.parent)
    member = factories.make_member(branch, "何文轩")
    charge = factories.make_charge(member, MARCH, "10.40")
    Payment.objects.create(member=member, organisation=old, month=MARCH, amount=Decimal("5.10"))
    assert owed(member) == [(MARCH, Decimal("5.30"))]
    assert fill(branch, secretary) == []
    factories.make_payment(member, MARCH, "5.30", paid_on=TODAY)
    assert owed(member) == []
    grid = Grid(branch, period_of(Span.QUARTER, MARCH), TODAY)
    state = grid.row_of(member.pk).months[MARCH]
    assert (state.paid, state.elsewhere) == (Decimal("5.30"), Decimal("5.10"))
    assert (state.short, state.unpaid, grid.behind()) == (Decimal(0), False, {})
    figures = figures_of([branch.pk], MARCH, MARCH, until=TODAY)[branch.pk]
    assert (figures.full, figures.unpaid) == (1, Decimal(0))
    assert standing.with_paid(Charge.objects.filter(pk=charge.pk)).get().paid == charge.amount


def test_an_opening_overpaid_in_one_month_is_owed_no_more_in_the_next(branch, owing):
    factories.make_opening(owing, datetime.date(2025, 10, 1), "50")
    factories.make_payment(owing, datetime.date(2025, 11, 1), "40.00")
    assert owed(owing)[0] == (datetime.date(2025, 12, 1), Decimal("10.00"))
    factories.make_payment(owing, datetime.date(2025, 12, 1), "10.00")
    assert owed(owing)[0][0] == JANUARY


def test_many_months_take_as_many_queries_as_two(branch, secretary, django_assert_max_num_queries):
    member = factories.make_member(branch)
    months = [datetime.date(2025, number, 1) for number in range(9, 13)] + [JANUARY, FEBRUARY]
    for month in months:
        factories.make_charge(member, month)
    with django_assert_max_num_queries(15):
        pay(member, secretary, months, "120.00")
