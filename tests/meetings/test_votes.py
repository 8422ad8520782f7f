"""Quorums and majorities: one border on each side for each kind, and the operators kept apart."""

import pytest

from meetings.enums import DecisionKind
from meetings.votes import (
    RULES,
    attendance_words,
    impossible,
    may_be_held,
    outcome,
    quorum_of,
)


def told(kind, should_attend, present, yes, **facts):
    return outcome(kind, should_attend=should_attend, present=present, yes=yes, **facts)


def test_an_ordinary_vote_is_said_in_words():
    result = told("ordinary", 21, 18, 17)
    assert result.text == (
        "应到会有表决权 21 人，到会 18 人，赞成 17 票，超过应到会有表决权党员的半数，通过"
    )
    assert (result.is_quorate, result.passed, result.notes) == (True, True, ())
    assert result.source == "中国共产党支部工作条例（试行）（2018）第十一条"


@pytest.mark.parametrize(
    ("kind", "total", "enough"),
    [
        ("ordinary", 20, 10),
        ("ordinary", 21, 11),
        ("village", 20, 10),
        ("committee", 4, 2),
        ("committee", 5, 3),
        ("admission", 20, 11),
        ("admission", 21, 11),
        ("conversion", 20, 11),
        ("election", 20, 16),
        ("election", 21, 17),
        ("election", 4, 4),
    ],
)
def test_the_quorum_of_each_kind_is_exact(kind, total, enough):
    assert quorum_of(kind, total) == enough
    assert told(kind, total, enough, 0).is_quorate is True
    short = told(kind, total, enough - 1, 0)
    assert (short.is_quorate, short.passed) == (False, False)
    assert short.text.endswith("不能表决")


@pytest.mark.parametrize("kind", ["ordinary", "village", "admission", "conversion", "election"])
def test_half_of_those_who_should_attend_is_not_enough_to_pass(kind):
    assert told(kind, 20, 20, 10).passed is False
    assert told(kind, 20, 20, 11).passed is True


def test_the_base_is_those_who_should_attend_not_those_present():
    assert told("ordinary", 21, 12, 10).passed is False
    assert "没有超过应到会有表决权党员的半数，没有通过" in told("ordinary", 21, 12, 10).text


def test_no_source_says_how_many_votes_pass_in_a_committee():
    result = told("committee", 5, 3, 3)
    assert (result.is_quorate, result.passed) == (True, None)
    assert result.text == "应到会委员 5 人，到会 3 人，赞成 3 票，超过应到会委员的半数"
    assert result.notes == ("规定没有写明支委会的通过票数，是否通过由支委会确认",)


def test_written_consents_count_for_admission_and_are_named():
    result = told("admission", 20, 11, 12, written=2, is_secret=True)
    assert result.passed is True
    assert "赞成 12 票（其中书面同意 2 票）" in result.text


def test_written_consents_count_for_nothing_else():
    result = told("ordinary", 20, 10, 11, written=1)
    assert result.passed is False
    assert any("这里没有计入" in note for note in result.notes)


def test_an_open_vote_on_admission_is_noted_and_not_refused():
    assert any("无记名" in note for note in told("admission", 20, 15, 15).notes)
    assert not any("无记名" in note for note in told("admission", 20, 15, 15, is_secret=True).notes)


def test_an_election_shows_both_bases_and_says_that_it_is_unsure():
    result = told("election", 20, 16, 10)
    assert result.passed is False
    assert result.text.endswith("没有通过；按实到会 16 人算，超过半数")
    assert any("待核实" in note for note in result.notes)


def test_without_counts_the_question_stays_open():
    result = told("ordinary", None, None, None)
    assert (result.text, result.is_quorate, result.passed) == ("没有记票数", None, None)
    assert told("ordinary", 21, 18, None).passed is None


def test_nobody_who_may_vote_is_no_quorum():
    assert told("ordinary", 0, 0, 0).is_quorate is False


def test_every_kind_has_its_rule():
    assert RULES.keys() == set(DecisionKind)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"present": 22}, "多于应到"),
        ({"yes": 17, "no": 1, "abstained": 1}, "共 19 票，多于能投票的 18 人"),
        ({"yes": 18, "written": 4}, "多于应到 21 人"),
        ({"yes": 1, "written": 2}, "算在赞成票里"),
        ({"should_attend": None, "present": None, "yes": 3}, "应到和实到人数也填上"),
    ],
)
def test_counts_that_cannot_be_are_named(counts, words):
    usual = {"should_attend": 21, "present": 18, "yes": 17, "no": 0, "abstained": 0}
    assert words in impossible(**(usual | counts))


@pytest.mark.parametrize(
    "counts",
    [
        {"yes": 17, "no": 1, "abstained": 0},
        {"yes": 21, "written": 3, "no": 0, "abstained": 0},
        {"yes": None, "no": None, "abstained": None},
        {"present": 3, "yes": 3, "no": 0, "abstained": 0},
    ],
)
def test_counts_that_can_be_are_not_refused_however_few(counts):
    assert impossible(**({"should_attend": 21, "present": 18} | counts)) == ""


def test_the_foot_of_the_form_tells_half_from_more_than_half():
    assert attendance_words(21, 18) == "有表决权 21 人到 18 人，已过半数"
    assert attendance_words(20, 10) == "有表决权 20 人到 10 人，刚到半数，可以表决"
    assert attendance_words(21, 10) == "有表决权 21 人到 10 人，不足半数，不能表决"
    assert attendance_words(0, 0) == ""
    assert may_be_held(20, 10) is True
    assert may_be_held(21, 10) is False
    assert may_be_held(0, 0) is False
