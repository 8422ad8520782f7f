"""What will be due, and where a calendar reads it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet


class Foreseen(models.Model):
    """A duty that will be due: found by judging days to come on today's facts.

    One row for each rule, organisation and period; a standing condition has the empty period and
    the last day on which it is not yet overdue. Rewritten by difference every night.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="foreseen", db_index=False
    )
    rule = models.CharField("要求", max_length=60)
    period = models.CharField("期间", max_length=10, blank=True)
    due_on = models.DateField("时限")

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "预报"
        verbose_name_plural = "预报"
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "rule", "period"], name="foreseen_once")
        ]
        indexes = [models.Index(fields=["due_on"])]

    def __str__(self):
        return f"{self.organisation_id} {self.rule} {self.period} {self.due_on:%Y-%m-%d}"


class CalendarAddress(models.Model):
    """The secret address of a user's calendar feed; only its hash is kept. One stands at a time."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_addresses"
    )
    key_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField("开通时间", auto_now_add=True)
    revoked_at = models.DateTimeField("停用时间", null=True, blank=True)
    read_at = models.DateTimeField("最近读取", null=True, blank=True)

    class Meta:
        verbose_name = "日历地址"
        verbose_name_plural = "日历地址"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(revoked_at__isnull=True),
                name="calendar_address_one_per_user",
            )
        ]

    def __str__(self):
        return f"{self.user_id}"
