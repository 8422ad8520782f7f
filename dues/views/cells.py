"""What the grid sends: one cell, all cells of a browser without JavaScript, the rest by standard."""

import datetime
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link, safe_next
from branches.models import Organisation
from branches.periods import Span, month_of, period_of
from dues.forms import CellForm
from dues.grid import Grid
from dues.services import NeedsConfirmation, Refused, payments
from dues.standing import members_of
from dues.words import NOTHING, money, month_key, sum_text

# Where the session keeps what 撤销 takes back.
LAST_FILL = "dues_last_fill"


def _wants_answer(request) -> bool:
    """Whether the page's script asks; without it the same address answers with a page."""
    return "application/json" in request.headers.get("Accept", "")


def _focus(request) -> datetime.date | None:
    try:
        return month_of(request.GET.get("focus", "")).starts_on
    except ValueError:
        return None


def _set_cell(request, branch, form: CellForm) -> Decimal:
    """Make the stored sum what was typed; the refusals of the services pass through."""
    values = form.cleaned_data
    member = members_of(branch).filter(pk=values["member"]).first()
    if member is None:
        raise Refused("名册里没有这个人，请刷新页面")
    entry = {
        "member": member,
        "organisation": branch,
        "month": values["month"],
        "amount": values["amount"],
        "by": request.user,
        "today": current_day(),
        "confirmed": values["confirmed"],
    }
    try:
        if values["amount"] and not values["version"]:
            return payments.enter_payment(**entry).amount
        return payments.correct_payment(seen=values["version"], **entry)
    except payments.PaidMeanwhile as meanwhile:
        # Both meant the same, or the first answer was lost on its way: nothing to choose.
        if meanwhile.paid == values["amount"]:
            return meanwhile.paid
        raise


@require_POST
def cell_save(request):
    """One cell of the grid saves itself; the answer carries the row and all totals."""
    branch = _branch_to_enter(request)
    form = CellForm(request.POST)
    if not form.is_valid():
        return _refused(_first_error(form))
    try:
        _set_cell(request, branch, form)
    except payments.PaidMeanwhile as meanwhile:
        return _conflict(meanwhile)
    except NeedsConfirmation as question:
        return JsonResponse({"needs_confirm": str(question)})
    except Refused as refused:
        return _refused(str(refused))
    month = form.cleaned_data["month"]
    grid = Grid(branch, period_of(Span.QUARTER, month), current_day(), focus=_focus(request))
    row = next(row for row in grid.rows if row.member.pk == form.cleaned_data["member"])
    return JsonResponse(
        grid.cell(row, month)
        | {
            "row": {"subtotal": money(row.subtotal)},
            "totals": grid.totals(),
            "saved_at": f"{timezone.localtime():%H:%M}",
        }
    )


def _branch_to_enter(request) -> Organisation:
    branch = chosen_branch(request, Action.ENTER_DUES)
    if branch is None:
        raise PermissionDenied
    return branch


def _refused(message: str) -> JsonResponse:
    return JsonResponse({"error": message}, status=400)


def _first_error(form) -> str:
    return next(iter(form.errors.values()))[0]


def _conflict(meanwhile: payments.PaidMeanwhile) -> JsonResponse:
    last = meanwhile.last
    value = sum_text(meanwhile.paid)
    return JsonResponse(
        {
            "value": value,
            "version": value,
            "by": str(last.entered_by or "导入") if last else "",
            "at": f"{timezone.localtime(last.entered_at):%H:%M}" if last else "",
        },
        status=409,
    )


@require_POST
def grid_save(request):
    """All cells of the page at once, for browsers without JavaScript."""
    branch = _branch_to_enter(request)
    saved, faults = 0, []
    for name in request.POST:
        if not name.startswith("amount-") or name.count("-") < 2:
            continue
        _amount, member, month = name.split("-", 2)
        form = CellForm(
            {
                "member": member,
                "month": month,
                "amount": request.POST[name],
                "version": request.POST.get(f"version-{member}-{month}", ""),
                "confirmed": request.POST.get("confirmed", ""),
            }
        )
        if form.is_valid() and form.cleaned_data["amount"] == form.cleaned_data["version"]:
            continue
        try:
            if not form.is_valid():
                raise Refused(_first_error(form))
            _set_cell(request, branch, form)
            saved += 1
        except payments.PaidMeanwhile as meanwhile:
            who = meanwhile.last.entered_by if meanwhile.last else "别人"
            faults.append(
                f"{who}已改成 {meanwhile.paid:.2f}，你填的 {request.POST[name] or '空'} 没有保存"
            )
        except Refused as refused:
            faults.append(str(refused))
    if saved:
        messages.success(request, f"已保存 {saved} 人的党费")
    for fault in dict.fromkeys(faults):
        messages.warning(request, fault)
    return redirect(safe_next(request) or _ledger_of(request, branch))


def _ledger_of(request, branch) -> str:
    month = _focus(request) or current_day()
    return link("dues:ledger", branch=branch.code, year=month.year, quarter=(month.month + 2) // 3)


@require_POST
def month_fill(request):
    """其余 N 人按标准缴清: everybody who has paid nothing for the month pays the standard."""
    branch = _branch_to_enter(request)
    today = current_day()
    try:
        month = month_of(request.POST.get("month", "")).starts_on
        entries = payments.fill_month(
            organisation=branch, month=month, by=request.user, today=today
        )
    except ValueError as fault:
        message = str(fault) if isinstance(fault, Refused) else "请先选月份"
        return _answer_fault(request, branch, message)
    keys = [payment.pk for payment in entries]
    request.session[LAST_FILL] = {"organisation": branch.pk, "payments": keys}
    total = sum((payment.amount for payment in entries), NOTHING)
    said = (
        f"已为 {len(entries)} 人填入 ¥{money(total)}" if entries else "没有要填的，这个月都有数了"
    )
    undo = link("dues:undo", branch=branch.code, focus=month_key(month)) if entries else ""
    return _bulk_answer(request, branch, month, entries, said, undo)


@require_POST
def fill_undo(request):
    """撤销: take back the last 按标准缴清 of this session."""
    branch = _branch_to_enter(request)
    last = request.session.get(LAST_FILL) or {}
    if last.get("organisation") != branch.pk:
        return _answer_fault(request, branch, "没有可以撤销的")
    try:
        entries = payments.undo_fill(
            organisation=branch, payments=last["payments"], by=request.user
        )
    except Refused as refused:
        return _answer_fault(request, branch, str(refused))
    del request.session[LAST_FILL]
    said = f"已撤销，{len(entries)} 人恢复为未缴"
    return _bulk_answer(request, branch, entries[0].month, entries, said, "")


def _answer_fault(request, branch, message: str):
    if _wants_answer(request):
        return _refused(message)
    messages.warning(request, message)
    return redirect(_ledger_of(request, branch))


def _bulk_answer(request, branch, month, entries, said: str, undo: str):
    if not _wants_answer(request):
        messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
        return redirect(_ledger_of(request, branch))
    grid = Grid(branch, period_of(Span.QUARTER, month), current_day(), focus=_focus(request))
    touched = {payment.member_id for payment in entries}
    rows = [row for row in grid.rows if row.member.pk in touched]
    return JsonResponse(
        {
            "cells": [grid.cell(row, month) for row in rows],
            "rows": {str(row.member.pk): {"subtotal": money(row.subtotal)} for row in rows},
            "totals": grid.totals(),
            "saved_at": f"{timezone.localtime():%H:%M}",
            "message": said,
            "undo_url": undo,
        }
    )
