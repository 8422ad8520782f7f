"""Which step belongs to which stage, who takes it, and what it leads to. No Django but choices."""

from members.enums import Stage, Step

# The stage somebody has reached when a step can be taken.
STAGE_OF = {
    Step.APPLIED: Stage.APPLICANT,
    Step.TALKED: Stage.APPLICANT,
    Step.ACTIVIST: Stage.APPLICANT,
    Step.ACTIVIST_FILED: Stage.ACTIVIST,
    Step.REVIEWED: Stage.ACTIVIST,
    Step.THOUGHT_REPORT: Stage.ACTIVIST,
    Step.TARGET_PUBLICITY: Stage.ACTIVIST,
    Step.TARGET: Stage.ACTIVIST,
    Step.TARGET_FILED: Stage.TARGET,
    Step.POLITICAL_REVIEW: Stage.TARGET,
    Step.COURSE: Stage.TARGET,
    Step.COMMITTEE_CHECK: Stage.TARGET,
    Step.PRE_REVIEW: Stage.TARGET,
    Step.ADMISSION_MEETING: Stage.TARGET,
    Step.APPROVAL_DELAYED: Stage.PROBATIONARY,
    Step.APPROVAL: Stage.PROBATIONARY,
    Step.OATH: Stage.PROBATIONARY,
    Step.CONVERSION_REQUEST: Stage.PROBATIONARY,
    Step.CONVERSION_PUBLICITY: Stage.PROBATIONARY,
    Step.EXTENSION: Stage.PROBATIONARY,
    Step.CONVERSION_MEETING: Stage.PROBATIONARY,
    Step.CONVERSION_DECISION: Stage.PROBATIONARY,
    Step.ARCHIVED: Stage.CONFIRMED,
}
# Steps that move somebody on. The meeting on conversion does not: the superior decides after it.
LEADS_TO = {
    Step.ACTIVIST: Stage.ACTIVIST,
    Step.TARGET: Stage.TARGET,
    Step.ADMISSION_MEETING: Stage.PROBATIONARY,
    Step.CONVERSION_DECISION: Stage.CONFIRMED,
}
REACHED_BY = {stage: step for step, stage in LEADS_TO.items()}
# Steps of the superior; all others are the branch's.
SUPERIOR_STEPS = frozenset(
    {
        Step.ACTIVIST_FILED,
        Step.TARGET_FILED,
        Step.PRE_REVIEW,
        Step.APPROVAL_DELAYED,
        Step.APPROVAL,
        Step.CONVERSION_DECISION,
    }
)
# Steps decided by secret ballot of the branch meeting.
VOTED = frozenset({Step.ADMISSION_MEETING, Step.CONVERSION_MEETING})
# Steps that last until a day.
LASTING = frozenset({Step.TARGET_PUBLICITY, Step.COURSE, Step.CONVERSION_PUBLICITY, Step.EXTENSION})
_STAGES = list(Stage)
_STEPS = list(Step)


def stage_reached(stage: str, needed: str) -> bool:
    """Whether somebody at `stage` has come as far as `needed`."""
    return _STAGES.index(Stage(stage)) >= _STAGES.index(Stage(needed))


def stage_before(stage: str) -> Stage:
    """The stage from which one comes to `stage`."""
    return _STAGES[_STAGES.index(Stage(stage)) - 1]


def step_number(step: str) -> int:
    """The place of a step in the order of the way."""
    return _STEPS.index(Step(step))
