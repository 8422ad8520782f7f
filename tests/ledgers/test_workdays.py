"""The ledger 工作日历: notices as they come, and the exported table back without a change."""

import io
from datetime import date

import openpyxl
import pytest
from django.urls import reverse

from accounts.models import TrailLine
from branches.models import Changed, Workday
from branches.published_days import published_days
from branches.workdays import set_days
from ledgers.exports.workdays import export_workdays
from ledgers.services import ImportRefused, plan_import, write_import
from tests import factories
from tests.ledgers.workbooks import book, counts, plan, reasons, remarks, rows_of

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)
HEADINGS = ["日期", "类型", "说明"]


@pytest.fixture(autouse=True)
def table_of_2026(db):
    """The notice of one year, whatever else an installation begins with."""
    Workday.objects.all().delete()
    Workday.objects.bulk_create(
        Workday(day=day, is_workday=worked, note=note) for day, worked, note in published_days(2026)
    )


@pytest.fixture
def branch():
    return factories.make_branch(factories.make_committee(factories.make_county()))


@pytest.fixture
def officer(branch):
    return factories.make_user("county_officer", branch.parent.parent)


def table(*rows, headings=HEADINGS, name="2027年放假安排"):
    return name, [headings, *rows]


def planned(*rows, user=None, **options):
    return plan(table(*rows, **options), today=TODAY, user=user)


def days_of(year):
    rows = Workday.objects.filter(day__year=year)
    return [(row.day, row.is_workday, row.note) for row in rows]


SPRING = [(date(2027, 2, day), False, "春节") for day in range(6, 13)]


def test_whole_stretches_are_brought_in_day_by_day(branch, officer):
    found = planned(
        ["2月6日（周六）至12日（周五）放假调休，共7天", "放假", "春节"],
        ["2月14日、2月20日", "上班", None],
        user=officer,
    )
    assert counts(found) == (2, 2, 0, 0, 0)
    assert not Workday.objects.filter(day__year=2027).exists()
    write_import(found, by=officer)
    worked = [(date(2027, 2, day), True, "调休上班") for day in (14, 20)]
    assert days_of(2027) == SPRING + worked
    line = TrailLine.objects.filter(area="workdays").order_by("pk").first()
    assert (line.by, line.after["日期"]) == (officer, "2月6日（周六）至12日（周五）放假调休，共7天")
    note = Changed.objects.get(organisation=branch, area="values")
    assert (note.from_on, note.to_on) == (date(2027, 2, 6), date(2027, 2, 20))


@pytest.mark.parametrize(
    ("headings", "cells"),
    [
        (["序号", "日期", "是否上班", "节日"], [1, "2027.2.6-2.12", "否", "春节"]),
        (["日期", "是否放假", "备注"], ["20270206-20270212", "√", "春节"]),
        (["节日", "放假时间", "调休上班日期", "天数"], ["春节", "2月6日至12日", "2月14日", 7]),
    ],
)
def test_other_shapes_of_a_notice_are_read(headings, cells):
    found = planned(cells, headings=headings)
    assert reasons(found) == []
    write_import(found, by=None)
    assert days_of(2027)[:7] == SPRING
    rest = [(date(2027, 2, 14), True, "调休上班")] if "天数" in headings else []
    assert days_of(2027)[7:] == rest


def test_what_cannot_be_read_is_refused_with_its_reason():
    found = planned(
        ["2月12日至6日", "放假", "春节"],
        ["2月31日", "放假", "春节"],
        [None, "放假", "春节"],
        ["4月5日", None, "清明节"],
        ["4月6日", "也许", "清明节"],
        ["5月1日", "放假", None],
        ["2029年5月1日", "放假", "劳动节"],
    )
    assert counts(found) == (7, 0, 0, 0, 7)
    said = [reason.split("，")[0] for _row, _column, reason in reasons(found)]
    assert said == [
        "最后一天早于第一天",
        "“2月31日”读不出日期",
        "“日期”不能为空",
        "请写明“放假”还是“调休上班”",
        "“也许”不在可填范围内",
        "请写明是哪个节日",
        "2029 年的通知还没有发布",
    ]


def test_one_day_said_twice_counts_once_and_is_refused_when_the_two_differ():
    found = planned(["2月6日至8日", "放假", "春节"], ["2月8日至9日", "放假", "春节"])
    assert (counts(found), remarks(found)) == (
        (2, 1, 1, 0, 0),
        [(3, "日期", "2027年2月8日在第 2 行已有，只计一次")],
    )
    write_import(found, by=None)
    assert len(days_of(2027)) == 4
    found = planned(["4月3日至5日", "放假", "清明节"], ["4月5日", "上班", "清明节"])
    assert counts(found) == (2, 0, 0, 0, 2)


def test_a_day_that_is_stored_otherwise_shows_old_and_new():
    found = planned(["1月1日至4日", "放假", "元旦"], name="2026年")
    assert counts(found) == (1, 0, 1, 0, 0)
    row = found.tables[0].rows[0]
    assert row.changes == [("2026年1月4日", "上班 调休上班", "放假 元旦")]
    write_import(found, by=None)
    assert Workday.objects.get(day=date(2026, 1, 4)).is_workday is False
    assert counts(planned(["1月1日至4日", "放假", "元旦"], name="2026年")) == (1, 0, 0, 1, 0)


@pytest.mark.parametrize("role", ["secretary", "committee_officer"])
def test_nobody_but_the_county_brings_it_in(branch, role):
    place = branch if role == "secretary" else branch.parent
    user = factories.make_user(role, place)
    found = planned(["2月6日", "放假", "春节"], user=user)
    assert reasons(found) == [(2, "", "工作日历由县委组织部录入，你的账号不能导入")]


def test_a_table_that_has_moved_on_since_is_not_written_over():
    found = planned(["1月4日", "放假", "元旦"], name="2026年")
    Workday.objects.filter(day=date(2026, 1, 4)).update(note="改过")
    with pytest.raises(ImportRefused, match="又有变动"):
        write_import(found, by=None)
    added = planned(["2月6日", "放假", "春节"])
    day = date(2027, 2, 6)
    set_days(first=day, last=day, is_workday=True, note="补班", by=None)
    with pytest.raises(ImportRefused, match="又有变动"):
        write_import(added, by=None)
    assert days_of(2027) == [(day, True, "补班")]


# --- Out and in again -----------------------------------------------------------------------


def back(content, today=TODAY):
    return plan_import([("工作日历.xlsx", content)], today=today)


def edited(content, row, column, value):
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    workbook.active.cell(row, column).value = value
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def test_an_exported_table_comes_back_without_a_change():
    content = export_workdays(year=2026, by=None)
    rows = rows_of(content, "2026年工作日历")
    assert rows[0] == [*HEADINGS, "行标识"]
    assert rows[1][1:3] == ["放假", "元旦"]
    assert counts(back(content)) == (39, 0, 0, 39, 0)


def test_one_cell_edited_changes_one_day():
    content = edited(export_workdays(year=2026, by=None), 2, 3, "新年")
    found = back(content)
    assert counts(found) == (39, 0, 1, 38, 0)
    write_import(found, by=None)
    assert Workday.objects.get(day=date(2026, 1, 1)).note == "新年"


def test_an_old_copy_undoes_nothing_and_a_cell_changed_twice_is_refused():
    content = export_workdays(year=2026, by=None)
    Workday.objects.filter(day=date(2026, 1, 1)).update(is_workday=True, note="另行通知")
    assert counts(back(content)) == (39, 0, 0, 39, 0)
    found = back(edited(content, 2, 3, "新年"))
    assert counts(found) == (39, 0, 0, 38, 1)
    assert "导出以后系统里已改为“另行通知”" in reasons(found)[0][2]


def test_an_exported_row_keeps_its_day():
    content = export_workdays(year=2026, by=None)
    found = back(edited(content, 2, 1, date(2026, 7, 8)))
    assert "日期不能改" in reasons(found)[0][2]
    Workday.objects.filter(day=date(2026, 1, 1)).delete()
    assert "已从日历里移除" in reasons(back(content))[0][2]


def test_everybody_takes_the_table_out(client, branch):
    client.force_login(factories.make_user("secretary", branch))
    response = client.get(reverse("ledgers:workdays") + "?year=2026")
    assert response.status_code == 200
    assert counts(back(response.content)) == (39, 0, 0, 39, 0)
    assert TrailLine.objects.get(action="导出工作日历").label == "2026年工作日历"
    client.force_login(factories.make_user("system_admin", branch.parent.parent))
    assert client.get(reverse("ledgers:workdays")).status_code == 403


def test_the_template_asks_for_three_columns(client, officer):
    client.force_login(officer)
    response = client.get(reverse("ledgers:template", args=["day"]))
    assert rows_of(response.content, "工作日历") == [HEADINGS]
    page = client.get(reverse("branches:workdays")).content.decode()
    assert reverse("ledgers:template", args=["day"]) in page


def test_a_sheet_without_a_year_asks_for_it():
    content = book(table(["2月6日", "放假", "春节"], name="放假安排"))
    found = plan_import([("表.xlsx", content)], today=TODAY)
    assert "没有写年份" in reasons(found)[0][2]
    found = plan_import([("表.xlsx", content)], today=TODAY, year=2027)
    assert counts(found) == (1, 1, 0, 0, 0)
