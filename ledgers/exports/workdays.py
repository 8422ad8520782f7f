"""The workbook 工作日历: the table of one year, a day a row, to be edited and brought in again."""

import tempfile
from pathlib import Path

from accounts import trail
from branches.models import Workday
from ledgers.exports.columns import columns
from ledgers.exports.services import AREA
from ledgers.exports.workbook import Workbook
from ledgers.keys import HEADING
from ledgers.sheets import WORKDAYS
from ledgers.sheets.workdays import stored


def export_workdays(*, year: int, by) -> bytes:
    """The days of one year that depart from the week; each row carries its signed key.

    Leaves a line in the trail. Nothing in it is anybody's: whoever may look may take it out.
    """
    shown = [column for column in WORKDAYS.columns if column.monthly]
    title = f"{year}年{WORKDAYS.name}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workdays.xlsx")
        book = Workbook(path, Path(folder), title)
        sheet = book.add_sheet(
            title, columns([column.heading for column in shown]), key_heading=HEADING
        )
        for row in Workday.objects.filter(day__year=year):
            values = stored(row)
            cells = [column.show(values[column.heading]) for column in shown]
            sheet.add(cells, key=WORKDAYS.row_key(row.pk, values))
        book.close(title=title)
        content = path.read_bytes()
    trail.record(
        by=by, action="导出工作日历", area=AREA, label=title, after={"行数": str(sheet.rows)}
    )
    return content
