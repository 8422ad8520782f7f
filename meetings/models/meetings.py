from django.db import models
from django.db.models import F, Q

from branches.models import Group, Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from meetings.enums import BRANCH_BUILDING, AttendanceState, MeetingState, Type
from members.models import Member


class MeetingQuerySet(ScopedQuerySet):
    def held(self, start, end):
        """Meetings that took place between the two days."""
        return self.filter(state=MeetingState.HELD, held_on__gte=start, held_on__lte=end)


class Meeting(Kept):
    """One gathering of a branch or group; it may be of several types at once.

    It counts by the day it was held; when it was entered is kept too.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="meetings", db_index=False
    )
    group = models.ForeignKey(
        Group, verbose_name="党小组", null=True, blank=True, on_delete=models.PROTECT
    )
    state = models.CharField(
        "状态", max_length=10, choices=MeetingState.choices, default=MeetingState.HELD
    )
    held_on = models.DateField("日期")
    starts_at = models.TimeField("开始", null=True, blank=True)
    ends_at = models.TimeField("结束", null=True, blank=True)
    place = models.CharField("地点", max_length=100, blank=True)
    host = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    host_name = models.CharField("主持人", max_length=40, blank=True)
    lecturer = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    lecturer_name = models.CharField("授课人", max_length=40, blank=True)
    topic = models.CharField("主题", max_length=300, blank=True)
    minutes = models.TextField("会议记录", blank=True)
    guests = models.CharField("列席", max_length=300, blank=True)
    hours = models.DecimalField("学时", max_digits=4, decimal_places=1, default=0)
    # For which year a 组织生活会 or 民主评议 was held; empty for other types.
    for_year = models.PositiveSmallIntegerField("所属年度", null=True, blank=True)
    # Whether it studied the building of the branch, which is asked for once a year.
    on_branch_building = models.BooleanField(BRANCH_BUILDING, default=False)
    # The form's own key: the same form sent twice makes one meeting.
    form_key = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = "会议"
        verbose_name_plural = "会议"
        ordering = ["-held_on", "-pk"]
        indexes = [
            models.Index(fields=["organisation", "held_on"]),
            models.Index(fields=["held_on"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(ends_at__gt=F("starts_at")),
                name="meeting_ends_after_start",
                violation_error_message="结束时间早于开始时间",
            ),
            models.CheckConstraint(
                condition=Q(hours__gte=0) & Q(hours__lte=24),
                name="meeting_hours_in_a_day",
                violation_error_message="学时应在 0 到 24 之间",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.held_on:%Y-%m-%d}"


class MeetingType(models.Model):
    """One of the types (会议类型) a meeting was."""

    meeting = models.ForeignKey(
        Meeting, on_delete=models.CASCADE, related_name="types", db_index=False
    )
    type = models.CharField("会议类型", max_length=20, choices=Type.choices)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "会议类型"
        verbose_name_plural = "会议类型"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "type"], name="meeting_type_once")
        ]

    def __str__(self):
        return self.get_type_display()


class Attendance(models.Model):
    """One member of the roster frozen on the day of the meeting: present, on leave or absent."""

    meeting = models.ForeignKey(
        Meeting, on_delete=models.CASCADE, related_name="attendances", db_index=False
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="attendances")
    state = models.CharField(
        "情况", max_length=8, choices=AttendanceState.choices, default=AttendanceState.PRESENT
    )
    reason = models.CharField("事由", max_length=100, blank=True)
    was_formal = models.BooleanField("当时是正式党员")
    # Formal members normally; a branch may mark that somebody has no vote, without saying why.
    may_vote = models.BooleanField("当时有表决权")

    class Meta:
        verbose_name = "考勤"
        verbose_name_plural = "考勤"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "member"], name="attendance_once")
        ]

    def __str__(self):
        return f"{self.meeting_id} {self.member_id} {self.state}"
