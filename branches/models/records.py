"""Rights, county values, notes between rooms and attached files."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.roles import Role
from branches.models.tree import Organisation
from branches.scope import ScopedQuerySet


class Grant(models.Model):
    """A role given to an account on an organisation and everything below it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="账号",
        on_delete=models.PROTECT,
        related_name="grants",
    )
    role = models.CharField("角色", max_length=20, choices=Role.choices)
    organisation = models.ForeignKey(
        Organisation, verbose_name="组织", on_delete=models.PROTECT, related_name="grants"
    )
    given_at = models.DateTimeField("授予时间", auto_now_add=True)
    withdrawn_at = models.DateTimeField("收回时间", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "授权"
        verbose_name_plural = "授权"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "organisation"],
                condition=Q(withdrawn_at__isnull=True),
                name="grant_once",
                violation_error_message="这个账号在这个组织已有这个角色",
            )
        ]

    def __str__(self):
        return f"{self.user}：{self.organisation} {self.get_role_display()}"


class Setting(models.Model):
    """A county value that holds from a day on; what each key means stands in code.

    `scope` is "" for the whole county, else names a part of it (a sector, a campaign) for which the
    value departs from the county's; `value` None there ends the departure.
    """

    key = models.CharField("项目", max_length=80)
    scope = models.CharField("范围", max_length=40, blank=True, default="")
    value = models.JSONField("值", null=True)
    starts_on = models.DateField("自")
    reason = models.CharField("依据", max_length=300, blank=True)

    class Meta:
        verbose_name = "要求设置"
        verbose_name_plural = "要求设置"
        ordering = ["key", "scope", "-starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["key", "scope", "starts_on"],
                name="setting_once_per_day",
                violation_error_message="这一项在这一天已有一个值",
            )
        ]

    def __str__(self):
        return f"{self.key} {self.starts_on:%Y-%m-%d}"


class ClosedMonth(models.Model):
    """A month that an organisation closed (封账), with everything below it: what it printed stays."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="closed_months"
    )
    # The first day of the month.
    month = models.DateField("月份")
    closed_on = models.DateField("封账日期")
    # Nobody where the set day did it.
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField("封账时间", auto_now_add=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "封账月份"
        verbose_name_plural = "封账月份"
        ordering = ["-month", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "month"],
                name="month_closed_once",
                violation_error_message="这个月已经封账",
            )
        ]

    def __str__(self):
        return f"{self.organisation_id} {self.month:%Y-%m}"


class Changed(models.Model):
    """What was touched and is not yet judged again: an organisation, an area, the days concerned.

    Written in the transaction of the change, consumed by deletion in the transaction that judges.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    area = models.CharField(max_length=20)
    from_on = models.DateField()
    to_on = models.DateField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "待核对变动"
        verbose_name_plural = "待核对变动"

    def __str__(self):
        return f"{self.organisation_id} {self.area} {self.from_on}–{self.to_on}"


class Attachment(models.Model):
    """A file put to a record of an organisation; seen by whoever sees the organisation."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    area = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    name = models.CharField("文件名", max_length=200)
    file = models.FileField("文件", upload_to="attachments/%Y/%m/")
    size = models.PositiveBigIntegerField("大小")
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField("上传时间", auto_now_add=True)
    # The day the paper is of, where it is not that of its record; never the day of upload.
    dated_on = models.DateField("材料日期", null=True, blank=True)
    # The older version of the same paper, which stays.
    replaces = models.OneToOneField(
        "self",
        verbose_name="替换",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaced_by",
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "附件"
        verbose_name_plural = "附件"
        ordering = ["pk"]
        indexes = [models.Index(fields=["area", "object_id"])]

    def __str__(self):
        return self.name
