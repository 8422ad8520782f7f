"""Coverage of social organisations and new enterprises (两个覆盖): surveys, instructors, founding."""

from django.db import models
from django.db.models import F, Q

from branches.dated import standing_on
from branches.models import Unit
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from tasks.enums import BranchForm, FoundingStepKind
from tasks.models.campaigns import Campaign


class UnitPartQuerySet(ScopedQuerySet):
    scope_path = "unit__organisation__path"

    def on(self, day):
        """Rows in force on `day`."""
        return self.filter(standing_on(day))


class UnitSurvey(Kept):
    """What a survey (摸底) found in a unit on a day. The newest counts, the older ones stay.

    Two counts of formal members stand side by side: `formal_here`, whose formal relation is in the
    unit's own organisation (Party statistics), and `formal_working`, who work here, with floating
    members whose relation has not followed and part-timers (plan 4). Sources: rules.md §12, §14.
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="surveys")
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.PROTECT, related_name="surveys"
    )
    surveyed_on = models.DateField("摸底日期")
    authority = models.CharField("业务主管单位", max_length=120, blank=True)
    legal_person = models.CharField("法定代表人", max_length=40, blank=True)
    head_is_member = models.BooleanField("负责人是党员", null=True, blank=True)
    unit_members = models.PositiveIntegerField("会员人数", null=True, blank=True)
    full_time = models.PositiveIntegerField("专职从业人员", null=True, blank=True)
    part_time = models.PositiveIntegerField("兼职从业人员", null=True, blank=True)
    formal_here = models.PositiveIntegerField("组织关系在本单位的正式党员", default=0)
    formal_working = models.PositiveIntegerField("实际在本单位工作的正式党员", default=0)
    floating = models.PositiveIntegerField("其中流动党员（关系未转）", default=0)
    part_time_members = models.PositiveIntegerField("其中兼职党员", default=0)
    # Where the relations of those are who work here.
    relation_authority = models.PositiveIntegerField("关系在业务主管单位", default=0)
    relation_attached = models.PositiveIntegerField("关系在挂靠单位", default=0)
    relation_community = models.PositiveIntegerField("关系在属地社区村", default=0)
    relation_former = models.PositiveIntegerField("关系在原单位", default=0)
    relation_other = models.PositiveIntegerField("关系在其他单位", default=0)
    probationary = models.PositiveIntegerField("预备党员", default=0)
    targets = models.PositiveIntegerField("发展对象", default=0)
    activists = models.PositiveIntegerField("入党积极分子", default=0)
    applicants = models.PositiveIntegerField("入党申请人", default=0)
    mass_organisations = models.JSONField("群团组织", default=list, blank=True)
    # Mass organisations guided by a Party organisation count as work coverage.
    guided = models.BooleanField("群团组织在党组织领导下开展工作", default=False)
    form = models.CharField("组建方式", max_length=12, choices=BranchForm.choices, blank=True)
    reason_not_founded = models.CharField("未建原因", max_length=200, blank=True)
    planned_on = models.DateField("拟建日期", null=True, blank=True)

    objects = UnitPartQuerySet.as_manager()

    class Meta:
        verbose_name = "单位摸底"
        verbose_name_plural = "单位摸底"
        ordering = ["-surveyed_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "surveyed_on"],
                name="unit_survey_once_a_day",
                violation_error_message="这个单位这一天已有摸底记录",
            ),
            models.CheckConstraint(
                condition=Q(floating__lte=F("formal_working"))
                & Q(part_time_members__lte=F("formal_working")),
                name="unit_survey_parts_within_working",
                violation_error_message="流动、兼职党员数不能多于实际在本单位工作的正式党员数",
            ),
        ]

    def __str__(self):
        return f"{self.unit} {self.surveyed_on:%Y-%m-%d}"


class UnitInstructor(Kept):
    """An instructor (党建指导员) sent to a unit that has no organisation of its own."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="instructors")
    person_name = models.CharField("党建指导员", max_length=40)
    from_unit = models.CharField("单位及职务", max_length=120, blank=True)
    starts_on = models.DateField("选派日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)

    objects = UnitPartQuerySet.as_manager()

    class Meta:
        verbose_name = "单位党建指导员"
        verbose_name_plural = "单位党建指导员"
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="unit_instructor_ends_after_start",
                violation_error_message="结束日期早于选派日期",
            )
        ]

    def __str__(self):
        return f"{self.unit} {self.person_name}"


class FoundingStep(Kept):
    """One step on the way to an organisation in a unit: planned for a day, done on a day."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="founding_steps")
    kind = models.CharField("步骤", max_length=12, choices=FoundingStepKind.choices)
    planned_on = models.DateField("计划日期", null=True, blank=True)
    done_on = models.DateField("完成日期", null=True, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)

    objects = UnitPartQuerySet.as_manager()

    class Meta:
        verbose_name = "组建步骤"
        verbose_name_plural = "组建步骤"
        constraints = [
            models.UniqueConstraint(fields=["unit", "kind"], name="founding_step_once_per_unit")
        ]

    def __str__(self):
        return f"{self.unit} {self.get_kind_display()}"
