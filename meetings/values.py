"""County values about recording meetings, and what 补录 means."""

import datetime

from branches.values import Key

LATE_ENTRY_DAYS = Key(
    name="meetings.late_entry_days",
    label="会后几天以上登记算补录",
    default=7,
    unit="天",
    minimum=1,
    maximum=60,
    help="到下个月才登记的一律算补录",
)
MINUTES_PER_HOUR = Key(
    name="meetings.minutes_per_study_hour",
    label="一个学时的分钟数",
    default=60,
    unit="分钟",
    minimum=30,
    maximum=60,
)


def entered_late(held_on: datetime.date, entered_on: datetime.date, days: int) -> bool:
    """Whether a meeting was entered afterwards (补录): over `days` later, or in a later month."""
    if entered_on <= held_on:
        return False
    other_month = (entered_on.year, entered_on.month) != (held_on.year, held_on.month)
    return other_month or (entered_on - held_on).days > days
