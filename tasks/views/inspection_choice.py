"""督查: whom a round visits, chosen by hand or drawn by lot."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from branches.clock import today as current_day
from branches.links import link
from branches.models import Kind, Organisation
from branches.words import one_line
from tasks import draws, inspections
from tasks.forms.inspections import (
    ChooseForm,
    DrawForm,
    RemoveForm,
)
from tasks.models import Inspection
from tasks.services import Refused
from tasks.services import inspections as services
from tasks.tabs import task_tabs
from tasks.views.inspections import OPEN, PAGE
from tasks.views.submitting import refuse, version_of, without_version


def _houses_below(round_: Inspection, today) -> list[Organisation]:
    """Who inspects and the committees below, for narrowing and for draws."""
    below = services.candidates(round_, today).exclude(kind=Kind.BRANCH).order_by("path")
    return [round_.organisation, *below]


def _offered(round_: Inspection, under: Organisation, today) -> list[Organisation]:
    """Organisations to tick: what stands directly below, or with the chosen committee all of it."""
    below = services.candidates(round_, today)
    if under.pk == round_.organisation_id:
        below = below.filter(parent=under)
    else:
        below = below.within(under)
    there = round_.visits.values("organisation_id")
    return list(below.exclude(pk__in=there).order_by("code"))


def _choose_page(request, round_: Inspection, choose_form=None, draw_form=None):
    today = current_day()
    houses = {one.code: one for one in _houses_below(round_, today)}
    under = houses.get(one_line(request.GET.get("under"), 40), round_.organisation)
    offered = _offered(round_, under, today)
    first = {"version": round_.version}
    form = choose_form or ChooseForm(
        initial=first, offered=[(one.pk, one.short_name) for one in offered]
    )
    ticked = {str(key) for key in form["organisations"].value() or []}
    context = {
        "tabs": task_tabs(round_.organisation, PAGE),
        "round": round_,
        "organisation": round_.organisation.short_name,
        "back_url": link("tasks:inspection", round_.pk),
        "houses": [
            {"code": code, "name": one.short_name, "current": one.pk == under.pk}
            for code, one in houses.items()
        ],
        "choose_form": form,
        "offered": [
            {"pk": one.pk, "name": one.short_name, "ticked": str(one.pk) in ticked}
            for one in offered
        ],
        "draw_form": draw_form or _draw_form(houses.values(), None, first),
        "rule": draws.RULE,
    }
    return render(request, "tasks/inspection_choose.html", context)


def _draw_form(houses, typed_values, initial) -> DrawForm:
    pools = [(one.code, one.short_name) for one in houses]
    return DrawForm(typed_values, initial=initial, pools=pools, auto_id="draw_%s")


@require_http_methods(["GET", "HEAD", "POST"])
def inspection_choose(request, pk):
    """选定督查对象 by hand: those ticked, or everything under the committee that is shown."""
    round_ = inspections.get_round(request.user, pk)
    if round_.state not in OPEN:
        messages.warning(request, f"这次督查{round_.get_state_display()}，不能再选")
        return redirect("tasks:inspection", round_.pk)
    if request.method != "POST":
        return _choose_page(request, round_)
    today = current_day()
    allowed = {one.pk: one for one in services.candidates(round_, today)}
    sent = request.POST.copy()
    if sent.get("all"):
        houses = {one.code: one for one in _houses_below(round_, today)}
        under = houses.get(one_line(request.GET.get("under"), 40), round_.organisation)
        sent.setlist("organisations", [str(one.pk) for one in _offered(round_, under, today)])
    form = ChooseForm(sent, offered=[(pk, one.short_name) for pk, one in allowed.items()])
    if form.is_valid():
        try:
            made = services.choose_organisations(
                round_=round_,
                version=version_of(form),
                organisations=[allowed[pk] for pk in form.cleaned_data["organisations"]],
                unannounced=form.cleaned_data["unannounced"],
                by=request.user,
                on=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已选 {len(made)} 个组织")
            return redirect("tasks:inspection", round_.pk)
    return _choose_page(request, round_, choose_form=form)


@require_POST
def inspection_draw(request, pk):
    """随机抽取督查对象."""
    round_ = inspections.get_round(request.user, pk)
    today = current_day()
    houses = {one.code: one for one in _houses_below(round_, today)}
    form = _draw_form(houses.values(), request.POST, None)
    if form.is_valid():
        cleaned = form.cleaned_data
        under = houses[cleaned["pool"]]
        try:
            made = services.draw_organisations(
                round_=round_,
                version=version_of(form),
                count=cleaned["count"],
                pool=Organisation.objects.branches().within(under),
                pool_name=f"{under.short_name}所辖党支部",
                seed=cleaned["seed"],
                unannounced=cleaned["unannounced"],
                by=request.user,
                on=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已随机抽取 {len(made)} 个党支部")
            return redirect("tasks:inspection", round_.pk)
    return _choose_page(request, round_, draw_form=form)


@require_safe
def inspection_draw_check(request, pk, number):
    """核对抽取: the draw made again from its seed and pool, with the hash of each code."""
    round_ = inspections.get_round(request.user, pk)
    if not 1 <= number <= len(round_.draws):
        raise Http404
    draw = round_.draws[number - 1]
    again = draws.ranked(draw["seed"], draw["pool"])
    visible = Organisation.objects.within(round_.organisation).filter(code__in=draw["pool"])
    names = {one.code: one.short_name for one in visible}
    context = {
        "tabs": task_tabs(round_.organisation, PAGE),
        "round": round_,
        "back_url": link("tasks:inspection", round_.pk),
        "draw": draw,
        "agrees": again[: draw["count"]] == draw["drawn"],
        "rule": draws.RULE,
        "rows": [
            {
                "number": place,
                "code": code,
                "name": names.get(code, ""),
                "hash": draws.rank(draw["seed"], code)[:16],
                "drawn": code in draw["drawn"],
            }
            for place, code in enumerate(again, 1)
        ],
    }
    return render(request, "tasks/inspection_draw.html", context)


@require_POST
def inspection_visit_remove(request, pk):
    """移出 an organisation that was not visited."""
    visit = inspections.get_visit(request.user, pk)
    round_ = inspections.get_round(request.user, visit.inspection_id)
    form = RemoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, "移出原因最多 200 个字")
        return redirect("tasks:inspection_visit", visit.pk)
    try:
        services.remove_visit(
            visit=visit, version=version_of(form), by=request.user, **without_version(form)
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("tasks:inspection_visit", visit.pk)
    messages.success(request, f"已移出{visit.organisation.short_name}")
    return redirect("tasks:inspection", round_.pk)
