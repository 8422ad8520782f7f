"""What is said about a task, checked and in words."""

import datetime
from dataclasses import asdict, dataclass

from branches.words import full_date
from tasks.models import Task, problem_key
from tasks.services import Refused


@dataclass(frozen=True)
class TaskFacts:
    """What is said about a task when it is listed (挂账). The problem, its source, the three
    responsible and the deadline are needed."""

    source: str
    problem: str
    responsible_leader: str
    responsible_unit: str
    responsible_person: str
    opened_on: datetime.date
    due_on: datetime.date
    category: str = ""
    target: str = ""
    measures: str = ""
    by_county: bool = False


_REQUIRED = {
    "source": "请填问题来源，如 镇街检查",
    "problem": "请写明存在的问题",
    "responsible_leader": "请填责任领导",
    "responsible_unit": "请填责任单位",
    "responsible_person": "请填责任人",
    "opened_on": "请填建账日期",
    "due_on": "请填整改时限",
}


def trimmed(facts: TaskFacts) -> TaskFacts:
    """The facts without blanks around."""
    return TaskFacts(
        **{
            name: value.strip() if isinstance(value, str) else value
            for name, value in asdict(facts).items()
        }
    )


def check_words(facts: TaskFacts) -> None:
    """Refuses what is missing and what is too long to be kept."""
    for name, message in _REQUIRED.items():
        if not getattr(facts, name):
            raise Refused(message, name)
    if not problem_key(facts.problem):
        raise Refused("请用文字写明存在的问题", "problem")
    for name, value in asdict(facts).items():
        longest = Task._meta.get_field(name).max_length if isinstance(value, str) else None
        if longest and len(value) > longest:
            label = Task._meta.get_field(name).verbose_name
            raise Refused(f"“{label}”最多 {longest} 个字，请写短些", name)


def described(task: Task) -> dict[str, str]:
    """What is said about a task, in words for the trail."""
    return {
        "问题来源": task.source,
        "类别": task.category,
        "存在问题": task.problem,
        "整改目标": task.target,
        "整改措施": task.measures,
        "责任领导": task.responsible_leader,
        "责任单位": task.responsible_unit,
        "责任人": task.responsible_person,
        "整改时限": full_date(task.due_on),
        "县级核查": "是" if task.by_county else "否",
    }
