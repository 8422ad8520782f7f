"""Weak branches (软弱涣散整顿): the list, the proposal, one case with its steps, and both on paper."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Count, F, IntegerField, Value, When
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.paper import name_on_paper, split
from branches.scope import get_for, paths_reached, reaches
from branches.values import Values
from branches.words import full_date, one_line
from tasks import weak_steps
from tasks.enums import WeakState
from tasks.forms.weak import ChecksForm, LinkForm, ProposalForm, SurveyForm
from tasks.models import WeakBranch
from tasks.services import Refused
from tasks.services.weak import propose
from tasks.services.weak_parts import checks_stamp
from tasks.tabs import task_tabs
from tasks.values import WEAK_SITUATIONS
from tasks.weak import IN_WORK, get_open, open_to, thresholds_on
from tasks.weak_page import case_context, facts_of, links_of, measures_of, row_of, with_parts

PAGE = "tasks:weak"
PAGE_SIZE = 50
# Rows of the list on a sheet of A4 landscape.
_FIRST_SHEET, _NEXT_SHEET = 9, 11


# --- The list -------------------------------------------------------------------------------


def _narrowed(request):
    """The cases the reader may see, narrowed to `?organisation=` and `?year=`; the organisation too."""
    organisation = named_organisation(request)
    cases = open_to(request.user)
    if organisation is not None:
        cases = cases.within(organisation)
    year = request.GET.get("year", "")
    years = sorted(set(cases.order_by().values_list("year", flat=True)), reverse=True)
    year = int(year) if year.isdecimal() and len(year) == 4 else None
    return cases.filter(year=year) if year else cases, organisation, years, year


def _ordered(cases, today: datetime.date):
    """Those past a deadline first, then those in work by deadline; then what waits, is followed, is
    over."""
    rank = Case(
        When(state=WeakState.DECIDED, plan_due_on__lt=today, then=Value(0)),
        When(state__in=IN_WORK, due_on__lt=today, then=Value(0)),
        When(state__in=IN_WORK, then=Value(1)),
        When(state=WeakState.PROPOSED, then=Value(2)),
        When(state=WeakState.ENDED, then=Value(4)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return cases.order_by(rank, F("due_on").asc(nulls_last=True), "organisation__code", "pk")


@require_safe
def weak_list(request):
    """软弱涣散整顿: the states as chips, those in work first."""
    today = current_day()
    cases, organisation, years, year = _narrowed(request)
    counts = dict(cases.order_by().values_list("state").annotate(number=Count("pk")))
    chosen = request.GET.get("state", "")
    shown = cases.filter(state=chosen) if chosen in WeakState.values else cases
    page = Paginator(_ordered(with_parts(shown), today), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    code = organisation.code if organisation else ""
    may_propose = bool(paths_reached(request.user, Action.REVIEW_TASK))
    context = {
        "tabs": task_tabs(organisation, PAGE),
        "context_text": organisation.short_name if organisation else "",
        "years": [{"label": "全部", "url": with_query(request, year=""), "current": not year}]
        + [
            {"label": f"{one}年", "url": with_query(request, year=one), "current": one == year}
            for one in years[:5]
        ],
        "chips": [
            {
                "label": state.label,
                "count": counts.get(state.value, 0),
                "url": with_query(request, state="" if chosen == state.value else state.value),
                "current": chosen == state.value,
            }
            for state in WeakState
            if counts.get(state.value) or chosen == state.value
        ],
        "rows": [row_of(case, today) for case in page],
        "page": page,
        "query": query.urlencode(),
        "filtered": chosen in WeakState.values or bool(year),
        "clear_url": link(PAGE, organisation=code),
        "new_url": link("tasks:weak_new", organisation=code) if may_propose else "",
        "hints_url": link("weak_hints", organisation=code) if may_propose else "",
        "paper_url": link("tasks:weak_list_paper", organisation=code, year=year, state=chosen),
        "may_oversee": bool(paths_reached(request.user, Action.INSPECT)),
    }
    return render(request, "tasks/weak_list.html", context)


# --- The proposal ---------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def weak_new(request):
    """提出: a branch, its situations, its main problems; a hint may have filled them in."""
    today = current_day()
    branches = (
        Organisation.objects.branches()
        .permitting(request.user, Action.REVIEW_TASK)
        .filter(dissolved_on__isnull=True)
    )
    if not paths_reached(request.user, Action.REVIEW_TASK):
        raise PermissionDenied
    code = one_line(request.GET.get("branch"), 40)
    if code:
        get_for(Organisation.objects.branches(), request.user, Action.REVIEW_TASK, code=code)
    form = ProposalForm(
        request.POST or None,
        today=today,
        branches=[(one.code, one.short_name) for one in branches.order_by("code")],
        situations=Values().on(WEAK_SITUATIONS, today),
        initial={
            "organisation": code,
            "situations": request.GET.getlist("situation"),
            "problems": one_line(request.GET.get("problems"), 500),
            "proposed_on": today,
        },
    )
    if form.is_valid():
        case = _proposed(request, form, today)
        if case is not None:
            messages.success(request, "已提出，等县委认定；认定以前支部看不到")
            return redirect("tasks:weak_case", case.pk)
    context = {
        "tabs": task_tabs(None, PAGE),
        "form": form,
        "list_url": link(PAGE),
        "hints_url": link("weak_hints"),
    }
    return render(request, "tasks/weak_form.html", context)


def _proposed(request, form: ProposalForm, today) -> WeakBranch | None:
    """The case, or None with the reason in the form."""
    cleaned = form.cleaned_data
    branch = get_for(
        Organisation.objects.branches(),
        request.user,
        Action.REVIEW_TASK,
        code=cleaned["organisation"],
    )
    try:
        return propose(
            organisation=branch,
            situations=cleaned["situations"],
            problems=cleaned["problems"],
            by=request.user,
            on=cleaned["proposed_on"],
            today=today,
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return None


# --- One case -------------------------------------------------------------------------------


@require_safe
def weak_case(request, pk):
    """One case: where it stands, its parts, and the steps the reader may make."""
    return case_page(request, get_open(request.user, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def weak_step(request, pk, code):
    """One step of the case; what is refused says why, with what was typed still there."""
    step = weak_steps.BY_CODE.get(code)
    if step is None:
        raise Http404
    case = get_open(request.user, pk, *step.actions)
    if request.method != "POST":
        return redirect("tasks:weak_case", pk)
    today = current_day()
    form = weak_steps.form_for(step, case, today, request.POST, request.FILES)
    if form.is_valid():
        try:
            step.act(
                case=case,
                version=version_of(request),
                by=request.user,
                today=today,
                **form.values(),
            )
        except Refused as refused:
            case.refresh_from_db()
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            if not any(
                one["code"] == code for one in weak_steps.offered(case, request.user, today)
            ):
                # The form has no place any more: show how the case stands now.
                messages.warning(request, str(refused))
                return redirect("tasks:weak_case", pk)
        else:
            messages.success(request, step.done)
            return redirect("tasks:weak_case", pk)
    return case_page(request, case, refused=(code, form))


def version_of(request) -> int:
    """The version of the case the form was made from; 0 fits none."""
    typed = request.POST.get("version", "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else 0


def case_page(request, case: WeakBranch, refused=None, **bound):
    """The page; `refused` is (code, form) of a step that was not made, `bound` a form of a part."""
    today = current_day()
    path = case.organisation.path
    may_file = weak_steps.may_file(request.user, case)
    may_oversee = reaches(request.user, Action.REVIEW_TASK, path)
    running = case.decided_on is not None and case.state != WeakState.ENDED
    in_work = case.state in IN_WORK
    context = case_context(case, today, may_file=may_file, may_oversee=may_oversee and running)
    checks = list(case.checks.order_by("pk"))
    checks_form = bound.get("checks_form") or ChecksForm(
        today=today, checks=checks, auto_id="check_%s", initial={"stamp": checks_stamp(checks)}
    )
    context |= {
        "tabs": task_tabs(case.organisation, PAGE),
        "version": case.version,
        "offered": weak_steps.offered(case, request.user, today, refused),
        "checks": _checks_shown(checks, checks_form),
        "checks_form": checks_form if checks and may_file and running else None,
        "link_form": bound.get("link_form")
        or LinkForm(today=today, auto_id="link_%s", initial={"starts_on": today})
        if may_oversee and running
        else None,
        "survey_form": bound.get("survey_form")
        or SurveyForm(
            today=today,
            needed=thresholds_on(today),
            auto_id="survey_%s",
            initial={"held_on": today},
        )
        if may_oversee and in_work and case.decided_on
        else None,
        "measure_url": reverse("tasks:weak_measure", args=[case.pk])
        if may_file and in_work and case.state != WeakState.ACCEPTANCE
        else "",
        "paper_url": reverse("tasks:weak_paper", args=[case.pk]) if case.decided_on else "",
    }
    return render(request, "tasks/weak_case.html", context)


def _checks_shown(checks, form: ChecksForm) -> list[dict]:
    """The checklists, each with its rows as they stand and their fields."""
    fields = form.rows()
    lists: dict[str, list] = {}
    for check, row in zip(checks, fields, strict=True):
        lists.setdefault(check.list_name, []).append(
            row | {"check": check, "done": full_date(check.done_on)}
        )
    return [
        {
            "name": name,
            "rows": rows,
            "done": sum(row["check"].done_on is not None for row in rows),
            "has_errors": any(
                row[one].errors for row in rows for one in ("text", "done_on", "note")
            ),
        }
        for name, rows in lists.items()
    ]


# --- Paper ----------------------------------------------------------------------------------


@require_safe
def weak_paper(request, pk):
    """一支一策 on A4."""
    today = current_day()
    case = get_open(request.user, pk)
    if case.decided_on is None:
        raise Http404
    context = {
        "unit": name_on_paper(case.organisation),
        "case": case,
        "facts": facts_of(case),
        "measures": measures_of(case, today),
        "links": links_of(case, today, False),
        "back_url": reverse("tasks:weak_case", args=[case.pk]),
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "tasks/weak_paper.html", context)


@require_safe
def weak_list_paper(request):
    """名单 on A4 landscape."""
    today = current_day()
    cases, organisation, _years, year = _narrowed(request)
    chosen = request.GET.get("state", "")
    shown = cases.filter(state=chosen) if chosen in WeakState.values else cases
    rows = [row_of(case, today) for case in _ordered(with_parts(shown), today)]
    for number, row in enumerate(rows, 1):
        row["number"] = number
    context = {
        "title": f"{year}年软弱涣散基层党组织名单" if year else "软弱涣散基层党组织名单",
        "unit": organisation.short_name if organisation else "",
        "sheets": split(rows, first=_FIRST_SHEET, following=_NEXT_SHEET),
        "landscape": True,
        "back_url": with_query(request).replace("?", link(PAGE) + "?", 1)
        if request.GET
        else link(PAGE),
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "tasks/weak_list_paper.html", context)
