"""What a county value would change: judged twice, with it and without it, and nothing stored."""

import datetime
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from branches.models import Organisation
from branches.periods import Period
from branches.values import Key, Values
from compliance.judging import Verdict, horizon_on, judge, question_for
from compliance.models import DutyState
from compliance.registry import RULES, Rule

# How a state looks: the colour of the light.
RED, AMBER, QUIET = "late", "soon", "done"
_LIGHTS = {DutyState.OVERDUE: RED, DutyState.BEHIND: AMBER}


@dataclass
class Effect:
    """One rule and period: how many branches would turn which way; who would turn red."""

    rule: Rule
    period: Period | None
    judged: int = 0
    turns: Counter = field(default_factory=Counter)
    reds: list[int] = field(default_factory=list)
    # Duties that would come into being, and that would no longer be owed.
    new: int = 0
    gone: int = 0

    @property
    def changes(self) -> bool:
        return bool(self.turns or self.new or self.gone)


def concerned(key: Key) -> list[Rule]:
    """The rules that read a county value."""
    return [rule for rule in RULES.values() if key in rule.keys or key == rule.strict_key]


def effects(key: Key, value: Any, starts_on: datetime.date, today: datetime.date) -> list[Effect]:
    """What would change today, by rule and period, the newest period first.

    `value` is as the key stores it. A value that begins later is tried on today's facts.
    """
    values = Values()
    from_on = min(starts_on, today)
    supposed = values.supposing(key, value, from_on)
    found = []
    for rule in concerned(key):
        for period in reversed(horizon_on(today, supposed).periods(rule)):
            last = min(period.ends_on, today) if period else today
            if last >= from_on:
                found.append(_effect(rule, period, today, values, supposed))
    return found


def _effect(rule: Rule, period: Period | None, today, values: Values, supposed: Values) -> Effect:
    before = _judged(rule, period, today, values)
    after = _judged(rule, period, today, supposed)
    effect = Effect(rule, period, judged=len(after))
    effect.new, effect.gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    for pk, verdict in after.items():
        was, becomes = _light(before.get(pk)), _light(verdict)
        if was != becomes:
            effect.turns[becomes] += 1
            if becomes == RED:
                effect.reds.append(pk)
    return effect


def _judged(rule: Rule, period: Period | None, today, values: Values) -> dict[int, Verdict]:
    return {
        verdict.organisation_id: verdict
        for verdict in judge(rule, question_for(rule, period, today, values))
    }


def _light(verdict: Verdict | None) -> str:
    return _LIGHTS.get(verdict.state, QUIET) if verdict else QUIET


def named(effects: list[Effect]) -> dict[int, Organisation]:
    """The organisations that would turn red, by key."""
    return Organisation.objects.in_bulk({pk for effect in effects for pk in effect.reds})
