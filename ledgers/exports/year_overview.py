"""Sheet 年度开展情况: each branch and kind with the days of the months, and how much was kept."""

from collections.abc import Iterator

from branches.history import were
from branches.models import Kind
from ledgers.exports.scope import YearScope
from ledgers.sheets import overview as sheet
from ledgers.sheets.columns import BRANCH_CODE, BRANCH_NAME
from meetings.enums import FULL_NAMES
from meetings.overview import UNITS, Line, Overview, days_text


def overview_rows(scope: YearScope) -> Iterator[list]:
    """A row for each kind that a branch owes or held, by code; a past year as it is known today."""
    branches = scope.organisations.filter(were("kind", [Kind.BRANCH], scope.day))
    overview = Overview(branches, scope.day.year, today=scope.until)
    for branch in branches.order_by("code"):
        for line in overview.lines([branch]):
            if line.due or line.times:
                values = overview_values(line, scope.codes[branch.pk], scope.day.year)
                yield [values[column.heading] for column in sheet.SHEET.columns]


def overview_values(line: Line, branch: tuple[str, str], year: int) -> dict[str, str | int]:
    """One line as the cells of its row."""
    return {
        BRANCH_CODE.heading: branch[0],
        BRANCH_NAME.heading: branch[1],
        sheet.YEAR.heading: year,
        sheet.TYPE.heading: FULL_NAMES[line.type],
        **{
            column.heading: days_text(line.months.get(month, ()), year)
            for month, column in enumerate(sheet.MONTHS, 1)
        },
        sheet.UNIT.heading: UNITS[line.type].removeprefix("个"),
        sheet.DUE.heading: line.due,
        sheet.DONE.heading: line.done,
        sheet.SHARE.heading: f"{line.share}%" if line.due else "",
    }
