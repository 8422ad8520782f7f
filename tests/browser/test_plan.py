"""The year plan by hand: drafted, changed from the keyboard, filed; and on a phone."""

import datetime
import re

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from meetings.enums import Type
from meetings.models import PlanItem, YearPlan
from tests import factories
from tests.browser.hand import Hand, fits, log_in

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    branch = factories.make_branch(factories.make_committee(factories.make_county()))
    factories.make_member(branch, "许文桥")
    return branch


def test_a_secretary_drafts_changes_a_cell_by_keyboard_and_files(page, branch):
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    page.goto(reverse("meetings:plan"))
    page.click("button:has-text('按要求生成计划')")
    grid = page.locator("[data-plan]")
    expect(grid).to_contain_text("3/10")

    # From the theme day of March one to the right; Enter opens the strip with the focus in it.
    hand = Hand(page)
    grid.locator("a[href*='cell=theme_day-3']").focus()
    hand.press("ArrowRight")
    hand.press("Enter")
    expect(page.locator("#h-strip")).to_have_text("4月主题党日")
    expect(page.locator("#id_planned_on")).to_be_focused()
    expect(page).to_have_url(re.compile("cell=theme_day-4"))
    page.fill("#id_topic", "祭扫学习")
    hand.press("Enter")
    expect(grid.locator("a[href*='cell=theme_day-4']")).to_contain_text("祭扫学习")
    assert PlanItem.objects.get(type=Type.THEME_DAY, planned_on__month=4).topic == "祭扫学习"

    # Esc leads back into the grid.
    page.locator("#id_topic").focus()
    hand.press("Escape")
    expect(grid.locator("a[href*='cell=theme_day-4']")).to_be_focused()

    page.click("button:has-text('报备计划')")
    page.click("dialog button:has-text('报备计划')")
    expect(page.locator("main")).to_contain_text("已报备")
    assert YearPlan.objects.get().filed_on == TODAY
    assert fits(page)


def test_on_a_phone_the_running_month_is_open_and_leads_to_the_form(page, branch):
    factories.make_plan_item(branch, datetime.date(2026, 3, 28), topic="植树护绿")
    factories.make_plan_item(branch, datetime.date(2026, 1, 28), topic="走访慰问")
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    page.goto(reverse("meetings:plan"))
    expect(page.locator("[data-plan]")).to_be_hidden()
    expect(page.locator(".zb-planlist").get_by_text("走访慰问")).to_be_hidden()
    page.locator(".zb-planlist").get_by_text("植树护绿").click()
    expect(page.locator("#h-strip")).to_have_text("3月主题党日")
    page.fill("#id_place", "村口")
    page.click("button:has-text('保存计划')")
    expect(page.locator("#id_place")).to_have_value("村口")
    assert fits(page)
    assert PlanItem.objects.get(planned_on__month=3).place == "村口"
