"""The services of the ledger: what they do, what they refuse, which lines they leave."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import TrailLine
from branches.models import Attachment, Changed
from tasks.enums import ExtensionState
from tasks.models import EventKind, Task, TaskState
from tasks.services import Refused, extensions, ledger
from tasks.services.ledger import TaskFacts
from tasks.services.listing_several import list_tasks
from tasks.states import STARTS, Step
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
DUE = datetime.date(2026, 3, 16)
LATER = datetime.date(2026, 4, 30)


def pdf(name="签到表.pdf", more=b"x"):
    return SimpleUploadedFile(name, b"%PDF-1.7\n" + more * 50)


def facts(**changes):
    said = {
        "source": "镇街检查",
        "problem": "活动室制度未上墙",
        "responsible_leader": "党工委副书记 高承远",
        "responsible_unit": "望春社区第一党支部",
        "responsible_person": "林守正",
        "opened_on": TODAY,
        "due_on": LATER,
    }
    return TaskFacts(**said | changes)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


@pytest.fixture
def county_officer(county):
    return factories.make_user("county_officer", county)


def in_state(branch, state, **changes):
    closed_on = TODAY if state == TaskState.CLOSED else None
    return factories.make_task(branch, state=state, closed_on=closed_on, **changes)


def line_of(task):
    return TrailLine.objects.about("tasks", task.pk).first()


# --- Listing ----------------------------------------------------------------------------------


def test_a_listed_task_carries_what_was_said_its_event_line_and_note(branch, officer):
    task = ledger.list_task(
        organisation=branch,
        facts=facts(category="阵地建设", target="月底前上墙", measures="制作展板", by_county=True),
        by=officer,
        on=TODAY,
        uploads=[pdf("检查照片.pdf")],
        dates=[datetime.date(2026, 3, 12)],
    )
    task.refresh_from_db()
    assert (task.state, task.progress, task.by_county) == (TaskState.PENDING, 0, True)
    assert (task.opened_on, task.due_on, task.first_due_on) == (TODAY, LATER, None)
    assert task.number == f"2026-{task.pk:04d}"
    event = task.events.get()
    assert (event.kind, event.on, event.by) == (EventKind.LISTED, TODAY, officer)
    assert line_of(task).action == "挂账"
    assert line_of(task).after["责任人"] == "林守正"
    assert line_of(task).after["附件"] == "检查照片.pdf"
    note = Changed.objects.get()
    assert (note.organisation, note.area, note.from_on, note.to_on) == (
        *(branch, "tasks"),
        *(TODAY, LATER),
    )
    assert Attachment.objects.get().dated_on == datetime.date(2026, 3, 12)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"responsible_leader": " "}, "responsible_leader", "请填责任领导"),
        ({"responsible_unit": ""}, "responsible_unit", "请填责任单位"),
        ({"responsible_person": ""}, "responsible_person", "请填责任人"),
        ({"due_on": None}, "due_on", "请填整改时限"),
        ({"problem": ""}, "problem", "请写明存在的问题"),
        ({"problem": "。。。"}, "problem", "请用文字"),
        ({"source": ""}, "source", "请填问题来源"),
        ({"due_on": TODAY - datetime.timedelta(days=1)}, "due_on", "整改时限早于建账日期"),
        ({"opened_on": TODAY + datetime.timedelta(days=1)}, "opened_on", "建账日期在今天之后"),
        ({"responsible_person": "某" * 81}, "responsible_person", "最多 80 个字"),
    ],
)
def test_what_is_missing_or_the_wrong_way_round_is_not_listed(branch, changes, field, words):
    with pytest.raises(Refused, match=words) as refused:
        ledger.list_task(organisation=branch, facts=facts(**changes), by=None, on=TODAY)
    assert refused.value.field == field
    assert not Task.objects.exists()
    assert not TrailLine.objects.exists()


def test_a_task_may_be_due_on_the_day_it_is_listed(branch):
    ledger.list_task(organisation=branch, facts=facts(due_on=TODAY), by=None, on=TODAY)
    assert Task.objects.get().due_on == TODAY


def test_the_same_problem_of_the_same_day_is_not_listed_twice_whatever_its_marks(branch, committee):
    first = ledger.list_task(organisation=branch, facts=facts(), by=None, on=TODAY)
    with pytest.raises(Refused, match=first.number):
        again = facts(problem="活动室，制度未上墙。")
        ledger.list_task(organisation=branch, facts=again, by=None, on=TODAY)
    other = factories.make_branch(committee)
    ledger.list_task(organisation=other, facts=facts(), by=None, on=TODAY)
    assert Task.objects.count() == 2


def test_nothing_is_listed_for_an_organisation_that_is_dissolved(committee):
    gone = factories.make_branch(committee, dissolved_on=TODAY)
    with pytest.raises(Refused, match="撤销"):
        ledger.list_task(organisation=gone, facts=facts(), by=None, on=TODAY)


def test_one_problem_is_listed_for_several_organisations_each_with_its_own_secretary(committee):
    branches = [factories.make_branch(committee, name) for name in ("甲党支部", "乙党支部")]
    for branch, name in zip(branches, ("许桂兰", "陶秀云"), strict=True):
        factories.make_post(branch, person_name=name)
    said = facts(responsible_unit="", responsible_person="")
    tasks = list_tasks(organisations=branches, facts=said, by=None, on=TODAY)
    assert [(one.responsible_unit, one.responsible_person) for one in tasks] == [
        ("甲党支部", "许桂兰"),
        ("乙党支部", "陶秀云"),
    ]


def test_several_are_listed_all_or_none(committee, branch):
    other = factories.make_branch(committee)
    factories.make_post(other, person_name="许桂兰")
    said = facts(responsible_person="")
    with pytest.raises(Refused, match=f"{branch.short_name}现在没有书记") as refused:
        list_tasks(organisations=[other, branch], facts=said, by=None, on=TODAY)
    assert refused.value.field == "responsible_person"
    assert not Task.objects.exists()


# --- Every step from every state --------------------------------------------------------------


def steps(task):
    """step → the call of its service."""
    now = {"by": None, "on": TODAY}
    request = task.extensions.first()
    return {
        Step.START: lambda: ledger.start_task(task=task, **now),
        Step.PROGRESS: lambda: ledger.report_progress(task=task, text="在办", progress=5, **now),
        Step.REQUEST: lambda: ledger.request_close(task=task, text="已办", **now),
        Step.CHECK: lambda: ledger.close_task(task=task, **now),
        Step.COUNTY_CHECK: lambda: ledger.county_close(task=task, **now),
        Step.RETURN: lambda: ledger.return_task(task=task, text="差一项", **now),
        Step.REOPEN: lambda: ledger.reopen_task(task=task, reason="反弹", due_on=LATER, **now),
        Step.CANCEL: lambda: ledger.cancel_task(task=task, reason="重复", **now),
        Step.CHANGE: lambda: ledger.change_task(
            task=task, version=task.version, facts=facts(problem=task.problem), **now
        ),
        Step.ASK: lambda: extensions.ask_extension(task=task, due_on=LATER, reason="雨季", **now),
        Step.ANSWER: lambda: extensions.grant_extension(extension=request, **now),
        Step.EXTEND: lambda: extensions.extend_task(task=task, due_on=LATER, reason="雨季", **now),
    }


@pytest.mark.parametrize("step", [step for step in Step if step != Step.REMIND])
def test_each_service_takes_its_states_and_refuses_all_others_without_a_trace(branch, step):
    for state in TaskState:
        task = in_state(branch, state)
        if step == Step.ANSWER:
            factories.make_extension(task, LATER)
        TrailLine.objects.all().delete()
        if state in STARTS[step]:
            steps(task)[step]()
            assert line_of(task) is not None, state
            continue
        with pytest.raises(ledger.StateMoved, match=f"现在是“{state.label}”"):
            steps(task)[step]()
        assert Task.objects.get(pk=task.pk).state == state
        assert task.events.count() == 1
        assert not TrailLine.objects.exists()


def test_each_step_makes_the_task_a_newer_version(branch):
    task = in_state(branch, TaskState.PENDING)
    ledger.start_task(task=task, by=None, on=TODAY)
    ledger.report_progress(task=task, text="在办", progress=5, by=None, on=TODAY)
    assert task.version == 3


# --- Change ------------------------------------------------------------------------------------


def test_a_change_says_what_was_and_what_is_and_leaves_the_deadline(branch, officer):
    task = ledger.list_task(organisation=branch, facts=facts(), by=None, on=TODAY)
    other = facts(responsible_person="许桂兰", due_on=datetime.date(2027, 1, 1))
    ledger.change_task(task=task, version=1, facts=other, by=officer, on=TODAY)
    assert (task.responsible_person, task.due_on, task.version) == ("许桂兰", LATER, 2)
    line = line_of(task)
    assert (line.action, line.before, line.after) == (
        "变更任务",
        {"责任人": "林守正"},
        {"责任人": "许桂兰"},
    )


def test_a_change_made_from_an_older_version_is_refused(branch):
    task = ledger.list_task(organisation=branch, facts=facts(), by=None, on=TODAY)
    ledger.report_progress(task=task, text="在办", progress=5, by=None, on=TODAY)
    with pytest.raises(ledger.ChangedMeanwhile, match="刚被别人改过"):
        ledger.change_task(
            task=task, version=1, facts=facts(responsible_person="许桂兰"), by=None, on=TODAY
        )
    assert Task.objects.get().responsible_person == "林守正"


def test_a_change_without_a_difference_leaves_no_line(branch):
    task = ledger.list_task(organisation=branch, facts=facts(), by=None, on=TODAY)
    ledger.change_task(task=task, version=1, facts=facts(), by=None, on=TODAY)
    assert TrailLine.objects.count() == 1


def test_whether_the_county_checks_is_settled_before_the_check_begins(branch):
    task = in_state(branch, TaskState.REVIEW)
    said = facts(problem=task.problem, by_county=True)
    with pytest.raises(Refused, match="已申请销号"):
        ledger.change_task(task=task, version=1, facts=said, by=None, on=TODAY)


# --- The two levels of the check ---------------------------------------------------------------


def test_a_task_for_the_county_is_checked_by_two(branch, officer, county_officer):
    task = in_state(branch, TaskState.REVIEW, by_county=True)
    ledger.close_task(task=task, by=officer, on=TODAY, text="属实")
    assert (task.state, task.closed_on, task.progress) == (TaskState.COUNTY_REVIEW, None, 100)
    assert task.events.last().kind == EventKind.CHECKED
    ledger.county_close(task=task, by=county_officer, on=TODAY)
    assert (task.state, task.closed_on) == (TaskState.CLOSED, TODAY)
    assert task.events.last().kind == EventKind.CLOSED


def test_the_county_does_not_make_the_committees_check_but_may_return(branch, county_officer):
    task = in_state(branch, TaskState.REVIEW, by_county=True)
    with pytest.raises(Refused, match="报上来后再做县级核查"):
        ledger.close_task(task=task, by=county_officer, on=TODAY)
    ledger.return_task(task=task, text="材料不全", by=county_officer, on=TODAY)
    assert task.state == TaskState.WORKING


def test_what_waits_for_the_county_is_passed_and_returned_by_the_county_alone(branch, officer):
    task = in_state(branch, TaskState.COUNTY_REVIEW, by_county=True)
    with pytest.raises(Refused, match="由县委组织部"):
        ledger.county_close(task=task, by=officer, on=TODAY)
    with pytest.raises(Refused, match="由县委组织部"):
        ledger.return_task(task=task, text="再看看", by=officer, on=TODAY)
    assert Task.objects.get().state == TaskState.COUNTY_REVIEW


def test_the_check_of_the_county_is_taken_off_by_the_county_alone(branch, officer, county_officer):
    task = in_state(branch, TaskState.WORKING, by_county=True)
    said = facts(problem=task.problem, by_county=False)
    with pytest.raises(Refused, match="由县委组织部改为不经县级核查") as refused:
        ledger.change_task(task=task, version=1, facts=said, by=officer, on=TODAY)
    assert refused.value.field == "by_county"
    ledger.change_task(task=task, version=1, facts=said, by=county_officer, on=TODAY)
    assert not task.by_county


def test_what_the_county_checks_is_taken_out_by_the_county_alone(branch, officer, county_officer):
    task = in_state(branch, TaskState.COUNTY_REVIEW, by_county=True)
    with pytest.raises(Refused, match="由县委组织部撤销"):
        ledger.cancel_task(task=task, reason="不办了", by=officer, on=TODAY)
    ledger.cancel_task(task=task, reason="重复建账", by=county_officer, on=TODAY)
    assert task.state == TaskState.CANCELLED


def test_where_the_county_is_the_superior_one_check_closes(county, county_officer):
    direct = factories.make_branch(county, "县直机关党支部")
    task = in_state(direct, TaskState.REVIEW, by_county=True)
    ledger.close_task(task=task, by=county_officer, on=TODAY)
    assert task.state == TaskState.CLOSED


def test_the_county_may_close_what_needs_no_check_of_its_own(branch, county_officer):
    task = in_state(branch, TaskState.REVIEW)
    ledger.close_task(task=task, by=county_officer, on=TODAY)
    assert task.state == TaskState.CLOSED


# --- Reopening and taking out -------------------------------------------------------------------


def test_reopening_keeps_what_happened_and_shows_the_first_deadline(branch, officer):
    task = in_state(branch, TaskState.WORKING, due_on=DUE)
    ledger.request_close(task=task, text="已上墙", by=None, on=TODAY)
    ledger.close_task(task=task, by=officer, on=TODAY)
    ledger.reopen_task(task=task, reason="检查时又掉落", due_on=LATER, by=officer, on=TODAY)
    assert (task.state, task.closed_on, task.progress) == (TaskState.WORKING, None, 0)
    assert (task.due_on, task.first_due_on) == (LATER, DUE)
    kinds = [event.kind for event in task.events.all()]
    assert kinds == [
        EventKind.LISTED,
        EventKind.REQUESTED,
        EventKind.CLOSED,
        EventKind.REOPENED,
    ]
    assert line_of(task).before["整改时限"] == "2026年3月16日"
    assert line_of(task).after["整改时限"] == "2026年4月30日"


@pytest.mark.parametrize(
    ("reason", "due_on", "field"),
    [
        (" ", LATER, "reason"),
        ("反弹", None, "due_on"),
        ("反弹", TODAY - datetime.timedelta(days=1), "due_on"),
    ],
)
def test_reopening_needs_a_reason_and_a_deadline_to_come(branch, reason, due_on, field):
    task = in_state(branch, TaskState.CLOSED)
    with pytest.raises(Refused) as refused:
        ledger.reopen_task(task=task, reason=reason, due_on=due_on, by=None, on=TODAY)
    assert refused.value.field == field


def test_cancelling_needs_a_reason_and_settles_an_open_request(branch):
    task = in_state(branch, TaskState.WORKING)
    request = factories.make_extension(task, LATER)
    with pytest.raises(Refused, match="撤销的原因"):
        ledger.cancel_task(task=task, reason="", by=None, on=TODAY)
    ledger.cancel_task(task=task, reason="与另一项重复", by=None, on=TODAY)
    request.refresh_from_db()
    assert (task.state, request.state) == (TaskState.CANCELLED, ExtensionState.REFUSED)
    assert request.answer == "任务已撤销，申请不再需要"
