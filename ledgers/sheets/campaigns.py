"""The ledger 方案措施: the measures of campaign plans. Counts of tasks are read only."""

from branches.models import Sector
from branches.typed import read_count, read_date
from ledgers.sheets.columns import Column, Sheet, choice_reader, read_code, text_reader
from tasks.enums import Addressed

TITLE = Column("方案名称", text_reader(120), aliases=("工作方案", "方案"))
YEAR = Column("年度", read_count, aliases=("年份",), empty=None)
LEAD_CODE = Column("牵头单位编码", read_code)
LEAD = Column("牵头单位", text_reader(120))
BLOCK = Column("板块", text_reader(60), aliases=("工作板块",))
PHASE = Column("阶段", text_reader(60), clearable=True)
TEXT = Column("措施", text_reader(300), aliases=("工作措施", "措施内容"))
DETAIL = Column("具体要求", text_reader(10000), clearable=True)
LEADER = Column("责任领导", text_reader(80), clearable=True)
UNIT = Column("责任单位", text_reader(120), clearable=True)
PERSON = Column("责任人", text_reader(80), clearable=True)
DUE = Column("完成时限", read_date, aliases=("完成期限", "时限"), empty=None)
ADDRESSED = Column(
    "分解到",
    choice_reader(
        Addressed,
        {
            "全部党支部": Addressed.BRANCHES,
            "各党支部": Addressed.BRANCHES,
            "党（工）委、党总支": Addressed.COMMITTEES,
            "牵头单位": Addressed.OWN,
        },
    ),
    aliases=("分解对象",),
    empty=None,
)
SECTOR = Column("领域", choice_reader(Sector), aliases=("所属领域",), empty="", clearable=True)
TOTAL = Column("任务数", read_count, empty=0)
DONE = Column("已销号", read_count, aliases=("已销号数",), empty=0)
OVERDUE = Column("逾期", read_count, aliases=("逾期数",), empty=0)

SHEET = Sheet(
    name="方案措施",
    kind="mea",
    columns=(
        *(TITLE, YEAR, LEAD_CODE, LEAD, BLOCK, PHASE, TEXT, DETAIL),
        *(LEADER, UNIT, PERSON, DUE, ADDRESSED, SECTOR, TOTAL, DONE, OVERDUE),
    ),
    identifying=((TITLE.heading,), (BLOCK.heading,), (TEXT.heading,), (DUE.heading,)),
)
# Of the measure itself, as they are.
FIELDS = {
    TEXT.heading: "text",
    DETAIL.heading: "detail",
    LEADER.heading: "responsible_leader",
    UNIT.heading: "responsible_unit",
    PERSON.heading: "responsible_person",
    DUE.heading: "due_on",
    ADDRESSED.heading: "addressed",
    SECTOR.heading: "sector",
}
COUNTED = {TOTAL.heading: "total", DONE.heading: "done", OVERDUE.heading: "overdue"}


def stored(measure) -> dict:
    """What can be changed of a measure, by heading."""
    facts = {heading: getattr(measure, name) for heading, name in FIELDS.items()}
    return facts | {
        ADDRESSED.heading: Addressed(measure.addressed),
        SECTOR.heading: Sector(measure.sector) if measure.sector else "",
        BLOCK.heading: measure.block.name,
        PHASE.heading: measure.phase.name if measure.phase else "",
    }


def values(measure, *, lead, tally) -> dict:
    """What the row of a measure holds; `lead` has a code and a name, `tally` counts its tasks."""
    return {
        TITLE.heading: measure.campaign.title,
        YEAR.heading: measure.campaign.year,
        LEAD_CODE.heading: lead.code,
        LEAD.heading: lead.name,
        **stored(measure),
        **{heading: getattr(tally, name) for heading, name in COUNTED.items()},
    }
