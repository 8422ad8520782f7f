"""The ledger 年度计划: planned against what is stored, then written.

A row is one line of a branch's plan. Lines of past years are taken too: paper plans come over as
they were. What was filed stays filed; the trail shows what the import changed.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import F

from branches.models import Group
from branches.words import full_date
from ledgers.imports.county import Ambiguous, County, Person, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import CLEAR, canonical, split_person
from ledgers.sheets.plans import (
    ENDS,
    GROUP,
    HOST,
    LECTURER,
    MONTH,
    PLACE,
    RESPONSIBLE,
    STARTS,
    TOPIC,
    TYPE,
    WAY,
    WHEN,
    values,
)
from meetings.enums import Type
from meetings.models import PlanItem, YearPlan
from meetings.plan_drafts import groups_on
from meetings.services import AREA
from meetings.services.plans import TRAIL_AREA

_TEXTS = {
    TOPIC.heading: "topic",
    WAY.heading: "way",
    PLACE.heading: "place",
    RESPONSIBLE.heading: "responsible",
    STARTS.heading: "starts_at",
    ENDS.heading: "ends_at",
}
_PERSONS = {HOST.heading: "host", LECTURER.heading: "lecturer"}
_FIELDS = (
    "type",
    "group_id",
    "planned_on",
    "month_only",
    "starts_at",
    "ends_at",
    "place",
    "topic",
    "host_id",
    "host_name",
    "lecturer_id",
    "lecturer_name",
    "way",
    "responsible",
    "cancelled_at",
)
_YEARS_AHEAD = 1


@dataclass(eq=False, slots=True)
class ItemPlan:
    """What one row will write."""

    place: Place
    year: int
    item: PlanItem
    before: tuple = ()


class YearPlans:
    """Plans and writes the rows of the ledger 年度计划."""

    def __init__(self, county: County):
        self.county = county
        self.by_pk: dict[int, PlanItem] = {}
        # Lines that stand, by branch, year, month and type.
        self.lines: dict[tuple, list[PlanItem]] = defaultdict(list)
        self.groups: dict[Place, dict[str, Group]] = defaultdict(dict)
        self._claimed: dict[int, Row] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, month, type and group: the same day first, then the same topic."""
        placed = []
        for row in rows:
            place = self.county.branch_of(row)
            day = self._day(row)
            kind = row.values.get(TYPE.heading)
            row.label = f"{place.organisation.short_name if place else ''} " + " ".join(
                filter(None, [row.values.get(MONTH.heading, ""), kind.label if kind else ""])
            )
            if place and day and not row.problems:
                placed.append((row, place, day))
        self._load({(place, day.year) for _row, place, day in placed})
        self.county.load_rosters({place for _row, place, _day in placed})
        kept = [one for one in placed if not self._repeats(*one)]
        found = self._matched(kept)
        for row, place, day in kept:
            if not row.problems:
                self._plan_row(row, place, day, found.get(row))

    def _day(self, row: Row) -> datetime.date | None:
        """The day of the line, or the first of its month; month and day in one way of writing."""
        month, when = row.values.get(MONTH.heading, ""), row.values.get(WHEN.heading)
        if TYPE.heading not in row.values and not row.problems:
            row.refuse(TYPE.heading, "“会议类型”不能为空")
        if isinstance(when, datetime.date):
            month = month or f"{when:%Y-%m}"
            year = month[:4] if len(month) == 7 else str(when.year)
        else:
            year = month[:4] if len(month) == 7 else str(row.table.year or "")
        number = month[-2:] or (f"{when[0]:02}" if isinstance(when, tuple) and when[0] else "")
        if not number:
            row.refuse(MONTH.heading, "“月份”不能为空")
            return None
        if not year:
            reason = "看不出是哪一年，请写成 2026-03，或在标题里写明年度"
            row.refuse(MONTH.heading, reason, row.values.get(MONTH.heading, ""))
            return None
        if not 1 <= int(number) <= 12:
            row.refuse(WHEN.heading, "没有这一天，请核对", row.written(WHEN.heading))
            return None
        first = datetime.date(int(year), int(number), 1)
        row.values[MONTH.heading] = f"{first:%Y-%m}"
        if when is None or when is CLEAR:
            return first
        return self._whole(row, first, when)

    def _whole(self, row: Row, first: datetime.date, when) -> datetime.date | None:
        """The day a cell names inside its month."""
        if isinstance(when, tuple):
            month, day = when
            try:
                when = datetime.date(first.year, month or first.month, day)
            except ValueError:
                row.refuse(WHEN.heading, "没有这一天，请核对", row.written(WHEN.heading))
                return None
        row.values[WHEN.heading] = when
        if (when.year, when.month) != (first.year, first.month):
            reason = f"与月份 {first:%Y-%m} 不一致，请核对"
            row.refuse(WHEN.heading, reason, when)
            return None
        return when

    def _load(self, wanted: set[tuple[Place, int]]) -> None:
        places = {place.pk: place for place, _year in wanted if place.pk}
        years = {year for _place, year in wanted}
        for piece in chunks(places):
            items = PlanItem.objects.filter(
                plan__organisation__in=piece, plan__year__in=years
            ).select_related("plan", "group")
            for item in items.order_by("planned_on", "pk"):
                self.by_pk[item.pk] = item
                if item.cancelled_at is None:
                    day, place = item.planned_on, places[item.plan.organisation_id]
                    self.lines[place, day.year, day.month, item.type].append(item)
            for group in Group.objects.filter(organisation__in=piece):
                self.groups[places[group.organisation_id]][canonical(group.name)] = group

    def _repeats(self, row: Row, place: Place, day: datetime.date) -> bool:
        if row.stamp:
            return self._firsts.repeats(row, row.stamp.pk)
        parts = (GROUP, TOPIC, WHEN, STARTS)
        told = tuple(canonical(row.values.get(column.heading)) for column in parts)
        return self._firsts.repeats(row, (place, day, row.values[TYPE.heading], *told))

    def _matched(self, rows: list[tuple[Row, Place, datetime.date]]) -> dict[Row, PlanItem]:
        """Which stored line each row means; rows with a key claim theirs first."""
        found: dict[Row, PlanItem] = {}
        for row, place, day in rows:
            if not row.stamp:
                continue
            item = self.by_pk.get(int(row.stamp.pk))
            if item is None or item.plan.organisation_id != place.pk or item.plan.year != day.year:
                reason = "这个支部这一年的计划里没有这一行，请核对编码和年度，或清空行标识"
                row.refuse(KEY, reason)
            elif item.cancelled_at is not None:
                row.refuse(KEY, "这一项在系统里已取消，请核对")
            else:
                found[row] = item
        taken = {item.pk for item in found.values()}
        for fits in (self._same_day, self._same_topic, self._same_month):
            for row, place, day in rows:
                if row.stamp or row in found:
                    continue
                lines = self.lines.get((place, day.year, day.month, row.values[TYPE.heading]), ())
                item = next(
                    (
                        one
                        for one in lines
                        if one.pk not in taken and self._same_group(row, one) and fits(row, one)
                    ),
                    None,
                )
                if item:
                    found[row] = item
                    taken.add(item.pk)
        return found

    @staticmethod
    def _same_group(row: Row, item: PlanItem) -> bool:
        typed = row.values.get(GROUP.heading)
        known = canonical(item.group.name) if item.group else ""
        return typed is None or typed is CLEAR or canonical(typed) == known

    @staticmethod
    def _same_day(row: Row, item: PlanItem) -> bool:
        return not item.month_only and row.values.get(WHEN.heading) == item.planned_on

    @staticmethod
    def _same_topic(row: Row, item: PlanItem) -> bool:
        typed = row.values.get(TOPIC.heading)
        return bool(typed) and canonical(typed) == canonical(item.topic)

    @staticmethod
    def _same_month(row: Row, item: PlanItem) -> bool:
        """Any line of the month, as long as not both sides name a day or a topic of their own."""
        when, topic = row.values.get(WHEN.heading), row.values.get(TOPIC.heading)
        return (when is None or item.month_only) and (not topic or not item.topic)

    def _plan_row(self, row: Row, place: Place, day: datetime.date, item: PlanItem | None) -> None:
        if item is None:
            row.is_new = True
            if day.year > self.county.today.year + _YEARS_AHEAD:
                row.refuse(MONTH.heading, f"现在还不能做 {day.year} 年的计划", f"{day:%Y-%m}")
            item = PlanItem(
                type=row.values[TYPE.heading],
                planned_on=day,
                month_only=not isinstance(row.values.get(WHEN.heading), datetime.date),
            )
            row.plan = ItemPlan(place, day.year, item)
        else:
            before = tuple(getattr(item, name) for name in _FIELDS)
            row.plan = ItemPlan(place, day.year, item, before)
        self._plan_facts(row, day)
        self._plan_persons(row)
        self._check(row)

    def _plan_facts(self, row: Row, day: datetime.date) -> None:
        item = row.plan.item
        stored = values(
            item,
            branch=row.plan.place.organisation,
            group=item.group.name if item.group else "",
            host="",
            lecturer="",
        )
        compared = (MONTH, TYPE, GROUP, WHEN, *_columns_of(_TEXTS))
        stored = {column.heading: stored[column.heading] for column in compared}
        for heading, new in row.differences(stored).items():
            if heading in _TEXTS:
                setattr(item, _TEXTS[heading], new)
            elif heading == TYPE.heading:
                item.type = new
            elif heading == GROUP.heading:
                self._set_group(row, new)
            elif heading == WHEN.heading:
                item.month_only = new is None
                item.planned_on = new or day
            elif item.month_only or WHEN.heading in row.values:
                item.planned_on = day
            else:
                row.refuse(heading, "改了月份，请同时写明“时间”，只定到月的写(清空)", new)
            if not row.is_new:
                row.change(heading, stored[heading], new)

    def _set_group(self, row: Row, name: str) -> None:
        item = row.plan.item
        group = self.groups[row.plan.place].get(canonical(name)) if name else None
        if name and group is None:
            known = "、".join(one.name for one in self.groups[row.plan.place].values()) or "没有"
            row.refuse(GROUP.heading, f"支部没有这个党小组，现有：{known}", name)
            return
        item.group = group

    def _plan_persons(self, row: Row) -> None:
        """主持人 and 授课人: of today's roster where the name is there, else a name only."""
        item = row.plan.item
        for heading, field in _PERSONS.items():
            typed = row.values.get(heading)
            if typed is None or row.untouched(heading):
                continue
            name, mark, _reason = ("", "", "") if typed is CLEAR else split_person(typed)
            before, holder = getattr(item, f"{field}_name"), getattr(item, f"{field}_id")
            if name == before and not mark:
                continue
            person = self._person(row, heading, typed) if name else None
            if row.problems or (name == before and person and person.pk == holder):
                continue
            setattr(item, f"{field}_name", name)
            setattr(item, f"{field}_id", person.pk if person else None)
            if not row.is_new:
                row.change(heading, before, typed)

    def _person(self, row: Row, heading: str, typed: str) -> Person | None:
        try:
            return self.county.named(typed, row.plan.place, self.county.today)
        except Ambiguous as fault:
            row.refuse(heading, str(fault), typed)
            return None

    def _check(self, row: Row) -> None:
        """What the service refuses for a single line."""
        item, organisation = row.plan.item, row.plan.place.organisation
        day = item.planned_on
        if organisation.founded_on and day < organisation.founded_on:
            founded = organisation.founded_on
            # The month of the founding is a whole one in a plan.
            if not item.month_only or (day.year, day.month) != (founded.year, founded.month):
                row.refuse(WHEN.heading, f"支部{full_date(founded)}才成立，请核对日期", day)
            else:
                item.planned_on = founded
        if organisation.dissolved_on and day >= organisation.dissolved_on:
            row.refuse(WHEN.heading, "支部在这一天已经撤销，请核对日期", day)
        if item.starts_at and item.ends_at and item.ends_at <= item.starts_at:
            row.refuse(ENDS.heading, f"结束时间早于开始时间 {item.starts_at:%H:%M}", item.ends_at)
        if item.group is None:
            return
        if item.type != Type.GROUP:
            row.refuse(GROUP.heading, "只有党小组会写党小组，其他会议请留空", item.group.name)
        elif not groups_on([item.group], day):
            row.refuse(GROUP.heading, "这个党小组在这一天不存在，请核对日期", item.group.name)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the lines of these rows; whether any has moved on since the plan."""
        known = {row.plan.item.pk: row.plan.before for row in rows if not row.is_new}
        return have_moved(PlanItem, known, _FIELDS)

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Begin the plans that are not there yet, then write their lines."""
        plans: dict[tuple[int, int], YearPlan] = {}
        for row in rows:
            key = row.plan.place.pk, row.plan.year
            if key not in plans:
                plans[key], _made = YearPlan.objects.get_or_create(
                    organisation_id=key[0], year=key[1]
                )
            row.plan.item.plan = plans[key]
        new = [row.plan.item for row in rows if row.is_new]
        PlanItem.objects.bulk_create(new, batch_size=500)
        known = [row.plan.item for row in rows if not row.is_new]
        names = [name.removesuffix("_id") for name in _FIELDS]
        PlanItem.objects.bulk_update(known, names, batch_size=500)
        for piece in chunks({plan.pk for plan in plans.values()}):
            YearPlan.objects.filter(pk__in=piece).update(version=F("version") + 1)
        for row in rows:
            plan = row.plan.item.plan
            writing.line(row, TRAIL_AREA, plan.pk, plan.organisation_id)
            first = datetime.date(plan.year, 1, 1)
            writing.note(plan.organisation_id, AREA, first, datetime.date(plan.year, 12, 31))


def _columns_of(fields: dict[str, str]):
    return [
        column
        for column in (TOPIC, WAY, PLACE, RESPONSIBLE, STARTS, ENDS)
        if column.heading in fields
    ]
