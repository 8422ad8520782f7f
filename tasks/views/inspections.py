"""督查: rounds and visits as lists, and a round on paper."""

from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.deadlines import SOON_DAYS
from branches.links import link, with_query
from branches.paper import split
from branches.scope import paths_reached
from branches.values import Values
from branches.words import full_date, one_line, short_date
from tasks import inspections
from tasks.enums import OPEN_STATES, InspectionState
from tasks.models import Finding
from tasks.tabs import task_tabs
from tasks.words import badge

PAGE = "tasks:inspections"
PAGE_SIZE = 50
OPEN = (InspectionState.PLANNED, InspectionState.RUNNING)


# --- The lists ----------------------------------------------------------------------------------


@require_safe
def inspection_list(request):
    """Rounds of the reader's own house, or the visits recorded in what the reader may look at."""
    organisation = named_organisation(request)
    inspects = bool(paths_reached(request.user, Action.INSPECT))
    shows_visits = request.GET.get("show") == "visits" or not inspects
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": task_tabs(organisation, PAGE),
        "organisation": organisation.short_name if organisation else "",
        "views": [
            {"label": label, "url": with_query(request, show=key, state=""), "current": current}
            for key, label, current in (
                ("", "督查轮次", not shows_visits),
                ("visits", "到点记录", shows_visits),
            )
        ]
        if inspects
        else [],
        "new_url": link("tasks:inspection_new") if inspects else "",
        "query": query.urlencode(),
        "search": one_line(request.GET.get("q"), 60),
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "clear_url": with_query(request, state="", q=""),
        "filtered": bool(request.GET.get("state") or request.GET.get("q")),
    }
    rows = _visits if shows_visits else _rounds
    return render(request, "tasks/inspection_list.html", context | rows(request, organisation))


def _chips(request, tally: dict[str, int], labels) -> list[dict]:
    chosen = request.GET.get("state", "")
    return [
        {
            "label": label,
            "count": tally.get(key, 0),
            "url": with_query(request, state="" if chosen == key else key),
            "current": chosen == key,
        }
        for key, label in labels
    ]


def _rounds(request, organisation) -> dict[str, object]:
    today = current_day()
    rounds = inspections.rounds_open_to(request.user)
    if organisation is not None:
        rounds = rounds.within(organisation)
    if search := one_line(request.GET.get("q"), 60):
        rounds = rounds.filter(title__icontains=search)
    tally = dict(rounds.order_by().values_list("state").annotate(Count("pk")))
    state = request.GET.get("state", "")
    shown = rounds.filter(state=state) if state in InspectionState.values else rounds
    shown = inspections.with_counts(shown).select_related("organisation")
    page = Paginator(shown.order_by("-starts_on", "-pk"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    return {
        "rounds": [
            {
                "url": link("tasks:inspection", one.pk),
                "title": one.title,
                "kind_words": one.get_kind_display(),
                "by": one.organisation.short_name,
                "days": f"{short_date(one.starts_on, today)}—{short_date(one.ends_on, today)}",
                "kind": inspections.STATE_KINDS[one.state],
                "words": one.get_state_display(),
                "visited": f"{one.visited}/{one.organisations}",
                "found": one.found,
                "waiting": one.found - one.tasked,
            }
            for one in page
        ],
        "page": page,
        "chips": _chips(request, tally, InspectionState.choices),
    }


def _visits(request, organisation) -> dict[str, object]:
    today = current_day()
    visits = inspections.visits_open_to(request.user).filter(visited_on__isnull=False)
    if organisation is not None:
        visits = visits.within(organisation)
    if search := one_line(request.GET.get("q"), 60):
        visits = visits.filter(
            Q(inspection__title__icontains=search) | Q(organisation__name__icontains=search)
        )
    standing = Q(findings__isnull=False, findings__withdrawn_on__isnull=True)
    untasked = standing & Q(findings__task__isnull=True)
    working = standing & Q(findings__task__state__in=OPEN_STATES)
    states = {"untasked": untasked, "working": working}
    tally = {key: visits.filter(wanted).distinct().count() for key, wanted in states.items()}
    state = request.GET.get("state", "")
    if state in states:
        visits = visits.filter(pk__in=visits.filter(states[state]).values("pk"))
    visits = visits.annotate(
        found=Count("findings", filter=standing, distinct=True),
        untasked=Count("findings", filter=untasked, distinct=True),
        working=Count("findings", filter=working, distinct=True),
    )
    rows = visits.select_related("inspection__organisation", "organisation")
    page = Paginator(rows.order_by("-visited_on", "-pk"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    return {
        "visits": [_visit_row(one, today) for one in page],
        "page": page,
        "chips": _chips(request, tally, (("untasked", "待立项"), ("working", "整改中"))),
    }


def _visit_row(visit, today) -> dict[str, object]:
    if visit.untasked:
        kind, words = "wait", f"待立项 {visit.untasked} 个"
    elif visit.working:
        kind, words = "run", f"整改中 {visit.working} 个"
    else:
        kind, words = "done", "已办结" if visit.found else "没有问题"
    return {
        "url": link("tasks:inspection_visit", visit.pk),
        "title": visit.inspection.title,
        "organisation": visit.organisation.short_name,
        "by": visit.inspection.organisation.short_name,
        "on": short_date(visit.visited_on, today),
        "found": visit.found,
        "kind": kind,
        "words": words,
    }


# --- What the other pages share ---------------------------------------------------------------


def finding_shown(finding: Finding, today, soon: int) -> dict[str, object]:
    """A finding with the state of its task; `task` was read with it."""
    task = getattr(finding, "task", None)
    if finding.withdrawn_on:
        kind, words = "todo", "已撤回"
    elif task is None:
        kind, words = "wait", "待立项"
    else:
        kind, words = badge(task, today, soon)
    return {
        "finding": finding,
        "due": short_date(finding.due_on, today),
        "kind": kind,
        "words": words,
        "number": task.number if task else "",
        "task_url": link("tasks:detail", task.pk) if task else "",
    }


# --- Paper --------------------------------------------------------------------------------------


@require_safe
def inspection_paper(request, pk):
    """The table of a round on A4 landscape: who was visited, what was found, what came of it."""
    round_ = inspections.get_round(request.user, pk)
    today = current_day()
    soon = Values().on(SOON_DAYS, today)
    findings = Finding.objects.filter(withdrawn_on__isnull=True).select_related("task")
    lines = []
    visits = round_.visits.select_related("organisation").prefetch_related(
        Prefetch("findings", findings)
    )
    for visit in visits:
        shown = [finding_shown(one, today, soon) for one in visit.findings.all()] or [None]
        lines += [
            {
                "name": visit.organisation.short_name,
                "on": short_date(visit.visited_on, today) or "未到",
                "looked_at": visit.looked_at,
                "row": row,
            }
            for row in shown
        ]
    for number, line in enumerate(lines, 1):
        line["number"] = number
    context = {
        "title": f"{round_.title}情况汇总表",
        "organisation": round_.organisation.name,
        "days": f"{full_date(round_.starts_on)}—{full_date(round_.ends_on)}",
        "inspectors": round_.inspectors,
        "summary": round_.summary,
        "sheets": split(lines, first=10, following=12, least=1),
        "landscape": True,
        "back_url": link("tasks:inspection", round_.pk),
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "tasks/inspection_paper.html", context)
