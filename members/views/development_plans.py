from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Sum
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.tabs import member_tabs
from branches.words import full_date
from members.development_forms import ApprovalForm, PlanForm, ReasonForm
from members.enums import Step
from members.models import Development, DevelopmentPlan
from members.services import Refused
from members.services.development_plans import approve_plan, file_plan, return_plan

PAGE = 50
_YEARS = 5


def _year(request, today) -> int:
    text = request.GET.get("year", "")
    known = range(today.year + 1, today.year - _YEARS, -1)
    return int(text) if text.isdecimal() and len(text) == 4 and int(text) in known else today.year


def _taken_in(developments, step: str, year: int) -> dict[int, int]:
    """How many took a step in that year, by branch."""
    found: dict[int, int] = {}
    for organisation_id in developments.filter(steps__step=step, steps__on__year=year).values_list(
        "organisation_id", flat=True
    ):
        found[organisation_id] = found.get(organisation_id, 0) + 1
    return found


@require_safe
def plan_list(request):
    """年度计划: what branches mean to do in a year beside what was done; sums of all below."""
    today = current_day()
    year = _year(request, today)
    developments, branch = narrowed(request, Development.objects.all())
    plans, _branch = narrowed(request, DevelopmentPlan.objects.filter(year=year))
    targets = _taken_in(developments, Step.TARGET, year)
    admissions = _taken_in(developments, Step.ADMISSION_MEETING, year)
    planned = plans.aggregate(targets=Sum("targets"), admissions=Sum("admissions"))
    known = {*plans.values_list("organisation_id", flat=True), *targets, *admissions}
    organisations = Organisation.objects.visible_to(request.user).filter(pk__in=known)
    page = Paginator(organisations.order_by("code"), PAGE).get_page(request.GET.get("page"))
    by_organisation = {
        plan.organisation_id: plan for plan in plans.filter(organisation__in=list(page))
    }
    query = request.GET.copy()
    query.pop("page", None)
    own = by_organisation.get(branch.pk) if branch is not None else None
    may_file = branch is not None and reaches(request.user, Action.SUBMIT, branch.path)
    may_file = may_file and not (own and own.approved_on)
    context = {
        "tabs": member_tabs(branch, "members:developments"),
        "list_url": link("members:developments", branch=branch.code if branch else ""),
        "year": year,
        "years": [
            {
                "label": f"{one}年",
                "url": with_query(request, year=str(one)),
                "current": one == year,
            }
            for one in range(today.year + 1, today.year - _YEARS + 2, -1)
        ],
        "rows": [
            _row(request, one, by_organisation.get(one.pk), targets, admissions) for one in page
        ],
        "totals": {
            "planned_targets": planned["targets"] or 0,
            "targets": sum(targets.values()),
            "planned_admissions": planned["admissions"] or 0,
            "admissions": sum(admissions.values()),
            "branches": page.paginator.count,
        },
        "approval_form": ApprovalForm(today=today, initial={"on": today}),
        "return_form": ReasonForm(),
        "chosen": request.GET.get("branch") or request.GET.get("organisation") or "",
        "page": page,
        "query": query.urlencode(),
        "file_url": link("members:development_plan_file", branch=branch.code, year=year)
        if may_file
        else "",
    }
    return render(request, "members/development_plans.html", context)


def _row(request, organisation, plan, targets, admissions) -> dict[str, object]:
    approves = plan is not None and reaches(request.user, Action.APPROVE, organisation.path)
    approved = plan is not None and plan.approved_on is not None
    return {
        "organisation": organisation.short_name,
        "planned_targets": plan.targets if plan else None,
        "targets": targets.get(organisation.pk, 0),
        "planned_admissions": plan.admissions if plan else None,
        "admissions": admissions.get(organisation.pk, 0),
        "filed": full_date(plan.filed_on) if plan else "",
        "approved": full_date(plan.approved_on) if approved else "",
        "note": plan.note if plan else "",
        "kind": "done" if approved else "wait" if plan else "todo",
        "words": "已批准" if approved else "待批准" if plan else "未报计划",
        "approve_url": reverse("members:development_plan_approve", args=[plan.pk])
        if approves and not approved
        else "",
        "return_url": reverse("members:development_plan_return", args=[plan.pk])
        if approves and approved
        else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def plan_file(request):
    """报送年度计划: the branch files its numbers or changes them before they are approved."""
    today = current_day()
    branch = chosen_branch(request, Action.SUBMIT)
    if branch is None:
        messages.warning(request, "请先打开要报计划的那个党支部")
        return redirect("members:development_plans")
    year = _year(request, today)
    known = DevelopmentPlan.objects.filter(organisation=branch, year=year).first()
    initial = {"year": year, "filed_on": full_date(today)}
    if known:
        initial |= {
            "targets": known.targets,
            "admissions": known.admissions,
            "filed_on": full_date(known.filed_on),
            "note": known.note,
        }
    form = PlanForm(request.POST or None, today=today, initial=initial)
    address = link("members:development_plans", branch=branch.code, year=year)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            plan = file_plan(
                organisation=branch,
                year=typed["year"],
                targets=typed["targets"],
                admissions=typed["admissions"],
                on=typed["filed_on"],
                note=typed["note"],
                by=request.user,
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, f"已报送{plan.year}年发展党员计划，等上级批准")
            return redirect(link("members:development_plans", branch=branch.code, year=plan.year))
    context = {
        "form": form,
        "title": "报送年度计划",
        "button": "报送计划",
        "back_url": address,
        "context_text": branch.short_name,
        "hidden": [("branch", branch.code)],
    }
    return render(request, "members/development_form.html", context)


def _plan(request, pk: int) -> DevelopmentPlan:
    return get_for(
        DevelopmentPlan.objects.select_related("organisation"),
        request.user,
        Action.APPROVE,
        pk=pk,
    )


def _listed(request, plan: DevelopmentPlan):
    above = request.POST.get("organisation", "")
    return redirect(link("members:development_plans", organisation=above, year=plan.year))


@require_POST
def plan_approve(request, pk):
    """批准计划."""
    plan = _plan(request, pk)
    form = ApprovalForm(request.POST, today=current_day())
    refusal = "" if form.is_valid() else "请填批准日期，如 2026.12.20"
    if not refusal:
        try:
            approve_plan(plan=plan, on=form.cleaned_data["on"], by=request.user)
        except Refused as refused:
            refusal = str(refused)
    if refusal:
        messages.warning(request, refusal)
    else:
        messages.success(request, f"已批准{plan.organisation.short_name}{plan.year}年计划")
    return _listed(request, plan)


@require_POST
def plan_return(request, pk):
    """退回计划: an approved plan is opened again for the branch, with a reason."""
    plan = _plan(request, pk)
    form = ReasonForm(request.POST)
    refusal = "" if form.is_valid() else "退回要写明原因"
    if not refusal:
        try:
            return_plan(plan=plan, by=request.user, reason=form.cleaned_data["reason"])
        except Refused as refused:
            refusal = str(refused)
    if refusal:
        messages.warning(request, refusal)
    else:
        messages.success(request, f"已退回{plan.organisation.short_name}{plan.year}年计划")
    return _listed(request, plan)
