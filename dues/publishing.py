"""What a branch posts about its dues: which period, the rows of the sheet, its pages. Reads only."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from branches.models import Organisation
from branches.paper import split
from branches.periods import Period, Span, add_months, months_between, period_named, period_of
from branches.values import Values
from branches.words import full_date
from dues.grid import Grid, Month
from dues.models import Publication
from dues.values import PUBLICITY_DAYS, PUBLISH_DAY, PUBLISH_EVERY
from dues.words import NOTHING, money
from members.posts import people_in_committees, sizes_on
from members.roster import counts

# The county says every how many months; each is a span that ends with a quarter.
SPANS = {3: Span.QUARTER, 6: Span.HALF, 12: Span.YEAR}
# 9,999.99: the widest sum for which six months stand side by side at 11 pt.
_WIDEST_OF_SIX = 8
_NUMERALS = "一二三四"
# Between the name of the contact and the number, in the stored text and on paper.
_PHONE = "，电话："
USUAL_CONTACT = "支部组织委员"


# --- Periods --------------------------------------------------------------------------------


def asked_period(quarter: Period, every: int) -> Period | None:
    """The period that is to be posted when this quarter has ended, where the county asks for one
    every 3, 6 or 12 months; None in between."""
    period = period_of(SPANS[every], quarter.ends_on)
    return period if period.ends_on == quarter.ends_on else None


def is_asked(period: Period, values: Values) -> bool:
    """Whether the county asks for a sheet of this very period."""
    return SPANS[values.on(PUBLISH_EVERY, period.ends_on)] == period.span


def due_on(period: Period, values: Values) -> datetime.date:
    """The last day for posting a period: the county's day of the month after."""
    return period.following.starts_on.replace(day=values.on(PUBLISH_DAY, period.ends_on))


def period_asked(text: str) -> Period | None:
    """The quarter, half-year or year written 2026-Q3, 2026-H2 or 2026; None for anything else."""
    period = period_named(text)
    return period if period and period.span in SPANS.values() else None


def usual_period(organisation: Organisation | None, today: datetime.date) -> Period:
    """What is to be posted next: the last period that ended, the running one when that is posted."""
    every = Values().on(PUBLISH_EVERY, today)
    running = period_of(SPANS[every], today)
    if organisation is None:
        return running.previous
    posted = Publication.objects.filter(organisation=organisation, period=str(running.previous))
    return running if posted.exists() else running.previous


def covered_on(publications: Iterable[Publication], period: Period) -> datetime.date | None:
    """The day on which the last month of the period was posted; None while one is missing.

    Posted sheets of other periods count for the months they hold.
    """
    missing = set(months_between(period.starts_on, period.ends_on))
    for publication in sorted(publications, key=lambda one: one.posted_on):
        missing -= set(months_between(publication.starts_on, publication.ends_on))
        if not missing:
            return publication.posted_on
    return None


def posted_in(period: Period):
    """The sheets, of any branch, that hold months of a period."""
    return Publication.objects.filter(starts_on__lte=period.ends_on, ends_on__gte=period.starts_on)


def mark_of(
    posted_on: datetime.date | None, period: Period, values: Values, today: datetime.date
) -> tuple[str, str]:
    """Kind of mark and words for a period posted on a day or not; one that the county does not ask
    for is never late."""
    if posted_on:
        return "done", "已公示"
    if today <= period.ends_on:
        return "run", "收缴中"
    if not is_asked(period, values):
        return "todo", "未公示"
    return ("late" if today > due_on(period, values) else "soon"), "未公示"


def usual_days(period: Period, today: datetime.date) -> tuple[datetime.date, datetime.date]:
    """From when to when a sheet is posted: from today, while the period runs from the first of the
    next month; for the county's number of days."""
    first = today if today > period.ends_on else add_months(period.ends_on.replace(day=1), 1)
    days = Values().on(PUBLICITY_DAYS, today)
    return first, first + datetime.timedelta(days=days - 1)


# --- Contact --------------------------------------------------------------------------------


def joined_contact(person: str, phone: str) -> str:
    """The contact as it is stored."""
    return f"{person}{_PHONE}{phone}" if phone else person


def split_contact(contact: str) -> tuple[str, str]:
    """Person and telephone of a stored contact; "" where there is none."""
    person, _mark, phone = contact.partition(_PHONE if _PHONE in contact else "，")
    return person, phone


def last_contact(organisation: Organisation) -> tuple[str, str]:
    """Person and telephone of the branch's last sheet; else who it usually is."""
    last = Publication.objects.filter(organisation=organisation).order_by("-posted_on", "-pk")
    contact = last.values_list("contact", flat=True).first()
    return split_contact(contact) if contact else (USUAL_CONTACT, "")


# --- Rows -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One member on the sheet; every sum as a text."""

    number: int
    name: str
    cells: list[str]
    subtotal: str


class Posting:
    """The dues of one branch and period as they are posted: the numbers are those of the grid.

    `amount` is what was paid, in yuan, `member_count` how many people stand on the sheet.
    """

    def __init__(self, organisation: Organisation, period: Period, today: datetime.date):
        self.organisation, self.period = organisation, period
        self._this_month = today.replace(day=1)
        grid = Grid(organisation, period, today)
        rows = [
            row for row in grid.rows if any(one.here or one.paid for one in row.months.values())
        ]
        sums = {
            month: sum((row.months[month].paid for row in rows), NOTHING) for month in grid.months
        }
        self.columns = self._columns(grid.months, sums)
        self.lines = [
            Line(
                number,
                row.member.name,
                [self._cell([row.months[month] for month in months]) for _, months in self.columns],
                money(row.subtotal),
            )
            for number, row in enumerate(rows, start=1)
        ]
        # Under a month to come stands a dash as well.
        self.totals = [
            "—"
            if all(line.cells[index] == "—" for line in self.lines)
            else money(sum((sums[month] for month in months), NOTHING))
            for index, (_label, months) in enumerate(self.columns)
        ]
        self.amount: Decimal = sum(sums.values(), NOTHING)
        self.member_count = len(rows)

    def _columns(self, months, sums) -> list[tuple[str, list[datetime.date]]]:
        """Headings with their months: months where they fit on the sheet, quarters otherwise."""
        widest = max(len(money(amount)) for amount in sums.values())
        if len(months) == 3 or (len(months) == 6 and widest <= _WIDEST_OF_SIX):
            return [(f"{month.month}月", [month]) for month in months]
        return [
            (f"{_NUMERALS[months[start].month // 3]}季度", months[start : start + 3])
            for start in range(0, len(months), 3)
        ]

    def _cell(self, months: list[Month]) -> str:
        """The sum paid; — where the member was not here or owed nothing, 0.00 where he did not pay."""
        if paid := sum((one.paid for one in months), NOTHING):
            return money(paid)
        owed = any(one.here and one.due and one.month <= self._this_month for one in months)
        return money(NOTHING) if owed else "—"

    @property
    def narrow(self) -> bool:
        """Whether the columns are too narrow for the unit in each heading."""
        return len(self.columns) > 3

    @property
    def small(self) -> bool:
        """Whether six months stand side by side, in smaller type."""
        return len(self.columns) == 6

    def sheets(self) -> list[list[Line]]:
        """The rows of each sheet; the last one holds at least three, with the signature."""
        return split(self.lines)

    def differs_from(self, publication: Publication) -> bool:
        """Whether the figures are no longer those that were posted."""
        return (self.member_count, self.amount) != (publication.member_count, publication.amount)


# --- Words on paper -------------------------------------------------------------------------


def title_of(period: Period) -> str:
    """2026年第一季度党费收缴情况公示."""
    year, month = period.starts_on.year, period.starts_on.month
    match period.span:
        case Span.QUARTER:
            part = f"{year}年第{_NUMERALS[month // 3]}季度"
        case Span.YEAR:
            part = f"{year}年度"
        case _:
            part = period.label
    return f"{part}党费收缴情况公示"


def opening_sentence(period: Period, first, last, person: str, phone: str) -> str:
    """现将本支部…公示如下, with the days and who takes objections."""
    start, end = period.starts_on, period.ends_on
    until = full_date(last) if last.year != first.year else f"{last.month}月{last.day}日"
    return (
        f"现将本支部 {start.year}年{start.month}月至{end.month}月党费收缴情况公示如下。"
        f"公示期为 {full_date(first)}至{until}。"
        f"如有异议，请向{person}反映{_PHONE}{phone or '＿＿＿＿＿＿＿＿'}。"
    )


def signature(branch: Organisation, day: datetime.date) -> str:
    """中共望春社区第一支部委员会; a branch without a committee signs as 中共望春社区第一支部."""
    sizes = sizes_on(Values(), day)
    _members, formal = counts([branch.pk], day).get(branch.pk, (0, 0))
    people = people_in_committees([branch.pk], day).get(branch.pk, 0)
    stem = branch.short_name.removesuffix("党支部").removesuffix("支部")
    with_committee = formal >= sizes.from_formal or people >= sizes.least
    return f"中共{stem}支部委员会" if with_committee else f"中共{stem}支部"
