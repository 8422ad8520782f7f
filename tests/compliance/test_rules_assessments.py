"""assessments.standard_studied: a meeting on the branch's building in the year."""

from datetime import date

import pytest

from branches.models import Changed
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES, Certainty, Nature
from compliance.services import refresh
from meetings.enums import MeetingState, Type
from meetings.services.facts import MeetingFacts
from meetings.services.recording import cancel_meeting, register_meeting
from meetings.values import BUILDING_STUDIES_A_YEAR
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, period_on, verdict

pytestmark = pytest.mark.django_db

STUDIED = "assessments.standard_studied"
LAST, LATE = date(2026, 12, 31), date(2027, 1, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def studied(branch, on, **facts):
    return factories.make_meeting(branch, on, [Type.COMMITTEE], on_branch_building=True, **facts)


def test_the_year_is_open_to_its_last_day_and_overdue_after_it(branch):
    factories.make_meeting(branch, date(2026, 5, 8), [Type.COMMITTEE])
    duty = duty_of(STUDIED, branch, LAST)
    assert (duty.period, duty.due_on, duty.state) == ("2026", LAST, "open")
    assert verdict(STUDIED, branch, LATE, of=LAST) == (1, 0, "overdue")


@pytest.mark.parametrize("on", [date(2026, 1, 1), LAST])
def test_one_meeting_of_the_year_is_enough_and_any_type_will_do(branch, on):
    factories.make_meeting(branch, on, [Type.THEME_DAY], on_branch_building=True)
    duty = duty_of(STUDIED, branch, LATE, of=LAST)
    assert (duty.required, duty.actual, duty.state, duty.met_on) == (1, 1, "done", on)


def test_meetings_of_other_years_planned_and_cancelled_ones_do_not_count(branch):
    studied(branch, date(2025, 12, 31))
    studied(branch, date(2026, 6, 1), state=MeetingState.PLANNED)
    studied(branch, date(2026, 6, 2), state=MeetingState.CANCELLED)
    assert verdict(STUDIED, branch, date(2026, 9, 30)) == (1, 0, "open")


def test_committees_owe_nothing_here(branch):
    studied(branch.parent, date(2026, 6, 1))
    duty_of(STUDIED, branch, LAST)
    assert set(Duty.objects.values_list("organisation", flat=True)) == {branch.pk}


def test_a_county_that_asks_for_two_gets_two(branch):
    studied(branch, date(2026, 3, 5))
    county_value(BUILDING_STUDIES_A_YEAR, 2, date(2026, 6, 1))
    assert verdict(STUDIED, branch, date(2026, 5, 31)) == (1, 1, "done")
    assert verdict(STUDIED, branch, LAST) == (2, 1, "open")


def test_its_records_and_their_pages_are_named(branch):
    meeting = studied(branch, date(2026, 3, 5), topic="班子分工")
    rule = RULES[STUDIED]
    question = question_for(rule, period_on(STUDIED, LAST), LAST, Values())
    [record] = rule.evidence(question, branch).counted
    assert (record.text, record.on, record.note) == ("班子分工", date(2026, 3, 5), "支部委员会")
    assert record.url == f"/meetings/{meeting.pk}/"


def test_it_is_the_countys_own_and_says_so():
    rule = RULES[STUDIED]
    assert (rule.nature, rule.certainty) == (Nature.LOCAL, Certainty.COUNTY)
    assert "条文待核实" in rule.source
    assert "不是对支部的要求" in rule.source


def test_recording_it_and_taking_it_back_are_noticed_at_once(branch):
    duty_of(STUDIED, branch, LAST)
    facts = MeetingFacts((Type.COMMITTEE,), date(2026, 6, 1), on_branch_building=True)
    meeting = register_meeting(
        organisation=branch, facts=facts, state=MeetingState.HELD, by=None, today=LAST
    )
    refresh(as_of=LAST)
    assert Duty.objects.get(rule=STUDIED, organisation=branch, period="2026").state == "done"
    cancel_meeting(meeting=meeting, version=meeting.version, by=None, reason="重复登记")
    refresh(as_of=LAST)
    assert Duty.objects.get(rule=STUDIED, organisation=branch, period="2026").state == "open"
    assert not Changed.objects.exists()
