from datetime import date

import pytest

from accounts.roles import Role
from compliance.models import Duty
from compliance.reminders import remind
from notices.services import mark_read
from tests import factories
from tests.compliance.reminding import DAY, THEME, digest, foresee, owe, switch_on
from tests.queries import count_of

PAGE = "/duties/reminders/"


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_monday_in_november(settings):
    settings.TODAY_OVERRIDE = DAY


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def switched_on(branch):
    switch_on(branch.parent.parent)


@pytest.fixture
def reminded(branch, switched_on):
    """A duty of September, told to the branch, its committee and the county."""
    duty = owe(branch, THEME, "2026-09", date(2026, 9, 30))
    remind(DAY)
    return duty


def opened(client, role, where, **query) -> str:
    client.force_login(factories.make_user(role, where))
    return client.get(PAGE, query)


def test_the_branch_reads_who_was_told_and_when(client, branch, reminded):
    secretary = factories.make_user(Role.SECRETARY, branch, name="陶桂兰")
    mark_read([digest(branch)], secretary)
    client.force_login(secretary)
    page = client.get(PAGE).content.decode()
    for words in ("开展 2026年9月主题党日", "逾期后第 7 次", "逾期报上级", "逾期报县委"):
        assert words in page
    assert 'data-label="谁读过">陶桂兰 ' in page
    assert page.count("还没有人读") == 2
    assert f'href="/notices/{digest(branch).pk}/"' in page
    assert f'href="/notices/{digest(branch.parent).pk}/"' not in page
    assert f'href="/duties/{reminded.pk}/"' in page and "逾期 54 天" in page


def test_it_is_reached_from_the_duty_and_from_the_list(client, branch, reminded):
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    assert f'href="{PAGE}"' in client.get("/duties/").content.decode()
    address = f"{PAGE}?branch={branch.code}&amp;rule={THEME}&amp;period=2026-09"
    assert address in client.get(f"/duties/{reminded.pk}/").content.decode()


def test_one_duty_and_what_nobody_has_read_are_picked_out(client, branch, reminded):
    owe(branch, THEME, "2026-08", date(2026, 8, 31))
    remind(date(2026, 11, 24))
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, branch.parent.parent))
    page = client.get(PAGE, {"rule": THEME, "period": "2026-08"}).content.decode()
    assert "2026年8月主题党日" in page and "2026年9月主题党日" not in page
    mark_read([digest(branch)], factories.make_user(Role.SECRETARY, branch))
    page = client.get(PAGE, {"show": "unread", "period": "2026-09"}).content.decode()
    assert "逾期报上级" in page and "逾期后第 7 次" not in page


@pytest.mark.parametrize(
    ("role", "where", "rows"),
    [
        (Role.SECRETARY, "branch", True),
        (Role.COMMITTEE_OFFICER, "committee", True),
        (Role.COUNTY_OFFICER, "county", True),
        (Role.INSPECTOR, "county", True),
        (Role.SECRETARY, "neighbour", False),
        (Role.COMMITTEE_OFFICER, "other", False),
        (Role.SYSTEM_ADMIN, "county", False),
    ],
)
def test_who_sees_the_branch_sees_its_reminders(client, branch, reminded, role, where, rows):
    places = {
        "branch": branch,
        "committee": branch.parent,
        "county": branch.parent.parent,
        "neighbour": factories.make_branch(branch.parent),
        "other": factories.make_committee(branch.parent.parent, "云山镇党委"),
    }
    response = opened(client, role, places[where])
    assert ("逾期报上级" in response.content.decode()) == rows
    assert opened(client, role, places[where], branch=branch.code).status_code == (
        200 if rows else 404
    )


def test_it_says_what_became_of_each_occasion_of_a_condition(client, branch, switched_on):
    """One stored duty, three tasks: one over, one late, one still to come."""
    rule = "tasks.overdue"
    duty = owe(branch, rule, "", date(2026, 8, 31), required=0, actual=1)
    remind(date(2026, 9, 1))
    Duty.objects.filter(pk=duty.pk).update(due_on=date(2026, 9, 30))
    foresee(branch, rule, "", date(2026, 12, 23))
    remind(DAY)
    rows = opened(client, Role.SECRETARY, branch).context["rows"]
    assert {(row["due"], row["kind"], row["words"]) for row in rows} == {
        ("8月31日", "done", "已办结"),
        ("9月30日", "late", "逾期 54 天"),
        ("12月23日", "todo", "还剩 30 天"),
    }


def test_nobody_is_sent_to_log_in(client):
    assert client.get(PAGE).status_code == 302


def test_without_reminders_the_page_says_when_there_will_be_some(client, branch):
    assert "还没有发过提醒" in opened(client, Role.SECRETARY, branch).content.decode()


def test_the_page_reads_the_same_number_of_times_whatever_there_is(client, branch, reminded):
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, branch.parent.parent))
    mark_read([digest(branch)], factories.make_user(Role.SECRETARY, branch))
    few = count_of(lambda: client.get(PAGE))
    for _ in range(3):
        one = factories.make_branch(branch.parent)
        owe(one, THEME, "2026-09", date(2026, 9, 30))
    remind(date(2026, 11, 24))
    mark_read([digest(one, date(2026, 11, 24))], factories.make_user(Role.SECRETARY, one))
    assert count_of(lambda: client.get(PAGE)) == few
