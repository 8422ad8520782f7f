"""How the members of a unit are to be organised: the decision table of rules.md §12. No Django.

Sources: three or more formal members make an organisation of their own (national); one is joined
to others (national and plan 4); two are joined to others by national practice and founded on their
own with an instructor by plan 4; none gets an instructor, mass organisations first (plan 4).
"""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """What is due for a unit."""

    OWN = "own"
    OWN_INSTRUCTED = "own_instructed"
    JOINT = "joint"
    INSTRUCTOR = "instructor"


LABELS = {
    Mode.OWN: "应单独建",
    Mode.OWN_INSTRUCTED: "应单独建并派指导员",
    Mode.JOINT: "应联合建",
    Mode.INSTRUCTOR: "应派指导员",
}
_DUE = {
    Mode.OWN: "应单独组建党支部",
    Mode.OWN_INSTRUCTED: "应单独组建党支部，并派党建指导员",
    Mode.JOINT: "应联合组建（单位联建、挂靠组建、社区统建）",
    Mode.INSTRUCTOR: "由属地社区派党建指导员，先建工会、共青团、妇联等群团组织，再发展党员、组建党支部",
}
_TWO_OWN = "国家的通行做法是 2 名正式党员的联合组建，本县按方案单独组建并派指导员，两者不一致"
_TWO_JOINT = "某市方案是 2 名正式党员的单独组建并派指导员，本县按国家的通行做法联合组建，两者不一致"
_OWN_FROM = 3
BUCKETS = ("0", "1", "2", "3+")


@dataclass(frozen=True, slots=True)
class Counts:
    """Formal members of a unit, counted both ways; of those who work there, how many float
    (their relation has not followed) and how many work part-time."""

    here: int
    working: int
    floating: int = 0
    part_time: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is due, from how many members, counted which way, and why in words."""

    mode: Mode
    members: int
    reason: str
    note: str = ""

    @property
    def label(self) -> str:
        return LABELS[self.mode]

    @property
    def asks_own(self) -> bool:
        return self.mode in (Mode.OWN, Mode.OWN_INSTRUCTED)


def mode_due(counts: Counts, *, by_working: bool, two_own: bool) -> Verdict:
    """The mode due from the count that decides.

    `by_working` counts who works in the unit, else whose relation is there; `two_own` founds an
    organisation for two members on their own, else together with others.
    """
    members = counts.working if by_working else counts.here
    if members >= _OWN_FROM:
        mode = Mode.OWN
    elif members == 2:
        mode = Mode.OWN_INSTRUCTED if two_own else Mode.JOINT
    else:
        mode = Mode.JOINT if members else Mode.INSTRUCTOR
    note = (_TWO_OWN if two_own else _TWO_JOINT) if members == 2 else ""
    return Verdict(mode, members, _reason(counts, members, by_working, mode), note)


def _reason(counts: Counts, members: int, by_working: bool, mode: Mode) -> str:
    """Both counts, which one decides, and what follows."""
    working = f"实际在本单位工作的正式党员 {counts.working} 名"
    parts = [
        f"{label} {count} 名"
        for label, count in (
            ("关系未转的流动党员", counts.floating),
            ("兼职党员", counts.part_time),
        )
        if count
    ]
    if parts:
        working += f"（其中{'、'.join(parts)}）"
    here = f"组织关系在本单位的正式党员 {counts.here} 名"
    used = "实际工作" if by_working else "组织关系"
    many = f"{members} 名" if members < _OWN_FROM else f"{members} 名，满 {_OWN_FROM} 名"
    return f"{working}，{here}。按{used}计算是 {many}，{_DUE[mode]}"


def bucket(members: int) -> str:
    """Which of the groups 0, 1, 2, 3+ a number of formal members belongs to."""
    return BUCKETS[min(members, _OWN_FROM)]
