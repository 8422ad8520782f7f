"""Large sums given once of free will (大额党费): kept apart from the dues, all of it goes up.

Source: 中组发〔2008〕3号 Art. 11; 组电明字〔2017〕5号. No rule judges them, so nothing is noted.
"""

import datetime
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.periods import month_end
from branches.values import Values
from branches.words import full_date
from dues.models import Contribution
from dues.services import Refused
from dues.services.checks import lock_members
from dues.standing import memberships_in
from dues.values import LARGE_SUM
from dues.words import money, sum_text
from members.models import Member

# The area of trail lines: a sum and a member may have the same key.
TRAIL_AREA = "contributions"


@transaction.atomic
def enter_contribution(
    *,
    organisation: Organisation,
    member: Member,
    amount: Decimal,
    paid_on: datetime.date,
    note: str = "",
    by,
    today: datetime.date,
) -> Contribution:
    """Enter a large sum that a member of the branch gave once beside the dues.

    Refuses a sum below the county's value, which is dues, a day to come, and somebody who was not
    a member of the branch in that month, and the same sum of the same day a second time.
    """
    lock_members([member.pk])
    if paid_on > today:
        raise Refused("交纳日期还没有到，请填实际交来的日期", "paid_on")
    least = Values().on(LARGE_SUM, paid_on)
    if amount < least:
        raise Refused(
            f"不满 {money(least)} 元的不单独登记，在收缴台账里按党费录入，多交不限", "amount"
        )
    first = paid_on.replace(day=1)
    here = memberships_in(first, month_end(paid_on)).filter(
        member=member, organisation=organisation
    )
    if not here.exists():
        raise Refused(f"{member.name}那时不在本支部，请由他所在的支部登记", "member")
    same = {"member": member, "amount": amount, "paid_on": paid_on}
    if Contribution.objects.unreversed().filter(**same).exists():
        raise Refused(
            f"{member.name}{full_date(paid_on)}的 {money(amount)} 元已经登记过；"
            "当天确有两笔的，先更正原来那一笔，再按合计登记",
            "amount",
        )
    contribution = Contribution.objects.create(
        organisation=organisation,
        member=member,
        amount=amount,
        paid_on=paid_on,
        note=note.strip(),
        entered_by=by,
    )
    _line("登记大额党费", contribution, by=by, after=_said(contribution))
    return contribution


@transaction.atomic
def forward_contribution(
    *, contribution: Contribution, forwarded_on: datetime.date, note: str, by, today: datetime.date
) -> Contribution:
    """Say on which day the sum went up, with a few words about the member; a second time it puts
    that day right.

    Refuses a day to come or before the sum came in, no words about the member, a sum that was
    taken back, and one whose receipt has come.
    """
    contribution = _standing(contribution)
    if contribution.receipt_number:
        raise Refused("已登记收据，转交日期不能再改")
    if not contribution.paid_on <= forwarded_on <= today:
        raise Refused(
            f"转交日期应在{full_date(contribution.paid_on)}到今天之间，请核对", "forwarded_on"
        )
    if not note.strip():
        raise Refused("转交时要附党员的简要情况，请写几句", "note")
    before = _said(contribution)
    contribution.forwarded_on, contribution.note = forwarded_on, note.strip()
    contribution.save(update_fields=["forwarded_on", "note"])
    _line("转交大额党费", contribution, by=by, before=before, after=_said(contribution))
    return contribution


@transaction.atomic
def enter_receipt(
    *,
    contribution: Contribution,
    receipt_number: str,
    receipt_on: datetime.date,
    by,
    today: datetime.date,
) -> Contribution:
    """Enter the receipt that came back from the centre; a second time it puts number and day right.

    Refuses a sum that has not gone up or was taken back, no number, a day to come or before the
    sum went up.
    """
    contribution = _standing(contribution)
    if contribution.forwarded_on is None:
        raise Refused("这一笔还没有转交上级，先登记转交日期")
    if not receipt_number.strip():
        raise Refused("请填收据号", "receipt_number")
    if not contribution.forwarded_on <= receipt_on <= today:
        raise Refused(
            f"收据日期应在{full_date(contribution.forwarded_on)}到今天之间，请核对", "receipt_on"
        )
    before = _said(contribution)
    contribution.receipt_number, contribution.receipt_on = receipt_number.strip(), receipt_on
    contribution.save(update_fields=["receipt_number", "receipt_on"])
    _line("登记大额党费收据", contribution, by=by, before=before, after=_said(contribution))
    return contribution


@transaction.atomic
def reverse_contribution(*, contribution: Contribution, reason: str, by) -> Contribution:
    """Take back a wrong entry by one that points at it; both stay. Refuses without a reason, a
    second time, and for a reversal."""
    contribution = _standing(contribution)
    if not reason.strip():
        raise Refused("请写明为什么冲正", "reason")
    reversal = Contribution.objects.create(
        organisation_id=contribution.organisation_id,
        member_id=contribution.member_id,
        amount=-contribution.amount,
        # The same day, so that the sum of that year is right again.
        paid_on=contribution.paid_on,
        reverses=contribution,
        reason=reason.strip(),
        entered_by=by,
    )
    _line(
        "冲正大额党费",
        contribution,
        by=by,
        before=_said(contribution),
        after={"冲正": sum_text(reversal.amount)},
        reason=reason.strip(),
    )
    return reversal


def _standing(contribution: Contribution) -> Contribution:
    """The row, locked; refuses what was taken back and what takes back."""
    contribution = Contribution.objects.select_for_update().get(pk=contribution.pk)
    if contribution.reverses_id:
        raise Refused("这一笔本身是冲正；要恢复请重新登记")
    if Contribution.objects.filter(reverses=contribution).exists():
        raise Refused("这一笔已经冲正，请看最新情况")
    return contribution


def _said(contribution: Contribution) -> dict[str, str]:
    receipt = f"{contribution.receipt_number} {full_date(contribution.receipt_on)}".strip()
    return {
        "金额": sum_text(contribution.amount),
        "交纳日期": full_date(contribution.paid_on),
        "转交上级": full_date(contribution.forwarded_on),
        "收据": receipt,
        "简要情况": contribution.note,
    }


def _line(action: str, contribution: Contribution, *, by, before=None, after=None, reason=""):
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=contribution.pk,
        label=f"{contribution.member.name} 大额党费",
        organisation_id=contribution.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
