"""A campaign plan by hand: begun from a template, one measure changed, issued; a branch has its tasks."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from tasks.models import Campaign, Task
from tests.browser.hand import Hand, fits, log_in
from tests.factories import make_branch, make_committee, make_county, make_post, make_user

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_the_county_loads_a_plan_changes_a_measure_and_issues_it(page):
    county = make_county()
    make_post(county, person_name="沈知行")
    town = make_committee(county)
    make_post(town, person_name="顾兰庆")
    branch = make_branch(town, "上荻村党支部")
    make_post(branch, person_name="林守正")
    page.set_viewport_size({"width": 1366, "height": 768})
    log_in(page, make_user(Role.COUNTY_OFFICER, county, "xianwei").username)
    hand = Hand(page)

    page.goto(reverse("tasks:campaign_new"))
    hand.click("label:has-text('四抓两整治')")
    hand.click("button:has-text('新建草稿')")
    expect(page.locator("h1")).to_contain_text("编辑方案")
    assert fits(page)

    hand.click("a:has-text('党员活动室达到标准')")
    hand.type_over("#id_due_on", "8.31")
    hand.click("button:has-text('保存措施')")
    expect(page.locator(".zb-toasts")).to_contain_text("已保存措施")
    expect(page.locator("tr:has-text('党员活动室达到标准')")).to_contain_text("2026年8月31日")

    hand.click("a:has-text('印发方案')")
    # 24 measures for the branch, 6 for the county itself; two are for a sector that is not here.
    expect(page.locator("form.zb-formcard")).to_contain_text("下达 30 项任务，2 个单位承办")
    assert fits(page)
    hand.click("form.zb-formcard .zb-btn--primary")
    expect(page.locator(".zb-toasts")).to_contain_text("已下达 30 项任务")
    assert hand.clicks == 7

    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.issued_on) == ("running", TODAY)
    task = Task.objects.get(organisation=branch, problem="党员活动室达到标准")
    assert task.due_on == datetime.date(2026, 8, 31)
    assert (task.responsible_leader, task.responsible_person) == ("顾兰庆", "林守正")

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(reverse("tasks:campaign_edit", args=[campaign.pk]))
    expect(page.locator("h1")).to_contain_text("编辑方案")
    assert fits(page)
