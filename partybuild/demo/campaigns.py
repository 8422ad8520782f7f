"""The five plans in an invented county: three issued in their time, two still being written."""

import datetime
from random import Random

from accounts.models import TrailLine
from branches.models import Changed, Organisation, Sector
from partybuild.demo.clock import at
from partybuild.demo.organisations import Order, Tree
from partybuild.demo.window import Window
from tasks.enums import EventKind, TaskState
from tasks.models import Campaign, Task, TaskEvent
from tasks.services.campaigns import create_from_template
from tasks.services.issuing import issue

_DAY = datetime.timedelta(days=1)
# How likely a measure that is past its date was carried out.
_CARRIED_OUT = {Order.GOOD: 1.0, Order.FAIR: 0.97, Order.POOR: 0.9}
_CLARIFIED = (
    "2027年的目标写了两个数，按上级批复办理，批复前不作为考核依据；两个数都保留，页面上照原文显示。"
)


def write_campaigns(tree: Tree, window: Window, seed: int) -> None:
    """Load and issue by the services themselves; what they note is judged with everything else."""
    rng = Random(f"{seed}/campaigns")
    shown = next(branch for branch in tree.branches if branch.is_shown)
    social = next(
        (
            one.organisation
            for one in tree.committees
            if one.organisation.sector == Sector.SOCIAL_ORGANISATION
        ),
        shown.above.organisation,
    )
    county = tree.county.organisation
    orders = {branch.organisation.pk: branch.order for branch in tree.branches}
    for organisation, template, month, day in (
        (social, "plan0", 4, 7),
        (shown.above.organisation, "plan1", 3, 2),
        (county, "plan4", 7, 16),
    ):
        issued_on = datetime.date(window.today.year, month, day)
        if window.first <= issued_on <= window.today:
            _run(organisation, template, issued_on, window, orders, rng)
    for template in ("plan2", "plan3"):
        create_from_template(
            organisation=county,
            template=template,
            year=window.today.year + 1,
            by=None,
            on=window.today,
        )
    # One line says where the whole county comes from; nothing of it waits to be judged.
    TrailLine.objects.filter(area__in=("campaigns", "tasks")).delete()
    Changed.objects.all().delete()


def _run(
    organisation: Organisation,
    template: str,
    issued_on: datetime.date,
    window: Window,
    orders: dict[int, Order],
    rng: Random,
) -> None:
    campaign = create_from_template(
        organisation=organisation, template=template, year=issued_on.year, by=None, on=issued_on
    )
    Campaign.objects.filter(pk=campaign.pk).update(clarification=_CLARIFIED)
    tasks = issue(campaign, by=None, on=issued_on, leave_past=True)
    TaskEvent.objects.filter(task__in=tasks).update(at=at(issued_on, 9))
    events = []
    for task in tasks:
        share = _CARRIED_OUT[orders.get(task.organisation_id, Order.GOOD)]
        if task.due_on > window.today:
            _work(task, window, rng, events)
        elif rng.random() < share:
            _close(task, rng, events)
    Task.objects.bulk_update(tasks, ["state", "progress", "closed_on"], batch_size=500)
    TaskEvent.objects.bulk_create(events, batch_size=500)


def _close(task: Task, rng: Random, events: list[TaskEvent]) -> None:
    """Asked for, checked and struck off shortly before the deadline."""
    task.closed_on = max(task.opened_on, task.due_on - rng.randint(0, 20) * _DAY)
    task.state, task.progress = TaskState.CLOSED, 100
    for kind, text in (
        (EventKind.REQUESTED, "已按方案落实，申请销号"),
        (EventKind.CLOSED, "核查属实，同意销号"),
    ):
        events.append(_event(task, kind, task.closed_on, text, 100))


def _work(task: Task, window: Window, rng: Random, events: list[TaskEvent]) -> None:
    """At work since it was listed."""
    on = min(task.opened_on + rng.randint(20, 60) * _DAY, window.today)
    task.state, task.progress = TaskState.WORKING, rng.choice((30, 50, 60, 80))
    events.append(_event(task, EventKind.PROGRESS, on, "按方案推进", task.progress))


def _event(task: Task, kind: str, on: datetime.date, text: str, progress: int) -> TaskEvent:
    return TaskEvent(task=task, kind=kind, on=on, text=text, progress=progress)
