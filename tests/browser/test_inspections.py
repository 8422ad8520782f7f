"""An inspection by hand: drawn by lot, recorded with a finding, listed, printed, seen by the branch."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from members.enums import PostTitle
from tasks.models import Inspection, Task
from tests.browser.hand import fits, log_in
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_member,
    make_post,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_a_finding_goes_from_the_draw_to_the_branch(page, browser, live_server):
    town = make_committee(make_county(), "柳汀街道党工委")
    branches = [make_branch(town, f"望春社区第{number}党支部") for number in "一二三"]
    for branch in branches:
        make_post(branch, PostTitle.SECRETARY, member=make_member(branch))
    inspector = make_user(Role.INSPECTOR, town.parent, "ducha")
    officer = make_user(Role.COMMITTEE_OFFICER, town, "jiedao")

    log_in(page, inspector.username)
    page.goto(reverse("tasks:inspections"))
    page.locator(".zb-head__right a:has-text('制定督查')").click()
    page.select_option("#id_kind", "spot")
    page.fill("#id_title", "三月随机抽查")
    page.fill("#id_inspectors", "柏兰")
    page.fill("#id_ends_on", "3.31")
    page.locator("button:has-text('制定督查')").click()
    expect(page.locator("h1")).to_contain_text("选督查对象")
    page.fill("#draw_count", "1")
    page.check("#draw_unannounced")
    page.locator("button:has-text('随机抽取')").click()
    expect(page.locator("#h-draws")).to_be_visible()
    visit = Inspection.objects.get().visits.select_related("organisation").get()
    page.locator(f"a:has-text('{visit.organisation.short_name}')").click()
    page.locator("a:has-text('登记到点情况')").click()
    page.fill("#id_visited_on", "3.16")
    page.fill("#id_looked_at", "三会一课记录")
    page.locator("button:has-text('登记到点情况')").click()
    page.locator("a:has-text('登记问题')").click()
    page.fill("#id_text", "二月没有开支委会")
    page.fill("#id_due_on", "4.15")
    page.locator("button:has-text('登记问题')").click()
    expect(page.locator("li:has-text('二月没有开支委会') .zb-mark--wait")).to_contain_text("待立项")
    page.locator("a:has-text('开具整改通知书')").click()
    page.fill("#id_number", "清组督〔2026〕3号")
    page.locator("button:has-text('开具文书')").click()
    expect(page.locator("a:has-text('打印督查整改通知书')")).to_be_visible()

    at_office = browser.new_context(base_url=live_server.url, locale="zh-CN").new_page()
    log_in(at_office, officer.username)
    at_office.goto(reverse("tasks:inspections") + "?show=visits")
    at_office.locator(f"th a:has-text('{visit.organisation.short_name}')").click()
    at_office.locator("a:has-text('转为任务')").click()
    at_office.fill("#id_responsible_leader", "沈知行")
    at_office.locator("button:has-text('转为整改任务')").click()
    expect(at_office.locator("a:has-text('整改任务 2026-')")).to_be_visible()
    at_office.locator("a:has-text('打印督查整改通知书')").click()
    expect(at_office.locator("h1")).to_have_text("督查整改通知书")
    expect(at_office.locator(".zb-sheet")).to_contain_text("二月没有开支委会")
    at_office.context.close()

    phone = browser.new_context(
        base_url=live_server.url, locale="zh-CN", viewport={"width": 390, "height": 844}
    ).new_page()
    log_in(phone, make_user(Role.SECRETARY, visit.organisation, "shuji").username)
    phone.goto(reverse("tasks:inspections"))
    assert fits(phone)
    phone.locator("a:has-text('三月随机抽查'), th a").first.click()
    expect(phone.locator("body")).to_contain_text("二月没有开支委会")
    assert fits(phone)
    task = Task.objects.get()
    expect(phone.locator(f"a:has-text('整改任务 {task.number}')")).to_be_visible()
    phone.context.close()
