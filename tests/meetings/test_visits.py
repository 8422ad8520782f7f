"""Visits: one row for each person, sums of the year, the note private to the branch."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from meetings.enums import VisitOccasion
from meetings.models import Visit
from meetings.services import Refused
from meetings.services.visits import (
    ChangedMeanwhile,
    VisitFacts,
    cancel_visit,
    change_visit,
    register_visits,
)
from members.enums import PostTitle
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
DAY = datetime.date(2026, 2, 6)
VISITS, NEW = "/meetings/visits/", "/meetings/visits/new/"
SAID = "独居，盼望有人陪着说话"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch)


@pytest.fixture
def signed_in(client, secretary):
    client.force_login(secretary)
    return client


@pytest.fixture
def member(branch):
    return factories.make_member(branch, "许桂兰")


def register(branch, by, members=(), others=(), **facts):
    facts = {"visited_on": DAY, "occasion": "new_year", "visitors": "林守正"} | facts
    return register_visits(
        organisation=branch,
        facts=VisitFacts(**facts),
        members=[one.pk for one in members],
        others=others,
        by=by,
        today=TODAY,
    )


# --- The services -------------------------------------------------------------------------------


def test_everybody_visited_that_day_gets_a_row(branch, secretary, member):
    visits = register(
        branch, secretary, [member], ["施桂英"], amount=Decimal("500.00"), goods="米、油", note=SAID
    )
    assert [(one.member, one.person_name, one.amount) for one in visits] == [
        (member, "许桂兰", Decimal("500.00")),
        (None, "施桂英", Decimal("500.00")),
    ]
    lines = TrailLine.objects.filter(action="登记走访")
    assert lines.count() == 2
    assert lines.first().after["慰问金"] == "500.00"
    assert SAID not in str([(one.after, one.label) for one in lines])
    assert Visit.objects.first().note == SAID


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"visited_on": datetime.date(2026, 3, 29)}, "visited_on"),
        ({"visited_on": datetime.date(2014, 12, 31)}, "visited_on"),
        ({"visitors": " "}, "visitors"),
        ({"amount": Decimal("-1")}, "amount"),
    ],
)
def test_what_cannot_be_is_refused(branch, secretary, member, facts, field):
    with pytest.raises(Refused) as refused:
        register(branch, secretary, [member], **facts)
    assert refused.value.field == field
    assert not Visit.objects.exists()


def test_nobody_a_stranger_and_the_same_visit_twice_are_refused(branch, secretary, member):
    with pytest.raises(Refused, match="勾选走访的党员"):
        register(branch, secretary)
    stranger = factories.make_member(factories.make_branch(branch.parent), "韩文静")
    with pytest.raises(Refused, match="韩文静在2026年2月6日不是本支部党员"):
        register(branch, secretary, [stranger])
    register(branch, secretary, [member])
    with pytest.raises(Refused, match="走访许桂兰已经登记过"):
        register(branch, secretary, [member], ["施桂英"])
    assert register(branch, secretary, [member], occasion="hardship")
    with pytest.raises(Refused, match="书记或支部委员"):
        register(branch, factories.make_user(Role.GROUP_LEADER, branch), [member])


def change(visit, by, version=1, name="", **facts):
    facts = {"visited_on": DAY, "occasion": "new_year", "visitors": "林守正"} | facts
    return change_visit(
        visit=visit,
        version=version,
        facts=VisitFacts(**facts),
        person_name=name,
        by=by,
        today=TODAY,
    )


def test_a_visit_is_put_right_and_an_old_version_refused(branch, secretary, member):
    visit, other = register(branch, secretary, [member], ["施桂英"], note=SAID)
    changed = change(visit, secretary, name="没有意义", amount=Decimal("300"), note="")
    assert (changed.person_name, changed.amount, changed.version) == ("许桂兰", Decimal(300), 2)
    line = TrailLine.objects.get(action="修改走访")
    assert (line.before, line.after) == (
        {"慰问金": ""},
        {"慰问金": "300.00", "情况": "有改动"},
    )
    with pytest.raises(ChangedMeanwhile):
        change(visit, secretary)
    assert change(other, secretary, name="施桂珍").person_name == "施桂珍"


def test_a_visit_taken_back_is_in_no_sum(branch, secretary, member, signed_in):
    [visit] = register(branch, secretary, [member], amount=Decimal("500"))
    for reason, version, refusal in (("", 1, Refused), ("重复", 5, ChangedMeanwhile)):
        with pytest.raises(refusal):
            cancel_visit(visit=visit, version=version, reason=reason, by=secretary)
    cancel_visit(visit=visit, version=1, reason="重复", by=secretary)
    with pytest.raises(Refused, match="已经作废"):
        cancel_visit(visit=visit, version=2, reason="重复", by=secretary)
    assert signed_in.get(VISITS).context["sums"] == {"times": 0, "amount": "0.00"}
    assert TrailLine.objects.get(action="作废走访").reason == "重复"
    assert register(branch, secretary, [member])


def test_the_occasions_name_no_illness():
    assert [occasion.label for occasion in VisitOccasion] == [
        "元旦春节",
        "七一",
        "日常帮扶",
        "看望老党员",
        "其他",
    ]


# --- The pages ----------------------------------------------------------------------------------


def test_the_form_starts_with_the_committee_and_the_time_of_the_year(signed_in, branch, member):
    factories.make_post(branch, PostTitle.MEMBER, member=member)
    factories.make_post(branch, PostTitle.SECRETARY, person_name="林守正")
    form = signed_in.get(NEW).context["form"]
    assert form["visitors"].value() == "林守正、许桂兰"
    assert form["occasion"].value() == "hardship"
    sent = {
        "visited_on": "2.6",
        "occasion": "new_year",
        "visitors": "林守正、许桂兰",
        "members": [member.pk],
        "others": "施桂英、万仲朴",
        "amount": "500元",
        "goods": "米、油",
        "note": SAID,
    }
    answer = signed_in.post(NEW, sent)
    assert answer["Location"] == f"{VISITS}?branch={branch.code}&year=2026"
    response = signed_in.get(VISITS)
    assert response.context["sums"] == {"times": 3, "amount": "1,500.00"}
    assert [row["name"] for row in response.context["rows"]] == ["万仲朴", "施桂英", "许桂兰"]
    assert SAID not in response.content.decode()
    paper = signed_in.get("/meetings/visits/paper/", {"year": "2026"})
    assert "合计（3 人次）" in paper.content.decode()
    assert SAID not in paper.content.decode()


def test_nothing_typed_is_lost_when_it_is_refused(signed_in, member):
    sent = {"visited_on": "3.29", "occasion": "new_year", "visitors": "林守正"}
    response = signed_in.post(NEW, sent | {"members": [member.pk], "note": SAID, "goods": "米"})
    assert "走访过再登记" in response.content.decode()
    assert SAID in response.content.decode()
    assert response.context["people"][0]["ticked"]


def test_the_chips_narrow_and_the_year_keeps(signed_in, branch, member):
    factories.make_visit(branch, DAY, member=member, amount="500")
    factories.make_visit(branch, DAY, occasion="hardship")
    factories.make_visit(branch, datetime.date(2025, 12, 31), member=member, amount="200")
    rows = signed_in.get(VISITS, {"occasion": "hardship"}).context["rows"]
    assert [row["name"] for row in rows] == ["施桂英"]
    response = signed_in.get(VISITS, {"year": "2025"})
    assert response.context["sums"] == {"times": 1, "amount": "200.00"}
    one = count_of(lambda: signed_in.get(VISITS))
    for _ in range(3):
        factories.make_visit(branch, DAY, member=factories.make_member(branch))
    assert count_of(lambda: signed_in.get(VISITS)) == one


def test_the_paper_is_split_into_sheets(signed_in, branch):
    for number in range(27):
        factories.make_visit(branch, DAY, person_name=f"施桂{number}")
    sheets = signed_in.get("/meetings/visits/paper/").context["sheets"]
    assert [len(rows) for rows in sheets] == [24, 3]


def test_a_change_keeps_the_note_of_the_branch(client, branch, member):
    visit = factories.make_visit(branch, DAY, member=member, note=SAID)
    url = reverse("meetings:visit_change", args=[visit.pk])
    sent = {"visited_on": "2026.2.6", "occasion": "new_year", "visitors": "林守正", "version": "1"}
    client.force_login(factories.make_user(is_superuser=True))
    assert SAID not in client.get(url).content.decode()
    assert client.post(url, sent | {"goods": "米"}).status_code == 302
    visit.refresh_from_db()
    assert (visit.note, visit.goods, visit.version) == (SAID, "米", 2)
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    assert SAID in client.get(url).content.decode()
    assert "刚被别人改过" in client.post(url, sent).content.decode()
    cancel = reverse("meetings:visit_cancel", args=[visit.pk])
    client.post(cancel, {"version": "2", "reason": "重复"})
    visit.refresh_from_db()
    assert visit.cancelled_at


def test_above_each_branch_stands_with_its_sums(client, branch, member):
    factories.make_visit(branch, DAY, member=member, amount="500.10", note=SAID)
    factories.make_visit(branch, DAY, amount="0.20")
    other = factories.make_branch(branch.parent)
    factories.make_visit(other, DAY)
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, branch.parent))
    response = client.get(VISITS)
    assert response.context["sums"] == {"times": 3, "amount": "500.30"}
    assert [(row["name"], row["times"], row["amount"]) for row in response.context["rows"]] == [
        (branch.short_name, 2, "500.30"),
        (other.short_name, 1, "0.00"),
    ]
    listed = client.get(VISITS, {"branch": branch.code})
    assert "许桂兰" in listed.content.decode() and SAID not in listed.content.decode()
    visit = Visit.objects.get(member=member)
    assert client.get(reverse("meetings:visit_change", args=[visit.pk])).status_code == 403
    assert client.get(NEW, {"branch": branch.code}).status_code == 403


def test_the_neighbour_finds_nothing(client, branch, member):
    visit = factories.make_visit(branch, DAY, member=member)
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user(Role.SECRETARY, neighbour))
    for answer in (
        client.get(VISITS, {"branch": branch.code}),
        client.get("/meetings/visits/paper/", {"branch": branch.code}),
        client.get(reverse("meetings:visit_change", args=[visit.pk])),
        client.post(reverse("meetings:visit_cancel", args=[visit.pk]), {"reason": "x"}),
    ):
        assert answer.status_code == 404
