"""Holidays and make-up workdays as the State Council's yearly notices set them. No Django.

Taken from the package chinesecalendar, which holds the notices of the years since 2004 as far as
they had been published when it was made; a later year is not there until the package is renewed.
"""

import datetime

from chinese_calendar.constants import Holiday, holidays, workdays

_SHORT = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}
_NAMES = {one.value: _SHORT.get(one.chinese, one.chinese) for one in Holiday}
MAKE_UP = "调休上班"


def published_days(year: int) -> list[tuple[datetime.date, bool, str]]:
    """Day, whether it is worked, and why, for every day of the year's notice; [] where unknown."""
    days = [(day, False, _NAMES[name]) for day, name in holidays.items() if day.year == year]
    # The day after a year's end may be set by the notice of that year; alone it is no calendar.
    if len(days) < 5:
        return []
    days += [(day, True, MAKE_UP) for day in workdays if day.year == year]
    return sorted(days)
