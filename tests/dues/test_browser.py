"""The dues grid in a browser: from the keyboard, pasted, undone, by two people."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.test import Client

from dues.models import Payment
from tests import factories
from tests.browser.hand import fits

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
    expect(page.locator("button[data-bulk] [data-total=unpaid_count]")).to_have_text(str(number))


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


def paste(page, text):
    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData("text", text);
          document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        text,
    )


def test_twenty_lines_are_pasted_downwards(signed_in, members):
    signed_in.goto("/dues/")
    cell(signed_in, members[0]).focus()
    paste(signed_in, "\n".join(["20"] * 20))
    unpaid(signed_in, 0)
    assert total() == Decimal("400.00")


def test_columns_are_months_and_none_is_written_into_a_month_to_come(signed_in, members, settings):
    settings.TODAY_OVERRIDE = datetime.date(2026, 2, 18)
    january, february = datetime.date(2026, 1, 1), datetime.date(2026, 2, 1)
    for member in members[:3]:
        for month in (january, february):
            factories.make_charge(member, month, "20.00")
    # Paid already, so that this line's first column is shut.
    factories.make_payment(members[1], january, "20.00")
    signed_in.goto("/dues/")
    signed_in.locator(f"input[data-member='{members[0].pk}'][data-month='2026-01']").focus()
    paste(signed_in, "20\t20\t20\n19\t20\t20\n\t18.5\t二十\n")
    toast = signed_in.locator(".zb-toast").last
    expect(toast).to_contain_text("已填入 3 人 4 格，1 格不是数字，没有填，3 格不能填")
    expect(signed_in.locator("tfoot [data-total='2026-02']")).to_have_text("58.50")
    sums = Payment.objects.values_list("member", "month", "amount").order_by("member", "month")
    assert list(sums) == [
        (members[0].pk, january, Decimal("20.00")),
        (members[0].pk, february, Decimal("20.00")),
        (members[1].pk, january, Decimal("20.00")),
        (members[1].pk, february, Decimal("20.00")),
        (members[2].pk, february, Decimal("18.50")),
    ]


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


def test_two_browsers_on_one_cell_keep_one_sum(browser, live_server, signed_in, members, branch):
    client = Client()
    client.force_login(factories.make_user("organiser", branch, name="周慧敏"))
    other = browser.new_context(base_url=live_server.url)
    cookie = client.cookies["sessionid"].value
    other.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    theirs = other.new_page()
    signed_in.goto("/dues/")
    theirs.goto("/dues/")
    cell(theirs, members[0]).fill("18")
    theirs.keyboard.press("Enter")
    unpaid(theirs, 19)
    cell(signed_in, members[0]).fill("20")
    signed_in.keyboard.press("Enter")
    strip = signed_in.locator("#dues-conflicts")
    expect(strip).to_contain_text("周慧敏")
    strip.get_by_text("用 18.00").click()
    expect(cell(signed_in, members[0])).to_have_value("18.00")
    assert (Payment.objects.count(), total()) == (1, Decimal("18.00"))
    other.close()


def test_a_cut_connection_keeps_what_was_typed_and_sends_it_once(signed_in, members):
    signed_in.goto("/dues/")
    signed_in.context.set_offline(True)
    for member in members[:3]:
        cell(signed_in, member).fill("20")
        signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".zb-cellnote:has-text('未保存')")).to_have_count(3)
    assert not Payment.objects.exists()
    signed_in.context.set_offline(False)
    unpaid(signed_in, 17)
    assert (Payment.objects.count(), total()) == (3, Decimal("60.00"))
    expect(signed_in.locator(".zb-cellnote")).to_have_count(0)


def test_what_the_line_lost_is_sent_when_the_page_is_opened_again(signed_in, members):
    signed_in.goto("/dues/")
    signed_in.route("**/dues/cell/**", lambda route: route.abort())
    cell(signed_in, members[0]).fill("20")
    signed_in.keyboard.press("Enter")
    signed_in.get_by_text("未保存").first.wait_for()
    signed_in.unroute("**/dues/cell/**")
    signed_in.goto("/dues/?quarter=1")
    unpaid(signed_in, 19)
    assert (Payment.objects.count(), total()) == (1, Decimal("20.00"))


def test_an_unusual_sum_stays_to_be_changed(signed_in, members):
    signed_in.goto("/dues/")
    cell(signed_in, members[0]).fill("200")
    signed_in.keyboard.press("Enter")
    signed_in.get_by_role("button", name="改一改").click()
    expect(cell(signed_in, members[0])).to_have_value("200.00")
    expect(cell(signed_in, members[0])).to_be_focused()
    assert not Payment.objects.exists()
    signed_in.keyboard.type("20")
    signed_in.keyboard.press("Enter")
    unpaid(signed_in, 19)
    assert (Payment.objects.count(), total()) == (1, Decimal("20.00"))


def test_an_unusual_sum_is_kept_when_it_is_meant(signed_in, members):
    signed_in.goto("/dues/")
    last = cell(signed_in, members[-1])
    last.fill("200")
    last.press("Enter")
    signed_in.get_by_role("button", name="照此保存").click()
    unpaid(signed_in, 19)
    assert (Payment.objects.count(), total()) == (1, Decimal("200.00"))


def test_the_tick_comes_by_itself_and_goes_by_click_and_key(signed_in, members):
    signed_in.goto("/dues/")
    tick = signed_in.locator(f"tr[data-member='{members[0].pk}'] button[data-booklet]")
    expect(tick).to_be_disabled()
    cell(signed_in, members[0]).focus()
    signed_in.keyboard.press("Space")
    expect(tick).to_have_text("已登")
    tick.click()
    expect(tick).to_have_text("未登")
    assert not Payment.objects.get().in_booklet
    cell(signed_in, members[0]).focus()
    signed_in.keyboard.press("ArrowRight")
    signed_in.keyboard.press("Enter")
    expect(tick).to_have_text("已登")
    assert Payment.objects.get().in_booklet


def test_day_and_way_go_with_every_sum_and_stay_with_the_window(signed_in, members):
    signed_in.goto("/dues/")
    signed_in.fill("#dues-paid-on", "3.9")
    signed_in.locator("label:has-text('转账')").click()
    cell(signed_in, members[0]).focus()
    signed_in.keyboard.press("Space")
    unpaid(signed_in, 19)
    signed_in.goto("/dues/?quarter=1")
    expect(signed_in.locator("#dues-paid-on")).to_have_value("3.9")
    signed_in.get_by_role("button", name="按标准缴清").click()
    unpaid(signed_in, 0)
    ninth = datetime.date(2026, 3, 9)
    assert set(Payment.objects.values_list("paid_on", "way")) == {(ninth, "transfer")}


def test_on_a_phone_each_line_has_a_large_tick_and_a_way_to_put_it_right(signed_in, members):
    signed_in.set_viewport_size({"width": 390, "height": 844})
    signed_in.goto("/dues/")
    row = signed_in.locator(f"tr[data-member='{members[0].pk}']")
    tick = row.get_by_role("button", name="已交")
    assert tick.bounding_box()["height"] >= 44
    tick.click()
    unpaid(signed_in, 19)
    expect(tick).to_have_attribute("aria-pressed", "true")
    assert row.bounding_box()["height"] <= 100
    assert fits(signed_in)
    row.get_by_role("link", name="更正").click()
    signed_in.fill("#id_amount", "18")
    signed_in.fill("#id_reason", "实收 18 元")
    signed_in.get_by_role("button", name="保存更正").click()
    signed_in.wait_for_url("**/dues/?**")
    assert total() == Decimal("18.00")
