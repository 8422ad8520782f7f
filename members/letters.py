"""Introduction letters (组织关系介绍信): how long they hold, and months as people type them.

No Django. A letter of a day holds for so many days after it; the last of them is still in time.
"""

import datetime
import re

from branches.typed import Unreadable, folded, read_date

_MONTH = re.compile(r"^(\d{4})\s*[年.\-/．]\s*(\d{1,2})\s*月?份?$")
_SIX_DIGITS = re.compile(r"^((?:19|20)\d{2})(\d{2})$")


def valid_until(letter_on: datetime.date | None, valid_days: int | None) -> datetime.date | None:
    """The last day on which a letter holds; None where there is none yet."""
    if letter_on is None or valid_days is None:
        return None
    return letter_on + datetime.timedelta(days=valid_days)


def read_month(value) -> datetime.date | None:
    """The first day of a month written 2026年8月, 2026-08, 2026.8 or 202608, or of a date's month."""
    text = folded(value)
    if not text:
        return None
    match = _MONTH.match(text) or _SIX_DIGITS.match(text)
    if match and 1 <= int(match[2]) <= 12:
        return datetime.date(int(match[1]), int(match[2]), 1)
    try:
        day = read_date(value)
    except Unreadable:
        raise Unreadable(f"“{text}”读不出年月，请写成 2026年8月 这样的年月") from None
    return day.replace(day=1) if day else None
