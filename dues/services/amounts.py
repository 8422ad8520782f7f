"""The monthly amount of a member: approved, changed inside the year, put right, carried forward.

Source: 组电明字〔2017〕5号: fixed at the start of the year, normally unchanged within it; 2008
Art. 10: a new wage changes the dues from its month on. So one amount a year, and a further one
with its reason. Charges follow by `charges.settle`.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.values import Values
from dues.models import ApprovedAmount
from dues.rates import rate_on
from dues.services import AREA, Refused, charges
from dues.services.amount_checks import BY_RATES, Facts, Proposal, refuse_day, said
from dues.standards import (
    by_rates,
    is_of,
    members_to_approve,
    shown_amounts,
    version,
    year_end,
    year_start,
)
from members.models import Member

CARRIED = "沿用上年核定"


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
    of another year or before dues are due here, a negative sum, a missing base, less than the
    rates give (`BelowRates`), another sum for months that are charged elsewhere or whose quarter
    has gone up, and without a reason another sum than the rates give, a farmer's outside the
    range, a second amount of the year, a correction.
    Refuses everything without a day, with one to come, and for a year that is far off or before
    the county kept dues. Above the ceiling is no refusal.
    """
    refuse_day(year, approved_on, today)
    proposals = sorted(proposals, key=lambda proposal: proposal.member.pk)
    facts = Facts(organisation, year, proposals, approved_on)
    outcome, changed = Outcome(), []
    for proposal in proposals:
        try:
            row, before = facts.checked(proposal)
        except Refused as refused:
            outcome.refused[proposal.member.pk] = refused
            continue
        outcome.approved.append(row)
        if before != said(row):
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
    set otherwise stays, with its reason; below this year's rates it is refused like any other. Who
    has no last amount is named in `without`; members in `leave` are left alone. Refuses where nobody is left to approve, and a missing day.
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


def _line(row: ApprovedAmount, action: str, *, by, before):
    return trail.line(
        by=by,
        action=action,
        area=AREA,
        object_id=row.member_id,
        label=f"{row.member.name} {row.from_month.year}年",
        organisation_id=row.organisation_id,
        before=before,
        after=said(row),
        reason=row.reason,
    )
