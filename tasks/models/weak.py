"""Weak branches (软弱涣散党组织): from the proposal to the end of the year after acceptance."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from tasks.enums import WeakLinkKind, WeakState, WeakStepKind


class WeakBranch(Kept):
    """One branch put right as a weak one; its measures are tasks (`Task.weak`).

    Source: rules.md §10; thresholds and periods are county values. The thresholds of a survey are
    stored with the survey.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="weak_cases"
    )
    year = models.PositiveSmallIntegerField("年度")
    state = models.CharField(
        "状态", max_length=12, choices=WeakState.choices, default=WeakState.PROPOSED
    )
    # Which of the county's situations hold, as they were worded on the day.
    situations = models.JSONField("认定情形", default=list)
    problems = models.TextField("主要问题", blank=True)
    proposed_on = models.DateField("提出日期")
    decided_on = models.DateField("认定日期", null=True, blank=True)
    decided_by = models.CharField("认定机关", max_length=80, blank=True)
    list_name = models.CharField("名单文号", max_length=80, blank=True)
    plan_due_on = models.DateField("方案报备截止", null=True, blank=True)
    plan = models.TextField("一支一策整顿方案", blank=True)
    plan_filed_on = models.DateField("方案报备日期", null=True, blank=True)
    # The day by which it has to be accepted.
    due_on = models.DateField("整顿时限", null=True, blank=True)
    asked_on = models.DateField("申请验收日期", null=True, blank=True)
    passed_on = models.DateField("验收通过日期", null=True, blank=True)
    consolidation = models.TextField("巩固提升方案", blank=True)
    consolidation_filed_on = models.DateField("巩固方案报备日期", null=True, blank=True)
    follow_up_until = models.DateField("跟踪至", null=True, blank=True)
    ended_on = models.DateField("结束日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "软弱涣散党组织"
        verbose_name_plural = "软弱涣散党组织"
        ordering = ["-year", "organisation__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=~Q(state=WeakState.ENDED),
                name="weak_one_open_per_branch",
                violation_error_message="这个支部已在软弱涣散整顿中",
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.year}年软弱涣散整顿"


class WeakPartQuerySet(ScopedQuerySet):
    scope_path = "weak__organisation__path"


class WeakStep(models.Model):
    """One step in putting a weak branch right, with what was said about it."""

    weak = models.ForeignKey(WeakBranch, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField("事项", max_length=14, choices=WeakStepKind.choices)
    on = models.DateField("日期")
    text = models.TextField("情况", blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField("录入时间", auto_now_add=True)

    objects = WeakPartQuerySet.as_manager()

    class Meta:
        verbose_name = "整顿记录"
        verbose_name_plural = "整顿记录"
        ordering = ["on", "pk"]

    def __str__(self):
        return f"{self.weak_id} {self.get_kind_display()} {self.on:%Y-%m-%d}"


class WeakLink(models.Model):
    """Who is linked to a weak branch (四个一): a person by name, or a unit."""

    weak = models.ForeignKey(WeakBranch, on_delete=models.PROTECT, related_name="links")
    kind = models.CharField("联系方式", max_length=16, choices=WeakLinkKind.choices)
    name = models.CharField("姓名或单位", max_length=80)
    office = models.CharField("单位及职务", max_length=120, blank=True)
    starts_on = models.DateField("自")
    ends_on = models.DateField("至", null=True, blank=True)

    objects = WeakPartQuerySet.as_manager()

    class Meta:
        verbose_name = "四个一联系"
        verbose_name_plural = "四个一联系"
        ordering = ["kind", "starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="weak_link_ends_after_start",
                violation_error_message="结束日期早于开始日期",
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.name}"


class WeakCheck(models.Model):
    """One row of a checklist (六大责任, 五个精准…): what is asked, whether it is done, a note."""

    weak = models.ForeignKey(WeakBranch, on_delete=models.PROTECT, related_name="checks")
    list_name = models.CharField("清单", max_length=40)
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField("内容", max_length=120)
    done_on = models.DateField("落实日期", null=True, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)

    objects = WeakPartQuerySet.as_manager()

    class Meta:
        verbose_name = "整顿清单"
        verbose_name_plural = "整顿清单"
        ordering = ["list_name", "position", "pk"]

    def __str__(self):
        return self.text


class WeakReport(Kept):
    """What a weak branch reports for one month (月报); one a month."""

    weak = models.ForeignKey(WeakBranch, on_delete=models.PROTECT, related_name="reports")
    # The first day of the month.
    month = models.DateField("月份")
    text = models.TextField("整顿进展")
    next_steps = models.TextField("下月打算", blank=True)
    reported_on = models.DateField("报送日期")

    objects = WeakPartQuerySet.as_manager()

    class Meta:
        verbose_name = "整顿月报"
        verbose_name_plural = "整顿月报"
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint(fields=["weak", "month"], name="weak_report_once_a_month")
        ]

    def __str__(self):
        return f"{self.weak_id} {self.month:%Y-%m}"


class WeakSurvey(Kept):
    """A survey before acceptance (测评): heads, and the thresholds in force on that day.

    Each rate is counted out of `asked`; exactly the threshold passes. `score` where the county
    also gives points.
    """

    weak = models.ForeignKey(WeakBranch, on_delete=models.PROTECT, related_name="surveys")
    held_on = models.DateField("测评日期")
    asked = models.PositiveIntegerField("参加测评人数")
    satisfied = models.PositiveIntegerField("满意人数")
    aware = models.PositiveIntegerField("知晓人数")
    score = models.DecimalField("验收得分", max_digits=5, decimal_places=2, null=True, blank=True)
    satisfied_needed = models.DecimalField("满意度不低于（%）", max_digits=5, decimal_places=2)
    aware_needed = models.DecimalField("知晓率不低于（%）", max_digits=5, decimal_places=2)
    score_needed = models.DecimalField(
        "得分不低于", max_digits=5, decimal_places=2, null=True, blank=True
    )
    note = models.CharField("备注", max_length=300, blank=True)
    withdrawn_on = models.DateField("作废日期", null=True, blank=True)

    objects = WeakPartQuerySet.as_manager()

    class Meta:
        verbose_name = "整顿测评"
        verbose_name_plural = "整顿测评"
        ordering = ["held_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(asked__gt=0) & Q(satisfied__lte=F("asked")) & Q(aware__lte=F("asked")),
                name="weak_survey_counts_within_asked",
                violation_error_message="满意人数、知晓人数不能多于参加测评人数",
            )
        ]

    def __str__(self):
        return f"{self.weak_id} {self.held_on:%Y-%m-%d}"
