from branches.clock import today
from branches.periods import month_of
from jobs.registry import runner, sweeper
from jobs.services import Refused, Result
from ledgers import batches
from ledgers.exports import dues_book
from ledgers.exports import services as exports
from ledgers.exports.lists import export_roster
from ledgers.services import ImportRefused

EXPORT = "export_ledger"
ROSTER = "export_roster"
DUES_BOOK = "export_dues_book"


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
    path, year = progress.folder / "dues.xlsx", job.parameters["year"]
    try:
        content_hash = dues_book.export_dues_book(
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
    name = dues_book.file_name(job.organisation, year)
    return Result(f"内容校验码 {content_hash}", path, name)


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
