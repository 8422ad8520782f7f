"""四议两公开: matters of a village or community that touch its residents' interests."""

from django.db import models

from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from meetings.enums import MatterStage
from meetings.models.meetings import Meeting


class Matter(Kept):
    """One matter on its way through the stages. `dropped_on` is set when it was given up.

    Source: 支部条例 Art. 11 – such matters must pass the members' meeting.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="matters")
    title = models.CharField("事项", max_length=100)
    content = models.CharField("内容", max_length=500, blank=True)
    dropped_on = models.DateField("终止日期", null=True, blank=True)
    drop_reason = models.CharField("终止原因", max_length=100, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "四议两公开事项"
        verbose_name_plural = "四议两公开事项"
        ordering = ["-pk"]

    def __str__(self):
        return self.title


class MatterStepQuerySet(ScopedQuerySet):
    scope_path = "matter__organisation__path"


class MatterStep(models.Model):
    """A stage that was done: when, in which meeting, with how many heads and votes."""

    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="steps")
    stage = models.CharField("环节", max_length=24, choices=MatterStage.choices)
    done_on = models.DateField("日期")
    ends_on = models.DateField("公开截止", null=True, blank=True)
    meeting = models.ForeignKey(
        Meeting, null=True, blank=True, on_delete=models.PROTECT, related_name="matter_steps"
    )
    should_attend = models.PositiveSmallIntegerField("应到", null=True, blank=True)
    present = models.PositiveSmallIntegerField("实到", null=True, blank=True)
    yes = models.PositiveSmallIntegerField("同意", null=True, blank=True)
    note = models.CharField("情况", max_length=300, blank=True)

    objects = MatterStepQuerySet.as_manager()

    class Meta:
        verbose_name = "四议两公开环节"
        verbose_name_plural = "四议两公开环节"
        ordering = ["done_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["matter", "stage"], name="matter_step_once")]

    def __str__(self):
        return self.get_stage_display()
