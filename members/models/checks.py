"""The half-yearly check of files, membership and relations (清查)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from members.models.people import Member


class FileCheck(models.Model):
    """A branch's check (清查) of one half-year; finished once every member was gone through."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="file_checks"
    )
    # 2026-H1, 2026-H2
    period = models.CharField("期间", max_length=7)
    started_on = models.DateField("开始日期")
    finished_on = models.DateField("完成日期", null=True, blank=True)
    finished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "组织关系清查"
        verbose_name_plural = "组织关系清查"
        ordering = ["-period", "organisation__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "period"], name="file_check_once_per_half"
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.period}"


class FileCheckLine(models.Model):
    """One member in a check: relation, file and contact each found in order or not (empty: not yet)."""

    check_run = models.ForeignKey(FileCheck, on_delete=models.PROTECT, related_name="lines")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    relation_ok = models.BooleanField("组织关系", null=True)
    file_ok = models.BooleanField("档案", null=True)
    contact_ok = models.BooleanField("联系方式", null=True)
    # What the system saw when the line was made, one hint a line.
    hints = models.TextField("系统提示", blank=True)
    note = models.CharField("情况和措施", max_length=300, blank=True)
    checked_on = models.DateField("核对日期", null=True, blank=True)

    class LineSet(ScopedQuerySet):
        scope_path = "check_run__organisation__path"

        def unfinished(self):
            """Lines with something not yet gone through."""
            return self.filter(
                Q(relation_ok__isnull=True) | Q(file_ok__isnull=True) | Q(contact_ok__isnull=True)
            )

    objects = LineSet.as_manager()

    class Meta:
        verbose_name = "清查明细"
        verbose_name_plural = "清查明细"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["check_run", "member"], name="file_check_line_once")
        ]

    def __str__(self):
        return f"{self.check_run} {self.member}"
