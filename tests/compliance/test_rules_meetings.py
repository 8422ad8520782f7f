from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from branches.models import Changed
from compliance.models import Duty
from compliance.services import refresh
from meetings.enums import MeetingState, Type
from meetings.services.recording import MeetingFacts, register_meeting
from members.enums import MemberKind
from members.models import Membership
from tests import factories
from tests.compliance.verdicts import duty_of, judge_everything, verdict

pytestmark = pytest.mark.django_db

COMMITTEE = "meetings.committee"
MEETING = "meetings.members_meeting"
LECTURE = "meetings.lecture"
THEME_DAY = "meetings.theme_day"
STUDY = "meetings.study_hours"


@pytest.fixture
def branch():
    return factories.make_branch()


# --- 支部委员会 ----------------------------------------------------------------------------


@pytest.fixture
def large_branch(branch):
    factories.make_members(branch, 7)
    return branch


def test_a_committee_meeting_in_the_month_is_enough(large_branch):
    factories.make_meeting(large_branch, date(2026, 9, 10), [Type.COMMITTEE])
    duty = duty_of(COMMITTEE, large_branch, date(2026, 9, 30))
    assert (duty.period, duty.starts_on, duty.ends_on) == (
        "2026-09",
        date(2026, 9, 1),
        date(2026, 9, 30),
    )
    assert (duty.required, duty.actual, duty.state) == (1, 1, "done")
    assert (duty.due_on, duty.met_on, duty.open_since) == (
        date(2026, 9, 30),
        date(2026, 9, 10),
        None,
    )


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        (date(2026, 9, 1), "open"),
        (date(2026, 9, 29), "open"),
        (date(2026, 9, 30), "open"),
        (date(2026, 10, 1), "overdue"),
    ],
)
def test_a_month_without_committee_is_overdue_from_the_next_month_on(large_branch, as_of, state):
    found = verdict(COMMITTEE, large_branch, as_of, of=date(2026, 9, 15))
    assert found == (1, 0, state)


def test_the_committee_rule_starts_at_seven_formal_members(branch):
    factories.make_members(branch, 6)
    factories.make_member(branch, kind=MemberKind.PROBATIONARY, joined_on=date(2026, 1, 10))
    assert verdict(COMMITTEE, branch, date(2026, 9, 30)) is None
    factories.make_member(branch)
    assert verdict(COMMITTEE, branch, date(2026, 9, 30)) == (1, 0, "open")


@pytest.mark.parametrize(
    ("confirmed_on", "as_of", "applies"),
    [
        (date(2026, 9, 30), date(2026, 9, 29), False),
        (date(2026, 9, 30), date(2026, 9, 30), True),
        (date(2026, 9, 30), date(2026, 10, 15), True),
        (date(2026, 10, 1), date(2026, 10, 15), False),
    ],
)
def test_the_seventh_formal_member_counts_on_the_last_day_of_the_month(
    branch, confirmed_on, as_of, applies
):
    factories.make_members(branch, 6)
    factories.make_member(branch, joined_on=date(2025, 9, 1), confirmed_on=confirmed_on)
    duty = duty_of(COMMITTEE, branch, as_of, of=date(2026, 9, 1))
    assert (duty is not None) == applies


def test_a_committee_meeting_of_another_branch_counts_for_nobody_else(large_branch):
    neighbour = factories.make_branch()
    factories.make_meeting(neighbour, date(2026, 9, 10), [Type.COMMITTEE])
    assert verdict(COMMITTEE, large_branch, date(2026, 9, 30)) == (1, 0, "open")


# --- 支部党员大会 --------------------------------------------------------------------------


@pytest.mark.parametrize("state", [MeetingState.PLANNED, MeetingState.CANCELLED])
def test_a_planned_or_cancelled_meeting_does_not_count(branch, state):
    factories.make_meeting(branch, date(2026, 8, 10), [Type.MEMBERS_MEETING], state=state)
    assert verdict(MEETING, branch, date(2026, 9, 30)) == (1, 0, "open")


def test_a_meeting_of_two_types_counts_for_both(branch):
    factories.make_meeting(branch, date(2026, 8, 10), [Type.MEMBERS_MEETING, Type.LECTURE])
    assert verdict(MEETING, branch, date(2026, 9, 30)) == (1, 1, "done")
    assert verdict(LECTURE, branch, date(2026, 9, 30)) == (4, 1, "behind")


def test_the_last_day_of_the_year_belongs_to_the_fourth_quarter(branch):
    factories.make_meeting(branch, date(2026, 12, 31), [Type.MEMBERS_MEETING])
    fourth = duty_of(MEETING, branch, date(2026, 12, 31))
    assert (fourth.period, fourth.state, fourth.met_on) == ("2026-Q4", "done", date(2026, 12, 31))
    first = duty_of(MEETING, branch, date(2027, 1, 1))
    assert (first.period, first.actual, first.state, first.due_on) == (
        "2027-Q1",
        0,
        "open",
        date(2027, 3, 31),
    )


def test_a_quarter_without_meeting_is_overdue_on_new_years_day(branch):
    assert verdict(MEETING, branch, date(2026, 12, 31)) == (1, 0, "open")
    assert verdict(MEETING, branch, date(2027, 1, 1), of=date(2026, 12, 31)) == (1, 0, "overdue")


def test_a_branch_without_members_still_owes_its_meetings(branch):
    assert verdict(MEETING, branch, date(2026, 9, 30)) == (1, 0, "open")
    assert verdict(THEME_DAY, branch, date(2026, 9, 30)) == (1, 0, "open")


# --- 主题党日 -----------------------------------------------------------------------------


def test_a_theme_day_on_29_february_is_one_of_february(branch):
    factories.make_meeting(branch, date(2028, 2, 29), [Type.THEME_DAY])
    february = duty_of(THEME_DAY, branch, date(2028, 3, 1), of=date(2028, 2, 1))
    assert (february.state, february.due_on, february.met_on) == (
        "done",
        date(2028, 2, 29),
        date(2028, 2, 29),
    )
    assert verdict(THEME_DAY, branch, date(2028, 3, 1)) == (1, 0, "open")


def test_a_meeting_after_the_day_of_judging_is_not_counted_yet(branch):
    factories.make_meeting(branch, date(2026, 9, 25), [Type.THEME_DAY])
    assert verdict(THEME_DAY, branch, date(2026, 9, 24)) == (1, 0, "open")
    assert verdict(THEME_DAY, branch, date(2026, 9, 25)) == (1, 1, "done")


def test_two_theme_days_are_met_by_the_first(branch):
    factories.make_meeting(branch, date(2026, 9, 20), [Type.THEME_DAY])
    factories.make_meeting(branch, date(2026, 9, 5), [Type.THEME_DAY])
    duty = duty_of(THEME_DAY, branch, date(2026, 9, 30))
    assert (duty.actual, duty.met_on) == (2, date(2026, 9, 5))


def test_a_meeting_entered_in_october_for_september_counts_for_september(branch):
    secretary = factories.make_user(organisation=branch)
    judge_everything(date(2026, 10, 5))
    september = Duty.objects.get(rule=THEME_DAY, organisation=branch, period="2026-09")
    assert (september.state, september.met_on) == ("overdue", None)
    meeting = register_meeting(
        organisation=branch,
        facts=MeetingFacts(types=(Type.THEME_DAY,), held_on=date(2026, 9, 20)),
        by=secretary,
        today=date(2026, 10, 5),
    )
    assert refresh(as_of=date(2026, 10, 5), organisation=branch) == 1
    september.refresh_from_db()
    assert (september.required, september.actual, september.state) == (1, 1, "done")
    assert september.met_on == date(2026, 9, 20)
    assert september.events.count() == 1
    event = september.events.get()
    assert (event.before, event.after, event.on) == ("overdue", "done", date(2026, 10, 5))
    assert Duty.objects.get(rule=THEME_DAY, organisation=branch, period="2026-10").actual == 0
    assert meeting.held_on == date(2026, 9, 20)
    assert not Changed.objects.exists()


def test_the_day_of_entry_does_not_matter(branch):
    factories.make_meeting(
        branch,
        date(2026, 9, 20),
        [Type.THEME_DAY],
        entered_at=datetime(2026, 11, 3, 1, 0, tzinfo=UTC),
    )
    duty = duty_of(THEME_DAY, branch, date(2026, 11, 3), of=date(2026, 9, 1))
    assert (duty.state, duty.met_on) == ("done", date(2026, 9, 20))


# --- 党课 --------------------------------------------------------------------------------


def give_lectures(branch, *days):
    for day in days:
        factories.make_meeting(branch, day, [Type.LECTURE])


@pytest.mark.parametrize(
    ("as_of", "given", "expected"),
    [
        (date(2026, 3, 31), 0, (4, 0, "open")),
        (date(2026, 4, 1), 0, (4, 0, "behind")),
        (date(2026, 4, 1), 1, (4, 1, "open")),
        (date(2026, 9, 30), 1, (4, 1, "behind")),
        (date(2026, 9, 30), 2, (4, 2, "open")),
        (date(2026, 10, 1), 2, (4, 2, "behind")),
        (date(2026, 12, 31), 2, (4, 2, "behind")),
        (date(2026, 12, 31), 3, (4, 3, "open")),
        (date(2027, 1, 1), 3, (4, 3, "overdue")),
        (date(2027, 1, 1), 4, (4, 4, "done")),
    ],
)
def test_lectures_keep_pace_by_whole_quarters(branch, as_of, given, expected):
    days = [date(2026, 1, 5), date(2026, 2, 6), date(2026, 3, 7), date(2026, 3, 28)]
    give_lectures(branch, *days[:given])
    assert verdict(LECTURE, branch, as_of, of=date(2026, 1, 1)) == expected


def test_lectures_are_met_on_the_day_of_the_fourth(branch):
    give_lectures(
        branch,
        date(2026, 12, 31),
        date(2026, 2, 6),
        date(2026, 8, 1),
        date(2026, 5, 4),
        date(2027, 1, 1),
    )
    duty = duty_of(LECTURE, branch, date(2027, 1, 2), of=date(2026, 1, 1))
    assert (duty.actual, duty.met_on, duty.due_on) == (4, date(2026, 12, 31), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("founded_on", "required"),
    [
        (date(2026, 1, 1), 4),
        (date(2026, 1, 2), 3),
        (date(2026, 4, 1), 3),
        (date(2026, 4, 2), 2),
        (date(2026, 9, 30), 1),
        (date(2026, 10, 1), 1),
        (date(2026, 10, 2), None),
        (date(2026, 12, 31), None),
    ],
)
def test_a_branch_founded_inside_the_year_owes_lectures_for_whole_quarters(founded_on, required):
    branch = factories.make_branch(founded_on=founded_on)
    duty = duty_of(LECTURE, branch, date(2026, 12, 31))
    assert (duty and duty.required) == required


def test_a_branch_founded_in_may_is_not_behind_before_its_first_whole_quarter_ended():
    branch = factories.make_branch(founded_on=date(2026, 5, 20))
    assert verdict(LECTURE, branch, date(2026, 6, 30)) == (2, 0, "open")
    assert verdict(LECTURE, branch, date(2026, 9, 30)) == (2, 0, "open")
    assert verdict(LECTURE, branch, date(2026, 10, 1)) == (2, 0, "behind")


# --- 集中学习学时 --------------------------------------------------------------------------


def study(branch, day, hours, **roster):
    return factories.make_meeting(branch, day, [Type.LECTURE], hours=Decimal(hours), **roster)


def test_thirty_two_hours_are_reached_by_being_present(branch):
    diligent, short, away, absent = factories.make_members(branch, 4)
    study(
        branch, date(2026, 3, 5), "20.0", present=[diligent, short], leave=[away], absent=[absent]
    )
    study(branch, date(2026, 6, 5), "11.5", present=[diligent, short], leave=[away])
    study(branch, date(2026, 8, 5), "0.5", present=[diligent], leave=[short])
    assert verdict(STUDY, branch, date(2026, 9, 30)) == (4, 1, "behind")


def test_hours_of_other_years_and_of_cancelled_meetings_do_not_count(branch):
    member = factories.make_member(branch)
    study(branch, date(2025, 12, 31), "20.0", present=[member])
    study(branch, date(2027, 1, 1), "20.0", present=[member])
    study(branch, date(2026, 5, 1), "20.0", present=[member], state=MeetingState.CANCELLED)
    study(branch, date(2026, 5, 2), "20.0", present=[member])
    assert verdict(STUDY, branch, date(2027, 2, 1), of=date(2026, 1, 1)) == (1, 0, "overdue")


@pytest.mark.parametrize(
    ("as_of", "hours", "state"),
    [
        (date(2026, 1, 1), "0.0", "open"),
        # 182 of 365 days are over: 15.956, which is 16.0.
        (date(2026, 7, 2), "16.0", "open"),
        (date(2026, 7, 2), "15.5", "behind"),
        (date(2026, 12, 31), "31.5", "behind"),
        (date(2026, 12, 31), "32.0", "done"),
        (date(2027, 1, 1), "31.5", "overdue"),
        (date(2027, 1, 1), "32.0", "done"),
    ],
)
def test_study_hours_keep_pace_by_days(branch, as_of, hours, state):
    member = factories.make_member(branch)
    whole, rest = Decimal(hours) // 10, Decimal(hours) % 10
    for number in range(int(whole)):
        study(branch, date(2026, 1, 1 + number), "10.0", present=[member])
    study(branch, date(2026, 1, 1), rest, present=[member])
    found = duty_of(STUDY, branch, as_of, of=date(2026, 1, 1))
    assert (found.required, found.state) == (1, state)


def test_who_moved_branch_takes_the_hours_along(branch):
    member = factories.make_member(branch)
    study(branch, date(2026, 3, 5), "24.0", present=[member])
    study(branch, date(2026, 4, 5), "8.0", present=[member])
    elsewhere = factories.make_branch()
    Membership.objects.filter(member=member).update(ends_on=date(2026, 8, 31))
    Membership.objects.create(member=member, organisation=elsewhere, starts_on=date(2026, 9, 1))
    assert verdict(STUDY, branch, date(2026, 8, 31)) == (1, 1, "done")
    assert verdict(STUDY, branch, date(2026, 9, 1)) is None
    assert verdict(STUDY, elsewhere, date(2026, 9, 1)) == (1, 1, "done")
    study(elsewhere, date(2026, 9, 20), "2.0", present=[member])
    assert verdict(STUDY, elsewhere, date(2026, 9, 30)) == (1, 1, "done")


def test_the_roster_of_a_past_year_is_that_of_its_last_day(branch):
    factories.make_member(branch, ends_on=date(2026, 12, 30))
    factories.make_member(branch, joined_on=date(2027, 1, 1), kind=MemberKind.PROBATIONARY)
    factories.make_member(branch)
    assert verdict(STUDY, branch, date(2027, 1, 15), of=date(2026, 1, 1)) == (1, 0, "overdue")


def test_an_empty_branch_has_no_study_hours_to_reach(branch):
    assert verdict(STUDY, branch, date(2026, 9, 30)) is None


def test_sixty_members_are_counted_one_by_one(branch):
    members = factories.make_members(branch, 60)
    study(branch, date(2026, 2, 2), "20.0", present=members)
    study(branch, date(2026, 2, 3), "12.0", present=members[:59])
    assert verdict(STUDY, branch, date(2026, 6, 30)) == (60, 59, "open")
    study(branch, date(2026, 2, 4), "12.0", present=members[59:])
    assert verdict(STUDY, branch, date(2026, 6, 30)) == (60, 60, "done")


def test_a_branch_founded_in_june_owes_study_hours_of_its_first_year():
    branch = factories.make_branch(founded_on=date(2026, 6, 1))
    factories.make_member(branch, starts_on=date(2026, 6, 1))
    assert verdict(STUDY, branch, date(2026, 9, 30)) == (1, 0, "behind")
