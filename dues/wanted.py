"""What every member should owe for a month, and to which branch. Reads only.

The branch that holds the formal relation on the month's last day is owed the month, unless the
month was paid at another branch: then that one. Who is on no roster any more on that day (died,
left, moved out of the county) owes no more than was paid for the month. The sum is the approved
amount in force, or what a superior allowed instead. Nothing is asked anew for a month whose sum
stands in an opening balance of the member.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef

from branches.money import SumOfMoney
from branches.periods import month_end
from dues.enums import RELIEFS, RequestState
from dues.models import ApprovedAmount, Charge, ChargeChange, DuesRequest, OpeningBalance, Payment
from dues.standing import memberships_in
from dues.words import NOTHING


@dataclass(frozen=True, slots=True)
class Stored:
    """A charge as it stands; `first` is the amount with which it was made."""

    pk: int
    organisation_id: int
    amount: Decimal
    first: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """A charge that is missing (`stored` is None) or should be another one."""

    member_id: int
    month: datetime.date
    stored: Stored | None
    organisation_id: int
    amount: Decimal


class Facts:
    """What decides the charges of some members (None: everybody) between two months."""

    def __init__(
        self, first: datetime.date, last: datetime.date, members: Iterable[int] | None = None
    ):
        self._only = {} if members is None else {"member__in": list(members)}
        self._ends: dict[datetime.date, datetime.date] = {}
        # By member, in the order in which they began: starts on, ends on, branch, left the Party on.
        self._stays: dict[int, list[tuple]] = defaultdict(list)
        for member_id, joined_on, starts_on, *stay in (
            memberships_in(first, month_end(last))
            .filter(**self._only)
            .values_list(
                "member_id",
                "member__joined_on",
                "starts_on",
                "ends_on",
                "organisation_id",
                "member__left_on",
            )
        ):
            # A first branch of unknown beginning: not before the member joined the Party.
            self._stays[member_id].append((starts_on or joined_on, *stay))
        self._approved: dict[int, list[tuple[datetime.date, Decimal]]] = defaultdict(list)
        approved = ApprovedAmount.objects.filter(from_month__lte=last, **self._only)
        for member_id, from_month, amount in approved.order_by("from_month").values_list(
            "member_id", "from_month", "amount"
        ):
            self._approved[member_id].append((from_month, amount))
        self._allowed: dict[int, list[tuple]] = defaultdict(list)
        allowed = DuesRequest.objects.filter(
            state=RequestState.APPROVED,
            kind__in=RELIEFS,
            from_month__lte=last,
            until_month__gte=first,
            **self._only,
        )
        for member_id, from_month, until_month, amount in allowed.order_by("pk").values_list(
            "member_id", "from_month", "until_month", "amount"
        ):
            self._allowed[member_id].append((from_month, until_month, amount or NOTHING))
        openings = OpeningBalance.objects.filter(
            since_month__lte=last, until_month__gte=first, **self._only
        ).unreversed()
        self._opened: dict[int, tuple] = {
            member_id: (since, until)
            for member_id, since, until in openings.values_list(
                "member_id", "since_month", "until_month"
            )
        }

    @property
    def members(self) -> set[int]:
        """Who was a member at some time between the two months."""
        return set(self._stays)

    def stored(self, first: datetime.date, last: datetime.date) -> dict[tuple, Stored]:
        """The charges of these months, by member and month."""
        charges = Charge.objects.filter(month__gte=first, month__lte=last, **self._only)
        rows = list(charges.values_list("member_id", "month", "pk", "organisation_id", "amount"))
        moved = {}
        if any(self._approved_amount(member_id, month) is None for member_id, month, *_ in rows):
            moved = self._moved(first, last)
        return {
            (member_id, month): Stored(pk, organisation_id, amount, amount - moved.get(pk, NOTHING))
            for member_id, month, pk, organisation_id, amount in rows
        }

    def _moved(self, first: datetime.date, last: datetime.date) -> dict[int, Decimal]:
        """By how much the charges of these months were changed in all, by key."""
        only = {f"charge__{name}": value for name, value in self._only.items()}
        changes = ChargeChange.objects.filter(charge__month__range=(first, last), **only)
        totals = changes.values("charge_id").annotate(total=SumOfMoney("difference")).order_by()
        return dict(totals.values_list("charge_id", "total"))

    def paid(self, first: datetime.date, last: datetime.date) -> dict[tuple, dict[int, Decimal]]:
        """What stands paid for these months, by member and month: the sum at each branch."""
        sums: dict[tuple, dict[int, Decimal]] = defaultdict(dict)
        payments = Payment.objects.filter(month__gte=first, month__lte=last, **self._only)
        for member_id, month, organisation_id, total in (
            payments.values("member_id", "month", "organisation_id")
            .annotate(total=SumOfMoney("amount"))
            .order_by()
            .values_list("member_id", "month", "organisation_id", "total")
        ):
            if total > 0:
                sums[member_id, month][organisation_id] = total
        return sums

    def home(self, member_id: int, month: datetime.date) -> int | None:
        """The branch that holds the formal relation on the month's last day."""
        end = self._end(month)
        home = None
        for starts_on, ends_on, organisation_id, left_on in self._stays.get(member_id, ()):
            if (
                (starts_on is None or starts_on <= end)
                and (ends_on is None or ends_on >= end)
                and (left_on is None or left_on > end)
            ):
                home = organisation_id
        return home

    def was_member(self, member_id: int, month: datetime.date) -> bool:
        """Whether a formal relation stood in the month at all."""
        end = self._end(month)
        return any(
            (starts_on is None or starts_on <= end)
            and (ends_on is None or ends_on >= month)
            and (left_on is None or left_on > month)
            for starts_on, ends_on, _organisation_id, left_on in self._stays.get(member_id, ())
        )

    def amount(self, member_id: int, month: datetime.date, first: Decimal | None) -> Decimal | None:
        """What one month costs: approved and in force, or less where a superior allowed it.

        `first` is the sum that was charged at first, None where nothing was. A charge without an
        approved amount (from a sheet without one) stays that: nothing says otherwise. None where
        nothing is asked.
        """
        amount = self._approved_amount(member_id, month)
        if amount is None:
            amount = first
        if amount is None or (first is None and self._is_opened(member_id, month)):
            return None
        for from_month, until_month, allowed in reversed(self._allowed.get(member_id, ())):
            if from_month <= month <= until_month:
                return min(amount, allowed)
        return amount

    def _approved_amount(self, member_id: int, month: datetime.date) -> Decimal | None:
        """The newest approved amount that has begun."""
        amount = None
        for from_month, approved in self._approved.get(member_id, ()):
            if from_month <= month:
                amount = approved
        return amount

    def _is_opened(self, member_id: int, month: datetime.date) -> bool:
        """Whether the month's sum stands in an opening balance."""
        since, until = self._opened.get(member_id, (datetime.date.max, datetime.date.min))
        return since <= month <= until

    def wanted(
        self,
        member_id: int,
        month: datetime.date,
        stored: Stored | None,
        paid: dict[int, Decimal],
    ) -> tuple[int, Decimal] | None:
        """The branch and the sum that should stand; None where there should be no charge."""
        amount = self.amount(member_id, month, stored and stored.first)
        if amount is None:
            return None
        home = self.home(member_id, month)
        # Sums first, then keys, so that two runs choose the same branch.
        payee = max(paid, key=lambda pk: (paid[pk], -pk), default=None)
        if home is not None:
            return (home if payee is None or home in paid else payee), amount
        if payee is not None and (stored or self.was_member(member_id, month)):
            return payee, min(amount, sum(paid.values()))
        return (stored.organisation_id, NOTHING) if stored else None

    def differences(
        self, first: datetime.date, last: datetime.date, months: list[datetime.date]
    ) -> list[Difference]:
        """What is not as it should be, exactly, by member and month."""
        stored, paid = self.stored(first, last), self.paid(first, last)
        found = []
        for member_id in sorted(self.members | {key[0] for key in stored}):
            for month in months:
                charge = stored.get((member_id, month))
                wanted = self.wanted(member_id, month, charge, paid.get((member_id, month), {}))
                if wanted and (charge is None or wanted != (charge.organisation_id, charge.amount)):
                    found.append(Difference(member_id, month, charge, *wanted))
        return found

    def doubtful(self, month: datetime.date) -> list[int]:
        """Whose month may not be as it should be: everybody else's is, without a look at payments.

        `Facts` of everybody; the members named are looked at again under a lock.
        """
        stored = self.stored(month, month)
        charged_there = Charge.objects.filter(
            member=OuterRef("member"), month=month, organisation=OuterRef("organisation")
        )
        doubtful = set(
            Payment.objects.filter(~Exists(charged_there), month=month).values_list(
                "member_id", flat=True
            )
        )
        for member_id in self.members | {key[0] for key in stored}:
            charge = stored.get((member_id, month))
            home = self.home(member_id, month)
            amount = self.amount(member_id, month, charge and charge.first)
            if charge is None:
                if amount is not None and home is not None:
                    doubtful.add(member_id)
            elif home is None or (charge.organisation_id, charge.amount) != (home, amount):
                doubtful.add(member_id)
        return sorted(doubtful)

    def _end(self, month: datetime.date) -> datetime.date:
        if month not in self._ends:
            self._ends[month] = month_end(month)
        return self._ends[month]
