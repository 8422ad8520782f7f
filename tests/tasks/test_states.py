"""The table of every state and step, without a database."""

import pytest

from tasks.enums import OPEN_STATES, TaskState
from tasks.states import STARTS, Step, allowed, leads_to, refusal

P, W, R, C = TaskState.PENDING, TaskState.WORKING, TaskState.REVIEW, TaskState.COUNTY_REVIEW
DONE, GONE = TaskState.CLOSED, TaskState.CANCELLED

# step → state it starts from → state it leads to; every other pair is refused.
TABLE = {
    Step.START: {P: W},
    Step.PROGRESS: {P: W, W: W},
    Step.REQUEST: {P: R, W: R},
    Step.CHECK: {R: DONE},
    Step.COUNTY_CHECK: {C: DONE},
    Step.RETURN: {R: W, C: W},
    Step.REOPEN: {DONE: W},
    Step.CANCEL: {P: GONE, W: GONE, R: GONE, C: GONE},
    Step.CHANGE: {P: P, W: W, R: R, C: C},
    Step.ASK: {P: P, W: W},
    Step.ANSWER: {P: P, W: W, R: R, C: C},
    Step.EXTEND: {P: P, W: W, R: R, C: C},
    Step.REMIND: {P: P, W: W},
}
PAIRS = [(step, state) for step in Step for state in TaskState]


def test_the_table_names_every_step():
    assert TABLE.keys() == STARTS.keys() == set(Step)


@pytest.mark.parametrize(("step", "state"), PAIRS)
def test_a_step_leads_where_the_table_says_and_nowhere_else(step, state):
    assert allowed(step, state) == (state in TABLE[step])
    if state in TABLE[step]:
        assert refusal(step, state) == ""
        assert leads_to(step, state) == TABLE[step][state]


@pytest.mark.parametrize(
    ("step", "state"), [(step, state) for step, state in PAIRS if state not in TABLE[step]]
)
def test_a_refusal_names_the_state_the_step_and_what_to_do_instead(step, state):
    reason = refusal(step, state)
    said, _colon, instead = reason.partition("：")
    assert said == f"这项任务现在是“{state.label}”，不能{step.label}"
    assert len(instead) >= 8


def test_the_check_of_a_task_for_the_county_leads_to_the_countys_check():
    assert leads_to(Step.CHECK, R, by_county=True) == C
    assert leads_to(Step.COUNTY_CHECK, C, by_county=True) == DONE


def test_the_county_is_told_whether_a_check_comes_to_it_at_all():
    assert "先由上级党（工）委核查" in refusal(Step.COUNTY_CHECK, R, by_county=True)
    assert "不经县级核查" in refusal(Step.COUNTY_CHECK, R, by_county=False)


def test_what_is_open_can_be_cancelled_and_what_is_closed_only_reopened():
    assert set(TABLE[Step.CANCEL]) == set(OPEN_STATES)
    assert [step for step in Step if allowed(step, DONE)] == [Step.REOPEN]
    assert [step for step in Step if allowed(step, GONE)] == []
