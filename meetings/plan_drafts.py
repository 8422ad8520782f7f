"""What a year plan begins with: lines drafted from the rules, or taken over from the year before.

Nothing is stored here. Days that are no working days are left as they are.
"""

import calendar
import datetime
from collections import Counter
from collections.abc import Iterable

from branches.models import Group, Organisation
from branches.periods import Period, Span, month_end, months_between, period_of
from branches.values import Values
from meetings.enums import FOR_A_YEAR, MeetingState, Type
from meetings.models import Meeting, PlanItem
from meetings.plans import exists_through, held_for, lines_of, types_of, year_meant
from meetings.values import (
    COMMITTEES_A_MONTH,
    LECTURES_A_YEAR,
    MEMBERS_MEETINGS_A_QUARTER,
    THEME_DAY,
    THEME_DAYS_A_MONTH,
    lectures_due,
)
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Post
from members.posts import COMMITTEE_FROM
from members.roster import counts

# Lectures stand in the middle month of a quarter first, then in its last and its first.
_LECTURE_MONTHS = (1, 2, 0)
_LIFE_TOPICS = {Type.LIFE_MEETING: "召开年度组织生活会", Type.APPRAISAL: "民主评议党员"}


def on_day(month: datetime.date, day: int) -> datetime.date:
    """That day of the month, or its last where the month is shorter."""
    return month.replace(day=min(day, calendar.monthrange(month.year, month.month)[1]))


def same_weekday(day: datetime.date, year: int) -> datetime.date:
    """The same weekday of the same week of the month in another year.

    Where a month has no fifth one, it is the last.
    """
    first = datetime.date(year, day.month, 1)
    offset = (day.weekday() - first.weekday()) % 7 + (day.day - 1) // 7 * 7
    moved = first + datetime.timedelta(days=offset)
    return moved if moved.month == day.month else moved - datetime.timedelta(days=7)


def theme_day_of(organisation: Organisation, year: int, values: Values, today) -> int:
    """The branch's fixed day of the month: that of last year's plan, else of the days held in the
    year before, else the county's value."""
    planned = [
        line.planned_on.day
        for line in lines_of(organisation, year - 1)
        if line.type == Type.THEME_DAY and not line.month_only
    ]
    return _most_frequent(planned or _days_held(organisation, year, today)) or values.on(
        THEME_DAY, today
    )


def _days_held(organisation: Organisation, year: int, today: datetime.date) -> list[int]:
    days = Meeting.objects.filter(
        organisation=organisation,
        state=MeetingState.HELD,
        types__type=Type.THEME_DAY,
        held_on__gte=datetime.date(year - 1, 1, 1),
        held_on__lte=today,
    )
    return [day.day for day in days.values_list("held_on", flat=True)]


def _most_frequent(days: Iterable[int]) -> int | None:
    """The day that occurs most, the earlier one of two."""
    tally = Counter(days)
    return min(tally, key=lambda day: (-tally[day], day), default=None)


def groups_on(groups: Iterable[Group], day: datetime.date) -> list[Group]:
    """Those of the groups that exist on `day`."""
    return [
        group
        for group in groups
        if (group.starts_on is None or group.starts_on <= day)
        and (group.ends_on is None or group.ends_on >= day)
    ]


def committee_people(organisation: Organisation, day: datetime.date) -> list[Post]:
    """One post for each person of the committee on `day`, the secretary first."""
    order = {title: index for index, title in enumerate(PostTitle.values)}
    posts = (
        Post.objects.on(day)
        .filter(organisation=organisation, title__in=COMMITTEE_TITLES)
        .select_related("member")
    )
    people: dict = {}
    for post in sorted(posts, key=lambda one: (order[one.title], one.pk)):
        people.setdefault(post.member_id or post.person_name, post)
    return list(people.values())


def first_month(year: int, today: datetime.date) -> datetime.date:
    """From which month on a plan made today is drafted: what is past is no plan any more."""
    first = datetime.date(year, 1, 1)
    if year < today.year:
        return datetime.date(year + 1, 1, 1)
    return max(first, today.replace(day=1))


class _Draft:
    """The lines of one branch and year, in the making."""

    def __init__(self, organisation: Organisation, year: int, today: datetime.date):
        self.organisation, self.year, self.today = organisation, year, today
        self.values = Values()
        self.day = theme_day_of(organisation, year, self.values, today)
        self.people = committee_people(organisation, today)
        self.months = months_between(first_month(year, today), datetime.date(year, 12, 31))
        self.held = held_for(organisation, year)
        self.lines: list[PlanItem] = []

    def value(self, key):
        return self.values.on(key, max(self.today, datetime.date(self.year, 1, 1)))

    def add(self, type_: str, month: datetime.date, *, dated: bool = True, **facts) -> None:
        """A line in that month, on the branch's day or, where none is known, without a day."""
        line = PlanItem(
            type=type_,
            planned_on=on_day(month, self.day) if dated else month_end(month),
            month_only=not dated,
            **facts,
        )
        chair = self.people[0] if self.people and type_ != Type.GROUP else None
        if chair is not None:
            line.host, line.host_name = chair.member, chair.person_name
            line.responsible = chair.person_name
        self.lines.append(line)

    def held_of(self, type_: str) -> int:
        """How many meetings of a type count for the year already."""
        return sum(
            type_ in types_of(meeting)
            and (year_meant(meeting) if type_ in FOR_A_YEAR else meeting.held_on.year) == self.year
            for meeting in self.held
        )

    def monthly(self) -> None:
        groups = list(self.organisation.groups.order_by("pk"))
        formal = counts([self.organisation.pk], self.today).get(self.organisation.pk, (0, 0))[1]
        meets = formal >= self.value(COMMITTEE_FROM)
        for month in self.months:
            period = period_of(Span.MONTH, month)
            if not exists_through(self.organisation, period):
                continue
            for number in range(self.value(THEME_DAYS_A_MONTH)):
                self.add(Type.THEME_DAY, month, dated=number == 0)
            for _number in range(self.value(COMMITTEES_A_MONTH) if meets else 0):
                self.add(Type.COMMITTEE, month, dated=False)
            for group in groups_on(groups, period.ends_on):
                self.add(Type.GROUP, month, dated=False, group=group)

    def quarters(self) -> list[Period]:
        """The quarters with a month left to plan in which the branch stands throughout."""
        found = dict.fromkeys(period_of(Span.QUARTER, month) for month in self.months)
        return [one for one in found if exists_through(self.organisation, one)]

    def quarterly(self) -> None:
        for quarter in self.quarters():
            months = [month for month in self.months if month in quarter]
            for number in range(self.value(MEMBERS_MEETINGS_A_QUARTER)):
                self.add(Type.MEMBERS_MEETING, months[-1 - number % len(months)])

    def lectures(self) -> None:
        due = lectures_due(
            self.value(LECTURES_A_YEAR), self.organisation.founded_on, self.year
        ) - self.held_of(Type.LECTURE)
        quarters = self.quarters()
        if not quarters or self._ends_inside():
            return
        in_quarter: Counter[Period] = Counter()
        for number in range(max(due, 0)):
            quarter = quarters[number * len(quarters) // due]
            wanted = _LECTURE_MONTHS[in_quarter[quarter] % len(_LECTURE_MONTHS)]
            in_quarter[quarter] += 1
            months = [month for month in self.months if month in quarter]
            month = months_between(quarter.starts_on, quarter.ends_on)[wanted]
            lecturer = self.people[number % len(self.people)] if self.people else None
            self.add(
                Type.LECTURE,
                month if month in months else months[0],
                lecturer=lecturer and lecturer.member,
                lecturer_name=lecturer.person_name if lecturer else "",
            )

    def yearly(self) -> None:
        """组织生活会 and 民主评议, normally in the fourth quarter and often together."""
        last = period_of(Span.QUARTER, datetime.date(self.year, 12, 31))
        if not self.months or not exists_through(self.organisation, last):
            return
        for type_, topic in _LIFE_TOPICS.items():
            if not self.held_of(type_):
                self.add(type_, self.months[-1], topic=topic)

    def _ends_inside(self) -> bool:
        gone = self.organisation.dissolved_on
        return gone is not None and gone <= datetime.date(self.year, 12, 31)


def draft_lines(organisation: Organisation, year: int, *, today: datetime.date) -> list[PlanItem]:
    """Lines, not stored, that fulfil what the rules ask of the branch in what is left of a year.

    主题党日 each month on the branch's fixed day; 支委会 each month where there are enough formal
    members; 党小组会 each month for each group that exists; 党员大会 once a quarter; 党课 by the
    county's number, less what was held, lecturers in turn; 组织生活会 and 民主评议 in the fourth
    quarter. A branch gets lines for the months and quarters in which it stands throughout.
    """
    draft = _Draft(organisation, year, today)
    draft.quarterly()
    draft.monthly()
    draft.lectures()
    draft.yearly()
    return sorted(draft.lines, key=lambda one: (one.planned_on, list(Type).index(one.type)))


def copied_lines(organisation: Organisation, year: int, *, today: datetime.date) -> list[PlanItem]:
    """Last year's lines moved to the same weekday of the same week, not stored.

    Month, topic, times, place and way are taken over; people as far as they are members of the
    branch today, groups as far as they exist. What would lie outside the branch's time or in
    months past is left out.
    """
    first = max(filter(None, (first_month(year, today), organisation.founded_on)))
    members = set(organisation.members.filter(left_on=None).values_list("pk", flat=True))
    groups = list(organisation.groups.all())
    lines = []
    for old in lines_of(organisation, year - 1):
        day = same_weekday(old.planned_on, year)
        day = month_end(day) if old.month_only else day
        gone = organisation.dissolved_on is not None and day >= organisation.dissolved_on
        ended = old.group is not None and old.group not in groups_on(groups, day)
        if day < first or gone or ended:
            continue
        lines.append(_copied(old, day, members))
    return lines


def _copied(old: PlanItem, day: datetime.date, members: set[int]) -> PlanItem:
    line = PlanItem(type=old.type, group=old.group, planned_on=day, month_only=old.month_only)
    for name in ("starts_at", "ends_at", "place", "topic", "way", "responsible"):
        setattr(line, name, getattr(old, name))
    for name in ("host", "lecturer"):
        key = getattr(old, f"{name}_id")
        if key is None or key in members:
            setattr(line, f"{name}_id", key)
            setattr(line, f"{name}_name", getattr(old, f"{name}_name"))
    return line
