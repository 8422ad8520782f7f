"""The rectification ledger (整改台账): tasks, what happens to them, and 延期."""

import re

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from branches.models import Organisation
from branches.models.kept import Kept
from branches.scope import ScopedQuerySet
from tasks.enums import OPEN_STATES, EventKind, ExtensionState, TaskState
from tasks.models.campaigns import Measure
from tasks.models.inspections import Finding
from tasks.models.weak import WeakBranch


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
    category = models.CharField("类别", max_length=40, blank=True)
    problem = models.CharField("存在问题", max_length=500)
    problem_key = models.CharField(max_length=200, editable=False)
    target = models.CharField("整改目标", max_length=300, blank=True)
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
    # After the committee's check the county checks as well.
    by_county = models.BooleanField("销号须经县级核查", default=False)
    # What the task comes from, where that is a record here; `source` says it in words.
    measure = models.ForeignKey(
        Measure, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks"
    )
    finding = models.OneToOneField(
        Finding, null=True, blank=True, on_delete=models.PROTECT, related_name="task"
    )
    weak = models.ForeignKey(
        WeakBranch, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks"
    )
    version = models.PositiveIntegerField(default=1)

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
            models.UniqueConstraint(
                fields=["measure", "organisation"],
                condition=Q(measure__isnull=False),
                name="task_once_per_measure_and_unit",
                violation_error_message="这项措施已给这个单位建过任务",
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

    @property
    def number(self) -> str:
        """编号 as people say it: the year of listing and a running number."""
        return f"{self.opened_on.year}-{self.pk:04d}"

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
        constraints = [
            models.UniqueConstraint(
                fields=["task", "on"],
                condition=Q(kind=EventKind.REMINDED),
                name="task_reminded_once_a_day",
            )
        ]

    def __str__(self):
        return f"{self.task_id} {self.get_kind_display()} {self.on:%Y-%m-%d}"


class ExtensionQuerySet(ScopedQuerySet):
    scope_path = "task__organisation__path"


class Extension(Kept):
    """A later deadline asked for (延期): by whom, why, and what the overseer said."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="extensions")
    due_on = models.DateField("申请延至")
    reason = models.CharField("延期原因", max_length=500)
    asked_on = models.DateField("申请日期")
    state = models.CharField(
        "状态", max_length=8, choices=ExtensionState.choices, default=ExtensionState.ASKED
    )
    answer = models.CharField("批复意见", max_length=500, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    answered_on = models.DateField("批复日期", null=True, blank=True)

    objects = ExtensionQuerySet.as_manager()

    class Meta:
        verbose_name = "延期申请"
        verbose_name_plural = "延期申请"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=Q(state=ExtensionState.ASKED),
                name="extension_one_open_per_task",
                violation_error_message="这项任务已有延期申请等待批复",
            )
        ]

    def __str__(self):
        return f"{self.task_id} {self.due_on:%Y-%m-%d} {self.get_state_display()}"
