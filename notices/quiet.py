"""Quiet hours (免打扰): when nothing is sent outside, and when it may be sent again."""

import datetime
from dataclasses import dataclass

from django.utils import timezone

from branches.values import Values
from branches.workdays import Calendar, calendar_of
from notices.values import QUIET_FROM, QUIET_ON_FREE_DAYS, QUIET_UNTIL

_DAY = datetime.timedelta(days=1)
# What waited goes out a little after the hour: the robots' own servers are crowded at full and half
# hours and then refuse (Feishu's guide for custom bots says so).
_PAST_THE_HOUR = datetime.timedelta(minutes=3)
# Longer than any row of free days; a calendar without a single working day must not hang.
_FARTHEST = 60


@dataclass(frozen=True)
class Quiet:
    """The quiet hours of one day as the county has set them; `starts` = `ends` means none."""

    starts: int
    ends: int
    on_free_days: bool
    calendar: Calendar

    def covers(self, moment: datetime.datetime) -> bool:
        """Whether nothing is sent at this moment."""
        local = timezone.localtime(moment)
        return self._is_free(local) or self._in_hours(local)

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """The moment itself, or the first one after the quiet time it lies in."""
        local = timezone.localtime(moment)
        for _ in range(_FARTHEST):
            if self._is_free(local):
                local = _at(local.date() + _DAY, 0)
            elif self._in_hours(local):
                over_midnight = local.hour >= self.ends
                local = _at(local.date() + _DAY * over_midnight, self.ends)
            else:
                break
        return moment if local == moment else local + _PAST_THE_HOUR

    def _is_free(self, local: datetime.datetime) -> bool:
        return self.on_free_days and not self.calendar.is_workday(local.date())

    def _in_hours(self, local: datetime.datetime) -> bool:
        if self.starts <= self.ends:
            return self.starts <= local.hour < self.ends
        return local.hour >= self.starts or local.hour < self.ends


def _at(day: datetime.date, hour: int) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(hour)))


def quiet_at(moment: datetime.datetime) -> Quiet:
    """The quiet hours in force at a moment; two queries."""
    day = timezone.localtime(moment).date()
    values = Values()
    return Quiet(
        starts=values.on(QUIET_FROM, day),
        ends=values.on(QUIET_UNTIL, day),
        on_free_days=values.on(QUIET_ON_FREE_DAYS, day),
        calendar=calendar_of(day, day),
    )
