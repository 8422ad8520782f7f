"""大额党费: large sums given once, from coming in to the receipt; apart from the dues."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.money import SumOfMoney
from branches.periods import add_months
from branches.scope import get_for, reaches
from branches.timeline import history_of
from branches.values import Values
from branches.words import full_date
from dues.models import Contribution
from dues.publication_forms import ContributionForm, ForwardForm, ReceiptForm, TakeBackForm
from dues.services import Refused
from dues.services.contributions import (
    TRAIL_AREA,
    enter_contribution,
    enter_receipt,
    forward_contribution,
    reverse_contribution,
)
from dues.standing import memberships_in
from dues.tabs import dues_tabs
from dues.values import LARGE_SUM
from dues.words import money
from members.models import Member

PAGE = "dues:contributions"
PAGE_SIZE = 50
_STANDING = Q(reverses__isnull=True, is_reversed=False)
# Chips of the list: key, label, condition, kind of mark.
_STATES = (
    ("new", "待转交", _STANDING & Q(forwarded_on__isnull=True), "soon"),
    ("sent", "待收据", _STANDING & Q(forwarded_on__isnull=False, receipt_number=""), "wait"),
    ("done", "已办结", _STANDING & ~Q(receipt_number=""), "done"),
)


def _with_state(rows):
    return rows.annotate(is_reversed=Q(reversed_by__isnull=False))


def _state(one: Contribution) -> tuple[str, str]:
    """Kind of mark and words."""
    if one.reverses_id:
        return "todo", "冲正"
    if one.is_reversed:
        return "todo", "已冲正"
    if one.receipt_number:
        return "done", "已办结"
    return ("wait", "待收据") if one.forwarded_on else ("soon", "待转交")


# --- The list -------------------------------------------------------------------------------


@require_safe
def contribution_list(request):
    """Large sums of a branch or of everything below, those still to be passed on first."""
    _rows, branch = narrowed(request, Organisation.objects.branches())
    return _list(request, branch)


def _list(request, branch: Organisation | None, form: ContributionForm | None = None):
    today = current_day()
    organisation = branch or named_organisation(request)
    rows = _with_state(Contribution.objects.visible_to(request.user))
    if organisation is not None:
        rows = rows.within(organisation)
    counts = rows.aggregate(**{key: Count("pk", filter=wanted) for key, _l, wanted, _k in _STATES})
    chosen = request.GET.get("state", "")
    conditions = {key: wanted for key, _label, wanted, _kind in _STATES}
    shown = rows.filter(conditions[chosen]) if chosen in conditions else rows
    total = shown.aggregate(total=SumOfMoney("amount"))["total"]
    page = Paginator(
        shown.select_related("member", "organisation").order_by("-paid_on", "-pk"), PAGE_SIZE
    ).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    code = organisation.code if organisation else ""
    context = {
        "tabs": dues_tabs(organisation, PAGE),
        "organisation": organisation.short_name if organisation else "",
        "least": money(Values().on(LARGE_SUM, today)),
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label, _wanted, _kind in _STATES
        ],
        "rows": [_row(one) for one in page],
        "total": money(total),
        "show_branch": branch is None,
        "page": page,
        "query": query.urlencode(),
        "filtered": chosen in conditions,
        "clear_url": link(PAGE, branch=code),
        "form": form or _entry_form(branch, today)
        if branch is not None and reaches(request.user, Action.ENTER_DUES, branch.path)
        else None,
        "form_url": f"{link('dues:contribution_enter')}?{urlencode({'branch': code})}",
        "ledger_url": link("dues:ledger", branch=code),
    }
    return render(request, "dues/contribution_list.html", context)


def _row(one: Contribution) -> dict[str, object]:
    kind, words = _state(one)
    return {
        "url": link("dues:contribution", one.reverses_id or one.pk),
        "name": one.member.name,
        "branch": one.organisation.short_name,
        "amount": money(one.amount),
        "on": full_date(one.paid_on),
        "forwarded": full_date(one.forwarded_on),
        "receipt": one.receipt_number,
        "kind": kind,
        "words": words,
    }


def _members(branch: Organisation, today: datetime.date):
    """Members of the branch within the last year; who gave may have died or moved since."""
    lately = memberships_in(add_months(today, -12), today).filter(organisation=branch)
    return Member.objects.filter(pk__in=lately.order_by().values("member_id")).order_by("pk")


def _entry_form(branch: Organisation, today: datetime.date, typed=None) -> ContributionForm:
    return ContributionForm(
        typed, members=_members(branch, today), today=today, initial={"paid_on": today}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def contribution_enter(request):
    """登记大额党费; opened by itself it is the list of the branch."""
    branch = chosen_branch(request, Action.ENTER_DUES)
    if branch is None:
        raise PermissionDenied
    if request.method != "POST":
        return _list(request, branch)
    today = current_day()
    form = _entry_form(branch, today, request.POST)
    if form.is_valid():
        try:
            contribution = enter_contribution(
                organisation=branch, by=request.user, today=today, **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(
                request, f"已登记{contribution.member.name} ¥{money(contribution.amount)}"
            )
            return redirect(link("dues:contribution", contribution.pk))
    return _list(request, branch, form)


# --- One sum --------------------------------------------------------------------------------


def _contribution(request, pk: int, *actions: str) -> Contribution:
    """The sum meant; any one of the actions will do. 404 out of sight, 403 out of reach."""
    rows = _with_state(Contribution.objects.select_related("organisation__parent", "member"))
    one = get_for(rows, request.user, pk=pk)
    if actions and not any(
        reaches(request.user, action, one.organisation.path) for action in actions
    ):
        raise PermissionDenied
    return one


# The receipt comes down from above, so the superior may enter it too.
_RECEIVERS = (Action.ENTER_DUES, Action.APPROVE)


@require_safe
def contribution_detail(request, pk):
    """One large sum: how far it has come, and the form for the next step."""
    return _detail(request, _contribution(request, pk))


def _detail(request, one: Contribution, **bound):
    """The page; `bound` holds a form that was refused, by its name."""
    today, path = current_day(), one.organisation.path
    standing = not one.reverses_id and not one.is_reversed
    may_enter = standing and reaches(request.user, Action.ENTER_DUES, path)
    may_receive = standing and any(reaches(request.user, action, path) for action in _RECEIVERS)
    forward = receipt = None
    if may_enter and not one.receipt_number:
        forward = bound.get("forward") or ForwardForm(
            today=today,
            initial={"forwarded_on": one.forwarded_on or today, "note": one.note},
        )
    if may_receive and one.forwarded_on:
        receipt = bound.get("receipt") or ReceiptForm(
            today=today,
            initial={
                "receipt_number": one.receipt_number,
                "receipt_on": one.receipt_on or today,
            },
            auto_id="receipt_%s",
        )
    kind, words = _state(one)
    reversal = Contribution.objects.filter(reverses=one).select_related("entered_by").first()
    context = {
        "tabs": dues_tabs(one.organisation, PAGE),
        "list_url": link(PAGE, branch=one.organisation.code),
        "pk": one.pk,
        "mark": {"kind": kind, "text": words},
        "one": {
            "name": one.member.name,
            "branch": one.organisation.short_name,
            "amount": money(one.amount),
            "on": full_date(one.paid_on),
            "note": one.note,
            "forwarded": full_date(one.forwarded_on),
            "receipt": one.receipt_number,
            "receipt_on": full_date(one.receipt_on),
            "reversed": reversal.reason if reversal else "",
        },
        "statement_url": link("dues:statement", one.member_id, year=one.paid_on.year),
        "steps": _steps(one),
        "forward_form": forward,
        "receipt_form": receipt,
        "receipt_first": receipt is not None and not one.receipt_number,
        "back_form": (bound.get("back") or TakeBackForm(auto_id="back_%s")) if may_enter else None,
        "history": history_of(TRAIL_AREA, one.pk, today),
    }
    return render(request, "dues/contribution_detail.html", context)


def _steps(one: Contribution) -> list[dict[str, str]]:
    """登记 → 转交上级 → 收到收据."""
    done = [True, bool(one.forwarded_on), bool(one.receipt_number)]
    days = [one.paid_on, one.forwarded_on, one.receipt_on]
    names = ["登记", "转交上级", "收到收据"]
    current = done.index(False) if False in done else len(done)
    return [
        {
            "name": name,
            "state": "done" if reached else "current" if index == current else "todo",
            "note": full_date(day),
        }
        for index, (name, reached, day) in enumerate(zip(names, done, days, strict=True))
    ]


def _act(request, one: Contribution, name: str, form, service, words: str):
    """Run one service with what was typed; the page again where it was refused."""
    if form.is_valid():
        try:
            service(contribution=one, by=request.user, **form.cleaned_data)
        except Refused as refused:
            field = refused.field if refused.field in form.fields else None
            form.add_error(field, str(refused))
        else:
            messages.success(request, words)
            return redirect(link("dues:contribution", one.pk))
    return _detail(request, one, **{name: form})


@require_POST
def contribution_forward(request, pk):
    """登记转交: on which day it went up."""
    one = _contribution(request, pk, Action.ENTER_DUES)
    today = current_day()

    def forward(**typed):
        return forward_contribution(today=today, **typed)

    form = ForwardForm(request.POST, today=today)
    return _act(request, one, "forward", form, forward, "已登记转交上级")


@require_POST
def contribution_receipt(request, pk):
    """登记收据: number and day."""
    one = _contribution(request, pk, *_RECEIVERS)
    today = current_day()

    def receive(**typed):
        return enter_receipt(today=today, **typed)

    form = ReceiptForm(request.POST, today=today, auto_id="receipt_%s")
    return _act(request, one, "receipt", form, receive, "已登记收据")


@require_POST
def contribution_reverse(request, pk):
    """冲正: a wrong entry is taken back by one that points at it."""
    one = _contribution(request, pk, Action.ENTER_DUES)
    form = TakeBackForm(request.POST, auto_id="back_%s")
    return _act(request, one, "back", form, reverse_contribution, "已冲正，两笔都留在账上")
