"""That the checks ran."""

from django.db import models


class CheckRun(models.Model):
    """One night's check: the day it judged, when it ran, what it wrote, which rules failed."""

    day = models.DateField("核对日期", unique=True)
    started_at = models.DateTimeField("开始时间")
    finished_at = models.DateTimeField("完成时间", null=True)
    judged = models.PositiveIntegerField("核对项数", default=0)
    written = models.PositiveIntegerField("变动项数", default=0)
    faults = models.TextField("未能核对", blank=True)

    class Meta:
        verbose_name = "核对记录"
        verbose_name_plural = "核对记录"
        ordering = ["-day"]

    def __str__(self):
        return f"{self.day:%Y-%m-%d}"


class RunPart(models.Model):
    """One part of a night's check – a rule by its code, or a step named in `compliance.services` –:
    how long it took, what it judged and wrote, why it failed.

    A part that failed for some organisations alone has judged the others; `fault` names them.
    """

    run = models.ForeignKey(CheckRun, on_delete=models.CASCADE, related_name="parts")
    part = models.CharField("部分", max_length=60)
    started_at = models.DateTimeField("开始时间")
    seconds = models.FloatField("用时（秒）", default=0)
    judged = models.PositiveIntegerField("核对项数", default=0)
    written = models.PositiveIntegerField("变动项数", default=0)
    fault = models.TextField("未能核对的原因", blank=True)

    class Meta:
        verbose_name = "核对部分"
        verbose_name_plural = "核对部分"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "part"], name="run_part_once"),
        ]

    def __str__(self):
        return f"{self.run_id} {self.part}"
