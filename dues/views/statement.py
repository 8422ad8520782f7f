"""个人党费明细: one member's dues, on screen and on paper."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from branches.choice import year_asked
from branches.clock import today as current_day
from branches.links import link
from branches.words import full_date
from dues.models import Charge, Payment
from dues.statement import Statement
from dues.tabs import dues_tabs
from dues.views.requests import KINDS
from dues.words import NOTHING, money, month_label
from members.models import Member


def _member_in_sight(request, pk: int) -> Member:
    """The member, if the reader may see him or dues of his; a former branch still sees its own."""
    member = Member.objects.select_related("organisation__parent").filter(pk=pk).first()
    if member is None:
        raise Http404
    if Member.objects.visible_to(request.user).filter(pk=pk).exists():
        return member
    for rows in (Charge.objects, Payment.objects):
        if rows.filter(member=member).visible_to(request.user).exists():
            return member
    raise Http404


@require_safe
def dues_statement(request, member_pk):
    """What a member owed and paid in a year, month by month, with the running balance."""
    member = _member_in_sight(request, member_pk)
    today = current_day()
    statement = Statement(member, year_asked(request, today), request.user)
    own = Member.objects.visible_to(request.user).filter(pk=member.pk).exists()
    context = _shown(statement) | {
        "tabs": dues_tabs(member.organisation if own else None, "dues:ledger"),
        "member_url": link("members:detail", member.pk) if own else "",
        "paper_url": link("dues:statement_paper", member.pk, year=statement.year, now="1"),
        "years": [
            {
                "label": f"{year}年",
                "url": link("dues:statement", member.pk, year=year),
                "current": year == statement.year,
            }
            for year in statement.years(today)
        ],
    }
    return render(request, "dues/statement.html", context)


@require_safe
def statement_paper(request, member_pk):
    """The same on paper, for the member: without the identity number."""
    member = _member_in_sight(request, member_pk)
    today = current_day()
    statement = Statement(member, year_asked(request, today), request.user)
    context = _shown(statement) | {
        "sheets": statement.sheets(),
        "back_url": link("dues:statement", member.pk, year=statement.year),
        "print_now": request.GET.get("now") == "1",
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "print/dues_statement.html", context)


def _shown(statement: Statement) -> dict[str, object]:
    """What the page and the paper have in common."""
    balance = statement.balance
    return {
        "name": statement.member.name,
        "organisation": statement.member.organisation.short_name,
        "year_label": f"{statement.year}年",
        "brought_forward": money(statement.brought_forward),
        "opening": money(statement.opening) if statement.opening else "",
        "months": statement.months,
        "owed": money(statement.owed),
        "paid": money(statement.paid),
        "balance": money(abs(balance)),
        "balance_words": "尚欠" if balance > 0 else "多交" if balance < 0 else "已结清",
        "in_arrears": balance > NOTHING,
        "elsewhere": statement.elsewhere,
        "approved": [
            {
                "since": month_label(one.from_month),
                "category": one.get_category_display(),
                "amount": money(one.amount),
                "reason": one.reason,
            }
            for one in statement.approved()
        ],
        "requests": [
            {
                "kind": one.get_kind_display(),
                "months": _months(one),
                "amount": money(one.amount) if one.amount is not None else "",
                "state": one.get_state_display(),
                "mark": KINDS[one.state],
                "url": link("dues:request", one.pk),
            }
            for one in statement.requests()
        ],
        "contributions": [
            {
                "on": full_date(one.paid_on),
                "amount": money(one.amount),
                "receipt": one.receipt_number,
                "url": link("dues:contribution", one.pk),
            }
            for one in statement.contributions()
        ],
    }


def _months(one) -> str:
    first, last = month_label(one.from_month), month_label(one.until_month)
    return first if first == last else f"{first}至{last}"
