"""The limits of development (发展党员工作细则) as arithmetic: given day → earliest and latest day.

Nothing is stored or asked here. Two texts stand side by side: that of 2014 and the revision of
2026. The day from which a limit counts decides which of them holds; for the length of one step it
is the first day of that step. Months are calendar months, clamped to the end of a short one.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from branches.periods import add_months
from branches.words import full_date
from members.development_limits import (
    APPLICANT_BORN,
    FIRST_END,
    LIMITS,
    MILESTONES,
    PROBATION_END,
    Limit,
    Nature,
    Revision,
)
from members.enums import Step

_DAY = datetime.timedelta(days=1)
PROBATION_MONTHS = 12
COURSE_DAYS, COURSE_HOURS = 3, 24
_ORDER = {step.value: index for index, step in enumerate(Step)}
_MILESTONES = {step.value: _ORDER[step.value] for step in MILESTONES}
# Steps that belong to no place in the order, or come again and again.
_UNORDERED = {Step.REVIEWED, Step.THOUGHT_REPORT, Step.APPROVAL_DELAYED}


def is_after(step: str, other: str) -> bool:
    """Whether `step` comes after `other` on the way."""
    return _ORDER[step] > _ORDER[other]


def revision_on(day: datetime.date, from_2026: datetime.date) -> Revision:
    """The text in force on `day`; `from_2026` is the day from which the revision is applied."""
    return Revision.OF_2026 if day >= from_2026 else Revision.OF_2014


class Taken(NamedTuple):
    """A step that was taken: its day, and what belongs to it."""

    step: str
    on: datetime.date
    until_on: datetime.date | None = None
    hours: int | None = None

    @property
    def last_on(self) -> datetime.date:
        return self.until_on or self.on


class Way:
    """What is known of one person's way: the day of birth and the steps taken. Never changed."""

    __slots__ = ("_furthest", "_latest", "born_on", "steps")

    def __init__(self, steps: Iterable[Taken], born_on: datetime.date | None = None):
        self.steps = tuple(steps)
        self.born_on = born_on
        self._latest: dict[str, Taken] = {}
        self._furthest = -1
        for taken in self.steps:
            step = taken.step
            known = self._latest.get(step)
            if known is None or known.on <= taken.on:
                self._latest[step] = taken
            self._furthest = max(self._furthest, _MILESTONES.get(step, -1))

    def latest(self, step: str) -> Taken | None:
        """The step as it was taken, the last time where it comes again."""
        return self._latest.get(step)

    def has(self, step: str) -> bool:
        return step in self._latest

    def with_step(self, taken: Taken) -> "Way":
        """The same way with one step more."""
        return Way((*self.steps, taken), self.born_on)

    def passed(self, step: str) -> bool:
        """Whether the way has gone on beyond `step`, so that its limit no longer matters."""
        return self._furthest > _ORDER[step]

    @property
    def first_probation_end(self) -> datetime.date | None:
        """The same calendar day one year after the branch meeting; 29 February gives the 28th."""
        admitted = self.latest(Step.ADMISSION_MEETING)
        return add_months(admitted.on, PROBATION_MONTHS) if admitted else None

    @property
    def probation_end(self) -> datetime.date | None:
        """The day on which probation ends, an extension included."""
        extension = self.latest(Step.EXTENSION)
        if extension and extension.until_on:
            return extension.until_on
        return self.first_probation_end

    def base_day(self, limit: Limit) -> datetime.date | None:
        """The day from which a limit counts, where it is known."""
        if limit.base == APPLICANT_BORN:
            return self.born_on
        if limit.base == PROBATION_END:
            return self.probation_end
        if limit.base == FIRST_END:
            return self.first_probation_end
        taken = self.latest(limit.base)
        if taken is None and limit.repeats:
            taken = self.latest(Step.ACTIVIST)
        if taken is None:
            return None
        return taken.on if limit.base == limit.step else taken.last_on


@dataclass(frozen=True)
class Window:
    """One limit with its dates filled in; None is open on that side.

    `provisional` says that the table of working days lacks a year that was counted.
    """

    limit: Limit
    revision: Revision
    base_on: datetime.date
    earliest: datetime.date | None
    latest: datetime.date | None
    provisional: bool = False

    @property
    def span_words(self) -> str:
        """最早 2026年3月1日，最迟 2026年4月1日."""
        parts = []
        if self.earliest:
            parts.append(f"最早 {full_date(self.earliest)}")
        if self.latest:
            parts.append(f"最迟 {full_date(self.latest)}")
        note = "（当年工作日历未录入，暂按周一至周五推算）" if self.provisional else ""
        return "，".join(parts) + note

    @property
    def source_words(self) -> str:
        return self.limit.source_words(self.revision)


def window(
    limit: Limit,
    base_on: datetime.date,
    from_2026: datetime.date,
    calendar=None,
    *,
    text_on: datetime.date | None = None,
    special: bool = False,
) -> Window | None:
    """The dates of a limit counted from `base_on`; None where the text in force knows none.

    `calendar` counts working days (see branches.workdays) and is needed for lengths in them;
    `text_on` decides which text is in force, where `base_on` does not; `special` asks for the
    longer span of special cases.
    """
    revision = revision_on(text_on or base_on, from_2026)
    if limit.source(revision) is None or not limit.is_dated:
        return None
    if limit.working_days:
        if calendar is None:
            return None
        end = calendar.end_of(base_on, limit.working_days)
        return Window(limit, revision, base_on, end, None, calendar.is_provisional(base_on, end))
    most = limit.special if special and limit.special else limit.most
    return Window(
        limit,
        revision,
        base_on,
        limit.least.after(base_on) if limit.least else None,
        most.after(base_on) if most else None,
    )


def windows_of(step: str, way: Way, from_2026: datetime.date, calendar=None) -> list[Window]:
    """Every dated limit on a step, as far as the day it counts from is known."""
    found = []
    for limit in LIMITS:
        if limit.step != step:
            continue
        base_on = way.base_day(limit)
        if base_on is None:
            continue
        # A day of birth says nothing about the text of the application.
        applied = way.latest(Step.APPLIED) if limit.base == APPLICANT_BORN else None
        text_on = applied.on if applied else base_on
        special = way.has(Step.APPROVAL_DELAYED)
        if one := window(limit, base_on, from_2026, calendar, text_on=text_on, special=special):
            found.append(one)
    return found


@dataclass(frozen=True)
class Fault:
    """What does not fit about a step: `blocks` for a true condition, `hint` for local practice."""

    words: str
    limit: Limit | None = None
    window: Window | None = None

    @property
    def blocks(self) -> bool:
        return bool(self.limit and self.limit.blocks)

    @property
    def hint(self) -> bool:
        return bool(self.limit and self.limit.nature == Nature.LOCAL)


def faults(taken: Taken, way: Way, from_2026: datetime.date, calendar=None) -> list[Fault]:
    """What does not fit about a step, seen against the other steps of the way; blocking ones first.

    `way` is without this step, or with earlier ones of its kind where it comes again.
    """
    found = [
        Fault(words, one.limit, one)
        for one in windows_of(taken.step, _seen_from(taken, way), from_2026, calendar)
        if (words := _outside(taken, one))
    ]
    if taken.step == Step.COURSE and (words := _course_fault(taken)):
        found.append(Fault(words, next(one for one in LIMITS if one.step == Step.COURSE)))
    found += [Fault(words) for words in _out_of_order(taken, way)]
    return sorted(found, key=lambda fault: (not fault.blocks, fault.hint))


def _seen_from(taken: Taken, way: Way) -> Way:
    """The way as limits of `taken` count from it: its own length from its own first day."""
    if taken.step in (Step.REVIEWED, Step.THOUGHT_REPORT):
        # From the one before, not from a later one that was entered first.
        return Way(
            tuple(one for one in way.steps if one.step != taken.step or one.on < taken.on),
            way.born_on,
        )
    others = tuple(one for one in way.steps if one.step != taken.step)
    if taken.step == Step.EXTENSION:
        return Way(others, way.born_on)
    return Way((*others, taken), way.born_on)


def _outside(taken: Taken, one: Window) -> str:
    day = taken.until_on if one.limit.of_end else taken.on
    if day is None:
        return f"没有填结束日期：{one.limit.asks}"
    if one.earliest and day < one.earliest:
        return f"{full_date(day)}早于{full_date(one.earliest)}：{one.limit.asks}"
    if one.latest and day > one.latest and one.limit.checked_late:
        return f"比最迟的{full_date(one.latest)}晚 {(day - one.latest).days} 天：{one.limit.asks}"
    return ""


def _course_fault(taken: Taken) -> str:
    days = (taken.last_on - taken.on).days + 1
    if days >= COURSE_DAYS or (taken.hours or 0) >= COURSE_HOURS:
        return ""
    said = f"{days} 天" + (f"、{taken.hours} 学时" if taken.hours is not None else "")
    return f"登记的是 {said}，不足 {COURSE_DAYS} 天，也不足 {COURSE_HOURS} 学时"


def _out_of_order(taken: Taken, way: Way) -> Iterator[str]:
    if taken.step in _UNORDERED:
        return
    for other in way.steps:
        if other.step in _UNORDERED or other.step == taken.step:
            continue
        label = Step(other.step).label
        if is_after(taken.step, other.step) and taken.on < other.on:
            yield f"早于“{label}”的 {full_date(other.on)}"
        elif is_after(other.step, taken.step) and taken.on > other.on:
            yield f"晚于“{label}”的 {full_date(other.on)}"


# What is on record as a rule before a step is taken.
_BEFORE = {
    Step.ACTIVIST: (Step.TALKED,),
    Step.TARGET: (Step.ACTIVIST_FILED, Step.REVIEWED, Step.TARGET_PUBLICITY),
    Step.ADMISSION_MEETING: (
        Step.POLITICAL_REVIEW,
        Step.COURSE,
        Step.COMMITTEE_CHECK,
        Step.PRE_REVIEW,
    ),
    Step.CONVERSION_MEETING: (Step.APPROVAL, Step.CONVERSION_REQUEST),
}


def missing_before(step: str, way: Way, on: datetime.date, from_2026: datetime.date) -> list[Step]:
    """Steps that usually stand before this one and are not on record; they never block.

    Publicity before listing is a step of the 2026 text only.
    """
    wanted = _BEFORE.get(Step(step), ())
    if revision_on(on, from_2026) is Revision.OF_2014:
        wanted = tuple(one for one in wanted if one != Step.TARGET_PUBLICITY)
    return [one for one in wanted if not way.has(one)]


@dataclass(frozen=True)
class Due:
    """A step that is still to be taken, with the last day for it."""

    window: Window

    @property
    def limit(self) -> Limit:
        return self.window.limit

    @property
    def step(self) -> Step:
        return Step(self.limit.step)

    @property
    def due_on(self) -> datetime.date:
        return self.window.latest

    @property
    def binding_on(self) -> datetime.date | None:
        """The last day of what is more than 一般: of a 应当, or of the longest span a text allows."""
        if self.limit.nature == Nature.MUST:
            return self.due_on
        return self.limit.special.after(self.window.base_on) if self.limit.special else None

    @property
    def alarms(self) -> bool:
        """Whether a passed day is shown as late; local practice never is."""
        return bool(self.limit.rule)


# Limits that have a last day, so that something can be due by them.
_CLOCKS = tuple(limit for limit in LIMITS if limit.most)


def dues(way: Way, from_2026: datetime.date) -> list[Due]:
    """Everything still to be done by a day, soonest first; what the way has left behind is not."""
    special = way.has(Step.APPROVAL_DELAYED)
    found = []
    for limit in _CLOCKS:
        if limit.repeats:
            if not way.has(Step.ACTIVIST) or way.passed(limit.step):
                continue
        elif way.has(limit.step) or way.passed(limit.step) or not limit.is_due:
            continue
        base_on = way.base_day(limit)
        if base_on is None:
            continue
        if one := window(limit, base_on, from_2026, special=special):
            found.append(Due(one))
    return sorted(found, key=lambda due: (due.due_on, not due.alarms))


@dataclass(frozen=True)
class Vote:
    """The figures of a secret ballot on one person; `written` are part of `approved`."""

    should: int
    present: int
    approved: int
    written: int = 0

    @property
    def attended(self) -> bool:
        """More than half of those who should attend and may vote were present."""
        return 2 * self.present > self.should

    @property
    def passed(self) -> bool:
        """More than half of those who should attend and may vote said yes."""
        return 2 * self.approved > self.should

    @property
    def slip(self) -> str:
        """The first figure that cannot be, a typing error, in words; "" where there is none."""
        if self.should < 1:
            return "应到有表决权人数至少是 1"
        if self.present > self.should:
            return f"实到 {self.present} 人多于应到 {self.should} 人"
        if self.written > self.should - self.present:
            return f"书面意见 {self.written} 票多于没有到会的 {self.should - self.present} 人"
        if self.written > self.approved:
            return f"书面意见 {self.written} 票多于赞成 {self.approved} 票"
        if self.approved > self.present + self.written:
            return f"赞成 {self.approved} 票多于到会和书面意见 {self.present + self.written} 人"
        return ""

    def refusals(self) -> Iterator[str]:
        """Why the decision does not stand, in words."""
        if not self.attended:
            yield f"应到 {self.should} 人，实到 {self.present} 人，没有超过半数，不能表决"
        if not self.passed:
            yield f"应到 {self.should} 人，赞成 {self.approved} 票，没有超过半数，不能通过"


def way_of(rows: Iterable[tuple], born_on: datetime.date | None = None) -> Way:
    """A way from rows of step, day and, where known, last day and hours."""
    return Way((Taken(*row) for row in rows), born_on)
