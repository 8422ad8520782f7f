from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from accounts.roles import Action
from branches.scope import reaches
from jobs import services
from jobs.models import Job, JobState
from jobs.panel import panel

# Tells htmx to take this answer and to stop asking.
_STOP_POLLING = 286


def _own_job(user, pk: int) -> Job:
    """The user's own job; 404 for another's, and when the organisation is out of sight by now."""
    job = Job.objects.belonging_to(user).select_related("organisation").filter(pk=pk).first()
    if job is None:
        raise Http404
    if job.organisation and not reaches(user, Action.LOOK, job.organisation.path):
        raise Http404
    return job


def _back(request):
    """To the page the person came from; the start page for anything that is not ours."""
    came_from = request.META.get("HTTP_REFERER", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}, request.is_secure()):
        return redirect(came_from)
    return redirect("/")


@require_GET
def job_progress(request, pk):
    """The panel of one job, asked for every two seconds until the job is over."""
    job = _own_job(request.user, pk)
    response = render(
        request,
        "partials/zb_job.html",
        {"job": panel(job, timezone.now())},
        status=_STOP_POLLING if job.is_over else 200,
    )
    # Where a job leads on to another page, an open page goes there by itself.
    if job.state == JobState.DONE and (page := job.parameters.get("page")):
        response.headers["HX-Redirect"] = page
    return response


@require_POST
def job_stop(request, pk):
    services.stop_job(_own_job(request.user, pk))
    return _back(request)


@require_POST
def job_restart(request, pk):
    services.restart_job(_own_job(request.user, pk))
    return _back(request)


@require_GET
def job_result(request, pk):
    """The finished file, for its maker only."""
    job = _own_job(request.user, pk)
    if job.state != JobState.DONE or not job.result:
        raise Http404
    try:
        pieces = services.open_result(job)
    except FileNotFoundError:
        raise Http404 from None
    return StreamingHttpResponse(
        pieces,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        if job.result_name.endswith(".xlsx")
        else "application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(True, job.result_name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
