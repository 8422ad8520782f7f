"""期初欠缴: what members owed from before the county kept its dues here."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Subquery
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.money import SumOfMoney
from branches.scope import get_for, reaches
from dues.models import Charge, OpeningBalance, Payment
from dues.opening_forms import OpeningForm, ReverseForm
from dues.services import Refused
from dues.services.openings import enter_opening, reverse_opening
from dues.standing import kept_since, without_opening
from dues.tabs import dues_tabs
from dues.words import NOTHING, money, month_label

PAGE = "dues:openings"
PAGE_SIZE = 50
# The page that leads here; it is the one lit in the row of links.
_UNDER = "dues:ledger"


@require_safe
def opening_list(request):
    """Opening balances of a branch with the form, or of everything below."""
    _rows, branch = narrowed(request, Organisation.objects.branches())
    return _list(request, branch)


def _list(request, branch: Organisation | None, form: OpeningForm | None = None):
    start = kept_since(current_day())
    begun = Charge.objects.exists()
    organisation = branch or named_organisation(request)
    rows = OpeningBalance.objects.visible_to(request.user)
    if organisation is not None:
        rows = rows.within(organisation)
    total = rows.aggregate(total=SumOfMoney("amount"))["total"]
    page = Paginator(_shown(rows), PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    code = organisation.code if organisation else ""
    may_enter = branch is not None and reaches(request.user, Action.ENTER_DUES, branch.path)
    context = {
        "tabs": dues_tabs(organisation, _UNDER),
        "organisation": organisation.short_name if organisation else "",
        "start": month_label(start) if begun else "",
        "rows": [_row(one, may_enter) for one in page],
        "total": money(total),
        "show_branch": branch is None,
        "page": page,
        "query": query.urlencode(),
        "form": form or OpeningForm(members=without_opening(branch, current_day()))
        if may_enter and begun
        else None,
        "form_url": f"{link('dues:opening_enter')}?{urlencode({'branch': code})}",
        "ledger_url": link(_UNDER, branch=code),
        "amounts_url": link("dues:amounts", branch=code),
    }
    return render(request, "dues/opening_list.html", context)


def _shown(rows):
    """In list order, with what was paid since for these months, whether one of them is charged
    besides, and whether it was taken back."""
    paid = (
        Payment.objects.filter(
            member=OuterRef("member"),
            month__gte=OuterRef("since_month"),
            month__lte=OuterRef("until_month"),
        )
        .order_by()
        .values("member")
        .annotate(total=SumOfMoney("amount"))
        .values("total")
    )
    back = OpeningBalance.objects.filter(reverses=OuterRef("pk"))
    charged = Charge.objects.filter(
        member=OuterRef("member"),
        month__gte=OuterRef("since_month"),
        month__lte=OuterRef("until_month"),
        amount__gt=0,
    )
    return (
        rows.select_related("member", "organisation", "entered_by")
        .annotate(
            paid=Subquery(paid),
            is_reversed=Exists(back),
            is_charged=Exists(charged),
        )
        .order_by("organisation__code", "pk")
    )


def _row(one: OpeningBalance, may_enter: bool) -> dict[str, object]:
    standing = not one.reverses_id and not one.is_reversed
    paid = one.paid or NOTHING
    mark = "冲正" if one.reverses_id else "已冲正" if one.is_reversed else ""
    if standing and one.is_charged:
        # The same month would be owed twice.
        mark = "与台账重复，请冲正"
    return {
        "name": one.member.name,
        "url": link("dues:statement", one.member_id),
        "branch": one.organisation.short_name,
        "since": month_label(one.since_month),
        "amount": money(one.amount),
        "paid": money(paid) if standing else "—",
        "open": money(max(one.amount - paid, NOTHING)) if standing else "—",
        "reason": one.reason,
        "by": str(one.entered_by or ""),
        "mark": mark,
        "reverse_url": link("dues:opening_reverse", one.pk) if may_enter and standing else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def opening_enter(request):
    """登记期初欠缴; opened by itself it is the list of the branch."""
    branch = chosen_branch(request, Action.ENTER_DUES)
    if branch is None:
        raise PermissionDenied
    if request.method != "POST":
        return _list(request, branch)
    form = OpeningForm(request.POST, members=without_opening(branch, current_day()))
    if form.is_valid():
        try:
            opening = enter_opening(
                organisation=branch, by=request.user, today=current_day(), **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(
                request, f"已登记{opening.member.name}期初欠缴 ¥{money(opening.amount)}"
            )
            return redirect(link(PAGE, branch=branch.code))
    return _list(request, branch, form)


@require_http_methods(["GET", "HEAD", "POST"])
def opening_reverse(request, pk):
    """冲正: asks for the reason, then writes the entry that takes the wrong one back."""
    rows = OpeningBalance.objects.select_related("organisation__parent", "member")
    opening = get_for(rows, request.user, Action.ENTER_DUES, pk=pk)
    list_url = link(PAGE, branch=opening.organisation.code)
    form = ReverseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reverse_opening(
                opening=opening, by=request.user, today=current_day(), **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, "已冲正，两笔都留在账上")
            return redirect(list_url)
    context = {
        "tabs": dues_tabs(opening.organisation, _UNDER),
        "form": form,
        "branch": opening.organisation.short_name,
        "entry": {
            "name": opening.member.name,
            "since": month_label(opening.since_month),
            "amount": money(opening.amount),
        },
        "list_url": list_url,
    }
    return render(request, "dues/opening_reverse.html", context)
