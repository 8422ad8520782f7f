"""The rows that were refused, as a workbook to correct and give back."""

import datetime
import io

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from ledgers.imports.planning import ImportPlan
from ledgers.imports.results import Row, Table
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import fold_heading

CORRECTION = "需更正"
_BOLD = Font(bold=True)
_MARKED = PatternFill("solid", fgColor="FFF3CD")


def refused_workbook(plan: ImportPlan) -> bytes:
    """The refused rows as they stood, with a column 需更正 that says what is wrong.

    Same sheet names and headings, so that the corrected file can be imported. It holds full
    numbers: keep it only encrypted, and give it only to whoever brought the files.
    """
    workbook = Workbook(write_only=True)
    names: set[str] = set()
    for table in plan.tables:
        rows = [row for row in table.rows if row.problems]
        if rows:
            sheet = workbook.create_sheet(_free_name(table.sheet, names))
            _write_sheet(sheet, table, rows)
    if not names:
        workbook.create_sheet(CORRECTION).append(["没有需更正的行"])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _write_sheet(sheet, table: Table, rows: list[Row]) -> None:
    # Where a corrected file is given back, its old remarks are not kept.
    headings = rows[0].headings or table.headings
    kept = [i for i, cell in enumerate(headings) if fold_heading(cell) != CORRECTION]
    last = len(kept) + 1
    sheet.column_dimensions[get_column_letter(last)].width = 60
    for place, index in enumerate(kept, 1):
        if fold_heading(headings[index]) == KEY:
            sheet.column_dimensions[get_column_letter(place)].hidden = True
    for title in table.titles:
        # A title may say which year the sheet is about.
        sheet.append([_cell(sheet, title[index]) for index in kept])
    _write_headings(sheet, headings, kept)
    for row in rows:
        if row.headings and row.headings is not headings:
            headings = row.headings
            sheet.append([])
            _write_headings(sheet, headings, kept)
        cells = [_cell(sheet, row.cells[index]) for index in kept]
        cells.append(_cell(sheet, _reasons(row)))
        cells[-1].fill = _MARKED
        sheet.append(cells)


def _write_headings(sheet, headings: list, kept: list[int]) -> None:
    heading = [_cell(sheet, headings[index]) for index in kept]
    heading.append(_cell(sheet, CORRECTION))
    for cell in heading:
        cell.font = _BOLD
    sheet.append(heading)


def _reasons(row: Row) -> str:
    return "；".join(
        f"{problem.column}：{problem.reason}" if problem.column else problem.reason
        for problem in row.problems
    )


def _cell(sheet, value) -> WriteOnlyCell:
    """A cell as it stood; text stays text, whatever it begins with."""
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"
        cell.number_format = "@"
        return cell
    cell = WriteOnlyCell(sheet, value)
    if type(value) is datetime.date:
        cell.number_format = "yyyy-mm-dd"
    return cell


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name.lower() in taken:
        number += 1
        ending = f"({number})"
        name = wanted[: 31 - len(ending)] + ending
    taken.add(name.lower())
    return name
