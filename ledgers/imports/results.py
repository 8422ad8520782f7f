"""What an import finds: rows with their verdict, problems, notes and counts per sheet."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from ledgers.keys import RowKey
from ledgers.models import Outcome
from ledgers.sheets.columns import CLEAR, Column, Sheet, canonical
from members.identity import masked_id_number, masked_phone

SAME = "same"
_IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx]|(?<!\d)\d{15}(?!\d)")
_MOBILE = re.compile(r"(?<!\d)1\d{10}(?!\d)")


class Problem(NamedTuple):
    """What is wrong with a cell, or worth a look: sheet row, heading, what was read, why."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class SheetResult:
    """The counts of one sheet; `read` is the sum of the four that follow it."""

    file: str
    sheet: str
    ledger: str = ""
    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict:
        """The shape of `import_workbooks --json` and of `ImportBatch.sheets`."""
        return asdict(self) | {
            "problems": [problem._asdict() for problem in self.problems],
            "notes": [note._asdict() for note in self.notes],
        }


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One line of a preview. `key` names the row and is what `write_import` takes as `skip`."""

    key: str
    file: str
    sheet: str
    row: int
    outcome: Outcome
    label: str
    cells: list[dict[str, str]]


@dataclass(eq=False)
class Table:
    """One recognised sheet: where its header is and which column holds what."""

    number: str
    file: str
    sheet: str
    declaration: Sheet
    header_row: int
    headings: list
    titles: list[list]
    columns: list[tuple[int, Column]]
    key_index: int | None
    unknown_columns: list[str]
    year: int | None = None
    rows: list["Row"] = field(default_factory=list)
    result: SheetResult | None = None
    # Problems with the sheet as a whole: nothing of it is read.
    faults: list[Problem] = field(default_factory=list)

    @cached_property
    def present(self) -> frozenset[str]:
        """The headings that have a column in this sheet."""
        return frozenset(column.heading for _index, column in self.columns)


@dataclass(eq=False, slots=True)
class Row:
    """One row of a ledger: what was read, what it changes, what is wrong with it.

    `plan` is what its ledger will write; `needs` are rows without which it cannot be written.
    """

    table: Table
    number: int
    cells: list
    values: dict[str, Any] = field(default_factory=dict)
    stamp: RowKey | None = None
    label: str = ""
    is_new: bool = False
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    # Heading, text before, text after; personal numbers masked.
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    # What a mask hides, so that the digest tells two numbers apart.
    hidden: str = ""
    needs: set["Row"] = field(default_factory=set)
    plan: Any = None
    # What stands above the row; in a ledger of blocks each has its own.
    headings: list = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.table.number}:{self.number}"

    @property
    def outcome(self) -> str:
        if self.problems:
            return Outcome.REFUSED
        if self.is_new:
            return Outcome.NEW
        return Outcome.CHANGED if self.changes else SAME

    def refuse(self, column: str, reason: str, value="") -> None:
        """Say what is wrong with a cell; a refused row is not written."""
        self.problems.append(Problem(self.number, column, shown(value), reason))

    def note(self, column: str, reason: str, value="") -> None:
        """Say what is worth a look; the row is written all the same."""
        self.notes.append(Problem(self.number, column, shown(value), reason))

    def written(self, heading: str) -> str:
        """The text of what was read in that column, masked where it is personal."""
        column = self.table.declaration.by_heading[heading]
        return column.written(self.values[heading]) if heading in self.values else ""

    def change(self, heading: str, before, after) -> None:
        """Note that a cell changes what is stored."""
        column = self.table.declaration.by_heading[heading]
        self.changes.append((heading, column.written(before), column.written(after)))

    def untouched(self, heading: str) -> bool:
        """Whether a cell came back as it was exported."""
        if not self.stamp or heading not in self.values:
            return False
        declaration = self.table.declaration
        column = declaration.by_heading[heading]
        return declaration.print_in(self.stamp, heading) == column.print_of(self.values[heading])

    def came_back(self, heading: str) -> bool:
        """Whether an exported row has nothing new in that column."""
        return bool(self.stamp) and (heading not in self.values or self.untouched(heading))

    def differences(self, stored: dict[str, Any]) -> dict[str, Any]:
        """New values by heading, of the cells that differ from what is stored.

        A cell that is as it was exported is left alone, even where the record has moved on; one
        that was changed on both sides is refused as a conflict.
        """
        declaration = self.table.declaration
        found = {}
        for heading, value in self.values.items():
            if heading not in stored:
                continue
            column, old = declaration.by_heading[heading], stored[heading]
            new = column.empty if value is CLEAR else value
            if _same(old, new):
                continue
            if self.stamp and (before := declaration.print_in(self.stamp, heading)):
                if before == column.print_of(new):
                    continue
                # What is stored as nothing was exported as a blank.
                was = {column.print_of(old)} | (
                    {column.print_of(None)} if _same(old, column.empty) else set()
                )
                if before not in was:
                    self.refuse(
                        heading,
                        f"导出以后系统里已改为“{column.written(old) or '空'}”，两处改得不一样，"
                        "请核对后重新导出再改",
                        column.written(new),
                    )
                    continue
            found[heading] = new
        return found

    def place_from(self, other: "Row") -> str:
        """Where this row is, as a message on another row says it."""
        if self.table is other.table:
            return f"第 {self.number} 行"
        return f"{self.table.file}“{self.table.sheet}”第 {self.number} 行"

    def lines(self) -> Iterator[PlannedLine]:
        """What a preview shows of this row; nothing for a row that changes nothing."""
        if self.problems:
            yield self._line(Outcome.REFUSED, map(_as_cell, self.problems))
        elif self.is_new:
            cells = ({"column": name, "after": self.written(name)} for name in self.values)
            yield self._line(Outcome.NEW, cells)
        elif self.changes:
            cells = ({"column": c, "before": b, "after": a} for c, b, a in self.changes)
            yield self._line(Outcome.CHANGED, cells)
        if self.notes:
            yield self._line(Outcome.NOTE, map(_as_cell, self.notes))

    def _line(self, outcome, cells) -> PlannedLine:
        table = self.table
        return PlannedLine(
            self.key, table.file, table.sheet, self.number, outcome, self.label, list(cells)
        )


class Firsts:
    """Tells rows apart that mean the same record: alike they count once, else both are refused."""

    def __init__(self):
        self._first: dict[Any, Row] = {}

    def repeats(self, row: Row, identity) -> bool:
        """Whether an earlier row means the same record; notes or refuses that."""
        first = self._first.setdefault(identity, row)
        if first is row:
            return False
        if not row.problems and all(
            first.values.get(heading) == value for heading, value in row.values.items()
        ):
            row.note("", f"与{first.place_from(row)}完全相同，只计一次")
            row.is_new = False
            return True
        hint = "；新增的行请清空“行标识”" if row.stamp else ""
        row.refuse("", f"与{first.place_from(row)}重复，内容又不一样，请只留一行{hint}")
        first.refuse("", f"与{row.place_from(first)}重复，内容又不一样，请只留一行{hint}")
        return True


_EXACT = (Decimal, datetime.date, bool, int)


def _same(old, new) -> bool:
    """Whether two values mean the same; texts however they were typed."""
    if old == new:
        return True
    kind = type(old)
    if kind is type(new) and kind in _EXACT:
        return False
    return canonical(old) == canonical(new)


def _as_cell(problem: Problem) -> dict[str, str]:
    return {"column": problem.column, "value": problem.value, "reason": problem.reason}


def shown(value) -> str:
    """A cell's text for a message: short, and personal numbers masked wherever they stand."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    text = _IDENTITY.sub(lambda found: masked_id_number(found[0]), text)
    text = _MOBILE.sub(lambda found: masked_phone(found[0]), text)
    return text if len(text) <= 60 else text[:59] + "…"


def masked_roughly(text: str) -> str:
    """A personal number that may be mistyped: a third at each end at most is shown."""
    text = shown(text)
    if "*" in text or len(text) < 6:
        return text
    kept = min(len(text) // 4, 4)
    return text[:kept] + "*" * (len(text) - 2 * kept) + text[-kept:]
