import datetime

import pytest
from django.test import override_settings

from accounts.roles import Role
from members.enums import MemberKind, Stage, Step
from members.models import Development, Member
from tests import factories
from tests.browser.hand import fits, log_in

TODAY = datetime.date(2026, 11, 22)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


def the_target(branch):
    return factories.make_development(
        branch,
        "林秀云",
        stage=Stage.TARGET,
        steps=[
            (Step.APPLIED, datetime.date(2024, 3, 1)),
            (Step.ACTIVIST, datetime.date(2024, 9, 1)),
            (Step.TARGET, datetime.date(2025, 10, 1)),
            (Step.PRE_REVIEW, datetime.date(2026, 10, 26)),
        ],
    )


def save(page):
    page.click("form.zb-card button.zb-btn--primary")
    page.wait_for_load_state("networkidle")


def test_a_secretary_admits_and_the_superior_approves(page, client):
    branch = factories.make_branch()
    factories.make_members(branch, 9)
    the_target(branch)
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    page.goto("/members/developments/")
    page.click("tbody th a:has-text('林秀云')")
    page.click("a:has-text('登记支部大会接收')")
    # Half of nine is no majority: nothing is lost, and the page says why.
    page.fill("#id_present", "4")
    page.fill("#id_approved", "4")
    save(page)
    assert "应到 9 人，实到 4 人，没有超过半数" in page.inner_text("main")
    page.fill("#id_present", "8")
    page.fill("#id_approved", "7")
    save(page)
    page.click("summary:has-text('发展对象')")
    assert "实到 8 人，已过半数" in page.inner_text("main")
    assert "上级办" in page.inner_text("main")
    assert fits(page)
    member = Member.objects.get(name="林秀云")
    assert (member.kind, member.joined_on) == (MemberKind.PROBATIONARY, TODAY)
    page.context.clear_cookies()
    log_in(page, factories.make_user(Role.COMMITTEE_OFFICER, branch.parent, "zuzhi").username)
    page.goto("/members/developments/")
    page.click("tbody th a:has-text('林秀云')")
    page.click("a:has-text('登记上级审批')")
    save(page)
    development = Development.objects.get()
    assert development.steps.get(step=Step.APPROVAL).on == TODAY
    # The neighbour's secretary finds none of it.
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user(Role.SECRETARY, neighbour))
    assert client.get(f"/members/developments/{development.pk}/").status_code == 404


def test_no_page_of_development_scrolls_sideways(page):
    branch = factories.make_branch()
    development = the_target(branch)
    log_in(page, factories.make_user(Role.SECRETARY, branch, "shuji").username)
    here = f"/members/developments/{development.pk}/"
    row = development.steps.first()
    for width, height in ((1366, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for address in (
            "/members/developments/",
            here,
            f"{here}take/admission_meeting/",
            f"{here}change/",
            f"{here}end/",
            f"{here}notice/",
            f"/members/developments/steps/{row.pk}/",
            "/members/developments/new/",
            "/members/developments/plans/",
            "/members/developments/plans/file/",
        ):
            assert page.goto(address).status == 200, address
            assert fits(page), f"{address} at {width}"
