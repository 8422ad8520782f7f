from datetime import date

import pytest

from compliance.models import Duty
from compliance.services import refresh
from tasks.models import Task, TaskState
from tasks.services.ledger import close_task, request_close
from tests import factories
from tests.compliance.verdicts import duty_of, judge_everything, verdict

pytestmark = pytest.mark.django_db

OVERDUE = "tasks.overdue"


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.mark.parametrize(
    ("due_on", "next_day"),
    [
        (date(2026, 9, 15), date(2026, 9, 16)),
        (date(2026, 9, 30), date(2026, 10, 1)),
        (date(2026, 12, 31), date(2027, 1, 1)),
        (date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_a_task_is_not_overdue_on_its_due_day_but_on_the_next(branch, due_on, next_day):
    factories.make_task(branch, due_on=due_on)
    on_the_day = duty_of(OVERDUE, branch, due_on)
    assert (on_the_day.required, on_the_day.actual, on_the_day.state) == (0, 0, "done")
    assert (on_the_day.due_on, on_the_day.open_since) == (None, None)
    after = duty_of(OVERDUE, branch, next_day)
    assert (after.required, after.actual, after.state) == (0, 1, "overdue")
    assert (after.due_on, after.open_since) == (due_on, next_day)


def test_a_branch_without_tasks_is_clean(branch):
    assert verdict(OVERDUE, branch, date(2026, 9, 30)) == (0, 0, "done")


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (TaskState.PENDING, 1),
        (TaskState.WORKING, 1),
        (TaskState.REVIEW, 1),
        (TaskState.COUNTY_REVIEW, 1),
        (TaskState.CANCELLED, 0),
    ],
)
def test_a_task_counts_until_it_is_closed_or_cancelled(branch, state, count):
    factories.make_task(branch, due_on=date(2026, 9, 1), state=state)
    duty = duty_of(OVERDUE, branch, date(2026, 9, 30))
    assert duty.actual == count


def test_a_task_closed_late_was_overdue_until_the_day_it_was_closed(branch):
    factories.make_task(
        branch, due_on=date(2026, 9, 1), state=TaskState.CLOSED, closed_on=date(2026, 9, 20)
    )
    assert verdict(OVERDUE, branch, date(2026, 9, 19)) == (0, 1, "overdue")
    assert verdict(OVERDUE, branch, date(2026, 9, 20)) == (0, 0, "done")


def test_a_task_is_not_overdue_before_it_was_listed(branch):
    factories.make_task(branch, opened_on=date(2026, 9, 10), due_on=date(2026, 9, 10))
    assert verdict(OVERDUE, branch, date(2026, 9, 9)) == (0, 0, "done")
    assert verdict(OVERDUE, branch, date(2026, 9, 11)) == (0, 1, "overdue")


def test_the_condition_stands_since_the_oldest_task(branch):
    factories.make_task(branch, due_on=date(2026, 8, 31))
    factories.make_task(branch, due_on=date(2026, 3, 16))
    duty = duty_of(OVERDUE, branch, date(2026, 9, 30))
    assert (duty.actual, duty.open_since) == (2, date(2026, 3, 17))


def test_an_extended_task_is_judged_by_its_new_day(branch):
    task = factories.make_task(branch, due_on=date(2026, 9, 1))
    assert verdict(OVERDUE, branch, date(2026, 9, 2)) == (0, 1, "overdue")
    Task.objects.filter(pk=task.pk).update(due_on=date(2026, 10, 31), first_due_on=date(2026, 9, 1))
    assert verdict(OVERDUE, branch, date(2026, 9, 3)) == (0, 0, "done")
    assert verdict(OVERDUE, branch, date(2026, 11, 1)) == (0, 1, "overdue")


def test_closing_the_last_overdue_task_clears_the_condition_at_once(branch):
    secretary = factories.make_user(organisation=branch)
    task = factories.make_task(branch, due_on=date(2026, 9, 1))
    judge_everything(date(2026, 9, 10))
    duty = Duty.objects.get(rule=OVERDUE, organisation=branch)
    assert (duty.actual, duty.state) == (1, "overdue")
    request_close(task=task, text="已整改", by=secretary, on=date(2026, 9, 11))
    refresh(as_of=date(2026, 9, 11), organisation=branch)
    duty.refresh_from_db()
    assert (duty.actual, duty.state, duty.open_since) == (1, "overdue", date(2026, 9, 2))
    close_task(task=task, by=None, on=date(2026, 9, 12))
    refresh(as_of=date(2026, 9, 12), organisation=branch)
    duty.refresh_from_db()
    assert (duty.actual, duty.state, duty.open_since, duty.due_on) == (0, "done", None, None)
    assert list(duty.events.values_list("on", "before", "after", "actual")) == [
        (date(2026, 9, 10), "", "overdue", 1),
        (date(2026, 9, 12), "overdue", "done", 0),
    ]
