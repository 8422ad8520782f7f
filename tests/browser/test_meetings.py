"""The record of a meeting as a secretary makes it: budgets, keyboard, session over, photos."""

import datetime
import os
import struct
import zlib

import pytest
from django.contrib.sessions.models import Session
from django.test import override_settings
from playwright.sync_api import expect

from accounts.roles import Role
from branches.models import Attachment
from compliance.services import run_night
from meetings.enums import AttendanceState, Type
from meetings.models import Meeting, Resolution
from tests import factories
from tests.browser.hand import PASSWORD, Hand, fits, log_in

TODAY = datetime.date(2026, 3, 28)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    branch = factories.make_branch(factories.make_committee(factories.make_county()))
    factories.make_members(branch, 23)
    return branch


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch, "wangchun")


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_a_planned_meeting_takes_two_clicks_and_one_more_for_each_absentee(
    page, branch, secretary, size
):
    factories.make_plan_item(
        branch,
        TODAY,
        Type.THEME_DAY,
        topic="义务植树",
        place="东山",
        starts_at=datetime.time(9),
        ends_at=datetime.time(11),
    )
    run_night(TODAY)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    log_in(page, secretary.username)
    hand = Hand(page)
    hand.click("li:has-text('3月主题党日') a:has-text('登记会议')")
    for index in range(3):
        page.locator("[data-person] button[aria-pressed]").nth(index).click()
        hand.clicks += 1
    save = page.get_by_role("button", name="保存登记")
    place = save.bounding_box()
    assert place["y"] + place["height"] <= size[1]
    assert fits(page)
    save.dblclick()
    hand.clicks += 1
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-meeting]")).to_have_count(0)
    assert (hand.clicks, hand.keys) == (5, 0)
    meeting = Meeting.objects.get()
    assert (meeting.topic, meeting.place, meeting.hours) == ("义务植树", "东山", 2)
    states = list(meeting.attendances.values_list("state", flat=True))
    assert states.count(AttendanceState.LEAVE) == 3


def test_nothing_is_lost_when_the_session_ends_while_typing(page, branch, secretary):
    log_in(page, secretary.username)
    page.goto("/meetings/new/?types=members_meeting")
    Session.objects.all().delete()
    text = "讨论了一季度的工作。" * 200
    page.locator("#id_minutes").fill(text)
    page.locator("[data-person] button[aria-pressed]").first.click()
    page.locator("summary:has-text('决议和表决')").click()
    page.locator("[name=decision-0-text]").fill("同意一")
    page.locator("[data-add-decision]").click()
    page.locator("[name=decision-1-text]").fill("同意二")
    page.get_by_role("button", name="保存登记").click()
    page.get_by_role("link", name="重新登录").click()
    page.fill("#id_username", secretary.username)
    page.fill("#id_password", PASSWORD)
    page.click("form.zb-login__card button.zb-btn--primary")
    expect(page.locator("#id_minutes")).to_have_value(text)
    expect(page.locator("[data-count=leave]")).to_have_text("1")
    assert page.locator("[name=decision-1-text]").input_value() == "同意二"
    page.get_by_role("button", name="保存登记").click()
    page.wait_for_url("**/meetings/*/")
    meeting = Meeting.objects.get()
    assert meeting.minutes == text
    assert list(Resolution.objects.values_list("text", flat=True)) == ["同意一", "同意二"]


def picture(width, height):
    """A PNG of noise, which no compression makes small."""

    def chunk(kind, content):
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = b"".join(b"\0" + os.urandom(width * 3) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


def test_votes_are_told_by_keyboard_alone_and_photos_go_out_scaled(page, branch, secretary):
    log_in(page, secretary.username)
    page.goto("/meetings/new/?types=members_meeting")
    page.locator("[data-person] button[aria-pressed]").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-vote-line]")).to_contain_text("有表决权 23 人到 22 人，已过半数")
    page.locator("summary:has-text('决议和表决')").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("同意学习计划")
    for text in ("", "", "20"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    expect(page.locator("[data-told]").first).to_have_text(
        "应到会有表决权 23 人，到会 22 人，赞成 20 票，超过应到会有表决权党员的半数，通过"
    )
    photos = [("一.png", picture(2000, 700)), ("二.png", picture(300, 200))]
    page.locator("[name=attachments]").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": content} for name, content in photos]
    )
    expect(page.locator(".zb-file li").first).to_contain_text("→")
    page.locator(".zb-file li [name=dated_on]").nth(1).fill("3.20")
    page.get_by_role("button", name="保存登记").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/meetings/*/")
    first, second = Attachment.objects.order_by("pk")
    assert (first.name, first.content_type) == ("一.jpg", "image/jpeg")
    assert first.size < len(photos[0][1])
    assert (second.name, second.dated_on) == ("二.png", datetime.date(2026, 3, 20))
    assert "材料日期 3月20日，3月28日上传" not in page.inner_text("main")
    row = Resolution.objects.get()
    assert (row.should_attend, row.present, row.yes) == (23, 22, 20)
