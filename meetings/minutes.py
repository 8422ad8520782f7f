"""会议记录: what the minutes of a meeting say. The printed page and the Word document are both
made from this. Reads only."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from branches.paper import name_on_paper
from branches.values import Values
from branches.words import full_date
from meetings.enums import BRANCH_BUILDING, AttendanceState, DecisionKind, MeetingState
from meetings.models import Attendance, Meeting, Resolution
from meetings.paper import kinds_of, when
from meetings.values import LATE_ENTRY_DAYS, entered_late
from meetings.votes import outcome
from meetings.words import says_branch_building

# What is filled in by hand stands empty.
Fact = tuple[str, str]


@dataclass(frozen=True)
class Decision:
    """One resolution: what was decided, of which kind, with how many votes."""

    text: str
    kind: str
    votes: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class Minutes:
    """Everything that stands in the minutes. `rows` hold one or two facts each, label and value."""

    title: str
    unit: str
    held_on: datetime.date
    kinds: str
    topic: str
    rows: tuple[tuple[Fact, ...], ...]
    paragraphs: tuple[str, ...]
    decisions: tuple[Decision, ...]
    entered: str
    is_late: bool
    note: str
    counts: str
    is_prepared: bool = False

    @property
    def heading(self) -> str:
        """2026年3月28日 支部党员大会."""
        return f"{full_date(self.held_on)} {self.kinds}"

    @property
    def ruled(self) -> range:
        """Lines to write on where nothing is recorded: many before the meeting, a few after it."""
        return range(9 if self.is_prepared else 4)

    @property
    def file_name(self) -> str:
        """2026-03-28 支部党员大会 会议记录.docx: only fixed words and a date, safe everywhere."""
        return f"{self.held_on.isoformat()} {self.kinds} 会议记录.docx"


def with_everything(meetings):
    """The queryset with all that minutes are made of, in as many queries for one as for many."""
    return meetings.select_related(
        "organisation__parent", "host", "lecturer", "group", "entered_by"
    ).prefetch_related("types", "attendances__member", "resolutions__exclusions__member")


def minutes_of(meeting: Meeting, values: Values) -> Minutes:
    """The minutes of one meeting, best taken from `with_everything`.

    Of a prepared meeting they are a form to fill in: nobody counts as present yet.
    """
    attendances = list(meeting.attendances.all())
    kinds = kinds_of(row.type for row in meeting.types.all())
    prepared = meeting.state == MeetingState.PLANNED
    entered_on = timezone.localtime(meeting.entered_at).date()
    late = not prepared and entered_late(
        meeting.held_on, entered_on, values.on(LATE_ENTRY_DAYS, entered_on)
    )
    tally = _tally(attendances)
    return Minutes(
        title=title_of(kinds),
        unit=name_on_paper(meeting.organisation),
        held_on=meeting.held_on,
        kinds=kinds,
        topic=meeting.topic,
        rows=_rows(meeting, kinds, attendances, prepared=prepared),
        paragraphs=tuple(line.strip() for line in meeting.minutes.splitlines() if line.strip()),
        decisions=tuple(_decision(one) for one in meeting.resolutions.all()),
        entered="" if prepared else _entered(meeting, entered_on, late=late),
        is_late=late,
        note="已作废" if meeting.state == MeetingState.CANCELLED else "",
        counts="" if prepared else f"{tally[AttendanceState.PRESENT]}/{len(attendances)}",
        is_prepared=prepared,
    )


def title_of(kinds: str) -> str:
    """支部党员大会会议记录, but 党课记录: not everything is called a meeting."""
    return f"{kinds}会议记录" if kinds.endswith("会") else f"{kinds}记录"


def _tally(attendances: Iterable[Attendance]) -> dict[str, int]:
    tally = dict.fromkeys(AttendanceState, 0)
    for row in attendances:
        tally[row.state] += 1
    return tally


def _rows(meeting, kinds: str, attendances, *, prepared: bool) -> tuple[tuple[Fact, ...], ...]:
    host = meeting.host.name if meeting.host else meeting.host_name
    lecturer = meeting.lecturer.name if meeting.lecturer else meeting.lecturer_name
    rows = [
        (("会议类型", kinds),),
        (("时间", when(meeting.held_on, meeting.starts_at, meeting.ends_at)),),
        (("地点", meeting.place), ("主持人", host)),
        (("授课人", lecturer),) if lecturer else (),
        (("党小组", meeting.group.name),) if meeting.group else (),
        (("所属年度", f"{meeting.for_year}年"),) if _is_of_another_year(meeting) else (),
        *_attendance_rows(attendances, prepared=prepared),
        (("列席", meeting.guests),) if meeting.guests or prepared else (),
        (("计入学时", f"到会党员每人 {meeting.hours:.1f} 学时"),) if meeting.hours else (),
        (("议题", _topic(meeting)),),
    ]
    return tuple(row for row in rows if row)


def _topic(meeting: Meeting) -> str:
    """The topic; with the words for the building of the branch where it does not have them."""
    if not meeting.on_branch_building or says_branch_building(meeting.topic):
        return meeting.topic
    return f"{meeting.topic}（{BRANCH_BUILDING}）" if meeting.topic else BRANCH_BUILDING


def _is_of_another_year(meeting: Meeting) -> bool:
    return bool(meeting.for_year) and meeting.for_year != meeting.held_on.year


def _attendance_rows(attendances, *, prepared: bool) -> list[tuple[Fact, ...]]:
    """应到, 实到, 请假 and 缺席, with names and, where known, reasons."""
    due = ("应到", f"{len(attendances)} 人")
    if prepared:
        return [(due, ("实到", "")), (("请假", ""), ("缺席", ""))]
    of = {state: [row for row in attendances if row.state == state] for state in AttendanceState}
    present = of[AttendanceState.PRESENT]
    return [
        (due, ("实到", f"{len(present)} 人")),
        (("到会人员", _names(present)),),
        *(
            ((state.label, f"{len(of[state])} 人：{_names(of[state])}" if of[state] else "无"),)
            for state in (AttendanceState.LEAVE, AttendanceState.ABSENT)
        ),
    ]


def _names(attendances: Iterable[Attendance]) -> str:
    """田雨桐（预备）、贺建民（住院治疗）."""
    return "、".join(
        row.member.name + (f"（{'，'.join(notes)}）" if (notes := _notes(row)) else "")
        for row in attendances
    )


def _notes(row: Attendance) -> list[str]:
    notes = [] if row.was_formal else ["预备"]
    return [*notes, row.reason] if row.reason else notes


def _decision(resolution: Resolution) -> Decision:
    excluded = "、".join(
        f"{one.member.name}（{one.get_reason_display()}）" for one in resolution.exclusions.all()
    )
    kind = resolution.get_kind_display() if resolution.kind != DecisionKind.ORDINARY else ""
    return Decision(
        text=resolution.text,
        kind=kind,
        votes=votes_in_words(resolution),
        left_out=f"不计入应到会：{excluded}" if excluded else "",
    )


def votes_in_words(resolution: Resolution) -> str:
    """How the vote went, with those against and abstaining; "" where no count was recorded."""
    if resolution.present is None:
        return ""
    said = outcome(
        resolution.kind,
        should_attend=resolution.should_attend,
        present=resolution.present,
        yes=resolution.yes,
        written=resolution.written,
        is_secret=resolution.is_secret,
    ).text
    others = [
        f"{label} {number} 票"
        for label, number in (("不赞成", resolution.no), ("弃权", resolution.abstained))
        if number is not None
    ]
    secret = "无记名投票：" if resolution.is_secret else ""
    return f"{secret}{said}" + (f"；{'，'.join(others)}" if others else "")


def _entered(meeting: Meeting, entered_on: datetime.date, *, late: bool) -> str:
    """登记：林守正，2026年4月9日（补录）."""
    who = str(meeting.entered_by or "导入")
    return f"登记：{who}，{full_date(entered_on)}{'（补录）' if late else ''}"
