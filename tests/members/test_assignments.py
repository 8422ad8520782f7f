import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Changed, Sector
from members.enums import AssignmentRole
from members.models import Assignment
from members.services import Refused
from members.services.assignments import assign, change_assignment
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
START = datetime.date(2026, 1, 10)
INSTRUCTOR = AssignmentRole.INSTRUCTOR


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee, sector=Sector.SOCIAL_ORGANISATION)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


def send(branch, by, **facts):
    usual = {"role": INSTRUCTOR, "person_name": "方立平", "starts_on": START}
    return assign(organisation=branch, by=by, **(usual | facts))


# --- Services -------------------------------------------------------------------------------


def test_somebody_known_by_name_is_assigned(branch, officer):
    assignment = send(branch, officer, from_unit=" 街道党建办 ")
    assert (assignment.person_name, assignment.from_unit) == ("方立平", "街道党建办")
    line = TrailLine.objects.get(area="assignments", object_id=assignment.pk)
    assert (line.action, line.organisation_id, line.by) == ("选派党建指导员", branch.pk, officer)
    assert line.after == {
        "类别": "党建指导员",
        "姓名": "方立平",
        "单位及职务": "街道党建办",
        "选派日期": "2026-01-10",
    }
    note = Changed.objects.get(area="members")
    assert (note.organisation, note.from_on, note.to_on) == (branch, START, START)


def test_a_member_is_assigned_under_the_members_name(branch, officer):
    member = factories.make_member(branch, "许文桥")
    assignment = send(branch, officer, member=member, person_name="别的名字")
    assert (assignment.member, assignment.person_name) == (member, "许文桥")


def test_an_assignment_ends_on_its_last_day(branch, officer):
    assignment = send(branch, officer)
    Changed.objects.all().delete()
    assert change_assignment(assignment=assignment, by=officer, ends_on=TODAY)
    assert Assignment.objects.on(TODAY).exists()
    assert not Assignment.objects.on(TODAY + datetime.timedelta(days=1)).exists()
    line = TrailLine.objects.filter(area="assignments").latest("pk")
    assert (line.action, line.before, line.after) == (
        "结束党建指导员选派",
        {"结束日期": ""},
        {"结束日期": "2026-03-18"},
    )
    note = Changed.objects.get()
    assert (note.from_on, note.to_on) == (START, TODAY)
    assert not change_assignment(assignment=assignment, by=officer, ends_on=TODAY)
    # Another one may follow, the same person from the next day on.
    with pytest.raises(Refused, match="这段时间已是党建指导员"):
        send(branch, officer, starts_on=TODAY)
    send(branch, officer, starts_on=TODAY + datetime.timedelta(days=1))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"person_name": " "}, "请填姓名"),
        ({"ends_on": datetime.date(2026, 1, 9)}, "早于选派日期"),
    ],
)
def test_what_cannot_be_is_refused(branch, officer, facts, said):
    with pytest.raises(Refused, match=said):
        send(branch, officer, **facts)
    assert not Assignment.objects.exists()
    assert not TrailLine.objects.filter(area="assignments").exists()


def test_nobody_is_assigned_who_had_left_nor_to_what_was_dissolved(branch, committee, officer):
    gone = factories.make_member(branch, ends_on=datetime.date(2026, 1, 10))
    with pytest.raises(Refused, match="那时已经离开"):
        send(branch, officer, member=gone)
    # The day before, the person was still there.
    send(branch, officer, member=gone, starts_on=datetime.date(2026, 1, 9), ends_on=TODAY)
    closed = factories.make_branch(committee, dissolved_on=START)
    with pytest.raises(Refused, match="那时已经撤销"):
        send(closed, officer)


def test_one_person_holds_two_roles_and_two_people_one(branch, officer):
    send(branch, officer)
    send(branch, officer, role=AssignmentRole.LINKED_LEADER)
    send(branch, officer, person_name="许庆余")
    assert Assignment.objects.count() == 3


# --- Pages ----------------------------------------------------------------------------------


def test_an_officer_assigns_a_member_found_by_the_last_digits(client, committee, branch, officer):
    member = factories.make_member(factories.make_branch(committee), "许文桥")
    client.force_login(officer)
    url = reverse("members:assignment_add") + f"?organisation={branch.code}&role=instructor"
    assert client.get(url).context["form"]["role"].value() == "instructor"
    usual = {"role": "instructor", "person_name": "许文桥", "starts_on": "1.10"}
    body = client.post(url, usual | {"last_digits": "0000"}).content.decode()
    assert "名册上没有后四位是 0000 的许文桥" in body
    client.post(url, usual | {"last_digits": member.id_number_mask[-4:]})
    assignment = Assignment.objects.get()
    assert (assignment.member, assignment.organisation) == (member, branch)
    assert assignment.starts_on == START
    # The link stays while the name stays, and goes with it.
    url = reverse("members:assignment_change", args=[assignment.pk])
    client.post(url, usual | {"ends_on": "3.1"})
    assignment.refresh_from_db()
    assert (assignment.member, assignment.ends_on) == (member, datetime.date(2026, 3, 1))
    client.post(url, usual | {"person_name": "方立平"})
    assignment.refresh_from_db()
    assert (assignment.member, assignment.person_name) == (None, "方立平")


def test_the_digits_find_nobody_out_of_reach(client, branch, officer):
    stranger = factories.make_member(factories.make_branch(), "许文桥")
    client.force_login(officer)
    url = reverse("members:assignment_add") + f"?organisation={branch.code}"
    values = {"role": "instructor", "person_name": "许文桥", "starts_on": "1.10"}
    values["last_digits"] = stranger.id_number_mask[-4:]
    assert client.post(url, values).status_code == 200
    assert not Assignment.objects.exists()


def test_what_is_refused_stays_typed(client, branch, officer):
    send(branch, officer)
    client.force_login(officer)
    url = reverse("members:assignment_add") + f"?organisation={branch.code}"
    values = {"role": "instructor", "person_name": "方立平", "starts_on": "2.1", "from_unit": "办"}
    body = client.post(url, values).content.decode()
    assert "这段时间已是党建指导员" in body
    assert 'value="办"' in body


def test_an_officer_finds_the_branches_without_anybody(client, committee, branch, officer):
    factories.make_members(branch, 2)
    large = factories.make_branch(committee, sector=Sector.SOCIAL_ORGANISATION)
    factories.make_members(large, 3)
    served = factories.make_branch(committee, sector=Sector.SOCIAL_ORGANISATION)
    send(served, officer)
    village = factories.make_branch(committee, sector=Sector.VILLAGE)
    client.force_login(officer)
    url = reverse("members:assignments") + "?missing="
    rows = client.get(url + "instructor").context["rows"]
    assert [(row["name"], row["formal"], row["due"]) for row in rows] == [
        (branch.name, 2, True),
        (large.name, 3, False),
    ]
    rows = client.get(url + "linked_leader").context["rows"]
    assert [row["name"] for row in rows] == [one.name for one in (branch, large, served, village)]
    assert all(row["assign_url"] for row in rows)
    send(branch, officer, starts_on=START, ends_on=datetime.date(2026, 3, 17))
    assert branch.name in client.get(url + "instructor").content.decode()


def test_the_list_shows_who_is_there_and_who_was(client, branch, officer):
    factories.make_branch(branch.parent)
    send(branch, officer)
    send(branch, officer, person_name="许庆余", ends_on=datetime.date(2026, 3, 17))
    client.force_login(officer)
    url = reverse("members:assignments")
    page = client.get(url)
    assert [row["name"] for row in page.context["rows"]] == ["方立平"]
    assert [chip["count"] for chip in page.context["chips"]] == [1, 0, 0, 1]
    ended = client.get(url + "?role=ended").context["rows"]
    assert [row["name"] for row in ended] == ["许庆余"]
    found = client.get(url + "?q=立平").context["rows"]
    assert len(found) == 1


def test_the_branch_looks_and_assigns_nobody(client, branch, officer, secretary):
    assignment = send(branch, officer)
    client.force_login(secretary)
    page = client.get(reverse("members:assignments"))
    assert "方立平" in page.content.decode()
    assert page.context["new_url"] == ""
    for url in (
        reverse("members:assignment_add") + f"?organisation={branch.code}",
        reverse("members:assignment_change", args=[assignment.pk]),
    ):
        assert client.get(url).status_code == 403
        assert client.post(url, {"person_name": "x"}).status_code == 403


def test_the_neighbour_and_a_stranger_find_nothing(client, committee, branch, officer):
    assignment = send(branch, officer)
    neighbour = factories.make_user("secretary", factories.make_branch(committee))
    for user in (neighbour, factories.make_user()):
        client.force_login(user)
        assert "方立平" not in client.get(reverse("members:assignments")).content.decode()
        for url in (
            reverse("members:assignments") + f"?branch={branch.code}",
            reverse("members:assignment_add") + f"?organisation={branch.code}",
            reverse("members:assignment_change", args=[assignment.pk]),
        ):
            assert client.get(url).status_code == 404


def test_the_lists_ask_as_often_for_three_as_for_one(client, committee, branch, officer):
    factories.make_branch(committee, sector=Sector.SOCIAL_ORGANISATION)
    send(branch, officer)
    client.force_login(officer)
    urls = [
        reverse("members:assignments"),
        reverse("members:assignments") + "?missing=instructor",
    ]
    before = [count_of(lambda url=url: client.get(url)) for url in urls]
    for _ in range(2):
        other = factories.make_branch(committee, sector=Sector.SOCIAL_ORGANISATION)
        factories.make_member(other)
        send(branch, officer, person_name=f"许{other.pk}")
    assert [count_of(lambda url=url: client.get(url)) for url in urls] == before
