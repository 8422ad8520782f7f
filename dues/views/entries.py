"""All entries of one member's month, the form that puts the sum right, and one for a further sum."""

from decimal import Decimal

from django.contrib import messages
from django.forms import CheckboxInput
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.periods import Span, month_of, months_between, period_of
from branches.scope import reaches
from branches.words import full_date, recent
from dues.enums import Way
from dues.forms import CorrectionForm, FurtherForm
from dues.models import Payment
from dues.services import NeedsConfirmation, Refused, payments
from dues.standing import balance, charge_of, entries_of, members_of
from dues.tabs import dues_tabs
from dues.words import money, month_key, month_label, sum_text

FURTHER = "further"
# Months outside of these are a slip of the keyboard.
YEARS = range(1921, 3000)


@require_http_methods(["GET", "HEAD", "POST"])
def dues_entries(request, member_pk):
    """All entries of one member's month; 更正 puts the sum right, 登记一笔 adds a payment."""
    action = Action.ENTER_DUES if request.method == "POST" else Action.LOOK
    branch = chosen_branch(request, action)
    try:
        month = month_of(request.GET.get("month", "")).starts_on
    except ValueError:
        raise Http404 from None
    if branch is None or month.year not in YEARS:
        raise Http404
    member = get_object_or_404(members_of(branch), pk=member_pk)
    here = {"member": member, "organisation": branch, "month": month}
    paid = balance(**here)
    adding = request.POST.get("act") == FURTHER
    correction = CorrectionForm(
        request.POST if request.method == "POST" and not adding else None,
        initial={"amount": sum_text(paid), "version": sum_text(paid)},
    )
    further = _further_form(request, adding, here, paid)
    form, act = (further, _add) if adding else (correction, _correct)
    if request.method == "POST" and form.is_valid():
        try:
            said = act(request, form, here)
        except NeedsConfirmation as question:
            form.fields["confirmed"].widget = CheckboxInput()
            form.add_error("confirmed", str(question))
        except payments.PaidMeanwhile as meanwhile:
            who = meanwhile.last.entered_by if meanwhile.last else "别人"
            # The next save is made knowingly, on top of the other's sum.
            form.data = form.data.copy()
            form.data[form.add_prefix("version")] = sum_text(meanwhile.paid)
            form.add_error(
                "amount", f"{who}已改成 {sum_text(meanwhile.paid) or '空'}，核对后再保存一次"
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, said)
            return redirect(_ledger_url(branch, month))
    return render(request, "dues/entries.html", _context(request, here, paid, correction, further))


def _further_form(request, adding: bool, here, paid: Decimal) -> FurtherForm:
    today = current_day()
    charge = charge_of(**here)
    rest = charge.amount - paid if charge and charge.amount > paid else None
    return FurtherForm(
        request.POST if adding else None,
        prefix=FURTHER,
        today=today,
        initial={
            "amount": sum_text(rest),
            "paid_on": today,
            "way": Way.CASH,
            "version": sum_text(paid),
        },
    )


def _correct(request, form: CorrectionForm, here) -> str:
    payments.correct_payment(
        **here,
        amount=form.cleaned_data["amount"],
        seen=form.cleaned_data["version"],
        by=request.user,
        today=current_day(),
        reason=form.cleaned_data["reason"],
        confirmed=form.cleaned_data["confirmed"],
    )
    return f"已更正，{here['member'].name}{month_label(here['month'])}"


def _add(request, form: FurtherForm, here) -> str:
    """登记一笔; the same form sent twice enters one payment."""
    entered = form.cleaned_data
    said = f"已登记 {entered['amount']:.2f}，{here['member'].name}{month_label(here['month'])}"
    try:
        payments.add_payment(
            **here,
            amount=entered["amount"],
            seen=entered["version"],
            by=request.user,
            today=current_day(),
            brought_by=entered["brought_by"].strip(),
            reason=entered["reason"],
            confirmed=entered["confirmed"],
            **form.manner,
        )
    except payments.PaidMeanwhile as meanwhile:
        last = meanwhile.last
        again = (
            last is not None
            and last.entered_by_id == request.user.pk
            and last.amount == entered["amount"]
            and meanwhile.paid == entered["version"] + entered["amount"]
        )
        if not again:
            raise
    return said


def _ledger_url(branch, month) -> str:
    return link("dues:ledger", branch=branch.code, year=month.year, quarter=(month.month + 2) // 3)


def _context(request, here, paid: Decimal, correction, further) -> dict[str, object]:
    today = current_day()
    member, branch, month = here["member"], here["organisation"], here["month"]
    entries = entries_of(**here)
    charge = charge_of(**here)
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path) and month <= today
    quarter = period_of(Span.QUARTER, month)
    return {
        "title": f"{member.name} {month_label(month)}党费",
        "tabs": dues_tabs(branch, "dues:ledger"),
        "member_url": link("members:detail", member.pk),
        "statement_url": link("dues:statement", member.pk),
        "several_url": link("dues:several", member.pk, branch=branch.code) if may_enter else "",
        "list_url": _ledger_url(branch, month),
        "months": [
            {
                "label": f"{one.month}月",
                "url": link("dues:entries", member.pk, branch=branch.code, month=month_key(one)),
                "current": one == month,
            }
            for one in months_between(quarter.starts_on, quarter.ends_on)
            if one <= today
        ],
        "due": money(charge.amount) if charge else "—",
        "paid": money(paid),
        "entries": [_shown(entry, today) for entry in entries],
        "changes": [
            {
                "at": recent(timezone.localtime(change.entered_at), today),
                "difference": f"{change.difference:+,.2f}",
                "reason": change.reason,
            }
            for change in (charge.changes.all() if charge else ())
        ],
        # The ones that change something, only for those who may.
        "form": correction if may_enter and (entries or correction.is_bound) else None,
        "further": further if may_enter else None,
        "further_act": FURTHER,
    }


def _shown(entry: Payment, today) -> dict[str, object]:
    return {
        "at": recent(timezone.localtime(entry.entered_at), today),
        "by": str(entry.entered_by or "导入"),
        "amount": f"{entry.amount:,.2f}",
        "reversal": entry.amount < 0,
        "paid_on": full_date(entry.paid_on),
        "way": Way(entry.way).label if entry.way else "",
        "brought_by": entry.brought_by,
        "remitted": str(period_of(Span.QUARTER, entry.remittance.quarter).label)
        if entry.remittance
        else "",
        "reason": entry.reason,
    }
