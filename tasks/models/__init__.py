"""Work to be done: the rectification ledger and what fills it."""

from tasks.enums import OPEN_STATES, EventKind, TaskState
from tasks.models.campaigns import (
    Block,
    Campaign,
    CampaignValue,
    Measure,
    Phase,
    SelfCheck,
    Target,
)
from tasks.models.coverage import FoundingStep, UnitInstructor, UnitSurvey
from tasks.models.inspections import Finding, Inspection, InspectionVisit, Letter
from tasks.models.ledger import Extension, Task, TaskEvent, problem_key
from tasks.models.projects import PlusItem, PlusPlan
from tasks.models.weak import (
    WeakBranch,
    WeakCheck,
    WeakLink,
    WeakReport,
    WeakStep,
    WeakSurvey,
)

__all__ = [
    "OPEN_STATES",
    "Block",
    "Campaign",
    "CampaignValue",
    "EventKind",
    "Extension",
    "Finding",
    "FoundingStep",
    "Inspection",
    "InspectionVisit",
    "Letter",
    "Measure",
    "Phase",
    "PlusItem",
    "PlusPlan",
    "SelfCheck",
    "Target",
    "Task",
    "TaskEvent",
    "TaskState",
    "UnitInstructor",
    "UnitSurvey",
    "WeakBranch",
    "WeakCheck",
    "WeakLink",
    "WeakReport",
    "WeakStep",
    "WeakSurvey",
    "problem_key",
]
