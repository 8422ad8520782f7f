"""The ledger 考勤: who was at meetings that are stored, put right cell by cell.

Meetings are found by branch, day, type and group; none is made here. A blank cell says nothing.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from ledgers.imports.county import Ambiguous, County, Person, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.attendance import MEMBER, SHEET, read_head, write_seat
from ledgers.sheets.columns import CLEAR, split_person
from meetings.enums import AttendanceState
from meetings.models import Attendance, MakeUp, Meeting
from meetings.services import AREA

_FIXED = frozenset(column.heading for column in SHEET.columns)


@dataclass(eq=False, slots=True)
class Held:
    """A stored meeting with its roster: attendance row, state and reason by member key."""

    meeting: Meeting
    types: frozenset[str]
    group: str
    seats: dict[int, tuple[int, str, str]] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class SeatPlan:
    """What one row will write: for each meeting the seat of that person."""

    place: Place
    person: Person
    seats: dict[str, tuple[Held, str, str]] = field(default_factory=dict)


class AttendanceBook:
    """Plans and writes the rows of the ledger 考勤."""

    def __init__(self, county: County):
        self.county = county
        self.on_day: dict[tuple[Place, datetime.date], list[Held]] = defaultdict(list)
        self.made_up: set[tuple[int, int]] = set()
        # What the ledger 三会一课 of the same files does: it names the people of its meetings.
        self.brought: dict[tuple[Place, datetime.date], set[str]] = {}
        self.rewritten: set[int] = set()
        self._told: set[tuple[Place, str]] = set()
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def beside(self, rows: list[Row]) -> None:
        """Know what the rows of 三会一课 in the same files bring and whose people they change."""
        for row in rows:
            plan = row.plan
            if plan is None or row.problems:
                continue
            if row.is_new or plan.becomes_held:
                key = plan.place, plan.meeting.held_on
                types = plan.types or plan.stored.types
                self.brought.setdefault(key, set()).update(map(str, types))
            elif plan.roster is not None:
                self.rewritten.add(plan.meeting.pk)

    def plan(self, rows: list[Row]) -> None:
        """Match each cell by the heading of its column and the person of its row."""
        placed = []
        for row in rows:
            row.label = row.values.get(MEMBER.heading, "")
            if not row.label:
                row.refuse(MEMBER.heading, "“姓名”不能为空")
            place = self.county.branch_of(row)
            if place and not row.problems:
                placed.append((row, place))
        self._load(placed)
        for row, place in placed:
            person = self._person(row, place)
            if person and not self._firsts.repeats(row, (place, person)):
                row.plan = SeatPlan(place, person)
                known = SHEET.prints_in(row.stamp) if row.stamp else ()
                for heading, seat in row.values.items():
                    # A cell that came back as it was is left alone, whatever has changed since.
                    if heading not in _FIXED and SHEET.print_of(heading, seat) not in known:
                        self._plan_seat(row, heading, seat)

    def _load(self, placed: list[tuple[Row, Place]]) -> None:
        places = {place.pk: place for _row, place in placed if place.pk}
        days = {
            head[0]
            for row, _place in placed
            for heading in row.values
            if heading not in _FIXED and (head := read_head(heading))
        }
        self.county.load_rosters(set(places.values()))
        if not days:
            return
        by_pk = {}
        for piece in chunks(places):
            meetings = (
                Meeting.objects.held(min(days), max(days))
                .filter(organisation__in=piece)
                .select_related("group")
                .prefetch_related("types")
            )
            for meeting in meetings:
                types = frozenset(found.type for found in meeting.types.all())
                held = Held(meeting, types, meeting.group.name if meeting.group else "")
                by_pk[meeting.pk] = held
                self.on_day[places[meeting.organisation_id], meeting.held_on].append(held)
        for piece in chunks(by_pk):
            seats = Attendance.objects.filter(meeting__in=piece)
            for meeting_id, member_id, *seat in seats.values_list(
                "meeting_id", "member_id", "pk", "state", "reason"
            ):
                by_pk[meeting_id].seats[member_id] = tuple(seat)
            self.made_up |= set(
                MakeUp.objects.filter(meeting__in=piece).values_list("meeting_id", "member_id")
            )
        self.county.load_by_pk({pk for held in by_pk.values() for pk in held.seats})

    def _person(self, row: Row, place: Place) -> Person | None:
        """By the key of the row, else by name: of the roster on the days of the meetings."""
        if row.stamp:
            member_id, _, branch = row.stamp.pk.partition("-")
            person = self.county.people.get(int(member_id))
            if branch != str(place.pk) or person is None:
                reason = "这一行原来是另一个支部的，党支部不能改；要新增请清空行标识"
                row.refuse(KEY, reason)
                return None
            if split_person(row.label)[0] != person.name:
                reason = f"这一行原来是“{person.name}”，换人请另起一行并清空行标识"
                row.refuse(MEMBER.heading, reason, row.label)
                return None
            return person
        days = sorted(
            {
                head[0]
                for heading in row.values
                if heading not in _FIXED and (head := read_head(heading))
            },
            reverse=True,
        )
        try:
            for day in days or [self.county.today]:
                if person := self.county.named(row.label, place, day):
                    return person
        except Ambiguous as fault:
            row.refuse(MEMBER.heading, str(fault), row.label)
            return None
        reason = "不在支部开会那天的党员名册里，列席的请不要填在这里"
        row.refuse(MEMBER.heading, reason, row.label)
        return None

    def _plan_seat(self, row: Row, heading: str, seat) -> None:
        plan = row.plan
        held = self._meeting(row, heading)
        if held is None or seat is CLEAR:
            return
        state, reason, made_up = seat
        before = held.seats.get(plan.person.pk)
        if before is None and not self._was_there(plan, held):
            day = held.meeting.held_on
            row.refuse(heading, f"{day} 不在这个支部的名册里，请核对", write_seat(seat))
            return
        if before and before[1] == state and not reason:
            reason = before[2]
        was_made_up = (held.meeting.pk, plan.person.pk) in self.made_up
        if made_up and not was_made_up:
            row.note(heading, "补学要写明日期、方式和学时，请填在“补学”表", write_seat(seat))
        if before and before[1:] == (state, reason):
            return
        if held.meeting.pk in self.rewritten:
            fault = "“三会一课”表里也改了这次会议的人员，请只在一张表里改"
            row.refuse(heading, fault, write_seat(seat))
            return
        if was_made_up and state == AttendanceState.PRESENT:
            row.note(heading, "改为到会以后，登记过的补学不再计学时")
        plan.seats[heading] = (held, str(state), reason)
        old = write_seat((before[1], before[2], was_made_up)) if before else ""
        row.changes.append((heading, old, write_seat((state, reason, was_made_up))))

    def _meeting(self, row: Row, heading: str) -> Held | None:
        """The one meeting of the branch that a heading names; refuses the cell where there is none."""
        day, types, group = read_head(heading)
        there = self.on_day.get((row.plan.place, day), ())
        fits = [held for held in there if set(types) & held.types]
        if len(fits) > 1:
            exact = [held for held in fits if held.types == {str(kind) for kind in types}]
            fits = exact or fits
        if len(fits) > 1 or group:
            fits = [held for held in fits if held.group == group]
        if len(fits) == 1:
            return fits[0]
        if not there and {str(kind) for kind in types} & self.brought.get(
            (row.plan.place, day), set()
        ):
            if (row.plan.place, heading) not in self._told:
                self._told.add((row.plan.place, heading))
                row.note(heading, "这次会议随“三会一课”表导入，人员以那张表为准")
            return None
        if fits:
            reason = "这一天有几次同类型的会议，请在列名后写明党小组，如“(第一党小组)”"
        else:
            reason = "系统里没有这次会议，请先登记会议或导入三会一课台账"
        row.refuse(heading, reason, row.written(heading))
        return None

    def _was_there(self, plan: SeatPlan, held: Held) -> bool:
        day = held.meeting.held_on
        return not (plan.person.left_on and plan.person.left_on <= day) and any(
            span.place is plan.place and span.touches(day, day) for span in plan.person.spans
        )

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the meetings of these rows; whether any has moved on since the plan."""
        meetings = [held.meeting for row in rows for held, *_seat in row.plan.seats.values()]
        return have_moved(Meeting, {m.pk: (m.version,) for m in meetings}, ("version",))

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Seats change their state; who was formal and could vote stays frozen."""
        fresh, changed, meetings = [], [], {}
        for row in rows:
            person = row.plan.person
            for held, state, reason in row.plan.seats.values():
                meetings[held.meeting.pk] = held.meeting
                before = held.seats.get(person.pk)
                if before:
                    changed.append(Attendance(pk=before[0], state=state, reason=reason))
                    continue
                formal = person.was_formal(held.meeting.held_on)
                fresh.append(
                    Attendance(
                        meeting=held.meeting,
                        member_id=person.pk,
                        state=state,
                        reason=reason,
                        was_formal=formal,
                        may_vote=formal,
                    )
                )
        Attendance.objects.bulk_update(changed, ["state", "reason"], batch_size=500)
        Attendance.objects.bulk_create(fresh, batch_size=500)
        for meeting in meetings.values():
            meeting.version += 1
        Meeting.objects.bulk_update(meetings.values(), ["version"], batch_size=500)
        AttendanceBook._note(rows, writing)

    @staticmethod
    def _note(rows: list[Row], writing: Writing) -> None:
        for row in rows:
            place, person = row.plan.place, row.plan.person
            for heading, (held, _state, _reason) in row.plan.seats.items():
                told = [change for change in row.changes if change[0] == heading]
                meeting = held.meeting
                writing.line(row, AREA, meeting.pk, place.pk, changes=told)
                for branch in {place.pk, person.home.pk if person.home else place.pk}:
                    writing.note(branch, AREA, meeting.held_on, meeting.held_on)
