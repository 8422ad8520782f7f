"""The dues of a quarter go up, come back and are confirmed, each step by the role that does it."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.periods import add_months
from compliance.models import Duty
from compliance.services import run_night
from dues.models import Remittance
from tests import factories
from tests.browser.hand import Hand, fits, log_in

TODAY = datetime.date(2026, 4, 2)
JANUARY = datetime.date(2026, 1, 1)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    """A branch that collected the first quarter, judged last night."""
    branch = factories.make_branch(
        factories.make_committee(factories.make_county(), "柳汀街道党工委"), "望春社区第一党支部"
    )
    for name in ("许桂兰", "龚丽华"):
        member = factories.make_member(branch, name)
        for month in range(3):
            factories.make_charge(member, add_months(JANUARY, month))
            factories.make_payment(
                member, add_months(JANUARY, month), paid_on=add_months(JANUARY, month)
            )
    run_night(TODAY)
    return branch


def log_out(page):
    page.context.clear_cookies()


def press(page, words):
    page.click(f"button:has-text('{words}')")
    page.wait_for_load_state("networkidle")


def test_a_quarter_goes_up_comes_back_and_is_confirmed(page, branch):
    secretary = factories.make_user(Role.SECRETARY, branch)
    officer = factories.make_user(Role.COMMITTEE_OFFICER, branch.parent)
    log_in(page, secretary.username)
    hand = Hand(page)
    hand.click("li:has-text('一季度党费上缴') a:has-text('登记上缴')")
    page.fill("#id_slip_number", "HD-0417")
    assert page.input_value("#id_amount") == "120.00"
    hand.click("button:has-text('登记上缴')")
    hand.click("dialog button:has-text('报送上缴')")
    page.wait_for_selector("main :text('等上级确认')")
    assert hand.clicks == 3
    row = Remittance.objects.get()
    assert (row.state, row.slip_number, row.payments.count()) == ("sent", "HD-0417", 6)

    log_out(page)
    log_in(page, officer.username)
    page.click("a:has-text('党费确认')")
    page.click("tr:has-text('望春社区第一') a:has-text('退回')")
    page.fill("#id_reason", "回单号少一位")
    press(page, "退回上缴")
    assert Remittance.objects.get().state == "returned"

    log_out(page)
    log_in(page, secretary.username)
    page.click("li:has-text('一季度党费上缴') a:has-text('登记上缴')")
    assert "回单号少一位" in page.inner_text("main")
    page.fill("#id_slip_number", "HD-04170")
    page.click("button:has-text('登记上缴')")
    page.click("dialog button:has-text('报送上缴')")
    page.wait_for_selector("main :text('等上级确认')")

    log_out(page)
    log_in(page, officer.username)
    page.goto(reverse("dues:remittances"))
    press(page, "全部确认 1")
    page.click(".zb-toast button:has-text('撤销')")
    page.wait_for_selector("button:has-text('全部确认 1')")
    assert Remittance.objects.get().state == "sent"
    page.wait_for_load_state("networkidle")
    press(page, "全部确认 1")
    assert Remittance.objects.get().state == "confirmed"
    assert "其中已确认 120.00" in page.inner_text("tfoot")

    log_out(page)
    log_in(page, factories.make_user(Role.COUNTY_OFFICER, branch.parent.parent).username)
    page.click("nav[aria-label='主菜单'] a:has-text('党费上缴')")
    assert "120.00" in page.inner_text("tr:has-text('柳汀街道')")
    page.click("tr:has-text('柳汀街道') a")
    page.wait_for_selector("tr:has-text('望春社区第一')")
    duty = Duty.objects.get(rule="dues.remitted", period="2026-Q1", organisation=branch)
    page.goto(reverse("compliance:duty", args=[duty.pk]))
    assert "上级已确认" in page.inner_text("main")


def test_no_page_of_these_scrolls_sideways(page, branch):
    factories.make_remittance(branch, JANUARY, "115.00", computed=120, explanation="找零 5 元")
    committee = branch.parent
    here = f"?branch={branch.code}&year=2026&quarter=1"
    lists = reverse("dues:remittances")
    log_in(page, factories.make_user(Role.COUNTY_OFFICER, committee.parent).username)
    for width, height in ((1366, 768), (390, 844), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for address in (
            lists,
            f"{lists}?organisation={committee.code}",
            f"{lists}?state=waiting",
            f"{lists}{here}",
            reverse("dues:remittance") + here,
        ):
            assert page.goto(address).status == 200, address
            assert fits(page), f"{address} at {width}"
