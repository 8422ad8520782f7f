"""Notices (通知): what one organisation tells another in the system, and who has read it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet


class NoticeKind(models.TextChoices):
    ORDER = "order", "上级通知"
    REMINDER = "reminder", "催办"


class NoticeQuerySet(ScopedQuerySet):
    def standing(self):
        """Not taken back."""
        return self.filter(withdrawn_at__isnull=True)


class Notice(models.Model):
    """One notice to one organisation; `about` ties it to what it is about and makes it single: for
    one recipient and one `about` there is at most one a day."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="收", on_delete=models.PROTECT, related_name="notices"
    )
    sender = models.ForeignKey(
        Organisation,
        verbose_name="发",
        null=True,
        on_delete=models.PROTECT,
        related_name="sent_notices",
    )
    kind = models.CharField("类别", max_length=10, choices=NoticeKind.choices)
    title = models.CharField("标题", max_length=150)
    text = models.TextField("内容", blank=True)
    # Where in the system the matter stands, as a path; "" where there is no such page.
    url = models.CharField(max_length=300, blank=True)
    # For instance `task:71`; "" for what a person writes.
    about = models.CharField(max_length=80, blank=True)
    # Notices sent at once to several organisations share it.
    batch = models.UUIDField(db_index=True)
    on = models.DateField("日期")
    # Whether the recipient has to confirm (回执), and by when.
    wants_receipt = models.BooleanField("要求回执", default=False)
    receipt_by = models.DateField("回执截止", null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    sent_at = models.DateTimeField("发出时间", auto_now_add=True)
    withdrawn_at = models.DateTimeField("撤回时间", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "通知"
        verbose_name_plural = "通知"
        ordering = ["-on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "about", "on"],
                condition=~Q(about=""),
                name="notice_once_a_day_about_a_thing",
            )
        ]

    def __str__(self):
        return self.title


class ReceiptQuerySet(ScopedQuerySet):
    scope_path = "notice__organisation__path"


class Receipt(models.Model):
    """That a person of the recipient has read a notice, and confirmed it (回执) where asked."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="receipts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField("阅读时间", auto_now_add=True)
    confirmed_at = models.DateTimeField("回执时间", null=True, blank=True)
    reply = models.CharField("回执", max_length=300, blank=True)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = "回执"
        verbose_name_plural = "回执"
        constraints = [
            models.UniqueConstraint(fields=["notice", "user"], name="receipt_once_per_reader")
        ]

    def __str__(self):
        return f"{self.notice_id} {self.user_id}"
