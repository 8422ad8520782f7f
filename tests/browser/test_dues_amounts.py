"""The year's amounts, approved by a secretary and looked at by the committee."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from compliance.models import Duty
from compliance.services import run_night
from dues.models import ApprovedAmount
from tests import factories
from tests.browser.hand import Hand, fits, log_in

TODAY = datetime.date(2026, 4, 2)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    """Twenty members with last year's amount, one new; the county keeps records since December."""
    branch = factories.make_branch(name="望春社区第一党支部")
    for member in factories.make_members(branch, 20):
        factories.make_approved_amount(member, "0.50", from_month=datetime.date(2025, 1, 1))
        factories.make_charge(member, datetime.date(2025, 12, 1), "0.50")
    factories.make_member(branch, "贺建云")
    run_night(TODAY)
    return branch


def test_a_secretary_approves_the_year_for_everybody(page, branch):
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    duty = Duty.objects.get(rule="dues.approved", period="2026", organisation=branch)
    assert duty.state == "overdue"
    page.goto(reverse("compliance:duty", args=[duty.pk]))
    hand = Hand(page)
    hand.click("a:has-text('核定标准')")
    page.wait_for_load_state("networkidle")

    # One act for those of last year; the new one is named, and what was typed is kept.
    new = page.locator("tr:has-text('贺建云')")
    new.locator("select").select_option("employed")
    hand.click("button:has-text('沿用去年标准核定 20 人')")
    page.wait_for_load_state("networkidle")
    assert ApprovedAmount.objects.filter(from_month__year=2026).count() == 20
    assert "请填写缴费基数" in page.inner_text("tr:has-text('贺建云')")
    assert new.locator("select").input_value() == "employed"

    base = new.locator("input[name$='-base']")
    base.fill("5100")
    base.press("Enter")
    page.wait_for_load_state("networkidle")
    assert "已核定 21/21 人" in page.inner_text("main")
    assert "76.50" in page.inner_text("tr:has-text('贺建云')")
    assert hand.clicks == 2

    page.goto(reverse("compliance:duty", args=[duty.pk]))
    assert "已完成" in page.inner_text("main")

    # A rise in July is another amount of the year, with its reason.
    page.goto(reverse("dues:amounts"))
    page.click("a:has-text('贺建云')")
    page.fill("#id_base", "6000")
    page.click("button:has-text('保存标准')")
    page.wait_for_load_state("networkidle")
    assert "年内调整要写明理由" in page.inner_text("main")
    page.fill("#id_reason", "工资调整")
    page.click("button:has-text('保存标准')")
    page.wait_for_load_state("networkidle")
    assert "2026年4月" in page.inner_text("main table")
    assert "90.00" in page.inner_text("main table")


def test_on_a_phone_nothing_scrolls_sideways_and_the_sum_is_worked_out(page, branch):
    page.set_viewport_size(PHONE)
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    page.goto(reverse("dues:amounts"))
    assert fits(page)
    page.click("a:has-text('算一算')")
    page.select_option("#id_category", "retired")
    page.fill("#id_base", "5000.01")
    page.click("button:has-text('算一算')")
    page.wait_for_load_state("networkidle")
    assert "每月 50.00 元" in page.inner_text("main")
    assert fits(page)


def test_an_officer_sees_who_is_behind_and_changes_nothing(page, branch):
    factories.make_approved_amount(factories.make_member(factories.make_branch(branch.parent)))
    log_in(page, factories.make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao").username)
    page.goto(reverse("dues:amounts"))
    assert "差 21 人" in page.inner_text("main")
    page.click("main a:has-text('望春社区第一党支部')")
    page.wait_for_load_state("networkidle")
    assert "沿用去年" in page.inner_text("main")
    assert page.locator("main button").count() == 0
