"""meetings.plan: the year plan filed by the end of the county's month."""

from datetime import date

import pytest

from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import refresh
from meetings.services.plans import draft_plan, file_plan
from meetings.values import PLAN_MONTH
from tests import factories
from tests.compliance.verdicts import Writes, county_value, duty_of, period_on, verdict

pytestmark = pytest.mark.django_db

PLAN = "meetings.plan"
DUE, LATE = date(2026, 1, 31), date(2026, 2, 1)


@pytest.fixture
def branch():
    return factories.make_branch()


def test_a_branch_without_a_plan_is_open_up_to_the_last_day_and_overdue_after_it(branch):
    duty = duty_of(PLAN, branch, DUE)
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026", 1, 0, "open")
    assert duty.due_on == DUE
    assert verdict(PLAN, branch, LATE) == (1, 0, "overdue")


def test_a_plan_that_was_not_filed_does_not_count(branch):
    factories.make_plan_item(branch, date(2026, 3, 10))
    assert verdict(PLAN, branch, LATE) == (1, 0, "overdue")


@pytest.mark.parametrize("filed_on", [date(2025, 12, 20), date(2026, 1, 31), date(2026, 2, 5)])
def test_a_filed_plan_is_done_on_its_day_before_or_after_the_new_year_and_late(branch, filed_on):
    factories.make_plan(branch, 2026, filed_on=filed_on)
    duty = duty_of(PLAN, branch, date(2026, 2, 10))
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", filed_on)


def test_a_plan_counts_from_the_day_it_was_filed(branch):
    factories.make_plan(branch, 2026, filed_on=date(2026, 2, 5))
    assert verdict(PLAN, branch, date(2026, 2, 4)) == (1, 0, "overdue")
    assert verdict(PLAN, branch, date(2026, 2, 5)) == (1, 1, "done")


def test_last_years_plan_does_not_count_for_this_year(branch):
    factories.make_plan(branch, 2025, filed_on=date(2025, 1, 10))
    assert verdict(PLAN, branch, LATE) == (1, 0, "overdue")
    assert verdict(PLAN, branch, LATE, of=date(2025, 6, 1)) == (1, 1, "done")


def test_a_branch_founded_inside_the_year_is_not_judged():
    assert verdict(PLAN, factories.make_branch(founded_on=date(2026, 1, 2)), LATE) is None
    assert verdict(PLAN, factories.make_branch(founded_on=date(2026, 1, 1)), LATE) is not None


def test_a_dissolved_branch_owes_no_plan():
    branch = factories.make_branch(dissolved_on=date(2026, 1, 20))
    assert verdict(PLAN, branch, LATE) is None


@pytest.mark.parametrize(("month", "year", "due"), [(2, 2028, date(2028, 2, 29)), (3, 2026, None)])
def test_the_county_says_in_which_month_it_ends(branch, month, year, due):
    county_value(PLAN_MONTH, month, date(2025, 6, 1))
    assert duty_of(PLAN, branch, date(year, 1, 5)).due_on == (due or date(2026, 3, 31))


def test_a_second_run_writes_nothing(branch):
    factories.make_plan(branch, 2026, filed_on=DUE)
    duty_of(PLAN, branch, LATE)
    with Writes() as writes:
        duty_of(PLAN, branch, LATE)
    assert writes.statements == []


def test_filing_is_judged_at_once(branch):
    assert verdict(PLAN, branch, LATE) == (1, 0, "overdue")
    plan = draft_plan(organisation=branch, year=2026, by=None, today=LATE)
    file_plan(plan=plan, version=plan.version, by=None, today=LATE)
    refresh(as_of=LATE, organisation=branch)
    assert Duty.objects.get(rule=PLAN, period="2026").state == "done"


def test_the_evidence_says_what_is_there(branch):
    rule, values = RULES[PLAN], Values()
    organisations = type(branch).objects.filter(pk=branch.pk)
    question = question_for(rule, period_on(PLAN, LATE), LATE, values, organisations)
    evidence = rule.evidence(question, branch)
    assert [(one.text, one.note) for one in evidence.missing] == [
        ("2026年三会一课计划", "没有制定")
    ]
    item = factories.make_plan_item(branch, date(2026, 3, 10))
    assert rule.evidence(question, branch).missing[0].note == "没有报备"
    type(item.plan).objects.update(filed_on=DUE)
    evidence = rule.evidence(question, branch)
    assert (evidence.missing, evidence.counted[0].on) == ([], DUE)
    assert evidence.facts == [("已安排", "1 次")]
