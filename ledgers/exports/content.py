"""What a monthly ledger says, before it is written: from the records as they stand now."""

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol

from branches.models import Organisation
from branches.values import Values
from compliance.registry import RULES
from ledgers.exports import duties, overview
from ledgers.exports.columns import writer_of
from ledgers.exports.dues import dues_rows
from ledgers.exports.dues import headings as dues_headings
from ledgers.exports.meetings import meeting_rows
from ledgers.exports.members import member_rows
from ledgers.exports.names import CellNames
from ledgers.exports.organisations import organisation_rows
from ledgers.exports.scope import LedgerScope, Place
from ledgers.exports.streams import Row
from ledgers.exports.tasks import task_rows
from ledgers.sheets import BRANCHES, DUES, MEETINGS, MEMBERS, TASKS
from ledgers.sheets.columns import Sheet as Declared
from meetings.models import Meeting
from members.roster import roster

# Headings under which a data sheet says which organisation a row belongs to.
_CODES = ("党支部编码", "组织编码")


class Line(NamedTuple):
    """One row of a data sheet as it is written: cells in the order of the headings, the row key,
    and whole numbers that replace masked ones in the file only, by place."""

    organisation_id: int | None
    cells: list[Any]
    key: str
    shown: dict[int, str]


class DutyLine(NamedTuple):
    """One row of 应办事项."""

    organisation_id: int
    state: str
    cells: list[Any]


class Content(Protocol):
    """Everything a month's ledger says about an organisation and all below it."""

    place: Place

    def headings(self, declared: Declared) -> list[str]: ...

    def lines(self, declared: Declared) -> Iterable[Line]: ...

    def duties(self) -> Iterable[DutyLine]: ...

    def figures(self) -> dict[int, list]:
        """Figures of 总览 that each organisation itself has, by its key."""

    def versions(self) -> Iterable[tuple[str, str]]: ...

    def remarks(self) -> Iterable[list]:
        """Further rows of 说明."""

    def expected_rows(self) -> int: ...


class LiveContent:
    """The content of a month that is not closed."""

    def __init__(self, scope: LedgerScope, *, full_numbers: bool = False):
        self.place = self.scope = scope
        self._values = Values()
        self._full_numbers = full_numbers

    def headings(self, declared: Declared) -> list[str]:
        if declared is DUES:
            return dues_headings(self.scope)
        return [column.heading for column in declared.columns if column.monthly]

    def lines(self, declared: Declared) -> Iterator[Line]:
        headings = self.headings(declared)
        written = writer_of(declared, headings)
        code = next(heading for heading in _CODES if heading in headings)
        for row in self._rows(declared):
            yield Line(self._keys.get(row.values[code]), *written(row))

    def duties(self) -> Iterator[DutyLine]:
        for found in duties.duty_rows(self.scope, self._values):
            yield DutyLine(*found)

    def figures(self) -> dict[int, list]:
        return overview.own_figures(self.scope)

    def versions(self) -> Iterable[tuple[str, str]]:
        return duties.rule_versions(self.scope, self._values)

    def remarks(self) -> Iterable[list]:
        return ()

    def expected_rows(self) -> int:
        """About how many rows there will be: every member twice, every rule for everybody."""
        scope = self.scope
        members = roster(scope.organisations, scope.day).count()
        meetings = Meeting.objects.held(scope.day.replace(month=1, day=1), scope.day)
        return (
            len(scope.codes) * (1 + len(RULES))
            + 2 * members
            + meetings.filter(organisation__in=scope.organisations).count()
        )

    def _rows(self, declared: Declared) -> Iterable[Row]:
        rows = {
            BRANCHES: lambda scope: organisation_rows(scope, self._names),
            MEMBERS: partial(member_rows, full_numbers=self._full_numbers),
            DUES: partial(dues_rows, full_numbers=self._full_numbers),
            MEETINGS: lambda scope: meeting_rows(scope, self._names),
            TASKS: task_rows,
        }
        return rows[declared](self.scope)

    @cached_property
    def _names(self) -> CellNames:
        return CellNames(self.scope.organisations)

    @cached_property
    def _keys(self) -> dict[str, int]:
        return dict(Organisation.objects.values_list("code", "pk"))
