"""From files to a plan: everything that will be written, and everything that is wrong."""

import datetime
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ledgers.imports.appraisals import Appraisals
from ledgers.imports.attendance import AttendanceBook
from ledgers.imports.branches import Branches
from ledgers.imports.campaigns import Campaigns
from ledgers.imports.county import County
from ledgers.imports.courses import Courses
from ledgers.imports.coverage import CoverageBook
from ledgers.imports.development import Developments
from ledgers.imports.dues import Dues, refuse_without_year
from ledgers.imports.inspections import Inspections
from ledgers.imports.make_ups import MakeUps
from ledgers.imports.meetings import Meetings
from ledgers.imports.members import Members
from ledgers.imports.plus import PlusBook
from ledgers.imports.posts import Posts
from ledgers.imports.results import SAME, PlannedLine, Problem, Row, SheetResult, Table
from ledgers.imports.tables import nearly, read_rows, recognise
from ledgers.imports.talks import Talks
from ledgers.imports.tasks import Tasks
from ledgers.imports.transfers import Transfers
from ledgers.imports.weak import Weak
from ledgers.imports.workdays import Workdays
from ledgers.imports.year_overview import YearOverview
from ledgers.imports.year_plans import YearPlans
from ledgers.models import Outcome
from ledgers.reading import UnreadableWorkbook, read_workbook
from ledgers.sheets import (
    APPRAISALS,
    ATTENDANCE,
    BRANCHES,
    COURSES,
    COVERAGE,
    DEVELOPMENT,
    DUES,
    INSPECTIONS,
    MAKE_UPS,
    MEASURES,
    MEETINGS,
    MEMBERS,
    PLANS,
    PLUS,
    POSTS,
    SHEETS,
    SUMMARIES,
    TALKS,
    TASKS,
    TRANSFERS,
    WEAK,
    WORKDAYS,
    YEAR_OVERVIEW,
)

# Planned and written in this order, after the ledgers of a monthly workbook.
FURTHER_PLANNERS = (
    (PLANS, YearPlans),
    (ATTENDANCE, AttendanceBook),
    (MAKE_UPS, MakeUps),
    (COURSES, Courses),
    (APPRAISALS, Appraisals),
    (TALKS, Talks),
    (YEAR_OVERVIEW, YearOverview),
    (PLUS, PlusBook),
    (MEASURES, Campaigns),
    (INSPECTIONS, Inspections),
    (COVERAGE, CoverageBook),
    (WEAK, Weak),
    (WORKDAYS, Workdays),
)
# Sheets whose rows need a year that may stand elsewhere, or be asked for.
_YEARLY = (PLANS, APPRAISALS, YEAR_OVERVIEW, PLUS, WORKDAYS)
# Told what is being done, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


@dataclass(eq=False)
class ImportPlan:
    """What an import would do. Nothing is stored by making one."""

    today: datetime.date
    user: object
    sheets: list[SheetResult] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    digest: str = ""
    # Sheets or files that could not be read as a whole.
    faults: int = 0
    branches: Branches | None = None
    members: Members | None = None
    dues: Dues | None = None
    meetings: Meetings | None = None
    tasks: Tasks | None = None
    posts: Posts | None = None
    developments: Developments | None = None
    transfers: Transfers | None = None
    # The planners of the yearly workbook 三会一课台账, each after those it looks into.
    further: tuple = ()

    @property
    def refused(self) -> int:
        """Rows refused, and sheets or files refused as a whole with no row counted."""
        return sum(sheet.refused for sheet in self.sheets) + self.faults

    def total(self, outcome: str) -> int:
        """How many rows are "new", "changed" or "same"."""
        return sum(getattr(sheet, outcome) for sheet in self.sheets)

    def lines(self) -> Iterator[PlannedLine]:
        """Every row that is new, changes, is refused or has a note, in the order of the files."""
        for table in self.tables:
            for row in table.rows:
                yield from row.lines()


def plan_import(
    files: list[tuple[str, bytes]],
    *,
    today: datetime.date,
    year: int | None = None,
    user=None,
    on_progress: Progress | None = None,
) -> ImportPlan:
    """Read workbooks given as (name, content), match and compare them with what is stored.

    Order does not matter. `user` None means everything is in reach; `year` is that of
    sheets of dues, plans and appraisals that do not name one. Nothing is raised for what is in the files: it stands in the plan.
    """
    progress = on_progress or _silent
    plan = ImportPlan(today=today, user=user)
    for number, (name, content) in enumerate(files):
        progress(f"读取 {name}", number, len(files))
        _read_file(plan, number, name, content, year)
    for sheet in SHEETS:
        plan.rows[sheet.name] = [
            row
            for table in plan.tables
            if table.declaration is sheet and not table.faults
            for row in table.rows
        ]
    _plan_ledgers(plan, progress)
    _refuse_dependants(plan)
    _count(plan)
    plan.digest = _digest(plan)
    return plan


def _silent(_phase: str, _done: int, _total: int) -> None:
    pass


def _read_file(plan: ImportPlan, number: int, name: str, content: bytes, year) -> None:
    try:
        sheets = read_workbook(content)
    except UnreadableWorkbook as fault:
        _refuse_file(plan, name, str(fault))
        return
    recognised, hints = False, []
    for place, cells in enumerate(sheets):
        table = recognise(cells, file=name, number=f"{number}:{place}")
        if table is None:
            hint = "" if cells.name.strip() in SUMMARIES else nearly(cells)
            hints.append(hint)
            result = SheetResult(name, cells.name)
            result.notes.append(Problem(0, "", "", hint or "不是可导入的台账，没有读取"))
            plan.sheets.append(result)
            continue
        recognised = True
        _read_table(plan, table, cells, year)
    if not recognised:
        expected = "、".join(sheet.name for sheet in SHEETS)
        hint = next(filter(None, hints), f"请核对表头，可导入的台账：{expected}")
        _refuse_file(plan, name, f"没有认出台账：{hint}")


def _refuse_file(plan: ImportPlan, name: str, reason: str) -> None:
    result = SheetResult(name, "")
    result.problems.append(Problem(0, "", "", reason))
    plan.sheets.append(result)
    plan.faults += 1


def _read_table(plan: ImportPlan, table: Table, cells, year: int | None) -> None:
    result = SheetResult(table.file, table.sheet, table.declaration.name)
    result.unknown_columns = table.unknown_columns
    table.result = result
    if table.declaration is DUES and year:
        if table.year and table.year != year:
            reason = f"表上写的是 {table.year} 年，按表上的年度导入"
            result.notes.append(Problem(table.header_row, "", str(year), reason))
        table.year = table.year or year
    elif table.declaration in _YEARLY:
        table.year = table.year or year
    read_rows(table, cells)
    if table.declaration is DUES:
        refuse_without_year(table)
    plan.tables.append(table)
    plan.sheets.append(result)


def _plan_ledgers(plan: ImportPlan, progress: Progress) -> None:
    """Each ledger after those it looks into: places, people, money, meetings, tasks."""
    county = County(user=plan.user, today=plan.today)
    total = sum(map(len, plan.rows.values()))
    done = 0
    plan.branches, plan.members = Branches(county), Members(county)
    plan.dues, plan.meetings, plan.tasks = Dues(county), Meetings(county), Tasks(county)
    plan.posts = Posts(county, plan.branches)
    plan.developments, plan.transfers = Developments(county), Transfers(county)
    plan.further = tuple((sheet, make(county)) for sheet, make in FURTHER_PLANNERS)
    for sheet, planner in (
        (BRANCHES, plan.branches),
        (MEMBERS, plan.members),
        (DUES, plan.dues),
        (MEETINGS, plan.meetings),
        (TASKS, plan.tasks),
        (POSTS, plan.posts),
        (DEVELOPMENT, plan.developments),
        (TRANSFERS, plan.transfers),
        *plan.further,
    ):
        rows = plan.rows[sheet.name]
        if sheet is ATTENDANCE:
            planner.beside(plan.rows[MEETINGS.name])
        if rows:
            progress(f"核对{sheet.name}", done, total)
            planner.plan(rows)
            done += len(rows)
        if sheet is MEMBERS:
            plan.branches.plan_secretaries()
            plan.members.plan_links(plan.rows[MEMBERS.name])
    progress("核对完成", total, total)


def _refuse_dependants(plan: ImportPlan) -> None:
    """Refuse rows that need a row which is refused itself."""

    def blocked(row: Row, on_the_way: frozenset[Row] = frozenset()) -> bool:
        for needed in row.needs - on_the_way:
            if needed.problems or blocked(needed, on_the_way | {row}):
                if not row.problems:
                    reason = f"要先更正{needed.place_from(row)}（{needed.table.declaration.name} {needed.label}）"
                    row.refuse("", reason)
                break
        return bool(row.problems)

    for rows in plan.rows.values():
        for row in rows:
            if row.needs:
                blocked(row)


def _count(plan: ImportPlan) -> None:
    """Fill in the results, and let go of cells that nobody asks for again."""
    for table in plan.tables:
        result = table.result
        result.read = len(table.rows)
        if table.faults:
            result.problems += table.faults
            result.refused = result.read
            plan.faults += not result.read
            table.rows = []
        for row in table.rows:
            outcome = str(row.outcome)
            setattr(result, outcome, getattr(result, outcome) + 1)
            result.problems += row.problems
            result.notes += row.notes
            if not row.problems:
                row.cells = []


def _digest(plan: ImportPlan) -> str:
    """One number for everything that would be written: the same files, the same plan."""
    digest = hashlib.sha256()
    for table in plan.tables:
        for row in table.rows:
            if row.outcome == SAME:
                continue
            # Notes say from which day on something holds.
            facts = (row.key, row.outcome, row.values, row.changes, row.hidden)
            digest.update(repr((*facts, row.problems, row.notes)).encode())
    return digest.hexdigest()


def rows_to_write(plan: ImportPlan, skip: frozenset[str]) -> dict[str, list[Row]]:
    """New and changed rows by ledger, without those skipped."""
    return {
        name: [
            row
            for row in rows
            if row.outcome in (Outcome.NEW, Outcome.CHANGED) and row.key not in skip
        ]
        for name, rows in plan.rows.items()
    }
