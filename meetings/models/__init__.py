from meetings.models.appraisals import Appraisal, AppraisalResult
from meetings.models.joint import JointInvitation
from meetings.models.matters import Matter, MatterStep
from meetings.models.meetings import Attendance, Meeting, MeetingType
from meetings.models.plans import PlanItem, YearPlan
from meetings.models.resolutions import Exclusion, Resolution
from meetings.models.study import MakeUp, StudyExemption, Training, TrainingAttendance
from meetings.models.talks import Talk, TalkPerson, Visit

__all__ = [
    "Appraisal",
    "AppraisalResult",
    "Attendance",
    "Exclusion",
    "JointInvitation",
    "MakeUp",
    "Matter",
    "MatterStep",
    "Meeting",
    "MeetingType",
    "PlanItem",
    "Resolution",
    "StudyExemption",
    "Talk",
    "TalkPerson",
    "Training",
    "TrainingAttendance",
    "Visit",
    "YearPlan",
]
