"""The rules about study: hours for everybody, more for who leads, courses for secretaries."""

from datetime import date
from decimal import Decimal

import pytest

from branches.models import Changed, Organisation
from branches.values import Values
from compliance.judging import question_for
from compliance.registry import RULES
from compliance.rules.meetings.training import INDUCTION_MONTHS, TRAININGS_A_YEAR
from compliance.services import refresh
from meetings.enums import Type
from meetings.hours import LEADERS_HOURS
from meetings.services.exemptions import enter_exemption
from meetings.services.make_ups import enter_make_ups
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, period_on, verdict

pytestmark = pytest.mark.django_db

HOURS = "meetings.study_hours"
LEADERS = "meetings.leaders_study_hours"
YEARLY = "meetings.secretary_training"
NEW = "meetings.new_secretary_training"
AS_OF = date(2026, 9, 30)
LAST = date(2026, 12, 31)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def secretary(branch):
    """The secretary of the branch, in office since 1 February 2026."""
    member = factories.make_member(branch, "林守正")
    factories.make_post(branch, "secretary", member=member, starts_on=date(2026, 2, 1))
    return member


def evidence(code, branch, as_of=AS_OF):
    question = question_for(
        RULES[code],
        period_on(code, as_of),
        as_of,
        Values(),
        Organisation.objects.filter(pk=branch.pk),
    )
    return RULES[code].evidence(question, branch)


def course(branch, day, people, **facts):
    return factories.make_training(branch, day, people=people, **facts)


# --- HRS-32 -----------------------------------------------------------------------------


def test_make_ups_and_courses_count_beside_presences(branch):
    member = factories.make_member(branch)
    held = factories.make_meeting(
        branch, date(2026, 3, 5), [Type.LECTURE], hours=Decimal("2.0"), leave=[member]
    )
    course(branch, date(2026, 5, 6), [member], hours="30.0")
    assert verdict(HOURS, branch, AS_OF) == (1, 0, "open")
    factories.make_make_up(held, member, AS_OF)
    assert verdict(HOURS, branch, date(2026, 9, 29)) == (1, 0, "open")
    assert verdict(HOURS, branch, AS_OF) == (1, 1, "done")


def test_the_exempt_are_not_due_and_named_in_the_evidence(branch):
    factories.make_member(branch, "许文桥")
    freed = factories.make_member(branch, "余海波")
    factories.make_exemption(freed, date(2026, 1, 1), AS_OF)
    assert verdict(HOURS, branch, AS_OF) == (1, 0, "behind")
    assert verdict(HOURS, branch, date(2026, 10, 1)) == (2, 0, "behind")
    found = evidence(HOURS, branch)
    assert [record.text for record in found.missing] == ["许文桥"]
    assert ("豁免，不计入应有人数", "余海波，至2026年9月30日（支委会）") in found.facts


def test_a_branch_where_everybody_is_exempt_owes_nothing(branch):
    factories.make_exemption(factories.make_member(branch), date(2026, 1, 1), LAST)
    assert verdict(HOURS, branch, AS_OF) is None


def test_services_have_the_duty_judged_again(branch):
    member, other = factories.make_members(branch, 2)
    held = factories.make_meeting(
        branch, date(2026, 3, 5), hours=Decimal("20.0"), absent=[member, other]
    )
    assert verdict(HOURS, branch, AS_OF) == (2, 0, "behind")
    enter_make_ups(
        organisation=branch,
        attendances=held.attendances.filter(member=member).values_list("pk", flat=True),
        done_on=date(2026, 4, 1),
        way="self_study",
        by=None,
        today=AS_OF,
    )
    enter_exemption(
        member=other,
        organisation=branch,
        starts_on=date(2026, 1, 1),
        ends_on=LAST,
        decided_on=date(2026, 1, 5),
        decided_by="支委会",
        by=None,
        today=AS_OF,
    )
    refresh(as_of=AS_OF, organisation=branch)
    assert not Changed.objects.exists()
    duty = branch.duties.get(rule=HOURS, period="2026")
    assert (duty.required, duty.actual, duty.state) == (1, 0, "behind")


# --- HRS-56 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "hours", "state"),
    [
        # 272 of 365 days are over: 41.7.
        (AS_OF, "41.5", "behind"),
        (AS_OF, "42.0", "open"),
        (LAST, "55.5", "behind"),
        (LAST, "56.0", "done"),
        # Advice: amber at worst.
        (date(2027, 1, 1), "55.5", "behind"),
    ],
)
def test_who_leads_a_branch_reaches_56_hours(branch, secretary, as_of, hours, state):
    course(branch, date(2026, 5, 6), [secretary], hours=hours)
    assert duty_of(LEADERS, branch, as_of, of=AS_OF).state == state


def test_committee_members_of_the_branch_are_due_each_once(branch, secretary):
    both = factories.make_member(branch)
    factories.make_post(branch, "deputy", member=both)
    factories.make_post(branch, "discipline", member=both)
    factories.make_post(branch, "publicity", person_name="宋佳宁")
    factories.make_post(branch, "organisation", member=both, ends_on=date(2026, 9, 29))
    course(branch, date(2026, 5, 6), [both], hours="56.0")
    assert verdict(LEADERS, branch, AS_OF) == (2, 1, "behind")
    # They count at 32 as well.
    assert verdict(HOURS, branch, AS_OF) == (2, 1, "open")
    found = evidence(LEADERS, branch)
    assert [record.text for record in found.missing] == ["林守正"]
    assert found.facts[-1][1].startswith("宋佳宁只登记了姓名")


def test_branches_without_leaders_or_with_exempt_ones_are_not_judged(branch):
    assert verdict(LEADERS, branch, AS_OF) is None
    member = factories.make_member(branch)
    factories.make_post(branch.parent, "member", member=member)
    assert verdict(LEADERS, branch, AS_OF) is None
    factories.make_post(branch, "secretary", member=member)
    assert verdict(LEADERS, branch, AS_OF) == (1, 0, "behind")
    factories.make_exemption(member, date(2026, 1, 1), LAST)
    assert verdict(LEADERS, branch, AS_OF) is None


def test_the_county_may_ask_for_other_hours(branch, secretary):
    course(branch, date(2026, 5, 6), [secretary], hours="48.0")
    assert verdict(LEADERS, branch, AS_OF) == (1, 0, "open")
    county_value(LEADERS_HOURS, 48, date(2026, 1, 1))
    assert verdict(LEADERS, branch, AS_OF) == (1, 1, "done")


def test_a_dissolved_branch_owes_nothing_and_a_new_one_its_first_year():
    gone = factories.make_branch(dissolved_on=AS_OF)
    new = factories.make_branch(founded_on=date(2026, 5, 1))
    for branch in (gone, new):
        factories.make_post(branch, "secretary", member=factories.make_member(branch))
    assert verdict(LEADERS, gone, AS_OF) is None
    assert verdict(LEADERS, new, AS_OF) == (1, 0, "behind")
    assert verdict(YEARLY, gone, AS_OF) is None
    assert verdict(YEARLY, new, AS_OF) == (1, 0, "open")


# --- SEC-TRAIN ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"kind": "secretaries", "level": "county"}, "done"),
        ({"kind": "secretaries", "level": "above"}, "done"),
        ({"kind": "secretaries", "level": "committee"}, "done"),
        ({"kind": "secretaries", "level": "branch"}, "open"),
        ({"kind": "secretaries", "level": "online"}, "open"),
        ({"kind": "induction", "level": "county"}, "open"),
        ({"kind": "members", "level": "county"}, "open"),
    ],
)
def test_the_secretarys_own_course_of_the_year_counts(branch, secretary, facts, state):
    course(branch, date(2026, 6, 2), [secretary], **facts)
    assert duty_of(YEARLY, branch, AS_OF).state == state


def test_the_course_counts_in_the_year_it_ended(branch, secretary):
    course(branch, date(2025, 12, 31), [secretary], kind="secretaries")
    assert verdict(YEARLY, branch, LAST) == (1, 0, "open")
    assert verdict(YEARLY, branch, date(2027, 1, 1), of=LAST) == (1, 0, "behind")
    # Entered late: it counts for the year it was held in.
    course(branch, LAST, [secretary], kind="secretaries")
    duty = duty_of(YEARLY, branch, date(2027, 1, 1), of=LAST)
    assert (duty.state, duty.met_on) == ("done", LAST)


def test_a_cancelled_course_and_the_predecessors_do_not_count(branch, secretary):
    cancelled = course(branch, date(2026, 6, 2), [secretary], kind="secretaries")
    cancelled.cancelled_at = "2026-06-05T00:00Z"
    cancelled.save()
    course(branch, date(2026, 1, 9), [factories.make_member(branch)], kind="secretaries")
    assert verdict(YEARLY, branch, AS_OF) == (1, 0, "open")
    county_value(TRAININGS_A_YEAR, 2, date(2026, 1, 1))
    assert verdict(YEARLY, branch, AS_OF) == (2, 0, "open")


def test_an_empty_post_and_a_name_alone_are_not_judged(branch):
    assert verdict(YEARLY, branch, AS_OF) is None
    factories.make_post(branch, "secretary")
    assert verdict(YEARLY, branch, AS_OF) is None
    assert "只登记了姓名" in evidence(YEARLY, branch).facts[0][1]


def test_the_evidence_leads_to_the_course(branch, secretary):
    held = course(branch, date(2026, 6, 2), [secretary], kind="secretaries", title="示范班")
    (record,) = evidence(YEARLY, branch).counted
    assert (record.text, record.on) == ("示范班", date(2026, 6, 2))
    assert record.url == f"/meetings/trainings/{held.pk}/"


# --- SEC-NEW ------------------------------------------------------------------------------


@pytest.fixture
def records(branch):
    """The county keeps records here since January 2026."""
    factories.make_meeting(branch, date(2026, 1, 8))


@pytest.mark.parametrize(
    ("as_of", "found"),
    [
        (date(2026, 2, 1), (0, 0, "done")),
        (date(2026, 8, 1), (0, 0, "done")),
        (date(2026, 8, 2), (0, 1, "behind")),
        (LAST, (0, 1, "behind")),
    ],
)
@pytest.mark.usefixtures("records")
def test_a_new_secretary_has_six_months(branch, secretary, as_of, found):
    assert verdict(NEW, branch, as_of) == found


@pytest.mark.usefixtures("records")
def test_six_months_end_on_the_last_day_of_february(branch):
    member = factories.make_member(branch)
    factories.make_post(branch, "secretary", member=member, starts_on=date(2027, 8, 29))
    assert verdict(NEW, branch, date(2028, 2, 29)) == (0, 0, "done")
    duty = duty_of(NEW, branch, date(2028, 3, 1))
    assert (duty.actual, duty.due_on) == (1, date(2028, 2, 29))


@pytest.mark.usefixtures("records")
def test_only_an_induction_since_taking_office_clears_it(branch, secretary):
    course(branch, date(2026, 1, 31), [secretary], kind="induction")
    course(branch, date(2026, 3, 1), [secretary], kind="secretaries")
    assert verdict(NEW, branch, AS_OF) == (0, 1, "behind")
    assert [record.text for record in evidence(NEW, branch).counted] == [
        "林守正任职后没有参加任职培训的记录"
    ]
    late = course(branch, AS_OF, [secretary], kind="induction")
    assert verdict(NEW, branch, AS_OF) == (0, 0, "done")
    assert (f"{late.title}，2026年9月30日") in evidence(NEW, branch).facts[-1][1]
    county_value(INDUCTION_MONTHS, 3, date(2026, 1, 1))
    assert verdict(NEW, branch, AS_OF) == (0, 0, "done")


@pytest.mark.usefixtures("records")
def test_reelection_without_a_gap_makes_nobody_new(branch, secretary):
    branch.posts.update(ends_on=date(2026, 8, 9))
    factories.make_post(branch, "secretary", member=secretary, starts_on=date(2026, 8, 10))
    assert verdict(NEW, branch, AS_OF) == (0, 1, "behind")


@pytest.mark.usefixtures("records")
def test_who_took_office_before_the_records_begin_is_left_alone(branch, secretary):
    branch.posts.update(starts_on=date(2025, 6, 30))
    assert verdict(NEW, branch, AS_OF) == (0, 0, "done")
    assert "启用本系统以前" in evidence(NEW, branch).facts[-1][1]
    branch.posts.update(starts_on=date(2025, 7, 1))
    assert verdict(NEW, branch, AS_OF) == (0, 1, "behind")


@pytest.mark.usefixtures("records")
def test_posts_without_a_first_day_are_not_judged_and_that_is_said(branch, secretary):
    branch.posts.update(starts_on=None)
    assert verdict(NEW, branch, AS_OF) == (0, 0, "done")
    assert evidence(NEW, branch).facts[-1] == ("任职培训", "没有任职日期，不核对")


def test_without_any_records_nothing_is_asked(branch, secretary):
    assert verdict(NEW, branch, AS_OF) == (0, 0, "done")


@pytest.mark.usefixtures("records")
def test_a_second_night_changes_nothing(branch, secretary):
    first = duty_of(NEW, branch, AS_OF)
    again = duty_of(NEW, branch, AS_OF)
    assert (first.pk, first.open_since) == (again.pk, again.open_since)
