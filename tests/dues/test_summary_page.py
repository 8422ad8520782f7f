"""汇总: who sees it, what it shows, where it leads."""

import datetime

import pytest
from django.urls import reverse

from branches.services import move_organisation
from tests import factories as make
from tests.queries import count_of

pytestmark = pytest.mark.django_db

URL = reverse("dues:summary")
FEB, MARCH = datetime.date(2026, 2, 1), datetime.date(2026, 3, 1)


@pytest.fixture(autouse=True)
def the_day(settings):
    settings.TODAY_OVERRIDE = datetime.date(2026, 3, 18)


@pytest.fixture
def county():
    return make.make_county(code="COUNTY")


@pytest.fixture
def committee(county):
    return make.make_committee(county, code="TOWN")


@pytest.fixture
def branch(committee):
    return make.make_branch(committee, "望春社区第一党支部", code="B1")


def owed(branch, amount="20.00", month=MARCH, paid=None, **facts):
    member = make.make_member(branch)
    make.make_charge(member, month, amount)
    if paid:
        make.make_payment(member, month, paid, **facts)
    return member


def log_in(client, role, organisation):
    user = make.make_user(role, organisation)
    client.force_login(user)
    return user


def rows(client, **query):
    return client.get(URL, query).context["rows"]


# --- Who --------------------------------------------------------------------------------


def test_nobody_is_asked_to_log_in(client):
    assert client.get(URL).status_code == 302


def test_an_account_without_rights_may_not(client):
    client.force_login(make.make_user())
    assert client.get(URL).status_code == 403


def test_the_neighbours_secretary_finds_nothing(client, committee, branch):
    log_in(client, "secretary", make.make_branch(committee))
    for code in ("B1", "TOWN", "COUNTY"):
        assert client.get(URL, {"organisation": code}).status_code == 404


def test_an_officer_of_another_town_finds_nothing(client, county, branch):
    log_in(client, "committee_officer", make.make_committee(county, "东岭镇党委"))
    assert client.get(URL, {"organisation": "TOWN"}).status_code == 404


@pytest.mark.parametrize("role", ["group_leader", "organiser", "secretary"])
def test_everybody_of_the_branch_may_look(client, branch, role):
    log_in(client, role, branch)
    assert client.get(URL).status_code == 200


def test_only_get_is_answered(client, branch):
    log_in(client, "secretary", branch)
    assert client.post(URL).status_code == 405


# --- Overseers --------------------------------------------------------------------------


def test_a_committee_sees_its_branches_worst_first_with_totals(client, committee, branch):
    good, idle = make.make_branch(committee), make.make_branch(committee)
    owed(branch, paid="20.00")
    owed(branch)
    owed(good, "5.10", paid="5.10")
    log_in(client, "committee_officer", committee)
    response = client.get(URL)
    shown = response.context["rows"]
    assert [(row["name"], row["share"], row["words"]) for row in shown] == [
        ("望春社区第一党支部", "50.0", "收缴中"),
        (good.short_name, "100.0", "已收齐"),
        (idle.short_name, "—", "没有应缴"),
    ]
    total = response.context["total"]
    assert (total["due"], total["charged"], total["paid"], total["unpaid"]) == (
        "3",
        "45.10",
        "25.10",
        "20.00",
    )


def test_the_same_page_answers_overseers_without_a_branch_under_the_ledger(
    client, committee, branch
):
    make.make_branch(committee)
    owed(branch)
    log_in(client, "committee_officer", committee)
    response = client.get(reverse("dues:ledger"))
    assert response.context["rows"][0]["name"] == "望春社区第一党支部"
    (tab,) = [tab for tab in response.context["tabs"] if tab["current"]]
    assert tab["label"] == "汇总"


def test_the_way_leads_from_county_to_committee_to_the_branchs_ledger(client, county, branch):
    owed(branch)
    log_in(client, "county_officer", county)
    (town,) = rows(client, period="2026-Q1")
    assert town["url"] == f"{URL}?organisation=TOWN&period=2026-Q1"
    response = client.get(town["url"])
    (row,) = response.context["rows"]
    assert row["url"] == reverse("dues:ledger") + "?branch=B1&year=2026&quarter=1"
    assert [crumb["label"] for crumb in response.context["crumbs"]] == [county.short_name]
    assert client.get(response.context["crumbs"][0]["url"]).status_code == 200


def test_remittances_keep_the_period(client, committee, branch):
    owed(branch, paid="20.00")
    log_in(client, "committee_officer", committee)
    (row,) = rows(client, period="2026-02")
    assert row["remit_url"].endswith("?branch=B1&year=2026&quarter=1")


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ({}, "2026年3月"),
        ({"period": "2026-02"}, "2026年2月"),
        ({"period": "2026-Q1"}, "2026年一季度"),
        ({"period": "2025"}, "2025年"),
        ({"year": "2025", "quarter": "4"}, "2025年四季度"),
        ({"period": "2026-04"}, "2026年3月"),
        ({"period": "2026-H1"}, "2026年3月"),
        ({"period": "x"}, "2026年3月"),
    ],
)
def test_the_period_is_the_one_asked_for_if_it_has_begun(client, committee, branch, query, label):
    log_in(client, "committee_officer", committee)
    assert client.get(URL, query).context["period_label"] == label


def test_an_ended_period_is_late_where_somebody_still_owes(client, committee, branch):
    owed(branch, month=FEB)
    owed(branch, month=FEB, paid="20.00", paid_on=datetime.date(2026, 3, 2))
    log_in(client, "committee_officer", committee)
    response = client.get(URL, {"period": "2026-02", "organisation": "TOWN"})
    (row,) = response.context["rows"]
    assert (row["kind"], row["words"], row["late"]) == ("late", "1 人次未缴清", "20.00")
    steps = {step["label"]: step["url"] for step in response.context["steps"]}
    assert steps["2026年3月"] == "?organisation=TOWN&period=2026-03"
    assert set(steps) == {"2026年1月", "2026年2月", "2026年3月"}


def test_the_former_superior_sees_the_old_month_by_name_without_ways_in(
    client, county, committee, branch
):
    owed(branch, month=FEB, paid="20.00")
    move_organisation(branch, to=make.make_committee(county, "东岭镇党委"), by=None, on=MARCH)
    log_in(client, "committee_officer", committee)
    (row,) = rows(client, period="2026-02")
    assert (row["name"], row["paid"], row["gone"]) == ("望春社区第一党支部", "20.00", True)
    assert (row["url"], row["remit_url"]) == ("", "")
    assert rows(client, period="2026-03") == []


def test_somebody_with_two_branches_gets_a_line_for_each(client, committee, branch):
    user = log_in(client, "secretary", branch)
    other = make.make_branch(committee)
    user.grants.create(role="secretary", organisation=other)
    owed(other, paid="20.00")
    assert {row["name"] for row in rows(client)} == {"望春社区第一党支部", other.short_name}


def test_a_long_list_has_pages_and_one_total(client, committee):
    for number in range(52):
        owed(make.make_branch(committee, code=f"X{number:02}"), "1.00", paid="1.00")
    log_in(client, "committee_officer", committee)
    response = client.get(URL, {"page": 2, "period": "2026-03"})
    assert len(response.context["rows"]) == 2
    assert (response.context["total"]["paid"], response.context["query"]) == (
        "52.00",
        "period=2026-03",
    )


def test_more_branches_need_no_more_queries(client, committee, branch):
    owed(branch, paid="20.00")
    log_in(client, "committee_officer", committee)
    one = count_of(lambda: client.get(URL))
    for _ in range(2):
        owed(make.make_branch(committee), paid="20.00")
    assert count_of(lambda: client.get(URL)) == one


# --- A branch ---------------------------------------------------------------------------


def test_a_secretary_sees_the_own_year_by_months(client, branch):
    owed(branch, month=FEB, paid="20.00")
    owed(branch, month=MARCH)
    log_in(client, "secretary", branch)
    response = client.get(URL)
    assert response.context["period_label"] == "2026年"
    assert [(row["name"], row["paid"], row["words"]) for row in response.context["rows"]] == [
        ("2月", "20.00", "已收齐"),
        ("3月", "0.00", "收缴中"),
    ]
    assert response.context["total"]["charged"] == "40.00"
    assert response.context["rows"][0]["url"].endswith("?branch=B1&year=2026&quarter=1")


def test_the_export_is_offered_to_whoever_may_take_the_ledger(client, branch):
    log_in(client, "secretary", branch)
    url = client.get(URL).context["export_url"]
    assert url == reverse("ledgers:dues_book") + "?organisation=B1&year=2026"
    log_in(client, "group_leader", branch)
    assert client.get(URL).context["export_url"] == ""


def test_the_page_says_how_each_figure_is_made(client, branch):
    log_in(client, "secretary", branch)
    body = client.get(URL).content.decode()
    for words in ("查看算法", "分子：足额交纳的人次", "分母：应缴人次", "截至今天"):
        assert words in body


@pytest.mark.parametrize(
    ("role", "at"),
    [("county_officer", "COUNTY"), ("committee_officer", "TOWN"), ("secretary", "B1")],
)
def test_every_tab_of_the_page_leads_somewhere(client, county, committee, branch, role, at):
    make.make_branch(committee)
    place = {"COUNTY": county, "TOWN": committee, "B1": branch}[at]
    log_in(client, role, place)
    tabs = client.get(URL, {"organisation": at}).context["tabs"]
    assert len(tabs) >= 6
    for tab in tabs:
        assert client.get(tab["url"]).status_code == 200, tab["url"]
