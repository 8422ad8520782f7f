"""The resolution lines of the meeting form: as many as wanted, read as people type them."""

import re
from collections.abc import Iterable
from dataclasses import replace

from branches.words import one_line
from meetings.enums import DecisionKind, ExclusionReason
from meetings.services.facts import Presence
from meetings.services.resolutions import MOST, Decision
from meetings.votes import impossible

LONGEST_TEXT = 500
# Room for people left out of those who should attend, beside those named already.
SPARE_EXCLUSIONS = 2
COUNTS = (
    ("should_attend", "应到"),
    ("present", "实到"),
    ("yes", "赞成"),
    ("no", "不赞成"),
    ("abstained", "弃权"),
    ("written", "书面同意"),
)
_FIELD = re.compile(r"decision-([0-9]{1,3})-text")


def expected_votes(
    kind: str, presences: dict[int, Presence], committee: Iterable[int], left_out: Iterable[int]
) -> tuple[int, int]:
    """(should attend, present) of those who may vote on such a decision, by the roll call.

    In a committee its members decide; elsewhere everybody who may vote. `left_out` do not count.
    """
    left_out, committee = set(left_out), set(committee)
    voters = [
        presence
        for member_id, presence in presences.items()
        if member_id not in left_out
        and (member_id in committee if kind == DecisionKind.COMMITTEE else presence.may_vote)
    ]
    return len(voters), sum(presence.state == "present" for presence in voters)


class DecisionLine:
    """One line as it is shown and typed; `errors` are texts, `decision` is None for an empty line."""

    def __init__(self, index: int | str):
        self.index = index
        self.key = ""
        self.kind = DecisionKind.ORDINARY.value
        self.text = ""
        self.counts = dict.fromkeys((name for name, _label in COUNTS), "")
        self.is_secret = False
        self.left_out: list[tuple[str, str]] = []
        self.errors: list[str] = []
        self.decision: Decision | None = None

    @property
    def fields(self) -> list[dict[str, str]]:
        """The boxes for counts, in their order."""
        return [
            {"name": name, "label": label, "value": self.counts[name]} for name, label in COUNTS
        ]

    @property
    def exclusions(self) -> list[dict[str, str]]:
        """Those left out, with some empty lines."""
        shown = [*self.left_out, *[("", "")] * SPARE_EXCLUSIONS]
        return [{"member": member, "reason": reason} for member, reason in shown]

    @property
    def is_open(self) -> bool:
        return bool(self.left_out)


def line_of(decision: Decision, index: int, expected: tuple[int, int]) -> DecisionLine:
    """A stored resolution as the form shows it; counts the roll call gives anyway stay empty."""
    line = DecisionLine(index)
    line.key = str(decision.key or "")
    line.kind, line.text, line.is_secret = decision.kind, decision.text, decision.is_secret
    for name, _label in COUNTS:
        number = getattr(decision, name)
        line.counts[name] = "" if number is None else str(number)
    if (decision.should_attend, decision.present) == expected:
        line.counts["should_attend"] = line.counts["present"] = ""
    if not decision.written:
        line.counts["written"] = ""
    line.left_out = [(str(member_id), reason) for member_id, reason in decision.exclusions]
    return line


def lines_typed(typed) -> list[DecisionLine]:
    """The lines that were sent, in their order, as they were typed."""
    indexes = sorted({int(match[1]) for name in typed if (match := _FIELD.fullmatch(name))})
    return [_line_typed(typed, index) for index in indexes[: MOST + 1]]


def _line_typed(typed, index: int) -> DecisionLine:
    line = DecisionLine(index)

    def sent(name: str) -> str:
        return one_line(typed.get(f"decision-{index}-{name}"), LONGEST_TEXT)

    line.key = sent("key")
    line.kind = sent("kind") if sent("kind") in DecisionKind.values else line.kind
    line.text = sent("text")
    line.is_secret = bool(sent("is_secret"))
    line.counts = {name: sent(name)[:6] for name, _label in COUNTS}
    members = typed.getlist(f"decision-{index}-left_out")
    reasons = typed.getlist(f"decision-{index}-left_reason")
    line.left_out = [
        (member, reason if reason in ExclusionReason.values else ExclusionReason.OTHER.value)
        for member, reason in zip(members, reasons, strict=False)
        if member.isascii() and member.isdecimal() and len(member) < 19
    ]
    return line


def read_line(line: DecisionLine, presences: dict[int, Presence], committee: Iterable[int]) -> None:
    """Read what was typed into `line.decision`, or say in `line.errors` what cannot be."""
    numbers: dict[str, int | None] = {}
    for name, label in COUNTS:
        text = line.counts[name]
        if text and not (text.isdecimal() and len(text) <= 4):
            line.errors.append(f"{label}要填人数，如 18")
        numbers[name] = int(text) if text.isdecimal() and len(text) <= 4 else None
    if line.errors or not (line.text or any(line.counts.values())):
        return
    if not line.text:
        line.errors.append("请写明决定了什么")
        return
    decision = Decision(
        kind=line.kind,
        text=line.text,
        is_secret=line.is_secret,
        exclusions=tuple((int(member), reason) for member, reason in line.left_out),
        key=int(line.key) if line.key.isascii() and line.key.isdecimal() else None,
        **(numbers | {"written": numbers["written"] or 0}),
    )
    left_out = [member_id for member_id, _reason in decision.exclusions]
    should_attend, present = expected_votes(line.kind, presences, committee, left_out)
    if any(numbers[name] is not None for name in ("yes", "no", "abstained", "written")):
        if decision.should_attend is None:
            decision = replace(decision, should_attend=should_attend)
        if decision.present is None:
            decision = replace(decision, present=present)
    fault = impossible(**{name: getattr(decision, name) for name, _label in COUNTS})
    if fault:
        line.errors.append(fault)
        return
    line.decision = decision
