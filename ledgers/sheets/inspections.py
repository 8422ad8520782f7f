"""The ledger 督查: what was found where, in which round. The state of the task is read only."""

from branches.typed import read_date
from ledgers.sheets.columns import Column, Sheet, choice_reader, read_code, text_reader
from tasks.enums import InspectionKind

ROUND = Column("督查名称", text_reader(120), aliases=("检查名称", "督查事项"))
KIND = Column("方式", choice_reader(InspectionKind), aliases=("督查方式",), empty=None)
HOUSE_CODE = Column("督查单位编码", read_code)
HOUSE = Column("督查单位", text_reader(120), aliases=("检查单位", "组织督查单位"))
VISITED_CODE = Column("被督查组织编码", read_code, aliases=("被检查组织编码",))
VISITED = Column(
    "被督查组织名称", text_reader(120), aliases=("被督查组织", "被督查单位", "被检查单位")
)
ON = Column("到点日期", read_date, aliases=("督查日期", "检查日期"), empty=None)
LOOKED_AT = Column("查看内容", text_reader(2000), aliases=("督查内容", "检查内容"))
TEXT = Column("发现问题", text_reader(500), aliases=("督查问题", "发现的问题"))
DEMAND = Column("整改要求", text_reader(500), clearable=True)
DUE = Column("整改时限", read_date, aliases=("整改期限",), empty=None, clearable=True)
STATE = Column("任务状态", text_reader(40))

SHEET = Sheet(
    name="督查",
    kind="ins",
    columns=(
        *(ROUND, KIND, HOUSE_CODE, HOUSE, VISITED_CODE, VISITED),
        *(ON, LOOKED_AT, TEXT, DEMAND, DUE, STATE),
    ),
    identifying=(
        (ROUND.heading,),
        (VISITED_CODE.heading, VISITED.heading),
        (TEXT.heading,),
    ),
)
# Of the finding itself, as they are.
FIELDS = {TEXT.heading: "text", DEMAND.heading: "demand", DUE.heading: "due_on"}
NO_TASK = "待立项"


def state_of(finding) -> str:
    """The state of the finding's task, read with it."""
    task = getattr(finding, "task", None)
    return task.get_state_display() if task else NO_TASK


def values(finding, *, house, visited) -> dict:
    """What the row of a finding holds; `house` and `visited` have a code and a name."""
    visit = finding.visit
    return {
        ROUND.heading: visit.inspection.title,
        KIND.heading: InspectionKind(visit.inspection.kind),
        HOUSE_CODE.heading: house.code,
        HOUSE.heading: house.name,
        VISITED_CODE.heading: visited.code,
        VISITED.heading: visited.name,
        ON.heading: visit.visited_on,
        LOOKED_AT.heading: visit.looked_at,
        **{heading: getattr(finding, name) for heading, name in FIELDS.items()},
        STATE.heading: state_of(finding),
    }
