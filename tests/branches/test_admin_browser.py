import datetime

import pytest
from django.urls import reverse

from accounts.roles import Role
from branches.models import Grant, Organisation
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def complaints(page):
    """What the browser complains about: refused styles, scripts and files that are not there."""
    said = []
    page.on("console", lambda line: said.append(line.text) if line.type != "log" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.fixture
def officer(page, client, live_server):
    county = factories.make_county()
    town = factories.make_committee(county, "荻浦镇党委")
    factories.make_branch(town, "上荻村党支部", code="SHANGDI")
    user = factories.make_user(Role.COUNTY_OFFICER, county)
    client.force_login(user)
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
    return user


def test_every_page_opens_under_the_content_policy(page, officer, complaints):
    for name in (
        "admin:index",
        "admin:branches_organisation_changelist",
        "admin:branches_organisation_add",
        "admin:branches_grant_add",
        "admin:accounts_user_add",
        "admin:branches_setting_add",
        "admin:members_member_changelist",
    ):
        page.goto(reverse(name), wait_until="networkidle")
        assert page.locator("#site-name").inner_text().startswith("党支部工作管理平台")
    assert complaints == []


def test_a_branch_is_moved_by_typing_where_to_and_from_when(page, officer, complaints):
    street = factories.make_committee(Organisation.objects.get(parent=None), "柳汀街道党工委")
    branch = Organisation.objects.get(code="SHANGDI")
    page.goto(reverse("admin:branches_organisation_change", args=[branch.pk]))
    page.locator(".field-move_to .select2-selection").click()
    page.keyboard.type("柳汀")
    page.get_by_role("option", name="柳汀街道党工委").click()
    page.fill("input[name=move_on]", "2026-04-01")
    page.fill("input[name=reason]", "区划调整")
    page.click("input[name=_save]")
    page.wait_for_url("**/organisation/")
    branch.refresh_from_db()
    assert branch.parent == street
    last = branch.placements.get(ends_on=None)
    assert last.starts_on == datetime.date(2026, 4, 1)
    assert complaints == []


def test_an_account_is_made_and_its_password_read_once(page, officer, complaints):
    page.goto(reverse("admin:accounts_user_add"))
    page.fill("input[name=username]", "xu.wq")
    page.fill("input[name=name]", "许文桥")
    page.select_option("select[name=role]", "secretary")
    page.locator(".field-organisation .select2-selection").click()
    page.keyboard.type("SHANG")
    page.get_by_role("option", name="上荻村党支部").click()
    page.click("input[name=_save]")
    page.wait_for_url("**/user/")
    assert "一次性密码" in page.locator(".messagelist").inner_text()
    assert Grant.objects.get(user__username="xu.wq").organisation.code == "SHANGDI"
    assert complaints == []
