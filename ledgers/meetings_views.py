"""三会一课台账 of a year as a workbook: said what it will hold, then made at once or as a job."""

import datetime
import tempfile
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
from ledgers.exports.dues_book import YearScope, year_scope
from ledgers.exports.meetings_book import export_meetings_book, file_name, sheet_rows
from ledgers.exports.scope import NothingToShow
from ledgers.exports.services import Refused
from ledgers.jobs import MEETINGS_BOOK

# Above this many rows the workbook is made in the background.
MOST_AT_ONCE = 3000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "HEAD", "POST"])
def meetings_book(request):
    """导出三会一课台账 of `?organisation=CODE&year=2026`: what it holds, and the button."""
    day = today()
    organisation = _organisation(request)
    year = min(year_asked(request, day), day.year)
    try:
        scope = year_scope(organisation, year, day)
    except NothingToShow as nothing:
        raise Http404(str(nothing)) from nothing
    count = sheet_rows(scope)
    if request.method == "POST":
        return _made(request, scope, count, year, day)
    context = {
        "organisation": organisation,
        "title": f"{organisation.short_name}{year}年三会一课台账",
        "in_background": count > MOST_AT_ONCE,
        "back_url": link("meetings:year", branch=organisation.code, year=year),
        "years": [
            {
                "label": f"{shown}年",
                "url": link("ledgers:meetings_book", organisation=organisation.code, year=shown),
                "current": shown == year,
            }
            for shown in (day.year - 1, day.year)
        ],
    }
    return render(request, "ledgers/meetings_book.html", context)


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


def _made(request, scope: YearScope, count: int, year: int, day: datetime.date):
    if count > MOST_AT_ONCE:
        _start(request.user, scope.organisation, year)
        return redirect("ledgers:export")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "meetings.xlsx")
        try:
            export_meetings_book(
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
                True, file_name(scope.organisation, year)
            ),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _start(user, organisation: Organisation, year: int) -> None:
    """Start the job, unless the same one waits or runs already."""
    parameters = {"year": year}
    same = Job.objects.belonging_to(user).filter(
        kind=MEETINGS_BOOK,
        organisation=organisation,
        parameters=parameters,
        state__in=(JobState.QUEUED, JobState.RUNNING),
    )
    if not same.exists():
        start_job(
            kind=MEETINGS_BOOK,
            title=f"{organisation.short_name}{year}年三会一课台账",
            by=user,
            organisation=organisation,
            parameters=parameters,
        )
