"""What rooms to the right know about members, for the list and the page of a member.

They cannot be imported from here, so each registers its answers in a module `member_facts`.
Every answer is for many members at once and takes a fixed number of queries.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Study:
    """A member's study hours this year: earned, required, expected by an even pace."""

    hours: Decimal
    required: int
    expected: Decimal

    @property
    def behind(self) -> bool:
        return self.hours < min(self.expected, self.required)

    @property
    def percent(self) -> int:
        return min(100, int(self.hours * 100 / self.required)) if self.required else 100

    @property
    def pace_percent(self) -> int:
        return min(100, int(self.expected * 100 / self.required)) if self.required else 100


@dataclass(frozen=True)
class DuesMonth:
    """What one member owed and paid for one month."""

    month: datetime.date
    due: Decimal
    paid: Decimal


@dataclass(frozen=True)
class Unpaid:
    """The months, oldest first, for which a member has paid no dues, and their sum in yuan.

    `reached_on` is the day on which they became as many as send the matter to the committee.
    """

    member_id: int
    name: str
    organisation_id: int
    months: tuple[datetime.date, ...]
    amount: Decimal
    reached_on: datetime.date


@dataclass(frozen=True)
class Attended:
    """One meeting at which a member was expected, and how he or she stood to it."""

    held_on: datetime.date
    label: str
    state_words: str
    url: str


@dataclass(frozen=True)
class Presence:
    """How a member stood to meetings: expected at how many of a span, last there on which day."""

    expected: int
    last_on: datetime.date | None


@dataclass(frozen=True)
class Appraised:
    """The outcome of one year's 民主评议 for a member: the grade, or why there is none."""

    year: int
    words: str


# name → function; an installation without that room answers with nothing.
_ANSWERS: dict[str, Callable] = {}

STUDY = "study"
DUES = "dues"
MEETINGS = "meetings"
PRESENCE = "presence"
LAST_PAID = "last_paid"
LONG_UNPAID = "long_unpaid"
UNPAID = "unpaid"
APPRAISALS = "appraisals"


def register(name: str, answer: Callable) -> None:
    """Make an answer known; each question has one room that answers it."""
    if name in _ANSWERS:
        raise ValueError(f"{name} is answered twice")
    _ANSWERS[name] = answer


def study_of(members: Iterable[int], day: datetime.date) -> dict[int, Study]:
    """Study hours of the year of `day`, for every member asked about."""
    return _ANSWERS[STUDY](list(members), day) if STUDY in _ANSWERS else {}


def dues_of(
    members: Iterable[int], start: datetime.date, end: datetime.date
) -> dict[int, list[DuesMonth]]:
    """Charged months between the two days, oldest first; who owed nothing is left out."""
    return _ANSWERS[DUES](list(members), start, end) if DUES in _ANSWERS else {}


def meetings_of(member: int, day: datetime.date, count: int) -> list[Attended]:
    """The latest meetings up to `day`."""
    return _ANSWERS[MEETINGS](member, day, count) if MEETINGS in _ANSWERS else []


def presence_of(
    members: Iterable[int], start: datetime.date, end: datetime.date
) -> dict[int, Presence]:
    """Held meetings each member was expected at between the two days, and the last day up to
    `end` on which he or she was there; who was never expected anywhere is left out."""
    return _ANSWERS[PRESENCE](list(members), start, end) if PRESENCE in _ANSWERS else {}


def appraisals_of(members: Iterable[int], count: int) -> dict[int, list[Appraised]]:
    """The latest `count` concluded 民主评议 of each member, newest first; who has none is left out."""
    return _ANSWERS[APPRAISALS](list(members), count) if APPRAISALS in _ANSWERS else {}


def last_paid_of(members: Iterable[int], day: datetime.date) -> dict[int, datetime.date]:
    """The day up to `day` of each member's last payment that was not taken back.

    A payment without a day (from a yearly sheet) counts for the last day of its month.
    """
    return _ANSWERS[LAST_PAID](list(members), day) if LAST_PAID in _ANSWERS else {}


def long_unpaid(organisations, day: datetime.date) -> list[Unpaid]:
    """Members of these organisations who have paid no dues for so many months running that the
    committee is to study it, by the county's measure."""
    return _ANSWERS[LONG_UNPAID](organisations, day) if LONG_UNPAID in _ANSWERS else []


def unpaid_of(
    members: Iterable[int], day: datetime.date
) -> dict[int, tuple[list[datetime.date], Decimal]]:
    """The months running, oldest first, for which these members have paid no dues, and their sum;
    who owes nothing that way is left out."""
    return _ANSWERS[UNPAID](list(members), day) if UNPAID in _ANSWERS else {}
