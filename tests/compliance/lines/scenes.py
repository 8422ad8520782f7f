"""What a line of the matrix is made of: a scene, facts in it, what is to be found.

`spoil` makes the branch an offender, `mend` enters the record that clears it and returns what takes
that record away again. `last` is the last day on which nobody is late; a setting begins with the
period judged, or with the day after `last`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from branches.models import Organisation
from branches.values import Key
from tests import factories

DAY = timedelta(days=1)


SEPTEMBER = date(2026, 9, 1)


NOBODY = (0, 0, "done")


@dataclass
class Scene:
    """The organisation judged and what was put into it."""

    branch: Organisation
    people: list = field(default_factory=list)
    thing: object = None

    def add_people(self, count: int, **facts) -> list:
        made = factories.make_members(self.branch, count, **facts)
        self.people += made
        return made

    def hold(self, *types, on=date(2026, 9, 10), **facts):
        return factories.make_meeting(self.branch, on, types, **facts)


Undo = Callable[[], object]


Verdict = tuple[int, int, str] | None


@dataclass(frozen=True)
class Changed:
    """A county value with what follows from it; `mended` where it is told apart only then."""

    value: object
    verdict: Verdict
    mended: bool = False


@dataclass(frozen=True)
class Line:
    """One rule of the matrix; `of` is a day of the period judged, None for a standing condition."""

    spoil: Callable[[Scene], object]
    mend: Callable[[Scene], Undo]
    last: date
    # On the last day, on the next, and on the next with the record entered.
    before: Verdict
    late: Verdict
    clean: Verdict
    of: date | None = None
    # The day on which the record fulfilled it, where the facts say so.
    met_on: date | None = None
    # With the record taken away again; what it was before unless told otherwise.
    undone: Verdict = None
    # For a branch founded on the second day of the period; nothing unless told otherwise.
    founded_inside: Verdict = None
    keys: dict[Key, Changed] = field(default_factory=dict)
    # Judges committees instead of branches.
    of_committees: bool = False

    @property
    def first_late(self) -> date:
        return self.last + DAY


def nothing(_scene: Scene) -> None:
    """Who does nothing offends."""


def people(count: int, **facts):
    return lambda scene: scene.add_people(count, **facts)


def gone(*rows) -> Undo:
    """Takes rows away again."""

    def undo():
        for row in rows:
            row.delete()

    return undo


def meeting(*types, on=date(2026, 9, 10), **facts):
    """Entering one meeting; it is met on its day."""
    return lambda scene: gone(scene.hold(*types, on=on, **facts))


def change(thing, **facts) -> Undo:
    """Change a row; the undoing puts its old facts back."""
    old = {name: getattr(thing, name) for name in facts}

    def put(values):
        for name, value in values.items():
            setattr(thing, name, value)
        thing.save(update_fields=list(values))

    put(facts)
    return lambda: put(old)


END_OF_SEPTEMBER, END_OF_YEAR = date(2026, 9, 30), date(2026, 12, 31)
