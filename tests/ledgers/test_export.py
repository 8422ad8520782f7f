"""The monthly ledger workbook."""

import datetime
import shutil
import subprocess
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Sector
from branches.periods import month_of
from branches.services import move_organisation
from dues.models import Payment
from dues.rates import Category
from ledgers.exports import services
from meetings.enums import Type
from members.enums import Gender, MemberKind, PostTitle
from members.models import Membership
from tasks.models import EventKind, TaskEvent, TaskState
from tests import factories as make
from tests.conftest import REQUIRE_ALL

pytestmark = pytest.mark.django_db

MARCH = month_of("2026-03")
TODAY = datetime.date(2026, 4, 2)
SHEETS = ["总览", "组织", "党员", "党费", "三会一课", "整改", "应办事项", "说明"]
HEADINGS = {
    "总览": (
        "编码 单位 党支部数 党员数 正式党员数 预备党员数 党员大会次数 支委会次数 党小组会次数 "
        "党课次数 主题党日次数 组织生活会次数 民主评议次数 应缴人数 缴清人数 应缴党费合计(元) "
        "实缴党费合计(元) 在办整改 逾期整改 应办已完成 应办进行中 应办落后 应办逾期 应办免予"
    ).split(),
    "组织": (
        "组织编码 组织名称 上级组织编码 组织类别 所属领域 成立日期 本届届满日期 书记 党小组数 行标识"
    ).split(),
    "党员": (
        "姓名 公民身份号码 性别 民族 出生日期 学历 人员类别 入党日期 转正日期 所在党支部 党支部编码 "
        "工作岗位 手机号码 是否流动党员 行标识"
    ).split(),
    "党费": (
        "姓名 公民身份号码 所在党支部 党支部编码 缴费类别 缴费基数 月应缴 1月 2月 3月 行标识"
    ).split(),
    "三会一课": (
        "所在党支部 党支部编码 会议类型 时间 开始时间 党小组 地点 主持人 授课人 应到人数 实到人数 "
        "参会人员 请假人员 缺席人员 主题 学时 行标识"
    ).split(),
    "整改": (
        "所在党支部 党支部编码 问题来源 存在问题 整改措施 责任领导 责任单位 责任人 建账日期 整改时限 "
        "整改进度 销号日期 行标识"
    ).split(),
    "应办事项": "编码 单位 要求 要求内容 期间 应有 已有 状态 到期日 完成日".split(),
    "说明": ["项目", "内容"],
}


def plain(value):
    """Days come back with a time of midnight."""
    return value.date() if isinstance(value, datetime.datetime) else value


class Ledger:
    """A finished ledger, read back."""

    def __init__(self, path, content_hash):
        self.path, self.hash = path, content_hash
        self.book = openpyxl.load_workbook(path)

    def headings(self, sheet):
        return [cell.value for cell in self.book[sheet][1]]

    def rows(self, sheet):
        """Rows as dicts by heading, without the row key."""
        headings = self.headings(sheet)
        return [
            {h: plain(v) for h, v in zip(headings, row, strict=True) if h != "行标识"}
            for row in self.book[sheet].iter_rows(min_row=2, values_only=True)
        ]

    def column(self, sheet, heading):
        return [row[heading] for row in self.rows(sheet)]

    def cell(self, sheet, row, heading):
        return self.book[sheet].cell(row, self.headings(sheet).index(heading) + 1)

    def note(self, item):
        return dict(self.book["说明"].iter_rows(min_row=2, values_only=True))[item]


@pytest.fixture
def export(tmp_path):
    """Make a ledger and read it back."""

    def run(organisation, month=MARCH, today=TODAY, by=None, reason=""):
        path = tmp_path / "ledger.xlsx"
        content_hash = services.export_ledger(
            organisation=organisation,
            month=month,
            today=today,
            by=by,
            path=path,
            folder=tmp_path,
            reason=reason,
        )
        return Ledger(path, content_hash)

    return run


@pytest.fixture
def county():
    return make.make_county()


@pytest.fixture
def committee(county):
    return make.make_committee(county)


@pytest.fixture
def branch(committee):
    return make.make_branch(
        committee,
        "中共望春社区第一支部委员会",
        code="YX01-001",
        founded_on=datetime.date(2003, 6, 1),
        sector=Sector.COMMUNITY,
    )


@pytest.fixture
def furnished(branch):
    """A branch with something on every sheet."""
    group = make.make_group(branch, "第一党小组")
    secretary, zhang, namesake = (
        make.make_member(
            branch,
            name,
            id_number=number,
            gender=Gender.MALE,
            ethnicity="汉族",
            education="大学",
            occupation="职工",
            group=group,
        )
        for name, number in (
            ("林守正", "000000198005170018"),
            ("张伟", "000000198005170026"),
            ("张伟", "000000198005170034"),
        )
    )
    make.make_post(branch, PostTitle.SECRETARY, member=secretary)
    make.make_term(branch, ends_on=datetime.date(2028, 6, 30))
    make.make_approved_amount(secretary, "45.00", category=Category.EMPLOYED)
    for month in (1, 2):
        make.make_payment(secretary, datetime.date(2026, month, 1), "45.00")
    make.make_charge(secretary, datetime.date(2026, 3, 1), "45.00")
    make.make_charge(zhang, datetime.date(2026, 3, 1), "20.00")
    make.make_payment(
        secretary,
        datetime.date(2026, 3, 1),
        "45.00",
        paid_on=datetime.date(2026, 3, 20),
    )
    meeting = make.make_meeting(
        branch,
        datetime.date(2026, 3, 20),
        (Type.MEMBERS_MEETING, Type.LECTURE),
        present=[secretary, zhang],
        leave=[namesake],
        place="党群服务中心",
        host=secretary,
        host_name="林守正",
        lecturer=zhang,
        lecturer_name="张伟",
        topic="学习党章",
        hours=Decimal("1.5"),
        starts_at=datetime.time(15, 0),
    )
    meeting.attendances.filter(member=namesake).update(reason="出差、培训（省里）")
    make.make_meeting(branch, datetime.date(2026, 2, 3), (Type.COMMITTEE,), present=[secretary])
    make.make_task(
        branch,
        "党员活动室制度未上墙",
        opened_on=datetime.date(2026, 1, 10),
        due_on=datetime.date(2026, 3, 30),
        measures="更换展板",
        progress=50,
    )
    return branch


# --- Form -------------------------------------------------------------------------------


def test_the_sheets_and_their_headings_are_those_of_the_contract(export, furnished):
    ledger = export(furnished)
    assert ledger.book.sheetnames == SHEETS
    assert {sheet: ledger.headings(sheet) for sheet in SHEETS} == HEADINGS


def test_every_sheet_is_frozen_filtered_and_set_for_a4(export, furnished):
    for sheet in export(furnished).book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref.startswith("A1:")
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.paperSize == 9
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_row_keys_stand_in_a_hidden_column(export, furnished):
    ledger = export(furnished)
    for name in SHEETS[1:6]:
        sheet = ledger.book[name]
        last = sheet.cell(1, sheet.max_column)
        assert last.value == "行标识"
        assert sheet.column_dimensions[last.column_letter].hidden
        assert all(sheet.cell(row, sheet.max_column).value for row in range(2, sheet.max_row + 1))


def test_numbers_are_numbers_and_dates_are_dates(export, furnished):
    ledger = export(furnished)
    approved = ledger.cell("党费", 2, "月应缴")
    assert (approved.value, approved.data_type, approved.number_format) == (45, "n", "#,##0.00")
    held = ledger.cell("三会一课", 3, "时间")
    assert held.is_date
    assert plain(held.value) == datetime.date(2026, 3, 20)
    assert ledger.cell("整改", 2, "整改进度").value == 0.5
    assert ledger.cell("整改", 2, "整改进度").number_format == "0%"
    assert ledger.cell("三会一课", 3, "学时").value == 1.5


def test_text_that_looks_like_a_formula_or_a_number_stays_text(export, branch):
    problem = '=HYPERLINK("http://evil.example","点这里")'
    make.make_task(branch, problem, source="+1", measures="http://evil.example", progress=1)
    make.make_member(branch, "@SUM(A1)", occupation="007")
    ledger = export(branch)
    for sheet, heading, text in (
        ("整改", "存在问题", problem),
        ("整改", "问题来源", "+1"),
        ("整改", "整改措施", "http://evil.example"),
        ("党员", "姓名", "@SUM(A1)"),
        ("党员", "工作岗位", "007"),
    ):
        cell = ledger.cell(sheet, 2, heading)
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)
    with zipfile.ZipFile(ledger.path) as archive:
        pages = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(pages) == 8
        assert not any(b"<f>" in archive.read(name) for name in pages)


def test_characters_a_workbook_cannot_hold_are_left_out(export, branch):
    make.make_task(branch, "制度\x0b未\x01上墙")
    assert export(branch).column("整改", "存在问题") == ["制度未上墙"]


# --- Numbers ----------------------------------------------------------------------------


def test_identity_and_phone_numbers_are_masked_text(export, furnished):
    ledger = export(furnished)
    cell = ledger.cell("党员", 2, "公民身份号码")
    assert (cell.value, cell.data_type) == ("000000********0018", "s")
    assert ledger.column("党员", "手机号码") == ["136****3471"] * 3
    assert ledger.column("党费", "公民身份号码") == ["000000********0018"]
    assert ledger.note("号码显示") == "部分隐藏"


def test_whole_numbers_are_text_with_all_eighteen_digits(export, furnished):
    ledger = export(furnished, by=make.make_user(Role.SECRETARY, furnished), reason="核对档案")
    cell = ledger.cell("党员", 2, "公民身份号码")
    assert (cell.value, cell.data_type) == ("000000198005170018", "s")
    assert ledger.column("党员", "手机号码") == ["13600003471"] * 3
    assert ledger.column("党费", "公民身份号码") == ["000000198005170018"]
    assert ledger.note("号码显示") == "完整号码，理由：核对档案"


def test_whole_numbers_need_the_right_to_see_them(export, furnished):
    organiser = make.make_user(Role.ORGANISER, furnished)
    export(furnished, by=organiser)
    with pytest.raises(services.Refused, match="完整号码"):
        export(furnished, by=organiser, reason="核对档案")


def test_every_export_leaves_a_line_with_the_reason(export, furnished):
    secretary = make.make_user(Role.SECRETARY, furnished, name="林守正")
    plain = export(furnished, by=secretary)
    export(furnished, by=secretary, reason="核对档案")
    whole, masked = TrailLine.objects.filter(area="ledgers")
    assert (masked.by_name, masked.action, masked.reason) == ("林守正", "导出台账", "")
    assert masked.organisation_id == furnished.pk
    assert masked.after == {"月份": "2026-03", "号码": "部分隐藏", "内容校验码": plain.hash}
    assert (whole.after["号码"], whole.reason) == ("完整", "核对档案")


# --- Scope ------------------------------------------------------------------------------


def test_the_neighbour_gets_nothing(export, furnished):
    neighbour = make.make_user(Role.SECRETARY, make.make_branch(furnished.parent))
    with pytest.raises(services.Refused, match="不能导出"):
        export(furnished, by=neighbour)
    assert not TrailLine.objects.exists()


def test_a_committee_shows_what_is_under_it_and_nothing_else(export, county, committee, branch):
    other = make.make_branch(make.make_committee(county, "东岭镇党委"), code="YX02-001")
    make.make_member(branch, "林守正")
    make.make_member(other, "周慧敏")
    assert export(committee).column("党员", "姓名") == ["林守正"]
    assert export(county).column("党员", "姓名") == ["林守正", "周慧敏"]
    assert "YX02-001" not in export(committee).column("组织", "组织编码")


def test_a_branch_founded_later_or_dissolved_before_is_not_there(export, committee):
    for code, founded_on, dissolved_on in (
        ("A", datetime.date(2026, 3, 31), None),
        ("B", datetime.date(2026, 4, 1), None),
        ("C", datetime.date(2010, 1, 1), datetime.date(2026, 2, 28)),
        ("D", datetime.date(2010, 1, 1), datetime.date(2026, 3, 1)),
    ):
        make.make_branch(committee, code=code, founded_on=founded_on, dissolved_on=dissolved_on)
    codes = export(committee).column("组织", "组织编码")
    assert [code for code in codes if code in "ABCD"] == ["A", "D"]


def test_an_old_month_keeps_its_tree(export, county, committee, branch):
    other = make.make_committee(county, "东岭镇党委")
    make.make_member(branch, "林守正")
    move_organisation(branch, to=other, by=None, on=datetime.date(2026, 4, 1))
    april = month_of("2026-04")
    assert export(committee).column("党员", "姓名") == ["林守正"]
    assert export(other).column("党员", "姓名") == []
    assert export(committee, april).column("党员", "姓名") == []
    assert export(other, april).column("党员", "姓名") == ["林守正"]
    (row,) = [r for r in export(county).rows("组织") if r["组织编码"] == branch.code]
    assert row["上级组织编码"] == committee.code


def test_a_month_to_come_and_a_place_not_founded_are_refused(export, branch):
    with pytest.raises(services.Refused, match="2026年5月还没有到"):
        export(branch, month_of("2026-05"))
    with pytest.raises(services.Refused, match="还没有成立"):
        export(branch, month_of("2003-05"))


# --- Content ----------------------------------------------------------------------------


def test_the_running_month_ends_today(export, branch):
    make.make_member(branch, "林守正")
    make.make_member(branch, "周慧敏", starts_on=datetime.date(2026, 3, 19))
    make.make_meeting(branch, datetime.date(2026, 3, 18))
    make.make_meeting(branch, datetime.date(2026, 3, 19))
    ledger = export(branch, today=datetime.date(2026, 3, 18))
    assert ledger.column("党员", "姓名") == ["林守正"]
    assert ledger.column("三会一课", "时间") == [datetime.date(2026, 3, 18)]
    assert ledger.note("数据截至") == "2026年3月18日"


def test_an_organisation_row_shows_secretary_term_and_groups_of_the_day(export, furnished):
    furnished.posts.update(ends_on=datetime.date(2026, 4, 1))
    make.make_post(furnished, person_name="周慧敏", starts_on=datetime.date(2026, 4, 2))
    make.make_group(furnished, "第二党小组", starts_on=datetime.date(2026, 4, 1))
    (row,) = export(furnished).rows("组织")
    assert row == {
        "组织编码": "YX01-001",
        "组织名称": "中共望春社区第一支部委员会",
        "上级组织编码": furnished.parent.code,
        "组织类别": "党支部",
        "所属领域": "社区",
        "成立日期": datetime.date(2003, 6, 1),
        "本届届满日期": datetime.date(2028, 6, 30),
        "书记": "林守正",
        "党小组数": 1,
    }


def test_members_are_those_of_the_day_in_the_branch_of_the_day(export, committee, branch):
    moved = make.make_member(branch, "林守正", ends_on=datetime.date(2026, 3, 31), left_on=None)
    moved.left_reason = ""
    moved.save()
    other = make.make_branch(committee)
    Membership.objects.create(member=moved, organisation=other, starts_on=datetime.date(2026, 4, 1))
    make.make_member(branch, "周慧敏", ends_on=datetime.date(2026, 3, 30))
    assert [(row["姓名"], row["党支部编码"]) for row in export(committee).rows("党员")] == [
        ("林守正", branch.code)
    ]
    assert [
        (row["姓名"], row["党支部编码"])
        for row in export(committee, month_of("2026-04")).rows("党员")
    ] == [("林守正", other.code)]


def test_whoever_was_confirmed_later_was_on_probation_then(export, branch):
    make.make_member(
        branch,
        kind=MemberKind.FORMAL,
        joined_on=datetime.date(2025, 4, 1),
        confirmed_on=datetime.date(2026, 4, 1),
    )
    (march,) = export(branch).rows("党员")
    (april,) = export(branch, month_of("2026-04")).rows("党员")
    assert (march["人员类别"], march["转正日期"]) == ("预备党员", None)
    assert (april["人员类别"], april["转正日期"]) == (
        "正式党员",
        datetime.date(2026, 4, 1),
    )


def test_dues_show_the_year_up_to_the_month(export, branch):
    paying = make.make_member(branch, "林守正")
    make.make_member(branch, "许桂兰")
    make.make_approved_amount(paying, "20.00")
    make.make_approved_amount(paying, "30.00", from_month=datetime.date(2026, 3, 1))
    make.make_approved_amount(paying, "40.00", from_month=datetime.date(2026, 4, 1))
    january = make.make_payment(paying, datetime.date(2026, 1, 1), "10.00")
    make.make_payment(paying, datetime.date(2026, 1, 1), "10.50")
    Payment.objects.create(
        member=paying,
        organisation=branch,
        month=january.month,
        amount=-january.amount,
        reverses=january,
    )
    make.make_payment(paying, datetime.date(2026, 3, 1), "30.00", paid_on=datetime.date(2026, 4, 1))
    make.make_payment(paying, datetime.date(2025, 12, 1), "9.00")
    make.make_payment(paying, datetime.date(2026, 4, 1), "40.00")
    (row,) = export(branch).rows("党费")
    assert row["姓名"] == "林守正"
    assert (row["月应缴"], row["1月"], row["2月"], row["3月"]) == (30, 10.5, None, None)
    (row,) = export(branch, month_of("2026-04")).rows("党费")
    assert (row["月应缴"], row["3月"], row["4月"]) == (40, 30, 40)


def test_a_member_who_moved_has_one_row_of_dues(export, committee, branch):
    other = make.make_branch(committee)
    member = make.make_member(branch, ends_on=datetime.date(2026, 1, 31), left_on=None)
    Membership.objects.create(
        member=member, organisation=other, starts_on=datetime.date(2026, 2, 1)
    )
    for month in (1, 2):
        make.make_payment(member, datetime.date(2026, month, 1), "20.00")
    (row,) = export(committee).rows("党费")
    assert (row["党支部编码"], row["1月"], row["2月"]) == (other.code, 20, 20)
    assert export(branch).rows("党费") == []


def test_meetings_carry_types_people_and_reasons(export, furnished):
    february, march = export(furnished).rows("三会一课")
    assert february["会议类型"] == "支部委员会"
    assert march == {
        "所在党支部": "中共望春社区第一支部委员会",
        "党支部编码": "YX01-001",
        "会议类型": "支部党员大会、党课",
        "时间": datetime.date(2026, 3, 20),
        "开始时间": "15:00",
        "党小组": None,
        "地点": "党群服务中心",
        "主持人": "林守正",
        "授课人": "张伟(0026)",
        "应到人数": 3,
        "实到人数": 2,
        "参会人员": "林守正、张伟(0026)",
        "请假人员": "张伟(0034)(出差，培训省里)",
        "缺席人员": None,
        "主题": "学习党章",
        "学时": 1.5,
    }


def test_namesakes_with_the_same_last_digits_are_told_apart_by_birth(export, branch):
    first = make.make_member(
        branch, "张伟", id_number="000000198005170018", born_on=datetime.date(1980, 5, 17)
    )
    second = make.make_member(
        branch, "张伟", id_number="000001199106110018", born_on=datetime.date(1991, 6, 11)
    )
    make.make_meeting(branch, datetime.date(2026, 3, 3), present=[first, second])
    assert export(branch).column("三会一课", "参会人员") == ["张伟(1980-05)、张伟(1991-06)"]


def test_planned_and_cancelled_meetings_and_those_of_last_year_are_left_out(export, branch):
    make.make_meeting(branch, datetime.date(2025, 12, 31))
    make.make_meeting(branch, datetime.date(2026, 3, 1), state="planned")
    make.make_meeting(branch, datetime.date(2026, 3, 2), state="cancelled")
    make.make_meeting(branch, datetime.date(2026, 4, 1))
    assert export(branch).rows("三会一课") == []


def test_a_task_stands_as_it_stood_on_the_day(export, branch):
    task = make.make_task(branch, progress=100, state=TaskState.CLOSED, closed_on=TODAY)
    for on, progress in ((datetime.date(2026, 3, 5), 40), (TODAY, 100)):
        TaskEvent.objects.create(task=task, kind=EventKind.PROGRESS, on=on, progress=progress)
    make.make_task(branch, opened_on=datetime.date(2026, 4, 1), due_on=datetime.date(2026, 5, 1))
    make.make_task(branch, state=TaskState.CANCELLED)
    (march,) = export(branch).rows("整改")
    assert (march["整改进度"], march["销号日期"]) == (0.4, None)
    april = export(branch, month_of("2026-04")).rows("整改")
    assert (april[0]["整改进度"], april[0]["销号日期"]) == (1, datetime.date(2026, 4, 2))
    assert len(april) == 2


def test_the_overview_adds_up_the_branches(export, county, committee, furnished):
    town = make.make_committee(county, "东岭镇党委")
    other = make.make_branch(town)
    make.make_member(other, kind=MemberKind.PROBATIONARY, joined_on=datetime.date(2026, 1, 5))
    make.make_meeting(other, datetime.date(2026, 3, 9), (Type.THEME_DAY, Type.LECTURE))
    make.make_meeting(other, datetime.date(2026, 2, 9), (Type.THEME_DAY,))
    ledger = export(county)
    total, first, second = ledger.rows("总览")
    assert [row["单位"] for row in (total, first, second)] == [
        county.name,
        committee.name,
        town.name,
    ]
    figures = (
        "党支部数 党员数 正式党员数 预备党员数 党员大会次数 党课次数 主题党日次数 应缴人数 缴清人数 "
        "应缴党费合计(元) 实缴党费合计(元) 在办整改 逾期整改"
    ).split()
    assert [first[name] for name in figures] == [1, 3, 3, 0, 1, 1, 0, 2, 1, 65, 45, 1, 1]
    assert [second[name] for name in figures] == [1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    for name in list(total)[2:]:
        assert total[name] == pytest.approx(first[name] + second[name]), name
    states = ledger.column("应办事项", "状态")
    assert total["应办逾期"] == states.count("逾期") > 0
    assert sum(total[f"应办{state}"] for state in set(states)) == len(states)


def test_duties_say_what_was_asked_and_found(export, furnished):
    rows = {row["要求"]: row for row in export(furnished).rows("应办事项")}
    committee = rows["支部党员大会"]
    assert (committee["编码"], committee["期间"]) == ("YX01-001", "2026年一季度")
    assert (committee["应有"], committee["已有"], committee["状态"]) == (1, 1, "已完成")
    assert committee["到期日"] == datetime.date(2026, 3, 31)
    assert committee["完成日"] == datetime.date(2026, 3, 20)
    assert committee["要求内容"]


def test_notes_hold_what_the_contract_asks_for(export, furnished):
    ledger = export(furnished, by=make.make_user(Role.SECRETARY, furnished, name="林守正"))
    assert ledger.note("组织") == "中共望春社区第一支部委员会"
    assert ledger.note("月份") == "2026年3月"
    assert ledger.note("数据截至") == "2026年3月31日"
    assert ledger.note("生成人") == "林守正"
    assert ledger.note("内容校验码") == ledger.hash
    assert ledger.note("要求版本：支部党员大会").startswith("meetings.members_meeting；")
    explained = set(ledger.column("说明", "项目"))
    assert {f"表：{sheet}" for sheet in SHEETS[:-1]} <= explained
    assert len(explained) == ledger.book["说明"].max_row - 1


# --- Hash -------------------------------------------------------------------------------


def test_the_hash_depends_on_content_alone(export, furnished, time_machine):
    secretary = make.make_user(Role.SECRETARY, furnished)
    first = export(furnished)
    time_machine.move_to("2027-05-01")
    later = export(furnished, today=datetime.date(2027, 5, 1), by=secretary, reason="核对档案")
    assert first.hash == later.hash
    assert len(first.hash) == 64


def test_what_happens_after_the_month_leaves_its_hash_alone(export, furnished):
    before = export(furnished).hash
    member = furnished.members.first()
    make.make_member(furnished, starts_on=datetime.date(2026, 4, 1))
    make.make_meeting(furnished, datetime.date(2026, 4, 1), present=[member])
    make.make_payment(member, datetime.date(2026, 4, 1))
    make.make_payment(member, datetime.date(2026, 3, 1), "5.00", paid_on=datetime.date(2026, 4, 9))
    task = furnished.tasks.get()
    TaskEvent.objects.create(
        task=task, kind=EventKind.PROGRESS, on=datetime.date(2026, 3, 1), progress=50
    )
    TaskEvent.objects.create(task=task, kind=EventKind.CLOSED, on=TODAY, progress=100)
    task.progress, task.state, task.closed_on = 100, TaskState.CLOSED, TODAY
    task.save()
    assert export(furnished).hash == before


@pytest.mark.parametrize("change", ["name", "number", "amount"])
def test_another_content_has_another_hash(export, furnished, change):
    before = export(furnished).hash
    member = furnished.members.order_by("pk").first()
    if change == "name":
        member.name = "林守直"
        member.save()
    elif change == "number":
        member.set_id_number("000000198005170077")
        member.save()
    else:
        make.make_payment(member, datetime.date(2026, 3, 1), "0.01")
    assert export(furnished).hash != before


def test_another_month_has_another_hash(export, branch):
    assert export(branch).hash != export(branch, month_of("2026-02")).hash


# --- Growth -----------------------------------------------------------------------------


def test_queries_do_not_grow_with_rows(export, furnished, django_assert_num_queries):
    with CaptureQueriesContext(
        connection,
    ) as few:
        export(furnished)
    people = make.make_members(furnished, 6)
    for day in range(1, 7):
        make.make_meeting(furnished, datetime.date(2026, 3, day), present=people)
        make.make_task(furnished)
        make.make_payment(people[day - 1], datetime.date(2026, 3, 1))
        make.make_branch(furnished.parent)
    with django_assert_num_queries(len(few)):
        export(furnished)


# --- Command ----------------------------------------------------------------------------


def run(tmp_path, *arguments, capsys):
    call_command("export_ledger", *arguments, "--output", str(tmp_path / "out.xlsx"))
    return capsys.readouterr().out.strip()


@pytest.fixture
def today(settings):
    settings.TODAY_OVERRIDE = TODAY


def test_the_command_prints_the_content_hash(export, furnished, tmp_path, capsys, today):
    printed = run(tmp_path, "--month", "2026-03", "--organisation", "YX01-001", capsys=capsys)
    assert printed == export(furnished).hash
    assert list(tmp_path.glob(".export-*")) == []


def test_the_command_takes_the_topmost_organisation(furnished, county, tmp_path, capsys, today):
    run(tmp_path, "--month", "2026-03", capsys=capsys)
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["总览"]["B2"].value == county.name
    user = make.make_user(Role.SECRETARY, furnished)
    run(tmp_path, "--month", "2026-03", "--as", user.username, capsys=capsys)
    assert openpyxl.load_workbook(tmp_path / "out.xlsx")["总览"]["B2"].value == furnished.name


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["--month", "2026-03", "--organisation", "没有"], "没有编码为 没有 的组织", 1),
        (["--month", "2026-03", "--as", "nobody"], "没有账号 nobody", 1),
        (["--month", "2026-05"], "2026年5月还没有到", 1),
        (["--month", "2026-03", "--full-numbers"], "--reason", 2),
    ],
)
def test_the_command_says_why_it_refuses(
    furnished, tmp_path, capsys, today, arguments, words, code
):
    with pytest.raises(CommandError, match=words) as refused:
        run(tmp_path, *arguments, capsys=capsys)
    assert refused.value.returncode == code
    assert list(tmp_path.iterdir()) == []


def test_the_command_gives_a_neighbour_nothing(furnished, tmp_path, capsys, today):
    user = make.make_user(Role.SECRETARY, make.make_branch(furnished.parent))
    with pytest.raises(CommandError, match="没有编码为 YX01-001 的组织"):
        run(
            tmp_path,
            *("--month", "2026-03", "--organisation", "YX01-001", "--as", user.username),
            capsys=capsys,
        )


# --- Office programs --------------------------------------------------------------------


def test_libreoffice_opens_it_and_loses_nothing(export, furnished, tmp_path):
    """The spreadsheet program writes it anew; what it then holds is what we wrote."""
    soffice = shutil.which("soffice") or shutil.which("libreoffice")
    if not soffice:
        reason = "no LibreOffice: soffice is not on the PATH"
        pytest.fail(reason) if REQUIRE_ALL else pytest.skip(reason)
    ledger = export(furnished, reason="核对档案")
    out = tmp_path / "again"
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation=file://{tmp_path}/profile",
            *("--headless", "--convert-to", "xlsx", "--outdir", str(out), str(ledger.path)),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    again = Ledger(out / "ledger.xlsx", ledger.hash)
    assert again.book.sheetnames == SHEETS
    for sheet in SHEETS:
        assert again.rows(sheet) == ledger.rows(sheet)
    assert again.cell("党员", 2, "公民身份号码").data_type == "s"
