"""Sheet 总览: the organisation and one line for each directly below it."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count, DecimalField, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from branches.history import were
from branches.models import Kind
from branches.services import path_step
from compliance.models import DutyState
from dues.models import Charge, Payment
from dues.rates import HALF_A_FEN
from ledgers.exports.dues import paid_by
from ledgers.exports.scope import LedgerScope
from ledgers.exports.workbook import CellKind, Column
from meetings.enums import MeetingState, Type
from meetings.models import MeetingType
from members.roster import counts
from tasks.models import Task, TaskState

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


def overview_rows(scope: LedgerScope, duties: dict[tuple[int, str], int]) -> Iterable[list]:
    """The organisation's own line and one for each direct child, in the order of codes.

    `duties` counts duties by organisation and state.
    """
    own = _figures_by_organisation(scope)
    for (pk, state), number in duties.items():
        own[pk][_DUTIES + DUTY_STATES.index(state)] += number
    lines: dict[int, Figures] = {scope.organisation.pk: [0] * _WIDTH}
    child_level = len(scope.path) + _STEP
    for pk, path in scope.paths.items():
        if len(path) == child_level:
            lines[pk] = [0] * _WIDTH
    at = {path[-_STEP:]: pk for pk, path in scope.paths.items() if len(path) == child_level}
    for pk, path in scope.paths.items():
        figures = own[pk]
        _add(lines[scope.organisation.pk], figures)
        if len(path) >= child_level:
            child = at.get(path[len(scope.path) : child_level])
            if child is not None:
                _add(lines[child], figures)
    yield [*_named(scope, scope.organisation.pk), *lines.pop(scope.organisation.pk)]
    for pk in sorted(lines, key=lambda pk: scope.codes[pk][0]):
        yield [*_named(scope, pk), *lines[pk]]


def _named(scope: LedgerScope, pk: int) -> tuple[str, str]:
    return scope.codes.get(pk) or (scope.organisation.code, scope.name)


def _add(total: Figures, figures: Figures) -> None:
    for index, number in enumerate(figures):
        total[index] += number


def _figures_by_organisation(scope: LedgerScope) -> dict[int, Figures]:
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
    for pk, owing, full, due in _charges(scope):
        own[pk][_DUES : _DUES + 3] = owing, full, due
    for pk, paid in _payments(scope):
        own[pk][_DUES + 3] = paid
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


def _charges(scope: LedgerScope):
    paid = (
        Payment.objects.filter(
            paid_by(scope.day), member=OuterRef("member"), month=OuterRef("month")
        )
        .order_by()
        .values("member")
        .annotate(sum=Sum("amount"))
        .values("sum")
    )
    money = DecimalField(max_digits=12, decimal_places=2)
    return (
        Charge.objects.filter(organisation__in=scope.organisations, month=scope.month.starts_on)
        .filter(amount__gt=0)
        .annotate(paid=Coalesce(Subquery(paid), 0, output_field=money))
        .order_by()
        .values("organisation_id")
        .annotate(
            owing=Count("pk"),
            full=Count("pk", filter=Q(paid__gt=F("amount") - HALF_A_FEN)),
            due=Sum("amount"),
        )
        .values_list("organisation_id", "owing", "full", "due")
    )


def _payments(scope: LedgerScope):
    return (
        Payment.objects.filter(
            paid_by(scope.day), organisation__in=scope.organisations, month=scope.month.starts_on
        )
        .order_by()
        .values("organisation_id")
        .annotate(paid=Sum("amount"))
        .values_list("organisation_id", "paid")
    )


def _tasks(scope: LedgerScope):
    """Open tasks and those past their deadline, as things stood on the day."""
    return (
        Task.objects.filter(organisation__in=scope.organisations, opened_on__lte=scope.day)
        .filter(Q(closed_on__isnull=True) | Q(closed_on__gt=scope.day))
        .exclude(state=TaskState.CANCELLED)
        .order_by()
        .values("organisation_id")
        .annotate(open=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=scope.day)))
        .values_list("organisation_id", "open", "overdue")
    )
