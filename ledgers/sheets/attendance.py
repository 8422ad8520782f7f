"""The ledger 考勤: members down, the meetings of their branch across, one block for each branch.

The headings of the meetings are dates and types, as many as there are; so every heading that can
be read as one is a column of this ledger.
"""

import re
from functools import cached_property, lru_cache

from branches.typed import Unreadable, folded, plain, read_date
from ledgers.keys import fingerprint
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    Column,
    Sheet,
    canonical,
    read_person,
)
from ledgers.sheets.meetings import read_types, show_types
from meetings.enums import AttendanceState

_HEAD = re.compile(
    r"(20\d\d\s*[-年./]\s*\d{1,2}\s*[-月./]\s*\d{1,2}\s*日?)\s*(.+?)\s*(?:\(([^()]*)\))?"
)
_PRESENT = frozenset("到 到会 已到 出席 实到 参加 参会 √ ✓ ✔ ○ 1 是".split())
_ABSENT = frozenset("缺席 缺 旷会 未到 未参加 × x X ✗ 0 否 无故缺席".split())
_LEAVE = frozenset("请假 假 事假 病假 公假 △".split())
MADE_UP = "补学"


@lru_cache(maxsize=4096)
def read_head(text: str):
    """Day, types and group of a heading such as `2026-03-05 支部党员大会`; None for no such one."""
    found = _HEAD.fullmatch(folded(text).replace("\n", " "))
    if not found:
        return None
    try:
        return (
            read_date(re.sub(r"\s", "", found[1])),
            read_types(found[2]),
            (found[3] or "").strip(),
        )
    except Unreadable:
        return None


def write_head(day, types, group: str = "") -> str:
    """The opposite of `read_head`."""
    return f"{day:%Y-%m-%d} {show_types(types)}" + (f"({group})" if group else "")


def read_seat(cell) -> tuple[str, str, bool] | None:
    """One cell: 到, 请假(出差), 缺席, each perhaps with 补学; state, reason and whether made up."""
    text = re.sub(r"\s", "", folded(cell))
    made_up = MADE_UP in text.replace(f"未{MADE_UP}", "")
    text = re.sub(r"[,，;；、+(（]?(已|未)?补学[)）]?", "", text)
    if not text:
        if made_up:
            raise Unreadable("只写了补学，请写明“请假”或“缺席”")
        return None
    word, _, reason = re.sub(r"[(（:：,，]", "\0", text, count=1).partition("\0")
    reason = re.sub(r"[)）]$", "", reason)[:100]
    if word in _PRESENT:
        return AttendanceState.PRESENT, "", made_up
    if word in _ABSENT:
        return AttendanceState.ABSENT, reason, made_up
    if word in _LEAVE:
        return AttendanceState.LEAVE, reason or ("" if word in "请假△" else word), made_up
    raise Unreadable(f"“{plain(cell)}”请写：到、请假(事由)、缺席")


def write_seat(seat) -> str:
    """The opposite of `read_seat`."""
    if not seat:
        return ""
    state, reason, made_up = seat
    if state == AttendanceState.PRESENT:
        return "到"
    word = AttendanceState(state).label + (f"({reason})" if reason else "")
    return word + (f" {MADE_UP}" if made_up else "")


MEMBER = Column("姓名", read_person, aliases=("党员姓名",))


class _Columns(dict):
    """The columns by heading; a heading that names a meeting is one too."""

    def __missing__(self, heading: str) -> Column:
        column = self[heading] = Column(
            heading, read_seat, show=write_seat, text=write_seat, empty=None
        )
        return column


class Matrix(Sheet):
    """A ledger whose columns are as many as there were meetings."""

    @cached_property
    def by_heading(self) -> dict[str, Column]:
        return _Columns({column.heading: column for column in self.columns})

    def column_named(self, heading: str) -> Column | None:
        column = super().column_named(heading)
        if column is None and (head := read_head(heading)):
            return self.by_heading[write_head(*head)]
        return column

    def missing(self, headings) -> list[str]:
        headings = list(headings)
        if any(read_head(heading) for heading in headings):
            return super().missing(headings)
        return ["会议日期和类型"]

    def version(self, values: dict) -> str:
        """Prints of heading and cell together, in any order: columns may come and go."""
        fixed = {column.heading for column in self.columns}
        return "".join(
            _print(heading, seat) for heading, seat in values.items() if heading not in fixed
        )

    def print_in(self, key, heading: str) -> str:
        """Not by place; see `prints_in`."""
        return ""

    @staticmethod
    def prints_in(key) -> set[str]:
        """The prints of all cells of an exported row; `print_of` a cell that came back untouched
        is among them."""
        version = key.version
        return {version[at : at + _WIDTH] for at in range(0, len(version), _WIDTH)}

    @staticmethod
    def print_of(heading: str, seat) -> str:
        return _print(heading, seat)


# Characters in one print.
_WIDTH = len(fingerprint(""))


def _print(heading: str, seat) -> str:
    return fingerprint(canonical(f"{heading}|{write_seat(seat)}"))


SHEET = Matrix(
    name="考勤",
    kind="att",
    columns=(BRANCH_CODE, BRANCH_NAME, MEMBER),
    identifying=(BRANCH, (MEMBER.heading,)),
)
