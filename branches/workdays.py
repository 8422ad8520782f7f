"""Working days (工作日): the week, and the days that depart from it by the yearly notice.

Limits in working days (the publicity of five working days) count the first day in; make-up
workdays (调休) count. The notice for a year comes late in the year before, so what touches a year
without rows in the table is provisional.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from accounts import trail
from branches.changes import note_changes
from branches.models import Organisation, Workday
from branches.services import VALUES_AREA
from branches.words import full_date

AREA = "workdays"
# The longest holiday ever given at once is shorter; a slip in the year or month is not.
_LONGEST = 31
_DAY = datetime.timedelta(days=1)


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
        return sum(self.is_workday(first + offset * _DAY) for offset in range(days))

    def end_of(self, first: datetime.date, count: int) -> datetime.date:
        """The day on which `count` working days are full, `first` counted in.

        ValueError for less than one day.
        """
        if count < 1:
            raise ValueError("at least one working day is counted")
        day = first - _DAY
        while count:
            day += _DAY
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
    if last < first:
        raise WorkdayFault("最后一天早于第一天，请核对日期")
    if (last - first).days >= _LONGEST:
        raise WorkdayFault(f"一次最多填 {_LONGEST} 天，请核对年份和月份")


@transaction.atomic
def set_days(
    *, first: datetime.date, last: datetime.date, is_workday: bool, note: str, by
) -> list[Workday]:
    """Say of the days from `first` to `last` that they are worked, or free; what was said is replaced.

    Refuses a last day before the first, more than a month at once, and days without a note.
    Every organisation is judged again: a publicity may end on another day now.
    """
    refuse_days(first, last)
    if not note.strip():
        raise WorkdayFault("请写明是哪个节日，或因哪个节日调休")
    days = [first + offset * _DAY for offset in range((last - first).days + 1)]
    stored = Workday.objects.select_for_update().filter(day__in=days)
    before = {row.day: row.is_workday for row in stored}
    Workday.objects.bulk_create(
        [Workday(day=day, is_workday=is_workday, note=note.strip()) for day in days],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["is_workday", "note"],
    )
    trail.record(
        by=by,
        action="工作日历",
        area=AREA,
        label=full_date(first) if first == last else f"{full_date(first)}—{full_date(last)}",
        before={full_date(day): _word(worked) for day, worked in sorted(before.items())},
        after={"改为": _word(is_workday)},
        reason=note.strip(),
    )
    note_changes(
        (pk, VALUES_AREA, first, last) for pk in Organisation.objects.values_list("pk", flat=True)
    )
    return list(Workday.objects.filter(day__in=days))


def _word(is_workday: bool) -> str:
    return "上班" if is_workday else "放假"
