"""年度开展情况: days by month, what was kept of what was owed, who may look."""

import datetime

import pytest
from django.urls import reverse

from accounts.roles import Role
from branches.models import Form, Organisation
from meetings.enums import MeetingState, Type
from meetings.overview import Line, Overview, days_text
from tests import factories as make
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 4, 20)
URL = reverse("meetings:year")


@pytest.fixture(autouse=True)
def today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return make.make_committee(make.make_county(), code="T1")


@pytest.fixture
def branch(committee):
    return make.make_branch(committee, code="B1")


def day(month, number, year=2026):
    return datetime.date(year, month, number)


def line(branch, type, *, year=2026, today=TODAY) -> Line:
    branches = Organisation.objects.filter(pk=branch.pk)
    (found,) = Overview(branches, year, today=today, types=[type]).lines(branches)
    return found


def kept(branch, type, **when):
    found = line(branch, type, **when)
    return found.done, found.due, sorted(found.missed)


# --- Counting -------------------------------------------------------------------------------


def test_months_that_are_over_are_owed_and_the_running_one_only_when_kept(branch):
    make.make_meeting(branch, day(1, 10), (Type.THEME_DAY,))
    make.make_meeting(branch, day(3, 5), (Type.THEME_DAY, Type.LECTURE))
    make.make_meeting(branch, day(3, 19), (Type.THEME_DAY,))
    assert kept(branch, Type.THEME_DAY) == (2, 3, [2])
    make.make_meeting(branch, day(4, 2), (Type.THEME_DAY,))
    found = line(branch, Type.THEME_DAY)
    assert (found.done, found.due, found.share, found.times) == (3, 4, 75, 4)
    assert days_text(found.months[3], 2026) == "5、19"


def test_only_held_meetings_count_and_none_after_today(branch):
    make.make_meeting(branch, day(2, 10), (Type.THEME_DAY,), state=MeetingState.PLANNED)
    make.make_meeting(branch, day(3, 10), (Type.THEME_DAY,), state=MeetingState.CANCELLED)
    assert kept(branch, Type.THEME_DAY) == (0, 3, [1, 2, 3])


def test_members_meetings_are_counted_by_quarters(branch):
    make.make_meeting(branch, day(3, 31))
    assert kept(branch, Type.MEMBERS_MEETING) == (1, 1, [])
    assert kept(branch, Type.MEMBERS_MEETING, today=day(7, 1)) == (1, 2, [6])


def test_lectures_are_counted_one_by_one(branch):
    for number in (1, 2):
        make.make_meeting(branch, day(2, number), (Type.LECTURE,))
    assert kept(branch, Type.LECTURE) == (2, 2, [])
    assert kept(branch, Type.LECTURE, today=day(1, 1, 2027)) == (2, 4, [])


def test_a_committee_is_owed_from_seven_formal_members_on(branch):
    members = make.make_members(branch, 6)
    assert kept(branch, Type.COMMITTEE) == (0, 0, [])
    members += make.make_members(branch, 1, starts_on=day(3, 1))
    assert kept(branch, Type.COMMITTEE) == (0, 1, [3])
    make.make_meeting(branch, day(3, 2), (Type.COMMITTEE,))
    assert kept(branch, Type.COMMITTEE) == (1, 1, [])


def test_every_group_has_to_meet(branch):
    assert kept(branch, Type.GROUP) == (0, 0, [])
    first, second = make.make_group(branch), make.make_group(branch, starts_on=day(3, 1))
    for month in (1, 2, 3):
        make.make_meeting(branch, day(month, 5), (Type.GROUP,), group=first)
    assert kept(branch, Type.GROUP) == (2, 3, [3])
    make.make_meeting(branch, day(3, 6), (Type.GROUP,), group=second)
    assert kept(branch, Type.GROUP) == (3, 3, [])


def test_a_life_meeting_counts_for_its_year_whenever_it_was_held(branch):
    make.make_meeting(branch, day(2, 3), (Type.LIFE_MEETING,), for_year=2025)
    assert kept(branch, Type.LIFE_MEETING, year=2025) == (1, 1, [])
    assert kept(branch, Type.LIFE_MEETING, year=2026) == (0, 0, [])
    found = line(branch, Type.LIFE_MEETING, year=2025)
    assert days_text(found.months[12], 2025) == "次年2月3日"


def test_a_life_meeting_is_missed_only_after_the_last_day_for_it(branch):
    assert kept(branch, Type.LIFE_MEETING, year=2025, today=day(3, 31)) == (0, 0, [])
    assert kept(branch, Type.LIFE_MEETING, year=2025, today=day(4, 1)) == (0, 1, [12])


def test_a_temporary_branch_owes_no_appraisal(committee):
    temporary = make.make_branch(committee, form=Form.TEMPORARY)
    assert kept(temporary, Type.APPRAISAL, year=2025) == (0, 0, [])
    assert kept(temporary, Type.LIFE_MEETING, year=2025) == (0, 1, [12])


def test_a_branch_founded_in_the_year_owes_its_whole_months_only(committee):
    young = make.make_branch(committee, founded_on=day(2, 2))
    assert kept(young, Type.THEME_DAY) == (0, 1, [3])
    assert kept(young, Type.MEMBERS_MEETING, today=day(7, 1)) == (0, 1, [6])
    assert kept(young, Type.LECTURE, today=day(1, 1, 2027)) == (0, 3, [])


def test_a_branch_dissolved_in_the_year_owes_what_came_before(committee):
    gone = make.make_branch(committee, dissolved_on=day(3, 10))
    assert kept(gone, Type.THEME_DAY) == (0, 2, [1, 2])


def test_the_last_day_of_the_year_closes_december(branch):
    assert kept(branch, Type.THEME_DAY, year=2024, today=day(12, 31, 2024))[1] == 11
    make.make_meeting(branch, day(12, 31, 2024), (Type.THEME_DAY,))
    make.make_meeting(branch, day(2, 29, 2024), (Type.THEME_DAY,))
    assert kept(branch, Type.THEME_DAY, year=2024, today=day(12, 31, 2024))[:2] == (2, 12)


# --- The page -------------------------------------------------------------------------------


def test_a_branch_sees_its_kinds_with_links(client, branch):
    meeting = make.make_meeting(branch, day(3, 5), (Type.THEME_DAY,))
    client.force_login(make.make_user(Role.SECRETARY, branch))
    page = client.get(URL)
    rows = {row["name"]: row for row in page.context["rows"]}
    assert rows["主题党日"]["kept"] == "1 / 3 个月"
    assert (rows["主题党日"]["share"], rows["主题党日"]["kind"]) == ("33%", "late")
    (cell,) = [cell for cell in rows["主题党日"]["cells"] if cell["days"]]
    assert cell["days"][0]["url"] == reverse("meetings:detail", args=[meeting.pk])
    assert "支委会" not in rows
    assert reverse("ledgers:meetings_book") in page.context["export_url"]
    text = page.content.decode()
    assert "应办事项" in text
    assert cell["days"][0]["url"] in text


def test_a_committee_sees_its_branches_by_kind_worst_first(client, committee, branch):
    other = make.make_branch(committee, code="B0")
    make.make_meeting(other, day(3, 5), (Type.THEME_DAY,))
    make.make_branch(make.make_committee(committee.parent), code="B9")
    client.force_login(make.make_user(Role.COMMITTEE_OFFICER, committee))
    page = client.get(URL)
    assert [row["name"] for row in page.context["rows"]] == [
        branch.short_name,
        other.short_name,
    ]
    assert page.context["total"] == {"kept": "1 / 6 个月", "share": "16%"}
    page = client.get(URL, {"kind": "lecture", "year": 2025})
    assert page.context["total"]["kept"] == "0 / 8 次"
    page = client.get(URL, {"branch": "B1"})
    assert page.context["first_heading"] == "会议类型"


def test_the_neighbour_is_out_of_sight_and_nobody_has_to_log_in(client, committee, branch):
    other = make.make_branch(committee, code="B0")
    client.force_login(make.make_user(Role.SECRETARY, other))
    assert client.get(URL, {"branch": "B1"}).status_code == 404
    client.logout()
    assert client.get(URL).status_code == 302


def test_an_inspector_may_look(client, committee, branch):
    client.force_login(make.make_user(Role.INSPECTOR, committee))
    assert client.get(URL, {"branch": "B1"}).status_code == 200


@pytest.mark.parametrize("kind", ["theme_day", "committee", "group"])
def test_more_branches_need_no_more_queries(client, committee, branch, kind):
    client.force_login(make.make_user(Role.COMMITTEE_OFFICER, committee))
    make.make_branch(committee)

    def look():
        assert client.get(URL, {"kind": kind}).status_code == 200

    one = count_of(look)
    for _ in range(2):
        other = make.make_branch(committee)
        make.make_group(other)
        make.make_members(other, 7)
        make.make_meeting(other, day(3, 5), (Type(kind),))
    assert count_of(look) == one
