"""谈心谈话 and 走访慰问: who with whom and when. What was said stays in the branch."""

from django.db import models

from accounts.fields import EncryptedTextField
from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from meetings.enums import TalkRelation, VisitOccasion
from members.models import Member


class TalkQuerySet(ScopedQuerySet):
    def standing(self):
        """Talks that were not taken back."""
        return self.filter(cancelled_at=None)


class Talk(Kept):
    """A talk (谈心谈话) between people of a branch, or of a superior with its members.

    `content` is optional, encrypted, and shown to nobody outside the branch. Source: 支部条例 Art. 19.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="talks", db_index=False
    )
    held_on = models.DateField("日期")
    relation = models.CharField("谈话关系", max_length=20, choices=TalkRelation.choices)
    # Who came from above, who is no member of the branch; the others are TalkPerson rows.
    outsider = models.CharField("上级谈话人", max_length=40, blank=True)
    content = EncryptedTextField("谈话内容", blank=True)
    cancelled_at = models.DateTimeField("作废时间", null=True, blank=True)

    objects = TalkQuerySet.as_manager()

    class Meta:
        verbose_name = "谈心谈话"
        verbose_name_plural = "谈心谈话"
        ordering = ["-held_on", "-pk"]
        indexes = [models.Index(fields=["organisation", "held_on"])]

    def __str__(self):
        return f"{self.organisation} {self.held_on:%Y-%m-%d}"


class TalkPerson(models.Model):
    """A member who took part in a talk; `is_initiator` marks who sought it."""

    talk = models.ForeignKey(Talk, on_delete=models.CASCADE, related_name="people")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="talks")
    is_initiator = models.BooleanField("谈话人", default=False)

    class Meta:
        verbose_name = "谈话对象"
        verbose_name_plural = "谈话对象"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["talk", "member"], name="talk_person_once")]

    def __str__(self):
        return f"{self.talk_id} {self.member_id}"


class VisitQuerySet(ScopedQuerySet):
    def standing(self):
        """Visits that were not taken back."""
        return self.filter(cancelled_at=None)


class Visit(Kept):
    """A visit (走访慰问) to a member or, by name, to somebody else. `note` stays in the branch."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="visits", db_index=False
    )
    visited_on = models.DateField("日期")
    occasion = models.CharField("时机", max_length=16, choices=VisitOccasion.choices)
    visitors = models.CharField("走访人", max_length=100)
    member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="visits"
    )
    person_name = models.CharField("走访对象", max_length=40)
    amount = models.DecimalField("慰问金", max_digits=10, decimal_places=2, null=True, blank=True)
    goods = models.CharField("慰问品", max_length=100, blank=True)
    note = EncryptedTextField("情况", blank=True)
    cancelled_at = models.DateTimeField("作废时间", null=True, blank=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = "走访慰问"
        verbose_name_plural = "走访慰问"
        ordering = ["-visited_on", "-pk"]
        indexes = [models.Index(fields=["organisation", "visited_on"])]

    def __str__(self):
        return f"{self.person_name} {self.visited_on:%Y-%m-%d}"
