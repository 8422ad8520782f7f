"""Pages on which an organisation ends with its people, a group ends, or a temporary branch is
filled."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.clock import today as current_day
from branches.models import Group, Kind, Organisation
from branches.scope import get_for, reaches
from branches.tabs import organisation_tabs
from branches.views.organisation_steps import add_fault, detail_url, form_page, organisation_for
from branches.words import full_date
from members.models import Member, Membership
from members.organisation_forms import (
    AttachingForm,
    DissolvingForm,
    GroupEndForm,
    MergingForm,
    ReleasingForm,
)
from members.services import Refused
from members.services.organisations import (
    Consequences,
    attach_member,
    consequences,
    dissolve_organisation,
    end_group,
    merge_organisation,
    release_member,
)

_SUGGESTED = 200


def _targets(request, organisation: Organisation):
    """What an organisation can go into: of its sort, standing, where the reader may change it."""
    rows = Organisation.objects.permitting(request.user, Action.CHANGE_ORGANISATION)
    same = Q(kind=organisation.kind) if organisation.is_branch else ~Q(kind=Kind.BRANCH)
    return rows.filter(same, dissolved_on__isnull=True).exclude(pk=organisation.pk)


def _notes(found: Consequences) -> list[str]:
    """The consequences of an end, in words."""
    counted = (
        (found.relations, "名党员的组织关系转走"),
        (found.attached, "名编入的党员结束编入"),
        (found.developments, "名发展对象和申请人转走"),
        (found.posts, "项职务免去"),
        (found.groups, "个党小组撤销"),
        (found.grants, "个账号的权限收回"),
    )
    touched = "、".join(f"{count} {words}" for count, words in counted if count)
    return [
        f"将有 {touched}。" if touched else "没有党员、职务和授权受影响。",
        "编码、名称和以前的记录都保留，以前各月的台账和报表不变。撤销后不能恢复。",
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_merge(request, code):
    """合并: the people go into another organisation as of a day."""
    today = current_day()
    organisation = organisation_for(request, code, Action.CHANGE_ORGANISATION)
    targets = _targets(request, organisation)
    near = targets.filter(parent=organisation.parent_id).order_by("code")[:_SUGGESTED]
    form = MergingForm(
        request.POST or None, today=today, targets=targets, suggested=near, initial={"on": today}
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            merge_organisation(
                organisation,
                into=values["to"],
                by=request.user,
                on=values["on"],
                today=today,
                reason=values["reason"],
            )
        except Refused as refused:
            add_fault(form, refused)
        else:
            messages.success(request, f"已并入{values['to'].short_name}")
            return redirect(detail_url(values["to"]))
    return form_page(
        request,
        form,
        organisation,
        title="合并组织",
        submit="合并组织",
        notes=_notes(consequences(organisation, today)),
        confirm=f"把{organisation.short_name}并入所选的组织？",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_dissolve(request, code):
    """撤销: with members left it asks where they go."""
    today = current_day()
    organisation = organisation_for(request, code, Action.CHANGE_ORGANISATION)
    found = consequences(organisation, today)
    targets = _targets(request, organisation)
    form = DissolvingForm(
        request.POST or None,
        today=today,
        targets=targets,
        suggested=targets.filter(parent=organisation.parent_id).order_by("code")[:_SUGGESTED],
        needs_target=bool(found.relations),
        initial={"on": today},
    )
    if request.method == "POST" and form.is_valid():
        try:
            dissolve_organisation(organisation, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            add_fault(form, refused)
        else:
            messages.success(request, f"已撤销{organisation.short_name}")
            return redirect(detail_url(organisation))
    return form_page(
        request,
        form,
        organisation,
        title="撤销组织",
        submit="撤销组织",
        notes=_notes(found),
        confirm=f"撤销{organisation.short_name}？",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def group_end(request, pk):
    """撤销党小组: its people go into another group, or none."""
    today = current_day()
    groups = Group.objects.select_related("organisation")
    group = get_for(groups, request.user, Action.KEEP_BRANCH, pk=pk)
    branch = group.organisation
    others = Group.objects.filter(organisation=branch, ends_on__isnull=True).exclude(pk=group.pk)
    form = GroupEndForm(request.POST or None, today=today, others=others, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            end_group(group, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            add_fault(form, refused)
        else:
            messages.success(request, f"已撤销{group.name}")
            return redirect(detail_url(branch))
    people = Member.objects.filter(organisation=branch, group=group, left_on__isnull=True).count()
    notes = [
        f"{group.name}现有 {people} 名党员，请选编到哪里。以前的会议和名册仍记在{group.name}。"
    ]
    return form_page(request, form, branch, title="撤销党小组", submit="撤销党小组", notes=notes)


# --- Temporary and functional branches ------------------------------------------------------


def _keeper_form(request, organisation, today):
    """The form to attach somebody the reader may look at; None where nothing can be done."""
    if organisation.dissolved_on or not reaches(
        request.user, Action.KEEP_BRANCH, organisation.path
    ):
        return None
    members = Member.objects.visible_to(request.user).filter(left_on__isnull=True)
    return AttachingForm(request.POST or None, today=today, members=members, initial={"on": today})


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_people(request, code):
    """Who works with a temporary or functional branch; the formal relations stay elsewhere."""
    today = current_day()
    action = Action.KEEP_BRANCH if request.method == "POST" else Action.LOOK
    organisation = organisation_for(request, code, action)
    form = _keeper_form(request, organisation, today)
    if request.method == "POST" and form and form.is_valid():
        values = form.cleaned_data
        try:
            attach_member(
                values["member"], to=organisation, by=request.user, on=values["on"], today=today
            )
        except Refused as refused:
            add_fault(form, refused)
        else:
            messages.success(request, f"已编入{values['member'].name}")
            return redirect("members:organisation_people", organisation.code)
    rows = (
        Membership.objects.filter(organisation=organisation, is_attached=True)
        .select_related("member__organisation")
        .order_by("ends_on", "starts_on", "pk")
    )
    context = {
        "organisation_name": organisation.short_name,
        "form_words": organisation.get_form_display(),
        "back_url": detail_url(organisation),
        "tabs": organisation_tabs(organisation, "branches:detail"),
        "form": form,
        "rows": [
            {
                "name": row.member.name,
                "url": reverse("members:detail", args=[row.member_id])
                if reaches(request.user, Action.LOOK, row.member.organisation.path)
                else "",
                "home": row.member.organisation.short_name,
                "since": full_date(row.starts_on),
                "until": full_date(row.ends_on),
                "release_url": reverse("members:organisation_release", args=[row.pk])
                if form and row.ends_on is None
                else "",
            }
            for row in rows
        ],
    }
    return render(request, "branches/organisation_people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def organisation_release(request, pk):
    """结束编入."""
    today = current_day()
    rows = Membership.objects.filter(is_attached=True).select_related("member", "organisation")
    row = get_for(rows, request.user, Action.KEEP_BRANCH, pk=pk)
    form = ReleasingForm(request.POST or None, today=today, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            release_member(row, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            add_fault(form, refused)
        else:
            messages.success(request, f"{row.member.name}已结束编入")
            return redirect("members:organisation_people", row.organisation.code)
    notes = [f"{row.member.name}，{full_date(row.starts_on)}起编入。组织关系不受影响。"]
    return form_page(
        request, form, row.organisation, title="结束编入", submit="结束编入", notes=notes
    )
