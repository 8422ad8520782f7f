"""The budgets of the guide for dues, counted from the desk; sixty members stay quick."""

import datetime
import time
from decimal import Decimal

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from compliance.services import run_night
from dues.models import Payment
from tests import factories
from tests.browser.hand import Hand, fits, log_in

TODAY = datetime.date(2026, 3, 18)
JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    return factories.make_branch(
        factories.make_committee(factories.make_county()), "望春社区第一党支部"
    )


def charged(branch, count, months=(MARCH,)):
    members = factories.make_members(branch, count)
    for member in members:
        factories.make_approved_amount(member, "20.00")
        for month in months:
            factories.make_charge(member, month, "20.00")
    return members


@pytest.fixture
def desk(page, branch):
    """Twenty members owe March; the secretary of the branch stands before the desk."""
    charged(branch, 20)
    run_night(TODAY)
    log_in(page, factories.make_user(Role.SECRETARY, branch, "wangchun").username)
    return Hand(page)


def open_dues(hand):
    hand.click("li:has-text('3月党费') a:has-text('录入党费')")
    hand.page.wait_for_selector("input[data-cell]")


def all_paid(page):
    expect(page.locator("[data-total='unpaid_count']").first).to_have_text("0")


def test_twenty_members_are_paid_in_two_clicks_and_no_key(desk):
    open_dues(desk)
    desk.click("button:has-text('其余 20 人按标准缴清')")
    all_paid(desk.page)
    assert (desk.clicks, desk.keys) == (2, 0)
    assert Payment.objects.count() == 20


def test_one_who_pays_another_sum_takes_three_clicks_and_six_keys_at_most(desk):
    open_dues(desk)
    cell = desk.page.locator("input[data-cell][data-month='2026-03']").nth(4)
    cell.click()
    desk.clicks += 1
    cell.press_sequentially("18.50")
    desk.keys += 5
    desk.press("Enter")
    desk.click("button:has-text('其余 19 人按标准缴清')")
    all_paid(desk.page)
    assert (desk.clicks, desk.keys) == (3, 6)
    assert sorted(set(Payment.objects.values_list("amount", flat=True))) == [
        Decimal("18.50"),
        Decimal("20.00"),
    ]


def test_twenty_members_go_by_two_keys_each_after_one_click(desk):
    open_dues(desk)
    # The first empty cell takes the focus when the page is ready.
    expect(desk.page.locator("input[data-cell]:focus")).to_be_attached()
    for _ in range(20):
        desk.press("Space")
        desk.press("Enter")
    all_paid(desk.page)
    assert (desk.clicks, desk.keys) == (1, 40)
    assert Payment.objects.count() == 20


def test_several_months_of_one_member_are_paid_in_two_clicks(page, branch):
    charged(branch, 1, (JANUARY, FEBRUARY, MARCH))
    log_in(page, factories.make_user(Role.SECRETARY, branch, "wangchun").username)
    page.goto("/dues/")
    hand = Hand(page)
    hand.click("a:has-text('欠 3 个月，一并补交')")
    expect(page.locator("[data-sum]")).to_have_text("60.00")
    page.locator("input[value='2026-02']").uncheck()
    expect(page.locator("[data-sum]")).to_have_text("40.00")
    page.locator("input[value='2026-02']").check()
    hand.click("button:has-text('登记补交')")
    expect(page.locator(".zb-toast")).to_contain_text("登记 3 个月，¥60.00")
    assert (hand.clicks, Payment.objects.count()) == (2, 3)
    page.locator(".zb-toast button:has-text('撤销')").click()
    expect(page.locator("a:has-text('欠 3 个月，一并补交')")).to_be_visible()
    assert Payment.objects.count() == 6


def test_sixty_members_are_quick(page, client, branch, capsys):
    members = charged(branch, 60, (JANUARY, FEBRUARY, MARCH))
    for member in members:
        factories.make_payment(member, JANUARY)
    secretary = factories.make_user(Role.SECRETARY, branch, "wangchun")
    client.force_login(secretary)
    client.get("/dues/")
    started = time.perf_counter()
    weight = len(client.get("/dues/").content)
    shown = time.perf_counter() - started
    times = []
    for member in members[:10]:
        body = {"member": member.pk, "month": "2026-03", "amount": "20", "version": ""}
        started = time.perf_counter()
        answer = client.post(
            reverse("dues:cell") + "?focus=2026-03", body, headers={"accept": "application/json"}
        )
        times.append(time.perf_counter() - started)
        assert answer.status_code == 200
    with capsys.disabled():
        print(
            f"\n60 members: page {weight / 1024:.0f} KB in {shown * 1000:.0f} ms, "
            f"cell {sorted(times)[5] * 1000:.0f} ms (median of 10)"
        )
    assert weight <= 120 * 1024
    log_in(page, secretary.username)
    page.goto("/dues/")
    page.locator("input[data-cell][data-month='2026-03']").nth(10).focus()
    for _ in range(50):
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
    expect(page.locator("[data-total='unpaid_count']").first).to_have_text("0", timeout=30_000)
    assert Payment.objects.filter(month=MARCH).count() == 60


def test_no_page_of_the_entry_scrolls_sideways(page, branch):
    member, *_others = charged(branch, 3, (JANUARY, FEBRUARY, MARCH))
    factories.make_payment(member, MARCH, "5.00")
    log_in(page, factories.make_user(Role.SECRETARY, branch, "wangchun").username)
    addresses = [
        "/dues/",
        "/dues/?focus=2026-01",
        reverse("dues:several", args=[member.pk]),
        reverse("dues:entries", args=[member.pk]) + "?month=2026-03",
    ]
    for width, height in ((1366, 768), (1093, 614), (390, 844), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for address in addresses:
            assert page.goto(address).status == 200, address
            assert fits(page), f"{address} at {width}"
