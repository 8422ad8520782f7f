"""Terms of office (届), what is asked of the superior about them, and elections."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet
from members.enums import PostTitle, RequestKind, RequestState
from members.models.people import Member


class Term(models.Model):
    """A term of office (届) of an organisation's committee, or of its secretary where there is none."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="terms")
    starts_on = models.DateField("选举日期", null=True, blank=True)
    ends_on = models.DateField("届满日期")
    postponed_to = models.DateField("批准延期至", null=True, blank=True)
    postponement_reason = models.CharField("延期理由", max_length=300, blank=True)

    # The superior's letter of six months before.
    notice_number = models.CharField("提醒函文号", max_length=40, blank=True)
    notified_on = models.DateField("提醒日期", null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "届期"
        verbose_name_plural = "届期"
        ordering = ["organisation", "ends_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "ends_on"], name="term_end_once_per_organisation"
            ),
            models.CheckConstraint(
                condition=Q(postponed_to__isnull=True) | Q(postponed_to__gt=F("ends_on")),
                name="term_postponed_to_a_later_day",
                violation_error_message="延期须晚于届满日期",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.ends_on:%Y-%m-%d}"

    @property
    def runs_to(self):
        """The day by which the next election is due: the end, or the approved postponement."""
        return self.postponed_to or self.ends_on


class TermRequest(models.Model):
    """What an organisation asks its superior about a term: to elect, or to postpone."""

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField("事项", max_length=12, choices=RequestKind.choices)
    asked_on = models.DateField("请示日期")
    number = models.CharField("请示文号", max_length=40, blank=True)
    # The day of the election asked for, or the day to which the term shall run.
    to_on = models.DateField("拟定日期")
    reason = models.CharField("理由", max_length=300, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=RequestState.choices, default=RequestState.ASKED
    )
    decided_on = models.DateField("批复日期", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    opinion = models.CharField("批复意见", max_length=300, blank=True)

    class RequestSet(ScopedQuerySet):
        scope_path = "term__organisation__path"

    objects = RequestSet.as_manager()

    class Meta:
        verbose_name = "换届请示"
        verbose_name_plural = "换届请示"
        ordering = ["-asked_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["term", "kind"],
                condition=Q(state=RequestState.ASKED),
                name="term_request_one_waiting",
                violation_error_message="这一届已有一份待批的请示",
            ),
            models.CheckConstraint(
                condition=~Q(kind=RequestKind.POSTPONEMENT) | ~Q(reason=""),
                name="term_postponement_with_a_reason",
                violation_error_message="延期须写明理由",
            ),
        ]

    def __str__(self):
        return f"{self.term} {self.get_kind_display()}"


class Election(models.Model):
    """An election held: who should attend, who did, the ballots. Nothing is refused by numbers."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="elections"
    )
    # The term that began with it; a by-election (补选) begins none.
    term = models.OneToOneField(
        Term, null=True, blank=True, on_delete=models.PROTECT, related_name="election"
    )
    held_on = models.DateField("选举日期")
    seats = models.PositiveSmallIntegerField("应选人数")
    voters = models.PositiveSmallIntegerField("有选举权的党员")
    # Voters left out of the number that should attend, with the superior's consent.
    excluded = models.PositiveSmallIntegerField("不计入应到", default=0)
    excluded_reason = models.CharField("不计入的姓名和理由", max_length=300, blank=True)
    present = models.PositiveSmallIntegerField("实到")
    ballots_out = models.PositiveSmallIntegerField("发出选票")
    ballots_in = models.PositiveSmallIntegerField("收回选票")
    ballots_valid = models.PositiveSmallIntegerField("有效选票")
    reported_on = models.DateField("结果报告日期", null=True, blank=True)
    filed_on = models.DateField("上级批复（备案）日期", null=True, blank=True)
    note = models.CharField("备注", max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "选举"
        verbose_name_plural = "选举"
        ordering = ["-held_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "held_on"],
                name="election_once_a_day",
                violation_error_message="这一天的选举已登记过",
            ),
            models.CheckConstraint(
                condition=Q(ballots_in__lte=F("ballots_out"))
                & Q(ballots_valid__lte=F("ballots_in"))
                & Q(excluded__lte=F("voters")),
                name="election_counts_fit",
                violation_error_message="票数前后不符：收回不能多于发出，有效不能多于收回",
            ),
        ]

    def __str__(self):
        return f"{self.organisation} {self.held_on:%Y-%m-%d}"

    @property
    def should_attend(self) -> int:
        """Voters who count for the attendance test."""
        return self.voters - self.excluded


class Candidate(models.Model):
    """Somebody on the ballot of an election, or written in: votes, and whether elected."""

    election = models.ForeignKey(Election, on_delete=models.PROTECT, related_name="candidates")
    member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.PROTECT, related_name="candidacies"
    )
    person_name = models.CharField("姓名", max_length=40)
    title = models.CharField("当选职务", max_length=20, choices=PostTitle.choices, blank=True)
    is_nominated = models.BooleanField("正式候选人", default=True)
    votes = models.PositiveSmallIntegerField("赞成票")
    is_elected = models.BooleanField("当选", default=False)

    class Meta:
        verbose_name = "候选人"
        verbose_name_plural = "候选人"
        ordering = ["-votes", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_elected=False) | ~Q(title=""),
                name="candidate_elected_to_a_post",
                violation_error_message="当选的须写明职务",
            )
        ]

    def __str__(self):
        return f"{self.election} {self.person_name}"
