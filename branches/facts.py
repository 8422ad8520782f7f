"""What rooms to the right know about organisations, for the list and the page of one.

They cannot be imported from here, so each registers its answers in a module `branch_facts`.
Every answer is for many organisations at once and takes a fixed number of queries.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class People:
    """Who is in a branch on a day: with the formal relation here, and only attached."""

    relations: int = 0
    formal: int = 0
    attached: int = 0

    @property
    def members(self) -> int:
        return self.relations + self.attached


@dataclass(frozen=True, slots=True)
class SetUp:
    """How one requirement of the set-up stands: words, kind of mark, the page that explains it."""

    name: str
    words: str
    kind: str
    url: str


NOBODY = People()
PEOPLE = "people"
SECRETARIES = "secretaries"
SETUP = "setup"

# name → function; an installation without that room answers with nothing.
_ANSWERS: dict[str, Callable] = {}


def register(name: str, answer: Callable) -> None:
    """Make an answer known; each question has one room that answers it."""
    if name in _ANSWERS:
        raise ValueError(f"{name} is answered twice")
    _ANSWERS[name] = answer


def people_in(organisations: Iterable[int], day: datetime.date) -> dict[int, People]:
    """How many people each organisation has on `day`; empty ones are left out."""
    return _ANSWERS[PEOPLE](list(organisations), day) if PEOPLE in _ANSWERS else {}


def secretaries_of(organisations: Iterable[int], day: datetime.date) -> dict[int, str]:
    """The name of each organisation's secretary on `day`; vacant ones are left out."""
    return _ANSWERS[SECRETARIES](list(organisations), day) if SECRETARIES in _ANSWERS else {}


def setup_of(organisation: int, today: datetime.date) -> list[SetUp]:
    """The set-up requirements of one organisation as they stand now."""
    return _ANSWERS[SETUP](organisation, today) if SETUP in _ANSWERS else []
