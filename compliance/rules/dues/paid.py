"""收缴: every member has paid the month in full."""

import datetime
from decimal import Decimal

from django.db.models import Count, F, Max, OuterRef, Q, Subquery
from django.urls import reverse

from accounts.roles import Action
from branches.models import Organisation
from branches.periods import Span
from compliance.registry import (
    Certainty,
    Cure,
    Evidence,
    Measured,
    Nature,
    Question,
    Record,
    Rule,
    register,
)
from dues.models import Charge, Payment
from dues.rates import HALF_A_FEN
from dues.standing import paid_by, with_paid

# A list longer than this is not worth naming in a query.
_NAMED_AT_MOST = 1000


def _owed(question: Question):
    """The month's charges."""
    return Charge.objects.filter(
        organisation__in=question.organisations, month=question.starts_on, amount__gt=0
    )


def _charges(question: Question):
    """They with the sum paid for each, as of the day of judging."""
    return with_paid(_owed(question), until=question.as_of)


def _with_day(charges, question: Question):
    """`last_paid_on` is the day of the last payment for each charge."""
    paid = (
        Payment.objects.filter(member=OuterRef("member"), month=OuterRef("month"))
        .filter(paid_by(question.as_of))
        .order_by()
        .values("member")
    )
    return charges.annotate(last_paid_on=Subquery(paid.annotate(day=Max("paid_on")).values("day")))


def _measure_paid(question: Question):
    found = list(
        _charges(question)
        .order_by()
        .values("organisation_id")
        .annotate(due=Count("pk"), full=Count("pk", filter=Q(paid__gt=F("amount") - HALF_A_FEN)))
        .values_list("organisation_id", "due", "full")
    )
    last = _last_days(question, [pk for pk, due, full in found if full == due])
    for pk, due, full in found:
        yield Measured(pk, due, full, met_on=last.get(pk))


def _last_days(question: Question, complete: list[int]) -> dict[int, datetime.date]:
    """When those who have collected everything did so. Nobody else is asked about: looking at each
    payment once more costs as much as adding them up."""
    if not complete:
        return {}
    charges = _owed(question)
    if len(complete) <= _NAMED_AT_MOST:
        charges = charges.filter(organisation__in=complete)
    rows = (
        _with_day(charges, question)
        .order_by()
        .values("organisation_id")
        .annotate(last=Max("last_paid_on"))
    )
    found = dict(rows.values_list("organisation_id", "last"))
    return {pk: found.get(pk) for pk in complete}


def _paid_evidence(question: Question, organisation: Organisation) -> Evidence:
    counted, missing = [], []
    owed, received = Decimal(0), Decimal(0)
    charges = _with_day(_charges(question), question)
    for charge in charges.select_related("member").order_by("member_id"):
        owed += charge.amount
        received += charge.paid
        full = charge.paid >= charge.amount
        record = Record(
            text=charge.member.name,
            on=charge.last_paid_on,
            note=f"应缴 {charge.amount:,.2f}，已缴 {charge.paid:,.2f}",
            url=reverse("members:detail", args=[charge.member_id]),
        )
        (counted if full else missing).append(record)
    return Evidence(
        counted,
        missing,
        [("应收", f"¥{owed:,.2f}"), ("已收", f"¥{received:,.2f}")],
    )


DUES_ARE_PAID = register(
    Rule(
        code="dues.paid",
        record="DUE-PAY",
        title="党费按月收缴",
        short="党费",
        headline="收缴 {period}党费",
        asks="按月足额交纳",
        wording="党员应当按月交纳党费。",
        source="关于中国共产党党费收缴、使用和管理的规定（中组发〔2008〕3号）第九条、第十二条",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="应有：本月有应缴党费的党员数；已有：本月实缴合计不少于应缴的人数，部分交纳不算。年度台账导入的款项没有交纳日期，计入它所属的月份。",
        span=Span.MONTH,
        areas=frozenset({"dues", "members"}),
        measure=_measure_paid,
        evidence=_paid_evidence,
        cure=Cure("录入党费", "dues:ledger", actions=(Action.ENTER_DUES,)),
        unit="人",
        from_founding=True,
    )
)
