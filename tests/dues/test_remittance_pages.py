"""The pages on which the dues of a quarter are sent, looked at, confirmed and returned."""

import datetime
from decimal import Decimal

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.roles import Role
from branches.deadlines import SOON_DAYS
from branches.grants import grant_role
from branches.periods import add_months
from branches.services import move_organisation
from dues.models import Payment, Remittance
from tests import factories
from tests.compliance.verdicts import county_value
from tests.queries import count_of

TODAY = datetime.date(2026, 4, 8)
JANUARY, MARCH, APRIL = (datetime.date(2026, month, 1) for month in (1, 3, 4))
LIST = "/dues/remittances/"
Q1 = "year=2026&quarter=1"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_day")]


@pytest.fixture
def the_day():
    with override_settings(TODAY_OVERRIDE=TODAY):
        yield


@pytest.fixture
def committee():
    return factories.make_committee(factories.make_county(code="COUNTY"), code="STREET")


def with_dues(branch, amount="20.00", name="龚丽华"):
    member = factories.make_member(branch, name)
    for month in range(3):
        factories.make_charge(member, add_months(JANUARY, month), amount)
        factories.make_payment(member, add_months(JANUARY, month), amount, paid_on=JANUARY)
    return member


@pytest.fixture
def branch(committee):
    branch = factories.make_branch(committee, "望春社区第一党支部", code="WANGCHUN")
    with_dues(branch)
    return branch


def as_role(client, role, organisation):
    user = factories.make_user(role, organisation)
    client.force_login(user)
    return user


def page_of(branch, query=Q1):
    return f"{reverse('dues:remittance')}?branch={branch.code}&{query}"


def typed(act="send", **facts):
    return {
        "act": act,
        "amount": "60.00",
        "remitted_on": "4.8",
        "slip_number": "HD-0417",
        "explanation": "",
        "seen": "60.00",
        **facts,
    }


def decide(client, row, act, **facts):
    return client.post(reverse("dues:remittance_decide", args=[row.pk]), {"act": act, **facts})


# --- Who ------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [LIST, "/dues/remittance/"])
def test_nobody_is_sent_to_log_in(client, address):
    assert client.get(address).status_code == 302


def test_the_neighbour_finds_nothing(client, branch, committee):
    row = factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.SECRETARY, factories.make_branch(committee))
    assert client.get(page_of(branch)).status_code == 404
    assert client.get(f"{LIST}?branch=WANGCHUN").status_code == 404
    assert client.post(page_of(branch), typed()).status_code == 404
    assert decide(client, row, "confirm").status_code == 404
    many = {"row": f"{row.pk}:60.00"}
    assert client.post(reverse("dues:remittances_confirm"), many).status_code == 404


def test_a_branch_confirms_nothing_and_a_superior_sends_nothing(client, branch, committee):
    row = factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.SECRETARY, branch)
    assert decide(client, row, "confirm").status_code == 403
    many = {"row": f"{row.pk}:60.00"}
    assert client.post(reverse("dues:remittances_confirm"), many).status_code == 403
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    assert client.post(page_of(branch), typed()).status_code == 403
    assert client.get(page_of(branch)).context["form"] is None


def test_who_only_looks_decides_nothing(client, branch, committee):
    row = factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.INSPECTOR, committee)
    assert client.get(LIST).context["rows"][0]["decide"] is None
    assert client.get(page_of(branch)).context["decision"] is None
    assert decide(client, row, "confirm").status_code == 403
    assert client.get(f"{LIST}?state=waiting").status_code == 403


def test_a_group_leader_looks(client, branch):
    as_role(client, Role.GROUP_LEADER, branch)
    assert client.get(LIST).status_code == 200
    assert client.get(page_of(branch)).context["form"] is None


def test_the_organiser_prepares_and_the_secretary_sends(client, branch):
    as_role(client, Role.ORGANISER, branch)
    page = client.get(page_of(branch))
    assert (page.context["may_send"], "登记上缴</button>" in page.content.decode()) == (
        False,
        False,
    )
    assert client.post(page_of(branch), typed()).status_code == 403
    assert client.post(page_of(branch), typed("save")).status_code == 302
    assert Remittance.objects.get().state == "draft"
    as_role(client, Role.SECRETARY, branch)
    form = client.get(page_of(branch)).context["form"]
    assert form.initial["slip_number"] == "HD-0417"
    client.post(page_of(branch), typed())
    assert Remittance.objects.get().state == "sent"


# --- The branch -----------------------------------------------------------------------------


def test_sum_and_day_are_prefilled(client, branch):
    as_role(client, Role.SECRETARY, branch)
    page = client.get(page_of(branch))
    form = page.context["form"]
    assert (form.initial["amount"], form.initial["remitted_on"]) == ("60.00", TODAY)
    assert [part["amount"] for part in page.context["parts"]] == ["20.00"] * 3
    assert page.context["people"][0]["name"] == "龚丽华"


def test_the_duty_leads_to_its_quarter(client, branch):
    as_role(client, Role.SECRETARY, branch)
    page = client.get(page_of(branch, "source=duty:dues.remitted:2026-Q1"))
    assert page.context["quarter_text"] == "2026年一季度"
    assert client.get(reverse("dues:remittance")).context["quarter_text"] == "2026年一季度"


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(client, branch):
    as_role(client, Role.SECRETARY, branch)
    page = client.post(
        page_of(branch), typed(slip_number="", explanation="已写", amount="６0。5元")
    )
    assert page.status_code == 200
    form = page.context["form"]
    assert list(form.errors) == ["slip_number"]
    assert form["explanation"].value() == "已写"
    page = client.post(page_of(branch), typed(amount="", remitted_on="2.30"))
    assert set(page.context["form"].errors) == {"amount", "remitted_on"}


def test_a_ledger_that_changed_meanwhile_is_shown_before_sending(client, branch):
    as_role(client, Role.SECRETARY, branch)
    factories.make_payment(factories.make_member(branch), MARCH, "7.00")
    page = client.post(page_of(branch), typed())
    form = page.context["form"]
    assert "67.00" in form.errors["amount"][0]
    assert form["seen"].value() == "67.00"
    assert not Remittance.objects.exists()
    client.post(page_of(branch), typed(amount="67", seen="67.00"))
    assert Remittance.objects.get().amount == Decimal("67.00")


def test_an_earlier_quarter_is_linked(client, branch):
    as_role(client, Role.SECRETARY, branch)
    factories.make_charge(factories.make_member(branch), APRIL)
    with override_settings(TODAY_OVERRIDE=datetime.date(2026, 7, 2)):
        page = client.get(page_of(branch, "year=2026&quarter=2"))
    assert page.context["form"] is None
    assert page.context["blocked"]["label"] == "去登记一季度"
    assert "quarter=1" in page.context["blocked"]["url"]


def test_what_came_after_sending_is_named(client, branch):
    as_role(client, Role.SECRETARY, branch)
    client.post(page_of(branch), typed())
    factories.make_payment(factories.make_member(branch), MARCH, "7.00")
    text = client.get(page_of(branch)).content.decode()
    assert "报送以后又记了 1 笔，合计 7.00 元" in text
    assert "又记 1 笔" in client.get(LIST).content.decode()


def test_the_second_of_two_senders_is_told(client, branch):
    as_role(client, Role.SECRETARY, branch)
    client.post(page_of(branch), typed())
    page = client.post(page_of(branch), typed())
    assert "不用再报" in page.content.decode()


def test_a_branch_sees_four_quarters_and_one_primary_button(client, branch):
    as_role(client, Role.SECRETARY, branch)
    rows = client.get(LIST).context["rows"]
    assert [row["words"] for row in rows] == ["还剩 2 天", "收缴中", "未开始", "未开始"]
    assert [row["primary"] for row in rows] == [True, False, False, False]
    assert rows[0]["action"] == "登记上缴"
    assert client.get(f"{LIST}?year=2025").context["rows"][0]["words"] == "没有党费"


def test_a_returned_quarter_says_why(client, branch):
    row = factories.make_remittance(
        branch, JANUARY, "60.00", state="returned", opinion="回单不符", decided_on=TODAY
    )
    as_role(client, Role.SECRETARY, branch)
    page = client.get(page_of(branch))
    assert "回单不符" in page.content.decode()
    assert page.context["form"].initial["slip_number"] == row.slip_number


# --- The superior ---------------------------------------------------------------------------


def test_an_officer_confirms_and_takes_it_back(client, branch, committee):
    row = factories.make_remittance(branch, JANUARY, "60.00", payments=Payment.objects.all())
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    response = decide(client, row, "confirm", seen="60.00", next=LIST)
    assert response.url == LIST
    row.refresh_from_db()
    assert row.state == "confirmed"
    assert client.get(page_of(branch)).context["decision"]["may_undo"]
    answer = client.post(reverse("dues:remittances_undo"), headers={"Accept": "application/json"})
    assert answer.json() == {}
    row.refresh_from_db()
    assert row.state == "sent"
    again = client.post(reverse("dues:remittances_undo"), headers={"Accept": "application/json"})
    assert again.status_code == 400


def test_who_sent_it_is_not_asked_to_confirm_it(client, branch, committee):
    user = as_role(client, Role.SECRETARY, branch)
    row = factories.make_remittance(branch, JANUARY, "60.00", sent_by=user)
    grant_role(user=user, role=Role.COMMITTEE_OFFICER, organisation=committee, by=None)
    page = client.get(page_of(branch))
    assert not page.context["decision"]["may_confirm"]
    assert "确认收到" not in page.content.decode()
    listed = client.get(f"{LIST}?organisation=STREET&{Q1}").context
    assert (listed["rows"][0]["decide"], listed["bulk"], listed["waiting"]) == (None, None, None)
    assert client.get(f"{LIST}?state=waiting").context["rows"] == []
    response = client.post(
        reverse("dues:remittance_decide", args=[row.pk]),
        {"act": "confirm", "seen": "60.00"},
        follow=True,
    )
    assert "自己报送的" in response.content.decode()
    row.refresh_from_db()
    assert row.state == "sent"


def test_who_approves_in_the_branch_itself_is_no_superior(client, branch):
    row = factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.COMMITTEE_OFFICER, branch)
    assert client.get(page_of(branch)).context["decision"] is None
    assert decide(client, row, "confirm", seen="60.00").status_code == 403
    many = {"row": f"{row.pk}:60.00"}
    assert client.post(reverse("dues:remittances_confirm"), many).status_code == 403


def test_the_county_says_from_when_on_a_quarter_is_due_soon(client, branch):
    county_value(SOON_DAYS, 1, JANUARY)
    as_role(client, Role.SECRETARY, branch)
    assert client.get(page_of(branch)).context["badge"] == {"kind": "todo", "words": "未报送"}
    county_value(SOON_DAYS, 2, APRIL)
    assert client.get(page_of(branch)).context["badge"]["words"] == "还剩 2 天"


def test_a_return_without_reason_keeps_its_form_open(client, branch, committee):
    row = factories.make_remittance(branch, JANUARY, "60.00", payments=Payment.objects.all())
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    page = decide(client, row, "return", reason="")
    assert page.context["decision"]["open"]
    assert "reason" in page.context["decision"]["form"].errors
    decide(client, row, "return", reason="少了一人")
    row.refresh_from_db()
    assert (row.state, row.opinion, row.payments.count()) == ("returned", "少了一人", 0)


def test_all_that_agree_are_confirmed_at_once(client, branch, committee):
    even = factories.make_remittance(branch, JANUARY, "60.00")
    other = factories.make_branch(committee)
    with_dues(other)
    odd = factories.make_remittance(
        other, JANUARY, "55.00", computed=Decimal("60.00"), explanation="少 5 元"
    )
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    bulk = client.get(f"{LIST}?{Q1}").context["bulk"]
    assert (bulk["keys"], bulk["count"], bulk["skipped"]) == ([f"{even.pk}:60.00"], 1, 1)
    client.post(reverse("dues:remittances_confirm"), {"row": bulk["keys"], "next": LIST})
    even.refresh_from_db()
    odd.refresh_from_db()
    assert (even.state, odd.state) == ("confirmed", "sent")
    stale = {"row": [f"{even.pk}:60.00", f"{odd.pk}:55.00"]}
    page = client.post(reverse("dues:remittances_confirm"), stale, follow=True)
    assert "也还没有确认" in page.content.decode()


def test_what_waits_is_listed_over_all_quarters(client, branch, committee):
    factories.make_remittance(branch, JANUARY, "60.00")
    factories.make_remittance(branch, datetime.date(2025, 10, 1), "10.00")
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    assert client.get(LIST).context["waiting"]["count"] == 2
    rows = client.get(f"{LIST}?state=waiting").context["rows"]
    assert [row["quarter"] for row in rows] == ["2025年四季度", "2026年一季度"]


def test_the_county_sees_committees_and_goes_down_with_the_quarter(client, branch, committee):
    factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.COUNTY_OFFICER, committee.parent)
    page = client.get(f"{LIST}?{Q1}")
    (unit,) = page.context["units"]
    assert (unit["charged"], unit["sent"], unit["waiting"]) == ("60.00", "60.00", 1)
    assert page.context["totals"]["sent"] == "60.00"
    assert "organisation=STREET" in unit["url"]
    assert Q1 in unit["url"]
    below = client.get(unit["url"])
    assert below.context["rows"][0]["name"] == "望春社区第一党支部"
    assert below.context["crumb"]["url"] == f"{LIST}?organisation=COUNTY&{Q1}"
    flat = client.get(f"{LIST}?{Q1}&state=sent")
    assert (len(flat.context["rows"]), flat.context["units"]) == (1, [])


def test_a_former_superior_reads_figures_without_ways_in(client, branch, committee):
    town = factories.make_committee(committee.parent, "荻浦镇党委")
    move_organisation(organisation=branch, to=town, on=datetime.date(2026, 4, 2), by=None)
    factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    (row,) = client.get(f"{LIST}?{Q1}").context["rows"]
    assert (row["name"], row["sent"], row["url"], row["decide"]) == (
        "望春社区第一党支部",
        "60.00",
        "",
        None,
    )
    as_role(client, Role.COMMITTEE_OFFICER, town)
    assert client.get(f"{LIST}?{Q1}").context["rows"] == []
    assert len(client.get(f"{LIST}?state=waiting").context["rows"]) == 1


def test_filters_keep_with_paging(client, committee):
    for number in range(51):
        branch = factories.make_branch(committee, code=f"B{number:02d}")
        factories.make_charge(factories.make_member(branch), JANUARY)
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    page = client.get(f"{LIST}?{Q1}&state=open&page=2")
    assert len(page.context["rows"]) == 1
    assert "state=open" in page.context["query"]
    assert page.context["totals"]["branches"] == 51


@pytest.mark.parametrize("address", [f"{LIST}?{Q1}", f"{LIST}?state=waiting"])
def test_a_list_asks_as_much_with_three_branches_as_with_one(client, branch, committee, address):
    factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    one = count_of(lambda: client.get(address))
    for _ in range(2):
        other = factories.make_branch(committee)
        with_dues(other)
        factories.make_remittance(other, JANUARY, "60.00")
    assert count_of(lambda: client.get(address)) == one


def test_a_quarter_asks_as_much_with_three_members_as_with_one(client, branch):
    as_role(client, Role.SECRETARY, branch)
    one = count_of(lambda: client.get(page_of(branch)))
    for name in ("许文桥", "韩立平"):
        with_dues(branch, name=name)
    assert count_of(lambda: client.get(page_of(branch))) == one


@pytest.mark.parametrize(
    "query",
    [
        "year=0000",
        "year=٣٣٣٣&quarter=1",
        "period=9999-Q4",
        "period=0001-Q1",
        "quarter=9",
        "source=x:y",
    ],
)
def test_an_odd_address_breaks_no_page(client, branch, committee, query):
    as_role(client, Role.SECRETARY, branch)
    assert client.get(f"{LIST}?{query}").status_code == 200
    assert client.get(page_of(branch, query)).status_code == 200
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    assert client.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize("row", ["x", "1:", "999999999999999999999:1", "1:abc", ""])
def test_an_odd_choice_confirms_nothing(client, branch, committee, row):
    factories.make_remittance(branch, JANUARY, "60.00")
    as_role(client, Role.COMMITTEE_OFFICER, committee)
    answer = client.post(reverse("dues:remittances_confirm"), {"row": row})
    assert answer.status_code == 404
    assert Remittance.objects.get().state == "sent"


def test_a_form_without_its_quarter_sends_nothing(client, branch):
    """Sent twice, it would send two quarters up."""
    as_role(client, Role.SECRETARY, branch)
    address = reverse("dues:remittance") + f"?branch={branch.code}"
    page = client.get(address)
    assert f'name="quarter" value="{page.context["number"]}"' in page.content.decode()
    assert client.post(address, typed()).status_code == 404
    assert not Remittance.objects.exists()
