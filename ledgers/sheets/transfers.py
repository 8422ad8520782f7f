"""The ledger 组织关系转接: one row for each transfer, as one of its sides sees it."""

from enum import Enum

from branches.typed import read_count, read_date, read_yes
from ledgers.sheets.columns import (
    BRANCH_CODE,
    BRANCH_NAME,
    ID_NUMBER,
    MEMBER_NAME,
    Column,
    Masked,
    Sheet,
    choice_reader,
    text_reader,
)
from members.letters import read_month
from members.models import Transfer


class Direction(Enum):
    """Which way a relation goes, seen from the branch of the row."""

    OUT = "out"
    IN = "in"

    @property
    def label(self) -> str:
        return "转出" if self is Direction.OUT else "转入"


def _month_text(value) -> str:
    return f"{value.year}年{value.month}月" if value else ""


DIRECTION = Column(
    "类别",
    choice_reader(
        Direction,
        {
            "组织关系转出": Direction.OUT,
            "组织关系转入": Direction.IN,
            "转出党员": Direction.OUT,
            "转入党员": Direction.IN,
        },
    ),
    aliases=("转接类别", "转入转出", "转接方向"),
)
OTHER_SIDE = Column(
    "转入/转出单位",
    text_reader(120),
    aliases=("转入转出单位", "对方单位", "转往单位", "来自单位", "转入单位", "转出单位"),
)
ADDRESSEE = Column("介绍信抬头", text_reader(120), aliases=("抬头",), clearable=True)
LETTER = Column("介绍信编号", text_reader(40), aliases=("介绍信号", "介绍信文号"), clearable=True)
LETTER_ON = Column(
    "介绍信日期", read_date, aliases=("开具日期", "开具时间", "介绍信开具日期"), empty=None
)
DAYS = Column("介绍信有效天数", read_count, aliases=("有效天数", "有效期(天)"), empty=None)
PAID_UNTIL = Column(
    "党费缴至年月",
    read_month,
    aliases=("党费缴至", "党费交至年月", "党费交至"),
    show=_month_text,
    text=_month_text,
    empty=None,
    clearable=True,
)
STARTED = Column("办理时间", read_date, aliases=("办理日期", "转接时间", "转接日期"), empty=None)
RECEIPT = Column(
    "是否有回执",
    read_yes,
    aliases=("有无回执", "回执", "是否收到回执"),
    empty=False,
    dash_is_blank=False,
)
REMARK = Column("备注", text_reader(120), aliases=("转接原因",), clearable=True)

SHEET = Sheet(
    name="组织关系转接",
    kind="trf",
    columns=(
        MEMBER_NAME,
        ID_NUMBER,
        BRANCH_CODE,
        BRANCH_NAME,
        DIRECTION,
        OTHER_SIDE,
        ADDRESSEE,
        LETTER,
        LETTER_ON,
        DAYS,
        PAID_UNTIL,
        STARTED,
        RECEIPT,
        REMARK,
    ),
    identifying=((MEMBER_NAME.heading,), (DIRECTION.heading,), (OTHER_SIDE.heading,)),
    ignored=frozenset({"序号", "需更正", "党籍状态"}),
)
# Headings whose cells stand in a field of the transfer as they are.
FIELDS = {
    ADDRESSEE.heading: "addressee",
    LETTER.heading: "letter_number",
    LETTER_ON.heading: "letter_on",
    DAYS.heading: "valid_days",
    PAID_UNTIL.heading: "dues_paid_until",
    STARTED.heading: "started_on",
    REMARK.heading: "reason",
}


def values(transfer: Transfer, direction: Direction) -> dict:
    """What the row of a transfer holds, by heading, seen from that side; the number masked."""
    out = direction is Direction.OUT
    branch = transfer.from_organisation if out else transfer.to_organisation
    member = transfer.member
    mask = member.id_number_mask if member else transfer.id_number_mask
    return {
        MEMBER_NAME.heading: transfer.name,
        ID_NUMBER.heading: Masked(mask) if mask else "",
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        DIRECTION.heading: direction,
        OTHER_SIDE.heading: transfer.new_side if out else transfer.old_side,
        RECEIPT.heading: transfer.receipt_on is not None,
        **{heading: getattr(transfer, name) for heading, name in FIELDS.items()},
    }
