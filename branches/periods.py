"""Months, quarters, half-years and years: pure date arithmetic.

A period is written `2026-09`, `2026-Q3`, `2026-H2` or `2026`.
"""

import calendar
import datetime
import re
from dataclasses import dataclass
from enum import StrEnum


class Span(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {"month": 1, "quarter": 3, "half": 6, "year": 12}[self.value]


_NUMERALS = "一二三四"


@dataclass(frozen=True, order=True)
class Period:
    """A calendar period; `starts_on` and `ends_on` are both inside it."""

    starts_on: datetime.date
    ends_on: datetime.date
    span: Span

    def __str__(self) -> str:
        year, month = self.starts_on.year, self.starts_on.month
        match self.span:
            case Span.MONTH:
                return f"{year}-{month:02d}"
            case Span.QUARTER:
                return f"{year}-Q{(month + 2) // 3}"
            case Span.HALF:
                return f"{year}-H{(month + 5) // 6}"
            case _:
                return f"{year}"

    @property
    def label(self) -> str:
        """The period as it is said on screen: 2026年3月, 2026年一季度, 2026年上半年, 2026年."""
        year, month = self.starts_on.year, self.starts_on.month
        match self.span:
            case Span.MONTH:
                return f"{year}年{month}月"
            case Span.QUARTER:
                return f"{year}年{_NUMERALS[(month - 1) // 3]}季度"
            case Span.HALF:
                return f"{year}年{'上' if month == 1 else '下'}半年"
            case _:
                return f"{year}年"

    def __contains__(self, day: datetime.date) -> bool:
        return self.starts_on <= day <= self.ends_on

    @property
    def following(self) -> "Period":
        return period_of(self.span, self.ends_on + datetime.timedelta(days=1))

    @property
    def previous(self) -> "Period":
        return period_of(self.span, self.starts_on - datetime.timedelta(days=1))


def month_end(day: datetime.date) -> datetime.date:
    """The last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: datetime.date, months: int) -> datetime.date:
    """The same day `months` later (or earlier), clamped to the end of the month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def add_years(day: datetime.date, years: int) -> datetime.date:
    """The same calendar day `years` later; 29 February becomes the 28th."""
    return add_months(day, 12 * years)


def period_of(span: Span, day: datetime.date) -> Period:
    """The period of that kind which contains `day`."""
    first_month = (day.month - 1) // span.months * span.months + 1
    starts_on = datetime.date(day.year, first_month, 1)
    return Period(starts_on, month_end(add_months(starts_on, span.months - 1)), span)


def month_of(text: str) -> Period:
    """The month written `2026-09`; ValueError for anything else."""
    return period_of(Span.MONTH, datetime.datetime.strptime(text, "%Y-%m").date())


def period_named(text: str) -> Period | None:
    """The period written `2026-09`, `2026-Q3`, `2026-H2` or `2026`; None for anything else."""
    match = re.fullmatch(r"(\d{4})(?:-(?:(\d{2})|Q([1-4])|H([12])))?", text)
    if not match or not 1 <= int(match[2] or 1) <= 12 or int(match[1]) < 1:
        return None
    year, month, quarter, half = match.groups()
    if month:
        return period_of(Span.MONTH, datetime.date(int(year), int(month), 1))
    if quarter:
        return period_of(Span.QUARTER, datetime.date(int(year), 3 * int(quarter), 1))
    if half:
        return period_of(Span.HALF, datetime.date(int(year), 6 * int(half), 1))
    return period_of(Span.YEAR, datetime.date(int(year), 1, 1))


def months_between(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """First days of all months from the month of `first` to the month of `last`."""
    month, months = first.replace(day=1), []
    while month <= last:
        months.append(month)
        month = add_months(month, 1)
    return months
