"""Study hours: what members have earned by being present."""

import datetime
from decimal import Decimal

from django.db.models import Sum

from branches.values import Key
from meetings.enums import AttendanceState, MeetingState
from meetings.models import Attendance

YEARLY_HOURS = Key(
    name="meetings.study_hours",
    label="党员每年集中学习学时",
    default=32,
    unit="学时",
    minimum=1,
    maximum=500,
    help="中国共产党党员教育管理工作条例（2019）第二十条",
)


def counted_attendance(start: datetime.date, end: datetime.date):
    """Presences that earn hours: at meetings held between the two days."""
    return Attendance.objects.filter(
        state=AttendanceState.PRESENT,
        meeting__state=MeetingState.HELD,
        meeting__held_on__gte=start,
        meeting__held_on__lte=end,
    )


def hours_by_member(start: datetime.date, end: datetime.date, members=None) -> dict[int, Decimal]:
    """Hours earned between the two days, by member key; members without any are left out.

    `members` is a queryset or list of keys; None means everybody.
    """
    attendance = counted_attendance(start, end)
    if members is not None:
        attendance = attendance.filter(member__in=members)
    return dict(
        attendance.values("member_id")
        .annotate(hours=Sum("meeting__hours"))
        .filter(hours__gt=0)
        .values_list("member_id", "hours")
    )


def hours_due(yearly: int, day: datetime.date) -> Decimal:
    """Hours that an even pace would have reached before `day`, to one decimal."""
    year_start = datetime.date(day.year, 1, 1)
    days = (datetime.date(day.year + 1, 1, 1) - year_start).days
    return (Decimal(yearly) * (day - year_start).days / days).quantize(Decimal("0.1"))
