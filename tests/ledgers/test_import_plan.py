"""The plan as others use it: scope, digest, what may be left out, what is handed back."""

import datetime

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import TrailLine, User
from accounts.roles import Role
from branches.models import Grant, Organisation
from ledgers import keys
from ledgers.models import Outcome
from ledgers.services import ImportRefused, plan_import, refused_workbook, write_import
from ledgers.sheets import MEMBERS as SHEET
from ledgers.sheets.members import values
from meetings.models import Meeting
from members.models import Member, Membership
from tasks.models import Task
from tests.ledgers.workbooks import (
    COUNTY,
    LI,
    MEMBERS,
    ROSTER,
    TODAY,
    WANG,
    ZHANG,
    book,
    counts,
    dues,
    give,
    id_number,
    meetings,
    members,
    organisations,
    plan,
    reasons,
    rows_of,
    tasks,
)

pytestmark = pytest.mark.django_db
BAD = members(
    ["赵六", id_number(8), "正式", "2026.13.5", None, "B1", "=1+1"],
    ["钱七", id_number(10), "正式", None, None, "B1", None],
)


@pytest.fixture
def county():
    give(COUNTY, ROSTER)


@pytest.fixture
def make_user():
    def make(role, code):
        user = User.objects.create(username=f"{role}-{code}")
        organisation = Organisation.objects.get(code=code)
        Grant.objects.create(user=user, role=role, organisation=organisation)
        return user

    return make


# --- All or nothing -----------------------------------------------------------------------------


def test_one_refused_row_refuses_everything(county):
    planned = plan(BAD)
    with pytest.raises(ImportRefused, match="有 1 处需要更正，一行也没有写入"):
        write_import(planned, by=None)
    assert Member.objects.count() == 3


def test_the_valid_rows_may_be_accepted(county):
    result = write_import(plan(BAD), by=None, accept_valid=True)
    assert (result.new, result.refused) == (1, 1)
    assert Member.objects.filter(name="钱七").exists()


def test_an_unreadable_file_refuses_the_others_too(county):
    planned = plan_import(
        [("好.xlsx", book(COUNTY)), ("坏.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")], today=TODAY
    )
    assert planned.refused == 1
    with pytest.raises(ImportRefused):
        write_import(planned, by=None)


def test_a_failure_while_writing_leaves_nothing(county):
    planned = plan(members(["赵六", id_number(8), "正式", None, None, "B1", None]))
    # Somebody enters the same person between looking and writing.
    give(members(["赵六", id_number(8), "正式", None, None, "B1", None]))
    lines = TrailLine.objects.count()
    with pytest.raises(ImportRefused, match="又有变动"):
        write_import(planned, by=None)
    assert Membership.objects.filter(member__name="赵六").count() == 1
    assert TrailLine.objects.count() == lines


# --- Lines, digest, skipping --------------------------------------------------------------------


def test_lines_name_every_row_that_is_not_the_same(county):
    planned = plan(
        members(
            ["张伟", ZHANG, "正式", "2001-07-01", "2002-07-01", "B1", "19900000001"],
            ["李娜", LI, None, None, None, "B1", "19922223333"],
            ["赵六", id_number(8), "正式", None, None, "B1", None],
            ["钱七", "123", "正式", None, None, "B1", None],
        )
    )
    lines = [(line.key, line.row, line.outcome, line.label) for line in planned.lines()]
    assert lines == [
        ("0:0:3", 3, Outcome.CHANGED, "李娜"),
        ("0:0:4", 4, Outcome.NEW, "赵六"),
        ("0:0:5", 5, Outcome.REFUSED, "钱七"),
    ]
    new = list(planned.lines())[1]
    assert new.cells[:2] == [
        {"column": "姓名", "after": "赵六"},
        {"column": "公民身份号码", "after": "629901********" + id_number(8)[-4:]},
    ]


def test_no_full_number_stands_in_lines_results_or_trail(county):
    planned = plan(
        members(
            [id_number(8), id_number(10), "正式", None, None, "B1", "19912345678"],
            ["孙八", id_number(8)[:17], "正式", None, None, "B1", "1991234567"],
        )
    )
    text = repr(list(planned.lines())) + repr([sheet.as_json() for sheet in planned.sheets])
    for number in (id_number(8), id_number(8)[:17], id_number(10), "19912345678", "1991234567"):
        assert number not in text
    trail = repr(list(TrailLine.objects.values_list("before", "after", "label")))
    for number in (ZHANG, LI, WANG, "19900000001"):
        assert number not in trail


def test_the_digest_is_of_what_would_be_written(county):
    new = ["赵六", id_number(8), "正式", None, None, "B1", "19911110001"]
    first = plan(members(new)).digest
    assert plan(members(new)).digest == first
    assert plan(members([*new[:6], "19922220001"])).digest != first
    give(members(new))
    assert plan(members(new)).digest != first


def test_a_skipped_row_is_left_out(county):
    planned = plan(
        members(
            ["赵六", id_number(8), "正式", None, None, "B1", None],
            ["钱七", id_number(10), "正式", None, None, "B1", None],
        )
    )
    result = write_import(planned, by=None, skip=frozenset({"0:0:2"}))
    assert (result.new, result.skipped) == (1, 1)
    assert list(
        Member.objects.filter(name__in=("赵六", "钱七")).values_list("name", flat=True)
    ) == ["钱七"]


def test_a_row_that_another_needs_cannot_be_skipped(county):
    planned = plan(
        organisations(["B9", "中共新村支部委员会", "T1", "党支部", None, None, 0]),
        members(["赵六", id_number(8), "正式", None, None, "B9", None]),
    )
    with pytest.raises(ImportRefused) as refused:
        write_import(planned, by=None, skip=frozenset({"0:0:2"}))
    assert str(refused.value) == (
        "“党员”第 2 行（赵六）要用到没有勾选的“组织”第 2 行（中共新村支部委员会），请一起勾选，或两行都不选"
    )
    write_import(planned, by=None, skip=frozenset({"0:0:2", "0:1:2"}))
    assert not Organisation.objects.filter(code="B9").exists()


# --- Scope --------------------------------------------------------------------------------------


def test_the_neighbours_rows_are_refused(county, make_user):
    secretary = make_user(Role.SECRETARY, "B1")
    planned = plan(
        members(
            ["张伟", ZHANG, None, None, None, "B1", "19944445555"],
            ["王强", WANG, None, None, None, "B2", "19944445555"],
            ["赵六", id_number(8), "正式", None, None, "B2", None],
            ["王强", WANG, None, None, None, "B1", None],
        ),
        dues(["王强", WANG, "学生", None, 0.2, None, 0.2, None]),
        meetings(["B2", "党课", "2026-03-05", None, None, "王强", None, None, 1]),
        tasks(["B2", "自查", "问题", "甲", "乙", "丙", "2026-03-01", "2026-04-01", None, None]),
        user=secretary,
    )
    assert counts(planned) == (4, 0, 1, 0, 3)
    assert [counts(planned, sheet)[4] for sheet in (1, 2, 3)] == [1, 1, 1]
    assert planned.sheets[2].problems[0].reason == "这个组织不在你的导入范围内"


def test_an_organiser_imports_nothing(county, make_user):
    planned = plan(ROSTER, user=make_user(Role.ORGANISER, "B1"))
    assert counts(planned) == (3, 0, 0, 0, 3)


def test_a_committee_reaches_its_subtree_but_founds_nothing(county, make_user):
    officer = make_user(Role.COMMITTEE_OFFICER, "T1")
    assert counts(plan(ROSTER, user=officer)) == (3, 0, 0, 3, 0)
    planned = plan(
        organisations(
            ["B9", "中共新村支部委员会", "T1", "党支部", None, None, 0],
            ["B1", "中共改名支部委员会", None, None, None, None, None],
            ["B2", "中共西村支部委员会", None, None, None, "王强", None],
        ),
        user=officer,
    )
    assert reasons(planned) == [
        (2, "组织编码", "新设组织不在你的权限内，请联系县委组织部"),
        (3, "组织名称", "修改这一项不在你的权限内，请联系县委组织部"),
        (4, "书记", "修改这一项不在你的权限内，请联系县委组织部"),
    ]
    assert counts(planned) == (3, 0, 0, 0, 3)


def test_the_trail_names_who_imported(county, make_user):
    officer = make_user(Role.COUNTY_OFFICER, "C")
    give(members(["赵六", id_number(8), "正式", None, None, "B1", None]), user=officer, by=officer)
    assert TrailLine.objects.get(label="赵六").by == officer


# --- Row keys -----------------------------------------------------------------------------------


def exported(number=LI):
    """The row of a member as a monthly ledger carries it."""
    member = Member.objects.get(id_number_mask=f"{number[:6]}********{number[-4:]}")
    held = values(member, member.organisation)
    cells = [column.show(held[column.heading]) for column in SHEET.columns]
    return [*cells, SHEET.row_key(member.pk, held)]


def returned(*rows):
    return "党员", [[*(column.heading for column in SHEET.columns), keys.HEADING], *rows]


def edited(row, **cells):
    places = {column.heading: place for place, column in enumerate(SHEET.columns)}
    row = list(row)
    for heading, cell in cells.items():
        row[places[heading]] = cell
    return row


def test_an_exported_row_comes_back_unchanged(county):
    assert counts(give(returned(exported()))) == (1, 0, 0, 1, 0)


def test_masked_numbers_without_a_key_are_refused(county):
    planned = plan(returned([*exported()[:-1], None]))
    assert reasons(planned)[0][2].startswith("号码带星号，看不出是谁")


def test_a_key_that_was_tampered_with_is_refused(county):
    row = exported()
    planned = plan(returned([*row[:-1], "mem:1::" + row[-1][-20:]]))
    assert reasons(planned)[0][:2] == (2, "行标识")


def test_a_cell_not_touched_since_export_does_not_undo_what_happened_since(county):
    row = exported()
    give(members(["李娜", LI, None, None, None, "B1", "19977778888"]))
    planned = give(returned(edited(row, 学历="大专")))
    assert next(planned.lines()).cells == [{"column": "学历", "before": "", "after": "大专"}]
    assert Member.objects.get(name="李娜").phone == "19977778888"


def test_a_cell_changed_on_both_sides_is_a_conflict(county):
    row = exported()
    give(returned(edited(row, 学历="大专")))
    planned = plan(returned(edited(row, 学历="本科", 民族="回族")))
    assert [(p.column, p.value) for p in planned.sheets[0].problems] == [("学历", "本科")]
    assert "系统里已改为“大专”" in planned.sheets[0].problems[0].reason
    same = plan(returned(edited(row, 学历="大专")))
    assert counts(same) == (1, 0, 0, 1, 0)


def test_a_copied_row_must_lose_its_key(county):
    row = exported()
    planned = plan(returned(row, edited(row, 姓名="李娜二")))
    assert reasons(planned)[-1][2].endswith("新增的行请清空“行标识”")


def test_a_number_is_corrected_with_the_key_and_the_full_number(county):
    give(returned(edited(exported(), 公民身份号码=id_number(20))))
    assert Member.objects.get(name="李娜").id_number == id_number(20)
    planned = plan(returned(edited(exported(id_number(20)), 公民身份号码=ZHANG)))
    assert reasons(planned) == [(2, "公民身份号码", "这个身份证号已是另一名党员的，请核对")]


# --- What is handed back ------------------------------------------------------------------------


def test_refused_rows_come_back_as_they_stood_with_the_reasons(county):
    name, rows = BAD
    planned = plan((name, [["清禾县花名册"], *rows]))
    back = rows_of(refused_workbook(planned), "党员")
    assert back[0][0] == "清禾县花名册"
    assert back[1] == [*MEMBERS, "需更正"]
    assert back[2][:6] == ["赵六", id_number(8), "正式", "2026.13.5", None, "B1"]
    assert back[2][-1].startswith("入党日期：“2026.13.5”没有 13 月")
    assert len(back) == 3


def test_a_corrected_file_can_be_given_back(county):
    back = rows_of(refused_workbook(plan(BAD)), "党员")
    back[1][3] = "2026.3.5"
    back[1][6] = None
    planned = plan(("党员", back))
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert planned.sheets[0].unknown_columns == []


def test_sheets_of_one_name_do_not_collide(county):
    planned = plan_import([("1.xlsx", book(BAD)), ("2.xlsx", book(members(["孙八"])))], today=TODAY)
    content = refused_workbook(planned)
    assert rows_of(content, "党员")[1][0] == "赵六"
    assert rows_of(content, "党员(2)")[1][0] == "孙八"


# --- Growth -------------------------------------------------------------------------------------


def _sheets(size, start=0, ending=""):
    """As many rows of each ledger, for people and organisations counted from `start`."""
    serials = range(start, start + size)
    names = ["人" + "甲乙丙丁戊己庚辛壬"[n] for n in serials]
    numbers = [id_number(100 + n) for n in serials]
    days = [datetime.date(2026, 3, 1 + n) for n in serials]
    people = list(zip(names, numbers, strict=True))
    return (
        organisations(
            *([f"N{n}", f"新{n}支部{ending}", "T1", "党支部", None, None, 2] for n in serials)
        ),
        members(
            *([*p, "正式", "2010-07-01", None, "B1", "1" * 10 + "12"[bool(ending)]] for p in people)
        ),
        dues(*([*p, "学生", None, 0.2, 0.1 if ending else 0.2, None, None] for p in people)),
        meetings(
            *(
                ["B1", "党课", day, name, None, name, None, None, 2 if ending else 1]
                for day, name in zip(days, names, strict=True)
            )
        ),
        tasks(
            *(
                [
                    "B1",
                    "自查",
                    f"问题{n}",
                    f"甲{ending}",
                    "乙",
                    "丙",
                    "2026-03-01",
                    "2026-06-01",
                    None,
                    None,
                ]
                for n in serials
            )
        ),
    )


def _queries(sheets) -> int:
    with CaptureQueriesContext(connection) as queries:
        planned = plan(*sheets)
        write_import(planned, by=None)
    assert planned.refused == 0
    return len(queries)


def test_queries_do_not_grow_with_new_rows(county):
    assert _queries(_sheets(1)) >= _queries(_sheets(8, start=1))


def test_queries_do_not_grow_with_changed_rows(county):
    give(*_sheets(9))
    assert _queries(_sheets(1, ending="改")) >= _queries(_sheets(8, start=1, ending="改"))


def test_the_register_is_kept_by_the_county_alone(county, make_user):
    officer = make_user(Role.COMMITTEE_OFFICER, "T1")
    headings = ["组织编码", "组织名称", "本届届满日期", "书记", "党小组数"]
    unchanged = ["B1", "中共东村支部委员会", None, "张伟", 2]
    assert counts(plan(("组织", [headings, unchanged]), user=officer)) == (1, 0, 0, 1, 0)
    for place, cell in ((2, "2027-05-01"), (3, "李娜"), (3, "（清空）"), (4, 3)):
        changed = [*unchanged[:place], cell, *unchanged[place + 1 :]]
        planned = plan(("组织", [headings, changed]), user=officer)
        assert reasons(planned) == [
            (2, headings[place], "修改这一项不在你的权限内，请联系县委组织部")
        ]
        county_officer = User.objects.filter(username="county_officer-C").first()
        county_officer = county_officer or make_user(Role.COUNTY_OFFICER, "C")
        assert counts(plan(("组织", [headings, changed]), user=county_officer))[2] == 1


def test_a_member_out_of_reach_is_not_named(county, make_user):
    planned = plan(members([None, ZHANG, *[None] * 5]), user=make_user(Role.SECRETARY, "B2"))
    (line,) = (line for line in planned.lines() if line.outcome == Outcome.REFUSED)
    assert "张伟" not in line.label


# --- What others change between plan and write ---------------------------------------------------


def _changed_member(planned):
    Member.objects.filter(name="张伟").update(education="大学")


def _changed_payment(planned):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 50]))


def _changed_meeting(planned):
    Meeting.objects.update(version=F("version") + 1)


def _changed_task(planned):
    Task.objects.update(progress=80)


HELD = ["B1", "党课", "2026-03-05", None, None, "张伟", None, None, 1]
LISTED = [
    "B1",
    "自查",
    "材料不全",
    "李书记",
    "东村",
    "张伟",
    "2026-03-01",
    "2026-12-01",
    None,
    None,
]


@pytest.mark.parametrize(
    ("sheet", "meanwhile"),
    [
        (members(["张伟", ZHANG, None, None, None, None, "19900000009"]), _changed_member),
        (dues(["张伟", ZHANG, "在职", 8800, 132, None, None, 100]), _changed_payment),
        (meetings([*HELD[:8], 2]), _changed_meeting),
        (tasks([*LISTED[:8], 50, None]), _changed_task),
    ],
)
def test_what_moved_since_the_plan_is_not_overwritten(county, sheet, meanwhile):
    give(dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None]), meetings(HELD), tasks(LISTED))
    planned = plan(sheet)
    assert counts(planned) == (1, 0, 1, 0, 0)
    meanwhile(planned)
    with pytest.raises(ImportRefused, match="系统里的数据又有变动，一行也没有写入"):
        write_import(planned, by=None)


def test_what_did_not_move_is_written(county):
    rows = [
        dues(["张伟", ZHANG, "在职", 8800, 132, 132, None, None]),
        meetings(HELD),
        tasks(LISTED),
    ]
    give(*rows)
    give(
        members(["张伟", ZHANG, None, None, None, None, "19900000009"]),
        dues(["张伟", ZHANG, "在职", 8800, 132, 100, None, None]),
        meetings([*HELD[:8], 2]),
        tasks([*LISTED[:8], 50, None]),
    )
    assert (Meeting.objects.get().hours, Task.objects.get().progress) == (2, 50)
