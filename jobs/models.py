from django.conf import settings
from django.db import models

from branches.models import Organisation
from branches.scope import ScopedQuerySet


class JobState(models.TextChoices):
    QUEUED = "queued", "排队"
    RUNNING = "running", "进行中"
    DONE = "done", "已完成"
    FAILED = "failed", "失败"
    STOPPED = "stopped", "已停止"


class JobQuerySet(ScopedQuerySet):
    def belonging_to(self, user):
        """Jobs the user started; nobody looks into another's files."""
        return self.filter(created_by=user)

    def abandoned(self, now):
        """Waiting or running, but held by no living worker."""
        return self.filter(state__in=(JobState.QUEUED, JobState.RUNNING), lease_until__lt=now)


class Job(models.Model):
    """One piece of long work. The row is the truth; the broker's message is only a hint."""

    kind = models.CharField("种类", max_length=40)
    title = models.CharField("名称", max_length=200)
    organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    parameters = models.JSONField(default=dict)
    state = models.CharField(
        "状态", max_length=8, choices=JobState.choices, default=JobState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    lease_until = models.DateTimeField()
    done = models.PositiveIntegerField("已做", default=0)
    total = models.PositiveIntegerField("共", default=0)
    phase = models.CharField("步骤", max_length=80, blank=True)
    message = models.TextField("结果", blank=True)
    result = models.FileField("文件", upload_to="results/%Y/%m/", blank=True)
    result_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField("提交时间", auto_now_add=True)
    started_at = models.DateTimeField("开始时间", null=True)
    finished_at = models.DateTimeField("结束时间", null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = "后台任务"
        verbose_name_plural = "后台任务"
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["state", "lease_until"])]

    def __str__(self):
        return self.title

    @property
    def is_over(self) -> bool:
        return self.state not in (JobState.QUEUED, JobState.RUNNING)


class Pulse(models.Model):
    """When a job of the schedule last ended well, and what was wrong with it since."""

    name = models.CharField("名称", max_length=40, unique=True)
    started_at = models.DateTimeField("开始时间")
    # The last time it ended without a fault; empty while it never has.
    ended_at = models.DateTimeField("完成时间", null=True)
    seconds = models.FloatField("用时（秒）", default=0)
    fault = models.CharField("故障", max_length=300, blank=True)

    class Meta:
        verbose_name = "定时运行"
        verbose_name_plural = "定时运行"
        ordering = ["name"]

    def __str__(self):
        return self.name
