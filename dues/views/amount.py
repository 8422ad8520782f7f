"""One member's amounts: the form, and all that was approved so far."""

import datetime

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import TrailLine
from accounts.roles import Action
from branches.choice import year_asked
from branches.clock import today as current_day
from branches.links import link
from branches.periods import Span, add_months, period_of
from branches.scope import get_for, reaches
from branches.words import full_date, recent
from dues.amount_forms import AmountForm
from dues.models import ApprovedAmount
from dues.rates import Category, range_text
from dues.services import AREA, Refused
from dues.services.amount_checks import BelowRates, Proposal
from dues.services.amounts import approve_amount
from dues.standards import first_months, history, is_of, shown_amounts, version, year_start
from dues.standing import kept_since
from dues.tabs import dues_tabs
from dues.views.amounts import ceiling_warning, relief_url, year_links
from dues.words import money, month_key, month_label
from members.models import Member

QUARTERLY = "按上季度月均收入调整"
_LAST_LINES = 20


@require_http_methods(["GET", "HEAD", "POST"])
def dues_amount(request, member_pk):
    """核定一名党员: approve the year's amount, change it from a month on, put one right."""
    today = current_day()
    year = year_asked(request, today)
    members = Member.objects.select_related("organisation")
    action = Action.ENTER_DUES if request.method == "POST" else Action.LOOK
    member = get_for(members, request.user, action, pk=member_pk)
    shown = shown_amounts([member.pk], year).get(member.pk)
    if request.method != "POST":
        return _page(request, member, year, shown, _form(request, member, year, shown, today))
    form = AmountForm(request.POST, **_options(member, year, shown, today))
    relief = ""
    if form.is_valid():
        try:
            row = _approve(request, member, year, form, today)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            if isinstance(refused, BelowRates):
                relief = relief_url(
                    request, member.organisation, member, exemption=refused.is_exemption
                )
        else:
            words = f"{row.member.name}{month_label(row.from_month)}起每月 {money(row.amount)} 元"
            messages.success(request, f"已核定：{words}")
            if warning := ceiling_warning([row], today):
                messages.warning(request, warning)
            return redirect(link("dues:amount", member.pk, year=year))
    return _page(request, member, year, shown, form, relief)


def _approve(request, member: Member, year: int, form: AmountForm, today) -> ApprovedAmount:
    given = dict(form.cleaned_data)
    approved_on = given.pop("approved_on")
    return approve_amount(
        organisation=member.organisation,
        year=year,
        proposal=Proposal(member=member, **given),
        approved_on=approved_on,
        by=request.user,
        today=today,
    )


def _options(member: Member, year: int, shown, today: datetime.date) -> dict[str, object]:
    first = first_months(member.organisation, [member], year)[member.pk]
    months = [add_months(year_start(year), step) for step in range(12)]
    limits = range_text(Category.FARMER, year_start(year))
    helps = {
        "base": "个体经营填上季度月均纯收入，每季度可以改一次；农民、学生、无固定收入的空着",
        "amount": "空着就按标准计算" + (f"；农民党员由支部在 {limits}之间核定" if limits else ""),
        "from_month": "选已核定的月份是更正那一次，选别的月份是年内调整"
        if is_of(shown, year)
        else "",
        "reason": "高于标准、年内调整、更正已核定的，都要写明",
    }
    return {
        "today": today,
        "months": [month for month in months if month >= first] or months[-1:],
        "helps": {name: text for name, text in helps.items() if text},
    }


def _form(request, member: Member, year: int, shown: ApprovedAmount | None, today) -> AmountForm:
    options = _options(member, year, shown, today)
    picked = _picked(request, member, year)
    last = picked or shown
    month = picked.from_month if picked else _next_month(options["months"], shown, year, today)
    initial = {"approved_on": today, "from_month": month_key(month), "seen": version(shown)}
    if last is not None:
        by_rates = last.amount == last.computed
        initial |= {
            "category": last.category,
            "base": "" if last.base is None else f"{last.base:.2f}",
            "amount": "" if by_rates else f"{last.amount:.2f}",
            "reason": last.reason if picked or not by_rates else "",
        }
        if picked and picked.approved_on:
            initial["approved_on"] = picked.approved_on
        if not picked and is_of(shown, year) and last.category == Category.SELF_EMPLOYED:
            initial["reason"] = QUARTERLY
    return AmountForm(initial=initial, **options)


def _picked(request, member: Member, year: int) -> ApprovedAmount | None:
    """The one to be put right: `?month=2026-01`."""
    found = [
        row
        for row in member.approved_amounts.filter(from_month__year=year)
        if month_key(row.from_month) == request.GET.get("month")
    ]
    return found[0] if found else None


def _next_month(months, shown: ApprovedAmount | None, year: int, today) -> datetime.date:
    """From which month an amount is likely meant: the first, or for a change the running one."""
    if not is_of(shown, year):
        return months[0]
    now = today.replace(day=1)
    if shown.category == Category.SELF_EMPLOYED:
        now = period_of(Span.QUARTER, today).starts_on
    return now if now in months else months[-1]


def _page(
    request, member: Member, year: int, shown: ApprovedAmount | None, form: AmountForm, relief=""
):
    branch, today = member.organisation, form.today
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path) and not member.left_on
    start = kept_since(today)
    context = {
        "tabs": dues_tabs(branch, "dues:amounts"),
        "list_url": link("dues:amounts", branch=branch.code, year=year),
        "member_url": link("members:detail", member.pk),
        "statement_url": link("dues:statement", member.pk),
        "rates_url": link("dues:rates", branch=branch.code),
        "name": member.name,
        "title_year": f"{year}年",
        "years": year_links(request, year, today),
        "state": _state(shown, year),
        "is_change": is_of(shown, year),
        "form": form if may_enter and year >= start.year else None,
        "relief_url": relief,
        "amounts": [_amount(member, row, may_enter, start.year) for row in history(member)],
        "history": [
            {
                "at": recent(timezone.localtime(line.at), today),
                "words": f"{line.by_name} {line.action}",
                "before": _short(line.before),
                "after": _short(line.after),
                "reason": line.reason,
            }
            for line in TrailLine.objects.about(AREA, member.pk).filter(
                action__endswith="党费标准"
            )[:_LAST_LINES]
        ],
    }
    return render(request, "dues/amount.html", context)


def _state(shown: ApprovedAmount | None, year: int) -> dict[str, str]:
    if shown is None:
        return {"kind": "soon", "text": "待核定"}
    if is_of(shown, year):
        return {"kind": "done", "text": f"已核定，每月 {money(shown.amount)} 元"}
    return {"kind": "wait", "text": f"沿用去年，每月 {money(shown.amount)} 元"}


def _amount(
    member: Member, row: ApprovedAmount, may_enter: bool, first_year: int
) -> dict[str, str]:
    """What another branch approved, and years before the county kept dues, are only shown."""
    mine = row.organisation_id == member.organisation_id and row.from_month.year >= first_year
    return {
        "from_month": month_label(row.from_month),
        "category": row.get_category_display(),
        "base": "—" if row.base is None else money(row.base),
        "computed": "—" if row.computed is None else money(row.computed),
        "amount": money(row.amount),
        "reason": row.reason,
        "approved_on": full_date(row.approved_on),
        "approved_by": str(row.approved_by or "导入"),
        "branch": row.organisation.short_name,
        "correct_url": link(
            "dues:amount", member.pk, year=row.from_month.year, month=month_key(row.from_month)
        )
        if may_enter and mine
        else "",
    }


def _short(words: dict[str, str]) -> str:
    """What a trail line says, without what is empty."""
    return "，".join(f"{name} {value}" for name, value in words.items() if value)
