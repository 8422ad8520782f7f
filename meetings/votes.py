"""Quorums and majorities of each kind of decision: the operators differ. No database, no state.

Source: rules.md §3. "Half or more" (`2 * present >= total`) and "more than half"
(`2 * yes > should_attend`) are different operators and are never swapped. Nothing here refuses
a record: what a count means is said, and what no source settles is marked as unsure.
"""

from dataclasses import dataclass

from meetings.enums import DecisionKind
from members.elections import is_majority, is_quorate, majority, quorum

_BRANCH_RULES = "中国共产党支部工作条例（试行）（2018）"
_DEVELOPMENT_RULES = "中国共产党发展党员工作细则（2026年修订）"
_ELECTION_RULES = "中国共产党基层组织选举工作条例（2020）"


def is_half(present: int, total: int) -> bool:
    """Half or more of those who may vote are there; exactly half is enough."""
    return 2 * present >= total


def is_more_than_half(number: int, total: int) -> bool:
    """More than half; exactly half is not enough."""
    return is_majority(number, total)


@dataclass(frozen=True)
class VoteRule:
    """What one kind of decision asks for, with its source; `unsure` says what is not settled."""

    attends: object
    attends_words: str
    misses_words: str
    source: str
    unsure: str = ""
    passes: bool = True
    takes_written: bool = False
    wants_secret: bool = False


RULES = {
    DecisionKind.ORDINARY: VoteRule(
        attends=is_half,
        attends_words="已达半数",
        misses_words="不足半数",
        source=f"{_BRANCH_RULES}第十一条",
    ),
    DecisionKind.VILLAGE: VoteRule(
        attends=is_half,
        attends_words="已达半数",
        misses_words="不足半数",
        source=f"{_BRANCH_RULES}第十一条",
    ),
    DecisionKind.COMMITTEE: VoteRule(
        attends=is_half,
        attends_words="已达半数",
        misses_words="不足半数",
        source=f"{_BRANCH_RULES}第十二条",
        unsure="规定没有写明支委会的通过票数，是否通过由支委会确认",
        passes=False,
    ),
    DecisionKind.ADMISSION: VoteRule(
        attends=is_more_than_half,
        attends_words="已过半数",
        misses_words="没有超过半数",
        source=_DEVELOPMENT_RULES,
        unsure="到会要超过半数的条款号待核实",
        takes_written=True,
        wants_secret=True,
    ),
    DecisionKind.CONVERSION: VoteRule(
        attends=is_more_than_half,
        attends_words="已过半数",
        misses_words="没有超过半数",
        source=_DEVELOPMENT_RULES,
        unsure="到会要超过半数的条款号待核实",
        takes_written=True,
        wants_secret=True,
    ),
    DecisionKind.ELECTION: VoteRule(
        attends=is_quorate,
        attends_words="已达五分之四",
        misses_words="不足五分之四",
        source=_ELECTION_RULES,
        unsure="以应到还是实到为当选基数，各处说法不一，待核实；这里按应到判断，两个数都列出",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What the counts of one decision mean. `passed` is None where nothing tells."""

    text: str
    is_quorate: bool | None
    passed: bool | None
    notes: tuple[str, ...]
    source: str

    @property
    def mark(self) -> str:
        """The mark beside it: passed, could not be voted on, anything else."""
        if self.passed:
            return "done"
        return "late" if self.is_quorate is False else "todo"


def quorum_of(kind: str, total: int) -> int:
    """The least number present with which this kind may be decided."""
    if kind == DecisionKind.ELECTION:
        return quorum(total)
    if RULES[DecisionKind(kind)].attends is is_more_than_half:
        return majority(total)
    return -(-total // 2)


def outcome(
    kind: str,
    *,
    should_attend: int | None,
    present: int | None,
    yes: int | None,
    written: int = 0,
    is_secret: bool = False,
) -> Outcome:
    """Whether a decision may be voted on and whether it passed, in words.

    Counts are heads; `yes` holds the `written` consents, which count for admission and conversion
    alone. Missing counts leave the question open.
    """
    rule = RULES[DecisionKind(kind)]
    if should_attend is None or present is None:
        return Outcome("没有记票数", None, None, (), rule.source)
    people = "委员" if kind == DecisionKind.COMMITTEE else "有表决权"
    attended = f"应到会{people} {should_attend} 人，到会 {present} 人"
    notes = _notes(rule, written, is_secret)
    if not should_attend or not rule.attends(present, should_attend):
        return Outcome(
            f"{attended}，{rule.misses_words}，不能表决", False, False, notes, rule.source
        )
    if yes is None:
        text = f"{attended}，{rule.attends_words}，没有记票数"
        return Outcome(text, True, None, notes, rule.source)
    counted = yes if rule.takes_written else max(yes - written, 0)
    voted = f"{attended}，赞成 {counted} 票"
    if written and rule.takes_written:
        voted += f"（其中书面同意 {written} 票）"
    enough = is_more_than_half(counted, should_attend)
    base = "委员" if kind == DecisionKind.COMMITTEE else "有表决权党员"
    over = "超过" if enough else "没有超过"
    if not rule.passes:
        return Outcome(f"{voted}，{over}应到会{base}的半数", True, None, notes, rule.source)
    said = "通过" if enough else "没有通过"
    text = f"{voted}，{over}应到会{base}的半数，{said}"
    if kind == DecisionKind.ELECTION:
        here = "超过" if is_more_than_half(counted, present) else "没有超过"
        text += f"；按实到会 {present} 人算，{here}半数"
    return Outcome(text, True, enough, notes, rule.source)


def _notes(rule: VoteRule, written: int, is_secret: bool) -> tuple[str, ...]:
    notes = [rule.unsure] if rule.unsure else []
    if rule.wants_secret and not is_secret:
        notes.append("接收和转正应采用无记名投票方式表决")
    if written and not rule.takes_written:
        notes.append("书面同意只在接收预备党员和预备党员转正时计入票数，这里没有计入")
    return tuple(notes)


def impossible(
    *,
    should_attend: int | None,
    present: int | None,
    yes: int | None,
    no: int | None,
    abstained: int | None,
    written: int = 0,
) -> str:
    """Why such counts cannot be, with what to do; "" where they can."""
    if should_attend is None or present is None:
        if any(number is not None for number in (yes, no, abstained)) or written:
            return "填了票数，请把应到和实到人数也填上"
        return ""
    if present > should_attend:
        return f"实到 {present} 人多于应到 {should_attend} 人，请核对"
    if present + written > should_attend:
        return f"实到 {present} 人加书面同意 {written} 人，多于应到 {should_attend} 人，请核对"
    if written > (yes or 0):
        return f"书面同意 {written} 票算在赞成票里，赞成票不能少于它，请核对"
    votes = sum(number or 0 for number in (yes, no, abstained))
    if votes > present + written:
        return f"赞成、不赞成、弃权共 {votes} 票，多于能投票的 {present + written} 人，请核对"
    return ""


def attendance_words(total: int, present: int) -> str:
    """有表决权 21 人到 18 人，已过半数: whether an ordinary vote may be held; "" without voters."""
    if not total:
        return ""
    if is_more_than_half(present, total):
        enough = "已过半数"
    elif is_half(present, total):
        enough = "刚到半数，可以表决"
    else:
        enough = "不足半数，不能表决"
    return f"有表决权 {total} 人到 {present} 人，{enough}"


def may_be_held(total: int, present: int) -> bool:
    """Whether an ordinary vote of a members' meeting may be held."""
    return bool(total) and is_half(present, total)
