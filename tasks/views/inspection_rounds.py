"""督查: one round, planned, changed and ended."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, F, Prefetch
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.deadlines import SOON_DAYS
from branches.links import link
from branches.models import Kind, Organisation
from branches.timeline import history_of
from branches.values import Values
from branches.words import full_date, short_date
from tasks import campaigns, inspections
from tasks.enums import CampaignState
from tasks.forms.inspections import (
    CancelForm,
    CloseForm,
    RoundForm,
)
from tasks.models import Finding, Inspection
from tasks.services import Refused
from tasks.services import inspections as services
from tasks.tabs import task_tabs
from tasks.views.inspections import OPEN, PAGE, PAGE_SIZE, finding_shown
from tasks.views.submitting import refuse, typed, version_of, without_version


def _round_form(request, initial, *, houses=None) -> RoundForm:
    running = campaigns.open_to(request.user).filter(state=CampaignState.RUNNING)
    titles = dict(running.values_list("pk", "title"))
    if initial.get("campaign"):
        titles.setdefault(initial["campaign"], initial["campaign_title"])
    return RoundForm(
        typed(request),
        initial=initial,
        organisations=houses,
        campaigns=list(titles.items()),
        today=current_day(),
    )


def _form_page(request, house, form, **more):
    context = {"tabs": task_tabs(house, PAGE), "form": form, "organisation": ""} | more
    return render(request, "tasks/inspection_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def inspection_new(request):
    """制定督查: a new round."""
    houses = {
        one.code: one
        for one in Organisation.objects.permitting(request.user, Action.INSPECT)
        .exclude(kind=Kind.BRANCH)
        .filter(dissolved_on__isnull=True)
        .order_by("path")
    }
    if not houses:
        raise PermissionDenied
    initial = {"starts_on": current_day(), "inspectors": str(request.user)}
    choices = [(code, one.short_name) for code, one in houses.items()]
    form = _round_form(request, initial, houses=choices)
    if request.method == "POST" and form.is_valid():
        try:
            round_ = services.plan_round(
                organisation=houses[form.cleaned_data["organisation"]],
                facts=form.facts(),
                by=request.user,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已制定督查，下一步选督查对象")
            return redirect("tasks:inspection_choose", round_.pk)
    return _form_page(request, None, form, title="制定督查", button="制定督查", back_url=link(PAGE))


@require_http_methods(["GET", "HEAD", "POST"])
def inspection_change(request, pk):
    """修改督查."""
    round_ = inspections.get_round(request.user, pk)
    names = ("kind", "title", "scope", "inspectors", "starts_on", "ends_on", "version")
    initial = {name: getattr(round_, name) for name in names}
    initial |= {"campaign": round_.campaign_id, "campaign_title": str(round_.campaign or "")}
    form = _round_form(request, initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_round(
                round_=round_, version=version_of(form), facts=form.facts(), by=request.user
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已保存督查")
            return redirect("tasks:inspection", round_.pk)
    return _form_page(
        request,
        round_.organisation,
        form,
        title="修改督查",
        button="保存督查",
        back_url=link("tasks:inspection", round_.pk),
        organisation=round_.organisation.short_name,
    )


@require_safe
def inspection_page(request, pk):
    """One round: its organisations with what was found, draws, and how it ends."""
    return _page(request, inspections.get_round(request.user, pk))


def _page(request, round_: Inspection, **bound):
    """The page of a round; `bound` holds a form that was refused, by its name."""
    today = current_day()
    soon = Values().on(SOON_DAYS, today)
    findings = Finding.objects.filter(withdrawn_on__isnull=True).select_related("task")
    visits = (
        round_.visits.select_related("organisation")
        .prefetch_related(Prefetch("findings", findings))
        .annotate(letter_count=Count("letters"))
        .order_by(F("visited_on").asc(nulls_first=True), "organisation__code")
    )
    page = Paginator(visits, PAGE_SIZE).get_page(request.GET.get("page"))
    counts = inspections.with_counts(Inspection.objects.filter(pk=round_.pk)).get()
    is_open = round_.state in OPEN
    first = {"version": round_.version}
    context = {
        "tabs": task_tabs(round_.organisation, PAGE),
        "round": round_,
        "organisation": round_.organisation.short_name,
        "list_url": link(PAGE),
        "mark": {
            "kind": inspections.STATE_KINDS[round_.state],
            "text": round_.get_state_display(),
        },
        "days": f"{full_date(round_.starts_on)}—{full_date(round_.ends_on)}",
        "counts": counts,
        "visits": [_planned_row(visit, today, soon) for visit in page],
        "page": page,
        "query": "",
        "draws": [
            {
                "number": number,
                "words": f"{draw['pool_name']} {len(draw['pool'])} 个里抽 {draw['count']} 个",
                "seed": draw["seed"],
                "url": link("tasks:inspection_draw_check", round_.pk, number),
            }
            for number, draw in enumerate(round_.draws, 1)
        ],
        "is_open": is_open,
        "close_form": bound.get("close_form") or CloseForm(initial=first, auto_id="close_%s"),
        "cancel_form": bound.get("cancel_form") or CancelForm(initial=first, auto_id="cancel_%s"),
        "may_close": is_open and counts.visited > 0,
        "may_cancel": is_open and not counts.visited,
        "history": history_of(services.TRAIL_AREA, round_.pk, today),
    }
    return render(request, "tasks/inspection_detail.html", context)


def _planned_row(visit, today, soon: int) -> dict[str, object]:
    return {
        "url": link("tasks:inspection_visit", visit.pk),
        "name": visit.organisation.short_name,
        "kind": "done" if visit.visited_on else "todo",
        "words": f"{short_date(visit.visited_on, today)}到点" if visit.visited_on else "未到",
        "unannounced": visit.unannounced,
        "findings": [finding_shown(one, today, soon) for one in visit.findings.all()],
        "letters": visit.letter_count,
    }


def _step(request, pk: int, form_class, name: str, act, said: str):
    """One step of a round from a form on its page."""
    round_ = inspections.get_round(request.user, pk)
    form = form_class(request.POST, auto_id=f"{name}_%s")
    if form.is_valid():
        try:
            act(round_, form)
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, said)
            return redirect("tasks:inspection", round_.pk)
    round_.refresh_from_db()
    return _page(request, round_, **{f"{name}_form": form})


@require_POST
def inspection_close(request, pk):
    """结束督查 with its summary."""

    def act(round_, form):
        services.close_round(
            round_=round_,
            version=version_of(form),
            by=request.user,
            on=current_day(),
            **without_version(form),
        )

    return _step(request, pk, CloseForm, "close", act, "督查已结束")


@require_POST
def inspection_cancel(request, pk):
    """取消督查 before anybody was visited."""

    def act(round_, form):
        services.cancel_round(
            round_=round_, version=version_of(form), by=request.user, **without_version(form)
        )

    return _step(request, pk, CancelForm, "cancel", act, "督查已取消")
