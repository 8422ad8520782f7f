"""公示, the member's statement and large sums, each by the role that does it."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from compliance.models import Duty
from compliance.services import run_night
from dues.models import Contribution, Publication
from tests import factories
from tests.browser.hand import Hand, fits, log_in

TODAY = datetime.date(2026, 4, 2)
MONTHS = [datetime.date(2026, month, 1) for month in (1, 2, 3)]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(), "望春社区第一党支部")


def paid_up(branch, count):
    for member in factories.make_members(branch, count):
        for month in MONTHS:
            factories.make_charge(member, month, "48.00")
            factories.make_payment(member, month, "48.00", paid_on=month)


def save(page, words):
    page.click(f"button:has-text('{words}')")
    page.wait_for_load_state("networkidle")


def sheets_of(page):
    """How many pages Chromium prints."""
    return page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")


def count_dialogs(page):
    """From now on each opening of the print dialog is counted on the page."""
    page.add_init_script(
        "window.print = function () {"
        " var root = document.documentElement;"
        " root.dataset.printed = Number(root.dataset.printed || 0) + 1; };"
    )


def test_the_quarter_is_printed_with_two_clicks_and_no_key(page, branch):
    paid_up(branch, 23)
    run_night(TODAY)
    count_dialogs(page)
    log_in(page, factories.make_user(Role.SECRETARY, branch).username)
    hand = Hand(page)
    hand.click("a.zb-btn:has-text('打印公示表')")
    hand.click("button:has-text('打印公示表')")
    expect(page.locator("html")).to_have_attribute("data-printed", "1")
    assert (hand.clicks, hand.keys) == (2, 0)
    assert page.inner_text("h1") == "2026年第一季度党费收缴情况公示"
    assert sheets_of(page) == 1
    assert not Publication.objects.exists()

    page.click("a:has-text('返回')")
    page.fill("#id_phone", "内线 6118")
    save(page, "标为已公示")
    assert "2026年4月2日已公示" in page.inner_text("main, .zb-head")
    assert Publication.objects.get().amount == 23 * 144
    page.goto(reverse("desk"))
    assert Duty.objects.get(rule="dues.published", period="2026-Q1").state == "done"
    assert page.locator("a.zb-btn:has-text('打印公示表')").count() == 0


@pytest.mark.parametrize(
    ("count", "period", "sheets"),
    [
        (26, "2026-Q1", 1),
        (58, "2026-Q1", 2),
        (60, "2026-Q1", 3),
        (26, "2026-H1", 1),
        (26, "2026", 1),
    ],
)
def test_each_sheet_is_one_page_of_paper(page, branch, count, period, sheets):
    paid_up(branch, count)
    log_in(page, factories.make_user(Role.SECRETARY, branch).username)
    page.goto(reverse("dues:publication_paper") + f"?period={period}")
    assert page.locator("section.zb-sheet").count() == sheets
    assert sheets_of(page) == sheets
    # As wide as the text above it: nothing hangs over the margin.
    assert page.evaluate(
        "document.querySelector('table').offsetWidth <= document.querySelector('h1').offsetWidth"
    )
    size = 11 if period == "2026-H1" else 12
    drawn = page.evaluate("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)")
    assert drawn == pytest.approx(size * 4 / 3, abs=0.01)


def test_the_statement_of_a_full_year_is_one_page(page, branch):
    member = factories.make_member(branch, "许文桥")
    for number in range(1, 13):
        month = datetime.date(2025, number, 1)
        factories.make_charge(member, month, "48.00")
        factories.make_payment(member, month, "48.00", paid_on=month, way="transfer")
    log_in(page, factories.make_user(Role.SECRETARY, branch).username)
    page.goto(reverse("dues:statement_paper", args=[member.pk]) + "?year=2025")
    assert page.locator("tbody tr").count() == 26
    assert sheets_of(page) == 1
    for number in range(1, 13):
        factories.make_payment(member, datetime.date(2025, number, 1), "1.00")
    page.reload()
    assert "第 2 页 共 2 页" in page.inner_text("main")
    assert sheets_of(page) == 2


def test_a_large_sum_goes_its_way(page, branch):
    member = factories.make_member(branch, "许文桥")
    log_in(page, factories.make_user(Role.SECRETARY, branch).username)
    page.goto(reverse("dues:contributions"))
    page.select_option("#id_member", str(member.pk))
    page.fill("#id_amount", "500")
    save(page, "登记大额党费")
    assert "按党费录入" in page.inner_text("main")
    page.fill("#id_amount", "5000")
    save(page, "登记大额党费")
    assert "待转交" in page.inner_text("body")
    page.fill("#id_note", "党龄五十年，退休教师")
    save(page, "登记转交")
    page.fill("#receipt_receipt_number", "0117")
    save(page, "登记收据")
    assert Contribution.objects.get().receipt_number == "0117"
    page.click(f"a:has-text('{member.name}')")
    assert "收据 0117" in page.inner_text("main")


def test_no_page_of_these_scrolls_sideways(page, branch):
    paid_up(branch, 3)
    member = branch.members.first()
    given = factories.make_contribution(member, TODAY, note="党龄五十年，退休教师")
    factories.make_publication(branch, "2026-Q1", TODAY)
    log_in(page, factories.make_user(Role.SECRETARY, branch).username)
    pages = [
        reverse("dues:publication") + f"?period={period}"
        for period in ("2026-Q1", "2026-H1", "2026")
    ]
    pages += [reverse("dues:publication_paper") + "?period=2026-H1", reverse("dues:contributions")]
    pages += [
        reverse("dues:contribution", args=[given.pk]),
        reverse("dues:statement", args=[member.pk]),
        reverse("dues:statement_paper", args=[member.pk]),
    ]
    for width, height in ((1366, 768), (390, 844), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for address in pages:
            assert page.goto(address).status == 200, address
            assert fits(page), f"{address} at {width}"
