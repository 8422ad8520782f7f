"""What every entry is held to: whose month it is, on which day it was paid, how large it is."""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from branches.models import Organisation
from branches.periods import month_end
from branches.values import Values
from branches.words import full_date
from dues import standing
from dues.models import Charge, OpeningBalance
from dues.services import NeedsConfirmation, Refused
from dues.values import BACK_MONTHS, LARGE_SUM
from dues.words import NOTHING, money, month_label
from members.models import Member

# Above so many times the standard a sum is asked about once.
MANY_TIMES = 3


class TooLongAgo(Refused):
    """The month is older than may be paid for without leave of the superior (BACK_PAYMENT)."""

    def __init__(self, member: Member, month: datetime.date, months: int):
        super().__init__(
            f"{member.name}{month_label(month)}已过去 {months} 个月以上，补交要先经上级同意，"
            "请到“请示审批”提出请示"
        )
        self.month = month


def lock_members(members: Iterable[int]) -> None:
    """Writers of the same members' dues wait for each other, always in one order."""
    list(
        Member.objects.select_for_update()
        .filter(pk__in=members)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def check_not_to_come(month: datetime.date, today: datetime.date) -> None:
    """Refuses a month that has not begun: nothing is collected in advance (中组发〔2008〕3号 Art. 14)."""
    if month > today:
        raise Refused(f"{month_label(month)}还没有到，党费不预收，到时再录入")


def check_kept(month: datetime.date, today: datetime.date) -> None:
    """Refuses a month before the county began to keep its dues here."""
    if month < standing.kept_since(today):
        raise Refused(
            f"{month_label(month)}在本县启用党费台账以前，不在这里录入；"
            "以前欠的先登记期初欠缴，以前的台账可以导入"
        )


def check_month(
    member: Member, organisation: Organisation, month: datetime.date, today: datetime.date
) -> None:
    """Refuses a month that is not owed to this branch, and one before the start that is not part
    of the arrears the member brought along."""
    check_not_to_come(month, today)
    charged = Charge.objects.filter(member=member, month=month).first()
    if charged is not None:
        here = charged.organisation_id == organisation.pk
    elif opening := standing.opening_in(member, month):
        here = opening.organisation_id == organisation.pk
    else:
        check_kept(month, today)
        here = (
            standing.memberships_in(month, month_end(month))
            .filter(member=member, organisation=organisation)
            .exists()
        )
    if not here:
        raise Refused(f"{member.name}{month_label(month)}不在本支部，不能在这里录入")


def check_opening(member: Member, month: datetime.date, amount: Decimal) -> None:
    """Refuses more than is still owed of the arrears that the month is part of."""
    opening = standing.opening_in(member, month)
    if opening is None:
        return
    openings = OpeningBalance.objects.filter(pk=opening.pk)
    owed = standing.openings_owed(openings).get(member.pk, NOTHING)
    if amount > owed:
        left = f"只欠 {money(owed)} 元，请改小金额" if owed else "已经交清，不用再交"
        raise Refused(f"{member.name}{month_label(month)}在期初欠缴里，{left}", "amount")


def check_back(member: Member, months: Iterable[datetime.date], today: datetime.date) -> None:
    """Refuses months longer past than the county value allows, unless the superior allowed them.

    Source: 中组发〔2008〕3号 Art. 12 (late payment covers six months, as a rule).
    """
    limit = standing.back_limit(today)
    late = sorted(month for month in months if month < limit)
    if late and (refused := standing.not_allowed_back(member, late)):
        raise TooLongAgo(member, refused[0], Values().on(BACK_MONTHS, today))


def check_day(
    paid_on: datetime.date | None, month: datetime.date, today: datetime.date
) -> datetime.date:
    """The day of payment, today unless given; refuses one to come and one before the month."""
    if paid_on is None:
        return today
    if paid_on > today:
        raise Refused(f"交纳日期 {full_date(paid_on)}在今天之后，请改成实际交纳的日期", "paid_on")
    if paid_on < month:
        raise Refused(
            f"交纳日期 {full_date(paid_on)}在{month_label(month)}之前，党费不预收，请核对日期",
            "paid_on",
        )
    return paid_on


def ask_about(member: Member, month: datetime.date, total: Decimal, today: datetime.date) -> None:
    """Asks about a sum for one month far above the standard; large gifts are kept apart."""
    due = _standard(member, month)
    large = Values().on(LARGE_SUM, today)
    if total - (due or NOTHING) >= large:
        raise NeedsConfirmation(
            f"{member.name}填了 {money(total)}，比月标准 {money(due)} 多 {large:f} 元以上。"
            "一次自愿多交的大额党费另账登记（“大额党费”页），不记在这里；这一笔确是月党费吗？"
        )
    if due and total > due * MANY_TIMES:
        raise NeedsConfirmation(
            f"{member.name}填了 {total:.2f}，是月标准 {due:.2f} 的 {total / due:.1f} 倍，对吗？"
        )


def _standard(member: Member, month: datetime.date) -> Decimal | None:
    due = Charge.objects.filter(member=member, month=month).values_list("amount", flat=True).first()
    if due is None:
        approved = standing.approved_in([member.pk], month).get(member.pk)
        due = approved.amount if approved else None
    return due
