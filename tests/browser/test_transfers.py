"""A relation is moved by the three who have a hand in it, and a workbook goes out and in."""

import datetime

import pytest
from django.test import override_settings

from accounts.roles import Role
from ledgers.models import ImportBatch
from members.enums import TransferState
from members.models import Transfer
from members.roster import roster
from tests.browser.hand import fits, log_in
from tests.factories import (
    make_branch,
    make_charge,
    make_committee,
    make_county,
    make_members,
    make_payment,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_a_relation_moves_from_branch_to_branch(page, browser, live_server):
    county = make_county()
    street, town = make_committee(county), make_committee(county, "荻浦镇党委")
    old = make_branch(street, "望春社区党支部")
    new = make_branch(town, "上荻村党支部")
    member = make_members(old, 3)[1]
    make_charge(member, datetime.date(2026, 2, 1))
    make_payment(member, datetime.date(2026, 2, 1))

    # The secretary of the old branch starts it; dues are filled in.
    log_in(page, make_user(Role.SECRETARY, old, "laoshuji").username)
    page.goto("/members/transfers/")
    page.click("a:has-text('发起转接')")
    page.select_option("#id_member", str(member.pk))
    page.click("button:has-text('选好党员')")
    assert page.input_value("#id_dues_paid_until") == "2026年2月"
    page.fill("#id_to_branch", "上荻村")
    page.click("button:has-text('送出转接')")
    assert "等上级开介绍信" in page.inner_text("body")
    address = page.url

    # The street opens the letter and prints it.
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    log_in(page, make_user(Role.COMMITTEE_OFFICER, street, "jiedao").username)
    page.goto("/members/transfers/")
    page.click(f"tbody a:has-text('{member.name}')")
    page.fill("#letter_number", "2026-7")
    page.click("button:has-text('开介绍信')")
    page.click("a:has-text('打印介绍信')")
    assert "组织关系介绍信" in page.inner_text("h1")
    assert "有效 90 天，至2026年6月16日止" in page.inner_text("main")
    assert member.id_number not in page.content()
    context.close()

    # The new branch receives; the member has moved.
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    log_in(page, make_user(Role.SECRETARY, new, "xinshuji").username)
    page.goto("/members/transfers/?state=waiting")
    page.click(f"tbody a:has-text('{member.name}')")
    page.fill("#receive_on", "3.18")
    page.click("button:has-text('接收组织关系')")
    page.wait_for_load_state("networkidle")
    assert Transfer.objects.get().state == TransferState.RECEIVED
    assert [one.member for one in roster([new], TODAY)] == [member]
    for width, height in ((1366, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for shown in (address, "/members/transfers/", "/members/transfers/incoming/"):
            assert page.goto(shown).status == 200
            assert fits(page), f"{shown} at {width}"
    context.close()

    # The neighbour finds nothing.
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    log_in(page, make_user(Role.SECRETARY, make_branch(street), "linju").username)
    assert page.goto(address).status == 404
    context.close()


def test_a_workbook_of_transfers_goes_out_and_comes_back(page, tmp_path):
    old = make_branch(make_committee(make_county()), "望春社区党支部")
    member = make_members(old, 2)[0]
    Transfer.objects.create(
        member=member,
        name=member.name,
        from_organisation=old,
        to_outside="邻县某镇党委",
        started_on=datetime.date(2026, 3, 1),
    )
    log_in(page, make_user(Role.SECRETARY, old, "shuji").username)
    page.goto("/members/transfers/")
    with page.expect_download() as download:
        page.click("a:has-text('导出')")
    file = tmp_path / "转接.xlsx"
    download.value.save_as(file)
    page.goto("/members/transfers/")
    page.click("a:has-text('导入 Excel')")
    page.set_input_files("#id_files", str(file))
    page.click("button:has-text('读取并核对')")
    page.wait_for_load_state("networkidle")
    assert "核对差异" in page.inner_text("body")
    (sheet,) = ImportBatch.objects.get().sheets
    outcomes = ("read", "new", "changed", "same", "refused")
    assert [sheet[name] for name in outcomes] == [1, 0, 0, 1, 0]
