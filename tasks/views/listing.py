"""The rectification ledger: list, board and the table by unit."""

from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import paths_reached, reaches
from tasks import board, listing
from tasks.by_unit import by_unit
from tasks.tabs import task_tabs

PAGE = 50


@require_safe
def task_list(request):
    """The rectification ledger of a branch or of everything below: longest overdue first."""
    today = current_day()
    found = listing.listed(request, today)
    counts = listing.counts(found, (*listing.CHIPS, "late_running"))
    tasks = found.tasks.select_related("organisation__parent")
    page = Paginator(tasks, PAGE).get_page(request.GET.get("page"))
    rows = listing.rows(list(page), today, found, request.user)
    query = request.GET.copy()
    query.pop("page", None)
    late = counts["late_running"]
    context = {
        **frame(request, found),
        "context_text": f"在办 {counts['open']} 项，逾期 {counts['overdue']} 项",
        "chips": [
            {
                "label": found.conditions[key][0],
                "count": counts[key],
                "url": with_query(request, state=key),
                "current": key == found.filters.shown_state,
            }
            for key in listing.CHIPS
            if key != "mine" or reviews(request)
        ],
        "rows": rows,
        "page": page,
        "query": query.urlencode(),
        "may_tick": any(row["may_tick"] for row in rows),
        "here": request.get_full_path(),
        "remind_all": {"url": link("tasks:bulk", "remind"), "count": late}
        if late and reviews(request)
        else None,
    }
    return render(request, "tasks/task_list.html", context)


@require_safe
def task_board(request):
    """看板: the same tasks in four columns; `?more=working` shows more of one."""
    today = current_day()
    found = listing.listed(request, today)
    more = request.GET.get("more", "")
    shown = board.columns(found, today, request.user, whole=more)
    for column in shown:
        column["more_url"] = (
            with_query(request, more=column["key"])
            if column["key"] != more
            else listing.list_address("tasks:list", found, state=column["key"])
        )
    context = {
        **frame(request, found),
        "context_text": "",
        "columns": shown,
        "here": request.get_full_path(),
    }
    return render(request, "tasks/task_board.html", context)


@require_safe
def task_units(request):
    """按单位汇总: counts and share closed of each organisation right below."""
    today = current_day()
    found = listing.listed(request, today)
    top = found.place or _top(request)
    if top is None or top.is_branch:
        return redirect(listing.list_address("tasks:list", found))
    lines, total = by_unit(found, top, today)
    context = {
        "title": "按单位汇总",
        "list_url": listing.list_address("tasks:list", found),
        "organisation": top.short_name,
        "conditions_text": found.words if found.filters.state else "",
        "rows": [_unit_row(found, line) for line in lines],
        "total": total,
    }
    return render(request, "tasks/task_units.html", context)


def _top(request):
    """The highest organisation in the reader's sight."""
    return Organisation.objects.visible_to(request.user).order_by("path").first()


def _unit_row(found: listing.Listed, line) -> dict:
    unit = line.organisation

    def to(state: str) -> str:
        return listing.list_address("tasks:list", found, organisation=unit.code, state=state)

    return {
        "name": unit.short_name,
        "url": to("open")
        if unit.is_branch
        else listing.list_address("tasks:units", found, organisation=unit.code),
        "sums": line.sums,
        "open_url": to("open"),
        "overdue_url": to("overdue"),
        "review_url": to("review"),
        "closed_url": to("closed"),
    }


def reviews(request) -> bool:
    """Whether the reader checks tasks anywhere."""
    return bool(paths_reached(request.user, Action.REVIEW_TASK))


def frame(request, found: listing.Listed) -> dict:
    """What list and board share: title, switch, filters and the addresses of the other pages."""
    branch, places = found.branch, listing.places(request, found)
    may_export = _may(request, found, Action.EXPORT_LEDGER)
    # What the filter form has no field for.
    shown = {"source", "category", "from", "q"} | ({"organisation"} if places else set())
    hidden = [
        (name, value)
        for name, value in request.GET.items()
        if name in listing.PARAMETERS and name not in shown and value
    ]
    return {
        "title": "整改任务" if branch is not None else "整改台账",
        "tabs": task_tabs(found.place, "tasks:list"),
        "views": [
            {
                "label": label,
                "icon": icon,
                "url": listing.list_address(name, found),
                "current": request.resolver_match.view_name == name,
            }
            for label, icon, name in (
                ("列表", "list-check", "tasks:list"),
                ("看板", "grid", "tasks:board"),
            )
        ],
        "filters": found.filters,
        **listing.choices(found),
        "places": places,
        "search": found.filters.search,
        "filter_hidden": hidden,
        "new_url": link("tasks:new", organisation=found.place.code if found.place else "")
        if _may(request, found, Action.REVIEW_TASK, Action.REPORT_TASK)
        else "",
        "export_url": link(
            "ledgers:work_book", organisation=found.place.code if found.place else ""
        )
        if may_export
        else "",
        "units_url": "" if branch is not None else listing.list_address("tasks:units", found),
        "papers_url": listing.list_address("tasks:papers", found),
        "clear_url": link("tasks:list", organisation=found.place.code if found.place else ""),
        "conditions_text": found.words,
    }


def _may(request, found: listing.Listed, *actions: str) -> bool:
    """Whether the reader may do one of the acts where the list is narrowed to, or anywhere."""
    if found.place is None:
        return any(paths_reached(request.user, action) for action in actions)
    return any(reaches(request.user, action, found.place.path) for action in actions)
