"""The monthly ledger workbook: which sheets it has, and how one is made."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from branches.values import Values
from compliance.registry import RULES
from ledgers.exports import duties, notes, overview
from ledgers.exports.columns import columns
from ledgers.exports.dues import dues_rows
from ledgers.exports.dues import headings as dues_headings
from ledgers.exports.meetings import meeting_rows
from ledgers.exports.members import member_rows
from ledgers.exports.names import CellNames
from ledgers.exports.organisations import organisation_rows
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import Row
from ledgers.exports.tasks import task_rows
from ledgers.exports.workbook import Sheet, Workbook
from ledgers.keys import HEADING
from ledgers.sheets import BRANCHES, DUES, MEETINGS, MEMBERS, MONTHLY, TASKS
from ledgers.sheets.columns import Sheet as Declared
from ledgers.sheets.columns import show_value
from meetings.models import Meeting
from members.roster import roster

# Called with the number of rows written, about how many there will be, and the sheet in work.
OnProgress = Callable[[int, int, str], None]

OVERVIEW, DUTIES, NOTES = "总览", "应办事项", "说明"
_REPORT_EVERY = 200


def nobody(rows: int, total: int, sheet: str) -> None:
    """Progress that nobody asked for."""


def write_ledger(
    scope: LedgerScope,
    path: Path,
    *,
    folder: Path,
    making: notes.Making,
    full_numbers: bool = False,
    on_progress: OnProgress = nobody,
) -> str:
    """Write the workbook to `path` and return its content hash; `folder` takes unfinished sheets."""
    values = Values()
    book = Workbook(path, folder, f"{scope.organisation.code} {scope.month}")
    overview_sheet = book.add_sheet(OVERVIEW, overview.COLUMNS)
    data_sheets = {
        declared.name: book.add_sheet(
            declared.name, columns(_headings(declared, scope)), key_heading=HEADING
        )
        for declared in MONTHLY
    }
    duty_sheet = book.add_sheet(DUTIES, duties.COLUMNS)
    report = Report(on_progress, _expected_rows(scope))
    for declared, rows in _data_rows(scope, full_numbers):
        fill(data_sheets[declared.name], declared, rows, report)
    states: Counter[tuple[int, str]] = Counter()
    for organisation_id, state, row in duties.duty_rows(scope, values):
        states[organisation_id, state] += 1
        duty_sheet.add(row)
        report.row(DUTIES)
    for row in overview.overview_rows(scope, states):
        overview_sheet.add(row)
    content_hash = book.hash
    notes_sheet = book.add_sheet(NOTES, notes.COLUMNS)
    for row in notes.note_rows(scope, values, making, content_hash):
        notes_sheet.add(row)
    on_progress(report.rows, report.rows, NOTES)
    book.close(title=f"{scope.name}{scope.month.label}台账", author=making.by)
    return content_hash


def _headings(declared: Declared, scope: LedgerScope) -> list[str]:
    if declared is DUES:
        return dues_headings(scope)
    return [column.heading for column in declared.columns if column.monthly]


def _data_rows(scope: LedgerScope, full_numbers: bool) -> Iterable[tuple[Declared, Iterable[Row]]]:
    names = CellNames(scope.organisations)
    yield BRANCHES, organisation_rows(scope, names)
    yield MEMBERS, member_rows(scope, full_numbers=full_numbers)
    yield DUES, dues_rows(scope, full_numbers=full_numbers)
    yield MEETINGS, meeting_rows(scope, names)
    yield TASKS, task_rows(scope)


def _expected_rows(scope: LedgerScope) -> int:
    """About how many rows there will be: every member twice, every rule for every organisation."""
    organisations = len(scope.codes)
    members = roster(scope.organisations, scope.day).count()
    meetings = Meeting.objects.held(scope.day.replace(month=1, day=1), scope.day)
    return (
        organisations * (1 + len(RULES))
        + 2 * members
        + meetings.filter(organisation__in=scope.organisations).count()
    )


def fill(sheet: Sheet, declared: Declared, rows: Iterable[Row], report: "Report") -> None:
    """Write rows as their columns show them, each with its key."""
    known = declared.by_heading
    shows = [(h, known[h].show if h in known else show_value) for h in sheet.headings]
    places = {heading: place for place, heading in enumerate(sheet.headings)}
    for row in rows:
        values = [show(row.values.get(heading)) for heading, show in shows]
        whole = {places[heading]: number for heading, number in row.whole.items()}
        sheet.add(values, key=declared.row_key(row.pk, row.values), shown=whole)
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
