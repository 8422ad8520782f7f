"""收缴: every member has paid the month in full."""

from decimal import Decimal

from django.db.models import Count, F, FilteredRelation, Max, Q
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
from dues.models import Charge
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


def _with_payments(question: Question):
    """The charges, each once for every `payment` made for it by the day of judging, or once."""
    of_month = Q(member__payments__month=question.starts_on) & paid_by(
        question.as_of, "member__payments__"
    )
    return (
        _owed(question)
        .annotate(payment=FilteredRelation("member__payments", condition=of_month))
        .order_by()
    )


def _measure_paid(question: Question):
    """Where everybody paid at once, entries are compared with charges; only where somebody paid in
    parts or an entry was reversed they are added up, which takes twice as long."""
    found = list(
        _with_payments(question)
        .values("organisation_id")
        .annotate(
            due=Count("pk", distinct=True),
            rows=Count("pk"),
            full=Count("pk", filter=Q(payment__amount__gt=F("amount") - HALF_A_FEN)),
            last=Max("payment__paid_on"),
        )
        .values_list("organisation_id", "due", "rows", "full", "last")
    )
    added_up = _added_up(question, [pk for pk, due, rows, _full, _last in found if rows > due])
    for pk, due, _rows, full, last in found:
        full = added_up.get(pk, full)
        yield Measured(pk, due, full, met_on=last if full == due else None)


def _added_up(question: Question, organisations: list[int]) -> dict[int, int]:
    """How many charges the sum of what was paid for them covers, by organisation."""
    if not organisations:
        return {}
    charges = _charges(question)
    if len(organisations) <= _NAMED_AT_MOST:
        charges = charges.filter(organisation__in=organisations)
    full = (
        charges.order_by()
        .values("organisation_id")
        .annotate(full=Count("pk", filter=Q(paid__gt=F("amount") - HALF_A_FEN)))
    )
    return dict(full.values_list("organisation_id", "full"))


def _paid_evidence(question: Question, organisation: Organisation) -> Evidence:
    counted, missing = [], []
    owed, received = Decimal(0), Decimal(0)
    of_branch = _with_payments(question).filter(organisation=organisation)
    days = dict(of_branch.values_list("pk").annotate(Max("payment__paid_on")))
    for charge in _charges(question).select_related("member").order_by("member_id"):
        owed += charge.amount
        received += charge.paid
        full = charge.paid >= charge.amount
        record = Record(
            text=charge.member.name,
            on=days.get(charge.pk),
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
