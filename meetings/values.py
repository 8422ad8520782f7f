"""County values about recording meetings, and what 补录 means."""

import datetime

from branches.periods import Span, month_end, period_of
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
# How often the branch's meetings are asked for; the rules and the year plan read the same values.
COMMITTEES_A_MONTH = Key(
    "meetings.committee", "每月支委会次数", 1, unit="次", minimum=1, maximum=10
)
THEME_DAYS_A_MONTH = Key(
    "meetings.theme_day", "每月主题党日次数", 1, unit="次", minimum=1, maximum=10
)
MEMBERS_MEETINGS_A_QUARTER = Key(
    "meetings.members_meeting", "每季度党员大会次数", 1, unit="次", minimum=1, maximum=10
)
LECTURES_A_YEAR = Key("meetings.lecture", "每年党课次数", 4, unit="次", minimum=1, maximum=50)
BUILDING_STUDIES_A_YEAR = Key(
    "meetings.branch_building",
    "每年专题研究支部建设次数",
    1,
    unit="次",
    minimum=1,
    maximum=12,
    help="街道党支部标准化规范化创建方案：每年至少研究一次",
)
THEME_DAY = Key(
    "meetings.theme_day_of_month",
    "没有固定党日的支部，主题党日排在每月几日",
    10,
    unit="日",
    minimum=1,
    maximum=31,
    help="只用于生成年度计划；当月没有这一天的排在月末",
)
PLAN_MONTH = Key(
    "meetings.plan_month",
    "年度计划报备截止月份",
    1,
    unit="月底前",
    minimum=1,
    maximum=6,
    help="三会一课年度计划向上级报备的期限，未见全国统一规定，按本县口径",
)

YEARLY_UNTIL = Key(
    "meetings.yearly_until",
    "年度组织生活会、民主评议最迟在次年几月底前",
    3,
    unit="月底前",
    minimum=1,
    maximum=6,
    help="未见全国统一的截止日期，各地多在 12 月到次年 3 月上旬开",
)


def yearly_due_on(year_end: datetime.date, month: int) -> datetime.date:
    """The last day for 组织生活会 and 民主评议 of the year that ends on `year_end`."""
    return month_end(datetime.date(year_end.year + 1, month, 1))


def quarters_left(day: datetime.date, running: bool = False) -> int:
    """Whole quarters of the year from `day` on; with `running` the quarter of `day` counts too."""
    quarter = period_of(Span.QUARTER, day)
    index = (quarter.starts_on.month - 1) // 3
    return 4 - index if running or day == quarter.starts_on else 3 - index


def lectures_due(yearly: int, founded_on: datetime.date | None, year: int) -> int:
    """党课 owed in `year`: a branch founded inside it owes a share for each whole quarter left."""
    first = datetime.date(year, 1, 1)
    if founded_on and founded_on.year > year:
        return 0
    return yearly * quarters_left(max(founded_on or first, first)) // 4


def entered_late(held_on: datetime.date, entered_on: datetime.date, days: int) -> bool:
    """Whether a meeting was entered afterwards (补录): over `days` later, or in a later month."""
    if entered_on <= held_on:
        return False
    other_month = (entered_on.year, entered_on.month) != (held_on.year, held_on.month)
    return other_month or (entered_on - held_on).days > days
