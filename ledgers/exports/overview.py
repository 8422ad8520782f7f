"""Sheet 总览: the organisation and one line for each directly below it."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count, Q

from branches.history import were
from branches.models import Kind
from branches.services import path_step
from compliance.models import DutyState
from dues.sums import figures_of
from ledgers.exports.scope import LedgerScope, Place
from ledgers.exports.workbook import CellKind, Column
from meetings.enums import MeetingState, Type
from meetings.models import MeetingType
from members.roster import counts
from tasks.as_of import open_on
from tasks.models import Task

_STEP = len(path_step(0))
DUTY_STATES = tuple(DutyState)

COLUMNS = [
    Column("编码"),
    Column("单位", width=34),
    Column("党支部数", CellKind.COUNT),
    Column("党员数", CellKind.COUNT),
    Column("正式党员数", CellKind.COUNT),
    Column("预备党员数", CellKind.COUNT),
    *(Column(f"{type.label}次数", CellKind.COUNT) for type in Type),
    Column("应缴人数", CellKind.COUNT),
    Column("缴清人数", CellKind.COUNT),
    Column("应缴党费合计(元)", CellKind.AMOUNT),
    Column("实缴党费合计(元)", CellKind.AMOUNT),
    Column("在办整改", CellKind.COUNT),
    Column("逾期整改", CellKind.COUNT),
    *(Column(f"应办{state.label}", CellKind.COUNT) for state in DUTY_STATES),
]
# Figures of one organisation, in the order of the columns behind its name.
Figures = list
_WIDTH = len(COLUMNS) - 2
_BRANCHES, _MEMBERS, _FORMAL, _PROBATIONARY, _MEETINGS = 0, 1, 2, 3, 4
_DUES = _MEETINGS + len(Type)
_TASKS = _DUES + 4
_DUTIES = _TASKS + 2


def overview_rows(
    place: Place, figures: dict[int, Figures], duties: dict[tuple[int, str], int]
) -> Iterable[list]:
    """The organisation's own line and one for each direct child, in the order of codes.

    `figures` are those of `own_figures`, `duties` counts duties by organisation and state.
    """
    own = defaultdict(lambda: [0] * _WIDTH, {pk: list(line) for pk, line in figures.items()})
    for (pk, state), number in duties.items():
        own[pk][_DUTIES + DUTY_STATES.index(state)] += number
    lines: dict[int, Figures] = {place.organisation.pk: [0] * _WIDTH}
    child_level = len(place.path) + _STEP
    for pk, path in place.paths.items():
        if len(path) == child_level:
            lines[pk] = [0] * _WIDTH
    at = {path[-_STEP:]: pk for pk, path in place.paths.items() if len(path) == child_level}
    for pk, path in place.paths.items():
        _add(lines[place.organisation.pk], own[pk])
        if len(path) >= child_level:
            child = at.get(path[len(place.path) : child_level])
            if child is not None:
                _add(lines[child], own[pk])
    yield [*_named(place, place.organisation.pk), *lines.pop(place.organisation.pk)]
    for pk in sorted(lines, key=lambda pk: place.codes[pk][0]):
        yield [*_named(place, pk), *lines[pk]]


def _named(place: Place, pk: int) -> tuple[str, str]:
    return place.codes.get(pk) or (place.organisation.code, place.name)


def _add(total: Figures, figures: Figures) -> None:
    for index, number in enumerate(figures):
        total[index] += number


def own_figures(scope: LedgerScope) -> dict[int, Figures]:
    """What each organisation itself has, by its key; one query for each kind of figure."""
    own: dict[int, Figures] = defaultdict(lambda: [0] * _WIDTH)
    for pk in scope.organisations.filter(were("kind", [Kind.BRANCH], scope.day)).values_list(
        "pk", flat=True
    ):
        own[pk][_BRANCHES] = 1
    for pk, (members, formal) in counts(scope.organisations, scope.day).items():
        own[pk][_MEMBERS : _PROBATIONARY + 1] = members, formal, members - formal
    types = list(Type)
    for pk, type, held in _meetings(scope):
        own[pk][_MEETINGS + types.index(type)] = held
    month = scope.month.starts_on
    found = figures_of(scope.organisations, month, month, until=scope.paid_until)
    for pk, dues in found.items():
        own[pk][_DUES:_TASKS] = dues.due, dues.full, dues.charged, dues.paid
    for pk, open_tasks, overdue in _tasks(scope):
        own[pk][_TASKS : _TASKS + 2] = open_tasks, overdue
    return own


def _meetings(scope: LedgerScope):
    return (
        MeetingType.objects.filter(
            meeting__organisation__in=scope.organisations,
            meeting__state=MeetingState.HELD,
            meeting__held_on__gte=scope.month.starts_on,
            meeting__held_on__lte=scope.day,
        )
        .order_by()
        .values("meeting__organisation_id", "type")
        .annotate(held=Count("pk"))
        .values_list("meeting__organisation_id", "type", "held")
    )


def _tasks(scope: LedgerScope):
    """Open tasks and those past their deadline, as things stood on the day."""
    return (
        open_on(Task.objects.filter(organisation__in=scope.organisations), scope.day)
        .order_by()
        .values("organisation_id")
        .annotate(open=Count("pk"), overdue=Count("pk", filter=Q(due_then__lt=scope.day)))
        .values_list("organisation_id", "open", "overdue")
    )
