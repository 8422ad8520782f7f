"""Weak branches (软弱涣散): the plan filed, a report each month, accepted by the deadline.

Facts are dated by the steps and days of the case, so that a past day is judged by what was known.
"""

import datetime
from collections import defaultdict

from django.db.models import Q

from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span
from branches.values import Values
from branches.words import full_date
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
from tasks.enums import WeakState
from tasks.models import WeakBranch, WeakReport, WeakStep
from tasks.values import WEAK_REPORT_DAY
from tasks.weak import Stretch, owes_report, report_due_on, stretches

_AREAS = frozenset({"weak"})
_FILES = (Action.REPORT_TASK, Action.REVIEW_TASK)
_DAY = datetime.timedelta(days=1)


def _not_by(field: str, day: datetime.date) -> Q:
    """Not done by the day, as far as it was known then."""
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gt": day})


def _decided(question: Question):
    """Cases decided by the day and not over by then."""
    return (
        WeakBranch.objects.filter(
            organisation__in=question.organisations, decided_on__lte=question.as_of
        )
        .filter(_not_by("ended_on", question.as_of))
        .select_related("organisation")
    )


def _case_url(case: WeakBranch) -> str:
    return link("tasks:weak_case", case.pk)


def _standing(question: Question, cases, due: str):
    """Each organisation, offending from the day after the deadline on."""
    found = {case.organisation_id: case for case in cases}
    for pk in question.organisations.values_list("pk", flat=True):
        case = found.get(pk)
        since = getattr(case, due) + _DAY if case else None
        waiting = case is not None and due == "due_on" and _is_waiting(case, question)
        yield Measured(pk, 0, int(case is not None), since=since, waiting=waiting)


# --- The plan -------------------------------------------------------------------------------


def _plan_missing(question: Question):
    return _decided(question).filter(
        _not_by("plan_filed_on", question.as_of), plan_due_on__lt=question.as_of
    )


def _measure_plan(question: Question):
    return _standing(question, _plan_missing(question), "plan_due_on")


def _plan_evidence(question: Question, organisation: Organisation) -> Evidence:
    return Evidence(
        counted=[
            Record(
                "“一支一策”整顿方案没有报备",
                on=case.plan_due_on,
                note=f"{full_date(case.decided_on)}认定，应在 {full_date(case.plan_due_on)}前报备",
                url=_case_url(case),
            )
            for case in _plan_missing(question)
        ]
    )


WEAK_PLAN_IS_FILED = register(
    Rule(
        code="tasks.weak_plan",
        record="WEAK-PLAN",
        title="软弱涣散整顿方案报备",
        short="整顿方案",
        headline="报备“一支一策”整顿方案",
        asks="认定后按期报备方案",
        wording="软弱涣散基层党组织按一支一策（一村一策）制定整顿方案，写明问题、措施、责任人和时限，报县委组织部备案。",
        source="县方案（整顿软弱涣散基层党组织；公开的县级做法）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="县委认定时定下方案报备截止。过了这一天还没有报备，计 1；截止当天不算，从次日起算。没有被认定的支部没有这一项。",
        span=None,
        areas=_AREAS,
        measure=_measure_plan,
        evidence=_plan_evidence,
        cure=Cure("报备整顿方案", "tasks:weak", actions=_FILES),
        unit="项",
    )
)


# --- The monthly report ---------------------------------------------------------------------


def _times(question: Question) -> dict[int, list[Stretch]]:
    """When each branch was being put right, by the steps known on the day."""
    steps = (
        WeakStep.objects.filter(
            weak__organisation__in=question.organisations, on__lte=question.as_of
        )
        .order_by("on", "pk")
        .values_list("weak__organisation_id", "weak_id", "kind", "on")
    )
    cases: dict[tuple[int, int], list] = defaultdict(list)
    for pk, weak, kind, on in steps:
        cases[pk, weak].append((kind, on))
    found: dict[int, list[Stretch]] = defaultdict(list)
    for (pk, _weak), one in cases.items():
        found[pk] += stretches(one)
    return found


def _reports(question: Question):
    return WeakReport.objects.filter(
        weak__organisation__in=question.organisations,
        month=question.starts_on,
        reported_on__lte=question.as_of,
    ).select_related("weak__organisation")


def _measure_report(question: Question):
    reported = {one.weak.organisation_id: one.reported_on for one in _reports(question)}
    for pk, times in sorted(_times(question).items()):
        if owes_report(times, question.starts_on, question.ends_on):
            day = reported.get(pk)
            yield Measured(pk, 1, int(day is not None), met_on=day)


def _report_evidence(question: Question, organisation: Organisation) -> Evidence:
    records = [
        Record(f"{question.period.label}整顿月报", on=one.reported_on, url=_case_url(one.weak))
        for one in _reports(question)
    ]
    if records:
        return Evidence(records)
    case = _decided(question).order_by("decided_on").last()
    url = _case_url(case) if case else ""
    return Evidence([], [Record(f"{question.period.label}整顿月报", note="还没有报", url=url)])


def _report_due(period: Period, values: Values) -> datetime.date:
    return report_due_on(period.starts_on, values)


WEAK_BRANCH_REPORTS = register(
    Rule(
        code="tasks.weak_report",
        record="WEAK-REPORT",
        title="软弱涣散整顿月报",
        short="整顿月报",
        headline="报{period}整顿月报",
        asks="每月 {value} 日前报整顿进展",
        wording="整顿期间每月报告进展，逐项销号。",
        source="县方案（整顿软弱涣散基层党组织；公开的县级做法）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="从认定到验收通过，整月都在整顿的月份应有 1 份月报：月中认定的从下个月起报，月中验收通过的当月不要求。报送日期是第一次保存那一天。没有在整顿的支部没有这一项。",
        span=Span.MONTH,
        areas=_AREAS,
        measure=_measure_report,
        evidence=_report_evidence,
        cure=Cure("报整顿月报", "tasks:weak", actions=_FILES),
        unit="份",
        keys=(WEAK_REPORT_DAY,),
        due=_report_due,
    )
)


# --- Acceptance -----------------------------------------------------------------------------


def _not_accepted(question: Question):
    return _decided(question).filter(
        _not_by("passed_on", question.as_of), due_on__lt=question.as_of
    )


def _is_waiting(case: WeakBranch, question: Question) -> bool:
    """Whether acceptance was asked for by the day and the county had not answered by then."""
    answered_later = case.passed_on is not None and case.passed_on > question.as_of
    unanswered = case.state == WeakState.ACCEPTANCE or answered_later
    return unanswered and case.asked_on is not None and case.asked_on <= question.as_of


def _measure_acceptance(question: Question):
    return _standing(question, _not_accepted(question), "due_on")


def _acceptance_evidence(question: Question, organisation: Organisation) -> Evidence:
    return Evidence(
        counted=[
            Record(
                "过了整顿时限还没有验收通过",
                on=case.due_on,
                note="已申请验收，等县级验收"
                if _is_waiting(case, question)
                else f"{full_date(case.decided_on)}认定，还没有申请验收",
                url=_case_url(case),
            )
            for case in _not_accepted(question)
        ]
    )


WEAK_BRANCH_IS_ACCEPTED = register(
    Rule(
        code="tasks.weak_acceptance",
        record="WEAK-PASS",
        title="软弱涣散整顿按期验收",
        short="整顿验收",
        headline="完成软弱涣散整顿",
        asks="整顿时限内验收通过",
        wording="整顿期满进行验收，群众满意度和知晓率各自达到要求为合格；达不到的重新整顿。",
        source="县方案（满意度、知晓率各不低于 80%；各地标准不一）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="过了整顿时限还没有验收通过，计 1；时限当天不算，从次日起算。已申请验收、等县级验收的，轮到上级办理，不算逾期。重新整顿时由县里定新的时限。",
        span=None,
        areas=_AREAS,
        measure=_measure_acceptance,
        evidence=_acceptance_evidence,
        cure=Cure("看整顿情况", "tasks:weak", actions=_FILES),
        unit="项",
    )
)
