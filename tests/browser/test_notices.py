"""催办 and notices by hand: three late branches reminded, and an order that asks for a 回执."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from notices.models import Notice, Receipt
from tests.browser.hand import Hand, fits, log_in
from tests.factories import make_branch, make_committee, make_task, make_user

TODAY = datetime.date(2026, 3, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def test_three_branches_are_reminded_in_five_clicks_and_an_order_is_confirmed(
    page, browser, live_server
):
    town = make_committee()
    names = ("望春社区第一党支部", "松涧里社区党支部", "芦桥社区党支部", "银陂商会党支部")
    branches = [make_branch(town, name) for name in names]
    task = make_task(branches[0], "制度未上墙")
    for branch in branches[1:3]:
        make_task(branch)

    log_in(page, make_user(Role.COMMITTEE_OFFICER, town, "jiedao").username)
    hand = Hand(page)
    for branch in branches[:3]:
        hand.click(f"tr:has-text('{branch.short_name}') .zb-tick")
    hand.click("button:has-text('催办所选')")
    expect(page.locator("h1")).to_contain_text("催办")
    assert fits(page)
    hand.click("button:has-text('发出 3 份催办')")
    expect(page.locator(".zb-toast")).to_contain_text("已催办 3 个支部")
    assert (hand.clicks, hand.keys) == (5, 0)
    assert {one.organisation for one in Notice.objects.all()} == set(branches[:3])

    # The committee asks for a 回执.
    page.goto(reverse("notices:new"))
    page.fill("#id_title", "关于报送党员名册的通知")
    page.check("#id_wants_receipt")
    page.click("button:has-text('发出通知')")
    page.click("dialog button:has-text('发出')")
    expect(page.locator(".zb-toast")).to_contain_text("已发给 4 个组织")
    assert Notice.objects.filter(wants_receipt=True).count() == 4

    # The secretary, on a phone: the bell, the reminder, the task; then the 回执 from the desk.
    context = browser.new_context(
        base_url=live_server.url, locale="zh-CN", viewport={"width": 390, "height": 844}
    )
    phone = context.new_page()
    log_in(phone, make_user(Role.SECRETARY, branches[0], "wangchun").username)
    bell = phone.locator(".zb-count")
    expect(bell).to_contain_text("2")
    phone.click(".zb-top__link:has-text('通知')")
    expect(phone.locator("h1")).to_contain_text("通知")
    assert fits(phone)
    phone.click("a:has-text('制度未上墙')")
    expect(bell).to_contain_text("1")
    assert fits(phone)
    phone.click("a:has-text('去办理')")
    expect(phone).to_have_url(f"{live_server.url}{reverse('tasks:detail', args=[task.pk])}")
    phone.goto(reverse("desk"))
    phone.click(".zb-todo a:has-text('报回执')")
    phone.click("button:has-text('报回执')")
    expect(phone.locator(".zb-toast")).to_contain_text("已报回执")
    expect(bell).to_have_count(0)
    assert Receipt.objects.filter(confirmed_at__isnull=False).count() == 1
    context.close()
