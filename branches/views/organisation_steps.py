"""Pages on which something happens to an organisation: founding, changes, moves, groups, units."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches import facts
from branches.clock import today as current_day
from branches.founding import found_with
from branches.models import BranchUnit, Group, Kind, Organisation
from branches.organisation_forms import (
    ChangeForm,
    FoundingForm,
    GroupForm,
    GroupNameForm,
    MoveForm,
    UnitEndForm,
    UnitForm,
)
from branches.scope import get_for, paths_reached
from branches.services import (
    OrganisationFault,
    add_group,
    change_facts,
    move_organisation,
    rename_group,
)
from branches.units import add_unit, end_unit, kind_for
from branches.words import full_date, one_line

FORM_PAGE = "branches/organisation_form.html"


def organisation_for(request, code: str, action: str = Action.LOOK) -> Organisation:
    """The organisation named in the address, for looking or for doing."""
    rows = Organisation.objects.select_related("parent", "merged_into")
    return get_for(rows, request.user, action, code=code)


def detail_url(organisation: Organisation) -> str:
    return reverse("branches:detail", args=[organisation.code])


def form_page(request, form, organisation, *, title: str, submit: str, notes=(), **more):
    """The one page for every form about an organisation; `notes` say the consequences before."""
    context = {
        "form": form,
        "title": title,
        "submit": submit,
        "notes": [note for note in notes if note],
        "organisation_name": organisation.short_name if organisation else "",
        "back_url": detail_url(organisation) if organisation else reverse("branches:list"),
        **more,
    }
    return render(request, FORM_PAGE, context)


def add_fault(form, fault) -> None:
    """Show what a service refused beside its field."""
    field = getattr(fault, "field", None)
    form.add_error(field if field in form.fields else None, str(fault))


def _standing_parents(request):
    """Where something can be put: no branch, not dissolved, in the reader's reach."""
    rows = Organisation.objects.permitting(request.user, Action.CHANGE_ORGANISATION)
    return rows.exclude(kind=Kind.BRANCH).filter(dissolved_on__isnull=True)


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_found(request):
    """设立组织, below the organisation named in `?parent=`."""
    today = current_day()
    code = one_line(request.GET.get("parent"), 40)
    parent = organisation_for(request, code, Action.CHANGE_ORGANISATION) if code else None
    parents = _standing_parents(request)
    if not paths_reached(request.user, Action.CHANGE_ORGANISATION):
        raise PermissionDenied if paths_reached(request.user) else Http404
    initial = {"parent": parent.code if parent else "", "on": today}
    form = FoundingForm(request.POST or None, today=today, parents=parents, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = found_with(by=request.user, today=today, **form.cleaned_data)
        except OrganisationFault as fault:
            add_fault(form, fault)
        else:
            messages.success(request, f"已设立“{made.short_name}”")
            return redirect(detail_url(made))
    return form_page(request, form, parent, title="设立组织", submit="设立组织")


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_change(request, code):
    """更名、变更形式、领域或类别, from a day on."""
    today = current_day()
    organisation = organisation_for(request, code, Action.CHANGE_ORGANISATION)
    initial = {name: getattr(organisation, name) for name in ("name", "kind", "form", "sector")}
    form = ChangeForm(
        request.POST or None,
        today=today,
        organisation=organisation,
        initial=initial | {"on": today},
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_facts(organisation, by=request.user, today=today, **form.cleaned_data)
        except OrganisationFault as fault:
            add_fault(form, fault)
        else:
            messages.success(request, "已保存变更" if changed else "没有不同，没有改动")
            return redirect(detail_url(organisation))
    notes = ["这天以前的台账、报表和应办事项仍按原来的名称、形式和类别。"]
    return form_page(request, form, organisation, title="变更组织", submit="保存变更", notes=notes)


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_move(request, code):
    """调整隶属: everything below goes along, months before keep the old superior."""
    today = current_day()
    organisation = organisation_for(request, code, Action.CHANGE_ORGANISATION)
    targets = _standing_parents(request).exclude(
        Q(path__gte=organisation.path) & Q(path__lt=organisation.path + "~")
    )
    form = MoveForm(request.POST or None, today=today, targets=targets, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            moved = move_organisation(
                organisation, by=request.user, today=today, **form.cleaned_data
            )
        except OrganisationFault as fault:
            # The service says `parent` of a place that does not fit.
            fault.field = "to" if fault.field == "parent" else fault.field
            add_fault(form, fault)
        else:
            to = form.cleaned_data["to"].short_name
            messages.success(request, f"已划归{to}" if moved else f"已在{to}，没有改动")
            return redirect(detail_url(organisation))
    notes = _move_notes(organisation, today)
    return form_page(request, form, organisation, title="调整隶属", submit="调整隶属", notes=notes)


def _move_notes(organisation: Organisation, today) -> list[str]:
    below = list(
        Organisation.objects.within(organisation)
        .filter(dissolved_on__isnull=True)
        .values_list("pk", "kind")
    )
    branches = sum(kind == Kind.BRANCH for _pk, kind in below)
    people = facts.people_in([pk for pk, _kind in below], today)
    relations = sum(found.relations for found in people.values())
    parent = organisation.parent.short_name if organisation.parent else ""
    return [
        f"现在隶属{parent}。" if parent else "",
        f"连同以下共 {branches} 个党支部、{relations} 名党员一起划转。",
        "以前各月的台账、总览和清单仍归原上级；划转后原上级打不开这里的页面。",
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def group_add(request, code):
    """设立党小组."""
    today = current_day()
    organisation = organisation_for(request, code, Action.KEEP_BRANCH)
    form = GroupForm(request.POST or None, today=today, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            group = add_group(organisation, by=request.user, today=today, **form.cleaned_data)
        except OrganisationFault as fault:
            add_fault(form, fault)
        else:
            messages.success(request, f"已设立{group.name}")
            return redirect(detail_url(organisation))
    return form_page(request, form, organisation, title="设立党小组", submit="设立党小组")


@require_http_methods(["GET", "HEAD", "POST"])
def group_rename(request, pk):
    """党小组更名."""
    group = get_for(
        Group.objects.select_related("organisation"), request.user, Action.KEEP_BRANCH, pk=pk
    )
    form = GroupNameForm(request.POST or None, initial={"name": group.name})
    if request.method == "POST" and form.is_valid():
        try:
            rename_group(group, name=form.cleaned_data["name"], by=request.user)
        except OrganisationFault as fault:
            add_fault(form, fault)
        else:
            messages.success(request, "已更名")
            return redirect(detail_url(group.organisation))
    return form_page(request, form, group.organisation, title="党小组更名", submit="保存名称")


@require_http_methods(["GET", "HEAD", "POST"])
def unit_add(request, code):
    """登记所辖单位."""
    today = current_day()
    organisation = organisation_for(request, code, Action.KEEP_BRANCH)
    initial = {"on": today, "kind": kind_for(organisation.sector)}
    form = UnitForm(request.POST or None, today=today, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = add_unit(organisation, by=request.user, today=today, **form.cleaned_data)
        except OrganisationFault as fault:
            add_fault(form, fault)
        else:
            messages.success(request, f"已登记{row.unit.name}")
            return redirect(detail_url(organisation))
    return form_page(request, form, organisation, title="登记所辖单位", submit="登记单位")


@require_http_methods(["GET", "HEAD", "POST"])
def unit_end(request, pk):
    """不再管辖一个单位; it stays on the register."""
    today = current_day()
    row = get_for(
        BranchUnit.objects.select_related("organisation", "unit"),
        request.user,
        Action.KEEP_BRANCH,
        pk=pk,
    )
    form = UnitEndForm(request.POST or None, today=today, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            end_unit(row, by=request.user, today=today, **form.cleaned_data)
        except OrganisationFault as fault:
            add_fault(form, fault)
        else:
            messages.success(request, f"{row.unit.name}已不在这个支部名下")
            return redirect(detail_url(row.organisation))
    since = full_date(row.starts_on)
    notes = [f"{row.unit.name}{f'，{since}起' if since else ''}。单位的登记还在，以前各月不变。"]
    return form_page(
        request, form, row.organisation, title="不再管辖单位", submit="不再管辖", notes=notes
    )
