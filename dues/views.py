import datetime
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.forms import CheckboxInput
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link, safe_next
from branches.models import Organisation
from branches.periods import Span, month_of, period_of
from branches.scope import reaches
from branches.words import full_date, recent
from dues import services
from dues.forms import CellForm, CorrectionForm
from dues.grid import Grid, money, month_key, quarter_cards
from dues.models import Charge, Payment
from members.models import Member

PAGE = 50
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


def _month_asked(request) -> datetime.date | None:
    """The month of the duty that led here (`source=duty:dues.paid:2026-10`)."""
    try:
        return month_of(request.GET.get("source", "").rpartition(":")[2]).starts_on
    except ValueError:
        return None


@require_safe
def dues_ledger(request):
    """The quarter of one branch; for overseers without a branch, the branches to choose from."""
    today = current_day()
    branch = chosen_branch(request)
    if branch is None:
        return _branch_list(request, today)
    quarter = _quarter(request, today)
    year = quarter.starts_on.year
    grid = Grid(branch, quarter, today, focus=_month_asked(request))
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path)
    may_import = reaches(request.user, Action.IMPORT_WORKBOOK, branch.path)
    may_export = reaches(request.user, Action.EXPORT_LEDGER, branch.path)
    totals = grid.totals()
    here = {"branch": branch.code, "focus": month_key(grid.focus)}
    started = grid.kept_since <= grid.focus <= today
    context = {
        "organisation": branch,
        "years": [
            {
                "label": f"{shown}年",
                "url": link("dues:ledger", branch=branch.code, year=shown),
                "current": shown == year,
            }
            for shown in (today.year - 1, today.year)
        ],
        "quarters": quarter_cards(branch, year, quarter, today),
        "heading": f"{quarter.label.split('年')[1]}收缴明细",
        "months": [
            {
                "key": month_key(month),
                "label": f"{month.month}月",
                "now": month == grid.this_month,
                "total": totals[month_key(month)],
            }
            for month in grid.months
        ],
        "rows": grid.shown_rows(may_enter=may_enter),
        "totals": totals,
        "member_count": len(grid.rows),
        "table_url": link("dues:cell", **here),
        "grid_url": link("dues:grid", **here),
        "bulk_url": link("dues:fill", **here) if may_enter and started else "",
        "bulk_month": month_key(grid.focus),
        "current_month_label": f"{grid.focus.month}月",
        "paid_up": totals["unpaid_count"] == "0",
        "read_only": not may_enter,
        "import_url": link("ledgers:import") if may_import else "",
        "export_url": link("ledgers:export", organisation=branch.code) if may_export else "",
    }
    return render(request, "dues/month.html", context)


def _quarter(request, today: datetime.date):
    year, number = request.GET.get("year", ""), request.GET.get("quarter", "")
    shown = int(year) if year.isdecimal() and 1921 <= int(year) <= 2999 else today.year
    if asked := _month_asked(request):
        return period_of(Span.QUARTER, asked)
    if number in {"1", "2", "3", "4"}:
        return period_of(Span.QUARTER, datetime.date(shown, int(number) * 3, 1))
    day = today if shown == today.year else datetime.date(shown, 12, 1)
    return period_of(Span.QUARTER, day)


def _branch_list(request, today: datetime.date):
    """The branches below an overseer with this month's state, those with most unpaid first."""
    month = today.replace(day=1)
    branches = Organisation.objects.branches().visible_to(request.user)
    if not branches.exists():
        raise PermissionDenied
    owed = {
        row["organisation_id"]: row
        for row in Charge.objects.filter(organisation__in=branches, month=month)
        .values("organisation_id")
        .annotate(members=Count("pk"), total=Sum("amount"))
        .order_by()
    }
    paid = dict(
        Payment.objects.filter(organisation__in=branches, month=month)
        .values("organisation_id")
        .annotate(total=Sum("amount"))
        .order_by()
        .values_list("organisation_id", "total")
    )
    rows = []
    for branch in branches.standing(month, today).order_by("code"):
        due = owed.get(branch.pk, {"members": 0, "total": services.NOTHING})
        came = paid.get(branch.pk, services.NOTHING)
        short = max(due["total"] - came, services.NOTHING)
        if not due["members"]:
            kind, words = "wait", "没有应缴"
        else:
            kind, words = ("run", "收缴中") if short else ("done", "已收齐")
        rows.append(
            {
                "url": link("dues:ledger", branch=branch.code),
                "name": branch.short_name,
                "members": due["members"],
                "due": money(due["total"]),
                "paid": money(came),
                "short": short,
                "short_text": money(short),
                "kind": kind,
                "words": words,
            }
        )
    rows.sort(key=lambda row: -row["short"])
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": page.object_list,
        "month_label": f"{month.month}月",
        "query": "",
    }
    return render(request, "dues/branch_list.html", context)


def _members_of(branch):
    """Who is or was a member of the branch or owed it dues; the month is checked at the entry."""
    return Member.objects.filter(
        Q(memberships__organisation=branch) | Q(charges__organisation=branch)
    ).distinct()


def _set_cell(request, branch, form: CellForm) -> Decimal:
    """Make the stored sum what was typed; the refusals of the services pass through."""
    values = form.cleaned_data
    member = _members_of(branch).filter(pk=values["member"]).first()
    if member is None:
        raise services.Refused("名册里没有这个人，请刷新页面")
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
            return services.enter_payment(**entry).amount
        return services.correct_payment(seen=values["version"], **entry)
    except services.PaidMeanwhile as meanwhile:
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
    except services.PaidMeanwhile as meanwhile:
        return _conflict(meanwhile)
    except services.NeedsConfirmation as question:
        return JsonResponse({"needs_confirm": str(question)})
    except services.Refused as refused:
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


def _conflict(meanwhile: services.PaidMeanwhile) -> JsonResponse:
    last = meanwhile.last
    value = services.sum_text(meanwhile.paid)
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
                raise services.Refused(_first_error(form))
            _set_cell(request, branch, form)
            saved += 1
        except services.PaidMeanwhile as meanwhile:
            who = meanwhile.last.entered_by if meanwhile.last else "别人"
            faults.append(
                f"{who}已改成 {meanwhile.paid:.2f}，你填的 {request.POST[name] or '空'} 没有保存"
            )
        except services.Refused as refused:
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
        payments = services.fill_month(
            organisation=branch, month=month, by=request.user, today=today
        )
    except ValueError as fault:
        message = str(fault) if isinstance(fault, services.Refused) else "请先选月份"
        return _answer_fault(request, branch, message)
    keys = [payment.pk for payment in payments]
    request.session[LAST_FILL] = {"organisation": branch.pk, "payments": keys}
    total = sum((payment.amount for payment in payments), services.NOTHING)
    said = (
        f"已为 {len(payments)} 人填入 ¥{money(total)}" if payments else "没有要填的，这个月都有数了"
    )
    undo = link("dues:undo", branch=branch.code, focus=month_key(month)) if payments else ""
    return _bulk_answer(request, branch, month, payments, said, undo)


@require_POST
def fill_undo(request):
    """撤销: take back the last 按标准缴清 of this session."""
    branch = _branch_to_enter(request)
    last = request.session.get(LAST_FILL) or {}
    if last.get("organisation") != branch.pk:
        return _answer_fault(request, branch, "没有可以撤销的")
    try:
        payments = services.undo_fill(
            organisation=branch, payments=last["payments"], by=request.user
        )
    except services.Refused as refused:
        return _answer_fault(request, branch, str(refused))
    del request.session[LAST_FILL]
    said = f"已撤销，{len(payments)} 人恢复为未缴"
    return _bulk_answer(request, branch, payments[0].month, payments, said, "")


def _answer_fault(request, branch, message: str):
    if _wants_answer(request):
        return _refused(message)
    messages.warning(request, message)
    return redirect(_ledger_of(request, branch))


def _bulk_answer(request, branch, month, payments, said: str, undo: str):
    if not _wants_answer(request):
        messages.success(request, said, extra_tags=f"undo={undo}" if undo else "")
        return redirect(_ledger_of(request, branch))
    grid = Grid(branch, period_of(Span.QUARTER, month), current_day(), focus=_focus(request))
    touched = {payment.member_id for payment in payments}
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


@require_http_methods(["GET", "HEAD", "POST"])
def dues_entries(request, member_pk):
    """All entries of one member's month, and the form that puts the sum right."""
    action = Action.ENTER_DUES if request.method == "POST" else Action.LOOK
    branch = chosen_branch(request, action)
    try:
        month = month_of(request.GET.get("month", "")).starts_on
    except ValueError:
        raise Http404 from None
    if branch is None:
        raise Http404
    member = get_object_or_404(_members_of(branch), pk=member_pk)
    paid = services.balance(member, branch, month)
    form = CorrectionForm(
        request.POST or None,
        initial={"amount": services.sum_text(paid), "version": services.sum_text(paid)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_payment(
                member=member,
                organisation=branch,
                month=month,
                amount=form.cleaned_data["amount"],
                seen=form.cleaned_data["version"],
                by=request.user,
                today=current_day(),
                reason=form.cleaned_data["reason"],
                confirmed=form.cleaned_data["confirmed"],
            )
        except services.NeedsConfirmation as question:
            form.fields["confirmed"].widget = CheckboxInput()
            form.add_error("confirmed", str(question))
        except services.PaidMeanwhile as meanwhile:
            who = meanwhile.last.entered_by if meanwhile.last else "别人"
            # The next save is made knowingly, on top of the other's sum.
            form.data = form.data.copy()
            form.data["version"] = services.sum_text(meanwhile.paid)
            form.add_error(
                "amount",
                f"{who}已改成 {services.sum_text(meanwhile.paid) or '空'}，核对后再保存一次",
            )
        except services.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已更正，{member.name}{services.month_label(month)}")
            return redirect(
                link(
                    "dues:ledger",
                    branch=branch.code,
                    year=month.year,
                    quarter=(month.month + 2) // 3,
                )
            )
    return render(
        request, "dues/entries.html", _entries_context(request, branch, member, month, paid, form)
    )


def _entries_context(request, branch, member, month, paid: Decimal, form) -> dict[str, object]:
    today = current_day()
    entries = (
        Payment.objects.filter(member=member, organisation=branch, month=month)
        .select_related("entered_by")
        .order_by("pk")
    )
    charge = Charge.objects.filter(member=member, month=month, organisation=branch).first()
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path) and month <= today
    return {
        "title": f"{member.name} {services.month_label(month)}党费",
        "member_url": link("members:detail", member.pk),
        "list_url": link(
            "dues:ledger", branch=branch.code, year=month.year, quarter=(month.month + 2) // 3
        ),
        "due": money(charge.amount) if charge else "—",
        "paid": money(paid),
        "entries": [
            {
                "at": recent(timezone.localtime(entry.entered_at), today),
                "by": str(entry.entered_by or "导入"),
                "amount": f"{entry.amount:,.2f}",
                "reversal": entry.amount < 0,
                "paid_on": full_date(entry.paid_on),
                "reason": entry.reason,
            }
            for entry in entries
        ],
        "form": form if may_enter else None,
    }
