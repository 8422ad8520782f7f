"""Sheet 党费明细: every entry of a year's dues: payments and reversals, changes of what was asked,
and what was owed when the ledger began."""

import datetime
from collections.abc import Iterator

from django.utils import timezone

from branches.periods import Span, add_months, period_of
from dues.enums import RemittanceState, Way
from dues.models import Charge, ChargeChange, OpeningBalance, Payment
from dues.standing import paid_by
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK
from ledgers.exports.workbook import CellKind, Column

COLUMNS = [
    Column("编号"),
    Column("记账类别", width=12),
    Column("党支部编码"),
    Column("党支部", width=34),
    Column("姓名", width=12),
    Column("公民身份号码", width=22),
    Column("所属月份", width=12),
    Column("金额", CellKind.AMOUNT),
    Column("交纳日期", CellKind.DATE),
    Column("方式", width=8),
    Column("代交人", width=12),
    Column("党费证", width=8),
    Column("录入时间", width=18),
    Column("录入人", width=12),
    Column("冲正编号", width=12),
    Column("上缴", width=20),
    Column("说明", width=40),
]
PAID, REVERSED, CHANGED, OPENED, CLOSED = "收缴", "冲正", "应缴调整", "期初欠缴", "期初冲正"
_WAYS = dict(Way.choices)
_STATES = dict(RemittanceState.choices)
# An entry of no person at a page came with a workbook.
_IMPORTED = "导入"
_WHOSE = ("organisation_id", "member__name", "member__id_number_mask")
_ENTERED = ("entered_at", "entered_by__name")


def _span(scope: LedgerScope) -> dict[str, datetime.date]:
    return {
        "month__gte": scope.month.starts_on.replace(month=1),
        "month__lte": scope.last_month,
    }


def _payments(scope: LedgerScope):
    rows = Payment.objects.filter(paid_by(scope.paid_until), **_span(scope))
    return rows.filter(organisation__in=scope.organisations.values("pk"))


def entry_count(scope: LedgerScope) -> int:
    """About how many rows there will be: the payments, which are nearly all."""
    return _payments(scope).count()


def entry_rows(scope: LedgerScope) -> Iterator[list]:
    """Payments by branch, member and month; then what was changed; then what was owed before."""
    yield from _payment_rows(scope)
    yield from _change_rows(scope)
    yield from _opening_rows(scope)


def _payment_rows(scope: LedgerScope) -> Iterator[list]:
    codes = scope.codes
    rows = (
        _payments(scope)
        .order_by("organisation_id", "member_id", "month", "pk")
        .values_list(
            "pk",
            *_WHOSE,
            "month",
            "amount",
            "paid_on",
            "way",
            "brought_by",
            "in_booklet",
            *_ENTERED,
            "reverses_id",
            "remittance__quarter",
            "remittance__state",
            "reason",
        )
    )
    for row in rows.iterator(chunk_size=CHUNK):
        pk, branch, name, mask, month, amount, day, way, by, booklet, at, who, other = row[:13]
        quarter, state, reason = row[13:]
        yield [
            f"S{pk}",
            REVERSED if other else PAID,
            *codes[branch],
            name,
            mask,
            f"{month:%Y-%m}",
            amount,
            day,
            _WAYS.get(way, ""),
            by,
            "已登" if booklet else "未登",
            _moment(at),
            who or _IMPORTED,
            f"S{other}" if other else "",
            _remitted(quarter, state),
            reason,
        ]


def _change_rows(scope: LedgerScope) -> Iterator[list]:
    codes = scope.codes
    charges = Charge.objects.filter(
        organisation__in=scope.organisations.values("pk"), **_span(scope)
    )
    rows = (
        ChargeChange.objects.filter(charge__in=charges)
        .order_by("charge__organisation_id", "charge__member_id", "charge__month", "pk")
        .values_list(
            "pk",
            *(f"charge__{name}" for name in _WHOSE),
            "charge__month",
            "difference",
            *_ENTERED,
            "reason",
        )
    )
    for pk, branch, name, mask, month, amount, at, who, reason in rows.iterator(chunk_size=CHUNK):
        head = [f"T{pk}", CHANGED, *codes[branch], name, mask, f"{month:%Y-%m}", amount]
        yield [*head, None, "", "", "", _moment(at), who or "系统", "", "", reason]


def _opening_rows(scope: LedgerScope) -> Iterator[list]:
    """Old debts are entries of the year with which the ledger began when they were entered."""
    codes = scope.codes
    january = scope.month.starts_on.replace(month=1)
    before = (add_months(january, -1), add_months(january, 10))
    rows = (
        OpeningBalance.objects.filter(
            organisation__in=scope.organisations.values("pk"), until_month__range=before
        )
        .order_by("organisation_id", "member_id", "pk")
        .values_list("pk", *_WHOSE, "since_month", "amount", *_ENTERED, "reverses_id", "reason")
    )
    for pk, branch, name, mask, month, amount, at, who, other, reason in rows.iterator(
        chunk_size=CHUNK
    ):
        kind = CLOSED if other else OPENED
        head = [f"Q{pk}", kind, *codes[branch], name, mask, f"{month:%Y-%m}", amount]
        reversed_one = f"Q{other}" if other else ""
        yield [*head, None, "", "", "", _moment(at), who or _IMPORTED, reversed_one, "", reason]


def _moment(at: datetime.datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def _remitted(quarter: datetime.date | None, state: str) -> str:
    if quarter is None:
        return ""
    return f"{period_of(Span.QUARTER, quarter).label}{_STATES[state]}"
