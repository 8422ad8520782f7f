from collections import defaultdict
from decimal import Decimal

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

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
from dues.arrears import in_arrears
from dues.models import Charge, Payment
from dues.rates import HALF_A_FEN
from dues.standing import paid_by
from dues.values import ARREARS_MONTHS
from dues.words import month_label


def _charges(question: Question):
    """The month's charges with the sum paid for each, as of the day of judging."""
    paid = (
        Payment.objects.filter(member=OuterRef("member"), month=OuterRef("month"))
        .filter(paid_by(question.as_of))
        .values("member")
    )
    return Charge.objects.filter(
        organisation__in=question.organisations, month=question.starts_on, amount__gt=0
    ).annotate(
        paid=Coalesce(Subquery(paid.annotate(sum=Sum("amount")).values("sum")), Decimal(0)),
        last_paid_on=Subquery(paid.annotate(day=Max("paid_on")).values("day")),
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


def _measure_arrears(question: Question):
    limit = question.value(ARREARS_MONTHS)
    found = defaultdict(list)
    for one in in_arrears(question.organisations, question.as_of, at_least=limit):
        # The condition holds from the last day of the month that filled the measure.
        found[one.organisation_id].append(one.reached_on(limit))
    for pk in question.organisations.values_list("pk", flat=True):
        days = found[pk]
        yield Measured(pk, 0, len(days), since=min(days, default=None))


def _arrears_evidence(question: Question, organisation: Organisation) -> Evidence:
    limit = question.value(ARREARS_MONTHS)
    found = in_arrears([organisation.pk], question.as_of, at_least=limit)
    return Evidence(
        counted=[
            Record(
                text=one.name,
                note=f"{month_label(one.since)}起连续 {len(one.months)} 个月未交，"
                f"共 {one.amount:,.2f} 元",
                url=reverse("members:detail", args=[one.member_id]),
            )
            for one in found
        ],
        facts=[("提示线", f"连续 {limit} 个月")],
    )


_LEDGER = Cure("录入党费", "dues:ledger")

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
        cure=_LEDGER,
        unit="人",
        from_founding=True,
    )
)
NOBODY_IN_ARREARS = register(
    Rule(
        code="dues.arrears",
        record="DUE-6M",
        title="长期未交党费",
        short="欠缴",
        headline="处理长期未交党费",
        asks="无连续 {value} 个月未交",
        wording="党员没有正当理由，连续6个月不交纳党费的，须由支部按程序处理；系统只提示，不改变党籍。",
        source="关于中国共产党党费收缴、使用和管理的规定（中组发〔2008〕3号）第十三条；中国共产党不合格党员组织处置办法（2024）",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="数核对日在册、最近连续 6 个应缴月份都没有交过的党员；一个月从它的最后一天起算，入党前和免缴的月份不算，启用台账以前登记了期初欠缴的月份算；部分交纳也算交过。",
        span=None,
        areas=frozenset({"dues", "members"}),
        measure=_measure_arrears,
        evidence=_arrears_evidence,
        cure=_LEDGER,
        unit="人",
        keys=(ARREARS_MONTHS,),
    )
)
