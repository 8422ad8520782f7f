from datetime import date

import pytest
from django.urls import reverse

from accounts.roles import Role
from members.services.contacts import open_cases
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 10, 12)


def month(number, year=2026):
    return date(year, number, 1)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="望春社区第一党支部")


def owing(branch, first=4, last=9, name=None):
    member = factories.make_member(branch, name)
    for number in range(first, last + 1):
        factories.make_charge(member, month(number))
    return member


def look(client, **query):
    return client.get(reverse("dues:arrears"), query)


@pytest.fixture
def secretary(branch, client):
    user = factories.make_user(Role.SECRETARY, branch)
    client.force_login(user)
    return user


def test_the_worst_stand_first_with_their_step(client, secretary, branch):
    for first, name in ((9, "周慧敏"), (7, "韩立平"), (5, "孟庆余"), (4, "许桂兰")):
        owing(branch, first, name=name)
    page = look(client)
    rows = page.context["rows"]
    assert [
        (row["name"], row["months"], row["since"], row["amount"], row["kind"], row["words"])
        for row in rows
    ] == [
        ("许桂兰", 6, "2026年4月", "120.00", "late", "提请支委会研究"),
        ("孟庆余", 5, "2026年5月", "100.00", "soon", "重点督促"),
        ("韩立平", 3, "2026年7月", "60.00", "soon", "谈话"),
        ("周慧敏", 1, "2026年9月", "20.00", "run", "提醒"),
    ]
    assert page.context["context_text"] == "4 人，共欠 ¥300.00"
    assert [(chip["label"], chip["count"]) for chip in page.context["chips"]] == [
        ("提请支委会研究（满 6 个月）", 1),
        ("重点督促（满 5 个月）", 1),
        ("谈话（满 3 个月）", 1),
        ("提醒（满 1 个月）", 1),
    ]
    assert "不改变任何人的党籍和状态" in page.content.decode()
    assert [row["name"] for row in look(client, step="talk").context["rows"]] == ["韩立平"]


def test_the_case_and_the_last_contact_stand_beside(client, secretary, branch):
    member = owing(branch)
    factories.make_contact(member, date(2026, 9, 3), by_name="林守正")
    open_cases(today=date(2026, 9, 30))
    (row,) = look(client).context["rows"]
    assert row["contact"] == "9月3日 林守正"
    assert row["case"]["label"] == "待研究"
    assert row["case"]["url"] == reverse("members:case_detail", args=[member.cases.get().pk])


def test_months_longer_past_than_half_a_year_are_asked_for_first(client, secretary, branch):
    member = owing(branch, 2)
    (row,) = look(client).context["rows"]
    first = row["acts"][0]
    assert first["label"] == "先请示"
    form = client.get(first["url"]).context["form"]
    assert (form["from_month"].value(), form["until_month"].value()) == ("2026年2月", "2026年3月")
    assert (form["member"].value(), form["kind"].value()) == (str(member.pk), "back_payment")
    asked = factories.make_dues_request(
        member, "back_payment", from_month=month(2), until_month=month(3)
    )
    (row,) = look(client).context["rows"]
    assert row["acts"][0] == {
        "label": "请示待审批",
        "url": reverse("dues:request", args=[asked.pk]),
    }
    asked.state, asked.decided_on = "approved", TODAY
    asked.save()
    assert [act["label"] for act in look(client).context["rows"][0]["acts"]] == ["补交"]


def test_who_enters_dues_pays_back_and_who_looks_does_not(client, branch):
    member = owing(branch, 2)
    client.force_login(factories.make_user(Role.ORGANISER, branch))
    (row,) = look(client).context["rows"]
    assert [act["label"] for act in row["acts"]] == ["补交"]
    assert row["acts"][0]["url"].startswith(reverse("dues:several", args=[member.pk]))
    for role, organisation in (
        (Role.GROUP_LEADER, branch),
        (Role.COMMITTEE_OFFICER, branch.parent),
    ):
        client.force_login(factories.make_user(role, organisation))
        assert look(client).context["rows"][0]["acts"] == []


def test_single_months_short_stand_below_in_a_branch(client, secretary, branch):
    member = owing(branch, name="许桂兰")
    factories.make_payment(member, month(8), "15.00")
    factories.make_payment(member, month(9))
    page = look(client)
    assert page.context["rows"] == []
    (gap,) = page.context["gaps"]
    assert (gap["name"], gap["amount"]) == ("许桂兰", "85.00")
    assert gap["months"].endswith("2026年7月 20.00、2026年8月 5.00")


def test_an_overseer_sees_the_branches_and_narrows_to_one(client, branch):
    other = factories.make_branch(branch.parent)
    owing(branch)
    owing(other, 8)
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, branch.parent.parent))
    page = look(client)
    assert page.context["show_organisation"]
    assert [row["organisation"] for row in page.context["rows"]] == [
        branch.short_name,
        other.short_name,
    ]
    assert len(look(client, branch=branch.parent.code).context["rows"]) == 2
    page = look(client, branch=other.code)
    assert [row["organisation"] for row in page.context["rows"]] == [other.short_name]


def test_the_neighbour_sees_nothing_and_nobody_is_sent_to_the_log_in(client, branch):
    owing(branch)
    assert look(client).status_code == 302
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user(Role.SECRETARY, neighbour))
    assert look(client).context["rows"] == []
    assert look(client, branch=branch.code).status_code == 404
    client.force_login(factories.make_user())
    assert look(client).status_code == 403


def test_fifty_stand_on_a_page(client, secretary, branch):
    for _ in range(51):
        owing(branch, 9)
    page = look(client, step="remind")
    assert len(page.context["rows"]) == 50
    assert "step=remind&amp;page=2" in page.content.decode()


def test_nobody_in_arrears_is_good_news(client, secretary, branch):
    assert "没有人连续未交党费满 1 个月" in look(client).content.decode()


def test_three_members_take_as_many_queries_as_one(client, secretary, branch):
    def one_more():
        member = owing(branch, 2)
        factories.make_contact(member, date(2026, 9, 3))
        factories.make_opening(member, month(1))
        open_cases(today=date(2026, 9, 30))

    one_more()
    once = count_of(lambda: look(client))
    one_more()
    one_more()
    assert count_of(lambda: look(client)) == once
