"""Workbooks as they arrive: checked before they are opened, then read as rows of cells.

No ledger is known here. Cells are text, numbers, dates, times or ""; formulas come as their
stored result, without one as "".
"""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

MIB = 1024 * 1024
LARGEST_FILE = 50 * MIB
# What a workbook may unpack to; a county's yearly ledgers stay below a fifth of it.
LARGEST_CONTENT = 500 * MIB
# The reader lays out every sheet as a full rectangle, so one stray cell far out costs memory.
LAST_ROW = 300_000
LAST_COLUMN = 700

LARGEST_SHEET = 5_000_000

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”后再导入"
# Cells with content: column and row.
_CELL = re.compile(rb'<c (?:[^>]*? )?r="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<(?:v|is|f)\b')
_OVERLAP = 200


# What unpacking raises for an archive that is damaged or packed in another way.
UNSOUND = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class UnreadableWorkbook(ValueError):
    """The file cannot be read; the message says why and what to do."""


@dataclass(slots=True)
class SheetCells:
    """One visible sheet with something in it; row `n` of a spreadsheet is `rows[n - 1]`."""

    name: str
    rows: list[list]
    # Rows that hold one cell merged over several columns: titles and sections.
    banners: set[int] = field(default_factory=set)


def read_workbook(content: bytes) -> list[SheetCells]:
    """The sheets of a workbook; hidden and empty ones are left out.

    Raises UnreadableWorkbook for anything but a sound .xlsx file of bearable size.
    """
    _check(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return [
            sheet
            for metadata in workbook.sheets_metadata
            if metadata.visible == SheetVisibleEnum.Visible
            and metadata.typ == SheetTypeEnum.WorkSheet
            and (sheet := _read_sheet(workbook, metadata.name)) is not None
        ]
    except PasswordError:
        raise UnreadableWorkbook(f"文件设有打开密码，请去掉密码，{_SAVE_AS}") from None
    except (CalamineError, OSError, ValueError):
        raise UnreadableWorkbook(f"文件已损坏，打不开，{_SAVE_AS}") from None


def _read_sheet(workbook, name: str) -> SheetCells | None:
    sheet = workbook.get_sheet_by_name(name)
    rows = sheet.to_python(skip_empty_area=False)
    if not any(cell not in ("", None) for row in rows for cell in row):
        return None
    banners = {
        top + 1
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
        if top == bottom and right - left >= 2
    }
    return SheetCells(name, rows, banners)


def _check(content: bytes) -> None:
    """Refuse what is no .xlsx workbook, or one that would not fit into memory."""
    if not content:
        raise UnreadableWorkbook("文件是空的，请重新选择")
    if len(content) > LARGEST_FILE:
        raise UnreadableWorkbook(f"文件超过 {LARGEST_FILE // MIB} MB，请分成几个文件导入")
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise UnreadableWorkbook(f"文件设有打开密码，请去掉密码，{_SAVE_AS}")
        raise UnreadableWorkbook(f"这是旧的 .xls 格式，{_SAVE_AS}")
    if not content.startswith(_ZIP):
        raise UnreadableWorkbook(f"这不是 .xlsx 工作簿，{_SAVE_AS}")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_archive(archive)
    except UNSOUND:
        raise UnreadableWorkbook(f"文件已损坏，打不开，{_SAVE_AS}") from None


def _check_archive(archive: zipfile.ZipFile) -> None:
    if "xl/workbook.xml" not in archive.namelist():
        raise UnreadableWorkbook(f"这不是 .xlsx 工作簿，{_SAVE_AS}")
    unpacked = 0
    for member in archive.infolist():
        extent = _Extent() if member.filename.startswith("xl/worksheets/") else None
        tail = b""
        with archive.open(member) as stream:
            # Counted while unpacking: what the archive says of itself may be untrue.
            while piece := stream.read(MIB):
                unpacked += len(piece)
                if unpacked > LARGEST_CONTENT:
                    raise UnreadableWorkbook("文件展开后过大，请分成几个文件导入")
                if extent:
                    extent.take(tail + piece)
                    tail = piece[-_OVERLAP:]


@dataclass(slots=True)
class _Extent:
    """How far the content of one sheet reaches, as its cells name themselves."""

    rows: int = 0
    columns: int = 0

    def take(self, xml: bytes) -> None:
        """Read a piece of the sheet; refuse a sheet that reaches too far."""
        cells = _CELL.findall(xml)
        if not cells:
            return
        self.rows = max(self.rows, *(int(row) for _letters, row in cells))
        self.columns = max(self.columns, *map(_column_number, {letters for letters, _row in cells}))
        if self.rows > LAST_ROW:
            raise UnreadableWorkbook(
                f"第 {self.rows} 行还有内容，一张表最多 {LAST_ROW} 行；"
                "请删除表格下方多余的行，或分成几张表"
            )
        if self.columns > LAST_COLUMN:
            raise UnreadableWorkbook(
                f"{_column_letters(self.columns)} 列还有内容，请删除表格右边多余的列后再导入"
            )
        if self.rows * self.columns > LARGEST_SHEET:
            raise UnreadableWorkbook(
                f"有一张工作表的内容占了 {self.rows} 行、{self.columns} 列，"
                f"超过 {LARGEST_SHEET // 10_000} 万格；请删除表格下方和右边多余的内容，或分成几张表"
            )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _column_letters(number: int) -> str:
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
