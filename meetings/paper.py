"""Meetings on sheets of A4, and the sign-in sheet (签到表) that is printed before one. Reads only."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from branches.models import Group, Organisation
from branches.paper import FIRST_SHEET, NEXT_SHEET, WITH_SIGNATURE, name_on_paper, split
from branches.words import full_date, times, weekday
from meetings.enums import FULL_NAMES, AttendanceState, MeetingState, Type
from meetings.models import Meeting, PlanItem
from meetings.rosters import roster_on

# What is filled in by hand.
BLANK = "＿＿＿＿＿＿＿＿"
# Above this many people a line holds two of them, and reasons are written below the table.
ONE_COLUMN = 30
_TOPIC = 60


@dataclass(frozen=True)
class Tick:
    """One box to tick: 到会, 请假 or 缺席."""

    label: str
    is_on: bool = False

    @property
    def box(self) -> str:
        return "☑" if self.is_on else "□"


@dataclass(frozen=True)
class Line:
    """One person of the sheet."""

    number: int
    name: str
    is_formal: bool
    ticks: tuple[Tick, ...]
    reason: str = ""


@dataclass(frozen=True)
class SignInSheet:
    """Everything that stands on a sign-in sheet; never a number or a phone."""

    title: str
    unit: str
    facts: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    note: str = ""
    is_held: bool = False

    @property
    def tally(self) -> list[str]:
        """应到 23 人, 实到＿＿＿人 …: counted when the meeting was held, else to be filled in."""
        words = {AttendanceState.PRESENT.label: "实到"}
        counted = [f"应到 {len(self.lines)} 人"]
        for tick in _ticks(None):
            number = sum(
                tick.label == one.label for line in self.lines for one in line.ticks if one.is_on
            )
            shown = f" {number} " if self.is_held else "＿＿＿"
            counted.append(f"{words.get(tick.label, tick.label)}{shown}人")
        return counted

    @property
    def is_double(self) -> bool:
        return len(self.lines) > ONE_COLUMN

    def sheets(self) -> list[list[tuple[Line | None, ...]]]:
        """The rows of each sheet of paper, with one or two people in a row; at least one sheet."""
        columns = 2 if self.is_double else 1
        parts = split(
            self.lines,
            first=FIRST_SHEET * columns,
            following=NEXT_SHEET * columns,
            least=WITH_SIGNATURE * columns,
        )
        return [_rows(part, columns) for part in parts]


def _rows(lines: Sequence[Line], columns: int) -> list[tuple[Line | None, ...]]:
    """Down the left half first, then down the right one."""
    height = -(-len(lines) // columns)
    return list(
        zip_longest(*(lines[start : start + height] for start in range(0, len(lines), height or 1)))
    )


# --- From what is known ---------------------------------------------------------------------


def sheet_of(meeting: Meeting) -> SignInSheet:
    """The sheet of a stored meeting. Before it boxes are empty but for leave already asked for;
    afterwards it shows who came."""
    held = meeting.state != MeetingState.PLANNED
    rows = meeting.attendances.select_related("member")
    return SignInSheet(
        title=title_of(row.type for row in meeting.types.all()),
        unit=name_on_paper(meeting.organisation),
        facts=_facts(
            when=when(meeting.held_on, meeting.starts_at, meeting.ends_at),
            place=meeting.place,
            host=meeting.host.name if meeting.host else meeting.host_name,
            topic=meeting.topic,
            group=meeting.group,
        ),
        lines=tuple(
            Line(
                number,
                row.member.name,
                row.was_formal,
                _ticks(row.state if held or row.state != AttendanceState.PRESENT else None),
                row.reason,
            )
            for number, row in enumerate(rows, start=1)
        ),
        note="已作废" if meeting.state == MeetingState.CANCELLED else "",
        is_held=held,
    )


def blank_sheet(
    organisation: Organisation,
    types: Iterable[str],
    on: datetime.date,
    *,
    group: Group | None = None,
    item: PlanItem | None = None,
) -> SignInSheet:
    """The sheet for a meeting that is not stored: the people of its circle on that day, with what
    a line of the year plan says about it."""
    types = list(types)
    people = roster_on(organisation, on)
    expected = people.circle(types, group.pk if group else None)
    called = [person for person in people.people if person.member_id in expected]
    return SignInSheet(
        title=title_of(types),
        unit=name_on_paper(organisation),
        facts=_facts(
            when=_planned_when(item) if item else when(on, None, None),
            place=item.place if item else "",
            host=_planned_host(item) if item else "",
            topic=item.topic if item else "",
            group=group,
        ),
        lines=tuple(
            Line(number, person.name, person.was_formal, _ticks(None))
            for number, person in enumerate(called, start=1)
        ),
    )


def title_of(types: Iterable[str]) -> str:
    """支部党员大会、党课签到表; 会议签到表 where no type is known."""
    return f"{kinds_of(types) or '会议'}签到表"


def kinds_of(types: Iterable[str]) -> str:
    """支部党员大会、党课."""
    return "、".join(FULL_NAMES[Type(type)] for type in types)


def when(day: datetime.date, starts_at, ends_at) -> str:
    """2026年3月28日 星期六 15:00—16:30."""
    return f"{full_date(day)} {weekday(day)} {times(starts_at, ends_at)}".strip()


def _planned_when(item: PlanItem) -> str:
    if item.month_only:
        return f"{item.planned_on.year}年{item.planned_on.month}月＿＿日"
    return when(item.planned_on, item.starts_at, item.ends_at)


def _planned_host(item: PlanItem) -> str:
    return item.host.name if item.host else item.host_name


def shorten(topic: str) -> str:
    """At most two lines of the sheet; the minutes hold the whole."""
    return topic if len(topic) <= _TOPIC else f"{topic[: _TOPIC - 1]}…"


def _facts(*, when: str, place: str, host: str, topic: str, group) -> tuple[tuple[str, str], ...]:
    facts = [("时间", when), ("地点", place or BLANK), ("主持人", host or BLANK)]
    if group is not None:
        facts.append(("党小组", group.name))
    if topic:
        facts.append(("议题", shorten(topic)))
    return tuple(facts)


def _ticks(state: str | None) -> tuple[Tick, ...]:
    return tuple(Tick(one.label, one == state) for one in AttendanceState)
