import datetime
from decimal import Decimal

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from compliance.models import Duty, DutyState, DutySummary
from compliance.services import refresh, run_night
from meetings.enums import Type
from meetings.hours import hours_by_member
from meetings.models import Meeting
from members.enums import PostTitle
from tests.browser.hand import Hand, fits, log_in
from tests.factories import (
    make_approved_amount,
    make_branch,
    make_charge,
    make_committee,
    make_county,
    make_meeting,
    make_members,
    make_post,
    make_term,
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
def branch():
    """Twenty members, a committee of three, dues of the month open, judged last night."""
    committee = make_committee(make_county())
    branch = make_branch(committee, "望春社区第一党支部")
    members = make_members(branch, 20)
    titles = (PostTitle.SECRETARY, PostTitle.ORGANISATION, PostTitle.PUBLICITY)
    for title, member in zip(titles, members, strict=False):
        make_post(branch, title, member=member)
    make_term(branch, ends_on=datetime.date(2028, 6, 30))
    for member in members:
        make_approved_amount(member, "18.70")
        make_charge(member, MARCH, "18.70")
    make_meeting(branch, datetime.date(2026, 2, 10), (Type.THEME_DAY,), place="广场", hours=2)
    make_meeting(branch, datetime.date(2026, 3, 5), (Type.LECTURE,), place="二楼活动室", hours=2)
    run_night(TODAY)
    return branch


def test_an_unplanned_meeting_is_registered_once_and_used_everywhere(page, branch, client):
    secretary = make_user(Role.SECRETARY, branch, "wangchun")
    neighbour = make_user(Role.SECRETARY, make_branch(branch.parent), "linju")
    log_in(page, secretary.username)
    assert page.url.endswith("/desk/")
    hand = Hand(page)
    hand.click("li:has-text('3月主题党日') a:has-text('登记会议')")
    hand.type_over("#id_held_on", "3.12")
    # The topic is free text: its click counts, its characters do not.
    hand.click("#id_topic")
    page.keyboard.type("清明祭扫和志愿服务")
    with page.expect_navigation():
        hand.click("button:has-text('保存登记')")
    assert hand.clicks <= 5
    assert hand.keys <= 12

    # Back on the desk, and the duty is gone from the list.
    assert "/desk/" in page.url
    assert page.locator("li:has-text('3月主题党日') a:has-text('登记会议')").count() == 0
    meeting = Meeting.objects.get(types__type=Type.THEME_DAY, held_on__gte=MARCH)
    assert meeting.held_on == datetime.date(2026, 3, 12)
    assert meeting.attendances.filter(state="present").count() == 20
    duty = Duty.objects.get(rule="meetings.theme_day", period="2026-03", organisation=branch)
    assert (duty.state, duty.actual, duty.met_on) == (DutyState.DONE, 1, meeting.held_on)
    # Study hours for all twenty.
    assert meeting.hours == 2
    assert hours_by_member(MARCH, TODAY) == {
        member.pk: meeting.hours for member in branch.members.all()
    }
    # The county follows.
    refresh(as_of=TODAY)
    county = branch.parent.parent
    summary = DutySummary.objects.get(
        organisation=county, rule="meetings.theme_day", period="2026-03"
    )
    assert summary.done == 1
    # The neighbour's secretary finds none of it.
    client.force_login(neighbour)
    for url in (
        reverse("meetings:detail", args=[meeting.pk]),
        reverse("meetings:change", args=[meeting.pk]),
        reverse("compliance:duty", args=[duty.pk]),
        reverse("desk") + f"?branch={branch.code}",
        reverse("branch", args=[branch.code]),
        reverse("meetings:register") + f"?branch={branch.code}",
        reverse("dues:ledger") + f"?branch={branch.code}",
        reverse("members:list") + f"?branch={branch.code}",
        reverse("meetings:list") + f"?branch={branch.code}",
    ):
        assert client.get(url).status_code == 404, url


def test_three_on_leave_take_one_tap_each(page, branch):
    secretary = make_user(Role.SECRETARY, branch, "wangchun")
    log_in(page, secretary.username)
    hand = Hand(page)
    hand.click("li:has-text('3月主题党日') a:has-text('登记会议')")
    for index in range(3):
        page.locator("[data-person] button[aria-pressed]").nth(index).click()
        hand.clicks += 1
    with page.expect_navigation():
        hand.click("button:has-text('保存登记')")
    assert hand.clicks == 5
    meeting = Meeting.objects.get(types__type=Type.THEME_DAY, held_on__gte=MARCH)
    assert meeting.attendances.filter(state="leave").count() == 3
    assert meeting.attendances.filter(state="present").count() == 17


def test_a_month_of_dues_is_paid_in_two_clicks(page, branch):
    secretary = make_user(Role.SECRETARY, branch, "wangchun")
    log_in(page, secretary.username)
    hand = Hand(page)
    hand.click("li:has-text('3月党费') a:has-text('录入党费')")
    hand.click("button:has-text('其余 20 人按标准缴清')")
    expect(page.locator("[data-total='unpaid_count']").first).to_have_text("0")
    assert hand.clicks == 2
    page.goto("/desk/")
    assert page.locator("li:has-text('3月党费') a:has-text('录入党费')").count() == 0
    duty = Duty.objects.get(rule="dues.paid", period="2026-03", organisation=branch)
    assert (duty.required, duty.actual, duty.state) == (20, 20, DutyState.DONE)


def test_dues_go_by_keyboard_with_two_keys_a_member(page, branch):
    secretary = make_user(Role.SECRETARY, branch, "wangchun")
    log_in(page, secretary.username)
    hand = Hand(page)
    hand.click("li:has-text('3月党费') a:has-text('录入党费')")
    page.locator("input[data-cell][data-month='2026-03']").first.focus()
    for _ in range(20):
        hand.press("Space")
        hand.press("Enter")
    expect(page.locator("[data-total='unpaid_count']").first).to_have_text("0")
    assert (hand.clicks, hand.keys) == (1, 40)
    page.goto("/desk/")
    duty = Duty.objects.get(rule="dues.paid", period="2026-03", organisation=branch)
    assert duty.actual == 20
    assert sum(
        payment.amount for member in branch.members.all() for payment in member.payments.all()
    ) == Decimal("374.00")


def test_a_draft_survives_leaving_the_page(page, branch):
    secretary = make_user(Role.SECRETARY, branch, "wangchun")
    log_in(page, secretary.username)
    page.click("li:has-text('3月主题党日') a:has-text('登记会议')")
    page.fill("#id_minutes", "讨论二季度学习安排")
    with page.expect_response(lambda response: "/draft/" in response.url):
        page.locator("#id_minutes").blur()
    address = page.url
    page.goto("/desk/")
    page.goto(address)
    assert page.input_value("#id_minutes") == "讨论二季度学习安排"
    # A draft is not counted.
    assert not Meeting.objects.filter(types__type=Type.THEME_DAY, held_on__gte=MARCH).exists()


@pytest.mark.parametrize(
    ("role", "first", "words"),
    [
        (Role.SECRETARY, "/desk/", "本月要办"),
        (Role.ORGANISER, "/desk/", "本月要办"),
        (Role.GROUP_LEADER, "/desk/", "本月要办"),
        (Role.COMMITTEE_OFFICER, "/overview/", "支部 1 个"),
        (Role.COUNTY_OFFICER, "/overview/", "镇街达标情况"),
        (Role.INSPECTOR, "/overview/", "镇街达标情况"),
        (Role.SYSTEM_ADMIN, "/admin/", "管理后台"),
        (Role.SECURITY_ADMIN, "/admin/", "管理后台"),
        (Role.AUDIT_ADMIN, "/admin/", "管理后台"),
    ],
)
def test_each_role_logs_in_and_reaches_its_first_page(page, branch, role, first, words):
    organisation = branch
    if role == Role.COMMITTEE_OFFICER:
        organisation = branch.parent
    elif role not in (Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER):
        organisation = branch.parent.parent
    faults = []
    page.on(
        "console", lambda message: faults.append(message.text) if message.type == "error" else None
    )
    log_in(page, make_user(role, organisation, "who").username)
    assert first in page.url
    assert words in page.inner_text("body")
    assert faults == []


def test_no_page_scrolls_sideways(page, branch):
    log_in(page, make_user(Role.SECRETARY, branch, "wangchun").username)
    duty = Duty.objects.filter(organisation=branch).first()
    meeting = Meeting.objects.first()
    member = branch.members.first()
    addresses = [
        "/desk/",
        "/meetings/",
        reverse("meetings:register"),
        reverse("meetings:detail", args=[meeting.pk]),
        "/dues/",
        "/members/",
        reverse("members:detail", args=[member.pk]),
        "/tasks/",
        "/duties/",
        reverse("compliance:duty", args=[duty.pk]),
        "/ledgers/",
        reverse("ledgers:import"),
        "/help/",
        "/algorithm/",
        "/more/",
    ]
    for width, height in ((1366, 768), (1093, 614), (390, 844), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for address in addresses:
            response = page.goto(address)
            assert response.status == 200, address
            assert fits(page), f"{address} at {width}"


def test_the_county_drills_down_to_the_record(page, branch):
    log_in(page, make_user(Role.COUNTY_OFFICER, branch.parent.parent, "xianwei").username)
    hand = Hand(page)
    hand.click("table.zb-heat a[title*='党课']")
    page.wait_for_selector("#cell-panel h2:has-text('党课')")
    page.goto(page.url)
    with page.expect_navigation():
        page.click("a:has-text('看全部清单')")
    page.goto(page.url + "&state=open")
    page.click("tbody th a")
    assert "怎样计算" in page.inner_text("main")
    page.click("main a[href^='/meetings/']")
    assert "二楼活动室" in page.inner_text("main")
