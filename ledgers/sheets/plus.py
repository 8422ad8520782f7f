"""The ledger 党建+: what each branch adds in a year, by which means, led by whom, to which aim."""

from branches.typed import read_date
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    Column,
    Sheet,
    choice_reader,
    read_person,
    text_reader,
)
from ledgers.sheets.meetings import read_year
from tasks.enums import PlusPart

YEAR = Column("年度", read_year, aliases=("所属年度",), empty=None)
PART = Column(
    "类别",
    choice_reader(
        PlusPart,
        {
            "党建": PlusPart.PARTY,
            "1": PlusPart.PARTY,
            "中心工作": PlusPart.CENTRE,
            "重点任务": PlusPart.KEY,
            "重点工作": PlusPart.KEY,
            "日常工作": PlusPart.DAILY,
            "自身特色": PlusPart.FEATURE,
            "特色工作": PlusPart.FEATURE,
            "X": PlusPart.FEATURE,
        },
    ),
    aliases=("项目类别", "党建+类别"),
    empty=None,
)
TITLE = Column("项目", text_reader(120), aliases=("项目名称", "党建+项目", "党建+内容"))
MEANS = Column("做法", text_reader(2000), aliases=("主要做法", "具体措施", "方式方法"))
LEAD = Column("牵头人", read_person, aliases=("负责人", "牵头人员"))
AIM = Column("目标", text_reader(300), aliases=("预期目标", "目标任务"))
DUE = Column("完成时限", read_date, aliases=("计划完成时间", "时限"), empty=None, clearable=True)
RESULT = Column("成效", text_reader(2000), aliases=("取得成效", "完成情况"), clearable=True)
FINISHED = Column("完成日期", read_date, aliases=("完成时间",), empty=None, clearable=True)

SHEET = Sheet(
    name="党建+",
    kind="pls",
    columns=(
        *(BRANCH_CODE, BRANCH_NAME, YEAR, PART, TITLE),
        *(MEANS, LEAD, AIM, DUE, RESULT, FINISHED),
    ),
    identifying=(BRANCH, (TITLE.heading,), (MEANS.heading,), (LEAD.heading,)),
)
# Headings whose cells stand in a field of the item as they are; the lead is looked up.
FIELDS = {
    PART.heading: "part",
    TITLE.heading: "title",
    MEANS.heading: "means",
    AIM.heading: "aim",
    DUE.heading: "due_on",
    RESULT.heading: "result",
    FINISHED.heading: "finished_on",
}


def values(item, *, branch, year: int, lead: str) -> dict:
    """What the row of an item holds, by heading; `lead` as a cell names the person."""
    return {
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        YEAR.heading: year,
        LEAD.heading: lead,
        **{heading: getattr(item, name) for heading, name in FIELDS.items()},
        PART.heading: PlusPart(item.part),
    }
