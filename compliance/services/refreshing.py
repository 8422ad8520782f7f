"""During the day: judging again what was touched."""

import datetime
import logging

from django.db import transaction
from django.db.models import F, Min, Q

from branches.models import Changed, Organisation, Placement
from branches.periods import Period
from branches.services import VALUES_AREA
from branches.values import Values
from compliance import forecast, summaries
from compliance.judging import horizon_on
from compliance.models import CheckRun
from compliance.registry import RULES, Rule
from compliance.services.reconciling import AT_ONCE, reconcile

logger = logging.getLogger(__name__)

# Areas whose changes reach forward: who joined in June is on every later roster.
_REACHING_FORWARD = frozenset({"members", "branches", VALUES_AREA})
# Organisations whose notes are consumed in one transaction: a desk that saves meanwhile waits.
_REFRESHED_AT_ONCE = 100


def refresh(*, as_of: datetime.date, organisation: Organisation | None = None) -> int:
    """Judge again what was touched: one organisation's before it is read, or everybody's.

    Returns the number of notes consumed. The notes are deleted in the transaction that judged
    them, so one that is committed meanwhile waits for the next call. An organisation that no
    night of `as_of` or later has seen is judged whole, so that a desk is right in any case.
    """
    if organisation is not None:
        if not CheckRun.objects.filter(day__gte=as_of, finished_at__isnull=False).exists():
            _judge_whole(organisation, as_of)
        return _refresh_some([organisation.pk], as_of, wait=True)
    consumed = 0
    while keys := list(
        Changed.objects.order_by("organisation_id")
        .values_list("organisation_id", flat=True)
        .distinct()[:_REFRESHED_AT_ONCE]
    ):
        some = _refresh_some(keys, as_of, wait=False)
        if not some:
            # Somebody else is judging them.
            break
        consumed += some
    return consumed


def _judge_whole(organisation: Organisation, as_of: datetime.date) -> None:
    """Judge the running and the last period of every rule for one organisation.

    A broken rule is logged and left out: a desk must open in any case.
    """
    values = Values()
    horizon = horizon_on(as_of, values)
    for rule in RULES.values():
        for period in horizon.periods(rule)[-2:]:
            try:
                reconcile(
                    rule,
                    period,
                    as_of=as_of,
                    values=values,
                    organisations=Organisation.objects.filter(pk=organisation.pk),
                )
            except Exception:
                logger.exception("rule %s failed for %s", rule.code, organisation.pk)


def _refresh_some(organisation_ids: list[int], as_of: datetime.date, *, wait: bool) -> int:
    waiting = Changed.objects.filter(organisation__in=organisation_ids).order_by("pk")
    if not waiting.exists():
        return 0
    with transaction.atomic():
        notes = list(waiting.select_for_update(skip_locked=not wait))
        values = Values()
        for (code, period), touched_ids in _touched(notes, as_of, values).items():
            reconcile(
                RULES[code],
                period,
                as_of=as_of,
                values=values,
                organisations=Organisation.objects.filter(pk__in=touched_ids),
            )
        Changed.objects.filter(pk__in=[note.pk for note in notes]).delete()
    if moved_on := _first_move(notes):
        _rebuild_sums(moved_on, as_of, values)
    return len(notes)


def _first_move(notes) -> datetime.date | None:
    """From which day on an organisation of these notes has another place in the tree."""
    noted = [note for note in notes if note.area == "branches"]
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


def _touched(notes, as_of, values) -> dict[tuple[str, Period | None], set[int]]:
    """Which rules and periods the notes concern, with the organisations to judge again."""
    touched: dict[tuple[str, Period | None], set[int]] = {}
    horizon = horizon_on(as_of, values)
    for rule in RULES.values():
        concerned = [note for note in notes if note.area in rule.areas | {VALUES_AREA}]
        if not concerned:
            continue
        for period in horizon.periods(rule):
            organisation_ids = {
                note.organisation_id for note in concerned if _overlaps(note, rule, period, as_of)
            }
            if organisation_ids and rule.from_below:
                organisation_ids = _with_those_above(organisation_ids)
            if organisation_ids:
                touched[rule.code, period] = organisation_ids
    return touched


def _with_those_above(organisation_ids: set[int]) -> set[int]:
    """The organisations and all that stand above them in today's tree."""
    above, found = organisation_ids, set(organisation_ids)
    while above:
        parents = Organisation.objects.filter(pk__in=above, parent__isnull=False)
        above = set(parents.values_list("parent_id", flat=True)) - found
        found |= above
    return found


def _overlaps(note: Changed, rule: Rule, period: Period | None, as_of: datetime.date) -> bool:
    if period is None:
        return True
    to_on = as_of if note.area in _REACHING_FORWARD else note.to_on
    later = rule.counts_later or note.from_on <= period.ends_on
    return later and to_on >= period.starts_on


def refresh_everybody(as_of: datetime.date) -> int:
    """Judge what was touched, and foresee it again; returns the number of notes consumed."""
    touched = list(Changed.objects.values_list("organisation_id", flat=True).distinct())
    consumed = refresh(as_of=as_of)
    for start in range(0, len(touched), AT_ONCE):
        some = Organisation.objects.filter(pk__in=touched[start : start + AT_ONCE])
        forecast.rebuild(as_of, organisations=some)
    return consumed
