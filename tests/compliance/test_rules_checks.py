from datetime import date

import pytest

from branches.models import Form
from branches.values import Values
from compliance.judging import question_for
from compliance.models import Duty
from compliance.registry import RULES
from compliance.services import refresh
from members.services.checks import finish_check, reopen_check
from tests import factories
from tests.compliance.verdicts import duty_of, judge_everything, period_on, verdict

pytestmark = pytest.mark.django_db

CHECKED = "members.files_checked"
JUNE = date(2026, 6, 30)


def evidence_of(code, branch, day):
    rule = RULES[code]
    return rule.evidence(question_for(rule, period_on(code, day), day, Values()), branch)


@pytest.fixture
def branch():
    branch = factories.make_branch()
    factories.make_members(branch, 3)
    return branch


@pytest.mark.parametrize(
    ("as_of", "state"),
    [(date(2026, 1, 1), "open"), (JUNE, "open"), (date(2026, 7, 1), "overdue")],
)
def test_a_half_without_a_check_is_overdue_from_the_next_half_on(branch, as_of, state):
    assert verdict(CHECKED, branch, as_of, of=date(2026, 1, 1)) == (1, 0, state)


def test_a_finished_check_is_done_on_its_day(branch):
    factories.make_check(branch, "2026-H1", date(2026, 5, 8), finished_on=date(2026, 5, 20))
    duty = duty_of(CHECKED, branch, JUNE)
    assert (duty.period, duty.required, duty.actual, duty.state) == ("2026-H1", 1, 1, "done")
    assert (duty.due_on, duty.met_on) == (JUNE, date(2026, 5, 20))
    assert verdict(CHECKED, branch, date(2026, 5, 19)) == (1, 0, "open")


def test_a_check_that_was_begun_is_not_done(branch):
    factories.make_check(branch, "2026-H1", date(2026, 5, 8))
    assert verdict(CHECKED, branch, JUNE) == (1, 0, "open")


def test_a_check_of_another_half_does_not_count(branch):
    factories.make_check(branch, "2026-H1", date(2026, 5, 8), finished_on=date(2026, 7, 20))
    assert verdict(CHECKED, branch, date(2026, 7, 31)) == (1, 0, "open")


def test_a_check_finished_late_heals_its_half(branch):
    check = factories.make_check(branch, "2026-H1", date(2026, 5, 8))
    judge_everything(date(2026, 7, 10))
    duty = Duty.objects.get(rule=CHECKED, organisation=branch, period="2026-H1")
    assert (duty.actual, duty.state) == (0, "overdue")
    check.lines.update(relation_ok=True, file_ok=True, contact_ok=True)
    finish_check(check=check, on=date(2026, 7, 11), by=None, today=date(2026, 7, 11))
    refresh(as_of=date(2026, 7, 11), organisation=branch)
    duty.refresh_from_db()
    assert (duty.actual, duty.state, duty.met_on) == (1, "done", date(2026, 7, 11))
    reopen_check(check=check, reason="漏了一人", by=None)
    refresh(as_of=date(2026, 7, 12), organisation=branch)
    duty.refresh_from_db()
    assert (duty.actual, duty.state) == (0, "overdue")


def test_a_branch_founded_inside_the_half_is_not_due_before_the_next():
    branch = factories.make_branch(founded_on=date(2026, 1, 2))
    factories.make_member(branch, starts_on=date(2026, 1, 2))
    assert verdict(CHECKED, branch, JUNE) is None
    assert verdict(CHECKED, branch, date(2026, 7, 1)) == (1, 0, "open")


def test_a_branch_without_members_and_a_temporary_one_have_no_row(branch):
    empty = factories.make_branch(branch.parent)
    temporary = factories.make_branch(branch.parent, form=Form.TEMPORARY)
    factories.make_member(temporary)
    assert verdict(CHECKED, empty, JUNE) is None
    assert verdict(CHECKED, temporary, JUNE) is None


def test_a_second_run_changes_nothing(branch):
    judge_everything(JUNE)
    before = list(Duty.objects.filter(rule=CHECKED).values_list())
    judge_everything(JUNE)
    assert list(Duty.objects.filter(rule=CHECKED).values_list()) == before


def test_the_evidence_says_how_far_a_check_is(branch):
    check = factories.make_check(branch, "2026-H1", date(2026, 5, 8))
    check.lines.filter(pk=check.lines.first().pk).update(
        relation_ok=True, file_ok=False, contact_ok=True
    )
    evidence = evidence_of(CHECKED, branch, JUNE)
    assert evidence.counted == []
    assert [(one.text, one.on, one.note) for one in evidence.missing] == [
        ("2026年上半年清查", date(2026, 5, 8), "没有完成，已核对 1/3 人")
    ]
