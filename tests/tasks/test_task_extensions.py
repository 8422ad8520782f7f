"""A later deadline, asked for, answered, given at once; and reminders."""

import datetime

import pytest

from accounts.models import TrailLine
from notices.models import Notice
from tasks.enums import ExtensionState
from tasks.models import EventKind, Extension, TaskEvent, TaskState
from tasks.services import Refused, extensions, reminders
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
DUE = datetime.date(2026, 3, 16)
LATER = datetime.date(2026, 4, 30)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


def in_state(branch, state, **changes):
    closed_on = TODAY if state == TaskState.CLOSED else None
    return factories.make_task(branch, state=state, closed_on=closed_on, **changes)


def line_of(task):
    return TrailLine.objects.about("tasks", task.pk).first()


# --- Extensions ---------------------------------------------------------------------------------


def test_a_granted_extension_moves_the_deadline_and_keeps_the_first(branch, secretary, officer):
    task = in_state(branch, TaskState.WORKING, due_on=DUE)
    request = extensions.ask_extension(
        task=task, due_on=LATER, reason="雨季不能施工", by=secretary, on=TODAY
    )
    assert task.due_on == DUE
    extensions.grant_extension(extension=request, answer="同意", by=officer, on=TODAY)
    task.refresh_from_db()
    assert (task.due_on, task.first_due_on, task.state) == (LATER, DUE, TaskState.WORKING)
    event = task.events.last()
    assert (event.kind, event.text) == (
        EventKind.EXTENDED,
        "由2026年3月16日延至2026年4月30日：同意",
    )
    further = datetime.date(2026, 6, 30)
    extensions.extend_task(task=task, due_on=further, reason="再延", by=officer, on=TODAY)
    assert (task.due_on, task.first_due_on) == (further, DUE)
    assert [row.state for row in task.extensions.all()] == [ExtensionState.GRANTED] * 2


def test_a_refused_extension_leaves_the_deadline_and_needs_words(branch, officer):
    task = in_state(branch, TaskState.WORKING, due_on=DUE)
    request = factories.make_extension(task, LATER)
    with pytest.raises(Refused, match="写明理由"):
        extensions.refuse_extension(extension=request, answer=" ", by=officer, on=TODAY)
    extensions.refuse_extension(extension=request, answer="可以赶上", by=officer, on=TODAY)
    task.refresh_from_db()
    request.refresh_from_db()
    assert (task.due_on, task.first_due_on) == (DUE, None)
    assert (request.state, request.answered_by) == (ExtensionState.REFUSED, officer)
    assert line_of(task).action == "不同意延期"


def test_one_request_is_open_at_a_time_and_answered_once(branch, officer):
    task = in_state(branch, TaskState.WORKING, due_on=DUE)
    asked = {"reason": "雨季", "by": None, "on": TODAY}
    request = extensions.ask_extension(task=task, due_on=LATER, **asked)
    with pytest.raises(Refused, match="等上级批复"):
        extensions.ask_extension(task=task, due_on=LATER, **asked)
    with pytest.raises(Refused, match="请先批复"):
        extensions.extend_task(task=task, due_on=LATER, **asked)
    extensions.grant_extension(extension=request, by=officer, on=TODAY)
    with pytest.raises(extensions.AlreadyAnswered, match="已经批复"):
        extensions.refuse_extension(extension=request, answer="晚了", by=officer, on=TODAY)
    assert Extension.objects.get().state == ExtensionState.GRANTED


@pytest.mark.parametrize(
    ("due_on", "words"),
    [
        (None, "请填延到哪一天"),
        (DUE, "新时限要晚于现在的时限2026年3月16日"),
        (datetime.date(2026, 3, 17), "新时限已经过了"),
    ],
)
def test_an_extension_leads_to_a_later_day_to_come(branch, due_on, words):
    task = in_state(branch, TaskState.WORKING, due_on=DUE)
    with pytest.raises(Refused, match=words) as refused:
        extensions.ask_extension(task=task, due_on=due_on, reason="雨季", by=None, on=TODAY)
    assert refused.value.field == "due_on"


# --- Reminders ----------------------------------------------------------------------------------


def test_a_task_is_reminded_once_a_day_and_its_branch_gets_a_notice(branch, committee, officer):
    task = in_state(branch, TaskState.WORKING, due_on=DUE)
    waiting = in_state(branch, TaskState.REVIEW)
    now = {"by": officer, "sender": committee}
    first = reminders.remind(tasks=[task, waiting], on=TODAY, **now)
    assert (first.sent, first.already, first.skipped) == ([task], [], [waiting])
    again = reminders.remind(tasks=[task], on=TODAY, **now)
    assert (again.sent, again.already) == ([], [task])
    reminders.remind(tasks=[task], on=TODAY + datetime.timedelta(days=1), **now)
    assert TaskEvent.objects.filter(kind=EventKind.REMINDED).count() == 2
    notice = Notice.objects.filter(on=TODAY).get()
    assert (notice.organisation, notice.sender, notice.about) == (
        branch,
        committee,
        f"task:{task.pk}",
    )
    assert notice.title == f"催办：{task.problem}"
    assert "已逾期 2 天" in notice.text
    assert line_of(task).action == "催办"
