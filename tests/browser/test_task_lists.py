"""The ledger by hand: three late tasks reminded, and one closed from what waits, within the budgets."""

import datetime

import pytest
from django.test import override_settings
from playwright.sync_api import expect

from accounts.roles import Role
from tasks.models import EventKind, Task, TaskEvent, TaskState
from tests.browser.hand import Hand, fits, log_in
from tests.factories import make_branch, make_committee, make_task, make_user

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_three_late_tasks_take_five_clicks_and_a_check_three(page):
    committee = make_committee()
    for number in range(3):
        branch = make_branch(committee)
        make_task(branch, f"逾期{number}", due_on=datetime.date(2026, 3, number + 1))
    make_task(branch, "档案已补齐", state=TaskState.REVIEW, due_on=datetime.date(2026, 3, 20))
    log_in(page, make_user(Role.COMMITTEE_OFFICER, committee, "jiedao").username)

    hand = Hand(page)
    hand.click(".zb-side__link:has-text('整改台账')")
    for number in range(3):
        hand.click(f"tr:has-text('逾期{number}') label.zb-tick")
    hand.click("button:has-text('催办所选')")
    expect(page.locator("#zb-toasts")).to_contain_text("已催办 3 项")
    assert (hand.clicks, hand.keys) == (5, 0)
    assert TaskEvent.objects.filter(kind=EventKind.REMINDED, on=TODAY).count() == 3
    expect(page.locator("tr:has-text('逾期0')")).to_contain_text("已催办 1 次，最近 3月18日")

    page.goto("/")
    hand = Hand(page)
    hand.click("a:has-text('销号核查')")
    hand.click("[data-drawer-link]:has-text('档案已补齐')")
    expect(page.locator("#task-drawer h2").first).to_be_focused()
    assert fits(page)
    page.keyboard.press("Escape")
    expect(page.locator("[data-drawer-link]:has-text('档案已补齐')")).to_be_focused()
    page.keyboard.press("Enter")
    hand.click("#task-drawer button:has-text('通过，销号')")
    expect(page.locator("#zb-toasts")).to_contain_text("已销号")
    assert hand.clicks == 3
    assert Task.objects.get(problem="档案已补齐").state == TaskState.CLOSED
