from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models.functions import Length
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from accounts.roles import FIRST_PAGES, Action
from branches.clock import today
from branches.models import Organisation
from branches.scope import get_for, main_grant, paths_reached
from branches.services import path_keys
from compliance import services
from compliance.jobs import check_now as start_check
from compliance.registry import RULES
from dashboard import branch as branch_room
from dashboard import desk as desk_room
from dashboard import menus
from dashboard import overview as overview_room
from dashboard.addresses import address, seen_period
from dashboard.figures import HOW, THEMES
from dashboard.waiting import waiting_for
from jobs.pulses import silence


def home(request):
    """Send everyone to the first page of the role."""
    grant = main_grant(request.user)
    if grant is None:
        return redirect("overview" if request.user.is_superuser else "no_grant")
    return redirect(dict(FIRST_PAGES)[grant.role])


def administration(request):
    """First page of the three administrators: their part of the admin site."""
    return redirect("admin:index")


def no_grant(request):
    """An account that has no role anywhere yet."""
    return render(request, "dashboard/no_grant.html")


@require_GET
def desk(request):
    """The secretary's desk; its own branch is judged before it is read, so it is always right."""
    branch = _branch_in_hand(request)
    services.refresh(as_of=today(), organisation=branch)
    show = request.GET.get("show", "")
    return render(
        request,
        "dashboard/desk.html",
        desk_room.desk(
            branch,
            today(),
            show,
            next_month=request.GET.get("month") == "next",
            user=request.user,
        ),
    )


def _branch_in_hand(request) -> Organisation:
    """The branch named in the address, or the only or first one of the user."""
    branches = Organisation.objects.branches()
    if code := request.GET.get("branch"):
        return get_for(branches, request.user, code=code)
    branch = branches.visible_to(request.user).order_by("path").first()
    if branch is None:
        raise Http404
    return branch


@require_GET
def overview(request, code: str = ""):
    """County overview, or one level down the same page for a committee."""
    organisation = _organisation_in_sight(request, code)
    if organisation.is_branch:
        return redirect("branch", code=organisation.code)
    return _overview(request, organisation, None)


@require_GET
def cell(request, code: str, rule: str):
    """The organisations behind one cell: a panel beside the map, or the whole page with it open."""
    unit = get_for(Organisation.objects.all(), request.user, code=code)
    if rule not in RULES:
        raise Http404
    seen = seen_period(request.GET.get("period", ""), today())
    above = _above(request.user, unit)
    if not above:
        raise Http404
    if request.htmx:
        panel = overview_room.panel(
            unit,
            RULES[rule],
            seen=seen,
            today=today(),
            back=address(above[0], seen),
            reader=request.user,
        )
        return render(request, "dashboard/partials/cell_panel.html", {"panel": panel})
    return _overview(request, above[0], (unit, RULES[rule]))


def _theme(named: str) -> str:
    """The theme of the heat map named in the address; else the first."""
    names = [name for name, _label, _rooms in THEMES]
    return named if named in names else names[0]


def _overview(request, organisation, chosen):
    if silence("refresh", timezone.now()):
        # Nobody judges what was touched: it is done here, so that the figures are right.
        services.refresh_next(as_of=today())
    filters = {
        "show": request.GET.get("show", ""),
        "search": request.GET.get("q", "").strip()[:40],
        "theme": _theme(request.GET.get("theme", "")),
        "reader": request.user,
        "paginate": lambda rows, size: Paginator(rows, size).get_page(request.GET.get("page")),
    }
    page = overview_room.overview(
        organisation,
        above=_above(request.user, organisation),
        seen=seen_period(request.GET.get("period", ""), today()),
        today=today(),
        sort=request.GET.get("sort", ""),
        cell=chosen,
        filters=filters,
    )
    page["waiting"] = waiting_for(request.user, organisation, today())
    return render(request, "dashboard/overview.html", page)


def _organisation_in_sight(request, code: str) -> Organisation:
    if code:
        return get_for(Organisation.objects.all(), request.user, code=code)
    organisation = (
        Organisation.objects.visible_to(request.user).order_by(Length("path"), "path").first()
    )
    if organisation is None:
        raise Http404
    return organisation


def _above(user, organisation) -> list[Organisation]:
    """The superiors this user may open, nearest first."""
    return list(
        Organisation.objects.visible_to(user)
        .filter(pk__in=path_keys(organisation.path)[:-1])
        .order_by(Length("path").desc())
    )


@require_GET
def branch(request, code: str):
    """One branch from above, read only; judged again first if something changed."""
    found = get_for(Organisation.objects.branches(), request.user, code=code)
    services.refresh(as_of=today(), organisation=found)
    page = branch_room.branch_page(
        found,
        above=_above(request.user, found),
        seen=seen_period(request.GET.get("period", ""), today()),
        today=today(),
        reader=request.user,
    )
    return render(request, "dashboard/branch.html", page)


@require_GET
def algorithm(request):
    """查看算法: how each figure is made."""
    return render(request, "dashboard/algorithm.html", {"figures": HOW, "rules": RULES.values()})


@require_GET
def more(request):
    """The whole menu as a page, for the last tab of a phone."""
    entries = menus.drawn(menus.entries_for(request.user), request, 0)
    return render(request, "dashboard/more.html", {"entries": entries})


@require_GET
def help_page(request):
    """A short manual."""
    return render(request, "dashboard/help.html")


@require_POST
def check_now(request):
    """Start a check when the nights did not run."""
    if not paths_reached(request.user, Action.RUN_CHECKS):
        raise Http404
    try:
        start_check.delay()
    except OperationalError:
        messages.error(request, "后台没有运行，核对没有开始。请告诉技术支持")
    else:
        messages.success(request, "已开始核对，完成后刷新本页")
    back = "compliance:running" if request.POST.get("back") == "running" else "overview"
    return redirect(reverse(back))
