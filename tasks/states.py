"""The life of a task as a table: which step leads from which state where, and why not otherwise.

待整改 → 整改中 → 待核查 → (待县级核查 →) 已销号. 退回 leads back to 整改中, 重新挂账 from 已销号 to
整改中, 撤销 from every open state out of the ledger. No database here.
"""

from django.db.models import TextChoices

from tasks.enums import OPEN_STATES, TaskState


class Step(TextChoices):
    """What somebody does to a task; the label stands in reasons of refusal."""

    START = "start", "开始整改"
    PROGRESS = "progress", "填写进展"
    REQUEST = "request", "申请销号"
    CHECK = "check", "核查销号"
    COUNTY_CHECK = "county_check", "县级核查销号"
    RETURN = "return", "退回整改"
    REOPEN = "reopen", "重新挂账"
    CANCEL = "cancel", "撤销"
    CHANGE = "change", "变更"
    ASK = "ask", "申请延期"
    ANSWER = "answer", "批复延期"
    EXTEND = "extend", "延期"
    REMIND = "remind", "催办"


_IN_WORK = (TaskState.PENDING, TaskState.WORKING)
_IN_REVIEW = (TaskState.REVIEW, TaskState.COUNTY_REVIEW)

# The states a step starts from.
STARTS: dict[str, tuple[str, ...]] = {
    Step.START: (TaskState.PENDING,),
    Step.PROGRESS: _IN_WORK,
    Step.REQUEST: _IN_WORK,
    Step.CHECK: (TaskState.REVIEW,),
    Step.COUNTY_CHECK: (TaskState.COUNTY_REVIEW,),
    Step.RETURN: _IN_REVIEW,
    Step.REOPEN: (TaskState.CLOSED,),
    Step.CANCEL: OPEN_STATES,
    Step.CHANGE: OPEN_STATES,
    Step.ASK: _IN_WORK,
    Step.ANSWER: OPEN_STATES,
    Step.EXTEND: OPEN_STATES,
    # Once the branch has asked for the check it is somebody else's turn.
    Step.REMIND: _IN_WORK,
}

# Where a step leads; steps that are not named leave the state as it is.
_LEADS: dict[str, TaskState] = {
    Step.START: TaskState.WORKING,
    Step.PROGRESS: TaskState.WORKING,
    Step.REQUEST: TaskState.REVIEW,
    Step.CHECK: TaskState.CLOSED,
    Step.COUNTY_CHECK: TaskState.CLOSED,
    Step.RETURN: TaskState.WORKING,
    Step.REOPEN: TaskState.WORKING,
    Step.CANCEL: TaskState.CANCELLED,
}

_INSTEAD: dict[str, str] = {
    TaskState.PENDING: "现在可以开始整改、填写进展，办完后申请销号",
    TaskState.WORKING: "现在可以填写进展，办完后申请销号",
    TaskState.REVIEW: "先等上级核查：通过就销号，退回后再整改",
    TaskState.COUNTY_REVIEW: "先等县级核查：通过就销号，退回后再整改",
    TaskState.CLOSED: "还要整改的，由上级重新挂账",
    TaskState.CANCELLED: "撤销的任务不再办理，需要时另建任务",
}

# What is more to the point for one step in one state.
_SPECIAL: dict[tuple[str, str], str] = {
    (Step.START, TaskState.WORKING): "已经开始了，直接填写进展",
    (Step.CHECK, TaskState.PENDING): "要等责任单位申请销号后再核查",
    (Step.CHECK, TaskState.WORKING): "要等责任单位申请销号后再核查",
    (Step.CHECK, TaskState.COUNTY_REVIEW): "上级已核查通过，现在由县级核查",
    (Step.COUNTY_CHECK, TaskState.PENDING): "要等责任单位申请销号、上级核查通过后再办",
    (Step.COUNTY_CHECK, TaskState.WORKING): "要等责任单位申请销号、上级核查通过后再办",
    (Step.RETURN, TaskState.PENDING): "责任单位还没有申请销号，没有可退回的",
    (Step.RETURN, TaskState.WORKING): "责任单位还没有申请销号，没有可退回的",
    (Step.RETURN, TaskState.CLOSED): "已销号的不能退回，还要整改的请重新挂账",
    (Step.REOPEN, TaskState.PENDING): "任务还在办，不用重新挂账",
    (Step.REOPEN, TaskState.WORKING): "任务还在办，不用重新挂账",
    (Step.REOPEN, TaskState.REVIEW): "任务还在办，不同意销号的请退回整改",
    (Step.REOPEN, TaskState.COUNTY_REVIEW): "任务还在办，不同意销号的请退回整改",
    (Step.CANCEL, TaskState.CLOSED): "已办完的留在台账里，不能撤销",
    (Step.ASK, TaskState.REVIEW): "已申请销号，等核查结果出来再说",
    (Step.ASK, TaskState.COUNTY_REVIEW): "已申请销号，等核查结果出来再说",
    (Step.REMIND, TaskState.REVIEW): "责任单位已申请销号，现在等的是核查",
    (Step.REMIND, TaskState.COUNTY_REVIEW): "责任单位已申请销号，现在等的是县级核查",
}


def allowed(step: str, state: str) -> bool:
    """Whether a task in `state` takes this step."""
    return state in STARTS[step]


def leads_to(step: str, state: str, by_county: bool = False) -> TaskState:
    """The state after an allowed step; a check of a task that the county checks as well leads there."""
    if step == Step.CHECK and by_county:
        return TaskState.COUNTY_REVIEW
    return _LEADS.get(step, TaskState(state))


def refusal(step: str, state: str, by_county: bool = False) -> str:
    """Why a task in `state` does not take the step, and what can be done instead; "" where it does."""
    if allowed(step, state):
        return ""
    instead = _SPECIAL.get((step, state)) or _INSTEAD[state]
    if step == Step.COUNTY_CHECK and state == TaskState.REVIEW:
        instead = (
            "先由上级党（工）委核查，通过后报县级核查"
            if by_county
            else "这项任务由上级党（工）委核查，不经县级核查"
        )
    return f"这项任务现在是“{TaskState(state).label}”，不能{Step(step).label}：{instead}"
