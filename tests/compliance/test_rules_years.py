"""组织生活会 and 民主评议: once for a year, due 31 March of the next, wherever in it they were held."""

from datetime import date

import pytest

from branches.models import Changed
from branches.periods import period_named
from branches.values import Values
from compliance.judging import horizon_on, question_for
from compliance.models import Duty
from compliance.registry import RULES, Nature
from compliance.rules.meetings.years import YEARLY_UNTIL
from compliance.services import refresh
from compliance.wording import badge, mark
from meetings.enums import MeetingState, Type
from meetings.models import Appraisal, Meeting
from meetings.services import recording
from meetings.services.recording import MeetingFacts
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, stored_duties, verdict

pytestmark = pytest.mark.django_db

LIFE, APPRAISAL = "meetings.life_meeting", "meetings.appraisal"
BOTH = [(LIFE, Type.LIFE_MEETING), (APPRAISAL, Type.APPRAISAL)]
YEAR = date(2026, 6, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def held(branch, day, type_=Type.LIFE_MEETING, year=2026, **facts):
    return factories.make_meeting(branch, day, [type_], for_year=year, **facts)


@pytest.mark.parametrize(("code", "type_"), BOTH)
def test_one_meeting_for_the_year_is_enough(branch, code, type_):
    held(branch, date(2026, 12, 5), type_)
    duty = duty_of(code, branch, date(2026, 12, 5))
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026", 1, 1, "done")
    assert (duty.due_on, duty.met_on) == (date(2027, 3, 31), date(2026, 12, 5))


@pytest.mark.parametrize(("code", "type_"), BOTH)
@pytest.mark.parametrize("day", [date(2027, 1, 1), date(2027, 2, 28), date(2027, 3, 31)])
def test_a_meeting_early_in_the_next_year_counts_for_the_year_before(branch, code, type_, day):
    held(branch, day, type_)
    assert verdict(code, branch, day, of=YEAR) == (1, 1, "done")
    assert verdict(code, branch, day) == (1, 0, "open")
    duty = Duty.objects.get(rule=code, period="2026")
    assert duty.met_on == day


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        (date(2026, 1, 1), "open"),
        (date(2026, 12, 31), "open"),
        (date(2027, 1, 1), "behind"),
        (date(2027, 3, 31), "behind"),
        (date(2027, 4, 1), "overdue"),
    ],
)
def test_no_life_meeting_is_amber_after_the_year_and_red_after_march(branch, as_of, state):
    assert verdict(LIFE, branch, as_of, of=YEAR) == (1, 0, state)


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        (date(2026, 12, 31), "open"),
        (date(2027, 3, 31), "open"),
        (date(2027, 4, 1), "behind"),
        (date(2027, 12, 31), "behind"),
    ],
)
def test_no_appraisal_is_amber_at_worst(branch, as_of, state):
    """一般每年一次: advice, unless the county says otherwise."""
    assert RULES[APPRAISAL].nature == Nature.NORMALLY
    assert verdict(APPRAISAL, branch, as_of, of=YEAR) == (1, 0, state)


def test_the_county_may_make_the_appraisal_red_and_set_another_month(branch):
    county_value(RULES[APPRAISAL].strict_key, True, date(2026, 1, 1))
    county_value(YEARLY_UNTIL, 2, date(2026, 1, 1))
    assert verdict(APPRAISAL, branch, date(2027, 2, 28), of=YEAR) == (1, 0, "open")
    assert verdict(APPRAISAL, branch, date(2027, 3, 1), of=YEAR) == (1, 0, "overdue")


def test_the_last_of_february_is_the_29th_in_a_leap_year(branch):
    county_value(YEARLY_UNTIL, 2, date(2026, 1, 1))
    duty = duty_of(LIFE, branch, date(2028, 2, 29), of=date(2027, 6, 1))
    assert (duty.due_on, duty.state) == (date(2028, 2, 29), "behind")


def test_a_late_meeting_heals_the_year_and_keeps_its_day(branch):
    assert verdict(LIFE, branch, date(2027, 4, 1), of=YEAR) == (1, 0, "overdue")
    held(branch, date(2027, 4, 20))
    duty = duty_of(LIFE, branch, date(2027, 4, 20), of=YEAR)
    assert (duty.state, duty.met_on) == ("done", date(2027, 4, 20))


def test_a_meeting_counts_from_its_day_on_only(branch):
    held(branch, date(2027, 2, 10))
    assert verdict(LIFE, branch, date(2027, 2, 9), of=YEAR) == (1, 0, "behind")


@pytest.mark.parametrize("state", [MeetingState.PLANNED, MeetingState.CANCELLED])
def test_a_planned_or_cancelled_meeting_counts_for_nothing(branch, state):
    held(branch, date(2026, 12, 5), state=state)
    assert verdict(LIFE, branch, date(2026, 12, 31)) == (1, 0, "open")


def test_a_meeting_without_a_year_counts_for_that_of_its_day(branch):
    held(branch, date(2026, 2, 5), year=None)
    assert verdict(LIFE, branch, date(2026, 2, 5)) == (1, 1, "done")
    assert verdict(LIFE, branch, date(2026, 2, 5), of=date(2025, 6, 1)) == (1, 0, "behind")


def test_one_kind_does_not_stand_for_the_other_unless_the_meeting_was_both(branch):
    held(branch, date(2026, 12, 5))
    assert verdict(APPRAISAL, branch, date(2026, 12, 31)) == (1, 0, "open")
    factories.make_meeting(
        branch, date(2026, 12, 6), [Type.LIFE_MEETING, Type.APPRAISAL], for_year=2026
    )
    assert verdict(APPRAISAL, branch, date(2026, 12, 31)) == (1, 1, "done")
    assert verdict(LIFE, branch, date(2026, 12, 31)) == (1, 2, "done")


def test_a_branch_founded_inside_the_year_owes_the_next_one():
    young = factories.make_branch(founded_on=date(2026, 1, 2))
    assert verdict(LIFE, young, date(2026, 12, 31)) is None
    assert verdict(LIFE, young, date(2027, 6, 1)) == (1, 0, "open")
    old = factories.make_branch(founded_on=date(2026, 1, 1))
    assert verdict(LIFE, old, date(2026, 12, 31)) == (1, 0, "open")


def test_a_branch_dissolved_in_the_year_owes_nothing_for_it():
    gone = factories.make_branch(dissolved_on=date(2026, 12, 31))
    assert verdict(LIFE, gone, date(2026, 12, 31)) is None
    later = factories.make_branch(dissolved_on=date(2027, 1, 5))
    assert verdict(LIFE, later, date(2027, 1, 4), of=YEAR) == (1, 0, "behind")


def test_members_are_appraised_where_their_relations_are():
    branch = factories.make_branch(form="temporary")
    assert verdict(APPRAISAL, branch, date(2026, 12, 31)) is None
    assert verdict(LIFE, branch, date(2026, 12, 31)) == (1, 0, "open")


def test_a_second_run_changes_nothing(branch):
    held(branch, date(2027, 1, 9))
    duty_of(LIFE, branch, date(2027, 2, 1), of=YEAR)
    before = stored_duties()
    duty_of(LIFE, branch, date(2027, 2, 1), of=YEAR)
    assert stored_duties() == before


def test_the_year_is_judged_while_its_due_day_lies_ahead_and_long_after(branch):
    held(branch, date(2025, 12, 5), year=2025)
    for day in (date(2027, 1, 1), date(2027, 4, 1), date(2027, 12, 31)):
        periods = horizon_on(day, Values()).periods(RULES[LIFE])
        assert period_named("2026") in periods


def test_a_meeting_of_february_reaches_the_duty_of_the_year_before_at_once(branch):
    """The note of a change names the day of the meeting, which lies after the year."""
    member = factories.make_member(branch)
    user = factories.make_user("secretary", branch)
    held(branch, date(2025, 12, 5), year=2025)
    as_of = date(2027, 2, 20)
    assert duty_of(LIFE, branch, as_of, of=YEAR).state == "behind"
    Changed.objects.all().delete()
    meeting = recording.register_meeting(
        organisation=branch,
        facts=MeetingFacts(
            types=(Type.LIFE_MEETING,),
            held_on=date(2027, 2, 19),
            for_year=2026,
            presences={member.pk: recording.Presence("present")},
        ),
        by=user,
        today=as_of,
    )
    refresh(as_of=as_of)
    assert Duty.objects.get(rule=LIFE, period="2026").state == "done"
    recording.cancel_meeting(meeting=meeting, version=meeting.version, by=user, reason="登错")
    refresh(as_of=as_of)
    assert Duty.objects.get(rule=LIFE, period="2026").state == "behind"


def evidence(code, branch, as_of=date(2027, 2, 20)):
    rule = RULES[code]
    question = question_for(rule, period_named("2026"), as_of, Values())
    return rule.evidence(question, branch)


def test_the_records_shown_are_those_counted(branch):
    held(branch, date(2027, 2, 10), topic="查摆问题")
    held(branch, date(2026, 2, 10), year=2025, topic="上一年")
    found = evidence(LIFE, branch)
    assert [(record.text, record.on) for record in found.counted] == [
        ("查摆问题", date(2027, 2, 10))
    ]
    assert found.counted[0].note == "组织生活会，所属年度 2026年"
    assert ("最迟", "2027年3月31日") in found.facts


def test_the_appraisal_itself_stands_beside_the_meeting(branch):
    assert evidence(APPRAISAL, branch).missing[0].note == "还没有登记会议"
    meeting = held(branch, date(2027, 2, 10), Type.APPRAISAL)
    Appraisal.objects.create(
        organisation=branch, year=2026, meeting=meeting, closed_on=date(2027, 2, 15)
    )
    found = evidence(APPRAISAL, branch)
    assert [record.on for record in found.counted] == [date(2027, 2, 10)]
    assert found.missing == []
    assert ("评议登记", "2027年2月15日办结") in found.facts
    assert ("评议登记", "还没有办结") in evidence(APPRAISAL, branch, date(2027, 2, 14)).facts
    assert Meeting.objects.count() == 1


def test_the_badge_says_how_many_days_are_late(branch):
    duty = duty_of(LIFE, branch, date(2027, 4, 2), of=YEAR)
    mark = badge(duty, date(2027, 4, 2), 7)
    assert (mark.kind, mark.words) == ("late", "逾期 2 天")


def test_a_year_that_is_over_is_not_called_this_year(branch):
    assert mark(duty_of(LIFE, branch, date(2026, 12, 31)), date(2026, 12, 31), 7).words == (
        "今年未开"
    )
    duty_of(LIFE, branch, date(2027, 1, 20))
    over = Duty.objects.get(rule=LIFE, period="2026", organisation=branch)
    assert mark(over, date(2027, 1, 20), 7).words == "未开"
