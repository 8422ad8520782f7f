from django.conf import settings
from django.db import models

from branches.models import ClosedMonth
from branches.scope import ScopedQuerySet
from jobs.models import Job


class BatchState(models.TextChoices):
    CHECKING = "checking", "核对中"
    CHECKED = "checked", "待确认"
    WRITING = "writing", "写入中"
    IMPORTED = "imported", "已导入"
    REFUSED = "refused", "不能导入"
    ABANDONED = "abandoned", "已放弃"


class Outcome(models.TextChoices):
    REFUSED = "refused", "需更正"
    NEW = "new", "新增"
    CHANGED = "changed", "修改"
    NOTE = "note", "请留意"


class ImportBatchQuerySet(ScopedQuerySet):
    def belonging_to(self, user):
        """A preview shows what was in somebody's files; only that person sees it."""
        return self.filter(created_by=user)


class ImportBatch(models.Model):
    """Workbooks given in together: checked, previewed, then written as a whole or not at all.

    The workbooks are kept encrypted until the batch is over; `digest` is that of the plan shown.
    """

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField("上传时间", auto_now_add=True)
    state = models.CharField(
        "状态", max_length=10, choices=BatchState.choices, default=BatchState.CHECKING
    )
    year = models.PositiveSmallIntegerField("年度", null=True, blank=True)
    sheets = models.JSONField("各表", default=list)
    digest = models.CharField(max_length=64, blank=True)
    message = models.TextField("说明", blank=True)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    imported_at = models.DateTimeField("导入时间", null=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = "导入批次"
        verbose_name_plural = "导入批次"
        ordering = ["-created_at"]

    def __str__(self):
        return f"{self.created_at:%Y-%m-%d %H:%M}"


class ImportFile(models.Model):
    """One workbook of a batch, encrypted at rest."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="files")
    name = models.CharField("文件名", max_length=200)
    content = models.FileField(upload_to="imports/%Y/%m/")

    class Meta:
        verbose_name = "导入文件"
        verbose_name_plural = "导入文件"
        ordering = ["pk"]

    def __str__(self):
        return self.name


class ImportLine(models.Model):
    """One line of a preview: a row refused, a new row, a row that changes, or a note.

    Identity numbers and phones stand here masked only.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="lines")
    file = models.CharField(max_length=200)
    sheet = models.CharField(max_length=100)
    row = models.PositiveIntegerField("行号")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    label = models.CharField("名称", max_length=200)
    # refused, note: [{column, value, reason}]; changed: [{column, before, after}]; new: [{column, after}]
    cells = models.JSONField(default=list)
    chosen = models.BooleanField("采用", default=True)

    class Meta:
        verbose_name = "核对行"
        verbose_name_plural = "核对行"
        ordering = ["pk"]
        indexes = [models.Index(fields=["batch", "outcome"])]

    def __str__(self):
        return f"{self.sheet} {self.row}"


class FrozenLedger(models.Model):
    """The content of a monthly ledger as it was when its month was closed (封账).

    `place` holds the tree of the month's last day, the figures of each organisation and the
    versions of the rules; the rows of the sheets lie in files, encrypted.
    """

    closed = models.OneToOneField(ClosedMonth, on_delete=models.PROTECT, related_name="ledger")
    content_hash = models.CharField("内容校验码", max_length=64)
    place = models.JSONField(default=dict)

    class Meta:
        verbose_name = "封存台账"
        verbose_name_plural = "封存台账"

    def __str__(self):
        return f"{self.closed_id} {self.content_hash[:8]}"


class FrozenSheet(models.Model):
    """The rows of one sheet of a closed month, sealed in a file."""

    ledger = models.ForeignKey(FrozenLedger, on_delete=models.PROTECT, related_name="sheets")
    name = models.CharField("表", max_length=20)
    headings = models.JSONField("列", default=list)
    file = models.FileField("文件", upload_to="frozen/%Y/")
    rows = models.PositiveIntegerField("行数")

    class Meta:
        verbose_name = "封存表"
        verbose_name_plural = "封存表"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["ledger", "name"], name="frozen_sheet_once")]

    def __str__(self):
        return f"{self.ledger_id} {self.name}"
