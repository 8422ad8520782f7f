"""Development of members (发展党员): from the application to conversion."""

from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from members.enums import Stage, Step
from members.models.people import Identified, Member

# Steps that a person goes through more than once.
REPEATING = (Step.REVIEWED, Step.THOUGHT_REPORT)


class DevelopmentPlan(models.Model):
    """How many a branch means to list as 发展对象 and to admit in a year."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="development_plans"
    )
    year = models.PositiveSmallIntegerField("年度")
    targets = models.PositiveSmallIntegerField("拟列发展对象", default=0)
    admissions = models.PositiveSmallIntegerField("拟接收预备党员", default=0)
    filed_on = models.DateField("报送日期")
    approved_on = models.DateField("批准日期", null=True, blank=True)
    note = models.CharField("备注", max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "发展党员计划"
        verbose_name_plural = "发展党员计划"
        ordering = ["-year", "organisation__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "year"],
                name="development_plan_once_per_year",
                violation_error_message="这一年的计划已报过",
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.year}"


class DevelopmentQuerySet(ScopedQuerySet):
    def running(self):
        """Those still on the way."""
        return self.filter(ended_on__isnull=True)

    def named(self, search):
        """Those whose name, pinyin initials or last digits of a number are typed."""
        condition = Q(name__icontains=search)
        if search.isdecimal() and len(search) >= 2:
            condition |= Q(id_number_mask__endswith=search[-4:])
            condition |= Q(phone_mask__endswith=search[-4:])
        if search.isascii() and search.isalpha():
            condition |= Q(initials__startswith=search.lower())
        return self.filter(condition)


class Development(Identified):
    """One person's way from applicant to formal member; `member` once admitted on probation.

    `stage` repeats what the steps say.
    """

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="所在党支部",
        on_delete=models.PROTECT,
        related_name="developments",
    )
    stage = models.CharField(
        "当前阶段", max_length=12, choices=Stage.choices, default=Stage.APPLICANT
    )
    member = models.OneToOneField(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="development"
    )
    # 培养联系人 and 入党介绍人, by name, as they may have left the branch since.
    contacts = models.CharField("培养联系人", max_length=80, blank=True)
    introducers = models.CharField("入党介绍人", max_length=80, blank=True)
    form_number = models.CharField("入党志愿书编号", max_length=40, blank=True)
    ended_on = models.DateField("结束日期", null=True, blank=True)
    end_reason = models.CharField("结束原因", max_length=100, blank=True)

    objects = DevelopmentQuerySet.as_manager()

    class Meta:
        verbose_name = "发展党员"
        verbose_name_plural = "发展党员"
        ordering = ["organisation__code", "pk"]
        indexes = [models.Index(fields=["organisation", "stage"])]
        constraints = [
            models.UniqueConstraint(
                fields=["id_number_hash"],
                condition=Q(ended_on__isnull=True),
                name="development_one_running_per_person",
                violation_error_message="这个人已有一份在办的发展党员记录",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | ~Q(end_reason=""),
                name="development_ends_with_a_reason",
                violation_error_message="结束时须写明原因",
            ),
        ]


class DevelopmentStep(models.Model):
    """A step taken on a day, with what belongs to it: the end of a publicity or course, votes."""

    development = models.ForeignKey(Development, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField("环节", max_length=20, choices=Step.choices)
    on = models.DateField("日期")
    until_on = models.DateField("至", null=True, blank=True)
    hours = models.PositiveSmallIntegerField("培训学时", null=True, blank=True)
    should_vote = models.PositiveSmallIntegerField("应到有表决权人数", null=True, blank=True)
    present = models.PositiveSmallIntegerField("实到有表决权人数", null=True, blank=True)
    approved = models.PositiveSmallIntegerField("赞成", null=True, blank=True)
    # Written opinions of absent members, handed in beforehand; they count as votes.
    written = models.PositiveSmallIntegerField("其中书面意见", null=True, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    # Why a limit was passed over, where somebody decided so.
    override_reason = models.CharField("例外理由", max_length=300, blank=True)

    class Meta:
        verbose_name = "发展环节"
        verbose_name_plural = "发展环节"
        ordering = ["on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["development", "step"],
                condition=~Q(step__in=REPEATING),
                name="development_step_once",
                violation_error_message="这个环节已登记过",
            ),
            models.UniqueConstraint(
                fields=["development", "step", "on"], name="development_step_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("on")),
                name="development_step_ends_after_start",
                violation_error_message="结束日期早于开始日期",
            ),
        ]

    def __str__(self):
        return f"{self.development} {self.get_step_display()} {self.on:%Y-%m-%d}"
