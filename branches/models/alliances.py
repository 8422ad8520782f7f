"""Alliances (党建联合体, 联建共建) of organisations."""

from django.db import models
from django.db.models import F, Q

from branches.models.tree import Organisation
from branches.scope import ScopedQuerySet, paths_reached, within_paths


class AllianceQuerySet(ScopedQuerySet):
    """The lead decides; whoever looks at an organisation that is or was in it may look."""

    def visible_to(self, user):
        return self._touching(paths_reached(user))

    def within(self, organisation):
        return self._touching((organisation.path,))

    def _touching(self, prefixes):
        joined = AllianceMember.objects.filter(within_paths("organisation__path", prefixes))
        return self.filter(
            within_paths("organisation__path", prefixes) | Q(pk__in=joined.values("alliance_id"))
        )


class Alliance(models.Model):
    """Organisations that build together (联建共建), under one lead."""

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="牵头组织",
        on_delete=models.PROTECT,
        related_name="led_alliances",
    )
    name = models.CharField("名称", max_length=60)
    aim = models.CharField("共建内容", max_length=300, blank=True)
    starts_on = models.DateField("成立日期")
    ends_on = models.DateField("结束日期", null=True, blank=True)

    objects = AllianceQuerySet.as_manager()

    class Meta:
        verbose_name = "党建联合体"
        verbose_name_plural = "党建联合体"
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="alliance_ends_after_start",
                violation_error_message="结束日期早于成立日期",
            )
        ]

    def __str__(self):
        return self.name


class AllianceMember(models.Model):
    """An organisation's time in an alliance."""

    alliance = models.ForeignKey(Alliance, on_delete=models.PROTECT, related_name="members")
    organisation = models.ForeignKey(
        Organisation, verbose_name="成员组织", on_delete=models.PROTECT, related_name="alliances"
    )
    starts_on = models.DateField("加入日期")
    ends_on = models.DateField("退出日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "联合体成员"
        verbose_name_plural = "联合体成员"
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "organisation"],
                condition=Q(ends_on__isnull=True),
                name="alliance_member_open_once",
                violation_error_message="这个组织已在联合体中",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="alliance_member_ends_after_start",
            ),
        ]

    def __str__(self):
        return f"{self.alliance} {self.organisation}"
