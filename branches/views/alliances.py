import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches import alliances
from branches.alliances import AllianceFault
from branches.choice import chosen_branch, named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Alliance, AllianceMember, Organisation
from branches.premises_forms import AllianceForm, JoinForm, LeavingForm
from branches.scope import get_for, paths_reached, reaches
from branches.tabs import organisation_tabs
from branches.words import full_date, one_line

PAGE = 50
# Who has not left, or left only with the end of the alliance.
_IN_IT = Q(members__ends_on__isnull=True) | Q(members__ends_on=F("ends_on"))


@require_safe
def alliance_list(request):
    """Alliances that an organisation in reach leads, is in or was in; running ones first."""
    today = current_day()
    rows, branch = narrowed(request, Alliance.objects.all())
    standing = Q(ends_on__isnull=True) | Q(ends_on__gte=today)
    counts = rows.aggregate(
        standing=Count("pk", filter=standing), ended=Count("pk", filter=~standing)
    )
    ended = request.GET.get("state") == "ended"
    shown = rows.filter(~standing if ended else standing)
    shown = (
        shown.select_related("organisation")
        .annotate(joined=Count("members", filter=_IN_IT | Q(members__ends_on__gte=today)))
        .order_by("-starts_on", "pk")
    )
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    about = branch or named_organisation(request)
    may_found = (
        reaches(request.user, Action.KEEP_BRANCH, about.path)
        if about
        else bool(paths_reached(request.user, Action.KEEP_BRANCH))
    )
    context = {
        "tabs": organisation_tabs(about, "branches:alliances"),
        "context_text": about.short_name if about else "",
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, state="ended" if key == "ended" else ""),
                "current": ended == (key == "ended"),
            }
            for key, label in (("standing", "在建"), ("ended", "已结束"))
        ],
        "rows": [_row(alliance, branch) for alliance in page],
        "page": page,
        "query": query.urlencode(),
        "new_url": link("branches:alliance_add", branch=about.code if about else "")
        if may_found
        else "",
    }
    return render(request, "branches/alliance_list.html", context)


def _row(alliance: Alliance, branch: Organisation | None) -> dict[str, object]:
    lead = alliance.organisation
    return {
        "url": reverse("branches:alliance", args=[alliance.pk]),
        "name": alliance.name,
        "lead": lead.short_name,
        "leads": branch is not None and branch.pk == lead.pk,
        "count": alliance.joined + 1,
        "aim": alliance.aim,
        "starts": full_date(alliance.starts_on),
        "ends": full_date(alliance.ends_on),
    }


def _alliance(request, pk: int) -> Alliance:
    return get_for(Alliance.objects.select_related("organisation"), request.user, pk=pk)


def _alliance_to_keep(request, pk: int) -> Alliance:
    alliance = _alliance(request, pk)
    if not reaches(request.user, Action.KEEP_BRANCH, alliance.organisation.path):
        raise PermissionDenied
    return alliance


@require_safe
def alliance_detail(request, pk):
    """Who is in an alliance and who was, for all who are in it; its keeper lets others join."""
    return _page(request, _alliance(request, pk))


def _page(request, alliance: Alliance, **bound):
    """The page; `bound` holds a form that was refused or asks back, by its name in the template."""
    today = current_day()
    lead = alliance.organisation
    may_keep = reaches(request.user, Action.KEEP_BRANCH, lead.path)
    running = alliance.ends_on is None or alliance.ends_on >= today
    times = list(
        alliance.members.select_related("organisation__parent").order_by(
            "organisation__code", "starts_on"
        )
    )
    last_day = min(today, alliance.ends_on or today)
    in_it, earlier = [], []
    for one in times:
        left = one.ends_on is not None and one.ends_on < last_day
        (earlier if left else in_it).append(_time(one, request.user, may_keep and running))
    context = {
        "tabs": organisation_tabs(_own(request, alliance, times), "branches:alliances"),
        "alliance": {
            "name": alliance.name,
            "aim": alliance.aim,
            "lead": lead.name,
            "starts": full_date(alliance.starts_on),
            "ends": full_date(alliance.ends_on),
            "count": len(in_it) + 1,
        },
        "rows": in_it,
        "earlier": earlier,
        "list_url": link("branches:alliances"),
        "edit_url": reverse("branches:alliance_change", args=[alliance.pk]) if may_keep else "",
        "join_form": {
            "url": reverse("branches:alliance_join", args=[alliance.pk]),
            "form": bound.get("join") or JoinForm(today=today, initial={"starts_on": today}),
            "found": bound.get("found"),
        }
        if may_keep and running
        else None,
    }
    return render(request, "branches/alliance_detail.html", context)


def _own(request, alliance: Alliance, times) -> Organisation | None:
    """The organisation for whose sake the reader sees this, so that the tabs stay on it."""
    concerned = [alliance.organisation, *(one.organisation for one in times)]
    return next((one for one in concerned if reaches(request.user, Action.LOOK, one.path)), None)


def _time(one: AllianceMember, user, may_keep: bool) -> dict[str, object]:
    seen = reaches(user, Action.LOOK, one.organisation.path)
    return {
        "name": one.organisation.name,
        "parent": one.organisation.parent.short_name if one.organisation.parent else "",
        "url": link("branches:detail", one.organisation.code) if seen else "",
        "starts": full_date(one.starts_on),
        "ends": full_date(one.ends_on),
        "leave_url": reverse("branches:alliance_leave", args=[one.pk])
        if may_keep and one.ends_on is None
        else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def alliance_add(request):
    """成立联合体; whoever keeps several organisations says by its code which one leads."""
    today = current_day()
    lead = _lead(request)
    form = AllianceForm(request.POST or None, today=today, initial={"starts_on": today})
    del form.fields["ends_on"]
    if request.method == "POST" and form.is_valid() and lead is not None:
        try:
            alliance = alliances.found_alliance(lead=lead, by=request.user, **form.cleaned_data)
        except AllianceFault as fault:
            form.add_error(fault.field if fault.field in form.fields else None, str(fault))
        else:
            messages.success(request, f"已成立“{alliance.name}”，请登记成员组织")
            return redirect("branches:alliance", alliance.pk)
    return _form_page(request, form, "成立联合体", lead, "成立联合体")


def _lead(request) -> Organisation | None:
    """The organisation that leads: the one named, or the only branch of a secretary; None asks."""
    code = one_line(request.POST.get("branch") or request.GET.get("branch"), 40)
    if code:
        return get_for(
            Organisation.objects.select_related("parent"),
            request.user,
            Action.KEEP_BRANCH,
            code=code,
        )
    if not paths_reached(request.user, Action.KEEP_BRANCH):
        raise PermissionDenied
    return chosen_branch(request, Action.KEEP_BRANCH)


@require_http_methods(["GET", "HEAD", "POST"])
def alliance_change(request, pk):
    """更新联合体: name, aim, days; with its last day it ends."""
    alliance = _alliance_to_keep(request, pk)
    initial = {name: getattr(alliance, name) for name in AllianceForm.base_fields}
    form = AllianceForm(request.POST or None, today=current_day(), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            alliances.change_alliance(alliance=alliance, by=request.user, **form.cleaned_data)
        except AllianceFault as fault:
            form.add_error(fault.field, str(fault))
        else:
            messages.success(request, f"已保存“{form.cleaned_data['name']}”")
            return redirect("branches:alliance", alliance.pk)
    return _form_page(request, form, f"编辑 {alliance.name}", alliance.organisation, "保存联合体")


def _form_page(request, form, title: str, lead: Organisation | None, save_label: str):
    context = {
        "form": form,
        "title": title,
        "lead": lead,
        # Without a lead the code is asked first.
        "lead_typed": one_line(request.GET.get("branch"), 40),
        "list_url": link("branches:alliances", branch=lead.code if lead else ""),
        "save_label": save_label,
    }
    return render(request, "branches/alliance_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def alliance_join(request, pk):
    """加入: an organisation out of the keeper's reach is shown by name first and joined after that."""
    alliance = _alliance_to_keep(request, pk)
    today = current_day()
    if request.method != "POST":
        return _page(request, alliance)
    form = JoinForm(request.POST, today=today)
    if not form.is_valid():
        return _page(request, alliance, join=form)
    organisation = form.cleaned_data["code"]
    known = reaches(request.user, Action.LOOK, organisation.path)
    if not known and form.cleaned_data["seen"] != organisation.code:
        return _ask_back(request, alliance, organisation, form.cleaned_data["starts_on"], today)
    try:
        alliances.join(
            alliance=alliance,
            organisation=organisation,
            starts_on=form.cleaned_data["starts_on"],
            by=request.user,
        )
    except AllianceFault as fault:
        form.add_error(fault.field, str(fault))
        return _page(request, alliance, join=form)
    messages.success(request, f"“{organisation.short_name}”已加入")
    return redirect("branches:alliance", alliance.pk)


def _ask_back(request, alliance, organisation, starts_on: datetime.date, today: datetime.date):
    """The same form once more, with the name of whom the code means."""
    values = {
        "code": organisation.code,
        "starts_on": full_date(starts_on),
        "seen": organisation.code,
    }
    parent = organisation.parent.short_name if organisation.parent else ""
    found = f"{organisation.name}{f'（{parent}）' if parent else ''}"
    return _page(request, alliance, join=JoinForm(initial=values, today=today), found=found)


@require_http_methods(["GET", "HEAD", "POST"])
def alliance_leave(request, pk):
    """退出: the last day of one organisation in the alliance."""
    member = (
        AllianceMember.objects.select_related("alliance__organisation", "organisation")
        .filter(alliance__in=Alliance.objects.visible_to(request.user), pk=pk)
        .first()
    )
    if member is None:
        raise Http404
    alliance = member.alliance
    if not reaches(request.user, Action.KEEP_BRANCH, alliance.organisation.path):
        raise PermissionDenied
    today = current_day()
    form = LeavingForm(request.POST or None, today=today, initial={"ends_on": today})
    if request.method == "POST" and form.is_valid():
        try:
            alliances.leave(member=member, by=request.user, **form.cleaned_data)
        except AllianceFault as fault:
            form.add_error(fault.field if fault.field in form.fields else None, str(fault))
        else:
            messages.success(request, f"“{member.organisation.short_name}”已退出")
            return redirect("branches:alliance", alliance.pk)
    context = {
        "form": form,
        "alliance": alliance.name,
        "organisation": member.organisation.name,
        "starts": full_date(member.starts_on),
        "list_url": reverse("branches:alliance", args=[alliance.pk]),
    }
    return render(request, "branches/alliance_leave.html", context)
