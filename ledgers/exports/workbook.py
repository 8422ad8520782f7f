"""Writing a ledger workbook row by row, and the hash of what it says. No Django.

Rows go to the file as they come, so memory stays flat. A text is always written as a text: what
looks like a formula, an address or a number is none.
"""

import datetime
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import xlsxwriter

A4 = 9
# What stands between cells and rows where they are hashed.
_CELL, _ROW = "\x1f", "\x1e"
# Characters that XML cannot hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CELL_LIMIT = 32_767


class CellKind(StrEnum):
    """How a column is written."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    DATE = "date"
    COUNT = "count"
    HOURS = "hours"
    AMOUNT = "amount"
    PERCENT = "percent"


# Number format and width in characters.
_LOOKS: dict[CellKind, tuple[str, int]] = {
    CellKind.TEXT: ("@", 16),
    CellKind.LONG_TEXT: ("@", 40),
    CellKind.DATE: ("yyyy-mm-dd", 12),
    CellKind.COUNT: ("0", 9),
    CellKind.HOURS: ("0.0", 8),
    CellKind.AMOUNT: ("#,##0.00", 11),
    CellKind.PERCENT: ("0%", 9),
}


@dataclass(frozen=True)
class Column:
    """One column: its heading, how its cells are written, its width in characters."""

    heading: str
    kind: CellKind = CellKind.TEXT
    width: int | None = None

    @property
    def columns_wide(self) -> int:
        # A Chinese character takes the room of two.
        return self.width or max(_LOOKS[self.kind][1], 2 * len(self.heading) + 4)


class Workbook:
    """A workbook being written; `hash` is known when all sheets are."""

    def __init__(self, path: Path, folder: Path, subject: str):
        """`folder` takes the unfinished sheets; `subject`, what the workbook is about, is hashed."""
        self._subject = subject
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(folder),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_format_properties": {"font_name": "宋体", "font_size": 11},
            },
        )
        self._sheets: list[Sheet] = []
        self._head = self._book.add_format(
            {
                "bold": True,
                "font_name": "黑体",
                "bg_color": "#F2F0EA",
                "border": 1,
                "border_color": "#83898F",
                "text_wrap": True,
                "align": "center",
                "valign": "vcenter",
            }
        )
        self._formats = {
            kind: self._book.add_format(
                {
                    "num_format": look,
                    "valign": "top",
                    "text_wrap": kind is CellKind.LONG_TEXT,
                    "font_name": "宋体",
                }
            )
            for kind, (look, _) in _LOOKS.items()
        }

    def add_sheet(self, name: str, columns: list[Column], *, key_heading: str = "") -> "Sheet":
        """The next sheet in order, with its header row; sheets may be filled in any order.

        With `key_heading` a hidden last column takes the row keys.
        """
        page = self._book.add_worksheet(name)
        page.set_paper(A4)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        page.set_footer("&L&A&R第 &P 页 共 &N 页")
        page.repeat_rows(0)
        page.freeze_panes(1, 0)
        for index, column in enumerate(columns):
            page.set_column(index, index, column.columns_wide, self._formats[column.kind])
        page.set_row(0, 30)
        headings = [column.heading for column in columns]
        for index, heading in enumerate(headings):
            page.write_string(0, index, heading, self._head)
        if key_heading:
            page.set_column(len(columns), len(columns), 8, None, {"hidden": True})
            page.write_string(0, len(columns), key_heading, self._head)
        sheet = Sheet(page, name, headings, [self._formats[column.kind] for column in columns])
        self._sheets.append(sheet)
        return sheet

    def add_blocks(self, name: str, lead: list[Column], width: int, key_heading: str) -> "Sheet":
        """The next sheet, made of blocks: each begins with a heading row of its own
        (`Sheet.head`), the columns of `lead` and up to `width` others; row keys come last."""
        page = self._book.add_worksheet(name)
        page.set_paper(A4)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        page.set_footer("&L&A&R第 &P 页 共 &N 页")
        page.freeze_panes(0, len(lead))
        columns = [*lead, *(Column("", width=12) for _ in range(width))]
        for index, column in enumerate(columns):
            page.set_column(index, index, column.columns_wide, self._formats[column.kind])
        page.set_column(len(columns), len(columns), 8, None, {"hidden": True})
        looks = [self._formats[column.kind] for column in columns]
        sheet = Blocks(page, name, [column.heading for column in lead], looks)
        sheet.prepare(self._head, key_heading)
        self._sheets.append(sheet)
        return sheet

    @property
    def hash(self) -> str:
        """What the sheets say so far, in 64 hexadecimal digits: the same content, the same hash.

        Row keys and cells that are only shown differently do not count.
        """
        whole = hashlib.sha256(self._subject.encode())
        for sheet in self._sheets:
            whole.update(sheet.digest())
        return whole.hexdigest()

    def close(self, **properties: str) -> None:
        """Write the file; `properties` are the document's title, author…"""
        self._book.set_properties(properties)
        for sheet in self._sheets:
            sheet.set_filter()
        self._book.close()


class Sheet:
    """A sheet being written, one row after the other."""

    def __init__(self, page, name: str, headings: list[str], looks: list):
        self.headings = headings
        self._page = page
        self._looks = looks
        self._width = len(looks)
        self._digest = hashlib.sha256(_CELL.join([name, *headings]).encode())
        self.rows = 0

    def add(
        self, values: Sequence, *, key: str = "", shown: Mapping[int, str] | None = None
    ) -> None:
        """Write one row. `shown` replaces cells in the file only: the hash keeps `values`."""
        self.rows += 1
        row, page, hashed = self.rows, self._page, []
        for index, (look, value) in enumerate(zip(self._looks, values, strict=True)):
            # Texts are most of it, so they are looked at first and only once.
            if type(value) is str:
                value = text = printable(value)
            else:
                text = canonical(value)
            hashed.append(text)
            if shown and index in shown:
                value = shown[index]
            if value is not None and value != "":
                _write(page, row, index, value, look)
        if key:
            page.write_string(row, self._width, key)
        self._digest.update((_ROW + _CELL.join(hashed)).encode())

    def digest(self) -> bytes:
        return self._digest.digest()

    def set_filter(self) -> None:
        self._page.autofilter(0, 0, max(self.rows, 1), self._width - 1)


class Blocks(Sheet):
    """A sheet of several tables, one below the other."""

    def prepare(self, look, key_heading: str) -> None:
        self._head_look, self._key_heading = look, key_heading
        self.rows = -1

    def head(self, headings: Sequence[str]) -> None:
        """Begin a block; a blank row stands between two."""
        self.rows += 1 if self.rows < 0 else 2
        self._page.set_row(self.rows, 45)
        for index, heading in enumerate(headings):
            self._page.write_string(self.rows, index, heading, self._head_look)
        self._page.write_string(self.rows, self._width, self._key_heading, self._head_look)
        self._digest.update((_ROW + _CELL.join(headings)).encode())

    def add(self, values: Sequence, *, key: str = "", shown=None) -> None:
        """Write one row, filled up to the widest block."""
        blanks = [None] * (self._width - len(values))
        super().add([*values, *blanks], key=key, shown=shown)

    def set_filter(self) -> None:
        """None: a filter would take the headings of later blocks for rows."""


def canonical(value) -> str:
    """One way of writing for one value, whatever type the database gave it."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, float):
        return canonical(Decimal(repr(value)))
    return printable(str(value))


def printable(text: str) -> str:
    """The text without characters that no workbook can hold, cut to what a cell takes."""
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    return text if len(text) <= _CELL_LIMIT else text[:_CELL_LIMIT]


def _write(page, row: int, column: int, value, look) -> None:
    if isinstance(value, str):
        page.write_string(row, column, value, look)
    elif isinstance(value, datetime.date):
        page.write_datetime(row, column, value, look)
    else:
        page.write_number(row, column, value, look)
