"""Requests about dues: the list, what a branch asks, one request with the superior's answer."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.periods import add_months, months_between
from branches.scope import get_for, is_superior, reaches
from branches.timeline import history_of
from branches.words import full_date, one_line
from dues import standing
from dues.enums import RELIEFS, RequestKind, RequestState
from dues.models import DuesRequest
from dues.request_forms import DecisionForm, EndForm, RequestForm
from dues.services import Refused
from dues.services.requests import (
    TRAIL_AREA,
    ask,
    decide,
    end_early,
    span_words,
    withdraw,
)
from dues.tabs import dues_tabs
from dues.unpaid import owed_months
from dues.words import money, month_label
from members.letters import read_month
from members.models import Member

PAGE = 50
_LAST_LINES = 20
# The kind of mark of each state, on every page.
KINDS = {
    RequestState.ASKED: "wait",
    RequestState.APPROVED: "done",
    RequestState.RETURNED: "late",
    RequestState.WITHDRAWN: "todo",
}


# --- The list -------------------------------------------------------------------------------


def _conditions(today: datetime.date) -> dict[str, tuple[str, Q]]:
    ended = Q(kind__in=RELIEFS, until_month__lt=today.replace(day=1))
    approved = Q(state=RequestState.APPROVED)
    return {
        "asked": ("待审批", Q(state=RequestState.ASKED)),
        "approved": ("同意", approved & ~ended),
        "returned": ("退回", Q(state=RequestState.RETURNED)),
        "ended": ("到期", approved & ended),
    }


@require_safe
def request_list(request):
    """Requests below the reader: the longest waiting first, then what is in force."""
    today = current_day()
    rows, branch = narrowed(request, DuesRequest.objects.all())
    conditions = _conditions(today)
    counts = rows.aggregate(
        **{key: Count("pk", filter=condition) for key, (_label, condition) in conditions.items()}
    )
    chosen = request.GET.get("state", "")
    shown = rows.filter(conditions[chosen][1]) if chosen in conditions else rows
    shown = _waiting_first(shown.select_related("member", "organisation"), conditions)
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    may_ask = branch is not None and reaches(request.user, Action.SUBMIT, branch.path)
    context = {
        "tabs": dues_tabs(branch or named_organisation(request), "dues:requests"),
        "context_text": f"待审批 {counts['asked']} 份",
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
        "rows": [_row(one, today) for one in page],
        "page": page,
        "query": query.urlencode(),
        "filtered": chosen in conditions,
        "clear_url": with_query(request, state=""),
        "new_url": link("dues:request_new", branch=branch.code) if may_ask else "",
    }
    return render(request, "dues/request_list.html", context)


def _waiting_first(rows, conditions):
    order = Case(
        When(conditions["asked"][1], then=Value(0)),
        When(conditions["approved"][1], then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    waiting_since = Case(When(state=RequestState.ASKED, then="asked_on"))
    return rows.order_by(order, waiting_since, "until_month", "-pk")


def mark_of(one: DuesRequest, today: datetime.date) -> tuple[str, str]:
    """The mark of a request: kind and words."""
    match one.state:
        case RequestState.ASKED:
            days = (today - one.asked_on).days
            return KINDS[one.state], f"待审批 {days} 天" if days else "待审批"
        case RequestState.RETURNED:
            return KINDS[one.state], "退回"
        case RequestState.WITHDRAWN:
            return KINDS[one.state], "已撤回"
    this_month = today.replace(day=1)
    if one.kind == RequestKind.BACK_PAYMENT:
        return KINDS[one.state], "同意补交"
    if one.until_month < this_month:
        return "todo", "已到期"
    if one.until_month == this_month:
        return "soon", "本月到期"
    return KINDS[one.state], f"同意，到{month_label(one.until_month)}"


def _asks(one: DuesRequest) -> str:
    if one.kind == RequestKind.REDUCTION:
        return f"减缴，每月交 {money(one.amount)}"
    return one.get_kind_display()


def _row(one: DuesRequest, today: datetime.date) -> dict[str, str]:
    kind, words = mark_of(one, today)
    return {
        "url": reverse("dues:request", args=[one.pk]),
        "name": one.member.name,
        "organisation": one.organisation.short_name,
        "asks": _asks(one),
        "months": span_words(one),
        "asked": full_date(one.asked_on),
        "kind": kind,
        "words": words,
    }


# --- Asking ---------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request):
    """提出请示: for whom, what, for which months; the address may fill it in."""
    branch = chosen_branch(request, Action.SUBMIT)
    if branch is None:
        raise PermissionDenied
    today = current_day()
    members = Member.objects.filter(organisation=branch, left_on__isnull=True).order_by("pk")
    form = RequestForm(
        request.POST if request.method == "POST" else None,
        members=members,
        today=today,
        initial=_proposed(request, today),
    )
    if request.method == "POST" and form.is_valid():
        try:
            one = ask(organisation=branch, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            superior = branch.parent.short_name if branch.parent else "上级"
            messages.success(request, f"已提出{one.get_kind_display()}请示，等{superior}审批")
            return redirect("dues:request", one.pk)
    context = {
        "tabs": dues_tabs(branch, "dues:requests"),
        "list_url": link("dues:requests", branch=branch.code),
        "branch_code": branch.code,
        "organisation": branch.name,
        "form": form,
        "limit_words": f"{month_label(standing.back_limit(today))}起的月份直接登记，不用请示",
    }
    return render(request, "dues/request_form.html", context)


def _proposed(request, today: datetime.date) -> dict[str, object]:
    """What the address says, as far as it can be read; else this month to December."""
    this_month = today.replace(day=1)
    initial = {
        "from_month": this_month,
        "until_month": this_month.replace(month=12),
        "asked_on": today,
        "member": request.GET.get("member", ""),
        "kind": request.GET.get("kind", ""),
    }
    for name, given in (("from_month", "from"), ("until_month", "until")):
        try:
            initial[name] = read_month(one_line(request.GET.get(given), 20)) or initial[name]
        except ValueError:
            continue
    return initial


def _add_refusal(form, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


# --- One request ----------------------------------------------------------------------------


def _in_sight(request, pk: int) -> DuesRequest:
    rows = DuesRequest.objects.select_related(
        "member", "organisation__parent", "asked_by", "decided_by"
    )
    return get_for(rows, request.user, pk=pk)


def _require(allowed: bool) -> None:
    """In sight but out of reach."""
    if not allowed:
        raise PermissionDenied


def _may_ask(user, one: DuesRequest) -> bool:
    return reaches(user, Action.SUBMIT, one.organisation.path)


def _may_decide(user, one: DuesRequest) -> bool:
    return is_superior(user, one.organisation) and one.asked_by_id != user.pk


def _may_end(user, one: DuesRequest) -> bool:
    return _may_ask(user, one) or is_superior(user, one.organisation)


@require_safe
def request_detail(request, pk):
    """One request: what is asked, how it was answered, and the form that fits the reader."""
    return _page(request, _in_sight(request, pk))


def _page(request, one: DuesRequest, **bound):
    """The page; `bound` holds a form that was refused, by its name."""
    today, user = current_day(), request.user
    kind, words = mark_of(one, today)
    waits = one.state == RequestState.ASKED
    running = (
        one.state == RequestState.APPROVED
        and one.kind in RELIEFS
        and one.until_month >= today.replace(day=1)
    )
    decision_form, end_form = None, None
    if waits and _may_decide(user, one):
        decision_form = bound.get("decision") or DecisionForm(today=today, initial={"on": today})
    if running and _may_end(user, one):
        end_form = bound.get("end") or EndForm(initial={"last_month": add_months(today, -1)})
    context = {
        "tabs": dues_tabs(one.organisation, "dues:requests"),
        "list_url": link("dues:requests", branch=one.organisation.code),
        "pk": one.pk,
        "name": one.member.name,
        "title": one.get_kind_display(),
        "badge": {"kind": kind, "text": words},
        "facts": [(label, text) for label, text in _facts(one) if text],
        "note": _note(one, today),
        "member_url": link("members:detail", one.member_id),
        "pay_url": _pay_url(user, one),
        "history": history_of(TRAIL_AREA, one.pk, today, count=_LAST_LINES),
        "decision_form": decision_form,
        "end_form": end_form,
        "may_withdraw": waits and _may_ask(user, one),
    }
    return render(request, "dues/request_detail.html", context)


def _facts(one: DuesRequest) -> list[tuple[str, str]]:
    approved = standing.approved_in([one.member_id], one.from_month).get(one.member_id)
    return [
        ("支部", one.organisation.name),
        ("月份", span_words(one)),
        ("核定月应缴", f"¥{money(approved.amount)}" if approved else "没有核定"),
        ("减缴后每月", f"¥{money(one.amount)}" if one.amount is not None else ""),
        ("依据", one.reason),
        ("请示", f"{full_date(one.asked_on)} {one.asked_by or ''}".strip()),
        ("审批", f"{full_date(one.decided_on)} {one.decided_by or ''}".strip()),
        ("意见", one.opinion),
    ]


def _note(one: DuesRequest, today: datetime.date) -> str:
    """What the superior should know: for a relief what was paid already, else what is owed."""
    months = months_between(one.from_month, min(one.until_month, today))
    if one.kind == RequestKind.BACK_PAYMENT:
        short = [
            owed.short
            for owed in owed_months(one.member, one.organisation, today)
            if owed.month in months
        ]
        return f"其中 {len(short)} 个月还没有交清，共 ¥{money(sum(short))}" if short else ""
    listed = "、".join(map(month_label, standing.months_paid(one.member, months)))
    return f"{listed}已经交过，同意后这些月份会显示多交，可由支部更正" if listed else ""


def _pay_url(user, one: DuesRequest) -> str:
    allowed = one.kind == RequestKind.BACK_PAYMENT and one.state == RequestState.APPROVED
    if not allowed or not reaches(user, Action.ENTER_DUES, one.organisation.path):
        return ""
    return link("dues:several", one.member_id, branch=one.organisation.code)


@require_POST
def request_decide(request, pk):
    """审批: the button says whether it is approved or returned."""
    one = _in_sight(request, pk)
    _require(_may_decide(request.user, one))
    today = current_day()
    form = DecisionForm(request.POST, today=today)
    if form.is_valid():
        approved = request.POST.get("act") == "approve"
        try:
            decide(
                request=one, approved=approved, by=request.user, today=today, **form.cleaned_data
            )
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            done = "同意" if approved else "退回"
            messages.success(request, f"已{done}{one.member.name}的{one.get_kind_display()}请示")
            return redirect("dues:request", pk)
    return _refused_page(request, pk, form, "decision")


@require_POST
def request_withdraw(request, pk):
    """撤回, while nobody has decided."""
    one = _in_sight(request, pk)
    _require(_may_ask(request.user, one))
    try:
        withdraw(request=one, by=request.user)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "已撤回请示")
    return redirect("dues:request", pk)


@require_POST
def request_end(request, pk):
    """提前结束: by the branch or by its superior."""
    one = _in_sight(request, pk)
    _require(_may_end(request.user, one))
    today = current_day()
    form = EndForm(request.POST)
    if form.is_valid():
        try:
            end_early(request=one, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            _add_refusal(form, refused)
        else:
            messages.success(request, f"{one.get_kind_display()}已提前结束，应缴已重新计算")
            return redirect("dues:request", pk)
    return _refused_page(request, pk, form, "end")


def _refused_page(request, pk: int, form, name: str):
    """The page again with the form; where the form has no place any more, what was wrong is said."""
    one = _in_sight(request, pk)
    if form.non_field_errors() and one.state != RequestState.ASKED:
        messages.warning(request, form.non_field_errors()[0])
        if name == "decision":
            return redirect("dues:request", pk)
    return _page(request, one, **{name: form})
