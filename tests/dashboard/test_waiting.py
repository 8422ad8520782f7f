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


def test_remittances_that_wait_for_confirmation_are_counted_and_linked(client, town, branch):
    officer = factories.make_user(Role.COMMITTEE_OFFICER, town)
    factories.make_remittance(branch, datetime.date(2026, 7, 1))
    factories.make_remittance(branch, datetime.date(2026, 4, 1), state="returned")
    (part,) = waiting_for(officer, town, TODAY)["parts"]
    assert (part["label"], part["count"]) == ("党费确认", 1)
    client.force_login(officer)
    assert len(client.get(part["url"]).context["rows"]) == 1


def test_the_pages_about_dues_light_one_entry_of_an_overseers_menu(client, town, branch):
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, town))
    for address in ("/dues/remittances/", f"/dues/?branch={branch.code}"):
        page = client.get(address)
        assert [one["label"] for one in page.context["zb"]["menu"] if one["current"]] == [
            "党费上缴"
        ]


def test_what_a_branch_asks_about_dues_waits_until_it_is_decided(town, branch):
    officer = factories.make_user(Role.COMMITTEE_OFFICER, town)
    months = {
        "from_month": datetime.date(2026, 11, 1),
        "until_month": datetime.date(2026, 12, 1),
    }
    request = factories.make_dues_request(factories.make_member(branch), **months)
    waiting = waiting_for(officer, town, TODAY)
    (part,) = waiting["parts"]
    assert (part["label"], part["count"]) == ("党费请示", 1)
    assert part["url"] == f"/dues/requests/?organisation={town.code}&state=asked"
    request.state, request.decided_on = "approved", TODAY
    request.save()
    assert counted(officer, town) == {}
