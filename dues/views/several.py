"""补交: several months of one member paid at once."""

import datetime
from decimal import Decimal

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.periods import month_of
from dues.enums import RequestKind, Way
from dues.forms import SeveralForm
from dues.models import Payment
from dues.services import Refused, fills
from dues.standing import allowed_back, back_limit, members_of
from dues.tabs import dues_tabs
from dues.unpaid import Owed, owed_months
from dues.views.cells import remember
from dues.words import NOTHING, money, month_key, month_label, sum_text


@require_http_methods(["GET", "HEAD", "POST"])
def dues_several(request, member_pk):
    """The months a member still owes, ticked; one act enters a payment for each."""
    branch = chosen_branch(request, Action.ENTER_DUES)
    if branch is None:
        raise Http404
    member = get_object_or_404(members_of(branch), pk=member_pk)
    today = current_day()
    owed = owed_months(member, branch, today)
    limit = back_limit(today)
    late = [one for one in owed if one.month < limit and not allowed_back(member, one.month)]
    payable = [one for one in owed if one not in late]
    form = SeveralForm(
        request.POST or None,
        # Also what somebody else entered meanwhile: the service says so.
        months=sorted({month_key(one.month) for one in payable} | _known(request)),
        today=today,
        initial={"paid_on": today, "way": Way.CASH},
    )
    if request.method == "POST" and form.is_valid():
        try:
            entries = _pay(request, form, member, branch)
        except fills.OwedMeanwhile as meanwhile:
            if _already(request, form, member, branch):
                messages.success(request, f"{member.name}的这些月份已经登记过，没有重复记账")
                return redirect(link("dues:ledger", branch=branch.code))
            form.add_error(None, str(meanwhile))
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            total = money(sum((entry.amount for entry in entries), NOTHING))
            undo = link("dues:undo", branch=branch.code)
            remember(request, branch, entries)
            messages.success(
                request,
                f"已为 {member.name} 登记 {len(entries)} 个月，¥{total}",
                extra_tags=f"undo={undo}",
            )
            return redirect(link("dues:ledger", branch=branch.code))
    context = _context(request, member, branch, form, payable, late)
    return render(request, "dues/several.html", context)


def _known(request) -> set[str]:
    """The months sent, as far as they are months."""
    known = set()
    for typed in request.POST.getlist("months")[:200]:
        try:
            known.add(month_key(month_of(typed).starts_on))
        except ValueError:
            continue
    return known


def _months(form: SeveralForm) -> list[datetime.date]:
    return [month_of(typed).starts_on for typed in form.cleaned_data["months"]]


def _pay(request, form: SeveralForm, member, branch) -> list[Payment]:
    # What the ticked months came to on the page; a script has no part in it.
    seen = sum((_sum_seen(request, month) for month in form.cleaned_data["months"]), NOTHING)
    return fills.pay_months(
        member=member,
        organisation=branch,
        months=_months(form),
        seen=seen,
        by=request.user,
        today=current_day(),
        brought_by=form.cleaned_data["brought_by"].strip(),
        reason=form.cleaned_data["reason"],
        **form.manner,
    )


def _sum_seen(request, month: str) -> Decimal:
    """What the page showed as owed for a month; nothing where it cannot be read."""
    try:
        return Decimal(request.POST.get(f"short-{month}", "0"))
    except ArithmeticError:
        return NOTHING


def _already(request, form: SeveralForm, member, branch) -> bool:
    """Whether this is the same form sent again."""
    return fills.just_paid(
        member=member,
        organisation=branch,
        sums={
            month_of(month).starts_on: _sum_seen(request, month)
            for month in form.cleaned_data["months"]
        },
        paid_on=form.manner["paid_on"],
        by=request.user,
    )


def _context(request, member, branch, form, payable: list[Owed], late: list[Owed]):
    ticked = form["months"].value() if form.is_bound else None
    rows = [
        {
            "key": month_key(one.month),
            "label": month_label(one.month),
            "due": money(one.due),
            "paid": money(one.paid) if one.paid else "",
            "short": money(one.short),
            "seen": sum_text(one.short),
            "opening": one.opening,
            "ticked": ticked is None or month_key(one.month) in ticked,
        }
        for one in payable
    ]
    total = sum(
        (one.short for one, row in zip(payable, rows, strict=True) if row["ticked"]), NOTHING
    )
    return {
        "member": member,
        "branch": branch,
        "tabs": dues_tabs(branch, "dues:ledger"),
        "list_url": link("dues:ledger", branch=branch.code),
        "statement_url": link("dues:statement", member.pk),
        "rows": rows,
        "late": "、".join(month_label(one.month) for one in late),
        "late_sum": money(sum((one.short for one in late), NOTHING)),
        "ask_url": link(
            "dues:request_new",
            branch=branch.code,
            member=member.pk,
            kind=RequestKind.BACK_PAYMENT,
        )
        if late
        else "",
        "total": money(total),
        "count": sum(1 for row in rows if row["ticked"]),
        "form": form,
    }
