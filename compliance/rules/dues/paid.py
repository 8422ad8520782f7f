"""收缴: every member has paid the month in full."""

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


def _charges(question: Question):
    """The month's charges with the sum paid for each, as of the day of judging."""
    paid = (
        Payment.objects.filter(member=OuterRef("member"), month=OuterRef("month"))
        .filter(paid_by(question.as_of))
        .values("member")
    )
    charges = Charge.objects.filter(
        organisation__in=question.organisations, month=question.starts_on, amount__gt=0
    )
    return with_paid(charges, until=question.as_of).annotate(
        last_paid_on=Subquery(paid.annotate(day=Max("paid_on")).values("day"))
    )


def _measure_paid(question: Question):
    rows = (
        _charges(question)
        .values("organisation_id")
        .annotate(
            due=Count("pk"),
            full=Count("pk", filter=Q(paid__gt=F("amount") - HALF_A_FEN)),
            last=Max("last_paid_on"),
        )
        .values_list("organisation_id", "due", "full", "last")
    )
    for pk, due, full, last in rows:
        yield Measured(pk, due, full, met_on=last if full == due else None)


def _paid_evidence(question: Question, organisation: Organisation) -> Evidence:
    counted, missing = [], []
    owed, received = Decimal(0), Decimal(0)
    for charge in _charges(question).select_related("member").order_by("member_id"):
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
