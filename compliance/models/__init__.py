"""What must happen by when: duties, what is foreseen, who was reminded, how the checks ran."""

from compliance.models.duties import (
    STANDING,
    Duty,
    DutyEvent,
    DutyState,
    DutySummary,
    Exemption,
)
from compliance.models.forecast import CalendarAddress, Foreseen
from compliance.models.frozen import FrozenDuty
from compliance.models.reminders import Reminder
from compliance.models.runs import CheckRun, RunPart
from compliance.models.standards import Standard

__all__ = [
    "STANDING",
    "CalendarAddress",
    "CheckRun",
    "Duty",
    "DutyEvent",
    "DutyState",
    "DutySummary",
    "Exemption",
    "Foreseen",
    "FrozenDuty",
    "Reminder",
    "RunPart",
    "Standard",
]
