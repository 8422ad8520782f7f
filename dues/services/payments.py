"""Payments: entered, corrected, filled for everybody, taken back."""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import add_months, month_end
from dues.models import Charge, Payment
from dues.services import AREA, NeedsConfirmation, Refused
from dues.services.charges import charge_month
from dues.standing import approved_in, balance, kept_since, memberships_in
from dues.words import NOTHING, month_label, sum_text
from members.models import Member

# Above so many times the standard a sum is asked about once.
MANY_TIMES = 3
# Late payment covers six months at most, as a rule (中组发〔2008〕3号 Art. 12).
BACK_MONTHS = 6
# So long after its entry a sum of an earlier month is put right without a reason.
SLIP_MINUTES = 30
BY_STANDARD = "按标准缴清"
TAKEN_BACK = "撤销"


class PaidMeanwhile(Refused):
    """The stored sum is not the one the writer saw. `paid` is what stands there now."""

    def __init__(self, paid: Decimal, last: Payment | None):
        super().__init__("这一格刚被别人改过，请选一个数")
        self.paid = paid
        self.last = last


@transaction.atomic
def enter_payment(
    *,
    member: Member,
    organisation: Organisation,
    month: datetime.date,
    amount: Decimal,
    by,
    today: datetime.date,
    confirmed: bool = False,
) -> Payment:
    """Enter what a member has paid for a month in which nothing was paid so far.

    Refuses sums that are not positive, months to come, months in which the member was not in the
    branch, and a month with entries. Asks once about sums far above the standard and about
    months more than half a year back.
    """
    _lock(member)
    _check_month(member, organisation, month, today)
    paid = balance(member, organisation, month)
    if paid:
        raise PaidMeanwhile(paid, _last_entry(member, organisation, month))
    if amount <= 0:
        raise Refused("金额应大于 0，请重新填写")
    if not confirmed:
        _ask_about(member, month, amount, today)
    payment = Payment.objects.create(
        member=member,
        organisation=organisation,
        month=month,
        amount=amount,
        paid_on=today,
        entered_by=by,
    )
    _write_line(member, organisation, month, by=by, action="录入党费", before=NOTHING, after=amount)
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

    What stands is reversed by an entry of the same day, the new sum is a new entry. Refuses
    when the stored sum is another one, and an earlier month without a reason. Returns the sum.
    """
    _lock(member)
    _check_month(member, organisation, month, today)
    paid = balance(member, organisation, month)
    if paid != seen:
        raise PaidMeanwhile(paid, _last_entry(member, organisation, month))
    if amount == paid:
        return paid
    if amount < 0:
        raise Refused("金额不能是负数，请重新填写")
    standing = list(
        Payment.objects.filter(
            member=member,
            organisation=organisation,
            month=month,
            reverses__isnull=True,
            reversed_by__isnull=True,
        ).order_by("pk")
    )
    past = month < today.replace(day=1)
    if past and not reason.strip() and not _just_entered(standing, by):
        raise Refused(f"{month_label(month)}已过，更正要写明原因")
    if amount and not confirmed:
        _ask_about(member, month, amount, today)
    Payment.objects.bulk_create([_reversal(payment, by, reason or "更正") for payment in standing])
    if amount:
        Payment.objects.create(
            member=member,
            organisation=organisation,
            month=month,
            amount=amount,
            # A wrong sum put right does not change the day on which it was paid.
            paid_on=standing[-1].paid_on if standing else today,
            entered_by=by,
            reason=reason,
        )
    _write_line(
        member,
        organisation,
        month,
        by=by,
        action="更正党费",
        before=paid,
        after=amount,
        reason=reason,
    )
    return amount


@transaction.atomic
def fill_month(
    *, organisation: Organisation, month: datetime.date, by, today: datetime.date
) -> list[Payment]:
    """Enter the charge as paid for everybody charged in that month who has paid nothing.

    A cell in which something stands is left alone. Refuses a month to come. Returns the entries.
    """
    _check_not_to_come(month, today)
    _check_kept(month, today)
    charge_month(month, organisations=[organisation], by=by)
    charges = Charge.objects.filter(organisation=organisation, month=month, amount__gt=0)
    # In one order, so that two who fill at once wait instead of blocking each other.
    list(
        Member.objects.select_for_update()
        .filter(pk__in=charges.values("member"))
        .order_by("pk")
        .values_list("pk")
    )
    paid = dict(
        Payment.objects.filter(organisation=organisation, month=month)
        .values("member")
        .annotate(total=Sum("amount"))
        .values_list("member", "total")
    )
    unpaid = [
        charge
        for charge in charges.select_related("member").order_by("member_id")
        if not paid.get(charge.member_id)
    ]
    payments = Payment.objects.bulk_create(
        [
            Payment(
                member=charge.member,
                organisation=organisation,
                month=month,
                amount=charge.amount,
                paid_on=today,
                entered_by=by,
                reason=BY_STANDARD,
            )
            for charge in unpaid
        ]
    )
    if payments:
        _write_bulk_line(organisation, month, payments, by=by, action=BY_STANDARD)
    return payments


@transaction.atomic
def undo_fill(*, organisation: Organisation, payments: Iterable[int], by) -> list[Payment]:
    """Take back entries of one `fill_month`, by whoever made it.

    What was corrected since is left alone. Refuses entries of somebody else. Returns what was
    taken back.
    """
    rows = Payment.objects.filter(
        pk__in=list(payments), organisation=organisation, reverses__isnull=True
    )
    list(
        Member.objects.select_for_update()
        .filter(pk__in=rows.values("member"))
        .order_by("pk")
        .values_list("pk")
    )
    if rows.exclude(entered_by=by).exists():
        raise Refused("这些是别人录入的，不能在这里撤销，请逐个更正")
    standing = list(
        rows.filter(reason=BY_STANDARD, reversed_by__isnull=True)
        .select_related("member")
        .order_by("member_id")
    )
    if not standing:
        raise Refused("没有可以撤销的，可能已经撤销过")
    Payment.objects.bulk_create([_reversal(payment, by, TAKEN_BACK) for payment in standing])
    _write_bulk_line(organisation, standing[0].month, standing, by=by, action="撤销按标准缴清")
    return standing


def _lock(member: Member) -> None:
    """Two writers of one member's dues wait for each other."""
    Member.objects.select_for_update().filter(pk=member.pk).values_list("pk").get()


def _just_entered(payments: list[Payment], by) -> bool:
    """Whether all of these were entered by the same person a moment ago: a slip needs no reason."""
    since = timezone.now() - datetime.timedelta(minutes=SLIP_MINUTES)
    return bool(payments) and all(
        payment.entered_by_id == by.pk and payment.entered_at >= since for payment in payments
    )


def _check_not_to_come(month: datetime.date, today: datetime.date) -> None:
    if month > today:
        raise Refused(f"{month_label(month)}还没有到，党费不预收，到时再录入")


def _check_kept(month: datetime.date, today: datetime.date) -> None:
    if month < kept_since(today):
        raise Refused(
            f"{month_label(month)}在本县启用党费台账以前，不在这里录入；以前的台账可以导入"
        )


def _check_month(member, organisation, month: datetime.date, today: datetime.date) -> None:
    _check_not_to_come(month, today)
    charged = Charge.objects.filter(member=member, month=month).first()
    if charged is not None:
        here = charged.organisation_id == organisation.pk
    else:
        here = (
            memberships_in(month, month_end(month))
            .filter(member=member, organisation=organisation)
            .exists()
        )
    if not here:
        raise Refused(f"{member.name}{month_label(month)}不在本支部，不能在这里录入")


def _ask_about(member, month: datetime.date, amount: Decimal, today: datetime.date) -> None:
    due = Charge.objects.filter(member=member, month=month).values_list("amount", flat=True).first()
    if due is None:
        approved = approved_in([member.pk], month).get(member.pk)
        due = approved.amount if approved else None
    if due and amount > due * MANY_TIMES:
        raise NeedsConfirmation(
            f"{member.name}填了 {amount:.2f}，是月标准 {due:.2f} 的 {amount / due:.1f} 倍，对吗？"
        )
    if month < add_months(today.replace(day=1), -BACK_MONTHS):
        raise NeedsConfirmation(
            f"{month_label(month)}已过去 {BACK_MONTHS} 个月以上，补交一般不超过 {BACK_MONTHS} 个月，要照此登记吗？"
        )


def _reversal(payment: Payment, by, reason: str) -> Payment:
    return Payment(
        member_id=payment.member_id,
        organisation_id=payment.organisation_id,
        month=payment.month,
        amount=-payment.amount,
        # The same day, so that on no day the sum of entries falls below nothing.
        paid_on=payment.paid_on,
        entered_by=by,
        reverses=payment,
        reason=reason,
    )


def _last_entry(member, organisation, month) -> Payment | None:
    return (
        Payment.objects.filter(member=member, organisation=organisation, month=month)
        .select_related("entered_by")
        .order_by("-pk")
        .first()
    )


def _write_line(member, organisation, month, *, by, action, before, after, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=member.pk,
        label=f"{member.name} {month_label(month)}",
        organisation_id=organisation.pk,
        before={"实缴": sum_text(before)},
        after={"实缴": sum_text(after)},
        reason=reason,
    )
    note_change(organisation.pk, AREA, month, month_end(month))


def _write_bulk_line(organisation, month, payments: list[Payment], *, by, action: str) -> None:
    total = sum(payment.amount for payment in payments)
    trail.record(
        by=by,
        action=action,
        area=AREA,
        label=f"{organisation.name} {month_label(month)}",
        organisation_id=organisation.pk,
        after={
            "人数": str(len(payments)),
            "金额": sum_text(total),
            "名单": "、".join(
                f"{payment.member.name} {payment.amount:.2f}" for payment in payments
            ),
        },
    )
    note_change(organisation.pk, AREA, month, month_end(month))
