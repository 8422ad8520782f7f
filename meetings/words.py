"""Meetings as they are said on screen."""

import datetime
import re

from django.utils import timezone

from branches.words import short_date
from meetings.enums import FULL_NAMES, MeetingState, Type
from meetings.models import Meeting
from meetings.values import entered_late


def kinds_of(types) -> str:
    """支部党员大会、党课: the full names of types."""
    return "、".join(FULL_NAMES[Type(type)] for type in types)


def says_branch_building(topic: str) -> bool:
    """Whether a topic says in so many words that the building of the branch was studied."""
    return bool(re.search("专题研究(本|党)?支部建设", topic))


def meeting_title(meeting: Meeting, today: datetime.date) -> str:
    """3月28日 支部党员大会."""
    types = [row.type for row in meeting.types.all()]
    return f"{short_date(meeting.held_on, today)} {kinds_of(types)}"


def is_late_entry(meeting: Meeting, late_days: int) -> bool:
    """Whether the meeting was held and entered afterwards (补录)."""
    entered_on = timezone.localtime(meeting.entered_at).date()
    return meeting.state == MeetingState.HELD and entered_late(
        meeting.held_on, entered_on, late_days
    )


def state_words(meeting: Meeting, late_days: int) -> tuple[str, str]:
    """Mark and words of a meeting's state: done 已登记, done 补录, todo 准备中, wait 已作废."""
    if meeting.state == MeetingState.PLANNED:
        return "todo", "准备中"
    if meeting.state == MeetingState.CANCELLED:
        return "wait", "已作废"
    return "done", "补录" if is_late_entry(meeting, late_days) else "已登记"
