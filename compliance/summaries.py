"""Sums over everything below an organisation, stored so that an overview reads a few rows.

Kept right by the differences each reconciliation makes, and rebuilt every night by difference.
"""

import datetime
from collections.abc import Iterable

from django.db.models import Case, Count, FilteredRelation, Sum, When
from django.db.models.functions import Length, Substr

from branches.dated import standing_on
from branches.models import Kind, Placement
from branches.periods import Period
from branches.services import path_keys, path_step
from compliance.judging import period_key
from compliance.models import Duty, DutyState, DutySummary
from compliance.registry import Rule

_STATES = tuple(DutyState.values)
_FIELDS = (*_STATES, "required", "actual")
_NOTHING = (0,) * len(_FIELDS)
Counts = tuple[int, ...]


def counted(duty: Duty | None) -> Counts:
    """What one duty adds to a sum."""
    if duty is None:
        return _NOTHING
    return (*(int(duty.state == state) for state in _STATES), duty.required, duty.actual)


def shift(
    rule: Rule,
    period: Period | None,
    shifts: Iterable[tuple[int, Counts, Counts]],
    *,
    as_of: datetime.date,
) -> None:
    """Apply what changed, (organisation, counts before, counts after), to all sums above."""
    differences = {
        pk: tuple(new - old for old, new in zip(before, after, strict=True))
        for pk, before, after in shifts
        if before != after
    }
    if not differences:
        return
    totals = _summed(_by_place(differences.items(), _tree_day(period, as_of)))
    stored = _stored(rule, period, totals)
    for pk, summary in stored.items():
        totals[pk] = _added(totals[pk], _values(summary))
    _store(rule, period, totals, stored)


def rebuild(rule: Rule, period: Period | None, *, as_of: datetime.date) -> None:
    """Count anew from the duties and write what differs; heals whatever went astray."""
    # Locked before the duties are counted: a change that commits in between would be lost.
    stored = _stored(rule, period)
    day = _tree_day(period, as_of)
    duties = Duty.objects.filter(rule=rule.code, period=period_key(period))
    totals = dict.fromkeys(stored, _NOTHING) | _summed(_counted_by_place(duties, day))
    _store(rule, period, totals, stored)


def _tree_day(period: Period | None, as_of: datetime.date) -> datetime.date:
    """Sums follow the tree of the period's last day, or today's."""
    return min(period.ends_on, as_of) if period else as_of


def _place(path: str) -> Case:
    """The path down to who counts an organisation: a branch those above it, a committee itself
    too."""
    above = Substr(path, 1, Length(path) - len(path_step(0)))
    return Case(When(organisation__kind=Kind.BRANCH, then=above), default=path)


def _counted_by_place(duties, day: datetime.date) -> dict[str, Counts]:
    """The duties added up by place, by the database."""
    placements = "organisation__placements"
    standing = standing_on(day, f"{placements}__starts_on", f"{placements}__ends_on")
    placed = duties.annotate(placement=FilteredRelation(placements, condition=standing))
    below: dict[str | None, Counts] = {}
    for place, known, count, *asked in (
        placed.values_list(_place("placement__path"), "state")
        .annotate(Count("pk"), Sum("required"), Sum("actual"))
        .order_by()
    ):
        counts = (*(count if state == known else 0 for state in _STATES), *asked)
        below[place] = _added(below.get(place, _NOTHING), counts)
    if below.pop(None, None):
        unplaced = placed.filter(placement=None)
        for place, counts in _by_place(
            ((duty.organisation_id, counted(duty)) for duty in unplaced), day
        ).items():
            below[place] = _added(below.get(place, _NOTHING), counts)
    return below


def _by_place(counts: Iterable[tuple[int, Counts]], day: datetime.date) -> dict[str, Counts]:
    """Counts of organisations added up by the place they had on a day."""
    counts = dict(counts)
    standing = Placement.objects.filter(standing_on(day), organisation__in=list(counts))
    places = dict(standing.values_list("organisation_id", _place("path")))
    if unplaced := counts.keys() - places.keys():
        # Older than its first known place, as after a corrected founding day: it stood there.
        first = Placement.objects.filter(organisation__in=unplaced).order_by("-starts_on")
        places |= dict(first.values_list("organisation_id", _place("path")))
    below: dict[str, Counts] = {}
    for pk, values in counts.items():
        place = places.get(pk, "")
        below[place] = _added(below.get(place, _NOTHING), values)
    return below


def _summed(below: dict[str, Counts]) -> dict[int, Counts]:
    """What stands below every organisation. Few places hold many branches: their paths are taken
    apart once."""
    totals: dict[int, Counts] = {}
    for place, values in below.items():
        for ancestor in path_keys(place):
            totals[ancestor] = _added(totals.get(ancestor, _NOTHING), values)
    return totals


def _added(one: Counts, other: Counts) -> Counts:
    return tuple(map(int.__add__, one, other))


def _values(summary: DutySummary) -> Counts:
    return tuple(getattr(summary, field) for field in _FIELDS)


def _stored(rule: Rule, period: Period | None, keys=None) -> dict[int, DutySummary]:
    summaries = DutySummary.objects.filter(rule=rule.code, period=period_key(period))
    if keys is not None:
        summaries = summaries.filter(organisation__in=list(keys))
    return {
        summary.organisation_id: summary
        for summary in summaries.order_by("organisation_id").select_for_update()
    }


def _store(rule, period, totals: dict[int, Counts], stored: dict[int, DutySummary]) -> None:
    created, updated = [], []
    for pk, values in sorted(totals.items()):
        summary = stored.get(pk)
        if summary is None:
            summary = DutySummary(organisation_id=pk, rule=rule.code, period=period_key(period))
            created.append(summary)
        elif _values(summary) == values:
            continue
        else:
            updated.append(summary)
        for field, value in zip(_FIELDS, values, strict=True):
            # A sum that went astray must not stop a verdict; the night rebuilds it.
            setattr(summary, field, max(value, 0))
    DutySummary.objects.bulk_create(created, batch_size=500)
    DutySummary.objects.bulk_update(updated, _FIELDS, batch_size=100)
