"""A branch carries a task through to the end on a phone; the committee returns it once, then closes."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from branches.models import Attachment
from tasks.models import EventKind, Task, TaskState
from tests.browser.hand import Hand, fits, log_in
from tests.factories import make_branch, make_task, make_user

TODAY = datetime.date(2026, 3, 18)
PHONE, OFFICE = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def as_user(page, user, size):
    """A new visit: nobody logged in, a screen of that size."""
    page.context.clear_cookies()
    page.set_viewport_size(size)
    log_in(page, user.username)
    return Hand(page)


def request_close(hand, page, text):
    """申请销号 from the desk: row, request, yes."""
    page.goto(reverse("desk"))
    hand.clicks = 0
    hand.click(".zb-btn:has-text('填写进展')")
    page.fill("#request_text", text)
    assert fits(page)
    hand.click("#request button:has-text('申请销号')")
    hand.click("dialog button:has-text('申请销号'), .zb-dialog button:has-text('申请销号')")
    expect(page.locator(".zb-badge").first).to_contain_text("待核查")
    assert hand.clicks == 3


def test_a_branch_carries_a_task_through_to_the_end(page):
    branch = make_branch(name="望春社区第一党支部")
    task = make_task(branch, "活动室制度未上墙", due_on=datetime.date(2026, 3, 20))
    secretary = make_user(Role.SECRETARY, branch, "wangchun")
    officer = make_user(Role.COMMITTEE_OFFICER, branch.parent, "jiedao")

    hand = as_user(page, secretary, PHONE)
    page.goto(reverse("desk"))
    hand.click(".zb-btn:has-text('填写进展')")
    page.fill("#id_text", "展板已经定做")
    page.fill("#id_percent", "60")
    page.set_input_files(
        "#id_attachments",
        {"name": "展板.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n" + b"x" * 50},
    )
    page.fill("#id_dated_on", "3.12")
    hand.click("button:has-text('保存进展')")
    expect(page.locator(".zb-time")).to_contain_text("展板已经定做")
    assert hand.clicks == 2
    assert fits(page)
    assert Attachment.objects.get().dated_on == datetime.date(2026, 3, 12)
    request_close(hand, page, "制度已上墙")

    hand = as_user(page, officer, OFFICE)
    page.goto(reverse("tasks:detail", args=[task.pk]))
    hand.click("button:has-text('退回整改')")
    expect(page.locator(".zb-errors")).to_be_visible()
    page.fill("#review_text", "还缺党员活动制度")
    hand.click("button:has-text('退回整改')")
    expect(page.locator(".zb-badge").first).to_contain_text("整改中")

    hand = as_user(page, secretary, PHONE)
    page.goto(reverse("tasks:detail", args=[task.pk]))
    expect(page.locator(".zb-time")).to_contain_text("还缺党员活动制度")
    request_close(hand, page, "已补齐")

    hand = as_user(page, officer, OFFICE)
    hand.click("a:has-text('销号核查')")
    hand.click("a:has-text('活动室制度未上墙')")
    hand.click("button:has-text('通过，销号')")
    expect(page.locator(".zb-badge").first).to_contain_text("已销号")
    assert (hand.clicks, hand.keys) == (3, 0)
    assert fits(page)
    done = Task.objects.get()
    assert (done.state, done.closed_on) == (TaskState.CLOSED, TODAY)
    assert [event.kind for event in done.events.all()] == [
        *(EventKind.LISTED, EventKind.PROGRESS, EventKind.REQUESTED, EventKind.RETURNED),
        *(EventKind.REQUESTED, EventKind.CLOSED),
    ]
