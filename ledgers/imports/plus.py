"""The ledger 党建+: planned against what is stored, then written.

Lines of past years are taken too. What was dropped in the system stays dropped.
"""

from collections import defaultdict
from dataclasses import dataclass

from ledgers.imports.county import Ambiguous, County, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import CLEAR, canonical, split_person
from ledgers.sheets.plus import AIM, FIELDS, FINISHED, LEAD, MEANS, PART, RESULT, TITLE, YEAR
from tasks.enums import PlusPart
from tasks.models import PlusItem, PlusPlan
from tasks.services.projects import TRAIL_AREA

_REQUIRED = (PART, TITLE, MEANS, LEAD, AIM)
_WRITTEN = (*FIELDS.values(), "lead_id", "lead_name", "version")
_FIRST_YEAR = 2012


@dataclass(eq=False, slots=True)
class PlusRow:
    """What one row will write; the plan of the year is begun where there is none."""

    place: Place
    year: int
    item: PlusItem
    version: int = 0


class PlusBook:
    """Plans and writes the rows of the ledger 党建+."""

    def __init__(self, county: County):
        self.county = county
        self.by_pk: dict[int, PlusItem] = {}
        self.by_title: dict[tuple, PlusItem] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, year and title."""
        placed = []
        for row in rows:
            row.label = row.values.get(TITLE.heading, "")
            place, year = self.county.branch_of(row), self._year(row)
            if place and year and not row.problems:
                placed.append((row, place, year))
        self._load({place for _row, place, _year in placed})
        for row, place, year in placed:
            item = self._match(row, place, year)
            key = item.pk if item else (place, year, canonical(row.label))
            if not row.problems and not self._firsts.repeats(row, key):
                self._plan_row(row, place, year, item)

    def _year(self, row: Row) -> int | None:
        year = row.values.get(YEAR.heading) or row.table.year
        if not year:
            row.refuse(YEAR.heading, "看不出是哪一年，请填“年度”，或在标题里写明年度")
        elif not _FIRST_YEAR <= year <= self.county.today.year + 1:
            row.refuse(YEAR.heading, "年度不对，请核对", year)
            return None
        return year

    def _load(self, places: set[Place]) -> None:
        self.county.load_rosters(places)
        for piece in chunks({place.pk for place in places if place.pk}):
            items = PlusItem.objects.filter(plan__organisation__in=piece).select_related("plan")
            for item in items:
                key = item.plan.organisation_id, item.plan.year, canonical(item.title)
                self.by_pk[item.pk] = self.by_title[key] = item

    def _match(self, row: Row, place: Place, year: int) -> PlusItem | None:
        if not row.stamp:
            return self.by_title.get((place.pk, year, canonical(row.label)))
        item = self.by_pk.get(int(row.stamp.pk))
        if item is None or (item.plan.organisation_id, item.plan.year) != (place.pk, year):
            reason = "这个支部这一年的党建+里没有这一行，请核对编码和年度，或清空行标识"
            row.refuse(KEY, reason)
        return item

    def _plan_row(self, row: Row, place: Place, year: int, item: PlusItem | None) -> None:
        row.is_new = item is None
        if item is None:
            for column in _REQUIRED:
                if not row.values.get(column.heading):
                    row.refuse(column.heading, f"“{column.heading}”不能为空")
            if row.problems:
                return
            item = PlusItem()
            found = row.values
        else:
            stored = {heading: getattr(item, name) for heading, name in FIELDS.items()}
            stored[PART.heading] = PlusPart(item.part)
            found = row.differences(stored)
            for heading, new in found.items():
                row.change(heading, stored[heading], new)
        row.plan = PlusRow(place, year, item, item.version)
        for heading, new in found.items():
            if heading in FIELDS:
                empty = None if heading.endswith(("日期", "时限")) else ""
                setattr(item, FIELDS[heading], empty if new is CLEAR else new)
        self._lead(row, place, item)
        if row.is_new or row.changes:
            self._check(row, item, year)

    def _lead(self, row: Row, place: Place, item: PlusItem) -> None:
        """The member of that name today; else the name as typed."""
        if LEAD.heading not in row.values or row.came_back(LEAD.heading):
            return
        typed = row.values[LEAD.heading]
        try:
            person = self.county.named(typed, place, self.county.today)
        except Ambiguous as fault:
            row.refuse(LEAD.heading, str(fault), typed)
            return
        name = person.name if person else split_person(typed)[0]
        if not row.is_new:
            if item.lead_name == name and (person is None or item.lead_id in (None, person.pk)):
                # Who has left the branch since stays the one who led it.
                return
            row.change(LEAD.heading, item.lead_name, name)
        item.lead_id, item.lead_name = person.pk if person else None, name
        if person and person.row:
            row.needs.add(person.row)

    def _check(self, row: Row, item: PlusItem, year: int) -> None:
        """What the services refuse."""
        if item.dropped_on:
            row.refuse(TITLE.heading, "这个项目在系统里已取消，请先恢复", item.title)
        for column in (MEANS, AIM, TITLE):
            if not getattr(item, FIELDS[column.heading]):
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        if item.finished_on and item.finished_on > self.county.today:
            row.refuse(FINISHED.heading, "这一天还没有到，请核对", item.finished_on)
        if item.finished_on and item.finished_on.year < year:
            row.refuse(FINISHED.heading, f"完成日期早于 {year} 年，请核对", item.finished_on)
        if item.finished_on and not item.result:
            row.refuse(RESULT.heading, "填了完成日期，请写明成效")
        if row.changes and any(heading == TITLE.heading for heading, _b, _a in row.changes):
            key = row.plan.place.pk, year, canonical(item.title)
            if self.by_title.get(key, item) is not item:
                row.refuse(TITLE.heading, f"{year} 年的党建+里已有这个项目", item.title)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the items of these rows; whether any has moved on since the plan."""
        known = {row.plan.item.pk: (row.plan.version,) for row in rows if not row.is_new}
        return have_moved(PlusItem, known, ("version",))

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Begin the plans that are not there yet, then write their items. No rule judges them."""
        wanted: dict[tuple[int, int], list[Row]] = defaultdict(list)
        for row in rows:
            wanted[row.plan.place.pk, row.plan.year].append(row)
        for (branch, year), of_plan in wanted.items():
            plan, _made = PlusPlan.objects.get_or_create(
                organisation_id=branch, year=year, defaults={"entered_by": writing.by}
            )
            for row in of_plan:
                row.plan.item.plan = plan
                if row.is_new:
                    row.plan.item.entered_by = writing.by
                else:
                    row.plan.item.version += 1
        PlusItem.objects.bulk_create([row.plan.item for row in rows if row.is_new], batch_size=500)
        PlusItem.objects.bulk_update(
            [row.plan.item for row in rows if not row.is_new], _WRITTEN, batch_size=500
        )
        for row in rows:
            writing.line(row, TRAIL_AREA, row.plan.item.plan_id, row.plan.place.pk)
