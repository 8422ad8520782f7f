from datetime import date
from decimal import Decimal

import pytest

from branches.models import Setting
from dues.arrears import (
    Ladder,
    gaps_of,
    in_arrears,
    last_ended_month,
    unpaid_of,
    unpaid_run,
)
from dues.enums import ArrearsStep
from members.models import Membership
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db
END_OF_SEPTEMBER = date(2026, 9, 30)


def month(number, year=2026):
    return date(year, number, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def owing(branch, first=4, last=9, *, amount="20.00", **facts):
    """A member charged for the months of 2026 between the two, who has paid nothing."""
    member = factories.make_member(branch, **facts)
    for number in range(first, last + 1):
        factories.make_charge(member, month(number), amount)
    return member


def runs(branch, day=END_OF_SEPTEMBER, at_least=1):
    return {
        one.member_id: ([each.month for each in one.months], one.amount)
        for one in in_arrears([branch], day, at_least=at_least)
    }


# --- Pure ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2026, 9, 29), date(2026, 8, 1)),
        (date(2026, 9, 30), date(2026, 9, 1)),
        (date(2026, 12, 30), date(2026, 11, 1)),
        (date(2026, 12, 31), date(2026, 12, 1)),
        (date(2027, 1, 1), date(2026, 12, 1)),
        (date(2028, 2, 28), date(2028, 1, 1)),
        (date(2028, 2, 29), date(2028, 2, 1)),
        (date(2027, 2, 28), date(2027, 2, 1)),
    ],
)
def test_a_month_counts_from_its_last_day_on(day, last):
    assert last_ended_month(day) == last


def test_the_run_goes_back_to_the_last_month_paid_and_skips_what_was_not_charged():
    charged = [month(1), month(2), month(4), month(6), month(7)]
    assert unpaid_run(charged, {month(2)}, month(7)) == [month(4), month(6), month(7)]
    assert unpaid_run(charged, {month(2)}, month(6)) == [month(4), month(6)]
    assert unpaid_run(charged, {month(7)}, month(7)) == []
    assert unpaid_run(charged, set(), month(12)) == charged
    assert unpaid_run([], set(), month(7)) == []


@pytest.mark.parametrize(
    ("months", "step"),
    [
        (0, None),
        (1, ArrearsStep.REMIND),
        (2, ArrearsStep.REMIND),
        (3, ArrearsStep.TALK),
        (4, ArrearsStep.TALK),
        (5, ArrearsStep.URGENT),
        (6, ArrearsStep.CASE),
        (24, ArrearsStep.CASE),
    ],
)
def test_the_ladder_is_one_three_five_six(months, step):
    assert Ladder.on(END_OF_SEPTEMBER).step(months) == step


def test_the_county_sets_its_own_ladder():
    Setting.objects.create(key="dues.remind_months", starts_on=date(2026, 1, 1), value=2)
    Setting.objects.create(key="dues.talk_months", starts_on=date(2026, 10, 1), value=4)
    before, after = Ladder.on(END_OF_SEPTEMBER), Ladder.on(date(2026, 10, 1))
    assert (before.first, before.step(1), before.step(3)) == (2, None, ArrearsStep.TALK)
    assert after.step(3) == ArrearsStep.REMIND


# --- Who is in arrears --------------------------------------------------------------------


def test_the_months_their_sum_and_the_day_each_step_was_reached(branch):
    member = owing(branch, amount="20.10")
    (one,) = in_arrears([branch], END_OF_SEPTEMBER, at_least=6)
    assert (one.member_id, one.name, one.organisation_id) == (member.pk, member.name, branch.pk)
    assert (one.since, len(one.months), one.amount) == (month(4), 6, Decimal("120.60"))
    assert [one.reached_on(count) for count in (1, 3, 5, 6)] == [
        date(2026, 4, 30),
        date(2026, 6, 30),
        date(2026, 8, 31),
        date(2026, 9, 30),
    ]
    assert in_arrears([branch], date(2026, 9, 29), at_least=6) == []


def test_any_payment_ends_the_run_and_one_taken_back_does_not(branch):
    member = owing(branch)
    wrong = factories.make_payment(member, month(8), "1.00")
    assert runs(branch) == {member.pk: ([9], Decimal("20.00"))}
    factories.make_payment(member, month(8), "-1.00", reverses=wrong)
    assert runs(branch) == {member.pk: ([4, 5, 6, 7, 8, 9], Decimal("120.00"))}


def test_a_payment_for_the_running_month_does_not_hide_the_months_before(branch):
    member = owing(branch, last=10)
    factories.make_payment(member, month(10), paid_on=date(2026, 10, 5))
    assert runs(branch, date(2026, 10, 20))[member.pk][0] == [4, 5, 6, 7, 8, 9]
    assert runs(branch, date(2026, 10, 31)) == {}


def test_exempt_and_uncharged_months_are_skipped(branch):
    member = owing(branch, 4, 5)
    factories.make_charge(member, month(6), "0.00")
    factories.make_charge(member, month(8))
    assert runs(branch) == {member.pk: ([4, 5, 8], Decimal("60.00"))}


def test_a_payment_counts_from_the_day_it_was_made(branch):
    member = owing(branch)
    factories.make_payment(member, month(9), paid_on=date(2026, 10, 2))
    assert len(runs(branch, date(2026, 10, 1))[member.pk][0]) == 6
    assert runs(branch, date(2026, 10, 2)) == {}


def test_who_left_is_in_nobodys_arrears_and_who_moved_is_in_the_new_branchs(branch):
    owing(branch, ends_on=date(2026, 9, 30))
    mover, elsewhere = owing(branch), factories.make_branch()
    Membership.objects.filter(member=mover).update(ends_on=date(2026, 9, 10))
    Membership.objects.create(member=mover, organisation=elsewhere, starts_on=date(2026, 9, 11))
    assert runs(branch) == {}
    assert list(runs(elsewhere)) == [mover.pk]


def test_the_worst_stand_first(branch):
    little, much = owing(branch, 9), owing(branch, 8)
    more = owing(branch, 8, amount="30.00")
    found = in_arrears([branch], END_OF_SEPTEMBER, at_least=1)
    assert [one.member_id for one in found] == [more.pk, much.pk, little.pk]


def test_the_months_brought_along_lengthen_the_run(branch):
    member = owing(branch, 4, 6)
    factories.make_opening(member, month(1), "45.00")
    day = date(2026, 6, 30)
    assert runs(branch, day) == {member.pk: ([1, 2, 3, 4, 5, 6], Decimal("105.00"))}
    # A payment for one of the months before the start ends the run there.
    factories.make_payment(member, month(2), "15.00")
    assert runs(branch, day) == {member.pk: ([3, 4, 5, 6], Decimal("90.00"))}
    # What is paid in full counts no more, for whichever of its months it was written.
    factories.make_payment(member, month(2), "30.00")
    assert runs(branch, day) == {member.pk: ([4, 5, 6], Decimal("60.00"))}


def test_an_opening_balance_taken_back_counts_no_more(branch):
    member = owing(branch, 4, 6)
    wrong = factories.make_opening(member, month(1))
    factories.make_opening(member, month(1), "-60.00", reverses=wrong)
    assert runs(branch, date(2026, 6, 30))[member.pk][0] == [4, 5, 6]


def test_who_pays_now_owes_the_opening_balance_apart(branch):
    owing(branch, 4, 6)
    member = factories.make_member(branch)
    factories.make_opening(member, month(1), "45.00")
    factories.make_charge(member, month(4))
    factories.make_payment(member, month(4))
    assert member.pk not in runs(branch, date(2026, 4, 30))
    (gap,) = [gap for gap in gaps_of([branch], date(2026, 4, 30)) if gap.member_id == member.pk]
    assert (gap.month, gap.amount, gap.is_opening) == (month(1), Decimal("45.00"), True)


def test_single_months_short_or_left_out_stand_apart_from_the_run(branch):
    member = owing(branch, 4, 9)
    factories.make_payment(member, month(5), "15.50")
    factories.make_payment(member, month(7))
    gaps = gaps_of([branch], END_OF_SEPTEMBER)
    assert [(gap.month, gap.amount) for gap in gaps] == [
        (month(4), Decimal("20.00")),
        (month(5), Decimal("4.50")),
        (month(6), Decimal("20.00")),
    ]
    assert runs(branch) == {member.pk: ([8, 9], Decimal("40.00"))}


def test_unpaid_months_are_known_of_members_too(branch):
    member, clean = owing(branch), factories.make_member(branch)
    assert unpaid_of([member.pk, clean.pk], END_OF_SEPTEMBER) == {
        member.pk: ([month(number) for number in range(4, 10)], Decimal("120.00"))
    }


def test_three_members_take_as_many_queries_as_one(branch):
    def read():
        in_arrears([branch], END_OF_SEPTEMBER, at_least=1)

    factories.make_opening(owing(branch), month(1))
    once = count_of(read)
    for _ in range(2):
        factories.make_opening(owing(branch), month(1))
    assert count_of(read) == once
