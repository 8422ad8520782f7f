import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Attachment, Changed
from tasks.forms.ledger import read_percent
from tasks.models import EventKind, Task, TaskState
from tasks.services import Refused, ledger
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return factories.make_committee()


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


@pytest.fixture
def task(branch):
    return factories.make_task(branch, "活动室制度未上墙")


# --- Services -------------------------------------------------------------------------------


def test_progress_moves_a_task_to_working_and_leaves_a_line(task, secretary):
    ledger.report_progress(task=task, text="制度已制好", progress=60, by=secretary, on=TODAY)
    assert (task.state, task.progress) == (TaskState.WORKING, 60)
    event = task.events.last()
    assert (event.kind, event.text, event.progress) == (EventKind.PROGRESS, "制度已制好", 60)
    line = TrailLine.objects.get(area="tasks", object_id=task.pk)
    assert line.before == {"状态": "待整改", "进度": "0%"}
    assert line.after == {"状态": "整改中", "进度": "60%"}
    note = Changed.objects.get()
    assert (note.area, note.from_on, note.to_on) == ("tasks", task.due_on, TODAY)


def test_the_whole_way_from_listed_to_closed(task, secretary, officer):
    ledger.report_progress(task=task, text="在办", progress=50, by=secretary, on=TODAY)
    ledger.request_close(task=task, text="已上墙", by=secretary, on=TODAY)
    ledger.return_task(task=task, text="缺一项", by=officer, on=TODAY)
    assert task.state == TaskState.WORKING
    ledger.request_close(task=task, text="已补齐", by=secretary, on=TODAY)
    ledger.close_task(task=task, by=officer, on=TODAY)
    assert (task.state, task.closed_on, task.progress) == (TaskState.CLOSED, TODAY, 100)
    assert [event.kind for event in task.events.all()] == [
        EventKind.LISTED,
        EventKind.PROGRESS,
        EventKind.REQUESTED,
        EventKind.RETURNED,
        EventKind.REQUESTED,
        EventKind.CLOSED,
    ]
    assert TrailLine.objects.filter(object_id=task.pk).count() == 5


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (TaskState.PENDING, ledger.close_task),
        (TaskState.WORKING, ledger.close_task),
        (TaskState.REVIEW, ledger.request_close),
        (TaskState.CLOSED, ledger.request_close),
        (TaskState.WORKING, ledger.return_task),
        (TaskState.CANCELLED, ledger.request_close),
    ],
)
def test_a_step_from_another_state_is_refused_and_writes_nothing(branch, secretary, state, step):
    closed_on = TODAY if state == TaskState.CLOSED else None
    task = factories.make_task(branch, state=state, closed_on=closed_on)
    with pytest.raises(ledger.StateMoved):
        step(task=task, text="说明", by=secretary, on=TODAY)
    assert Task.objects.get().state == state
    assert task.events.count() == 1
    assert not TrailLine.objects.exists()
    assert not Changed.objects.exists()


def test_the_second_of_two_who_close_is_refused(branch, officer):
    task = factories.make_task(branch, state=TaskState.REVIEW)
    stale = Task.objects.get(pk=task.pk)
    ledger.close_task(task=task, by=officer, on=TODAY)
    with pytest.raises(ledger.StateMoved, match="已销号"):
        ledger.return_task(task=stale, text="再看看", by=officer, on=TODAY)


@pytest.mark.parametrize("text", ["", "  "])
def test_progress_request_and_return_need_words(task, branch, secretary, officer, text):
    with pytest.raises(Refused):
        ledger.report_progress(task=task, text=text, progress=1, by=secretary, on=TODAY)
    with pytest.raises(Refused):
        ledger.request_close(task=task, text=text, by=secretary, on=TODAY)
    waiting = factories.make_task(branch, state=TaskState.REVIEW)
    with pytest.raises(Refused):
        ledger.return_task(task=waiting, text=text, by=officer, on=TODAY)


def test_percent_is_read_as_typed():
    assert [read_percent(text) for text in ("1", "80%", "８０", "100")] == [1, 80, 80, 100]


# --- Pages ----------------------------------------------------------------------------------


def walls():
    """(method, url name, body, who may) for every page of one task."""
    return [
        ("get", "detail", None, "both"),
        ("post", "progress", {"text": "在办", "percent": "40"}, "secretary"),
        ("post", "request_close", {"text": "已完成"}, "secretary"),
        ("post", "return", {"text": "缺材料"}, "officer"),
        ("post", "close", {"text": ""}, "officer"),
    ]


@pytest.mark.parametrize(("method", "name", "body", "may"), walls())
def test_nobody_is_sent_to_the_login(client, task, method, name, body, may):
    response = getattr(client, method)(reverse(f"tasks:{name}", args=[task.pk]), body)
    assert response.status_code == 302
    assert reverse("login") in response["Location"]


@pytest.mark.parametrize(("method", "name", "body", "may"), walls())
def test_the_neighbours_secretary_finds_nothing(client, committee, task, method, name, body, may):
    client.force_login(factories.make_user("secretary", factories.make_branch(committee)))
    response = getattr(client, method)(reverse(f"tasks:{name}", args=[task.pk]), body)
    assert response.status_code == 404


@pytest.mark.parametrize(("method", "name", "body", "may"), walls())
def test_a_reader_may_look_and_not_act(client, committee, task, method, name, body, may):
    client.force_login(factories.make_user("inspector", committee))
    response = getattr(client, method)(reverse(f"tasks:{name}", args=[task.pk]), body)
    assert response.status_code == (200 if method == "get" else 403)
    assert Task.objects.get().state == TaskState.PENDING


@pytest.mark.parametrize(("method", "name", "body", "may"), walls())
def test_each_step_belongs_to_one_side(client, branch, committee, method, name, body, may):
    state = TaskState.REVIEW if may == "officer" else TaskState.PENDING
    task = factories.make_task(branch, state=state)
    for role, organisation in (("secretary", branch), ("officer", committee)):
        role_code = "secretary" if role == "secretary" else "committee_officer"
        client.force_login(factories.make_user(role_code, organisation))
        if may not in ("both", role):
            response = getattr(client, method)(reverse(f"tasks:{name}", args=[task.pk]), body)
            assert response.status_code == 403
            assert Task.objects.get().state == state


def test_the_secretary_enters_progress_and_comes_back_to_the_task(client, secretary, task):
    client.force_login(secretary)
    upload = SimpleUploadedFile("照片.pdf", b"%PDF-1.7\n" + b"x" * 50)
    response = client.post(
        reverse("tasks:progress", args=[task.pk]),
        {"text": "制度已制好", "percent": "60%", "attachments": [upload], "dated_on": "3.12"},
    )
    assert response.status_code == 302
    assert response["Location"] == reverse("tasks:detail", args=[task.pk])
    page = client.get(response["Location"])
    assert "制度已制好" in page.content.decode()
    assert "照片.pdf" in page.content.decode()
    file = Attachment.objects.get()
    assert (file.organisation, file.dated_on) == (task.organisation, datetime.date(2026, 3, 12))


def test_a_refused_form_keeps_what_was_typed(client, secretary, task):
    client.force_login(secretary)
    response = client.post(
        reverse("tasks:progress", args=[task.pk]), {"text": "写了很多", "percent": "120"}
    )
    assert response.status_code == 200
    assert "进度应在 0 到 100 之间" in response.content.decode()
    assert "写了很多" in response.content.decode()


def test_a_return_without_opinion_is_refused_on_the_page(client, officer, branch):
    task = factories.make_task(branch, state=TaskState.REVIEW)
    client.force_login(officer)
    response = client.post(reverse("tasks:return", args=[task.pk]), {"text": ""})
    assert "退回要写明意见" in response.content.decode()
    assert Task.objects.get().state == TaskState.REVIEW


def test_a_step_that_came_too_late_shows_how_the_task_stands(client, officer, branch):
    task = factories.make_task(branch, state=TaskState.CLOSED, closed_on=TODAY)
    client.force_login(officer)
    response = client.post(reverse("tasks:return", args=[task.pk]), {"text": "再看看"}, follow=True)
    assert "现在是“已销号”" in response.content.decode()


def test_the_detail_takes_as_many_queries_for_three_steps_as_for_one(client, secretary, task):
    client.force_login(secretary)
    url = reverse("tasks:detail", args=[task.pk])
    one = count_of(lambda: client.get(url))
    for number in (10, 20):
        ledger.report_progress(task=task, text="在办", progress=number, by=secretary, on=TODAY)
    assert count_of(lambda: client.get(url)) == one


@pytest.mark.parametrize("query", ["state=x", "source=%00", "q=%00", "page=0", "branch=nobody"])
def test_an_odd_address_is_no_fault_of_ours(client, secretary, task, query):
    client.force_login(secretary)
    assert client.get(f"/tasks/?{query}").status_code in (200, 404)
