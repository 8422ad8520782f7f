"""The pages of talks: who sees what, and what is never seen outside of the branch."""

import datetime
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from accounts.models import Draft
from accounts.roles import Role
from meetings.models import Talk
from members.enums import PostTitle
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 28)
TALKS, NEW = "/meetings/talks/", "/meetings/talks/new/"
SAID = "愿意多承担楼组工作"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def people(branch):
    members = [factories.make_member(branch, name) for name in ("林守正", "许桂兰", "陶秀云")]
    factories.make_post(branch, PostTitle.SECRETARY, member=members[0])
    return members


@pytest.fixture
def signed_in(client, branch):
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    return client


@pytest.fixture
def talk(branch, people):
    day = datetime.date(2026, 3, 10)
    return factories.make_talk(
        branch, day, initiators=people[:1], members=people[1:2], content=SAID
    )


def shown(response):
    """What a person would send by pressing 登记谈话 without touching anything."""
    form = response.context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent["held_on"] = form["held_on"].field.prepare_value(sent["held_on"])
    return {name: value for name, value in sent.items() if value not in (None, "")}


# --- The list -----------------------------------------------------------------------------------


def test_those_without_a_talk_come_first_and_each_line_says_with_whom(signed_in, talk, people):
    response = signed_in.get(TALKS)
    rows = [(row["name"], row["times"], row["with_whom"]) for row in response.context["people"]]
    assert rows == [("陶秀云", 0, ""), ("林守正", 1, "许桂兰"), ("许桂兰", 1, "林守正")]
    assert "2026年已谈 2/3 人" in response.content.decode()
    assert [chip["count"] for chip in response.context["chips"]] == [1, 2, 1]
    missing = signed_in.get(TALKS, {"show": "missing"}).context["people"]
    assert [row["name"] for row in missing] == ["陶秀云"]
    [record] = signed_in.get(TALKS, {"show": "records"}).context["records"]
    assert (record["on"], record["by"], record["people"]) == ("3月10日", "林守正", "许桂兰")
    assert record["url"] == reverse("meetings:talk_change", args=[talk.pk])


def test_last_year_is_seen_from_its_last_day(signed_in, branch, people):
    factories.make_member(branch, "韩文静", starts_on=datetime.date(2026, 1, 1))
    factories.make_talk(branch, datetime.date(2025, 12, 31), members=people[1:2], outsider="沈知行")
    response = signed_in.get(TALKS, {"year": "2025"})
    assert (response.context["met"], response.context["members"]) == (1, 3)
    [row] = signed_in.get(TALKS, {"year": "2025", "show": "met"}).context["people"]
    assert (row["name"], row["last"], row["with_whom"]) == ("许桂兰", "2025年12月31日", "沈知行")


def test_the_list_needs_as_many_queries_for_three_as_for_one(signed_in, branch, people):
    for address in (TALKS, TALKS + "?show=records"):
        factories.make_talk(branch, TODAY, initiators=people[:1], members=people[1:2])
        one = count_of(lambda address=address: signed_in.get(address))
        for member in factories.make_members(branch, 2):
            factories.make_talk(branch, TODAY, initiators=people[:1], members=[member])
        assert count_of(lambda address=address: signed_in.get(address)) == one


def test_above_the_branches_stand_with_their_share_and_nothing_else(client, branch, people, talk):
    done = factories.make_branch(branch.parent)
    member = factories.make_member(done)
    factories.make_talk(done, datetime.date(2026, 1, 1), members=[member], outsider="沈知行")
    client.force_login(factories.make_user(Role.COMMITTEE_OFFICER, branch.parent))
    response = client.get(TALKS)
    rows = [(row["name"], row["met"], row["members"]) for row in response.context["rows"]]
    assert rows == [(branch.short_name, 2, 3), (done.short_name, 1, 1)]
    assert (response.context["met"], response.context["members"]) == (3, 4)
    body = response.content.decode()
    assert "林守正" not in body and "沈知行" not in body

    one = count_of(lambda: client.get(TALKS))
    for _ in range(2):
        factories.make_member(factories.make_branch(branch.parent))
    assert count_of(lambda: client.get(TALKS)) == one


# --- The form -----------------------------------------------------------------------------------


def test_two_clicks_record_a_talk_of_the_secretary_with_a_member(signed_in, branch, people):
    url = signed_in.get(TALKS).context["people"][1]["url"]
    response = signed_in.get(url)
    assert [line["name"] for line in response.context["committee"]] == ["林守正"]
    answer = signed_in.post(url, shown(response))
    assert answer["Location"] == f"{TALKS}?branch={branch.code}&year=2026"
    talk = Talk.objects.get()
    assert (talk.held_on, talk.relation) == (TODAY, "committee_member")
    assert list(talk.people.values_list("member__name", "is_initiator")) == [
        ("林守正", True),
        ("许桂兰", False),
    ]


def test_who_opens_the_form_by_an_own_post_is_the_one_who_talks(client, branch, people):
    user = factories.make_user(Role.ORGANISER, branch)
    factories.make_post(branch, PostTitle.MEMBER, member=people[2], account=user)
    client.force_login(user)
    assert client.get(NEW).context["form"]["initiators"].value() == [people[2].pk]


def test_several_ticked_are_one_talk_each_or_one_together(signed_in, people):
    sent = shown(signed_in.get(NEW)) | {"members": [one.pk for one in people[1:]]}
    signed_in.post(NEW, sent)
    assert Talk.objects.count() == 2
    signed_in.post(NEW, sent | {"manner": "together", "held_on": "3.27"})
    assert Talk.objects.count() == 3
    assert Talk.objects.order_by("pk").last().people.count() == 3


def test_nothing_typed_is_lost_when_it_is_refused(signed_in, people):
    sent = shown(signed_in.get(NEW)) | {"held_on": "2026年3月29日", "content": SAID}
    response = signed_in.post(NEW, sent | {"members": [people[2].pk]})
    assert "谈过再登记" in response.content.decode()
    assert SAID in response.content.decode()
    assert [line["name"] for line in response.context["people"] if line["ticked"]] == ["陶秀云"]
    assert not Talk.objects.exists() and not Draft.objects.exists()


def test_the_way_from_the_desk_leads_back_to_it(signed_in, people):
    url = NEW + "?" + urlencode({"source": "duty:meetings.talks:2026"})
    sent = shown(signed_in.get(url)) | {"members": [people[1].pk]}
    assert signed_in.post(url, sent)["Location"] == reverse("desk")


def test_a_change_on_top_of_anothers_is_refused_once_and_then_made(signed_in, talk, people):
    url = reverse("meetings:talk_change", args=[talk.pk])
    sent = shown(signed_in.get(url)) | {"members": [people[2].pk]}
    Talk.objects.update(version=2)
    response = signed_in.post(url, sent)
    assert "刚被别人改过" in response.content.decode()
    assert signed_in.post(url, sent | {"version": "2"}).status_code == 302
    assert set(talk.people.values_list("member__name", flat=True)) == {"林守正", "陶秀云"}


def test_a_talk_is_taken_back_with_a_reason(signed_in, talk):
    url = reverse("meetings:talk_cancel", args=[talk.pk])
    signed_in.post(url, {"version": "1", "reason": ""})
    talk.refresh_from_db()
    assert talk.cancelled_at is None
    signed_in.post(url, {"version": "1", "reason": "日期记错"})
    talk.refresh_from_db()
    assert talk.cancelled_at
    change = reverse("meetings:talk_change", args=[talk.pk])
    assert signed_in.get(change).status_code == 302


# --- Walls --------------------------------------------------------------------------------------


def test_the_branch_itself_reads_what_was_said(signed_in, talk):
    body = signed_in.get(reverse("meetings:talk_change", args=[talk.pk])).content.decode()
    assert SAID in body
    assert SAID not in signed_in.get(TALKS).content.decode()


@pytest.mark.parametrize(
    ("role", "above"),
    [
        (Role.GROUP_LEADER, 0),
        (Role.COMMITTEE_OFFICER, 1),
        (Role.INSPECTOR, 1),
        (Role.COUNTY_OFFICER, 2),
    ],
)
def test_who_only_looks_finds_no_word_of_it(client, branch, talk, role, above):
    home = [branch, branch.parent, branch.parent.parent][above]
    client.force_login(factories.make_user(role, home))
    for show in ("", "records", "met"):
        response = client.get(TALKS, {"branch": branch.code, "show": show})
        assert response.status_code == 200
        assert SAID not in response.content.decode()
        assert not response.context["new_url"]
    assert client.get(NEW, {"branch": branch.code}).status_code == 403
    change = reverse("meetings:talk_change", args=[talk.pk])
    for answer in (
        client.get(change),
        client.post(change, {}),
        client.post(reverse("meetings:talk_cancel", args=[talk.pk]), {"reason": "x"}),
    ):
        assert answer.status_code == 403
        assert SAID not in answer.content.decode()


def test_an_account_that_reaches_everything_keeps_what_it_cannot_read(client, talk, people):
    client.force_login(factories.make_user(is_superuser=True))
    url = reverse("meetings:talk_change", args=[talk.pk])
    response = client.get(url)
    assert SAID not in response.content.decode()
    client.post(url, shown(response) | {"members": [people[2].pk]})
    talk.refresh_from_db()
    assert (talk.version, talk.content) == (2, SAID)


def test_the_neighbour_finds_nothing(client, branch, talk):
    neighbour = factories.make_branch(branch.parent)
    client.force_login(factories.make_user(Role.SECRETARY, neighbour))
    change = reverse("meetings:talk_change", args=[talk.pk])
    cancel = reverse("meetings:talk_cancel", args=[talk.pk])
    for answer in (
        client.get(TALKS, {"branch": branch.code}),
        client.get(NEW, {"branch": branch.code}),
        client.get(change),
        client.post(change, {}),
        client.post(cancel, {"reason": "x", "version": "1"}),
    ):
        assert answer.status_code == 404


def test_a_member_of_another_branch_cannot_be_ticked(signed_in, branch, people):
    stranger = factories.make_member(factories.make_branch(branch.parent), "韩文静")
    sent = shown(signed_in.get(NEW, {"members": stranger.pk}))
    assert "members" not in sent or stranger.pk not in sent["members"]
    response = signed_in.post(NEW, sent | {"members": [stranger.pk]})
    assert "不在名单里" in response.content.decode()
    assert "韩文静" not in response.content.decode()
