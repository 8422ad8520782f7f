import datetime
from collections import defaultdict

from django.urls import reverse

from branches.models import Organisation
from compliance.registry import (
    Certainty,
    Cure,
    Evidence,
    Measured,
    Nature,
    Question,
    Record,
    Rule,
    register,
)
from tasks.as_of import overdue_on
from tasks.models import Task


def _overdue(question: Question):
    """Tasks past their deadline and not closed, as things stood on the day."""
    tasks = Task.objects.filter(organisation__in=question.organisations)
    return overdue_on(tasks, question.as_of)


def _measure_overdue(question: Question):
    due_days = defaultdict(list)
    for organisation_id, due_on in _overdue(question).values_list("organisation_id", "due_then"):
        due_days[organisation_id].append(due_on)
    for pk in question.organisations.values_list("pk", flat=True):
        days = due_days[pk]
        since = min(days) + datetime.timedelta(days=1) if days else None
        yield Measured(pk, 0, len(days), since=since)


def _overdue_evidence(question: Question, organisation: Organisation) -> Evidence:
    return Evidence(
        counted=[
            Record(
                text=f"{task.number} {task.problem}",
                on=task.due_then,
                note=f"责任人 {task.responsible_person}，"
                f"逾期 {(question.as_of - task.due_then).days} 天，进度 {task.progress}%",
                url=reverse("tasks:detail", args=[task.pk]),
            )
            for task in _overdue(question).order_by("due_then", "pk")
        ]
    )


TASKS_ARE_DONE_IN_TIME = register(
    Rule(
        code="tasks.overdue",
        record="RECT",
        title="整改任务按时销号",
        short="整改",
        headline="办结到期整改任务",
        asks="无逾期未销号",
        wording="整改台账所列问题应在整改时限内整改到位并销号。",
        source="县方案（整改台账、挂账销号）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="数核对日已过整改时限、尚未销号的任务；时限当天不算逾期，从次日起算。延期、重新挂账前按当时的时限和状态算。",
        span=None,
        areas=frozenset({"tasks"}),
        measure=_measure_overdue,
        evidence=_overdue_evidence,
        cure=Cure("填写进展", "tasks:list"),
        unit="项",
    )
)
