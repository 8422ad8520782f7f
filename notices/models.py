"""Notices (通知): what one organisation tells another in the system, and who has read it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.fields import EncryptedTextField
from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet


class NoticeKind(models.TextChoices):
    ORDER = "order", "上级通知"
    REMINDER = "reminder", "催办"
    DUE = "due", "到期提醒"


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


class ChannelKind(models.TextChoices):
    MAIL = "mail", "电子邮件"
    WECOM = "wecom", "企业微信群机器人"
    DINGTALK = "dingtalk", "钉钉群机器人"
    FEISHU = "feishu", "飞书群机器人"


class ChannelQuerySet(ScopedQuerySet):
    def active(self):
        """Switched on."""
        return self.filter(stopped_at__isnull=True)


class Channel(Kept):
    """A way by which notices to an organisation travel outside the pages: the mail address of one
    user there, or the robot of a group chat.

    `address` is the mail address or the robot's secret web address, `secret` the key with which
    DingTalk and Feishu want requests signed; both encrypted. A mail channel has a user, a robot none.
    """

    kind = models.CharField("方式", max_length=10, choices=ChannelKind.choices)
    organisation = models.ForeignKey(
        Organisation, verbose_name="组织", on_delete=models.PROTECT, related_name="channels"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="账号",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="channels",
    )
    name = models.CharField("名称", max_length=40, blank=True)
    address = EncryptedTextField("地址")
    secret = EncryptedTextField("签名密钥", blank=True)
    # The newest failure and since when one has followed another; empty while all is well.
    failing_since = models.DateTimeField("失败自", null=True, blank=True)
    last_fault = models.CharField("失败原因", max_length=300, blank=True)
    stopped_at = models.DateTimeField("停用时间", null=True, blank=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        verbose_name = "送达方式"
        verbose_name_plural = "送达方式"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user"],
                condition=Q(kind="mail", stopped_at__isnull=True),
                name="channel_one_mail_per_user",
            ),
            models.CheckConstraint(
                condition=Q(kind="mail", user__isnull=False)
                | (~Q(kind="mail") & Q(user__isnull=True)),
                name="channel_mail_has_a_user",
            ),
        ]

    def __str__(self):
        return self.name or self.get_kind_display()


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "待发送"
    SENDING = "sending", "发送中"
    SENT = "sent", "已送达"
    FAILED = "failed", "发送失败"
    UNSURE = "unsure", "不能确定"
    DROPPED = "dropped", "不再发送"


class DeliveryQuerySet(ScopedQuerySet):
    scope_path = "channel__organisation__path"


class Delivery(models.Model):
    """One notice on its way through one channel; without a notice it is a test message.

    It is claimed before it is sent. A worker that dies in between leaves it `sending`; as nobody
    can know whether it arrived, it becomes `unsure` and is sent again by a person only.
    """

    notice = models.ForeignKey(
        Notice, null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deliveries")
    state = models.CharField(
        "状态", max_length=8, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    # Not sent before: the end of quiet hours, or the pause after a failure.
    not_before = models.DateTimeField("不早于")
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField("送达时间", null=True)
    # What the other side answered, or why it failed.
    answer = models.CharField("对方回应", max_length=300, blank=True)
    asked_at = models.DateTimeField("提交时间", auto_now_add=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "送达记录"
        verbose_name_plural = "送达记录"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "channel"],
                condition=Q(notice__isnull=False),
                name="delivery_once_per_channel",
            )
        ]
        indexes = [models.Index(fields=["state", "not_before"])]

    def __str__(self):
        return f"{self.notice_id} {self.channel_id} {self.state}"
