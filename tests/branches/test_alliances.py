import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.alliances import AllianceFault, change_alliance, found_alliance, join, leave
from branches.models import Alliance, AllianceMember
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
START = datetime.date(2026, 1, 10)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def lead(county):
    return factories.make_branch(factories.make_committee(county), "望春社区第一党支部")


@pytest.fixture
def other(county):
    return factories.make_branch(
        factories.make_committee(county, "荻浦镇党委"), "荻屿村党支部", code="DIYU"
    )


@pytest.fixture
def secretary(lead):
    return factories.make_user("secretary", lead)


# --- Services -------------------------------------------------------------------------------


def test_an_alliance_is_founded_joined_and_left_with_its_days(lead, other, secretary):
    alliance = found_alliance(lead=lead, name="片区联合体", aim="", starts_on=START, by=secretary)
    joined = join(alliance=alliance, organisation=other, starts_on=START, by=secretary)
    leave(member=joined, ends_on=TODAY, by=secretary)
    joined.refresh_from_db()
    assert (joined.starts_on, joined.ends_on) == (START, TODAY)
    lines = TrailLine.objects.filter(area="alliances", object_id=alliance.pk).order_by("pk")
    assert [(line.action, line.after) for line in lines] == [
        ("成立联合体", {"名称": "片区联合体", "成立日期": "2026-01-10"}),
        ("加入联合体", {"成员组织": other.name, "加入日期": "2026-01-10"}),
        ("退出联合体", {"成员组织": other.name, "退出日期": "2026-03-18"}),
    ]
    assert {line.organisation_id for line in lines} == {lead.pk}
    # Who left may join again, from the next day on.
    with pytest.raises(AllianceFault, match="还在联合体中"):
        join(alliance=alliance, organisation=other, starts_on=TODAY, by=secretary)
    later = TODAY + datetime.timedelta(days=1)
    join(alliance=alliance, organisation=other, starts_on=later, by=secretary)
    assert alliance.members.count() == 2


def test_the_end_of_an_alliance_ends_the_time_of_all_who_are_in_it(lead, other, secretary):
    alliance = factories.make_alliance(lead, members=[other])
    assert change_alliance(alliance=alliance, by=secretary, ends_on=TODAY)
    assert alliance.members.get().ends_on == TODAY
    assert TrailLine.objects.get(area="alliances").action == "结束联合体"
    assert not change_alliance(alliance=alliance, by=secretary, ends_on=TODAY)


def test_a_corrected_or_cleared_end_moves_who_stayed_to_it(lead, other, secretary, county):
    alliance = factories.make_alliance(lead, members=[other, county])
    early = alliance.members.get(organisation=county)
    leave(member=early, ends_on=datetime.date(2026, 2, 1), by=secretary)
    for end in (TODAY, datetime.date(2026, 3, 1), datetime.date(2026, 3, 31), None):
        change_alliance(alliance=alliance, by=secretary, ends_on=end)
        assert alliance.members.get(organisation=other).ends_on == end
    early.refresh_from_db()
    assert early.ends_on == datetime.date(2026, 2, 1)


def test_what_cannot_be_joined_is_refused(lead, other, secretary, county):
    alliance = factories.make_alliance(lead, members=[other])
    gone = factories.make_branch(dissolved_on=datetime.date(2026, 2, 1))
    for organisation, day, said in (
        (lead, TODAY, "这是牵头组织"),
        (other, TODAY, "已在联合体中"),
        (gone, TODAY, "已经撤销"),
        (factories.make_branch(), datetime.date(2026, 1, 9), "早于联合体成立日期"),
    ):
        with pytest.raises(AllianceFault, match=said):
            join(alliance=alliance, organisation=organisation, starts_on=day, by=secretary)
    Alliance.objects.update(ends_on=datetime.date(2026, 3, 1))
    with pytest.raises(AllianceFault, match="已经结束"):
        join(alliance=alliance, organisation=county, starts_on=TODAY, by=secretary)
    assert alliance.members.count() == 1
    assert not TrailLine.objects.filter(area="alliances").exists()


def test_days_that_cut_off_a_member_are_refused(lead, other, secretary):
    alliance = factories.make_alliance(lead, members=[other])
    for facts, said in (
        ({"ends_on": datetime.date(2026, 1, 9)}, "早于成立日期"),
        ({"starts_on": datetime.date(2026, 1, 11)}, "以前就加入"),
    ):
        with pytest.raises(AllianceFault, match=said):
            change_alliance(alliance=alliance, by=secretary, **facts)
    AllianceMember.objects.update(starts_on=datetime.date(2026, 3, 1))
    with pytest.raises(AllianceFault, match="才加入或退出"):
        change_alliance(alliance=alliance, by=secretary, ends_on=datetime.date(2026, 2, 1))


def test_a_second_running_alliance_of_the_same_name_is_refused(lead, secretary):
    factories.make_alliance(lead, "片区联合体")
    with pytest.raises(AllianceFault, match="已登记过"):
        found_alliance(lead=lead, name="片区联合体", aim="", starts_on=TODAY, by=secretary)


def test_nobody_leaves_twice_or_before_joining(lead, other, secretary):
    member = factories.make_alliance(lead, members=[other]).members.get()
    with pytest.raises(AllianceFault, match="早于加入日期"):
        leave(member=member, ends_on=datetime.date(2026, 1, 9), by=secretary)
    leave(member=member, ends_on=TODAY, by=secretary)
    with pytest.raises(AllianceFault, match="已经退出"):
        leave(member=member, ends_on=TODAY, by=secretary)


# --- Pages ----------------------------------------------------------------------------------


def test_a_secretary_founds_an_alliance_and_sees_whom_a_code_means_before_joining(
    client, lead, other, secretary
):
    client.force_login(secretary)
    client.post(reverse("branches:alliance_add"), {"name": "片区联合体", "starts_on": "1.10"})
    alliance = Alliance.objects.get()
    assert (alliance.organisation, alliance.starts_on) == (lead, START)
    url = reverse("branches:alliance_join", args=[alliance.pk])
    asked = client.post(url, {"code": "DIYU", "starts_on": "2.1"})
    assert "荻屿村党支部（荻浦镇党委）" in asked.content.decode()
    assert not alliance.members.exists()
    # Another code needs another look.
    assert client.post(url, {"code": "DIYU", "starts_on": "2.1", "seen": "X"}).status_code == 200
    assert not alliance.members.exists()
    response = client.post(url, {"code": "DIYU", "starts_on": "2.1", "seen": "DIYU"}, follow=True)
    assert "荻屿村党支部" in response.content.decode()
    member = alliance.members.get()
    assert (member.organisation, member.starts_on) == (other, datetime.date(2026, 2, 1))
    url = reverse("branches:alliance_leave", args=[member.pk])
    client.post(url, {"ends_on": "3.1"})
    member.refresh_from_db()
    assert member.ends_on == datetime.date(2026, 3, 1)


def test_an_officer_adds_what_is_in_reach_at_once(client, county, lead, other):
    officer = factories.make_user("county_officer", county)
    alliance = factories.make_alliance(lead)
    client.force_login(officer)
    url = reverse("branches:alliance_join", args=[alliance.pk])
    client.post(url, {"code": other.name, "starts_on": "3.1"})
    assert alliance.members.get().organisation == other


def test_a_code_nobody_has_is_told(client, lead, secretary):
    alliance = factories.make_alliance(lead)
    client.force_login(secretary)
    url = reverse("branches:alliance_join", args=[alliance.pk])
    body = client.post(url, {"code": "没有这个", "starts_on": "3.1"}).content.decode()
    assert "没有找到“没有这个”" in body


def test_an_officer_says_by_its_code_who_leads(client, county, lead):
    officer = factories.make_user("county_officer", county)
    factories.make_branch(lead.parent)
    client.force_login(officer)
    url = reverse("branches:alliance_add")
    assert "牵头组织的编码" in client.get(url).content.decode()
    client.post(f"{url}?branch={lead.code}", {"name": "片区联合体", "starts_on": "3.1"})
    assert Alliance.objects.get().organisation == lead


def test_a_member_organisation_sees_the_alliance_and_changes_nothing(client, lead, other):
    alliance = factories.make_alliance(lead, members=[other])
    member = alliance.members.get()
    client.force_login(factories.make_user("secretary", other))
    assert alliance.name in client.get(reverse("branches:alliances")).content.decode()
    page = client.get(reverse("branches:alliance", args=[alliance.pk]))
    assert page.status_code == 200
    assert (page.context["join_form"], page.context["edit_url"]) == (None, "")
    for url in (
        reverse("branches:alliance_change", args=[alliance.pk]),
        reverse("branches:alliance_join", args=[alliance.pk]),
        reverse("branches:alliance_leave", args=[member.pk]),
    ):
        assert client.get(url).status_code == 403
        assert client.post(url, {"ends_on": "3.1"}).status_code == 403
    # Also after leaving.
    AllianceMember.objects.update(ends_on=TODAY)
    assert client.get(reverse("branches:alliance", args=[alliance.pk])).status_code == 200


def test_the_neighbour_and_a_stranger_find_no_alliance(client, lead, other):
    alliance = factories.make_alliance(lead, members=[other])
    member = alliance.members.get()
    neighbour = factories.make_user("secretary", factories.make_branch(lead.parent))
    for user in (neighbour, factories.make_user()):
        client.force_login(user)
        assert alliance.name not in client.get(reverse("branches:alliances")).content.decode()
        for url in (
            reverse("branches:alliance", args=[alliance.pk]),
            reverse("branches:alliance_change", args=[alliance.pk]),
            reverse("branches:alliance_join", args=[alliance.pk]),
            reverse("branches:alliance_leave", args=[member.pk]),
        ):
            assert client.get(url).status_code == 404
            assert client.post(url).status_code in (404, 405)


@pytest.mark.parametrize(
    ("role", "status"), [("organiser", 200), ("group_leader", 403), ("inspector", 403)]
)
def test_founding_needs_the_right_to_keep_the_branch(client, lead, role, status):
    place = lead.parent if role == "inspector" else lead
    client.force_login(factories.make_user(role, place))
    assert client.get(reverse("branches:alliance_add")).status_code == status


def test_the_list_counts_who_is_in_it_and_asks_as_often_for_three_as_for_one(
    client, lead, other, secretary
):
    client.force_login(secretary)
    url = reverse("branches:alliances")
    alliance = factories.make_alliance(lead, members=[other, factories.make_branch()])
    AllianceMember.objects.filter(organisation=other).update(ends_on=datetime.date(2026, 3, 1))
    assert [row["count"] for row in client.get(url).context["rows"]] == [2]
    one = count_of(lambda: client.get(url))
    for number in range(2):
        factories.make_alliance(other, f"联合体{number}", members=[lead, factories.make_branch()])
    assert count_of(lambda: client.get(url)) == one
    change_alliance(alliance=alliance, by=secretary, ends_on=datetime.date(2026, 3, 10))
    ended = client.get(url + "?state=ended").context["rows"]
    assert [(row["name"], row["count"]) for row in ended] == [(alliance.name, 2)]


def test_the_page_asks_as_often_for_three_members_as_for_one(client, lead, other, secretary):
    alliance = factories.make_alliance(lead, members=[other])
    client.force_login(secretary)
    url = reverse("branches:alliance", args=[alliance.pk])
    one = count_of(lambda: client.get(url))
    for _ in range(2):
        AllianceMember.objects.create(
            alliance=alliance, organisation=factories.make_branch(), starts_on=START
        )
    assert count_of(lambda: client.get(url)) == one
