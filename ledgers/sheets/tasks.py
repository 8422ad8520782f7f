"""The ledger 整改."""

from decimal import Decimal

from branches.typed import read_date, read_progress, read_yes
from ledgers.sheets.columns import BRANCH, BRANCH_CODE, BRANCH_NAME, Column, Sheet, text_reader
from tasks.models import Task

SOURCE = Column("问题来源", text_reader(100))
PROBLEM = Column("存在问题", text_reader(500), aliases=("问题描述", "主要问题", "问题表现"))
MEASURES = Column("整改措施", text_reader(10000), clearable=True)
LEADER = Column("责任领导", text_reader(80))
UNIT = Column("责任单位", text_reader(120))
PERSON = Column("责任人", text_reader(80))
OPENED = Column("建账日期", read_date, aliases=("建账时间", "挂账日期", "挂账时间"), empty=None)
DUE = Column("整改时限", read_date, aliases=("完成时限", "整改期限", "完成期限"), empty=None)
PROGRESS = Column(
    "整改进度",
    read_progress,
    aliases=("整改进展", "进度"),
    show=lambda value: "" if value is None else Decimal(value) / 100,
    text=lambda value: "" if value is None else f"{value}%",
    empty=0,
)
CLOSED = Column("销号日期", read_date, aliases=("销号时间",), empty=None, clearable=True)
# What the monthly ledger leaves out; its sheets are fixed.
CATEGORY = Column("类别", text_reader(40), aliases=("问题类别",), clearable=True, monthly=False)
TARGET = Column("整改目标", text_reader(300), aliases=("目标",), clearable=True, monthly=False)
BY_COUNTY = Column(
    "县级核查",
    read_yes,
    aliases=("是否县级核查", "销号须经县级核查"),
    empty=False,
    monthly=False,
)

SHEET = Sheet(
    name="整改",
    kind="tsk",
    columns=(
        BRANCH_NAME,
        BRANCH_CODE,
        SOURCE,
        PROBLEM,
        MEASURES,
        LEADER,
        UNIT,
        PERSON,
        OPENED,
        DUE,
        PROGRESS,
        CLOSED,
        CATEGORY,
        TARGET,
        BY_COUNTY,
    ),
    identifying=(BRANCH, (PROBLEM.heading,), (OPENED.heading,)),
)
# Headings whose cells stand in a field of the task as they are.
FIELDS = {
    SOURCE.heading: "source",
    PROBLEM.heading: "problem",
    MEASURES.heading: "measures",
    LEADER.heading: "responsible_leader",
    UNIT.heading: "responsible_unit",
    PERSON.heading: "responsible_person",
    OPENED.heading: "opened_on",
    DUE.heading: "due_on",
    PROGRESS.heading: "progress",
    CLOSED.heading: "closed_on",
    CATEGORY.heading: "category",
    TARGET.heading: "target",
    BY_COUNTY.heading: "by_county",
}


def values(task: Task, branch) -> dict:
    """What the row of a task holds, by heading."""
    return {
        BRANCH_NAME.heading: branch.name,
        BRANCH_CODE.heading: branch.code,
        **{heading: getattr(task, name) for heading, name in FIELDS.items()},
    }
