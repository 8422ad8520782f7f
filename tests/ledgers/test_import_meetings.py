"""Meetings from workbooks: matched by branch, day and type, people by the roster of the day."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import User
from branches.models import Changed, Group, Organisation
from meetings.models import Attendance, Meeting, MeetingType, Resolution
from members.models import Member
from tests.ledgers.workbooks import (
    COUNTY,
    LI,
    ROSTER,
    ZHANG,
    counts,
    give,
    id_number,
    meetings,
    members,
    plan,
    reasons,
    remarks,
)

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 3, 5)


@pytest.fixture
def county():
    give(COUNTY, ROSTER)


def attendance():
    return sorted(Attendance.objects.values_list("member__name", "state", "reason", "was_formal"))


def test_a_meeting_is_stored_with_types_people_and_hours(county):
    planned = give(
        meetings(
            [
                "B1",
                "支部党员大会、党课",
                "2026.3.5 15:00",
                "张伟",
                "李娜",
                "张伟 李娜",
                "无",
                None,
                2,
            ]
        )
    )
    assert counts(planned) == (1, 1, 0, 0, 0)
    meeting = Meeting.objects.get()
    assert (meeting.held_on, meeting.starts_at, meeting.hours) == (
        DAY,
        datetime.time(15, 0),
        Decimal("2"),
    )
    assert (meeting.host.name, meeting.host_name) == ("张伟", "张伟")
    assert meeting.lecturer.name == "李娜"
    assert set(meeting.types.values_list("type", flat=True)) == {"members_meeting", "lecture"}
    assert attendance() == [("张伟", "present", "", True), ("李娜", "present", "", True)]
    assert Changed.objects.filter(area="meetings").values_list("from_on", "to_on").get() == (
        DAY,
        DAY,
    )


def test_names_in_every_way_are_the_same_meeting(county):
    give(meetings(["B1", "党课", DAY, "张伟", None, "张伟、李娜", None, None, 2]))
    for names in ("张伟，李娜", "李 娜;张伟", "张伟,李娜", "李娜\n张伟"):
        planned = give(
            meetings(["b1", "上党课", "20260305", "张伟", None, names, None, None, "2学时"])
        )
        assert counts(planned) == (1, 0, 0, 1, 0)
    assert Meeting.objects.count() == 1


def test_reasons_of_leave_are_kept(county):
    give(meetings(["B1", "党课", DAY, "张伟", None, "张伟", "李娜（出差）", None, 1]))
    assert attendance() == [("张伟", "present", "", True), ("李娜", "leave", "出差", True)]
    planned = give(meetings(["B1", "党课", DAY, "张伟", None, "张伟", "李娜", None, 1]))
    assert counts(planned) == (1, 0, 0, 1, 0)


def test_a_retyped_list_replaces_the_old_one_and_a_blank_leaves_it(county):
    give(meetings(["B1", "党课", DAY, "张伟", None, "张伟、李娜", None, None, 1]))
    planned = give(meetings(["B1", "党课", DAY, "张伟", None, "张伟", None, "李娜", 1]))
    assert next(planned.lines()).cells == [
        {"column": "参会人员", "before": "张伟、李娜", "after": "张伟"},
        {"column": "缺席人员", "before": "", "after": "李娜"},
    ]
    assert attendance() == [("张伟", "present", "", True), ("李娜", "absent", "", True)]
    assert Meeting.objects.get().version == 2
    again = give(meetings(["B1", "党课", DAY, "张伟", None, None, None, None, 1]))
    assert counts(again) == (1, 0, 0, 1, 0)
    assert Attendance.objects.count() == 2


def test_types_are_a_value_once_one_is_shared(county):
    give(meetings(["B1", "党课", DAY, "张伟", None, "张伟", None, None, 1]))
    planned = give(meetings(["B1", "党课、主题党日", DAY, "张伟", None, "张伟", None, None, 1]))
    assert counts(planned) == (1, 0, 1, 0, 0)
    assert MeetingType.objects.count() == 2
    other = give(meetings(["B1", "支委会", DAY, "张伟", None, "张伟", None, None, 1]))
    assert counts(other) == (1, 1, 0, 0, 0)
    assert Meeting.objects.count() == 2


def test_somebody_who_is_not_on_the_roster_of_the_day_is_refused(county):
    planned = plan(
        meetings(
            ["B1", "党课", DAY, "张伟", "市委讲师", "张伟、王强", None, None, 1],
            ["B2", "党课", "2026-02-09", None, None, "王强", None, None, 1],
        )
    )
    assert reasons(planned) == [
        (2, "参会人员", "“王强”不在支部 2026-03-05 的党员名册里，列席的请不要填在这里"),
        (3, "参会人员", "“王强”不在支部 2026-02-09 的党员名册里，列席的请不要填在这里"),
    ]


def test_a_lecturer_from_outside_is_kept_by_name(county):
    give(meetings(["B1", "党课", DAY, "张伟", "市委讲师", "张伟", None, None, 1]))
    assert (Meeting.objects.get().lecturer, Meeting.objects.get().lecturer_name) == (
        None,
        "市委讲师",
    )


def test_a_name_that_fits_two_is_refused_until_it_says_which(county):
    other = id_number(9, "19750310")
    give(members(["张伟", other, "正式", "2010-07-01", None, "B1", None]))
    row = ["B1", "党课", DAY, None, None, "张伟", None, None, 1]
    ways = "、".join(sorted(f"张伟({number[-4:]})" for number in (ZHANG, other)))
    assert reasons(plan(meetings(row))) == [
        (2, "参会人员", f"支部里有 2 个“张伟”，请写成 {ways} 中的一个")
    ]
    for way in (f"张伟({other[-4:]})", "张伟（1975-03）"):
        give(meetings([*row[:5], way, *row[6:]]))
    assert Attendance.objects.get().member.id_number == other


def test_a_person_in_two_lists_is_refused(county):
    planned = plan(meetings(["B1", "党课", DAY, None, None, "张伟", "张伟", None, 1]))
    assert reasons(planned) == [(2, "请假人员", "“张伟”写了两次（参会人员、请假人员），请只留一处")]


def test_the_same_meeting_in_two_rows_is_refused_with_both(county):
    planned = plan(
        meetings(
            ["B1", "党课", DAY, None, None, "张伟", None, None, 1],
            ["B1", "党课、主题党日", DAY, None, None, "李娜", None, None, 2],
        )
    )
    assert sorted(reasons(planned)) == [
        (2, "时间", "与第 3 行重复：同一天、同一类型的会议有两行，请合并，或补填“党小组”"),
        (3, "时间", "与第 2 行重复：同一天、同一类型的会议有两行，请合并，或补填“党小组”"),
    ]


def test_groups_tell_meetings_of_one_day_apart(county):
    heads = ["党支部编码", "会议类型", "时间", "党小组", "参会人员"]
    sheet = (
        "三会一课",
        [
            heads,
            ["B1", "党小组会", DAY, "第一党小组", "张伟"],
            ["B1", "党小组会", DAY, "第二党小组", "李娜"],
        ],
    )
    assert counts(give(sheet)) == (2, 2, 0, 0, 0)
    assert counts(give(sheet)) == (2, 0, 0, 2, 0)
    bare = plan(("三会一课", [["党支部编码", "会议类型", "时间"], ["B1", "党小组会", DAY]]))
    assert reasons(bare) == [
        (2, "时间", "系统里这一天有 2 次同类型的会议，请补填“党小组”，或用导出的表修改")
    ]
    unknown = plan(("三会一课", [heads, ["B1", "党小组会", DAY, "第九党小组", None]]))
    assert reasons(unknown) == [(2, "党小组", "支部没有这个党小组，现有：第一党小组、第二党小组")]


def test_counts_that_disagree_with_the_names_are_noted(county):
    planned = give(
        (
            "三会一课",
            [
                ["党支部编码", "会议类型", "时间", "应到人数", "实到人数", "参会人员"],
                ["B1", "党课", DAY, 5, 1, "张伟、李娜"],
            ],
        )
    )
    assert remarks(planned) == [
        (2, "应到人数", "三栏人员共 2 人，与表中人数不同，按人员名单计"),
        (2, "实到人数", "参会人员共 2 人，与表中人数不同，按人员名单计"),
    ]


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        (0, "B9", "没有编码为“B9”的组织，请核对编码，或先导入组织表"),
        (
            1,
            "座谈会",
            "“座谈会”不是会议类型，请填：党员大会、支委会、党小组会、党课、主题党日、组织生活会、民主评议",
        ),
        (2, "2026-10-01", "这一天还没有到；没有召开的会议请登记在年度计划里"),
        (2, None, "“时间”不能为空"),
    ],
)
def test_what_cannot_be_is_refused(county, column, cell, reason):
    row = ["B1", "党课", DAY, None, None, "张伟", None, None, 1]
    row[column] = cell
    assert [problem[2] for problem in reasons(plan(meetings(row)))] == [reason]


def test_who_was_on_probation_then_is_not_counted_as_formal(county):
    give(
        members(["赵六", id_number(8), "正式", "2025-07-01", "2026-07-01", "B1", None]),
        meetings(["B1", "党员大会", DAY, None, None, "赵六、张伟", None, None, 1]),
    )
    assert attendance() == [("张伟", "present", "", True), ("赵六", "present", "", False)]


def test_a_planned_meeting_becomes_held(county):
    branch = Organisation.objects.get(code="B1")
    planned = Meeting.objects.create(organisation=branch, held_on=DAY, state="planned")
    MeetingType.objects.create(meeting=planned, type="lecture")
    give(meetings(["B1", "党课", DAY, "张伟", None, "张伟", None, None, 1]))
    assert Meeting.objects.get().state == "held"


def test_the_roster_is_that_of_the_day_after_a_transfer(county):
    give(members(["李娜", LI, None, None, None, "B2", None]))
    planned = give(meetings(["B1", "党课", DAY, None, None, "张伟、李娜", None, None, 1]))
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert Group.objects.filter(organisation__code="B1").count() == 2


def test_a_late_meeting_is_noted_where_its_people_have_moved_to(county):
    give(members(["李娜", LI, None, None, None, "B2", None]))
    Changed.objects.all().delete()
    day = datetime.date(2026, 2, 5)
    give(meetings(["B1", "党课", day, None, None, "张伟、李娜", None, None, 1]))
    noted = Changed.objects.filter(area="meetings").order_by("organisation__code")
    assert list(noted.values_list("organisation__code", "from_on", "to_on")) == [
        ("B1", day, day),
        ("B2", day, day),
    ]


def test_a_probationary_member_was_not_formal_whatever_the_expected_day(county):
    day = datetime.date(2026, 2, 1)
    Member.objects.filter(name="李娜").update(kind="probationary", confirmed_on=day)
    give(meetings(["B1", "党课", "2026-03-05", None, None, "李娜", None, None, 1]))
    assert attendance() == [("李娜", "present", "", False)]


def test_a_planned_meeting_that_was_held_is_entered_by_the_import(county):
    row = ["B1", "党课", "2026-03-05", None, None, "张伟", None, None, 1]
    give(meetings(row))
    before = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
    Meeting.objects.update(state="planned", entered_at=before, entered_by=None)
    user = User.objects.create(username="officer")
    give(meetings(row), by=user)
    meeting = Meeting.objects.get()
    assert (meeting.state, meeting.entered_by) == ("held", user)
    assert meeting.entered_at > before


# --- 所属年度 and 决议 ------------------------------------------------------------------------


def _with(*more, types="组织生活会", day="2026-02-03"):
    heads = ["党支部编码", "会议类型", "时间", "所属年度", "决议", "补录"]
    return "三会一课", [heads, ["B1", types, day, *more]]


def test_a_life_meeting_is_of_the_year_that_is_said(county):
    planned = give(_with("2025年度", None, "补录"))
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert planned.sheets[0].unknown_columns == []
    assert Meeting.objects.get().for_year == 2025
    assert counts(give(_with("2025"))) == (1, 0, 0, 1, 0)
    assert counts(give(_with("2026"))) == (1, 0, 1, 0, 0)
    assert Meeting.objects.get().for_year == 2026


def test_without_the_column_it_is_the_year_of_the_day(county):
    give(_with(None))
    assert Meeting.objects.get().for_year == 2026


def test_other_meetings_are_of_no_year(county):
    planned = give(_with("2025", types="党课"))
    assert "只有组织生活会和民主评议有所属年度" in remarks(planned)[0][2]
    assert Meeting.objects.get().for_year is None


def test_a_year_long_past_is_refused(county):
    assert reasons(plan(_with("2023"))) == [(2, "所属年度", "所属年度应是会议当年或上一年，请核对")]


def test_resolutions_come_as_text_and_stay_what_they_are(county):
    sheet = _with(None, "1. 同意年度计划\n2. 同意 12.5 万元预算", types="支部党员大会")
    give(sheet)
    texts = ["同意年度计划", "同意 12.5 万元预算"]
    assert list(Resolution.objects.values_list("text", flat=True)) == texts
    assert counts(give(sheet)) == (1, 0, 0, 1, 0)
    turned = _with(None, "同意 12.5 万元预算\n同意年度计划", types="支部党员大会")
    assert counts(give(turned)) == (1, 0, 0, 1, 0)
    give(_with(None, "同意年度计划", types="支部党员大会"))
    assert list(Resolution.objects.values_list("text", flat=True)) == texts[:1]


def test_a_resolution_that_was_voted_on_is_not_changed_by_a_cell(county):
    give(_with(None, "同意接收", types="支部党员大会"))
    Resolution.objects.update(yes=5)
    planned = plan(_with(None, "不同意接收", types="支部党员大会"))
    assert reasons(planned) == [(2, "决议", "这项决议登记了表决，请在系统的会议记录里修改")]
    give(_with(None, "同意接收\n散会", types="支部党员大会"))
    assert list(Resolution.objects.values_list("text", "yes")) == [("同意接收", 5), ("散会", None)]
