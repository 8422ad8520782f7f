"""Two people at one moment, on real connections."""

import datetime

import pytest

from accounts.models import TrailLine
from notices.models import Notice
from tasks.models import EventKind, Extension, Task, TaskEvent, TaskState
from tasks.services import extensions, ledger, reminders
from tests import factories
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = datetime.date(2026, 3, 18)
LATER = datetime.date(2026, 4, 30)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def officers(branch):
    return [factories.make_user("committee_officer", branch.parent) for _ in range(2)]


def kinds(results):
    return sorted(type(result).__name__ for result in results)


def test_of_two_officers_who_close_one_task_one_wins_and_the_other_is_told(branch, officers):
    task = factories.make_task(branch, state=TaskState.REVIEW)

    def close(officer):
        return lambda: ledger.close_task(task=Task.objects.get(pk=task.pk), by=officer, on=TODAY)

    results = at_once(*[close(officer) for officer in officers])
    assert kinds(results) == ["StateMoved", "TaskEvent"]
    told = next(result for result in results if isinstance(result, ledger.StateMoved))
    assert str(told).startswith("这项任务现在是“已销号”")
    assert TaskEvent.objects.filter(kind=EventKind.CLOSED).count() == 1
    assert TrailLine.objects.count() == 1


def test_of_one_who_closes_and_one_who_returns_one_wins(branch, officers):
    task = factories.make_task(branch, state=TaskState.REVIEW)
    results = at_once(
        lambda: ledger.close_task(task=task, by=officers[0], on=TODAY),
        lambda: ledger.return_task(
            task=Task.objects.get(pk=task.pk), text="差一项", by=officers[1], on=TODAY
        ),
    )
    assert kinds(results) == ["StateMoved", "TaskEvent"]
    assert task.events.count() == 2


def test_of_two_who_ask_for_time_or_answer_one_does(branch, officers):
    task = factories.make_task(branch, state=TaskState.WORKING)

    def ask():
        return extensions.ask_extension(
            task=Task.objects.get(pk=task.pk), due_on=LATER, reason="雨季", by=None, on=TODAY
        )

    assert kinds(at_once(ask, ask)) == ["Extension", "Refused"]
    request = Extension.objects.get()
    results = at_once(
        lambda: extensions.grant_extension(extension=request, by=officers[0], on=TODAY),
        lambda: extensions.refuse_extension(
            extension=Extension.objects.get(), answer="不行", by=officers[1], on=TODAY
        ),
    )
    assert kinds(results) == ["AlreadyAnswered", "Extension"]


def test_of_two_who_remind_one_does(branch, officers):
    task = factories.make_task(branch, state=TaskState.WORKING)

    def remind(officer):
        return lambda: reminders.remind(tasks=[task], by=officer, on=TODAY, sender=branch.parent)

    results = at_once(*[remind(officer) for officer in officers])
    assert sorted(len(result.sent) for result in results) == [0, 1]
    assert (Notice.objects.count(), task.events.count()) == (1, 2)


def test_the_same_problem_listed_twice_at_once_is_one_task(branch, officers):
    facts = ledger.TaskFacts(
        source="镇街检查",
        problem="台账不全",
        responsible_leader="高承远",
        responsible_unit="支部",
        responsible_person="林守正",
        opened_on=TODAY,
        due_on=LATER,
    )

    def enter(officer):
        return lambda: ledger.list_task(organisation=branch, facts=facts, by=officer, on=TODAY)

    assert kinds(at_once(*[enter(officer) for officer in officers])) == ["Refused", "Task"]
