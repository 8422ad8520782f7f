"""How far units are covered (两个覆盖): on the register, by an organisation, by work. Reads only.

Organisation coverage is units with an own or joint Party organisation over units on the register;
work coverage is units with an organisation, an instructor in force or mass organisations guided
by a Party organisation over units on the register (rules.md §12).
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from branches.dated import standing_on
from branches.history import as_of
from branches.models import BranchUnit, Organisation, Placement, Sector, Unit, UnitKind
from branches.scope import within_paths
from branches.values import Values
from tasks import values as keys
from tasks.campaigns import LEVEL
from tasks.enums import BranchForm
from tasks.models import UnitInstructor, UnitSurvey
from tasks.modes import BUCKETS, Counts, Verdict, bucket, mode_due


@dataclass(frozen=True, slots=True)
class Figure:
    """A share as its two counts."""

    numerator: int
    denominator: int

    @property
    def percent(self) -> Decimal | None:
        """With two decimals, half up; None of nothing."""
        if not self.denominator:
            return None
        share = Decimal(100 * self.numerator) / self.denominator
        return share.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def reaches(self, target: int) -> bool:
        """Whether the share is `target` per cent or more; nothing lacks nothing."""
        return self.numerator * 100 >= target * self.denominator

    def lacking(self, target: int) -> int:
        """How many units more would reach the target."""
        return max(-(-target * self.denominator // 100) - self.numerator, 0)


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The county values by which coverage is judged on a day."""

    kinds: tuple[str, ...]
    organisation_target: int
    work_target: int
    by_working: bool
    two_own: bool

    @classmethod
    def on(cls, day: datetime.date) -> "Yardstick":
        """Those in force on `day`; one query."""
        values = Values()
        named = values.on(keys.COVERAGE_KINDS, day)
        return cls(
            kinds=tuple(kind.value for kind in UnitKind if kind.label in named),
            organisation_target=values.on(keys.COVERAGE_ORGANISATION, day),
            work_target=values.on(keys.COVERAGE_WORK, day),
            by_working=values.on(keys.COVERAGE_BY_WORKING, day),
            two_own=values.on(keys.COVERAGE_TWO_OWN, day),
        )

    def verdict(self, survey: UnitSurvey) -> Verdict:
        """What is due by what a survey found."""
        counts = Counts(
            survey.formal_here,
            survey.formal_working,
            survey.floating,
            survey.part_time_members,
        )
        return mode_due(counts, by_working=self.by_working, two_own=self.two_own)


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit on a day: who keeps it (path of that day), what covers it, the newest survey."""

    pk: int
    name: str
    path: str
    covered: bool
    instructed: bool
    survey: UnitSurvey | None
    verdict: Verdict | None

    @property
    def guided(self) -> bool:
        return self.survey is not None and self.survey.guided

    @property
    def worked(self) -> bool:
        """Whether it counts as covered by work."""
        return self.covered or self.instructed or self.guided

    @property
    def founds_own(self) -> bool:
        return not self.covered and self.verdict is not None and self.verdict.asks_own

    @property
    def joins(self) -> bool:
        return not self.covered and self.verdict is not None and self.verdict.mode == "joint"

    @property
    def wants_instructor(self) -> bool:
        """Plan 4 sends one to every unit without an organisation."""
        return not self.covered and not self.instructed

    def overdue(self, today: datetime.date) -> bool:
        """Whether the day planned for founding has passed."""
        planned = self.survey.planned_on if self.survey else None
        return not self.covered and planned is not None and planned < today


# --- Rows -----------------------------------------------------------------------------------


def on_register(units, day: datetime.date, kinds: Iterable[str]):
    """Of these units, those of the kinds that were on the register on `day`.

    `path_then` is where their keeper stood on that day.
    """
    placement = Placement.objects.filter(
        standing_on(day), organisation=OuterRef("organisation_id")
    ).order_by(F("starts_on").desc(nulls_last=True))
    return (
        units.filter(kind__in=kinds)
        .filter(Q(registered_on__isnull=True) | Q(registered_on__lte=day))
        .filter(Q(ended_on__isnull=True) | Q(ended_on__gt=day))
        .annotate(
            path_then=Coalesce(Subquery(placement.values("path")[:1]), F("organisation__path"))
        )
    )


def under(organisation: Organisation, day: datetime.date, kinds: Iterable[str]):
    """Units kept by the organisation or by anything that stood below it on `day`."""
    [path] = as_of(Organisation.objects.filter(pk=organisation.pk), day).values_list(
        "path_then", flat=True
    )
    return on_register(Unit.objects.all(), day, kinds).filter(within_paths("path_then", (path,)))


def newest_surveys(units, day: datetime.date):
    """The survey of each of these units that counts on `day`."""
    later = UnitSurvey.objects.filter(
        unit=OuterRef("unit"), surveyed_on__gt=OuterRef("surveyed_on"), surveyed_on__lte=day
    )
    return UnitSurvey.objects.filter(unit__in=units, surveyed_on__lte=day).exclude(Exists(later))


def standings(units, day: datetime.date, yardstick: Yardstick) -> list[Standing]:
    """These units (from `on_register`) as they stood on `day`; two queries."""
    surveys = {
        survey.unit_id: survey for survey in newest_surveys(units.values("pk"), day).order_by()
    }
    behind = BranchUnit.objects.filter(standing_on(day), unit=OuterRef("pk"))
    sent = UnitInstructor.objects.on(day).filter(unit=OuterRef("pk"))
    rows = units.annotate(covered=Exists(behind), instructed=Exists(sent)).values_list(
        "pk", "name", "path_then", "covered", "instructed"
    )
    found = []
    for row in rows:
        survey = surveys.get(row[0])
        found.append(Standing(*row, survey, yardstick.verdict(survey) if survey else None))
    return found


def worst_first(rows: list[Standing], today: datetime.date) -> list[Standing]:
    """Without an organisation first, of them those past their planned day, those without any work,
    those with most members."""
    return sorted(
        rows,
        key=lambda row: (
            row.covered,
            not row.overdue(today),
            row.worked,
            -(row.verdict.members if row.verdict else -1),
            row.name,
            row.pk,
        ),
    )


# --- Figures --------------------------------------------------------------------------------


@dataclass
class Tally:
    """Counts of units: on the register, surveyed, by number of members, by what covers them."""

    units: int = 0
    surveyed: int = 0
    covered: int = 0
    instructed: int = 0
    guided: int = 0
    worked: int = 0
    members: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))

    def add(self, row: Standing) -> None:
        self.units += 1
        self.surveyed += row.survey is not None
        self.covered += row.covered
        self.instructed += row.instructed
        self.guided += row.guided
        self.worked += row.worked
        if row.verdict:
            self.members[bucket(row.verdict.members)] += 1

    @property
    def organisation(self) -> Figure:
        return Figure(self.covered, self.units)

    @property
    def work(self) -> Figure:
        return Figure(self.worked, self.units)


def tally(rows: Iterable[Standing]) -> Tally:
    """The counts of these units."""
    counted = Tally()
    for row in rows:
        counted.add(row)
    return counted


def figures(
    organisation: Organisation, on: datetime.date, kinds: Iterable[str] = ()
) -> dict[str, Figure]:
    """Coverage of the units kept under an organisation on a day; without `kinds` those the county
    counts. A constant number of queries."""
    yardstick = Yardstick.on(on)
    units = under(organisation, on, tuple(kinds) or yardstick.kinds)
    counted = tally(standings(units, on, yardstick))
    return {"coverage.organisation": counted.organisation, "coverage.work": counted.work}


def by_committee(
    organisation: Organisation, rows: list[Standing], day: datetime.date
) -> list[tuple[Organisation | None, Tally]]:
    """The units by what stood directly below the organisation on `day`, least covered first; what
    it keeps itself last, with itself."""
    [own_path] = as_of(Organisation.objects.filter(pk=organisation.pk), day).values_list(
        "path_then", flat=True
    )
    sums: dict[str, Tally] = {}
    for row in rows:
        sums.setdefault(row.path[: len(own_path) + LEVEL], Tally()).add(row)
    places = as_of(Organisation.objects.all(), day).filter(path_then__in=sums)
    known = {place.path_then: place for place in places}
    lines = [(known.get(path), counted) for path, counted in sums.items()]
    return sorted(
        lines,
        key=lambda line: (
            line[0] is None or line[0].pk == organisation.pk,
            line[1].organisation.percent,
            line[0].code if line[0] else "",
        ),
    )


# --- How a unit is covered -------------------------------------------------------------------


def covering(units, day: datetime.date) -> dict[int, list[BranchUnit]]:
    """The branches that cover these units on `day`, by unit; each with `behind`, how many units
    stand behind it. Two queries."""
    rows = list(
        BranchUnit.objects.filter(standing_on(day), unit__in=units)
        .select_related("organisation")
        .order_by(F("starts_on").asc(nulls_first=True), "pk")
    )
    counts: dict[int, int] = {}
    for pk in BranchUnit.objects.filter(
        standing_on(day), organisation__in={row.organisation_id for row in rows}
    ).values_list("organisation_id", flat=True):
        counts[pk] = counts.get(pk, 0) + 1
    found: dict[int, list[BranchUnit]] = {}
    for row in rows:
        row.behind = counts[row.organisation_id]
        found.setdefault(row.unit_id, []).append(row)
    return found


def form_of(row: BranchUnit, survey: UnitSurvey | None) -> BranchForm:
    """组建方式: as surveyed since the unit is covered; else by the branch and what it covers."""
    if survey and survey.form and (row.starts_on is None or survey.surveyed_on >= row.starts_on):
        return BranchForm(survey.form)
    if row.behind == 1:
        return BranchForm.OWN
    if row.organisation.sector in (Sector.COMMUNITY, Sector.VILLAGE):
        return BranchForm.COMMUNITY
    return BranchForm.JOINT if row.organisation.form == "joint" else BranchForm.ATTACHED
