"""The ledger as list, board and table by unit: what stands where, who sees it, how many queries."""

import datetime

import pytest
from django.urls import reverse

from tasks.models import EventKind, Extension, Task, TaskEvent, TaskState
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
URL = reverse("tasks:list")
BOARD, UNITS = reverse("tasks:board"), reverse("tasks:units")


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
def second(committee):
    return factories.make_branch(committee)


@pytest.fixture
def secretary(branch):
    return factories.make_user("secretary", branch)


@pytest.fixture
def officer(committee):
    return factories.make_user("committee_officer", committee)


@pytest.fixture
def county_officer(county):
    return factories.make_user("county_officer", county)


def due(days):
    return TODAY + datetime.timedelta(days=days)


def problems(response):
    return [row["problem"] for row in response.context["rows"]]


def chips(response):
    return {chip["label"]: chip["count"] for chip in response.context["chips"]}


# --- The list -------------------------------------------------------------------------------


def test_the_longest_overdue_stands_first_and_the_last_closed_follows(client, secretary, branch):
    factories.make_task(branch, "先办完", state=TaskState.CLOSED, closed_on=due(-9))
    factories.make_task(branch, "后办完", state=TaskState.CLOSED, closed_on=TODAY)
    factories.make_task(branch, "明天到期", due_on=due(1))
    factories.make_task(branch, "逾期最久", due_on=datetime.date(2026, 2, 1))
    factories.make_task(branch, "今天到期", due_on=TODAY)
    factories.make_task(branch, "还早", due_on=due(8))
    client.force_login(secretary)
    response = client.get(URL, {"state": "all"})
    assert problems(response) == [
        "逾期最久",
        "今天到期",
        "明天到期",
        "还早",
        "后办完",
        "先办完",
    ]
    assert [row["distance"] for row in response.context["rows"]][:5] == [
        "逾期 45 天",
        "今天到期",
        "还剩 1 天",
        "还剩 8 天",
        "2026年3月18日销号",
    ]
    assert chips(response) == {
        "在办": 4,
        "逾期": 1,
        "7 天内": 2,
        "待核查": 0,
        "已销号": 2,
        "全部": 6,
    }


def test_open_tasks_are_shown_unless_another_chip_is_chosen(client, secretary, branch):
    factories.make_task(branch, "在办的")
    factories.make_task(branch, "办完的", state=TaskState.CLOSED, closed_on=TODAY)
    client.force_login(secretary)
    assert problems(client.get(URL)) == ["在办的"]
    assert problems(client.get(URL, {"state": "closed"})) == ["办完的"]
    assert problems(client.get(URL, {"q": "办完"})) == ["办完的"]


def test_the_seventh_day_is_near_and_the_eighth_is_not(client, secretary, branch):
    factories.make_task(branch, "第七天", due_on=due(7))
    factories.make_task(branch, "第八天", due_on=due(8))
    client.force_login(secretary)
    response = client.get(URL, {"state": "soon"})
    assert problems(response) == ["第七天"]
    assert response.context["rows"][0]["distance_kind"] == "soon"


def test_the_list_narrows_by_source_category_origin_and_words(client, secretary, branch):
    mine = factories.make_task(branch, "制度未上墙", source="自查", category="制度建设")
    factories.make_task(branch, "台账不全", source="镇街检查", responsible_person="许桂兰")
    client.force_login(secretary)
    for query, expected in (
        ({"source": "自查"}, ["制度未上墙"]),
        ({"category": "制度建设"}, ["制度未上墙"]),
        ({"q": "台账"}, ["台账不全"]),
        ({"q": "许桂兰"}, ["台账不全"]),
        ({"q": mine.number}, ["制度未上墙"]),
        ({"q": f"1999-{mine.pk}"}, []),
        ({"from": "campaign"}, []),
        ({"from": "own", "source": "镇街检查"}, ["台账不全"]),
    ):
        assert problems(client.get(URL, query)) == expected, query


def test_the_list_holds_nothing_of_the_neighbours(client, secretary, branch, second):
    factories.make_task(second)
    mine = factories.make_task(branch)
    client.force_login(secretary)
    for url in (URL, BOARD):
        response = client.get(url)
        assert mine.problem in response.content.decode()
    assert client.get(URL, {"organisation": second.code}).status_code == 404
    assert client.get(BOARD, {"organisation": second.code}).status_code == 404
    assert client.get(UNITS, {"organisation": second.code}).status_code == 404


def test_an_empty_list_says_what_to_do(client, secretary, officer, branch, second):
    client.force_login(secretary)
    assert "没有在办的任务" in client.get(URL).content.decode()
    page = client.get(URL, {"state": "overdue", "q": "没有"}).content.decode()
    assert "条件：没有、逾期" in page
    assert "清除条件" in page


def test_filters_stay_while_paging(client, officer, branch, second):
    for number in range(51):
        factories.make_task(branch, f"第{number}个", source="自查")
    factories.make_task(second, source="镇街检查")
    client.force_login(officer)
    response = client.get(URL, {"source": "自查", "page": 2})
    assert len(response.context["rows"]) == 1
    assert "source=" in response.content.decode().split("上一页")[0].rpartition("href")[2]


def test_a_reminder_is_said_with_its_number_and_its_last_day(client, secretary, branch):
    task = factories.make_task(branch)
    for day in (due(-2), due(-1)):
        TaskEvent.objects.create(task=task, kind=EventKind.REMINDED, on=day)
    client.force_login(secretary)
    assert "已催办 2 次，最近 3月17日" in client.get(URL).content.decode()


def test_only_those_who_check_get_tick_boxes(client, secretary, officer, branch, second):
    factories.make_task(branch)
    client.force_login(secretary)
    page = client.get(URL).content.decode()
    assert "催办所选" not in page
    assert "催办逾期" not in page
    client.force_login(officer)
    page = client.get(URL).content.decode()
    assert "催办所选" in page
    assert "催办逾期 1 项" in page
    client.force_login(factories.make_user("inspector", branch.parent))
    assert "催办所选" not in client.get(URL).content.decode()


def test_what_waits_for_the_reader_differs_by_level(
    client, officer, county_officer, committee, branch, second
):
    factories.make_task(branch, "等镇街", state=TaskState.REVIEW)
    factories.make_task(branch, "等县里", state=TaskState.COUNTY_REVIEW, by_county=True)
    factories.make_task(committee, "镇街自己的", state=TaskState.REVIEW)
    asked = factories.make_task(branch, "申请延期的")
    Extension.objects.create(
        task=asked, due_on=due(30), reason="材料未到", asked_on=TODAY, entered_by=officer
    )
    factories.make_task(branch, "在办的")
    client.force_login(officer)
    assert set(problems(client.get(URL, {"state": "mine"}))) >= {"等镇街", "申请延期的"}
    assert "等县里" not in problems(client.get(URL, {"state": "mine"}))
    client.force_login(county_officer)
    assert set(problems(client.get(URL, {"state": "mine"}))) == {"等县里", "镇街自己的"}


def test_an_overdue_task_that_waits_for_the_check_counts_as_overdue(
    client, officer, branch, second
):
    factories.make_task(branch, "已申请", state=TaskState.REVIEW, due_on=due(-1))
    client.force_login(officer)
    response = client.get(URL, {"state": "overdue"})
    assert problems(response) == ["已申请"]
    assert response.context["remind_all"] is None


@pytest.mark.parametrize(
    "query",
    ["state=x", "source=%00", "q=%00", "page=0", "branch=nobody", "from=x", "q=2026-99999999999"],
)
@pytest.mark.parametrize("url", [URL, BOARD, UNITS, reverse("tasks:papers")])
def test_an_odd_address_is_no_fault_of_ours(client, secretary, branch, url, query):
    factories.make_task(branch)
    client.force_login(secretary)
    assert client.get(f"{url}?{query}").status_code in (200, 302, 404)


@pytest.mark.parametrize("url", [URL, BOARD, UNITS])
def test_sixty_tasks_take_as_many_queries_as_one(client, officer, branch, second, url):
    factories.make_task(branch, state=TaskState.REVIEW)
    factories.make_task(branch, state=TaskState.WORKING)
    client.force_login(officer)
    one = count_of(lambda: client.get(url))
    for number in range(59):
        task = factories.make_task(second, state=TaskState.WORKING, problem=f"第{number}个")
        TaskEvent.objects.create(task=task, kind=EventKind.REMINDED, on=TODAY)
    assert count_of(lambda: client.get(url)) == one


# --- The board ------------------------------------------------------------------------------


def cards(response):
    return {
        column["label"]: [card["problem"] for card in column["cards"]]
        for column in response.context["columns"]
    }


def test_the_board_has_four_columns_and_only_this_months_closed(client, officer, branch, second):
    factories.make_task(branch, "待整改的", due_on=due(13))
    factories.make_task(branch, "逾期的", state=TaskState.WORKING, due_on=due(-2))
    factories.make_task(branch, "待核查的", state=TaskState.REVIEW)
    factories.make_task(branch, "报县里的", state=TaskState.COUNTY_REVIEW, by_county=True)
    factories.make_task(branch, "本月的", state=TaskState.CLOSED, closed_on=TODAY.replace(day=1))
    factories.make_task(
        branch, "上月的", state=TaskState.CLOSED, closed_on=datetime.date(2026, 2, 28)
    )
    factories.make_task(branch, "撤销的", state=TaskState.CANCELLED)
    client.force_login(officer)
    response = client.get(BOARD)
    assert cards(response) == {
        "待整改": ["待整改的"],
        "整改中": ["逾期的"],
        "待核查": ["待核查的", "报县里的"],
        "已销号": ["本月的"],
    }
    assert [column["count_text"] for column in response.context["columns"]] == [
        "1 项",
        "1 项",
        "2 项，等我处理 1 项",
        "本月 1 项",
    ]


def buttons(response):
    return {
        card["problem"]: card["button"].label if card["button"] else ""
        for column in response.context["columns"]
        for card in column["cards"]
    }


def test_each_card_has_the_step_that_is_the_readers(client, secretary, officer, branch, second):
    factories.make_task(branch, "甲", state=TaskState.WORKING)
    factories.make_task(branch, "乙", state=TaskState.REVIEW)
    factories.make_task(branch, "丙", state=TaskState.COUNTY_REVIEW, by_county=True)
    client.force_login(officer)
    assert buttons(client.get(BOARD)) == {"甲": "催办", "乙": "核查", "丙": ""}
    client.force_login(secretary)
    assert buttons(client.get(BOARD)) == {"甲": "填写进展", "乙": "", "丙": ""}
    client.force_login(factories.make_user("inspector", branch.parent))
    assert set(buttons(client.get(BOARD)).values()) == {""}


def test_a_long_column_shows_the_first_and_opens(client, secretary, branch):
    for number in range(11):
        factories.make_task(branch, f"第{number}个", state=TaskState.WORKING)
    client.force_login(secretary)
    response = client.get(BOARD)
    assert "再看 3 项" in response.content.decode()
    assert len(cards(response)["整改中"]) == 8
    assert len(cards(client.get(BOARD, {"more": "working"}))["整改中"]) == 11


# --- By unit --------------------------------------------------------------------------------


def test_units_are_summed_with_all_below_them_and_the_worst_stands_first(
    client, county_officer, county, committee, branch, second
):
    other = factories.make_committee(county, name="中共银屏镇委员会")
    factories.make_task(factories.make_branch(other))
    for days in (-1, 0):
        factories.make_task(branch, f"{days}", due_on=due(days))
    factories.make_task(second, state=TaskState.CLOSED, closed_on=TODAY)
    factories.make_task(second, "撤销的", state=TaskState.CANCELLED)
    factories.make_task(committee, "自己的", state=TaskState.REVIEW, due_on=due(3))
    client.force_login(county_officer)
    response = client.get(UNITS)
    rows = {row["name"]: row["sums"] for row in response.context["rows"]}
    sums = rows[committee.short_name]
    assert (sums.open, sums.overdue, sums.review, sums.closed) == (3, 1, 1, 1)
    assert (sums.rate, sums.listed) == ("25.0%", 4)
    assert response.context["total"].open == 4
    below = client.get(UNITS, {"organisation": committee.code})
    names = [row["name"] for row in below.context["rows"]]
    assert names[0] == branch.short_name
    assert set(names) == {branch.short_name, second.short_name, committee.short_name}


def test_a_secretary_is_sent_to_the_list_of_the_branch(client, secretary, branch):
    client.force_login(secretary)
    assert client.get(UNITS).status_code == 302


def test_a_share_of_nothing_is_said_with_a_dash(client, officer, branch, second):
    client.force_login(officer)
    assert "—" in client.get(UNITS).content.decode()


def test_nobody_is_sent_to_the_login(client):
    for url in (URL, BOARD, UNITS, reverse("tasks:papers")):
        assert client.get(url).status_code == 302
    assert not Task.objects.exists()
