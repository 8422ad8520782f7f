"""Acts on several tasks at once, the papers, and what is overdue on the very day."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from compliance.models import CheckRun
from notices.models import Notice
from tasks import three_lists
from tasks.models import EventKind, Task, TaskEvent, TaskState
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
ACTS = ("remind", "close", "extend", "leader")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def committee(county):
    return factories.make_committee(county)


@pytest.fixture
def branch(committee):
    return factories.make_branch(committee)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


def due(days):
    return TODAY + datetime.timedelta(days=days)


def post(client, act, *tasks, **typed):
    data = {"pick": [task.pk for task in tasks], **typed}
    return client.post(reverse("tasks:bulk", args=[act]), data, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


# --- Bulk acts ------------------------------------------------------------------------------


def test_three_are_reminded_and_the_second_time_each_is_named(client, officer, branch):
    tasks = [factories.make_task(branch, f"问题{number}") for number in range(3)]
    client.force_login(officer)
    assert said(post(client, "remind", *tasks)) == ["已催办 3 项"]
    assert TaskEvent.objects.filter(kind=EventKind.REMINDED, on=TODAY).count() == 3
    assert Notice.objects.count() == 3
    again = said(post(client, "remind", *tasks))
    assert len(again) == 3
    assert all("今天已催办过，明天可以再催" in line for line in again)
    assert Notice.objects.count() == 3


def test_what_can_be_closed_is_and_the_rest_is_told_why(client, officer, branch):
    ready = factories.make_task(branch, "办好的", state=TaskState.REVIEW)
    county = factories.make_task(branch, "报县里", state=TaskState.REVIEW, by_county=True)
    early = factories.make_task(branch, "还在办", state=TaskState.WORKING)
    client.force_login(officer)
    lines = said(post(client, "close", ready, county, early))
    assert lines[0] == "已核查通过 2 项"
    assert "申请销号后再核查" in lines[1]
    assert early.number in lines[1]
    states = dict(Task.objects.values_list("problem", "state"))
    assert states == {"办好的": "closed", "报县里": "county_review", "还在办": "working"}


def test_one_day_and_one_reason_extend_all_that_is_ticked(client, officer, branch):
    tasks = [factories.make_task(branch, f"问题{n}", due_on=due(n)) for n in (1, 60)]
    client.force_login(officer)
    asked = post(client, "extend", *tasks)
    assert "延期原因" in asked.content.decode()
    wrong = post(client, "extend", *tasks, typed="1", due_on="4.17", reason="")
    assert "请写明延期的原因" in wrong.content.decode()
    assert "4.17" in wrong.content.decode()
    lines = said(post(client, "extend", *tasks, typed="1", due_on="4.17", reason="等材料"))
    assert lines[0] == "已延期 1 项"
    assert "新时限要晚于现在的时限2026年5月17日" in lines[1]
    first, second = Task.objects.order_by("pk")
    assert (first.due_on, first.first_due_on) == (datetime.date(2026, 4, 17), due(1))
    assert (second.due_on, second.first_due_on) == (due(60), None)


def test_the_leader_of_all_that_is_ticked_is_changed(client, officer, branch):
    tasks = [factories.make_task(branch, f"问题{number}") for number in range(2)]
    Task.objects.filter(pk=tasks[1].pk).update(responsible_leader="高承远")
    client.force_login(officer)
    lines = said(post(client, "leader", *tasks, typed="1", leader="高承远"))
    assert lines[0] == "已变更责任领导 1 项"
    assert "责任领导本来就是高承远" in lines[1]
    assert set(Task.objects.values_list("responsible_leader", flat=True)) == {"高承远"}
    assert TrailLine.objects.filter(action="变更任务").count() == 1


@pytest.mark.parametrize("act", ACTS)
def test_only_those_who_check_act_on_several(client, committee, branch, act):
    task = factories.make_task(branch, state=TaskState.REVIEW)
    url = reverse("tasks:bulk", args=[act])
    body = {"pick": [task.pk], "typed": "1", "due_on": "2026-12-01", "reason": "x", "leader": "x"}
    assert client.post(url, body)["Location"].startswith(reverse("login"))
    for user, status in (
        (factories.make_user("secretary", branch), 403),
        (factories.make_user("inspector", committee), 403),
        (factories.make_user("secretary", factories.make_branch(committee)), 404),
        (factories.make_user("committee_officer", factories.make_committee(committee.parent)), 404),
    ):
        client.force_login(user)
        assert client.post(url, body).status_code == status
        assert client.get(url).status_code == 405
    task.refresh_from_db()
    assert (task.state, task.events.count()) == (TaskState.REVIEW, 1)


def test_a_committee_does_not_check_its_own_task_among_several(client, county, committee, officer):
    own = factories.make_task(committee, "委员会自己的", state=TaskState.REVIEW, due_on=due(-1))
    client.force_login(officer)
    for act in ACTS:
        body = {"pick": [own.pk], "typed": "1", "due_on": "4.17", "reason": "x", "leader": "x"}
        assert client.post(reverse("tasks:bulk", args=[act]), body).status_code == 403
    rows = client.get(reverse("tasks:list")).context["rows"]
    assert [row["may_tick"] for row in rows] == [False]
    client.force_login(factories.make_user("county_officer", county))
    assert said(post(client, "close", own)) == ["已核查通过 1 项"]


def test_a_committee_does_not_remind_itself_of_everything_overdue(client, committee, officer):
    factories.make_task(committee, "委员会自己的", due_on=due(-1))
    client.force_login(officer)
    address = reverse("tasks:bulk", args=["remind"])
    assert said(client.post(address, {"all": "1"}, follow=True)) == ["没有选中任务，请先勾选"]
    assert not Notice.objects.exists()


def test_nothing_ticked_is_said(client, officer, branch):
    client.force_login(officer)
    assert said(post(client, "remind")) == ["没有选中任务，请先勾选"]
    assert client.post(reverse("tasks:bulk", args=["delete"])).status_code == 404


def test_everything_overdue_under_the_filter_is_reminded(client, officer, branch):
    for number, source in enumerate(("自查", "自查", "督查反馈")):
        factories.make_task(branch, f"问题{number}", source=source, due_on=due(-1))
    factories.make_task(branch, "没到期", source="自查", due_on=TODAY)
    factories.make_task(branch, "等核查", source="自查", due_on=due(-1), state=TaskState.REVIEW)
    client.force_login(officer)
    url = reverse("tasks:bulk", args=["remind"]) + "?source=自查"
    assert said(client.post(url, {"all": "1"}, follow=True)) == ["已催办 2 项"]


# --- On paper -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", three_lists.FORMS)
def test_each_list_is_printed_with_the_filters_of_the_list(client, officer, branch, form):
    factories.make_branch(branch.parent)
    task = factories.make_task(branch, "制度未上墙", source="自查", category="制度")
    factories.make_task(branch, "台账不全", source="督查反馈")
    client.force_login(officer)
    page = client.get(reverse("tasks:paper", args=[form]), {"source": "自查"})
    text = page.content.decode()
    assert task.number in text
    assert "制度未上墙" in text
    assert "台账不全" not in text
    assert three_lists.FORMS[form].title in text
    assert "zb-paper--wide" in text


def test_paper_of_the_neighbours_is_not_there(client, branch):
    factories.make_task(branch)
    client.force_login(factories.make_user("secretary", factories.make_branch(branch.parent)))
    url = reverse("tasks:paper", args=["ledger"])
    assert client.get(url, {"organisation": branch.code}).status_code == 404
    assert "没有符合条件的任务" in client.get(url).content.decode()
    assert client.get(reverse("tasks:paper", args=["x"])).status_code == 404


def test_long_rows_make_more_sheets_and_none_is_lost():
    rows = [[str(number), "字" * 100] for number in range(10)]
    sheets = three_lists.sheets(rows, (2, 10), room=25)
    assert [len(sheet) for sheet in sheets] == [2] * 5
    assert [row for sheet in sheets for row in sheet] == rows
    assert [len(sheet) for sheet in three_lists.sheets([["1", "x" * 900]], (2, 10), room=25)] == [1]


def test_a_paper_takes_as_many_queries_for_sixty_as_for_one(client, officer, branch):
    factories.make_branch(branch.parent)
    factories.make_task(branch)
    client.force_login(officer)
    url = reverse("tasks:paper", args=["measures"])
    one = count_of(lambda: client.get(url))
    for number in range(59):
        factories.make_task(branch, f"第{number}个")
    assert count_of(lambda: client.get(url)) == one


# --- Overdue the same day, no job ------------------------------------------------------------


def test_what_was_due_yesterday_is_overdue_today_for_everybody_with_no_job_run(
    client, county, committee, officer, branch
):
    factories.make_branch(committee)
    factories.make_task(branch, "昨天到期", due_on=due(-1), state=TaskState.WORKING)
    factories.make_task(branch, "今天到期", due_on=TODAY, state=TaskState.WORKING)
    assert not CheckRun.objects.exists()

    client.force_login(factories.make_user("secretary", branch))
    items = client.get(reverse("desk")).context["items"]
    late = [item for item in items if "昨天到期" in item.title]
    assert [(item.kind, item.status) for item in late] == [("late", "逾期 1 天")]
    assert not any("今天到期" in item.title and item.kind == "late" for item in items)

    for user in (officer, factories.make_user("county_officer", county)):
        client.force_login(user)
        listed = client.get(reverse("tasks:list"), {"state": "overdue"})
        assert [row["problem"] for row in listed.context["rows"]] == ["昨天到期"]
        page = client.get(reverse("overview"))
        (card,) = [one for one in page.context["kpis"] if one["label"] == "整改逾期"]
        assert card["number"] == "1"
        assert "整改台账" in page.content.decode()
        assert page.context["zb"]["menu"][0]["label"]
        (entry,) = [one for one in page.context["zb"]["menu"] if one["label"] == "整改台账"]
        assert entry["count"] == 1
    assert not CheckRun.objects.exists()
