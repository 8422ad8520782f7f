"""The dues of one branch in one quarter, as the grid shows them: a fixed number of queries."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, F, Q

from branches.models import Organisation
from branches.money import SumOfMoney
from branches.periods import Period, month_end, months_between
from dues.enums import RELIEFS, RequestKind, RequestState
from dues.models import ApprovedAmount, Charge, DuesRequest, OpeningBalance, Payment
from dues.rates import HALF_A_FEN
from dues.standing import kept_since, memberships_in, openings_owed, paid_for, with_paid
from dues.words import NOTHING, money, month_key, month_label
from members.models import Member


@dataclass
class Month:
    """One member's month: what is due (None: nothing asked), what is paid, whether it is ours.

    `paid` came in here, `elsewhere` at other branches of the member; both settle what is due.
    """

    month: datetime.date
    here: bool
    due: Decimal | None
    paid: Decimal
    corrected: bool
    elsewhere: Decimal = NOTHING

    @property
    def came(self) -> Decimal:
        """What the member paid for the month at whichever branch."""
        return self.paid + self.elsewhere

    @property
    def unpaid(self) -> bool:
        return bool(self.due) and not self.came

    @property
    def short(self) -> Decimal:
        """What is still owed; a sum above the standard makes up for nobody else's."""
        return max((self.due or NOTHING) - self.came, NOTHING)

    @property
    def note(self) -> str:
        return f"少 {self.short:.2f}" if self.came and self.short else ""


@dataclass
class Row:
    """A member with his months; `entries` are the standing payments of the month in focus."""

    member: Member
    approved: ApprovedAmount | None
    months: dict[datetime.date, Month]
    requests: list[DuesRequest] = field(default_factory=list)
    entries: list[Payment] = field(default_factory=list)

    @property
    def subtotal(self) -> Decimal:
        return sum((month.paid for month in self.months.values()), NOTHING)

    @property
    def booklet(self) -> str:
        """Whether the month in focus is in the 党费证: "1", "0", "" where nothing was paid."""
        if not self.entries:
            return ""
        return "1" if all(entry.in_booklet for entry in self.entries) else "0"

    def may_pay_back(self, month: datetime.date) -> bool:
        """Whether the superior allowed a payment for that month long past."""
        return _covering(self.requests, month, (RequestKind.BACK_PAYMENT,)) is not None

    def remark(self, month: datetime.date) -> str:
        """What is unusual about the member's month: an approved relief, a reason, who brought it."""
        relief = _covering(self.requests, month)
        if relief is not None:
            parts = [relief_words(relief)]
        else:
            parts = [self.approved.reason if self.approved else ""]
        brought = dict.fromkeys(entry.brought_by for entry in self.entries if entry.brought_by)
        parts += [f"由{'、'.join(brought)}代交"] if brought else []
        return "，".join(part for part in parts if part)


class Grid:
    """Everybody who owed or paid dues to the branch in the quarter, in list order."""

    def __init__(
        self,
        organisation: Organisation,
        quarter: Period,
        today: datetime.date,
        *,
        focus: datetime.date | None = None,
    ):
        self.organisation = organisation
        self.quarter = quarter
        self.today = today
        self.this_month = today.replace(day=1)
        self.months = months_between(quarter.starts_on, quarter.ends_on)
        self.rows = self._rows()
        self.focus = focus if focus in self.months else self._focus()
        self.kept_since = kept_since(today)
        self._read_entries()

    def _rows(self) -> list[Row]:
        start, end = self.quarter.starts_on, self.quarter.ends_on
        memberships = list(memberships_in(start, end).filter(organisation=self.organisation))
        paid, corrected = self._paid()
        concerned = {membership.member_id for membership in memberships}
        concerned |= {member_id for member_id, _month in paid}
        # Also what is owed elsewhere: a month belongs to one branch only.
        charges = {
            (charge.member_id, charge.month): charge
            for charge in Charge.objects.filter(month__gte=start, month__lte=end).filter(
                Q(organisation=self.organisation) | Q(member__in=concerned)
            )
        }
        concerned |= {
            key[0]
            for key, charge in charges.items()
            if charge.organisation_id == self.organisation.pk
        }
        approved = _by_member(
            ApprovedAmount.objects.filter(member__in=concerned, from_month__lte=end).order_by(
                "from_month"
            )
        )
        requests = _by_member(
            DuesRequest.objects.filter(
                member__in=concerned,
                state=RequestState.APPROVED,
                from_month__lte=end,
                until_month__gte=start,
            ).order_by("pk")
        )
        stays = _by_member(memberships)
        everywhere = paid_for(start, end, members=concerned)
        rows = []
        for member in Member.objects.filter(pk__in=concerned).order_by("pk"):
            row = Row(
                member=member,
                approved=_in_force(approved.get(member.pk, []), self._latest()),
                months={},
                requests=requests.get(member.pk, []),
            )
            for month in self.months:
                key = (member.pk, month)
                here, due = self._asked(
                    row, month, charges.get(key), approved.get(member.pk, []), stays
                )
                came = paid.get(key, NOTHING)
                elsewhere = everywhere.get(key, NOTHING) - came
                row.months[month] = Month(month, here, due, came, key in corrected, elsewhere)
            rows.append(row)
        return rows

    def _latest(self) -> datetime.date:
        return min(self.months[-1], max(self.this_month, self.months[0]))

    def _paid(self) -> tuple[dict, set]:
        entries = (
            Payment.objects.filter(
                organisation=self.organisation,
                month__gte=self.quarter.starts_on,
                month__lte=self.quarter.ends_on,
            )
            .values("member_id", "month")
            .annotate(total=SumOfMoney("amount"), reversals=Count("reverses"))
            .order_by()
        )
        paid, corrected = {}, set()
        for entry in entries:
            key = (entry["member_id"], entry["month"])
            paid[key] = entry["total"]
            if entry["reversals"]:
                corrected.add(key)
        return paid, corrected

    def _asked(self, row, month, charge, approved, stays) -> tuple[bool, Decimal | None]:
        """Whether the month is owed here, and how much is asked."""
        if charge is not None:
            here = charge.organisation_id == self.organisation.pk
            return here, charge.amount if here else None
        member = row.member
        here = any(
            (stay.starts_on is None or stay.starts_on <= month_end(month))
            and (stay.ends_on is None or stay.ends_on >= month)
            for stay in stays.get(member.pk, [])
        ) and (member.left_on is None or member.left_on > month)
        amount = _in_force(approved, month) if here else None
        if amount is None:
            return here, None
        relief = _covering(row.requests, month)
        if relief is None:
            return here, amount.amount
        # A reduction never asks more than the standard.
        return here, min(relief.amount or NOTHING, amount.amount)

    def _focus(self) -> datetime.date:
        """The month the foot speaks of: the running one, else the first with somebody unpaid."""
        if self.this_month in self.months:
            return self.this_month
        if self.months[0] > self.this_month:
            return self.months[0]
        return next((month for month in self.months if self.unpaid(month)), self.months[-1])

    def _read_entries(self) -> None:
        """The standing payments of the month in focus, with its rows."""
        entries = _by_member(
            Payment.objects.filter(organisation=self.organisation, month=self.focus)
            .unreversed()
            .order_by("pk")
        )
        for row in self.rows:
            row.entries = entries.get(row.member.pk, [])

    def unpaid(self, month: datetime.date) -> list[Row]:
        """Members who owe that month and have paid nothing."""
        return [row for row in self.rows if row.months[month].unpaid]

    def paid_in(self, month: datetime.date) -> Decimal:
        return sum((row.months[month].paid for row in self.rows), NOTHING)

    def row_of(self, member_id: int) -> Row | None:
        """The row of one member, by key."""
        return next((row for row in self.rows if row.member.pk == member_id), None)

    def behind(self) -> dict[int, int]:
        """How many months up to the running one each member owes here and has not paid in full,
        by key; what is still owed of arrears brought along counts as one."""
        charges = Charge.objects.filter(
            organisation=self.organisation, month__lte=self.this_month, amount__gt=0
        )
        short = (
            with_paid(charges)
            .filter(amount__gt=F("paid") + HALF_A_FEN)
            .values("member_id")
            .annotate(months=Count("pk"))
            .order_by()
        )
        months = dict(short.values_list("member_id", "months"))
        openings = OpeningBalance.objects.filter(organisation=self.organisation).unreversed()
        for member_id in openings_owed(openings):
            months[member_id] = months.get(member_id, 0) + 1
        return months

    def totals(self) -> dict[str, str]:
        """Every figure under and beside the grid, as text."""
        due = sum((row.months[self.focus].due or NOTHING for row in self.rows), NOTHING)
        short = [row.months[self.focus].short for row in self.rows]
        return {
            **{month_key(month): money(self.paid_in(month)) for month in self.months},
            "standard": money(
                sum((row.approved.amount for row in self.rows if row.approved), NOTHING)
            ),
            "quarter": money(sum((row.subtotal for row in self.rows), NOTHING)),
            "due": money(due),
            "paid": money(self.paid_in(self.focus)),
            "unpaid": money(sum(short, NOTHING)),
            "short_count": str(sum(1 for amount in short if amount)),
            "unpaid_count": str(len(self.unpaid(self.focus))),
        }


def relief_words(request: DuesRequest) -> str:
    """免缴至 2026年12月, 减缴至 0.20 元，至 2026年12月."""
    until = month_label(request.until_month)
    if request.kind == RequestKind.EXEMPTION:
        return f"免缴至 {until}"
    return f"减缴至 {request.amount:.2f} 元，至 {until}"


def _covering(
    requests: list[DuesRequest],
    month: datetime.date,
    kinds=RELIEFS,
) -> DuesRequest | None:
    """The newest of these that covers the month."""
    return next(
        (
            request
            for request in reversed(requests)
            if request.kind in kinds and request.from_month <= month <= request.until_month
        ),
        None,
    )


def _in_force(amounts: list[ApprovedAmount], month: datetime.date) -> ApprovedAmount | None:
    return next((amount for amount in reversed(amounts) if amount.from_month <= month), None)


def _by_member(rows) -> dict[int, list]:
    found: dict[int, list] = {}
    for row in rows:
        found.setdefault(row.member_id, []).append(row)
    return found
