"""问题清单, 责任清单 and 整改清单 of a year: the same tasks as in 整改, made from it and never read back."""

import datetime
from collections.abc import Iterator

from branches.bulk import batched
from ledgers.exports.scope import YearScope
from ledgers.exports.streams import CHUNK
from ledgers.exports.tasks import tasks_then
from ledgers.exports.workbook import CellKind, Column
from tasks import three_lists

LISTS = (three_lists.PROBLEMS, three_lists.DUTIES, three_lists.MEASURES)
MONTHS = tuple(f"{number}月" for number in range(1, 13))
_LONG = frozenset({"存在问题", "整改措施", *MONTHS})
_WIDTHS = {"单位": 34, "责任单位": 30, "整改时限": 30, "整改目标": 24, "完成情况": 20}


def list_headings(form: three_lists.Form) -> list[str]:
    """The headings on the sheet; 进展 is said month by month."""
    headings = ["序号"]
    for heading in form.headings:
        headings += MONTHS if heading == "进展" else [heading]
    return headings


def list_columns(form: three_lists.Form) -> list[Column]:
    return [
        Column("序号", CellKind.COUNT)
        if heading == "序号"
        else Column(
            heading,
            CellKind.LONG_TEXT if heading in _LONG else CellKind.TEXT,
            width=_WIDTHS.get(heading),
        )
        for heading in list_headings(form)
    ]


def list_rows(scope: YearScope, form: three_lists.Form) -> Iterator[list]:
    """Each task of the year in the words of that list, by branch and day of listing."""
    first = datetime.date(scope.day.year, 1, 1)
    number = 0
    for some in batched(tasks_then(scope, first), CHUNK):
        months = three_lists.by_month(some, first.year, scope.day) if form.has_progress else {}
        for task in some:
            number += 1
            scope.renamed(task.organisation)
            said = months.get(task.pk, {})
            row: list = [number]
            for heading in form.headings:
                if heading == "进展":
                    row += [said.get(month, "") for month in range(1, 13)]
                else:
                    row.append(three_lists.said(task, heading, scope.day, {}))
            yield row
