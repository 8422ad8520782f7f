"""The ledger 工作日历: days that depart from the week, planned against the table, then written.

A row may name one day, a stretch, or several; each day is written for itself. Only who sets the
county's rules may bring it in.
"""

import datetime
from dataclasses import dataclass, field

from accounts.roles import Action
from branches.day_ranges import days_between, read_days
from branches.models import Organisation, Workday
from branches.scope import paths_reached
from branches.services import VALUES_AREA
from branches.typed import Unreadable
from branches.words import full_date
from branches.workdays import AREA
from ledgers.imports.county import County, chunks
from ledgers.imports.results import Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets import workdays as sheet
from ledgers.sheets.workdays import DayKind

_FACTS = ("day", "is_workday", "note")
# A notice is published for the year to come, never for a later one.
_YEARS_AHEAD = 1
# The columns that name days, with what they say of them; None: another column says it.
_NAMING = ((sheet.DATE, None), (sheet.OFF_DAYS, False), (sheet.WORK_DAYS, True))


@dataclass(eq=False, slots=True)
class DayPlan:
    """The days one row will write, and those of them that are stored as they were found."""

    days: dict[datetime.date, Workday] = field(default_factory=dict)
    known: dict[int, tuple] = field(default_factory=dict)


class Workdays:
    """Plans and writes the rows of the ledger 工作日历."""

    def __init__(self, county: County):
        self.county = county
        self.stored: dict[datetime.date, Workday] = {}
        self.by_pk: dict[int, Workday] = {}
        self._said: dict[datetime.date, tuple[Row, bool]] = {}

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Read the days of each row, and compare them with the table."""
        user = self.county.user
        if user is not None and not paths_reached(user, Action.CHANGE_RULES):
            for row in rows:
                row.refuse("", "工作日历由县委组织部录入，你的账号不能导入")
            return
        meant = [(row, self._days(row)) for row in rows]
        self._load(meant)
        for row, days in meant:
            if not row.problems:
                self._plan_row(row, days)

    def _load(self, meant) -> None:
        days = {day for _row, said in meant for day, _worked in said}
        for piece in chunks(days):
            self.stored |= {one.day: one for one in Workday.objects.filter(day__in=piece)}
        stamped = {int(row.stamp.pk) for row, _said in meant if row.stamp}
        for piece in chunks(stamped):
            self.by_pk |= {one.pk: one for one in Workday.objects.filter(pk__in=piece)}

    def _days(self, row: Row) -> list[tuple[datetime.date, bool]]:
        """Each day a row names, and whether it is worked."""
        found = []
        for column, worked in _NAMING:
            typed = row.values.get(column.heading)
            if not typed:
                continue
            try:
                stretches = read_days(typed, year=row.table.year)
            except Unreadable as fault:
                row.refuse(column.heading, str(fault), typed)
                continue
            if worked is None and stretches:
                worked = self._worked(row)
            days = [day for stretch in stretches for day in days_between(*stretch)]
            found += [(day, bool(worked)) for day in days]
        row.label = _called(found) or str(row.values.get(sheet.NOTE.heading, ""))
        if not found and not row.problems:
            row.refuse(sheet.DATE.heading, "“日期”不能为空")
        latest = max((day for day, _worked in found), default=None)
        if latest and latest.year > self.county.today.year + _YEARS_AHEAD:
            row.refuse(sheet.DATE.heading, f"{latest.year} 年的通知还没有发布，请核对年份")
        return found

    @staticmethod
    def _worked(row: Row) -> bool | None:
        """What the row says of its days; refused where it says nothing, or two things."""
        said = {}
        if kind := row.values.get(sheet.KIND.heading):
            said[sheet.KIND.heading] = kind is DayKind.WORK
        for column, yes in ((sheet.WORKED, True), (sheet.FREE, False)):
            if column.heading in row.values:
                said[column.heading] = row.values[column.heading] is yes
        if len(set(said.values())) == 1:
            return next(iter(said.values()))
        heading = next(iter(said), sheet.KIND.heading)
        reason = "几列写的不一样，请只留一列" if said else "请写明“放假”还是“调休上班”"
        if not any(problem.column == heading for problem in row.problems):
            row.refuse(heading, reason)
        return None

    def _plan_row(self, row: Row, days) -> None:
        if row.stamp:
            days = self._stamped(row, days)
        row.plan = DayPlan()
        for day, worked in days:
            if self._repeats(row, day, worked):
                continue
            before = self.stored.get(day)
            note = self._note(row, worked, before)
            if row.problems:
                return
            if before is None or (before.is_workday, before.note) != (worked, note):
                row.plan.days[day] = Workday(
                    pk=before and before.pk, day=day, is_workday=worked, note=note
                )
                row.changes.append((full_date(day), _said(before), _said(row.plan.days[day])))
            if before:
                row.plan.known[before.pk] = (before.day, before.is_workday, before.note)
        row.is_new = bool(row.plan.days) and len(row.plan.days) == len(days) and not row.plan.known

    def _stamped(self, row: Row, days) -> list[tuple[datetime.date, bool]]:
        """The day of an exported row, with what was typed into it; what was not is as it stands."""
        kept = self.by_pk.get(int(row.stamp.pk))
        if kept is None:
            row.refuse(KEY, "这一天已从日历里移除，要再加上请清空行标识")
        elif [day for day, _worked in days] != [kept.day]:
            reason = f"这一行是{full_date(kept.day)}的，日期不能改；要加别的日子请清空行标识"
            row.refuse(sheet.DATE.heading, reason, row.values.get(sheet.DATE.heading, ""))
        if row.problems:
            return []
        stored = sheet.stored(kept)
        stored |= row.differences(stored)
        row.values |= stored
        return [(kept.day, stored[sheet.KIND.heading] is DayKind.WORK)]

    def _repeats(self, row: Row, day: datetime.date, worked: bool) -> bool:
        """Whether an earlier row has said this day; both are refused where they differ."""
        first, said = self._said.setdefault(day, (row, worked))
        if said != worked:
            for one, other in ((row, first), (first, row)):
                reason = f"{full_date(day)}与{other.place_from(one)}一处放假、一处上班，请核对"
                one.refuse(sheet.DATE.heading, reason)
            return True
        if first is row:
            return False
        row.note(sheet.DATE.heading, f"{full_date(day)}在{first.place_from(row)}已有，只计一次")
        return True

    @staticmethod
    def _note(row: Row, worked: bool, before: Workday | None) -> str:
        """Which festival; refused where free days have none and none is stored."""
        typed = row.values.get(sheet.NOTE.heading, "")
        if worked and sheet.WORK_DAYS.heading in row.values:
            return DayKind.WORK.label
        if typed:
            return typed
        if before and before.note and before.is_workday == worked:
            return before.note
        if not worked:
            row.refuse(sheet.NOTE.heading, "请写明是哪个节日")
        return DayKind.WORK.label

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the days of these rows that are stored; whether any has moved on since the plan."""
        known = {pk: facts for row in rows for pk, facts in row.plan.known.items()}
        return have_moved(Workday, known, _FACTS)

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Every day for itself; a day added meanwhile by somebody else undoes the import."""
        days = [one for row in rows for one in row.plan.days.values()]
        Workday.objects.bulk_create([one for one in days if not one.pk], batch_size=500)
        Workday.objects.bulk_update(
            [one for one in days if one.pk], ["is_workday", "note"], batch_size=500
        )
        for row in rows:
            writing.line(row, AREA, None, None)
        span = min(one.day for one in days), max(one.day for one in days)
        for pk in Organisation.objects.values_list("pk", flat=True):
            writing.note(pk, VALUES_AREA, *span)


def _called(found) -> str:
    days = sorted({day for day, _worked in found})
    if not days:
        return ""
    return "—".join(dict.fromkeys(full_date(day) for day in (days[0], days[-1])))


def _said(row: Workday | None) -> str:
    if row is None:
        return "按星期"
    return f"{'上班' if row.is_workday else '放假'} {row.note}".strip()
