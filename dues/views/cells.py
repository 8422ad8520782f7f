"""What the grid sends: one cell, a tick in the 党费证, all cells of a browser without a script,
the rest by standard."""

import datetime

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
from branches.words import full_date
from dues.enums import RequestKind
from dues.forms import CellForm, MannerForm
from dues.grid import Grid
from dues.models import Payment
from dues.services import NeedsConfirmation, Refused, fills, payments
from dues.services.checks import TooLongAgo
from dues.shown import Shown
from dues.standing import members_of
from dues.words import NOTHING, money, month_key, sum_text
from members.models import Member

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


def _branch_to_enter(request) -> Organisation:
    branch = chosen_branch(request, Action.ENTER_DUES)
    if branch is None:
        raise PermissionDenied
    return branch


def _member(branch: Organisation, key) -> Member:
    member = members_of(branch).filter(pk=key).first()
    if member is None:
        raise Refused("名册里没有这个人，请刷新页面")
    return member


def _set_cell(request, branch, form: CellForm) -> Payment | None:
    """Make the stored sum what was typed; the refusals of the services pass through."""
    values = form.cleaned_data
    try:
        return payments.set_payment(
            member=_member(branch, values["member"]),
            organisation=branch,
            month=values["month"],
            amount=values["amount"],
            seen=values["version"],
            by=request.user,
            today=current_day(),
            confirmed=values["confirmed"],
            **form.manner,
        )
    except payments.PaidMeanwhile as meanwhile:
        # Both meant the same, or the first answer was lost on its way: nothing to choose.
        if meanwhile.paid == values["amount"]:
            return None
        raise


@require_POST
def cell_save(request):
    """One cell of the grid saves itself; the answer carries the row and all totals."""
    branch = _branch_to_enter(request)
    form = CellForm(request.POST, today=current_day())
    if not form.is_valid():
        return _refused(_first_error(form))
    try:
        further = _set_cell(request, branch, form)
    except payments.PaidMeanwhile as meanwhile:
        return _conflict(meanwhile)
    except NeedsConfirmation as question:
        return JsonResponse({"needs_confirm": str(question)})
    except Refused as refused:
        return _refused(str(refused), _way_out(branch, form, refused))
    month, seen = form.cleaned_data["month"], form.cleaned_data["version"]
    said = ""
    if further is not None and seen:
        said = (
            f"{further.member.name}{month.month}月又交 {further.amount:.2f}，"
            f"共 {seen + further.amount:.2f}"
        )
    return _row_answer(request, branch, form.cleaned_data["member"], month, said)


def _row_answer(request, branch, member_id: int, month: datetime.date, said: str = ""):
    grid = Grid(branch, period_of(Span.QUARTER, month), current_day(), focus=_focus(request))
    shown, row = Shown(grid, may_enter=True), grid.row_of(member_id)
    return JsonResponse(
        shown.answer(row, month)
        | {
            "row": shown.texts(row),
            "totals": grid.totals(),
            "saved_at": f"{timezone.localtime():%H:%M}",
            "said": said,
        }
    )


def _way_out(branch, form, refused: Refused) -> str:
    """Where a month too long past is asked for."""
    if not isinstance(refused, TooLongAgo):
        return ""
    return link(
        "dues:request_new",
        branch=branch.code,
        member=form.cleaned_data["member"],
        kind=RequestKind.BACK_PAYMENT,
    )


def _refused(message: str, url: str = "") -> JsonResponse:
    return JsonResponse({"error": message, "url": url}, status=400)


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


# --- The tick in the booklet ----------------------------------------------------------------


def _mark_booklet(request, branch, month: datetime.date) -> int:
    """Set or clear the tick named by `booklet=KEY:1`; returns the member's key."""
    key, _colon, wanted = request.POST.get("booklet", "").partition(":")
    if not key.isdecimal() or len(key) > 18 or wanted not in ("0", "1"):
        raise Refused("名册里没有这个人，请刷新页面")
    member = _member(branch, int(key))
    payments.mark_booklet(
        member=member,
        organisation=branch,
        month=month,
        in_booklet=wanted == "1",
        by=request.user,
    )
    return member.pk


@require_POST
def booklet_mark(request):
    """党费证: the tick of one member for the month in focus is set or cleared."""
    branch = _branch_to_enter(request)
    month = _focus(request)
    try:
        if month is None:
            raise Refused("请先选月份")
        member_id = _mark_booklet(request, branch, month)
    except Refused as refused:
        return _answer_fault(request, branch, str(refused))
    if _wants_answer(request):
        return _row_answer(request, branch, member_id, month)
    return redirect(_ledger_of(request, branch))


# --- Without a script -----------------------------------------------------------------------


def _save_cells(request, branch) -> bool:
    """Save every cell of the page that differs from what was shown; say what was not saved.

    Returns whether all of it could be saved.
    """
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
                "paid_on": request.POST.get("paid_on", ""),
                "way": request.POST.get("way", ""),
            },
            today=current_day(),
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
        except NeedsConfirmation as question:
            faults.append(f"{question}没有保存，确认无误请点姓名右边的“明细”登记一笔")
        except Refused as refused:
            faults.append(str(refused))
    if saved:
        messages.success(request, f"已保存 {saved} 人的党费")
    for fault in dict.fromkeys(faults):
        messages.warning(request, fault)
    return not faults


@require_POST
def grid_save(request):
    """All cells of the page at once, for browsers without JavaScript; and a tick, if one was
    pressed."""
    branch = _branch_to_enter(request)
    _save_cells(request, branch)
    if request.POST.get("booklet"):
        try:
            _mark_booklet(request, branch, _focus(request) or current_day().replace(day=1))
        except Refused as refused:
            messages.warning(request, str(refused))
    return redirect(safe_next(request) or _ledger_of(request, branch))


def _ledger_of(request, branch, month: datetime.date | None = None) -> str:
    """The grid in the same quarter, with the same day and way of payment."""
    month = month or _focus(request) or current_day()
    form = MannerForm(request.POST, today=current_day())
    form.is_valid()
    day = form.manner["paid_on"]
    return link(
        "dues:ledger",
        branch=branch.code,
        year=month.year,
        quarter=(month.month + 2) // 3,
        focus=month_key(month) if _focus(request) else "",
        paid_on=full_date(day) if day and day != current_day() else "",
        way=form.manner["way"],
    )


# --- The rest by standard -------------------------------------------------------------------


@require_POST
def month_fill(request):
    """其余 N 人按标准缴清: everybody who has paid nothing for the month pays the standard."""
    branch = _branch_to_enter(request)
    # Without a script the button also brings the cells: what was typed goes first.
    if not _wants_answer(request) and not _save_cells(request, branch):
        return redirect(_ledger_of(request, branch))
    form = MannerForm(request.POST, today=current_day())
    try:
        month = month_of(request.POST.get("month", "")).starts_on
        if not form.is_valid():
            raise Refused(_first_error(form))
        entries = fills.fill_month(
            organisation=branch,
            month=month,
            by=request.user,
            today=current_day(),
            **form.manner,
        )
    except ValueError as fault:
        message = str(fault) if isinstance(fault, Refused) else "请先选月份"
        return _answer_fault(request, branch, message)
    remember(request, branch, entries)
    total = sum((payment.amount for payment in entries), NOTHING)
    said = (
        f"已为 {len(entries)} 人填入 ¥{money(total)}" if entries else "没有要填的，这个月都有数了"
    )
    undo = link("dues:undo", branch=branch.code, focus=month_key(month)) if entries else ""
    return _bulk_answer(request, branch, month, entries, said, undo)


def remember(request, branch: Organisation, entries: list[Payment]) -> None:
    """Let 撤销 of this session take these entries back."""
    keys = [payment.pk for payment in entries]
    request.session[LAST_FILL] = {"organisation": branch.pk, "payments": keys}


@require_POST
def fill_undo(request):
    """撤销: take back the last act of this session that made several entries."""
    branch = _branch_to_enter(request)
    last = request.session.get(LAST_FILL) or {}
    if last.get("organisation") != branch.pk:
        return _answer_fault(request, branch, "没有可以撤销的")
    try:
        entries = fills.undo_fill(organisation=branch, payments=last["payments"], by=request.user)
    except Refused as refused:
        return _answer_fault(request, branch, str(refused))
    del request.session[LAST_FILL]
    months = sorted({entry.month for entry in entries})
    if len(months) > 1:
        said = f"已撤销 {entries[0].member.name} {len(months)} 个月的党费"
    else:
        said = f"已撤销，{len(entries)} 人恢复为未交"
    return _bulk_answer(request, branch, months[-1], entries, said, "")


def _answer_fault(request, branch, message: str):
    if _wants_answer(request):
        return _refused(message)
    messages.warning(request, message)
    return redirect(_ledger_of(request, branch))


def _bulk_answer(request, branch, month, entries, said: str, undo: str):
    if not _wants_answer(request):
        messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
        return redirect(_ledger_of(request, branch, month))
    grid = Grid(branch, period_of(Span.QUARTER, month), current_day(), focus=_focus(request))
    shown = Shown(grid, may_enter=True)
    touched = {payment.member_id for payment in entries}
    rows = [row for row in grid.rows if row.member.pk in touched]
    return JsonResponse(
        {
            "cells": [shown.answer(row, month) for row in rows],
            "rows": {str(row.member.pk): shown.texts(row) for row in rows},
            "totals": grid.totals(),
            "saved_at": f"{timezone.localtime():%H:%M}",
            "message": said,
            "undo_url": undo,
        }
    )
