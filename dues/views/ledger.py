"""The quarter of one branch as a grid; for overseers, the branches to choose from."""

import datetime

from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.periods import Span, month_of, period_of
from branches.scope import reaches
from branches.words import full_date, short_date
from dues.enums import Way
from dues.forms import MannerForm
from dues.grid import Grid
from dues.quarters import Year
from dues.remitting import opens_on
from dues.shown import Shown
from dues.standing import back_limit
from dues.tabs import dues_tabs
from dues.views.summary import dues_summary
from dues.words import month_key

_YEARS = range(1921, 3000)


def _month_asked(request) -> datetime.date | None:
    """The month chosen, or that of the duty that led here (`source=duty:dues.paid:2026-10`)."""
    for typed in (
        request.GET.get("focus", ""),
        request.GET.get("source", "").rpartition(":")[2],
    ):
        try:
            month = month_of(typed).starts_on
        except ValueError:
            continue
        if month.year in _YEARS:
            return month
    return None


@require_safe
def dues_ledger(request):
    """The quarter of one branch; for overseers without a branch, the branches to choose from."""
    today = current_day()
    branch = chosen_branch(request)
    if branch is None:
        return dues_summary(request)
    quarter = _quarter(request, today)
    year = quarter.starts_on.year
    grid = Grid(branch, quarter, today, focus=_month_asked(request))
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path)
    may_import = reaches(request.user, Action.IMPORT_WORKBOOK, branch.path)
    may_export = reaches(request.user, Action.EXPORT_LEDGER, branch.path)
    totals = grid.totals()
    standing = Year(branch, year, today)
    context = {
        "organisation": branch,
        "tabs": dues_tabs(branch, "dues:ledger"),
        "years": [
            {
                "label": f"{shown}年",
                "url": link("dues:ledger", branch=branch.code, year=shown),
                "current": shown == year,
            }
            for shown in (today.year - 1, today.year)
        ],
        "quarters": (cards := standing.cards(quarter)),
        "quarter_text": next(card["text"] for card in cards if card["current"]),
        "heading": f"{quarter.label.split('年')[1]}收缴明细",
        "months": _months(grid, totals),
        "rows": Shown(grid, may_enter=may_enter).rows(),
        "totals": totals,
        "member_count": len(grid.rows),
        "current_month_label": f"{grid.focus.month}月",
        "paid_up": totals["unpaid_count"] == "0",
        "read_only": not may_enter,
        "manner": _manner(request, today),
        "amounts_url": link("dues:amounts", branch=branch.code, year=year) if may_enter else "",
        "openings_url": link("dues:openings", branch=branch.code) if may_enter else "",
        "import_url": link("ledgers:import") if may_import else "",
        "export_url": link("ledgers:dues_book", organisation=branch.code, year=year)
        if may_export
        else "",
        **_addresses(branch, grid, may_enter),
        **_next_acts(branch, grid, standing, may_enter),
    }
    return render(request, "dues/month.html", context)


def _months(grid: Grid, totals: dict[str, str]) -> list[dict[str, object]]:
    query = {
        "branch": grid.organisation.code,
        "year": grid.quarter.starts_on.year,
        "quarter": (grid.quarter.starts_on.month + 2) // 3,
    }
    return [
        {
            "key": month_key(month),
            "label": f"{month.month}月",
            "now": month == grid.this_month,
            "focus": month == grid.focus,
            "url": link("dues:ledger", **query, focus=month_key(month)),
            "total": totals[month_key(month)],
        }
        for month in grid.months
    ]


def _addresses(branch, grid: Grid, may_enter: bool) -> dict[str, str]:
    """Where the grid posts to; every answer speaks of the month in focus."""
    here = {"branch": branch.code, "focus": month_key(grid.focus)}
    fillable = max(grid.kept_since, back_limit(grid.today)) <= grid.focus <= grid.today
    return {
        "table_url": link("dues:cell", **here),
        "grid_url": link("dues:grid", **here),
        "booklet_url": link("dues:booklet", **here),
        "bulk_url": link("dues:fill", **here) if may_enter and fillable else "",
        "bulk_month": month_key(grid.focus),
    }


def _next_acts(branch, grid: Grid, standing: Year, may_enter: bool) -> dict[str, object]:
    """打印公示表 and 登记上缴, and which of them is the next thing to do once all have paid."""
    quarter = standing.of(grid.quarter.starts_on)
    begun = grid.quarter.starts_on <= grid.today
    print_url = link(
        "dues:publication", branch=branch.code, period=str(quarter.asked or grid.quarter)
    )
    remit_url = link(
        "dues:remittance",
        branch=branch.code,
        year=grid.quarter.starts_on.year,
        quarter=(grid.quarter.starts_on.month + 2) // 3,
    )
    step = standing.step(quarter, when_paid=grid.focus)
    labels = {"publish": ("打印公示表", print_url), "remit": ("登记上缴", remit_url)}
    label, url = labels.get(step, ("", ""))
    opens = opens_on(quarter.period)
    return {
        "print_url": print_url if begun else "",
        "remit": {
            "url": remit_url,
            "label": "看上缴" if quarter.remitted else "登记上缴",
            "enabled": quarter.remitted or grid.today >= opens,
            "reason": f"{short_date(opens, grid.today)}起可登记上缴",
        }
        if begun and may_enter
        else None,
        "next_act": {"label": label, "url": url} if label and url and may_enter else None,
    }


def _manner(request, today: datetime.date) -> dict[str, object]:
    """Day and way with which the page begins: as sent along by a page without a script."""
    form = MannerForm(request.GET, today=today)
    form.is_valid()
    way = form.manner["way"] or Way.CASH
    return {
        "paid_on": full_date(form.manner["paid_on"] or today),
        "today": full_date(today),
        "ways": [
            {"value": value, "label": label, "on": value == way} for value, label in Way.choices
        ],
    }


def _quarter(request, today: datetime.date):
    year, number = request.GET.get("year", ""), request.GET.get("quarter", "")
    shown = int(year) if year.isdecimal() and int(year) in _YEARS else today.year
    if asked := _month_asked(request):
        return period_of(Span.QUARTER, asked)
    if number in {"1", "2", "3", "4"}:
        return period_of(Span.QUARTER, datetime.date(shown, int(number) * 3, 1))
    day = today if shown == today.year else datetime.date(shown, 12, 1)
    return period_of(Span.QUARTER, day)
