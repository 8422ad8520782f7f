"""The desk says what the superior last said of a task."""

import datetime

import pytest

from dashboard.desk import desk
from tasks.services import extensions, ledger
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)


@pytest.fixture
def branch():
    return factories.make_branch()


@pytest.fixture
def task(branch):
    return factories.make_task(branch, "制度未上墙", due_on=datetime.date(2026, 9, 30))


def lines(branch, on=TODAY):
    items = desk(branch, on, "", next_month=False)["items"]
    return [(item.title, item.status, item.basis) for item in items if "制度未上墙" in item.title]


def test_a_task_far_from_its_deadline_is_not_on_the_desk(branch, task):
    assert lines(branch) == []


def test_what_was_sent_back_is_listed_with_the_opinion_until_it_is_worked_on(branch, task):
    ledger.request_close(task=task, text="已上墙", by=None, on=TODAY)
    ledger.return_task(task=task, text="缺一块", by=None, on=TODAY)
    ((title, status, basis),) = lines(branch)
    assert (title, status) == ("重新整改：制度未上墙", "已退回")
    assert basis.startswith("退回意见：缺一块")
    assert task.number in basis
    assert lines(branch, datetime.date(2026, 5, 18)) != []
    ledger.report_progress(task=task, text="补做", progress=90, by=None, on=TODAY)
    assert lines(branch) == []


def test_an_answer_about_the_deadline_is_news_for_a_week(branch, task):
    asked = extensions.ask_extension(
        task=task, due_on=datetime.date(2026, 12, 1), reason="等料", by=None, on=TODAY
    )
    assert lines(branch) == []
    extensions.refuse_extension(extension=asked, answer="抓紧", by=None, on=TODAY)
    ((title, _status, basis),) = lines(branch)
    assert title == "更新整改进展：制度未上墙"
    assert basis.startswith("延期批复：不同意延至2026年12月1日：抓紧")
    assert len(lines(branch, datetime.date(2026, 3, 25))) == 1
    assert lines(branch, datetime.date(2026, 3, 26)) == []
