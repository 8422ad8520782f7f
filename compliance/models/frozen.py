"""Results that a closed month keeps."""

from django.db import models

from branches.models import ClosedMonth, Organisation
from branches.scope import ScopedQuerySet
from compliance.models.duties import DutyState


class FrozenDuty(models.Model):
    """How a duty stood when the month in which its period ended was closed; never changed again.

    The duty itself goes on being judged; where the two differ, pages show the live state with 已更正.
    """

    closed = models.ForeignKey(ClosedMonth, on_delete=models.PROTECT, related_name="duties")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="frozen_duties", db_index=False
    )
    rule = models.CharField("要求", max_length=60)
    period = models.CharField("期间", max_length=10)
    required = models.PositiveIntegerField("应有")
    actual = models.PositiveIntegerField("已有")
    state = models.CharField("状态", max_length=8, choices=DutyState.choices)
    due_on = models.DateField("时限", null=True)
    met_on = models.DateField("完成日期", null=True)
    version = models.CharField("要求版本", max_length=80)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "封存事项"
        verbose_name_plural = "封存事项"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "rule", "period"], name="frozen_duty_once"
            )
        ]

    def __str__(self):
        return f"{self.organisation_id} {self.rule} {self.period}"
