"""One step for several tasks at once: each by itself, so that one refused keeps nobody else back."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from branches.models import Organisation
from tasks.models import Task, TaskState
from tasks.services import Refused, extensions, ledger, reminders
from tasks.states import Step, refusal


@dataclass
class Outcome:
    """What was done, and what was refused for which reason; a refused task is as it was."""

    done: list[Task] = field(default_factory=list)
    refused: list[tuple[Task, str]] = field(default_factory=list)


def remind_several(
    *, tasks: Iterable[Task], by, on: datetime.date, sender: Organisation | None
) -> Outcome:
    """催办所选: at most once for a task and day, only while its branch is at work on it."""
    reminded = reminders.remind(tasks=tasks, by=by, on=on, sender=sender)
    refused = [(task, "今天已催办过，明天可以再催") for task in reminded.already]
    refused += [(task, refusal(Step.REMIND, task.state)) for task in reminded.skipped]
    return Outcome(reminded.sent, refused)


def close_several(*, tasks: Iterable[Task], text: str, by, on: datetime.date) -> Outcome:
    """通过销号所选: the check that is due for each, by the committee or by the county."""

    def close(task: Task) -> None:
        county = task.state == TaskState.COUNTY_REVIEW
        step = ledger.county_close if county else ledger.close_task
        step(task=task, text=text, by=by, on=on)

    return _each(tasks, close)


def extend_several(
    *, tasks: Iterable[Task], due_on: datetime.date, reason: str, by, on: datetime.date
) -> Outcome:
    """延期所选: one new deadline and one reason for all."""
    return _each(
        tasks,
        lambda task: extensions.extend_task(task=task, due_on=due_on, reason=reason, by=by, on=on),
    )


def hand_several(*, tasks: Iterable[Task], leader: str, by, on: datetime.date) -> Outcome:
    """变更责任领导所选: everything else about each task stays."""

    def hand(task: Task) -> None:
        if leader == task.responsible_leader:
            raise Refused(f"责任领导本来就是{leader}")
        facts = replace(_facts(task), responsible_leader=leader)
        ledger.change_task(task=task, version=task.version, facts=facts, by=by, on=on)

    return _each(tasks, hand)


def _each(tasks: Iterable[Task], step: Callable[[Task], object]) -> Outcome:
    outcome = Outcome()
    for task in tasks:
        try:
            step(task)
        except Refused as refused:
            outcome.refused.append((task, str(refused)))
        else:
            outcome.done.append(task)
    return outcome


def _facts(task: Task) -> ledger.TaskFacts:
    names = ledger.TaskFacts.__dataclass_fields__
    return ledger.TaskFacts(**{name: getattr(task, name) for name in names})
