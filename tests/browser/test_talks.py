"""Talks and joint activities by hand: from the list to a saved talk, from the desk to an own record."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from meetings.enums import Type
from meetings.models import JointInvitation, Meeting, Talk
from members.enums import PostTitle
from tests.browser.hand import Hand, fits, log_in
from tests.factories import (
    make_branch,
    make_invitation,
    make_meeting,
    make_member,
    make_members,
    make_post,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    branch = make_branch(name="望春社区第一党支部")
    secretary = make_member(branch, "林守正")
    make_post(branch, PostTitle.SECRETARY, member=secretary)
    for name in ("许桂兰", "陶秀云", "韩文静"):
        make_member(branch, name)
    return branch


def test_talks_with_two_members_on_a_phone_take_four_clicks_from_the_list(page, branch):
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, make_user(Role.SECRETARY, branch, "wangchun").username)
    page.goto(reverse("meetings:talks"))
    hand = Hand(page)
    hand.click(".zb-head__right a:has-text('登记谈话')")
    expect(page.locator("h1")).to_contain_text("登记谈话")
    assert fits(page)
    hand.click("#id_members label:has-text('许桂兰')")
    hand.click("#id_members label:has-text('陶秀云')")
    hand.click("button:has-text('登记谈话')")
    expect(page.locator(".zb-head__ctx")).to_contain_text("已谈 3/4 人")
    assert (hand.clicks, hand.keys) == (4, 0)
    assert [talk.people.count() for talk in Talk.objects.all()] == [2, 2]
    assert fits(page)


def test_an_invited_branch_calls_its_own_roll_in_two_clicks_from_the_desk(page, branch):
    guest = make_branch(branch.parent, "望春社区第二党支部")
    make_members(guest, 5)
    host = make_meeting(
        branch, datetime.date(2026, 3, 12), [Type.THEME_DAY], topic="春季义务植树", hours=2
    )
    make_invitation(host, guest)
    log_in(page, make_user(Role.SECRETARY, guest, "dier").username)
    page.goto(reverse("desk"))
    hand = Hand(page)
    hand.click("a:has-text('点名登记')")
    expect(page.locator("#id_topic")).to_have_value("春季义务植树")
    hand.click("button:has-text('保存登记')")
    expect(page.locator("h1")).not_to_contain_text("登记会议")
    assert (hand.clicks, hand.keys) == (2, 0)
    own = Meeting.objects.get(organisation=guest)
    assert own.attendances.filter(state="present").count() == 5
    assert JointInvitation.objects.get().own_meeting == own
