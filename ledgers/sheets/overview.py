"""The ledger 年度开展情况: the days of each month, by branch and kind. Derived: it is compared with
what is stored and never written."""

from ledgers.sheets.columns import BRANCH, BRANCH_CODE, BRANCH_NAME, Column, Sheet, text_reader
from ledgers.sheets.meetings import read_year
from ledgers.sheets.plans import read_one_type, show_type

YEAR = Column("年度", read_year, empty=None)
TYPE = Column(
    "会议类型", read_one_type, aliases=("会议类别", "活动类型"), show=show_type, empty=None
)
# A dash or 缺 says that nothing was held.
MONTHS = tuple(Column(f"{number}月", text_reader(100)) for number in range(1, 13))
UNIT = Column("周期", text_reader(20))
DUE = Column("应开展数", text_reader(20), aliases=("应开展期数",))
DONE = Column("按时开展月份数", text_reader(20), aliases=("按时开展数",))
SHARE = Column("完成率", text_reader(20))

SHEET = Sheet(
    name="年度开展情况",
    kind="ovw",
    columns=(BRANCH_CODE, BRANCH_NAME, YEAR, TYPE, *MONTHS, UNIT, DUE, DONE, SHARE),
    identifying=(BRANCH, (TYPE.heading,), (DONE.heading, SHARE.heading), ("1月",)),
)
