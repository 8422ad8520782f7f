"""汇总, by the county: from the overview down to a branch's ledger, and the workbook to take along."""

import datetime
import io
from pathlib import Path

import openpyxl
import pytest
from django.test import override_settings
from playwright.sync_api import expect

from accounts.roles import Role
from tests.browser.hand import Hand, fits, log_in
from tests.factories import (
    make_branch,
    make_charge,
    make_committee,
    make_county,
    make_member,
    make_payment,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
MARCH = datetime.date(2026, 3, 1)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def county():
    county = make_county(code="COUNTY")
    for name, paid in (("荻浦镇党委", 1), ("桃埠镇党委", 2)):
        branch = make_branch(make_committee(county, name), f"{name[:3]}第一党支部")
        make_branch(branch.parent)
        for number in range(2):
            member = make_member(branch)
            make_charge(member, MARCH)
            if number < paid:
                make_payment(member, MARCH)
    return county


def test_the_county_goes_down_to_the_branch_that_is_behind(page, county):
    log_in(page, make_user(Role.COUNTY_OFFICER, county, "xianwei").username)
    hand = Hand(page)
    hand.click("a.zb-kpi", has_text="党费按月收缴")
    rows = page.locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("荻浦镇党委")
    expect(page.locator("tfoot")).to_contain_text("80.00")
    hand.click("tbody a", has_text="荻浦镇党委")
    expect(rows.nth(0)).to_contain_text("20.00")
    hand.click("tbody a", has_text="荻浦镇第一党支部")
    expect(page.locator("h1")).to_contain_text("党费")
    assert hand.clicks == 3


def test_the_years_workbook_is_two_clicks_away(page, county):
    log_in(page, make_user(Role.COUNTY_OFFICER, county, "xianwei").username)
    page.goto("/dues/summary/")
    hand = Hand(page)
    hand.click(".zb-head__right a", has_text="导出")
    with page.expect_download() as download:
        hand.click("button.zb-btn--primary")
    assert download.value.suggested_filename.endswith("2026年党费台账.xlsx")
    content = io.BytesIO(Path(download.value.path()).read_bytes())
    assert "党费汇总" in openpyxl.load_workbook(content).sheetnames
    assert hand.clicks == 2


def test_on_a_phone_each_unit_is_a_card(page, county):
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, make_user(Role.COUNTY_OFFICER, county, "xianwei").username)
    page.goto("/dues/summary/")
    expect(page.locator("tbody tr").nth(0)).to_contain_text("荻浦镇党委")
    assert (
        page.locator("tbody tr td").first.evaluate("cell => getComputedStyle(cell).display")
        == "block"
    )
    assert fits(page)
