"""民主评议党员: the yearly appraisal of a branch's members."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from meetings.enums import Grade
from meetings.models.meetings import Meeting
from members.models import Member


class Appraisal(models.Model):
    """A branch's appraisal for one year, step by step: self, mutual, ballot, the branch's opinion.

    Source: 支部条例 Art. 18. Ballots are counted in sheets; `closed_on` is the day it was concluded.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="appraisals", db_index=False
    )
    year = models.PositiveSmallIntegerField("评议年度")
    # The meeting of type 民主评议 at which the ballot was held.
    meeting = models.ForeignKey(
        Meeting, null=True, blank=True, on_delete=models.PROTECT, related_name="appraisals"
    )
    in_groups = models.BooleanField("个人自评和党员互评分党小组进行", default=False)
    self_on = models.DateField("个人自评", null=True, blank=True)
    mutual_on = models.DateField("党员互评", null=True, blank=True)
    ballot_on = models.DateField("民主测评", null=True, blank=True)
    opinion_on = models.DateField("支部评定", null=True, blank=True)
    ballots_sent = models.PositiveSmallIntegerField("发出测评票", null=True, blank=True)
    ballots_back = models.PositiveSmallIntegerField("收回测评票", null=True, blank=True)
    ballots_valid = models.PositiveSmallIntegerField("有效票", null=True, blank=True)
    closed_on = models.DateField("办结日期", null=True, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    version = models.PositiveIntegerField(default=1)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "民主评议党员"
        verbose_name_plural = "民主评议党员"
        ordering = ["-year"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "year"], name="appraisal_once_a_year"),
            models.CheckConstraint(
                condition=Q(ballots_back__isnull=True)
                | Q(ballots_sent__isnull=True)
                | Q(ballots_back__lte=F("ballots_sent")),
                name="appraisal_ballots_back_within_sent",
                violation_error_message="收回的票多于发出的票",
            ),
            models.CheckConstraint(
                condition=Q(ballots_valid__isnull=True)
                | Q(ballots_back__isnull=True)
                | Q(ballots_valid__lte=F("ballots_back")),
                name="appraisal_ballots_valid_within_back",
                violation_error_message="有效票多于收回的票",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.year}年民主评议"


class AppraisalResultQuerySet(ScopedQuerySet):
    scope_path = "appraisal__organisation__path"


class AppraisalResult(models.Model):
    """One member in an appraisal: ballots for each grade (sheets) and the grade the branch gave.

    Probationary members take part and get neither ballots nor a grade.
    """

    appraisal = models.ForeignKey(Appraisal, on_delete=models.CASCADE, related_name="results")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="appraisal_results")
    was_formal = models.BooleanField("当时是正式党员")
    took_part = models.BooleanField("参加评议", default=True)
    absence_note = models.CharField("未参加原因", max_length=60, blank=True)
    excellent = models.PositiveSmallIntegerField("优秀票", null=True, blank=True)
    qualified = models.PositiveSmallIntegerField("合格票", null=True, blank=True)
    basic = models.PositiveSmallIntegerField("基本合格票", null=True, blank=True)
    unqualified = models.PositiveSmallIntegerField("不合格票", null=True, blank=True)
    grade = models.CharField("评定等次", max_length=12, choices=Grade.choices, blank=True)

    objects = AppraisalResultQuerySet.as_manager()

    class Meta:
        verbose_name = "评议结果"
        verbose_name_plural = "评议结果"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["appraisal", "member"], name="appraisal_result_once"),
            models.CheckConstraint(
                condition=Q(was_formal=True) | Q(grade=""),
                name="appraisal_grades_formal_members_only",
                violation_error_message="预备党员参加评议，不评定等次",
            ),
        ]

    def __str__(self):
        return f"{self.member_id} {self.get_grade_display()}"
