"""What county values would change: judged twice, with them and without, and nothing stored."""

import datetime
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from branches.models import Organisation
from branches.periods import Period
from branches.values import Key, Values
from compliance.judging import Verdict, horizon_on, judge, question_for
from compliance.models import DutyState
from compliance.registry import Rule, concerned
from compliance.scopes import members

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


def effects(
    changes: dict[Key, Any], starts_on: datetime.date, today: datetime.date, scope: str = ""
) -> list[Effect]:
    """What new values would change today, by rule and period, the newest period first.

    Each value is as its key stores it; in a scope None ends the departure. A value that begins
    later is tried on today's facts. Only those who stand in the scope are judged.
    """
    values = Values()
    from_on, supposed = min(starts_on, today), values
    for key, value in changes.items():
        supposed = supposed.supposing(key, value, from_on, scope)
    found = []
    for rule in concerned(*changes):
        for period in reversed(horizon_on(today, supposed).periods(rule)):
            last = min(period.ends_on, today) if period else today
            if last >= from_on:
                some = Organisation.objects.filter(members(scope, last)) if scope else None
                found.append(_effect(rule, period, today, values, supposed, some))
    return found


def _effect(
    rule: Rule, period: Period | None, today, values: Values, supposed: Values, some
) -> Effect:
    before = _judged(rule, period, today, values, some)
    after = _judged(rule, period, today, supposed, some)
    effect = Effect(rule, period, judged=len(after))
    effect.new, effect.gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    for pk, verdict in after.items():
        was, becomes = _light(before.get(pk)), _light(verdict)
        if was != becomes:
            effect.turns[becomes] += 1
            if becomes == RED:
                effect.reds.append(pk)
    return effect


def _judged(
    rule: Rule, period: Period | None, today, values: Values, some=None
) -> dict[int, Verdict]:
    return {
        verdict.organisation_id: verdict
        for verdict in judge(rule, question_for(rule, period, today, values, some))
    }


@dataclass
class Trial:
    """One rule under several sets of values, the first being those in force: how many duties are
    red under each, and who."""

    rule: Rule
    reds: list[int] = field(default_factory=list)
    who: list[set[int]] = field(default_factory=list)


def trials(sets: list[dict[Key, Any]], from_on: datetime.date, today: datetime.date) -> list[Trial]:
    """Every rule that a set concerns, judged today under the values in force and under each set, as
    if that had held for the county since `from_on`; nothing is stored.

    What departs in a sector or a campaign stays as it is, as it would if a set were adopted.
    """
    values = Values()
    ways = [values]
    for changes in sets:
        supposed = values
        for key, value in changes.items():
            supposed = supposed.supposing(key, value, from_on, for_good=True)
        ways.append(supposed)
    keys = {key for changes in sets for key in changes}
    return [_trial(rule, ways, from_on, today) for rule in concerned(*keys)]


def _trial(rule: Rule, ways: list[Values], from_on, today) -> Trial:
    trial = Trial(rule, [0] * len(ways), [set() for _way in ways])
    for period in horizon_on(today, ways[0]).periods(rule):
        if period and min(period.ends_on, today) < from_on:
            continue
        known: dict[tuple, set[int]] = {}
        for number, values in enumerate(ways):
            # Sets that agree about everything the rule reads are judged once.
            sign = _sign(rule, period, today, values)
            if sign not in known:
                known[sign] = {
                    pk
                    for pk, verdict in _judged(rule, period, today, values).items()
                    if _light(verdict) == RED
                }
            trial.reds[number] += len(known[sign])
            trial.who[number] |= known[sign]
    return trial


def _sign(rule: Rule, period: Period | None, today: datetime.date, values: Values) -> tuple:
    """What the rule's values are on the days that a verdict of the period looks at."""
    days = (
        {today, period.starts_on, min(period.ends_on, today), period.ends_on} if period else {today}
    )
    return tuple(values.on(key, day) for key in rule.all_keys for day in sorted(days))


def _light(verdict: Verdict | None) -> str:
    return _LIGHTS.get(verdict.state, QUIET) if verdict else QUIET


def named(effects: list[Effect]) -> dict[int, Organisation]:
    """The organisations that would turn red, by key."""
    return Organisation.objects.in_bulk({pk for effect in effects for pk in effect.reds})
