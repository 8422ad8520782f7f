"""The ledger 社会组织: survey workbooks as people keep them come in, what goes out comes back."""

import datetime
import io
import tempfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import BranchUnit, Unit
from branches.periods import period_named
from ledgers.exports.columns import columns
from ledgers.exports.coverage import coverage_rows
from ledgers.exports.scope import scope_of
from ledgers.exports.workbook import Workbook
from ledgers.keys import HEADING
from ledgers.services import ImportRefused, plan_import, write_import
from ledgers.sheets import COVERAGE
from tasks.models import UnitInstructor, UnitSurvey
from tests import factories
from tests.ledgers.workbooks import book, counts, give, plan, reasons, remarks

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 9, 30)
JULY = datetime.date(2026, 7, 22)
CODE, OTHER = "51330203MJ8912345X", "51330203MJ8912346N"
HEADS = [
    *("登记证号/统一社会信用代码", "名称", "种类", "业务主管单位", "法定代表人", "政治面貌"),
    *("会员人数", "从业人员（专职）", "从业人员（兼职）", "党员总数", "其中流动党员"),
    *("组织关系在本单位", "组织关系在属地", "预备", "积极分子", "申请人"),
    *("是否建立党组织", "党组织名称", "建制", "成立时间"),
    *("党建指导员", "指导员单位", "选派日期", "群团组织", "未建原因", "拟建日期", "摸底日期"),
    *("联系电话", "归口党组织"),
]


@pytest.fixture
def town():
    return factories.make_committee(factories.make_county(), "柳汀街道党工委", code="LT")


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部", code="WC1")


@pytest.fixture
def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town)


def row(**given):
    cells = {
        "登记证号/统一社会信用代码": CODE, "名称": "望春书画协会", "种类": "社会团体",
        "业务主管单位": "县文化和旅游局", "法定代表人": "柏兰", "政治面貌": "群众",
        "会员人数": 36, "从业人员（专职）": 2, "从业人员（兼职）": "1人", "党员总数": 2,
        "其中流动党员": 1, "组织关系在本单位": 1, "组织关系在属地": 1, "申请人": 1,
        "是否建立党组织": "否", "党建指导员": "方立平", "指导员单位": "街道党建办",
        "选派日期": "2026.8.3", "群团组织": "工会、妇联", "未建原因": "正式党员不足 3 名",
        "拟建日期": "2026-10-30", "摸底日期": "2026年7月22日", "联系电话": "0574-81234567",
        "归口党组织": "柳汀街道党工委",
    }  # fmt: skip
    return [(cells | given).get(head) for head in HEADS]


def sheet(*rows, heads=HEADS):
    return "社会组织摸底表", [["全县社会组织摸底表"], heads, *rows]


def exported(organisation, today=TODAY):
    """The workbook of the ledger, as the yearly one holds it."""
    scope = scope_of(organisation, period_named(f"{today:%Y-%m}"), today)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.xlsx")
        made = Workbook(path, Path(folder), COVERAGE.name)
        heads = [column.heading for column in COVERAGE.columns]
        page = made.add_sheet(COVERAGE.name, columns(heads), key_heading=HEADING)
        for line in coverage_rows(scope):
            cells = [column.show(line.values.get(column.heading)) for column in COVERAGE.columns]
            page.add(cells, key=COVERAGE.row_key(line.pk, line.values))
        made.close(title=COVERAGE.name)
        return path.read_bytes()


def edited(content, heading, value, number=2):
    """The workbook with one cell of the ledger typed over."""
    loaded = load_workbook(io.BytesIO(content))
    page = loaded[COVERAGE.name]
    heads = {cell.value: cell.column for line in page.iter_rows() for cell in line}
    page.cell(number, heads[heading]).value = value
    stream = io.BytesIO()
    loaded.save(stream)
    return stream.getvalue()


def read_again(content, today=TODAY, **options):
    return plan_import([("社会组织.xlsx", content)], today=today, **options)


def test_a_survey_workbook_as_people_keep_it_is_read(town, officer):
    planned = give(sheet(row()), today=TODAY, by=officer, user=officer)
    assert counts(planned) == (1, 1, 0, 0, 0)
    assert planned.sheets[0].ledger == "社会组织"
    assert planned.sheets[0].unknown_columns == ["联系电话"]
    unit, survey, sent = Unit.objects.get(), UnitSurvey.objects.get(), UnitInstructor.objects.get()
    assert (unit.organisation, unit.name, unit.kind) == (
        town,
        "望春书画协会",
        "social_organisation",
    )
    assert (unit.credit_code, survey.surveyed_on, survey.entered_by) == (CODE, JULY, officer)
    assert (survey.formal_working, survey.formal_here, survey.floating) == (2, 1, 1)
    assert (survey.relation_community, survey.full_time, survey.part_time) == (1, 2, 1)
    assert survey.head_is_member is False
    assert survey.mass_organisations == ["trade_union", "women"]
    assert survey.planned_on == datetime.date(2026, 10, 30)
    assert (sent.person_name, sent.from_unit) == ("方立平", "街道党建办")
    assert sent.starts_on == datetime.date(2026, 8, 3)
    said = TrailLine.objects.about("coverage", unit.pk).get()
    assert (said.action, said.by, said.organisation_id) == ("导入新增", officer, town.pk)
    assert "0574" not in str(said.after)


def test_the_same_workbook_again_changes_nothing(officer):
    give(sheet(row()), today=TODAY, by=officer, user=officer)
    again = plan(sheet(row()), today=TODAY, user=officer)
    assert counts(again) == (1, 0, 0, 1, 0)


def test_without_a_keeper_the_unit_is_kept_where_the_user_works(town, officer):
    give(sheet(row(归口党组织=None)), today=TODAY, by=officer, user=officer)
    assert Unit.objects.get().organisation == town
    planned = plan(sheet(row(名称="另一家", **{HEADS[0]: OTHER}, 归口党组织=None)), today=TODAY)
    assert reasons(planned) == [(3, "登记党组织", "请填由哪个党组织登记")]


def test_what_goes_out_comes_back_unchanged(town, branch, officer):
    give(sheet(row(), row(名称="空白会", **{HEADS[0]: None})), today=TODAY, by=officer)
    factories.make_registered_unit(town, "没有摸底")
    covered = factories.make_registered_unit(branch, "已建会")
    BranchUnit.objects.create(unit=covered, organisation=branch, starts_on=JULY)
    factories.make_unit_survey(
        covered, JULY, 3, 3, mass_organisations=["women"], guided=True, form="own"
    )
    planned = read_again(exported(town))
    assert counts(planned) == (4, 0, 0, 4, 0)
    assert (reasons(planned), remarks(planned)) == ([], [])


def test_a_cell_typed_over_changes_that_survey(town, officer):
    give(sheet(row()), today=TODAY, by=officer)
    content = exported(town)
    planned = read_again(edited(content, "实际在本单位工作的正式党员", 3), user=officer)
    assert counts(planned) == (1, 0, 1, 0, 0)
    write_import(planned, by=officer)
    survey = UnitSurvey.objects.get()
    assert (survey.formal_working, survey.version, survey.surveyed_on) == (3, 2, JULY)
    UnitSurvey.objects.update(formal_working=5)
    conflict = read_again(edited(content, "实际在本单位工作的正式党员", 4))
    assert counts(conflict) == (1, 0, 0, 0, 1)
    assert reasons(conflict)[0][:2] == (2, "实际在本单位工作的正式党员")


def test_another_day_is_another_survey_on_top_of_the_last(officer):
    give(sheet(row()), today=TODAY, by=officer)
    later = datetime.date(2026, 9, 1)
    heads = ["登记证号", "名称", "党员总数", "摸底日期", "业务主管单位"]
    give(sheet([CODE, "望春书画协会", 3, later, None], heads=heads), today=TODAY, by=officer)
    newest, first = UnitSurvey.objects.all()
    assert (newest.surveyed_on, newest.formal_working, newest.authority) == (
        later, 3, "县文化和旅游局",
    )  # fmt: skip
    assert (first.surveyed_on, first.formal_working) == (JULY, 2)


def test_without_a_day_a_difference_is_a_survey_of_today(officer):
    give(sheet(row()), today=TODAY, by=officer)
    heads = ["登记证号", "名称", "党员总数"]
    same = plan(sheet([CODE, "望春书画协会", 2], heads=heads), today=TODAY)
    assert counts(same) == (1, 0, 0, 1, 0)
    give(sheet([CODE, "望春书画协会", 4], heads=heads), today=TODAY, by=officer)
    assert UnitSurvey.objects.first().surveyed_on == TODAY


def test_a_branch_named_covers_the_unit(branch, officer):
    given = {"是否建立党组织": "是", "党组织名称": "望春社区第一支部", "成立时间": "2026-08-10"}
    planned = give(sheet(row(**given)), today=TODAY, by=officer, user=officer)
    assert remarks(planned) == []
    behind = BranchUnit.objects.get()
    assert (behind.organisation, behind.starts_on) == (branch, datetime.date(2026, 8, 10))
    assert counts(plan(sheet(row(**given)), today=TODAY)) == (1, 0, 0, 1, 0)


def test_another_instructor_ends_the_time_of_the_one_before(officer):
    give(sheet(row()), today=TODAY, by=officer)
    give(sheet(row(党建指导员="贺云", 选派日期="2026-09-10")), today=TODAY, by=officer)
    assert list(UnitInstructor.objects.values_list("person_name", "ends_on")) == [
        ("方立平", datetime.date(2026, 9, 9)),
        ("贺云", None),
    ]


@pytest.mark.parametrize(
    ("given", "column", "reason"),
    [
        ({"党员总数": "两名"}, "实际在本单位工作的正式党员", "“两名”应是整数"),
        ({"其中流动党员": 3}, "流动党员", "流动党员比实际在本单位工作的正式党员（2 名）多"),
        ({"摸底日期": "2026-10-01"}, "摸底日期", "摸底日期还没有到"),
        ({"摸底日期": "2026-02-29"}, "摸底日期", "没有这一天"),
        ({HEADS[0]: "5133"}, "统一社会信用代码", "不是统一社会信用代码"),
        ({"种类": "车队"}, "单位类别", "不在可填范围内"),
        ({"名称": None}, "单位名称", "不能为空"),
        ({"归口党组织": "荻浦镇党委"}, "登记党组织", "没有这个党组织"),
        ({"是否建立党组织": "是", "党组织名称": "没有的支部"}, "党组织名称", "系统里没有叫这个名称的党支部"),
        ({"党组织名称": "望春社区第一党支部"}, "是否建立党组织", "却填“否”"),
        ({"选派日期": "2026-10-01"}, "指导员选派日期", "选派日期还没有到"),
        ({"群团组织": "有"}, "群团组织", "请写有哪些群团组织"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_is_refused_with_row_and_column(
    branch, officer, given, column, reason
):
    planned = plan(sheet(row(**given)), today=TODAY, user=officer)
    assert counts(planned) == (1, 0, 0, 0, 1)
    found = [problem for problem in reasons(planned) if problem[1] == column]
    assert [problem[0] for problem in found] == [3]
    assert reason in found[0][2]


def test_a_secretary_imports_nothing_for_the_neighbour(town, branch):
    secretary = factories.make_user(Role.SECRETARY, branch)
    neighbour = factories.make_branch(town, "望春社区第二党支部")
    factories.make_registered_unit(neighbour, "别家", credit_code=CODE)
    own = plan(sheet(row(归口党组织=branch.name, **{HEADS[0]: None})), today=TODAY, user=secretary)
    assert counts(own) == (1, 1, 0, 0, 0)
    theirs = plan(sheet(row(归口党组织=neighbour.name)), today=TODAY, user=secretary)
    assert reasons(theirs) == [(3, "登记党组织", "这个党组织不在你的导入范围内")]
    by_code = plan(sheet(row(归口党组织=None)), today=TODAY, user=secretary)
    assert reasons(by_code) == [
        (3, "统一社会信用代码", "这个单位由别的党组织登记，不在你的导入范围内")
    ]


def test_a_column_of_belief_refuses_the_sheet_by_name(officer):
    planned = plan(
        sheet([*row(), "无"], heads=[*HEADS, "负责人宗教信仰"]), today=TODAY, user=officer
    )
    assert counts(planned) == (1, 0, 0, 0, 1)
    assert "请删除“负责人宗教信仰”一列" in reasons(planned)[0][2]


def test_what_has_moved_on_since_the_plan_is_not_written_over(officer):
    give(sheet(row()), today=TODAY, by=officer)
    planned = plan(sheet(row(党员总数=3)), today=TODAY)
    UnitSurvey.objects.update(version=7)
    with pytest.raises(ImportRefused):
        write_import(planned, by=officer)
    assert UnitSurvey.objects.get().formal_working == 2


def test_a_column_of_all_members_says_that_probationary_ones_do_not_count(officer):
    planned = plan(sheet(row(党员总数=3, 预备=1)), today=TODAY, user=officer)
    assert counts(planned) == (1, 1, 0, 0, 0)
    said = (
        3,
        "实际在本单位工作的正式党员",
        "“党员总数”按正式党员读入；含预备党员 1 名的，请减去后再导入",
    )
    assert said in remarks(planned)
    heads = ["正式党员" if head == "党员总数" else head for head in HEADS]
    clear = plan(sheet(row(党员总数=3, 预备=1), heads=heads), today=TODAY, user=officer)
    assert said not in remarks(clear)


def test_of_all_members_and_formal_ones_the_formal_are_read(officer):
    heads = ["类型", "类别", *(head for head in HEADS if head != "种类"), "正式党员"]
    kept = [cell for head, cell in zip(HEADS, row(党员总数=3), strict=True) if head != "种类"]
    given = ["社会组织", "社会团体", *kept, 2]
    planned = give(sheet(given, heads=heads), today=TODAY, by=officer)
    assert reasons(planned) == []
    assert planned.sheets[0].unknown_columns == ["类别", "党员总数", "联系电话"]
    assert UnitSurvey.objects.get().formal_working == 2


def test_relations_elsewhere_are_read_however_their_heading_ends(officer):
    name = "组织关系在业务主管单位的党员数"
    planned = give(sheet([*row(), 1], heads=[*HEADS, name]), today=TODAY, by=officer)
    assert planned.sheets[0].unknown_columns == ["联系电话"]
    assert UnitSurvey.objects.get().relation_authority == 1


def test_two_rows_of_one_unit_are_refused_unless_they_are_alike(officer):
    alike = plan(sheet(row(), row()), today=TODAY, user=officer)
    assert counts(alike) == (2, 1, 0, 1, 0)
    unlike = plan(sheet(row(), row(党员总数=5)), today=TODAY, user=officer)
    assert counts(unlike) == (2, 0, 0, 0, 2)


def test_a_ledger_of_organisations_is_not_taken_for_this_one():
    content = book(
        ("组织", [["组织编码", "组织名称", "组织类别", "负责人"], ["C", "某县委", "县委", "柏兰"]])
    )
    [sheet_read] = plan_import([("x.xlsx", content)], today=TODAY).sheets
    assert sheet_read.ledger == "组织"
