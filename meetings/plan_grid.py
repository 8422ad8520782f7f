"""The year as a grid: types × months, what is planned beside what was held. Reads only.

Colours follow the period of the duty, never a planned day alone: a day that passed is no fault.
"""

import datetime
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from branches.deadlines import BEGINS, SOON_DAYS
from branches.models import Organisation
from branches.periods import Period, Span, month_end, period_of
from branches.values import Values
from meetings.enums import FOR_A_YEAR, FULL_NAMES, Type
from meetings.models import Meeting, PlanItem
from meetings.plan_drafts import groups_on
from meetings.plans import (
    SPANS,
    due_on,
    exists_through,
    held_for,
    lines_of,
    paired,
    period_for,
    types_of,
    year_meant,
)
from meetings.values import (
    COMMITTEES_A_MONTH,
    LECTURES_A_YEAR,
    MEMBERS_MEETINGS_A_QUARTER,
    THEME_DAYS_A_MONTH,
    lectures_due,
)
from members.posts import COMMITTEE_FROM
from members.roster import counts

# Where a further lecture or yearly meeting is offered first.
_LECTURE_OFFERS = (11, 8, 5, 2, 12, 10, 9, 7, 6, 4, 3, 1)
_YEARLY_OFFERS = (12, 11, 10)
_NAMES_SHOWN = 2
# 一般: what was missed stays amber, as in the rules' default; the verdict is that of 应办事项.
_ADVICE = frozenset({Type.GROUP, Type.APPRAISAL})


@dataclass(frozen=True)
class Entry:
    """A planned line or a held meeting in a cell; `day` is 3/28, 待定 or 1/2 组."""

    kind: str
    day: str
    topic: str
    words: str
    line: PlanItem | None = None
    meeting: Meeting | None = None


@dataclass
class Cell:
    """A type in a month. `shown` is what the grid has room for, `entries` everything."""

    type: str
    month: int
    entries: list[Entry] = field(default_factory=list)
    shown: list[Entry] = field(default_factory=list)
    wanted: bool = False
    missed: bool = False

    @property
    def code(self) -> str:
        return f"{self.type}-{self.month}"


@dataclass
class Row:
    """A type over the year, with how many were held of those asked for."""

    type: str
    asks: str
    cells: list[Cell]
    done: int
    required: int
    kind: str
    words: str

    @property
    def name(self) -> str:
        return FULL_NAMES[Type(self.type)]


class YearGrid:
    """Plan and reality of one branch in one year, in a number of queries that never grows."""

    def __init__(self, organisation: Organisation, year: int, today: datetime.date):
        self.organisation, self.year, self.today = organisation, year, today
        self.values = Values()
        self.begins_on = self.values.on(BEGINS, today)
        self.soon_days = self.values.on(SOON_DAYS, today)
        self.lines = lines_of(organisation, year)
        self.meetings = held_for(organisation, year)
        self.served = paired(self.lines, self.meetings)
        self.groups = list(organisation.groups.order_by("pk"))
        self.months = [
            period_of(Span.MONTH, datetime.date(year, month, 1)) for month in range(1, 13)
        ]
        self.required = self._required()
        self.held = {type_: self._held(type_) for type_ in Type}

    # --- What is asked and what was held ---

    def _value(self, key, period: Period):
        return self.values.on(key, min(period.ends_on, max(self.today, period.starts_on)))

    def _owed(self, type_: str, period: Period) -> bool:
        """Whether the branch stood in the whole period and records were kept when it was due."""
        return (
            exists_through(self.organisation, period)
            and due_on(type_, period, self.values) >= self.begins_on
        )

    def _required(self) -> dict[str, dict[Period, int]]:
        """How many meetings each type owes in each of its periods."""
        quarters = [self._quarter(month) for month in (1, 4, 7, 10)]
        year = period_of(Span.YEAR, datetime.date(self.year, 1, 1))
        least = self._value(COMMITTEE_FROM, year)
        needed = {
            Type.THEME_DAY: {one: self._value(THEME_DAYS_A_MONTH, one) for one in self.months},
            Type.COMMITTEE: {
                one: self._value(COMMITTEES_A_MONTH, one)
                for one in self.months
                if self._formal(one) >= least
            },
            Type.GROUP: {one: len(groups_on(self.groups, one.ends_on)) for one in self.months},
            Type.MEMBERS_MEETING: {
                one: self._value(MEMBERS_MEETINGS_A_QUARTER, one) for one in quarters
            },
        }
        owed = {
            type_: {one: number for one, number in found.items() if self._owed(type_, one)}
            for type_, found in needed.items()
        }
        gone = self.organisation.dissolved_on
        stays = gone is None or gone > year.ends_on
        lectures = lectures_due(
            self._value(LECTURES_A_YEAR, year), self.organisation.founded_on, self.year
        )
        owed[Type.LECTURE] = {year: lectures if stays else 0}
        once = int(self._owed(Type.LIFE_MEETING, year))
        owed[Type.LIFE_MEETING] = {year: once}
        owed[Type.APPRAISAL] = {year: once if self.organisation.holds_relations else 0}
        return owed

    def _quarter(self, month: int) -> Period:
        return period_of(Span.QUARTER, datetime.date(self.year, month, 1))

    def _formal(self, month: Period) -> int:
        """Formal members at the end of a month; of months to come, those of today."""
        if not hasattr(self, "_formal_on"):
            self._formal_on: dict[datetime.date, int] = {}
        day = min(month.ends_on, self.today)
        if day not in self._formal_on:
            found = counts([self.organisation.pk], day)
            self._formal_on[day] = found.get(self.organisation.pk, (0, 0))[1]
        return self._formal_on[day]

    def _of_type(self, type_: str) -> list[Meeting]:
        return [meeting for meeting in self.meetings if type_ in types_of(meeting)]

    def _held(self, type_: str) -> Counter[Period]:
        """Meetings of a type by the period they count in; for groups, the groups that met."""
        found: Counter[Period] = Counter()
        if type_ == Type.GROUP and self.groups:
            for month in self.months:
                found[month] = len(self._groups_met(month))
            return found
        for meeting in self._of_type(type_):
            year = year_meant(meeting) if type_ in FOR_A_YEAR else meeting.held_on.year
            if year == self.year:
                day = meeting.held_on
                day = day if day.year == year else datetime.date(year, 12, 31)
                found[period_for(type_, day)] += 1
        return found

    def _groups_met(self, month: Period) -> set[int]:
        there = {group.pk for group in groups_on(self.groups, month.ends_on)}
        met = {one.group_id for one in self._of_type(Type.GROUP) if one.held_on in month}
        return there if None in met else met & there

    # --- Rows ---

    def rows(self) -> list[Row]:
        """One row for each type, in the order of the plan."""
        return [self._row(type_) for type_ in ROW_ORDER]

    def _row(self, type_: str) -> Row:
        cells = [Cell(type_, month) for month in range(1, 13)]
        for line in self.lines:
            if line.type == type_:
                cells[line.planned_on.month - 1].entries.append(self._line_entry(line))
        for meeting in self._of_type(type_):
            if meeting.held_on.year == self.year:
                self._add_meeting(cells[meeting.held_on.month - 1], meeting)
        for cell in cells:
            cell.entries.sort(
                key=lambda one: one.meeting.held_on if one.meeting else one.line.planned_on
            )
        self._offer(type_, cells)
        for cell, month in zip(cells, self.months, strict=True):
            grouped = type_ == Type.GROUP and self.required[type_].get(month, 0)
            cell.shown = self._group_summary(cell, month) if grouped else cell.entries
        return Row(type_, self._asks(type_), cells, *self._tally(type_))

    def _line_entry(self, line: PlanItem) -> Entry:
        day = "待定" if line.month_only else f"{line.planned_on.month}/{line.planned_on.day}"
        meeting = self.served.get(line.pk)
        if meeting is not None:
            held = meeting.held_on
            topic = self._topic(line, meeting)
            same_month = (held.year, held.month) == (line.planned_on.year, line.planned_on.month)
            day = f"{held.month}/{held.day}"
            if not same_month:
                day = f"→ {held.year}/{day}" if held.year != self.year else f"→ {day}"
            return Entry("done", day, topic, "已登记", line, meeting)
        kind, words = self.state_of(line)
        return Entry(kind, day, self._topic(line, None), words, line)

    def _add_meeting(self, cell: Cell, meeting: Meeting) -> None:
        """A meeting that serves no line of this cell stands there by itself."""
        if any(one.meeting == meeting for one in cell.entries):
            return
        day = f"{meeting.held_on.month}/{meeting.held_on.day}"
        words = "计划外" if self.lines else "已登记"
        if any(one.pk == meeting.pk for one in self.served.values()):
            words = "已登记"
        cell.entries.append(
            Entry("done", day, _lecture_topic(cell.type, meeting), words, meeting=meeting)
        )

    def _topic(self, line: PlanItem, meeting: Meeting | None) -> str:
        source = meeting if meeting is not None and meeting.topic else line
        return _lecture_topic(line.type, source)

    def state_of(self, line: PlanItem) -> tuple[str, str]:
        """Kind of mark and words of a line that no meeting serves yet."""
        period = period_for(line.type, line.planned_on)
        due = due_on(line.type, period, self.values)
        if self.today > due:
            owed = self.required[line.type].get(period, 0)
            missed = self.held[line.type][period] < owed
            return (missed_kind(line.type), "过期没有开") if missed else ("todo", "没有开")
        left = (due - self.today).days
        if line.month_only:
            kind = "soon" if left <= self.soon_days else "todo"
            return kind, "已计划，日期待定"
        days = (line.planned_on - self.today).days
        if days < 0:
            return "soon" if left <= self.soon_days else "todo", "计划日已过，还可登记"
        kind = "soon" if min(days, left) <= self.soon_days else "todo"
        return kind, f"已计划，还剩 {days} 天" if days else "计划今天开"

    # --- What is asked for and neither planned nor held ---

    def _offer(self, type_: str, cells: list[Cell]) -> None:
        for period, required in self.required[type_].items():
            lines = [
                line
                for line in self.lines
                if line.type == type_
                and line.pk not in self.served
                and period_for(type_, line.planned_on) == period
            ]
            planned = len({line.group_id or line.pk for line in lines})
            if type_ == Type.GROUP and any(line.group_id is None for line in lines):
                planned = required
            missing = required - self.held[type_][period] - planned
            if self.today > due_on(type_, period, self.values):
                if required > self.held[type_][period] and not lines:
                    cells[period.ends_on.month - 1].missed = True
            else:
                for month in self._offers(type_, period, cells)[: max(missing, 0)]:
                    cells[month - 1].wanted = True

    def _offers(self, type_: str, period: Period, cells: list[Cell]) -> list[int]:
        """Months in which a further meeting of the period is offered, the best first."""
        if type_ == Type.LECTURE:
            months: Iterable[int] = _LECTURE_OFFERS
        elif type_ in FOR_A_YEAR:
            months = _YEARLY_OFFERS
        else:
            months = (period.ends_on.month,)
        return [
            month
            for month in months
            if month_end(datetime.date(self.year, month, 1)) >= self.today
            and (SPANS.get(type_) != Span.YEAR or not cells[month - 1].entries)
        ]

    def _group_summary(self, cell: Cell, month: Period) -> list[Entry]:
        """1/2 组 with the groups that are missing."""
        there = groups_on(self.groups, month.ends_on)
        met = self._groups_met(month)
        if not cell.entries:
            return []
        kinds = {entry.kind for entry in cell.entries}
        kind = (
            "done"
            if len(met) == len(there)
            else next((one for one in ("late", "soon") if one in kinds), "todo")
        )
        is_over = self.today > month.ends_on
        if kind in ("soon", "todo") and is_over:
            kind = missed_kind(Type.GROUP)
        words = f"{len(met)}/{len(there)} 组" if met or is_over else f"{len(there)} 组"
        missing = [group.name for group in there if group.pk not in met]
        topics = [
            source.topic
            for entry in cell.entries
            for source in (entry.meeting, entry.line)
            if source is not None and source.topic
        ]
        topic = topics[0] if topics else ""
        if missing and (met or is_over):
            topic = "、".join(missing[:_NAMES_SHOWN])
            topic += (" 等" if len(missing) > _NAMES_SHOWN else "") + "未开"
        return [Entry(kind, words, topic, "")]

    # --- The ends of a row ---

    def _asks(self, type_: str) -> str:
        """每月至少 1 次, with the county's number."""
        year = period_of(Span.YEAR, datetime.date(self.year, 1, 1))
        match type_:
            case Type.MEMBERS_MEETING:
                return f"每季度至少 {self._value(MEMBERS_MEETINGS_A_QUARTER, year)} 次"
            case Type.COMMITTEE:
                if not self.required[type_]:
                    return "不设支委会"
                return f"每月至少 {self._value(COMMITTEES_A_MONTH, year)} 次"
            case Type.GROUP:
                most = max(self.required[type_].values(), default=0)
                return f"每月 1 次，{most} 组" if most else "没有党小组"
            case Type.LECTURE:
                return f"每年至少 {self._value(LECTURES_A_YEAR, year)} 次"
            case Type.THEME_DAY:
                return f"每月 {self._value(THEME_DAYS_A_MONTH, year)} 次"
        return "每年 1 次"

    def _tally(self, type_: str) -> tuple[int, int, str, str]:
        """Held, asked for, kind of mark, words; more than asked for in one period fills no other."""
        owed, held = self.required[type_], self.held[type_]
        done = sum(min(held[period], number) for period, number in owed.items())
        required = sum(owed.values())
        missed = sum(
            number - min(held[period], number)
            for period, number in owed.items()
            if self.today > due_on(type_, period, self.values)
        )
        if not required:
            return sum(held.values()), 0, "todo", "不作要求"
        if missed:
            return done, required, missed_kind(type_), f"欠 {missed} 次"
        if done >= required:
            return done, required, "done", "已完成"
        running = next((one for one in owed if self.today in one), None)
        if running and running.span == Span.QUARTER and held[running] < owed[running]:
            return done, required, "todo", "本季未开"
        return done, required, "todo", "按期"


ROW_ORDER = (
    Type.MEMBERS_MEETING,
    Type.COMMITTEE,
    Type.GROUP,
    Type.LECTURE,
    Type.THEME_DAY,
    Type.LIFE_MEETING,
    Type.APPRAISAL,
)


def missed_kind(type_: str) -> str:
    """The mark of a type that was not held in time."""
    return "soon" if type_ in _ADVICE else "late"


def _lecture_topic(type_: str, source: PlanItem | Meeting) -> str:
    """The topic, of a lecture with the lecturer before it."""
    if type_ == Type.LECTURE and source.lecturer_name:
        return f"{source.lecturer_name}：{source.topic}" if source.topic else source.lecturer_name
    if type_ == Type.GROUP and source.group_id:
        return f"{source.group.name}：{source.topic}" if source.topic else source.group.name
    return source.topic
