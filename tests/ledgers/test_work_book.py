"""The yearly ledger of work: what its sheets say, that it comes back unchanged, who may have it."""

import dataclasses
import datetime
import io

import openpyxl
import pytest
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from jobs import services as jobs
from jobs.models import Job, JobState
from ledgers import book_views
from ledgers.exports import services, work_book
from ledgers.services import plan_import, write_import
from tasks.models import Extension, Task, TaskState
from tasks.services import extensions, ledger
from tests import factories as make
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 6, 20)
URL = reverse("ledgers:work_book")


def day(month, number, year=2026):
    return datetime.date(year, month, number)


@pytest.fixture(autouse=True)
def today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return make.make_committee(make.make_county(code="COUNTY"), code="TOWN")


@pytest.fixture
def branch(committee):
    return make.make_branch(committee, "中共望春社区第一支部委员会", code="B1")


@pytest.fixture
def task(branch):
    """A task with a year behind it: progress in two months, returned, extended."""
    task = make.make_task(
        branch,
        "制度未上墙",
        opened_on=day(1, 10),
        due_on=day(3, 31),
        category="制度建设",
        target="上墙",
        measures="一、制版\n二、上墙",
        by_county=True,
    )
    ledger.report_progress(task=task, text="已设计", progress=40, by=None, on=day(2, 3))
    ledger.request_close(task=task, text="已上墙", by=None, on=day(3, 10))
    ledger.return_task(task=task, text="缺一块", by=None, on=day(3, 12))
    extensions.extend_task(task=task, due_on=day(6, 30), reason="补做", by=None, on=day(3, 31))
    make.make_task(
        branch,
        "去年的",
        opened_on=day(5, 1, 2025),
        state=TaskState.CLOSED,
        closed_on=day(11, 2, 2025),
    )
    return task


@pytest.fixture
def book(tmp_path):
    def run(organisation, year=2026, today=TODAY, by=None):
        path = tmp_path / "2026年工作任务台账.xlsx"
        run.hash = work_book.export_work_book(
            organisation=organisation, year=year, today=today, by=by, path=path, folder=tmp_path
        )
        run.path = path
        return openpyxl.load_workbook(path)

    return run


def rows(workbook, sheet):
    heads, *lines = workbook[sheet].iter_rows(values_only=True)
    return [dict(zip(heads, line, strict=True)) for line in lines]


def test_the_sheets_stand_in_order_and_the_notes_last(book, branch):
    names = book(branch).sheetnames
    assert names[:4] == ["整改", "问题清单", "责任清单", "整改清单"]
    assert names[4:-1] == [part.declared.name for part in work_book.PARTS]
    assert names[-1] == "说明"


def test_every_further_area_has_its_sheet():
    assert [part.declared.name for part in work_book.PARTS] == [
        "方案措施",
        "党建+",
        "软弱涣散",
        "督查",
        "社会组织",
    ]


def test_the_three_lists_say_the_same_tasks(book, branch, task):
    workbook = book(branch)
    (line,) = rows(workbook, "整改")
    assert (line["类别"], line["整改目标"], line["县级核查"]) == ("制度建设", "上墙", "是")
    (problem,) = rows(workbook, "问题清单")
    assert (problem["编号"], problem["类别"], problem["状态"]) == (
        task.number,
        "制度建设",
        "整改中",
    )
    (duty,) = rows(workbook, "责任清单")
    assert duty["核查"] == "上级核查后县级核查"
    assert duty["整改时限"] == "2026年6月30日（原定2026年3月31日）"
    (measure,) = rows(workbook, "整改清单")
    assert measure["2月"] == "2月3日 40%：已设计"
    assert measure["3月"] == "3月10日 申请销号：已上墙\n3月12日 退回整改：缺一块"
    assert (measure["1月"], measure["4月"]) == (None, None)


def test_a_year_holds_what_was_open_in_it(book, branch, task):
    lines = rows(book(branch, year=2025), "整改")
    assert [(line["存在问题"], line["销号日期"].date()) for line in lines] == [
        ("去年的", day(11, 2, 2025))
    ]


def test_what_comes_back_unchanged_changes_nothing(book, committee, task):
    book(committee)
    planned = plan_import([(book.path.name, book.path.read_bytes())], today=TODAY)
    read = {sheet.ledger: sheet for sheet in planned.sheets if sheet.ledger}
    assert "整改" in read
    for sheet in read.values():
        assert (sheet.new, sheet.changed, sheet.refused) == (0, 0, 0), sheet
    write_import(planned, by=None)
    assert Task.objects.get(pk=task.pk).version == task.version


def test_one_cell_edited_is_one_cell_changed(book, committee, task):
    workbook = book(committee)
    sheet = workbook["整改"]
    heads = [cell.value for cell in sheet[1]]
    sheet.cell(2, heads.index("整改目标") + 1).value = "上墙并公示"
    stream = io.BytesIO()
    workbook.save(stream)
    planned = plan_import([("表.xlsx", stream.getvalue())], today=TODAY)
    changed = [line.cells for line in planned.lines() if line.cells]
    assert changed == [[{"column": "整改目标", "before": "上墙", "after": "上墙并公示"}]]
    write_import(planned, by=None)
    assert Task.objects.get(pk=task.pk).target == "上墙并公示"


def test_the_same_records_have_the_same_hash(book, committee, task):
    book(committee)
    first = book.hash
    book(committee)
    assert book.hash == first


def test_the_officer_gets_the_workbook_and_a_line_stays(client, committee, task):
    client.force_login(make.make_user(Role.COMMITTEE_OFFICER, committee))
    page = client.get(URL, {"organisation": "TOWN", "year": 2026})
    assert "导出工作任务台账" in page.content.decode()
    answer = client.post(f"{URL}?organisation=TOWN&year=2026")
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames[0] == "整改"
    assert TrailLine.objects.get(action="导出工作任务台账").after["年度"] == "2026"


def test_nobody_gets_the_workbook_of_another_branch(client, committee, branch):
    other = make.make_branch(committee, code="B9")
    client.force_login(make.make_user(Role.SECRETARY, other))
    assert client.get(URL, {"organisation": "B1"}).status_code == 404
    assert client.post(f"{URL}?organisation=B1").status_code == 404
    client.logout()
    assert client.get(URL, {"organisation": "B1"}).status_code == 302


def test_a_year_to_come_has_no_workbook(branch, tmp_path):
    with pytest.raises(services.Refused, match="2027年还没有到"):
        work_book.export_work_book(
            organisation=branch,
            year=2027,
            today=TODAY,
            by=None,
            path=tmp_path / "x.xlsx",
            folder=tmp_path,
        )


def test_a_large_workbook_is_made_in_the_background(client, monkeypatch, committee, task):
    monkeypatch.setattr(book_views, "WORK", dataclasses.replace(book_views.WORK, at_once=1))
    client.force_login(make.make_user(Role.COMMITTEE_OFFICER, committee))
    assert client.post(f"{URL}?organisation=TOWN&year=2026").url == reverse("ledgers:export")
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert job.result_name.endswith("2026年工作任务台账.xlsx")


def test_more_tasks_need_no_more_queries(book, committee, branch, task):
    one = count_of(lambda: book(committee))
    for number in range(3):
        other = make.make_task(make.make_branch(committee), f"问题{number}", opened_on=day(1, 1))
        Extension.objects.create(task=other, due_on=day(12, 1), reason="补", asked_on=TODAY)
    assert count_of(lambda: book(committee)) == one
