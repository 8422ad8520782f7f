"""党建+: what each branch adds to its work by Party building, 1+3+X (plan 3)."""

from django.db import models

from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from members.models import Member
from tasks.enums import PlusPart


class PlusPlan(Kept):
    """A branch's 党建+ of one year: its items, when they were shown, what the year's review said."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="plus_plans"
    )
    year = models.PositiveSmallIntegerField("年度")
    # Shown publicly, by the end of March (county value).
    published_on = models.DateField("公示日期", null=True, blank=True)
    published_where = models.CharField("公示地点", max_length=60, blank=True)
    # The answer in the secretary's yearly review.
    review = models.TextField("年度述职中的回答", blank=True)
    reviewed_on = models.DateField("述职日期", null=True, blank=True)
    comment = models.CharField("上级点评", max_length=500, blank=True)
    commented_on = models.DateField("点评日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "党建+"
        verbose_name_plural = "党建+"
        ordering = ["-year", "organisation__code"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "year"], name="plus_plan_once_a_year")
        ]

    def __str__(self):
        return f"{self.organisation} {self.year}年党建+"


class PlusItemQuerySet(ScopedQuerySet):
    scope_path = "plan__organisation__path"


class PlusItem(Kept):
    """One item of a branch's 党建+: what it adds, by which means, led by whom, to which aim."""

    plan = models.ForeignKey(PlusPlan, on_delete=models.PROTECT, related_name="items")
    part = models.CharField("类别", max_length=8, choices=PlusPart.choices)
    title = models.CharField("项目", max_length=120)
    means = models.TextField("做法")
    lead = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="plus_items"
    )
    lead_name = models.CharField("牵头人", max_length=40)
    aim = models.CharField("目标", max_length=300)
    due_on = models.DateField("完成时限", null=True, blank=True)
    result = models.TextField("成效", blank=True)
    finished_on = models.DateField("完成日期", null=True, blank=True)
    # Taken out of the plan again; the line stays.
    dropped_on = models.DateField("取消日期", null=True, blank=True)
    drop_reason = models.CharField("取消原因", max_length=200, blank=True)

    objects = PlusItemQuerySet.as_manager()

    class Meta:
        verbose_name = "党建+项目"
        verbose_name_plural = "党建+项目"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "title"],
                name="plus_item_once_in_a_plan",
                violation_error_message="今年的党建+里已有这个项目",
            )
        ]

    def __str__(self):
        return self.title
