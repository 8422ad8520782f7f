"""A weak branch from the county's decision to its acceptance, by the three who do it."""

import datetime

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from tasks.enums import TaskState
from tasks.models import Task
from tests import factories
from tests.browser.hand import fits, log_in

TODAY = datetime.date(2026, 6, 18)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def save(page, words):
    with page.expect_navigation():
        page.click(f"button:visible:has-text('{words}')")


def confirm(page, words):
    """Press the button, then the same words in the question that follows."""
    page.click(f"button:visible:has-text('{words}')")
    with page.expect_navigation():
        page.click(f"dialog button:has-text('{words}')")


def become(page, user):
    page.context.clear_cookies()
    log_in(page, user.username)


def survey(page, satisfied):
    page.click("summary:has-text('登记测评')")
    page.fill("#survey_asked", "50")
    page.fill("#survey_satisfied", satisfied)
    page.fill("#survey_aware", "45")
    save(page, "登记测评")


def test_a_weak_branch_goes_from_the_decision_to_its_acceptance(page):
    branch = factories.make_branch(factories.make_committee(), "荻屿村党支部")
    county, officer, secretary = (
        factories.make_user(Role.COUNTY_OFFICER, branch.parent.parent),
        factories.make_user(Role.COMMITTEE_OFFICER, branch.parent),
        factories.make_user(Role.SECRETARY, branch),
    )
    case = factories.make_weak(branch)
    address = reverse("tasks:weak_case", args=[case.pk])
    # The county decides.
    become(page, county)
    page.goto(address)
    page.fill("#decide_decided_on", "3.20")
    page.fill("#decide_plan_due_on", "4.20")
    page.fill("#decide_due_on", "9.30")
    save(page, "登记认定")
    assert "已认定" in page.inner_text("main") or "方案逾期" in page.inner_text(".zb-head")
    # The branch files its plan with a measure, and a report.
    become(page, secretary)
    page.goto(address)
    page.fill("#plan_plan", "选好书记，恢复组织生活")
    save(page, "报备整顿方案")
    page.click("a:has-text('新增措施')")
    page.fill("#id_problem", "支委会不按月开")
    page.fill("#id_measures", "每月 5 日前开会")
    page.fill("#id_responsible_leader", "沈知行")
    page.fill("#id_responsible_person", "林守正")
    save(page, "列入台账")
    page.click("nav[aria-label='月报'] a:has-text('5月')")
    page.fill("#id_text", "走访 30 户")
    save(page, "保存月报")
    assert "6月18日报" in page.inner_text("nav[aria-label='月报']")
    # The committee: 76 % is not enough, 80 % is.
    Task.objects.update(state=TaskState.CLOSED, closed_on=TODAY, progress=100)
    become(page, officer)
    page.goto(address)
    survey(page, "38")
    assert "暂不能销号：满意度 76%，不足 80%" in page.inner_text("main")
    for width, height in ((390, 844), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(address)
        assert fits(page), width
    survey(page, "40")
    page.fill("#ask_text", "措施全部销号，测评达标")
    confirm(page, "申请验收")
    # The county accepts.
    become(page, county)
    page.goto(address)
    confirm(page, "验收通过")
    case.refresh_from_db()
    assert (case.state, case.follow_up_until) == ("passed", datetime.date(2027, 6, 18))
    assert "验收通过" in page.inner_text(".zb-head")
