"""Activity rooms (阵地) and work funds (工作经费) of a branch."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from branches.models.tree import Organisation
from branches.scope import ScopedQuerySet


class ActivityRoom(models.Model):
    """A room in which a branch holds its activities (活动场所), with what was found there.

    `met` lists the items of the county's standard that the room has.
    """

    organisation = models.ForeignKey(
        Organisation, verbose_name="党组织", on_delete=models.PROTECT, related_name="rooms"
    )
    name = models.CharField("名称", max_length=60)
    address = models.CharField("地址", max_length=120, blank=True)
    area = models.DecimalField(
        "面积（平方米）",
        max_digits=7,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    shared_with = models.CharField("合用单位", max_length=120, blank=True)
    met = models.JSONField("已达到", default=list)
    checked_on = models.DateField("核对日期", null=True, blank=True)
    note = models.CharField("备注", max_length=300, blank=True)
    opened_on = models.DateField("启用日期", null=True, blank=True)
    closed_on = models.DateField("停用日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "活动阵地"
        verbose_name_plural = "活动阵地"
        ordering = ["organisation__code", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True)
                | Q(opened_on__isnull=True)
                | Q(closed_on__gte=F("opened_on")),
                name="room_closed_after_opened",
                violation_error_message="停用日期早于启用日期",
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.name}"


class Budget(models.Model):
    """The work funds of a branch in its unit's budget of one year, in yuan."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="党组织", on_delete=models.PROTECT, related_name="budgets"
    )
    year = models.PositiveSmallIntegerField("年度")
    amount = models.DecimalField("列入预算", max_digits=10, decimal_places=2)
    # More is asked of a branch that was rated, by the county's decision.
    uplift_percent = models.PositiveSmallIntegerField("上浮比例（%）", default=0)
    note = models.CharField("备注", max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "经费预算"
        verbose_name_plural = "经费预算"
        ordering = ["organisation__code", "-year"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "year"], name="budget_once_per_year"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="budget_not_negative"),
        ]

    def __str__(self):
        return f"{self.organisation} {self.year}"


class FundKind(models.TextChoices):
    """What moved the funds of a branch."""

    REFUND = "refund", "党费返还"
    SUPPORT = "support", "上级拨付"
    SPENDING = "spending", "支出"


class FundEntry(models.Model):
    """A sum that came in or was spent, in yuan; a wrong one is reversed, never edited."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="党组织", on_delete=models.PROTECT, related_name="fund_entries"
    )
    kind = models.CharField("类别", max_length=10, choices=FundKind.choices)
    on = models.DateField("日期")
    amount = models.DecimalField("金额", max_digits=10, decimal_places=2)
    purpose = models.CharField("用途", max_length=120)
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    entered_at = models.DateTimeField("登记时间", auto_now_add=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "经费收支"
        verbose_name_plural = "经费收支"
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(reverses__isnull=False),
                name="fund_entry_positive_unless_reversal",
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.on:%Y-%m-%d} {self.amount}"
