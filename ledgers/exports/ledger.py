"""The monthly ledger workbook: which sheets it has, and how one is made."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from branches.values import Values
from ledgers.exports import duties, notes, overview
from ledgers.exports.columns import columns
from ledgers.exports.dues import dues_rows
from ledgers.exports.meetings import meeting_rows
from ledgers.exports.members import member_rows
from ledgers.exports.names import CellNames
from ledgers.exports.organisations import organisation_rows
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import Row
from ledgers.exports.tasks import task_rows
from ledgers.exports.workbook import Sheet, Workbook

# Called with the number of rows written so far and the sheet in work.
OnProgress = Callable[[int, str], None]

OVERVIEW, DUTIES, NOTES = "总览", "应办事项", "说明"
DATA_SHEETS = ("组织", "党员", "党费", "三会一课", "整改")
_REPORT_EVERY = 200


def write_ledger(
    scope: LedgerScope,
    path: Path,
    *,
    folder: Path,
    making: notes.Making,
    full_numbers: bool = False,
    on_progress: OnProgress = lambda rows, sheet: None,
) -> str:
    """Write the workbook to `path` and return its content hash; `folder` takes unfinished sheets."""
    values = Values()
    book = Workbook(path, folder)
    overview_sheet = book.add_sheet(OVERVIEW, overview.COLUMNS)
    data_sheets = {name: _add_data_sheet(book, name, scope) for name in DATA_SHEETS}
    duty_sheet = book.add_sheet(DUTIES, duties.COLUMNS)
    counter = _Counter(on_progress)
    for name, rows in _data_rows(scope, full_numbers).items():
        _fill(data_sheets[name], name, rows, scope, counter.during(name))
    states: Counter[tuple[int, str]] = Counter()
    tick = counter.during(DUTIES)
    for organisation_id, state, row in duties.duty_rows(scope, values):
        states[organisation_id, state] += 1
        duty_sheet.add(row)
        tick()
    for row in overview.overview_rows(scope, states):
        overview_sheet.add(row)
    content_hash = book.hash
    notes_sheet = book.add_sheet(NOTES, notes.COLUMNS)
    for row in notes.note_rows(scope, values, making, content_hash):
        notes_sheet.add(row)
    counter.during("正在保存文件", at_once=True)
    book.close(title=f"{scope.organisation.name}{scope.month.label}台账", author=making.by)
    return content_hash


def _data_rows(scope: LedgerScope, full_numbers: bool) -> dict[str, Iterable[Row]]:
    names = CellNames(scope.organisations)
    return {
        "组织": organisation_rows(scope, names),
        "党员": member_rows(scope, full_numbers=full_numbers),
        "党费": dues_rows(scope, full_numbers=full_numbers),
        "三会一课": meeting_rows(scope, names),
        "整改": task_rows(scope),
    }
