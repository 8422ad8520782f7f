"""等我处理: what a committee finds that waits for it."""

import datetime

import pytest

from accounts.roles import Role
from dashboard.waiting import waiting_for
from members.models import DevelopmentPlan
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def town():
    return factories.make_committee(name="荻浦镇党委")


@pytest.fixture
def branch(town):
    return factories.make_branch(town)


def counted(user, organisation):
    waiting = waiting_for(user, organisation, TODAY)
    return {part["label"]: part["count"] for part in waiting["parts"]}


def test_a_committee_counts_requests_letters_results_and_plans_below_it(town, branch):
    officer = factories.make_user(Role.COMMITTEE_OFFICER, town)
    assert waiting_for(officer, town, TODAY) == {"total": 0, "parts": []}
    member = factories.make_member(branch)
    term = factories.make_term(
        branch, starts_on=datetime.date(2024, 1, 8), ends_on=datetime.date(2027, 1, 8)
    )
    factories.make_term_request(term)
    factories.make_transfer(member)
    factories.make_election(branch, datetime.date(2026, 10, 9), candidates=[(member, 5)])
    DevelopmentPlan.objects.create(
        organisation=branch, year=2026, filed_on=datetime.date(2026, 1, 12)
    )
    assert counted(officer, town) == {
        "换届请示": 1,
        "介绍信": 1,
        "选举备案": 1,
        "发展计划": 1,
    }


def test_a_request_about_a_term_that_another_followed_waits_no_longer(town, branch):
    officer = factories.make_user(Role.COMMITTEE_OFFICER, town)
    term = factories.make_term(
        branch, starts_on=datetime.date(2021, 1, 8), ends_on=datetime.date(2026, 1, 8)
    )
    factories.make_term_request(term)
    factories.make_term(
        branch, starts_on=datetime.date(2026, 1, 5), ends_on=datetime.date(2031, 1, 5)
    )
    assert counted(officer, town) == {}


def test_nothing_of_a_neighbour_is_counted_and_readers_have_no_list(town, branch):
    factories.make_task(branch, state="review")
    other = factories.make_committee(town.parent, "松墩镇党委")
    officer = factories.make_user(Role.COMMITTEE_OFFICER, other)
    assert counted(officer, other) == {}
    assert waiting_for(officer, town, TODAY) is None
    inspector = factories.make_user(Role.INSPECTOR, town)
    assert waiting_for(inspector, town, TODAY) is None
    assert counted(factories.make_user(Role.COMMITTEE_OFFICER, town), town) == {"销号核查": 1}
