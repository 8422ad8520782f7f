"""Which step of which reminder was due, for whom, and with which notice it went out."""

from django.db import models

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from notices.models import Notice


class Reminder(models.Model):
    """A step of reminding one recipient of one duty: at most once for each duty, occasion and step.

    `occasion` is the period of the duty, or for a standing condition the day it is due; `step` is
    a code of `compliance.steps`.
    """

    recipient = models.ForeignKey(
        Organisation, verbose_name="提醒谁", on_delete=models.PROTECT, related_name="+"
    )
    rule = models.CharField("要求", max_length=60)
    organisation = models.ForeignKey(
        Organisation,
        verbose_name="谁的事项",
        on_delete=models.PROTECT,
        related_name="duty_reminders",
        db_index=False,
    )
    occasion = models.CharField("期次", max_length=10)
    step = models.CharField("步骤", max_length=12)
    due_on = models.DateField("时限")
    # The day whose night decided it, and the notice that carried it.
    on = models.DateField("提醒日期")
    notice = models.ForeignKey(
        Notice, null=True, on_delete=models.PROTECT, related_name="duty_reminders"
    )

    # Whose duty it is decides who may look.
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "到期提醒"
        verbose_name_plural = "到期提醒"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "rule", "occasion", "step", "recipient"],
                name="reminder_once_per_step",
            )
        ]
        indexes = [models.Index(fields=["recipient", "on"])]

    def __str__(self):
        return f"{self.recipient_id} {self.rule} {self.occasion} {self.step}"
