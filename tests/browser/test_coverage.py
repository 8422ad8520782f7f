"""Coverage by hand: a committee registers a unit, surveys it, reads what is due, sends an instructor."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from tests.browser.hand import fits, log_in
from tests.factories import make_committee, make_user

TODAY = datetime.date(2026, 8, 20)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_a_unit_with_two_members_one_of_them_floating_is_registered_and_helped(page):
    town = make_committee()
    log_in(page, make_user(Role.COMMITTEE_OFFICER, town, "liuting").username)
    page.goto(reverse("tasks:coverage"))
    page.click(".zb-head__right a:has-text('登记单位')")
    page.fill("#id_name", "望春书画协会")
    page.click("button:has-text('登记单位')")
    expect(page.locator("h1")).to_contain_text("望春书画协会")
    expect(page.locator("main")).to_contain_text("摸底以后按正式党员人数判断")

    page.click("a:has-text('登记摸底')")
    page.fill("#id_formal_working", "2")
    page.fill("#id_floating", "1")
    page.fill("#id_formal_here", "1")
    page.click("button:has-text('保存摸底')")
    expect(page.locator("main")).to_contain_text("应单独建并派指导员")
    expect(page.locator("main")).to_contain_text("按实际工作计算是 2 名")
    expect(page.locator("main")).to_contain_text("两者不一致")

    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page)
    page.click("a:has-text('选派指导员')")
    page.fill("#id_person_name", "方立平")
    page.click("button:has-text('选派指导员')")
    expect(page.locator("main")).to_contain_text("方立平")
    page.goto(reverse("tasks:coverage"))
    expect(page.locator(".zb-kpis")).to_contain_text("100.00%1/1")
    expect(page.locator(".zb-kpis")).to_contain_text("0.00%0/1")
    assert fits(page)
