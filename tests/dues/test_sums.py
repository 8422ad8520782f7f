"""The figures of dues: to the fen, by branch, by superior, by month."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from branches.models import Kind, Organisation
from branches.periods import Span, month_of, period_of
from branches.services import move_organisation
from dues import sums
from dues.models import Charge, Payment, Remittance
from tests import factories as make
from tests.queries import count_of

pytestmark = pytest.mark.django_db

JAN, FEB, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
TODAY = datetime.date(2026, 4, 20)
QUARTER = period_of(Span.QUARTER, MARCH)
yuan = Decimal


@pytest.fixture
def committee():
    return make.make_committee(make.make_county())


@pytest.fixture
def branch(committee):
    return make.make_branch(committee, code="B1")


def owed(branch, amount="20.00", month=MARCH, paid=None, **facts):
    """A member charged for a month who paid that sum for it."""
    member = make.make_member(branch)
    make.make_charge(member, month, amount)
    if paid:
        make.make_payment(member, month, paid, **facts)
    return member


def reverse_payment(payment):
    return Payment.objects.create(
        member=payment.member,
        organisation=payment.organisation,
        month=payment.month,
        amount=-payment.amount,
        paid_on=payment.paid_on,
        reverses=payment,
        reason="更正",
    )


def table(organisation, period=QUARTER, today=TODAY, until=None):
    return sums.table([organisation], period, today=today, until=until or today)


def of(organisation, period=QUARTER, today=TODAY):
    return table(organisation, period, today).total


# --- What is counted ----------------------------------------------------------------------


def test_a_part_payment_is_not_paid_in_full_and_what_is_missing_is_unpaid(branch):
    owed(branch, "20.00", paid="20.00")
    owed(branch, "20.00", paid="15.50")
    owed(branch, "20.00")
    found = of(branch)
    assert (found.due, found.full, found.short) == (3, 1, 2)
    assert (found.charged, found.paid, found.unpaid) == (yuan("60"), yuan("35.50"), yuan("24.50"))
    assert sums.rounded(found.share) == yuan("33.3")


def test_a_sum_above_the_standard_makes_up_for_nobody_else(branch):
    owed(branch, "20.00", paid="50.00")
    owed(branch, "20.00")
    found = of(branch)
    assert (found.paid, found.unpaid, found.over) == (yuan("50"), yuan("20"), yuan("30"))


def test_months_count_each_for_itself(branch):
    member = owed(branch, "20.00", JAN, paid="60.00")
    for month in (FEB, MARCH):
        make.make_charge(member, month)
    assert (of(branch).due, of(branch).full, of(branch).unpaid) == (3, 1, yuan("40"))


def test_who_is_exempt_is_not_counted(branch):
    owed(branch, "0.00")
    found = of(branch)
    assert (found.due, found.charged, found.share) == (0, yuan("0"), None)


def test_a_correction_leaves_the_sum_of_its_entries(branch):
    member = owed(branch, "20.00", paid="30.00")
    reverse_payment(Payment.objects.get())
    make.make_payment(member, MARCH, "20.00")
    found = of(branch)
    assert (found.paid, found.full, found.over) == (yuan("20"), 1, yuan("0"))


def test_fens_that_no_binary_fraction_holds_add_up(branch):
    member = owed(branch, "10.40")
    for part in ("5.10", "5.30"):
        make.make_payment(member, MARCH, part)
    for _ in range(10):
        owed(branch, "0.10", paid="0.10")
    found = of(branch)
    assert (found.charged, found.paid, found.unpaid) == (yuan("11.40"), yuan("11.40"), yuan("0"))
    assert found.full == 11


def test_a_sum_taken_after_its_month_is_a_back_payment(branch):
    owed(branch, paid="20.00", paid_on=datetime.date(2026, 3, 31))
    owed(branch, paid="21.00", paid_on=datetime.date(2026, 4, 1))
    owed(branch, paid="22.00")
    found = of(branch)
    assert (found.paid, found.late) == (yuan("63"), yuan("21"))


def test_a_reversed_back_payment_is_none(branch):
    owed(branch, paid="21.00", paid_on=datetime.date(2026, 4, 1))
    reverse_payment(Payment.objects.get())
    assert of(branch).late == yuan("0")


def test_payments_after_the_day_asked_for_do_not_count_yet(branch):
    owed(branch, paid="20.00", paid_on=datetime.date(2026, 4, 1))
    owed(branch, paid="20.00")
    found = table(branch, until=datetime.date(2026, 3, 31)).total
    assert (found.paid, found.full, found.unpaid) == (yuan("20"), 1, yuan("20"))


@pytest.mark.parametrize(
    ("state", "remitted", "confirmed"),
    [("draft", 0, 0), ("sent", 20, 0), ("returned", 0, 0), ("confirmed", 20, 20)],
)
def test_what_went_up_is_what_was_sent_or_confirmed(branch, state, remitted, confirmed):
    owed(branch, paid="20.00")
    owed(branch, paid="7.00")
    remittance = Remittance.objects.create(
        organisation=branch,
        quarter=JAN,
        amount=20,
        computed=20,
        member_count=1,
        remitted_on=TODAY,
        slip_number="甲-1",
        state=state,
        sent_at=timezone.now(),
        decided_on=TODAY,
        opinion="退回",
    )
    Payment.objects.filter(amount=20).update(remittance=remittance)
    found = of(branch)
    assert (found.remitted, found.confirmed) == (remitted, confirmed)
    assert found.kept == 27 - remitted


def test_what_another_branch_took_is_its_money_and_no_debt_here(committee, branch):
    other = make.make_branch(committee)
    member = owed(branch, "20.00")
    Payment.objects.create(member=member, organisation=other, month=MARCH, amount=20)
    here, there, both = of(branch), of(other), of(committee)
    assert (here.charged, here.paid, here.unpaid, here.full) == (20, 0, 0, 1)
    assert (there.charged, there.paid, there.due) == (0, 20, 0)
    assert (here.over, there.over, both.over) == (-20, 20, 0)


def test_nothing_outside_the_period_counts(branch):
    owed(branch, month=datetime.date(2025, 12, 1), paid="20.00")
    owed(branch, month=datetime.date(2026, 4, 1), paid="20.00")
    assert of(branch).is_nothing
    assert of(branch, period_of(Span.YEAR, MARCH)).paid == 20


# --- The tree -----------------------------------------------------------------------------


def county_of_two(committee):
    other = make.make_committee(committee.parent, "东岭镇党委")
    general = make.make_organisation(Kind.GENERAL_BRANCH, other, "东岭村党总支")
    for parent, amounts in ((committee, ("5.10", "5.30")), (general, ("0.20",)), (other, ("7",))):
        branch = make.make_branch(parent)
        for amount in amounts:
            owed(branch, amount, paid=amount)
            owed(branch, amount)
    return committee.parent


def walk(organisation, period=QUARTER):
    """An organisation's table and those of everything below it."""
    shown = table(organisation, period)
    yield shown
    for line in shown.lines:
        if line.above and line.pk != organisation.pk:
            yield from walk(Organisation.objects.get(pk=line.pk), period)


def test_the_sum_of_the_children_is_the_own_figure_down_to_the_entries(committee):
    county = county_of_two(committee)
    shown = list(walk(county))
    assert len(shown) == 1 + 2 + 1 + 3
    for one in shown:
        for name in ("due", "full", "charged", "paid", "unpaid", "late", "over"):
            assert sum(getattr(line.total, name) for line in one.lines) == getattr(one.total, name)
    assert shown[0].total.charged == Charge.objects.aggregate(sum=Sum("amount"))["sum"]
    assert shown[0].total.paid == Payment.objects.aggregate(sum=Sum("amount"))["sum"]


def test_what_a_committee_has_itself_stands_in_a_line_of_its_own(committee, branch):
    owed(branch, paid="20.00")
    owed(committee, paid="3.00")
    shown = table(committee)
    assert [(line.pk, line.total.paid) for line in shown.lines] == [
        (committee.pk, 3),
        (branch.pk, 20),
    ]
    assert shown.total.paid == 23


def test_a_period_is_folded_by_the_placement_of_its_last_day(committee, branch):
    other = make.make_committee(committee.parent, "东岭镇党委")
    owed(branch, month=FEB, paid="20.00")
    owed(branch, month=MARCH, paid="30.00")
    move_organisation(branch, to=other, by=None, on=MARCH)
    february, march = month_of("2026-02"), month_of("2026-03")
    assert (of(committee, february).paid, of(other, february).paid) == (20, 0)
    assert (of(committee, march).paid, of(other, march).paid) == (0, 30)
    # Of the quarter, all stands where the branch was at its end.
    assert (of(committee).paid, of(other).paid) == (0, 50)
    assert table(committee, march).lines == []
    (line,) = table(committee, february).lines
    assert line.path_now.startswith(other.path)


def test_a_branch_without_a_place_on_that_day_is_lost_from_no_sum(committee):
    late = make.make_branch(committee, founded_on=datetime.date(2026, 4, 1))
    late.placements.update(starts_on=datetime.date(2026, 4, 1))
    owed(late, paid="20.00")
    assert of(committee).paid == 20
    assert [line.pk for line in table(committee).lines] == [late.pk]


def test_a_branch_dissolved_before_the_period_is_shown_only_if_it_has_figures(committee):
    gone = make.make_branch(committee, dissolved_on=datetime.date(2025, 12, 31))
    assert table(committee).lines == []
    owed(gone, paid="20.00")
    assert [line.pk for line in table(committee).lines] == [gone.pk]


def test_several_organisations_get_a_line_each(committee, branch):
    other = make.make_branch(committee)
    make.make_branch(committee)
    owed(branch, paid="20.00")
    owed(other, paid="30.00")
    shown = sums.table([branch, other], QUARTER, today=TODAY, until=TODAY)
    assert sorted(line.total.paid for line in shown.lines) == [20, 30]
    assert shown.total.paid == 50


def test_a_branchs_year_by_months_adds_up_to_its_year(branch):
    owed(branch, month=JAN, paid="20.00")
    owed(branch, month=MARCH, paid="5.00")
    found = sums.months_of(branch, 2026, today=TODAY)
    assert {month: figures.paid for month, figures in found.items()} == {JAN: 20, MARCH: 5}
    assert found[MARCH].unpaid == 15
    assert of(branch, period_of(Span.YEAR, MARCH)).unpaid == 15


def test_the_plain_sums_are_those_of_the_figures(committee, branch):
    owed(branch, "5.10", paid="5.30")
    owed(branch, "5.30")
    rows = sums.below_then([committee.path], TODAY).values("pk")
    assert sums.charged_and_paid(rows, JAN, MARCH, until=TODAY) == (yuan("10.40"), yuan("5.30"))


def test_more_branches_need_no_more_queries(committee, branch):
    owed(branch, paid="20.00")
    one = count_of(lambda: table(committee.parent))
    for _ in range(3):
        owed(make.make_branch(make.make_committee(committee.parent)), paid="20.00")
    assert count_of(lambda: table(committee.parent)) == one
    assert one <= 5
