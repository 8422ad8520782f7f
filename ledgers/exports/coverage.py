"""Sheet 社会组织: each unit on the register with its newest survey, its branch, its instructor."""

from collections.abc import Iterator

from branches.dated import standing_on
from branches.models import BranchUnit, Unit
from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Row
from ledgers.sheets import coverage as sheet
from tasks.coverage import Yardstick, newest_surveys, on_register
from tasks.models import UnitInstructor


def coverage_rows(scope: LedgerScope, names: CellNames | None = None) -> Iterator[Row]:
    """The units of the kinds the county counts that were on the register on the day of the scope,
    by keeper and name; `names` is not needed, as nobody of the roster is named."""
    units = on_register(
        Unit.objects.filter(organisation__in=scope.placements.values("organisation")),
        scope.day,
        Yardstick.on(scope.day).kinds,
    )
    surveys = {one.unit_id: one for one in newest_surveys(units.values("pk"), scope.day).order_by()}
    branches, instructors = {}, {}
    for row in (
        BranchUnit.objects.filter(standing_on(scope.day), unit__in=units.values("pk"))
        .select_related("organisation")
        .order_by("starts_on", "pk")
    ):
        branches.setdefault(row.unit_id, row)
    for one in UnitInstructor.objects.on(scope.day).filter(unit__in=units.values("pk")):
        instructors.setdefault(one.unit_id, one)
    ordered = units.select_related("organisation").order_by("organisation__code", "name", "pk")
    for unit in ordered.iterator(chunk_size=CHUNK):
        yield Row(
            unit.pk,
            cells(unit, surveys.get(unit.pk), branches.get(unit.pk), instructors.get(unit.pk)),
        )


def cells(unit: Unit, survey, behind: BranchUnit | None, instructor) -> dict:
    """What the row of a unit holds, by heading."""
    return {
        sheet.KEEPER_CODE.heading: unit.organisation.code,
        sheet.KEEPER.heading: unit.organisation.name,
        **sheet.unit_values(unit),
        **sheet.survey_values(survey),
        sheet.HAS_PARTY.heading: behind is not None,
        sheet.PARTY.heading: behind.organisation.name if behind else "",
        sheet.COVERED_SINCE.heading: behind.starts_on if behind else None,
        **sheet.instructor_values(instructor),
    }
