"""Weak branches (软弱涣散), read: who sees a case, exact rates, what stands in the way of acceptance,
between which days a branch is being put right."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404

from accounts.roles import Action
from branches.periods import month_end, months_between
from branches.scope import reaches
from branches.values import Values
from tasks.enums import OPEN_STATES, WeakState, WeakStepKind
from tasks.models import WeakBranch, WeakStep, WeakSurvey
from tasks.values import WEAK_AWARE, WEAK_REPORT_DAY, WEAK_SATISFIED, WEAK_SCORE

# States in which the branch is being put right.
IN_WORK = (WeakState.DECIDED, WeakState.WORKING, WeakState.ACCEPTANCE, WeakState.REDO)
# A case that will not come back.
OVER = (WeakState.ENDED,)
# Decimals shown at most, for a rate just beside its threshold.
_MOST_PLACES = 8


# --- Who sees a case ------------------------------------------------------------------------


def open_to(user):
    """Cases the user may see: a branch its own once decided; a proposal only those who oversee."""
    cases = WeakBranch.objects.visible_to(user)
    overseen = WeakBranch.objects.permitting(user, Action.INSPECT)
    return cases.filter(Q(decided_on__isnull=False) | Q(pk__in=overseen.values("pk")))


def get_open(user, pk: int, *actions: str) -> WeakBranch:
    """The case; Http404 out of sight, PermissionDenied when none of `actions` is allowed there."""
    case = open_to(user).select_related("organisation__parent").filter(pk=pk).first()
    if case is None:
        raise Http404
    if actions and not any(reaches(user, action, case.organisation.path) for action in actions):
        raise PermissionDenied
    return case


# --- Surveys --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Thresholds:
    """The county's thresholds of one day, in per cent; `score` None: no points are given."""

    satisfied: Decimal
    aware: Decimal
    score: Decimal | None


def thresholds_on(day: datetime.date, values: Values | None = None) -> Thresholds:
    """What a survey of that day is measured by."""
    values = values or Values()
    score = values.on(WEAK_SCORE, day)
    return Thresholds(values.on(WEAK_SATISFIED, day), values.on(WEAK_AWARE, day), score or None)


@dataclass(frozen=True)
class Rates:
    """Exact rates of a survey in per cent, each out of those asked, and whether each suffices."""

    satisfied: Fraction
    aware: Fraction
    satisfied_passes: bool
    aware_passes: bool
    score_passes: bool

    @property
    def passes(self) -> bool:
        return self.satisfied_passes and self.aware_passes and self.score_passes


def rates(survey: WeakSurvey) -> Rates:
    """The rates by the thresholds stored with the survey; exactly the threshold passes (rules.md §10)."""
    satisfied = Fraction(survey.satisfied * 100, survey.asked)
    aware = Fraction(survey.aware * 100, survey.asked)
    needed = survey.score_needed
    return Rates(
        satisfied,
        aware,
        satisfied >= Fraction(survey.satisfied_needed),
        aware >= Fraction(survey.aware_needed),
        needed is None or (survey.score is not None and survey.score >= needed),
    )


def number_words(number: Decimal) -> str:
    """80, 79.5: without idle zeros."""
    return f"{number.normalize():f}"


def percent_words(rate: Fraction, needed: Decimal) -> str:
    """The rate with one decimal, or as many as keep it on its side of the threshold: 79.99 %
    against 80 is never shown as 80."""
    threshold = Fraction(needed)
    for places in range(1, _MOST_PLACES + 1):
        scale = 10**places
        # Half up.
        shown = Fraction((rate * scale * 2 + 1) // 2, scale)
        if (shown >= threshold) == (rate >= threshold):
            break
    whole = shown.numerator * scale // shown.denominator
    return f"{number_words(Decimal(whole).scaleb(-places))}%"


def shortfalls(survey: WeakSurvey) -> list[str]:
    """What a survey lacks: 满意度 76%，不足 80%; empty when it passes."""
    found, lacking = rates(survey), []
    for name, rate, needed, passes in (
        ("满意度", found.satisfied, survey.satisfied_needed, found.satisfied_passes),
        ("知晓率", found.aware, survey.aware_needed, found.aware_passes),
    ):
        if not passes:
            lacking.append(f"{name} {percent_words(rate, needed)}，不足 {number_words(needed)}%")
    if not found.score_passes:
        needed = number_words(survey.score_needed)
        score = "还没有填" if survey.score is None else f"{number_words(survey.score)} 分"
        lacking.append(
            f"验收得分{score if survey.score is None else f' {score}'}，不足 {needed} 分"
        )
    return lacking


def counting_survey(case: WeakBranch) -> WeakSurvey | None:
    """The survey that decides: the newest standing one, held after the last time it was sent back."""
    surveys = WeakSurvey.objects.filter(weak=case, withdrawn_on__isnull=True)
    redo = WeakStep.objects.filter(weak=case, kind=WeakStepKind.REDO).order_by("on", "pk").last()
    if redo is not None:
        surveys = surveys.filter(held_on__gt=redo.on)
    return surveys.order_by("held_on", "pk").last()


def obstacles(case: WeakBranch) -> list[str]:
    """Why acceptance cannot be asked for or given yet; empty when it can."""
    found = []
    states = list(case.tasks.values_list("state", flat=True))
    if not states:
        found.append("整顿措施还没有列入整改台账")
    if still := sum(state in OPEN_STATES for state in states):
        found.append(f"还有 {still} 项整顿措施没有销号")
    survey = counting_survey(case)
    if survey is None:
        found.append("还没有群众测评")
    else:
        found += shortfalls(survey)
    return found


def refusal_words(found: list[str]) -> str:
    """暂不能销号：满意度 76%，不足 80%."""
    return f"暂不能销号：{'；'.join(found)}" if found else ""


# --- Months ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """From the day a branch began to be put right to the day that ended; None: still."""

    starts_on: datetime.date
    ends_on: datetime.date | None = None


_CLOSING = (WeakStepKind.PASSED, WeakStepKind.ENDED)


def stretches(
    steps: Iterable[tuple[str, datetime.date]], until: datetime.date | None = None
) -> list[Stretch]:
    """The times in work, from the (kind, day) of a case's steps in order, as known on `until`."""
    found: list[Stretch] = []
    for kind, on in steps:
        if until is not None and on > until:
            continue
        running = bool(found) and found[-1].ends_on is None
        if kind in (WeakStepKind.DECIDED, WeakStepKind.REDO) and not running:
            found.append(Stretch(on))
        elif kind in _CLOSING and running:
            found[-1] = Stretch(found[-1].starts_on, on)
    return found


def owes_report(times: list[Stretch], month: datetime.date, last: datetime.date) -> bool:
    """Whether a report is owed for the month that begins on `month`, seen on its day `last`.

    Only whole months are owed: who is decided upon in mid-month reports from the next month on,
    who is accepted in mid-month not for that month.
    """
    return any(
        one.starts_on <= month and (one.ends_on is None or one.ends_on > last) for one in times
    )


def reportable(times: list[Stretch], month: datetime.date) -> bool:
    """Whether a report may be filed for the month: any day of it lies within the work."""
    return any(
        one.starts_on <= month_end(month) and (one.ends_on is None or one.ends_on >= month)
        for one in times
    )


def report_due_on(month: datetime.date, values: Values) -> datetime.date:
    """The day by which the report of a month is due; a day the month lacks is its last."""
    last = month_end(month)
    return last.replace(day=min(values.on(WEAK_REPORT_DAY, last), last.day))


@dataclass(frozen=True)
class Month:
    """A month of the row of reports."""

    month: datetime.date
    due_on: datetime.date
    report: object | None
    owed: bool

    def is_late(self, today: datetime.date) -> bool:
        return self.owed and self.report is None and self.due_on < today


def months_of(case: WeakBranch, today: datetime.date, values: Values) -> list[Month]:
    """Every month in work up to today's, with its report."""
    times = stretches(case.steps.order_by("on", "pk").values_list("kind", "on"))
    if not times:
        return []
    reports = {report.month: report for report in case.reports.all()}
    return [
        Month(
            month,
            report_due_on(month, values),
            reports.get(month),
            owes_report(times, month, min(month_end(month), max(today, month))),
        )
        for month in months_between(times[0].starts_on, today)
        if month in reports or reportable(times, month)
    ]
