"""Which periods of a rule a view of the overview shows."""

import datetime

import pytest

from branches.periods import period_named
from compliance.models import DutyState
from compliance.registry import RULES
from compliance.services import run_night
from dashboard.figures import periods_seen, tallies
from tests import factories

TODAY = datetime.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("code", "seen", "expected"),
    [
        ("meetings.members_meeting", "2026-11", ["2026-Q4"]),
        ("meetings.members_meeting", "2026", ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]),
        # Due after the quarter: the last one that is over tells how a county stands.
        ("dues.remitted", "2026-11", ["2026-Q3"]),
        ("dues.remitted", "2026-Q4", ["2026-Q3"]),
        ("dues.published", "2026-Q3", ["2026-Q3"]),
        ("dues.published", "2026-09", ["2026-Q3"]),
        ("dues.published", "2026", ["2026-Q1", "2026-Q2", "2026-Q3"]),
    ],
)
def test_a_view_shows_the_periods_that_can_be_judged(code, seen, expected):
    assert periods_seen(RULES[code], period_named(seen), TODAY) == expected


def test_on_the_first_day_of_a_quarter_the_one_before_is_shown():
    rule, month = RULES["dues.remitted"], period_named("2026-10")
    assert periods_seen(rule, month, datetime.date(2026, 12, 31)) == ["2026-Q3"]
    january = period_named("2027-01")
    assert periods_seen(rule, january, datetime.date(2027, 1, 1)) == ["2026-Q4"]


@pytest.mark.django_db
def test_a_quarter_that_was_not_remitted_is_red_in_the_month_after_it():
    branch = factories.make_branch()
    member = factories.make_member(branch)
    for month in (7, 8, 9, 10, 11):
        factories.make_charge(member, datetime.date(2026, month, 1))
    run_night(TODAY)
    found = tallies([branch.parent], period_named("2026-11"), TODAY)[branch.parent.pk]
    assert (found["dues.remitted"].good, found["dues.remitted"].bad) == (0, 1)
    duty = branch.duties.get(rule="dues.remitted", period="2026-Q3")
    assert duty.state == DutyState.OVERDUE
