"""What this room knows about members: study hours and the meetings they were expected at."""

import datetime
from decimal import Decimal

from django.db.models import Count, Max, Q
from django.urls import reverse

from branches.values import Values
from meetings.appraising import appraisals_of
from meetings.enums import AttendanceState, MeetingState
from meetings.hours import (
    LEADERS_HOURS,
    YEARLY_HOURS,
    exempt_on,
    hours_by_member,
    hours_due,
    posts_among,
)
from meetings.models import Attendance
from members import facts


def study_of(members: list[int], day: datetime.date) -> dict[int, facts.Study]:
    """Who leads a branch owes more; of who is exempt nothing is expected."""
    values = Values()
    earned = hours_by_member(datetime.date(day.year, 1, 1), day, members)
    leading, exempt = posts_among(members, day), exempt_on(day, members)
    required = {
        False: values.on(YEARLY_HOURS, day),
        True: values.on(LEADERS_HOURS, day),
    }
    return {
        key: facts.Study(
            earned.get(key, Decimal(0)),
            required[key in leading],
            Decimal(0) if key in exempt else hours_due(required[key in leading], day),
        )
        for key in members
    }


def meetings_of(member: int, day: datetime.date, count: int) -> list[facts.Attended]:
    rows = (
        Attendance.objects.filter(
            member=member, meeting__state=MeetingState.HELD, meeting__held_on__lte=day
        )
        .select_related("meeting")
        .prefetch_related("meeting__types")
        .order_by("-meeting__held_on", "-meeting_id")[:count]
    )
    return [
        facts.Attended(
            held_on=row.meeting.held_on,
            label="、".join(type.get_type_display() for type in row.meeting.types.all()),
            state_words=row.get_state_display(),
            url=reverse("meetings:detail", args=[row.meeting_id]),
        )
        for row in rows
    ]


def presence_of(
    members: list[int], start: datetime.date, end: datetime.date
) -> dict[int, facts.Presence]:
    rows = (
        Attendance.objects.filter(
            member__in=members, meeting__state=MeetingState.HELD, meeting__held_on__lte=end
        )
        .values("member_id")
        .annotate(
            expected=Count("pk", filter=Q(meeting__held_on__gte=start)),
            last_on=Max("meeting__held_on", filter=Q(state=AttendanceState.PRESENT)),
        )
        .order_by()
        .values_list("member_id", "expected", "last_on")
    )
    return {member_id: facts.Presence(expected, last_on) for member_id, expected, last_on in rows}


facts.register(facts.STUDY, study_of)
facts.register(facts.MEETINGS, meetings_of)
facts.register(facts.PRESENCE, presence_of)
facts.register(facts.APPRAISALS, appraisals_of)
