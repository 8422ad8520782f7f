"""长期未交: members who have paid nothing for the county's number of months running."""

from collections import defaultdict

from django.urls import reverse

from accounts.roles import Action
from branches.models import Organisation
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
from dues.values import ARREARS_MONTHS
from dues.words import month_label


def _measure_arrears(question: Question):
    limit = question.value(ARREARS_MONTHS)
    found = defaultdict(list)
    for one in in_arrears(
        question.organisations, question.as_of, at_least=limit, foreseen_on=question.foreseen_on
    ):
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
        how="数核对日在册、最近连续未交的应缴月份达到规定月数（规定为 6 个月，本县可以定得更早）的党员；一个月从它的最后一天起算，入党前和免缴的月份不算，启用台账以前登记了期初欠缴的月份算；部分交纳也算交过。",
        span=None,
        areas=frozenset({"dues", "members"}),
        measure=_measure_arrears,
        evidence=_arrears_evidence,
        cure=Cure("处理欠缴", "dues:arrears", actions=(Action.ENTER_DUES, Action.SUBMIT)),
        unit="人",
        keys=(ARREARS_MONTHS,),
    )
)
