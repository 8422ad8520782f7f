"""A reduction of dues: the secretary asks, the committee approves, the charge follows."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from dues.models import Charge, DuesRequest
from tests.browser.hand import fits, log_in
from tests.factories import (
    make_approved_amount,
    make_branch,
    make_charge,
    make_committee,
    make_county,
    make_member,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def member():
    """A member charged 20 yuan a month since September, who has paid nothing."""
    branch = make_branch(make_committee(make_county()), "望春社区第一党支部")
    member = make_member(branch, "许桂兰")
    start = datetime.date(2025, 1, 1)
    make_approved_amount(member, "20.00", from_month=start)
    for year, number in ((2025, 9), (2025, 10), (2025, 11), (2025, 12), (2026, 1), (2026, 2)):
        make_charge(member, datetime.date(year, number, 1))
    return member


def test_the_secretary_asks_and_the_committee_approves(page, member):
    branch = member.organisation
    log_in(page, make_user(Role.SECRETARY, branch, "wangchun").username)
    page.goto(reverse("dues:requests"))
    page.click(".zb-head__right a:has-text('提出请示')")
    page.select_option("#id_member", label="许桂兰")
    page.click(".zb-seg label:has-text('减缴')")
    page.fill("#id_from_month", "2026.1")
    page.fill("#id_until_month", "2026年6月")
    page.fill("#id_amount", "25")
    page.fill("#id_reason", "家庭困难，支部已研究")
    page.click("button:has-text('提出请示')")
    # More than the standard is no reduction; nothing typed is lost.
    expect(page.locator("#field-amount")).to_contain_text("不低于核定的月应缴 20.00")
    assert page.input_value("#id_reason") == "家庭困难，支部已研究"
    page.fill("#id_amount", "5")
    page.click("button:has-text('提出请示')")
    expect(page.locator(".zb-head")).to_contain_text("待审批")

    page.context.clear_cookies()
    log_in(page, make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao").username)
    page.goto(reverse("dues:requests"))
    page.click("tbody th a:has-text('许桂兰')")
    expect(page.locator(".zb-facts")).to_contain_text("¥20.00")
    page.click("button:has-text('同意')")
    expect(page.locator(".zb-head")).to_contain_text("同意，到2026年6月")
    assert DuesRequest.objects.get().state == "approved"
    charges = Charge.objects.order_by("month").values_list("month", "amount")
    assert [(day.month, int(amount)) for day, amount in charges] == [
        (9, 20),
        (10, 20),
        (11, 20),
        (12, 20),
        (1, 5),
        (2, 5),
        (3, 5),
    ]


def test_from_the_arrears_on_a_phone_to_the_page_that_pays_them(page, member):
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, make_user(Role.SECRETARY, member.organisation, "wangchun").username)
    page.goto(reverse("dues:arrears"))
    expect(page.locator("main")).to_contain_text("6 个月 2025年9月起")
    expect(page.locator("main")).to_contain_text("提请支委会研究")
    assert fits(page)
    page.click("main a:has-text('补交')")
    expect(page.locator("h1")).to_contain_text("许桂兰")
