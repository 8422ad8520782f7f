import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from members.enums import AbsenceKind
from members.models import Contact, FileCheck
from tests.browser.hand import Hand, fits, log_in
from tests.factories import (
    make_absence,
    make_branch,
    make_check,
    make_committee,
    make_member,
    make_members,
    make_user,
)

TODAY = datetime.date(2026, 9, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    branch = make_branch(make_committee(), "望春社区第一党支部")
    for name in ("龚丽华", "陶立平", "苏桂兰"):
        make_member(branch, name)
    return branch


@pytest.fixture
def secretary(branch):
    return make_user(Role.SECRETARY, branch, "wangchun")


def ticks(check):
    return list(check.lines.order_by("pk").values_list("relation_ok", "file_ok", "contact_ok"))


def saved(page):
    expect(page.locator("[data-save-state]")).to_contain_text("自动保存")


def test_a_secretary_goes_through_the_branch_with_the_keyboard(page, branch, secretary):
    log_in(page, secretary.username)
    page.goto("/members/checks/")
    page.click("button:has-text('开始清查')")
    page.wait_for_load_state("networkidle")
    check = FileCheck.objects.get()
    hand = Hand(page)
    # The first tick of the first member has the focus.
    hand.press("Enter")
    hand.press("y")
    hand.press("n")
    hand.press("y")
    page.keyboard.type("缺入党志愿书")
    hand.press("Enter")
    saved(page)
    expect(page.locator("[data-total='done']")).to_have_text("2")
    hand.press("Enter")
    expect(page.locator("[data-total='done']")).to_have_text("3")
    assert ticks(check) == [(True, True, True), (True, False, True), (True, True, True)]
    assert check.lines.order_by("pk")[1].note == "缺入党志愿书"
    assert (hand.keys, hand.clicks) == (6, 0)
    page.click("button:has-text('完成清查')")
    page.wait_for_load_state("networkidle")
    check.refresh_from_db()
    assert check.finished_on == TODAY
    expect(page.locator(".zb-badge--done").first).to_contain_text("9月18日完成")


def test_the_rest_without_a_hint_is_one_click_and_so_is_taking_it_back(page, branch, secretary):
    make_members(branch, 57)
    check = make_check(branch, "2026-H2", TODAY)
    first = check.lines.first()
    check.lines.filter(pk=first.pk).update(hints="联系方式：没有手机号码")
    log_in(page, secretary.username)
    page.goto(reverse("members:check_detail", args=[check.pk]))
    page.click("button:has-text('59 人都正常')")
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-total='done']")).to_have_text("59")
    page.click(".zb-toast button:has-text('撤销')")
    expect(page.locator("[data-total='done']")).to_have_text("0")
    assert set(ticks(check)) == {(None, None, None)}


def test_what_a_cut_line_did_not_take_is_sent_when_it_is_back(page, branch, secretary):
    check = make_check(branch, "2026-H2", TODAY)
    log_in(page, secretary.username)
    page.goto(reverse("members:check_detail", args=[check.pk]))
    page.context.set_offline(True)
    page.keyboard.press("n")
    expect(page.locator("[data-line-state]").first).to_contain_text("未保存")
    assert ticks(check)[0] == (None, None, None)
    page.context.set_offline(False)
    saved(page)
    assert ticks(check)[0] == (False, None, None)


def test_a_tick_kept_in_the_browser_is_sent_by_the_next_visit(page, branch, secretary):
    check = make_check(branch, "2026-H2", TODAY)
    url = reverse("members:check_detail", args=[check.pk])
    log_in(page, secretary.username)
    page.goto(url)
    page.route("**/checks/lines/**", lambda route: route.abort())
    page.keyboard.press("y")
    expect(page.locator("[data-line-state]").first).to_contain_text("未保存")
    page.unroute("**/checks/lines/**")
    page.goto("/members/checks/")
    page.goto(url)
    saved(page)
    assert ticks(check)[0] == (True, None, None)


def test_two_people_at_once_keep_each_others_ticks(browser, live_server, branch, secretary):
    organiser = make_user(Role.ORGANISER, branch, "zuzhi")
    check = make_check(branch, "2026-H2", TODAY)
    pages = []
    for user in (secretary, organiser):
        context = browser.new_context(base_url=live_server.url)
        page = context.new_page()
        log_in(page, user.username)
        page.goto(reverse("members:check_detail", args=[check.pk]))
        pages.append(page)
    one, other = pages
    one.keyboard.press("y")
    saved(one)
    other.click("input[data-tick='file'][value='n'] >> nth=0", force=True)
    saved(other)
    # The answer brought the colleague's tick.
    expect(other.locator("input[data-tick='relation'][value='y']").first).to_be_checked()
    assert ticks(check)[0] == (True, False, None)
    for page in pages:
        page.context.close()


def test_three_members_are_contacted_in_one_form(page, branch, secretary):
    for member in branch.members.all():
        make_absence(member, AbsenceKind.FLOATING, datetime.date(2026, 1, 10))
    log_in(page, secretary.username)
    page.goto("/members/absences/")
    hand = Hand(page)
    hand.click("label:has(input[data-zb-all])")
    hand.click("button:has-text('登记 3 人的联系')")
    page.wait_for_load_state("networkidle")
    assert hand.clicks == 2
    assert Contact.objects.filter(on=TODAY).count() == 3
    expect(page.locator(".zb-mark--done").first).to_contain_text("本季度已联系")


@pytest.mark.parametrize("width", [1366, 390])
def test_the_pages_fit(page, branch, secretary, width):
    check = make_check(branch, "2026-H2", TODAY)
    check.lines.update(hints="联系方式：没有手机号码\n档案：没有公民身份号码")
    make_absence(branch.members.first(), AbsenceKind.LOST, datetime.date(2026, 1, 10), place="松涧")
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, secretary.username)
    for address in (
        "/members/checks/",
        reverse("members:check_detail", args=[check.pk]),
        reverse("members:check_sheet", args=[check.pk]),
        "/members/absences/",
        "/members/cases/",
        f"/members/absences/new/?branch={branch.code}",
    ):
        page.goto(address)
        assert fits(page), address
