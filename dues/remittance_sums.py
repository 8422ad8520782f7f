"""The quarters of many branches: charged, paid, to be sent, sent, confirmed; a fixed number of
queries whatever their number. Reads only.

Branches are folded by where they stood on the quarter's last day; rights follow today's tree.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q

from branches.history import below_on, facts_on
from branches.models import Organisation, shortened
from branches.money import SumOfMoney
from branches.periods import Period
from branches.scope import within_paths
from branches.services import path_keys
from branches.values import Values
from dues.enums import GONE_UP
from dues.models import Charge, Payment, Remittance
from dues.remitting import Standing, due_on, quarter_on, standing_of
from dues.standing import kept_since
from dues.words import NOTHING


@dataclass
class Sums:
    """Sums in yuan over some branches. `computed` is what the ledger says goes up, `sent` what was
    handed over, `difference` sent less computed of what was sent."""

    branches: int = 0
    charged: Decimal = NOTHING
    paid: Decimal = NOTHING
    computed: Decimal = NOTHING
    sent: Decimal = NOTHING
    confirmed: Decimal = NOTHING
    difference: Decimal = NOTHING
    standings: Counter = field(default_factory=Counter)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.branches + other.branches,
            self.charged + other.charged,
            self.paid + other.paid,
            self.computed + other.computed,
            self.sent + other.sent,
            self.confirmed + other.confirmed,
            self.difference + other.difference,
            self.standings + other.standings,
        )


@dataclass
class BranchQuarter:
    """One branch in one quarter; `name` and `path` are those of the quarter's last day."""

    organisation_id: int
    code: str
    name: str
    path: str
    path_now: str
    remittance: Remittance | None
    standing: Standing
    due_on: datetime.date
    charged: Decimal
    paid: Decimal
    computed: Decimal

    @property
    def short_name(self) -> str:
        return shortened(self.name)

    @property
    def is_gone(self) -> bool:
        return self.standing in (Standing.SENT, Standing.CONFIRMED)

    @property
    def sent(self) -> Decimal:
        return self.remittance.amount if self.is_gone else NOTHING

    @property
    def confirmed(self) -> Decimal:
        return self.sent if self.standing == Standing.CONFIRMED else NOTHING

    @property
    def difference(self) -> Decimal:
        return self.sent - self.computed if self.is_gone else NOTHING

    @property
    def sums(self) -> Sums:
        return Sums(
            1,
            self.charged,
            self.paid,
            self.computed,
            self.sent,
            self.confirmed,
            self.difference,
            Counter([self.standing]),
        )


def total(rows: Iterable[BranchQuarter]) -> Sums:
    return sum((row.sums for row in rows), Sums())


def day_of(quarter: Period, today: datetime.date) -> datetime.date:
    """The day whose tree a quarter is folded by."""
    return min(quarter.ends_on, today)


def branch_quarters(
    organisation: Organisation | None, quarter: Period, today: datetime.date
) -> list[BranchQuarter]:
    """The branches that stood below an organisation (None: all) on the quarter's last day and had
    dues in it, worst first, then by code."""
    scope = _scope(organisation, day_of(quarter, today))
    in_quarter = Q(month__range=(quarter.starts_on, quarter.ends_on))
    charged = _by_organisation(Charge, scope & in_quarter)
    paid = _by_organisation(Payment, scope & in_quarter)
    remittances = {
        row.organisation_id: row
        for row in Remittance.objects.filter(scope, quarter=quarter.starts_on)
    }
    loose = _loose(scope, quarter, today)
    concerned = charged.keys() | paid.keys() | remittances.keys() | loose.keys()
    facts, above = _places(concerned, organisation, quarter, today)
    due = due_on(quarter, Values())
    rows = []
    for pk, code, path in Organisation.objects.filter(pk__in=facts).values_list(
        "pk", "code", "path"
    ):
        remittance = remittances.get(pk)
        standing = standing_of(remittance, due, today)
        is_gone = remittance is not None and remittance.state in GONE_UP
        if facts[pk].path.startswith(above):
            rows.append(
                BranchQuarter(
                    organisation_id=pk,
                    code=code,
                    name=facts[pk].name,
                    path=facts[pk].path,
                    path_now=path,
                    remittance=remittance,
                    standing=standing,
                    due_on=due,
                    charged=charged.get(pk, NOTHING),
                    paid=paid.get(pk, NOTHING),
                    computed=remittance.computed if is_gone else loose.get(pk, NOTHING),
                )
            )
    order = list(Standing)
    return sorted(rows, key=lambda row: (order.index(row.standing), row.code))


def _scope(organisation: Organisation | None, day: datetime.date) -> Q:
    """Rows of branches that stand below the organisation, today or on that day."""
    if organisation is None or organisation.parent_id is None:
        return Q()
    now = Organisation.objects.filter(within_paths("path", (organisation.path,)))
    then = below_on(organisation, day)
    return Q(organisation__in=now.values("pk")) | Q(organisation__in=then.values("pk"))


def _by_organisation(model, condition: Q) -> dict[int, Decimal]:
    rows = (
        model.objects.filter(condition)
        .exclude(amount=0)
        .values("organisation_id")
        .annotate(total=SumOfMoney("amount"))
        .order_by()
        .values_list("organisation_id", "total")
    )
    return {pk: amount for pk, amount in rows if amount}


def _loose(scope: Q, quarter: Period, today: datetime.date) -> dict[int, Decimal]:
    """By branch: the sum of the entries in its hands that go up with the quarter."""
    rows = list(
        Payment.objects.filter(scope, remittance__isnull=True, month__lte=quarter.ends_on)
        .values("organisation_id", "month")
        .annotate(total=SumOfMoney("amount"))
        .order_by()
        .values_list("organisation_id", "month", "total")
    )
    earlier = {month for _pk, month, _total in rows if month < quarter.starts_on}
    gone = set(
        Remittance.objects.filter(
            scope,
            state__in=GONE_UP,
            quarter__gte=quarter_on(min(earlier, default=quarter.starts_on)).starts_on,
            quarter__lt=quarter.starts_on,
        ).values_list("organisation_id", "quarter")
    )
    since = kept_since(today)
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for pk, month, amount in rows:
        in_quarter = month >= quarter.starts_on
        if in_quarter or month < since or (pk, quarter_on(month).starts_on) in gone:
            sums[pk] += amount
    return {pk: amount for pk, amount in sums.items() if amount}


def _places(keys, organisation, quarter: Period, today: datetime.date):
    """Name and place of each on the quarter's last day, and the path of the organisation above."""
    top = {organisation.pk} if organisation else set()
    facts = facts_on(set(keys) | top, day_of(quarter, today))
    above = facts[organisation.pk].path if organisation else ""
    return {pk: facts[pk] for pk in keys}, above


@dataclass(frozen=True)
class Folded:
    """What stands directly below an organisation, with the sums of everything under it."""

    organisation_id: int
    code: str
    name: str
    path_now: str
    sums: Sums

    @property
    def standing(self) -> Standing:
        """The worst below."""
        return next((one for one in Standing if self.sums.standings[one]), Standing.CONFIRMED)


def folded(
    rows: Iterable[BranchQuarter],
    organisation: Organisation,
    quarter: Period,
    today: datetime.date,
) -> list[Folded]:
    """The sums by what stood directly below the organisation, worst first."""
    day = day_of(quarter, today)
    depth = len(path_keys(facts_on([organisation], day)[organisation.pk].path))
    sums: dict[int, Sums] = defaultdict(Sums)
    for row in rows:
        keys = path_keys(row.path)
        sums[keys[min(depth, len(keys) - 1)]] += row.sums
    facts = facts_on(sums, day)
    now = {
        pk: (code, path)
        for pk, code, path in Organisation.objects.filter(pk__in=sums).values_list(
            "pk", "code", "path"
        )
    }
    found = [
        Folded(pk, now[pk][0], facts[pk].name, now[pk][1], below) for pk, below in sums.items()
    ]
    order = list(Standing)
    return sorted(
        found,
        key=lambda one: (
            order.index(one.standing),
            -one.sums.standings[one.standing],
            one.code,
        ),
    )
