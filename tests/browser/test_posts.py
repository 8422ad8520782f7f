"""A committee member entered by the secretary, the secretary by the officer of the town."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from compliance.models import Duty
from compliance.services import run_night
from members.enums import PostTitle
from tests.browser.hand import fits, log_in
from tests.factories import make_branch, make_committee, make_members, make_post, make_user

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    """Seven members, no secretary since a month, one committee member."""
    branch = make_branch(make_committee(), "望春社区第一党支部")
    members = make_members(branch, 7)
    make_post(branch, member=members[0], ends_on=datetime.date(2026, 2, 17))
    make_post(branch, PostTitle.ORGANISATION, member=members[1])
    run_night(TODAY)
    return branch


def state(branch, rule):
    return Duty.objects.get(rule=rule, organisation=branch).state


def enter(page, title, member, day):
    page.select_option("#id_title", label=title)
    page.select_option("#id_person", label=member.name)
    page.fill("#id_starts_on", day)
    page.click("main .zb-foot button.zb-btn--primary")
    expect(page.locator("h1")).to_have_text("班子任职")


def test_the_secretary_completes_the_committee_and_the_town_fills_the_vacancy(page, branch, client):
    members = list(branch.members.order_by("pk"))
    log_in(page, make_user(Role.SECRETARY, branch, "wangchun").username)
    page.goto(reverse("members:posts"))
    assert "书记自2026年2月18日起空缺，到2026年3月18日已 1 个月零 1 天" in page.inner_text("main")
    page.click("a:has-text('登记任职')")
    # The branch cannot clear its own red light.
    assert "书记" not in page.locator("#id_title option").all_inner_texts()
    enter(page, "宣传委员", members[2], "3.1")
    assert members[2].name in page.inner_text("section[aria-labelledby=h-seats]")
    for width, height in ((1366, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        assert fits(page), width
    page.context.clear_cookies()

    page.set_viewport_size({"width": 1366, "height": 768})
    log_in(page, make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao").username)
    page.goto(reverse("members:posts"))
    page.click("a:has-text('书记空缺')")
    page.click("tbody th a")
    page.click("a:has-text('登记书记任职')")
    enter(page, "书记", members[3], "2026.3.10")
    page.goto(f"{reverse('desk')}?branch={branch.code}")
    assert (state(branch, "branches.no_secretary"), state(branch, "branches.no_committee")) == (
        "done",
        "done",
    )
    # The neighbour finds none of it.
    client.force_login(make_user(Role.SECRETARY, make_branch(branch.parent), "linju"))
    post = branch.posts.get(title=PostTitle.SECRETARY, ends_on=None)
    for url in (
        f"{reverse('members:posts')}?branch={branch.code}",
        f"{reverse('members:post_appoint')}?branch={branch.code}",
        reverse("members:post_change", args=[post.pk]),
        reverse("members:post_end", args=[post.pk]),
    ):
        assert client.get(url).status_code == 404, url
