from datetime import date

import pytest

from branches.models import Kind
from members.enums import MemberKind
from members.models import Member
from tests import factories
from tests.compliance.verdicts import duty_of, verdict

pytestmark = pytest.mark.django_db

ELECTION = "terms.election"
PROBATION = "members.probation"


@pytest.fixture
def branch():
    return factories.make_branch()


# --- 换届 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends_on", "next_day"),
    [
        (date(2026, 9, 30), date(2026, 10, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
        (date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_a_term_is_not_over_on_its_last_day_but_on_the_next(branch, ends_on, next_day):
    factories.make_term(branch, ends_on=ends_on)
    on_the_day = duty_of(ELECTION, branch, ends_on)
    assert (on_the_day.required, on_the_day.actual, on_the_day.state) == (0, 0, "done")
    after = duty_of(ELECTION, branch, next_day)
    assert (after.actual, after.state, after.open_since, after.due_on) == (
        1,
        "overdue",
        next_day,
        ends_on,
    )


def test_an_approved_postponement_counts_instead(branch):
    factories.make_term(
        branch,
        ends_on=date(2026, 3, 31),
        postponed_to=date(2026, 9, 30),
        postponement_reason="合并",
    )
    assert verdict(ELECTION, branch, date(2026, 9, 30)) == (0, 0, "done")
    duty = duty_of(ELECTION, branch, date(2026, 10, 1))
    assert (duty.actual, duty.open_since) == (1, date(2026, 10, 1))


def test_a_new_term_counts_from_its_election_on(branch):
    factories.make_term(branch, starts_on=date(2023, 3, 1), ends_on=date(2026, 3, 1))
    factories.make_term(branch, starts_on=date(2026, 9, 20), ends_on=date(2029, 9, 20))
    assert verdict(ELECTION, branch, date(2026, 3, 1)) == (0, 0, "done")
    assert verdict(ELECTION, branch, date(2026, 9, 19)) == (0, 1, "overdue")
    assert verdict(ELECTION, branch, date(2026, 9, 20)) == (0, 0, "done")


def test_a_branch_without_a_term_on_record_is_not_judged(branch):
    assert verdict(ELECTION, branch, date(2026, 9, 30)) is None


@pytest.mark.parametrize(
    ("kind", "judged"),
    [
        (Kind.BRANCH, True),
        (Kind.GENERAL_BRANCH, True),
        (Kind.COMMITTEE, True),
        (Kind.WORKING_COMMITTEE, False),
        (Kind.LEADING_GROUP, False),
        (Kind.COUNTY, False),
    ],
)
def test_elections_concern_branches_general_branches_and_committees(kind, judged):
    organisation = factories.make_organisation(kind, factories.make_county())
    factories.make_term(organisation, ends_on=date(2026, 8, 1))
    expected = (0, 1, "overdue") if judged else None
    assert verdict(ELECTION, organisation, date(2026, 9, 30)) == expected


# --- 预备党员按期转正 -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("joined_on", "last_day", "next_day"),
    [
        (date(2025, 9, 15), date(2026, 9, 15), date(2026, 9, 16)),
        (date(2024, 2, 29), date(2025, 2, 28), date(2025, 3, 1)),
        (date(2027, 2, 28), date(2028, 2, 28), date(2028, 2, 29)),
        (date(2025, 12, 31), date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_probation_ends_after_the_same_day_of_the_next_year(branch, joined_on, last_day, next_day):
    factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=joined_on)
    assert verdict(PROBATION, branch, last_day) == (0, 0, "done")
    duty = duty_of(PROBATION, branch, next_day)
    assert (duty.actual, duty.state, duty.open_since, duty.due_on) == (
        1,
        "overdue",
        next_day,
        last_day,
    )


def test_a_member_confirmed_late_was_undecided_until_then(branch):
    factories.make_member(branch, joined_on=date(2025, 6, 1), confirmed_on=date(2026, 9, 20))
    assert verdict(PROBATION, branch, date(2026, 9, 19)) == (0, 1, "overdue")
    assert verdict(PROBATION, branch, date(2026, 9, 20)) == (0, 0, "done")


def test_formal_members_are_never_undecided(branch):
    factories.make_member(branch, joined_on=date(1990, 1, 1), confirmed_on=None)
    assert verdict(PROBATION, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_who_left_on_probation_is_not_undecided(branch):
    factories.make_member(
        branch,
        kind=MemberKind.PROBATIONARY,
        joined_on=date(2025, 6, 1),
        ends_on=date(2026, 6, 1),
    )
    assert verdict(PROBATION, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_two_undecided_stand_since_the_first(branch):
    for joined_on in (date(2025, 8, 1), date(2025, 5, 4)):
        factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=joined_on)
    duty = duty_of(PROBATION, branch, date(2026, 9, 30))
    assert (duty.actual, duty.open_since) == (2, date(2026, 5, 5))
    Member.objects.filter(joined_on=date(2025, 5, 4)).update(
        kind=MemberKind.FORMAL, confirmed_on=date(2026, 10, 1)
    )
    duty = duty_of(PROBATION, branch, date(2026, 10, 1))
    assert (duty.actual, duty.open_since, duty.due_on) == (1, date(2026, 8, 2), date(2026, 8, 1))


def test_a_member_without_a_day_of_joining_is_not_judged(branch):
    factories.make_member(
        branch, kind=MemberKind.PROBATIONARY, joined_on=None, starts_on=date(2020, 1, 1)
    )
    assert verdict(PROBATION, branch, date(2026, 9, 30)) == (0, 0, "done")


def test_an_empty_branch_has_nobody_on_probation(branch):
    assert verdict(PROBATION, branch, date(2026, 9, 30)) == (0, 0, "done")
