"""What was owed before the ledger began, entered by the secretary who keeps it."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from dues.models import OpeningBalance
from tests import factories
from tests.browser.hand import fits, log_in

TODAY = datetime.date(2026, 4, 2)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def press(page, words):
    page.click(f"button:has-text('{words}')")
    page.wait_for_load_state("networkidle")


def test_a_secretary_enters_old_arrears_and_takes_a_wrong_one_back(page):
    branch = factories.make_branch(name="养老服务协会党支部")
    member = factories.make_member(branch, "许文桥")
    factories.make_charge(member, datetime.date(2026, 1, 1))
    log_in(page, factories.make_user(Role.SECRETARY, branch, "yanglao").username)
    page.goto(reverse("dues:openings"))
    page.select_option("#id_member", label="许文桥")
    page.fill("#id_since_month", "2025.10")
    page.fill("#id_amount", "600")
    press(page, "登记期初欠缴")
    assert "已登记许文桥期初欠缴 ¥600.00" in page.inner_text("body")
    assert "2025年10月" in page.inner_text("main")

    # Ten times too much: taken back, and entered anew.
    page.click("a:has-text('冲正')")
    page.fill("#id_reason", "多写一个零")
    press(page, "冲正这一笔")
    page.select_option("#id_member", label="许文桥")
    page.fill("#id_since_month", "2025年10月")
    page.fill("#id_amount", "60")
    press(page, "登记期初欠缴")
    amounts = OpeningBalance.objects.order_by("pk").values_list("amount", flat=True)
    assert [int(amount) for amount in amounts] == [600, -600, 60]

    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    assert fits(page)
