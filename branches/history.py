"""What an organisation was called, what it was and where it stood on a day.

Today's facts stand on the organisation itself; what they were before stands in `EarlierFact`
with the last day on which it held, and in `Placement`.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from branches.dated import standing_on
from branches.models import EarlierFact, Organisation, Placement, shortened

# Plain facts that are kept as they were.
DATED_FACTS = ("name", "kind", "form", "sector")
_FIRST = datetime.date.min


@dataclass(frozen=True, slots=True)
class Facts:
    """An organisation as it was on a day."""

    name: str
    kind: str
    form: str
    sector: str
    parent_id: int | None
    path: str

    @property
    def short_name(self) -> str:
        return shortened(self.name)


def then(field: str, day: datetime.date) -> Coalesce:
    """The value of a plain fact on `day`: what it was until the nearest later change, or today's."""
    earlier = EarlierFact.objects.filter(
        organisation=OuterRef("pk"), field=field, until_on__gte=day
    ).order_by("until_on")
    return Coalesce(Subquery(earlier.values("value")[:1]), F(field))


def as_of(organisations, day: datetime.date):
    """Organisations with `name_then`, `kind_then`, `form_then`, `sector_then`, `parent_then` (a
    key) and `path_then`; what had no place yet on that day stands where it stands today."""
    placement = Placement.objects.filter(standing_on(day), organisation=OuterRef("pk")).order_by(
        F("starts_on").desc(nulls_last=True)
    )
    return organisations.annotate(
        **{f"{field}_then": then(field, day) for field in DATED_FACTS},
        parent_then=Coalesce(
            Subquery(placement.values("parent_id")[:1]),
            F("parent_id"),
            output_field=BigIntegerField(),
        ),
        path_then=Coalesce(Subquery(placement.values("path")[:1]), F("path")),
    )


def were(field: str, values: Iterable[str], day: datetime.date) -> Q:
    """Organisations whose plain fact on `day` was one of `values`.

    Written as two sets rather than a value for each row, so that a database that has no earlier
    facts plans it like a filter on the field itself.
    """
    values = list(values)
    changed = EarlierFact.objects.filter(field=field, until_on__gte=day)
    nearer = EarlierFact.objects.filter(
        organisation=OuterRef("organisation"),
        field=field,
        until_on__gte=day,
        until_on__lt=OuterRef("until_on"),
    )
    fitting = changed.filter(value__in=values).exclude(Exists(nearer))
    unchanged = Q(**{f"{field}__in": values}) & ~Q(pk__in=changed.values("organisation"))
    return unchanged | Q(pk__in=fitting.values("organisation"))


def _keys(organisations: Iterable) -> list[int]:
    return [getattr(one, "pk", one) for one in organisations]


def facts_on(organisations: Iterable, day: datetime.date) -> dict[int, Facts]:
    """What each organisation (keys or rows) was on `day`, by key; one query."""
    fields = (*(f"{field}_then" for field in DATED_FACTS), "parent_then", "path_then")
    rows = as_of(Organisation.objects.filter(pk__in=_keys(organisations)), day)
    return {pk: Facts(*facts) for pk, *facts in rows.order_by().values_list("pk", *fields)}


def names_on(organisations: Iterable, day: datetime.date) -> dict[int, str]:
    """What each organisation (keys or rows) was called on `day`, by key; one query."""
    rows = Organisation.objects.filter(pk__in=_keys(organisations)).order_by()
    return dict(rows.annotate(name_then=then("name", day)).values_list("pk", "name_then"))


def path_on(organisation: Organisation, day: datetime.date) -> str | None:
    """Where the organisation stood in the tree of `day`; None before it stood anywhere."""
    return (
        Placement.objects.filter(standing_on(day), organisation=organisation)
        .order_by(F("starts_on").desc(nulls_last=True))
        .values_list("path", flat=True)
        .first()
    )


def below_on(organisation: Organisation, day: datetime.date):
    """The organisation and everything that stood below it in the tree of `day`.

    Figures of a period that has ended are folded by this, whoever stands there today.
    """
    path = path_on(organisation, day) or organisation.path
    placed = Placement.objects.filter(standing_on(day), path__gte=path, path__lt=path + "~")
    return Organisation.objects.filter(pk__in=placed.values("organisation_id"))


def stood_in_reach(prefixes: Iterable[str], day: datetime.date) -> Q:
    """Organisations that stood on `day` under one of those whose paths of today are given.

    A former superior keeps reading what ended under it: names and figures, no pages.
    """
    prefixes = tuple(prefixes)
    if "" in prefixes:
        return Q()
    reached = Organisation.objects.filter(path__in=prefixes)
    condition = Q(pk__in=[])
    for path in Placement.objects.filter(standing_on(day), organisation__in=reached).values_list(
        "path", flat=True
    ):
        condition |= Q(
            pk__in=Placement.objects.filter(
                standing_on(day), path__gte=path, path__lt=path + "~"
            ).values("organisation_id")
        )
    return condition


# --- The story --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the story of an organisation; `on` is None where the day is not on record."""

    on: datetime.date | None
    words: str


class Names:
    """What some organisations were called, on any day; two queries for all of them."""

    def __init__(self, keys: Iterable[int]):
        keys = list(keys)
        self._now = dict(Organisation.objects.filter(pk__in=keys).values_list("pk", "name"))
        self._earlier = defaultdict(list)
        for pk, until_on, name in (
            EarlierFact.objects.filter(organisation__in=keys, field="name")
            .order_by("until_on")
            .values_list("organisation_id", "until_on", "value")
        ):
            self._earlier[pk].append((until_on, name))

    def on(self, pk: int | None, day: datetime.date) -> str:
        """The short name on `day`; "" for none."""
        for until_on, name in self._earlier[pk]:
            if until_on >= day:
                return shortened(name)
        return shortened(self._now.get(pk, ""))


def story(organisation: Organisation) -> list[Event]:
    """What became of an organisation, oldest first: founded, renamed, moved, merged, dissolved."""
    placements = list(organisation.placements.order_by(F("starts_on").asc(nulls_first=True), "pk"))
    merged = list(organisation.merged.order_by("dissolved_on"))
    names = Names(
        {row.parent_id for row in placements if row.parent_id}
        | {row.pk for row in merged}
        | {organisation.pk, organisation.merged_into_id or organisation.pk}
    )
    events = [*_beginning(organisation, placements, names)]
    events += _changes(organisation)
    events += _moves(placements, names)
    events += [
        Event(row.dissolved_on, f"{names.on(row.pk, row.dissolved_on)}并入") for row in merged
    ]
    if organisation.dissolved_on:
        day = organisation.dissolved_on
        into = names.on(organisation.merged_into_id, day) if organisation.merged_into_id else ""
        events.append(Event(day, f"并入{into}，本组织撤销" if into else "撤销"))
    return sorted(events, key=lambda event: event.on or _FIRST)


def _beginning(organisation, placements, names) -> Iterable[Event]:
    founded_on = organisation.founded_on
    if founded_on is None:
        return
    parent = names.on(placements[0].parent_id, founded_on) if placements else ""
    under = f"，隶属{parent}" if parent else ""
    yield Event(founded_on, f"成立，名称为{names.on(organisation.pk, founded_on)}{under}")


def _changes(organisation) -> Iterable[Event]:
    """Each change of a plain fact, on the day after the last one with the old value."""
    after = {field: getattr(organisation, field) for field in DATED_FACTS}
    for earlier in organisation.earlier_facts.order_by("-until_on", "pk"):
        field = Organisation._meta.get_field(earlier.field)
        words = dict(field.choices or ())
        old, new = earlier.value, after[earlier.field]
        after[earlier.field] = old
        yield Event(
            earlier.until_on + datetime.timedelta(days=1),
            f"{field.verbose_name}由“{words.get(old, old) or '空'}”改为“{words.get(new, new) or '空'}”",
        )


def _moves(placements, names) -> Iterable[Event]:
    for before, row in pairwise(placements):
        if before.parent_id != row.parent_id and row.starts_on:
            old = names.on(before.parent_id, row.starts_on - datetime.timedelta(days=1))
            new = names.on(row.parent_id, row.starts_on)
            yield Event(row.starts_on, f"由{old}划归{new}")
