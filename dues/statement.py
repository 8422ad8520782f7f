"""One member's dues as a statement: what was owed, changed and paid, with the balance. Reads only.

The balance is openings and charges less payments, in yuan; above nothing is what is still owed.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from branches.money import SumOfMoney
from branches.periods import months_between
from branches.words import full_date
from dues.models import (
    ApprovedAmount,
    Charge,
    ChargeChange,
    Contribution,
    DuesRequest,
    OpeningBalance,
    Payment,
)
from dues.words import NOTHING, money, month_label
from members.models import Member

# Lines on the first sheet of paper, below the heading and the balance of before, and on others.
FIRST_SHEET, NEXT_SHEET = 28, 32


@dataclass(frozen=True)
class Line:
    """One line under a month; sums as texts, "" where the line has none of that kind."""

    words: str
    on: str
    owed: str
    paid: str
    balance: str
    note: str = ""


@dataclass
class MonthPart:
    """A month with its lines."""

    label: str
    lines: list[Line] = field(default_factory=list)


class Statement:
    """One member and year, as far as `user` may look: rows of organisations in sight only."""

    def __init__(self, member: Member, year: int, user):
        self.member, self.year = member, year
        self.start, self.end = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
        self._charges = Charge.objects.filter(member=member).visible_to(user)
        self._payments = Payment.objects.filter(member=member).visible_to(user)
        self._openings = OpeningBalance.objects.filter(member=member).visible_to(user)
        self._user = user
        self.brought_forward = self._before()
        self.owed = self.paid = NOTHING
        self.balance = self.brought_forward
        self.months = self._months()
        self.elsewhere = self._elsewhere()

    def _before(self) -> Decimal:
        """What was owed before the year: openings always, they are older than the county's ledger."""
        return (
            _total(self._openings)
            + _total(self._charges.filter(month__lt=self.start))
            - _total(self._payments.filter(month__lt=self.start))
        )

    @property
    def opening(self) -> Decimal:
        """The part of what was brought forward that is older than the county's ledger."""
        return _total(self._openings)

    def _months(self) -> list[MonthPart]:
        span = {"month__gte": self.start, "month__lte": self.end}
        charges = {one.month: one for one in self._charges.filter(**span)}
        changes = defaultdict(list)
        for change in ChargeChange.objects.filter(charge__in=charges.values()).order_by("pk"):
            changes[change.charge_id].append(change)
        payments = defaultdict(list)
        rows = self._payments.filter(**span).select_related("reversed_by").order_by("pk")
        for payment in rows:
            payments[payment.month].append(payment)
        parts = []
        for month in months_between(self.start, self.end):
            part = MonthPart(month_label(month).split("年")[1])
            if charge := charges.get(month):
                self._add_charge(part, charge, changes[charge.pk])
            for payment in payments[month]:
                self._add_payment(part, payment)
            if part.lines:
                parts.append(part)
        return parts

    def _add_charge(self, part: MonthPart, charge: Charge, changes: list[ChargeChange]) -> None:
        first = charge.amount - sum((change.difference for change in changes), NOTHING)
        part.lines.append(self._line("应缴", "", owed=first))
        for change in changes:
            part.lines.append(self._line("调整", "", owed=change.difference, note=change.reason))

    def _add_payment(self, part: MonthPart, payment: Payment) -> None:
        if payment.reverses_id:
            line = self._line("更正", full_date(payment.paid_on), paid=payment.amount)
            notes = [payment.reason if payment.reason != "更正" else ""]
        else:
            line = self._line("实缴", full_date(payment.paid_on), paid=payment.amount)
            notes = [
                payment.get_way_display(),
                f"{payment.brought_by}代交" if payment.brought_by else "",
                "党费证已登" if payment.in_booklet else "党费证未登",
                "后来已更正" if hasattr(payment, "reversed_by") else "",
                payment.reason,
            ]
        part.lines.append(
            Line(
                line.words, line.on, line.owed, line.paid, line.balance,
                "，".join(note for note in notes if note),
            )
        )  # fmt: skip

    def _line(self, words, on, *, owed=None, paid=None, note="") -> Line:
        self.owed += owed or NOTHING
        self.paid += paid or NOTHING
        self.balance += (owed or NOTHING) - (paid or NOTHING)
        return Line(
            words=words,
            on=on,
            owed="" if owed is None else money(owed),
            paid="" if paid is None else money(paid),
            balance=money(self.balance),
            note=note,
        )

    def sheets(self) -> list[list[tuple[str, Line]]]:
        """The lines with their months, as many as stand on each sheet of paper."""
        lines = [(part.label, line) for part in self.months for line in part.lines]
        rest = range(FIRST_SHEET, len(lines), NEXT_SHEET)
        return [lines[:FIRST_SHEET], *(lines[start : start + NEXT_SHEET] for start in rest)]

    def _elsewhere(self) -> bool:
        """Whether other branches keep dues of the member that the reader does not see."""
        return (
            Charge.objects.filter(member=self.member).count() != self._charges.count()
            or Payment.objects.filter(member=self.member).count() != self._payments.count()
        )

    # --- Beside the months ---

    def approved(self) -> list[ApprovedAmount]:
        """The amounts in force at some time of the year, oldest first."""
        amounts = list(
            ApprovedAmount.objects.filter(member=self.member, from_month__lte=self.end)
            .visible_to(self._user)
            .order_by("from_month")
        )
        earlier = [one for one in amounts if one.from_month <= self.start]
        return earlier[-1:] + [one for one in amounts if one.from_month > self.start]

    def requests(self):
        """Requests about months of the year."""
        return (
            DuesRequest.objects.filter(
                member=self.member, from_month__lte=self.end, until_month__gte=self.start
            )
            .visible_to(self._user)
            .order_by("from_month", "pk")
        )

    def contributions(self):
        """Large sums of the year that stand; in no balance of the dues."""
        return (
            Contribution.objects.filter(
                member=self.member,
                paid_on__range=(self.start, self.end),
            )
            .unreversed()
            .visible_to(self._user)
            .order_by("paid_on", "pk")
        )

    def years(self, today: datetime.date) -> list[int]:
        """Years with dues in sight, and this one."""
        found = {today.year, self.year}
        for rows in (self._charges, self._payments):
            found |= {day.year for day in rows.dates("month", "year")}
        return sorted(found)


def _total(rows) -> Decimal:
    return rows.aggregate(total=SumOfMoney("amount"))["total"] or NOTHING
