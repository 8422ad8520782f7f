import datetime

from celery import shared_task

from branches.clock import today
from branches.periods import month_of
from jobs.pulses import pulse
from jobs.registry import runner, sweeper
from jobs.services import Refused, Result, start_job
from ledgers import batches, closing
from ledgers.exports import dues_book, meetings_book, work_book
from ledgers.exports import services as exports
from ledgers.exports.lists import export_roster
from ledgers.services import ImportRefused

# Closing is one transaction that reports nothing meanwhile.
CLOSING_LEASE = datetime.timedelta(minutes=20)
EXPORT = "export_ledger"
ROSTER = "export_roster"
DUES_BOOK = "export_dues_book"
MEETINGS_BOOK = "export_meetings_book"
WORK_BOOK = "export_work_book"


@runner(EXPORT)
def run_export(job, progress):
    """Make a month's ledger for the one who asked, if they still may."""
    month = month_of(job.parameters["month"])
    path = progress.folder / "ledger.xlsx"
    try:
        content_hash = exports.export_ledger(
            organisation=job.organisation,
            month=month,
            today=today(),
            by=job.created_by,
            path=path,
            folder=progress.folder,
            reason=job.parameters.get("reason", ""),
            on_progress=progress,
        )
    except exports.Refused as refused:
        raise Refused(str(refused)) from refused
    return Result(f"内容校验码 {content_hash}", path, exports.file_name(job.organisation, month))


@runner(closing.CLOSE)
def run_close(job, progress):
    """Close a month for the one who asked, or for the set day."""
    month = month_of(job.parameters["month"])
    progress.begin("封存各表", lease=CLOSING_LEASE)
    try:
        closed, is_new = closing.close_month(
            organisation=job.organisation,
            month=month,
            today=today(),
            by=job.created_by,
        )
    except closing.NotClosed as refused:
        raise Refused(str(refused)) from refused
    code = closed.ledger.content_hash
    return Result(f"{month.label}{'已' if is_new else '早已'}封账，内容校验码 {code}")


@shared_task(name="ledgers.jobs.close_due")
def close_due():
    """What the set day closes, each month in a job of its own; asked every day, harmless twice."""
    with pulse("close_due"):
        for organisation, month in closing.to_close(today()):
            if not closing.being_closed(organisation, month):
                start_job(
                    kind=closing.CLOSE,
                    title=f"{organisation.short_name}{month.label}封账",
                    by=None,
                    organisation=organisation,
                    parameters={"month": str(month)},
                )


@runner(ROSTER)
def run_roster(job, progress):
    """Make the workbook of a long list for the one who asked, if they still may."""
    path = progress.folder / "roster.xlsx"
    try:
        asked = export_roster(
            query=job.parameters["query"],
            by=job.created_by,
            today=today(),
            path=path,
            folder=progress.folder,
            on_progress=progress,
        )
    except exports.Refused as refused:
        raise Refused(str(refused)) from refused
    return Result(f"共 {asked.total:,} 名", path, f"{asked.title}.xlsx")


@runner(DUES_BOOK)
def run_dues_book(job, progress):
    """Make the dues ledger of a year for the one who asked, if they still may."""
    return _year_book(job, progress, dues_book.export_dues_book, dues_book.file_name)


@runner(MEETINGS_BOOK)
def run_meetings_book(job, progress):
    """Make the ledger 三会一课 of a year for the one who asked, if they still may."""
    return _year_book(job, progress, meetings_book.export_meetings_book, meetings_book.file_name)


@runner(WORK_BOOK)
def run_work_book(job, progress):
    """Make the ledger 工作任务 of a year for the one who asked, if they still may."""
    return _year_book(job, progress, work_book.export_work_book, work_book.file_name)


def _year_book(job, progress, export, file_name) -> Result:
    path, year = progress.folder / "book.xlsx", job.parameters["year"]
    try:
        content_hash = export(
            organisation=job.organisation,
            year=year,
            today=today(),
            by=job.created_by,
            path=path,
            folder=progress.folder,
            on_progress=progress,
        )
    except exports.Refused as refused:
        raise Refused(str(refused)) from refused
    return Result(f"内容校验码 {content_hash}", path, file_name(job.organisation, year))


@runner(batches.CHECK)
def run_check(job, progress):
    """Check what was uploaded and store the preview."""
    try:
        return Result(batches.run_check(job, progress, today()))
    except batches.NotNow as refused:
        raise Refused(str(refused)) from refused


@runner(batches.WRITE)
def run_write(job, progress):
    """Write what is ticked, in one transaction that also ends the job."""
    try:
        return Result(batches.run_write(job, progress, today()))
    except (batches.NotNow, ImportRefused) as refused:
        raise Refused(str(refused)) from refused


sweeper(batches.tidy)
