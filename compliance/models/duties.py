"""What each organisation owes, how it stands, what is waived."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet


class DutyState(models.TextChoices):
    DONE = "done", "已完成"
    OPEN = "open", "进行中"
    BEHIND = "behind", "落后"
    OVERDUE = "overdue", "逾期"
    EXEMPT = "exempt", "免予"


# The period of a standing condition, which has one row for good.
STANDING = ""


class DutyQuerySet(ScopedQuerySet):
    def unmet(self):
        """What still has to be done, late or not."""
        return self.exclude(state__in=(DutyState.DONE, DutyState.EXEMPT))


class Duty(models.Model):
    """What one rule asks of one organisation in one period, and what was found.

    A standing condition has the period "" and one row, changed in place; `required` is then 0
    and `actual` the number of offenders.
    """

    rule = models.CharField("要求", max_length=60)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="duties", db_index=False
    )
    period = models.CharField("期间", max_length=10, blank=True)
    starts_on = models.DateField("自", null=True)
    ends_on = models.DateField("至", null=True)
    required = models.PositiveIntegerField("应有")
    actual = models.PositiveIntegerField("已有")
    state = models.CharField("状态", max_length=8, choices=DutyState.choices)
    due_on = models.DateField("时限", null=True)
    met_on = models.DateField("完成日期", null=True)
    open_since = models.DateField("出现日期", null=True)
    version = models.CharField("要求版本", max_length=80)
    # The organisation has done its part, the superior has not answered yet.
    waiting = models.BooleanField("等上级", default=False)

    objects = DutyQuerySet.as_manager()

    class Meta:
        verbose_name = "应办事项"
        verbose_name_plural = "应办事项"
        indexes = [
            models.Index(fields=["organisation", "state"]),
            models.Index(fields=["rule", "period", "state"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "period", "organisation"], name="duty_once_per_period"
            )
        ]

    def __str__(self):
        return f"{self.rule} {self.period} {self.organisation_id}"


class DutyEvent(models.Model):
    """A change in the state of a duty: from which, to which, as of which day."""

    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="events")
    on = models.DateField("日期")
    before = models.CharField("原状态", max_length=8, choices=DutyState.choices, blank=True)
    after = models.CharField("新状态", max_length=8, choices=DutyState.choices)
    required = models.PositiveIntegerField("应有")
    actual = models.PositiveIntegerField("已有")
    # The record that made the difference, and its page; "" where time alone did.
    record = models.CharField("依据的记录", max_length=200, blank=True)
    record_url = models.CharField(max_length=300, blank=True)
    # What counted at a change by a record, as day, text and address: the next change is told from it.
    counted = models.JSONField(default=list, blank=True)
    at = models.DateTimeField("核对时间", auto_now_add=True)

    class Meta:
        verbose_name = "事项变化"
        verbose_name_plural = "事项变化"
        ordering = ["pk"]

    def __str__(self):
        return f"{self.duty_id} {self.before} → {self.after}"


class ExemptionQuerySet(ScopedQuerySet):
    def standing(self):
        """Not taken back."""
        return self.filter(withdrawn_on__isnull=True)

    def on(self, day):
        """In force on `day`."""
        return self.standing().filter(starts_on__lte=day, ends_on__gte=day)


class Exemption(models.Model):
    """A rule waived for one organisation between two days, with the reason."""

    rule = models.CharField("要求", max_length=60)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    starts_on = models.DateField("自")
    ends_on = models.DateField("至")
    reason = models.CharField("理由", max_length=300)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_on = models.DateField("批准日期", null=True, blank=True)
    withdrawn_on = models.DateField("撤回日期", null=True, blank=True)

    objects = ExemptionQuerySet.as_manager()

    class Meta:
        verbose_name = "免予"
        verbose_name_plural = "免予"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="exemption_ends_after_start",
                violation_error_message="截止日期早于开始日期",
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.rule}"


class DutySummary(models.Model):
    """How many branches below an organisation stand how, for one rule and period.

    Folded by the tree of the period's last day; read by the overview instead of the duties.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    rule = models.CharField(max_length=60)
    period = models.CharField(max_length=10, blank=True)
    done = models.PositiveIntegerField(default=0)
    open = models.PositiveIntegerField(default=0)
    behind = models.PositiveIntegerField(default=0)
    overdue = models.PositiveIntegerField(default=0)
    exempt = models.PositiveIntegerField(default=0)
    required = models.PositiveIntegerField(default=0)
    actual = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "事项汇总"
        verbose_name_plural = "事项汇总"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "rule", "period"], name="duty_summary_once"
            )
        ]

    def __str__(self):
        return f"{self.organisation_id} {self.rule} {self.period}"
