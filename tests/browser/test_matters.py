"""四议两公开 and the paper of meetings, by the secretary who does it."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.models import Sector
from meetings.models import Matter
from tests import factories
from tests.browser.hand import fits, log_in

TODAY = datetime.date(2026, 3, 28)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(), "荻屿村党支部", sector=Sector.VILLAGE)


def save(page, words):
    page.click(f"button:has-text('{words}')")
    page.wait_for_load_state("networkidle")


def sheets_of(page):
    """How many pages Chromium prints."""
    return page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")


def test_a_matter_goes_from_proposal_to_publication(page, branch):
    held = factories.make_meeting(
        branch, datetime.date(2026, 3, 10), present=factories.make_members(branch, 3)
    )
    factories.make_resolution(held, "同意修路", kind="village", should=3, present=3, yes=3)
    log_in(page, factories.make_user(Role.SECRETARY, branch).username)
    page.goto(reverse("meetings:matters"))
    page.click("a.zb-btn--primary:has-text('新增事项')")
    page.fill("#id_title", "村内道路硬化")
    save(page, "新增事项")
    page.fill("#stage_done_on", "3.2")
    save(page, "登记这一步")
    # 两委商议 was held and is not on record yet: the review is entered first.
    page.click("a[aria-label='登记党员大会审议']")
    page.select_option("#stage_meeting", str(held.pk))
    save(page, "登记这一步")
    assert "缺 1 步：村“两委”会议商议" in page.inner_text("main")
    assert "赞成 3 票" in page.inner_text("main")
    page.fill("#stage_done_on", "3.12")
    page.fill("#stage_should_attend", "42")
    page.fill("#stage_present", "37")
    page.fill("#stage_yes", "40")
    save(page, "登记这一步")
    assert "同意 40 人多于实到 37 人，请核对" in page.inner_text("main")
    page.fill("#stage_yes", "35")
    save(page, "登记这一步")
    page.fill("#stage_ends_on", "4.4")
    save(page, "登记这一步")
    page.click("a[aria-label='登记村“两委”会议商议']")
    page.fill("#stage_done_on", "3.5")
    save(page, "登记这一步")
    matter = Matter.objects.get()
    assert matter.steps.count() == 5
    assert "公开至2026年4月4日" in page.inner_text(".zb-head")
    pages = [
        reverse("meetings:matters"),
        reverse("meetings:matter", args=[matter.pk]),
        reverse("meetings:matter_stage", args=[matter.pk, "resolved"]),
        reverse("meetings:matter_paper", args=[matter.pk]),
    ]
    for width, height in ((390, 844), (360, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for address in pages:
            assert page.goto(address).status == 200, address
            assert fits(page), f"{address} at {width}"
    assert sheets_of(page) == 1


def test_each_sheet_of_a_meeting_is_one_page_of_paper(page, branch):
    meetings = {}
    for count, sheets in ((26, 1), (30, 2), (52, 1), (58, 2)):
        members = factories.make_members(branch, count)
        meetings[count] = (
            factories.make_meeting(
                branch,
                TODAY,
                present=members,
                place="村党群服务中心二楼会议室",
                host_name="林守正",
                topic="听取一季度工作报告，讨论发展党员和环境整治事项",
                minutes="林守正报告一季度工作。",
            ),
            sheets,
        )
    log_in(page, factories.make_user(Role.SECRETARY, branch).username)
    for count, (meeting, sheets) in meetings.items():
        page.goto(reverse("meetings:roster_paper", args=[meeting.pk]))
        assert page.locator("section.zb-sheet").count() == sheets, count
        assert sheets_of(page) == sheets, count
        assert page.evaluate(
            "document.querySelector('table').offsetWidth"
            " <= document.querySelector('h1').offsetWidth"
        )
    page.goto(reverse("meetings:minutes_paper", args=[meetings[26][0].pk]))
    assert sheets_of(page) == 1
    page.goto(reverse("meetings:minutes_year") + "?year=2026")
    # The list in front and each of the four minutes on paper of its own.
    assert sheets_of(page) == 5
    for address in (f"{meetings[58][0].pk}/roster/", f"{meetings[58][0].pk}/minutes/"):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(reverse("meetings:list") + address)
        assert fits(page)
