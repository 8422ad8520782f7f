"""The workbooks of a year: said what they will hold, then made at once or as a job."""

import datetime
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.choice import chosen_branch, year_asked
from branches.clock import today
from branches.links import link
from branches.models import Organisation
from branches.scope import get_for, main_grant, paths_reached, reaches
from branches.words import one_line
from jobs.models import Job, JobState
from jobs.services import start_job
from ledgers.exports import dues_book as dues
from ledgers.exports import meetings_book as meetings
from ledgers.exports import work_book as work
from ledgers.exports.entries import entry_count
from ledgers.exports.scope import NothingToShow, YearScope, year_scope
from ledgers.exports.services import Refused
from ledgers.jobs import DUES_BOOK, MEETINGS_BOOK, WORK_BOOK

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Book:
    """One workbook: what it is called, how large it will be, how it is made.

    Above `at_once` rows it is made in the background.
    """

    name: str
    page: str
    kind: str
    rows: Callable[[YearScope], int]
    at_once: int
    export: Callable[..., str]
    file_name: Callable[[Organisation, int], str]
    back: Callable[[Organisation, int], str]

    def title(self, organisation: Organisation, year: int) -> str:
        return f"{organisation.short_name}{year}年{self.name}"


DUES = Book(
    name="党费台账",
    page="dues_book",
    kind=DUES_BOOK,
    rows=entry_count,
    at_once=5000,
    export=dues.export_dues_book,
    file_name=dues.file_name,
    back=lambda organisation, year: link(
        "dues:summary", organisation=organisation.code, period=year
    ),
)
MEETINGS = Book(
    name="三会一课台账",
    page="meetings_book",
    kind=MEETINGS_BOOK,
    rows=meetings.sheet_rows,
    at_once=3000,
    export=meetings.export_meetings_book,
    file_name=meetings.file_name,
    back=lambda organisation, year: link("meetings:year", branch=organisation.code, year=year),
)

WORK = Book(
    name=work.NAME,
    page="work_book",
    kind=WORK_BOOK,
    rows=work.sheet_rows,
    at_once=4000,
    export=work.export_work_book,
    file_name=work.file_name,
    back=lambda organisation, year: link("tasks:list", organisation=organisation.code),
)


@require_http_methods(["GET", "HEAD", "POST"])
def dues_book(request):
    """导出党费台账 of `?organisation=CODE&year=2026`."""
    return _page(request, DUES)


@require_http_methods(["GET", "HEAD", "POST"])
def meetings_book(request):
    """导出三会一课台账 of `?organisation=CODE&year=2026`."""
    return _page(request, MEETINGS)


@require_http_methods(["GET", "HEAD", "POST"])
def work_book(request):
    """导出工作任务台账 of `?organisation=CODE&year=2026`."""
    return _page(request, WORK)


def _page(request, book: Book):
    """What the workbook will hold, and the button."""
    day = today()
    organisation = _organisation(request)
    year = min(year_asked(request, day), day.year)
    try:
        scope = year_scope(organisation, year, day)
    except NothingToShow as nothing:
        raise Http404(str(nothing)) from nothing
    count = book.rows(scope)
    if request.method == "POST":
        return _made(request, book, scope, count, year, day)
    context = {
        "organisation": organisation,
        "title": book.title(organisation, year),
        "count": f"{count:,}",
        "in_background": count > book.at_once,
        "back_url": book.back(organisation, year),
        "years": [
            {
                "label": f"{shown}年",
                "url": link(f"ledgers:{book.page}", organisation=organisation.code, year=shown),
                "current": shown == year,
            }
            for shown in (day.year - 1, day.year)
        ],
    }
    return render(request, f"ledgers/{book.page}.html", context)


def _organisation(request) -> Organisation:
    """The organisation named, the only branch, or where the reader works."""
    user = request.user
    if not paths_reached(user, Action.EXPORT_LEDGER):
        raise PermissionDenied
    code = one_line(request.GET.get("organisation") or request.GET.get("branch"), 40)
    if code:
        return get_for(Organisation.objects.all(), user, Action.EXPORT_LEDGER, code=code)
    if branch := chosen_branch(request, Action.EXPORT_LEDGER):
        return branch
    grant = main_grant(user)
    if grant is None or not reaches(user, Action.EXPORT_LEDGER, grant.organisation.path):
        raise Http404
    return grant.organisation


def _made(request, book: Book, scope: YearScope, count: int, year: int, day: datetime.date):
    if count > book.at_once:
        _start(request.user, book, scope.organisation, year)
        return redirect("ledgers:export")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.xlsx")
        try:
            book.export(
                organisation=scope.organisation,
                year=year,
                today=day,
                by=request.user,
                path=path,
                folder=Path(folder),
            )
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(request.get_full_path())
        content = path.read_bytes()
    return HttpResponse(
        content,
        content_type=_XLSX,
        headers={
            "Content-Disposition": content_disposition_header(
                True, book.file_name(scope.organisation, year)
            ),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _start(user, book: Book, organisation: Organisation, year: int) -> None:
    """Start the job, unless the same one waits or runs already."""
    parameters = {"year": year}
    same = Job.objects.belonging_to(user).filter(
        kind=book.kind,
        organisation=organisation,
        parameters=parameters,
        state__in=(JobState.QUEUED, JobState.RUNNING),
    )
    if not same.exists():
        start_job(
            kind=book.kind,
            title=book.title(organisation, year),
            by=user,
            organisation=organisation,
            parameters=parameters,
        )
