"""Which step of a weak branch's case leads from where to where. Pure."""

from tasks.enums import WeakState, WeakStepKind

# Step → states it may be made from.
FROM = {
    WeakStepKind.DECIDED: (WeakState.PROPOSED,),
    WeakStepKind.DECLINED: (WeakState.PROPOSED,),
    WeakStepKind.PLAN_FILED: (WeakState.DECIDED, WeakState.WORKING, WeakState.REDO),
    WeakStepKind.ASKED: (WeakState.WORKING, WeakState.REDO),
    WeakStepKind.PASSED: (WeakState.ACCEPTANCE,),
    # Not accepted, or slid back while it was followed.
    WeakStepKind.REDO: (WeakState.ACCEPTANCE, WeakState.PASSED, WeakState.FOLLOW_UP),
    WeakStepKind.CONSOLIDATION: (WeakState.PASSED, WeakState.FOLLOW_UP),
    WeakStepKind.LOOKED_BACK: (WeakState.PASSED, WeakState.FOLLOW_UP),
    WeakStepKind.ENDED: (WeakState.FOLLOW_UP,),
}
# Step → state it leads to; a step that is not here leaves the state as it is.
TO = {
    WeakStepKind.DECIDED: WeakState.DECIDED,
    WeakStepKind.DECLINED: WeakState.ENDED,
    WeakStepKind.PLAN_FILED: WeakState.WORKING,
    WeakStepKind.ASKED: WeakState.ACCEPTANCE,
    WeakStepKind.PASSED: WeakState.PASSED,
    WeakStepKind.REDO: WeakState.REDO,
    WeakStepKind.CONSOLIDATION: WeakState.FOLLOW_UP,
    WeakStepKind.ENDED: WeakState.ENDED,
}
_DOING = {
    WeakStepKind.DECIDED: "认定",
    WeakStepKind.DECLINED: "不予认定",
    WeakStepKind.PLAN_FILED: "报备整顿方案",
    WeakStepKind.ASKED: "申请验收",
    WeakStepKind.PASSED: "通过验收",
    WeakStepKind.REDO: "责令重新整顿",
    WeakStepKind.CONSOLIDATION: "报备巩固方案",
    WeakStepKind.LOOKED_BACK: "登记回访",
    WeakStepKind.ENDED: "结束跟踪",
}
# What comes next, said to somebody who came too early or too late.
_NEXT = {
    WeakState.PROPOSED: "先由县委认定",
    WeakState.DECIDED: "先报备“一支一策”整顿方案",
    WeakState.WORKING: "措施销号、测评达标后申请验收",
    WeakState.ACCEPTANCE: "等县级验收",
    WeakState.PASSED: "先报备巩固提升方案",
    WeakState.REDO: "整改后重新测评、再申请验收",
    WeakState.FOLLOW_UP: "跟踪期满后结束",
    WeakState.ENDED: "要再整顿，请重新提出",
}


def may(step: str, state: str) -> bool:
    """Whether the step may be made from that state."""
    return state in FROM[step]


def refusal(step: str, state: str) -> str:
    """Why the step cannot be made from that state, in words; "" when it can."""
    if may(step, state):
        return ""
    return f"现在是“{WeakState(state).label}”，不能{_DOING[step]}，{_NEXT[state]}"
