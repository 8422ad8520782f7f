"""Working days (工作日): the week, and the days that depart from it by the yearly notice.

Limits in working days (the publicity of five working days) count the first day in; make-up
workdays (调休) count. The notice for a year comes late in the year before, so what touches a year
without rows in the table is provisional.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models.functions import ExtractYear

from accounts import trail
from branches.changes import note_changes
from branches.day_ranges import DAY, LONGEST, Days, days_between, refuse_stretch, stretch_text
from branches.models import Organisation, Workday
from branches.published_days import published_days
from branches.services import VALUES_AREA
from branches.typed import Unreadable
from branches.words import full_date

AREA = "workdays"


@dataclass(frozen=True)
class Calendar:
    """Which days are worked: the days that depart from the week, and the years they are known of.

    Days of years that are not known are taken as the week has them.
    """

    departures: Mapping[datetime.date, bool]
    years: frozenset[int]

    def is_workday(self, day: datetime.date) -> bool:
        """Whether `day` is worked; without a row in the table Monday to Friday is."""
        return self.departures.get(day, day.weekday() < 5)

    def working_days(self, first: datetime.date, last: datetime.date) -> int:
        """How many days are worked from `first` to `last`, both counted in; 0 if `last` is earlier."""
        days = (last - first).days + 1
        return sum(self.is_workday(first + offset * DAY) for offset in range(days))

    def end_of(self, first: datetime.date, count: int) -> datetime.date:
        """The day on which `count` working days are full, `first` counted in.

        ValueError for less than one day.
        """
        if count < 1:
            raise ValueError("at least one working day is counted")
        day = first - DAY
        while count:
            day += DAY
            count -= self.is_workday(day)
        return day

    def is_provisional(self, first: datetime.date, last: datetime.date) -> bool:
        """Whether a year between the two days has no rows in the table."""
        return not self.years.issuperset(range(first.year, last.year + 1))


def calendar_of(first: datetime.date, last: datetime.date) -> Calendar:
    """The calendar of the years of the two days and of one year on each side; one query."""
    departures = dict(
        Workday.objects.filter(
            day__year__gte=first.year - 1, day__year__lte=last.year + 1
        ).values_list("day", "is_workday")
    )
    return Calendar(departures, frozenset(day.year for day in departures))


def working_days_between(first: datetime.date, last: datetime.date) -> int:
    """Working days from `first` to `last`, both counted in."""
    return calendar_of(first, last).working_days(first, last)


def add_working_days(first: datetime.date, count: int) -> datetime.date:
    """The day on which `count` working days are full, `first` counted in."""
    return calendar_of(first, first).end_of(first, count)


class WorkdayFault(ValueError):
    """The days cannot be set; the message says why."""


def refuse_days(first: datetime.date, last: datetime.date) -> None:
    """Raise WorkdayFault when the two days cannot be one holiday."""
    try:
        refuse_stretch(first, last)
    except Unreadable as unreadable:
        raise WorkdayFault(str(unreadable)) from None


def set_days(
    *, first: datetime.date, last: datetime.date, is_workday: bool, note: str, by
) -> list[Workday]:
    """Say of the days from `first` to `last` that they are worked, or free; what was said is replaced.

    Refuses a last day before the first, more than a month at once, and days without a note.
    """
    return set_stretches(stretches=[(first, last)], is_workday=is_workday, note=note, by=by)


@transaction.atomic
def set_stretches(
    *,
    stretches: Sequence[Days],
    is_workday: bool,
    note: str,
    by,
    instead_of: Days | None = None,
) -> list[Workday]:
    """Say of all these days the same; days of `instead_of` that are not among them are taken out.

    Refuses what `set_days` refuses. Every organisation is judged again: a publicity may end on
    another day now. Returns the rows in the order of their days.
    """
    for first, last in stretches:
        refuse_days(first, last)
    if not note.strip():
        raise WorkdayFault("请写明是哪个节日，或因哪个节日调休")
    days = {day for stretch in stretches for day in days_between(*stretch)}
    if not days:
        raise WorkdayFault("请填日期，如 10月1日至7日")
    touched = days | set(days_between(*instead_of)) if instead_of else days
    before = _held(touched)
    Workday.objects.filter(day__in=touched - days).delete()
    _put({day: (is_workday, note.strip()) for day in days})
    trail.record(
        by=by,
        action="工作日历",
        area=AREA,
        label="、".join(stretch_text(*stretch) for stretch in stretches),
        before={full_date(day): _word(row.is_workday) for day, row in before.items()},
        after={"改为": _word(is_workday)}
        | {full_date(day): "移除" for day in sorted(before.keys() - days)},
        reason=note.strip(),
    )
    _note_everybody(touched)
    return list(Workday.objects.filter(day__in=days))


@transaction.atomic
def remove_days(*, first: datetime.date, last: datetime.date, reason: str, by) -> int:
    """Take days out of the table, so that the week decides again; returns how many there were.

    Refuses without a reason, and where no day of the stretch stands in the table.
    """
    refuse_days(first, last)
    if not reason.strip():
        raise WorkdayFault("请写明为什么移除")
    before = _held(days_between(first, last))
    if not before:
        raise WorkdayFault("日历里已经没有这几天，请刷新后再看")
    Workday.objects.filter(day__in=before).delete()
    trail.record(
        by=by,
        action="移除工作日历",
        area=AREA,
        label=stretch_text(first, last),
        before={full_date(day): _word(row.is_workday) for day, row in before.items()},
        after={"改为": "按星期"},
        reason=reason.strip(),
    )
    _note_everybody(before)
    return len(before)


@dataclass(frozen=True)
class Difference:
    """A day of the published notice that the table has otherwise, or not at all (`before` None)."""

    day: datetime.date
    before: Workday | None
    is_workday: bool
    note: str


def differences(year: int) -> list[Difference]:
    """Where the table departs from the year's published notice; one query. [] where none is known.

    Days that stand in the table alone are the county's own and are left.
    """
    held = {row.day: row for row in Workday.objects.filter(day__year=year)}
    return [
        Difference(day, held.get(day), is_workday, note)
        for day, is_workday, note in published_days(year)
        if day not in held or (held[day].is_workday, held[day].note) != (is_workday, note)
    ]


@transaction.atomic
def copy_published(*, year: int, by) -> int:
    """Put the published notice of a year into the table; returns how many days were written.

    Refuses a year whose notice is not known here, and one that holds it already.
    """
    if not published_days(year):
        raise WorkdayFault(f"系统里还没有 {year} 年的放假通知，请按通知逐条添加，或导入 Excel")
    _held(day for day, _worked, _note in published_days(year))
    found = differences(year)
    if not found:
        raise WorkdayFault(f"{year} 年的日历与通知一致，不用再填")
    _put({one.day: (one.is_workday, one.note) for one in found})
    trail.record(
        by=by,
        action="工作日历",
        area=AREA,
        label=f"{year}年放假通知",
        before={full_date(one.day): _word(one.before.is_workday) for one in found if one.before},
        after={full_date(one.day): f"{_word(one.is_workday)} {one.note}" for one in found},
        reason="按国务院办公厅放假通知填入",
    )
    _note_everybody([one.day for one in found])
    return len(found)


def _held(days: Iterable[datetime.date]) -> dict[datetime.date, Workday]:
    """The rows of these days, locked, by their day."""
    rows = Workday.objects.select_for_update().filter(day__in=list(days)).order_by("day")
    return {row.day: row for row in rows}


def _put(days: Mapping[datetime.date, tuple[bool, str]]) -> None:
    """Write days, in the place of what was said of them."""
    Workday.objects.bulk_create(
        [Workday(day=day, is_workday=worked, note=note) for day, (worked, note) in days.items()],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["is_workday", "note"],
    )


def _note_everybody(days: Iterable[datetime.date]) -> None:
    """Every organisation is judged again: limits in working days may end on another day."""
    days = sorted(days)
    note_changes(
        (pk, VALUES_AREA, days[0], days[-1])
        for pk in Organisation.objects.values_list("pk", flat=True)
    )


def _word(is_workday: bool) -> str:
    return "上班" if is_workday else "放假"


# --- The table as people read it ----------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """Days in a row that are said alike; `pk` is the row of the first."""

    pk: int
    first: datetime.date
    last: datetime.date
    is_workday: bool
    note: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def stretches_of(rows: Iterable[Workday]) -> list[Stretch]:
    """Rows in the order of their days, those in a row that say the same as one."""
    found: list[Stretch] = []
    for row in rows:
        newest = found[-1] if found else None
        alike = newest and (newest.last + DAY, newest.is_workday, newest.note) == (
            row.day,
            row.is_workday,
            row.note,
        )
        if alike and newest.days < LONGEST:
            found[-1] = replace(newest, last=row.day)
        else:
            found.append(Stretch(row.pk, row.day, row.day, row.is_workday, row.note))
    return found


def year_of(year: int) -> list[Stretch]:
    """The table of one year."""
    return stretches_of(Workday.objects.filter(day__year=year))


def years_known() -> set[int]:
    """The years that have a day in the table; limits in any other year are provisional."""
    years = Workday.objects.annotate(year=ExtractYear("day")).order_by()
    return set(years.values_list("year", flat=True).distinct())


def stretch_at(pk: int) -> Stretch | None:
    """The stretch that a row stands in, which may begin in the year before; None without the row."""
    row = Workday.objects.filter(pk=pk).first()
    if row is None:
        return None
    near = Workday.objects.filter(
        day__gte=row.day - LONGEST * DAY, day__lte=row.day + LONGEST * DAY
    )
    return next(one for one in stretches_of(near) if one.first <= row.day <= one.last)
