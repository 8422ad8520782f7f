"""The county keeps the tree, a secretary the groups and units of the own branch."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.roles import Role
from branches.models import Organisation
from tests.browser.hand import Hand, fits, log_in
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_members,
    make_user,
)

TODAY = datetime.date(2026, 8, 15)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def town():
    return make_committee(make_county(), "荻浦镇党委", code="TOWN")


def type_into(page, field, text):
    page.locator(field).fill(text)


def test_the_county_moves_a_branch_and_looks_at_june(page, town, client):
    branch = make_branch(town, "上荻村党支部", code="SD")
    make_members(branch, 3)
    make_committee(town.parent, "柳汀街道党工委", code="STREET")
    make_user(Role.COUNTY_OFFICER, town.parent, "xianwei")
    log_in(page, "xianwei")
    page.goto(reverse("branches:list"))
    hand = Hand(page)
    hand.click("a:has-text('上荻村党支部')")
    hand.click("a:has-text('调整隶属')")
    expect(page.locator("body")).to_contain_text("连同以下共 1 个党支部、3 名党员一起划转")
    type_into(page, "#id_to", "柳汀街道党工委")
    type_into(page, "#id_on", "7.1")
    type_into(page, "#id_reason", "区划调整")
    hand.click("button:has-text('调整隶属')")
    expect(page.locator(".zb-time")).to_contain_text("由荻浦镇党委划归柳汀街道党工委")
    # The tree of June still has it under the town.
    page.goto(reverse("branches:list"))
    type_into(page, "#on", "6.30")
    hand.click("button:has-text('查找')")
    expect(page.locator("tr:has-text('上荻村党支部')")).to_contain_text("荻浦镇党委")
    assert fits(page)
    # Refused to the former superior, on the page and by hand.
    client.force_login(make_user(Role.COMMITTEE_OFFICER, town))
    for name in ("detail", "change", "move"):
        assert client.get(reverse(f"branches:{name}", args=["SD"])).status_code == 404


def test_the_county_merges_a_branch_after_a_question(page, town):
    branch = make_branch(town, "上荻村党支部", code="SD")
    other = make_branch(town, "下荻村党支部", code="XD")
    make_members(branch, 2)
    make_user(Role.COUNTY_OFFICER, town.parent, "xianwei")
    log_in(page, "xianwei")
    page.goto(reverse("members:organisation_merge", args=["SD"]))
    expect(page.locator("form.zb-card")).to_contain_text("2 名党员的组织关系转走")
    type_into(page, "#id_to", "XD")
    type_into(page, "#id_reason", "县委批复")
    Hand(page).click("button:has-text('合并组织')")
    # The question has the safe answer in focus; nothing has happened yet.
    assert Organisation.objects.get(code="SD").dissolved_on is None
    Hand(page).click("dialog button:has-text('合并组织')")
    expect(page.locator("h1")).to_contain_text("下荻村党支部")
    assert Organisation.objects.get(code="SD").merged_into == other
    assert other.members.count() == 2


def test_a_secretary_sets_up_a_group_and_registers_a_unit_on_a_phone(page, town, client):
    branch = make_branch(town, "上荻村党支部", code="SD")
    make_user(Role.SECRETARY, branch, "shuji")
    page.set_viewport_size({"width": 390, "height": 844})
    log_in(page, "shuji")
    page.goto(reverse("branches:list"))
    hand = Hand(page)
    hand.click("a:has-text('设立党小组')")
    type_into(page, "#id_name", "第一党小组")
    hand.click("button:has-text('设立党小组')")
    expect(page.locator("main")).to_contain_text("第一党小组")
    hand.click("a:has-text('登记单位')")
    type_into(page, "#id_name", "荻浦水厂")
    type_into(page, "#id_credit_code", "12345")
    hand.click("button:has-text('登记单位')")
    expect(page.locator(".zb-error")).to_contain_text("不是统一社会信用代码")
    type_into(page, "#id_credit_code", "")
    hand.click("button:has-text('登记单位')")
    expect(page.locator("main")).to_contain_text("荻浦水厂")
    assert fits(page)
    assert branch.branch_units.get().starts_on == TODAY
    # Refused to the neighbour.
    client.force_login(make_user(Role.SECRETARY, make_branch(town)))
    for name in ("group_add", "unit_add"):
        assert client.post(reverse(f"branches:{name}", args=["SD"])).status_code == 404
