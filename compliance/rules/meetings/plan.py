"""年度计划: filed with the superior in time."""

import calendar
import datetime

from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span
from branches.values import Values
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
from meetings.models import YearPlan
from meetings.values import PLAN_MONTH


def _filed(question: Question):
    """Plans of the year that were filed by the day of judging."""
    return YearPlan.objects.filter(
        year=question.starts_on.year,
        filed_on__lte=question.as_of,
        organisation__in=question.organisations,
    )


def _measure_plan(question: Question):
    filed = dict(_filed(question).values_list("organisation_id", "filed_on"))
    for pk in question.organisations.values_list("pk", flat=True):
        yield Measured(pk, 1, int(pk in filed), met_on=filed.get(pk))


def _plan_evidence(question: Question, organisation: Organisation) -> Evidence:
    year = question.starts_on.year
    url = link("meetings:plan", branch=organisation.code, year=year)
    plan = YearPlan.objects.filter(organisation=organisation, year=year).first()
    filed = plan is not None and plan.filed_on is not None and plan.filed_on <= question.as_of
    lines = plan.items.standing().count() if plan else 0
    record = Record(
        text=f"{year}年三会一课计划",
        on=plan.filed_on if filed else None,
        note="已报备" if filed else "没有报备" if lines else "没有制定",
        url=url,
    )
    facts = [("已安排", f"{lines} 次")]
    return Evidence([record], facts=facts) if filed else Evidence([], [record], facts)


def _due(period: Period, values: Values) -> datetime.date:
    """The last day of the county's month, as the value stood on 1 January."""
    month = values.on(PLAN_MONTH, period.starts_on)
    last = calendar.monthrange(period.starts_on.year, month)[1]
    return period.starts_on.replace(month=month, day=last)


PLAN_IS_FILED = register(
    Rule(
        code="meetings.plan",
        record="MTG-PLAN",
        title="年度计划报备",
        short="计划",
        headline="报备 {period}三会一课计划",
        asks="{value}月底前报备",
        wording="党支部年初制定“三会一课”年度计划，向上级党组织报备（期限由本县规定）。",
        source="县方案（年度安排：议题、授课人、时间、内容、形式）；全国性规定未见报备计划的要求和期限",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="当年计划已经报备的计 1，报备以后的调整不影响。只看有没有报备，计划本身不算召开。年中成立的支部当年不核对。截止月份按 1 月 1 日的本县数值。",
        span=Span.YEAR,
        areas=frozenset({"meetings"}),
        measure=_measure_plan,
        evidence=_plan_evidence,
        cure=Cure("报备计划", "meetings:plan", actions=(Action.RECORD_BRANCH_MEETING,)),
        unit="份",
        keys=(PLAN_MONTH,),
        due=_due,
    )
)
