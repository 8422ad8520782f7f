"""The import in a browser: files received, checked, previewed, confirmed, written, done with.

What was uploaded lies encrypted until the batch is over. Checking can be repeated at any time;
writing happens once, in one transaction, and only of what the preview showed.
"""

import datetime
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Case, IntegerField, Value, When
from django.urls import reverse
from django.utils import timezone

from accounts.encryption import decrypt_bytes, encrypt_bytes
from accounts.models import User
from jobs.models import Job, JobState
from jobs.services import start_job, stop_job
from ledgers.models import BatchState, ImportBatch, ImportFile, ImportLine, Outcome
from ledgers.reading import LARGEST_CONTENT, UNSOUND
from ledgers.services import ImportPlan, plan_import, refused_workbook, write_import
from ledgers.sheets import DUES

# Above this many rows a check or a write is a job; below, the person waits for it.
ROWS_AT_ONCE = 2000
CHECK, WRITE = "import_check", "import_write"
FILES_KEPT = datetime.timedelta(days=7)
# The rows that were refused, kept with the batch under a name no upload can have.
REFUSED_ROWS = "/需更正的行.xlsx"
# One transaction reports nothing while it writes; a county's yearly ledgers take minutes.
_WRITE_LEASE = datetime.timedelta(minutes=30)
_PIECE = 64 * 1024

CHANGED_MEANWHILE = "核对以后台账有了变动，下面是重新核对的结果，什么也没有写入。请看过后再确认。"
# Lines with a tick box.
WRITTEN = (Outcome.NEW, Outcome.CHANGED)
GROUPS = (Outcome.REFUSED, Outcome.NEW, Outcome.CHANGED, Outcome.NOTE)

OnProgress = Callable[[str, int, int], None]


class NotNow(Exception):
    """The batch is not in a state for that; the message is for its maker."""


@transaction.atomic
def receive(
    uploads: Iterable[tuple[str, bytes]], *, by: User, year: int | None = None
) -> ImportBatch:
    """Store workbooks encrypted as one batch that waits to be checked."""
    batch = ImportBatch.objects.create(created_by=by, year=year)
    taken: set[str] = set()
    for name, content in uploads:
        _keep_file(batch, _unlike(taken, name), content)
    return batch


def rows_in(content: bytes, enough: int = ROWS_AT_ONCE + 1) -> int:
    """About how many rows a workbook has, counted only up to `enough`; 0 for what is none."""
    rows = unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                    continue
                with archive.open(name) as page:
                    tail = b""
                    while rows < enough and (piece := page.read(_PIECE)):
                        unpacked += len(piece)
                        if unpacked > LARGEST_CONTENT:
                            # Refused by the check, in words.
                            return rows
                        rows += (tail + piece).count(b"<row ")
                        tail = piece[-4:]
    except UNSOUND:
        # What cannot be read is refused by the check, in words.
        return 0
    return rows


def begin_check(batch: ImportBatch, *, rows: int, today: datetime.date) -> None:
    """Check now, or as a job where that takes long."""
    if rows > ROWS_AT_ONCE:
        _start(batch, CHECK, "核对导入文件", BatchState.CHECKING)
    else:
        check(batch, today=today)


def check(
    batch: ImportBatch, *, today: datetime.date, on_progress: OnProgress | None = None
) -> ImportPlan:
    """Read and compare the files and store the preview; nothing of the ledgers is written."""
    plan = _plan(batch, today, on_progress)
    _store_preview(batch, plan)
    return plan


def keep_ticks(batch: ImportBatch, shown: set[int], accepted: set[int]) -> None:
    """Remember which of the lines shown are ticked."""
    lines = batch.lines.filter(pk__in=shown, outcome__in=WRITTEN)
    lines.filter(pk__in=accepted).update(chosen=True)
    lines.exclude(pk__in=accepted).update(chosen=False)


def set_year(batch: ImportBatch, year: int) -> None:
    """Say which year the dues sheets are about that do not say it; the batch is to be checked again."""
    if not ImportBatch.objects.filter(
        pk=batch.pk, state__in=(BatchState.CHECKED, BatchState.REFUSED)
    ).update(year=year, state=BatchState.CHECKING):
        raise NotNow("这个批次已经不能修改")
    batch.refresh_from_db()


def confirm(batch: ImportBatch, *, today: datetime.date) -> bool:
    """Write what is ticked, now or as a job. Returns False when the preview had to be made anew."""
    if batch.state != BatchState.CHECKED:
        raise NotNow("这个批次已经处理过了")
    if not batch.lines.filter(chosen=True, outcome__in=WRITTEN).exists():
        raise NotNow("没有勾选任何一行，没有导入")
    if rows_read(batch) > ROWS_AT_ONCE:
        _start(batch, WRITE, "导入台账", BatchState.WRITING)
        return True
    return write(batch, today=today)


def write(
    batch: ImportBatch,
    *,
    today: datetime.date,
    finish: Callable[[str], None] = lambda message: None,
) -> bool:
    """Plan again and, if the plan is the one that was shown, write what is ticked.

    All of it or nothing. Returns False, with a new preview stored, when the ledgers have changed
    since; raises ImportRefused when what is ticked does not hold together. `finish` is called at
    the end of the transaction; what it raises undoes everything.
    """
    plan = _plan(batch, today)
    if plan.digest != batch.digest:
        _store_preview(batch, plan, message=CHANGED_MEANWHILE)
        return False
    skip = _skipped(batch, plan)
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if locked.state not in (BatchState.CHECKED, BatchState.WRITING):
            raise NotNow("这个批次已经处理过了")
        write_import(plan, by=batch.created_by, skip=skip, accept_valid=True)
        batch.sheets = _sheets(plan, skip)
        batch.state, batch.message = BatchState.IMPORTED, ""
        batch.imported_at = timezone.now()
        batch.save(update_fields=["sheets", "state", "message", "imported_at"])
        batch.lines.all().delete()
        _remove_files(batch.files.exclude(name=REFUSED_ROWS))
        finish(_summary(batch))
    return True


@transaction.atomic
def abandon(batch: ImportBatch) -> None:
    """Give a batch up: files and preview are removed. An imported one stays as it is."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state in (BatchState.IMPORTED, BatchState.ABANDONED):
        return
    if batch.job and not batch.job.is_over:
        stop_job(batch.job)
    _give_up(batch)


def settle(batch: ImportBatch) -> None:
    """Put a batch whose write was stopped or has failed back to its preview, with the reason."""
    job = batch.job
    if batch.state != BatchState.WRITING or job is None or not job.is_over:
        return
    if job.state == JobState.DONE:
        batch.refresh_from_db()
        return
    ImportBatch.objects.filter(pk=batch.pk, state=BatchState.WRITING, job=job).update(
        state=BatchState.CHECKED, message=f"没有导入：{job.message}", job=None
    )
    batch.refresh_from_db()


def refused_rows(batch: ImportBatch) -> bytes | None:
    """The workbook of the rows that were refused, or None where there are none."""
    kept = batch.files.filter(name=REFUSED_ROWS).first()
    return _content(kept) if kept else None


def tidy(now: datetime.datetime) -> None:
    """Give up what nobody confirmed within a week, and remove what lies about from then."""
    old = now - FILES_KEPT
    for batch in ImportBatch.objects.filter(created_at__lt=old).exclude(
        state__in=(BatchState.IMPORTED, BatchState.ABANDONED)
    ):
        abandon(batch)
    with transaction.atomic():
        _remove_files(ImportFile.objects.filter(batch__created_at__lt=old))


def rows_read(batch: ImportBatch) -> int:
    """How many rows the check has read."""
    return sum(sheet["read"] for sheet in batch.sheets)


def preview(batch: ImportBatch):
    """The lines of the preview: what is refused, new, changed, worth a look; as in the files."""
    place = Case(
        *(When(outcome=outcome, then=Value(index)) for index, outcome in enumerate(GROUPS)),
        output_field=IntegerField(),
    )
    return batch.lines.annotate(place=place).order_by("place", "pk")


# --- Planning -----------------------------------------------------------------------------


def _plan(
    batch: ImportBatch, today: datetime.date, on_progress: OnProgress | None = None
) -> ImportPlan:
    files = [(kept.name, _content(kept)) for kept in batch.files.exclude(name=REFUSED_ROWS)]
    return plan_import(
        files, today=today, year=batch.year, user=batch.created_by, on_progress=on_progress
    )


def _store_preview(batch: ImportBatch, plan: ImportPlan, message: str = "") -> None:
    """Replace the preview; lines that were unticked and are still there stay unticked."""
    unticked = _unticked(batch)
    lines = _lines(batch, plan, unticked)
    workbook = refused_workbook(plan) if plan.refused else None
    nothing = not any(line.outcome in WRITTEN for line in lines)
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if locked.state in (BatchState.IMPORTED, BatchState.ABANDONED):
            raise NotNow("这个批次已经处理过了")
        batch.lines.all().delete()
        ImportLine.objects.bulk_create(lines, batch_size=500)
        _remove_files(batch.files.filter(name=REFUSED_ROWS))
        if workbook:
            _keep_file(batch, REFUSED_ROWS, workbook)
        batch.sheets = _sheets(plan)
        batch.digest, batch.message = plan.digest, message
        batch.state = BatchState.REFUSED if plan.refused and nothing else BatchState.CHECKED
        batch.save(update_fields=["sheets", "digest", "message", "state"])


def _lines(batch: ImportBatch, plan: ImportPlan, unticked: set) -> list[ImportLine]:
    lines = [
        ImportLine(
            batch=batch,
            file=line.file[:200],
            sheet=line.sheet[:100],
            row=line.row,
            outcome=line.outcome,
            label=line.label[:200],
            cells=line.cells,
            chosen=(line.file[:200], line.sheet[:100], line.row) not in unticked,
        )
        for line in plan.lines()
    ]
    told = {(line.file, line.sheet, line.row) for line in lines if line.outcome == Outcome.REFUSED}
    # Files and sheets that could not be read as a whole have no rows to stand beside.
    whole = [
        ImportLine(
            batch=batch,
            file=sheet.file[:200],
            sheet=sheet.sheet[:100],
            row=problem.row,
            outcome=Outcome.REFUSED,
            label=sheet.sheet[:100] or sheet.file[:200],
            cells=[{"column": problem.column, "value": problem.value, "reason": problem.reason}],
        )
        for sheet in plan.sheets
        for problem in sheet.problems
        if (sheet.file[:200], sheet.sheet[:100], problem.row) not in told
    ]
    return whole + lines


def _sheets(plan: ImportPlan, skip: frozenset[str] = frozenset()) -> list[dict]:
    """Counts and notes of each sheet, without the rows skipped; problems stand in the lines."""
    skipped = Counter(
        (line.file, line.sheet, line.outcome)
        for line in plan.lines()
        if line.key in skip and line.outcome in WRITTEN
    )
    yearless = {
        (table.file, table.sheet)
        for table in plan.tables
        if table.declaration is DUES and table.year is None and table.faults
    }
    sheets = []
    for sheet in plan.sheets:
        left_new, left_changed = (
            skipped[sheet.file, sheet.sheet, outcome] for outcome in (Outcome.NEW, Outcome.CHANGED)
        )
        sheets.append(
            sheet.as_json()
            | {
                "new": sheet.new - left_new,
                "changed": sheet.changed - left_changed,
                "skipped": left_new + left_changed,
                "problems": [],
                "needs_year": (sheet.file, sheet.sheet) in yearless,
            }
        )
    return sheets


def _unticked(batch: ImportBatch) -> set[tuple[str, str, int]]:
    """File, sheet and row of the lines that are not to be written."""
    lines = batch.lines.filter(chosen=False, outcome__in=WRITTEN)
    return set(lines.values_list("file", "sheet", "row"))


def _skipped(batch: ImportBatch, plan: ImportPlan) -> frozenset[str]:
    unticked = _unticked(batch)
    return frozenset(
        line.key
        for line in plan.lines()
        if line.outcome in WRITTEN and (line.file[:200], line.sheet[:100], line.row) in unticked
    )


def _summary(batch: ImportBatch) -> str:
    new = sum(sheet["new"] for sheet in batch.sheets)
    changed = sum(sheet["changed"] for sheet in batch.sheets)
    return f"新增 {new:,} 行，修改 {changed:,} 行"


# --- Jobs and files -------------------------------------------------------------------------


def _start(batch: ImportBatch, kind: str, title: str, state: str) -> None:
    with transaction.atomic():
        job = start_job(
            kind=kind,
            title=title,
            by=batch.created_by,
            parameters={"batch": batch.pk, "page": reverse("ledgers:batch", args=[batch.pk])},
        )
        # Of two clicks the second finds the state changed.
        if not ImportBatch.objects.filter(pk=batch.pk, state=batch.state).update(
            state=state, job=job, message=""
        ):
            raise NotNow("这个批次已经处理过了")
    batch.refresh_from_db()


def run_check(job: Job, progress, today: datetime.date) -> str:
    """The job of a check; returns what its panel says."""
    batch = ImportBatch.objects.get(pk=job.parameters["batch"])
    if batch.state == BatchState.CHECKING:
        check(batch, today=today, on_progress=_reporting(progress))
    return "核对完成"


def run_write(job: Job, progress, today: datetime.date) -> str:
    """The job of a write; done once, however often it is started."""
    batch = ImportBatch.objects.get(pk=job.parameters["batch"])
    if batch.state != BatchState.WRITING:
        return "已经处理过"
    # Nothing is reported from here on: inside the transaction nobody would see it.
    progress.begin("正在写入，要么全部写入，要么都不写", lease=_WRITE_LEASE)
    if write(batch, today=today, finish=progress.finish):
        return _summary(batch)
    return "台账有变动，已重新核对"


def _reporting(progress) -> OnProgress:
    return lambda phase, done, total: progress(done, total, phase)


def _keep_file(batch: ImportBatch, name: str, content: bytes) -> None:
    kept = ImportFile(batch=batch, name=name)
    sealed = encrypt_bytes(content, _context(batch, name))
    kept.content.save("workbook.sealed", ContentFile(sealed), save=False)
    kept.save()


def _content(kept: ImportFile) -> bytes:
    with kept.content.open("rb") as stored:
        return decrypt_bytes(stored.read(), _context(kept.batch, kept.name))


def _context(batch: ImportBatch, name: str) -> str:
    return f"ImportFile.content:{batch.pk}:{name}"


def _remove_files(files) -> None:
    """Remove rows at once and their contents when that is certain."""
    for kept in files:
        storage, path = kept.content.storage, kept.content.name
        kept.delete()
        transaction.on_commit(lambda storage=storage, path=path: storage.delete(path))


def _give_up(batch: ImportBatch) -> None:
    _remove_files(batch.files.all())
    batch.lines.all().delete()
    batch.state, batch.message = BatchState.ABANDONED, ""
    batch.save(update_fields=["state", "message"])


def _unlike(taken: set[str], name: str) -> str:
    """The file's name, with a number where the same name was given in twice."""
    stem, dot, ending = name.replace("/", "_")[-180:].rpartition(".")
    unlike, number = f"{stem}{dot}{ending}", 1
    while unlike in taken:
        number += 1
        unlike = f"{stem}({number}){dot}{ending}"
    taken.add(unlike)
    return unlike
