"""The year plan beside what was held: which meeting serves which line, which lines are open.

A line is never a meeting and nothing links the two: they are paired here, by type and time.
Reads only.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from accounts.roles import Action
from branches.models import Organisation
from branches.periods import Period, Span, period_of
from branches.scope import get_for
from branches.values import Values
from meetings.enums import FOR_A_YEAR, MeetingState, Type
from meetings.models import Meeting, PlanItem
from meetings.values import YEARLY_UNTIL, yearly_due_on

# Within which period a meeting of the type may be held instead of on its planned day.
SPANS = {
    Type.MEMBERS_MEETING: Span.QUARTER,
    Type.LECTURE: Span.YEAR,
    Type.LIFE_MEETING: Span.YEAR,
    Type.APPRAISAL: Span.YEAR,
}


def period_for(type_: str, day: datetime.date) -> Period:
    """The period that the duty of a type counts in: a month unless `SPANS` says otherwise."""
    return period_of(SPANS.get(type_, Span.MONTH), day)


def due_on(type_: str, period: Period, values: Values) -> datetime.date:
    """The last day for it: the period's end; for the yearly meetings a day of the next year."""
    if type_ in FOR_A_YEAR:
        return yearly_due_on(period.ends_on, values.on(YEARLY_UNTIL, period.ends_on))
    return period.ends_on


def exists_through(organisation: Organisation, period: Period) -> bool:
    """Whether the organisation stood from the first day of a period to its end, as rules ask."""
    founded, dissolved = organisation.founded_on, organisation.dissolved_on
    return (founded is None or founded <= period.starts_on) and (
        dissolved is None or dissolved > period.ends_on
    )


# --- Plan and reality -----------------------------------------------------------------------


def types_of(meeting: Meeting) -> list[str]:
    """The types of a meeting; fetch `types` beforehand for many."""
    return [row.type for row in meeting.types.all()]


def held_for(organisation: Organisation, year: int) -> list[Meeting]:
    """Meetings held in a year or for it, in the order of their days, with their types."""
    return list(
        Meeting.objects.filter(organisation=organisation, state=MeetingState.HELD)
        .filter(Q(held_on__year=year) | Q(for_year=year))
        .select_related("group")
        .prefetch_related("types")
        .order_by("held_on", "pk")
    )


def lines_of(organisation: Organisation, year: int) -> list[PlanItem]:
    """The standing lines of a branch's plan, in the order of their days."""
    return list(
        PlanItem.objects.standing()
        .filter(plan__organisation=organisation, plan__year=year)
        .select_related("group", "host", "lecturer")
        .order_by("planned_on", "pk")
    )


def paired(items: Iterable[PlanItem], meetings: Iterable[Meeting]) -> dict[int, Meeting]:
    """Which held meeting serves which line, by the key of the line.

    First inside the month, in the order of days; lines and meetings left over are paired inside
    the quarter for 党员大会, inside the year for 党课 (held later than planned, so that one of
    January fills no line of December), 组织生活会 and 民主评议. A meeting of several types serves a
    line of each type; one of a group serves the line of that group, one of all groups together
    serves a line of each.
    """
    free: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in sorted(meetings, key=lambda one: (one.held_on, one.pk)):
        for type_ in types_of(meeting):
            free[type_].append(meeting)
    found: dict[int, Meeting] = {}
    lines = sorted(items, key=lambda one: (one.planned_on, one.pk))
    for fits in (_in_month, _in_period):
        # A line of one group chooses before a line of all of them.
        for line in sorted(lines, key=lambda one: one.group_id is None):
            if line.pk in found:
                continue
            rest = free[line.type]
            meeting = next(
                (one for one in rest if fits(line, one) and _same_group(line, one)), None
            )
            if meeting is None:
                continue
            found[line.pk] = meeting
            if line.group_id is None or meeting.group_id is not None:
                rest.remove(meeting)
    return found


def _in_month(line: PlanItem, meeting: Meeting) -> bool:
    planned, held = line.planned_on, meeting.held_on
    return (planned.year, planned.month) == (held.year, held.month)


def _in_period(line: PlanItem, meeting: Meeting) -> bool:
    if line.type in FOR_A_YEAR:
        return year_meant(meeting) == line.planned_on.year
    if line.type == Type.LECTURE and meeting.held_on < line.planned_on.replace(day=1):
        return False
    return meeting.held_on in period_for(line.type, line.planned_on)


def year_meant(meeting: Meeting) -> int:
    """The year a 组织生活会 or 民主评议 was held for."""
    return meeting.for_year or meeting.held_on.year


def _same_group(line: PlanItem, meeting: Meeting) -> bool:
    return line.group_id is None or meeting.group_id in (None, line.group_id)


def open_lines(organisation: Organisation, year: int) -> list[PlanItem]:
    """The lines of a year that no meeting serves yet, in the order of their days."""
    lines = lines_of(organisation, year)
    if not lines:
        return []
    served = paired(lines, held_for(organisation, year))
    return [line for line in lines if line.pk not in served]


# --- For the form of a meeting --------------------------------------------------------------


def line_for(
    organisation: Organisation, types: Iterable[str], day: datetime.date
) -> PlanItem | None:
    """The open line nearest to `day` whose meeting would count on that day; None for none.

    In the first months of a year the lines of last year's 组织生活会 and 民主评议 are open too.
    """
    types = set(types)
    if not types:
        return None
    values = Values()
    years = [day.year, *([day.year - 1] if types & FOR_A_YEAR else [])]
    near = [
        line
        for year in years
        for line in open_lines(organisation, year)
        if line.type in types and serves(line, day, values)
    ]
    return min(near, key=lambda one: (abs(one.planned_on - day), one.pk), default=None)


def serves(line: PlanItem, day: datetime.date, values: Values) -> bool:
    """Whether a meeting held on `day` would serve the line."""
    period = period_for(line.type, line.planned_on)
    return period.starts_on <= day <= due_on(line.type, period, values)


def line(user, pk: int) -> PlanItem:
    """A standing line that the user may register the meeting of; 404 and 403 as `get_for`."""
    rows = PlanItem.objects.standing().select_related(
        "plan__organisation", "group", "host", "lecturer"
    )
    return get_for(rows, user, Action.RECORD_MEETING, pk=pk)


def together_with(first: PlanItem) -> list[PlanItem]:
    """Lines of other types on the same day, at the same time and about the same: one meeting."""
    if first.month_only:
        return []
    return list(
        PlanItem.objects.standing()
        .filter(
            plan=first.plan_id,
            planned_on=first.planned_on,
            starts_at=first.starts_at,
            topic=first.topic,
            month_only=False,
        )
        .exclude(type=first.type)
        .select_related("group", "host", "lecturer")
        .order_by("pk")
    )
