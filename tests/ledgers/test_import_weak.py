"""The ledger 软弱涣散: it comes back unchanged, the county alone adds and changes, surveys stay."""

import datetime
import io

import openpyxl
import pytest

from ledgers.exports import work_book
from ledgers.services import plan_import, write_import
from tasks.enums import WeakState
from tasks.models import WeakBranch
from tests import factories as make
from tests.ledgers.workbooks import book as workbook_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 6, 20)
DECIDED = datetime.date(2026, 3, 20)
HEADS = [
    *("党支部编码", "党组织名称", "认定情形", "认定日期", "主要问题", "整顿措施", "联系县级领导"),
    *("整顿时限", "满意度"),
]


@pytest.fixture(autouse=True)
def today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def committee():
    return make.make_committee(make.make_county(code="COUNTY"), code="TOWN")


@pytest.fixture
def branch(committee):
    return make.make_branch(committee, "中共上荻村支部委员会", code="B1")


@pytest.fixture
def case(branch):
    """A case with a link that ended, one that stands, a survey and a report."""
    case = make.make_weak(
        branch,
        decided_on=DECIDED,
        plan_filed_on=datetime.date(2026, 4, 10),
        situations=["组织生活不正常", "班子、队伍不齐"],
    )
    case.links.create(
        kind="county_leader", name="武景桥", starts_on=DECIDED, ends_on=datetime.date(2026, 5, 1)
    )
    case.links.create(kind="county_leader", name="邵启平", starts_on=DECIDED)
    make.make_weak_survey(case, datetime.date(2026, 6, 1), asked=10000, satisfied=7999, aware=9000)
    case.reports.create(
        month=datetime.date(2026, 5, 1), text="走访 30 户", reported_on=datetime.date(2026, 5, 30)
    )
    return case


def exported(tmp_path, organisation):
    path = tmp_path / "2026年工作任务台账.xlsx"
    work_book.export_work_book(
        organisation=organisation, year=2026, today=TODAY, by=None, path=path, folder=tmp_path
    )
    return openpyxl.load_workbook(path)


def planned(workbook, user=None):
    stream = io.BytesIO()
    workbook.save(stream)
    return plan_import([("表.xlsx", stream.getvalue())], today=TODAY, user=user)


def typed(*rows, user=None):
    content = workbook_of(("软弱涣散", [HEADS, *rows]))
    return plan_import([("表.xlsx", content)], today=TODAY, user=user)


def result(plan):
    (sheet,) = [one for one in plan.sheets if one.ledger == "软弱涣散"]
    return sheet.new, sheet.changed, sheet.same, sheet.refused


def reasons(plan):
    (sheet,) = [one for one in plan.sheets if one.ledger == "软弱涣散"]
    return [(one.row, one.column, one.reason) for one in sheet.problems]


def edit(workbook, **cells):
    sheet = workbook["软弱涣散"]
    heads = [cell.value for cell in sheet[1]]
    for heading, value in cells.items():
        sheet.cell(2, heads.index(heading) + 1).value = value
    return workbook


def row(**changes):
    facts = {
        "党支部编码": "B1",
        "党组织名称": None,
        "认定情形": "组织生活不正常；班子配备不齐",
        "认定日期": "2026-3-20",
        "主要问题": "支委会半年没有开",
        "整顿措施": None,
        "联系县级领导": "邵启平",
        "整顿时限": "2026-9-30",
        "满意度": None,
    }
    return [{**facts, **changes}[heading] for heading in HEADS]


def test_the_sheet_says_who_is_linked_and_how_the_survey_ended(tmp_path, committee, case):
    workbook = exported(tmp_path, committee)
    heads, line = list(workbook["软弱涣散"].iter_rows(values_only=True))[:2]
    found = dict(zip(heads, line, strict=True))
    assert (found["联系县级领导"], found["认定情形"]) == (
        "邵启平",
        "组织生活不正常；班子、队伍不齐",
    )
    assert (found["测评人数"], found["满意人数"], found["满意度"]) == ("10000", "7999", "79.99%")
    assert (found["月进展"], found["状态"]) == ("2026-05 走访 30 户", "整顿中")


def test_a_proposal_is_in_no_workbook(tmp_path, committee, branch):
    make.make_weak(branch)
    assert exported(tmp_path, committee)["软弱涣散"].max_row == 1


def test_what_comes_back_unchanged_changes_nothing(tmp_path, committee, case):
    plan = planned(exported(tmp_path, committee))
    assert result(plan) == (0, 0, 1, 0)
    write_import(plan, by=None)
    case.refresh_from_db()
    assert (case.version, case.steps.count(), case.links.count()) == (1, 3, 2)


def test_the_county_changes_words_deadline_plan_and_links(tmp_path, committee, case):
    county = make.make_user("county_officer", committee.parent)
    cells = {
        "主要问题": "书记空缺",
        "整顿时限": datetime.date(2026, 10, 31),
        "整顿措施": "选好书记",
        "联系县级领导": "叶承安；邵启平",
        "满意度": "90%",
    }
    workbook = edit(exported(tmp_path, committee), **cells)
    plan = planned(workbook, county)
    assert result(plan) == (0, 1, 0, 0)
    (sheet,) = [one for one in plan.sheets if one.ledger == "软弱涣散"]
    assert [note.reason for note in sheet.notes] == [
        "“满意度”由系统得出，本行没有采用，请在系统里登记"
    ]
    write_import(plan, by=county)
    case.refresh_from_db()
    assert (case.problems, case.due_on, case.plan) == (
        "书记空缺",
        datetime.date(2026, 10, 31),
        "选好书记",
    )
    standing = case.links.filter(ends_on__isnull=True).values_list("name", flat=True)
    assert sorted(standing) == ["叶承安", "邵启平"]
    assert result(planned(workbook, county)) == (0, 0, 1, 0)


def test_a_link_that_is_no_longer_named_ends_on_the_day(tmp_path, committee, case):
    workbook = edit(exported(tmp_path, committee), 联系县级领导="叶承安")
    write_import(planned(workbook), by=None)
    assert case.links.get(name="邵启平").ends_on == TODAY
    assert result(planned(workbook)) == (0, 0, 1, 0)


def test_a_new_row_of_the_county_is_a_decision(committee, branch):
    county = make.make_user("county_officer", committee.parent)
    plan = typed(row(), user=county)
    assert result(plan) == (1, 0, 0, 0)
    write_import(plan, by=county)
    case = WeakBranch.objects.get()
    assert (case.state, case.decided_by, case.plan_due_on) == (
        "decided",
        "县委常委会",
        datetime.date(2026, 4, 19),
    )
    assert case.situations == ["组织生活不正常", "班子配备不齐"]
    assert list(case.steps.values_list("kind", flat=True)) == ["proposed", "decided"]
    assert (case.links.get().name, case.checks.count()) == ("邵启平", 11)
    assert result(typed(row(), user=county)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"认定情形": None}, (2, "认定情形", "“认定情形”不能为空")),
        ({"认定日期": "2026-6-21"}, (2, "认定日期", "这一天还没有到，请核对")),
        ({"整顿时限": "2026-3-19"}, (2, "整顿时限", "整顿时限早于认定日期 2026-03-20")),
        ({"党支部编码": "B7"}, (2, "党支部编码", "没有编码为“B7”的组织，请核对编码，或先导入组织表")),
    ],
)  # fmt: skip
def test_a_bad_cell_is_refused_with_its_row_and_column(branch, changes, reason):
    plan = typed(row(**changes))
    assert reasons(plan) == [reason]


def test_who_is_a_case_already_is_not_decided_twice(branch, case):
    plan = typed(row(认定日期="2026-4-1"))
    assert reasons(plan) == [
        (2, "认定日期", "这个支部已在整顿中（2026年3月20日认定），不能再认定一次")
    ]


def test_what_has_been_accepted_keeps_its_plan_and_deadline(tmp_path, committee, case):
    case.state, case.passed_on = WeakState.PASSED, datetime.date(2026, 6, 10)
    case.save()
    workbook = edit(exported(tmp_path, committee), 整顿措施="另写一份")
    assert reasons(planned(workbook)) == [
        (2, "整顿措施", "现在是“验收通过”，“整顿措施”不能用导入修改")
    ]


@pytest.mark.parametrize("role", ["committee_officer", "secretary"])
def test_nobody_but_the_county_adds_or_changes(tmp_path, committee, branch, role):
    user = make.make_user(role, branch if role == "secretary" else committee)
    said = [(2, "所在党支部", "软弱涣散名单由县委组织部导入，你的账号不能新增或修改")]
    assert reasons(typed(row(), user=user)) == said
    make.make_weak(branch)
    # Nor is he told that the branch was proposed.
    assert reasons(typed(row(), user=user)) == said
    neighbour = make.make_user("secretary", make.make_branch(committee))
    assert reasons(typed(row(), user=neighbour)) == [
        (2, "党支部编码", "这个组织不在你的导入范围内")
    ]
