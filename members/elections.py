"""The arithmetic of an election: attendance, candidates, and both winning bases. No Django.

Nothing here refuses a result. What is disputed is shown with both counts (rules.md D3).
"""

from dataclasses import dataclass

# Fewer seats than a committee has: secretary, and a deputy where there is one.
_LEAST_COMMITTEE = 3


@dataclass(frozen=True)
class Check:
    """A requirement of the regulations, held against the record."""

    label: str
    is_met: bool
    text: str
    source: str


def is_quorate(present: int, should_attend: int) -> bool:
    """At least four fifths of the electors who should attend are there."""
    return 5 * present >= 4 * should_attend


def quorum(should_attend: int) -> int:
    """The least number present at which an election may be held."""
    return -(-4 * should_attend // 5)


def is_majority(votes: int, base: int) -> bool:
    """More than half of the base; half is not enough."""
    return 2 * votes > base


def majority(base: int) -> int:
    """The least number of votes that is more than half of the base."""
    return base // 2 + 1


def least_candidates(seats: int) -> int:
    """How many candidates committee seats need: a fifth more than seats, rounded up."""
    return -(-6 * seats // 5)


def elects_committee(seats: int) -> bool:
    """Whether so many seats make up a committee, and not only a secretary and a deputy."""
    return seats >= _LEAST_COMMITTEE


def attendance_check(present: int, should_attend: int) -> Check:
    """实到不少于应到五分之四."""
    return Check(
        "到会人数",
        is_quorate(present, should_attend),
        f"应到 {should_attend} 人，实到 {present} 人；五分之四为 {quorum(should_attend)} 人",
        "中国共产党基层组织选举工作条例（2020）：到会不少于应到会的五分之四",
    )


def candidates_check(seats: int, nominated: int) -> Check:
    """The difference of candidates and seats, or equal numbers where there is no committee."""
    if elects_committee(seats):
        least = least_candidates(seats)
        return Check(
            "候选人差额",
            nominated >= least,
            f"应选 {seats} 人，候选人 {nominated} 人；多于应选五分之一为 {least} 人",
            "中国共产党基层组织选举工作条例（2020）：委员候选人的差额不少于应选人数的 20%",
        )
    return Check(
        "候选人等额",
        nominated == seats,
        f"应选 {seats} 人，候选人 {nominated} 人；不设委员会的书记、副书记等额选举",
        "中国共产党支部工作条例（试行）（2018）第二十一条",
    )


def leaders_check(secretaries: int, deputies: int) -> Check:
    """One elected for each post of secretary; secretary and deputies stand in equal numbers."""
    return Check(
        "书记、副书记",
        secretaries == 1,
        f"当选书记 {secretaries} 人、副书记 {deputies} 人；书记、副书记等额选举",
        "中国共产党支部工作条例（试行）（2018）第二十一条",
    )


def ballots_check(present: int, ballots_out: int, ballots_in: int) -> Check:
    """As many ballots as people, and not more back than went out."""
    return Check(
        "选票",
        ballots_in <= ballots_out <= present,
        f"实到 {present} 人，发出 {ballots_out} 张，收回 {ballots_in} 张",
        "",
    )
