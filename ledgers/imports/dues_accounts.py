"""What is stored of a member's dues of one year, and what one row of a sheet will write."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from branches.periods import month_end
from dues.enums import RequestKind, RequestState
from dues.models import ApprovedAmount, Charge, DuesRequest, OpeningBalance, Payment
from dues.standing import openings_of
from ledgers.imports.county import Person, Place, chunks
from ledgers.sheets.dues import MONTHS, UNPAID

NUMBERS = {column.heading: number for number, column in enumerate(MONTHS, 1)}


@cache
def months_of(year: int) -> list[tuple[str, datetime.date, datetime.date]]:
    """Heading, first and last day of the months of a year."""
    firsts = [(name, datetime.date(year, number, 1)) for name, number in NUMBERS.items()]
    return [(name, first, month_end(first)) for name, first in firsts]


@dataclass(eq=False, slots=True)
class Account:
    """What is stored of one member and year; lists by month, January first."""

    approved: list[ApprovedAmount] = field(default_factory=list)
    # A charge: key, amount, branch.
    charges: list[tuple[int, Decimal, int] | None] = field(default_factory=lambda: [None] * 12)
    # Entries of a month: key, amount, branch, the entry it reverses, the day of payment.
    entries: list[list[tuple] | None] = field(default_factory=lambda: [None] * 12)
    # What stands as owed from before the start.
    opening: OpeningBalance | None = None
    # Months for which the superior allowed a payment long past: from and until.
    allowed_back: list[tuple[datetime.date, datetime.date]] = field(default_factory=list)

    def opened(self, month: datetime.date) -> bool:
        """Whether the month's sum stands in an opening balance."""
        return self.opening is not None and self.opening.covers(month)

    def may_pay_back(self, month: datetime.date) -> bool:
        return any(since <= month <= until for since, until in self.allowed_back)

    def paid(self, number: int) -> Decimal:
        entries = self.entries[number - 1]
        return sum((entry[1] for entry in entries), UNPAID) if entries else UNPAID

    def standing(self, number: int) -> list[tuple]:
        """Entries of a month that are neither reversals nor reversed."""
        entries = self.entries[number - 1]
        if not entries:
            return []
        reversed_keys = {entry[3] for entry in entries if entry[3]}
        return [entry for entry in entries if not entry[3] and entry[0] not in reversed_keys]

    @property
    def is_empty(self) -> bool:
        return not self.approved and not any(self.charges) and not any(self.entries)


@dataclass(eq=False, slots=True)
class DuesPlan:
    """What one row will write; months are first days."""

    person: Person
    home: Place
    # From which month, category, base, what the rates give, amount.
    approval: tuple | None = None
    corrected: ApprovedAmount | None = None
    charges: list[tuple[datetime.date, Decimal, Place]] = field(default_factory=list)
    # Charges whose amount is corrected: month, key, new amount, difference, branch.
    recharged: list[tuple] = field(default_factory=list)
    # Charges stand that were made from last year's amount, and follow the new one.
    settles: bool = False
    # Month, amount, branch, day of payment, reason.
    payments: list[tuple] = field(default_factory=list)
    reversals: list[tuple[datetime.date, tuple]] = field(default_factory=list)

    @property
    def months(self) -> set[datetime.date]:
        """The months in which something is written."""
        return {
            item[0] for item in (*self.charges, *self.recharged, *self.payments, *self.reversals)
        }

    @property
    def branches(self) -> set[int]:
        """Every branch whose dues the row changes."""
        return {
            self.home.pk,
            *(place.pk for _month, _amount, place in self.charges),
            *(item[-1] for item in self.recharged),
            *(place.pk for _month, _amount, place, *_rest in self.payments),
            *(entry[2] for _month, entry in self.reversals),
        }


class Accounts:
    """The stored accounts by member and year; read once for all rows of a year."""

    def __init__(self):
        self._known: dict[tuple[int, int], Account] = {}
        self._sums: dict[Decimal, Decimal] = {}

    def of(self, member: int | None, year: int) -> Account:
        return self._known.get((member, year)) or Account()

    def load(self, year: int, members: set[int]) -> None:
        """Approvals, charges, entries and old debts of these members in that year."""
        first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
        same = self._sums.setdefault
        for piece in chunks(members):
            for member in piece:
                self._known[member, year] = Account()
            for approved in ApprovedAmount.objects.filter(
                member__in=piece, from_month__range=(first, last)
            ).order_by("from_month"):
                self._known[approved.member_id, year].approved.append(approved)
            charges = Charge.objects.filter(member__in=piece, month__range=(first, last))
            for member, month, pk, amount, branch in charges.values_list(
                "member_id", "month", "pk", "amount", "organisation_id"
            ):
                charge = (pk, same(amount, amount), branch)
                self._known[member, year].charges[month.month - 1] = charge
            entries = Payment.objects.filter(member__in=piece, month__range=(first, last))
            for member, month, pk, amount, branch, reverses, day in entries.order_by(
                "pk"
            ).values_list(
                "member_id", "month", "pk", "amount", "organisation_id", "reverses_id", "paid_on"
            ):
                months = self._known[member, year].entries
                if months[month.month - 1] is None:
                    months[month.month - 1] = []
                months[month.month - 1].append((pk, same(amount, amount), branch, reverses, day))
            for member, opening in openings_of(piece).items():
                self._known[member, year].opening = opening
            for member, *months in DuesRequest.objects.filter(
                member__in=piece, kind=RequestKind.BACK_PAYMENT, state=RequestState.APPROVED
            ).values_list("member_id", "from_month", "until_month"):
                self._known[member, year].allowed_back.append(tuple(months))

    def moved(self, plans: list[tuple[DuesPlan, int]]) -> bool:
        """Whether what these plans of a year touch is other now than when they were planned.

        Entries are never edited, and a reversal is an entry: the same keys are the same sum. A
        charge has moved with its amount; a month is another where an old debt holds its sum now.
        """
        known = {}
        for plan, year in plans:
            if plan.person.pk is None:
                continue
            account = self.of(plan.person.pk, year)
            for month in plan.months:
                charge = account.charges[month.month - 1]
                entries = account.entries[month.month - 1] or ()
                known[plan.person.pk, month] = (
                    charge and charge[:2],
                    {entry[0] for entry in entries},
                    account.opened(month),
                )
        return bool(known) and self._stored(known) != known

    @staticmethod
    def _stored(keys) -> dict[tuple[int, datetime.date], tuple]:
        """Charge and keys of entries, as they stand now, of these members and months."""
        charges, entries = {}, {key: set() for key in keys}
        opened = {}
        months = {month for _member, month in keys}
        within = (min(months), max(months))
        for piece in chunks({member for member, _month in keys}):
            found = {"member__in": piece, "month__range": within}
            for member, month, pk in Payment.objects.filter(**found).values_list(
                "member_id", "month", "pk"
            ):
                if (member, month) in entries:
                    entries[member, month].add(pk)
            for member, month, *charge in Charge.objects.filter(**found).values_list(
                "member_id", "month", "pk", "amount"
            ):
                charges[member, month] = tuple(charge)
            opened |= openings_of(piece)
        return {
            (member, month): (
                charges.get((member, month)),
                entries[member, month],
                member in opened and opened[member].covers(month),
            )
            for member, month in keys
        }
