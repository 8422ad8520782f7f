"""The branches below an overseer, with how their dues stand."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.shortcuts import render

from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from dues.models import Charge, Payment
from dues.words import NOTHING, money

PAGE = 50


def dues_summary(request):
    """The branches below an overseer with this month's state, those with most unpaid first."""
    today = current_day()
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
        due = owed.get(branch.pk, {"members": 0, "total": NOTHING})
        came = paid.get(branch.pk, NOTHING)
        short = max(due["total"] - came, NOTHING)
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
