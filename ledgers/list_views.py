"""The roster as a workbook: said what it will hold, then made at once or as a job."""

import tempfile
from pathlib import Path

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from branches.clock import today
from branches.links import link
from jobs.services import start_job
from ledgers.exports.lists import Roster, export_roster, roster_asked
from ledgers.jobs import ROSTER
from members.filters import DIGITS_SHOWN, is_number

# Above this many rows the workbook is made in the background.
MOST_AT_ONCE = 2000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "HEAD", "POST"])
def member_list(request):
    """导出花名册: what the list page shows, with its own query string."""
    query = _query(request)
    asked = roster_asked(request.user, query, today())
    if request.method == "POST":
        if asked.total > MOST_AT_ONCE:
            return _in_background(request, query, asked)
        return _at_once(request, query)
    context = {
        "title": asked.title,
        "conditions": asked.conditions or "全部在册党员",
        "total": f"{asked.total:,}",
        "in_background": asked.total > MOST_AT_ONCE,
        "list_url": f"{link('members:list')}?{query}" if query else link("members:list"),
    }
    return render(request, "ledgers/roster.html", context)


def _query(request) -> str:
    """The query string of the list page, without its page and without a whole number."""
    query = request.GET.copy()
    query.pop("page", None)
    if is_number(query.get("q", "")):
        query["q"] = query["q"][-DIGITS_SHOWN:]
    return query.urlencode()


def _at_once(request, query: str) -> HttpResponse:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.xlsx"
        asked = export_roster(
            query=query, by=request.user, today=today(), path=path, folder=Path(folder)
        )
        content = path.read_bytes()
    return HttpResponse(
        content,
        content_type=_XLSX,
        headers={
            "Content-Disposition": content_disposition_header(True, f"{asked.title}.xlsx"),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _in_background(request, query: str, asked: Roster):
    start_job(
        kind=ROSTER,
        title=asked.title,
        by=request.user,
        organisation=asked.organisation,
        parameters={"query": QueryDict(query).urlencode()},
    )
    return redirect("ledgers:export")
