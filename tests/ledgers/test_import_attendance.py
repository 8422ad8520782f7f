"""The ledgers that hang on meetings, as people type them: 考勤, 补学, 培训, 民主评议, 谈心谈话, and
the comparison of 年度开展情况."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Changed
from ledgers.imports.correcting import refused_workbook
from ledgers.services import ImportRefused, plan_import, write_import
from ledgers.sheets.attendance import read_seat
from meetings.enums import AttendanceState, Type
from meetings.models import (
    Appraisal,
    AppraisalResult,
    Attendance,
    MakeUp,
    Meeting,
    Talk,
    Training,
    TrainingAttendance,
)
from members.enums import MemberKind
from tests import factories as make
from tests.ledgers.workbooks import book, counts, give, plan, reasons, remarks, rows_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 4, 20)
MARCH_5, MARCH_12 = datetime.date(2026, 3, 5), datetime.date(2026, 3, 12)


@pytest.fixture
def branch():
    return make.make_branch(make.make_committee(make.make_county(), code="T1"), code="B1")


@pytest.fixture
def people(branch):
    """林守正 and 许桂兰 (probationary)."""
    return [
        make.make_member(branch, "林守正"),
        make.make_member(branch, "许桂兰", kind=MemberKind.PROBATIONARY),
    ]


@pytest.fixture
def held(branch, people):
    """A members' meeting with both present."""
    return make.make_meeting(
        branch, MARCH_5, (Type.MEMBERS_MEETING, Type.LECTURE), present=people, hours=Decimal(2)
    )


def matrix(*rows, heads=("2026-03-05 支部党员大会、党课",)):
    return "考勤", [["党支部编码", "姓名", *heads], *rows]


def seats():
    return dict(Attendance.objects.values_list("member__name", "state"))


# --- 考勤 -------------------------------------------------------------------------------------


def test_a_cell_changes_who_was_there_and_nothing_else(held, people, branch):
    Attendance.objects.update(may_vote=False)
    planned = give(matrix(["B1", "林守正", "√"], ["B1", "许桂兰", "请假（外出培训）"]), today=TODAY)
    assert counts(planned) == (2, 0, 1, 1, 0)
    row = Attendance.objects.get(member=people[1])
    assert (row.state, row.reason, row.was_formal, row.may_vote) == (
        AttendanceState.LEAVE,
        "外出培训",
        False,
        False,
    )
    held.refresh_from_db()
    assert held.version == 2
    line = TrailLine.objects.get(action="导入修改")
    heading = "2026-03-05 支部党员大会、党课"
    assert (line.object_id, line.before, line.after) == (
        held.pk,
        {heading: "到"},
        {heading: "请假(外出培训)"},
    )
    assert Changed.objects.filter(organisation=branch, area="meetings").exists()


def test_heads_are_read_as_people_type_them(held):
    for head in ("2026.3.5 党员大会", "2026年3月5日党课", "2026/03/05 支部党员大会"):
        planned = plan(matrix(["B1", "林守正", "缺席"], heads=(head,)), today=TODAY)
        assert counts(planned) == (1, 0, 1, 0, 0), head


def test_blank_cells_say_nothing_and_reasons_stay(held, people):
    Attendance.objects.filter(member=people[0]).update(state="leave", reason="出差")
    planned = plan(matrix(["B1", "林守正", "请假"], ["B1", "许桂兰", None]), today=TODAY)
    assert counts(planned) == (2, 0, 0, 2, 0)


def test_a_meeting_that_is_not_stored_is_refused(held):
    heads = ("2026-03-05 支部党员大会", "2026-03-06 支委会")
    planned = plan(matrix(["B1", "林守正", "缺席", "到"], heads=heads), today=TODAY)
    assert reasons(planned) == [
        (2, "2026-03-06 支部委员会", "系统里没有这次会议，请先登记会议或导入三会一课台账")
    ]
    with pytest.raises(ImportRefused):
        write_import(planned, by=None)
    assert set(seats().values()) == {AttendanceState.PRESENT}


@pytest.mark.parametrize(
    ("cell", "made_up"),
    [
        ("请假(出差) 补学", True),
        ("缺席，已补学", True),
        ("请假(未补学)", False),
        ("缺席 未补学", False),
    ],
)
def test_only_study_that_was_made_up_is_read_as_such(cell, made_up):
    assert read_seat(cell)[2] is made_up


def test_marks_that_mean_nothing_are_refused_with_their_place(held):
    planned = plan(matrix(["B1", "林守正", "也许"], ["B1", "周兰", "到"]), today=TODAY)
    assert reasons(planned) == [
        (2, "2026-03-05 支部党员大会、党课", "“也许”请写：到、请假(事由)、缺席"),
        (3, "姓名", "不在支部开会那天的党员名册里，列席的请不要填在这里"),
    ]


def test_refused_rows_of_two_blocks_keep_their_heads(held, branch):
    other = make.make_branch(branch.parent, code="B2")
    make.make_meeting(other, MARCH_12, (Type.THEME_DAY,), present=[make.make_member(other, "王海")])
    heads = ["党支部编码", "姓名"]
    sheet = (
        "考勤",
        [
            [*heads, "2026-03-05 党课"],
            ["B1", "林守正", "也许"],
            [None, None, None],
            [*heads, "2026-03-12 主题党日"],
            ["B2", "王海", "缺席"],
            ["B2", "周兰", "到"],
        ],
    )
    planned = plan(sheet, today=TODAY)
    assert counts(planned) == (3, 0, 1, 0, 2)
    lines = rows_of(refused_workbook(planned), "考勤")
    assert [line[2] for line in lines] == [
        "2026-03-05 党课",
        "也许",
        None,
        "2026-03-12 主题党日",
        "到",
    ]


def test_a_late_name_gets_a_seat_only_if_the_person_was_there(held, branch):
    make.make_member(branch, "周兰", starts_on=datetime.date(2026, 3, 10))
    zhao = make.make_member(branch, "赵平", starts_on=datetime.date(2026, 1, 1))
    planned = plan(matrix(["B1", "赵平", "到"]), today=TODAY)
    assert counts(planned) == (1, 0, 1, 0, 0)
    write_import(planned, by=None)
    assert Attendance.objects.get(member=zhao).may_vote
    heads = ("2026-03-05 党课", "2026-03-12 主题党日")
    make.make_meeting(branch, MARCH_12, (Type.THEME_DAY,))
    planned = plan(matrix(["B1", "周兰", "到", "到"], heads=heads), today=TODAY)
    assert reasons(planned) == [(2, "2026-03-05 党课", "2026-03-05 不在这个支部的名册里，请核对")]


def test_a_meeting_of_the_same_files_has_its_people_from_there(held):
    brought = (
        "三会一课",
        [
            ["党支部编码", "会议类型", "时间", "参会人员", "缺席人员"],
            ["B1", "主题党日", "2026-03-12", "林守正", "许桂兰"],
            ["B1", "支部党员大会、党课", "2026-03-05", "林守正", "许桂兰"],
        ],
    )
    heads = ("2026-03-05 党课", "2026-03-12 主题党日")
    planned = plan(brought, matrix(["B1", "许桂兰", "请假", "缺席"], heads=heads), today=TODAY)
    assert reasons(planned) == [
        (2, "2026-03-05 党课", "“三会一课”表里也改了这次会议的人员，请只在一张表里改")
    ]
    assert (2, heads[1], "这次会议随“三会一课”表导入，人员以那张表为准") in remarks(planned)
    assert counts(
        give(brought, matrix(["B1", "许桂兰", None, "到"], heads=heads), today=TODAY), 1
    ) == (
        1,
        0,
        0,
        1,
        0,
    )


# --- 补学 -------------------------------------------------------------------------------------

MAKE_UPS = ["党支部编码", "姓名", "会议日期", "补学日期", "方式", "补学学时"]


def make_ups(*rows):
    return "补学", [MAKE_UPS, *rows]


def test_a_make_up_counts_for_whoever_missed_the_meeting(held, people):
    Attendance.objects.filter(member=people[1]).update(state=AttendanceState.ABSENT)
    sheet = make_ups(["B1", "许桂兰", "2026.3.5", "2026.3.9", "上门送学", None])
    assert counts(give(sheet, today=TODAY)) == (1, 1, 0, 0, 0)
    one = MakeUp.objects.get()
    assert (one.member, one.way, one.hours) == (people[1], "home_visit", Decimal(2))
    assert counts(give(sheet, today=TODAY)) == (1, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("name", "done", "hours", "column", "words"),
    [
        ("林守正", "2026-3-9", None, "姓名", "记的是到会"),
        ("许桂兰", "2026-3-4", None, "补学日期", "早于会议日期"),
        ("许桂兰", "2026-4-30", None, "补学日期", "还没有到"),
        ("许桂兰", "2026-3-9", 3, "补学学时", "不超过这次会议的 2.0 学时"),
    ],
)
def test_what_the_service_refuses_the_sheet_refuses(held, people, name, done, hours, column, words):
    Attendance.objects.filter(member=people[1]).update(state=AttendanceState.LEAVE)
    planned = plan(make_ups(["B1", name, "2026-03-05", done, "自学", hours]), today=TODAY)
    assert [(heading, words in reason) for _row, heading, reason in reasons(planned)] == [
        (column, True)
    ]


# --- 培训 -------------------------------------------------------------------------------------

COURSES = [
    "主办单位编码",
    "培训名称",
    "开始日期",
    "结束日期",
    "培训学时",
    "党支部编码",
    "姓名",
    "学时",
]


def courses(*rows):
    return "培训", [COURSES, *rows]


def test_a_course_comes_with_its_people(branch, people):
    sheet = courses(
        ["T1", "春季轮训", "2026.3.2", "2026.3.4", 24, "B1", "林守正", None],
        ["T1", "春季轮训", "2026.3.2", "2026.3.4", 24, "B1", "许桂兰", 16],
    )
    assert counts(give(sheet, today=TODAY)) == (2, 2, 0, 0, 0)
    course = Training.objects.get()
    assert (course.organisation.code, course.level, course.hours) == ("T1", "committee", 24)
    assert sorted(TrainingAttendance.objects.values_list("member__name", "hours")) == [
        ("林守正", Decimal(24)),
        ("许桂兰", Decimal(16)),
    ]
    assert counts(give(sheet, today=TODAY)) == (2, 0, 0, 2, 0)
    sheet[1][2][-1] = 20
    assert counts(give(sheet, today=TODAY)) == (2, 0, 1, 1, 0)
    assert TrainingAttendance.objects.get(member=people[1]).hours == 20


def test_a_course_of_the_superior_is_not_the_branchs_to_enter(branch, people):
    user = make.make_user(Role.SECRETARY, branch)
    sheet = courses(["T1", "春季轮训", "2026.3.2", "2026.3.4", 24, "B1", "林守正", None])
    planned = plan_import([("表.xlsx", book(sheet))], today=TODAY, user=user)
    assert "不在你的导入范围内" in reasons(planned)[0][2]


def test_rows_of_one_course_have_to_agree(branch, people):
    planned = plan(
        courses(
            ["B1", "读书班", "2026.3.2", "2026.3.4", 24, "B1", "林守正", None],
            ["B1", "读书班", "2026.3.2", "2026.3.4", 16, "B1", "许桂兰", None],
        ),
        today=TODAY,
    )
    assert [(number, column) for number, column, _reason in reasons(planned)] == [(3, "培训学时")]


# --- 民主评议 ---------------------------------------------------------------------------------

RESULTS = ["党支部编码", "姓名", "党籍状态", "评议结果"]


def results(*rows, name="2025年民主评议"):
    return name, [RESULTS, *rows]


def test_results_begin_the_years_appraisal_and_change_it(branch, people):
    sheet = results(["B1", "林守正", "正式党员", "合格"], ["B1", "许桂兰", "预备党员", None])
    assert counts(give(sheet, today=TODAY)) == (2, 2, 0, 0, 0)
    appraisal = Appraisal.objects.get()
    assert (appraisal.organisation, appraisal.year, appraisal.closed_on) == (branch, 2025, None)
    assert counts(give(sheet, today=TODAY)) == (2, 0, 0, 2, 0)
    planned = give(results(["B1", "林守正", None, "优秀"]), today=TODAY)
    assert counts(planned) == (1, 0, 1, 0, 0)
    assert AppraisalResult.objects.get(member=people[0]).grade == "excellent"
    assert "一般不超过参评党员的三分之一" in remarks(planned)[0][2]


def test_a_probationary_member_is_not_graded(branch, people):
    planned = plan(results(["B1", "许桂兰", None, "合格"]), today=TODAY)
    assert reasons(planned) == [(2, "评议结果", "预备党员参加评议，不评定等次")]


def test_what_is_concluded_is_not_changed_by_a_cell(branch, people):
    give(results(["B1", "林守正", None, "合格"]), today=TODAY)
    Appraisal.objects.update(closed_on=datetime.date(2026, 1, 5))
    planned = plan(results(["B1", "林守正", None, "优秀"]), today=TODAY)
    assert "已办结" in reasons(planned)[0][2]
    assert counts(plan(results(["B1", "林守正", None, "合格"]), today=TODAY))[-2:] == (1, 0)


# --- 谈心谈话 ---------------------------------------------------------------------------------

TALKS = ["党支部编码", "日期", "谈话关系", "谈话人", "谈话对象", "上级谈话人", "谈话内容"]


def talks(*rows):
    return "谈心谈话", [TALKS, *rows]


def test_talks_come_without_what_was_said(branch, people):
    sheet = talks(
        ["B1", "2026.3.9", "党员之间", "林守正", "许桂兰", None, "家里的事"],
        ["B1", "2026.3.9", None, None, "林守正，许桂兰", "柏兰", None],
    )
    assert counts(give(sheet, today=TODAY)) == (2, 2, 0, 0, 0)
    assert [(talk.relation, talk.content) for talk in Talk.objects.order_by("pk")] == [
        ("among_members", ""),
        ("superior", ""),
    ]
    assert counts(give(sheet, today=TODAY)) == (2, 0, 0, 2, 0)
    assert not TrailLine.objects.filter(after__icontains="家里").exists()


def test_a_talk_with_a_stranger_is_refused(branch, people):
    planned = plan(talks(["B1", "2026.3.9", None, "林守正", "周兰", None, None]), today=TODAY)
    assert reasons(planned)[0][:2] == (2, "谈话对象")


# --- 年度开展情况 -----------------------------------------------------------------------------


def test_the_overview_is_compared_and_never_written(held, branch):
    heads = ["党支部编码", "会议类型", "1月", "3月", "按时开展月份数", "完成率"]
    sheet = (
        "2026年度开展情况",
        [heads, ["B1", "党课", "8日", "5", 1, "100%"], ["B1", "主题党日", "缺", "缺", 0, "0%"]],
    )
    planned = give(sheet, today=TODAY)
    assert counts(planned) == (2, 0, 0, 2, 0)
    assert remarks(planned) == [(2, "1月", "系统里没有 8 日的党课，确有召开的请登记会议")]
    assert Meeting.objects.count() == 1
