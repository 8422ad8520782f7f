"""How the four quarters of a branch's year stand: collected, posted, sent up, confirmed."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Sum

from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span, months_between, period_of
from branches.values import Values
from branches.words import short_date
from dues.enums import RemittanceState
from dues.models import Charge, Payment, Publication, Remittance
from dues.values import PUBLISH_DAY, PUBLISH_EVERY, REMIT_DAY
from dues.words import NOTHING, money

NUMERALS = "一二三四"
_SPANS = {3: Span.QUARTER, 6: Span.HALF, 12: Span.YEAR}


@dataclass
class Quarter:
    """One quarter: what was asked and paid for each member and month, what became of it."""

    period: Period
    asked: dict[tuple[int, datetime.date], Decimal] = field(default_factory=dict)
    paid: dict[tuple[int, datetime.date], Decimal] = field(default_factory=dict)
    publication: Publication | None = None
    remittance: Remittance | None = None

    @property
    def owed(self) -> Decimal:
        return sum(self.asked.values(), NOTHING)

    @property
    def came(self) -> Decimal:
        return sum(self.paid.values(), NOTHING)

    def short(self, *, without: datetime.date | None = None) -> bool:
        """Whether somebody has not paid in full, the month `without` left aside."""
        return any(
            amount > self.paid.get(key, NOTHING)
            for key, amount in self.asked.items()
            if key[1] != without
        )

    @property
    def remitted(self) -> bool:
        return self.remittance is not None and self.remittance.state in (
            RemittanceState.SENT,
            RemittanceState.CONFIRMED,
        )


class Year:
    """The quarters of one branch in one year, read at once."""

    def __init__(self, organisation: Organisation, year: int, today: datetime.date):
        self.organisation = organisation
        self.today = today
        self.quarters = [
            Quarter(period_of(Span.QUARTER, datetime.date(year, month, 1)))
            for month in (1, 4, 7, 10)
        ]
        values = Values()
        self.remit_day = values.on(REMIT_DAY, today)
        self.publish_day = values.on(PUBLISH_DAY, today)
        self.publish_span = _SPANS[values.on(PUBLISH_EVERY, today)]
        self._read(datetime.date(year, 1, 1), datetime.date(year, 12, 31))

    def _read(self, start: datetime.date, end: datetime.date) -> None:
        span = {"organisation": self.organisation, "month__gte": start, "month__lte": end}
        charges = Charge.objects.filter(**span).values_list("member_id", "month", "amount")
        for member_id, month, amount in charges:
            self.of(month).asked[member_id, month] = amount
        payments = (
            Payment.objects.filter(**span)
            .values("member_id", "month")
            .annotate(total=Sum("amount"))
            .order_by()
            .values_list("member_id", "month", "total")
        )
        for member_id, month, total in payments:
            self.of(month).paid[member_id, month] = total
        for sent in Remittance.objects.filter(
            organisation=self.organisation, quarter__gte=start, quarter__lte=end
        ):
            self.of(sent.quarter).remittance = sent
        posted = Publication.objects.filter(
            organisation=self.organisation, starts_on__lte=end, ends_on__gte=start
        )
        for publication in posted.order_by("-starts_on", "pk"):
            for quarter in self.quarters:
                # One of a half-year or a year covers the quarters in it.
                if (
                    publication.starts_on <= quarter.period.starts_on
                    and quarter.period.ends_on <= publication.ends_on
                ):
                    quarter.publication = publication

    def of(self, month: datetime.date) -> Quarter:
        """The quarter of a month of this year."""
        return self.quarters[(month.month - 1) // 3]

    def to_publish(self, quarter: Quarter) -> Period | None:
        """The period to be posted when this quarter has ended, if one ends with it."""
        period = period_of(self.publish_span, quarter.period.starts_on)
        return period if period.ends_on == quarter.period.ends_on else None

    def step(self, quarter: Quarter, *, when_paid: datetime.date | None = None) -> str:
        """What comes next: "collect", "publish", "remit" or "" when all is done.

        `when_paid` is a month that is taken as paid in full.
        """
        if quarter.remitted:
            return ""
        last_month = quarter.period.ends_on.replace(day=1)
        if not quarter.owed or self.today < last_month or quarter.short(without=when_paid):
            return "collect"
        if quarter.publication is None and self.to_publish(quarter):
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

    def _state(self, quarter: Quarter) -> tuple[str, str]:
        """Kind of mark and words; what became of the remittance before everything else."""
        state = quarter.remittance.state if quarter.remittance else ""
        match state:
            case RemittanceState.CONFIRMED:
                return "done", "已确认"
            case RemittanceState.SENT:
                return "wait", "已上缴"
            case RemittanceState.RETURNED:
                return "late", "已退回"
        if quarter.period.starts_on > self.today:
            return "todo", "未开始"
        last_month = quarter.period.ends_on.replace(day=1)
        running = self.today <= quarter.period.ends_on
        short = quarter.short()
        if self.today < last_month or (short and running):
            return "run", "收缴中"
        if not quarter.owed:
            return "todo", "没有应缴"
        if short:
            return "soon", "未收齐"
        return ("done", "已公示") if quarter.publication else ("done", "已收齐")

    def _text(self, quarter: Quarter) -> str:
        """What is due and the next date."""
        sent = quarter.remittance
        if sent and sent.state == RemittanceState.CONFIRMED:
            return f"上缴 ¥{money(sent.amount)}，{short_date(sent.decided_on, self.today)}确认"
        if sent and sent.state == RemittanceState.SENT:
            return f"{short_date(sent.remitted_on, self.today)}上缴 ¥{money(sent.amount)}，待确认"
        if sent and sent.state == RemittanceState.RETURNED:
            return "改好后重新上缴"
        after = quarter.period.following.starts_on
        remit = f"{after.month}月{self.remit_day}日前上缴"
        if quarter.owed:
            what = f"应缴 ¥{money(quarter.owed)}"
        else:
            months = months_between(quarter.period.starts_on, quarter.period.ends_on)
            what = f"{months[0].month}月—{months[-1].month}月"
        if self.step(quarter) == "publish":
            return f"{what}，{after.month}月{self.publish_day}日前公示"
        return f"{what}，{remit}"
