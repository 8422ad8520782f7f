"""What happens to workbooks that come in: planned, written, handed back with what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from branches.bulk import refresh_statistics
from ledgers.imports.correcting import refused_workbook
from ledgers.imports.planning import ImportPlan, plan_import, rows_to_write
from ledgers.imports.results import Row
from ledgers.imports.writing import Writing
from ledgers.models import Outcome
from ledgers.sheets import (
    BRANCHES,
    DEVELOPMENT,
    DUES,
    MEETINGS,
    MEMBERS,
    POSTS,
    TASKS,
    TRANSFERS,
)

# From so many rows on the database counts its tables anew.
_MANY_ROWS = 1000
_MOVED = "核对以后系统里的数据又有变动，一行也没有写入，请重新核对后再导入"

__all__ = [
    "ImportPlan",
    "ImportRefused",
    "ImportResult",
    "plan_import",
    "refused_workbook",
    "write_import",
]


class ImportRefused(Exception):
    """Nothing was written; the message says why and what to do."""


@dataclass(frozen=True)
class ImportResult:
    """How many rows were written, left as they were, and left out."""

    new: int
    changed: int
    same: int
    refused: int
    skipped: int


def write_import(
    plan: ImportPlan,
    *,
    by,
    skip: frozenset[str] = frozenset(),
    accept_valid: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> ImportResult:
    """Write everything a plan found, in one transaction, with its trail.

    `skip` holds keys of planned lines that are left out. Refuses a plan with refused rows unless
    `accept_valid`, a skipped row that another needs, and a database that has changed since.
    """
    if plan.refused and not accept_valid:
        raise ImportRefused(
            f"有 {plan.refused} 处需要更正，一行也没有写入。请更正后重新导入，或选择只导入正确的行"
        )
    rows = rows_to_write(plan, skip)
    _refuse_missing(rows, skip)
    plan.members.seal(rows[MEMBERS.name])
    try:
        with transaction.atomic():
            _refuse_moved(plan, rows)
            _write(plan, rows, Writing(by=by, today=plan.today), on_progress)
    except IntegrityError:
        raise ImportRefused(_MOVED) from None
    written = [row for chosen in rows.values() for row in chosen]
    if len(written) >= _MANY_ROWS:
        refresh_statistics()
    new = sum(row.is_new for row in written)
    return ImportResult(
        new=new,
        changed=len(written) - new,
        same=plan.total("same"),
        refused=plan.refused,
        skipped=plan.total(Outcome.NEW) + plan.total(Outcome.CHANGED) - len(written),
    )


def _refuse_missing(rows: dict[str, list[Row]], skip: frozenset[str]) -> None:
    """Refuse to leave out a row that a chosen one needs."""
    if not skip:
        return
    for chosen in rows.values():
        for row in chosen:
            for needed in row.needs:
                if needed.key in skip:
                    raise ImportRefused(
                        f"“{row.table.sheet}”第 {row.number} 行（{row.label}）要用到没有勾选的"
                        f"“{needed.table.sheet}”第 {needed.number} 行（{needed.label}），"
                        "请一起勾选，或两行都不选"
                    )


def _refuse_moved(plan: ImportPlan, rows: dict[str, list[Row]]) -> None:
    """Lock what will be written, and refuse a plan made from what is stored no longer."""
    paying = rows[DUES.name]
    if (
        plan.members.hold(rows[MEMBERS.name], plan.dues.touched(paying))
        or plan.dues.moved(paying)
        or plan.meetings.hold(rows[MEETINGS.name])
        or plan.tasks.hold(rows[TASKS.name])
        or plan.posts.hold(rows[POSTS.name])
        or plan.developments.hold(rows[DEVELOPMENT.name])
        or plan.transfers.hold(rows[TRANSFERS.name])
        or any(planner.hold(rows[sheet.name]) for sheet, planner in plan.further)
    ):
        raise ImportRefused(_MOVED)


def _write(plan: ImportPlan, rows: dict[str, list[Row]], writing: Writing, on_progress) -> None:
    """Each ledger after those it points at; posts when the members have their keys."""
    total = sum(map(len, rows.values()))
    done = 0
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
        chosen = rows[sheet.name]
        if on_progress:
            on_progress(f"写入{sheet.name}", done, total)
        if chosen:
            planner.write(chosen, writing)
        if sheet is MEMBERS:
            plan.branches.write_secretaries(rows[BRANCHES.name])
        done += len(chosen)
    writing.finish()
    if on_progress:
        on_progress("写入完成", total, total)
