"""Several payments in one act: the rest of a branch by standard, several months of one member."""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import month_end
from dues.models import Charge, Payment
from dues.services import AREA, Refused
from dues.services.charges import charge_month
from dues.services.checks import (
    check_back,
    check_day,
    check_kept,
    check_month,
    check_not_to_come,
    lock_members,
)
from dues.services.payments import manner, reversal
from dues.standing import back_limit, paid_for
from dues.unpaid import owed_months
from dues.words import NOTHING, month_label, sum_text
from members.models import Member

BY_STANDARD = "按标准缴清"
TAKEN_BACK = "撤销"


class OwedMeanwhile(Refused):
    """The ticked months are not owed as the writer saw them. `owed` is what they come to now."""

    def __init__(self, owed: Decimal):
        super().__init__("这些月份刚有别的记录，应缴已经变了，核对后再登记一次")
        self.owed = owed


@transaction.atomic
def fill_month(
    *,
    organisation: Organisation,
    month: datetime.date,
    by,
    today: datetime.date,
    paid_on: datetime.date | None = None,
    way: str = "",
) -> list[Payment]:
    """Enter the charge as paid for everybody charged in that month who has paid nothing for it,
    here or at another branch.

    A cell in which something stands is left alone. Refuses a month to come, one before the start,
    one too long past to be paid by all at once, and a day of payment that cannot be. Returns the
    entries.
    """
    check_not_to_come(month, today)
    check_kept(month, today)
    if month < back_limit(today):
        raise Refused(f"{month_label(month)}已过去太久，补交要先经上级同意，请逐人登记")
    day = check_day(paid_on, month, today)
    charge_month(month, organisations=[organisation], by=by)
    charges = Charge.objects.filter(organisation=organisation, month=month, amount__gt=0)
    lock_members(charges.values("member"))
    # Read after the lock: what waited for another writer sees what he wrote.
    paid = paid_for(month, month, members=charges.values("member"))
    unpaid = [
        charge
        for charge in charges.select_related("member").order_by("member_id")
        if not paid.get((charge.member_id, month))
    ]
    payments = Payment.objects.bulk_create(
        [
            Payment(
                member=charge.member,
                organisation=organisation,
                month=month,
                amount=charge.amount,
                paid_on=day,
                way=way,
                entered_by=by,
                reason=BY_STANDARD,
            )
            for charge in unpaid
        ]
    )
    if payments:
        _write_line(organisation, payments, by=by, action=BY_STANDARD)
    return payments


@transaction.atomic
def pay_months(
    *,
    member: Member,
    organisation: Organisation,
    months: Iterable[datetime.date],
    seen: Decimal,
    by,
    today: datetime.date,
    paid_on: datetime.date | None = None,
    way: str = "",
    brought_by: str = "",
    reason: str = "",
) -> list[Payment]:
    """Enter what one member still owes for each of these months, one entry a month, all or none.

    `seen` is the sum the writer was shown. Refuses months that are not owed here any more, months
    to come, months too long past without leave, and a day of payment that cannot be.
    """
    wanted = sorted(set(months))
    if not wanted:
        raise Refused("请勾选要补交的月份", "months")
    lock_members([member.pk])
    owed = {one.month: one.short for one in owed_months(member, organisation, today)}
    total = sum((owed.get(month, NOTHING) for month in wanted), NOTHING)
    gone = [month for month in wanted if month not in owed]
    for month in gone:
        check_month(member, organisation, month, today)
    if gone or total != seen:
        raise OwedMeanwhile(total)
    check_back(member, wanted, today)
    # The newest month decides: nothing is paid before its month has begun.
    day = check_day(paid_on, wanted[-1], today)
    payments = Payment.objects.bulk_create(
        [
            Payment(
                member=member,
                organisation=organisation,
                month=month,
                amount=owed[month],
                paid_on=day,
                way=way,
                brought_by=brought_by,
                reason=reason,
                entered_by=by,
            )
            for month in wanted
        ]
    )
    trail.record(
        by=by,
        action="登记多个月党费",
        area=AREA,
        object_id=member.pk,
        label=f"{member.name} {len(payments)} 个月",
        organisation_id=organisation.pk,
        after={
            "金额": sum_text(total),
            "月份": "、".join(
                f"{month_label(entry.month)} {entry.amount:.2f}" for entry in payments
            ),
            **manner(payments[0], today),
        },
        reason=reason,
    )
    note_change(organisation.pk, AREA, wanted[0], month_end(wanted[-1]))
    return payments


def just_paid(
    *,
    member: Member,
    organisation: Organisation,
    sums: dict[datetime.date, Decimal],
    paid_on: datetime.date,
    by,
) -> bool:
    """Whether just these sums stand for these months, entered by the same person for the same
    day: the act that is asked for was done, and its answer was lost."""
    made = Payment.objects.filter(
        member=member,
        organisation=organisation,
        month__in=list(sums),
        paid_on=paid_on,
        entered_by=by,
    ).unreversed()
    return bool(sums) and sums.items() <= dict(made.values_list("month", "amount")).items()


@transaction.atomic
def undo_fill(*, organisation: Organisation, payments: Iterable[int], by) -> list[Payment]:
    """Take back the entries of one `fill_month` or `pay_months`, by whoever made it.

    What was corrected since is left alone. Refuses entries of somebody else. Returns what was
    taken back.
    """
    rows = Payment.objects.filter(
        pk__in=list(payments), organisation=organisation, reverses__isnull=True
    )
    lock_members(rows.values("member"))
    if rows.exclude(entered_by=by).exists():
        raise Refused("这些是别人录入的，不能在这里撤销，请逐个更正")
    standing = list(rows.unreversed().select_related("member").order_by("member_id", "pk"))
    if not standing:
        raise Refused("没有可以撤销的，可能已经撤销过")
    Payment.objects.bulk_create([reversal(payment, by, TAKEN_BACK) for payment in standing])
    of_one = len({payment.member_id for payment in standing}) == 1 and len(standing) > 1
    _write_line(
        organisation, standing, by=by, action="撤销多个月党费" if of_one else "撤销按标准缴清"
    )
    return standing


def _write_line(organisation, payments: list[Payment], *, by, action: str) -> None:
    months = sorted({payment.month for payment in payments})
    total = sum((payment.amount for payment in payments), NOTHING)
    trail.record(
        by=by,
        action=action,
        area=AREA,
        label=f"{organisation.name} {'、'.join(month_label(month) for month in months)}",
        organisation_id=organisation.pk,
        after={
            "人数": str(len({payment.member_id for payment in payments})),
            "金额": sum_text(total),
            "名单": "、".join(
                f"{payment.member.name} {payment.amount:.2f}" for payment in payments
            ),
        },
    )
    note_change(organisation.pk, AREA, months[0], month_end(months[-1]))
