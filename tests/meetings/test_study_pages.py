"""The pages of study hours: a branch by members, those above by branches, a member by lines."""

from datetime import date
from decimal import Decimal

import pytest

from dashboard.desk import desk
from meetings.enums import Type
from members import facts
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)
HOURS = "/meetings/hours/"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def branch():
    return factories.make_branch(name="上荻村党支部")


@pytest.fixture
def people(branch):
    """Ahead, behind, leading and behind, exempt."""
    ahead, slow, leader, freed = (
        factories.make_member(branch, name) for name in ("许文桥", "余海波", "林守正", "汤明亮")
    )
    factories.make_training(branch, date(2026, 2, 2), people=[ahead], hours="32.0")
    factories.make_training(branch, date(2026, 2, 2), people=[leader], hours="8.0")
    factories.make_post(branch, "secretary", member=leader)
    factories.make_exemption(freed, date(2026, 1, 1), date(2026, 12, 31))
    return ahead, slow, leader, freed


@pytest.fixture
def secretary(client, branch):
    user = factories.make_user("secretary", branch)
    client.force_login(user)
    return user


def rows(answer):
    return [(row["name"], row["hours"], row["required"], row["words"]) for row in answer]


@pytest.mark.usefixtures("people", "secretary")
def test_members_stand_worst_first_with_what_is_asked_of_each(client):
    context = client.get(HOURS).context
    # 76 of 365 days: 6.7 of 32, 11.7 of 56.
    assert rows(context["rows"]) == [
        ("余海波", "0.0", 32, "落后"),
        ("林守正", "8.0", 56, "落后"),
        ("许文桥", "32.0", 32, "已达标"),
        ("汤明亮", "0.0", 32, "豁免至 2026年12月31日"),
    ]
    sums = context["sums"]
    assert (sums["average"], sums["expected"]) == ("13.3", "8.4")
    assert (sums["due"], sums["done"], sums["behind"], sums["exempt"]) == (3, 1, 2, 1)


@pytest.mark.usefixtures("people", "secretary")
@pytest.mark.parametrize(
    ("show", "names"),
    [("behind", ["余海波", "林守正"]), ("done", ["许文桥"]), ("exempt", ["汤明亮"]), ("open", [])],
)
def test_the_list_is_narrowed_by_state(client, show, names):
    context = client.get(HOURS, {"show": show}).context
    assert [row["name"] for row in context["rows"]] == names


@pytest.mark.usefixtures("secretary")
def test_a_year_that_is_over_asks_for_everything(client, branch):
    factories.make_member(branch, "许文桥")
    context = client.get(HOURS, {"year": "2025"}).context
    assert rows(context["rows"]) == [("许文桥", "0.0", 32, "未达标")]
    assert context["rows"][0]["kind"] == "late"


@pytest.mark.usefixtures("people")
def test_those_above_see_branches_with_average_and_how_many_reached(client, branch):
    good = factories.make_branch(branch.parent, "下荻村党支部")
    factories.make_training(
        good, date(2026, 2, 2), people=[factories.make_member(good)], hours="32.0"
    )
    client.force_login(factories.make_user("committee_officer", branch.parent))
    found = client.get(HOURS).context["branches"]
    assert [(one["name"], one["average"], one["reached"], one["behind"]) for one in found] == [
        ("上荻村党支部", "13.3", "1/3", 2),
        ("下荻村党支部", "32.0", "1/1", 0),
    ]
    assert client.get(HOURS, {"branch": branch.code}).context["context_text"] == "上荻村党支部"


def test_as_many_queries_for_many_branches_as_for_one(client, branch):
    factories.make_member(branch)
    client.force_login(factories.make_user("county_officer", branch.parent.parent))
    one = count_of(lambda: client.get(HOURS))
    for _ in range(2):
        other = factories.make_branch(branch.parent)
        factories.make_post(other, "secretary", member=factories.make_member(other))
    assert count_of(lambda: client.get(HOURS)) == one


@pytest.mark.usefixtures("secretary")
def test_as_many_queries_for_many_members_as_for_one(client, branch):
    factories.make_member(branch)
    one = count_of(lambda: client.get(HOURS))
    factories.make_members(branch, 2)
    assert count_of(lambda: client.get(HOURS)) == one


@pytest.mark.usefixtures("secretary")
def test_the_page_of_a_member_lists_every_line_and_what_was_missed(client, branch):
    member = factories.make_member(branch, "许文桥")
    factories.make_meeting(
        branch, date(2026, 3, 5), [Type.LECTURE], hours=Decimal("2.0"), present=[member]
    )
    factories.make_meeting(
        branch, date(2026, 3, 10), [Type.THEME_DAY], hours=Decimal("3.0"), leave=[member]
    )
    factories.make_training(branch, date(2026, 1, 9), people=[member], title="新春培训")
    context = client.get(f"{HOURS}{member.pk}/").context
    assert [(line["on"], line["kind"], line["hours"]) for line in context["lines"]] == [
        ("1月9日", "培训", "8.0"),
        ("3月5日", "会议", "2.0"),
    ]
    assert context["total"] == "10.0"
    assert [(row["on"], row["state"]) for row in context["missed"]] == [("3月10日", "请假")]
    assert client.get(f"{HOURS}{member.pk}/", {"year": "2025"}).context["total"] == "0.0"


@pytest.mark.parametrize(
    ("role", "place", "status"),
    [
        ("group_leader", "branch", 200),
        ("inspector", "committee", 200),
        ("secretary", "neighbour", 404),
    ],
)
def test_who_may_look(client, branch, role, place, status):
    member = factories.make_member(branch)
    places = {
        "branch": branch,
        "committee": branch.parent,
        "neighbour": factories.make_branch(branch.parent),
    }
    client.force_login(factories.make_user(role, places[place]))
    assert client.get(HOURS, {"branch": branch.code}).status_code == status
    assert client.get(f"{HOURS}{member.pk}/").status_code == status


def test_without_rights_there_is_nothing(client):
    client.force_login(factories.make_user())
    assert client.get(HOURS).status_code == 403


# --- What other pages show --------------------------------------------------------------------


def test_the_facts_of_a_member_ask_more_of_who_leads_and_nothing_of_the_exempt(people):
    leader = people[2]
    study = facts.study_of([one.pk for one in people], TODAY)
    assert [study[one.pk].required for one in people] == [32, 32, 56, 32]
    assert [study[one.pk].behind for one in people] == [False, True, True, False]
    assert study[leader.pk].expected == Decimal("11.7")


def test_the_desk_shows_average_pace_and_who_waits_for_make_up(branch, people):
    _ahead, slow, _leader, freed = people
    factories.make_meeting(
        branch, date(2026, 3, 5), [Type.LECTURE], hours=Decimal("2.0"), absent=[slow, freed]
    )
    study = desk(branch, TODAY, "", next_month=False)["study"]
    assert (study["average"], study["expected"]) == ("13.3", Decimal("8.4"))
    assert (study["required"], study["required_leaders"]) == (32, 56)
    assert (study["behind_count"], study["behind_names"]) == (2, "余海波、林守正")
    assert study["waiting_count"] == 1
    assert study["waiting"] == [
        {
            "name": "余海波",
            "words": "3月5日缺席，2.0 学时",
            "url": f"/meetings/make-ups/?branch={branch.code}&member={slow.pk}",
        }
    ]
    assert study["action_url"] == f"/meetings/make-ups/?branch={branch.code}"


def test_the_desk_of_a_branch_without_anybody_due_shows_no_hours(branch):
    factories.make_exemption(factories.make_member(branch), TODAY, TODAY)
    assert desk(branch, TODAY, "", next_month=False)["study"] is None
