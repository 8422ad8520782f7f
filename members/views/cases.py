import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.scope import get_for, reaches
from branches.tabs import member_tabs
from branches.words import full_date, short_date
from members import facts
from members.absence_forms import DecisionForm
from members.contacts import lost_since
from members.enums import CaseKind
from members.models import Case
from members.services import Refused
from members.services import contacts as services
from members.views.away_marks import urgency

PAGE = 50
_UNPAID_LAW = (
    "没有正当理由，连续 6 个月不交纳党费的，党章第九条规定被认为是自行脱党，"
    "由支部大会决定除名，并报上级党组织批准；研究前先谈话，核实有没有正当理由。"
)


@require_safe
def case_list(request):
    """Matters for the branch committees: undecided ones first, oldest first."""
    today = current_day()
    cases, branch = narrowed(request, Case.objects.all())
    conditions = {
        "waiting": ("待研究", Q(decided_on__isnull=True)),
        "decided": ("已研究", Q(decided_on__isnull=False)),
    }
    counts = {key: cases.filter(condition).count() for key, (_l, condition) in conditions.items()}
    chosen = request.GET.get("state", "")
    shown = cases.filter(conditions[chosen][1]) if chosen in conditions else cases
    page = Paginator(
        shown.select_related("member", "organisation").order_by(
            F("decided_on").desc(nulls_first=True), "since", "pk"
        ),
        PAGE,
    ).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    owing = [case.member_id for case in page if case.kind == CaseKind.UNPAID_6M]
    unpaid = facts.unpaid_of(owing, today) if owing else {}
    context = {
        "tabs": member_tabs(branch, "members:absences"),
        "absences_url": link("members:absences", branch=branch.code if branch else ""),
        "context_text": f"待研究 {counts['waiting']} 件",
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "show_organisation": branch is None,
        "rows": [_row(case, today, unpaid) for case in page],
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "members/case_list.html", context)


def _row(case: Case, today: datetime.date, unpaid: dict) -> dict[str, str]:
    return {
        "url": reverse("members:case_detail", args=[case.pk]),
        "name": case.member.name,
        "organisation": case.organisation.short_name,
        "why": case.get_kind_display(),
        "now": _unpaid_words(unpaid.get(case.member_id)) if case.kind == CaseKind.UNPAID_6M else "",
        "since": full_date(case.since),
        "opened": full_date(case.opened_on),
        "kind": "done" if case.decided_on else urgency(case.kind),
        "words": f"{short_date(case.decided_on, today)}研究"
        if case.decided_on
        else f"待研究 {(today - case.opened_on).days} 天",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def case_detail(request, pk):
    """One matter for the committee; POST keeps what it decided."""
    action = Action.CHANGE_MEMBER if request.method == "POST" else Action.LOOK
    cases = Case.objects.select_related("member", "organisation", "decided_by")
    case = get_for(cases, request.user, action, pk=pk)
    today = current_day()
    form = _decision_form(case, today, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            services.decide_case(
                case=case,
                decision=told["decision"],
                on=told["decided_on"],
                suspended_on=told.get("suspended_on"),
                seen=told["seen"],
                by=request.user,
                today=today,
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, "已记录支委会的意见")
            return redirect("members:case_detail", pk)
    may_change = reaches(request.user, Action.CHANGE_MEMBER, case.organisation.path)
    lost = case.member_id in lost_since([case.organisation_id], today)
    context = {
        "list_url": link("members:cases", branch=case.organisation.code),
        "name": case.member.name,
        "why": case.get_kind_display(),
        "kind": "done" if case.decided_on else urgency(case.kind),
        "words": "已研究" if case.decided_on else "待研究",
        "facts": [
            ("支部", case.organisation.short_name),
            ("起算日期", full_date(case.since)),
            ("提请日期", full_date(case.opened_on)),
            ("未交月份", _unpaid_months(case)),
            ("现在", _now_words(case, lost, today)),
            ("意见", case.decision),
            ("研究日期", full_date(case.decided_on)),
            ("停止党籍日期", full_date(case.suspended_on)),
            ("记录人", str(case.decided_by or "")),
        ],
        "member_url": reverse("members:detail", args=[case.member_id]),
        "disputed": case.kind == CaseKind.LOST_6M,
        "law": _UNPAID_LAW if case.kind == CaseKind.UNPAID_6M else "",
        "arrears_url": link("dues:arrears", branch=case.organisation.code)
        if case.kind == CaseKind.UNPAID_6M
        else "",
        "form": form if may_change else None,
    }
    return render(request, "members/case_detail.html", context)


def _unpaid_months(case: Case) -> str:
    """The months without dues that the records showed when the case was opened."""
    if case.kind != CaseKind.UNPAID_6M:
        return ""
    months, amount = facts.unpaid_of([case.member_id], case.opened_on).get(case.member_id, ([], 0))
    if not months:
        return "提请时的未交月份后来已更正"
    listed = "、".join(f"{month.year}年{month.month}月" for month in months)
    return f"{listed}（{len(months)} 个月，¥{amount:,.2f}）"


def _unpaid_words(unpaid: tuple | None) -> str:
    """How the dues stand now: settled, or how many months running are still unpaid."""
    if unpaid is None:
        return "已补交"
    months, amount = unpaid
    return f"仍有 {len(months)} 个月未交，¥{amount:,.2f}"


def _now_words(case: Case, lost: bool, today: datetime.date) -> str:
    if case.kind == CaseKind.UNPAID_6M:
        return _unpaid_words(facts.unpaid_of([case.member_id], today).get(case.member_id))
    if case.kind in (CaseKind.LOST_6M, CaseKind.LOST_2Y):
        return "仍登记为失联" if lost else "已经没有失联登记"
    return ""


def _decision_form(case: Case, today: datetime.date, values) -> DecisionForm:
    suspends = case.kind in services.SUSPENDING
    return DecisionForm(values, case=case, suspends=suspends, today=today)
