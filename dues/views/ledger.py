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
from dues.grid import Grid, quarter_cards
from dues.tabs import dues_tabs
from dues.views.summary import dues_summary
from dues.words import month_key


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
        return dues_summary(request)
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
        "tabs": dues_tabs(branch, "dues:ledger"),
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
