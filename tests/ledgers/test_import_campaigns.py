"""The ledger 方案措施: into a draft and no further, and back again without a change."""

import datetime

import pytest

from accounts.models import TrailLine
from accounts.roles import Role
from ledgers.exports import work_book
from ledgers.services import plan_import, write_import
from tasks.models import Block, Campaign, Measure
from tests import factories
from tests.ledgers.workbooks import counts, give, plan, reasons, remarks

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
DUE = datetime.date(2026, 11, 30)
HEADINGS = [
    "方案名称",
    "年度",
    "牵头单位编码",
    "板块",
    "阶段",
    "措施",
    "责任人",
    "完成时限",
    "分解到",
    "领域",
]


@pytest.fixture
def town():
    return factories.make_committee(factories.make_county(code="C"), code="T1")


@pytest.fixture
def draft(town):
    phases = (("实施", datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)),)
    return factories.make_campaign(town, state="draft", phases=phases)


def line(**cells):
    given = {
        "方案名称": "四抓两整治",
        "年度": 2026,
        "牵头单位编码": "T1",
        "板块": "抓阵地建设",
        "措施": "活动室达标",
        "完成时限": DUE,
        **cells,
    }
    return [given.get(heading) for heading in HEADINGS]


def sheet(*rows):
    return "方案措施", [HEADINGS, *rows]


def planned(*rows, **options):
    return plan(sheet(*rows), today=TODAY, **options)


def test_measures_are_added_to_a_draft(draft):
    given = give(
        sheet(
            line(阶段="实施", 责任人="林守正"),
            line(措施="村级达标", 分解到="某一领域的党支部", 领域="农村"),
        ),
        today=TODAY,
    )
    assert counts(given) == (2, 2, 0, 0, 0)
    one, two = Measure.objects.order_by("pk")
    assert (one.block.name, one.phase.name, one.addressed) == ("抓阵地建设", "实施", "branches")
    assert (one.responsible_person, one.due_on) == ("林守正", DUE)
    assert (two.addressed, two.sector, two.block) == ("sector", "village", one.block)
    assert Block.objects.count() == 1
    assert [(row.area, row.object_id) for row in TrailLine.objects.filter(area="campaigns")] == [
        ("campaigns", draft.pk)
    ] * 2
    # A form that was open meanwhile is refused.
    assert Campaign.objects.get().version == draft.version + 1
    assert remarks(given)[0][2] == "方案里还没有这个板块，导入时新增"
    assert counts(planned(line(阶段="实施", 责任人="林守正"))) == (1, 0, 0, 1, 0)


def test_a_measure_of_a_draft_is_changed(draft):
    measure = factories.make_measure(draft, "活动室达标")
    given = give(sheet(line(责任人="许文桥", 完成时限=datetime.date(2026, 6, 30))), today=TODAY)
    assert counts(given) == (1, 0, 1, 0, 0)
    measure.refresh_from_db()
    assert (measure.responsible_person, measure.due_on) == (
        "许文桥",
        datetime.date(2026, 6, 30),
    )


@pytest.mark.parametrize("state", ["running", "closed"])
def test_an_issued_campaign_takes_no_measure_from_a_workbook(town, state):
    campaign = factories.make_campaign(town, state=state)
    factories.make_measure(campaign, "活动室达标", due_on=DUE)
    found = planned(line(责任人="许文桥"), line(措施="另一条"))
    assert counts(found) == (2, 0, 0, 0, 2)
    assert [(row, column) for row, column, _reason in reasons(found)] == [
        (2, "方案名称"),
        (3, "方案名称"),
    ]
    assert "只有草稿可以导入" in reasons(found)[0][2]
    # What changes nothing is not refused.
    assert counts(planned(line())) == (1, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"方案名称": "没有的方案"}, "方案名称", "请先在“工作方案”里新建"),
        ({"年度": 2025}, "方案名称", "核对名称、年度和牵头单位"),
        ({"措施": None}, "措施", "不能为空"),
        ({"板块": None}, "板块", "不能为空"),
        ({"完成时限": "月底"}, "完成时限", "读不出日期"),
        ({"阶段": "验收"}, "阶段", "没有这个阶段"),
        ({"分解到": "某一领域的党支部"}, "领域", "“领域”不能为空"),
        ({"分解到": "指定的单位"}, "分解到", "要在系统里勾选"),
        ({"分解到": "大家"}, "分解到", "不在可填范围内"),
    ],
)
def test_a_bad_cell_is_refused_with_row_and_column(draft, cells, column, words):
    found = planned(line(措施="好的一行"), line(**cells))
    assert counts(found) == (2, 1, 0, 0, 1)
    (problem,) = reasons(found)
    assert problem[:2] == (3, column)
    assert words in problem[2]


def test_who_may_not_run_the_campaign_does_not_learn_of_it(draft, town):
    branch = factories.make_branch(town)
    other = factories.make_committee(town.parent, "荻浦镇党委")
    for user in (
        factories.make_user(Role.SECRETARY, branch),
        factories.make_user(Role.COMMITTEE_OFFICER, other),
    ):
        assert "没有你可以编辑的这个方案" in reasons(planned(line(), user=user))[0][2]
    officer = factories.make_user(Role.COMMITTEE_OFFICER, town)
    assert counts(planned(line(), user=officer)) == (1, 1, 0, 0, 0)


def test_the_workbook_comes_back_without_a_change(town, tmp_path):
    campaign = factories.make_campaign(
        town, phases=(("实施", datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)),)
    )
    branch = factories.make_branch(town)
    factories.make_measure(
        campaign,
        "活动室达标",
        phase=campaign.phases.get(),
        detail="一、挂牌\n二、制度上墙",
        done=[branch],
    )
    factories.make_measure(
        campaign, "村级达标", addressed="sector", sector="village", units=[branch]
    )
    factories.make_measure(factories.make_campaign(town, "草稿", state="draft"), "不外传")
    path = tmp_path / "2026年工作任务台账.xlsx"
    work_book.export_work_book(
        organisation=town.parent, year=2026, today=TODAY, by=None, path=path, folder=tmp_path
    )
    found = plan_import([(path.name, path.read_bytes())], today=TODAY)
    (result,) = (one for one in found.sheets if one.ledger == "方案措施")
    assert (result.read, result.new, result.changed, result.same, result.refused) == (2, 0, 0, 2, 0)
    assert found.refused == 0
    write_import(found, by=None)
    assert Measure.objects.count() == 3


def test_counts_typed_by_hand_are_not_taken_over(draft):
    factories.make_measure(draft, "活动室达标", due_on=DUE)
    found = plan(
        ("方案措施", [[*HEADINGS, "任务数"], [*line(), 99]]),
        today=TODAY,
    )
    assert counts(found) == (1, 0, 0, 1, 0)
    assert remarks(found)[0][1:] == ("任务数", "“任务数”由系统得出，本行没有采用")
