"""The ledger 补学: planned against what is stored, then written."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from ledgers.imports.county import County, Person, Place, chunks
from ledgers.imports.persons import person_typed
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets import study as sheet
from meetings.enums import AttendanceState, MakeUpWay
from meetings.models import Attendance, MakeUp, Meeting
from meetings.services import AREA

_MADE = ("done_on", "way", "hours")
_HEADINGS = {
    sheet.DONE.heading: "done_on",
    sheet.WAY.heading: "way",
    sheet.MADE_UP.heading: "hours",
}


@dataclass(eq=False, slots=True)
class MakeUpPlan:
    """What one row of 补学 will write."""

    place: Place
    person: Person
    make_up: MakeUp
    before: tuple = ()


class MakeUps:
    """Plans and writes the rows of the ledger 补学."""

    def __init__(self, county: County):
        self.county = county
        self.on_day: dict[tuple[Place, datetime.date], list[Meeting]] = defaultdict(list)
        # State by meeting and member; and what was made up already.
        self.seats: dict[tuple[int, int], str] = {}
        self.stored: dict[tuple[int, int], MakeUp] = {}
        self._by_pk: dict[str, MakeUp] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, meeting and person."""
        placed = []
        for row in rows:
            row.label = row.values.get(sheet.MEMBER.heading, "")
            place = self.county.branch_of(row)
            for column in (sheet.MEMBER, sheet.HELD, sheet.DONE):
                if column.heading not in row.values and not row.problems:
                    row.refuse(column.heading, f"“{column.heading}”不能为空")
            if place and not row.problems:
                placed.append((row, place))
        self._load(placed)
        for row, place in placed:
            meeting = self._meeting(row, place)
            if meeting:
                self._plan_row(row, place, meeting)

    def _load(self, placed: list[tuple[Row, Place]]) -> None:
        places = {place.pk: place for _row, place in placed if place.pk}
        days = {row.values[sheet.HELD.heading] for row, _place in placed}
        self.county.load_rosters(set(places.values()))
        found = []
        for piece in chunks(places):
            meetings = Meeting.objects.filter(organisation__in=piece, held_on__in=days)
            found += meetings.held(min(days), max(days)).prefetch_related("types")
        for meeting in found:
            self.on_day[places[meeting.organisation_id], meeting.held_on].append(meeting)
        for piece in chunks({meeting.pk for meeting in found}):
            for meeting_id, member_id, state in Attendance.objects.filter(
                meeting__in=piece
            ).values_list("meeting_id", "member_id", "state"):
                self.seats[meeting_id, member_id] = state
            for one in MakeUp.objects.filter(meeting__in=piece):
                self.stored[one.meeting_id, one.member_id] = one
                self._by_pk[str(one.pk)] = one
        self.county.load_by_pk({member for _meeting, member in self.seats})

    def _meeting(self, row: Row, place: Place) -> Meeting | None:
        day = row.values[sheet.HELD.heading]
        fits = self.on_day.get((place, day), [])
        if types := row.values.get(sheet.TYPES.heading):
            fits = [m for m in fits if {found.type for found in m.types.all()} & set(types)]
        if len(fits) == 1:
            return fits[0]
        reason = (
            "这一天有几次会议，请写明会议类型"
            if fits
            else "系统里没有这次会议，请先登记会议或导入三会一课台账"
        )
        row.refuse(sheet.HELD.heading, reason, day)
        return None

    def _plan_row(self, row: Row, place: Place, meeting: Meeting) -> None:
        if row.stamp:
            stored = self._by_pk.get(row.stamp.pk)
            if stored is None or stored.meeting_id != meeting.pk:
                row.refuse(KEY, "这次会议没有这一行对应的补学，请核对，或清空行标识")
                return
            person = self.county.people.get(stored.member_id)
        else:
            person = person_typed(self.county, row, sheet.MEMBER.heading, place, meeting.held_on)
        if person is None or self._firsts.repeats(row, (meeting.pk, person)):
            return
        make_up = self.stored.get((meeting.pk, person.pk))
        if make_up is None:
            self._begin(row, place, meeting, person)
        else:
            row.plan = MakeUpPlan(
                place, person, make_up, tuple(getattr(make_up, name) for name in _MADE)
            )
            stored = {
                sheet.DONE.heading: make_up.done_on,
                sheet.WAY.heading: MakeUpWay(make_up.way),
                sheet.MADE_UP.heading: make_up.hours,
            }
            for heading, new in row.differences(stored).items():
                row.change(heading, stored[heading], new)
                setattr(make_up, _HEADINGS[heading], new)
        if row.is_new or row.changes:
            self._check(row, meeting, row.plan.make_up)

    def _begin(self, row: Row, place: Place, meeting: Meeting, person: Person) -> None:
        row.is_new = True
        row.plan = MakeUpPlan(
            place,
            person,
            MakeUp(
                meeting=meeting,
                member_id=person.pk,
                done_on=row.values[sheet.DONE.heading],
                way=row.values.get(sheet.WAY.heading) or MakeUpWay.SELF_STUDY,
                hours=row.values.get(sheet.MADE_UP.heading) or meeting.hours,
            ),
        )
        state = self.seats.get((meeting.pk, person.pk))
        if state is None:
            row.refuse(sheet.MEMBER.heading, "不在这次会议的名单里，请核对", row.label)
        elif state == AttendanceState.PRESENT:
            row.refuse(sheet.MEMBER.heading, "这次会议记的是到会，不用补学", row.label)

    def _check(self, row: Row, meeting: Meeting, make_up: MakeUp) -> None:
        """What the service refuses for a single entry."""
        done = make_up.done_on
        if done < meeting.held_on:
            row.refuse(sheet.DONE.heading, f"补学日期早于会议日期 {meeting.held_on}", done)
        elif done > self.county.today:
            row.refuse(sheet.DONE.heading, "补学日期还没有到，补完再登记", done)
        if not Decimal(0) < make_up.hours <= meeting.hours:
            reason = f"补学学时应大于 0，不超过这次会议的 {meeting.hours:.1f} 学时"
            row.refuse(sheet.MADE_UP.heading, reason, make_up.hours)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the meetings and entries of these rows; whether any has moved on since the plan."""
        meetings = [row.plan.make_up.meeting for row in rows if row.is_new]
        known = {row.plan.make_up.pk: row.plan.before for row in rows if not row.is_new}
        return have_moved(
            Meeting, {m.pk: (m.version,) for m in meetings}, ("version",)
        ) or have_moved(MakeUp, known, _MADE)

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        new = [row.plan.make_up for row in rows if row.is_new]
        for one in new:
            one.entered_by = writing.by
        MakeUp.objects.bulk_create(new, batch_size=500)
        changed = [row.plan.make_up for row in rows if not row.is_new]
        MakeUp.objects.bulk_update(changed, _MADE, batch_size=500)
        for row in rows:
            plan = row.plan
            writing.line(row, AREA, plan.make_up.meeting_id, plan.place.pk)
            home = plan.person.home.pk if plan.person.home else plan.place.pk
            for branch in {plan.place.pk, home}:
                writing.note(branch, AREA, plan.make_up.done_on, plan.make_up.done_on)
