"""The meeting form in a browser: clicks are counted, nothing typed is lost."""

import datetime

import pytest

from accounts.models import Draft
from meetings.enums import MeetingState, Type
from meetings.hours import hours_by_member
from meetings.models import Meeting
from members.enums import PostTitle
from tests import factories

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

TODAY = datetime.date(2026, 3, 28)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def signed_in(page, client, live_server, branch):
    """A page in which the branch's secretary is logged in."""
    client.force_login(factories.make_user("secretary", branch))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    faults = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.faults = faults
    yield page
    assert faults == []


def plan(branch):
    return factories.make_meeting(
        branch,
        TODAY,
        [Type.MEMBERS_MEETING],
        state=MeetingState.PLANNED,
        topic="听取一季度工作报告",
        starts_at=datetime.time(15),
        ends_at=datetime.time(16, 30),
    )


def test_a_planned_meeting_of_twenty_takes_one_click_on_the_form(signed_in, branch):
    members = factories.make_members(branch, 20)
    plan(branch)
    signed_in.goto("/meetings/new/?types=members_meeting")
    signed_in.get_by_role("button", name="保存登记").click()
    signed_in.wait_for_url("**/meetings/*/")
    meeting = Meeting.objects.get()
    assert meeting.state == MeetingState.HELD
    assert hours_by_member(TODAY, TODAY) == dict.fromkeys(
        (member.pk for member in members), meeting.hours
    )
    assert meeting.hours == 1.5


def test_three_on_leave_take_three_taps_more(signed_in, branch):
    members = factories.make_members(branch, 23)
    plan(branch)
    signed_in.goto("/meetings/new/?types=members_meeting")
    for member in members[:3]:
        signed_in.locator(f"[data-person='{member.pk}'] .zb-att__btn").click()
    assert signed_in.locator("[data-count=present]").text_content() == "20"
    assert (
        "有表决权 23 人到 20 人，已过半数" in signed_in.locator("[data-vote-line]").text_content()
    )
    signed_in.get_by_role("button", name="保存登记").click()
    signed_in.wait_for_url("**/meetings/*/")
    states = list(Meeting.objects.get().attendances.values_list("state", flat=True))
    assert (states.count("leave"), states.count("present")) == (3, 20)


def test_a_reload_before_saving_keeps_the_draft(signed_in, branch):
    member = factories.make_members(branch, 3)[0]
    signed_in.goto("/meetings/new/?types=lecture")
    signed_in.locator(f"[data-person='{member.pk}'] .zb-att__btn").click()
    signed_in.locator("[name=minutes]").fill("写到一半的记录")
    with signed_in.expect_response("**/meetings/draft/**"):
        signed_in.locator("[name=topic]").focus()
    expect(signed_in.locator("[data-draft-state]")).to_contain_text("草稿已保存")
    assert Draft.objects.count() == 1
    signed_in.reload()
    assert signed_in.locator("[name=minutes]").input_value() == "写到一半的记录"
    assert signed_in.locator("[data-count=leave]").text_content() == "1"
    signed_in.get_by_role("button", name="保存登记").click()
    signed_in.wait_for_url("**/meetings/*/")
    assert not Draft.objects.exists()


def test_another_day_brings_its_roster_and_keeps_what_was_typed(signed_in, branch, tmp_path):
    factories.make_members(branch, 2)
    later = factories.make_member(branch, starts_on=datetime.date(2026, 3, 15))
    (tmp_path / "签到表.pdf").write_bytes(b"%PDF-1.7\n" + b"x" * 50)
    signed_in.goto("/meetings/new/?types=lecture")
    signed_in.locator("[name=topic]").fill("学习党章")
    signed_in.locator("[name=attachments]").set_input_files(str(tmp_path / "签到表.pdf"))
    assert signed_in.locator("[data-count=due]").text_content() == "3"
    signed_in.locator("[name=held_on]").fill("3.10")
    signed_in.locator("[name=place]").focus()
    expect(signed_in.locator("[data-count=due]")).to_have_text("2")
    assert signed_in.locator("[name=held_on]").input_value() == "2026年3月10日"
    signed_in.get_by_role("button", name="保存登记").click()
    signed_in.wait_for_url("**/meetings/*/")
    meeting = Meeting.objects.get()
    assert (meeting.topic, meeting.held_on) == ("学习党章", datetime.date(2026, 3, 10))
    assert later.pk not in meeting.attendances.values_list("member", flat=True)
    assert signed_in.get_by_text("签到表.pdf").count() == 1


def test_the_committee_alone_is_shown_for_a_committee_meeting(signed_in, branch):
    members = factories.make_members(branch, 5)
    for title, member in zip((PostTitle.SECRETARY, PostTitle.MEMBER), members, strict=False):
        factories.make_post(branch, title, member=member)
    signed_in.goto("/meetings/new/?types=committee")
    assert signed_in.locator("[data-count=due]").text_content() == "2"
    signed_in.locator(".zb-kinds label", has_text="党课").click()
    assert signed_in.locator("[data-count=due]").text_content() == "5"
    signed_in.locator(".zb-kinds label", has_text="党课").click()
    signed_in.get_by_role("button", name="保存登记").click()
    signed_in.wait_for_url("**/meetings/*/")
    assert Meeting.objects.get().attendances.count() == 2


def test_opening_a_stored_meeting_shows_its_own_people_only(signed_in, branch):
    first, second, third = factories.make_members(branch, 3)
    meeting = factories.make_meeting(
        branch, datetime.date(2026, 3, 1), [Type.COMMITTEE], present=[first], leave=[third]
    )
    signed_in.goto(f"/meetings/{meeting.pk}/change/")
    assert signed_in.locator("[data-count=due]").text_content() == "2"
    assert signed_in.locator(f"[data-person='{second.pk}']").is_hidden()
    signed_in.locator("[name=topic]").fill("补上议题")
    signed_in.get_by_role("button", name="保存登记").click()
    signed_in.wait_for_url(f"**/meetings/{meeting.pk}/")
    assert Meeting.objects.get().attendances.count() == 2


def test_the_form_fits_a_phone(signed_in, branch):
    factories.make_members(branch, 23)
    signed_in.set_viewport_size({"width": 390, "height": 844})
    signed_in.goto("/meetings/new/?types=members_meeting")
    assert signed_in.evaluate("document.documentElement.scrollWidth") == 390
    box = signed_in.get_by_role("button", name="保存登记").bounding_box()
    assert box["y"] + box["height"] <= 844
