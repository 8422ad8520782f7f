"""The ledgers 党建+ and 督查: out, back unchanged, typed by hand, refused with row and column."""

import datetime

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from branches.periods import period_named
from ledgers.exports.inspections import finding_rows
from ledgers.exports.plus import plus_rows
from ledgers.exports.scope import scope_of
from ledgers.keys import HEADING
from ledgers.services import plan_import, write_import
from ledgers.sheets import INSPECTIONS, PLUS
from tasks.models import Finding, InspectionVisit, PlusItem
from tests import factories as make
from tests.ledgers.workbooks import book, counts, reasons, remarks

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 4, 20)
VISITED = datetime.date(2026, 3, 10)


@pytest.fixture
def town():
    return make.make_committee(make.make_county(code="COUNTY"), "柳汀街道党工委", code="TOWN")


@pytest.fixture
def branch(town):
    return make.make_branch(town, "中共望春社区第一支部委员会", code="B1")


def sheet_of(declared, rows, *, keys=True):
    """What the workbook holds: headings, then rows with their hidden key."""
    heads = [column.heading for column in declared.columns]
    lines = [
        [column.show(row.values.get(column.heading)) for column in declared.columns]
        + ([declared.row_key(row.pk, row.values)] if keys else [])
        for row in rows
    ]
    return declared.name, [heads + ([HEADING] if keys else []), *lines]


def give(sheet, by=None):
    """Plan the workbook and write what may be written."""
    planned = plan_import([("表.xlsx", book(sheet))], today=TODAY, user=by)
    if not planned.refused:
        write_import(planned, by=by)
    return planned


def scope(organisation):
    return scope_of(organisation, period_named("2026-04"), TODAY)


# --- 党建+ --------------------------------------------------------------------------------------


@pytest.fixture
def items(branch):
    lin = make.make_member(branch, "林守正")
    twins = [
        make.make_member(
            branch,
            "张伟",
            id_number=make.make_id_number(datetime.date(1980, 5, number), number),
        )
        for number in (7, 8)
    ]
    return [
        make.make_plus_item(branch, "党建+网格", lead=lin, due_on=datetime.date(2026, 11, 30)),
        make.make_plus_item(branch, "党建+护河", part="key", lead=twins[1], lead_name="张伟"),
        make.make_plus_item(
            branch,
            "党建+议事厅",
            part="party",
            result="办成 3 件\n走访 20 户",
            finished_on=datetime.date(2026, 4, 1),
        ),
    ]


@pytest.mark.parametrize("keys", [True, False])
def test_plus_comes_back_unchanged(town, items, keys):
    planned = give(sheet_of(PLUS, plus_rows(scope(town)), keys=keys))
    assert counts(planned) == (3, 0, 0, 3, 0)
    assert reasons(planned) == remarks(planned) == []


def test_a_dropped_item_and_another_year_are_not_in_it(town, branch, items):
    items[0].dropped_on = TODAY
    items[0].save()
    make.make_plus_item(branch, "旧项目", year=2025)
    assert [row.pk for row in plus_rows(scope(town))] == [items[1].pk, items[2].pk]


HEADS = ["党支部编码", "年度", "类别", "项目", "做法", "牵头人", "目标", "完成日期", "成效"]


def test_plus_is_typed_by_hand(branch):
    lin = make.make_member(branch, "林守正")
    planned = give(
        (
            "党建+",
            [
                HEADS,
                ["B1", 2026, "中心工作", "党建+改造", "包楼栋", "林守正", "按期完工", None, None],
                ["B1", "2026年", "X", "党建+故事会", "每月一期", "韩老师", "6 期", None, None],
            ],
        )
    )
    assert counts(planned) == (2, 2, 0, 0, 0)
    first, second = PlusItem.objects.order_by("pk")
    assert (first.part, first.lead, first.plan.year) == ("centre", lin, 2026)
    assert (second.part, second.lead) == ("feature", None)
    line = TrailLine.objects.filter(area="plus", object_id=first.plan_id).first()
    assert line.action == "导入新增"


def test_a_changed_cell_is_written_and_said(town, items):
    name, lines = sheet_of(PLUS, plus_rows(scope(town)))
    lines[1][lines[0].index("目标")] = "小事当天办"
    planned = give((name, lines))
    assert counts(planned) == (3, 0, 1, 2, 0)
    items[0].refresh_from_db()
    assert (items[0].aim, items[0].version) == ("小事当天办", 2)
    assert TrailLine.objects.get(action="导入修改").after == {"目标": "小事当天办"}


@pytest.mark.parametrize(
    ("heading", "cell", "said"),
    [
        ("类别", "其他", "不在可填范围内"),
        ("完成日期", "2026-04-21", "还没有到"),
        ("完成日期", "2025-12-31", "早于 2026 年"),
        ("完成日期", "2026-04-01", None),
        ("做法", None, "不能为空"),
        ("牵头人", "张伟", "请写成"),
        ("年度", 2028, "年度不对"),
    ],
)
def test_a_bad_cell_of_plus_is_refused_with_its_column(branch, items, heading, cell, said):
    row = ["B1", 2026, "X", "党建+新", "办法", "林守正", "目标", None, None]
    row[HEADS.index(heading)] = cell
    if said:
        row[-1] = "办成 3 件"
    problems = reasons(give(("党建+", [HEADS, row])))
    if said is None:
        # A day of finishing without a word of what came of it.
        assert problems == [(2, "成效", "填了完成日期，请写明成效")]
    else:
        [(number, column, reason)] = problems
        assert (number, column) == (2, heading)
        assert said in reason


def test_a_secretary_gives_nothing_for_the_neighbour(town, branch, items):
    neighbour = make.make_user(Role.SECRETARY, make.make_branch(town, code="B2"))
    row = ["B1", 2026, "X", "党建+新", "办法", "林守正", "目标", None, None]
    [(_number, column, reason)] = reasons(give(("党建+", [HEADS, row]), by=neighbour))
    assert (column, reason) == ("党支部编码", "这个组织不在你的导入范围内")
    assert PlusItem.objects.count() == 3


# --- 督查 ---------------------------------------------------------------------------------------


@pytest.fixture
def round_(town):
    return make.make_inspection(town, state="running")


@pytest.fixture
def visit(round_, branch):
    return make.make_inspection_visit(
        round_, branch, VISITED, findings=["二月没有开支委会", "党费没有公示"]
    )


@pytest.mark.parametrize("keys", [True, False])
def test_findings_come_back_unchanged(town, visit, keys):
    make.make_task(visit.organisation, "二月没有开支委会", finding=visit.findings.first())
    planned = give(sheet_of(INSPECTIONS, finding_rows(scope(town)), keys=keys))
    assert counts(planned) == (2, 0, 0, 2, 0)
    assert reasons(planned) == remarks(planned) == []


def test_the_secretary_gives_the_own_workbook_back_unchanged(branch, visit):
    secretary = make.make_user(Role.SECRETARY, branch)
    rows = list(finding_rows(scope(branch)))
    assert counts(give(sheet_of(INSPECTIONS, rows), by=secretary)) == (2, 0, 0, 2, 0)
    name, lines = sheet_of(INSPECTIONS, rows)
    lines[1][lines[0].index("发现问题")] = "没有问题"
    [(_number, column, reason)] = reasons(give((name, lines), by=secretary))
    assert column == "督查名称" and "由督查单位登记" in reason


def test_a_visit_to_come_is_in_no_workbook(town, round_, branch):
    make.make_inspection_visit(round_, branch, unannounced=True)
    assert list(finding_rows(scope(town))) == []


FOUND = ["督查名称", "督查单位", "被督查组织编码", "到点日期", "查看内容", "发现问题", "整改时限"]


def found(*cells):
    row = ["三会一课专项督查", "柳汀街道党工委", "B1", "2026-03-10", "会议记录", "记录太简单", None]
    for place, cell in cells:
        row[FOUND.index(place)] = cell
    return row


def test_findings_typed_by_hand_record_the_visit_once(town, round_, branch):
    officer = make.make_user(Role.COMMITTEE_OFFICER, town)
    planned = give(("督查", [FOUND, found(), found(("发现问题", "党费没有公示"))]), by=officer)
    assert counts(planned) == (2, 2, 0, 0, 0)
    visit = InspectionVisit.objects.get()
    assert (visit.visited_on, visit.looked_at, visit.organisation) == (VISITED, "会议记录", branch)
    assert visit.findings.count() == 2
    assert TrailLine.objects.filter(area="inspections", object_id=visit.pk).count() == 2


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ([("督查名称", "没有的督查")], "督查名称", "没有这次督查"),
        ([("被督查组织编码", "B9")], "被督查组织编码", "没有编码为“B9”"),
        ([("到点日期", None)], "到点日期", "不能为空"),
        ([("到点日期", "2026-04-21")], "到点日期", "还没有到"),
        ([("整改时限", "2026-03-09")], "整改时限", "早于到点日期"),
        ([("发现问题", None)], "发现问题", "不能为空"),
        ([("被督查组织编码", "ELSE")], "被督查组织名称", "不在督查单位之下"),
    ],
)
def test_a_bad_cell_of_a_finding_is_refused_with_its_column(
    town, round_, branch, cells, column, said
):
    make.make_branch(make.make_committee(town.parent, "荻浦镇党委"), code="ELSE")
    [(number, heading, reason)] = reasons(give(("督查", [FOUND, found(*cells)])))
    assert (number, heading) == (2, column)
    assert said in reason
    assert not Finding.objects.exists()


def test_a_round_that_is_over_takes_no_findings(round_, branch):
    round_.state = "closed"
    round_.save()
    [(_number, column, reason)] = reasons(give(("督查", [FOUND, found()])))
    assert (column, reason) == ("督查名称", "这次督查已结束，不能再登记或修改")


def test_who_does_not_inspect_there_adds_nothing_and_learns_nothing(town, round_, branch):
    for user in (
        make.make_user(Role.SECRETARY, branch),
        make.make_user(Role.COMMITTEE_OFFICER, make.make_committee(town.parent, "荻浦镇党委")),
    ):
        [(_number, _column, reason)] = reasons(give(("督查", [FOUND, found()]), by=user))
        assert reason.startswith("没有这次督查")
    assert not InspectionVisit.objects.exists()
