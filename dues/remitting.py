"""What of a branch's dues goes up to its superior, quarter by quarter. Reads only.

With a quarter go the entries of its three months, and those of earlier months that came after
their own quarter had gone up (or lie before the county's first month). Every entry goes once.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from django.db.models import Q

from branches.models import Organisation
from branches.money import SumOfMoney
from branches.periods import Period, Span, add_months, months_between, period_of
from branches.values import Values
from dues.enums import GONE_UP, RemittanceState
from dues.models import Charge, Payment, Remittance
from dues.standing import kept_since
from dues.values import REMIT_DAY
from dues.words import NOTHING, month_label


class Standing(StrEnum):
    """Where a quarter stands, worst first."""

    OVERDUE = "overdue"
    OPEN = "open"
    RETURNED = "returned"
    SENT = "sent"
    CONFIRMED = "confirmed"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def kind(self) -> str:
        """The kind of mark."""
        return _KINDS[self]


_LABELS = {
    Standing.OVERDUE: "逾期未报",
    Standing.OPEN: "未报送",
    Standing.RETURNED: "已退回",
    Standing.SENT: "待确认",
    Standing.CONFIRMED: "已确认",
}
_KINDS = {
    Standing.OVERDUE: "late",
    Standing.OPEN: "todo",
    Standing.RETURNED: "late",
    Standing.SENT: "wait",
    Standing.CONFIRMED: "done",
}


def quarter_on(day: datetime.date) -> Period:
    """The quarter that contains `day`."""
    return period_of(Span.QUARTER, day)


def opens_on(quarter: Period) -> datetime.date:
    """From when on a quarter may be sent up: the first day of its last month."""
    return quarter.ends_on.replace(day=1)


def due_on(quarter: Period, values: Values) -> datetime.date:
    """The last day for sending a quarter up: the county's day of the month after."""
    day = values.on(REMIT_DAY, quarter.ends_on)
    return quarter.following.starts_on.replace(day=day)


def standing_of(remittance: Remittance | None, due: datetime.date, today: datetime.date):
    """Where a quarter stands. What was returned counts as not sent, so it may be overdue."""
    state = remittance.state if remittance else RemittanceState.DRAFT
    if state == RemittanceState.CONFIRMED:
        return Standing.CONFIRMED
    if state == RemittanceState.SENT:
        return Standing.SENT
    if today > due:
        return Standing.OVERDUE
    return Standing.RETURNED if state == RemittanceState.RETURNED else Standing.OPEN


def months_of(quarter: Period) -> list[datetime.date]:
    return months_between(quarter.starts_on, quarter.ends_on)


# --- What goes up ---------------------------------------------------------------------------


def gone_up(organisation: Organisation, before: datetime.date) -> set[datetime.date]:
    """First days of the quarters of the branch that begin before a day and have gone up."""
    rows = Remittance.objects.filter(
        organisation=organisation, quarter__lt=before, state__in=GONE_UP
    )
    return set(rows.values_list("quarter", flat=True))


def loose_entries(organisation: Organisation, quarter: Period, today: datetime.date):
    """The entries in the branch's hands that go up with that quarter."""
    earlier = [
        month
        for first in gone_up(organisation, quarter.starts_on)
        for month in months_of(quarter_on(first))
    ]
    with_it = Q(month__range=(quarter.starts_on, quarter.ends_on)) | Q(month__in=earlier)
    before = min(kept_since(today), quarter.starts_on)
    return Payment.objects.filter(organisation=organisation, remittance__isnull=True).filter(
        with_it | Q(month__lt=before)
    )


def open_quarter_before(
    organisation: Organisation, quarter: Period, today: datetime.date
) -> Period | None:
    """The first quarter before that one with charges or payments that has not gone up."""
    mine = {"organisation": organisation, "month__lt": quarter.starts_on}
    mine["month__gte"] = kept_since(today)
    months = set(Charge.objects.filter(**mine, amount__gt=0).values_list("month", flat=True))
    months |= _paid_months(Payment.objects.filter(**mine, remittance__isnull=True))
    quarters = {quarter_on(month) for month in months}
    done = gone_up(organisation, quarter.starts_on)
    return min((one for one in quarters if one.starts_on not in done), default=None)


def has_dues(organisation: Organisation, quarter: Period) -> bool:
    """Whether anything was charged or paid for a month of the quarter."""
    return bool(months_with_dues(organisation, quarter.starts_on, quarter.ends_on))


def months_with_dues(
    organisation: Organisation, start: datetime.date, end: datetime.date
) -> set[datetime.date]:
    """Months between two days for which the branch charged or was paid anything."""
    mine = {"organisation": organisation, "month__range": (start, end)}
    charged = Charge.objects.filter(**mine, amount__gt=0).order_by()
    months = set(charged.values_list("month", flat=True).distinct())
    return months | _paid_months(Payment.objects.filter(**mine))


def _paid_months(entries) -> set[datetime.date]:
    """Months for which these entries are more or less than nothing: what was entered by mistake
    and taken back is nothing."""
    rows = entries.order_by().values("month").annotate(total=SumOfMoney("amount"))
    return {month for month, total in rows.values_list("month", "total") if total}


# --- One branch and quarter, line by line -----------------------------------------------------


@dataclass
class Person:
    """What one member's entries of a remittance come to: by month, for earlier months, and what
    takes back sums that had gone up before."""

    member_id: int
    name: str
    months: dict[datetime.date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    earlier: Decimal = NOTHING
    taken_back: Decimal = NOTHING

    @property
    def total(self) -> Decimal:
        return sum(self.months.values(), NOTHING) + self.earlier + self.taken_back


@dataclass(frozen=True)
class Part:
    """One line of how the sum comes about; `charged` is known for the months of the quarter."""

    label: str
    people: int
    amount: Decimal
    charged: Decimal | None = None

    @property
    def short(self) -> Decimal | None:
        """What is missing; a month overpaid is short of nothing."""
        return None if self.charged is None else max(self.charged - self.amount, NOTHING)


class QuarterSheet:
    """The dues of one branch in one quarter: what goes up or went up, and how it comes about."""

    def __init__(self, organisation: Organisation, quarter: Period, today: datetime.date):
        self.organisation, self.quarter, self.today = organisation, quarter, today
        self.remittance = (
            Remittance.objects.filter(organisation=organisation, quarter=quarter.starts_on)
            .select_related("sent_by", "decided_by", "organisation__parent")
            .first()
        )
        self.is_gone = self.remittance is not None and self.remittance.state in GONE_UP

    @cached_property
    def people(self) -> list[Person]:
        """Whose entries go up, in list order."""
        if self.is_gone:
            entries = Payment.objects.filter(remittance=self.remittance)
        else:
            entries = loose_entries(self.organisation, self.quarter, self.today)
        mine = self.remittance.pk if self.is_gone else None
        found: dict[int, Person] = {}
        rows = entries.order_by("member_id", "pk").values_list(
            "member_id", "member__name", "month", "amount", "reverses__remittance_id"
        )
        for member_id, name, month, amount, went_with in rows:
            person = found.setdefault(member_id, Person(member_id, name))
            if went_with is not None and went_with != mine:
                person.taken_back += amount
            elif month < self.quarter.starts_on:
                person.earlier += amount
            else:
                person.months[month] += amount
        return list(found.values())

    @cached_property
    def computed(self) -> Decimal:
        return sum((person.total for person in self.people), NOTHING)

    @cached_property
    def member_count(self) -> int:
        """How many members paid, all entries of each together."""
        return sum(person.total > 0 for person in self.people)

    @cached_property
    def _charged(self) -> dict[datetime.date, Decimal]:
        charged: dict[datetime.date, Decimal] = defaultdict(Decimal)
        rows = Charge.objects.filter(
            organisation=self.organisation,
            month__range=(self.quarter.starts_on, self.quarter.ends_on),
        ).values_list("month", "amount")
        for month, amount in rows:
            charged[month] += amount
        return charged

    @property
    def charged(self) -> Decimal:
        return sum(self._charged.values(), NOTHING)

    @cached_property
    def paid(self) -> Decimal:
        """What was paid for the months of the quarter, with whichever quarter it goes up."""
        rows = Payment.objects.filter(
            organisation=self.organisation,
            month__range=(self.quarter.starts_on, self.quarter.ends_on),
        )
        return sum(rows.values_list("amount", flat=True), NOTHING)

    def parts(self) -> list[Part]:
        """The lines that add up to the computed sum."""
        parts = [
            Part(
                month_label(month),
                sum(bool(person.months.get(month)) for person in self.people),
                sum((person.months.get(month, NOTHING) for person in self.people), NOTHING),
                self._charged.get(month, NOTHING),
            )
            for month in months_of(self.quarter)
        ]
        for label, sums in (
            ("补交以前季度", [person.earlier for person in self.people]),
            ("更正以前已上缴的", [person.taken_back for person in self.people]),
        ):
            if any(sums):
                parts.append(Part(label, sum(map(bool, sums)), sum(sums, NOTHING)))
        return parts

    @cached_property
    def later(self) -> tuple[int, Decimal]:
        """Entries for months of this quarter made after it went up: how many, how much. They go
        with the next one."""
        if not self.is_gone:
            return 0, NOTHING
        amounts = list(
            Payment.objects.filter(
                organisation=self.organisation,
                month__range=(self.quarter.starts_on, self.quarter.ends_on),
            )
            .exclude(remittance=self.remittance)
            .values_list("amount", flat=True)
        )
        return len(amounts), sum(amounts, NOTHING)


def year_quarters(year: int) -> list[Period]:
    """The four quarters of a year."""
    first = datetime.date(year, 1, 1)
    return [quarter_on(add_months(first, 3 * number)) for number in range(4)]
