"""Make-up study from the desk, and a course from above with people of several branches."""

import datetime
from decimal import Decimal

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from meetings.enums import Type
from meetings.models import MakeUp, TrainingAttendance
from tests import factories
from tests.browser.hand import fits, log_in

TODAY = datetime.date(2026, 4, 2)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_a_secretary_enters_make_up_study_for_everybody_on_the_phone(page):
    branch = factories.make_branch(name="养老服务协会党支部")
    people = factories.make_members(branch, 3)
    factories.make_meeting(
        branch,
        datetime.date(2026, 3, 5),
        [Type.LECTURE],
        hours=Decimal("2.0"),
        leave=people[:2],
        present=people[2:],
    )
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, factories.make_user(Role.SECRETARY, branch, "yanglao").username)
    page.goto(reverse("desk"))
    page.click("a:has-text('安排补学')")
    for box in page.locator("input[name=picks]").all():
        box.check()
    page.fill("#id_done_on", "4.1")
    page.click("label:has-text('送学上门')")
    page.click("button:has-text('登记补学')")
    expect(page.locator("body")).to_contain_text("已登记补学 2 人次，共 4.0 学时")
    assert fits(page)
    assert MakeUp.objects.filter(way="home_visit", hours=2).count() == 2


def test_a_committee_enters_a_course_by_pasting_names(page):
    town = factories.make_committee(name="荻浦镇党委")
    places = [factories.make_branch(town, name) for name in ("上荻村党支部", "下荻村党支部")]
    for place in places:
        factories.make_member(place, "许文桥")
    log_in(page, factories.make_user(Role.COMMITTEE_OFFICER, town, "zhenwei").username)
    page.goto(reverse("meetings:training_new"))
    page.fill("#id_title", "党员春训")
    page.fill("#id_starts_on", "3.2")
    page.fill("#id_ends_on", "3.4")
    page.fill("#id_hours", "16")
    page.fill("#id_people", "许文桥")
    page.click("button:has-text('登记培训')")
    expect(page.locator("body")).to_contain_text("“许文桥”有 2 人")
    # What was typed is still there; the branch tells the two apart.
    page.fill("#id_people", "许文桥 上荻村\n许文桥 下荻村 8")
    page.click("button:has-text('登记培训')")
    expect(page.locator("body")).to_contain_text("已登记党员春训，2 人参加")
    hours = TrainingAttendance.objects.order_by("pk").values_list("organisation__name", "hours")
    assert sorted(hours) == [("上荻村党支部", Decimal(16)), ("下荻村党支部", Decimal(8))]
