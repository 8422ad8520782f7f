"""年度开展情况: on which days each branch held each kind of meeting, month by month.

Records only. How often a kind is asked for and from when a branch owes it is read as the rules
read it (`meetings.values`), but whether a duty is met is said by 应办事项 alone.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from branches.models import Group, Organisation
from branches.periods import Period, Span, period_of
from branches.values import Key, Values
from meetings.enums import FOR_A_YEAR, MeetingState, Type
from meetings.models import MeetingType
from meetings.values import (
    COMMITTEES_A_MONTH,
    LECTURES_A_YEAR,
    MEMBERS_MEETINGS_A_QUARTER,
    THEME_DAYS_A_MONTH,
    YEARLY_UNTIL,
    lectures_due,
    quarters_left,
    yearly_due_on,
)
from members.posts import COMMITTEE_FROM
from members.roster import counts

MONTHS = range(1, 13)
# In which periods a kind is counted, and how many meetings a period asks for; None is one.
_SPANS: dict[Type, tuple[Span, Key | None]] = {
    Type.COMMITTEE: (Span.MONTH, COMMITTEES_A_MONTH),
    Type.GROUP: (Span.MONTH, None),
    Type.THEME_DAY: (Span.MONTH, THEME_DAYS_A_MONTH),
    Type.MEMBERS_MEETING: (Span.QUARTER, MEMBERS_MEETINGS_A_QUARTER),
    Type.LIFE_MEETING: (Span.YEAR, None),
    Type.APPRAISAL: (Span.YEAR, None),
}
UNITS = {
    Type.COMMITTEE: "个月",
    Type.GROUP: "个月",
    Type.THEME_DAY: "个月",
    Type.MEMBERS_MEETING: "个季度",
    Type.LECTURE: "次",
    Type.LIFE_MEETING: "个年度",
    Type.APPRAISAL: "个年度",
}
# What the figures mean; the page and the workbook both say it.
HOW = (
    ("取数", "只数已召开的会议，按召开日期；一次会议有几种类型的，每种各计一次。"),
    (
        "应开展",
        "按月的（支委会、党小组会、主题党日）数月份，支部党员大会数季度，党课按全年应上次数和已过的季度数次数，"
        "组织生活会和民主评议数年度，按“所属年度”计，次年召开的列在 12 月。还没有过完的期间，以及次年截止日期以前的组织生活会和民主评议，开过才计入。",
    ),
    ("年内成立或撤销", "只计整月（整季、整年）都在的期间。"),
    ("支委会", "月末正式党员不足应设支委会人数的月份不计。"),
    ("党小组会", "当月的每个党小组都开过会才算这个月已开展；没有党小组的不计。"),
    ("完成率", "按时开展的期间数除以应开展的期间数。是否符合要求，以“应办事项”的核对为准。"),
)


@dataclass(frozen=True, slots=True)
class Held:
    """One meeting in a cell of the overview."""

    pk: int
    on: datetime.date
    group_id: int | None


@dataclass
class Line:
    """A branch's year of one kind: the meetings of each month, and how many periods were kept.

    `due` counts periods (for 党课: lectures) owed so far, `done` those of them that were kept;
    `missed` holds the last month of each period that has ended without.
    """

    organisation_id: int
    type: Type
    months: dict[int, list[Held]] = field(default_factory=lambda: defaultdict(list))
    done: int = 0
    due: int = 0
    missed: set[int] = field(default_factory=set)

    @property
    def times(self) -> int:
        return sum(map(len, self.months.values()))

    @property
    def share(self) -> int | None:
        """Per cent of what was due, rounded down: 100 means all of it."""
        return self.done * 100 // self.due if self.due else None


class Overview:
    """Reads a year of several branches in a fixed number of queries."""

    def __init__(
        self, branches, year: int, *, today: datetime.date, types: Iterable[Type] = tuple(Type)
    ):
        """`branches` is a queryset of organisations; what lies after `today` is not owed yet."""
        self._branches, self._year, self._today = branches, year, today
        self._types = tuple(types)
        self._values = Values()
        self._held = self._meetings()
        self._groups = self._standing_groups() if Type.GROUP in self._types else {}
        self._formal = self._formal_members() if Type.COMMITTEE in self._types else {}

    def lines(self, organisations: Iterable[Organisation]) -> list[Line]:
        """The lines of these branches (out of those read), each kind in its order."""
        return [self._line(one, type) for one in organisations for type in self._types]

    # --- Reading --------------------------------------------------------------------------

    def _meetings(self) -> dict[tuple[int, str], list[Held]]:
        first, last = datetime.date(self._year, 1, 1), datetime.date(self._year, 12, 31)
        in_year = Q(meeting__held_on__range=(first, last))
        for_a_year = Q(type__in=FOR_A_YEAR, meeting__for_year__isnull=False)
        rows = (
            MeetingType.objects.filter(
                (in_year & ~for_a_year) | (for_a_year & Q(meeting__for_year=self._year)),
                type__in=self._types,
                meeting__state=MeetingState.HELD,
                meeting__held_on__lte=self._today,
                meeting__organisation__in=self._branches.values("pk"),
            )
            .order_by("meeting__held_on", "meeting_id")
            .values_list(
                "meeting__organisation_id",
                "type",
                "meeting_id",
                "meeting__held_on",
                "meeting__group_id",
            )
        )
        held = defaultdict(list)
        for organisation_id, type_, pk, day, group_id in rows:
            held[organisation_id, type_].append(Held(pk, day, group_id))
        return held

    def _standing_groups(self) -> dict[int, list[Group]]:
        found = defaultdict(list)
        for group in Group.objects.filter(organisation__in=self._branches.values("pk")):
            found[group.organisation_id].append(group)
        return found

    def _formal_members(self) -> dict[int, dict[int, tuple[int, int]]]:
        """Members and formal members by month: on its last day, or today."""
        found = {}
        for month in MONTHS:
            period = period_of(Span.MONTH, datetime.date(self._year, month, 1))
            if period.starts_on <= self._today:
                found[month] = counts(self._branches, min(period.ends_on, self._today))
        return found

    # --- Counting -------------------------------------------------------------------------

    def _line(self, organisation: Organisation, type_: Type) -> Line:
        line = Line(organisation.pk, type_)
        for held in self._held.get((organisation.pk, type_), ()):
            # A 组织生活会 for the year may be held in the next one.
            line.months[held.on.month if held.on.year == self._year else 12].append(held)
        if type_ is Type.LECTURE:
            self._count_lectures(line, organisation)
        else:
            span, _key = _SPANS[type_]
            for period in _periods(span, self._year):
                self._count(line, organisation, period)
        return line

    def _count(self, line: Line, organisation: Organisation, period: Period) -> None:
        if period.starts_on > self._today or not self._owes(line.type, organisation, period):
            return
        kept = self._kept(line, period)
        over = self._last_day(line.type, period) < self._today
        if kept or over:
            line.due += 1
            line.done += kept
        if not kept and over:
            line.missed.add(period.ends_on.month)

    def _last_day(self, type_: Type, period: Period) -> datetime.date:
        """On which day it is not missed yet: the yearly ones may still be held in the next year."""
        if type_ in FOR_A_YEAR:
            return yearly_due_on(period.ends_on, self._values.on(YEARLY_UNTIL, period.ends_on))
        return period.ends_on

    def _owes(self, type_: Type, organisation: Organisation, period: Period) -> bool:
        """Whether the branch owes that kind for the whole period."""
        ends_on = min(period.ends_on, self._today)
        if organisation.founded_on and organisation.founded_on > period.starts_on:
            return False
        if organisation.dissolved_on and organisation.dissolved_on <= ends_on:
            return False
        if type_ is Type.APPRAISAL and not organisation.holds_relations:
            return False
        if type_ is Type.COMMITTEE:
            _all, formal = self._formal[period.starts_on.month].get(organisation.pk, (0, 0))
            return formal >= self._values.on(COMMITTEE_FROM, ends_on)
        return type_ is not Type.GROUP or bool(self._groups_in(organisation.pk, period))

    def _groups_in(self, organisation_id: int, period: Period) -> set[int]:
        """Groups that stood the whole period."""
        return {
            group.pk
            for group in self._groups.get(organisation_id, ())
            if (group.starts_on is None or group.starts_on <= period.starts_on)
            and (group.ends_on is None or group.ends_on >= min(period.ends_on, self._today))
        }

    def _kept(self, line: Line, period: Period) -> bool:
        months = range(period.starts_on.month, period.ends_on.month + 1)
        held = [one for month in months for one in line.months.get(month, ())]
        if line.type is Type.GROUP:
            met = {one.group_id for one in held}
            return None in met or self._groups_in(line.organisation_id, period) <= met
        _span, key = _SPANS[line.type]
        asked = self._values.on(key, min(period.ends_on, self._today)) if key else 1
        return len(held) >= max(asked, 1)

    def _count_lectures(self, line: Line, organisation: Organisation) -> None:
        """Four a year: so far as many as quarters have passed, and what was given beyond that."""
        last = datetime.date(self._year, 12, 31)
        if organisation.dissolved_on and organisation.dissolved_on <= min(last, self._today):
            return
        yearly = self._values.on(LECTURES_A_YEAR, min(last, self._today))
        whole = lectures_due(yearly, organisation.founded_on, self._year)
        first = datetime.date(self._year, 1, 1)
        first = max(organisation.founded_on or first, first)
        if self._today > last:
            passed = whole
        elif self._today < first:
            passed = 0
        else:
            quarters = quarters_left(first) - quarters_left(self._today, running=True)
            passed = yearly * max(quarters, 0) // 4
        line.done = min(line.times, whole)
        line.due = max(passed, line.done)


def _periods(span: Span, year: int) -> list[Period]:
    first = datetime.date(year, 1, 1)
    if span is Span.YEAR:
        return [period_of(span, first)]
    step = span.months
    return [period_of(span, first.replace(month=month)) for month in range(1, 13, step)]


def days_text(held: Iterable[Held], year: int) -> str:
    """The days of one month as a cell writes them: 5、19; of the next year with year and month."""
    return "、".join(
        f"{one.on.day}" if one.on.year == year else f"次年{one.on.month}月{one.on.day}日"
        for one in held
    )
