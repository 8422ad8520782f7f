"""The yearly ledger 三会一课台账 of an organisation: plan, meetings, attendance, study, appraisal."""

import datetime
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from django.utils import timezone

from accounts import trail
from branches.models import Organisation
from branches.periods import Period
from branches.words import full_date
from ledgers.exports.appraisals import appraisal_rows
from ledgers.exports.attendance import blocks, widest
from ledgers.exports.columns import columns
from ledgers.exports.dues_book import YearScope, year_scope
from ledgers.exports.ledger import OnProgress, Report, fill, nobody
from ledgers.exports.meetings import meeting_rows
from ledgers.exports.names import CellNames
from ledgers.exports.notes import COLUMNS as NOTE_COLUMNS
from ledgers.exports.notes import Making
from ledgers.exports.scope import NothingToShow
from ledgers.exports.services import AREA, Refused, may_export
from ledgers.exports.study import HOURS_COLUMNS, course_rows, hours_rows, make_up_rows
from ledgers.exports.talks import talk_rows
from ledgers.exports.workbook import Blocks, CellKind, Sheet, Workbook
from ledgers.exports.year_overview import overview_rows
from ledgers.exports.year_plans import plan_rows
from ledgers.keys import HEADING
from ledgers.sheets import (
    APPRAISALS,
    ATTENDANCE,
    COURSES,
    MAKE_UPS,
    MEETINGS,
    PLANS,
    STUDY_HOURS,
    TALKS,
    YEAR_OVERVIEW,
)
from ledgers.sheets.columns import Sheet as Declared
from ledgers.sheets.meetings import LATE
from meetings.models import Attendance, Meeting
from meetings.overview import HOW

NOTES = "说明"
_MEANINGS = [
    (
        "表：三会一课",
        "本年召开的会议。所属年度只有组织生活会和民主评议有；补录是会后过了期限或到下个月才登记的。",
    ),
    (
        "表：考勤",
        "每个支部一块：左边是这一年各次会议应到的党员，上面是会议的日期和类型。空白是不在这次会议的名单里；"
        "“补学”是事后补了学，另见“补学”表。",
    ),
    (
        "表：学时",
        "数据截至日在册的党员。会议学时是到会的，补学和培训另计，都跟着本人走，不分在哪个支部取得。"
        "现任书记、委员按书记委员的标准；豁免期内的不算差额。",
    ),
    ("表：培训、补学", "培训计在结束日那一年，一人一行；补学随所补的会议。"),
    ("表：年度计划", "计划里没有取消的事项。只定到月的不写时间。计划不算已召开。"),
    ("表：民主评议", "本评议年度的结果。预备党员参加评议，不评定等次。"),
    ("表：谈心谈话", "日期、关系和人员。谈话内容不导出。"),
    (
        "再次导入",
        "“三会一课”“考勤”“年度计划”“民主评议”“培训”“补学”“谈心谈话”改好后可直接导入；空白单元格不改动原有内容，"
        "要清空请写“(清空)”。“年度开展情况”导入时只核对，不写入；“学时”只供查看。最右的隐藏列用来认出每一行，请保留。",
    ),
    ("号码", "本台账没有公民身份号码；同一支部有同名党员的，姓名后写证件号末四位或出生年月。"),
]


def sheet_rows(scope: YearScope) -> int:
    """About how many rows there will be."""
    first = datetime.date(scope.day.year, 1, 1)
    held = Meeting.objects.held(first, scope.day).filter(organisation__in=scope.organisations)
    return held.count() + Attendance.objects.filter(meeting__in=held).count() // 10


def write_book(
    scope: YearScope,
    path: Path,
    *,
    folder: Path,
    making: Making,
    on_progress: OnProgress = nobody,
) -> str:
    """Write the workbook to `path` and return its content hash; `folder` takes unfinished sheets."""
    names = CellNames(scope.organisations)
    book = Workbook(path, folder, f"{scope.organisation.code} {scope.year} 三会一课")
    report = Report(on_progress, sheet_rows(scope))
    meetings = book.add_sheet(
        MEETINGS.name, columns([*_headings(MEETINGS), LATE]), key_heading=HEADING
    )
    fill(meetings, MEETINGS, meeting_rows(scope, names), report)
    _write_attendance(book, scope, names, report)
    _write_plain(book, STUDY_HOURS, HOURS_COLUMNS, hours_rows(scope, names), report)
    for declared, rows in (
        (COURSES, course_rows),
        (MAKE_UPS, make_up_rows),
        (PLANS, plan_rows),
    ):
        page = book.add_sheet(declared.name, columns(_headings(declared)), key_heading=HEADING)
        fill(page, declared, rows(scope, names), report)
    overview = columns(_headings(YEAR_OVERVIEW))
    _write_plain(book, YEAR_OVERVIEW.name, _as_text(overview), overview_rows(scope), report)
    for declared, rows in ((APPRAISALS, appraisal_rows), (TALKS, talk_rows)):
        page = book.add_sheet(declared.name, columns(_headings(declared)), key_heading=HEADING)
        fill(page, declared, rows(scope, names), report)
    content_hash = book.hash
    notes = book.add_sheet(NOTES, NOTE_COLUMNS)
    for row in _notes(scope, making, content_hash):
        notes.add(row)
    on_progress(report.rows, report.rows, NOTES)
    book.close(title=title_of(scope.name, scope.year), author=making.by)
    return content_hash


def _headings(declared: Declared) -> list[str]:
    return [column.heading for column in declared.columns]


def _as_text(shown: list) -> list:
    """The months hold days here, which are no sums."""
    return [
        replace(column, kind=CellKind.TEXT, width=10) if column.kind is CellKind.AMOUNT else column
        for column in shown
    ]


def _write_plain(book: Workbook, name: str, heads: list, rows: Iterable[list], report) -> None:
    page: Sheet = book.add_sheet(name, heads)
    for row in rows:
        page.add(row)
        report.row(name)


def _write_attendance(book: Workbook, scope: YearScope, names: CellNames, report: Report) -> None:
    lead = columns(_headings(ATTENDANCE))
    page: Blocks = book.add_blocks(ATTENDANCE.name, lead, widest(scope), HEADING)
    known = ATTENDANCE.by_heading
    for block in blocks(scope, names):
        headings = [*_headings(ATTENDANCE), *block.headings]
        page.head(headings)
        for row in block.rows:
            # Everything is printed, also that somebody was not expected.
            values = {heading: row.values.get(heading) for heading in headings}
            shown = [known[heading].show(values[heading]) for heading in headings]
            page.add(shown, key=ATTENDANCE.row_key(row.pk, values))
            report.row(ATTENDANCE.name)


def _notes(scope: YearScope, making: Making, content_hash: str) -> Iterable[list]:
    """The rows of 说明. Nothing here enters the content hash."""
    yield ["组织", scope.name]
    yield ["组织编码", scope.organisation.code]
    yield ["年度", scope.year.label]
    yield ["数据截至", full_date(scope.day)]
    yield ["生成时间", f"{making.at:%Y-%m-%d %H:%M}"]
    yield ["生成人", making.by]
    yield ["内容校验码", content_hash]
    yield ["校验码说明", "由各数据表的内容算出，与生成时间、生成人无关；内容相同，校验码相同。"]
    for heading, meaning in _MEANINGS:
        yield [heading, meaning]
    for heading, meaning in HOW:
        yield [f"表：年度开展情况·{heading}", meaning]


def title_of(name: str, year: Period) -> str:
    return f"{name}{year.label}三会一课台账"


def export_meetings_book(
    *,
    organisation: Organisation,
    year: int,
    today: datetime.date,
    by,
    path: Path,
    folder: Path,
    on_progress: OnProgress = nobody,
) -> str:
    """Write the year's ledger to `path`, leave a line in the trail, return the content hash.

    `by` None is the one at the server's keyboard. Refuses who has no right, and a year that is
    not there.
    """
    if by is not None:
        may_export(by, organisation, full_numbers=False)
    try:
        scope = year_scope(organisation, year, today)
    except NothingToShow as nothing:
        raise Refused(str(nothing)) from nothing
    making = Making(str(by or trail.SYSTEM), timezone.localtime())
    content_hash = write_book(scope, path, folder=folder, making=making, on_progress=on_progress)
    trail.record(
        by=by,
        action="导出三会一课台账",
        area=AREA,
        label=title_of(organisation.name, scope.year),
        organisation_id=organisation.pk,
        after={"年度": str(year), "内容校验码": content_hash},
    )
    return content_hash


def file_name(organisation: Organisation, year: int) -> str:
    return f"{organisation.short_name}{year}年三会一课台账.xlsx"
