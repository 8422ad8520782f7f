"""How far a campaign is: by block (板块), phase (阶段) and unit (单位). Reads only.

Six queries, whatever the number of units: tasks are counted in the database.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Min, Q

from branches.models import Organisation
from tasks.enums import OPEN_STATES, TaskState
from tasks.models import Block, Campaign, Measure, Phase, Task


@dataclass
class Tally:
    """Tasks of one part of a campaign; cancelled ones count nowhere.

    `due`: how many should be done by now, those whose deadline has passed.
    """

    total: int = 0
    done: int = 0
    overdue: int = 0
    due: int = 0

    def add(self, other: "Tally") -> None:
        self.total += other.total
        self.done += other.done
        self.overdue += other.overdue
        self.due += other.due

    @property
    def open(self) -> int:
        return self.total - self.done

    @property
    def percent(self) -> Decimal | None:
        """Done out of all, one place, rounded half up; None of nothing."""
        return _percent(self.done, self.total)

    @property
    def pace(self) -> Decimal | None:
        """What should be done by now out of all, by the deadlines."""
        return _percent(self.due, self.total)

    @property
    def is_behind(self) -> bool:
        return self.overdue > 0


def _percent(part: int, whole: int) -> Decimal | None:
    if not whole:
        return None
    return (Decimal(100) * part / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass
class Progress:
    """A campaign's tasks counted; `phases` ends with None where measures have no phase.

    `units` are worst first: most overdue, then the smallest share done.
    """

    total: Tally = field(default_factory=Tally)
    blocks: list[tuple[Block, Tally]] = field(default_factory=list)
    phases: list[tuple[Phase | None, Tally]] = field(default_factory=list)
    units: list[tuple[Organisation, Tally]] = field(default_factory=list)
    measures: list[tuple[Measure, Tally]] = field(default_factory=list)


def counts(today: datetime.date) -> dict[str, Count]:
    """The aggregates that make a `Tally`."""
    standing = ~Q(state=TaskState.CANCELLED)
    return {
        "total": Count("pk", filter=standing),
        "done": Count("pk", filter=Q(state=TaskState.CLOSED)),
        "overdue": Count("pk", filter=Q(state__in=OPEN_STATES, due_on__lt=today)),
        "due": Count("pk", filter=standing & Q(due_on__lt=today)),
    }


def progress(campaign: Campaign, today: datetime.date, *, tasks=None) -> Progress:
    """Done, open and overdue of a campaign's tasks; `tasks` narrows them to those in sight."""
    tasks = (Task.objects.all() if tasks is None else tasks).filter(measure__campaign=campaign)
    found = Progress()
    blocks = {block.pk: (block, Tally()) for block in campaign.blocks.all()}
    phases = {phase.pk: (phase, Tally()) for phase in campaign.phases.all()}
    tallies = _tallies(tasks, "measure_id", today)
    for measure in campaign.measures.select_related("block", "phase"):
        tally = tallies.get(measure.pk, Tally())
        found.measures.append((measure, tally))
        found.total.add(tally)
        blocks[measure.block_id][1].add(tally)
        phases.setdefault(measure.phase_id, (None, Tally()))[1].add(tally)
    found.blocks, found.phases = list(blocks.values()), list(phases.values())
    found.units = _units(tasks, today)
    return found


def by_measure(measures, today: datetime.date) -> dict[int, Tally]:
    """The tasks of each measure of a queryset counted; those without any are left out."""
    rows = Task.objects.filter(measure__in=measures.order_by().values("pk"))
    return _tallies(rows, "measure_id", today)


def _tallies(tasks, key: str, today: datetime.date) -> dict[int, Tally]:
    rows = tasks.order_by().values(key).annotate(**counts(today))
    return {row.pop(key): Tally(**row) for row in rows}


def _units(tasks, today: datetime.date) -> list[tuple[Organisation, Tally]]:
    by_unit = _tallies(tasks, "organisation_id", today)
    named = Organisation.objects.filter(pk__in=tasks.order_by().values("organisation"))
    units = [(unit, by_unit[unit.pk]) for unit in named.select_related("parent")]
    return sorted(
        (row for row in units if row[1].total),
        key=lambda row: (-row[1].overdue, row[1].percent, row[0].path),
    )


def summaries(
    campaigns: Iterable[Campaign], today: datetime.date, *, tasks=None
) -> dict[int, tuple[Tally, datetime.date | None]]:
    """For a list of campaigns: how far each is, and the next deadline that is not met; one query."""
    tasks = Task.objects.all() if tasks is None else tasks
    rows = (
        tasks.filter(measure__campaign__in=[campaign.pk for campaign in campaigns])
        .order_by()
        .values("measure__campaign")
        .annotate(next=Min("due_on", filter=Q(state__in=OPEN_STATES)), **counts(today))
    )
    return {row.pop("measure__campaign"): _summary(row) for row in rows}


def _summary(row: dict) -> tuple[Tally, datetime.date | None]:
    following = row.pop("next")
    return Tally(**row), following


def phase_now(phases: Iterable[Phase], today: datetime.date) -> Phase | None:
    """The phase of a day; before the first it is that one, between and after phases the last begun."""
    ordered = sorted(phases, key=lambda phase: (phase.starts_on, phase.position))
    begun = [phase for phase in ordered if phase.starts_on <= today]
    return begun[-1] if begun else next(iter(ordered), None)
