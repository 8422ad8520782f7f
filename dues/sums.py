"""How much dues were asked, paid and sent up, for any organisation and span. Reads only.

The one home of these figures: page 汇总, the overview, the monthly ledger and the dues ledger all
take them from here, so that a county's sum is that of its committees, of its branches and of the
entries, to the fen.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Exists, F, OuterRef, Q

from branches.dated import standing_on
from branches.history import as_of
from branches.models import Kind, Organisation, Placement, shortened
from branches.money import SumOfMoney
from branches.periods import Period, month_end, months_between
from branches.services import path_step
from dues.enums import GONE_UP, RemittanceState
from dues.models import Charge, Payment
from dues.rates import HALF_A_FEN
from dues.standing import paid_by, with_paid
from dues.words import NOTHING

_STEP = len(path_step(0))

# What each figure is, in the words of 查看算法 and of the sheet 说明.
HOW = (
    (
        "应缴人次",
        "期间内每人每个应缴月份计一次；免缴的、没有核定标准的不计。只看一个月时就是应缴人数。",
    ),
    ("应缴", "期间内各月应缴之和（含后来的调整），记在应收这笔党费的支部名下。"),
    (
        "实缴",
        "记在期间内各月名下的收款减去冲正，记在收款的支部名下；截至今天，不论哪天交的。",
    ),
    (
        "其中补交",
        "实缴中当月过后才交的部分。实缴减去补交，就是月度台账“总览”里当月的实缴。",
    ),
    (
        "未缴",
        "每人每月应缴减已缴，交够的计 0，多交的不抵别人、别月；记在应收的支部名下。",
    ),
    (
        "缴清率",
        "分子：足额交纳的人次，部分交纳不算；分母：应缴人次。保留一位小数，四舍五入。",
    ),
    (
        "差额",
        "（在导出的台账里）实缴减应缴加未缴：多交的、没有应缴而交了的为正；别的支部替收的，在本支部为负。全县合计不为负。",
    ),
    ("已上缴", "实缴中随上缴报送的部分（待确认和已确认）；其余留在支部。按所属月份计。"),
    ("已确认", "已上缴中上级已经确认的部分。"),
    (
        "隶属",
        "每个支部按期间最后一天（期间未结束按今天）的隶属关系计入上级；本期划转的，全期计入新上级。",
    ),
)


@dataclass(slots=True)
class Figures:
    """The dues of one organisation in a span. `due` and `full` count members and months, all
    else is yuan; `paid` is what was taken, `late` the part of it taken after its month."""

    due: int = 0
    full: int = 0
    charged: Decimal = NOTHING
    paid: Decimal = NOTHING
    late: Decimal = NOTHING
    unpaid: Decimal = NOTHING
    remitted: Decimal = NOTHING
    confirmed: Decimal = NOTHING

    def add(self, other: "Figures") -> None:
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def short(self) -> int:
        """Members and months not paid in full."""
        return self.due - self.full

    @property
    def kept(self) -> Decimal:
        """What is still in the branches' hands."""
        return self.paid - self.remitted

    @property
    def over(self) -> Decimal:
        """What makes paid and charged agree: `charged + over = paid + unpaid`."""
        return self.paid - self.charged + self.unpaid

    @property
    def share(self) -> Decimal | None:
        """Per cent of what was due that is paid in full; None where nothing was due."""
        return Decimal(100) * self.full / self.due if self.due else None

    @property
    def is_nothing(self) -> bool:
        return not any(getattr(self, name) for name in _NAMES)


def rounded(percent: Decimal) -> Decimal:
    """To one decimal, half up, each figure by itself."""
    return percent.quantize(Decimal("0.1"), ROUND_HALF_UP)


_NAMES = tuple(one.name for one in fields(Figures))


def figures_of(
    organisations,
    first: datetime.date,
    last: datetime.date,
    *,
    until: datetime.date,
    by: str = "organisation_id",
) -> dict[object, Figures]:
    """Figures of the months from `first` to `last` for a queryset of organisations; three queries.

    `until` is the last day of payment that counts; `by` is what they are grouped by:
    `organisation_id`, each by itself, or `month`.
    """
    found: dict[object, Figures] = {}
    span = {"organisation__in": organisations, "month__gte": first, "month__lte": last}
    for key, due, charged in _charges(span, by):
        found[key] = Figures(due, full=due, charged=charged)
    for key, short, charged, part in _unpaid(span, until, by):
        found[key].full -= short
        found[key].unpaid = charged - part
    for key, paid, late, remitted, confirmed in _payments(span, until, by):
        figures = found.setdefault(key, Figures())
        figures.paid, figures.late = paid, late or NOTHING
        figures.remitted, figures.confirmed = remitted or NOTHING, confirmed or NOTHING
    return found


def _charges(span: dict, by: str):
    return (
        Charge.objects.filter(**span, amount__gt=0)
        .order_by()
        .values(by)
        .annotate(due=Count("pk"), charged=SumOfMoney("amount"))
        .values_list(by, "due", "charged")
    )


def _unpaid(span: dict, until: datetime.date, by: str):
    """Charges not paid in full. Wherever the member paid for the month, it is paid."""
    return (
        with_paid(Charge.objects.filter(**span, amount__gt=0), until=until)
        .filter(paid__lt=F("amount") - HALF_A_FEN)
        .order_by()
        .values(by)
        .annotate(short=Count("pk"), charged=SumOfMoney("amount"), part=SumOfMoney("paid"))
        .values_list(by, "short", "charged", "part")
    )


def _payments(span: dict, until: datetime.date, by: str):
    late = Q(pk__in=[])
    for month in months_between(span["month__gte"], span["month__lte"]):
        late |= Q(month=month, paid_on__gt=month_end(month))
    return (
        Payment.objects.filter(paid_by(until), **span)
        .order_by()
        .values(by)
        .annotate(
            paid=SumOfMoney("amount"),
            late=SumOfMoney("amount", filter=late),
            remitted=SumOfMoney("amount", filter=Q(remittance__state__in=GONE_UP)),
            confirmed=SumOfMoney("amount", filter=Q(remittance__state=RemittanceState.CONFIRMED)),
        )
        .values_list(by, "paid", "late", "remitted", "confirmed")
    )


def charged_and_paid(
    organisations, first: datetime.date, last: datetime.date, *, until: datetime.date
) -> tuple[Decimal, Decimal]:
    """What was asked and what was paid for these months, in all; cheaper than the figures."""
    span = {"organisation__in": organisations, "month__gte": first, "month__lte": last}
    charged = Charge.objects.filter(**span).aggregate(sum=SumOfMoney("amount"))["sum"]
    paid = Payment.objects.filter(paid_by(until), **span).aggregate(sum=SumOfMoney("amount"))["sum"]
    return charged or NOTHING, paid or NOTHING


# --- The tree of a day ------------------------------------------------------------------


# What a line says of its organisation, in its order.
_FACTS = ("pk", "code", "name_then", "kind_then", "path_then", "path")


@dataclass(slots=True)
class Line:
    """An organisation as it was on the day: what it has itself, and with all below it."""

    pk: int
    code: str
    name: str
    kind: str
    path: str
    path_now: str
    stood: bool
    above: "Line | None" = None
    own: Figures = field(default_factory=Figures)
    total: Figures = field(default_factory=Figures)

    @property
    def is_branch(self) -> bool:
        return self.kind == Kind.BRANCH

    @property
    def short_name(self) -> str:
        return shortened(self.name)


def path_on(organisation: Organisation, day: datetime.date) -> str:
    """Where the organisation stood on `day`; where it stands today if it had no place then."""
    placed = Placement.objects.filter(standing_on(day), organisation=organisation)
    path = placed.order_by(F("starts_on").desc(nulls_last=True)).values_list("path", flat=True)
    return path.first() or organisation.path


def below_then(paths: Iterable[str], day: datetime.date):
    """Organisations that stood on `day` under one of the paths, themselves included.

    What had no place on that day counts where it stands today: no entry belongs to nobody.
    """
    held = Placement.objects.filter(standing_on(day))
    homeless = ~Exists(held.filter(organisation=OuterRef("pk")))
    condition = Q(pk__in=[])
    for path in paths:
        under = Q(path__gte=path, path__lt=path + "~")
        condition |= Q(pk__in=held.filter(under).values("organisation_id")) | (under & homeless)
    return Organisation.objects.filter(condition)


def tree(
    paths: Iterable[str], period: Period, *, day: datetime.date, until: datetime.date
) -> list[Line]:
    """A line for every organisation at or below the paths, by the placement of `day`, superiors
    before what is below them; four queries, whatever the size."""
    paths = list(paths)
    rows = below_then(paths, day)
    lines = [
        Line(*facts, stood=_stood(founded_on, dissolved_on, period))
        for *facts, founded_on, dissolved_on in as_of(rows, day)
        .order_by("path_then")
        .values_list(*_FACTS, "founded_on", "dissolved_on")
    ]
    own = figures_of(rows.values("pk"), period.starts_on, period.ends_on, until=until)
    by_path = {line.path: line for line in lines}
    for line in lines:
        line.above = _nearest_above(line.path, by_path)
        line.own = own.get(line.pk, line.own)
        at = line
        while at is not None:
            at.total.add(line.own)
            at = at.above
    return lines


def _nearest_above(path: str, by_path: dict[str, Line]) -> Line | None:
    for length in range(len(path) - _STEP, 0, -_STEP):
        if path[:length] in by_path:
            return by_path[path[:length]]
    return None


def _stood(founded_on, dissolved_on, period: Period) -> bool:
    return (founded_on is None or founded_on <= period.ends_on) and (
        dissolved_on is None or dissolved_on >= period.starts_on
    )


@dataclass(frozen=True)
class Table:
    """An organisation's figures and those of what stands directly below it; they add up."""

    total: Figures
    lines: list[Line]


def table(
    heads: list[Organisation], period: Period, *, today: datetime.date, until: datetime.date | None
) -> Table:
    """One organisation with a line for each direct child; several get a line each.

    What an organisation has itself stands in a line of its own, which holds nothing below it.
    """
    day = min(period.ends_on, today)
    lines = tree([path_on(head, day) for head in heads], period, day=day, until=until or today)
    if len(heads) != 1:
        shown = [line for line in lines if line.above is None]
        return Table(_sum(shown), shown)
    (top,) = [line for line in lines if line.pk == heads[0].pk] or [None]
    if top is None:
        return Table(Figures(), [])
    shown = [line for line in lines if line.above is top]
    if not top.own.is_nothing or top.is_branch:
        shown.insert(0, replace(top, above=top, total=top.own))
    return Table(top.total, [one for one in shown if one.stood or not one.total.is_nothing])


def _sum(lines: Iterable[Line]) -> Figures:
    total = Figures()
    for line in lines:
        total.add(line.total)
    return total


def months_of(
    organisation: Organisation, year: int, *, today: datetime.date
) -> dict[datetime.date, Figures]:
    """A branch's figures month by month; three queries."""
    rows = Organisation.objects.filter(pk=organisation.pk).values("pk")
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    return figures_of(rows, first, last, until=today, by="month")
