"""The table of working days as a workbook."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import year_asked
from branches.clock import today
from branches.scope import paths_reached
from ledgers.exports.workdays import export_workdays

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def workdays(request):
    """导出工作日历: one year, for everybody who may look at the page."""
    if not paths_reached(request.user, Action.LOOK):
        raise PermissionDenied
    year = year_asked(request, today())
    return HttpResponse(
        export_workdays(year=year, by=request.user),
        content_type=_XLSX,
        headers={
            "Content-Disposition": content_disposition_header(True, f"{year}年工作日历.xlsx"),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
