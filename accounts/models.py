from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models

from accounts.fields import EncryptedTextField


class UserManager(BaseUserManager):
    """Accounts without e-mail addresses; superusers are made by command only."""

    def create_user(self, username, password=None, **facts):
        user = self.model(username=self.model.normalize_username(username), **facts)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username, password=None, **facts):
        facts.setdefault("must_change_password", False)
        return self.create_user(username, password, is_staff=True, is_superuser=True, **facts)


class User(AbstractUser):
    """A person who logs in; rights come only from grants on organisations."""

    first_name = None
    last_name = None
    email = None
    name = models.CharField("姓名", max_length=40, blank=True)
    phone_extension = models.CharField("内线", max_length=20, blank=True)
    large_type = models.BooleanField("大字", default=False)
    must_change_password = models.BooleanField("下次登录须改密码", default=True)

    REQUIRED_FIELDS = []

    objects = UserManager()

    class Meta:
        verbose_name = "账号"
        verbose_name_plural = "账号"

    def __str__(self):
        return self.name or self.username


class TrailQuerySet(models.QuerySet):
    """Scoped in `branches.scope`: a trail line knows its organisation by number only."""

    def about(self, area, object_id):
        """Lines on one object, newest first."""
        return self.filter(area=area, object_id=object_id).order_by("-at", "-pk")


class TrailLine(models.Model):
    """One change made by a person or a job: who, when, what, before and after.

    No foreign key upward, so an old line outlives its object. Numbers of identity cards and
    phones stand here masked only.
    """

    at = models.DateTimeField("时间", auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="操作人",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    by_name = models.CharField("操作人姓名", max_length=80)
    action = models.CharField("操作", max_length=40)
    area = models.CharField("范围", max_length=40)
    object_id = models.BigIntegerField("对象编号", null=True)
    label = models.CharField("对象", max_length=200)
    organisation_id = models.BigIntegerField("组织编号", null=True)
    before = models.JSONField("改前", default=dict)
    after = models.JSONField("改后", default=dict)
    reason = models.CharField("理由", max_length=300, blank=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        verbose_name = "操作记录"
        verbose_name_plural = "操作记录"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["area", "object_id"]),
            models.Index(fields=["organisation_id", "at"]),
        ]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} {self.by_name} {self.action} {self.label}"


class Draft(models.Model):
    """What a user has typed into a form and not saved yet; it survives a lost session."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    area = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    content = EncryptedTextField()
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "草稿"
        verbose_name_plural = "草稿"
        constraints = [
            models.UniqueConstraint(fields=["user", "area", "key"], name="draft_one_per_form")
        ]

    def __str__(self):
        return f"{self.user} {self.area} {self.key}"


class SavedView(models.Model):
    """A list as somebody likes to see it: the page and its query, under a name of one's own."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    page = models.CharField(max_length=40)
    name = models.CharField("名称", max_length=30)
    query = models.CharField(max_length=300)

    class Meta:
        verbose_name = "常用视图"
        verbose_name_plural = "常用视图"
        ordering = ["page", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"],
                name="saved_view_name_once",
                violation_error_message="已有一个同名的视图",
            )
        ]

    def __str__(self):
        return self.name
