from datetime import date

import pytest

from compliance.registry import RULES
from members.enums import MemberKind
from members.models import Member, Membership
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, verdict

pytestmark = pytest.mark.django_db

SMALL = "branches.too_small"
LARGE = "branches.too_large"


@pytest.fixture
def branch():
    return factories.make_branch()


def test_three_formal_members_are_enough_and_two_are_not(branch):
    factories.make_members(branch, 2)
    factories.make_members(branch, 5, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 5, 1))
    assert verdict(SMALL, branch, date(2026, 9, 30)) == (0, 1, "overdue")
    factories.make_member(branch)
    assert verdict(SMALL, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_a_branch_without_members_is_too_small(branch):
    duty = duty_of(SMALL, branch, date(2026, 9, 30))
    assert (duty.actual, duty.state, duty.open_since) == (1, "overdue", date(2026, 9, 30))


def test_the_third_member_counts_on_the_last_day(branch):
    factories.make_members(branch, 2)
    factories.make_member(branch, ends_on=date(2026, 12, 31), left_on=date(2027, 1, 1))
    assert verdict(SMALL, branch, date(2026, 12, 31)) == (0, 0, "done")
    assert verdict(SMALL, branch, date(2027, 1, 1)) == (0, 1, "overdue")


def test_a_member_who_joined_on_29_february_counts_from_that_day(branch):
    factories.make_members(branch, 2)
    factories.make_member(branch, joined_on=date(2024, 2, 29), confirmed_on=date(2025, 2, 28))
    assert verdict(SMALL, branch, date(2025, 2, 27)) == (0, 1, "overdue")
    assert verdict(SMALL, branch, date(2025, 2, 28)) == (0, 0, "done")


def test_the_day_a_branch_became_too_small_stays(branch):
    factories.make_members(branch, 2)
    first = duty_of(SMALL, branch, date(2026, 9, 10))
    later = duty_of(SMALL, branch, date(2026, 9, 30))
    assert (later.pk, later.open_since) == (first.pk, date(2026, 9, 10))


def test_a_condition_that_came_back_stands_since_it_came_back(branch):
    factories.make_members(branch, 2)
    duty_of(SMALL, branch, date(2026, 9, 10))
    third = factories.make_member(branch, starts_on=date(2026, 9, 15))
    cleared = duty_of(SMALL, branch, date(2026, 9, 20))
    assert (cleared.state, cleared.open_since) == ("done", None)
    Membership.objects.filter(member=third).update(ends_on=date(2026, 9, 24))
    again = duty_of(SMALL, branch, date(2026, 9, 25))
    assert (again.state, again.open_since, again.due_on) == (
        "overdue",
        date(2026, 9, 25),
        date(2026, 9, 24),
    )
    assert list(again.events.values_list("on", "after")) == [
        (date(2026, 9, 10), "overdue"),
        (date(2026, 9, 20), "done"),
        (date(2026, 9, 25), "overdue"),
    ]


@pytest.fixture
def fifty(branch):
    factories.make_members(branch, 50)
    return branch


def test_fifty_members_are_not_too_many_and_sixty_are_a_piece_of_advice(fifty):
    assert verdict(LARGE, fifty, date(2026, 9, 30)) == (0, 0, "done")
    factories.make_member(fifty, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 5, 1))
    assert verdict(LARGE, fifty, date(2026, 9, 30)) == (0, 1, "behind")
    factories.make_members(fifty, 9)
    duty = duty_of(LARGE, fifty, date(2026, 10, 1))
    assert (duty.required, duty.actual, duty.state) == (0, 1, "behind")
    assert duty.open_since == date(2026, 9, 30)


def test_advice_turns_red_only_when_the_county_says_so(fifty):
    factories.make_member(fifty)
    assert verdict(LARGE, fifty, date(2036, 9, 30)) == (0, 1, "behind")
    county_value(RULES[LARGE].strict_key, True, date(2026, 10, 1))
    assert verdict(LARGE, fifty, date(2026, 9, 30)) == (0, 1, "behind")
    assert verdict(LARGE, fifty, date(2026, 10, 1)) == (0, 1, "overdue")


def test_members_are_counted_on_the_day_of_judging(fifty):
    factories.make_member(fifty, starts_on=date(2026, 9, 20))
    assert verdict(LARGE, fifty, date(2026, 9, 19)) == (0, 0, "done")
    assert verdict(LARGE, fifty, date(2026, 9, 20)) == (0, 1, "behind")
    Member.objects.filter(pk=fifty.members.first().pk).update(
        left_on=date(2026, 9, 25), left_reason="组织关系转出"
    )
    assert verdict(LARGE, fifty, date(2026, 9, 24)) == (0, 1, "behind")
    assert verdict(LARGE, fifty, date(2026, 9, 25)) == (0, 0, "done")
