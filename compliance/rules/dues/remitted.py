"""上缴: the dues of a quarter sent up, and confirmed there."""

from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.money import SumOfMoney
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
from dues.enums import GONE_UP, RemittanceState
from dues.models import Charge, Payment, Remittance
from dues.remitting import QuarterSheet, due_on
from dues.values import REMIT_DAY
from dues.words import money


def _with_dues(question: Question) -> set[int]:
    """Branches with anything charged or paid for a month of the period."""
    mine = {
        "organisation__in": question.organisations,
        "month__range": (question.starts_on, question.ends_on),
    }
    charged = Charge.objects.filter(**mine, amount__gt=0).order_by()
    paid = Payment.objects.filter(**mine).order_by().values("organisation_id")
    return set(charged.values_list("organisation_id", flat=True).distinct()) | {
        pk
        for pk, total in paid.annotate(total=SumOfMoney("amount")).values_list(
            "organisation_id", "total"
        )
        if total
    }


def _remittances(question: Question):
    return Remittance.objects.filter(
        organisation__in=question.organisations,
        quarter=question.period.starts_on,
        state__in=GONE_UP,
        remitted_on__lte=question.as_of,
    )


def _is_confirmed(remittance: Remittance, question: Question) -> bool:
    return remittance.state == RemittanceState.CONFIRMED and remittance.decided_on <= question.as_of


def _measure_remitted(question: Question):
    remittances = {one.organisation_id: one for one in _remittances(question)}
    for pk in sorted(_with_dues(question)):
        remittance = remittances.get(pk)
        confirmed = remittance is not None and _is_confirmed(remittance, question)
        yield Measured(
            pk,
            1,
            int(confirmed),
            met_on=remittance.remitted_on if confirmed else None,
            waiting=remittance is not None and not confirmed,
        )


def _remitted_evidence(question: Question, organisation: Organisation) -> Evidence:
    quarter = question.period
    statement = QuarterSheet(organisation, quarter, question.as_of)
    remittance = _remittances(question).first()
    url = link("dues:remittance", branch=organisation.code, period=str(quarter))
    facts = [
        ("应缴", f"¥{money(statement.charged)}"),
        ("应上缴", f"¥{money(statement.computed)}"),
    ]
    if remittance is None:
        stored = statement.remittance
        returned = stored is not None and stored.state == RemittanceState.RETURNED
        note = f"已退回：{stored.opinion}" if returned else "还没有上缴"
        return Evidence([], [Record(f"{quarter.label}党费上缴", note=note, url=url)], facts)
    confirmed = _is_confirmed(remittance, question)
    facts.append(("已上缴", f"¥{money(remittance.amount)}"))
    record = Record(
        f"{quarter.label}党费上缴 ¥{money(remittance.amount)}",
        on=remittance.remitted_on,
        note="上级已确认" if confirmed else "等上级确认",
        url=url,
    )
    return Evidence([record], [], facts) if confirmed else Evidence([], [record], facts)


_REMIT = Cure("登记上缴", "dues:remittance", actions=(Action.SUBMIT, Action.ENTER_DUES))

DUES_ARE_REMITTED = register(
    Rule(
        code="dues.remitted",
        record="DUE-REMIT",
        title="党费按季上缴",
        short="上缴",
        headline="登记{period}党费上缴",
        asks="次月 {value} 日前上缴，上级确认",
        wording="支部按季度及时向上级党组织上缴党费；具体日期由本县规定。",
        source="本县方案（各地做法不一：有的每季度最后一个月 10 日前，有的半年一次）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="应有 1 笔，上级确认后算已有，完成日期是上缴那一天。已报送、等上级确认的，轮到上级办理，"
        "过了时限也不算支部逾期；被退回的算没有上缴。这个季度没有应缴也没有实缴的支部不要求。",
        span=Span.QUARTER,
        areas=frozenset({"dues"}),
        measure=_measure_remitted,
        evidence=_remitted_evidence,
        cure=_REMIT,
        unit="笔",
        keys=(REMIT_DAY,),
        due=due_on,
        shown_when_over=True,
        from_founding=True,
    )
)
