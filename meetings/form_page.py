"""What the meeting form shows: the values that its template asks for, and why a save was refused."""

import datetime
import uuid

from django.urls import reverse
from django.utils import timezone

from branches.attachments import ACCEPT
from branches.links import link
from branches.values import Values
from branches.words import full_date
from meetings.editing import Editing
from meetings.enums import (
    FOR_A_YEAR,
    AttendanceState,
    DecisionKind,
    ExclusionReason,
    MeetingState,
    Type,
)
from meetings.forms.decisions import DecisionLine
from meetings.models import Attendance
from meetings.rosters import CIRCLES, Circle
from meetings.services import Refused, recording
from meetings.services.files import files_of
from meetings.values import LATE_ENTRY_DAYS, entered_late
from meetings.words import is_late_entry

# In the bar of the form; the others stand under 更多.
_MAIN = (Type.MEMBERS_MEETING, Type.COMMITTEE, Type.GROUP, Type.LECTURE, Type.THEME_DAY)
# Whose quorum the foot of the form tells, and of whom.
_QUORUM_OF = {Type.MEMBERS_MEETING: "members", Type.COMMITTEE: "committee"}


def form_context(editing: Editing) -> dict[str, object]:
    """Everything `meetings/meeting_form.html` asks for."""
    draft = editing.read_draft()
    draft_query = {"branch": editing.organisation.code, "form": editing.draft_key}
    tally = [presence.state for presence in editing.presences.values()]
    planned = editing.meeting is not None and editing.meeting.state == MeetingState.PLANNED
    return {
        "form": editing.form,
        "title": "登记会议" if editing.meeting is None or planned else "修改会议",
        "lead": editing.lead,
        "organisation": editing.organisation,
        "kinds": _kinds(editing),
        "kinds_errors": editing.form.errors.get("kinds", []) if editing.form.is_bound else [],
        "people": _people(editing),
        "counts": {
            "due": len(tally),
            **{state.value: tally.count(state) for state in AttendanceState},
        },
        "has_last": editing.last is not None,
        "frozen": editing.is_frozen(editing.shown_types),
        "roster_on": full_date(editing.roster.held_on),
        "shown_kinds": ",".join(editing.shown_types),
        "version": editing.version,
        "form_key": editing.form_key,
        "list_url": link("meetings:list", branch=editing.organisation.code),
        "source": editing.source,
        "year": editing.today.year,
        "minutes_per_hour": editing.minutes_per_hour,
        "draft_url": link("meetings:draft", **draft_query),
        "draft_saved_at": f"{timezone.localtime(draft.saved_at):%H:%M}" if draft else "",
        "discard_url": link("meetings:draft", **draft_query, discard=1) if draft else "",
        "notice": editing.notice,
        "duplicate": editing.duplicate,
        "accept": ACCEPT,
        "prepare": editing.roster.held_on > editing.today,
        "late_entry": _late_entry(editing),
        "files": _files(editing),
        "decisions": [*editing.decision_lines, *_spare_line(editing)],
        "blank_decision": DecisionLine("__n__"),
        "decision_kinds": DecisionKind.choices,
        "exclusion_reasons": ExclusionReason.choices,
        "votes_url": reverse("meetings:votes"),
    }


def _late_entry(editing: Editing) -> bool:
    """Whether saving now makes it an entry afterwards (补录), or it is one already."""
    days = Values().on(LATE_ENTRY_DAYS, editing.today)
    if editing.meeting is not None and editing.meeting.state == MeetingState.HELD:
        return is_late_entry(editing.meeting, days)
    return entered_late(editing.roster.held_on, editing.today, days)


def _kinds(editing: Editing) -> list[dict[str, object]]:
    return [
        {
            "code": type.value,
            "label": type.label,
            "checked": type in editing.shown_types,
            "circle": CIRCLES.get(type, Circle.EVERYBODY).value,
            "quorum": _QUORUM_OF.get(type, ""),
            "lecture": type == Type.LECTURE,
            "for_year": type in FOR_A_YEAR,
            "main": type in _MAIN,
        }
        for type in editing.types_allowed
    ]


def _people(editing: Editing) -> list[dict[str, object]]:
    last = {}
    if editing.last is not None:
        last = dict(
            Attendance.objects.filter(meeting=editing.last).values_list("member_id", "state")
        )
    known = editing.roster.by_key()
    people = []
    for member_id in dict.fromkeys([*known, *editing.recorded]):
        person, row = known.get(member_id), editing.recorded.get(member_id)
        formal = editing.was_formal(member_id)
        presence = editing.presences.get(member_id)
        people.append(
            {
                "id": member_id,
                "name": row.member.name if row else person.name,
                "note": "" if formal else "预备",
                "formal": formal,
                "votes": formal and member_id not in editing.voteless,
                "committee": person.in_committee if person else False,
                "group_id": person.group_id if person else None,
                "state": presence.state if presence else "",
                "reason": presence.reason if presence else "",
                "last": last.get(member_id, ""),
            }
        )
    return people


def _spare_line(editing: Editing) -> list[DecisionLine]:
    """An empty line to write in without JavaScript."""
    used = [int(line.index) for line in editing.decision_lines]
    empty = any(not line.text and not any(line.counts.values()) for line in editing.decision_lines)
    return [] if empty else [DecisionLine(max(used, default=-1) + 1)]


def _files(editing: Editing) -> list[dict[str, object]]:
    if editing.meeting is None:
        return []
    return [
        {
            "name": file.name,
            "url": reverse("branches:attachment", args=[file.pk]),
            "remove_name": f"file-{file.pk}-remove",
            "dated_name": f"file-{file.pk}-dated_on",
            "dated_on": full_date(file.dated_on or editing.stored.held_on),
        }
        for file in files_of(editing.meeting)
    ]


def show_refusal(editing: Editing, refused: Refused) -> None:
    """Show why the service did not store the meeting, with everything typed kept."""
    if isinstance(refused, recording.AlreadyRegistered):
        editing.duplicate = {
            "text": str(refused).removesuffix("，要打开它吗？"),
            "url": reverse("meetings:detail", args=[refused.meeting.pk]),
        }
        # Sent once more it is meant as another meeting, not as the same form.
        editing.form_key = str(uuid.uuid4())
        editing.form.add_error("held_on", "同一天已有同类会议，确实是另一次就勾选“仍要登记”")
    elif isinstance(refused, recording.ChangedMeanwhile):
        # The next save is made knowingly, on top of the other's change.
        editing.version = refused.meeting.version
        editing.notice = _who_changed_what(refused, editing.today)
        editing.form.add_error(None, "先看看上面别人改了什么，再点一次保存")
    else:
        known = refused.field if refused.field in editing.form.fields else None
        editing.form.add_error(known, str(refused))


def _who_changed_what(refused: recording.ChangedMeanwhile, today: datetime.date) -> str:
    last = refused.last
    if last is None:
        return "这次会议刚被别人改过"
    at = timezone.localtime(last.at)
    what = "，".join(
        f"{key}：{last.before.get(key) or '空'} → {text or '空'}"
        for key, text in last.after.items()
    )
    return f"{last.by_name} {at:%H:%M} 已改过这次会议。{what}。你填的还在下面"
