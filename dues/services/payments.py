"""One member's month: entered, paid on, put right, ticked in the booklet.

A sum typed larger than what stands is a further payment of the difference; a smaller one, and one
typed again by the same person a moment later, puts a slip right.
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import month_end
from branches.words import full_date
from dues.enums import Way
from dues.models import Payment
from dues.services import AREA, Refused
from dues.services.checks import (
    ask_about,
    check_back,
    check_day,
    check_month,
    check_opening,
    lock_members,
)
from dues.standing import balance
from dues.words import NOTHING, month_label, sum_text
from members.models import Member

# So long after its entry a sum is put right without a reason, by whoever entered it.
SLIP_MINUTES = 30


class PaidMeanwhile(Refused):
    """The stored sum is not the one the writer saw. `paid` is what stands there now."""

    def __init__(self, paid: Decimal, last: Payment | None):
        super().__init__("这一格刚被别人改过，请选一个数")
        self.paid = paid
        self.last = last


@dataclass(frozen=True)
class _Cell:
    """Whose sum for which month, to which branch."""

    member: Member
    organisation: Organisation
    month: datetime.date

    @property
    def key(self) -> dict[str, object]:
        return {"member": self.member, "organisation": self.organisation, "month": self.month}

    def standing(self) -> list[Payment]:
        """What was entered and not taken back, oldest first."""
        return list(Payment.objects.filter(**self.key).unreversed().order_by("pk"))

    def held(self, seen: Decimal) -> Decimal:
        """Lock the member and return the stored sum, which must be the one the writer saw."""
        lock_members([self.member.pk])
        paid = balance(self.member, self.organisation, self.month)
        if paid != seen:
            last = Payment.objects.filter(**self.key).select_related("entered_by").order_by("-pk")
            raise PaidMeanwhile(paid, last.first())
        return paid


@transaction.atomic
def set_payment(
    *,
    member: Member,
    organisation: Organisation,
    month: datetime.date,
    amount: Decimal,
    seen: Decimal,
    by,
    today: datetime.date,
    paid_on: datetime.date | None = None,
    way: str = "",
    confirmed: bool = False,
) -> Payment | None:
    """Make the sum of a cell, seen as `seen`, what was typed.

    A larger sum is a further payment of the difference on `paid_on`, which is returned; a smaller
    one, or one typed again for the same day within half an hour, is a correction: None. Refuses
    as those do.
    """
    cell = _Cell(member, organisation, month)
    entry = {**cell.key, "by": by, "today": today, "confirmed": confirmed}
    paid = cell.held(seen)
    if amount > paid and not _is_slip(cell.standing(), by, paid_on or today):
        return add_payment(**entry, amount=amount - paid, seen=seen, paid_on=paid_on, way=way)
    correct_payment(**entry, amount=amount, seen=seen)
    return None


@transaction.atomic
def add_payment(
    *,
    member: Member,
    organisation: Organisation,
    month: datetime.date,
    amount: Decimal,
    seen: Decimal,
    by,
    today: datetime.date,
    paid_on: datetime.date | None = None,
    way: str = "",
    brought_by: str = "",
    reason: str = "",
    confirmed: bool = False,
) -> Payment:
    """Enter a payment of `amount` yuan beside what stands, which the writer saw as `seen`.

    Refuses when another sum stands by now, sums that are not positive, months to come, months the
    member does not owe here, months too long past without leave, and days to come. Asks once about
    sums far above the standard.
    """
    cell = _Cell(member, organisation, month)
    paid = cell.held(seen)
    check_month(member, organisation, month, today)
    if amount <= 0:
        raise Refused("金额应大于 0，请重新填写", "amount")
    check_opening(member, month, amount)
    check_back(member, [month], today)
    day = check_day(paid_on, month, today)
    if not confirmed:
        ask_about(member, month, paid + amount, today)
    payment = Payment.objects.create(
        **cell.key,
        amount=amount,
        paid_on=day,
        way=way,
        brought_by=brought_by,
        reason=reason,
        entered_by=by,
    )
    action = "补记党费" if paid else "录入党费"
    after = {"实缴": sum_text(paid + amount), **manner(payment, today)}
    _write_line(cell, by=by, action=action, before=paid, after=after, reason=reason)
    return payment


@transaction.atomic
def correct_payment(
    *,
    member: Member,
    organisation: Organisation,
    month: datetime.date,
    amount: Decimal,
    seen: Decimal,
    by,
    today: datetime.date,
    reason: str = "",
    confirmed: bool = False,
) -> Decimal:
    """Put `amount` (0 for nothing) in place of the stored sum, which the writer saw as `seen`.

    The newest payments are reversed, as many as need be, each by an entry of its own day; what is
    right of them is entered anew with the day and way of the oldest of these. Refuses when the
    stored sum is another one, an earlier month without a reason, and for a month too long past
    more than was ever entered for it. Returns the sum.
    """
    cell = _Cell(member, organisation, month)
    paid = cell.held(seen)
    entries = cell.standing()
    # What stands here may be put right here, also where the member has moved on since.
    if not entries:
        check_month(member, organisation, month, today)
    if amount == paid:
        return paid
    if amount < 0:
        raise Refused("金额不能是负数，请重新填写", "amount")
    if not entries and not Payment.objects.filter(**cell.key, amount__gte=amount).exists():
        check_back(member, [month], today)
    if amount > paid:
        check_opening(member, month, amount - paid)
    wrong = _wrong(entries, amount)
    past = month < today.replace(day=1)
    if past and not reason.strip() and not _just_entered(wrong, by):
        raise Refused(f"{month_label(month)}已过，更正要写明原因", "reason")
    if amount > paid and not confirmed:
        ask_about(member, month, amount, today)
    Payment.objects.bulk_create([reversal(payment, by, reason or "更正") for payment in wrong])
    right = amount - paid + sum((payment.amount for payment in wrong), NOTHING)
    if right:
        _enter_again(cell, right, wrong, by=by, today=today, reason=reason)
    after = {"实缴": sum_text(amount)}
    _write_line(cell, by=by, action="更正党费", before=paid, after=after, reason=reason)
    return amount


@transaction.atomic
def mark_booklet(
    *, member: Member, organisation: Organisation, month: datetime.date, in_booklet: bool, by
) -> bool:
    """Say whether what was paid for the month is written in the member's 党费证.

    Returns whether anything changed; refuses a month in which nothing was paid. No rule judges it.
    """
    cell = _Cell(member, organisation, month)
    lock_members([member.pk])
    entries = cell.standing()
    if not entries:
        raise Refused(f"{member.name}{month_label(month)}还没有交党费，交了再登党费证")
    keys = [entry.pk for entry in entries if entry.in_booklet != in_booklet]
    if not Payment.objects.filter(pk__in=keys).update(in_booklet=in_booklet):
        return False
    words = {True: "已登", False: "未登"}
    trail.record(
        by=by,
        action="登党费证" if in_booklet else "改党费证为未登",
        area=AREA,
        object_id=member.pk,
        label=f"{member.name} {month_label(month)}",
        organisation_id=organisation.pk,
        before={"党费证": words[not in_booklet]},
        after={"党费证": words[in_booklet]},
    )
    return True


def reversal(payment: Payment, by, reason: str) -> Payment:
    """The entry that takes a payment back."""
    return Payment(
        member_id=payment.member_id,
        organisation_id=payment.organisation_id,
        month=payment.month,
        amount=-payment.amount,
        # The same day, so that on no day the sum of entries falls below nothing.
        paid_on=payment.paid_on,
        way=payment.way,
        entered_by=by,
        reverses=payment,
        reason=reason,
    )


def manner(payment: Payment, today: datetime.date) -> dict[str, str]:
    """How a sum was paid, as far as it is not the usual, for the trail."""
    said = {
        "交纳日期": full_date(payment.paid_on) if payment.paid_on != today else "",
        "方式": Way(payment.way).label if payment.way else "",
        "代交人": payment.brought_by,
    }
    return {label: value for label, value in said.items() if value}


def _enter_again(cell: _Cell, amount: Decimal, wrong: list[Payment], *, by, today, reason):
    """What is right of the payments taken back: the day on which it was paid does not change."""
    known = wrong[0] if wrong else Payment(paid_on=today)
    Payment.objects.create(
        **cell.key,
        amount=amount,
        paid_on=known.paid_on,
        way=known.way,
        brought_by=known.brought_by,
        in_booklet=known.in_booklet,
        entered_by=by,
        reason=reason,
    )


def _wrong(entries: list[Payment], amount: Decimal) -> list[Payment]:
    """Which payments to take back so that `amount` can stand: the newest, as few as need be."""
    rest = sum((payment.amount for payment in entries), NOTHING)
    for index in range(len(entries) - 1, -1, -1):
        rest -= entries[index].amount
        if rest <= amount:
            return entries[index:]
    return entries


def _just_entered(entries: list[Payment], by) -> bool:
    """Whether all of these were entered by the same person a moment ago: a slip needs no reason."""
    since = timezone.now() - datetime.timedelta(minutes=SLIP_MINUTES)
    return bool(entries) and all(
        payment.entered_by_id == by.pk and payment.entered_at >= since for payment in entries
    )


def _is_slip(entries: list[Payment], by, day: datetime.date) -> bool:
    return _just_entered(entries, by) and entries[-1].paid_on == day


def _write_line(cell: _Cell, *, by, action: str, before: Decimal, after, reason: str) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=cell.member.pk,
        label=f"{cell.member.name} {month_label(cell.month)}",
        organisation_id=cell.organisation.pk,
        before={"实缴": sum_text(before)},
        after=after,
        reason=reason,
    )
    note_change(cell.organisation.pk, AREA, cell.month, month_end(cell.month))
