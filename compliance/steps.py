"""Which steps of reminding a duty has, and which of them have come: date arithmetic, no queries.

Who owes a duty is told some days before it is due, on the day itself, and every week while it is
late; the committee above is told after a week, the county after a month. A step comes on its day
or, where that is not worked, on the next working day. Deadlines themselves never move.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from branches.values import Key, Values

SENDING = Key(
    "compliance.remind", "发到期提醒", True, help="“否”的时候每晚只核对，不发到期提醒和逾期提醒"
)
_NONE = "填 0 不作这次提醒；期次还没开始的那些天不提醒"
BEFORE = (
    Key(
        "compliance.remind_first_days",
        "第一次提醒在到期前多少天",
        90,
        unit="天",
        minimum=0,
        maximum=180,
        help=_NONE,
    ),
    Key(
        "compliance.remind_second_days",
        "第二次提醒在到期前多少天",
        30,
        unit="天",
        minimum=0,
        maximum=180,
        help=_NONE,
    ),
    Key(
        "compliance.remind_last_days",
        "最后一次提醒在到期前多少天",
        7,
        unit="天",
        minimum=0,
        maximum=180,
        help=_NONE,
    ),
)
EVERY = Key(
    "compliance.remind_every_days", "逾期后每隔多少天再提醒", 7, unit="天", minimum=1, maximum=60
)
MOST = Key(
    "compliance.remind_times",
    "逾期后最多提醒多少次",
    52,
    unit="次",
    minimum=0,
    maximum=104,
    help="过后仍在应办事项里亮红灯，只是不再发提醒",
)
COMMITTEE_AFTER = Key(
    "compliance.remind_committee_days",
    "逾期多少天告诉党委、党工委",
    7,
    unit="天",
    minimum=1,
    maximum=365,
)
COUNTY_AFTER = Key(
    "compliance.remind_county_days", "逾期多少天告诉县委", 30, unit="天", minimum=1, maximum=365
)
KEYS = (SENDING, *BEFORE, EVERY, MOST, COMMITTEE_AFTER, COUNTY_AFTER)


class To(StrEnum):
    """Whom a step is for: who has to act, the committee above, the county."""

    ACTING = "acting"
    COMMITTEE = "committee"
    COUNTY = "county"


@dataclass(frozen=True)
class Leads:
    """How many days before and after a due day there is a step; the county's values of a day."""

    before: tuple[int, ...] = (90, 30, 7)
    every: int = 7
    most: int = 52
    committee_after: int = 7
    county_after: int = 30

    @property
    def longest(self) -> int:
        """How many days before a due day the first step lies."""
        return max(self.before, default=0)


def leads_on(values: Values, day: datetime.date) -> Leads:
    """The county's lead times in force on `day`; the longest first, each once, without the zeros."""
    before = {values.on(key, day) for key in BEFORE} - {0}
    return Leads(
        tuple(sorted(before, reverse=True)),
        values.on(EVERY, day),
        values.on(MOST, day),
        values.on(COMMITTEE_AFTER, day),
        values.on(COUNTY_AFTER, day),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its code, as stored, where it stands (`rank`), and the day on which it comes."""

    code: str
    to: To
    alarm: datetime.date
    order: tuple[int, int]


def steps_come(
    due_on: datetime.date,
    *,
    begins_on: datetime.date | None,
    leads: Leads,
    on: datetime.date,
    workday: Callable[[datetime.date], datetime.date],
) -> list[Step]:
    """The steps that have come by `on`, in the order in which they came.

    `begins_on` is the first day of the duty's period: a step before lies inside the period when
    its day is a later one; None for a standing condition, all of whose steps count. `workday`
    gives the day itself or the next one that is worked.
    """
    days = [
        (f"b{lead}", To.ACTING, -lead)
        for lead in leads.before
        if begins_on is None or due_on - datetime.timedelta(days=lead) > begins_on
    ]
    days.append(("due", To.ACTING, 0))
    late = (on - due_on).days
    times = min(leads.most, max(late, 0) // leads.every)
    days += [(f"late{time}", To.ACTING, time * leads.every) for time in range(1, times + 1)]
    days.append(("up1", To.COMMITTEE, leads.committee_after))
    days.append(("up2", To.COUNTY, leads.county_after))
    found = [
        Step(code, to, workday(due_on + datetime.timedelta(days=offset)), rank(code))
        for code, to, offset in days
        if offset <= late
    ]
    return [step for step in found if step.alarm <= on]


def rank(code: str) -> tuple[int, int]:
    """Where a step stands among those of its duty; the later one is the greater."""
    if code.startswith("b"):
        return (0, -int(code[1:]))
    if code == "due":
        return (1, 0)
    if code.startswith("late"):
        return (2, int(code[4:]))
    return (3, int(code[2:]))


# The last step that has nothing to do with being late.
DUE = rank("due")


def goes_up(code: str) -> bool:
    """Whether the step tells somebody above of what is late."""
    return code.startswith("up")


def words(code: str) -> str:
    """A step as it is said on screen."""
    if code.startswith("b"):
        return f"到期前 {code[1:]} 天"
    if code.startswith("late"):
        return f"逾期后第 {code[4:]} 次"
    return {"due": "到期当天", "up1": "逾期报上级", "up2": "逾期报县委"}.get(code, code)
