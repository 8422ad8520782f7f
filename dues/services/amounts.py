"""The monthly amount of a member: approved, changed inside the year, put right, carried forward.

Source: 组电明字〔2017〕5号: fixed at the start of the year, normally unchanged within it; 2008
Art. 10: a new wage changes the dues from its month on. So one amount a year, and a further one
with its reason. Charges follow by `charges.settle`.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.values import Values
from branches.words import full_date
from dues.models import ApprovedAmount
from dues.rates import Category, fits_rates, rate_on, table_on
from dues.services import AREA, Refused, charges
from dues.standards import (
    by_rates,
    first_months,
    is_of,
    members_to_approve,
    shown_amounts,
    version,
    year_end,
    year_start,
)
from dues.standing import memberships_in
from dues.values import ROUNDING
from dues.words import money, month_label
from members.models import Member

CARRIED = "沿用上年核定"
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


@dataclass
class Outcome:
    """What was approved, and by member what was not and why; `without` have no last amount."""

    approved: list[ApprovedAmount] = field(default_factory=list)
    refused: dict[int, Refused] = field(default_factory=dict)
    without: list[Member] = field(default_factory=list)


@transaction.atomic
def approve_amount(
    *,
    organisation: Organisation,
    year: int,
    proposal: Proposal,
    approved_on: datetime.date | None,
    by,
    today: datetime.date,
) -> ApprovedAmount:
    """Approve one member's amount; one of the same month is put right, with both in the trail.

    Refuses what `approve_several` refuses.
    """
    outcome = approve_several(
        organisation=organisation,
        year=year,
        proposals=[proposal],
        approved_on=approved_on,
        by=by,
        today=today,
    )
    for refused in outcome.refused.values():
        raise refused
    return outcome.approved[0]


@transaction.atomic
def approve_several(
    *,
    organisation: Organisation,
    year: int,
    proposals: Iterable[Proposal],
    approved_on: datetime.date | None,
    by,
    today: datetime.date,
) -> Outcome:
    """Approve the amounts of several members of a branch; each is approved whole or not at all.

    Refuses, by member: who is not in the branch in that year, who was changed meanwhile, a month
    of another year or before dues are due, a negative sum, a missing base, and without a reason
    another sum than the rates give, a farmer's outside the range, a second amount of the year.
    Refuses everything without a day, with one to come, and for a year that is far off. Above the
    ceiling is no refusal.
    """
    _refuse_day(year, approved_on, today)
    proposals = sorted(proposals, key=lambda proposal: proposal.member.pk)
    facts = _Facts(organisation, year, proposals, approved_on)
    outcome, changed = Outcome(), []
    for proposal in proposals:
        try:
            row, before = facts.checked(proposal)
        except Refused as refused:
            outcome.refused[proposal.member.pk] = refused
            continue
        outcome.approved.append(row)
        if before != _said(row):
            row.organisation, row.approved_by = organisation, by
            changed.append((row, before, facts.act(row)))
    _write(changed, by=by, today=today)
    if changed:
        note_change(organisation.pk, AREA, year_start(year), year_end(year))
    return outcome


def _write(changed: list[tuple], *, by, today: datetime.date) -> None:
    """Store rows given with what they said before and what was done; charges follow."""
    ApprovedAmount.objects.bulk_create([row for row, *_rest in changed if row.pk is None])
    months = defaultdict(set)
    for row, before, _act in changed:
        if before:
            row.save()
        months[row.from_month, row.reason or BY_RATES].add(row.member_id)
    trail.record_all([_line(row, act, by=by, before=before) for row, before, act in changed])
    for (month, reason), members in sorted(months.items()):
        charges.settle(members, month, today=today, reason=reason, by=by)


@transaction.atomic
def carry_forward(
    *,
    organisation: Organisation,
    year: int,
    approved_on: datetime.date | None,
    by,
    today: datetime.date,
    leave: Iterable[int] = (),
) -> Outcome:
    """Approve last year's standard for all members of a branch who have none of this year.

    Category and base stay, the amount is what this year's rates and rounding give; one that was
    set otherwise stays, with its reason. Who has no last amount is named in `without`; members
    in `leave` are left alone. Refuses where nobody is left to approve, and a missing day.
    """
    left = set(leave)
    members = [
        member for member in members_to_approve(organisation, year, today) if member.pk not in left
    ]
    last = shown_amounts([member.pk for member in members], year)
    open_ones = [member for member in members if not is_of(last.get(member.pk), year)]
    values = Values()
    proposals = [
        _carried(member, last[member.pk], values) for member in open_ones if member.pk in last
    ]
    if not proposals:
        raise Refused("没有可以沿用的：党员都已核定，或者没有上一次的标准")
    outcome = approve_several(
        organisation=organisation,
        year=year,
        proposals=proposals,
        approved_on=approved_on,
        by=by,
        today=today,
    )
    outcome.without = [member for member in open_ones if member.pk not in last]
    return outcome


def _carried(member: Member, last: ApprovedAmount, values: Values) -> Proposal:
    then = last.approved_on or last.from_month
    rate = rate_on(last.category, last.from_month)
    ruled = last.computed
    if ruled is None:
        found = by_rates(last.category, last.base, month=last.from_month, on=then, values=values)
        ruled = found and found.amount
    kept = ruled is None or ruled != last.amount
    usual = not kept or (rate and rate.is_range and rate.lowest <= last.amount <= rate.highest)
    return Proposal(
        member=member,
        category=last.category,
        base=last.base,
        amount=last.amount if kept else None,
        reason="" if usual else last.reason or CARRIED,
        seen=version(last),
    )


class _Facts:
    """What the checks of one act need, read once after the members are locked."""

    def __init__(self, organisation, year: int, proposals: list[Proposal], approved_on):
        self.organisation, self.year, self.approved_on = organisation, year, approved_on
        keys = [proposal.member.pk for proposal in proposals]
        # In one order, so that two who approve at once wait instead of blocking each other.
        list(
            Member.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk")
        )
        self.values = Values()
        self.here = set(
            memberships_in(year_start(year), year_end(year))
            .filter(organisation=organisation, member__in=keys)
            .values_list("member_id", flat=True)
        )
        self.firsts = first_months([proposal.member for proposal in proposals], year)
        self.shown = shown_amounts(keys, year)
        self.of_year: dict[int, dict[datetime.date, ApprovedAmount]] = defaultdict(dict)
        for row in ApprovedAmount.objects.filter(member__in=keys, from_month__year=year):
            self.of_year[row.member_id][row.from_month] = row

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
        row = stored or ApprovedAmount(member=member, from_month=month)
        before = _said(stored) if stored else {}
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
                f"{proposal.member.name}从{month_label(first)}起在本县交纳党费，请选{month_label(first)}或以后",
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
            limits = f"{rate.lowest} 到 {rate.highest} 元"
            raise Refused(f"{label}党员由支部在 {limits}之间核定，请填写月应缴", "amount")
        ruled = ruled and ruled.amount
        return base, ruled, ruled if proposal.amount is None else proposal.amount

    def _refuse_without_reason(self, proposal, month, base, ruled, amount, stored) -> None:
        if proposal.reason.strip():
            return
        if ruled is not None and ruled != amount:
            raise Refused(
                f"按标准计算是 {money(ruled)} 元，核定 {money(amount)} 元要写明理由", "reason"
            )
        step = self.values.on(ROUNDING, self.approved_on)
        if not fits_rates(proposal.category, base, amount, on=month, step=step):
            raise Refused("农民党员一般每月 0.20 到 1.00 元，另定的要写明理由", "reason")
        if stored is None and self.of_year[proposal.member.pk]:
            raise Refused("年内一般不变，年内调整要写明理由，如“工资调整”", "reason")


def _refuse_day(year: int, approved_on: datetime.date | None, today: datetime.date) -> None:
    if approved_on is None:
        raise Refused("请填写核定日期（支部研究决定的那一天）", "approved_on")
    if approved_on > today:
        raise Refused(f"核定日期{full_date(approved_on)}还没有到，请核对", "approved_on")
    if year > today.year + 1:
        raise Refused(f"{year}年还早，请到{year - 1}年再核定")


def _said(row: ApprovedAmount) -> dict[str, str]:
    return {
        "自": month_label(row.from_month),
        "缴费类别": Category(row.category).label,
        "缴费基数": "" if row.base is None else f"{row.base:.2f}",
        "月应缴": f"{row.amount:.2f}",
        "理由": row.reason,
        "核定日期": full_date(row.approved_on),
    }


def _line(row: ApprovedAmount, action: str, *, by, before):
    return trail.line(
        by=by,
        action=action,
        area=AREA,
        object_id=row.member_id,
        label=f"{row.member.name} {row.from_month.year}年",
        organisation_id=row.organisation_id,
        before=before,
        after=_said(row),
        reason=row.reason,
    )
