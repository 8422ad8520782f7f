import datetime

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from branches.services import set_value
from compliance.models import CheckRun, Duty
from compliance.registry import RULES
from compliance.services import refresh, run_night
from meetings.enums import Type
from tests.factories import (
    make_branch,
    make_committee,
    make_county,
    make_meeting,
    make_members,
    make_task,
    make_user,
)

TODAY = datetime.date(2026, 3, 18)
FEBRUARY = datetime.date(2026, 2, 10)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def county():
    """Two committees: three branches of the first, two of them with a theme day in February."""
    county = make_county()
    one = make_committee(county, "中共柳汀街道工作委员会", code="C1")
    other = make_committee(county, "中共荻浦镇委员会", code="C2")
    branches = [make_branch(one) for _ in range(3)] + [make_branch(other)]
    for branch in branches:
        make_members(branch, 3)
    for branch in branches[:2]:
        make_meeting(branch, FEBRUARY, (Type.THEME_DAY,))
    run_night(TODAY)
    return county


def as_role(client, role, organisation):
    user = make_user(role, organisation)
    client.force_login(user)
    return user


def heat_cell(response, row_name, column):
    heat = response.context["heat"]
    index = [head["label"] for head in heat["columns"]].index(column)
    (row,) = [row for row in heat["rows"] if row["name"] == row_name]
    return row["cells"][index]


def test_a_cell_shows_the_share_of_branches_in_time(client, county):
    as_role(client, Role.COUNTY_OFFICER, county)
    response = client.get(reverse("overview"), {"period": "2026-02"})
    assert heat_cell(response, "柳汀街道党工委", "主题党日")["text"] == "▼67"
    assert heat_cell(response, "荻浦镇党委", "主题党日")["text"] == "▼0"


def test_the_worst_unit_stands_first(client, county):
    as_role(client, Role.COUNTY_OFFICER, county)
    response = client.get(reverse("overview"), {"period": "2026-02"})
    assert [row["name"] for row in response.context["heat"]["rows"]] == [
        "荻浦镇党委",
        "柳汀街道党工委",
    ]


def test_a_cell_leads_to_its_branches_and_each_to_its_duty(client, county):
    as_role(client, Role.COUNTY_OFFICER, county)
    url = heat_cell(
        client.get(reverse("overview"), {"period": "2026-02"}), "柳汀街道党工委", "主题党日"
    )["url"]
    panel = client.get(url, headers={"HX-Request": "true"}).context["panel"]
    assert panel["text"] == "应办 3 项，1 项未按期"
    assert client.get(panel["branches"][0]["url"]).status_code == 200
    # The same address without htmx is the whole page with the panel open.
    assert client.get(url).context["panel"]["text"] == panel["text"]


def test_a_committee_sees_its_own_branches_as_a_matrix(client, county):
    committee = county.children.get(code="C1")
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    response = client.get(reverse("overview"), {"period": "2026-02"})
    assert not response.context["county"]
    assert len(response.context["matrix"]["rows"]) == 3
    assert response.context["crumbs"] == []


def test_a_committee_does_not_see_another(client, county):
    as_role(client, Role.COMMITTEE_OFFICER, county.children.get(code="C1"))
    other = county.children.get(code="C2")
    branch = other.children.get()
    for url in (
        reverse("overview_of", args=[other.code]),
        reverse("overview_of", args=[county.code]),
        reverse("cell", args=[other.code, "meetings.theme_day"]),
        reverse("branch", args=[branch.code]),
    ):
        assert client.get(url).status_code == 404


def test_a_secretary_opens_the_own_branch_only(client, county):
    mine, neighbour = county.children.get(code="C1").children.all()[:2]
    as_role(client, Role.SECRETARY, mine)
    assert client.get(reverse("branch", args=[mine.code])).status_code == 200
    assert client.get(reverse("branch", args=[neighbour.code])).status_code == 404


def test_an_overdue_task_is_counted_the_very_day(client, county):
    branch = county.children.get(code="C2").children.get()
    make_task(branch, due_on=datetime.date(2026, 3, 17))
    make_task(branch, due_on=TODAY)
    as_role(client, Role.COUNTY_OFFICER, county)
    (kpi,) = [
        kpi for kpi in client.get(reverse("overview")).context["kpis"] if kpi["label"] == "整改逾期"
    ]
    assert (kpi["number"], kpi["note"]) == ("1", "在办 2 项")


def test_the_overview_has_a_constant_number_of_queries(
    client, county, django_assert_max_num_queries
):
    as_role(client, Role.COUNTY_OFFICER, county)
    client.get(reverse("overview"))
    with django_assert_max_num_queries(60) as few:
        client.get(reverse("overview"))
    for number in range(6):
        committee = make_committee(county, f"中共新{number}镇委员会")
        make_members(make_branch(committee), 3)
    run_night(TODAY)
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("overview"))


def test_the_matrix_has_a_constant_number_of_queries(client, county, django_assert_max_num_queries):
    committee = county.children.get(code="C1")
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    client.get(reverse("overview"))
    with django_assert_max_num_queries(60) as few:
        client.get(reverse("overview"))
    for _ in range(6):
        make_members(make_branch(committee), 3)
    run_night(TODAY)
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("overview"))


def test_it_says_so_when_the_checks_do_not_run(client, county):
    as_role(client, Role.COUNTY_OFFICER, county)
    assert client.get(reverse("overview")).context["zb"]["checks_stale"] == ""
    CheckRun.objects.update(finished_at=timezone.now() - datetime.timedelta(days=2, hours=1))
    assert (
        client.get(reverse("overview")).context["zb"]["checks_stale"]
        == "核对已 2 天没有运行，下面的数字可能不准"
    )
    CheckRun.objects.all().delete()
    assert "还没有运行过" in client.get(reverse("overview")).context["zb"]["checks_stale"]


def test_only_those_who_may_can_start_a_check(client, county):
    as_role(client, Role.COMMITTEE_OFFICER, county.children.get(code="C1"))
    assert client.post(reverse("check_now")).status_code == 404


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.SECRETARY, "desk"),
        (Role.ORGANISER, "desk"),
        (Role.GROUP_LEADER, "desk"),
        (Role.COMMITTEE_OFFICER, "overview"),
        (Role.COUNTY_OFFICER, "overview"),
        (Role.INSPECTOR, "overview"),
        (Role.SYSTEM_ADMIN, "administration"),
        (Role.SECURITY_ADMIN, "administration"),
        (Role.AUDIT_ADMIN, "administration"),
    ],
)
def test_each_role_reaches_its_first_page(client, county, role, page):
    branch = county.children.get(code="C2").children.get()
    at_branch = role in {Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER}
    as_role(client, role, branch if at_branch else county)
    response = client.get("/")
    assert response.url == reverse(page)
    assert client.get(response.url, follow=True).status_code == 200


def test_an_account_without_a_grant_is_told_so(client):
    client.force_login(make_user())
    assert client.get("/", follow=True).redirect_chain[-1][0] == reverse("no_grant")


@pytest.mark.parametrize("period", ["2026-01", "2026-Q1", "2026", "nonsense", "1999-01", ""])
def test_any_period_in_the_address_gives_a_page(client, county, period):
    as_role(client, Role.COUNTY_OFFICER, county)
    assert client.get(reverse("overview"), {"period": period}).status_code == 200


@pytest.mark.parametrize("name", ["algorithm", "help", "more"])
def test_the_small_pages_open(client, county, name):
    as_role(client, Role.COUNTY_OFFICER, county)
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("query", ["q=%00", "period=%00", "organisation=%00", "rule=%00&state=%00"])
def test_a_null_character_in_an_address_is_no_fault_of_ours(client, county, query):
    as_role(client, Role.COUNTY_OFFICER, county)
    assert client.get("/duties/?" + query).status_code == 200
    assert client.get("/overview/?" + query).status_code == 200


def test_a_changed_value_is_judged_within_minutes(client, county):
    key = RULES["meetings.theme_day"].keys[0]
    officer = make_user(Role.COUNTY_OFFICER, county)
    set_value(key, 3, by=officer, on=datetime.date(2026, 3, 1), reason="县里要求每月三次")
    refresh(as_of=TODAY)
    duties = Duty.objects.filter(rule="meetings.theme_day")
    assert set(duties.filter(period="2026-03").values_list("required", flat=True)) == {3}
    assert set(duties.filter(period="2026-02").values_list("required", flat=True)) == {1}


def test_each_rule_stands_in_one_theme_of_the_heat_map(client, county):
    as_role(client, Role.COUNTY_OFFICER, county)
    first = client.get(reverse("overview")).context["heat"]
    shown = [head["label"] for head in first["columns"][:-1]]
    for theme in first["themes"][1:]:
        heat = client.get(theme["url"]).context["heat"]
        assert [one["current"] for one in heat["themes"]].count(True) == 1
        shown += [head["label"] for head in heat["columns"][:-1]]
    assert len(first["themes"]) == 3
    assert len(shown) == len(set(shown))
    assert {"主题党日", "过小", "清查"} <= set(shown)


def test_a_cell_opens_in_the_theme_of_its_rule(client, county):
    as_role(client, Role.COUNTY_OFFICER, county)
    heat = client.get(reverse("cell", args=["C1", "branches.too_small"])).context["heat"]
    (current,) = [theme["label"] for theme in heat["themes"] if theme["current"]]
    assert current == "组织设置和班子"
