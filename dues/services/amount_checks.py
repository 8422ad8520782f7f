"""What the approval of an amount is held to: whose it is, from which month, how much, with which
reason. Acts are in `dues.services.amounts`.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from branches.models import Organisation
from branches.periods import add_months
from branches.values import Values
from branches.words import full_date
from dues.models import ApprovedAmount, Charge
from dues.rates import Category, fits_rates, range_text, rate_on, table_on
from dues.services import Refused
from dues.services.checks import lock_members
from dues.standards import (
    by_rates,
    first_months,
    lowest,
    open_since,
    shown_amounts,
    version,
    year_end,
    year_start,
)
from dues.standing import kept_since, memberships_in
from dues.values import ROUNDING
from dues.words import money, month_label
from members.models import Member

BY_RATES = "核定党费标准"


@dataclass(frozen=True)
class Proposal:
    """What is to be approved for a member. `amount` None is what the rates give; `from_month`
    None is the first month of the year; `seen` is the `standards.version` the writer saw."""

    member: Member
    category: str
    base: Decimal | None = None
    amount: Decimal | None = None
    from_month: datetime.date | None = None
    reason: str = ""
    seen: str | None = None


class BelowRates(Refused):
    """Less than the rates give is a reduction or an exemption: the superior approves it, with an
    end (DuesRequest). Source: 2008 Art. 7."""

    def __init__(self, member: Member, amount: Decimal, least: Decimal):
        super().__init__(
            f"{member.name}月应缴 {money(amount)} 元，低于标准 {money(least)} 元："
            "减缴、免缴要上级批准并有期限，请按标准核定，再到“请示审批”提出请示",
            "amount",
        )
        self.member_id, self.is_exemption = member.pk, not amount


class Facts:
    """What the checks of one act need, read once after the members are locked."""

    def __init__(self, organisation, year: int, proposals: list[Proposal], approved_on):
        self.organisation, self.year, self.approved_on = organisation, year, approved_on
        keys = [proposal.member.pk for proposal in proposals]
        lock_members(keys)
        self.values = Values()
        self.here = set(
            memberships_in(year_start(year), year_end(year))
            .filter(organisation=organisation, member__in=keys)
            .values_list("member_id", flat=True)
        )
        self.firsts = first_months(organisation, [proposal.member for proposal in proposals], year)
        self.shown = shown_amounts(keys, year)
        # All of a member, oldest first, and those of the year by month.
        self.known: dict[int, list[ApprovedAmount]] = defaultdict(list)
        self.of_year: dict[int, dict[datetime.date, ApprovedAmount]] = defaultdict(dict)
        for row in ApprovedAmount.objects.filter(member__in=keys).order_by("from_month"):
            self.known[row.member_id].append(row)
            if row.from_month.year == year:
                self.of_year[row.member_id][row.from_month] = row
        self.open_since = open_since(organisation)
        # Months owed to other branches.
        self.elsewhere: dict[int, dict[datetime.date, Organisation]] = defaultdict(dict)
        for charge in (
            Charge.objects.filter(member__in=keys, month__gte=year_start(year))
            .exclude(organisation=organisation)
            .select_related("organisation")
            .order_by("month")
        ):
            self.elsewhere[charge.member_id][charge.month] = charge.organisation

    def checked(self, proposal: Proposal) -> tuple[ApprovedAmount, dict[str, str]]:
        """The row as it will stand, and what it said before; Refused where it cannot be."""
        member = proposal.member
        if member.pk not in self.here:
            raise Refused(f"{member.name}的组织关系{self.year}年不在本支部，请由所在支部核定")
        if proposal.seen is not None and proposal.seen != version(self.shown.get(member.pk)):
            raise Refused(f"{member.name}的标准刚被别人改过，请看最新的数再核定")
        month = self._month(proposal)
        base, ruled, amount = self._sums(proposal, month)
        stored = self.of_year[member.pk].get(month)
        self._refuse_without_reason(proposal, month, base, ruled, amount, stored)
        self._refuse_backwards(member, month, amount)
        row = stored or ApprovedAmount(member=member, from_month=month)
        before = said(stored) if stored else {}
        row.category, row.base, row.computed, row.amount = proposal.category, base, ruled, amount
        row.reason, row.approved_on = proposal.reason.strip(), self.approved_on
        return row, before

    def act(self, row: ApprovedAmount) -> str:
        """What was done, for the trail."""
        known = self.of_year[row.member_id]
        if row.from_month in known:
            return "更正党费标准"
        return "调整党费标准" if known else BY_RATES

    def _month(self, proposal: Proposal) -> datetime.date:
        first = self.firsts[proposal.member.pk]
        month = proposal.from_month or first
        if month.year != self.year:
            raise Refused(f"月份应在{self.year}年之内，请重新选择", "from_month")
        if month < first:
            raise Refused(
                f"{proposal.member.name}从{month_label(first)}起在本支部交纳党费，请选{month_label(first)}或以后",
                "from_month",
            )
        if table_on(month) is None:
            raise Refused(f"{month_label(month)}没有党费标准，请核对月份", "from_month")
        return month

    def _sums(self, proposal: Proposal, month: datetime.date):
        """Base, what the rates give, and the amount; a base that has no meaning is dropped."""
        rate = rate_on(proposal.category, month)
        if rate is None:
            raise Refused("请选择缴费类别", "category")
        label = Category(proposal.category).label
        base = proposal.base if rate.needs_base else None
        if rate.needs_base and base is None:
            raise Refused(f"{label}党员按比例交纳，请填写缴费基数（{rate.meant}）", "base")
        if base is not None and base < 0:
            raise Refused("缴费基数不能是负数，请重新填写", "base")
        if proposal.amount is not None and proposal.amount < 0:
            raise Refused("月应缴不能是负数，请重新填写", "amount")
        ruled = by_rates(
            proposal.category, base, month=month, on=self.approved_on, values=self.values
        )
        if ruled is None and proposal.amount is None:
            limits = range_text(proposal.category, month)
            raise Refused(f"{label}党员由支部在 {limits}之间核定，请填写月应缴", "amount")
        ruled = ruled and ruled.amount
        amount = ruled if proposal.amount is None else proposal.amount
        self._refuse_reduced(proposal, month, base, amount)
        return base, ruled, amount

    def _refuse_reduced(self, proposal: Proposal, month: datetime.date, base, amount) -> None:
        facts = {"month": month, "on": self.approved_on, "values": self.values}
        least = lowest(proposal.category, base, **facts)
        if least is not None and amount < least:
            raise BelowRates(proposal.member, amount, least)
        if not amount:
            raise Refused(
                f"按基数 {money(base)} 元算出来是 0 元，等于免缴。没有收入的请选“无固定收入”",
                "base",
            )

    def _refuse_backwards(self, member: Member, month: datetime.date, amount: Decimal) -> None:
        """Another sum than was in force, for months of another branch or that have gone up."""
        known = self.known[member.pk]
        before = [row for row in known if row.from_month <= month]
        if before and before[-1].amount == amount:
            return
        until = min((row.from_month for row in known if row.from_month > month), default=None)
        months = [
            one
            for one in self.elsewhere[member.pk]
            if month <= one and (until is None or one < until)
        ]
        if months:
            last = months[-1]
            raise Refused(
                f"{member.name}{month_label(last)}的党费归{self.elsewhere[member.pk][last].name}，"
                f"请选{month_label(add_months(last, 1))}或以后",
                "from_month",
            )
        if before and self.open_since and month < self.open_since:
            raise Refused(
                f"{member.name}{month_label(add_months(self.open_since, -1))}及以前的党费已经上缴，"
                f"标准不能再往前改，请从{month_label(self.open_since)}起调整",
                "from_month",
            )

    def _refuse_without_reason(self, proposal, month, base, ruled, amount, stored) -> None:
        if proposal.reason.strip():
            return
        if ruled is not None and ruled != amount:
            raise Refused(
                f"按标准计算是 {money(ruled)} 元，核定 {money(amount)} 元要写明理由", "reason"
            )
        step = self.values.on(ROUNDING, self.approved_on)
        if not fits_rates(proposal.category, base, amount, on=month, step=step):
            limits = range_text(proposal.category, month)
            raise Refused(f"农民党员一般每月 {limits}，另定的要写明理由", "reason")
        if stored is None and self.of_year[proposal.member.pk]:
            raise Refused("年内一般不变，年内调整要写明理由，如“工资调整”", "reason")
        facts = (proposal.category, base, amount)
        if stored and facts != (stored.category, stored.base, stored.amount):
            raise Refused("更正已核定的标准要写明理由，如“录入有误”", "reason")


def refuse_day(year: int, approved_on: datetime.date | None, today: datetime.date) -> None:
    if approved_on is None:
        raise Refused("请填写核定日期（支部研究决定的那一天）", "approved_on")
    if approved_on > today:
        raise Refused(f"核定日期{full_date(approved_on)}还没有到，请核对", "approved_on")
    if year > today.year + 1:
        raise Refused(f"{year}年还早，请到{year - 1}年再核定")
    start = kept_since(today)
    if year < start.year:
        raise Refused(f"本县从{month_label(start)}起记党费，{year}年的标准不在这里核定")


def said(row: ApprovedAmount) -> dict[str, str]:
    return {
        "自": month_label(row.from_month),
        "缴费类别": Category(row.category).label,
        "缴费基数": "" if row.base is None else f"{row.base:.2f}",
        "月应缴": f"{row.amount:.2f}",
        "理由": row.reason,
        "核定日期": full_date(row.approved_on),
    }
