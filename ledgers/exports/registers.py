"""Workbooks of one ledger each (班子, 发展党员, 组织关系转接), made while the reader waits."""

import tempfile
from pathlib import Path

from accounts import trail
from accounts.roles import Action
from branches.models import Organisation
from ledgers.exports.columns import columns
from ledgers.exports.development import development_rows
from ledgers.exports.posts import post_rows
from ledgers.exports.services import AREA
from ledgers.exports.transfers import transfer_rows
from ledgers.exports.workbook import Workbook
from ledgers.keys import HEADING
from ledgers.sheets import DEVELOPMENT, POSTS, TRANSFERS
from ledgers.sheets.columns import Sheet

_ROWS = {POSTS: post_rows, DEVELOPMENT: development_rows, TRANSFERS: transfer_rows}


def export_register(*, declared: Sheet, by, within: Organisation | None = None) -> bytes:
    """The ledger of all branches that `by` may export, or of those within one organisation.

    Numbers are masked; each row carries its signed key, so that it comes back to its record. Who
    made it stays in the trail.
    """
    branches = Organisation.objects.branches().permitting(by, Action.EXPORT_LEDGER)
    if within:
        branches = branches.within(within)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "register.xlsx")
        rows = _write(path, Path(folder), declared, branches.values("pk"))
        content = path.read_bytes()
    trail.record(
        by=by,
        action="导出名册工作簿",
        area=AREA,
        label=f"{within.name if within else '全部支部'}：{declared.name}",
        organisation_id=within.pk if within else None,
        after={"行数": str(rows), "号码": "部分隐藏"},
    )
    return content


def _write(path: Path, folder: Path, declared: Sheet, branches) -> int:
    book = Workbook(path, folder, declared.name)
    headings = [column.heading for column in declared.columns]
    sheet = book.add_sheet(declared.name, columns(headings), key_heading=HEADING)
    for row in _ROWS[declared](branches):
        cells = [column.show(row.values.get(column.heading)) for column in declared.columns]
        sheet.add(cells, key=declared.row_key(row.pk, row.values))
    book.close(title=declared.name)
    return sheet.rows
