"""Study hours: presences, make-ups and courses in one sum, and who stands where."""

from datetime import date
from decimal import Decimal

import pytest

from branches.values import Values
from meetings.enums import MeetingState, Type
from meetings.hours import exempt_on, hours_by_member, hours_of, leaders_of, posts_among
from meetings.models import Attendance, Meeting
from meetings.study import Sums, missed, standings
from members.models import Membership
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
DAY = date(2026, 3, 18)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def member(branch):
    return factories.make_member(branch)


def lecture(branch, day=date(2026, 3, 5), hours="2.0", **facts):
    return factories.make_meeting(branch, day, [Type.LECTURE], hours=Decimal(hours), **facts)


def test_presence_make_up_and_course_add_up(branch, member):
    lecture(branch, present=[member])
    missed_one = lecture(branch, date(2026, 3, 10), "1.5", leave=[member])
    factories.make_make_up(missed_one, member, date(2026, 3, 12), "1.5")
    factories.make_training(branch, date(2026, 3, 14), people=[member], hours="8.0")
    assert hours_by_member(*YEAR) == {member.pk: Decimal("11.5")}
    assert hours_by_member(*YEAR, members=[member.pk]) == {member.pk: Decimal("11.5")}
    assert hours_by_member(*YEAR, members=[]) == {}


def test_a_make_up_counts_on_the_day_it_was_done_even_next_year(branch, member):
    held = lecture(branch, date(2026, 12, 31), absent=[member])
    factories.make_make_up(held, member, date(2027, 1, 2))
    assert hours_by_member(*YEAR) == {}
    assert hours_by_member(date(2027, 1, 2), date(2027, 1, 2)) == {member.pk: Decimal("2.0")}


def test_a_make_up_no_longer_counts_once_the_member_was_there(branch, member):
    held = lecture(branch, absent=[member])
    factories.make_make_up(held, member, date(2026, 3, 12))
    Attendance.objects.update(state="present")
    assert hours_by_member(*YEAR) == {member.pk: Decimal("2.0")}
    made_up = [line for line in hours_of(member, 2026) if line.kind == "补学"]
    assert [(line.counts, line.topic) for line in made_up] == [(False, "已改为到会，补学不再计入")]


def test_a_meeting_taken_back_takes_its_make_ups_along(branch, member):
    held = lecture(branch, absent=[member])
    factories.make_make_up(held, member, date(2026, 3, 12))
    Meeting.objects.update(state=MeetingState.CANCELLED)
    assert hours_by_member(*YEAR) == {}
    assert [line.counts for line in hours_of(member, 2026)] == [False]


def test_a_course_counts_on_its_last_day_and_not_when_cancelled(branch, member):
    course = factories.make_training(
        branch, date(2027, 1, 1), starts_on=date(2026, 12, 30), people=[member]
    )
    assert hours_by_member(*YEAR) == {}
    assert hours_by_member(date(2027, 1, 1), date(2027, 12, 31)) == {member.pk: Decimal("8.0")}
    course.cancelled_at = "2027-01-05T00:00Z"
    course.save()
    assert hours_by_member(date(2027, 1, 1), date(2027, 12, 31)) == {}


def test_the_lines_of_a_member_add_up_to_the_sum(branch, member):
    lecture(branch, present=[member], topic="学习党章")
    factories.make_make_up(
        lecture(branch, date(2026, 2, 10), leave=[member]), member, date(2026, 2, 28)
    )
    factories.make_training(branch, date(2026, 1, 9), people=[member], title="新春培训")
    lines = hours_of(member, 2026)
    assert [(line.on, line.kind, line.hours) for line in lines] == [
        (date(2026, 1, 9), "培训", Decimal("8.0")),
        (date(2026, 2, 28), "补学", Decimal("2.0")),
        (date(2026, 3, 5), "会议", Decimal("2.0")),
    ]
    assert lines[2].topic == "学习党章"
    assert sum(line.hours for line in lines if line.counts) == hours_by_member(*YEAR)[member.pk]
    assert [line.kind for line in hours_of(member, 2026, until=date(2026, 2, 27))] == ["培训"]


def test_a_reader_sees_that_there_was_a_meeting_elsewhere_and_no_more(branch, member):
    elsewhere = factories.make_branch()
    lecture(elsewhere, present=[member], topic="走访看望老党员")
    (line,) = hours_of(member, 2026, reader=factories.make_user("secretary", branch))
    assert (line.topic, line.place, line.hours) == ("在其他支部", None, Decimal("2.0"))


def test_as_many_queries_for_many_members_as_for_one(branch):
    values = Values()
    for _ in range(3):
        held = lecture(branch, leave=[person := factories.make_member(branch)])
        factories.make_make_up(held, person, DAY)
    many = count_of(lambda: standings([branch.pk], DAY, values=values))
    other = factories.make_branch()
    factories.make_member(other)
    assert many == count_of(lambda: standings([other.pk], DAY, values=values)) == 6


# --- Of whom how much -----------------------------------------------------------------------


def test_committee_posts_of_a_branch_ask_for_more_and_others_do_not(branch, member):
    other = factories.make_member(branch)
    factories.make_post(branch, "publicity", member=member)
    factories.make_post(branch, "secretary", member=member)
    factories.make_post(branch, "group_leader", member=other)
    factories.make_post(branch.parent, "member", member=other)
    factories.make_post(branch, "organisation")
    assert leaders_of([branch.pk], DAY) == {branch.pk: {member.pk}}
    assert posts_among([member.pk, other.pk], DAY) == {member.pk: "书记"}
    asked = {one.member_id: one.required for one in standings([branch.pk], DAY)}
    assert asked == {member.pk: 56, other.pk: 32}


def test_a_post_that_ended_yesterday_asks_for_no_more(branch, member):
    factories.make_post(branch, "deputy", member=member, ends_on=date(2026, 3, 17))
    assert posts_among([member.pk], date(2026, 3, 17)) == {member.pk: "副书记"}
    assert posts_among([member.pk], DAY) == {}


@pytest.mark.parametrize(
    ("hours", "state"), [("6.6", "behind"), ("6.7", "open"), ("31.9", "open"), ("32.0", "done")]
)
def test_the_state_follows_the_even_pace(branch, member, hours, state):
    # 76 of 365 days are over on 18 March: 6.66, which is 6.7.
    factories.make_training(branch, date(2026, 3, 1), people=[member], hours=hours)
    (one,) = standings([branch.pk], DAY)
    assert (one.pace, one.state) == (Decimal("6.7"), state)


def test_a_year_that_is_over_asks_for_everything(branch, member):
    factories.make_training(branch, date(2025, 3, 1), people=[member], hours="31.5")
    (one,) = standings([branch.pk], date(2025, 12, 31), over=True)
    assert (one.pace, one.state) == (Decimal(32), "behind")


def test_the_exempt_are_counted_apart(branch, member):
    freed = factories.make_member(branch)
    factories.make_exemption(freed, date(2026, 1, 1), DAY)
    factories.make_training(branch, date(2026, 3, 1), people=[member], hours="9.0")
    sums = Sums.of(standings([branch.pk], DAY))
    assert (sums.due, sums.exempt, sums.average) == (1, 1, Decimal("9.0"))
    assert set(exempt_on(DAY)) == {freed.pk}
    assert exempt_on(date(2026, 3, 19)) == {}


def test_who_moves_takes_the_hours_along(branch, member):
    lecture(branch, present=[member])
    elsewhere = factories.make_branch()
    Membership.objects.update(ends_on=date(2026, 3, 9))
    Membership.objects.create(member=member, organisation=elsewhere, starts_on=date(2026, 3, 10))
    assert standings([branch.pk], DAY) == []
    assert [one.hours for one in standings([elsewhere.pk], DAY)] == [Decimal("2.0")]


# --- Who missed what --------------------------------------------------------------------------


def waiting(branch, day=DAY):
    rows = missed(Meeting.objects.filter(organisation=branch), day)
    return list(rows.values_list("meeting_id", "member_id"))


def test_leave_and_absence_at_meetings_with_hours_wait_for_make_up(branch, member):
    other = factories.make_member(branch)
    held = lecture(branch, leave=[member], absent=[other])
    lecture(branch, date(2026, 3, 6), present=[member, other])
    lecture(branch, date(2026, 3, 7), "0", absent=[member])
    lecture(branch, date(2026, 3, 20), absent=[member], state=MeetingState.PLANNED)
    lecture(branch, date(2026, 3, 8), absent=[member], state=MeetingState.CANCELLED)
    assert waiting(branch) == [(held.pk, member.pk), (held.pk, other.pk)]
    factories.make_make_up(held, member, date(2026, 3, 9))
    assert waiting(branch) == [(held.pk, other.pk)]


def test_who_left_or_is_exempt_does_not_wait_and_who_moved_does(branch):
    left = factories.make_member(branch, ends_on=date(2026, 3, 10))
    freed, moved = factories.make_members(branch, 2)
    factories.make_exemption(freed, date(2026, 3, 1), date(2026, 6, 30))
    held = lecture(branch, absent=[left, freed, moved])
    moved.memberships.update(ends_on=date(2026, 3, 9))
    elsewhere = factories.make_branch()
    Membership.objects.create(member=moved, organisation=elsewhere, starts_on=date(2026, 3, 10))
    assert waiting(branch) == [(held.pk, moved.pk)]
    assert waiting(branch, date(2026, 7, 1)) == [(held.pk, freed.pk), (held.pk, moved.pk)]
