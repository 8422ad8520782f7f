"""Inspections (督查、抽查): planned or unannounced, what was looked at, what was found."""

from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from tasks.enums import InspectionKind, InspectionState, LetterKind
from tasks.models.campaigns import Campaign


class Inspection(Kept):
    """A round of inspection that one organisation carries out below it."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="督查单位", on_delete=models.PROTECT, related_name="inspections"
    )
    campaign = models.ForeignKey(
        Campaign,
        verbose_name="工作方案",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="inspections",
    )
    kind = models.CharField("方式", max_length=8, choices=InspectionKind.choices)
    title = models.CharField("督查名称", max_length=120)
    scope = models.TextField("督查内容", blank=True)
    inspectors = models.CharField("督查人员", max_length=200)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    state = models.CharField(
        "状态", max_length=10, choices=InspectionState.choices, default=InspectionState.PLANNED
    )
    summary = models.TextField("督查总结", blank=True)
    # Random draws as they were made, so that anybody can make them again: `tasks/draws.py`.
    draws = models.JSONField("随机抽取", default=list, blank=True, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "督查"
        verbose_name_plural = "督查"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="inspection_ends_after_start",
                violation_error_message="结束日期早于开始日期",
            )
        ]

    def __str__(self):
        return self.title


class InspectionVisit(Kept):
    """One organisation in a round: planned, then visited on a day; what was looked at."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="visits")
    # The organisation visited.
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="inspection_visits"
    )
    unannounced = models.BooleanField("不打招呼", default=False)
    visited_on = models.DateField("到点日期", null=True, blank=True)
    looked_at = models.TextField("查看内容", blank=True)
    impression = models.TextField("总体情况", blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "督查到点"
        verbose_name_plural = "督查到点"
        ordering = ["organisation__code", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["inspection", "organisation"],
                name="inspection_visits_once",
                violation_error_message="这个组织已在这次督查里",
            )
        ]

    def __str__(self):
        return f"{self.inspection} {self.organisation}"


class FindingQuerySet(ScopedQuerySet):
    scope_path = "visit__organisation__path"


class Finding(Kept):
    """One problem found at a visit; a task may be opened from it (`Task.finding`)."""

    visit = models.ForeignKey(InspectionVisit, on_delete=models.PROTECT, related_name="findings")
    text = models.CharField("发现问题", max_length=500)
    demand = models.CharField("整改要求", max_length=500, blank=True)
    due_on = models.DateField("整改时限", null=True, blank=True)
    withdrawn_on = models.DateField("撤回日期", null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = "督查发现问题"
        verbose_name_plural = "督查发现问题"
        ordering = ["pk"]

    def __str__(self):
        return self.text


class Letter(Kept):
    """A notice (整改通知书) or a talk letter (约谈通知书) after a visit, printed and sent."""

    visit = models.ForeignKey(InspectionVisit, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField("种类", max_length=8, choices=LetterKind.choices)
    number = models.CharField("文号", max_length=60, blank=True)
    issued_on = models.DateField("印发日期")
    reply_by = models.DateField("回复截止", null=True, blank=True)
    # A talk: whom, when, where, and what came of it.
    person_name = models.CharField("约谈对象", max_length=80, blank=True)
    talk_on = models.DateField("约谈日期", null=True, blank=True)
    place = models.CharField("约谈地点", max_length=80, blank=True)
    text = models.TextField("内容", blank=True)
    outcome = models.TextField("约谈结果", blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = "督查文书"
        verbose_name_plural = "督查文书"
        ordering = ["issued_on", "pk"]

    def __str__(self):
        return f"{self.get_kind_display()} {self.number}"
