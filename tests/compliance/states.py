"""What is stored about duties, in a shape in which two states can be compared."""

import datetime

from branches.values import Values
from compliance.judging import judge, question_for
from compliance.models import Duty, Foreseen, Reminder
from compliance.registry import RULES
from dues.models import Charge
from tests.compliance.verdicts import stored_sums

_FACTS = ("required", "actual", "state", "met_on", "version", "waiting", "due_on", "open_since")
_DAYS = 2


def duties(as_of: datetime.date) -> dict[tuple, tuple]:
    """What stands of each duty, by rule, period and organisation.

    Where the facts do not say since when a condition lasts, the day it was first seen depends on
    when it was judged; there the two days are left out.
    """
    unknown = {
        (code, "", verdict.organisation_id)
        for code, rule in RULES.items()
        if rule.is_standing
        for verdict in judge(rule, question_for(rule, None, as_of, Values()))
        if verdict.actual and verdict.since is None
    }
    found = {}
    for row in Duty.objects.values_list("rule", "period", "organisation_id", *_FACTS):
        key, facts = row[:3], row[3:]
        found[key] = facts[:-_DAYS] if key in unknown else facts
    return found


def foreseen() -> dict[tuple, datetime.date]:
    """The due day of everything foreseen, by rule, period and organisation."""
    rows = Foreseen.objects.values_list("rule", "period", "organisation_id", "due_on")
    return {row[:3]: row[3] for row in rows}


def everything(as_of: datetime.date) -> dict[tuple, object]:
    """Duties, sums, the forecast and what is charged, under keys that do not meet."""
    charged = Charge.objects.values_list("member_id", "month", "amount")
    return {
        **{("duty", *key): facts for key, facts in duties(as_of).items()},
        **{("sum", *key): figures for key, figures in stored_sums().items()},
        **{("foreseen", *key): day for key, day in foreseen().items()},
        **{("charge", *row[:2]): row[2] for row in charged},
    }


def told() -> set[tuple]:
    """Every step that a recipient was told: recipient, rule, organisation, occasion, step."""
    return set(
        Reminder.objects.values_list("recipient_id", "rule", "organisation_id", "occasion", "step")
    )


def differing(one: dict, other: dict) -> dict:
    """What the two say differently, with both."""
    return {
        key: (one.get(key), other.get(key))
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key)
    }
