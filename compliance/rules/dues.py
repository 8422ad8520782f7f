import datetime
from collections import defaultdict
from decimal import Decimal

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

from branches.models import Organisation
from branches.periods import Span, add_months, month_end
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
from dues.values import ARREARS_MONTHS
from members.roster import roster

# SQLite takes about 32,000 values in one query; in a county without payments everybody is read.
_PORTION = 5000


def _paid_by(day: datetime.date) -> Q:
    """Payments made by `day`; those from a yearly sheet have no day and count for their month."""
    return Q(paid_on__isnull=True) | Q(paid_on__lte=day)


def _charges(question: Question):
    """The month's charges with the sum paid for each, as of the day of judging."""
    paid = (
        Payment.objects.filter(member=OuterRef("member"), month=OuterRef("month"))
        .filter(_paid_by(question.as_of))
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


def last_ended_month(day: datetime.date) -> datetime.date:
    """First day of the latest month that counts: a month counts from its last day on."""
    first = day.replace(day=1)
    return first if day == month_end(day) else add_months(first, -1)


def unpaid_run(
    charged: list[datetime.date], paid: set[datetime.date], until: datetime.date
) -> list[datetime.date]:
    """The charged months, newest back, up to the last one for which anything was paid."""
    run = []
    for month in sorted((month for month in charged if month <= until), reverse=True):
        if month in paid:
            break
        run.append(month)
    return run[::-1]


def _members_in_arrears(question: Question) -> dict[int, dict[int, list[datetime.date]]]:
    """By organisation and member: the months unpaid in a row, where they are too many."""
    limit = question.value(ARREARS_MONTHS)
    until = last_ended_month(question.as_of)
    window = (add_months(until, 1 - limit), until)
    standing = Payment.objects.filter(_paid_by(question.as_of), reverses=None, reversed_by=None)
    memberships = roster(question.organisations, question.as_of)
    paid_lately = set(
        standing.filter(month__range=window, member__in=memberships.values("member_id"))
        .values_list("member_id", flat=True)
        .distinct()
    )
    # Few people have paid nothing in the whole window; only their history is read.
    suspects = {
        member_id: organisation_id
        for member_id, organisation_id in memberships.values_list("member_id", "organisation_id")
        if member_id not in paid_lately
    }
    charged, paid = defaultdict(list), defaultdict(set)
    silent = list(suspects)
    for start in range(0, len(silent), _PORTION):
        some = silent[start : start + _PORTION]
        for member_id, month in Charge.objects.filter(
            member__in=some, amount__gt=0, month__lte=until
        ).values_list("member_id", "month"):
            charged[member_id].append(month)
        for member_id, month in standing.filter(member__in=some).values_list("member_id", "month"):
            paid[member_id].add(month)
    arrears = defaultdict(dict)
    for member_id, organisation_id in suspects.items():
        run = unpaid_run(charged[member_id], paid[member_id], until)
        if len(run) >= limit:
            arrears[organisation_id][member_id] = run
    return arrears


def _measure_arrears(question: Question):
    limit = question.value(ARREARS_MONTHS)
    arrears = _members_in_arrears(question)
    for pk in question.organisations.values_list("pk", flat=True):
        runs = arrears.get(pk, {}).values()
        # The condition holds from the last day of the month that filled the measure.
        since = min((month_end(run[limit - 1]) for run in runs), default=None)
        yield Measured(pk, 0, len(runs), since=since)


def _arrears_evidence(question: Question, organisation: Organisation) -> Evidence:
    runs = _members_in_arrears(question).get(organisation.pk, {})
    members = (
        roster([organisation.pk], question.as_of).filter(member__in=runs).select_related("member")
    )
    return Evidence(
        counted=[
            Record(
                text=membership.member.name,
                note=f"{runs[membership.member_id][0]:%Y年%-m月}起连续 "
                f"{len(runs[membership.member_id])} 个月未交",
                url=reverse("members:detail", args=[membership.member_id]),
            )
            for membership in members
        ],
        facts=[("提示线", f"连续 {question.value(ARREARS_MONTHS)} 个月")],
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
        how="数核对日在册、最近连续 6 个应缴月份都没有交过的党员；一个月从它的最后一天起算，入党前和免缴的月份不算。",
        span=None,
        areas=frozenset({"dues", "members"}),
        measure=_measure_arrears,
        evidence=_arrears_evidence,
        cure=_LEDGER,
        unit="人",
        keys=(ARREARS_MONTHS,),
    )
)
