"""提名线索: branches that meet a measurable criterion of a weak one. A hint never decides: the county's
standing committee does (rules.md §10). Criteria and limits are county values."""

import datetime
from dataclasses import dataclass, field

from django.db.models import Max
from django.urls import reverse

from branches.links import link
from branches.models import Organisation, Sector
from branches.periods import add_months, add_years
from branches.values import Values
from branches.words import full_date
from compliance.models import Duty, DutyState
from compliance.registry import RULES
from members.enums import Step
from members.models import DevelopmentStep
from members.posts import VACANCY_MONTHS, is_long_vacancy, length_text
from tasks.enums import WeakState
from tasks.models import WeakBranch, WeakSurvey
from tasks.values import (
    WEAK_HINT_MISSED,
    WEAK_HINT_SATISFIED,
    WEAK_HINT_YEARS,
    WEAK_SITUATIONS,
)
from tasks.weak import percent_words, rates

# Duties of organisation life; each period missed counts once.
LIFE_RULES = (
    "meetings.committee",
    "meetings.members_meeting",
    "meetings.lecture",
    "meetings.theme_day",
    "meetings.life_meeting",
    "meetings.appraisal",
)
_NO_SECRETARY = "branches.no_secretary"
# Criterion → the situation it is a sign of, in the words of the default list.
_SIGNS = {
    "secretary": "书记空缺时间较长",
    "life": "组织生活不正常",
    "development": "两年以上没有发展对象",
    "satisfaction": "联系服务群众不够",
}


@dataclass(frozen=True)
class Criterion:
    """One criterion that a branch meets: the number in words, and where it comes from."""

    code: str
    words: str
    url: str = ""
    weight: int = 0


@dataclass
class Hint:
    """A branch with the criteria it meets."""

    branch: Organisation
    criteria: list[Criterion] = field(default_factory=list)

    def propose_url(self, situations: tuple[str, ...]) -> str:
        """The proposal filled in with what was found."""
        known = [_SIGNS[one.code] for one in self.criteria if _SIGNS[one.code] in situations]
        problems = "；".join(one.words for one in self.criteria)
        base = link("tasks:weak_new", branch=self.branch.code, problems=problems)
        # The same name several times, which `link` does not write.
        return base + "".join(f"&situation={one}" for one in known) if base else ""


def hints(branches, today: datetime.date, values: Values) -> list[Hint]:
    """Branches that meet a criterion and are no case yet; most criteria first."""
    standing = branches.filter(dissolved_on__isnull=True).select_related("parent")
    found = {one.pk: Hint(one) for one in standing.order_by("code")}
    cases = WeakBranch.objects.filter(organisation__in=branches).exclude(state=WeakState.ENDED)
    for pk in cases.values_list("organisation_id", flat=True):
        found.pop(pk, None)
    for look in (_vacant, _missed, _no_target, _dissatisfied):
        look(found, branches, today, values)
    return sorted(
        (hint for hint in found.values() if hint.criteria),
        key=lambda hint: (
            -len(hint.criteria),
            -sum(one.weight for one in hint.criteria),
            hint.branch.code,
        ),
    )


def _vacant(found: dict[int, Hint], branches, today, values: Values) -> None:
    """The secretary's post has been vacant for more than so many months."""
    months = values.on(VACANCY_MONTHS, today)
    duties = Duty.objects.filter(
        rule=_NO_SECRETARY, organisation__in=branches, actual__gt=0, open_since__isnull=False
    ).exclude(state=DutyState.EXEMPT)
    for duty in duties:
        hint = found.get(duty.organisation_id)
        if hint is not None and is_long_vacancy(duty.open_since, today, months):
            words = f"书记空缺 {length_text(duty.open_since, today)}，超过 {months} 个月"
            url = reverse("compliance:duty", args=[duty.pk])
            hint.criteria.append(Criterion("secretary", words, url, 1))


def _missed(found: dict[int, Hint], branches, today, values: Values) -> None:
    """Periods of organisation life missed within the last twelve months."""
    least = values.on(WEAK_HINT_MISSED, today)
    missed: dict[int, dict[str, int]] = {}
    rows = Duty.objects.filter(
        rule__in=LIFE_RULES,
        organisation__in=branches,
        state=DutyState.OVERDUE,
        ends_on__gte=add_months(today, -12),
        ends_on__lte=today,
    ).values_list("organisation_id", "rule")
    for pk, rule in rows:
        counts = missed.setdefault(pk, {})
        counts[rule] = counts.get(rule, 0) + 1
    for pk, counts in missed.items():
        total = sum(counts.values())
        if pk in found and total >= least:
            listed = "、".join(
                f"{RULES[rule].short} {counts[rule]} 期" for rule in LIFE_RULES if rule in counts
            )
            words = f"近一年组织生活缺 {total} 期（{listed}）"
            url = link("compliance:list", branch=found[pk].branch.code)
            found[pk].criteria.append(Criterion("life", words, url, total))


def _no_target(found: dict[int, Hint], branches, today, values: Values) -> None:
    """Villages where nobody became a target of development for so many years."""
    years = values.on(WEAK_HINT_YEARS, today)
    since = add_years(today, -years)
    last = dict(
        DevelopmentStep.objects.filter(
            development__organisation__in=branches, step=Step.TARGET, on__lte=today
        )
        .order_by()
        .values_list("development__organisation_id")
        .annotate(last=Max("on"))
    )
    for pk, hint in found.items():
        branch = hint.branch
        if branch.sector != Sector.VILLAGE or (branch.founded_on and branch.founded_on > since):
            continue
        day = last.get(pk)
        if day is None or day <= since:
            said = f"最近一次 {full_date(day)}" if day else "登记里没有"
            url = link("members:developments", branch=branch.code)
            words = f"{years} 年以上没有发展对象（{said}）"
            hint.criteria.append(Criterion("development", words, url, 1))


def _dissatisfied(found: dict[int, Hint], branches, today, values: Values) -> None:
    """The last survey of an earlier case showed too few people satisfied."""
    least = values.on(WEAK_HINT_SATISFIED, today)
    surveys = (
        WeakSurvey.objects.filter(
            weak__organisation__in=branches, withdrawn_on__isnull=True, held_on__lte=today
        )
        .select_related("weak")
        .order_by("held_on", "pk")
    )
    for survey in {one.weak.organisation_id: one for one in surveys}.values():
        hint, rate = found.get(survey.weak.organisation_id), rates(survey).satisfied
        if hint is not None and rate < least:
            words = f"{full_date(survey.held_on)}测评满意度 {percent_words(rate, least)}，低于 {least:f}%"
            url = reverse("tasks:weak_case", args=[survey.weak_id])
            hint.criteria.append(Criterion("satisfaction", words, url, 1))


def criteria_words(today: datetime.date, values: Values) -> list[str]:
    """The criteria as they are said above the list."""
    return [
        f"书记空缺超过 {values.on(VACANCY_MONTHS, today)} 个月",
        f"近一年组织生活缺 {values.on(WEAK_HINT_MISSED, today)} 期以上",
        f"村党支部 {values.on(WEAK_HINT_YEARS, today)} 年以上没有发展对象",
        f"最近一次测评满意度低于 {values.on(WEAK_HINT_SATISFIED, today):f}%",
    ]


def situations_on(today: datetime.date, values: Values) -> tuple[str, ...]:
    """The county's situations of the day."""
    return values.on(WEAK_SITUATIONS, today)
