"""民主评议 from the keyboard and on a phone."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from meetings.enums import Type
from meetings.models import Appraisal
from tests import factories
from tests.browser.hand import Hand, fits, log_in

TODAY = datetime.date(2026, 12, 20)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    """Three members and the meeting of the year, already recorded."""
    branch = factories.make_branch(name="望春社区第一党支部")
    members = factories.make_members(branch, 3)
    factories.make_meeting(
        branch,
        datetime.date(2026, 12, 18),
        [Type.APPRAISAL, Type.LIFE_MEETING, Type.MEMBERS_MEETING],
        for_year=2026,
        present=members,
        topic="民主评议党员",
    )
    return branch


def test_a_secretary_goes_from_the_list_to_the_conclusion_by_keyboard(page, branch):
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    page.goto(reverse("meetings:appraisals"))
    hand = Hand(page)
    hand.click("a:has-text('开始2026年评议')")
    hand.click("button:has-text('开始评议')")
    expect(page.locator("h1")).to_contain_text("2026年民主评议")

    # Meeting and days propose themselves: one click.
    hand.click("button:has-text('保存步骤')")
    hand.click("a:has-text('录入测评票')")
    assert hand.clicks == 4
    page.locator("#id_sent").fill("3")
    page.locator("#id_back").fill("3")
    page.locator("#id_valid").fill("3")
    cells = page.locator("[data-ballots] tbody input")
    cells.first.focus()
    keyboard = page.keyboard
    # Right, down, left and Enter move; the field that is reached is marked for typing over.
    keyboard.type("2")
    keyboard.press("ArrowRight")
    keyboard.type("2")
    expect(page.locator("[data-left]").first).to_have_text("多 1")
    expect(page.locator("[data-ballots-state]")).to_contain_text("1 人的票数比有效票多")
    keyboard.press("ArrowDown")
    expect(cells.nth(5)).to_be_focused()
    keyboard.press("ArrowUp")
    keyboard.type("1")
    expect(page.locator("[data-left]").first).to_have_text("0")
    keyboard.press("Enter")
    expect(cells.nth(4)).to_be_focused()
    keyboard.type("1")
    keyboard.press("Tab")
    expect(cells.nth(5)).to_be_focused()
    keyboard.press("ArrowLeft")
    expect(cells.nth(4)).to_be_focused()
    keyboard.press("Enter")
    keyboard.type("3")
    expect(page.locator("[data-ballots-state]")).to_have_text("已填 3/3 人")
    # On the last line Enter sends the form.
    keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("测评票发出 3 张，收回 3 张，有效 3 张")

    page.click("a:has-text('评定等次')")
    lines = page.locator("[data-grades] tbody tr")
    for number in range(3):
        lines.nth(number).locator("label:has-text('优秀')").click()
    expect(page.locator("[data-grades-state]")).to_contain_text("优秀 3 人，超过 1 人")
    for number in (1, 2):
        lines.nth(number).locator("label:has-text('合格')").first.click()
    expect(page.locator("[data-grades-state]")).to_contain_text("优秀 1 人，一般不超过 1 人")
    page.click("button:has-text('保存等次')")
    page.click("button:has-text('办结评议')")
    expect(page.locator(".zb-head")).to_contain_text("2026年12月20日办结")
    assert Appraisal.objects.get().closed_on == TODAY


def test_on_a_phone_nothing_scrolls_sideways_and_a_thumb_hits_the_cells(page, branch):
    appraisal = factories.make_appraisal(branch)
    for member in branch.members.all():
        factories.make_appraisal_result(appraisal, member)
    page.set_viewport_size(PHONE)
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    for name in ("", "_people", "_grades", "_ballots"):
        page.goto(reverse(f"meetings:appraisal{name}", args=[appraisal.pk]))
        assert fits(page), name
    for cell in page.locator("[data-ballots] tbody input").all():
        assert cell.bounding_box()["height"] >= 44
    page.locator("#id_valid").fill("3")
    page.locator("[data-ballots] tbody input").first.fill("3")
    page.click("button:has-text('保存测评票')")
    expect(page.locator("main")).to_contain_text("有效 3 张")
    assert fits(page)
