"""The desk and the year plan: the planned day is shown, amber by the earlier of it and the due day."""

import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.periods import period_of
from branches.values import Values
from compliance.registry import RULES
from compliance.services import reconcile
from meetings.enums import Type
from tests import factories
from tests.factories import make_plan_item

TODAY = datetime.date(2026, 3, 18)
pytestmark = pytest.mark.django_db


@pytest.fixture
def branch():
    branch = factories.make_branch()
    # The county's records begin with its first meeting.
    factories.make_meeting(branch, datetime.date(2026, 3, 2), (Type.LECTURE,))
    return branch


@pytest.fixture
def secretary(client, branch):
    user = factories.make_user(Role.SECRETARY, branch)
    client.force_login(user)
    return user


def line_of(client, branch, code, today=TODAY, of=None):
    """The line of the desk about one rule, judged alone."""
    rule = RULES[code]
    period = period_of(rule.span, of or today)
    reconcile(rule, period, as_of=today, values=Values())
    with override_settings(TODAY_OVERRIDE=today):
        items = client.get(reverse("desk")).context["items"]
    wanted = [one for one in items if one.action and f"duty%3A{code}%3A" in one.action["url"]]
    return wanted[0] if wanted else None


def query(item):
    return {key: values[0] for key, values in parse_qs(urlsplit(item.action["url"]).query).items()}


def test_the_planned_day_is_shown_and_the_button_leads_to_the_filled_form(
    client, branch, secretary
):
    line = make_plan_item(branch, datetime.date(2026, 3, 20), starts_at=datetime.time(15))
    item = line_of(client, branch, "meetings.theme_day")
    assert (item.due_label, item.due_text, item.due_on) == ("计划", "3月20日", line.planned_on)
    assert item.basis == "每月 1 次，计划 3月20日 15:00"
    assert (item.kind, item.status) == ("soon", "还剩 2 天")
    assert query(item)["plan"] == str(line.pk)
    assert query(item)["source"] == "duty:meetings.theme_day:2026-03"


@pytest.mark.parametrize(("day", "kind"), [(25, "soon"), (26, "todo")])
def test_amber_begins_seven_days_before_the_planned_day(client, branch, secretary, day, kind):
    make_plan_item(branch, datetime.date(2026, 3, day))
    item = line_of(client, branch, "meetings.theme_day")
    assert (item.kind, item.due_text) == (kind, f"3月{day}日")


def test_a_planned_day_that_passed_gives_way_to_the_due_day_and_is_no_fault(
    client, branch, secretary
):
    make_plan_item(branch, datetime.date(2026, 3, 10))
    item = line_of(client, branch, "meetings.theme_day")
    assert (item.due_label, item.due_text) == ("截止", "3月31日")
    assert item.kind == "todo"
    assert item.basis == "每月 1 次，计划日 3月10日已过"


def test_red_comes_by_the_due_day_only(client, branch, secretary):
    line = make_plan_item(branch, datetime.date(2026, 3, 10))
    item = line_of(
        client, branch, "meetings.theme_day", datetime.date(2026, 4, 1), of=line.planned_on
    )
    assert (item.kind, item.due_label, query(item)["plan"]) == ("late", "应于", str(line.pk))


def test_a_line_without_a_day_says_its_month(client, branch, secretary):
    make_plan_item(branch, datetime.date(2026, 3, 31), month_only=True)
    item = line_of(client, branch, "meetings.theme_day")
    assert (item.due_label, item.basis) == ("截止", "每月 1 次，计划 3月")


def test_a_lecture_planned_this_month_is_listed_long_before_the_year_ends(
    client, branch, secretary
):
    assert line_of(client, branch, "meetings.lecture") is None
    # The lecture of 2 March serves the first of these; the other is not of this month.
    make_plan_item(branch, datetime.date(2026, 3, 28), Type.LECTURE)
    make_plan_item(branch, datetime.date(2026, 4, 10), Type.LECTURE)
    assert line_of(client, branch, "meetings.lecture") is None
    make_plan_item(branch, datetime.date(2026, 3, 29), Type.LECTURE)
    item = line_of(client, branch, "meetings.lecture")
    assert (item.due_label, item.due_text) == ("计划", "3月29日")


def test_a_line_whose_meeting_was_held_is_not_offered_again(client, branch, secretary):
    factories.make_group(branch)
    group = factories.make_group(branch)
    make_plan_item(branch, datetime.date(2026, 3, 20), Type.GROUP, group=group)
    factories.make_meeting(branch, datetime.date(2026, 3, 2), (Type.GROUP,), group=group)
    item = line_of(client, branch, "meetings.group")
    assert "plan" not in query(item)
    assert item.due_label == "截止"
