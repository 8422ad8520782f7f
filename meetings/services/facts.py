"""What a person says about a meeting, and the same in words for the trail."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from branches.models import Group
from meetings.enums import BRANCH_BUILDING, AttendanceState, Type
from meetings.models import Attendance, Meeting
from meetings.services.resolutions import Decision, decisions_in_words, decisions_of
from members.models import Member


@dataclass(frozen=True)
class Presence:
    """How one member stood to a meeting. `may_vote` None: formal members may, others may not."""

    state: str
    reason: str = ""
    may_vote: bool | None = None


@dataclass(frozen=True)
class MeetingFacts:
    """Everything a person says about a meeting. `presences` maps member keys to presence.

    `for_year` is asked of 组织生活会 and 民主评议 alone; None is the year of the day.
    `on_branch_building` says that it studied the building of the branch (专题研究支部建设).
    """

    types: tuple[str, ...]
    held_on: datetime.date
    starts_at: datetime.time | None = None
    ends_at: datetime.time | None = None
    place: str = ""
    host: Member | None = None
    host_name: str = ""
    lecturer: Member | None = None
    lecturer_name: str = ""
    topic: str = ""
    minutes: str = ""
    guests: str = ""
    hours: Decimal = Decimal(0)
    group: Group | None = None
    for_year: int | None = None
    on_branch_building: bool = False
    presences: dict[int, Presence] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()


# Stored as they are said.
PLAIN = (
    "held_on",
    "starts_at",
    "ends_at",
    "place",
    "host",
    "host_name",
    "lecturer",
    "lecturer_name",
    "topic",
    "minutes",
    "guests",
    "hours",
    "group",
    "for_year",
    "on_branch_building",
)


def facts_of(meeting: Meeting, attendances: Iterable[Attendance]) -> MeetingFacts:
    """What is stored about a meeting, in the shape in which a person says it."""
    return MeetingFacts(
        types=tuple(row.type for row in meeting.types.all()),
        presences={
            row.member_id: Presence(row.state, row.reason, row.may_vote) for row in attendances
        },
        decisions=decisions_of(meeting),
        **{name: getattr(meeting, name) for name in PLAIN},
    )


def described(
    facts: MeetingFacts, names: dict[int, str], formal: Iterable[int] = ()
) -> dict[str, str]:
    """The facts as words for the trail; minutes stand there as a length, not as text.

    `formal` are the keys of formal members: who of them has no vote is named.
    """
    counted = {state: [] for state in AttendanceState}
    for member_id, presence in facts.presences.items():
        note = f"（{presence.reason}）" if presence.reason else ""
        counted[AttendanceState(presence.state)].append(names.get(member_id, "") + note)
    formal = frozenset(formal)
    voteless = [
        names.get(member_id, "")
        for member_id, presence in facts.presences.items()
        if presence.may_vote is False and member_id in formal
    ]
    words = {
        "日期": f"{facts.held_on:%Y-%m-%d}",
        "类型": "、".join(Type(type).label for type in facts.types),
        "所属年度": f"{facts.for_year}年" if facts.for_year else "",
        "时间": "—".join(f"{at:%H:%M}" for at in (facts.starts_at, facts.ends_at) if at),
        "地点": facts.place,
        "主持人": facts.host.name if facts.host else facts.host_name,
        "授课人": facts.lecturer.name if facts.lecturer else facts.lecturer_name,
        "议题": facts.topic,
        BRANCH_BUILDING: "是" if facts.on_branch_building else "",
        "列席": facts.guests,
        "党小组": facts.group.name if facts.group else "",
        "学时": f"{facts.hours:.1f}",
        "会议记录": f"{len(facts.minutes)} 字" if facts.minutes else "",
        "应到": str(len(facts.presences)),
        "实到": str(len(counted[AttendanceState.PRESENT])),
        "请假": "、".join(counted[AttendanceState.LEAVE]),
        "缺席": "、".join(counted[AttendanceState.ABSENT]),
        "没有表决权": "、".join(voteless),
        "决议": decisions_in_words(facts.decisions, names),
    }
    return {key: text for key, text in words.items() if text}
