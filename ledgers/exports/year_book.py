"""What the workbooks of a year share: the sheet 说明, who may have one, the line in the trail."""

import datetime
from collections.abc import Callable, Iterable
from pathlib import Path

from django.utils import timezone

from accounts import trail
from branches.models import Organisation
from branches.periods import Period
from ledgers.exports.columns import columns
from ledgers.exports.ledger import OnProgress, Report, fill
from ledgers.exports.notes import COLUMNS, Making
from ledgers.exports.scope import NothingToShow, YearScope, year_scope
from ledgers.exports.services import AREA, Refused, may_export
from ledgers.exports.streams import Row
from ledgers.exports.workbook import Workbook
from ledgers.keys import HEADING
from ledgers.sheets.columns import Sheet as Declared

NOTES = "说明"


def title_of(name: str, year: Period, book: str) -> str:
    """中共柳汀街道工作委员会2026年党费台账."""
    return f"{name}{year.label}{book}"


def file_name(organisation: Organisation, year: int, book: str) -> str:
    return f"{organisation.short_name}{year}年{book}.xlsx"


def headings(declared: Declared) -> list[str]:
    """Every column of a sheet, also those the monthly ledger leaves out."""
    return [column.heading for column in declared.columns]


def add_data(book: Workbook, declared: Declared, rows: Iterable[Row], report: Report) -> None:
    """A data sheet with the hidden keys by which an import knows each row again."""
    page = book.add_sheet(declared.name, columns(headings(declared)), key_heading=HEADING)
    fill(page, declared, rows, report)


def add_plain(book: Workbook, name: str, heads: list, rows: Iterable[list], report: Report) -> None:
    """A sheet to look at, never read back."""
    page = book.add_sheet(name, heads)
    for row in rows:
        page.add(row)
        report.row(name)


def note_rows(
    scope: YearScope,
    making: Making,
    content_hash: str,
    *,
    facts: Iterable[list],
    meanings: Iterable[tuple[str, str]],
) -> Iterable[list]:
    """The rows of 说明: what ledger this is, `facts` about its days, and what each sheet means.

    Nothing here enters the content hash.
    """
    yield ["组织", scope.name]
    yield ["组织编码", scope.organisation.code]
    yield ["年度", scope.year.label]
    yield from facts
    yield ["生成时间", f"{making.at:%Y-%m-%d %H:%M}"]
    yield ["生成人", making.by]
    yield ["内容校验码", content_hash]
    yield ["校验码说明", "由各数据表的内容算出，与生成时间、生成人无关；内容相同，校验码相同。"]
    for heading, meaning in meanings:
        yield [heading, meaning]


def close_with_notes(book: Workbook, rows: Iterable[list], *, title: str, by: str) -> None:
    """Add 说明 as the last sheet and finish the file."""
    notes = book.add_sheet(NOTES, COLUMNS)
    for row in rows:
        notes.add(row)
    book.close(title=title, author=by)


def export_year_book(
    write: Callable[..., str],
    book: str,
    *,
    organisation: Organisation,
    year: int,
    today: datetime.date,
    by,
    path: Path,
    folder: Path,
    on_progress: OnProgress,
    numbers: str = "",
) -> str:
    """Make the workbook `book` of a year with `write`, leave a line in the trail, return its hash.

    `by` None is the one at the server's keyboard; `numbers` says how personal numbers are shown
    where there are any. Refuses who has no right, and a year that is not there.
    """
    if by is not None:
        may_export(by, organisation, full_numbers=False)
    try:
        scope = year_scope(organisation, year, today)
    except NothingToShow as nothing:
        raise Refused(str(nothing)) from nothing
    making = Making(str(by or trail.SYSTEM), timezone.localtime())
    content_hash = write(scope, path, folder=folder, making=making, on_progress=on_progress)
    shown = {"号码": numbers} if numbers else {}
    trail.record(
        by=by,
        action=f"导出{book}",
        area=AREA,
        label=title_of(organisation.name, scope.year, book),
        organisation_id=organisation.pk,
        after={"年度": str(year), **shown, "内容校验码": content_hash},
    )
    return content_hash
