"""The yearly ledger 党费台账 of an organisation: matrix, entries, arrears, sums, notes."""

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

from branches.bulk import batched
from branches.models import Kind, Organisation
from branches.words import full_date
from dues import sums
from dues.arrears import Ladder, in_arrears
from ledgers.exports import entries
from ledgers.exports.columns import columns
from ledgers.exports.dues import dues_rows, headings, last_memberships
from ledgers.exports.ledger import OnProgress, Report, fill, nobody
from ledgers.exports.notes import Making
from ledgers.exports.scope import YearScope
from ledgers.exports.services import Refused
from ledgers.exports.workbook import CellKind, Column, Workbook
from ledgers.exports.year_book import NOTES, close_with_notes, export_year_book, note_rows, title_of
from ledgers.exports.year_book import file_name as year_file_name
from ledgers.keys import HEADING
from ledgers.sheets import DUES, DUES_ARREARS, DUES_ENTRIES, DUES_SUMS
from members.models import Member

NAME = "党费台账"
# A sheet takes 1,048,576 rows, its heading among them.
MOST_ENTRIES = 1_000_000
_PORTION = 5000

ARREARS_COLUMNS = [
    Column("党支部编码"),
    Column("所在党支部", width=34),
    Column("姓名"),
    Column("公民身份号码", width=22),
    Column("欠缴起月"),
    Column("欠缴止月"),
    Column("连续月数", CellKind.COUNT),
    Column("欠缴金额", CellKind.AMOUNT),
    Column("提示"),
]
SUM_COLUMNS = [
    Column("编码"),
    Column("单位", width=34),
    Column("上级编码"),
    Column("组织类别"),
    Column("应缴人次", CellKind.COUNT),
    Column("缴清人次", CellKind.COUNT),
    Column("应缴(元)", CellKind.AMOUNT),
    Column("实缴(元)", CellKind.AMOUNT),
    Column("其中补交", CellKind.AMOUNT),
    Column("未缴(元)", CellKind.AMOUNT),
    Column("差额", CellKind.AMOUNT),
    Column("已上缴", CellKind.AMOUNT),
    Column("其中已确认", CellKind.AMOUNT),
    Column("留在支部", CellKind.AMOUNT),
]
_MEANINGS = [
    (
        "表：党费",
        "每名党员一行，列在本年最后所在的支部；1月至12月是记在该月名下的实缴（含在别的支部交的，减去冲正）。"
        "没有核定月应缴、也没有缴费的党员不列。",
    ),
    (
        "表：党费明细",
        "本年各月的每一笔收缴和冲正、每一次应缴调整；启用党费台账那一年还有期初欠缴。更正是一笔冲正加一笔新的收缴，"
        "“冲正编号”指出冲掉的是哪一笔。收缴和冲正的合计就是实缴。",
    ),
    (
        "表：欠缴名单",
        "数据截至日在册、到上个月为止连续没有交过党费的党员；免缴和没有应缴的月份不计，交过一部分的月份不算欠。",
    ),
    (
        "表：党费汇总",
        "本组织及以下每个组织一行，上级的数含它以下的全部，所以不能整列相加；下级之和等于上级。",
    ),
    (
        "再次导入",
        "“党费”一张表改好后可直接导入，其余各表只供查看。最右的隐藏列用来认出每一行，请保留。",
    ),
    ("号码", "公民身份号码只显示部分数字；原样导入视为没有变化。"),
]


def write_book(
    scope: YearScope,
    path: Path,
    *,
    folder: Path,
    making: Making,
    on_progress: OnProgress = nobody,
) -> str:
    """Write the workbook to `path` and return its content hash; `folder` takes unfinished sheets."""
    count = entries.entry_count(scope)
    if count > MOST_ENTRIES:
        raise Refused(f"明细有 {count:,} 笔，一张表放不下，请按镇街分别导出")
    book = Workbook(path, folder, f"{scope.organisation.code} {scope.year} 党费")
    matrix = book.add_sheet(DUES.name, columns(headings(scope)), key_heading=HEADING)
    sheets = [
        (DUES_ENTRIES, entries.COLUMNS, entries.entry_rows(scope)),
        (DUES_ARREARS, ARREARS_COLUMNS, arrears_rows(scope)),
        (DUES_SUMS, SUM_COLUMNS, sum_rows(scope)),
    ]
    pages = [book.add_sheet(name, heads) for name, heads, _rows in sheets]
    report = Report(on_progress, count + last_memberships(scope).count())
    fill(matrix, DUES, dues_rows(scope, full_numbers=False), report)
    for page, (name, _heads, rows) in zip(pages, sheets, strict=True):
        for row in rows:
            page.add(row)
            report.row(name)
    content_hash = book.hash
    on_progress(report.rows, report.rows, NOTES)
    close_with_notes(
        book,
        note_rows(scope, making, content_hash, facts=_facts(scope), meanings=_meanings()),
        title=title_of(scope.name, scope.year, NAME),
        by=making.by,
    )
    return content_hash


def arrears_rows(scope: YearScope) -> Iterator[list]:
    """Who has paid nothing for how many months up to the day, longest first."""
    ladder = Ladder.on(scope.day)
    # One month in a row is worth a line, whatever the county reminds of.
    found = in_arrears(scope.organisations, scope.day, at_least=1)
    for some in batched(found, _PORTION):
        masks = dict(
            Member.objects.filter(pk__in=[one.member_id for one in some]).values_list(
                "pk", "id_number_mask"
            )
        )
        for one in some:
            step = ladder.step(len(one.months))
            yield [
                *scope.codes[one.organisation_id],
                one.name,
                masks[one.member_id],
                f"{one.months[0]:%Y-%m}",
                f"{one.months[-1]:%Y-%m}",
                len(one.months),
                one.amount,
                step.label if step else "",
            ]


def sum_rows(scope: YearScope) -> Iterator[list]:
    """The organisation and everything below it, each with what is below it included."""
    lines = sums.tree([scope.path], scope.year, day=scope.day, until=scope.until)
    codes: dict[str, tuple[str, ...]] = {}
    for line in lines:
        above = codes[line.above.path] if line.above else ()
        codes[line.path] = (*above, line.code)
    kinds = dict(Kind.choices)
    for line in sorted(lines, key=lambda line: codes[line.path]):
        total = line.total
        if not line.stood and total.is_nothing:
            continue
        yield [
            line.code,
            line.name,
            line.above.code if line.above else "",
            kinds.get(line.kind, ""),
            total.due,
            total.full,
            total.charged,
            total.paid,
            total.late,
            total.unpaid,
            total.over,
            total.remitted,
            total.confirmed,
            total.kept,
        ]


def _facts(scope: YearScope) -> Iterable[list]:
    yield ["隶属关系和名册", f"按{full_date(scope.day)}"]
    yield ["收款截至", full_date(scope.until)]
    yield ["号码显示", "部分隐藏"]


def _meanings() -> Iterable[tuple[str, str]]:
    yield from _MEANINGS
    for heading, meaning in sums.HOW:
        yield f"指标：{heading}", meaning


def export_dues_book(
    *,
    organisation: Organisation,
    year: int,
    today: datetime.date,
    by,
    path: Path,
    folder: Path,
    on_progress: OnProgress = nobody,
) -> str:
    """Write the year's dues ledger to `path`, leave a line in the trail, return the content hash.

    Numbers are masked. Refuses what `export_year_book` refuses, and more entries than a sheet
    holds.
    """
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
        numbers="部分隐藏",
    )


def file_name(organisation: Organisation, year: int) -> str:
    return year_file_name(organisation, year, NAME)
