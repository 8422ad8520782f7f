"""党委（党组）书记讲党课: once a year, wherever it was given."""

from datetime import date

import pytest

from branches.changes import note_change
from branches.models import Kind
from branches.periods import period_named
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import refresh
from meetings.enums import MeetingState, Type
from members.enums import PostTitle
from tests import factories
from tests.compliance.verdicts import duty_of, stored_duties, verdict
from tests.queries import count_of

pytestmark = pytest.mark.django_db

CODE = "meetings.secretary_lecture"
END = date(2026, 12, 31)
DAY = date(2026, 5, 12)


@pytest.fixture
def town():
    return factories.make_committee()


@pytest.fixture
def branch(town):
    return factories.make_branch(town)


@pytest.fixture
def secretary(town, branch):
    """A member of the branch who is secretary of the town's committee."""
    member = factories.make_member(branch, "沈知行")
    factories.make_post(town, member=member)
    return member


def lecture(branch, day=DAY, lecturer=None, **facts):
    if lecturer:
        facts.setdefault("lecturer_name", lecturer.name)
    return factories.make_meeting(branch, day, [Type.LECTURE], lecturer=lecturer, **facts)


def test_a_lecture_in_a_branch_counts_for_the_committee(town, branch, secretary):
    assert verdict(CODE, town, END) == (1, 0, "open")
    lecture(branch, lecturer=secretary)
    duty = duty_of(CODE, town, END)
    assert (duty.required, duty.actual, duty.state, duty.met_on) == (1, 1, "done", DAY)
    assert duty.due_on == END


def test_a_lecture_anywhere_counts(town, secretary):
    lecture(factories.make_branch(), lecturer=secretary)
    assert verdict(CODE, town, END) == (1, 1, "done")


def test_the_next_year_a_missing_lecture_is_overdue(town, secretary):
    assert verdict(CODE, town, date(2027, 1, 1), of=DAY) == (1, 0, "overdue")


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (Kind.COMMITTEE, True),
        (Kind.WORKING_COMMITTEE, True),
        (Kind.LEADING_GROUP, True),
        (Kind.GENERAL_BRANCH, False),
        (Kind.BRANCH, False),
        (Kind.COUNTY, False),
    ],
)
def test_committees_and_leading_groups_are_asked(kind, asked):
    county = None if kind == Kind.COUNTY else factories.make_county()
    organisation = factories.make_organisation(kind, county)
    assert (duty_of(CODE, organisation, END) is not None) == asked


def test_somebody_elses_lecture_does_not_count(town, branch, secretary):
    lecture(branch, lecturer=factories.make_member(branch))
    deputy = factories.make_member(branch)
    factories.make_post(town, PostTitle.DEPUTY, member=deputy)
    lecture(branch, date(2026, 7, 1), lecturer=deputy)
    assert verdict(CODE, town, END) == (1, 0, "open")


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "counts"),
    [
        (DAY, None, 1),
        (date(2026, 5, 13), None, 0),
        (None, DAY, 1),
        (None, date(2026, 5, 11), 0),
    ],
)
def test_who_was_secretary_on_that_day_counts(town, branch, starts_on, ends_on, counts):
    member = factories.make_member(branch)
    factories.make_post(town, member=member, starts_on=starts_on, ends_on=ends_on)
    lecture(branch, lecturer=member)
    assert duty_of(CODE, town, END).actual == counts


def test_a_meeting_of_the_committee_itself_counts(town):
    lecture(town)
    assert verdict(CODE, town, END) == (1, 1, "done")


def test_a_secretary_known_by_name_is_looked_up_inside_the_own_organisation(town, branch):
    factories.make_post(town, person_name="廖舟")
    outside = factories.make_branch()
    lecture(outside, lecturer_name="廖舟")
    assert verdict(CODE, town, END) == (1, 0, "open")
    lecture(branch, lecturer_name="廖舟")
    assert verdict(CODE, town, END) == (1, 1, "done")


def test_a_secretary_on_a_roster_is_found_by_name_where_the_lecture_has_a_name_only(
    town, branch, secretary
):
    lecture(factories.make_branch(), lecturer_name=secretary.name)
    assert verdict(CODE, town, END) == (1, 0, "open")
    lecture(branch, lecturer_name=secretary.name)
    assert verdict(CODE, town, END) == (1, 1, "done")


def test_two_committees_of_one_secretary_each_have_the_lecture(town, branch, secretary):
    other = factories.make_committee(town.parent, "荻浦镇党委")
    factories.make_post(other, member=secretary)
    lecture(branch, lecturer=secretary)
    assert verdict(CODE, town, END) == (1, 1, "done")
    assert verdict(CODE, other, END) == (1, 1, "done")


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_a_lecture_of_another_year_does_not_count(town, branch, secretary, day):
    lecture(branch, day, lecturer=secretary)
    assert verdict(CODE, town, date(2027, 1, 2), of=DAY) == (1, 0, "overdue")


def test_a_lecture_on_the_last_of_december_and_one_on_a_leap_day_count(town, branch, secretary):
    lecture(branch, END, lecturer=secretary)
    assert verdict(CODE, town, END) == (1, 1, "done")
    lecture(branch, date(2028, 2, 29), lecturer=secretary)
    assert verdict(CODE, town, date(2028, 2, 29)) == (1, 1, "done")


@pytest.mark.parametrize("state", [MeetingState.PLANNED, MeetingState.CANCELLED])
def test_a_planned_or_cancelled_lecture_does_not_count(town, branch, secretary, state):
    lecture(branch, lecturer=secretary, state=state)
    assert verdict(CODE, town, END) == (1, 0, "open")


def test_a_committee_founded_inside_the_year_or_dissolved_is_not_asked():
    county = factories.make_county()
    young = factories.make_organisation(Kind.COMMITTEE, county, founded_on=date(2026, 1, 2))
    gone = factories.make_organisation(Kind.COMMITTEE, county, dissolved_on=date(2026, 12, 31))
    assert verdict(CODE, young, END) is None
    assert verdict(CODE, gone, END) is None


def test_a_second_run_changes_nothing(town, branch, secretary):
    lecture(branch, lecturer=secretary)
    duty_of(CODE, town, END)
    before = stored_duties()
    duty_of(CODE, town, END)
    assert stored_duties() == before


def test_a_lecture_entered_late_in_a_branch_reaches_the_committee_at_once(town, branch, secretary):
    lecture(branch, date(2025, 3, 1), lecturer=secretary)
    assert duty_of(CODE, town, date(2027, 1, 8), of=DAY).state == "overdue"
    lecture(branch, lecturer=secretary)
    note_change(branch.pk, "meetings", DAY)
    refresh(as_of=date(2027, 1, 8))
    assert Duty.objects.get(rule=CODE, period="2026", organisation=town).state == "done"


def test_the_explanation_says_why_a_lecture_counts(town, branch, secretary):
    lecture(branch, lecturer=secretary, topic="学习党章")
    lecture(town, date(2026, 6, 2))
    question = question_for(RULES[CODE], period_named("2026"), END, Values())
    found = RULES[CODE].evidence(question, town)
    assert [(record.text, record.on, record.note) for record in found.counted] == [
        (f"{branch.short_name}：学习党章", DAY, "书记沈知行授课"),
        (f"{town.short_name}：党课", date(2026, 6, 2), "本级组织的党课"),
    ]
    assert found.facts == [("书记", "沈知行")]


def test_without_a_secretary_on_record_the_explanation_says_so(town):
    question = question_for(RULES[CODE], period_named("2026"), END, Values())
    assert RULES[CODE].evidence(question, town).facts == [("书记", "没有登记，请先登记班子")]


def test_three_committees_take_as_many_questions_as_one(town, branch, secretary):
    def measured():
        question = question_for(RULES[CODE], period_named("2026"), END, Values())
        return list(RULES[CODE].measure(question))

    one = count_of(measured)
    for _ in range(2):
        other = factories.make_branch(factories.make_committee(town.parent))
        member = factories.make_member(other)
        factories.make_post(other.parent, member=member)
        lecture(other, lecturer=member)
    assert count_of(measured) == one
    assert [found.actual for found in measured()] == [0, 1, 1]
