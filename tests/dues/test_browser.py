"""The dues grid in a browser: from the keyboard, pasted, undone, by two people."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum

from dues.models import Payment
from tests import factories

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

TODAY = datetime.date(2026, 3, 18)
MARCH = datetime.date(2026, 3, 1)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def members(branch):
    members = factories.make_members(branch, 20)
    for member in members:
        factories.make_approved_amount(member, "20.00")
        factories.make_charge(member, MARCH, "20.00")
    return members


@pytest.fixture
def signed_in(page, client, live_server, branch):
    """A page in which the branch's secretary is logged in."""
    client.force_login(factories.make_user("secretary", branch))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    return page


def cell(page, member):
    return page.locator(f"input[data-member='{member.pk}'][data-month='2026-03']")


def total():
    return Payment.objects.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def unpaid(page, number):
    expect(page.locator("form[data-bulk] [data-total=unpaid_count]")).to_have_text(str(number))


def test_twenty_members_by_space_and_enter_alone(signed_in, members):
    signed_in.goto("/dues/")
    cell(signed_in, members[0]).focus()
    for _ in members:
        signed_in.keyboard.press("Space")
        signed_in.keyboard.press("Enter")
    unpaid(signed_in, 0)
    assert (Payment.objects.count(), total()) == (20, Decimal("400.00"))


def test_the_rest_by_one_click_and_back_by_another(signed_in, members):
    signed_in.goto("/dues/")
    cell(signed_in, members[3]).fill("15")
    signed_in.keyboard.press("Enter")
    unpaid(signed_in, 19)
    signed_in.get_by_role("button", name="按标准缴清").click()
    unpaid(signed_in, 0)
    assert total() == Decimal("395.00")
    signed_in.locator(".zb-toast").get_by_text("撤销").last.click()
    unpaid(signed_in, 19)
    assert total() == Decimal("15.00")


def test_twenty_lines_are_pasted_downwards(signed_in, members):
    signed_in.goto("/dues/")
    cell(signed_in, members[0]).focus()
    signed_in.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text", Array(20).fill("20").join("\\n"));
          document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    unpaid(signed_in, 0)
    assert total() == Decimal("400.00")


def test_the_second_of_two_chooses_between_both_sums(signed_in, members, branch):
    signed_in.goto("/dues/")
    colleague = factories.make_user("organiser", branch, name="周慧敏")
    factories.make_payment(members[0], MARCH, "18.00", entered_by=colleague)
    cell(signed_in, members[0]).fill("20")
    signed_in.keyboard.press("Enter")
    strip = signed_in.locator("#dues-conflicts")
    strip.get_by_text("用 20.00").wait_for()
    assert "周慧敏" in strip.text_content()
    assert total() == Decimal("18.00")
    strip.get_by_text("用 20.00").click()
    unpaid(signed_in, 19)
    assert total() == Decimal("20.00")


def test_a_broken_line_loses_nothing_and_pays_once(signed_in, members):
    signed_in.goto("/dues/")
    signed_in.route("**/dues/cell/**", lambda route: route.abort())
    cell(signed_in, members[0]).fill("20")
    signed_in.keyboard.press("Enter")
    signed_in.get_by_text("未保存").first.wait_for()
    signed_in.unroute("**/dues/cell/**")
    signed_in.evaluate("window.dispatchEvent(new Event('online'))")
    unpaid(signed_in, 19)
    assert (Payment.objects.count(), total()) == (1, Decimal("20.00"))


def test_undo_by_key_takes_the_last_edit_back(signed_in, members):
    signed_in.goto("/dues/")
    cell(signed_in, members[0]).fill("15")
    signed_in.keyboard.press("Enter")
    unpaid(signed_in, 19)
    signed_in.keyboard.press("Control+z")
    unpaid(signed_in, 20)
    assert total() == Decimal(0)
    assert Payment.objects.count() == 2
