"""A unit of the register: its page, and the forms by which it is kept."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.links import link
from branches.models import Kind, Organisation, Unit, UnitKind
from branches.scope import get_for, main_grant, paths_reached, reaches
from branches.timeline import history_of
from branches.words import full_date
from tasks.coverage import Yardstick, on_register, standings
from tasks.coverage_listing import badge
from tasks.coverage_page import (
    branch_lines,
    fact_lines,
    founding_steps,
    instructor_line,
    member_lines,
    survey_line,
)
from tasks.forms.coverage import UnitEndForm, UnitForm
from tasks.services import Refused
from tasks.services import coverage_units as units
from tasks.services.coverage_units import AREA, unit_print
from tasks.tabs import task_tabs

COVERAGE = "tasks:coverage"


def unit_for(request, pk: int, action: str = Action.LOOK) -> Unit:
    """The unit, for looking or for doing."""
    rows = Unit.objects.select_related("organisation__parent")
    return get_for(rows, request.user, action, pk=pk)


def tabs_of(unit: Unit) -> list[dict]:
    """The tabs above every page of a unit."""
    return task_tabs(unit.organisation, COVERAGE)


# --- The page -------------------------------------------------------------------------------


@require_safe
def unit_detail(request, pk):
    """What is known of a unit, what is due for it and why, what covers it, what was done."""
    today = current_day()
    unit = unit_for(request, pk)
    may_keep = reaches(request.user, Action.KEEP_BRANCH, unit.organisation.path)
    keeps = may_keep and not unit.ended_on
    yardstick = Yardstick.on(today)
    found = standings(
        on_register(Unit.objects.filter(pk=unit.pk), today, UnitKind.values), today, yardstick
    )
    row = found[0] if found else None
    surveys = list(unit.surveys.select_related("entered_by", "campaign"))
    newest = next((one for one in surveys if one.surveyed_on <= today), None)
    kind, words = badge(row, today) if row else ("wait", "不在名单")
    context = {
        "tabs": tabs_of(unit),
        "unit": unit,
        "kind": kind,
        "words": f"已于{full_date(unit.ended_on)}注销" if unit.ended_on else words,
        "facts": fact_lines(unit, newest),
        "verdict": yardstick.verdict(newest) if newest else None,
        "verdict_day": full_date(newest.surveyed_on) if newest else "",
        "covered": row.covered if row else False,
        "wants_instructor": bool(row and row.wants_instructor),
        "surveys": [survey_line(one, keeps) for one in surveys],
        "newest": member_lines(newest) if newest else None,
        "branches": branch_lines(request.user, unit, newest, today),
        "instructors": [
            instructor_line(one, keeps) for one in unit.instructors.order_by("-starts_on")
        ],
        "steps": founding_steps(unit, newest, row.covered if row else False, today),
        "reason": newest.reason_not_founded if newest else "",
        "planned": full_date(newest.planned_on) if newest else "",
        "history": history_of(AREA, unit.pk, today),
        "list_url": link(COVERAGE, organisation=unit.organisation.code),
        "counted": unit.kind in yardstick.kinds,
        "urls": _urls(unit, may_keep, keeps, row),
    }
    return render(request, "tasks/coverage_unit.html", context)


def _urls(unit: Unit, may_keep: bool, keeps: bool, row) -> dict[str, str]:
    """Where this reader may go from here."""
    if not may_keep:
        return {}
    names = ["change"]
    if unit.ended_on:
        names.append("restore")
    if keeps:
        names += ["survey", "steps", "end"]
        if row and not row.covered:
            names.append("cover")
        if row and not row.instructed:
            names.append("instructor")
    found = {name: reverse(f"tasks:coverage_{name}", args=[unit.pk]) for name in names}
    if "cover" in found:
        found["found"] = link("branches:found")
    return found


# --- The register ---------------------------------------------------------------------------


def _keepers(request):
    """Organisations whose register the user keeps."""
    return Organisation.objects.permitting(request.user, Action.KEEP_BRANCH).filter(
        dissolved_on__isnull=True
    )


def typed(request):
    """What was sent, to bind a form; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def refuse(form, refused: Refused) -> None:
    """Say in the form why nothing was stored; the next save is made on top of what stands now."""
    row = getattr(refused, "row", None)
    if row is not None:
        form.data = form.data.copy()
        form.data["version"] = str(getattr(row, "version", ""))
        if isinstance(row, Unit):
            form.data["seen"] = unit_print(row)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


@require_http_methods(["GET", "HEAD", "POST"])
def unit_new(request):
    """登记单位 on the register of the organisation named, or where the user works."""
    if not paths_reached(request.user, Action.KEEP_BRANCH):
        raise PermissionDenied
    place = named_organisation(request)
    if place is None and (grant := main_grant(request.user)):
        place = grant.organisation
    if place and not reaches(request.user, Action.KEEP_BRANCH, place.path):
        raise PermissionDenied
    today = current_day()
    initial = {"kind": UnitKind.SOCIAL_ORGANISATION, "organisation": place.code if place else ""}
    form = UnitForm(typed(request), today=today, initial=initial, keepers=_keepers(request))
    if request.method == "POST" and form.is_valid():
        try:
            unit = units.register_unit(
                organisation=form.cleaned_data["organisation"],
                facts=form.facts(),
                by=request.user,
                today=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已登记“{unit.name}”，接着登记摸底情况")
            return redirect("tasks:coverage_unit", unit.pk)
    return _register_form(request, form, place, "登记单位", "登记单位")


def _register_form(request, form, place, title: str, submit: str, unit: Unit | None = None):
    branches = Kind.BRANCH
    keepers = _keepers(request).exclude(kind=branches).order_by("code")
    context = {
        "tabs": task_tabs(place, COVERAGE),
        "form": form,
        "title": title,
        "submit": submit,
        "keepers": [one.name for one in keepers[:300]],
        "crumbs": crumbs_of(unit, place),
        "back_url": reverse("tasks:coverage_unit", args=[unit.pk])
        if unit
        else link(COVERAGE, organisation=place.code if place else ""),
    }
    return render(request, "tasks/coverage_form.html", context)


def crumbs_of(unit: Unit | None, place: Organisation | None = None) -> list[dict[str, str]]:
    """The way back: the list, and the unit where there is one."""
    place = unit.organisation if unit else place
    crumbs = [
        {"label": "社会组织覆盖", "url": link(COVERAGE, organisation=place.code if place else "")}
    ]
    if unit:
        crumbs.append({"label": unit.name, "url": reverse("tasks:coverage_unit", args=[unit.pk])})
    return crumbs


def form_page(request, form, unit: Unit, title: str, submit: str, **more):
    """A form about a unit; `more` is further context."""
    context = {
        "tabs": tabs_of(unit),
        "form": form,
        "title": title,
        "submit": submit,
        "crumbs": crumbs_of(unit),
        "back_url": reverse("tasks:coverage_unit", args=[unit.pk]),
    }
    return render(request, "tasks/coverage_form.html", context | more)


@require_http_methods(["GET", "HEAD", "POST"])
def unit_change(request, pk):
    """A unit put right, or handed to another keeper in reach."""
    unit = unit_for(request, pk, Action.KEEP_BRANCH)
    today = current_day()
    names = ("name", "kind", "credit_code", "registered_on")
    initial = {name: getattr(unit, name) for name in names}
    initial |= {"organisation": unit.organisation.name, "seen": unit_print(unit)}
    form = UnitForm(typed(request), today=today, initial=initial, keepers=_keepers(request))
    if request.method == "POST" and form.is_valid():
        try:
            units.change_unit(
                unit=unit,
                seen=form.cleaned_data["seen"],
                facts=form.facts(),
                organisation=form.cleaned_data["organisation"],
                by=request.user,
                today=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已保存“{form.cleaned_data['name']}”")
            return redirect("tasks:coverage_unit", unit.pk)
    return _register_form(request, form, unit.organisation, "编辑单位", "保存单位", unit)


@require_http_methods(["GET", "HEAD", "POST"])
def unit_end(request, pk):
    """注销: from that day on the unit is not counted; what covered it ends."""
    unit = unit_for(request, pk, Action.KEEP_BRANCH)
    today = current_day()
    form = UnitEndForm(typed(request), today=today, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            units.end_unit_life(unit=unit, on=form.cleaned_data["on"], by=request.user, today=today)
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"“{unit.name}”已注销，不再计入覆盖率")
            return redirect("tasks:coverage_unit", unit.pk)
    note = "注销以后不再计入名单和覆盖率，以前各月不变；所属党支部、党建指导员到前一天为止"
    return form_page(request, form, unit, "注销单位", "注销单位", note=note)


@require_POST
def unit_restore(request, pk):
    """Take back that a unit was struck off by mistake."""
    unit = unit_for(request, pk, Action.KEEP_BRANCH)
    if units.restore_unit(unit=unit, by=request.user):
        messages.success(request, f"“{unit.name}”已恢复登记，所属党支部和指导员请重新登记")
    return redirect("tasks:coverage_unit", unit.pk)
