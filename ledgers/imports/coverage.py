"""The ledger 社会组织: units of the register, surveys, instructors and the branches that cover them,
planned against what is stored, then written."""

from collections import defaultdict

from branches.models import Unit, UnitKind
from branches.scope import main_grant
from branches.services import OrganisationFault
from branches.units import refuse_credit_code
from branches.words import full_date
from ledgers.imports.county import County, Place, chunks
from ledgers.imports.coverage_parts import (
    CoveragePlan,
    UnitParts,
    write_covering,
    write_instructors,
    write_surveys,
)
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets import coverage as sheet
from ledgers.sheets.columns import CLEAR, canonical
from tasks.models import UnitInstructor, UnitSurvey
from tasks.services.coverage_units import AREA

_KNOWN = ("organisation_id", "name", "kind", "credit_code", "registered_on", "ended_on")


class CoverageBook:
    """Plans and writes the rows of the ledger 社会组织."""

    def __init__(self, county: County):
        self.county = county
        self.units: dict[int, Unit] = {}
        self.by_code: dict[str, Unit] = {}
        self.by_name: dict[tuple[int, str], Unit] = {}
        self.parts = UnitParts(county)
        self._called: dict[str, list[Place]] | None = None
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by row key, credit code, or name within the keeping organisation; compare."""
        placed = []
        for row in rows:
            row.label = row.values.get(sheet.NAME.heading, "")
            _note_total(row)
            place = self._keeper(row)
            if not row.problems:
                placed.append((row, place))
        self._load(placed)
        for row, place in placed:
            self._plan_row(row, place)

    def _keeper(self, row: Row) -> Place | None:
        """Who keeps the unit: as the row says, else where the importing user works."""
        code = row.values.get(sheet.KEEPER_CODE.heading, "")
        name = row.values.get(sheet.KEEPER.heading, "")
        heading = sheet.KEEPER_CODE.heading if code else sheet.KEEPER.heading
        if not code and not name:
            grant = main_grant(self.county.user) if self.county.user else None
            return self.county.by_pk.get(grant.organisation_id) if grant else None
        fits = [self.county.place_coded(code)] if code else self._places(name)
        fits = [place for place in fits if place]
        if not fits:
            row.refuse(heading, "没有这个党组织，请核对名称或编码", code or name)
        elif len(fits) > 1:
            row.refuse(heading, f"有 {len(fits)} 个组织叫这个名称，请填登记党组织编码", name)
        elif not self.county.may(fits[0]):
            row.refuse(heading, "这个党组织不在你的导入范围内", code or name)
        elif fits[0].row:
            row.needs.add(fits[0].row)
        return fits[0] if fits else None

    def _places(self, name: str) -> list[Place]:
        if self._called is None:
            self._called = defaultdict(list)
            for place in self.county.by_code.values():
                for text in {canonical(place.name), canonical(place.organisation.short_name)}:
                    self._called[text].append(place)
        return self._called.get(canonical(name), [])

    def _load(self, placed: list[tuple[Row, Place | None]]) -> None:
        """Units that the rows may mean, with all that hangs on them."""
        stamped = {int(row.stamp.pk) for row, _place in placed if row.stamp}
        codes = {row.values.get(sheet.CREDIT_CODE.heading, "") for row, _place in placed} - {""}
        keepers = {place.pk for _row, place in placed if place and place.pk}
        for field, keys in (("pk", stamped), ("credit_code", codes), ("organisation", keepers)):
            for piece in chunks(keys):
                for unit in Unit.objects.filter(**{f"{field}__in": piece}):
                    self.units.setdefault(unit.pk, unit)
        for unit in self.units.values():
            if unit.credit_code:
                self.by_code[unit.credit_code] = unit
            if unit.ended_on is None:
                self.by_name[unit.organisation_id, canonical(unit.name)] = unit
        self.parts.load(self.units)

    def _plan_row(self, row: Row, place: Place | None) -> None:
        unit = self._match(row, place)
        if row.problems:
            return
        if unit is not None:
            kept = self.county.by_pk[unit.organisation_id]
            if not self.county.may(kept):
                row.refuse(
                    sheet.CREDIT_CODE.heading, "这个单位由别的党组织登记，不在你的导入范围内"
                )
                return
            if place and place is not kept and sheet.KEEPER_CODE.heading in row.values:
                row.note(
                    sheet.KEEPER_CODE.heading,
                    f"系统里由“{kept.name}”登记，没有改；要移交请在单位页面编辑",
                    row.values[sheet.KEEPER_CODE.heading],
                )
            place = kept
        if place is None:
            row.refuse(sheet.KEEPER.heading, "请填由哪个党组织登记")
            return
        if not self.county.may(place):
            row.refuse(sheet.KEEPER.heading, "这个党组织不在你的导入范围内")
            return
        code = row.values.get(sheet.CREDIT_CODE.heading, "")
        if self._firsts.repeats(row, unit or code or (place, canonical(row.label))):
            return
        if unit is None:
            self._begin(row, place)
        else:
            row.plan = CoveragePlan(place, unit, tuple(getattr(unit, name) for name in _KNOWN))
            self._compare(row, unit)
        self._check_unit(row)
        if not row.problems:
            self.parts.plan(row)

    def _match(self, row: Row, place: Place | None) -> Unit | None:
        code = row.values.get(sheet.CREDIT_CODE.heading, "")
        if row.stamp:
            unit = self.units.get(int(row.stamp.pk))
            if unit is None:
                row.refuse(KEY, "系统里没有这一行对应的单位，请清空行标识")
            elif code and self.by_code.get(code, unit) is not unit:
                row.refuse(sheet.CREDIT_CODE.heading, "这个代码是另一个单位的，请核对", code)
            return unit
        if not row.label:
            row.refuse(sheet.NAME.heading, "“单位名称”不能为空")
        if code:
            try:
                refuse_credit_code(code)
            except OrganisationFault as fault:
                row.refuse(sheet.CREDIT_CODE.heading, str(fault), code)
                return None
            if code in self.by_code:
                return self.by_code[code]
        unit = self.by_name.get((place.pk, canonical(row.label))) if place and place.pk else None
        if unit and code and unit.credit_code:
            row.refuse(
                sheet.CREDIT_CODE.heading,
                f"同名单位登记的代码是 {unit.credit_code}，请核对代码或名称",
                code,
            )
        return unit

    def _begin(self, row: Row, place: Place) -> None:
        row.is_new = True
        unit = Unit(kind=UnitKind.SOCIAL_ORGANISATION)
        for heading, name in sheet.UNIT_FIELDS.items():
            if row.values.get(heading, CLEAR) is not CLEAR:
                setattr(unit, name, row.values[heading])
        row.plan = CoveragePlan(place, unit)

    def _compare(self, row: Row, unit: Unit) -> None:
        before = sheet.unit_values(unit)
        for heading, new in row.differences(before).items():
            row.change(heading, before[heading], new)
            setattr(unit, sheet.UNIT_FIELDS[heading], new)
            row.plan.unit_changed = True

    def _check_unit(self, row: Row) -> None:
        unit, today = row.plan.unit, self.county.today
        if unit.credit_code:
            try:
                refuse_credit_code(unit.credit_code)
            except OrganisationFault as fault:
                row.refuse(sheet.CREDIT_CODE.heading, str(fault), unit.credit_code)
        if unit.registered_on and unit.registered_on > today:
            row.refuse(sheet.REGISTERED.heading, "成立登记日期还没有到", unit.registered_on)
        if unit.ended_on and (row.is_new or row.changes):
            row.refuse("", f"单位已于{full_date(unit.ended_on)}注销，请先在单位页面恢复登记")

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock what these rows touch; whether any of it has moved on since the plan."""
        plans = [row.plan for row in rows]
        units = {plan.unit.pk: plan.known for plan in plans if plan.unit.pk}
        surveys = {p.survey.pk: (p.survey.version,) for p in plans if p.survey and p.survey.pk}
        instructors = {
            one.pk: (one.version,)
            for plan in plans
            for one in (plan.instructor, plan.ended)
            if one and one.pk
        }
        return (
            have_moved(Unit, units, _KNOWN)
            or have_moved(UnitSurvey, surveys, ("version",))
            or have_moved(UnitInstructor, instructors, ("version",))
        )

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Units, then what hangs on them; each row leaves its line in the unit's trail."""
        plans = [row.plan for row in rows]
        for plan in plans:
            plan.unit.organisation_id = plan.place.pk
        Unit.objects.bulk_create([plan.unit for plan in plans if not plan.unit.pk], 500)
        Unit.objects.bulk_update(
            [plan.unit for plan in plans if plan.unit_changed], _UNIT_FIELDS, batch_size=500
        )
        write_surveys([plan for plan in plans if plan.survey], writing)
        write_instructors(plans, writing)
        write_covering(plans, writing)
        for row in rows:
            writing.line(row, AREA, row.plan.unit.pk, row.plan.place.pk)


_UNIT_FIELDS = tuple(sheet.UNIT_FIELDS.values())


def _note_total(row: Row) -> None:
    """A column of all members is read as the formal ones, who decide the mode; say so where
    probationary members may be among them."""
    columns = row.table.columns
    typed = next((row.table.headings[at] for at, one in columns if one is sheet.WORKING), "")
    many = row.values.get(sheet.PROBATIONARY.heading)
    if "正式" not in str(typed) and isinstance(many, int) and many > 0:
        reason = f"“{typed}”按正式党员读入；含预备党员 {many} 名的，请减去后再导入"
        row.note(sheet.WORKING.heading, reason, row.values.get(sheet.WORKING.heading, ""))
