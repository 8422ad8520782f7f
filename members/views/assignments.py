import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation, Sector
from branches.scope import get_for, reaches
from branches.tabs import organisation_tabs
from branches.values import Values
from branches.words import full_date, one_line
from members.assignment_forms import AssignmentForm
from members.enums import AssignmentRole
from members.instructors import INSTRUCTOR_BELOW
from members.models import Assignment
from members.roster import counts
from members.services import Refused
from members.services.assignments import assign, change_assignment

PAGE = 50
_ENDED = "ended"


@require_safe
def assignment_list(request):
    """Who is assigned to the organisations in reach, and which organisations have nobody."""
    today = current_day()
    rows, branch = narrowed(request, Assignment.objects.all())
    missing = request.GET.get("missing", "")
    if missing in AssignmentRole.values:
        return _without(request, missing, branch, today)
    search = one_line(request.GET.get("q"), 40)
    if search:
        rows = rows.filter(Q(person_name__contains=search) | Q(organisation__name__contains=search))
    standing = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    conditions = {role.value: (role.label, standing & Q(role=role)) for role in AssignmentRole} | {
        _ENDED: ("已结束", ~standing)
    }
    figures = rows.aggregate(
        **{key: Count("pk", filter=condition) for key, (_label, condition) in conditions.items()}
    )
    chosen = request.GET.get("role", "")
    shown = rows.filter(conditions[chosen][1]) if chosen in conditions else rows.filter(standing)
    shown = shown.select_related("organisation").order_by("organisation__code", "role", "pk")
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    context = _shared(request, branch, search, chosen in conditions) | {
        "chips": [
            {
                "label": label,
                "count": figures[key],
                "url": with_query(request, role="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "rows": [_row(one, request.user) for one in page],
        "page": page,
        "show_organisation": branch is None,
    }
    return render(request, "members/assignment_list.html", context)


def _shared(request, branch, search: str, chosen: bool) -> dict[str, object]:
    """What both lists show around their rows."""
    query = request.GET.copy()
    query.pop("page", None)
    here = {
        "branch": request.GET.get("branch"),
        "organisation": request.GET.get("organisation"),
    }
    about = branch or named_organisation(request)
    may_assign = about is not None and reaches(request.user, Action.APPROVE, about.path)
    missing = request.GET.get("missing", "")
    return {
        "tabs": organisation_tabs(about, "members:assignments"),
        "context_text": about.short_name if about else "",
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "query": query.urlencode(),
        "filtered": bool(search or chosen),
        "clear_url": link("members:assignments", **here),
        "new_url": link("members:assignment_add", organisation=about.code) if may_assign else "",
        "all_url": link("members:assignments", **here),
        "lists": [
            {
                "label": f"没有{role.label}的",
                "url": link("members:assignments", missing=role.value, **here),
                "current": missing == role.value,
            }
            for role in AssignmentRole
        ]
        if branch is None
        else [],
    }


def _row(one: Assignment, user) -> dict[str, object]:
    may_assign = reaches(user, Action.APPROVE, one.organisation.path)
    return {
        "organisation": one.organisation.short_name,
        "organisation_url": link("members:assignments", branch=one.organisation.code),
        "role": one.get_role_display(),
        "name": one.person_name,
        "unit": one.from_unit,
        "starts": full_date(one.starts_on),
        "ends": full_date(one.ends_on),
        "edit_url": reverse("members:assignment_change", args=[one.pk]) if may_assign else "",
    }


def _without(request, role: str, branch, today: datetime.date):
    """Branches without anybody in that role; instructors are asked of social organisations."""
    assigned = Assignment.objects.on(today).filter(role=role)
    branches, _branch = narrowed(request, Organisation.objects.branches())
    branches = branches.standing(today, today).exclude(pk__in=assigned.values("organisation_id"))
    instructors = role == AssignmentRole.INSTRUCTOR
    if instructors:
        branches = branches.filter(sector=Sector.SOCIAL_ORGANISATION)
    search = one_line(request.GET.get("q"), 40)
    if search:
        branches = branches.filter(name__contains=search)
    below = Values().on(INSTRUCTOR_BELOW, today)
    shown = branches.select_related("parent").order_by("code")
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    found = counts([one.pk for one in page], today)
    rows = [_lacking(one, role, found.get(one.pk, (0, 0))[1], request.user) for one in page]
    for row in rows:
        row["due"] = instructors and row["formal"] < below
    context = _shared(request, branch, search, chosen=False) | {
        "role": AssignmentRole(role).label,
        "instructors": instructors,
        "below": below,
        "rows": rows,
        "page": page,
    }
    return render(request, "members/assignment_missing.html", context)


def _lacking(one: Organisation, role: str, formal: int, user) -> dict[str, object]:
    may_assign = reaches(user, Action.APPROVE, one.path)
    return {
        "name": one.short_name,
        "url": link("members:assignments", branch=one.code),
        "parent": one.parent.short_name if one.parent else "",
        "sector": one.get_sector_display(),
        "formal": formal,
        "assign_url": link("members:assignment_add", organisation=one.code, role=role)
        if may_assign
        else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def assignment_add(request):
    """选派: somebody to the organisation named by its code."""
    code = one_line(request.POST.get("organisation") or request.GET.get("organisation"), 40)
    organisation = get_for(
        Organisation.objects.select_related("parent"), request.user, Action.APPROVE, code=code
    )
    return _edit(request, organisation)


@require_http_methods(["GET", "HEAD", "POST"])
def assignment_change(request, pk):
    """更正选派, or end it by its last day."""
    assignment = get_for(
        Assignment.objects.select_related("organisation", "member"),
        request.user,
        Action.APPROVE,
        pk=pk,
    )
    return _edit(request, assignment.organisation, assignment)


def _edit(request, organisation: Organisation, assignment: Assignment | None = None):
    today = current_day()
    if assignment:
        initial = {
            name: getattr(assignment, name)
            for name in ("role", "person_name", "from_unit", "starts_on", "ends_on")
        }
    else:
        initial = {"role": request.GET.get("role"), "starts_on": today}
    form = AssignmentForm(
        request.POST or None,
        today=today,
        initial=initial,
        reader=request.user,
        known=assignment.member if assignment else None,
    )
    back_url = link("members:assignments", branch=organisation.code)
    if request.method == "POST" and form.is_valid():
        try:
            if assignment:
                change_assignment(assignment=assignment, by=request.user, **form.cleaned_data)
            else:
                assign(organisation=organisation, by=request.user, **form.cleaned_data)
        except Refused as refused:
            field = refused.field if refused.field in form.fields else None
            form.add_error(field, str(refused))
        else:
            messages.success(request, f"已保存{form.cleaned_data['person_name']}的选派")
            return redirect(back_url)
    context = {
        "form": form,
        "title": f"编辑 {assignment.person_name}" if assignment else "选派",
        "organisation": organisation,
        "linked": assignment is not None and assignment.member_id is not None,
        "list_url": back_url,
        "pairs": [
            (form["person_name"], form["last_digits"]),
            (form["starts_on"], form["ends_on"]),
        ],
    }
    return render(request, "members/assignment_form.html", context)
