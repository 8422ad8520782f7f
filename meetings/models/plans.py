"""The year plan of a branch and its lines. What was held stands in `Meeting`, never here."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Group, Organisation
from branches.scope import ScopedQuerySet
from meetings.enums import Type
from members.models import Member


class YearPlan(models.Model):
    """三会一课 of a branch for one calendar year; `filed_on` is the day it was first filed (报备)."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="year_plans", db_index=False
    )
    year = models.PositiveSmallIntegerField("年度")
    filed_on = models.DateField("报备日期", null=True, blank=True)
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    version = models.PositiveIntegerField(default=1)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "年度计划"
        verbose_name_plural = "年度计划"
        ordering = ["-year"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "year"], name="year_plan_once")
        ]

    def __str__(self):
        return f"{self.organisation} {self.year}年计划"


class PlanItemQuerySet(ScopedQuerySet):
    scope_path = "plan__organisation__path"

    def standing(self):
        """Lines that were not taken off the plan."""
        return self.filter(cancelled_at=None)


class PlanItem(models.Model):
    """One meeting meant to be held: a type in a month, with as much as is known of it.

    `planned_on` lies in the plan's year; with `month_only` its day says nothing. A line taken off
    the plan keeps its reason. A plan never counts as held and is no fault by itself.
    """

    plan = models.ForeignKey(
        YearPlan, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    type = models.CharField("会议类型", max_length=20, choices=Type.choices)
    # None is all groups of the branch, or not a group's meeting.
    group = models.ForeignKey(
        Group,
        verbose_name="党小组",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    planned_on = models.DateField("计划日期")
    month_only = models.BooleanField("只定到月", default=False)
    starts_at = models.TimeField("开始", null=True, blank=True)
    ends_at = models.TimeField("结束", null=True, blank=True)
    place = models.CharField("地点", max_length=100, blank=True)
    topic = models.CharField("议题", max_length=300, blank=True)
    host = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    host_name = models.CharField("主持人", max_length=40, blank=True)
    lecturer = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    lecturer_name = models.CharField("授课人", max_length=40, blank=True)
    way = models.CharField("授课方式", max_length=40, blank=True)
    responsible = models.CharField("责任人", max_length=40, blank=True)
    cancelled_at = models.DateTimeField("取消时间", null=True, blank=True)
    cancel_reason = models.CharField("取消原因", max_length=100, blank=True)

    objects = PlanItemQuerySet.as_manager()

    class Meta:
        verbose_name = "计划事项"
        verbose_name_plural = "计划事项"
        ordering = ["planned_on", "pk"]
        indexes = [models.Index(fields=["plan", "planned_on"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(ends_at__gt=F("starts_at")),
                name="plan_item_ends_after_start",
                violation_error_message="结束时间早于开始时间",
            ),
        ]

    def __str__(self):
        return f"{self.get_type_display()} {self.planned_on:%Y-%m-%d}"
