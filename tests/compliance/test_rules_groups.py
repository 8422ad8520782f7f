"""党小组会: each group existing on the last day meets once a month."""

from datetime import date

import pytest

from branches.changes import note_change
from branches.periods import period_named
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import refresh
from meetings.enums import MeetingState, Type
from tests import factories
from tests.compliance.verdicts import duty_of, stored_duties, verdict
from tests.queries import count_of

pytestmark = pytest.mark.django_db

CODE = "meetings.group"
END = date(2026, 9, 30)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def groups(branch):
    return [factories.make_group(branch, name) for name in ("一组", "二组")]


def met(branch, day, group=None, **facts):
    return factories.make_meeting(branch, day, [Type.GROUP], group=group, **facts)


def test_every_group_has_to_meet(branch, groups):
    assert verdict(CODE, branch, END) == (2, 0, "open")
    met(branch, date(2026, 9, 4), groups[0])
    assert verdict(CODE, branch, END) == (2, 1, "open")
    met(branch, date(2026, 9, 20), groups[1])
    duty = duty_of(CODE, branch, END)
    assert (duty.required, duty.actual, duty.state) == (2, 2, "done")
    assert (duty.due_on, duty.met_on) == (END, date(2026, 9, 20))


def test_one_group_meeting_twice_stands_for_itself_alone(branch, groups):
    met(branch, date(2026, 9, 4), groups[0])
    met(branch, date(2026, 9, 5), groups[0])
    assert verdict(CODE, branch, END) == (2, 1, "open")


def test_a_meeting_without_a_group_counts_for_all_of_them(branch, groups):
    met(branch, date(2026, 9, 12))
    duty = duty_of(CODE, branch, END)
    assert (duty.actual, duty.state, duty.met_on) == (2, "done", date(2026, 9, 12))


@pytest.mark.parametrize(
    ("as_of", "state"),
    [(date(2026, 9, 1), "open"), (END, "open"), (date(2026, 10, 1), "behind")],
)
def test_a_missed_month_is_amber(branch, groups, as_of, state):
    assert verdict(CODE, branch, as_of, of=END) == (2, 0, state)


@pytest.mark.parametrize(("day", "counts"), [(date(2026, 8, 31), 0), (date(2026, 10, 1), 0)])
def test_a_meeting_of_another_month_does_not_count(branch, groups, day, counts):
    met(branch, day)
    assert verdict(CODE, branch, date(2026, 10, 1), of=END) == (2, counts, "behind")


def test_months_end_on_the_31st_of_december_and_the_29th_of_february(branch, groups):
    met(branch, date(2026, 12, 31))
    assert verdict(CODE, branch, date(2027, 1, 1), of=date(2026, 12, 1)) == (2, 2, "done")
    met(branch, date(2028, 2, 29))
    assert verdict(CODE, branch, date(2028, 3, 1), of=date(2028, 2, 1)) == (2, 2, "done")


def test_a_branch_without_groups_is_not_asked(branch):
    met(branch, date(2026, 9, 12))
    assert verdict(CODE, branch, END) is None


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "required"),
    [
        (END, None, 2),
        (date(2026, 10, 1), None, 1),
        (None, END, 2),
        (None, date(2026, 9, 29), 1),
    ],
)
def test_the_groups_of_the_last_day_are_asked(branch, starts_on, ends_on, required):
    factories.make_group(branch, "一组")
    factories.make_group(branch, "二组", starts_on=starts_on, ends_on=ends_on)
    assert verdict(CODE, branch, date(2026, 10, 5), of=END) == (required, 0, "behind")


def test_planned_and_cancelled_meetings_and_other_types_do_not_count(branch, groups):
    met(branch, date(2026, 9, 4), state=MeetingState.PLANNED)
    met(branch, date(2026, 9, 5), state=MeetingState.CANCELLED)
    factories.make_meeting(branch, date(2026, 9, 6), [Type.MEMBERS_MEETING])
    assert verdict(CODE, branch, END) == (2, 0, "open")


def test_the_groups_of_the_neighbour_are_his_own(branch, groups):
    other = factories.make_branch()
    factories.make_group(other, "一组")
    met(other, date(2026, 9, 4))
    assert verdict(CODE, branch, END) == (2, 0, "open")
    assert verdict(CODE, other, END) == (1, 1, "done")


def test_a_branch_founded_inside_the_month_is_asked_from_the_next_one():
    young = factories.make_branch(founded_on=date(2026, 9, 2))
    factories.make_group(young, "一组", starts_on=date(2026, 9, 2))
    assert verdict(CODE, young, END) is None
    assert verdict(CODE, young, date(2026, 10, 31)) == (1, 0, "open")


def test_a_dissolved_branch_is_not_asked():
    gone = factories.make_branch(dissolved_on=date(2026, 9, 15))
    factories.make_group(gone, "一组")
    assert verdict(CODE, gone, END) is None


def test_a_second_run_changes_nothing(branch, groups):
    met(branch, date(2026, 9, 4), groups[0])
    duty_of(CODE, branch, END)
    before = stored_duties()
    duty_of(CODE, branch, END)
    assert stored_duties() == before


def test_a_meeting_entered_late_heals_its_month(branch, groups):
    met(branch, date(2026, 8, 1))
    assert duty_of(CODE, branch, date(2026, 10, 8), of=END).state == "behind"
    met(branch, date(2026, 9, 4))
    note_change(branch.pk, "meetings", date(2026, 9, 4))
    refresh(as_of=date(2026, 10, 8))
    assert Duty.objects.get(rule=CODE, period="2026-09", organisation=branch).state == "done"


def test_the_explanation_names_who_has_met_and_who_has_not(branch, groups):
    met(branch, date(2026, 9, 4), groups[0], topic="学习")
    question = question_for(RULES[CODE], period_named("2026-09"), END, Values())
    found = RULES[CODE].evidence(question, branch)
    assert [(record.text, record.on) for record in found.counted] == [
        ("一组：学习", date(2026, 9, 4))
    ]
    assert [record.text for record in found.missing] == ["二组"]
    assert found.facts == [("2026年9月30日的党小组", "2 个")]


def test_three_branches_take_as_many_questions_as_one(branch, groups):
    def measured():
        question = question_for(RULES[CODE], period_named("2026-09"), END, Values())
        return list(RULES[CODE].measure(question))

    one = count_of(measured)
    for _ in range(2):
        met(other := factories.make_branch(), date(2026, 9, 4), factories.make_group(other))
    assert count_of(measured) == one
    assert len(measured()) == 3
