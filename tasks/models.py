import re

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.scope import ScopedQuerySet


class TaskState(models.TextChoices):
    PENDING = "pending", "待整改"
    WORKING = "working", "整改中"
    REVIEW = "review", "待核查"
    COUNTY_REVIEW = "county_review", "待县级核查"
    CLOSED = "closed", "已销号"
    CANCELLED = "cancelled", "已撤销"


class EventKind(models.TextChoices):
    LISTED = "listed", "挂账"
    PROGRESS = "progress", "填写进展"
    REQUESTED = "requested", "申请销号"
    RETURNED = "returned", "退回整改"
    CLOSED = "closed", "销号"
    REOPENED = "reopened", "重新挂账"
    EXTENDED = "extended", "延期"


OPEN_STATES = (
    TaskState.PENDING,
    TaskState.WORKING,
    TaskState.REVIEW,
    TaskState.COUNTY_REVIEW,
)


def problem_key(problem: str) -> str:
    """The problem without punctuation and spaces: how two rows are known to be the same task."""
    return re.sub(r"[^\w]|_", "", problem)[:200]


class TaskQuerySet(ScopedQuerySet):
    def open(self):
        """Listed and neither closed nor cancelled."""
        return self.filter(state__in=OPEN_STATES)

    def overdue(self, today):
        """Open past the deadline; a task due on a day is overdue from the next."""
        return self.open().filter(due_on__lt=today)


class Task(models.Model):
    """One line of the rectification ledger (整改台账): a problem, who answers for it, by when."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="tasks", db_index=False
    )
    source = models.CharField("问题来源", max_length=100)
    problem = models.CharField("存在问题", max_length=500)
    problem_key = models.CharField(max_length=200, editable=False)
    measures = models.TextField("整改措施", blank=True)
    responsible_leader = models.CharField("责任领导", max_length=80)
    responsible_unit = models.CharField("责任单位", max_length=120)
    responsible_person = models.CharField("责任人", max_length=80)
    opened_on = models.DateField("建账日期")
    due_on = models.DateField("整改时限")
    first_due_on = models.DateField("原定时限", null=True, blank=True)
    progress = models.PositiveSmallIntegerField("整改进度", default=0)
    state = models.CharField(
        "状态", max_length=14, choices=TaskState.choices, default=TaskState.PENDING
    )
    closed_on = models.DateField("销号日期", null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = "整改任务"
        verbose_name_plural = "整改任务"
        ordering = ["due_on", "pk"]
        indexes = [models.Index(fields=["organisation", "state", "due_on"])]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "problem_key", "opened_on"],
                name="task_once_per_problem_and_day",
                violation_error_message="同一天已有同一问题的台账",
            ),
            models.CheckConstraint(
                condition=Q(progress__lte=100),
                name="task_progress_at_most_100",
                violation_error_message="进度应在 0 到 100 之间",
            ),
            models.CheckConstraint(
                condition=Q(state=TaskState.CLOSED, closed_on__isnull=False)
                | (~Q(state=TaskState.CLOSED) & Q(closed_on__isnull=True)),
                name="task_closed_has_its_day",
                violation_error_message="销号须有销号日期，未销号不能有",
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("opened_on")),
                name="task_due_after_opening",
                violation_error_message="整改时限早于建账日期",
            ),
        ]

    def __str__(self):
        return self.problem

    def is_overdue(self, today) -> bool:
        return self.state in OPEN_STATES and self.due_on < today


class TaskEvent(models.Model):
    """One step in the life of a task: listed, progress, requested, returned, closed…"""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField("事项", max_length=12, choices=EventKind.choices)
    on = models.DateField("日期")
    text = models.TextField("情况", blank=True)
    progress = models.PositiveSmallIntegerField("进度", null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField("录入时间", auto_now_add=True)

    class Meta:
        verbose_name = "整改记录"
        verbose_name_plural = "整改记录"
        ordering = ["on", "pk"]

    def __str__(self):
        return f"{self.task_id} {self.get_kind_display()} {self.on:%Y-%m-%d}"
