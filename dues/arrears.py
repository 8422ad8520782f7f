"""Who has paid nothing for how many months running. Reads only; nobody's status changes here.

A month counts from its last day on. Months that were not charged, or charged with nothing because
the member was exempt, neither count nor end the run; any payment for a month, however small, ends
it. Source: 中组发〔2008〕3号 Art. 13; the steps before six months are county values.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, Max, OuterRef

from branches.bulk import batched
from branches.money import SumOfMoney
from branches.periods import add_months, month_end, months_between
from branches.values import Values
from dues.enums import ArrearsStep
from dues.models import Charge, OpeningBalance, Payment
from dues.standing import paid_by, paid_for
from dues.values import ARREARS_MONTHS, REMIND_MONTHS, TALK_MONTHS, URGENT_MONTHS
from dues.wanted import Facts
from dues.words import NOTHING
from members.roster import roster

_STEPS = (
    (ArrearsStep.REMIND, REMIND_MONTHS),
    (ArrearsStep.TALK, TALK_MONTHS),
    (ArrearsStep.URGENT, URGENT_MONTHS),
    (ArrearsStep.CASE, ARREARS_MONTHS),
)


# People asked about in one query; databases allow only so many values in one.
_AT_ONCE = 5000

# --- Pure ---------------------------------------------------------------------------------


def last_ended_month(day: datetime.date) -> datetime.date:
    """First day of the latest month that counts: a month counts from its last day on."""
    first = day.replace(day=1)
    return first if day == month_end(day) else add_months(first, -1)


def unpaid_run(
    charged: Iterable[datetime.date], paid: set[datetime.date], until: datetime.date
) -> list[datetime.date]:
    """The charged months after the last one for which anything was paid, oldest first."""
    last_paid = max((month for month in paid if month <= until), default=datetime.date.min)
    return sorted(month for month in charged if last_paid < month <= until)


@dataclass(frozen=True)
class Ladder:
    """From how many months on each step is due, by the county's values of a day."""

    months: dict[ArrearsStep, int]

    @classmethod
    def on(cls, day: datetime.date, values: Values | None = None) -> "Ladder":
        values = values or Values()
        return cls({step: values.on(key, day) for step, key in _STEPS})

    @property
    def first(self) -> int:
        """The fewest months that are worth a line."""
        return min(self.months.values())

    def step(self, count: int) -> ArrearsStep | None:
        """The most serious step that so many months have reached."""
        reached = [step for step, _key in _STEPS if count >= self.months[step]]
        return reached[-1] if reached else None


@dataclass(frozen=True)
class Arrears:
    """The months, oldest first, for which a member has paid nothing, and their sum in yuan."""

    member_id: int
    name: str
    organisation_id: int
    months: tuple[datetime.date, ...]
    amount: Decimal

    @property
    def since(self) -> datetime.date:
        return self.months[0]

    def reached_on(self, count: int) -> datetime.date:
        """The day on which the run was so many months long: the last one of that month."""
        return month_end(self.months[count - 1])


# --- Reads --------------------------------------------------------------------------------


def in_arrears(
    organisations,
    day: datetime.date,
    *,
    at_least: int,
    foreseen_on: datetime.date | None = None,
) -> list[Arrears]:
    """Members of these organisations with at least so many months unpaid in a row, worst first.

    With `foreseen_on` the run is foreseen on that day: who owes an ended month then is taken to
    pay nothing of what will be charged until `day`. `organisations` are rows or a query of any size; the number of queries grows only with the
    thousands of people who have paid for nothing lately.
    """
    until = last_ended_month(day)
    window = (add_months(until, 1 - at_least), until)
    # Who paid for any month of the window cannot have so long a run: few people are left.
    silent = roster(organisations, day).filter(
        ~Exists(_standing(day).filter(member=OuterRef("member"), month__range=window))
    )
    people = {
        member_id: (name, branch)
        for member_id, name, branch in silent.values_list(
            "member_id", "member__name", "organisation_id"
        )
    }
    found = [
        Arrears(member_id, *people[member_id], tuple(months), amount)
        for member_id, (months, amount) in _runs(list(people), day, foreseen_on).items()
        if len(months) >= at_least
    ]
    return sorted(found, key=lambda one: (-len(one.months), one.since, -one.amount, one.member_id))


def unpaid_of(members: Iterable[int], day: datetime.date) -> dict[int, tuple[list, Decimal]]:
    """The unpaid months in a row of these members and their sum; paid-up members are left out."""
    return _runs(list(members), day)


@dataclass(frozen=True)
class Gap:
    """A charged month, ended, of which a part or all is unpaid although later months were paid.

    With `is_opening` it is the rest of what was owed from `month` on before the county kept dues.
    """

    member_id: int
    month: datetime.date
    amount: Decimal
    is_opening: bool = False


def gaps_of(organisations, day: datetime.date) -> list[Gap]:
    """Months short or left out by members of these organisations, outside their run.

    Reads every month that was charged them, so it is meant for a branch and not for a county.
    """
    until = last_ended_month(day)
    members = list(roster(organisations, day).values_list("member_id", flat=True))
    paid = defaultdict(dict)
    came = paid_for(datetime.date.min, until, members=members, until=day)
    for (member_id, month), total in came.items():
        paid[member_id][month] = total
    runs = {key: months for key, (months, _amount) in _runs(members, day).items()}
    gaps = []
    for member_id, opening in _opened(members).items():
        months, remaining = _before(opening, paid[member_id])
        if months and not set(months) & set(runs.get(member_id, ())):
            gaps.append(Gap(member_id, months[0], remaining, is_opening=True))
    charges = Charge.objects.filter(member__in=members, month__lte=until, amount__gt=0)
    for member_id, month, amount in charges.order_by("member_id", "month").values_list(
        "member_id", "month", "amount"
    ):
        short = amount - paid[member_id].get(month, NOTHING)
        if short > 0 and month not in runs.get(member_id, ()):
            gaps.append(Gap(member_id, month, short))
    return gaps


def _standing(day: datetime.date):
    """Payments made by `day` that were not taken back.

    A reversal is negative. Asked as `unreversed()` SQLite would look for each member among all
    payments of the county that reverse nothing.
    """
    return Payment.objects.filter(paid_by(day), amount__gt=0, reversed_by=None)


def _runs(
    members: list[int], day: datetime.date, foreseen_on: datetime.date | None = None
) -> dict[int, tuple[list, Decimal]]:
    """By member: the months unpaid in a row up to the last ended one, and their sum."""
    runs = {}
    for some in batched(members, _AT_ONCE):
        of_some = _runs_of_some(some, day)
        runs |= _grown(of_some, day, foreseen_on) if foreseen_on else of_some
    return runs


def _grown(
    runs: dict[int, tuple[list, Decimal]], day: datetime.date, foreseen_on: datetime.date
) -> dict[int, tuple[list, Decimal]]:
    """The runs that hold a month which had ended by `foreseen_on`, with all that will be charged
    after that day's month."""
    first, last = add_months(foreseen_on.replace(day=1), 1), last_ended_month(day)
    ended = last_ended_month(foreseen_on)
    begun = {member_id: run for member_id, run in runs.items() if run[0][0] <= ended}
    if first > last or not begun:
        return runs
    facts, months = Facts(first, last, begun), months_between(first, last)
    newest = Charge.objects.filter(member__in=begun, month__lt=first).order_by("month")
    amounts = dict(newest.values_list("member_id", "amount"))
    for member_id, (run, total) in begun.items():
        charged = set(run)
        coming = {
            month: amount
            for month in months
            if month not in charged
            and (amount := facts.amount(member_id, month, amounts.get(member_id)))
        }
        runs[member_id] = (run + sorted(coming), total + sum(coming.values(), NOTHING))
    return runs


def _runs_of_some(members: list[int], day: datetime.date) -> dict[int, tuple[list, Decimal]]:
    until = last_ended_month(day)
    opened = _opened(members)
    paid = _paid_months(opened, day)
    owed = _owed_months(members, day, until)
    runs = {}
    for member_id in owed.keys() | opened.keys():
        months = owed.get(member_id, {})
        before, remaining = _before(opened.get(member_id), paid.get(member_id, {}))
        run = unpaid_run({*months, *before}, set(paid.get(member_id, ())), until)
        if run:
            amount = sum((months[month] for month in run if month in months), NOTHING)
            reaches_back = not months.keys() >= set(run)
            runs[member_id] = (run, amount + remaining if reaches_back else amount)
    return runs


def _owed_months(members, day, until) -> dict[int, dict[datetime.date, Decimal]]:
    """What was charged for each month after the last one that anything was paid for.

    Two plain queries: joined in one, PostgreSQL may compare every charge with every payment as
    long as it has not counted a newly filled table.
    """
    owed: dict[int, dict[datetime.date, Decimal]] = defaultdict(dict)
    paid = _standing(day).filter(member__in=members, month__lte=until).values_list("member")
    last_paid = dict(paid.annotate(last=Max("month")).order_by())
    charges = Charge.objects.filter(member__in=members, amount__gt=0, month__lte=until)
    for member_id, month, amount in charges.values_list("member_id", "month", "amount"):
        if month > last_paid.get(member_id, datetime.date.min):
            owed[member_id][month] = amount
    return owed


def _opened(members) -> dict[int, tuple[datetime.date, datetime.date, Decimal]]:
    """By member: from which to which month something was owed at the start, and how much."""
    rows = OpeningBalance.objects.filter(member__in=members).unreversed().order_by("pk")
    found = rows.values_list("member_id", "since_month", "until_month", "amount")
    return {member_id: tuple(opening) for member_id, *opening in found}


def _paid_months(opened: dict, day: datetime.date) -> dict[int, dict[datetime.date, Decimal]]:
    """What the members with an opening balance paid, by member and month."""
    paid: dict[int, dict[datetime.date, Decimal]] = defaultdict(dict)
    if not opened:
        return paid
    members = OpeningBalance.objects.unreversed().values("member")
    rows = _standing(day).filter(member__in=members).values("member_id", "month")
    for row in rows.annotate(total=SumOfMoney("amount")).order_by():
        paid[row["member_id"]][row["month"]] = row["total"]
    return paid


def _before(opening, paid: dict[datetime.date, Decimal]):
    """The months of an opening balance that are still owed, and what of their sum is."""
    if opening is None:
        return [], NOTHING
    since, until, amount = opening
    came = sum((total for month, total in paid.items() if since <= month <= until), NOTHING)
    remaining = amount - came
    if remaining <= 0:
        return [], NOTHING
    return months_between(since, until), remaining
