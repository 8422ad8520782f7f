"""The ledger 整改: planned against what is stored, then written."""

import datetime
from dataclasses import dataclass, field

from django.db.models import F

from accounts.roles import Action
from branches import bulk
from ledgers.imports.county import County, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import BRANCH_CODE, CLEAR
from ledgers.sheets.tasks import (
    BY_COUNTY,
    CLOSED,
    DUE,
    FIELDS,
    LEADER,
    OPENED,
    PERSON,
    PROBLEM,
    PROGRESS,
    SOURCE,
    UNIT,
    values,
)
from tasks.enums import ExtensionState
from tasks.models import EventKind, Extension, Task, TaskEvent, TaskState, problem_key
from tasks.services.extensions import set_by_superior

_IN_REVIEW = (TaskState.REVIEW, TaskState.COUNTY_REVIEW)
AREA = "tasks"
_REQUIRED = (SOURCE, PROBLEM, LEADER, UNIT, PERSON, OPENED, DUE)
# What a branch itself may say of a listed task, and what is refused with a reason of its own.
_OF_THE_BRANCH = frozenset({PROGRESS.heading, CLOSED.heading, DUE.heading, BY_COUNTY.heading})
_INSERTED = tuple(field.attname for field in Task._meta.concrete_fields)
_UPDATED = tuple(name for name in _INSERTED if name not in ("id", "organisation_id"))


@dataclass(eq=False, slots=True)
class TaskPlan:
    """What one row will write."""

    place: Place
    task: Task
    events: list[TaskEvent] = field(default_factory=list)
    # What was stored when the plan was made.
    before: tuple = ()


class Tasks:
    """Plans and writes the rows of the ledger 整改."""

    def __init__(self, county: County):
        self.county = county
        self.by_pk: dict[int, Task] = {}
        self.by_key: dict[tuple, Task] = {}
        # Tasks whose branch waits for the answer to its request for a later deadline.
        self.asked: set[int] = set()
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, problem and day of listing; check, compare."""
        placed = []
        for row in rows:
            row.label = row.values.get(PROBLEM.heading, "")
            if place := self.county.branch_of(row, or_committee=True):
                placed.append((row, place))
        self._load(placed)
        for row, place in placed:
            task = self._match(row, place)
            if not row.problems and not self._repeats(row, place, task):
                if task is None:
                    self._list(row, place)
                else:
                    self._compare(row, place, task)

    def _load(self, placed: list[tuple[Row, Place]]) -> None:
        for piece in chunks({place.pk for _row, place in placed if place.pk}):
            for task in Task.objects.filter(organisation__in=piece):
                self.by_pk[task.pk] = task
                self.by_key[task.organisation_id, task.problem_key, task.opened_on] = task
            self.asked.update(
                Extension.objects.filter(
                    task__organisation__in=piece, state=ExtensionState.ASKED
                ).values_list("task_id", flat=True)
            )

    def _match(self, row: Row, place: Place) -> Task | None:
        """The stored task a row means; None for a new one."""
        if row.stamp:
            task = self.by_pk.get(int(row.stamp.pk))
            if task is None:
                row.refuse(KEY, "这个支部没有这一行对应的整改任务，请核对党支部编码，或清空行标识")
            return task
        return self.by_key.get((place.pk, *_identity(row)))

    def _repeats(self, row: Row, place: Place, task: Task | None) -> bool:
        return self._firsts.repeats(row, task.pk if task else (place, *_identity(row)))

    def _list(self, row: Row, place: Place) -> None:
        """Plan a new task."""
        row.is_new = True
        for column in _REQUIRED:
            if column.heading not in row.values:
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        self._check_rights(row, place, None, row.values)
        if row.problems:
            return
        facts = {
            name: row.values[heading]
            for heading, name in FIELDS.items()
            if row.values.get(heading, CLEAR) is not CLEAR
        }
        task = Task(**facts)
        task.problem_key = problem_key(task.problem)
        if task.closed_on and PROGRESS.heading not in row.values:
            task.progress = 100
        task.state = _state(task)
        row.plan = TaskPlan(place, task)
        row.plan.events = [TaskEvent(kind=EventKind.LISTED, on=task.opened_on)]
        if task.closed_on:
            row.plan.events.append(
                TaskEvent(kind=EventKind.CLOSED, on=task.closed_on, progress=task.progress)
            )
        self._check_days(row, task)

    def _compare(self, row: Row, place: Place, task: Task) -> None:
        stored = values(task, place.organisation)
        del stored[BRANCH_CODE.heading]
        stored.pop("所在党支部")
        if PROBLEM.heading in row.values and (
            problem_key(row.values[PROBLEM.heading]) == task.problem_key
        ):
            # Other marks or blanks are the same problem.
            del stored[PROBLEM.heading]
        found = row.differences(stored)
        if task.state == TaskState.CANCELLED and found:
            row.note(PROBLEM.heading, "这项任务在系统里已撤销，本行没有采用")
            return
        self._leave_progress(row, task, found)
        self._check_rights(row, place, task, found)
        if row.problems or not found:
            return
        row.plan = TaskPlan(place, task)
        row.plan.before = tuple(getattr(task, name) for name in _UPDATED)
        before = {name: getattr(task, name) for name in FIELDS.values()}
        for heading, new in found.items():
            row.change(heading, stored[heading], new)
            setattr(task, FIELDS[heading], new)
        task.problem_key = problem_key(task.problem)
        task.version += 1
        self._step(row, task, before)
        self._check_days(row, task)

    def _leave_progress(self, row: Row, task: Task, found: dict) -> None:
        """Progress is that of a task that is worked on: not of one closed or waiting for its check."""
        if CLOSED.heading in found or PROGRESS.heading not in found:
            return
        if task.state == TaskState.CLOSED:
            row.note(PROGRESS.heading, f"已于 {task.closed_on} 销号，进度没有改动")
        elif task.state in _IN_REVIEW:
            row.note(PROGRESS.heading, f"{task.get_state_display()}，进度没有改动")
        else:
            return
        del found[PROGRESS.heading]

    def _check_rights(self, row: Row, place: Place, task: Task | None, found: dict) -> None:
        """Closing, reopening, extending, who checks and what a listed task says are acts of those
        who review; what the county checks as well is closed, and taken from that check, by the
        county alone. A new task may have any deadline."""
        reviews = self._reviews(place)
        for heading in (CLOSED.heading, DUE.heading, BY_COUNTY.heading):
            new_deadline = task is None and heading != CLOSED.heading
            if heading in found and not reviews and not new_deadline:
                reason = f"修改“{heading}”须由上级核查，请在系统里申请"
                row.refuse(heading, reason, row.written(heading))
        if task is not None and not reviews:
            for heading in [one for one in found if one not in _OF_THE_BRANCH]:
                reason = f"已挂账任务的“{heading}”由上级变更，请在系统里联系上级"
                row.refuse(heading, reason, row.written(heading))
        if row.problems:
            return
        by_county = (task and task.by_county) or found.get(BY_COUNTY.heading) is True
        may_close = not by_county or self.county.may(place, Action.REVIEW_FOR_COUNTY)
        if task and task.by_county and BY_COUNTY.heading in found and not may_close:
            reason = "须经县级核查的任务，由县委组织部改为不经县级核查"
            row.refuse(BY_COUNTY.heading, reason, row.written(BY_COUNTY.heading))
        if CLOSED.heading in found and not may_close:
            reason = "这项任务须经县级核查，请在系统里核查后由县级销号"
            row.refuse(CLOSED.heading, reason, row.written(CLOSED.heading))
        if task is not None:
            self._check_state(row, task, found)

    def _reviews(self, place: Place) -> bool:
        """As `tasks.acting.acting_on`: a committee's own tasks are checked one level up."""
        checker = place if place.organisation.is_branch else place.above or place
        return self.county.may(checker, Action.REVIEW_TASK)

    def _check_state(self, row: Row, task: Task, found: dict) -> None:
        """What a task that waits for somebody's answer does not take."""
        if DUE.heading in found and task.pk in self.asked:
            reason = "支部已申请延期，请先在系统里批复"
            row.refuse(DUE.heading, reason, row.written(DUE.heading))
        if BY_COUNTY.heading in found and task.state not in (
            TaskState.PENDING,
            TaskState.WORKING,
        ):
            reason = f"{task.get_state_display()}，核查环节不能再改"
            row.refuse(BY_COUNTY.heading, reason, row.written(BY_COUNTY.heading))

    def _step(self, row: Row, task: Task, before: dict) -> None:
        """State and events that follow from the changed cells."""
        today, events = self.county.today, row.plan.events
        if task.due_on != before["due_on"]:
            task.first_due_on = task.first_due_on or before["due_on"]
            events.append(
                TaskEvent(
                    kind=EventKind.EXTENDED, on=today, text=f"{before['due_on']} → {task.due_on}"
                )
            )
        if task.closed_on != before["closed_on"]:
            if task.closed_on and not before["closed_on"]:
                if PROGRESS.heading not in row.values:
                    task.progress = 100
                events.append(
                    TaskEvent(kind=EventKind.CLOSED, on=task.closed_on, progress=task.progress)
                )
            elif not task.closed_on:
                events.append(TaskEvent(kind=EventKind.REOPENED, on=today))
            task.state = _state(task)
        elif task.progress != before["progress"]:
            events.append(TaskEvent(kind=EventKind.PROGRESS, on=today, progress=task.progress))
            if task.state in (TaskState.PENDING, TaskState.WORKING):
                task.state = _state(task)

    def _check_days(self, row: Row, task: Task) -> None:
        if task.due_on < task.opened_on:
            row.refuse(DUE.heading, f"整改时限早于建账日期 {task.opened_on}", task.due_on)
        if task.opened_on > self.county.today:
            row.refuse(OPENED.heading, "这一天还没有到，请核对", task.opened_on)
        if task.closed_on and task.closed_on > self.county.today:
            row.refuse(CLOSED.heading, "这一天还没有到，请核对", task.closed_on)
        if task.closed_on and task.closed_on < task.opened_on:
            row.refuse(CLOSED.heading, f"销号日期早于建账日期 {task.opened_on}", task.closed_on)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the tasks of these rows; whether any has moved on since the plan."""
        known = {row.plan.task.pk: row.plan.before for row in rows if not row.is_new}
        return have_moved(Task, known, _UPDATED)

    def write(self, rows: list[Row], writing: Writing) -> None:
        """Write tasks and the events of their lives."""
        new = [row for row in rows if row.is_new]
        for row, key in zip(new, bulk.reserve_keys(Task, len(new)), strict=True):
            row.plan.task.pk, row.plan.task.organisation_id = key, row.plan.place.pk
        bulk.insert(
            Task,
            _INSERTED,
            (tuple(getattr(row.plan.task, name) for name in _INSERTED) for row in new),
        )
        bulk.update(
            Task,
            _UPDATED,
            (
                (row.plan.task.pk, *(getattr(row.plan.task, name) for name in _UPDATED))
                for row in rows
                if not row.is_new
            ),
        )
        by = writing.by.pk if writing.by else None
        self._settle(rows, by, writing.today)
        Extension.objects.bulk_create(
            [
                set_by_superior(
                    row.plan.task,
                    row.plan.task.due_on,
                    event.text,
                    "导入",
                    by=writing.by,
                    on=event.on,
                )
                for row in rows
                for event in row.plan.events
                if event.kind == EventKind.EXTENDED
            ],
            batch_size=500,
        )
        bulk.insert(
            TaskEvent,
            ("task_id", "kind", "on", "text", "progress", "by_id", "at"),
            (
                (
                    row.plan.task.pk,
                    event.kind.value,
                    event.on,
                    event.text,
                    event.progress,
                    by,
                    writing.now,
                )
                for row in rows
                for event in row.plan.events
            ),
        )
        for row in rows:
            task, branch = row.plan.task, row.plan.place.pk
            writing.line(row, AREA, task.pk, branch)
            writing.note(branch, AREA, task.opened_on, max(writing.today, task.due_on))

    @staticmethod
    def _settle(rows: list[Row], by: int | None, today: datetime.date) -> None:
        """A request for a later deadline has lost its object where the task is closed."""
        closed = [row.plan.task.pk for row in rows if row.plan.task.state == TaskState.CLOSED]
        for piece in chunks(closed):
            Extension.objects.filter(task__in=piece, state=ExtensionState.ASKED).update(
                state=ExtensionState.REFUSED,
                answer="任务已销号，申请不再需要",
                answered_by=by,
                answered_on=today,
                version=F("version") + 1,
            )


def _identity(row: Row) -> tuple[str, datetime.date | None]:
    return problem_key(row.values.get(PROBLEM.heading, "")), row.values.get(OPENED.heading)


def _state(task: Task) -> TaskState:
    if task.closed_on:
        return TaskState.CLOSED
    return TaskState.WORKING if task.progress else TaskState.PENDING
