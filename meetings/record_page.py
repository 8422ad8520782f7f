"""What the page of one meeting shows. Reads only; the view has decided who may look."""

import datetime

from django.urls import reverse
from django.utils import timezone

from branches.links import link
from branches.values import Values
from branches.words import file_size, full_date, recent, short_date, times, weekday
from meetings.enums import AttendanceState, DecisionKind, MeetingState, Type
from meetings.models import Attendance, Meeting
from meetings.services.files import files_of
from meetings.uses import uses_of
from meetings.values import LATE_ENTRY_DAYS
from meetings.votes import attendance_words, may_be_held, outcome
from meetings.words import is_late_entry, kinds_of, meeting_title, state_words


def record_context(meeting: Meeting, today: datetime.date, *, may_change: bool) -> dict:
    """Everything `meetings/meeting_detail.html` asks for, in a fixed number of queries."""
    types = [row.type for row in meeting.types.all()]
    attendances = list(meeting.attendances.select_related("member"))
    states = [row.state for row in attendances]
    present = [row for row in attendances if row.state == AttendanceState.PRESENT]
    own = [meeting.pk]
    code = meeting.organisation.code
    held = meeting.state == MeetingState.HELD
    return {
        "meeting": _facts(meeting, types, attendances, today),
        "counts": {
            "due": len(states),
            **{state.value: states.count(state) for state in AttendanceState},
        },
        "present": [row.member.name for row in present],
        "away": _away(meeting, attendances, today),
        "decisions": _decisions(meeting),
        "files": _files(meeting, today),
        "uses": uses_of(meeting, types, len(present)),
        "list_url": link("meetings:list", branch=code),
        "edit_url": reverse("meetings:change", args=own) if may_change else "",
        "delete_url": reverse("meetings:cancel", args=own) if may_change else "",
        "roster_url": link("meetings:roster_paper", *own),
        "minutes_url": link("meetings:minutes_paper", *own) if held else "",
        "minutes_docx_url": link("meetings:minutes_docx", *own) if held else "",
        "make_ups_url": link("meetings:make_ups", branch=code) if held else "",
        "joint_url": link("meetings:joint", *own),
    }


def _facts(meeting: Meeting, types, attendances: list[Attendance], today: datetime.date) -> dict:
    late_days = Values().on(LATE_ENTRY_DAYS, today)
    entered_at = timezone.localtime(meeting.entered_at)
    voters, voting = _quorum(types, attendances)
    return {
        "title": meeting_title(meeting, today),
        "kinds": kinds_of(types),
        "for_year": f"{meeting.for_year}年度" if meeting.for_year else "",
        "organisation": meeting.organisation.short_name,
        "date_text": f"{full_date(meeting.held_on)} {weekday(meeting.held_on)}",
        "time_text": times(meeting.starts_at, meeting.ends_at),
        "place": meeting.place,
        "host": meeting.host.name if meeting.host else meeting.host_name,
        "lecturer": meeting.lecturer.name if meeting.lecturer else meeting.lecturer_name,
        "topic": meeting.topic,
        "building": meeting.on_branch_building,
        "minutes": meeting.minutes,
        "hours": f"{meeting.hours:.1f}" if meeting.hours else "",
        "guests": meeting.guests,
        "group": meeting.group.name if meeting.group else "",
        "entered_text": f"{recent(entered_at, today)} {meeting.entered_by or '导入'} 登记",
        "late_entry": is_late_entry(meeting, late_days),
        "state_words": state_words(meeting, late_days)[1],
        "votes_text": attendance_words(voters, voting),
        "votes_enough": may_be_held(voters, voting),
        "voteless": [row.member.name for row in attendances if row.was_formal and not row.may_vote],
        "version": meeting.version,
    }


def _quorum(types, attendances: list[Attendance]) -> tuple[int, int]:
    """(voters, voters present) of a members' meeting; (0, 0) of other types."""
    if Type.MEMBERS_MEETING not in types:
        return 0, 0
    voters = [row for row in attendances if row.may_vote]
    return len(voters), sum(row.state == AttendanceState.PRESENT for row in voters)


def _away(meeting: Meeting, attendances: list[Attendance], today: datetime.date) -> list[dict]:
    """Those who did not come, with what they studied afterwards."""
    made_up = {row.member_id: row for row in meeting.make_ups.all()}
    return [
        {
            "name": row.member.name,
            "kind_words": row.get_state_display(),
            "reason": row.reason,
            "made_up": _made_up(made_up.get(row.member_id), today),
        }
        for row in attendances
        if row.state != AttendanceState.PRESENT
    ]


def _made_up(row, today: datetime.date) -> str:
    if row is None:
        return ""
    return f"{short_date(row.done_on, today)}已补学 {row.hours:.1f} 学时"


def _decisions(meeting: Meeting) -> list[dict]:
    shown = []
    for row in meeting.resolutions.prefetch_related("exclusions__member"):
        told = outcome(
            row.kind,
            should_attend=row.should_attend,
            present=row.present,
            yes=row.yes,
            written=row.written,
            is_secret=row.is_secret,
        )
        shown.append(
            {
                "kind_words": DecisionKind(row.kind).label,
                "text": row.text,
                "is_secret": row.is_secret,
                "told": told.text,
                "mark": told.mark,
                "against": _against(row),
                "notes": told.notes,
                "source": told.source,
                "left_out": [
                    f"{left.member.name}（{left.get_reason_display()}）"
                    for left in row.exclusions.all()
                ],
            }
        )
    return shown


def _against(row) -> str:
    """不赞成 1 票，弃权 0 票; "" where neither was counted."""
    counted = ((row.no, "不赞成"), (row.abstained, "弃权"))
    return "，".join(f"{label} {number} 票" for number, label in counted if number is not None)


def _files(meeting: Meeting, today: datetime.date) -> list[dict]:
    files = []
    for file in files_of(meeting):
        uploaded_on = timezone.localtime(file.uploaded_at).date()
        dated_on = file.dated_on or meeting.held_on
        files.append(
            {
                "name": file.name,
                "url": reverse("branches:attachment", args=[file.pk]),
                "size": file_size(file.size),
                "dated": f"材料日期 {short_date(dated_on, today)}",
                "uploaded": ""
                if uploaded_on == dated_on
                else f"{short_date(uploaded_on, today)}上传",
            }
        )
    return files
