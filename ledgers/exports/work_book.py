"""The yearly ledger 工作任务台账 of an organisation: rectification and the work that fills it."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from branches.models import Organisation
from branches.words import full_date
from ledgers.exports.campaigns import measure_rows
from ledgers.exports.coverage import coverage_rows
from ledgers.exports.inspections import finding_rows
from ledgers.exports.ledger import OnProgress, Report, nobody
from ledgers.exports.names import CellNames
from ledgers.exports.notes import Making
from ledgers.exports.plus import plus_rows
from ledgers.exports.scope import YearScope
from ledgers.exports.streams import Row
from ledgers.exports.tasks import task_rows
from ledgers.exports.weak import weak_rows
from ledgers.exports.work_lists import LISTS, list_columns, list_rows
from ledgers.exports.workbook import Workbook
from ledgers.exports.year_book import (
    NOTES,
    add_data,
    add_plain,
    close_with_notes,
    export_year_book,
    note_rows,
    title_of,
)
from ledgers.exports.year_book import file_name as year_file_name
from ledgers.sheets import COVERAGE, INSPECTIONS, MEASURES, PLUS, TASKS, WEAK
from ledgers.sheets.columns import Sheet as Declared
from tasks.models import Task

NAME = "工作任务台账"


@dataclass(frozen=True)
class Part:
    """A data sheet of another subject: its declaration, its rows and what they mean."""

    declared: Declared
    rows: Callable[..., Iterator[Row]]
    meaning: str
    # Whether the rows name members.
    named: bool = False


# After 整改 and the three lists, in the order of the workbook.
PARTS: tuple[Part, ...] = (
    Part(
        MEASURES,
        measure_rows,
        "本年度已印发的工作方案，各项措施和按数据截至日的任务数；草稿不列。只有草稿能用表格增改措施。",
    ),
    Part(PLUS, plus_rows, "各支部本年度党建+（1+3+X）的项目，和年度成效。"),
    Part(
        WEAK,
        weak_rows,
        "截至数据截至日已认定、本年以前没有结束的整顿；提出而没有认定的不列。名单由县委组织部导入："
        "新的一行是一次认定；测评、月进展、验收和巩固期由系统得出，不能用表格修改。",
    ),
    Part(INSPECTIONS, finding_rows, "督查发现的问题；转为整改任务的另见“整改”表。"),
    Part(
        COVERAGE,
        coverage_rows,
        "在册的社会组织和最近一次摸底；两种党员人数分列。",
        named=True,
    ),
)

_MEANINGS = [
    (
        "表：整改",
        "数据截至日以前建账的任务，本年以前已销号的除外，已撤销的不列。时限、进度和销号按数据截至日；延期、重新挂账以后的不算。",
    ),
    ("表：问题清单、责任清单、整改清单", "由“整改”表的同一批任务生成，只供查看和打印，不导入。"),
    (
        "表：整改清单·1月至12月",
        "本年各月填写的进展，和申请销号、核查、退回、销号、重新挂账的日期。",
    ),
]
_AGAIN = (
    "再次导入",
    "改好后可直接导入；空白单元格不改动原有内容，要清空请写“(清空)”。销号、延期只有核查的上级能改，"
    "须经县级核查的由县级销号。最右的隐藏列用来认出每一行，请保留。",
)
_NUMBERS = ("号码", "本台账没有公民身份号码和手机号码。")


def sheet_rows(scope: YearScope) -> int:
    """About how many rows there will be: each task in four sheets."""
    return 4 * Task.objects.filter(organisation__in=scope.organisations).count()


def write_book(
    scope: YearScope,
    path: Path,
    *,
    folder: Path,
    making: Making,
    on_progress: OnProgress = nobody,
) -> str:
    """Write the workbook to `path` and return its content hash; `folder` takes unfinished sheets."""
    book = Workbook(path, folder, f"{scope.organisation.code} {scope.year} 工作任务")
    report = Report(on_progress, sheet_rows(scope))
    first = datetime.date(scope.day.year, 1, 1)
    add_data(book, TASKS, task_rows(scope, since=first), report)
    for form in LISTS:
        add_plain(book, form.title, list_columns(form), list_rows(scope, form), report)
    names = CellNames(scope.organisations) if any(part.named for part in PARTS) else None
    for part in PARTS:
        rows = part.rows(scope, names) if part.named else part.rows(scope)
        add_data(book, part.declared, rows, report)
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


def _meanings() -> Iterator[tuple[str, str]]:
    yield from _MEANINGS
    for part in PARTS:
        yield f"表：{part.declared.name}", part.meaning
    names = "”“".join([TASKS.name, *(part.declared.name for part in PARTS)])
    yield _AGAIN[0], f"“{names}”{_AGAIN[1]}"
    yield _NUMBERS


def export_work_book(
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
