"""The yearly ledger 三会一课台账 of an organisation: plan, meetings, attendance, study, appraisal."""

import datetime
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from branches.models import Organisation
from branches.words import full_date
from ledgers.exports.appraisals import appraisal_rows
from ledgers.exports.attendance import blocks, widest
from ledgers.exports.columns import columns
from ledgers.exports.ledger import OnProgress, Report, fill, nobody
from ledgers.exports.meetings import meeting_rows
from ledgers.exports.names import CellNames
from ledgers.exports.notes import Making
from ledgers.exports.scope import YearScope
from ledgers.exports.study import HOURS_COLUMNS, course_rows, hours_rows, make_up_rows
from ledgers.exports.talks import talk_rows
from ledgers.exports.workbook import Blocks, CellKind, Workbook
from ledgers.exports.year_book import (
    NOTES,
    add_data,
    add_plain,
    close_with_notes,
    export_year_book,
    headings,
    note_rows,
    title_of,
)
from ledgers.exports.year_book import file_name as year_file_name
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
from ledgers.sheets.meetings import LATE
from meetings.models import Attendance, Meeting
from meetings.overview import HOW

NAME = "三会一课台账"
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
        MEETINGS.name, columns([*headings(MEETINGS), LATE]), key_heading=HEADING
    )
    fill(meetings, MEETINGS, meeting_rows(scope, names), report)
    _write_attendance(book, scope, names, report)
    add_plain(book, STUDY_HOURS, HOURS_COLUMNS, hours_rows(scope, names), report)
    for declared, rows in (
        (COURSES, course_rows),
        (MAKE_UPS, make_up_rows),
        (PLANS, plan_rows),
    ):
        add_data(book, declared, rows(scope, names), report)
    overview = columns(headings(YEAR_OVERVIEW))
    add_plain(book, YEAR_OVERVIEW.name, _as_text(overview), overview_rows(scope), report)
    for declared, rows in ((APPRAISALS, appraisal_rows), (TALKS, talk_rows)):
        add_data(book, declared, rows(scope, names), report)
    content_hash = book.hash
    on_progress(report.rows, report.rows, NOTES)
    close_with_notes(
        book,
        note_rows(
            scope,
            making,
            content_hash,
            facts=[["数据截至", full_date(scope.day)]],
            meanings=_meanings(),
        ),
        title=title_of(scope.name, scope.year, NAME),
        by=making.by,
    )
    return content_hash


def _as_text(shown: list) -> list:
    """The months hold days here, which are no sums."""
    return [
        replace(column, kind=CellKind.TEXT, width=10) if column.kind is CellKind.AMOUNT else column
        for column in shown
    ]


def _write_attendance(book: Workbook, scope: YearScope, names: CellNames, report: Report) -> None:
    lead = columns(headings(ATTENDANCE))
    page: Blocks = book.add_blocks(ATTENDANCE.name, lead, widest(scope), HEADING)
    known = ATTENDANCE.by_heading
    for block in blocks(scope, names):
        heads = [*headings(ATTENDANCE), *block.headings]
        page.head(heads)
        for row in block.rows:
            # Everything is printed, also that somebody was not expected.
            values = {heading: row.values.get(heading) for heading in heads}
            shown = [known[heading].show(values[heading]) for heading in heads]
            page.add(shown, key=ATTENDANCE.row_key(row.pk, values))
            report.row(ATTENDANCE.name)


def _meanings() -> Iterable[tuple[str, str]]:
    yield from _MEANINGS
    for heading, meaning in HOW:
        yield f"表：年度开展情况·{heading}", meaning


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
    """Write the year's ledger to `path`, leave a line in the trail, return the content hash."""
    return export_year_book(
        write_book,
        NAME,
        organisation=organisation,
        year=year,
        today=today,
        by=by,
        path=path,
        folder=folder,
        on_progress=on_progress,
    )


def file_name(organisation: Organisation, year: int) -> str:
    return year_file_name(organisation, year, NAME)
