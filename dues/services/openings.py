"""Opening balances: what a member owed from before the county kept its dues here.

One stands a member. What was wrong is reversed by an entry that points at it, and entered anew.
"""

import datetime
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.periods import add_months
from dues.models import Charge, OpeningBalance, Payment
from dues.services import AREA, Refused
from dues.services.checks import lock_members
from dues.standing import kept_since, opening_of
from dues.words import month_label, sum_text
from members.models import Member
from members.roster import roster


@transaction.atomic
def enter_opening(
    *,
    member: Member,
    organisation: Organisation,
    since_month: datetime.date,
    amount: Decimal,
    by,
    today: datetime.date,
    reason: str = "",
) -> OpeningBalance:
    """Enter that the member paid nothing from that month up to the start, `amount` yuan in all.

    Refuses before the county keeps dues here, a month that is not before the start or before the
    member joined, a sum that is not positive, a member of another branch, and a second one.
    """
    lock_members([member.pk])
    since_month = since_month.replace(day=1)
    _check_month(member, since_month, today)
    if amount <= 0:
        raise Refused("期初欠缴应大于 0；不欠就不用登记", "amount")
    if not roster([organisation.pk], today).filter(member=member).exists():
        raise Refused(f"{member.name}现在不在本支部，由所在支部登记", "member")
    if standing := opening_of(member):
        raise Refused(
            f"{member.name}已经登记了期初欠缴 {standing.amount:.2f} 元，有误请先冲正再重新登记",
            "member",
        )
    opening = OpeningBalance.objects.create(
        member=member,
        organisation=organisation,
        since_month=since_month,
        until_month=add_months(kept_since(today), -1),
        amount=amount,
        reason=reason.strip(),
        entered_by=by,
    )
    _write_line(opening, by=by, action="登记期初欠缴", before="", after=_text(opening), today=today)
    return opening


@transaction.atomic
def reverse_opening(
    *, opening: OpeningBalance, reason: str, by, today: datetime.date
) -> OpeningBalance:
    """Take an opening balance back by a negative entry. Returns that entry.

    Refuses without a reason, twice, and while payments for its months stand: they would be too
    much without it.
    """
    lock_members([opening.member_id])
    if not reason.strip():
        raise Refused("请写明冲正原因", "reason")
    if opening.reverses_id or OpeningBalance.objects.filter(reverses=opening).exists():
        raise Refused("这一笔已经冲正过")
    paid = Payment.objects.filter(
        member=opening.member_id,
        month__range=(opening.since_month, opening.until_month),
    ).unreversed()
    if paid.exists():
        raise Refused("已经有补交的党费记在这段月份上，请先在缴费记录里更正为 0，再冲正期初欠缴")
    reversal = OpeningBalance.objects.create(
        member_id=opening.member_id,
        organisation_id=opening.organisation_id,
        since_month=opening.since_month,
        until_month=opening.until_month,
        amount=-opening.amount,
        reason=reason.strip(),
        entered_by=by,
        reverses=opening,
    )
    _write_line(
        opening,
        by=by,
        action="冲正期初欠缴",
        before=_text(opening),
        after="",
        today=today,
        reason=reason,
    )
    return reversal


def _check_month(member: Member, since_month: datetime.date, today: datetime.date) -> None:
    if not Charge.objects.exists():
        raise Refused("本县还没有开始在这里记党费，先核定标准或导入党费台账，再登记期初欠缴")
    start = kept_since(today)
    if since_month >= start:
        raise Refused(
            f"{month_label(start)}起的党费在收缴台账里，期初欠缴只登记{month_label(start)}以前的",
            "since_month",
        )
    if member.joined_on and since_month < member.joined_on.replace(day=1):
        raise Refused(
            f"{member.name}{month_label(member.joined_on)}入党，欠缴不会早于那个月，请核对",
            "since_month",
        )


def _text(opening: OpeningBalance) -> str:
    return f"{sum_text(opening.amount)}（{month_label(opening.since_month)}起）"


def _write_line(opening: OpeningBalance, *, by, action, before, after, today, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=opening.member_id,
        label=opening.member.name,
        organisation_id=opening.organisation_id,
        before={"期初欠缴": before},
        after={"期初欠缴": after},
        reason=reason or opening.reason,
    )
    note_change(opening.organisation_id, AREA, opening.since_month, today)
