"""The self-check report by hand: written from the draft, returned, put right, accepted."""

import datetime
import re

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from tasks.models import SelfCheck
from tests import factories
from tests.browser.hand import fits, log_in

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_a_report_is_handed_in_returned_and_accepted(page):
    town = factories.make_committee()
    branch = factories.make_branch(town, "望春社区第一党支部")
    factories.make_members(branch, 4)
    campaign = factories.make_campaign(town, self_check_on=datetime.date(2026, 4, 5))
    factories.make_measure(
        campaign, "活动室达标", units=[branch], due_on=datetime.date(2026, 3, 16)
    )
    secretary = factories.make_user(Role.SECRETARY, branch, "wangchun")
    officer = factories.make_user(Role.COMMITTEE_OFFICER, town, "liuting")
    reports = reverse("self_checks", args=[campaign.pk])

    log_in(page, secretary.username)
    page.goto(reverse("tasks:campaigns"))
    page.click("a:has-text('四抓两整治')")
    page.click(".zb-head__right a:has-text('自查报告')")
    expect(page.locator("#id_problems")).to_have_value(re.compile("方案的任务逾期 1 项"))
    page.click("button:has-text('报送自查报告')")
    expect(page.locator(".zb-head")).to_contain_text("待审阅")

    page.context.clear_cookies()
    log_in(page, officer.username)
    page.goto(reports)
    page.click("a:has-text('望春社区第一党支部')")
    page.click("button:has-text('退回补充')")
    expect(page.locator(".zb-errors")).to_contain_text("审阅意见")
    page.fill("#id_opinion", "逾期的任务写明原因")
    page.click("button:has-text('退回补充')")
    expect(page.locator("main")).to_contain_text("退回补充")

    page.context.clear_cookies()
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, secretary.username)
    page.goto(reverse("self_check", args=[campaign.pk, branch.code]))
    expect(page.locator("main")).to_contain_text("逾期的任务写明原因")
    page.fill("#id_problems", "活动室正在装修，4月完成")
    assert fits(page)
    page.click("button:has-text('报送自查报告')")
    expect(page.locator(".zb-head")).to_contain_text("待审阅")
    assert fits(page)

    page.context.clear_cookies()
    log_in(page, officer.username)
    page.goto(reports)
    page.click("a:has-text('望春社区第一党支部')")
    page.click("button:has-text('审阅通过')")
    expect(page.locator("main")).to_contain_text("已审阅")
    report = SelfCheck.objects.get()
    assert (report.state, report.problems) == ("accepted", "活动室正在装修，4月完成")
