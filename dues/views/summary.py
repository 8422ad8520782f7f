"""How dues stand: for overseers each organisation below, for a branch its year by months."""

import datetime

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.db.models.functions import Length
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.periods import Period, Span, period_named, period_of
from branches.scope import paths_reached, reaches
from branches.services import path_keys
from dues import sums
from dues.sums import Figures, Line
from dues.tabs import dues_tabs
from dues.words import money

PAGE = 50
_SPANS = ((Span.MONTH, "月"), (Span.QUARTER, "季度"), (Span.YEAR, "全年"))


@require_safe
def dues_summary(request):
    """The dues of an organisation and of each one directly below it, worst first.

    `?organisation=CODE&period=2026-09` (or 2026-Q3, 2026); a branch shows its year by months.
    """
    today = current_day()
    heads = _heads(request)
    period = _period(request, today)
    if len(heads) == 1 and heads[0].is_branch:
        return render(request, "dues/summary.html", _branch_context(request, heads[0], period))
    table = sums.table(heads, period, today=today, until=today)
    lines = sorted(table.lines, key=_worst_first)
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    head = heads[0] if len(heads) == 1 else None
    links = _Links(request.user, period)
    shared = _shared_context(request, head, period, table.total, links)
    context = shared | {
        "period_label": period.label,
        "spans": _spans(request, period, today),
        "steps": _steps(request, period, today),
        "first_heading": "单位",
        "rows": [links.row(line, head) for line in page.object_list],
        "page": page,
        "unit": "个",
        "order_text": "按缴清率排列，低的在前",
        "query": with_query(request).removeprefix("?") if request.GET else "",
    }
    return render(request, "dues/summary.html", context)


def _heads(request) -> list[Organisation]:
    """The organisation named, or the highest ones the reader may look at."""
    if named := named_organisation(request):
        return [named]
    visible = Organisation.objects.visible_to(request.user)
    prefixes = paths_reached(request.user)
    highest = visible.filter(Q(parent=None) if "" in prefixes else Q(path__in=prefixes))
    heads, paths = [], []
    for one in highest.select_related("parent").order_by(Length("path"), "path"):
        if not any(one.path.startswith(path) for path in paths):
            heads.append(one)
            paths.append(one.path)
    if not heads:
        raise PermissionDenied
    return heads


def _period(request, today: datetime.date) -> Period:
    """The month, quarter or year asked for, if it has begun; else the running month."""
    period = period_named(request.GET.get("period", ""))
    year, quarter = request.GET.get("year", ""), request.GET.get("quarter", "")
    if period is None and year.isdecimal() and len(year) == 4:
        asked = f"{year}-Q{quarter}" if quarter in {"1", "2", "3", "4"} else year
        period = period_named(asked)
    spans = [span for span, _label in _SPANS]
    if period is None or period.starts_on > today or period.span not in spans:
        return period_of(Span.MONTH, today)
    return period


def _spans(request, period: Period, today: datetime.date) -> list[dict]:
    """The same time as a month, a quarter and a year."""
    day = min(period.ends_on, today)
    return [
        {
            "label": label,
            "url": with_query(request, period=period_of(span, day), year="", quarter=""),
            "current": span == period.span,
        }
        for span, label in _SPANS
    ]


def _steps(request, period: Period, today: datetime.date) -> list[dict]:
    """The period before, this one, and the next if it has begun."""
    shown = [period.previous, period, period.following]
    return [
        {
            "label": one.label,
            "url": with_query(request, period=one, year="", quarter=""),
            "current": one == period,
        }
        for one in shown
        if one.starts_on <= today and one.starts_on.year >= 1949
    ]


def _worst_first(line: Line):
    share = line.total.share
    return (share is None, share or 0, -line.total.unpaid, line.code)


def percent_text(figures: Figures) -> str:
    """99.5, or — where nothing was due."""
    return "—" if figures.share is None else f"{sums.rounded(figures.share)}"


def texts(figures: Figures) -> dict[str, str]:
    """Every figure of a line as the page writes it."""
    return {
        "due": f"{figures.due:,}",
        "full": f"{figures.full:,}",
        "share": percent_text(figures),
        "charged": money(figures.charged),
        "paid": money(figures.paid),
        "late": money(figures.late),
        "unpaid": money(figures.unpaid),
        "remitted": money(figures.remitted),
        "confirmed": money(figures.confirmed),
    }


def _mark(figures: Figures, ends_on: datetime.date, today: datetime.date) -> tuple[str, str]:
    if not figures.due:
        return "wait", "没有应缴"
    if not figures.short:
        return "done", "已收齐"
    if ends_on < today:
        return "late", f"{figures.short:,} 人次未缴清"
    return "run", "收缴中"


class _Links:
    """Where a line leads; what the reader may not open is named without a way in."""

    def __init__(self, user, period: Period):
        self.user, self.period, self.today = user, period, current_day()

    def row(self, line: Line, head: Organisation | None) -> dict:
        kind, words = _mark(line.total, self.period.ends_on, self.today)
        own = head is not None and line.pk == head.pk
        in_sight = self._in_sight(line)
        return texts(line.total) | {
            "name": "本级" if own else line.short_name,
            "url": self._inside(line) if in_sight and not own else "",
            "remit_url": self.remittances(line.code) if in_sight else "",
            "gone": not in_sight,
            "kind": kind,
            "words": words,
        }

    def _in_sight(self, line: Line) -> bool:
        # Who stands elsewhere today is named, but his pages are the new superior's.
        return reaches(self.user, Action.LOOK, line.path_now)

    def _inside(self, line: Line) -> str:
        if line.is_branch:
            return link("dues:ledger", branch=line.code, **self.quarter())
        return link("dues:summary", organisation=line.code, period=self.period)

    def quarter(self) -> dict[str, int]:
        """The period as pages of quarters take it; a year leaves the quarter open."""
        if self.period.span == Span.YEAR:
            return {"year": self.period.starts_on.year}
        day = self.period.starts_on
        return {"year": day.year, "quarter": (day.month + 2) // 3}

    def remittances(self, code: str) -> str:
        return link("dues:remittances", branch=code, **self.quarter())


def _branch_context(request, branch: Organisation, period: Period) -> dict:
    """A branch's year, month by month."""
    today = current_day()
    year = period_of(Span.YEAR, period.starts_on)
    found = sums.months_of(branch, year.starts_on.year, today=today)
    total = Figures()
    rows = []
    for month, figures in sorted(found.items()):
        total.add(figures)
        of_month = period_of(Span.MONTH, month)
        kind, words = _mark(figures, of_month.ends_on, today)
        links = _Links(request.user, of_month)
        rows.append(
            texts(figures)
            | {
                "name": f"{month.month}月",
                "url": link("dues:ledger", branch=branch.code, **links.quarter()),
                "remit_url": links.remittances(branch.code),
                "kind": kind,
                "words": words,
            }
        )
    links = _Links(request.user, year)
    return _shared_context(request, branch, year, total, links) | {
        "period_label": year.label,
        "spans": [],
        "steps": _steps(request, year, today),
        "first_heading": "月份",
        "rows": rows,
        "page": None,
        "query": "",
    }


def _shared_context(request, head, period: Period, total: Figures, links: _Links) -> dict:
    may_export = head and reaches(request.user, Action.EXPORT_LEDGER, head.path)
    year = period.starts_on.year
    code = head.code if head else ""
    return {
        "title": head.short_name if head else "各单位",
        "crumbs": _crumbs(request, head, period) if head else [],
        "tabs": dues_tabs(head, "dues:summary"),
        "kpis": _kpis(total, code, links),
        "total": texts(total),
        "export_url": link("ledgers:dues_book", organisation=code, year=year) if may_export else "",
        "import_url": link("ledgers:import")
        if paths_reached(request.user, Action.IMPORT_WORKBOOK)
        else "",
        "how": sums.HOW,
    }


def _crumbs(request, head: Organisation, period: Period) -> list[dict]:
    """The superiors the reader may open, highest first."""
    above = (
        Organisation.objects.visible_to(request.user)
        .filter(pk__in=path_keys(head.path)[:-1])
        .order_by(Length("path"))
    )
    return [
        {
            "label": one.short_name,
            "url": link("dues:summary", organisation=one.code, period=period),
        }
        for one in above
    ]


def _kpis(total: Figures, code: str, links: _Links) -> list[dict]:
    return [
        {
            "label": "应缴",
            "number": money(total.charged),
            "unit": "元",
            "note": f"{total.due:,} 人次",
            "url": "",
        },
        {
            "label": "实缴",
            "number": money(total.paid),
            "unit": "元",
            "note": f"缴清 {total.full:,} 人次，缴清率 {percent_text(total)}"
            + ("%" if total.due else ""),
            "url": "",
        },
        {
            "label": "未缴",
            "number": money(total.unpaid),
            "unit": "元",
            "note": f"{total.short:,} 人次没有缴清",
            "url": link("dues:arrears", branch=code),
        },
        {
            "label": "已上缴",
            "number": money(total.remitted),
            "unit": "元",
            "note": f"已确认 {money(total.confirmed)}，留在支部 {money(total.kept)}",
            "url": links.remittances(code),
        },
    ]
