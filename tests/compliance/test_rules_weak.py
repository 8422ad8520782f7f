"""What the rules over weak branches ask, on the borders."""

from datetime import date

import pytest

from branches.values import Values
from compliance.judging import question_for
from compliance.registry import RULES
from tasks.enums import WeakState, WeakStepKind
from tasks.values import WEAK_REPORT_DAY
from tests import factories
from tests.compliance.verdicts import county_value, duty_of, period_on, verdict

pytestmark = pytest.mark.django_db

PLAN, REPORT, ACCEPTANCE = "tasks.weak_plan", "tasks.weak_report", "tasks.weak_acceptance"
DECIDED = date(2026, 3, 20)


@pytest.fixture
def branch():
    return factories.make_branch()


def evidence(code, branch, as_of):
    rule = RULES[code]
    question = question_for(rule, period_on(code, as_of), as_of, Values())
    return rule.evidence(question, branch)


def test_a_branch_that_is_no_case_offends_in_nothing(branch):
    factories.make_weak(branch)
    assert verdict(PLAN, branch, date(2026, 12, 31)) == (0, 0, "done")
    assert verdict(ACCEPTANCE, branch, date(2026, 12, 31)) == (0, 0, "done")
    assert verdict(REPORT, branch, date(2026, 12, 31)) is None


def test_a_plan_is_missing_from_the_day_after_its_deadline(branch):
    case = factories.make_weak(branch, decided_on=DECIDED, plan_due_on=date(2026, 4, 20))
    assert verdict(PLAN, branch, date(2026, 4, 20)) == (0, 0, "done")
    duty = duty_of(PLAN, branch, date(2026, 4, 21))
    assert (duty.actual, duty.state, duty.open_since) == (1, "overdue", date(2026, 4, 21))
    (record,) = evidence(PLAN, branch, date(2026, 4, 21)).counted
    assert record.note == "2026年3月20日认定，应在 2026年4月20日前报备"
    case.plan_filed_on, case.state = date(2026, 4, 25), WeakState.WORKING
    case.save()
    # Filed later: as it was known then, it was missing.
    assert verdict(PLAN, branch, date(2026, 4, 24))[2] == "overdue"
    assert verdict(PLAN, branch, date(2026, 4, 25)) == (0, 0, "done")


def test_a_report_is_owed_for_whole_months_of_work_only(branch):
    case = factories.make_weak(branch, decided_on=DECIDED, plan_filed_on=date(2026, 4, 10))
    assert verdict(REPORT, branch, date(2026, 3, 31)) is None
    assert verdict(REPORT, branch, date(2026, 4, 30)) == (1, 0, "open")
    assert verdict(REPORT, branch, date(2026, 5, 1), of=date(2026, 4, 1)) == (1, 0, "overdue")
    case.reports.create(month=date(2026, 4, 1), text="有", reported_on=date(2026, 5, 3))
    duty = duty_of(REPORT, branch, date(2026, 5, 3), of=date(2026, 4, 1))
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", date(2026, 5, 3))
    case.steps.create(kind=WeakStepKind.PASSED, on=date(2026, 6, 15))
    assert verdict(REPORT, branch, date(2026, 6, 14)) == (1, 0, "open")
    assert verdict(REPORT, branch, date(2026, 6, 30)) is None
    assert verdict(REPORT, branch, date(2026, 6, 30), of=date(2026, 5, 1)) == (1, 0, "overdue")


@pytest.mark.parametrize(("day", "owed"), [(date(2026, 4, 1), True), (date(2026, 4, 2), False)])
def test_who_is_decided_on_the_first_owes_that_month(branch, day, owed):
    factories.make_weak(branch, decided_on=day)
    found = verdict(REPORT, branch, date(2026, 4, 30))
    assert found == ((1, 0, "open") if owed else None)


def test_the_county_sets_the_day_of_the_report_and_february_has_its_last(branch):
    factories.make_weak(branch, decided_on=date(2027, 12, 1))
    assert duty_of(REPORT, branch, date(2028, 2, 10)).due_on == date(2028, 2, 29)
    county_value(WEAK_REPORT_DAY, 25, date(2028, 1, 1))
    assert duty_of(REPORT, branch, date(2028, 2, 10)).due_on == date(2028, 2, 25)
    assert verdict(REPORT, branch, date(2028, 2, 26)) == (1, 0, "overdue")


def test_acceptance_is_overdue_from_the_day_after_unless_the_county_has_to_answer(branch):
    case = factories.make_weak(
        branch, decided_on=DECIDED, plan_filed_on=date(2026, 4, 10), due_on=date(2026, 9, 30)
    )
    assert verdict(ACCEPTANCE, branch, date(2026, 9, 30)) == (0, 0, "done")
    assert verdict(ACCEPTANCE, branch, date(2026, 10, 1)) == (0, 1, "overdue")
    case.state, case.asked_on = WeakState.ACCEPTANCE, date(2026, 9, 29)
    case.save()
    duty = duty_of(ACCEPTANCE, branch, date(2026, 10, 1))
    assert (duty.actual, duty.state, duty.waiting) == (1, "open", True)
    case.state, case.passed_on = WeakState.PASSED, date(2026, 10, 8)
    case.save()
    assert verdict(ACCEPTANCE, branch, date(2026, 10, 8)) == (0, 0, "done")
    # Judged on an earlier day it still waited for the county.
    assert verdict(ACCEPTANCE, branch, date(2026, 10, 5)) == (0, 1, "open")
