"""What a meeting decided, and with how many votes."""

from django.db import models
from django.db.models import F, Q

from branches.scope import ScopedQuerySet
from meetings.enums import DecisionKind, ExclusionReason
from meetings.models.meetings import Meeting
from members.models import Member


class ResolutionQuerySet(ScopedQuerySet):
    scope_path = "meeting__organisation__path"


class Resolution(models.Model):
    """One decision (决议) of a meeting. Counts are heads; None means that no vote was recorded.

    `should_attend` are those who may vote and were expected, after the exclusions; `present` those
    of them who came; `written` the consents sent in by absent members, already part of `yes`.
    Whether it passed is never stored: `meetings.votes` tells it from the counts and the kind.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="resolutions")
    kind = models.CharField(
        "事项类别", max_length=20, choices=DecisionKind.choices, default=DecisionKind.ORDINARY
    )
    text = models.CharField("决议内容", max_length=500)
    should_attend = models.PositiveSmallIntegerField("应到会有表决权", null=True, blank=True)
    present = models.PositiveSmallIntegerField("实到会有表决权", null=True, blank=True)
    yes = models.PositiveSmallIntegerField("赞成", null=True, blank=True)
    no = models.PositiveSmallIntegerField("不赞成", null=True, blank=True)
    abstained = models.PositiveSmallIntegerField("弃权", null=True, blank=True)
    written = models.PositiveSmallIntegerField("其中书面同意", default=0)
    is_secret = models.BooleanField("无记名投票", default=False)

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        verbose_name = "决议"
        verbose_name_plural = "决议"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(present__isnull=True)
                | Q(should_attend__isnull=True)
                | Q(present__lte=F("should_attend")),
                name="resolution_present_within_due",
                violation_error_message="实到人数多于应到人数",
            ),
        ]

    def __str__(self):
        return self.text


class Exclusion(models.Model):
    """A member left out of those who should attend one vote, with the superior's consent.

    An explicit decision with its reason, never computed. Source: rules on elections and admission.
    """

    resolution = models.ForeignKey(Resolution, on_delete=models.CASCADE, related_name="exclusions")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField("原因", max_length=20, choices=ExclusionReason.choices)

    class Meta:
        verbose_name = "不计入应到会"
        verbose_name_plural = "不计入应到会"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["resolution", "member"], name="exclusion_once")
        ]

    def __str__(self):
        return f"{self.member_id} {self.get_reason_display()}"
