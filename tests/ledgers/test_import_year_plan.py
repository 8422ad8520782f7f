"""The ledger 年度计划 as people type it: what becomes a line, what changes one, what is refused."""

import datetime

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from ledgers.services import ImportRefused, plan_import, write_import
from meetings.enums import Type
from meetings.models import PlanItem, YearPlan
from tests import factories as make
from tests.ledgers.workbooks import book, counts, give, plan, reasons

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 2, 10)
HEADS = [
    "党支部编码",
    "月份",
    "会议类型",
    "主题/内容",
    "主持人",
    "授课人",
    "授课方式",
    "时间",
    "责任人",
]


def lines(*rows, heads=HEADS, name="2026年三会一课计划表"):
    return name, [heads, *rows]


def row(month, kind, *, topic=None, host=None, lecturer=None, way=None, when=None, who=None):
    return ["B1", month, kind, topic, host, lecturer, way, when, who]


@pytest.fixture
def branch():
    return make.make_branch(make.make_committee(make.make_county()), code="B1")


@pytest.fixture
def lin(branch):
    return make.make_member(branch, "林守正")


def stored():
    return list(
        PlanItem.objects.values_list("type", "planned_on", "month_only", "topic", "host_name")
    )


def test_months_and_days_are_read_as_people_type_them(branch, lin):
    give(
        lines(
            row("三月", "主题党日", topic="植树", when="3月12日", host="林守正", who="宣传委员"),
            row("2026年4月", "支部党员大会", when=datetime.date(2026, 4, 3)),
            row(5, "党课", way="集中讲授", lecturer="外请老师"),
            row("2026-06", "支委会", when="8日"),
        ),
        today=TODAY,
    )
    assert stored() == [
        (Type.THEME_DAY, datetime.date(2026, 3, 12), False, "植树", "林守正"),
        (Type.MEMBERS_MEETING, datetime.date(2026, 4, 3), False, "", ""),
        (Type.LECTURE, datetime.date(2026, 5, 1), True, "", ""),
        (Type.COMMITTEE, datetime.date(2026, 6, 8), False, "", ""),
    ]
    first = PlanItem.objects.get(type=Type.THEME_DAY)
    assert (first.host_id, first.responsible) == (lin.pk, "宣传委员")
    lecture = PlanItem.objects.get(type=Type.LECTURE)
    assert (lecture.lecturer_name, lecture.lecturer_id) == ("外请老师", None)
    assert (lecture.plan.year, lecture.plan.filed_on) == (2026, None)
    line = TrailLine.objects.filter(area="plans").first()
    assert (line.action, line.object_id) == ("导入新增", lecture.plan_id)


def test_the_same_sheet_twice_brings_nothing_new(branch, lin):
    sheet = lines(
        row("3月", "主题党日", topic="植树", when="3.12"),
        row("3月", "主题党日", topic="清明", when="3.30"),
        row("4月", "党课", way="自学", topic="一"),
        row("4月", "党课", way="自学", topic="二"),
    )
    assert counts(give(sheet, today=TODAY)) == (4, 4, 0, 0, 0)
    assert counts(give(sheet, today=TODAY)) == (4, 0, 0, 4, 0)
    assert PlanItem.objects.count() == 4


def test_a_day_fixed_later_changes_the_line_of_the_month(branch):
    give(lines(row("4月", "党课", way="自学")), today=TODAY)
    planned = give(lines(row("4月", "党课", way="自学", when="4月9日")), today=TODAY)
    assert counts(planned) == (1, 0, 1, 0, 0)
    item = PlanItem.objects.get()
    assert (item.planned_on, item.month_only) == (datetime.date(2026, 4, 9), False)
    assert item.plan.version == 3
    give(lines(row("4月", "党课", way="(清空)", when="4月9日")), today=TODAY)
    item.refresh_from_db()
    assert item.way == ""


def test_another_day_with_another_topic_is_another_line(branch):
    give(lines(row("3月", "支委会", topic="研究计划", when="3.5", who="书记")), today=TODAY)
    planned = give(lines(row("3月", "支委会", topic="发展党员", when="3.25")), today=TODAY)
    assert counts(planned) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "column", "words"),
    [
        (row("13月", "党课", way="x"), "月份", "读不出月份"),
        (row(None, "党课", way="x"), "月份", "不能为空"),
        (row("3月", None, way="x"), "会议类型", "不能为空"),
        (row("3月", "茶话会"), "会议类型", "不是会议类型"),
        (row("3月", "支委会、党课"), "会议类型", "一行只写一种会议"),
        (row("3月", "党课", when="4月1日"), "时间", "与月份 2026-03 不一致"),
        (row("2月", "党课", when="30日"), "时间", "没有这一天"),
        (row(None, "党课", when="13月5日"), "时间", "没有这一天"),
        (row("3月", "党课", when=3.3), "时间", "看不出是几日"),
        (row("3月", "党课", when="上旬"), "时间", "只定到月的请留空"),
        (row("3月", "党课", host="林守正、许桂兰"), "主持人", "只写一个人"),
    ],
)
def test_what_cannot_be_meant_is_refused(branch, wrong, column, words):
    planned = plan(lines(wrong, row("5月", "党课", topic="好的")), today=TODAY)
    assert counts(planned)[-1] == 1
    number, heading, reason = reasons(planned)[0]
    assert (number, heading) == (2, column)
    assert words in reason


def test_a_month_without_a_year_needs_one_somewhere(branch):
    planned = plan(lines(row("3月", "党课", way="x"), name="计划"), today=TODAY, name="表.xlsx")
    assert reasons(planned) == [(2, "月份", "看不出是哪一年，请写成 2026-03，或在标题里写明年度")]


def test_two_of_one_name_have_to_be_told_apart(branch):
    for number in (1, 2):
        make.make_member(
            branch, "张伟", id_number=make.make_id_number(datetime.date(1980, 1, number), number)
        )
    planned = plan(lines(row("3月", "党课", host="张伟")), today=TODAY)
    assert "支部里有 2 个“张伟”" in reasons(planned)[0][2]


def test_a_branch_founded_in_may_owes_no_plan_for_april(branch):
    branch.founded_on = datetime.date(2026, 5, 20)
    branch.save()
    planned = plan(
        lines(
            row("4月", "党课", way="x"), row("5月", "党课", way="x"), row("5月", "支委会", when="6")
        ),
        today=TODAY,
    )
    assert [number for number, _column, _reason in reasons(planned)] == [2, 4]


def test_a_line_taken_off_stays_off_and_comes_anew(branch):
    plan_of_year = YearPlan.objects.create(organisation=branch, year=2026)
    PlanItem.objects.create(
        plan=plan_of_year,
        type=Type.LECTURE,
        planned_on=datetime.date(2026, 3, 1),
        month_only=True,
        cancelled_at="2026-02-01T00:00:00Z",
    )
    assert counts(plan(lines(row("3月", "党课", way="x")), today=TODAY)) == (1, 1, 0, 0, 0)


def test_the_neighbours_plan_is_out_of_reach(branch):
    other = make.make_branch(branch.parent, code="B2")
    user = make.make_user(Role.SECRETARY, other)
    content = book(lines(row("3月", "党课", way="x")))
    planned = plan_import([("表.xlsx", content)], today=TODAY, user=user)
    assert reasons(planned)[0][2] == "这个组织不在你的导入范围内"


def test_a_plan_changed_meanwhile_is_not_overwritten(branch):
    give(lines(row("4月", "党课", way="自学")), today=TODAY)
    planned = plan(lines(row("4月", "党课", way="讲授")), today=TODAY)
    PlanItem.objects.update(topic="别人改的")
    with pytest.raises(ImportRefused, match="又有变动"):
        write_import(planned, by=None)
