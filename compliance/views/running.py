"""运行情况: whether the checks run, for who starts them and for who runs the system."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.links import link
from branches.scope import paths_reached
from compliance.running import running as state_of_running


@require_safe
def running(request):
    """The last run of every part, the pulse of the schedule, what waits; 立即核对."""
    may_start = bool(paths_reached(request.user, Action.RUN_CHECKS))
    if not may_start and not paths_reached(request.user, Action.OPERATE):
        raise Http404
    context = state_of_running(timezone.now())
    return render(
        request,
        "compliance/running.html",
        context | {"check_now_url": link("check_now") if may_start else ""},
    )
