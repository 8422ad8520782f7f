"""党建+ read: which state a branch's year is in, what is missing of 1+3+X, when it is due."""

import calendar
import datetime
from collections import defaultdict
from collections.abc import Iterable

from branches.values import Values
from tasks.enums import PlusPart
from tasks.models import PlusItem, PlusPlan
from tasks.values import PLUS_DAY, PLUS_MONTH

# State → kind of mark and words, in the order of the work.
STATES = {
    "empty": ("todo", "未填写"),
    "draft": ("run", "未公示"),
    "published": ("done", "已公示"),
    "reviewed": ("done", "已述职"),
}


def due_on(year: int, values: Values | None = None) -> datetime.date:
    """The last day on which the plan of the year is shown publicly in time (county value)."""
    values = values or Values()
    first = datetime.date(year, 1, 1)
    month, day = values.on(PLUS_MONTH, first), values.on(PLUS_DAY, first)
    return datetime.date(year, month, min(day, calendar.monthrange(year, month)[1]))


def state_of(plan: PlusPlan | None, items: int) -> str:
    """Key of STATES; `items` is how many stand in the plan."""
    if plan is None or not (items or plan.published_on):
        return "empty"
    if not plan.published_on:
        return "draft"
    return "reviewed" if plan.reviewed_on else "published"


def missing_parts(items: Iterable[PlusItem]) -> list[str]:
    """What is missing of 1+3+X, by label: each part takes at least one item that stands."""
    there = {item.part for item in items if not item.dropped_on}
    return [part.label for part in PlusPart if part not in there]


def plans_of(organisations, year: int) -> dict[int, tuple[PlusPlan, int, int]]:
    """By organisation: the plan of the year, how many items stand, how many are finished; two
    queries whatever the number of organisations."""
    counted: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    rows = PlusItem.objects.filter(
        plan__organisation__in=organisations, plan__year=year, dropped_on__isnull=True
    )
    for plan_id, finished_on in rows.order_by().values_list("plan_id", "finished_on"):
        counted[plan_id][0] += 1
        counted[plan_id][1] += finished_on is not None
    plans = PlusPlan.objects.filter(organisation__in=organisations, year=year)
    return {plan.organisation_id: (plan, *counted[plan.pk]) for plan in plans}


def mark_of(state: str, year_due: datetime.date, today: datetime.date, soon: int):
    """Kind of mark and words for a branch; not yet shown after the day is overdue."""
    kind, words = STATES[state]
    if state in ("empty", "draft"):
        days = (today - year_due).days
        if days > 0:
            return "late", f"{words}，逾期 {days} 天"
        if days >= -soon:
            return "soon", f"{words}，还剩 {-days} 天" if days else f"{words}，今天到期"
    return kind, words


def unpublished(branch, today: datetime.date) -> tuple[datetime.date, str] | None:
    """For the desk: until when this year's 党建+ is to be shown and what is still to do.

    None before the month in which that is due, once it was shown, and for a branch that began no
    plan this year and had none last year: not every county works with 党建+.
    """
    plans = {
        plan.year: plan
        for plan in PlusPlan.objects.filter(
            organisation=branch, year__in=(today.year - 1, today.year)
        )
    }
    plan = plans.get(today.year)
    if not plans or (plan and plan.published_on):
        return None
    due = due_on(today.year)
    if today < due.replace(day=1):
        return None
    begun = plan is not None and plan.items.filter(dropped_on__isnull=True).exists()
    return due, "公示" if begun else "填写项目"
