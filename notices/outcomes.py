"""What became of an attempt to send."""

import datetime
from dataclasses import dataclass
from enum import Enum


class Result(Enum):
    SENT = "sent"
    # Nothing arrived, another attempt may help.
    LATER = "later"
    # Nothing arrived, the other side asks for a pause.
    BUSY = "busy"
    # Nothing arrived, and nothing will until a person changes something.
    REFUSED = "refused"
    # It may have arrived.
    UNSURE = "unsure"


@dataclass(frozen=True)
class Outcome:
    """A result with what the other side said, in words for people and without secrets."""

    result: Result
    words: str
    wait: datetime.timedelta | None = None
