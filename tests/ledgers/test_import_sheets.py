"""Which ledger a sheet is, which rows are data, and what stops a whole sheet."""

import datetime

import pytest

from tests.ledgers.workbooks import (
    COUNTY,
    LI,
    MEMBERS,
    ROSTER,
    ZHANG,
    counts,
    dues,
    give,
    members,
    organisations,
    plan,
    reasons,
    remarks,
)

pytestmark = pytest.mark.django_db


def test_the_header_is_found_below_titles_and_in_any_order():
    give(COUNTY)
    planned = plan(
        (
            "Sheet1",
            [
                ["清禾县党员花名册"],
                ["填报单位(盖章)：", None, "填报时间：", "2026年9月30日"],
                [None],
                ["联系电话", "党 员\n类别", "身份证号码", "姓　名", "党支部编码"],
                ["19900000001", "正式党员", ZHANG, "张 伟", " b1 "],
            ],
        )
    )
    assert planned.sheets[0].ledger == "党员"
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert planned.tables[0].rows[0].label == "张伟"


def test_a_header_of_two_lines_is_read():
    give(COUNTY, ROSTER)
    planned = plan(
        (
            "2026年党费",
            [
                ["姓名", "公民身份号码", "缴费类别", "月应缴(元)", "缴纳情况", None],
                [None, None, None, None, "1月", "2月"],
                ["张伟", ZHANG, "农民", 0.5, 0.5, 0.5],
            ],
        )
    )
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert planned.tables[0].rows[0].values["2月"] == planned.tables[0].rows[0].values["1月"]


def test_blank_rows_totals_signatures_and_repeated_headers_are_no_data():
    give(COUNTY)
    row = ["张伟", ZHANG, "正式党员", "2001.7.1", None, "B1", None]
    planned = plan(
        members(
            row,
            [None] * 7,
            ["小 计", "共1人"],
            MEMBERS,
            ["李娜", LI, "正式党员", "2003.7.1", None, "B1", None],
            ["合计：", "共2人"],
            ["审核人：", None, "填表人：张三"],
            ["填报日期：2026年9月30日"],
        )
    )
    assert counts(planned) == (2, 2, 0, 0, 0)
    assert [line.row for line in planned.lines()] == [2, 6]


def test_unknown_columns_are_named_and_nothing_else():
    give(COUNTY)
    planned = plan(
        (
            "党员",
            [
                ["序号", *MEMBERS, "籍贯", "备 注"],
                [1, "张伟", ZHANG, "正式", "2001-07-01", None, "B1", None, "清禾", "x"],
            ],
        )
    )
    assert planned.sheets[0].unknown_columns == ["籍贯", "备 注"]
    assert counts(planned) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "heading", ["宗教信仰", "是否信教", "涉黑涉恶情况", "有无犯罪前科", "涉 嫌违法"]
)
def test_a_column_of_belief_or_suspicion_refuses_the_sheet_by_name(heading):
    give(COUNTY)
    planned = plan(
        ("党员", [[*MEMBERS, heading], ["张伟", ZHANG, "正式", None, None, "B1", None, "无"]])
    )
    assert counts(planned) == (1, 0, 0, 0, 1)
    ((row, column, reason),) = reasons(planned)
    assert (row, column) == (1, heading)
    assert f"请删除“{heading}”一列后再导入" in reason
    assert planned.refused == 1


def test_a_repeated_column_refuses_the_sheet():
    planned = plan(("党员", [[*MEMBERS, "身份证号"], ["张伟"]]))
    assert reasons(planned) == [(1, "公民身份号码", "“公民身份号码”有两列，请只留一列")]


def test_a_workbook_with_nothing_known_is_refused():
    planned = plan(("通讯录", [["单位", "电话", "地址"], ["县委", "1", "x"]]))
    assert planned.refused == 1
    assert reasons(planned) == [
        (
            0,
            "",
            "没有认出台账：请核对表头，可导入的台账："
            "组织、党员、党费、三会一课、整改、班子、发展党员、组织关系转接、"
            "年度计划、考勤、民主评议、培训、补学、谈心谈话、年度开展情况、"
            "党建+、软弱涣散、督查、社会组织、方案措施、工作日历",
        )
    ]


def test_a_sheet_that_lacks_one_column_is_told_which():
    planned = plan(("三会一课", [["党支部编码", "会议类型", "地点", "主持人", "主题"], ["B1"]]))
    assert reasons(planned) == [(0, "", "没有认出台账：像是“三会一课”台账，但没有“时间”一列")]


def test_an_unknown_sheet_beside_a_known_one_is_only_named():
    planned = plan(COUNTY, ("通讯录", [["单位", "电话"], ["县委", "1"]]))
    assert planned.refused == 0
    assert [(sheet.sheet, sheet.ledger) for sheet in planned.sheets] == [
        ("组织", "组织"),
        ("通讯录", ""),
    ]
    assert remarks(planned)[-1] == (0, "", "不是可导入的台账，没有读取")


def test_summaries_of_a_monthly_ledger_are_not_read():
    planned = plan(COUNTY, ("总览", [["组织编码", "组织名称", "组织类别"], ["C", "x", "党委"]]))
    assert planned.sheets[1].ledger == ""
    assert planned.refused == 0


@pytest.mark.parametrize(
    ("titles", "sheet", "file", "asked", "year"),
    [
        (["清禾县2025年党费收缴台账"], "Sheet1", "表.xlsx", None, 2025),
        (["二〇二四年度党费台账"], "Sheet1", "表.xlsx", None, 2024),
        (["填报时间：2027年1月5日"], "2026年党费", "表.xlsx", None, 2026),
        ([], "党费", "2023党费.xlsx", 2026, 2023),
        ([], "党费", "表.xlsx", 2026, 2026),
    ],
)
def test_the_year_of_dues_comes_from_title_or_name_before_it_is_asked(
    titles, sheet, file, asked, year
):
    name, rows = dues(["张伟", ZHANG, "农民", None, 0.5, 0.5, None, None], name=sheet)
    planned = plan((name, [*([title] for title in titles), *rows]), name=file, year=asked)
    assert planned.tables[0].year == year


def test_dues_without_a_year_are_refused():
    give(COUNTY, ROSTER)
    planned = plan(dues(["张伟", ZHANG, "农民", None, 0.5, 0.5, None, None], name="党费"))
    assert counts(planned) == (1, 0, 0, 0, 1)
    assert reasons(planned)[0][2].startswith("看不出是哪一年的党费")


def test_the_same_row_twice_counts_once_and_says_so():
    row = ["B9", "中共新村支部委员会", "C", "党支部", datetime.date(2020, 1, 1), None, 0]
    give(COUNTY)
    planned = plan(organisations(row, row))
    assert counts(planned) == (2, 1, 0, 1, 0)
    assert remarks(planned) == [(3, "", "与第 2 行完全相同，只计一次")]


def test_two_rows_of_one_key_that_differ_are_both_refused():
    give(COUNTY)
    planned = plan(
        members(
            ["张伟", ZHANG, "正式", "2001-07-01", None, "B1", None],
            ["张玮", ZHANG, "正式", "2001-07-01", None, "B1", None],
        )
    )
    assert counts(planned) == (2, 0, 0, 0, 2)
    assert sorted(reasons(planned)) == [
        (2, "", "与第 3 行重复，内容又不一样，请只留一行"),
        (3, "", "与第 2 行重复，内容又不一样，请只留一行"),
    ]
