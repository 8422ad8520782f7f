"""The rectification ledger as a list: filters, chips with their counts, order and rows. Reads only."""

import datetime
import re
from dataclasses import dataclass

from django.db.models import Case, Count, Exists, F, IntegerField, Max, OuterRef, Q, Value, When
from django.urls import reverse

from accounts.roles import Action
from branches.choice import named_organisation, narrowed
from branches.deadlines import SOON_DAYS
from branches.links import link
from branches.models import Kind, Organisation
from branches.scope import paths_reached, within_paths
from branches.values import Values
from branches.words import full_date, one_line
from tasks import words
from tasks.acting import acting_on
from tasks.enums import EventKind, ExtensionState
from tasks.models import OPEN_STATES, Extension, Task, TaskEvent, TaskState

# The parameters of the list, the board and the papers: one address shows the same tasks in each.
PARAMETERS = ("branch", "organisation", "state", "source", "category", "from", "q")
ORIGINS = {
    "campaign": ("工作方案", Q(measure__isnull=False)),
    "inspection": ("督查", Q(finding__isnull=False)),
    "weak": ("软弱涣散整顿", Q(weak__isnull=False)),
    "own": ("自行挂账", Q(measure=None, finding=None, weak=None)),
}
_CHOICES_SHOWN = 30
_NUMBER = re.compile(r"(\d{4})-(\d{1,9})")


@dataclass(frozen=True)
class Filters:
    """What the reader asked for; "" where nothing."""

    state: str
    source: str
    category: str
    origin: str
    search: str

    @property
    def shown_state(self) -> str:
        """The chip in force: 在办 unless another is chosen; a search looks everywhere."""
        return self.state or ("all" if self.search else "open")


@dataclass(frozen=True)
class Listed:
    """The tasks in sight that fit the filters, without and with the chip."""

    filters: Filters
    # Of one branch, or None for several.
    branch: Organisation | None
    # What the address narrows to, whatever its kind.
    place: Organisation | None
    conditions: dict[str, tuple[str, Q]]
    soon_days: int
    # In sight, whatever the filters: what sources and categories are chosen from.
    within: object
    matching: object

    @property
    def tasks(self):
        """Those of the chip, in the order of the list."""
        return ordered(self.matching.filter(self.conditions[self.filters.shown_state][1]))

    @property
    def words(self) -> str:
        """The conditions in words, for an empty list and for papers; 在办 by itself is none."""
        chosen = self.filters
        label = self.conditions[chosen.state][0] if chosen.state else ""
        origin = ORIGINS[chosen.origin][0] if chosen.origin else ""
        return "、".join(
            part for part in (chosen.search, origin, chosen.source, chosen.category, label) if part
        )


def listed(request, today: datetime.date) -> Listed:
    """The tasks that an address asks for, as far as the reader may look."""
    within, branch = narrowed(request, Task.objects.all())
    soon_days = Values().on(SOON_DAYS, today)
    conditions = state_conditions(request.user, today, soon_days)
    filters = _read(request, conditions)
    return Listed(
        filters=filters,
        branch=branch,
        place=branch or named_organisation(request),
        conditions=conditions,
        soon_days=soon_days,
        within=within,
        matching=_matching(within, filters),
    )


def _read(request, conditions) -> Filters:
    def known(name: str, choices) -> str:
        typed = one_line(request.GET.get(name), 40)
        return typed if typed in choices else ""

    return Filters(
        state=known("state", conditions),
        source=one_line(request.GET.get("source"), 100),
        category=one_line(request.GET.get("category"), 40),
        origin=known("from", ORIGINS),
        search=one_line(request.GET.get("q"), 60),
    )


def _matching(tasks, filters: Filters):
    if filters.source:
        tasks = tasks.filter(source=filters.source)
    if filters.category:
        tasks = tasks.filter(category=filters.category)
    if filters.origin:
        tasks = tasks.filter(ORIGINS[filters.origin][1])
    if filters.search:
        tasks = tasks.filter(_found(filters.search))
    return tasks


def _found(search: str) -> Q:
    """By 编号 (2026-0014), or by words of the problem, the unit or the person."""
    if number := _NUMBER.fullmatch(search):
        return Q(pk=int(number[2]), opened_on__year=int(number[1]))
    return (
        Q(problem__icontains=search)
        | Q(responsible_unit__icontains=search)
        | Q(responsible_person__icontains=search)
    )


def state_conditions(user, today: datetime.date, soon_days: int) -> dict[str, tuple[str, Q]]:
    """What each value of `state` means: label and condition, as of today and for this reader."""
    still = Q(state__in=OPEN_STATES)
    # On its way: whoever answers for it has not yet said that it is done.
    running = Q(state__in=(TaskState.PENDING, TaskState.WORKING))
    month = today.replace(day=1)
    return {
        "open": ("在办", still),
        "overdue": ("逾期", still & Q(due_on__lt=today)),
        "soon": (
            f"{soon_days} 天内",
            still & Q(due_on__range=(today, today + datetime.timedelta(days=soon_days))),
        ),
        "review": ("待核查", Q(state__in=words.REVIEW_STATES)),
        "mine": ("等我处理", waiting(user)),
        "closed": ("已销号", Q(state=TaskState.CLOSED)),
        "all": ("全部", Q()),
        # Columns of the board; the list has no chips for them.
        "pending": ("待整改", Q(state=TaskState.PENDING)),
        "working": ("整改中", Q(state=TaskState.WORKING)),
        "closed_month": ("本月销号", Q(state=TaskState.CLOSED, closed_on__gte=month)),
        "cancelled": ("已撤销", Q(state=TaskState.CANCELLED)),
        # What 催办 may still speed up.
        "late_running": ("逾期未办", running & Q(due_on__lt=today)),
    }


def waiting(user) -> Q:
    """What waits for this reader: checks, and answers to requests for a later deadline.

    Who reviews for the county is asked for the county's check, and for all that has no committee
    in between.
    """
    asked = Q(Exists(Extension.objects.filter(task=OuterRef("pk"), state=ExtensionState.ASKED)))
    turn = Q(state=TaskState.REVIEW) | (Q(state__in=OPEN_STATES) & asked)
    reviewed = paths_reached(user, Action.REVIEW_TASK)
    reviewing = within_paths("organisation__path", reviewed)
    county = paths_reached(user, Action.REVIEW_FOR_COUNTY)
    if not county:
        # A committee's own task is checked one level up.
        return turn & reviewing & ~Q(organisation__path__in=reviewed)
    near = Q(organisation__parent=None) | Q(organisation__parent__kind=Kind.COUNTY)
    here = within_paths("organisation__path", county)
    return (here & Q(state=TaskState.COUNTY_REVIEW)) | (turn & reviewing & near)


CHIPS = ("open", "overdue", "soon", "review", "mine", "closed", "all")


def counts(found: Listed, keys=CHIPS) -> dict[str, int]:
    """How many tasks each chip holds under the other filters; one query."""
    return found.matching.aggregate(
        **{key: Count("pk", filter=found.conditions[key][1]) for key in keys}
    )


def ordered(tasks):
    """Open ones first, longest overdue on top; then the last closed."""
    rank = Case(
        When(state__in=OPEN_STATES, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return tasks.order_by(
        rank, Case(When(state__in=OPEN_STATES, then=F("due_on"))), "-closed_on", "-due_on", "pk"
    )


def reminders(tasks) -> dict[int, tuple[int, datetime.date]]:
    """How often each of these tasks was reminded of, and when last; one query."""
    rows = TaskEvent.objects.filter(
        task__in=[task.pk for task in tasks], kind=EventKind.REMINDED
    ).values("task_id")
    return {
        line["task_id"]: (line["times"], line["last"])
        for line in rows.annotate(times=Count("pk"), last=Max("on")).order_by()
    }


def choices(found: Listed) -> dict[str, list[dict[str, object]]]:
    """What source, category and origin may be chosen from; empty where there is no choice."""
    filters = found.filters
    return {
        "sources": _options(found.within, "source", filters.source, "全部来源"),
        "categories": _options(found.within, "category", filters.category, "全部类别"),
        "origins": [
            {"value": "", "label": "全部来自", "current": not filters.origin},
            *(
                {"value": key, "label": label, "current": key == filters.origin}
                for key, (label, _condition) in ORIGINS.items()
            ),
        ],
    }


def _options(tasks, name: str, chosen: str, everything: str) -> list[dict[str, object]]:
    rows = tasks.exclude(**{name: ""}).order_by(name).values_list(name, flat=True)
    values = list(rows.distinct()[:_CHOICES_SHOWN])
    if chosen and chosen not in values:
        values.append(chosen)
    if len(values) < 2 and not chosen:
        return []
    options = [{"value": text, "label": text, "current": text == chosen} for text in values]
    return [{"value": "", "label": everything, "current": not chosen}, *options]


def places(request, found: Listed) -> list[dict[str, object]]:
    """The organisations a reader above branches may narrow to: those right below."""
    if found.branch is not None and not (request.GET.get("organisation")):
        return []
    sight = Organisation.objects.visible_to(request.user)
    top = sight.order_by("path").first()
    if top is None or top.is_branch:
        return []
    chosen = found.place
    rows = list(sight.filter(parent=top, dissolved_on=None).order_by("code"))
    if chosen and chosen.pk != top.pk and chosen.pk not in {row.pk for row in rows}:
        rows.append(chosen)
    options = [
        {
            "value": row.code,
            "label": row.short_name,
            "current": bool(chosen) and row.pk == chosen.pk,
        }
        for row in rows
    ]
    return [{"value": "", "label": "全部单位", "current": chosen in (None, top)}, *options]


def rows(tasks: list[Task], today: datetime.date, found: Listed, user) -> list[dict]:
    """Lines of the list; they name the branch where several are listed."""
    times = reminders(tasks)
    return [
        {
            **_row(task, today, found.soon_days, named=found.branch is None),
            "reminded_text": words.reminded(*times.get(task.pk, (0, None)), today),
            "may_tick": task.state in OPEN_STATES and acting_on(user, task.organisation).reviews,
        }
        for task in tasks
    ]


def _row(task: Task, today: datetime.date, soon_days: int, *, named: bool) -> dict:
    distance, near = words.distance(task, today, soon_days)
    kind, state_words = words.badge(task, today, soon_days)
    return {
        "pk": task.pk,
        "url": reverse("tasks:detail", args=[task.pk]),
        "problem": task.problem,
        "number": task.number,
        "source": task.source,
        "leader": task.responsible_leader,
        "unit": words.answerable(task, named=named),
        "person": task.responsible_person,
        "due_text": full_date(task.due_on),
        "distance": distance or words.closed_words(task),
        "distance_kind": near,
        "kind": kind,
        "state_words": state_words,
    }


def list_address(name: str, found: Listed, *args, **changes) -> str:
    """The same tasks on another page of the ledger: list, board, units, papers."""
    filters = found.filters
    query = {
        "organisation": found.place.code if found.place else "",
        "state": filters.state,
        "source": filters.source,
        "category": filters.category,
        "from": filters.origin,
        "q": filters.search,
        **changes,
    }
    return link(name, *args, **query)
