"""Finding out which ledger a sheet is, and reading its rows as values."""

import datetime
import re
import unicodedata
from itertools import pairwise

from branches.typed import Unreadable, folded
from ledgers import keys
from ledgers.imports.results import Problem, Row, Table, masked_roughly
from ledgers.reading import SheetCells
from ledgers.sheets import ATTENDANCE, SHEETS, SUMMARIES
from ledgers.sheets.columns import (
    CLEAR,
    MEMBER_NAME,
    NOTHING,
    Column,
    Sheet,
    fold_heading,
)

# The header stands below titles and notes, but not further down than this.
_HEADER_WITHIN = 30
# The system holds neither a person's belief nor a suspicion of crime.
_FORBIDDEN = re.compile(
    "宗教|信教|信仰|教徒|邪教|教派|涉黑|涉恶|犯罪|嫌疑|嫌犯|违法|涉案|涉毒|吸毒|前科|案底|刑事|涉嫌"
)
_NAME_HEADS = frozenset({MEMBER_NAME.heading, *MEMBER_NAME.aliases})
_TOTAL = re.compile(r"^(本页|本表|本年|全年|全县|全镇|支部)?(合计|小计|总计|共计|累计)")
_SIGNATURE = re.compile(
    r"^(审核|复核|审批|填表|填报|制表|经办|报送|负责|单位负责|分管领导|主要领导|党支部书记|支部书记|"
    r"签字|签名|盖章|联系电话|联系人|日期|说明|备注|注)[^:]{0,12}:"
)
_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*年(?!\s*\d{1,2}\s*月\s*\d)")
_NUMERAL_YEAR = re.compile(r"二[〇○零0][〇○零一二三四五六七八九]{2}年")
_NUMERALS = str.maketrans("〇○零一二三四五六七八九", "000123456789")


def recognise(cells: SheetCells, *, file: str, number: str) -> Table | None:
    """The table in a sheet, or None where it is no ledger; rows are not read yet."""
    if cells.name.strip() in SUMMARIES:
        return None
    found = None
    for index, row in enumerate(cells.rows[:_HEADER_WITHIN]):
        found = _better(found, _columns_of(row), index, index)
    for index, (upper, lower) in enumerate(pairwise(cells.rows[: _HEADER_WITHIN + 1])):
        if both := _joined(upper, lower):
            found = _better(found, _columns_of(both), index, index + 1)
    if found is None:
        return None
    declaration, columns, headings, first, last = found
    table = Table(
        number=number,
        file=file,
        sheet=cells.name,
        declaration=declaration,
        header_row=last + 1,
        headings=headings,
        titles=cells.rows[:first],
        columns=columns,
        key_index=_key_index(headings),
        unknown_columns=_unknown(declaration, columns, headings),
    )
    table.year = _year_of(table)
    _check_headings(table)
    return table


def _joined(upper: list, lower: list) -> list:
    """A header of two lines as one: what is blank below is merged with the cell above.

    [] where the second line is none: something stands below a heading of its own.
    """
    below = [index for index, cell in enumerate(lower) if cell != ""]
    texts = [index for index in below if isinstance(lower[index], str)]
    names = [name for sheet in SHEETS for name in [sheet.column_named(lower[i]) for i in texts]]
    if not any(names) or len(texts) < len(below):
        return []
    if any(sheet.column_named(str(upper[index])) for index in below for sheet in SHEETS):
        return []
    return [under if under != "" else over for over, under in zip(upper, lower, strict=True)]


def _columns_of(headings: list) -> list[tuple[Sheet, list[tuple[int, Column]], list]]:
    """The ledgers a row of headings may belong to."""
    texts = [folded(cell) if isinstance(cell, str) else "" for cell in headings]
    if sum(map(bool, texts)) < 3:
        return []
    fits = []
    for declaration in SHEETS:
        columns = [
            (index, column)
            for index, text in enumerate(texts)
            if text and (column := declaration.column_named(text))
        ]
        if not declaration.missing(column.heading for _index, column in columns):
            fits.append((declaration, _without_yielding(declaration, columns, texts), headings))
    return fits


def _without_yielding(declaration: Sheet, columns, texts: list[str]) -> list[tuple[int, Column]]:
    """The columns without those whose heading gives way to a better one in the same sheet."""
    if not declaration.yielding:
        return columns
    giving_way = {
        index for index, _column in columns if fold_heading(texts[index]) in declaration.yielding
    }
    better = {column for index, column in columns if index not in giving_way}
    return [
        (index, column)
        for index, column in columns
        if index not in giving_way or column not in better
    ]


def _better(found, fits, first: int, last: int):
    for declaration, columns, headings in fits:
        if found is None or len(columns) > len(found[1]):
            found = (declaration, columns, headings, first, last)
    return found


def nearly(cells: SheetCells) -> str:
    """What is missing from a sheet that is almost a ledger, as a sentence; "" otherwise."""
    best = (3, "")
    for row in cells.rows[:_HEADER_WITHIN]:
        for declaration in SHEETS:
            known = {
                column.heading
                for cell in row
                if isinstance(cell, str) and (column := declaration.column_named(cell))
            }
            missing = declaration.missing(known)
            if len(known) > best[0] and len(missing) == 1:
                best = (len(known), f"像是“{declaration.name}”台账，但没有“{missing[0]}”一列")
    return best[1]


def _key_index(headings: list) -> int | None:
    for index, cell in enumerate(headings):
        if fold_heading(cell) == keys.HEADING:
            return index
    return None


def _unknown(declaration: Sheet, columns, headings: list) -> list[str]:
    known = {index for index, _column in columns}
    return [
        folded(cell)
        for index, cell in enumerate(headings)
        if index not in known
        and fold_heading(cell)
        and fold_heading(cell) not in declaration.ignored | {keys.HEADING}
    ]


def _check_headings(table: Table) -> None:
    """Refuse a sheet with a forbidden column, or with the same column twice."""
    for cell in table.headings:
        if _FORBIDDEN.search(fold_heading(cell)):
            reason = (
                f"本系统不记录个人宗教信仰、涉案等情况，请删除“{folded(cell)}”一列后再导入，"
                "整张表未读取"
            )
            table.faults.append(Problem(table.header_row, folded(cell), "", reason))
    seen = set()
    for _index, column in table.columns:
        if column.heading in seen:
            reason = f"“{column.heading}”有两列，请只留一列"
            table.faults.append(Problem(table.header_row, column.heading, "", reason))
        seen.add(column.heading)


def _year_of(table: Table) -> int | None:
    """The year a sheet is about: from its title, its headings, its name or the file's."""
    for row in table.titles:
        for cell in row:
            if isinstance(cell, str) and "时间" not in cell and (year := _year_in(cell)):
                return year
    for cell in table.headings:
        if isinstance(cell, str) and "月" in cell and (year := _year_in(cell)):
            return year
    for name in (table.sheet, table.file.rsplit("/", 1)[-1]):
        text = unicodedata.normalize("NFKC", name)
        if found := re.search(r"(?<!\d)(20\d\d)(?!\d)", text):
            return int(found[1])
        if year := _year_in(name):
            return year
    return None


def _year_in(text: str) -> int | None:
    if found := _YEAR.search(folded(text)):
        return int(found[1])
    if found := _NUMERAL_YEAR.search(text):
        return int(found[0].translate(_NUMERALS)[:4])
    return None


def read_rows(table: Table, cells: SheetCells) -> None:
    """Read the data rows below the header; blank lines, totals and signatures are passed over."""
    headings = [fold_heading(cell) for cell in table.headings]
    for number, row in enumerate(cells.rows[table.header_row :], table.header_row + 1):
        if _is_data(row, number, cells.banners, headings) and not _begins_block(table, row):
            table.rows.append(_read_row(table, number, row))


def _begins_block(table: Table, row: list) -> bool:
    """Whether the row heads a further block of a ledger that has one for each branch; from here
    on its headings hold."""
    if table.declaration is not ATTENDANCE or not any(
        isinstance(cell, str) and fold_heading(cell) in _NAME_HEADS for cell in row
    ):
        return False
    fits = [found for found in _columns_of(row) if found[0] is ATTENDANCE]
    if not fits:
        return False
    _declaration, table.columns, table.headings = fits[0]
    table.unknown_columns += _unknown(ATTENDANCE, table.columns, row)
    _check_headings(table)
    return True


def _is_data(row: list, number: int, banners: set[int], headings: list[str]) -> bool:
    filled = [
        cell for cell in row if cell != "" and not (isinstance(cell, str) and not cell.strip())
    ]
    if not filled:
        return False
    if len(filled) <= 2 and number in banners:
        return False
    for cell in filled[:2]:
        if isinstance(cell, str) and _TOTAL.match(re.sub(r"\s", "", cell)):
            return False
    first = filled[0]
    if isinstance(first, str) and _SIGNATURE.match(fold_signature(first)):
        return False
    # A header printed again on a later page.
    return not (isinstance(first, str) and [fold_heading(cell) for cell in row] == headings)


def fold_signature(cell: str) -> str:
    return re.sub(r"\s", "", folded(cell))


def _read_row(table: Table, number: int, cells: list) -> Row:
    row = Row(table, number, cells, headings=table.headings)
    _read_key(row)
    for index, column in table.columns:
        cell = cells[index]
        if cell == "":
            continue
        if isinstance(cell, str):
            text = cell.strip()
            if not text or (column.dash_is_blank and text in NOTHING):
                continue
            if text in ("(清空)", "（清空）"):
                _clear(row, column)
                continue
        try:
            value = column.read(cell)
        except Unreadable as fault:
            value = None
            row.refuse(column.heading, str(fault), _problem_value(column, cell))
        if value is not None and value != "" and value != ():
            row.values[column.heading] = value
    return row


def _read_key(row: Row) -> None:
    """The hidden key of a row that comes from an export."""
    index = row.table.key_index
    text = str(row.cells[index]).strip() if index is not None else ""
    if not text:
        return
    try:
        row.stamp = keys.read_key(text)
    except keys.BadKey:
        row.stamp = None
    if row.stamp is None or row.stamp.kind != row.table.declaration.kind:
        row.stamp = None
        row.refuse(keys.HEADING, "行标识不是本系统导出的，请清空这一格，并填写完整的编码或身份证号")


def _clear(row: Row, column: Column) -> None:
    if column.clearable:
        row.values[column.heading] = CLEAR
    else:
        row.refuse(column.heading, f"“{column.heading}”不能清空", "(清空)")


def _problem_value(column: Column, cell) -> str:
    if isinstance(cell, datetime.date):
        return f"{cell:%Y-%m-%d}"
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
    return masked_roughly(text) if column.secret else text
