"""学时豁免: decisions with an end, listed and entered by the branch."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.words import full_date
from meetings.forms.study import EndForm, ExemptionForm
from meetings.models import StudyExemption
from meetings.services import Refused
from meetings.services.exemptions import end_exemption, enter_exemption
from meetings.tabs import meeting_tabs
from members.models import Member
from members.roster import roster

PAGE = 50
NAME = "meetings:exemptions"
_UNDER = "meetings:hours"


@require_http_methods(["GET", "HEAD", "POST"])
def exemptions(request):
    """Exemptions of a branch with the form, or of everything below the reader."""
    if request.method != "POST":
        _rows, branch = narrowed(request, Organisation.objects.branches())
        return _page(request, branch)
    branch = chosen_branch(request, Action.RECORD_BRANCH_MEETING)
    if branch is None:
        raise PermissionDenied
    form = _form(branch, request.POST)
    if form.is_valid():
        try:
            exemption = enter_exemption(
                organisation=branch, by=request.user, today=current_day(), **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(
                request,
                f"已登记{exemption.member.name}豁免至{full_date(exemption.ends_on)}，到期自动恢复",
            )
            return redirect(link(NAME, branch=branch.code))
    return _page(request, branch, form)


def _form(branch: Organisation, data=None) -> ExemptionForm:
    members = Member.objects.filter(
        pk__in=roster([branch.pk], current_day()).values("member")
    ).order_by("pk")
    return ExemptionForm(data, members=members.within(branch), today=current_day())


def _page(request, branch: Organisation | None, form: ExemptionForm | None = None):
    organisation = branch or named_organisation(request)
    rows = StudyExemption.objects.visible_to(request.user)
    if organisation is not None:
        rows = rows.within(organisation)
    page = Paginator(
        rows.select_related("member", "organisation", "entered_by").order_by("-ends_on", "-pk"),
        PAGE,
    ).get_page(request.GET.get("page"))
    may_enter = branch is not None and reaches(
        request.user, Action.RECORD_BRANCH_MEETING, branch.path
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": meeting_tabs(organisation, _UNDER),
        "organisation": organisation.short_name if organisation else "",
        "branch_code": branch.code if branch else "",
        "hours_url": link(_UNDER, branch=organisation.code if organisation else ""),
        "rows": [_row(one, may_enter) for one in page],
        "show_branch": branch is None,
        "form": (form or _form(branch)) if may_enter else None,
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "meetings/exemptions.html", context)


def _row(one: StudyExemption, may_enter: bool) -> dict[str, object]:
    today = current_day()
    if one.ends_on < today:
        kind, words = "done", "已到期"
    elif one.starts_on > today:
        kind, words = "todo", "未开始"
    else:
        kind, words = "run", "豁免中"
    return {
        "name": one.member.name,
        "url": link("meetings:study", one.member_id),
        "branch": one.organisation.short_name,
        "days": f"{full_date(one.starts_on)}至{full_date(one.ends_on)}",
        "decided": f"{full_date(one.decided_on)}，{one.decided_by}",
        "by": str(one.entered_by or ""),
        "kind": kind,
        "words": words,
        "end_url": link("meetings:exemption_end", one.pk)
        if may_enter and one.ends_on >= today
        else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def exemption_end(request, pk):
    """提前结束: the hours are asked again from the day after the last one."""
    rows = StudyExemption.objects.select_related("organisation__parent", "member")
    one = get_for(rows, request.user, Action.RECORD_BRANCH_MEETING, pk=pk)
    list_url = link(NAME, branch=one.organisation.code)
    form = EndForm(request.POST or None, today=current_day())
    if request.method == "POST" and form.is_valid():
        try:
            ended = end_exemption(exemption=one, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, f"{one.member.name}的豁免到{full_date(ended.ends_on)}为止")
            return redirect(list_url)
    context = {
        "tabs": meeting_tabs(one.organisation, _UNDER),
        "form": form,
        "organisation": one.organisation.short_name,
        "list_url": list_url,
        "list_label": "学时豁免",
        "title": "提前结束豁免",
        "facts": [
            ("党员", one.member.name),
            ("豁免", f"{full_date(one.starts_on)}至{full_date(one.ends_on)}"),
            ("决定", f"{full_date(one.decided_on)}，{one.decided_by}"),
        ],
        "consequence": "从次日起按全年学时要求核对",
        "keep_label": "不结束",
        "act_label": "提前结束豁免",
    }
    return render(request, "meetings/study_undo.html", context)
