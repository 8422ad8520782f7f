"""Study beside the meetings: make-up study, courses, and who is exempt."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.dated import standing_on
from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet, paths_reached, within_paths
from meetings.enums import MakeUpWay, TrainingKind, TrainingLevel
from meetings.models.meetings import Meeting
from members.models import Member

_HOURS = {"max_digits": 4, "decimal_places": 1}


class MakeUpQuerySet(ScopedQuerySet):
    scope_path = "meeting__organisation__path"


class MakeUp(models.Model):
    """What a member who missed a meeting studied afterwards (补学); earns `hours` (学时)."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="make_ups")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="make_ups")
    done_on = models.DateField("补学日期")
    way = models.CharField("方式", max_length=16, choices=MakeUpWay.choices)
    hours = models.DecimalField("学时", **_HOURS)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)

    objects = MakeUpQuerySet.as_manager()

    class Meta:
        verbose_name = "补学"
        verbose_name_plural = "补学"
        ordering = ["-done_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "member"], name="make_up_once"),
            models.CheckConstraint(
                condition=Q(hours__gt=0) & Q(hours__lte=24), name="make_up_hours_in_a_day"
            ),
        ]

    def __str__(self):
        return f"{self.member_id} {self.done_on:%Y-%m-%d}"


class TrainingQuerySet(ScopedQuerySet):
    """Who organised a course acts on it; a branch whose people took part looks at it too."""

    def visible_to(self, user):
        return self._about(paths_reached(user))

    def within(self, organisation):
        return self._about((organisation.path,))

    def _about(self, prefixes: tuple[str, ...]):
        people = TrainingAttendance.objects.filter(within_paths("organisation__path", prefixes))
        return self.filter(
            within_paths("organisation__path", prefixes) | Q(pk__in=people.values("training"))
        )


class Training(Kept):
    """A course (培训班). `organisation` organised or recorded it; `hours` is what a full course gives."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="trainings"
    )
    title = models.CharField("培训名称", max_length=100)
    level = models.CharField("组织单位层级", max_length=12, choices=TrainingLevel.choices)
    kind = models.CharField(
        "培训类别", max_length=16, choices=TrainingKind.choices, default=TrainingKind.MEMBERS
    )
    # 集中培训: what the yearly plan for secretaries asks for at least once.
    is_central = models.BooleanField("集中培训", default=False)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    place = models.CharField("地点", max_length=100, blank=True)
    hours = models.DecimalField("学时", max_digits=5, decimal_places=1)
    cancelled_at = models.DateTimeField("作废时间", null=True, blank=True)

    objects = TrainingQuerySet.as_manager()

    class Meta:
        verbose_name = "培训"
        verbose_name_plural = "培训"
        ordering = ["-ends_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="training_ends_after_start",
                violation_error_message="结束日期早于开始日期",
            ),
            models.CheckConstraint(
                condition=Q(hours__gte=0) & Q(hours__lte=500), name="training_hours_plausible"
            ),
        ]

    def __str__(self):
        return self.title


class TrainingAttendance(models.Model):
    """A member who took part in a course, with the hours earned, counted on its last day.

    `organisation` is the branch that held the relation on that day: who sees the row.
    """

    training = models.ForeignKey(Training, on_delete=models.CASCADE, related_name="attendances")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="trainings")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    hours = models.DecimalField("学时", max_digits=5, decimal_places=1)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "参训"
        verbose_name_plural = "参训"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["training", "member"], name="training_attendance_once"),
            models.CheckConstraint(
                condition=Q(hours__gte=0) & Q(hours__lte=500),
                name="training_attendance_hours_plausible",
            ),
        ]

    def __str__(self):
        return f"{self.training_id} {self.member_id}"


class StudyExemptionQuerySet(ScopedQuerySet):
    def on(self, day):
        """Exemptions in force on `day`."""
        return self.filter(standing_on(day))


class StudyExemption(models.Model):
    """A frail, seriously ill or disabled member who need not reach the hours, by a decision with
    an end. What ails the member is not recorded. Source: 党员教育管理工作条例 (2019) Art. 23.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="study_exemptions")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField("自")
    ends_on = models.DateField("至")
    decided_on = models.DateField("决定日期")
    decided_by = models.CharField("决定的会议", max_length=60)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    entered_at = models.DateTimeField("录入时间", auto_now_add=True)

    objects = StudyExemptionQuerySet.as_manager()

    class Meta:
        verbose_name = "学时豁免"
        verbose_name_plural = "学时豁免"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="study_exemption_ends_after_start",
                violation_error_message="截止日期早于开始日期",
            ),
        ]

    def __str__(self):
        return f"{self.member_id} {self.starts_on:%Y-%m-%d}"
