"""Tasks as of an earlier day: what happened since is undone, for the rule and for old ledgers."""

import datetime

import pytest

from branches.models import Organisation
from branches.periods import month_of
from branches.values import Values
from compliance.registry import RULES, Question
from ledgers.exports.scope import scope_of
from ledgers.exports.tasks import task_rows
from tasks.as_of import listed_on, open_on, overdue_on
from tasks.models import EventKind, Task, TaskState
from tasks.services import extensions, ledger
from tests import factories

pytestmark = pytest.mark.django_db


def day(month, number):
    return datetime.date(2026, month, number)


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(factories.make_county()))


@pytest.fixture
def task(branch):
    return factories.make_task(
        branch, state=TaskState.REVIEW, opened_on=day(1, 10), due_on=day(2, 28)
    )


def overdue(on):
    return list(overdue_on(Task.objects.all(), on))


def test_a_task_closed_later_was_open_before(task):
    ledger.close_task(task=task, by=None, on=day(3, 3))
    assert overdue(day(2, 28)) == []
    assert overdue(day(3, 2)) == [task]
    assert overdue(day(3, 3)) == []


def test_a_reopened_task_was_closed_in_between(task):
    ledger.close_task(task=task, by=None, on=day(3, 3))
    ledger.reopen_task(task=task, reason="又出现了", due_on=day(5, 31), by=None, on=day(5, 1))
    assert overdue(day(3, 2)) == [task]
    assert overdue(day(4, 1)) == []
    assert list(open_on(Task.objects.all(), day(4, 1))) == []
    assert list(open_on(Task.objects.all(), day(5, 1))) == [task]
    assert overdue(day(5, 31)) == []
    assert overdue(day(6, 1)) == [task]
    (then,) = listed_on(Task.objects.all(), day(4, 1))
    assert (then.closed_then, then.due_then) == (day(3, 3), day(2, 28))


def test_a_task_closed_twice_was_open_between_the_two(task):
    ledger.close_task(task=task, by=None, on=day(3, 3))
    ledger.reopen_task(task=task, reason="又出现了", due_on=day(5, 31), by=None, on=day(5, 1))
    ledger.request_close(task=task, text="补齐", by=None, on=day(6, 9))
    ledger.close_task(task=task, by=None, on=day(6, 10))
    assert [bool(overdue(on)) for on in (day(3, 2), day(4, 1), day(6, 9), day(6, 10))] == [
        True,
        False,
        True,
        False,
    ]


def test_before_an_extension_the_old_deadline_holds(branch):
    task = factories.make_task(branch, opened_on=day(1, 10), due_on=day(2, 28))
    for moved_on, to in ((day(3, 10), day(4, 15)), (day(4, 20), day(6, 30))):
        extensions.extend_task(task=task, due_on=to, reason="材料未到", by=None, on=moved_on)
    assert [bool(overdue(on)) for on in (day(2, 28), day(3, 1), day(3, 10), day(4, 15))] == [
        False,
        True,
        False,
        False,
    ]
    assert [bool(overdue(on)) for on in (day(4, 16), day(4, 20), day(6, 30), day(7, 1))] == [
        True,
        False,
        False,
        True,
    ]


def test_after_a_reopening_its_own_deadline_holds_until_the_next_extension(task):
    ledger.close_task(task=task, by=None, on=day(3, 3))
    ledger.reopen_task(task=task, reason="又出现了", due_on=day(5, 31), by=None, on=day(5, 1))
    extensions.extend_task(task=task, due_on=day(7, 31), reason="未到", by=None, on=day(6, 10))
    assert [bool(overdue(on)) for on in (day(5, 31), day(6, 1), day(6, 10), day(8, 1))] == [
        False,
        True,
        False,
        True,
    ]


def test_what_was_cancelled_later_was_still_there(branch):
    task = factories.make_task(branch, opened_on=day(1, 10), due_on=day(2, 28))
    factories.make_task(branch, "早就撤销", opened_on=day(1, 10), state=TaskState.CANCELLED)
    ledger.cancel_task(task=task, reason="重复", by=None, on=day(4, 1))
    assert overdue(day(3, 31)) == [task]
    assert overdue(day(4, 1)) == []


def test_the_rule_judges_an_earlier_day_by_what_held_then(task):
    ledger.close_task(task=task, by=None, on=day(3, 3))
    ledger.reopen_task(task=task, reason="又出现了", due_on=day(5, 31), by=None, on=day(5, 1))
    rule = RULES["tasks.overdue"]

    def judged(on):
        question = Question(Organisation.objects.branches(), None, on, on, Values())
        (measured,) = rule.measure(question)
        return measured.actual, measured.since

    assert judged(day(3, 2)) == (1, day(3, 1))
    assert judged(day(4, 1)) == (0, None)
    assert judged(day(6, 2)) == (1, day(6, 1))


def test_an_old_ledger_shows_the_task_as_it_stood(branch, task):
    ledger.close_task(task=task, by=None, on=day(3, 3))
    before = shown(branch, "2026-03")
    ledger.reopen_task(task=task, reason="又出现了", due_on=day(5, 31), by=None, on=day(5, 1))
    assert shown(branch, "2026-03") == before
    assert before[0]["销号日期"] == day(3, 3)
    now = shown(branch, "2026-05")[0]
    assert (now["销号日期"], now["整改时限"]) == (None, day(5, 31))


def shown(branch, month):
    return [row.values for row in task_rows(scope_of(branch, month_of(month), day(9, 1)))]


def test_events_alone_never_close_a_task_that_is_open(branch):
    """A task imported as closed and reopened by a cleared cell has no closing day."""
    task = factories.make_task(branch, opened_on=day(1, 10), due_on=day(2, 28))
    task.events.create(kind=EventKind.CLOSED, on=day(3, 3))
    task.events.create(kind=EventKind.REOPENED, on=day(5, 1))
    assert overdue(day(6, 1)) == [task]
    assert overdue(day(4, 1)) == []
