"""Members from workbooks: matched by number, never by name, never erased by a blank."""

import datetime

import pytest

from accounts.models import TrailLine
from members.models import Member, Membership
from tests.ledgers.workbooks import (
    COUNTY,
    LI,
    ROSTER,
    WANG,
    ZHANG,
    counts,
    give,
    id_number,
    members,
    plan,
    reasons,
    remarks,
)

pytestmark = pytest.mark.django_db
WIDE = [
    "姓名",
    "公民身份号码",
    "性别",
    "出生年月",
    "党籍状态",
    "加入党组织日期",
    "所属党支部",
    "是否流动党员",
]


@pytest.fixture
def county():
    give(COUNTY, ROSTER)


def member(number):
    return Member.objects.get(id_number_mask=f"{number[:6]}********{number[-4:]}")


def test_a_new_member_is_stored_with_everything_that_follows_from_the_number(county):
    zhang = member(ZHANG)
    assert zhang.id_number == ZHANG
    assert zhang.phone == "19900000001"
    assert zhang.phone_mask == "199****0001"
    assert zhang.born_on == datetime.date(1980, 1, 5)
    assert zhang.gender == "male"
    membership = Membership.objects.get(member=zhang)
    assert (membership.organisation.code, membership.starts_on, membership.ends_on) == (
        "B1",
        datetime.date(2001, 7, 1),
        None,
    )
    line = TrailLine.objects.get(area="members", object_id=zhang.pk)
    assert line.after["公民身份号码"] == "629901********" + ZHANG[-4:]
    assert line.after["手机号码"] == "199****0001"


def test_the_same_number_however_typed_is_the_same_member(county):
    planned = give(
        members(
            [" 张伟 ", ZHANG.lower(), "正式", "2001年7月1日", 37438, "b1", 19900000001],
            ["王强", f" {WANG} ", "预备党员", "2026/2/10", None, "B2", "199 0000 0003"],
        )
    )
    assert counts(planned) == (2, 0, 0, 2, 0)


def test_two_people_of_one_name_stay_two(county):
    planned = give(members(["张伟", id_number(9), "正式", "2010-07-01", None, "B1", None]))
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert Member.objects.filter(name="张伟").count() == 2


def test_changed_cells_change_and_blank_ones_do_not(county):
    planned = give(members(["张玮", ZHANG, None, None, None, None, "19911112222"]))
    ((_row, line),) = [(line.row, line) for line in planned.lines()]
    assert line.cells == [
        {"column": "姓名", "before": "张伟", "after": "张玮"},
        {"column": "手机号码", "before": "199****0001", "after": "199****2222"},
    ]
    zhang = member(ZHANG)
    assert (zhang.name, zhang.phone, zhang.joined_on) == (
        "张玮",
        "19911112222",
        datetime.date(2001, 7, 1),
    )


def test_a_phone_that_differs_only_behind_its_mask_is_a_change(county):
    planned = give(members(["张伟", ZHANG, None, None, None, None, "19955550001"]))
    assert counts(planned) == (1, 0, 1, 0, 0)
    assert member(ZHANG).phone == "19955550001"


def test_clearing_a_phone(county):
    give(members(["张伟", ZHANG, None, None, None, None, "(清空)"]))
    assert (member(ZHANG).phone, member(ZHANG).phone_mask) == ("", "")


def test_a_number_typed_as_a_number_is_refused(county):
    planned = plan(
        members(["赵六", float(id_number(8)[:17] + "0"), "正式", None, None, "B1", None])
    )
    ((_row, column, reason),) = reasons(planned)
    assert column == "公民身份号码"
    assert reason.startswith("身份证号是数字格式，后几位已丢失")
    assert planned.sheets[0].problems[0].value.count("*") >= 8


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (None, "公民身份号码不能为空，系统只按身份证号认人"),
        ("12345", "身份证号应为 18 位，现在是 5 位，请核对"),
        (
            ZHANG[:17] + ("1" if ZHANG[17] != "1" else "2"),
            "身份证号最后一位校验不对，请对照身份证核对每一位",
        ),
        (
            "629901********0017",
            "号码带星号，看不出是谁，请填写完整的 18 位号码，或保留“行标识”一列",
        ),
    ],
)
def test_a_row_that_does_not_say_who_it_is_is_refused(county, cell, reason):
    planned = plan(members(["赵六", cell, "正式", None, None, "B1", None]))
    assert (2, "公民身份号码", reason) in reasons(planned)
    assert counts(planned) == (1, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("2026.13.5", "“2026.13.5”没有 13 月，请写成 1987-12-05 这样的日期"),
        ("2023年2月29日", "“2023年2月29日”没有这一天，请写成 1987-12-05 这样的日期"),
        ("前年", "“前年”读不出日期，请写成 2026-03-05 这样的日期"),
        ("2062-03-05", "这一天还没有到，请核对"),
        ("1979-12-01", "入党日期早于出生日期 1980-01-05"),
    ],
)
def test_a_date_that_cannot_be_is_refused_in_its_cell(county, cell, reason):
    planned = plan(members(["赵六", id_number(8), "正式", cell, None, "B1", None]))
    assert reasons(planned) == [(2, "入党日期", reason)]


def test_29_february_of_a_leap_year_is_a_day(county):
    give(members(["赵六", id_number(8), "正式", "2004.2.29", "2005-02-28", "B1", None]))
    assert member(id_number(8)).joined_on == datetime.date(2004, 2, 29)


def test_confirmation_before_joining_is_refused(county):
    planned = plan(members(["张伟", ZHANG, None, None, "2001-06-30", None, None]))
    assert reasons(planned) == [(2, "转正日期", "转正日期早于入党日期 2001-07-01")]


@pytest.mark.parametrize(
    ("cell", "born"),
    [
        ("1980.1", datetime.date(1980, 1, 5)),
        ("198001", datetime.date(1980, 1, 5)),
        ("1980年2月", datetime.date(1980, 2, 1)),
        (29225, datetime.date(1980, 1, 5)),
    ],
)
def test_a_month_of_birth_is_completed_from_the_number(county, cell, born):
    give(("党员", [WIDE, ["赵六", id_number(8), "女", cell, "正式", None, "东村党支部", "是"]]))
    assert member(id_number(8)).born_on == born


def test_october_typed_as_a_number_is_october(county):
    number = id_number(8, "19871012")
    give(("党员", [WIDE, ["赵六", number, "女", 1987.1, "正式", None, "东村党支部", None]]))
    assert member(number).born_on == datetime.date(1987, 10, 12)


def test_birth_and_gender_that_disagree_with_the_number_are_noted(county):
    planned = give(
        (
            "党员",
            [WIDE, ["赵六", id_number(8), "男", "1980-01-06", "正式", None, "东村党支部", "否"]],
        )
    )
    assert remarks(planned) == [
        (2, "出生日期", "与身份证号上的 1980-01-05 不一致，按表中日期保留"),
        (2, "性别", "与身份证号第 17 位表示的性别不一致，按表中内容保留"),
    ]
    assert member(id_number(8)).born_on == datetime.date(1980, 1, 6)


def test_an_unknown_branch_is_refused(county):
    planned = plan(members(["赵六", id_number(8), "正式", None, None, "B7", None]))
    assert reasons(planned) == [
        (2, "党支部编码", "没有编码为“B7”的组织，请核对编码，或先导入组织表")
    ]


def test_a_committee_has_no_members(county):
    planned = plan(members(["赵六", id_number(8), "正式", None, None, "T1", None]))
    assert reasons(planned)[0][2] == "“中共石桥镇委员会”不是党支部，请填写党支部的编码"


def test_another_branch_is_a_transfer_as_of_today(county):
    planned = give(members(["李娜", LI, None, None, None, "B2", None]))
    assert counts(planned) == (1, 0, 1, 0, 0)
    assert next(planned.lines()).cells == [{"column": "党支部编码", "before": "B1", "after": "B2"}]
    assert member(LI).organisation.code == "B2"
    spans = Membership.objects.filter(member__name="李娜").order_by("starts_on")
    assert list(spans.values_list("organisation__code", "starts_on", "ends_on")) == [
        ("B1", datetime.date(2003, 7, 1), datetime.date(2026, 9, 29)),
        ("B2", datetime.date(2026, 9, 30), None),
    ]
    assert counts(give(members(["李娜", LI, None, None, None, "B2", None]))) == (1, 0, 0, 1, 0)


def test_a_corrected_day_of_joining_moves_the_membership(county):
    give(members(["李娜", LI, None, "2003-06-01", None, None, None]))
    assert Membership.objects.get(member__name="李娜").starts_on == datetime.date(2003, 6, 1)


def test_who_has_left_is_not_brought_back(county):
    li = member(LI)
    li.left_on, li.left_reason = datetime.date(2026, 5, 1), "转出"
    li.save()
    Membership.objects.filter(member=li).update(ends_on=datetime.date(2026, 5, 1))
    planned = give(members(["李娜", LI, None, None, None, "B2", None]))
    assert counts(planned) == (1, 0, 0, 1, 0)
    assert remarks(planned) == [
        (2, "姓名", "这名党员已于 2026-05-01 离开（转出），组织关系没有改动")
    ]


def test_refused_and_accepted_rows(county):
    planned = plan(
        members(
            ["赵六", id_number(8), "正式", "2026.13.5", None, "B1", None],
            ["钱七", id_number(10), "正式", None, None, "B1", "1990000"],
            ["孙八", id_number(12), "正式", None, None, "B1", None],
        )
    )
    assert counts(planned) == (3, 1, 0, 0, 2)
    assert reasons(planned)[1] == (3, "手机号码", "少 4 位数字，手机号应为 11 位")


def test_the_initials_follow_the_name_that_came_in(county):
    assert member(ZHANG).initials == "zw"
    give(members(["章维", ZHANG, "正式", "2001-07-01", None, "B1", None]))
    assert member(ZHANG).initials == "zw"
    give(members(["李维", ZHANG, "正式", "2001-07-01", None, "B1", None]))
    assert member(ZHANG).initials == "lw"
    assert not Membership.objects.filter(is_attached=True).exists()
