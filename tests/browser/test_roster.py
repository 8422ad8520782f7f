"""The roster as a secretary works it: found in three keys, added, put into a group, left."""

import datetime

import pytest
from django.test import override_settings
from playwright.sync_api import expect

from accounts.models import TrailLine
from members.models import Member
from tests.browser.hand import Hand, fits, log_in
from tests.factories import make_branch, make_committee, make_group, make_member, make_user

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    branch = make_branch(make_committee(), "望春社区第一党支部")
    group = make_group(branch, "第一党小组")
    for name in ("龚丽华", "韩立平", "许桂兰"):
        make_member(branch, name, group=group)
    return branch


def test_a_member_is_found_by_one_click_and_three_keys(page, branch):
    log_in(page, make_user("secretary", branch).username)
    hand = Hand(page)
    hand.click(".zb-side a:has-text('党员')")
    # The search box keeps the focus that a click gives it.
    page.focus("#q")
    page.keyboard.type("glh")
    page.wait_for_url("**/members/?q=glh")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody th")).to_contain_text("龚丽华")
    assert hand.clicks == 1
    assert fits(page)


def test_a_whole_number_typed_in_the_box_stays_out_of_the_address(page, branch):
    number = Member.objects.get(name="韩立平").id_number
    log_in(page, make_user("secretary", branch).username)
    page.goto("/members/")
    page.fill("#q", number)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody th")).to_contain_text("韩立平")
    assert number not in page.url


def test_a_secretary_adds_regroups_and_registers_a_leaving(page, client, branch):
    make_group(branch, "第二党小组")
    secretary = make_user("secretary", branch)
    log_in(page, secretary.username)
    page.goto("/members/")
    page.click("a:has-text('新增党员')")
    page.fill("#id_name", "顾雨桐")
    page.click("label:has-text('女')")
    page.fill("#id_born", "1990.2")
    page.click("label:has-text('预备党员')")
    page.fill("#id_joined_on", "2025.12.1")
    page.select_option("#id_group", label="第一党小组")
    page.click("button:has-text('保存党员')")
    expect(page.locator("h1")).to_contain_text("顾雨桐")
    expect(page.locator(".zb-time").first).to_contain_text("加入中国共产党")
    member = Member.objects.get(name="顾雨桐")

    page.goto("/members/")
    page.check(f"input[name=pick][value='{member.pk}']")
    page.select_option("#regroup select", label="第二党小组")
    page.fill("#regroup #id_on", "3.1")
    page.click("button:has-text('调整党小组')")
    expect(page.locator(".zb-toast")).to_contain_text("已把 1 人编入第二党小组")

    page.goto(f"/members/{member.pk}/leave/")
    page.fill("#id_on", "3.16")
    page.select_option("#id_why", label="取消预备党员资格")
    page.click("button:has-text('登记离开')")
    expect(page.locator(".zb-head")).to_contain_text("2026年3月16日离开：取消预备党员资格")
    member.refresh_from_db()
    assert member.memberships.order_by("pk").last().ends_on == datetime.date(2026, 3, 16)
    actions = TrailLine.objects.about("members", member.pk).values_list("action", flat=True)
    assert list(actions) == ["登记离开", "调整党小组", "新增党员"]

    client.force_login(make_user("secretary", make_branch(branch.parent)))
    assert client.get(f"/members/{member.pk}/").status_code == 404
