"""The monthly ledger workbook: which sheets it has, and how one is made."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ledgers.exports import duties, notes, overview
from ledgers.exports.columns import columns, writer_of
from ledgers.exports.content import Content
from ledgers.exports.streams import Row
from ledgers.exports.workbook import Sheet, Workbook
from ledgers.keys import HEADING
from ledgers.sheets import MONTHLY
from ledgers.sheets.columns import Sheet as Declared

# Called with the number of rows written, about how many there will be, and the sheet in work.
OnProgress = Callable[[int, int, str], None]

OVERVIEW, DUTIES, NOTES = "总览", "应办事项", "说明"
_REPORT_EVERY = 200


def nobody(rows: int, total: int, sheet: str) -> None:
    """Progress that nobody asked for."""


def write_ledger(
    content: Content,
    path: Path,
    *,
    folder: Path,
    making: notes.Making,
    on_progress: OnProgress = nobody,
) -> str:
    """Write the workbook to `path` and return its content hash; `folder` takes unfinished sheets."""
    place = content.place
    book = Workbook(path, folder, f"{place.organisation.code} {place.month}")
    overview_sheet = book.add_sheet(OVERVIEW, overview.COLUMNS)
    data_sheets = {
        declared.name: book.add_sheet(
            declared.name, columns(content.headings(declared)), key_heading=HEADING
        )
        for declared in MONTHLY
    }
    duty_sheet = book.add_sheet(DUTIES, duties.COLUMNS)
    report = Report(on_progress, content.expected_rows())
    for declared in MONTHLY:
        for line in content.lines(declared):
            data_sheets[declared.name].add(line.cells, key=line.key, shown=line.shown)
            report.row(declared.name)
    states: Counter[tuple[int, str]] = Counter()
    for duty in content.duties():
        states[duty.organisation_id, duty.state] += 1
        duty_sheet.add(duty.cells)
        report.row(DUTIES)
    for row in overview.overview_rows(place, content.figures(), states):
        overview_sheet.add(row)
    content_hash = book.hash
    notes_sheet = book.add_sheet(NOTES, notes.COLUMNS)
    for row in notes.note_rows(content, making, content_hash):
        notes_sheet.add(row)
    on_progress(report.rows, report.rows, NOTES)
    book.close(title=f"{place.name}{place.month.label}台账", author=making.by)
    return content_hash


def fill(sheet: Sheet, declared: Declared, rows: Iterable[Row], report: "Report") -> None:
    """Write rows as their columns show them, each with its key."""
    written = writer_of(declared, sheet.headings)
    for row in rows:
        cells, key, shown = written(row)
        sheet.add(cells, key=key, shown=shown)
        report.row(declared.name)


class Report:
    """Counts rows and passes every few hundred on."""

    def __init__(self, on_progress: OnProgress, total: int):
        self.rows = 0
        self._total = total
        self._on_progress = on_progress

    def row(self, sheet: str) -> None:
        self.rows += 1
        if not self.rows % _REPORT_EVERY:
            self._on_progress(self.rows, max(self.rows, self._total), sheet)
