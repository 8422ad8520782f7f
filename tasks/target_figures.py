"""Figures of a target that the system computes, each with numerator and denominator.

A target names one by its key (`Target.figure`); any other target has what the lead enters.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from branches.models import Organisation, UnitKind
from tasks import coverage
from tasks.enums import Bound
from tasks.models import Target

PLACES = Decimal("0.01")


@dataclass(frozen=True)
class Computed:
    """A key that a target may name: what it means, and who computes it for an organisation.

    `source` answers with several figures at once, by key, each with numerator and denominator.
    """

    label: str
    source: Callable[[Organisation, datetime.date], Mapping]


# The plan is about social organisations; the county may count other kinds of units as well.
_OF_SOCIAL_ORGANISATIONS = partial(coverage.figures, kinds=(UnitKind.SOCIAL_ORGANISATION,))
FIGURES: dict[str, Computed] = {
    "coverage.organisation": Computed("社会组织党的组织覆盖率", _OF_SOCIAL_ORGANISATIONS),
    "coverage.work": Computed("社会组织党的工作覆盖率", _OF_SOCIAL_ORGANISATIONS),
}


@dataclass(frozen=True)
class Reached:
    """What was reached: the value to two places, how it came about, and the day it holds for.

    `value` is None where nothing was entered and where there is nothing to take a share of.
    """

    value: Decimal | None
    on: datetime.date | None
    numerator: int | None = None
    denominator: int | None = None


def percent(part: int, whole: int) -> Decimal | None:
    """Per cent to two places, rounded half up by itself; None of nothing."""
    if not whole:
        return None
    return (Decimal(100) * part / whole).quantize(PLACES, ROUND_HALF_UP)


def reached(
    targets: Iterable[Target], organisation: Organisation, today: datetime.date
) -> dict[int, Reached]:
    """By target, what its figure says today or what the lead entered; each source asked once."""
    answers, found = {}, {}
    for target in targets:
        computed = FIGURES.get(target.figure)
        if computed is None:
            found[target.pk] = Reached(target.reached, target.reached_on)
            continue
        if computed.source not in answers:
            answers[computed.source] = computed.source(organisation, today)
        figure = answers[computed.source][target.figure]
        part, whole = figure.numerator, figure.denominator
        found[target.pk] = Reached(percent(part, whole), today, part, whole)
    return found


def fulfils(target: Target, found: Reached) -> bool | None:
    """Whether what was reached is what the target asks; None while nothing is known.

    A computed share is compared exactly, not as it is rounded for the page.
    """
    if found.value is None:
        return None
    if found.denominator:
        value, wanted = Decimal(100 * found.numerator), target.value * found.denominator
    else:
        value, wanted = found.value, target.value
    return {
        Bound.AT_LEAST: value >= wanted,
        Bound.ABOVE: value > wanted,
        Bound.EXACTLY: value == wanted,
        Bound.BELOW: value < wanted,
        Bound.AT_MOST: value <= wanted,
    }[Bound(target.bound)]
