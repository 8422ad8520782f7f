"""Joint activities: one meeting to which other branches were invited."""

from django.conf import settings
from django.db import models

from branches.models import Organisation
from branches.scope import ScopedQuerySet, paths_reached, within_paths
from meetings.enums import InvitationState
from meetings.models.meetings import Meeting


class JointInvitationQuerySet(ScopedQuerySet):
    """The invited branch acts; the hosting one looks too."""

    def visible_to(self, user):
        prefixes = paths_reached(user)
        return self.filter(
            within_paths("organisation__path", prefixes)
            | within_paths("meeting__organisation__path", prefixes)
        )


class JointInvitation(models.Model):
    """A branch invited to the meeting of another. It answers by a record of its own (`own_meeting`)
    with its own roster, so the activity counts once for each branch that came."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="invitations")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="invitations"
    )
    state = models.CharField(
        "状态",
        max_length=12,
        choices=InvitationState.choices,
        default=InvitationState.INVITED,
    )
    own_meeting = models.OneToOneField(
        Meeting, null=True, blank=True, on_delete=models.PROTECT, related_name="joined"
    )
    note = models.CharField("说明", max_length=100, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    invited_at = models.DateTimeField("邀请时间", auto_now_add=True)

    objects = JointInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = "共同活动邀请"
        verbose_name_plural = "共同活动邀请"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "organisation"], name="joint_invitation_once"
            )
        ]

    def __str__(self):
        return f"{self.organisation} {self.get_state_display()}"
