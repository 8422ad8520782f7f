"""All entries of one member's month, and the form that puts the sum right."""

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
from branches.periods import month_of
from branches.scope import reaches
from branches.words import full_date, recent
from dues.forms import CorrectionForm
from dues.models import Charge, Payment
from dues.services import NeedsConfirmation, Refused, payments
from dues.standing import balance, members_of
from dues.words import money, month_label, sum_text


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
    member = get_object_or_404(members_of(branch), pk=member_pk)
    paid = balance(member, branch, month)
    form = CorrectionForm(
        request.POST or None,
        initial={"amount": sum_text(paid), "version": sum_text(paid)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            payments.correct_payment(
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
        except NeedsConfirmation as question:
            form.fields["confirmed"].widget = CheckboxInput()
            form.add_error("confirmed", str(question))
        except payments.PaidMeanwhile as meanwhile:
            who = meanwhile.last.entered_by if meanwhile.last else "别人"
            # The next save is made knowingly, on top of the other's sum.
            form.data = form.data.copy()
            form.data["version"] = sum_text(meanwhile.paid)
            form.add_error(
                "amount",
                f"{who}已改成 {sum_text(meanwhile.paid) or '空'}，核对后再保存一次",
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已更正，{member.name}{month_label(month)}")
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
        "title": f"{member.name} {month_label(month)}党费",
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
