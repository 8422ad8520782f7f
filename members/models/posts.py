"""Posts in Party organisations and in the units behind them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.dated import standing_on
from branches.models import Group, Organisation, Unit
from branches.scope import ScopedQuerySet
from members.enums import AssignmentRole, PostTitle
from members.models.people import Member


class PostQuerySet(ScopedQuerySet):
    def on(self, day):
        """Posts held on `day`."""
        return self.filter(standing_on(day))


class Post(models.Model):
    """A post held in an organisation: by a member, or by a person known by name only."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="posts")
    title = models.CharField("职务", max_length=20, choices=PostTitle.choices)
    member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="posts"
    )
    person_name = models.CharField("姓名", max_length=40)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="posts",
    )
    # The group that a group leader leads.
    group = models.ForeignKey(
        Group, verbose_name="党小组", null=True, blank=True, on_delete=models.PROTECT
    )
    is_appointed = models.BooleanField("上级指派", default=False)
    filed_on = models.DateField("备案日期", null=True, blank=True)
    starts_on = models.DateField("任职日期", null=True, blank=True)
    ends_on = models.DateField("免职日期", null=True, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = "职务"
        verbose_name_plural = "职务"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(ends_on__isnull=True, title=PostTitle.SECRETARY),
                name="post_one_secretary_at_a_time",
                violation_error_message="这个组织已有书记",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(starts_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="post_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.get_title_display()} {self.person_name}"


class UnitPost(models.Model):
    """A post that a member holds in a unit (行政职务): what 一肩挑 and 交叉任职 follow from."""

    unit = models.ForeignKey(
        Unit, verbose_name="单位", on_delete=models.PROTECT, related_name="posts"
    )
    member = models.ForeignKey(
        Member, verbose_name="党员", on_delete=models.PROTECT, related_name="unit_posts"
    )
    title = models.CharField("单位职务", max_length=40)
    is_main_leader = models.BooleanField("主要负责人", default=False)
    starts_on = models.DateField("任职日期", null=True, blank=True)
    ends_on = models.DateField("免职日期", null=True, blank=True)

    class PostSet(ScopedQuerySet):
        scope_path = "member__organisation__path"

        def on(self, day):
            """Posts held on `day`."""
            return self.filter(standing_on(day))

    objects = PostSet.as_manager()

    class Meta:
        verbose_name = "单位职务"
        verbose_name_plural = "单位职务"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True)
                | Q(starts_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="unit_post_ends_after_start",
                violation_error_message="免职日期早于任职日期",
            )
        ]

    def __str__(self):
        return f"{self.unit} {self.title} {self.member}"


class AssignmentQuerySet(ScopedQuerySet):
    def on(self, day):
        """Assignments in force on `day`."""
        return self.filter(standing_on(day))


class Assignment(models.Model):
    """Somebody assigned to an organisation: instructor, linked leader or full-time Party worker."""

    organisation = models.ForeignKey(
        Organisation, verbose_name="党组织", on_delete=models.PROTECT, related_name="assignments"
    )
    role = models.CharField("类别", max_length=16, choices=AssignmentRole.choices)
    member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="assignments"
    )
    person_name = models.CharField("姓名", max_length=40)
    from_unit = models.CharField("单位及职务", max_length=120, blank=True)
    starts_on = models.DateField("选派日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = "选派联系"
        verbose_name_plural = "选派联系"
        ordering = ["organisation__code", "role", "starts_on"]
        indexes = [models.Index(fields=["organisation", "role"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="assignment_ends_after_start",
                violation_error_message="结束日期早于选派日期",
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.get_role_display()} {self.person_name}"
