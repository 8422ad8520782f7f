"""Writing what the rows of a sheet of dues planned: approvals, charges, reversals, payments."""

from collections.abc import Iterator

from branches import bulk
from dues.enums import RequestState
from dues.models import ApprovedAmount, Charge, ChargeChange, DuesRequest, Payment
from dues.services import charges
from ledgers.imports.county import chunks
from ledgers.imports.dues_accounts import DuesPlan
from ledgers.imports.writing import Writing

CORRECTION = "导入更正"
# How and by whom a sum was brought is not in a yearly sheet.
_UNTOLD = ("", "", True)


def write_dues(plans: list[DuesPlan], writing: Writing) -> None:
    """Write all of it; then charges that an approved request covers, or that were made from last
    year's amount, are made what they should be."""
    _write_approvals(plans, writing)
    _write_charges(plans, writing)
    _write_payments(plans, writing)
    _settle(plans, writing)


def _write_approvals(plans: list[DuesPlan], writing: Writing) -> None:
    """The day of the branch's decision is not in a sheet, so it stays unknown."""
    bulk.insert(
        ApprovedAmount,
        (
            "member_id",
            "organisation_id",
            "from_month",
            "category",
            "base",
            "computed",
            "amount",
            "reason",
            "approved_by_id",
        ),
        (
            (plan.person.pk, plan.home.pk, *plan.approval, "", writing.by and writing.by.pk)
            for plan in plans
            if plan.approval
        ),
    )
    bulk.update(
        ApprovedAmount,
        ("category", "base", "computed", "amount"),
        (
            (approved.pk, approved.category, approved.base, approved.computed, approved.amount)
            for approved in (plan.corrected for plan in plans)
            if approved
        ),
    )


def _write_charges(plans: list[DuesPlan], writing: Writing) -> None:
    bulk.insert(
        Charge,
        ("member_id", "organisation_id", "month", "amount"),
        (
            (plan.person.pk, place.pk, month, amount)
            for plan in plans
            for month, amount, place in plan.charges
        ),
    )
    recharged = [item for plan in plans for item in plan.recharged]
    bulk.update(Charge, ("amount",), ((pk, amount) for _month, pk, amount, *_rest in recharged))
    # A charge is what was charged first plus its changes.
    bulk.insert(
        ChargeChange,
        ("charge_id", "difference", "reason", "entered_at", "entered_by_id"),
        (
            (pk, difference, CORRECTION, writing.now, writing.by and writing.by.pk)
            for _month, pk, _amount, difference, _branch in recharged
            if difference
        ),
    )


def _write_payments(plans: list[DuesPlan], writing: Writing) -> None:
    by = writing.by.pk if writing.by else None
    names = ("member_id", "organisation_id", "month", "amount", "paid_on", "entered_at")
    names += ("entered_by_id", "reverses_id", "reason", "way", "brought_by", "in_booklet")
    bulk.insert(
        Payment,
        names,
        (
            (plan.person.pk, branch, month, -amount, day, writing.now, by, pk, CORRECTION, *_UNTOLD)
            for plan in plans
            for month, (pk, amount, branch, _reverses, day) in plan.reversals
        ),
    )
    bulk.insert(
        Payment,
        names,
        (
            (plan.person.pk, place.pk, month, amount, day, writing.now, by, None, reason, *_UNTOLD)
            for plan in plans
            for month, amount, place, day, reason in plan.payments
        ),
    )


def _settle(plans: list[DuesPlan], writing: Writing) -> None:
    """By the first month written; each month's charges are settled for all members at once."""
    firsts = {}
    touched = {plan.person.pk: plan for plan in plans if plan.months or plan.settles}
    excused = set(_with_request(touched))
    for pk, plan in touched.items():
        if plan.settles:
            firsts.setdefault(plan.approval[0], []).append(pk)
        elif pk in excused and (plan.charges or plan.recharged):
            firsts.setdefault(min(plan.months), []).append(pk)
    for first, members in sorted(firsts.items()):
        charges.settle(members, first, today=writing.today, reason=CORRECTION, by=writing.by)


def _with_request(members) -> Iterator[int]:
    for piece in chunks(members):
        yield from DuesRequest.objects.filter(
            member__in=piece, state=RequestState.APPROVED
        ).values_list("member_id", flat=True)
