"""班子, 发展党员 and 组织关系转接 from workbooks, and back: previewed, all or nothing, nobody moved."""

import io
from datetime import date

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Form, Organisation
from ledgers.exports.registers import export_register
from ledgers.models import Outcome
from ledgers.services import ImportRefused, plan_import, write_import
from ledgers.sheets import DEVELOPMENT, POSTS, TRANSFERS
from ledgers.sheets.development import Course, noted, read_course, with_noted
from members.enums import MemberKind, PostTitle, Stage, Step, TransferState
from members.models import Development, Member, Membership, Post, Transfer
from members.services import transfers as services
from tests import factories
from tests.ledgers.workbooks import (
    COUNTY,
    LI,
    ROSTER,
    TODAY,
    WANG,
    ZHANG,
    book,
    counts,
    give,
    id_number,
    members,
    organisations,
    plan,
    reasons,
    remarks,
    rows_of,
)

pytestmark = pytest.mark.django_db

STRANGER = id_number(24, "19900203")
POST_HEADS = [
    "支部名称",
    "党支部编码",
    "姓名",
    "身份证号",
    "职务",
    "任职时间",
    "免职日期",
    "任职方式",
]
WAY_HEADS = [
    *("姓名", "身份证号码", "党支部编码", "提交申请书时间", "积极分子时间", "积极分子培训起止"),
    *("发展对象时间", "培训起止", "列入计划时间", "志愿书编号", "入党时间", "转正时间"),
    *("当前阶段", "备注"),
]
TRANSFER_HEADS = [
    *("姓名", "身份证号", "党支部编码", "类别", "转入/转出单位", "介绍信抬头", "介绍信编号"),
    *("介绍信有效天数", "党费缴至年月", "办理时间", "是否有回执", "备注"),
]


@pytest.fixture
def county():
    give(COUNTY, ROSTER)


def user_of(role, code):
    return factories.make_user(role, Organisation.objects.get(code=code))


def posts(*rows):
    return "班子", [POST_HEADS, *rows]


def ways(*rows):
    return "发展党员", [WAY_HEADS, *rows]


def transfers(*rows):
    return "组织关系转接", [TRANSFER_HEADS, *rows]


def post(name="李娜", number=None, title="组织委员", since="2024.3.1", until=None, way=None):
    return [None, "B1", name, number, title, since, until, way]


def way(name="赵敏", number=STRANGER, **cells):
    row = [name, number, "B1", *[None] * 11]
    for heading, cell in cells.items():
        row[WAY_HEADS.index(heading)] = cell
    return row


def transfer(name="张伟", number=ZHANG, code="B1", direction="转出", other="外县某镇党委", **cells):
    row = [name, number, code, direction, other, *[None] * 7]
    for heading, cell in {"办理时间": "2026-09-01", **cells}.items():
        row[TRANSFER_HEADS.index(heading)] = cell
    return row


# --- 班子 ---------------------------------------------------------------------------------


def test_posts_are_matched_to_the_roster_by_number_or_by_name(county):
    planned = give(
        posts(
            post("李娜", LI),
            post("张伟", None, "副书记", date(2024, 3, 1), None, "上级指派"),
            post("外来人", None, None, "2020-01-01", "2023-12-31"),
        )
    )
    assert counts(planned) == (3, 3, 0, 0, 0)
    assert remarks(planned) == [(4, "姓名", "支部名册里没有这个人，只记姓名")]
    stored = Post.objects.exclude(title=PostTitle.SECRETARY).order_by("pk")
    assert [(one.person_name, one.title, one.starts_on, one.is_appointed) for one in stored] == [
        ("李娜", "organisation", date(2024, 3, 1), False),
        ("张伟", "deputy", date(2024, 3, 1), True),
        ("外来人", "member", date(2020, 1, 1), False),
    ]
    assert [one.member and one.member.name for one in stored] == ["李娜", "张伟", None]
    assert stored[2].ends_on == date(2023, 12, 31)
    assert TrailLine.objects.filter(area="posts", action="导入新增").count() == 3


def test_the_same_posts_again_are_the_same(county):
    rows = (post("李娜", LI), post("张伟", None, "副书记"))
    give(posts(*rows))
    assert counts(give(posts(*rows))) == (2, 0, 0, 2, 0)


def test_an_end_ends_the_post_and_a_post_without_a_day_gets_one(county):
    give(posts(post()))
    planned = give(posts(post(until="2026-08-31")))
    assert counts(planned) == (1, 0, 1, 0, 0)
    assert Post.objects.get(title="organisation").ends_on == date(2026, 8, 31)
    give(posts(post("张伟", ZHANG, "书记", "2023-05-01")))
    secretary = Post.objects.get(title="secretary", organisation__code="B1")
    assert (secretary.starts_on, secretary.ends_on) == (date(2023, 5, 1), None)


def test_a_secretary_sets_no_secretary_and_an_officer_does(county):
    secretary, officer = user_of(Role.SECRETARY, "B1"), user_of(Role.COMMITTEE_OFFICER, "T1")
    refused = plan(posts(post(title="书记", since="2026-09-01")), user=secretary)
    assert reasons(refused) == [(2, "职务", "书记的任免由上级登记，请联系上级")]
    ending = plan(posts(post("张伟", ZHANG, "书记", None, "2026-09-01")), user=secretary)
    assert reasons(ending) == [(2, "职务", "书记的任免由上级登记，请联系上级")]
    assert counts(plan(posts(post()), user=secretary)) == (1, 1, 0, 0, 0)
    change = posts(
        post("张伟", ZHANG, "书记", None, "2026-08-31"),
        post("李娜", LI, "书记", "2026-09-01"),
    )
    give(change, user=officer, by=officer)
    held = Post.objects.filter(organisation__code="B1", title="secretary").order_by("pk")
    assert [(one.person_name, one.ends_on) for one in held] == [
        ("张伟", date(2026, 8, 31)),
        ("李娜", None),
    ]


def test_another_branch_is_out_of_reach(county):
    neighbour = user_of(Role.SECRETARY, "B2")
    assert reasons(plan(posts(post()), user=neighbour)) == [
        (2, "党支部编码", "这个组织不在你的导入范围内")
    ]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (post(since=None), "任职日期", "“任职日期”不能为空"),
        (post(since="2026-12-01"), "任职日期", "这一天还没有到，请核对"),
        (post(until="2024-01-01"), "免职日期", "免职日期早于任职日期 2024-03-01"),
        (post(title="党小组长"), "职务", "党小组长要选党小组，请在“班子任职”里登记"),
        (post("王强", WANG), "公民身份号码", "任职时不在这个支部的名册上，请核对支部和日期"),
        (
            post("赵敏", STRANGER),
            "公民身份号码",
            "党员名册里没有这个身份证号，请核对，或先导入党员花名册",
        ),
        (post(title="书记"), "职务", "与张伟任书记的时间重叠，请先填张伟的免职日期"),
    ],
)
def test_a_post_that_cannot_be_is_refused(county, row, column, reason):
    assert reasons(plan(posts(row))) == [(2, column, reason)]


def test_a_post_of_who_has_left_needs_its_end(county):
    Membership.objects.filter(member__name="李娜").update(ends_on=date(2025, 1, 1))
    Member.objects.filter(name="李娜").update(left_on=date(2025, 1, 1), left_reason="去世")
    assert reasons(plan(posts(post("李娜", LI)))) == [
        (2, "免职日期", "现在不在这个支部的名册上，请填免职日期")
    ]
    assert reasons(plan(posts(post("李娜", LI, until="2025-01-01")))) == []


def test_nothing_begins_in_a_branch_that_is_no_more(county):
    Organisation.objects.filter(code="B1").update(dissolved_on=date(2026, 9, 1))
    for until in (None, "2026-09-01"):
        ((_row, column, reason),) = reasons(plan(posts(post(until=until))))
        assert column == "免职日期" and "撤销" in reason
    assert reasons(plan(posts(post(until="2026-08-31")))) == []
    ((_row, column, reason),) = reasons(plan(ways(way(提交申请书时间="2023.1.10"))))
    assert column == "党支部编码" and "撤销" in reason
    joining = [
        "赵敏",
        STRANGER,
        "正式党员",
        date(2010, 7, 1),
        date(2011, 7, 1),
        "B1",
        "19900000009",
    ]
    ((_row, column, reason),) = reasons(plan(members(joining)))
    assert column == "党支部编码" and "撤销" in reason


def test_nothing_is_said_of_who_is_out_of_reach(county):
    secretary = user_of(Role.SECRETARY, "B1")
    known = "这个号码已在本县另一个支部的名册里，请联系上级办转接"
    admitted = FULL | {"入党时间": "2024-12-01"}
    sheets = (
        posts(post("赵某", WANG)),
        ways(way("赵某", WANG, **admitted)),
        transfers(transfer("赵某", WANG, direction="转入")),
    )
    found = [plan(sheet, user=secretary) for sheet in sheets]
    assert [reason for planned in found for _row, _column, reason in reasons(planned)] == [
        "任职时不在这个支部的名册上，请核对支部和日期",
        known,
        "这个身份证号已在本县名册里，请由其所在支部发起县内转接",
    ]
    assert not [said for planned in found for said in remarks(planned) if "王强" in said[2]]
    assert not [said for planned in found for said in remarks(planned) if "名册上" in said[2]]


def test_two_times_of_one_person_in_one_post_do_not_overlap(county):
    planned = plan(posts(post(), post(since="2025-01-01")))
    assert [reason for _row, _column, reason in reasons(planned)] == [
        "这个人的同一职务有两段任职重叠，请核对日期"
    ] * 2


def test_organisations_roster_and_posts_come_together(county):
    """The ledger 组织 brings the secretary's name, 班子 the day of the same secretary."""
    founded = organisations(
        ["B9", "中共新村支部委员会", "T1", "党支部", date(2020, 1, 1), "周敏", 0]
    )
    roster = members(
        ["周敏", STRANGER, "正式党员", date(2010, 7, 1), date(2011, 7, 1), "B9", "19900000009"]
    )
    rows = [None, "B9", "周敏", None, "书记", "2023-06-01", None, None]
    planned = give(founded, roster, posts(rows))
    assert [counts(planned, sheet)[1:] for sheet in range(3)] == [(1, 0, 0, 0)] * 2 + [(0, 1, 0, 0)]
    held = Post.objects.get(organisation__code="B9")
    assert (held.person_name, held.member.name, held.starts_on) == (
        "周敏",
        "周敏",
        date(2023, 6, 1),
    )
    again = give(founded, roster, posts(rows))
    assert [counts(again, sheet)[1:] for sheet in range(3)] == [(0, 0, 1, 0)] * 3


# --- 发展党员 ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "course"),
    [
        ("2026.3.1-2026.3.5", Course(date(2026, 3, 1), date(2026, 3, 5))),
        ("2026年3月1日至2026年3月5日", Course(date(2026, 3, 1), date(2026, 3, 5))),
        ("2026-03-01—2026-03-05", Course(date(2026, 3, 1), date(2026, 3, 5))),
        ("2026-03-01", Course(date(2026, 3, 1), date(2026, 3, 1))),
        (date(2026, 3, 1), Course(date(2026, 3, 1), date(2026, 3, 1))),
        ("", None),
    ],
)
def test_a_course_is_read_as_it_is_written(typed, course):
    assert read_course(typed) == course


def test_notes_keep_what_stands_under_another_name():
    note = with_noted(with_noted("家庭情况已核", "培训", "2025年春季班"), "列入计划", "2026")
    assert (noted(note, "培训"), noted(note, "列入计划"), noted(note, "")) == (
        "2025年春季班",
        "2026",
        "家庭情况已核",
    )
    assert noted(with_noted(note, "", "改了"), "培训") == "2025年春季班"
    assert noted(with_noted(note, "培训", ""), "") == "家庭情况已核"


FULL = {
    "提交申请书时间": "2023.1.10",
    "积极分子时间": "2023-06-01",
    "积极分子培训起止": "2023年秋季班",
    "发展对象时间": "2024-07-01",
    "培训起止": "2024.9.1-2024.9.4",
    "列入计划时间": "2024年",
    "志愿书编号": "62-001",
    "备注": "大学生村官",
}


def test_a_way_is_made_of_the_days_of_its_steps(county):
    planned = give(ways(way(**FULL, 当前阶段="积极分子")))
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert (2, "当前阶段", "按各环节的日期，当前阶段是“发展对象”，这一格没有采用") in remarks(
        planned
    )
    stored = Development.objects.get()
    assert (stored.name, stored.stage, stored.form_number, stored.organisation.code) == (
        "赵敏",
        Stage.TARGET,
        "62-001",
        "B1",
    )
    assert (stored.born_on, stored.id_number, stored.initials) == (
        date(1990, 2, 3),
        STRANGER,
        "zm",
    )
    assert list(stored.steps.values_list("step", "on", "until_on", "note")) == [
        (Step.APPLIED, date(2023, 1, 10), None, "大学生村官"),
        (Step.ACTIVIST, date(2023, 6, 1), None, "培训：2023年秋季班"),
        (Step.TARGET, date(2024, 7, 1), None, "列入计划：2024年"),
        (Step.COURSE, date(2024, 9, 1), date(2024, 9, 4), ""),
    ]
    line = TrailLine.objects.get(area="development")
    assert STRANGER not in str(line.after)


def test_the_same_ways_again_are_the_same_and_a_new_day_is_a_change(county):
    give(ways(way(**FULL)))
    assert counts(give(ways(way(**FULL)))) == (1, 0, 0, 1, 0)
    planned = give(ways(way(**FULL | {"积极分子时间": "2023-06-15"})))
    assert counts(planned) == (1, 0, 1, 0, 0)
    assert Development.objects.get().steps.get(step=Step.ACTIVIST).on == date(2023, 6, 15)


def test_what_true_conditions_forbid_is_refused(county):
    planned = plan(
        ways(way(提交申请书时间="2023-01-10", 积极分子时间="2023-06-01", 发展对象时间="2024-05-31"))
    )
    assert [(row, column) for row, column, _reason in reasons(planned)] == [(2, "发展对象时间")]
    assert "满 1 年" in reasons(planned)[0][2]
    young = plan(ways(way(提交申请书时间="2008-01-10")))
    assert "18 岁" in reasons(young)[0][2]


def test_nobody_is_admitted_or_converted_by_a_workbook(county):
    admitted = FULL | {"入党时间": "2025-01-10"}
    assert reasons(plan(ways(way(**admitted)))) == [
        (2, "入党时间", "名册里没有这个身份证号，请先导入党员花名册，或在系统里登记支部大会接收")
    ]
    on_probation = way("王强", WANG, **FULL | {"入党时间": "2025-02-10", "转正时间": "2026-02-10"})
    on_probation[2] = "B2"
    assert reasons(plan(ways(on_probation))) == [
        (2, "转正时间", "名册里还是预备党员，转正请在系统里由上级审批")
    ]
    assert reasons(plan(ways(way("张伟", ZHANG, 提交申请书时间="1999-01-01")))) == [
        (2, "入党时间", "名册里已是党员，请填入党时间")
    ]
    assert not Development.objects.exists()


def test_a_member_gets_the_way_behind_him(county):
    row = way("王强", WANG, **FULL | {"入党时间": "2026-02-10", "当前阶段": "预备党员"})
    row[2] = "B2"
    give(ways(row))
    stored = Development.objects.get()
    assert (stored.member.name, stored.stage) == ("王强", Stage.PROBATIONARY)
    assert Member.objects.get(name="王强").kind == MemberKind.PROBATIONARY


def test_a_formal_member_gets_the_whole_way(county):
    row = way(
        "张伟",
        ZHANG,
        提交申请书时间="1999-01-01",
        积极分子时间="1999-06-01",
        发展对象时间="2000-07-01",
        入党时间="2001-07-01",
        转正时间="2002-07-01",
    )
    give(ways(row))
    stored = Development.objects.get()
    assert (stored.stage, stored.member.name) == (Stage.CONFIRMED, "张伟")
    assert stored.steps.filter(step=Step.CONVERSION_MEETING).get().note == "据导入的发展党员台账"
    assert counts(give(ways(row))) == (1, 0, 0, 1, 0)
    changed = plan(ways([*row[:10], "2001-07-02", *row[11:]]))
    assert reasons(changed) == [
        (2, "入党时间", "名册以这个日期为准，请在系统里更正这个环节，并写明原因")
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (way(number=None, 提交申请书时间="2024-01-01"), "公民身份号码"),
        (way(number="629901********0017", 提交申请书时间="2024-01-01"), "公民身份号码"),
        (way(积极分子时间="2024-01-01"), "提交申请书时间"),
        (way(提交申请书时间="2027-01-01"), "提交申请书时间"),
        (way(提交申请书时间="2024-01-01", 列入计划时间="2025年"), "列入计划时间"),
        (way(提交申请书时间="2024-01-01", 培训起止="春季"), "培训起止"),
    ],
)
def test_a_way_that_says_too_little_is_refused_by_column(county, row, column):
    row[1] = id_number(24, "19900203") if row[1] == STRANGER else row[1]
    assert {problem[1] for problem in reasons(plan(ways(row)))} == {column}


def test_a_temporary_branch_develops_nobody(county):
    Organisation.objects.filter(code="B1").update(form=Form.TEMPORARY)
    assert reasons(plan(ways(way(提交申请书时间="2024-01-01")))) == [
        (2, "党支部编码", "临时党支部不发展党员，请填党员所在单位的党支部")
    ]


def test_a_way_of_another_branch_is_not_named_to_who_may_not_see_it(county):
    give(ways(way(提交申请书时间="2024-01-01")))
    row = way(提交申请书时间="2024-01-01")
    row[2] = "B2"
    planned = plan(ways(row), user=user_of(Role.SECRETARY, "B2"))
    assert reasons(planned) == [
        (2, "党支部编码", "这个人的发展党员记录在本县另一个支部，请核对支部")
    ]


def test_a_column_of_belief_refuses_the_sheet(county):
    heads, row = [*WAY_HEADS, "宗教信仰"], [*way(提交申请书时间="2024-01-01"), "无"]
    planned = plan(("发展党员", [heads, row]))
    assert "本系统不记录个人宗教信仰" in reasons(planned)[0][2]
    assert planned.refused == 1


def test_a_roster_with_the_days_of_development_stays_a_roster(county):
    heads = ["姓名", "身份证号码", "党支部编码", "党籍状态", "提交申请书时间", "积极分子时间"]
    planned = plan(("名册", [heads, ["赵敏", STRANGER, "B1", "正式党员", "2001-1-1", "2002-1-1"]]))
    assert planned.sheets[0].ledger == "党员"


# --- 组织关系转接 --------------------------------------------------------------------------


def test_an_officer_brings_a_letter_that_is_out_and_nobody_moves(county):
    row = transfer(
        介绍信抬头="外县某镇党委",
        介绍信编号="7",
        介绍信有效天数=60,
        党费缴至年月="2026年8月",
        备注="工作单位变动",
    )
    planned = give(transfers(row))
    assert counts(planned) == (1, 1, 0, 0, 0)
    stored = Transfer.objects.get()
    assert (stored.state, stored.letter_on, stored.valid_days, stored.dues_paid_until) == (
        TransferState.LETTER_OUT,
        date(2026, 9, 1),
        60,
        date(2026, 8, 1),
    )
    assert (stored.from_organisation.code, stored.to_outside, stored.reason) == (
        "B1",
        "外县某镇党委",
        "工作单位变动",
    )
    assert (stored.member.name, stored.id_number_hash) == ("张伟", None)
    assert Membership.objects.filter(member=stored.member).get().ends_on is None
    assert counts(give(transfers(row))) == (1, 0, 0, 1, 0)


def test_a_secretary_starts_a_transfer_but_opens_no_letter(county):
    secretary = user_of(Role.SECRETARY, "B1")
    give(transfers(transfer(other="西村支部")), user=secretary, by=secretary)
    stored = Transfer.objects.get()
    assert (stored.state, stored.to_organisation.code) == (TransferState.STARTED, "B2")
    refused = plan(transfers(transfer(other="西村支部", 介绍信编号="7")), user=secretary)
    assert reasons(refused) == [(2, "介绍信编号", "介绍信由上级开具和更正，请联系上级")]
    refused = plan(transfers(transfer("李娜", LI, 介绍信编号="7")), user=secretary)
    assert reasons(refused) == [(2, "介绍信编号", "介绍信由上级开具，这几格请空着")]


def test_no_receipt_is_entered_by_a_workbook(county):
    row = transfer(介绍信编号="7", 介绍信有效天数=60)
    give(transfers(row))
    given = transfer(介绍信编号="7", 介绍信有效天数=60, 是否有回执="是")
    reason = "接收和回执请在“组织关系转接”里登记，导入不改动名册"
    assert reasons(plan(transfers(given))) == [(2, "是否有回执", reason)]
    fresh = transfer("李娜", LI, 是否有回执="是")
    assert reasons(plan(transfers(fresh))) == [(2, "是否有回执", f"名册上还在本支部。{reason}")]
    assert Membership.objects.filter(ends_on__isnull=False).count() == 0


def test_what_is_over_is_taken_as_history(county):
    gone = transfer("赵敏", STRANGER, 是否有回执="是", 办理时间="2024-05-01", 介绍信编号="3")
    came = transfer("王强", WANG, "B2", "转入", "外县某党委", 办理时间="2026-02-20")
    planned = give(transfers(gone, came))
    assert counts(planned) == (2, 2, 0, 0, 0)
    old, new = Transfer.objects.order_by("pk")
    assert (old.state, old.member, old.id_number, old.receipt_on) == (
        TransferState.RECEIVED,
        None,
        STRANGER,
        date(2024, 5, 1),
    )
    assert (new.state, new.member.name, new.from_outside, new.to_organisation.code) == (
        TransferState.RECEIVED,
        "王强",
        "外县某党委",
        "B2",
    )
    assert Member.objects.count() == 3
    assert counts(give(transfers(gone, came))) == (2, 0, 0, 2, 0)


def test_a_newcomer_waits_for_reception(county):
    row = transfer("赵敏", STRANGER, "B1", "转入", "外县某党委", 介绍信有效天数=30)
    give(transfers(row))
    stored = Transfer.objects.get()
    assert (stored.state, stored.valid_until) == (TransferState.LETTER_OUT, date(2026, 10, 1))
    assert not Member.objects.filter(name="赵敏").exists()
    services.receive_newcomer(
        transfer=stored,
        on=date(2026, 9, 5),
        by=None,
        kind=MemberKind.FORMAL,
        joined_on=date(2015, 7, 1),
        confirmed_on=date(2016, 7, 1),
    )
    assert Member.objects.get(name="赵敏").organisation.code == "B1"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (transfer(办理时间=None), "办理时间", "“办理时间”不能为空"),
        (transfer(办理时间="2026-12-01"), "办理时间", "这一天还没有到，请核对"),
        (transfer(other=None), "转入/转出单位", "“转入/转出单位”不能为空"),
        (transfer(other="东村支部"), "转入/转出单位", "对方单位就是本支部，请核对"),
        (
            transfer(介绍信编号="7", 介绍信有效天数=400),
            "介绍信有效天数",
            "有效天数应在 1 到 183 之间",
        ),
        (
            transfer("王强", WANG, "B1", "转入", "西村支部"),
            "转入/转出单位",
            "县内转入由转出支部发起，请在那里办理",
        ),
        (
            transfer("王强", WANG, "B1", "转入", "外县某党委"),
            "公民身份号码",
            "这个身份证号已在本县名册里，请由其所在支部发起县内转接",
        ),
        (
            transfer("赵敏", STRANGER),
            "公民身份号码",
            "本支部名册里没有这个人；已转走的请在“是否有回执”填“是”",
        ),
        (transfer(介绍信抬头="某党委"), "介绍信编号", "介绍信要有编号，请补上"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused(county, row, column, reason):
    assert reasons(plan(transfers(row))) == [(2, column, reason)]


def test_a_second_open_transfer_of_one_member_is_refused(county):
    give(transfers(transfer(other="西村支部")))
    other = transfer(other="外县某镇党委", 办理时间="2026-09-20")
    assert reasons(plan(transfers(other))) == [
        (2, "转入/转出单位", "对方单位不能改，请撤回后重新发起")
    ]
    twice = plan(transfers(transfer("李娜", LI), transfer("李娜", LI, 办理时间="2026-09-02")))
    assert twice.refused == 2


def test_a_temporary_branch_receives_nobody(county):
    Organisation.objects.filter(code="B2").update(form=Form.FUNCTIONAL)
    planned = plan(transfers(transfer(other="西村支部")))
    assert "组织关系不转入" in reasons(planned)[0][2]


def test_one_refused_row_refuses_all(county):
    planned = plan(posts(post()), transfers(transfer(办理时间=None)))
    with pytest.raises(ImportRefused):
        write_import(planned, by=None)
    assert not Post.objects.filter(title="organisation").exists()


def test_a_preview_shows_numbers_masked(county):
    planned = plan(ways(way(**FULL)), transfers(transfer("赵敏", STRANGER, "B1", "转入", "外县")))
    shown = str([line for line in planned.lines() if line.outcome == Outcome.NEW])
    assert STRANGER not in shown
    assert "629901********0248" in shown or STRANGER[-4:] in shown


# --- Back and forth -------------------------------------------------------------------------


@pytest.fixture
def kept(county):
    """Something in each of the three ledgers."""
    give(
        posts(post("李娜", LI), post("外来人", None, None, "2020-01-01", "2023-12-31")),
        ways(way(**FULL)),
        transfers(
            transfer(other="西村支部", 介绍信编号="7", 介绍信有效天数=60),
            transfer("赵敏", STRANGER, 是否有回执="是", 办理时间="2024-05-01"),
        ),
    )


@pytest.mark.parametrize(("sheet", "rows"), [(POSTS, 3), (DEVELOPMENT, 1), (TRANSFERS, 3)])
def test_an_export_comes_back_unchanged(kept, sheet, rows):
    officer = user_of(Role.COUNTY_OFFICER, "C")
    content = export_register(declared=sheet, by=officer)
    planned = plan_import([("回.xlsx", content)], today=TODAY, user=officer)
    assert counts(planned) == (rows, 0, 0, rows, 0)
    assert remarks(planned) == []
    text = str(rows_of(content, sheet.name))
    for number in (ZHANG, LI, WANG, STRANGER):
        assert number not in text
    assert rows_of(content, sheet.name)[0][:-1] == [column.heading for column in sheet.columns]
    assert TrailLine.objects.get(action="导出名册工作簿").after["行数"] == str(rows)


@pytest.mark.parametrize(
    ("sheet", "row", "heading", "cell"),
    [
        (POSTS, 3, "免职日期", date(2026, 9, 1)),
        (DEVELOPMENT, 2, "志愿书编号", "62-002"),
        (TRANSFERS, 3, "备注", "退休回乡"),
    ],
)
def test_one_cell_edited_changes_one_cell(kept, sheet, row, heading, cell):
    officer = user_of(Role.COUNTY_OFFICER, "C")
    content = export_register(declared=sheet, by=officer)
    workbook = load_workbook(io.BytesIO(content))
    page = workbook[sheet.name]
    place = [one.value for one in page[1]].index(heading) + 1
    page.cell(row, place).value = cell
    stream = io.BytesIO()
    workbook.save(stream)
    planned = plan_import([("回.xlsx", stream.getvalue())], today=TODAY, user=officer)
    assert reasons(planned) == []
    changed = [line for line in planned.lines() if line.outcome == Outcome.CHANGED]
    assert [(line.row, [one["column"] for one in line.cells]) for line in changed] == [
        (row, [heading])
    ]
    write_import(planned, by=officer)
    again = plan_import([("回.xlsx", stream.getvalue())], today=TODAY, user=officer)
    assert again.total("changed") == again.total("new") == 0


def test_a_foreign_key_is_refused(kept):
    officer = user_of(Role.COUNTY_OFFICER, "C")
    rows = rows_of(export_register(declared=POSTS, by=officer), "班子")
    rows[1][-1] = rows[1][-1][:-1] + ("A" if rows[1][-1][-1] != "A" else "B")
    planned = plan_import([("回.xlsx", book(("班子", rows)))], today=TODAY, user=officer)
    assert reasons(planned)[0][1] == "行标识"


def test_the_workbook_is_of_what_the_reader_may_export(client, kept):
    secretary = user_of(Role.SECRETARY, "B2")
    client.force_login(secretary)
    url = reverse("ledgers:register", args=["trf"])
    answer = client.get(url)
    assert answer.status_code == 200
    assert [row[4] for row in rows_of(answer.content, "组织关系转接")[1:]] == ["转入"]
    assert client.get(url, {"branch": "B1"}).status_code == 404
    assert client.get(reverse("ledgers:register", args=["org"])).status_code == 404
    client.force_login(user_of(Role.GROUP_LEADER, "B1"))
    assert client.get(url).status_code == 403
    client.logout()
    assert client.get(url).status_code == 302


@pytest.mark.parametrize("kind", ["pst", "dev", "trf"])
def test_each_ledger_has_a_template_that_is_recognised(client, county, kind):
    client.force_login(user_of(Role.COUNTY_OFFICER, "C"))
    url = reverse("ledgers:template", args=[kind])
    assert url in client.get(reverse("ledgers:import")).content.decode()
    planned = plan_import([("模板.xlsx", client.get(url).content)], today=TODAY)
    assert planned.sheets[0].ledger in ("班子", "发展党员", "组织关系转接")
    assert counts(planned) == (0, 0, 0, 0, 0)
    assert planned.sheets[0].unknown_columns == []


# --- 设置形式 of the ledger 组织 --------------------------------------------------------------


def founded(form, kind="党支部", code="B9"):
    heads = ["组织编码", "组织名称", "上级组织编码", "组织类别", "设置形式"]
    return "组织", [heads, [code, "中共新村支部委员会", "T1", kind, form]]


def test_the_form_of_a_new_branch_is_taken(county):
    assert counts(give(founded("临时党支部"))) == (1, 1, 0, 0, 0)
    assert Organisation.objects.get(code="B9").form == Form.TEMPORARY
    assert counts(give(founded("临时"))) == (1, 0, 0, 1, 0)
    assert counts(give(founded(None))) == (1, 0, 0, 1, 0)


def test_the_form_of_a_standing_branch_is_not_changed_by_a_workbook(county):
    give(founded(None))
    assert reasons(plan(founded("联合"))) == [
        (2, "设置形式", "设置形式的变更要写明日期，请在系统里办理")
    ]
    assert reasons(plan(founded("联合", "党总支", "B8"))) == [
        (2, "设置形式", "只有党支部有设置形式，请空着")
    ]
