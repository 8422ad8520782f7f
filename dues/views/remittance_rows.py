"""What the pages about remittances share: which quarter is asked for, how a state is said."""

import datetime

from branches.links import link, with_query
from branches.periods import Period, Span, period_named
from dues.models import Remittance
from dues.remitting import Standing, opens_on, quarter_on, year_quarters

_YEARS = range(1949, 3000)


def quarter_asked(request) -> Period | None:
    """The quarter of `?year=2026&quarter=3`, of `?period=2026-Q3` or of the duty that led here."""
    given = request.POST if request.POST.get("quarter") else request.GET
    year, number = given.get("year", ""), given.get("quarter", "")
    if number in {"1", "2", "3", "4"} and year.isdecimal() and int(year) in _YEARS:
        return quarter_on(datetime.date(int(year), int(number) * 3, 1))
    named = request.GET.get("period") or request.GET.get("source", "").rpartition(":")[2]
    period = period_named(named)
    fits = period and period.span == Span.QUARTER and period.starts_on.year in _YEARS
    return period if fits else None


def number_of(quarter: Period) -> int:
    """1 to 4."""
    return quarter.ends_on.month // 3


def page_of(branch_code: str, quarter: Period, **more) -> str:
    """The address of one branch's quarter."""
    return link(
        "dues:remittance",
        branch=branch_code,
        year=quarter.starts_on.year,
        quarter=number_of(quarter),
        **more,
    )


def short_label(quarter: Period) -> str:
    """三季度."""
    return quarter.label.split("年", 1)[1]


def badge(
    standing: Standing,
    quarter: Period,
    due: datetime.date,
    today: datetime.date,
    remittance: Remittance | None,
    soon_days: int,
) -> dict[str, str]:
    """Kind of mark and words for where a quarter stands; due soon by the county's number of days."""
    kind, words = standing.kind, standing.label
    returned = remittance is not None and remittance.opinion
    if standing == Standing.OVERDUE:
        days = f"逾期 {(today - due).days} 天"
        words = f"已退回，{days}" if returned else days
    elif standing == Standing.OPEN:
        if today < opens_on(quarter):
            kind, words = ("run", "收缴中") if today >= quarter.starts_on else ("todo", "未开始")
        elif (due - today).days <= soon_days:
            kind, words = "soon", f"还剩 {(due - today).days} 天" if due > today else "今天到期"
        elif remittance is not None:
            words = "已起草"
    return {"kind": kind, "words": words}


def quarter_links(request, quarter: Period, today: datetime.date) -> list[dict[str, object]]:
    """The quarters of the year shown, keeping the rest of the address."""
    return [
        {
            "label": short_label(one),
            "url": with_query(
                request, year=one.starts_on.year, quarter=number_of(one), period="", source=""
            ),
            "current": one == quarter,
        }
        for one in year_quarters(quarter.starts_on.year)
        if one.starts_on <= today
    ]


def year_links(request, year: int, today: datetime.date, **more) -> list[dict[str, object]]:
    """This year, the one before and the one shown."""
    return [
        {
            "label": f"{shown}年",
            "url": with_query(request, year=shown, period="", source="", **more),
            "current": shown == year,
        }
        for shown in sorted({today.year - 1, today.year, year})
    ]
