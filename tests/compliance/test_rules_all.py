"""What holds for every one of the rules."""

from datetime import date

import pytest

from branches.services import move_organisation
from compliance.models import Duty, DutyEvent, DutySummary, Exemption
from compliance.registry import RULES
from compliance.rules.branches import LEAST_FORMAL, MOST_MEMBERS
from dues.values import ARREARS_MONTHS
from meetings.enums import Type
from meetings.hours import YEARLY_HOURS
from meetings.values import LECTURES_A_YEAR, MEMBERS_MEETINGS_A_QUARTER, THEME_DAYS_A_MONTH
from members.posts import COMMITTEE_FROM
from tests import factories
from tests.compliance.counties import build_county
from tests.compliance.verdicts import (
    Writes,
    county_value,
    duty_of,
    judge_everything,
    stored_duties,
    verdict,
)

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 9, 30)

# Verdicts of build_county() on 30 September 2026: the good branch and the other one.
GOOD = {
    "meetings.committee": (1, 1, "done"),
    "meetings.members_meeting": (1, 1, "done"),
    "meetings.lecture": (4, 1, "behind"),
    "meetings.theme_day": (1, 1, "done"),
    "meetings.group": (1, 1, "done"),
    "meetings.life_meeting": (1, 1, "done"),
    "meetings.appraisal": (1, 1, "done"),
    "meetings.talks": (7, 7, "done"),
    "meetings.study_hours": (7, 0, "behind"),
    "meetings.leaders_study_hours": (3, 0, "behind"),
    "meetings.secretary_training": (1, 1, "done"),
    "meetings.new_secretary_training": (0, 0, "done"),
    "meetings.plan": (1, 1, "done"),
    # Owed by committees.
    "meetings.secretary_lecture": None,
    "dues.approved": (7, 7, "done"),
    "dues.paid": (7, 7, "done"),
    "dues.remitted": (1, 1, "done"),
    "dues.published": (1, 1, "done"),
    "dues.arrears": (0, 0, "done"),
    "tasks.overdue": (0, 0, "done"),
    "tasks.weak_plan": (0, 0, "done"),
    "tasks.weak_report": None,
    "tasks.weak_acceptance": (0, 0, "done"),
    "terms.notice": (0, 0, "done"),
    "terms.request": (0, 0, "done"),
    "terms.election": (0, 0, "done"),
    "branches.no_secretary": (0, 0, "done"),
    "branches.no_committee": (0, 0, "done"),
    "branches.committee_size": (0, 0, "done"),
    "members.probation": (0, 0, "done"),
    "members.development": (0, 0, "done"),
    "members.transfer_letters": (0, 0, "done"),
    "members.floating_contact": (1, 1, "done"),
    "members.abroad_contact": (1, 1, "done"),
    "members.lost_contact": (0, 0, "done"),
    "members.files_checked": (1, 1, "done"),
    "branches.too_small": (0, 0, "done"),
    "branches.too_large": (0, 0, "done"),
    "branches.joint_units": (0, 0, "done"),
    "branches.funds": (700, 700, "done"),
    # With seven formal members no instructor is due.
    "branches.no_instructor": None,
    "assessments.standard_studied": (1, 1, "done"),
}
BAD = {
    "meetings.committee": None,
    "meetings.members_meeting": (1, 0, "open"),
    "meetings.lecture": (4, 0, "behind"),
    "meetings.theme_day": (1, 0, "open"),
    "meetings.group": (1, 0, "open"),
    "meetings.life_meeting": (1, 0, "open"),
    "meetings.appraisal": (1, 0, "open"),
    "meetings.talks": (3, 0, "open"),
    "meetings.study_hours": (3, 0, "behind"),
    # Without a secretary and a committee nobody owes these.
    "meetings.leaders_study_hours": None,
    "meetings.secretary_training": None,
    "meetings.new_secretary_training": (0, 0, "done"),
    "meetings.plan": (1, 0, "overdue"),
    "meetings.secretary_lecture": None,
    "dues.approved": (3, 0, "overdue"),
    "dues.paid": (2, 0, "open"),
    "dues.remitted": (1, 0, "open"),
    "dues.published": (1, 0, "open"),
    "dues.arrears": (0, 2, "overdue"),
    "tasks.overdue": (0, 1, "overdue"),
    "tasks.weak_plan": (0, 1, "overdue"),
    "tasks.weak_report": (1, 0, "open"),
    "tasks.weak_acceptance": (0, 1, "overdue"),
    # The term is over: the election itself is what is missing now.
    "terms.notice": (0, 0, "done"),
    "terms.request": (0, 1, "overdue"),
    "terms.election": (0, 1, "overdue"),
    "branches.no_secretary": (0, 1, "overdue"),
    "branches.no_committee": (0, 0, "done"),
    "branches.committee_size": (0, 0, "done"),
    "members.probation": (0, 1, "overdue"),
    "members.development": (0, 1, "overdue"),
    "members.transfer_letters": (0, 1, "behind"),
    "members.floating_contact": (1, 0, "open"),
    "members.abroad_contact": (1, 0, "open"),
    "members.lost_contact": (0, 1, "overdue"),
    "members.files_checked": (1, 0, "open"),
    "branches.too_small": (0, 1, "overdue"),
    "branches.too_large": (0, 0, "done"),
    "branches.joint_units": (0, 1, "behind"),
    "branches.funds": (300, 0, "overdue"),
    "branches.no_instructor": (0, 1, "overdue"),
    "assessments.standard_studied": (1, 0, "open"),
}


def test_the_rules_are_those_that_others_script_against():
    assert list(RULES) == list(GOOD)


def verdicts_on(branch) -> dict[str, tuple | None]:
    return {code: verdict(code, branch, AS_OF) for code in RULES}


def test_each_rule_finds_what_is_there_and_nothing_else():
    good, bad = build_county(2).branches
    assert verdicts_on(good) == GOOD
    assert verdicts_on(bad) == BAD
    above = Duty.objects.exclude(organisation__kind="branch").values_list("rule", flat=True)
    assert set(above) == {"meetings.secretary_lecture"}


@pytest.mark.parametrize("as_of", [date(2026, 9, 30), date(2026, 12, 31), date(2027, 1, 1)])
def test_a_second_run_writes_nothing(as_of):
    build_county(4)
    judge_everything(as_of)
    before = stored_duties(), DutyEvent.objects.count(), DutySummary.objects.count()
    with Writes() as writes:
        judge_everything(as_of)
    assert writes.statements == []
    assert (stored_duties(), DutyEvent.objects.count(), DutySummary.objects.count()) == before
    assert before[0] and before[1] and before[2]


# --- Founded, dissolved, moved ----------------------------------------------------------


def test_a_branch_without_a_founding_day_has_always_been_there():
    branch = factories.make_branch(founded_on=None)
    assert verdict("meetings.theme_day", branch, AS_OF) == (1, 0, "open")
    assert verdict("meetings.lecture", branch, AS_OF) == (4, 0, "behind")


def test_a_dissolved_branch_keeps_the_periods_it_finished():
    branch = factories.make_branch(dissolved_on=date(2026, 9, 10))
    assert verdict("meetings.theme_day", branch, AS_OF, of=date(2026, 8, 1)) == (1, 0, "overdue")
    assert verdict("meetings.theme_day", branch, AS_OF) is None


def test_a_branch_that_moved_is_judged_as_before():
    county = build_county(4)
    good, bad = county.branches[:2]
    for branch in (good, bad):
        move_organisation(branch, to=county.committees[1], by=None, on=date(2026, 9, 15))
    assert verdicts_on(good) == GOOD
    assert verdicts_on(bad) == BAD


# --- Exemptions -------------------------------------------------------------------------


def test_an_exemption_holds_until_its_last_day():
    bad = build_county(2).branches[1]
    owed = {code: found for code, found in BAD.items() if found}
    standing = [code for code in owed if RULES[code].is_standing]
    exempt = {code: (*found[:2], "exempt") for code, found in owed.items()}
    for code in owed:
        Exemption.objects.create(
            rule=code,
            organisation=bad,
            starts_on=date(2026, 9, 1),
            ends_on=AS_OF,
            reason="班子集中外出",
        )
    assert {code: verdict(code, bad, AS_OF) for code in owed} == exempt
    Exemption.objects.update(ends_on=date(2026, 9, 29))
    assert {code: verdict(code, bad, AS_OF) for code in owed} == owed
    # A standing condition is waived on the last day itself, a period as its own last day is.
    the_day_before = {verdict(code, bad, date(2026, 9, 29))[2] for code in standing}
    assert the_day_before == {"exempt"}


def test_a_period_is_exempt_when_its_last_day_is():
    branch = factories.make_branch()
    Exemption.objects.create(
        rule="meetings.theme_day",
        organisation=branch,
        starts_on=date(2026, 7, 15),
        ends_on=date(2026, 8, 31),
        reason="防汛",
    )
    states = [
        verdict("meetings.theme_day", branch, AS_OF, of=date(2026, month, 1))[2]
        for month in (6, 7, 8, 9)
    ]
    assert states == ["overdue", "exempt", "exempt", "open"]


def test_an_exemption_concerns_its_rule_and_its_branch_only():
    branch, neighbour = factories.make_branch(), factories.make_branch()
    Exemption.objects.create(
        rule="meetings.theme_day",
        organisation=branch,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        reason="撤并",
    )
    assert verdict("meetings.theme_day", branch, AS_OF) == (1, 0, "exempt")
    assert verdict("meetings.theme_day", neighbour, AS_OF) == (1, 0, "open")
    assert verdict("meetings.lecture", branch, AS_OF) == (4, 0, "behind")


# --- County values ----------------------------------------------------------------------


def test_a_value_changed_from_a_day_on_leaves_past_periods_alone():
    branch = factories.make_branch()
    factories.make_meeting(branch, date(2026, 8, 5), [Type.THEME_DAY])
    factories.make_meeting(branch, date(2026, 9, 5), [Type.THEME_DAY])
    county_value(THEME_DAYS_A_MONTH, 2, date(2026, 9, 1))
    august = duty_of("meetings.theme_day", branch, AS_OF, of=date(2026, 8, 1))
    assert (august.required, august.actual, august.state) == (1, 1, "done")
    september = duty_of("meetings.theme_day", branch, AS_OF)
    assert (september.required, september.actual, september.state) == (2, 1, "open")
    assert august.version == "theme_day=1;strict"
    assert september.version == "theme_day=2;strict"


def test_a_value_set_inside_a_period_is_that_of_its_last_day():
    branch = factories.make_branch()
    county_value(THEME_DAYS_A_MONTH, 3, date(2026, 9, 30))
    assert verdict("meetings.theme_day", branch, date(2026, 9, 29)) == (1, 0, "open")
    assert verdict("meetings.theme_day", branch, date(2026, 9, 30)) == (3, 0, "open")
    assert verdict("meetings.theme_day", branch, date(2026, 10, 9), of=AS_OF) == (3, 0, "overdue")


@pytest.mark.parametrize(
    ("key", "value", "code", "expected"),
    [
        (COMMITTEE_FROM, 8, "meetings.committee", None),
        (MEMBERS_MEETINGS_A_QUARTER, 2, "meetings.members_meeting", (2, 1, "open")),
        (LECTURES_A_YEAR, 1, "meetings.lecture", (1, 1, "done")),
        (YEARLY_HOURS, 2, "meetings.study_hours", (7, 6, "open")),
        (ARREARS_MONTHS, 1, "dues.arrears", (0, 0, "done")),
        (LEAST_FORMAL, 8, "branches.too_small", (0, 1, "overdue")),
        (MOST_MEMBERS, 6, "branches.too_large", (0, 1, "behind")),
    ],
)
def test_each_county_value_changes_its_rule_alone(key, value, code, expected):
    good = build_county(2).branches[0]
    county_value(key, value, date(2026, 9, 1))
    assert verdict(code, good, AS_OF) == expected
    for other in RULES:
        if key not in RULES[other].keys:
            assert verdict(other, good, AS_OF) == GOOD[other]


def test_fewer_months_make_arrears_earlier():
    bad = build_county(2).branches[1]
    county_value(ARREARS_MONTHS, 3, date(2026, 6, 1))
    assert verdict("dues.arrears", bad, date(2026, 6, 29)) == (0, 0, "done")
    duty = duty_of("dues.arrears", bad, date(2026, 6, 30))
    assert (duty.actual, duty.open_since) == (2, date(2026, 6, 30))


def test_a_value_that_changes_the_verdict_changes_the_stored_version():
    branch = factories.make_branch()
    before = duty_of("branches.too_large", branch, AS_OF).version
    county_value(MOST_MEMBERS, 60, AS_OF)
    after = duty_of("branches.too_large", branch, AS_OF).version
    assert (before, after) == (
        "most_members=50;advice",
        "most_members=60;advice",
    )
