"""The dues of one branch in one quarter, as the grid shows them: a fixed number of queries."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.urls import reverse

from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span, add_months, month_end, months_between, period_of
from branches.values import Values
from dues.models import ApprovedAmount, Charge, Payment
from dues.standing import kept_since, memberships_in
from dues.values import REMIT_DAY
from dues.words import NOTHING, money, month_key, sum_text
from members.models import Member

_NUMERALS = "一二三四"


@dataclass
class Month:
    """One member's month: what is due (None: nothing asked), what is paid, whether it is ours."""

    month: datetime.date
    here: bool
    due: Decimal | None
    paid: Decimal
    corrected: bool

    @property
    def unpaid(self) -> bool:
        return bool(self.due) and not self.paid

    @property
    def short(self) -> Decimal:
        """What is still owed; a sum above the standard makes up for nobody else's."""
        return max((self.due or NOTHING) - self.paid, NOTHING)

    @property
    def note(self) -> str:
        return f"少 {self.short:.2f}" if self.paid and self.short else ""


@dataclass
class Row:
    member: Member
    approved: ApprovedAmount | None
    months: dict[datetime.date, Month]

    @property
    def subtotal(self) -> Decimal:
        return sum((month.paid for month in self.months.values()), NOTHING)


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

    def _rows(self) -> list[Row]:
        start, end = self.quarter.starts_on, self.quarter.ends_on
        mine = {"organisation": self.organisation, "month__gte": start, "month__lte": end}
        memberships = list(memberships_in(start, end).filter(organisation=self.organisation))
        paid, corrected = self._paid(mine)
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
        approved: dict[int, list[ApprovedAmount]] = {}
        for amount in ApprovedAmount.objects.filter(
            member__in=concerned, from_month__lte=end
        ).order_by("from_month"):
            approved.setdefault(amount.member_id, []).append(amount)
        stays: dict[int, list] = {}
        for membership in memberships:
            stays.setdefault(membership.member_id, []).append(membership)
        return [
            Row(
                member=member,
                approved=_in_force(approved.get(member.pk, []), self._latest()),
                months={
                    month: self._month(member, month, charges, approved, stays, paid, corrected)
                    for month in self.months
                },
            )
            for member in Member.objects.filter(pk__in=concerned).order_by("pk")
        ]

    def _latest(self) -> datetime.date:
        return min(self.months[-1], max(self.this_month, self.months[0]))

    def _paid(self, mine) -> tuple[dict, set]:
        entries = (
            Payment.objects.filter(**mine)
            .values("member_id", "month")
            .annotate(total=Sum("amount"), reversals=Count("reverses"))
            .order_by()
        )
        paid, corrected = {}, set()
        for entry in entries:
            key = (entry["member_id"], entry["month"])
            paid[key] = entry["total"]
            if entry["reversals"]:
                corrected.add(key)
        return paid, corrected

    def _month(self, member, month, charges, approved, stays, paid, corrected) -> Month:
        key = (member.pk, month)
        charge = charges.get(key)
        if charge is not None:
            here = charge.organisation_id == self.organisation.pk
            due = charge.amount if here else None
        else:
            here = any(
                (stay.starts_on is None or stay.starts_on <= month_end(month))
                and (stay.ends_on is None or stay.ends_on >= month)
                for stay in stays.get(member.pk, [])
            ) and (member.left_on is None or member.left_on > month)
            amount = _in_force(approved.get(member.pk, []), month) if here else None
            due = amount.amount if amount else None
        return Month(month, here, due, paid.get(key, NOTHING), key in corrected)

    def _focus(self) -> datetime.date:
        """The month the foot speaks of: the running one, else the first with somebody unpaid."""
        if self.this_month in self.months:
            return self.this_month
        if self.months[0] > self.this_month:
            return self.months[0]
        return next((month for month in self.months if self.unpaid(month)), self.months[-1])

    def unpaid(self, month: datetime.date) -> list[Row]:
        """Members who owe that month and have paid nothing."""
        return [row for row in self.rows if row.months[month].unpaid]

    def paid_in(self, month: datetime.date) -> Decimal:
        return sum((row.months[month].paid for row in self.rows), NOTHING)

    # --- As texts ---

    def totals(self) -> dict[str, str]:
        """Every figure under and beside the grid."""
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

    def cell(self, row: Row, month: datetime.date) -> dict[str, str]:
        """One cell as an answer names it."""
        value = sum_text(row.months[month].paid)
        return {
            "member": str(row.member.pk),
            "month": month_key(month),
            "value": value,
            "version": value,
            "note": row.months[month].note,
        }

    def row_of(self, member: Member) -> Row | None:
        return next((row for row in self.rows if row.member.pk == member.pk), None)

    def shown_rows(self, *, may_enter: bool) -> list[dict[str, object]]:
        return [
            {
                "id": row.member.pk,
                "number": number,
                "name": row.member.name,
                "url": reverse("members:detail", args=[row.member.pk]),
                "category": row.approved.get_category_display() if row.approved else "",
                "standard": money(row.approved.amount) if row.approved else "—",
                "paid": not row.months[self.focus].unpaid,
                "subtotal": money(row.subtotal),
                "remark": row.approved.reason if row.approved else "",
                "cells": [self._shown_cell(row, month, may_enter) for month in self.months],
            }
            for number, row in enumerate(self.rows, start=1)
        ]

    def _still_open(self, month: datetime.date, state) -> bool:
        """A past month that may be typed into: kept here, and not paid in full."""
        return month >= self.kept_since and (not state.paid or bool(state.short))

    def _shown_cell(self, row: Row, month: datetime.date, may_enter: bool) -> dict[str, object]:
        state = row.months[month]
        running = month == self.this_month
        past = month < self.this_month
        # A month that was paid is put right on a page of its own, which asks for the reason.
        editable = (
            may_enter and state.here and (running or (past and self._still_open(month, state)))
        )
        entries = ""
        if not editable and (state.corrected or (may_enter and past and state.paid)):
            entries = link(
                "dues:entries",
                row.member.pk,
                branch=self.organisation.code,
                month=month_key(month),
            )
        return self.cell(row, month) | {
            "month_label": f"{month.month}月",
            "editable": editable,
            "due": sum_text(state.due),
            "corrected_url": entries,
            "corrected": state.corrected,
            "now": running,
        }


def _in_force(amounts: list[ApprovedAmount], month: datetime.date) -> ApprovedAmount | None:
    return next((amount for amount in reversed(amounts) if amount.from_month <= month), None)


def quarter_cards(
    organisation: Organisation, year: int, chosen: Period, today: datetime.date
) -> list[dict[str, object]]:
    """The four quarters of a year: what is due, what is paid, how it stands."""
    span = {
        "organisation": organisation,
        "month__gte": datetime.date(year, 1, 1),
        "month__lte": datetime.date(year, 12, 31),
    }
    due = {
        (member_id, month): amount
        for member_id, month, amount in Charge.objects.filter(**span).values_list(
            "member_id", "month", "amount"
        )
    }
    paid = {
        (member_id, month): total
        for member_id, month, total in Payment.objects.filter(**span)
        .values("member_id", "month")
        .annotate(total=Sum("amount"))
        .order_by()
        .values_list("member_id", "month", "total")
    }
    remit_day = Values().on(REMIT_DAY, today)
    cards = []
    for number in range(4):
        quarter = period_of(Span.QUARTER, datetime.date(year, number * 3 + 1, 1))
        months = months_between(quarter.starts_on, quarter.ends_on)
        asked = {key: amount for key, amount in due.items() if key[1] in months}
        owed = sum(asked.values(), NOTHING)
        short = any(amount > paid.get(key, NOTHING) for key, amount in asked.items())
        kind, words = _quarter_state(quarter, today, owed, short)
        after = add_months(quarter.starts_on, 3)
        what = f"应缴 ¥{money(owed)}" if owed else f"{months[0].month}月—{months[-1].month}月"
        cards.append(
            {
                "name": f"{_NUMERALS[number]}季度",
                "kind": kind,
                "words": words,
                "text": f"{what}，{after.month}月{remit_day}日前上缴",
                "url": link("dues:ledger", branch=organisation.code, year=year, quarter=number + 1),
                "current": quarter == chosen,
            }
        )
    return cards


def _quarter_state(quarter: Period, today, owed: Decimal, short: bool) -> tuple[str, str]:
    if quarter.starts_on > today:
        return "todo", "未开始"
    months_to_come = today.month < quarter.ends_on.month and today <= quarter.ends_on
    if months_to_come or (short and today <= quarter.ends_on):
        return "run", "收缴中"
    if not owed:
        return "todo", "没有应缴"
    return ("soon", "未收齐") if short else ("done", "已收齐")
