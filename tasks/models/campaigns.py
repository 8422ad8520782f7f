"""Campaign plans (工作方案): phases, blocks, measures, targets, values, self-checks."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation, Sector
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from tasks.enums import Addressed, Bound, CampaignState, SelfCheckState


class Campaign(Kept):
    """A plan of work (工作方案) that one organisation runs for everything below it."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="牵头单位", on_delete=models.PROTECT, related_name="campaigns"
    )
    title = models.CharField("方案名称", max_length=120)
    # The code of the template it was loaded from; "" for one written here.
    template = models.CharField(max_length=20, blank=True, editable=False)
    document = models.CharField("文号", max_length=60, blank=True)
    year = models.PositiveSmallIntegerField("年度")
    aim = models.TextField("总体要求", blank=True)
    leaders = models.CharField("领导小组", max_length=300, blank=True)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    state = models.CharField(
        "状态", max_length=8, choices=CampaignState.choices, default=CampaignState.DRAFT
    )
    # By when each branch reports its self-check; empty where none is asked.
    self_check_on = models.DateField("自查报告截止", null=True, blank=True)
    issued_on = models.DateField("印发日期", null=True, blank=True)
    # How the lead deals with what the plan says twice and differently; asked before it is issued.
    clarification = models.TextField("对方案内不一致之处的说明", blank=True)
    closed_on = models.DateField("结束实施日期", null=True, blank=True)
    summary = models.TextField("总结", blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "工作方案"
        verbose_name_plural = "工作方案"
        ordering = ["-year", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "year", "title"],
                name="campaign_title_once_a_year",
                violation_error_message="这个单位这一年已有同名的方案",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_start",
                violation_error_message="结束日期早于开始日期",
            ),
        ]

    def __str__(self):
        return self.title


class CampaignPartQuerySet(ScopedQuerySet):
    scope_path = "campaign__organisation__path"


class Phase(models.Model):
    """A stretch of a campaign (阶段) with its own dates: survey, carry out, self-check, acceptance."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="phases")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField("阶段", max_length=60)
    starts_on = models.DateField("自")
    ends_on = models.DateField("至")
    text = models.TextField("内容", blank=True)

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = "阶段"
        verbose_name_plural = "阶段"
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="phase_ends_after_start",
                violation_error_message="阶段的结束日期早于开始日期",
            )
        ]

    def __str__(self):
        return self.name


class Block(models.Model):
    """A heading of a plan (板块) with the three responsible, who answer for its measures."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="blocks")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField("板块", max_length=60)
    responsible_leader = models.CharField("责任领导", max_length=80, blank=True)
    responsible_unit = models.CharField("责任单位", max_length=120, blank=True)
    responsible_person = models.CharField("责任人", max_length=80, blank=True)

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = "板块"
        verbose_name_plural = "板块"
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name


class Measure(models.Model):
    """One measure of a plan (措施); issued, it becomes one task for each unit it names.

    Empty responsible fields take those of the block; what is empty there too is the unit itself
    and its secretary.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="measures")
    block = models.ForeignKey(Block, on_delete=models.PROTECT, related_name="measures")
    phase = models.ForeignKey(
        Phase, null=True, blank=True, on_delete=models.PROTECT, related_name="measures"
    )
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField("措施", max_length=300)
    detail = models.TextField("具体要求", blank=True)
    responsible_leader = models.CharField("责任领导", max_length=80, blank=True)
    responsible_unit = models.CharField("责任单位", max_length=120, blank=True)
    responsible_person = models.CharField("责任人", max_length=80, blank=True)
    due_on = models.DateField("完成时限")
    addressed = models.CharField(
        "分解到", max_length=12, choices=Addressed.choices, default=Addressed.BRANCHES
    )
    sector = models.CharField("领域", max_length=20, choices=Sector.choices, blank=True)
    named = models.ManyToManyField(
        Organisation, verbose_name="指定的单位", blank=True, related_name="+"
    )
    by_county = models.BooleanField("销号须经县级核查", default=False)

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = "措施"
        verbose_name_plural = "措施"
        ordering = ["block__position", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "text"],
                name="measure_once_in_a_campaign",
                violation_error_message="方案里已有这一条措施",
            ),
            models.CheckConstraint(
                condition=~Q(addressed=Addressed.SECTOR) | ~Q(sector=""),
                name="measure_for_a_sector_names_it",
                violation_error_message="请选领域",
            ),
        ]

    def __str__(self):
        return self.text


class Target(models.Model):
    """A figure the plan wants by a day (目标), as the plan words it.

    Targets of one `subject` are about the same thing; what contradicts is shown, never solved
    here. `figure` names a figure the system computes; otherwise the lead enters what was reached.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="targets")
    position = models.PositiveSmallIntegerField(default=0)
    subject = models.CharField("指标", max_length=60)
    bound = models.CharField("要求", max_length=10, choices=Bound.choices, default=Bound.AT_LEAST)
    value = models.DecimalField("数值", max_digits=8, decimal_places=2)
    unit = models.CharField("单位", max_length=10, default="%")
    due_on = models.DateField("到期")
    wording = models.CharField("方案原文", max_length=200, blank=True)
    figure = models.CharField("由系统计算", max_length=40, blank=True)
    reached = models.DecimalField("实际达到", max_digits=8, decimal_places=2, null=True, blank=True)
    reached_on = models.DateField("截至", null=True, blank=True)

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = "目标"
        verbose_name_plural = "目标"
        ordering = ["position", "pk"]

    def __str__(self):
        return f"{self.subject} {self.get_bound_display()} {self.value}{self.unit}"


class CampaignValue(models.Model):
    """A number of the plan that is a county value here; taken over by the county with a day."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="values")
    position = models.PositiveSmallIntegerField(default=0)
    key = models.CharField("项目", max_length=80)
    value = models.JSONField("方案的值")
    starts_on = models.DateField("自")
    wording = models.CharField("方案原文", max_length=200, blank=True)
    applied_on = models.DateField("采用日期", null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    objects = CampaignPartQuerySet.as_manager()

    class Meta:
        verbose_name = "方案的数值"
        verbose_name_plural = "方案的数值"
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "key"], name="campaign_value_once")
        ]

    def __str__(self):
        return f"{self.key} = {self.value}"


class SelfCheck(Kept):
    """A branch's self-check report (自查报告) on a campaign.

    `figures` holds what the system knew when it was handed in, so that the paper can be made again.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="self_checks")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="self_checks"
    )
    state = models.CharField(
        "状态", max_length=10, choices=SelfCheckState.choices, default=SelfCheckState.DRAFT
    )
    done = models.TextField("主要做法和成效", blank=True)
    problems = models.TextField("存在问题", blank=True)
    plans = models.TextField("下一步打算", blank=True)
    figures = models.JSONField("报送时的台账数据", default=list, blank=True)
    submitted_on = models.DateField("报送日期", null=True, blank=True)
    opinion = models.CharField("审阅意见", max_length=500, blank=True)
    reviewed_on = models.DateField("审阅日期", null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "自查报告"
        verbose_name_plural = "自查报告"
        ordering = ["organisation__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "organisation"], name="self_check_once_per_branch"
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.campaign}"
