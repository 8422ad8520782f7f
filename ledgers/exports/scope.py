"""Which organisations a ledger of a month or a year is about, and as of which day."""

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from branches.dated import standing_on
from branches.history import names_on, path_on, then
from branches.models import Organisation, Placement
from branches.periods import Period, Span, period_of
from dues import sums


class NothingToShow(ValueError):
    """There is no such ledger; the message says why."""


class Place(Protocol):
    """An organisation in the tree of a ledger's day, with all below it."""

    organisation: Organisation
    month: Period
    day: datetime.date
    # Where the organisation stood; where each below it stood, by key; their codes and names.
    path: str
    paths: dict[int, str]
    codes: dict[int, tuple[str, str]]
    name: str


@dataclass(frozen=True)
class LedgerScope:
    """An organisation, a month, and the day whose state the ledger shows.

    Figures are folded by the placement of that day, so an old month keeps its old tree.
    """

    organisation: Organisation
    month: Period
    day: datetime.date
    path: str

    @cached_property
    def placements(self):
        """Placements of that day, of the organisation itself and everything below it."""
        return Placement.objects.filter(
            standing_on(self.day), path__gte=self.path, path__lt=self.path + "~"
        )

    @cached_property
    def organisations(self):
        """Those of them that existed at some time in the month, up to the day."""
        return Organisation.objects.filter(
            pk__in=self.placements.values("organisation_id")
        ).standing(self.month.starts_on, self.day)

    @property
    def paid_until(self) -> datetime.date:
        """The last day of payment that counts."""
        return self.day

    @property
    def last_month(self) -> datetime.date:
        """First day of the last month whose dues are shown."""
        return self.month.starts_on

    @cached_property
    def paths(self) -> dict[int, str]:
        """Where each organisation stood on that day, by organisation key."""
        return dict(
            self.placements.filter(organisation__in=self.organisations).values_list(
                "organisation_id", "path"
            )
        )

    @cached_property
    def codes(self) -> dict[int, tuple[str, str]]:
        """Code and name on that day by organisation key, in the order of codes."""
        return {
            pk: (code, name)
            for pk, code, name in self.organisations.annotate(name_then=then("name", self.day))
            .order_by("code")
            .values_list("pk", "code", "name_then")
        }

    @cached_property
    def name(self) -> str:
        """What the organisation itself was called on that day."""
        return names_on([self.organisation.pk], self.day)[self.organisation.pk]

    def renamed(self, organisation: Organisation) -> Organisation:
        """The row with its name of that day; it is not to be saved."""
        organisation.name = self.codes.get(organisation.pk, ("", organisation.name))[1]
        return organisation


def scope_of(organisation: Organisation, month: Period, today: datetime.date) -> LedgerScope:
    """The scope of a month's ledger; NothingToShow for a month or a place that is not there yet."""
    if month.starts_on > today:
        raise NothingToShow(f"{month.label}还没有到")
    day = min(month.ends_on, today)
    path = path_on(organisation, day)
    if path is None:
        raise NothingToShow(f"“{organisation.name}”在{month.label}还没有成立")
    return LedgerScope(organisation, month, day, path)


@dataclass(frozen=True)
class YearScope(LedgerScope):
    """A ledger of the whole year of `month`: payments count up to `until`, whoever stood below
    the organisation on `day` belongs to it, even if dissolved before."""

    until: datetime.date

    @property
    def year(self) -> Period:
        return period_of(Span.YEAR, self.month.starts_on)

    @property
    def paid_until(self) -> datetime.date:
        return self.until

    @property
    def last_month(self) -> datetime.date:
        return self.year.ends_on.replace(day=1)

    @cached_property
    def organisations(self):
        return sums.below_then([self.path], self.day)


def year_scope(organisation: Organisation, year: int, today: datetime.date) -> YearScope:
    """The scope of a year's ledger; NothingToShow for a year or a place that is not there yet."""
    if year > today.year:
        raise NothingToShow(f"{year}年还没有到")
    day = min(datetime.date(year, 12, 31), today)
    of_month = scope_of(organisation, period_of(Span.MONTH, day), today)
    return YearScope(organisation, of_month.month, of_month.day, of_month.path, until=today)
