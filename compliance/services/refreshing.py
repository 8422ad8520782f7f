"""During the day: judging again what was touched."""

import datetime
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from branches.bulk import batched
from branches.models import Changed, Organisation, Placement
from branches.periods import Period
from branches.services import VALUES_AREA, path_keys
from branches.services.areas import AREA as BRANCHES_AREA
from branches.values import Values
from compliance import forecast, scopes, summaries
from compliance.isolating import apart
from compliance.judging import horizon_on, period_key
from compliance.models import CheckRun
from compliance.registry import RULES, Rule
from compliance.services.reconciling import (
    AT_ONCE,
    Asked,
    lock,
    reconcile,
    reconcile_together,
)
from jobs.pulses import words_of

logger = logging.getLogger(__name__)

# Areas whose changes reach forward: who joined in June is on every later roster.
_REACHING_FORWARD = frozenset({"members", BRANCHES_AREA, VALUES_AREA})
# Areas that concern every rule: county values, and whether there is such an organisation at all.
_EVERY_RULE = frozenset({VALUES_AREA, BRANCHES_AREA})
# Organisations whose notes are consumed in one transaction: a desk that saves meanwhile waits.
_REFRESHED_AT_ONCE = 100
# How long a note is tried again that could not be judged; later the nights see to it.
_TRIED_FOR = datetime.timedelta(hours=1)


@dataclass
class Refreshed:
    """What a refresh did: notes consumed, organisations touched by the code of the rules concerned,
    and faults in words; `left` are organisations whose notes wait for the next time."""

    notes: int = 0
    touched: dict[str, set[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    left: set[int] = field(default_factory=set)


def refresh(*, as_of: datetime.date, organisation: Organisation | None = None) -> int:
    """Judge again what was touched: one organisation's before it is read, or everybody's.

    Returns the number of notes consumed. The notes are deleted in the transaction that judged
    them, so one that is committed meanwhile waits for the next call. An organisation that no
    night of `as_of` or later has seen is judged whole, so that a desk is right in any case.
    A rule that is broken for an organisation is logged and leaves its duties and notes as they are.
    """
    if organisation is None:
        return _refresh_all(as_of).notes
    if not CheckRun.objects.filter(day__gte=as_of, finished_at__isnull=False).exists():
        _judge_whole(organisation, as_of)
    done = Refreshed()
    _refresh_some([organisation.pk], as_of, done, wait=True)
    return done.notes


def refresh_next(*, as_of: datetime.date) -> int:
    """Judge the first hundred organisations that wait, no more: somebody is waiting for a page
    while the worker is silent. Returns the number of notes consumed."""
    return _refresh_all(as_of, at_most=1).notes


def refresh_everybody(as_of: datetime.date) -> Refreshed:
    """Judge what was touched, and foresee again what rests on it."""
    done, values = _refresh_all(as_of), Values()
    for code, touched in done.touched.items():
        for keys in batched(sorted(touched), AT_ONCE):
            some = Organisation.objects.filter(pk__in=keys)
            _foresee(RULES[code], as_of, values, some, done)
    return done


def _foresee(rule: Rule, as_of: datetime.date, values: Values, organisations, done) -> None:
    what = f"{rule.title}的预报"
    try:
        outcome = apart(
            lambda some: forecast.rebuild_rule(rule, as_of, values, some), organisations
        )
    except Exception as fault:
        logger.exception("forecast of %s failed", rule.code)
        done.faults.append(f"{what}：{words_of(fault)}")
    else:
        if outcome.broken:
            done.faults.append(f"{what}：{outcome.words()}")


def _refresh_all(as_of: datetime.date, *, at_most: int | None = None) -> Refreshed:
    """Everybody's notes, some organisations at a time; `at_most` so many times."""
    done, times = Refreshed(), 0
    while times != at_most and (keys := _waiting(done.left)):
        if not _refresh_some(keys, as_of, done, wait=False):
            # Somebody else is judging them.
            break
        times += 1
    return done


def _waiting(left: set[int]) -> list[int]:
    """The next organisations with notes, without those left for another time."""
    notes = Changed.objects.exclude(organisation__in=left).order_by("organisation_id")
    return list(notes.values_list("organisation_id", flat=True).distinct()[:_REFRESHED_AT_ONCE])


def _judge_whole(organisation: Organisation, as_of: datetime.date) -> None:
    """Judge the running and the last period of every rule for one organisation.

    A broken rule is logged and left out: a desk must open in any case.
    """
    values = Values()
    horizon = horizon_on(as_of, values)
    asked = [
        Asked(rule, period, {organisation.pk})
        for rule in RULES.values()
        for period in horizon.periods(rule)[-2:]
    ]
    try:
        reconcile_together(asked, as_of=as_of, values=values)
    except Exception:
        logger.info("judged one by one", exc_info=True)
        for one in asked:
            _judge_alone(one, as_of, values)


def _judge_alone(asked: Asked, as_of: datetime.date, values: Values) -> None:
    organisations = Organisation.objects.filter(pk__in=asked.organisation_ids)
    try:
        reconcile(asked.rule, asked.period, as_of=as_of, values=values, organisations=organisations)
    except Exception:
        logger.exception("rule %s failed for %s", asked.rule.code, asked.organisation_ids)


def _refresh_some(
    organisation_ids: list[int], as_of: datetime.date, done: Refreshed, *, wait: bool
) -> bool:
    """Judge what the notes of these organisations concern; whether there were any to be had."""
    waiting = Changed.objects.filter(organisation__in=organisation_ids).order_by("pk")
    if not waiting.exists():
        return False
    with transaction.atomic():
        notes = list(waiting.select_for_update(skip_locked=not wait))
        values = Values()
        asked = list(_asked(notes, as_of, values, done))
        broken = _judge_together(asked, as_of, values, done)
        given_up = timezone.now() - _TRIED_FOR
        judged = [
            note.pk for note in notes if note.organisation_id not in broken or note.at < given_up
        ]
        Changed.objects.filter(pk__in=judged).delete()
    done.notes += len(judged)
    done.left |= broken
    if moved_on := _first_move(notes):
        _rebuild_sums(moved_on, as_of, values)
    return bool(notes)


def _asked(notes, as_of: datetime.date, values: Values, done: Refreshed) -> Iterator[Asked]:
    """What the notes ask to be judged, in the order of the rules."""
    horizon = horizon_on(as_of, values)
    for rule, concerned in _concerned(notes, values):
        # Whatever its days, a note may move what is foreseen.
        done.touched.setdefault(rule.code, set()).update(_reached(rule, concerned))
        for period in horizon.periods(rule):
            near = [note for note in concerned if _overlaps(note, rule, period, as_of)]
            if touched := _reached(rule, near):
                yield Asked(rule, period, touched)


def _judge_together(asked: list[Asked], as_of, values: Values, done: Refreshed) -> set[int]:
    """Judge them all at once; where that raises, each by itself, so that what is broken stops
    nothing else. Returns the organisations for which a rule is broken."""
    try:
        reconcile_together(asked, as_of=as_of, values=values)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.info("judged one by one", exc_info=True)
        # Duties before sums, as everybody does.
        lock(asked)
        return set().union(*(_judge_apart(one, as_of, values, done) for one in asked))
    return set()


def _judge_apart(asked: Asked, as_of, values: Values, done: Refreshed) -> set[int]:
    """Judge a rule for a period; returns the organisations for which it is broken."""
    rule, period, organisation_ids = asked.rule, asked.period, asked.organisation_ids

    def act(organisations):
        return reconcile(rule, period, as_of=as_of, values=values, organisations=organisations)

    what = f"{rule.title} {period_key(period)}".strip()
    try:
        outcome = apart(act, Organisation.objects.filter(pk__in=organisation_ids))
    except (OperationalError, InterfaceError):
        raise
    except Exception as fault:
        logger.exception("rule %s failed for %s", rule.code, period)
        done.faults.append(f"{what}：{words_of(fault)}")
        return organisation_ids
    if outcome.broken:
        done.faults.append(f"{what}：{outcome.words()}")
    return set(outcome.broken)


def _first_move(notes) -> datetime.date | None:
    """From which day on an organisation of these notes has another place in the tree."""
    noted = [note for note in notes if note.area == BRANCHES_AREA]
    if not noted:
        return None
    return (
        Placement.objects.filter(
            organisation__in={note.organisation_id for note in noted},
            starts_on__gte=min(note.from_on for note in noted),
        )
        .filter(
            Q(organisation__founded_on__isnull=True)
            | Q(organisation__founded_on__lt=F("starts_on"))
        )
        .aggregate(first=Min("starts_on"))["first"]
    )


def _rebuild_sums(moved_on: datetime.date, as_of: datetime.date, values: Values) -> None:
    """A move changes no verdict, so nothing shifts, but what stood under one counts under another.

    Each sum in a transaction of its own: who held all of them could block another refresh for good.
    """
    horizon = horizon_on(as_of, values)
    for rule in RULES.values():
        for period in horizon.periods(rule):
            if period is None or period.ends_on >= moved_on:
                with transaction.atomic():
                    summaries.rebuild(rule, period, as_of=as_of)


def _concerned(notes, values: Values) -> Iterator[tuple[Rule, list[Changed]]]:
    """The rules that the notes concern, with those that do."""
    for rule in RULES.values():
        areas = rule.areas | scopes.areas(rule, values) | _EVERY_RULE
        if some := [note for note in notes if note.area in areas]:
            yield rule, some


def _reached(rule: Rule, notes: list[Changed]) -> set[int]:
    """The organisations whose duty of that rule the notes may move."""
    found = {note.organisation_id for note in notes}
    return _with_those_above(found) if found and rule.from_below else found


def _with_those_above(organisation_ids: set[int]) -> set[int]:
    """The organisations and all that stand above them in today's tree."""
    paths = Organisation.objects.filter(pk__in=organisation_ids).values_list("path", flat=True)
    return organisation_ids.union(*map(path_keys, paths))


def _overlaps(note: Changed, rule: Rule, period: Period | None, as_of: datetime.date) -> bool:
    if period is None:
        return True
    to_on = as_of if note.area in _REACHING_FORWARD else note.to_on
    later = rule.counts_later or note.from_on <= period.ends_on
    return later and to_on >= period.starts_on
