"""Duty posts (设岗定责) and promises (承诺践诺)."""

from django.db import models
from django.db.models import Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from members.enums import PledgeGrade, PledgeKind
from members.models.people import Member


class Pledge(models.Model):
    """What a member took on for a year: a duty post, an area or a promise, and what came of it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="pledges")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="pledges")
    year = models.PositiveSmallIntegerField("年度")
    kind = models.CharField("类别", max_length=8, choices=PledgeKind.choices)
    title = models.CharField("岗位或事项", max_length=60)
    content = models.CharField("职责或承诺内容", max_length=300, blank=True)
    taken_on = models.DateField("认领日期")
    public_on = models.DateField("公开日期", null=True, blank=True)
    result = models.CharField("兑现情况", max_length=300, blank=True)
    result_on = models.DateField("兑现日期", null=True, blank=True)
    grade = models.CharField("评议结果", max_length=8, choices=PledgeGrade.choices, blank=True)
    reviewed_on = models.DateField("评议日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "设岗定责和承诺"
        verbose_name_plural = "设岗定责和承诺"
        ordering = ["-year", "member_id", "pk"]
        indexes = [models.Index(fields=["organisation", "year"])]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "year", "kind", "title"],
                name="pledge_once",
                violation_error_message="这名党员这一年已认领过这一项",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_on__isnull=True) | ~Q(grade=""),
                name="pledge_reviewed_with_a_grade",
            ),
        ]

    def __str__(self):
        return f"{self.member} {self.year} {self.title}"
