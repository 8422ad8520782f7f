"""Duties that are coming or late, put there directly, and what was told of them."""

from datetime import date, timedelta

from branches.periods import period_named
from compliance.models import Duty, DutyState, Foreseen, Reminder
from notices.models import Notice, NoticeKind
from tests import factories

DAY = date(2026, 11, 23)  # a Monday
THEME, PLENARY, SECRETARY = (
    "meetings.theme_day",
    "meetings.members_meeting",
    "branches.no_secretary",
)
ADVICE, BY_SUPERIOR = "meetings.talks", "branches.no_instructor"


def switch_on(county) -> None:
    """Somebody was reminded before, so that what is late is told line by line."""
    Reminder.objects.create(
        recipient=county,
        organisation=county,
        rule=THEME,
        occasion="2025-12",
        step="due",
        due_on=date(2025, 12, 31),
        on=date(2025, 12, 31),
        notice=factories.make_notice(county, date(2025, 12, 31)),
    )


def foresee(organisation, rule, period, due_on) -> Foreseen:
    return Foreseen.objects.create(
        organisation=organisation, rule=rule, period=period, due_on=due_on
    )


def owe(organisation, rule, period, due_on, state=DutyState.OVERDUE, **facts) -> Duty:
    span = period_named(period) if period else None
    facts = {"required": 1, "actual": 0, "version": ""} | facts
    return Duty.objects.create(
        organisation=organisation,
        rule=rule,
        period=period,
        starts_on=span and span.starts_on,
        ends_on=span and span.ends_on,
        due_on=due_on,
        state=state,
        **facts,
    )


def told(recipient=None, on=None) -> list[tuple[str, str, str]]:
    """(rule, occasion, step) of what was told since it was switched on, in the order of rows."""
    rows = Reminder.objects.exclude(on=date(2025, 12, 31)).order_by("on", "pk")
    if recipient:
        rows = rows.filter(recipient=recipient)
    if on:
        rows = rows.filter(on=on)
    return list(rows.values_list("rule", "occasion", "step"))


def steps(recipient=None, on=None) -> list[str]:
    return [step for _rule, _occasion, step in told(recipient, on)]


def digest(recipient, on=DAY) -> Notice:
    return Notice.objects.get(organisation=recipient, on=on, kind=NoticeKind.DUE)


def days(first: date, last: date):
    while first <= last:
        yield first
        first += timedelta(days=1)
