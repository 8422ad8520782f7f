"""Rooms, funds, alliances, assignments and pledges, each by the role that does it."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.models import ActivityRoom, Alliance, Budget, FundEntry, Sector
from compliance.models import Duty
from compliance.services import run_night
from members.models import Assignment, Pledge
from tests import factories
from tests.browser.hand import fits, log_in

TODAY = datetime.date(2026, 4, 2)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    """A small branch of a social organisation, judged last night."""
    committee = factories.make_committee(factories.make_county())
    branch = factories.make_branch(
        committee, "养老服务协会党支部", sector=Sector.SOCIAL_ORGANISATION
    )
    factories.make_member(branch, "许文桥")
    factories.make_member(branch, "韩立平")
    factories.make_branch(committee, "望春社区第一党支部", code="WANGCHUN")
    run_night(TODAY)
    return branch


def save(page, words):
    page.click(f"button:has-text('{words}')")
    page.wait_for_load_state("networkidle")


def test_a_secretary_checks_the_room_and_puts_the_funds_right(page, branch):
    log_in(page, factories.make_user(Role.SECRETARY, branch, "yanglao").username)
    page.goto(reverse("branches:rooms"))
    page.locator("a:has-text('登记阵地')").first.click()
    page.fill("#id_name", "二楼活动室")
    page.check("input[value='党旗']")
    page.fill("#id_checked_on", "3.30")
    save(page, "保存阵地")
    assert "缺 5 项" in page.inner_text("main")
    assert ActivityRoom.objects.get().met == ["党旗"]

    # The duty says what is missing, and its button leads to the form.
    duty = Duty.objects.get(rule="branches.funds", period="2026", organisation=branch)
    page.goto(reverse("compliance:duty", args=[duty.pk]))
    assert "没有填写经费预算" in page.inner_text("main")
    page.click("a:has-text('填写经费预算')")
    page.fill("#budget_amount", "200")
    save(page, "保存预算")
    assert Budget.objects.get().amount == 200
    page.goto(reverse("compliance:duty", args=[duty.pk]))
    assert "已完成" in page.inner_text("main")

    page.goto(reverse("branches:funds"))
    page.select_option("#id_kind", "spending")
    page.fill("#id_on", "3.28")
    page.fill("#id_amount", "1200")
    page.fill("#id_purpose", "学习资料")
    save(page, "登记收支")
    assert "超支" in page.inner_text("main")
    page.click("a:has-text('冲正')")
    page.fill("#id_reason", "多写一个零")
    save(page, "冲正这一笔")
    assert FundEntry.objects.count() == 2
    assert "超支" not in page.inner_text("main")


def test_a_secretary_leads_an_alliance(page, branch):
    log_in(page, factories.make_user(Role.SECRETARY, branch, "yanglao").username)
    page.goto(reverse("branches:alliances"))
    page.click("a:has-text('成立联合体')")
    page.fill("#id_name", "望春片区联合体")
    save(page, "成立联合体")
    page.fill("#id_code", "WANGCHUN")
    save(page, "加入联合体")
    assert "望春社区第一党支部" in page.inner_text("form.zb-card")
    assert not Alliance.objects.get().members.exists()
    save(page, "是它，加入联合体")
    assert Alliance.objects.get().members.get().organisation.code == "WANGCHUN"
    assert fits(page)


def test_an_officer_sends_an_instructor_where_none_is(page, branch):
    log_in(page, factories.make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao").username)
    page.goto(reverse("members:assignments"))
    page.click("a:has-text('没有党建指导员的')")
    page.click("tbody a:has-text('选派')")
    page.fill("#id_person_name", "方立平")
    page.fill("#id_from_unit", "街道党建办公室")
    save(page, "保存选派")
    assert "方立平" in page.inner_text("main")
    assert Assignment.objects.get().organisation == branch
    duty = Duty.objects.get(rule="branches.no_instructor", organisation=branch)
    page.goto(reverse("compliance:duty", args=[duty.pk]))
    duty.refresh_from_db()
    assert (duty.actual, duty.state) == (0, "done")


def test_a_secretary_enters_posts_by_keyboard_and_prints_the_board(page, branch):
    log_in(page, factories.make_user(Role.SECRETARY, branch, "yanglao").username)
    page.goto(reverse("members:pledges"))
    page.click("a:has-text('登记岗位和承诺')")
    page.get_by_label("许文桥 岗位或事项").focus()
    # Title, content, then the kind and the title of the next member.
    for text in ("政策宣传岗", "每月入户一次", None, "环境卫生岗"):
        if text:
            page.keyboard.type(text)
        page.keyboard.press("Tab")
    save(page, "保存岗位和承诺")
    assert list(Pledge.objects.order_by("pk").values_list("member__name", "title")) == [
        ("许文桥", "政策宣传岗"),
        ("韩立平", "环境卫生岗"),
    ]
    page.click("button:has-text('标为公开')")
    page.wait_for_load_state("networkidle")
    assert set(Pledge.objects.values_list("public_on", flat=True)) == {TODAY}
    page.click("a:has-text('打印公开栏')")
    assert "每月入户一次" in page.inner_text("main")


def test_no_page_of_these_scrolls_sideways(page, branch):
    pledge = factories.make_pledge(branch.members.first(), content="每月入户一次")
    room = factories.make_room(branch, note="牌子已订做")
    alliance = factories.make_alliance(branch)
    log_in(page, factories.make_user(Role.SECRETARY, branch, "yanglao").username)
    names = ("branches:rooms", "branches:funds", "branches:alliances", "members:assignments")
    pages = [reverse(name) for name in names]
    pages += [reverse(f"members:pledge{tail}") for tail in ("s", "_enter", "_review")]
    pages += [
        reverse("branches:room_change", args=[room.pk]),
        reverse("branches:alliance", args=[alliance.pk]),
        reverse("members:pledge_board") + f"?year={pledge.year}",
    ]
    for width, height in ((1366, 768), (390, 844), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for address in pages:
            assert page.goto(address).status == 200, address
            assert fits(page), f"{address} at {width}"
