"""Judging in a test: ask for one duty, look at what was written."""

import datetime

from django.db import connection
from django.test.utils import CaptureQueriesContext

from branches.models import Setting
from branches.periods import Period, period_of
from branches.values import Key, Values
from compliance.judging import horizon_on, period_key
from compliance.models import CheckRun, Duty, DutyEvent, DutySummary
from compliance.registry import RULES
from compliance.services import reconcile

TABLES = tuple(model._meta.db_table for model in (Duty, DutyEvent, DutySummary))


def period_on(code: str, day: datetime.date) -> Period | None:
    """The period of a rule that contains `day`; None for a standing condition."""
    rule = RULES[code]
    return None if rule.is_standing else period_of(rule.span, day)


def duty_of(code, branch, as_of: datetime.date, *, of: datetime.date | None = None) -> Duty | None:
    """The duty as the night of `as_of` stores it, for the period that contains `of`."""
    period = period_on(code, of or as_of)
    reconcile(RULES[code], period, as_of=as_of, values=Values())
    return Duty.objects.filter(rule=code, period=period_key(period), organisation=branch).first()


def verdict(code, branch, as_of: datetime.date, *, of: datetime.date | None = None):
    """(required, actual, state), or None where the rule does not apply."""
    duty = duty_of(code, branch, as_of, of=of)
    return duty and (duty.required, duty.actual, duty.state)


def judge_everything(as_of: datetime.date, organisations=None) -> None:
    """Every rule and every open period, without charges and without a run's row."""
    values = Values()
    for rule in RULES.values():
        for period in horizon_on(as_of, values).periods(rule):
            reconcile(rule, period, as_of=as_of, values=values, organisations=organisations)


def county_value(key: Key, value, starts_on: datetime.date) -> None:
    """A value that the county set from a day on."""
    Setting.objects.create(key=key.name, value=value, starts_on=starts_on)


def stored_duties() -> list[tuple]:
    """Every stored duty as plain values, in a fixed order."""
    return sorted(
        Duty.objects.values_list(
            "rule",
            "period",
            "organisation__code",
            "required",
            "actual",
            "state",
            "due_on",
            "met_on",
            "open_since",
            "version",
        ),
        key=str,
    )


def stored_sums() -> dict[tuple[str, str, str], dict[str, int]]:
    """Every stored sum that is not nothing, by organisation, rule and period."""
    sums = {}
    for summary in DutySummary.objects.select_related("organisation"):
        figures = {
            name: getattr(summary, name)
            for name in ("done", "open", "behind", "overdue", "exempt", "required", "actual")
            if getattr(summary, name)
        }
        if figures:
            sums[summary.organisation.code, summary.rule, summary.period] = figures
    return sums


def forget_everything() -> None:
    """As if nothing had ever been judged."""
    Duty.objects.all().delete()
    DutySummary.objects.all().delete()
    CheckRun.objects.all().delete()


class Writes(CaptureQueriesContext):
    """Collects the statements that change duties, their events or their sums."""

    def __init__(self):
        super().__init__(connection)

    @property
    def statements(self) -> list[str]:
        return [
            query["sql"]
            for query in self.captured_queries
            if query["sql"].split(" ", 1)[0] in ("INSERT", "UPDATE", "DELETE")
            and any(f'"{table}"' in query["sql"] for table in TABLES)
        ]
