"""How the four quarters of a branch's year stand: collected, posted, sent up, confirmed.

Where a quarter stands and when it is due say `dues.remitting` and `dues.publishing`; here the steps
of one quarter are put in order for the cards above the grid.
"""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from branches.links import link
from branches.models import Organisation
from branches.periods import Period, months_between
from branches.values import Values
from branches.words import short_date
from dues import publishing, remitting
from dues.enums import GONE_UP, RemittanceState
from dues.models import Charge, Publication, Remittance
from dues.remitting import Standing
from dues.standing import paid_for
from dues.values import PUBLISH_EVERY
from dues.words import NOTHING, money

NUMERALS = "一二三四"


@dataclass
class Quarter:
    """One quarter: what was asked and paid for each member and month, what became of it.

    `due` is the last day for sending it up; `asked` is the period to be posted when it has ended,
    if one ends with it; `posted_on` when that period, else the quarter itself, was posted.
    """

    period: Period
    due: datetime.date
    asked: Period | None
    charges: dict[tuple[int, datetime.date], Decimal] = field(default_factory=dict)
    payments: dict[tuple[int, datetime.date], Decimal] = field(default_factory=dict)
    has_dues: bool = False
    posted_on: datetime.date | None = None
    remittance: Remittance | None = None

    @property
    def owed(self) -> Decimal:
        return sum(self.charges.values(), NOTHING)

    def short(self, *, without: datetime.date | None = None) -> bool:
        """Whether somebody has not paid in full, the month `without` left aside."""
        return any(
            amount > self.payments.get(key, NOTHING)
            for key, amount in self.charges.items()
            if key[1] != without
        )

    @property
    def remitted(self) -> bool:
        return self.remittance is not None and self.remittance.state in GONE_UP


class Year:
    """The quarters of one branch in one year, read at once."""

    def __init__(self, organisation: Organisation, year: int, today: datetime.date):
        self.organisation = organisation
        self.today = today
        self.values = Values()
        self.quarters = [self._quarter(period) for period in remitting.year_quarters(year)]
        self._read(datetime.date(year, 1, 1), datetime.date(year, 12, 31))

    def _quarter(self, period: Period) -> Quarter:
        every = self.values.on(PUBLISH_EVERY, period.ends_on)
        return Quarter(
            period,
            due=remitting.due_on(period, self.values),
            asked=publishing.asked_period(period, every),
        )

    def _read(self, start: datetime.date, end: datetime.date) -> None:
        span = {"organisation": self.organisation, "month__gte": start, "month__lte": end}
        charges = Charge.objects.filter(**span).values_list("member_id", "month", "amount")
        for member_id, month, amount in charges:
            self.of(month).charges[member_id, month] = amount
        # At whichever branch, as in the grid: a month is settled by what the member paid for it.
        owing = Charge.objects.filter(**span).values("member")
        for (member_id, month), total in paid_for(start, end, members=owing).items():
            self.of(month).payments[member_id, month] = total
        for month in remitting.months_with_dues(self.organisation, start, end):
            self.of(month).has_dues = True
        for sent in Remittance.objects.filter(
            organisation=self.organisation, quarter__gte=start, quarter__lte=end
        ):
            self.of(sent.quarter).remittance = sent
        posted = list(
            Publication.objects.filter(
                organisation=self.organisation, starts_on__lte=end, ends_on__gte=start
            )
        )
        for quarter in self.quarters:
            period = quarter.asked or quarter.period
            quarter.posted_on = publishing.covered_on(posted, period)

    def of(self, month: datetime.date) -> Quarter:
        """The quarter of a month of this year."""
        return self.quarters[(month.month - 1) // 3]

    def step(self, quarter: Quarter, *, when_paid: datetime.date | None = None) -> str:
        """What comes next: "collect", "publish", "remit" or "" when all is done.

        `when_paid` is a month that is taken as paid in full.
        """
        if quarter.remitted:
            return ""
        opens = remitting.opens_on(quarter.period)
        if not quarter.has_dues or self.today < opens or quarter.short(without=when_paid):
            return "collect"
        if quarter.posted_on is None and quarter.asked:
            return "publish"
        return "remit"

    def cards(self, chosen: Period) -> list[dict[str, object]]:
        """The four cards above the grid."""
        cards = []
        for number, quarter in enumerate(self.quarters, start=1):
            kind, words = self._state(quarter)
            cards.append(
                {
                    "name": f"{NUMERALS[number - 1]}季度",
                    "kind": kind,
                    "words": words,
                    "text": self._text(quarter),
                    "url": link(
                        "dues:ledger",
                        branch=self.organisation.code,
                        year=quarter.period.starts_on.year,
                        quarter=number,
                    ),
                    "current": quarter.period == chosen,
                }
            )
        return cards

    def _standing(self, quarter: Quarter) -> Standing:
        return remitting.standing_of(quarter.remittance, quarter.due, self.today)

    def _state(self, quarter: Quarter) -> tuple[str, str]:
        """Kind of mark and words; what became of the remittance before everything else."""
        standing = self._standing(quarter)
        if standing == Standing.SENT:
            return standing.kind, f"已上缴，{standing.label}"
        if standing == Standing.CONFIRMED:
            return standing.kind, standing.label
        if quarter.remittance and quarter.remittance.state == RemittanceState.RETURNED:
            return Standing.RETURNED.kind, Standing.RETURNED.label
        if quarter.period.starts_on > self.today:
            return "todo", "未开始"
        opens = remitting.opens_on(quarter.period)
        short = quarter.short()
        if self.today < opens or (short and self.today <= quarter.period.ends_on):
            return "run", "收缴中"
        if not quarter.has_dues:
            return "todo", "没有党费"
        if standing == Standing.OVERDUE:
            return standing.kind, standing.label
        if short:
            return "soon", "未收齐"
        return "done", "已公示" if quarter.posted_on else "已收齐"

    def _text(self, quarter: Quarter) -> str:
        """What is due and the next date."""
        sent, today = quarter.remittance, self.today
        match self._standing(quarter):
            case Standing.CONFIRMED:
                return f"上缴 ¥{money(sent.amount)}，{short_date(sent.decided_on, today)}确认"
            case Standing.SENT:
                return f"{short_date(sent.remitted_on, today)}上缴 ¥{money(sent.amount)}"
            case Standing.OVERDUE if quarter.has_dues:
                days = (today - quarter.due).days
                what = "改好后重新上缴" if sent and sent.opinion else self._owed(quarter)
                return f"{what}，{_day(quarter.due)}前上缴，逾期 {days} 天"
            case Standing.RETURNED:
                return f"改好后重新上缴，{_day(quarter.due)}前上缴"
        if not quarter.has_dues and today > quarter.period.ends_on:
            return "没有应缴和实缴，不用上缴"
        if self.step(quarter) == "publish":
            by = publishing.due_on(quarter.asked, self.values)
            return f"{self._owed(quarter)}，{_day(by)}前公示"
        return f"{self._owed(quarter)}，{_day(quarter.due)}前上缴"

    def _owed(self, quarter: Quarter) -> str:
        if quarter.owed:
            return f"应缴 ¥{money(quarter.owed)}"
        months = months_between(quarter.period.starts_on, quarter.period.ends_on)
        return f"{months[0].month}月—{months[-1].month}月"


def _day(day: datetime.date) -> str:
    """4月10日; the year is that of the quarter, or the January after it."""
    return f"{day.month}月{day.day}日"
