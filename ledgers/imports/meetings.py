"""The ledger 三会一课: planned against what is stored, then written."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from branches import bulk
from branches.models import Group
from ledgers.imports.county import Ambiguous, County, Person, Place, chunks
from ledgers.imports.resolutions import plan_resolutions, write_resolutions
from ledgers.imports.results import Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import BRANCH_CODE, CLEAR, canonical, split_person, write_person
from ledgers.sheets.meetings import (
    ABSENT,
    ATTENDANCE,
    CAME,
    DUE,
    FOR_YEAR,
    GROUP,
    HELD,
    HOST,
    HOURS,
    LEAVE,
    LECTURER,
    PLACE,
    PRESENT,
    STARTS,
    TOPIC,
    TYPES,
)
from meetings.enums import FOR_A_YEAR, AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType, Resolution
from meetings.words import says_branch_building

AREA = "meetings"
_TEXTS = {PLACE.heading: "place", TOPIC.heading: "topic"}
_PERSONS = {HOST.heading: "host", LECTURER.heading: "lecturer"}
_COLUMNS = {
    AttendanceState.PRESENT: PRESENT,
    AttendanceState.LEAVE: LEAVE,
    AttendanceState.ABSENT: ABSENT,
}
_INSERTED = tuple(field.attname for field in Meeting._meta.concrete_fields if field.attname != "id")
_UPDATED = (
    "state held_on starts_at place host_id host_name lecturer_id lecturer_name topic hours "
    "group_id for_year on_branch_building version entered_at entered_by_id"
).split()


@dataclass(eq=False, slots=True)
class Stored:
    """A stored meeting with its types and who was there."""

    meeting: Meeting
    types: set[str] = field(default_factory=set)
    roster: dict[Person, tuple[str, str]] = field(default_factory=dict)
    # Attendance rows: key, whether formal and whether voting on the day of the meeting.
    seats: dict[Person, tuple[int, bool, bool]] = field(default_factory=dict)
    resolutions: list[Resolution] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class MeetingPlan:
    """What one row will write. `roster` is given where attendance is new or changes."""

    place: Place
    meeting: Meeting
    persons: dict[str, Person | None] = field(default_factory=dict)
    group: Group | None = None
    types: tuple[Type, ...] | None = None
    stored: Stored | None = None
    roster: dict[Person, tuple[str, str]] | None = None
    # Texts of what was decided, where the cell brings others.
    resolutions: list[str] | None = None
    # Whether a planned meeting becomes one that was held: entered by this import.
    becomes_held: bool = False


class Meetings:
    """Plans and writes the rows of the ledger 三会一课."""

    def __init__(self, county: County):
        self.county = county
        self.by_pk: dict[int, Stored] = {}
        self.on_day: dict[tuple[int, datetime.date], list[Stored]] = defaultdict(list)
        self.groups: dict[Place, dict[str, Group]] = defaultdict(dict)
        self._first: dict[tuple, list[Row]] = defaultdict(list)
        self._claimed: dict[Stored, Row] = {}

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by branch, day, group and type; look people up in the roster of the day."""
        placed = [(row, place) for row in rows if (place := self._place(row))]
        self._load([pair for pair in placed if pair[1].pk])
        self.county.load_rosters({place for _row, place in placed})
        rosters_wanted = []
        for row, place in placed:
            if not self._repeats(row, place):
                stored = self._match(row, place)
                if not row.problems:
                    rosters_wanted.append((row, place, stored))
        wanted = [stored for _row, _place, stored in rosters_wanted if stored]
        self._load_attendance(wanted)
        self._load_resolutions(wanted)
        for row, place, stored in rosters_wanted:
            self._plan_row(row, place, stored)

    def _place(self, row: Row) -> Place | None:
        """Split the day from the hour, and find the branch; None where the row is at fault."""
        held = row.values.get(HELD.heading)
        if isinstance(held, datetime.datetime):
            row.values[HELD.heading] = held.date()
            row.values.setdefault(STARTS.heading, held.time())
        held = row.values.get(HELD.heading)
        place = self.county.branch_of(row)
        faulty = {problem.column for problem in row.problems}
        for column in (TYPES, HELD):
            if column.heading not in row.values and column.heading not in faulty:
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        if held and held > self.county.today:
            row.refuse(HELD.heading, "这一天还没有到；没有召开的会议请登记在年度计划里", held)
        names = "、".join(kind.label for kind in row.values.get(TYPES.heading, ()))
        row.label = f"{place.organisation.short_name if place else ''} {held or ''} {names}".strip()
        return place if place and held and row.values.get(TYPES.heading) else None

    def _repeats(self, row: Row, place: Place) -> bool:
        """Whether an earlier row is the same meeting: branch, day, group and a shared type."""
        day, types = row.values[HELD.heading], set(row.values[TYPES.heading])
        group = canonical(row.values.get(GROUP.heading, ""))
        earlier = self._first[place, day, group]
        for first in earlier:
            if types & set(first.values[TYPES.heading]):
                if not row.problems and all(
                    first.values.get(heading) == value for heading, value in row.values.items()
                ):
                    row.note("", f"与{first.place_from(row)}完全相同，只计一次")
                else:
                    reason = "同一天、同一类型的会议有两行，请合并，或补填“党小组”"
                    row.refuse(HELD.heading, f"与{first.place_from(row)}重复：{reason}", day)
                    first.refuse(HELD.heading, f"与{row.place_from(first)}重复：{reason}", day)
                return True
        earlier.append(row)
        return False

    def _load(self, placed: list[tuple[Row, Place]]) -> None:
        """Meetings of these branches over the days of the rows, and those named by a key."""
        days = [row.values[HELD.heading] for row, _place in placed]
        stamped = {int(row.stamp.pk) for row, _place in placed if row.stamp}
        places = {place.pk: place for _row, place in placed}
        found = []
        for piece in chunks(places):
            found += (
                Meeting.objects.filter(
                    organisation__in=piece, held_on__range=(min(days), max(days))
                )
                .exclude(state=MeetingState.CANCELLED)
                .order_by("pk")
            )
            for group in Group.objects.filter(organisation__in=piece):
                self.groups[places[group.organisation_id]][group.name] = group
        known = {meeting.pk for meeting in found}
        for piece in chunks(stamped - known):
            found += Meeting.objects.filter(pk__in=piece)
        for meeting in found:
            stored = self.by_pk[meeting.pk] = Stored(meeting)
            if meeting.state != MeetingState.CANCELLED:
                self.on_day[meeting.organisation_id, meeting.held_on].append(stored)
        for piece in chunks(self.by_pk):
            types = MeetingType.objects.filter(meeting__in=piece)
            for meeting_id, kind in types.values_list("meeting_id", "type"):
                self.by_pk[meeting_id].types.add(kind)

    def _match(self, row: Row, place: Place) -> Stored | None:
        """The stored meeting a row means; None for a new one."""
        if row.stamp:
            stored = self.by_pk.get(int(row.stamp.pk))
            if stored is None:
                row.refuse(KEY, "系统里没有这一行对应的会议，请清空行标识")
            elif stored.meeting.organisation_id != place.pk:
                row.refuse(
                    BRANCH_CODE.heading, "会议的党支部不能改，请核对", place.organisation.code
                )
            elif stored.meeting.state == MeetingState.CANCELLED:
                row.refuse(KEY, "这次会议在系统里已取消，请核对")
        else:
            stored = self._same_day(row, place)
        if stored is None:
            row.is_new = not row.problems
            return None
        first = self._claimed.setdefault(stored, row)
        if first is not row:
            reason = f"与{first.place_from(row)}对应系统里的同一次会议，请合并成一行"
            row.refuse(HELD.heading, reason, row.values[HELD.heading])
            first.refuse(
                HELD.heading,
                f"与{row.place_from(first)}对应系统里的同一次会议，请合并成一行",
                row.values[HELD.heading],
            )
        return stored

    def _same_day(self, row: Row, place: Place) -> Stored | None:
        types = set(row.values[TYPES.heading])
        group = row.values.get(GROUP.heading)
        fits = [
            stored
            for stored in self.on_day.get((place.pk, row.values[HELD.heading]), ())
            if types & stored.types and (group is None or self._group_name(stored, place) == group)
        ]
        if len(fits) > 1:
            # The closest: exactly these types, then of the whole branch.
            exact = [stored for stored in fits if stored.types == types]
            whole = [stored for stored in exact or fits if stored.meeting.group_id is None]
            fits = whole or exact or fits
        if len(fits) > 1:
            reason = f"系统里这一天有 {len(fits)} 次同类型的会议，请补填“党小组”，或用导出的表修改"
            row.refuse(HELD.heading, reason, row.values[HELD.heading])
            return None
        return fits[0] if fits else None

    def _group_name(self, stored: Stored, place: Place) -> str:
        key = stored.meeting.group_id
        names = (group.name for group in self.groups[place].values() if group.pk == key)
        return next(names, "")

    def _load_attendance(self, meetings: list[Stored]) -> None:
        found = []
        for piece in chunks({stored.meeting.pk for stored in meetings}):
            found += Attendance.objects.filter(meeting__in=piece).values_list(
                "meeting_id", "member_id", "state", "reason", "pk", "was_formal", "may_vote"
            )
        self.county.load_by_pk({member for _meeting, member, *_entry in found})
        for meeting, member, state, reason, *seat in found:
            stored, person = self.by_pk[meeting], self.county.people[member]
            stored.roster[person], stored.seats[person] = (state, reason), tuple(seat)

    def _load_resolutions(self, meetings: list[Stored]) -> None:
        for piece in chunks({stored.meeting.pk for stored in meetings}):
            for one in Resolution.objects.filter(meeting__in=piece).order_by("pk"):
                self.by_pk[one.meeting_id].resolutions.append(one)

    def _plan_row(self, row: Row, place: Place, stored: Stored | None) -> None:
        if stored:
            meeting = stored.meeting
        else:
            meeting = Meeting(hours=Decimal(0), held_on=row.values[HELD.heading])
        row.plan = MeetingPlan(place, meeting, stored=stored)
        self._plan_facts(row, stored)
        self._plan_year(row, stored)
        plan_resolutions(row, stored.resolutions if stored else [])
        self._plan_persons(row, stored)
        self._plan_roster(row, stored)
        self._check_counts(row)
        if stored and meeting.state == MeetingState.PLANNED and not row.problems:
            meeting.state, row.plan.becomes_held = MeetingState.HELD, True
            row.changes.append(("状态", "已计划", "已召开"))

    def _plan_facts(self, row: Row, stored: Stored | None) -> None:
        plan, meeting = row.plan, row.plan.meeting
        before = {
            HELD.heading: meeting.held_on,
            STARTS.heading: meeting.starts_at,
            PLACE.heading: meeting.place,
            TOPIC.heading: meeting.topic,
            HOURS.heading: meeting.hours or None,
            GROUP.heading: self._group_name(stored, plan.place) if stored else "",
            TYPES.heading: tuple(Type(kind) for kind in stored.types) if stored else (),
        }
        before[HOURS.heading] = meeting.hours
        for heading, new in row.differences(before).items():
            if heading == HELD.heading:
                meeting.held_on = new
            elif heading == STARTS.heading:
                meeting.starts_at = new
                if meeting.ends_at and new and meeting.ends_at <= new:
                    row.refuse(
                        heading, f"晚于系统里的结束时间 {meeting.ends_at:%H:%M}", f"{new:%H:%M}"
                    )
            elif heading in _TEXTS:
                setattr(meeting, _TEXTS[heading], new)
                if heading == TOPIC.heading and says_branch_building(new):
                    # Only where it is stated; other words take nothing back.
                    meeting.on_branch_building = True
            elif heading == HOURS.heading:
                meeting.hours = new or Decimal(0)
            elif heading == TYPES.heading:
                plan.types = new
            elif not self._set_group(row, new):
                continue
            if stored:
                row.change(heading, before[heading], new)

    @staticmethod
    def _plan_year(row: Row, stored: Stored | None) -> None:
        """所属年度: only of 组织生活会 and 民主评议; without the cell the year of the day."""
        plan, meeting = row.plan, row.plan.meeting
        types = set(plan.types or (stored.types if stored else ()))
        typed = row.values.get(FOR_YEAR.heading)
        if not types & FOR_A_YEAR:
            meeting.for_year = None
            if typed and not row.untouched(FOR_YEAR.heading):
                reason = "只有组织生活会和民主评议有所属年度，这一格没有采用"
                row.note(FOR_YEAR.heading, reason, typed)
            return
        before = meeting.for_year
        if typed and not meeting.held_on.year - 1 <= typed <= meeting.held_on.year:
            row.refuse(FOR_YEAR.heading, "所属年度应是会议当年或上一年，请核对", typed)
        elif stored and typed:
            if found := row.differences({FOR_YEAR.heading: before}):
                meeting.for_year = found[FOR_YEAR.heading]
                row.change(FOR_YEAR.heading, before, meeting.for_year)
        else:
            meeting.for_year = typed or before or meeting.held_on.year

    def _set_group(self, row: Row, name: str) -> bool:
        groups = self.groups[row.plan.place]
        group = groups.get(name)
        if group is None and not row.plan.place.pk:
            row.note(GROUP.heading, "新支部的党小组在组织表导入以后才有，这一格没有采用", name)
            return False
        if group is None:
            known = "、".join(groups) or "没有"
            row.refuse(GROUP.heading, f"支部没有这个党小组，现有：{known}", name)
            return False
        row.plan.meeting.group_id = group.pk
        return True

    def _plan_persons(self, row: Row, stored: Stored | None) -> None:
        """主持人 and 授课人: of the roster of that day where the name is there, else a name only."""
        plan, meeting = row.plan, row.plan.meeting
        for heading, name_of in _PERSONS.items():
            typed = row.values.get(heading)
            if typed is None:
                continue
            before = getattr(meeting, f"{name_of}_name")
            if row.untouched(heading):
                continue
            name, mark, _reason = ("", "", "") if typed is CLEAR else split_person(typed)
            if name == before and not mark:
                continue
            person = self._person(row, heading, typed) if name else None
            if row.problems:
                continue
            if name == before and (not person or person.pk == getattr(meeting, f"{name_of}_id")):
                continue
            setattr(meeting, f"{name_of}_name", name)
            plan.persons[name_of] = person
            if stored:
                row.change(heading, before, typed)

    def _person(self, row: Row, heading: str, typed: str) -> Person | None:
        try:
            person = self.county.named(typed, row.plan.place, row.values[HELD.heading])
        except Ambiguous as fault:
            row.refuse(heading, str(fault), typed)
            return None
        if person and person.row:
            row.needs.add(person.row)
        return person

    def _plan_roster(self, row: Row, stored: Stored | None) -> None:
        """The roster is everybody named as present, on leave or absent.

        A blank cell leaves the people it stood for as they are; a filled one replaces them.
        """
        typed = {
            state: row.values[c.heading]
            for c, state in ATTENDANCE.items()
            if c.heading in row.values
        }
        typed = {
            state: names
            for state, names in typed.items()
            if not row.untouched(_COLUMNS[state].heading)
        }
        if not typed:
            return
        before = dict(stored.roster) if stored else {}
        after = {person: entry for person, entry in before.items() if entry[0] not in typed}
        seen: dict[Person, str] = {}
        for state, names in typed.items():
            for name in () if names is CLEAR else names:
                self._seat(row, state, name, seen, before, after)
        if row.problems or after == before:
            return
        row.plan.roster = after
        if stored:
            for state, column in _COLUMNS.items():
                old, new = _named(before, state), _named(after, state)
                if old != new:
                    row.change(column.heading, old, new)

    def _seat(
        self, row: Row, state: str, typed: str, seen: dict, before: dict, after: dict
    ) -> None:
        """Put one person into the roster; a reason known for the same state stays."""
        heading = _COLUMNS[state].heading
        person = self._person(row, heading, typed)
        if person is None:
            if not row.problems or row.problems[-1].value != typed:
                reason = f"“{typed}”不在支部 {row.values[HELD.heading]} 的党员名册里，列席的请不要填在这里"
                row.refuse(heading, reason, typed)
        elif person in seen:
            row.refuse(
                heading, f"“{typed}”写了两次（{seen[person]}、{heading}），请只留一处", typed
            )
        else:
            seen[person] = heading
            reason = split_person(typed)[2] if state != AttendanceState.PRESENT else ""
            known = before.get(person, ("", ""))
            after[person] = (state, reason or (known[1] if known[0] == state else ""))

    @staticmethod
    def _check_counts(row: Row) -> None:
        """应到 and 实到 follow from the names; what disagrees is worth a look."""
        roster = row.plan.roster
        if roster is None:
            if row.is_new and not row.problems:
                row.note(PRESENT.heading, "没有写参会人员，这次会议不计学时和到会率")
            return
        came = sum(state == AttendanceState.PRESENT for state, _reason in roster.values())
        for column, count, names in ((DUE, len(roster), "三栏人员"), (CAME, came, "参会人员")):
            typed = row.values.get(column.heading)
            if typed is not None and typed != count:
                reason = f"{names}共 {count} 人，与表中人数不同，按人员名单计"
                row.note(column.heading, reason, typed)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the meetings of these rows; whether any has moved on since the plan."""
        meetings = [row.plan.meeting for row in rows if not row.is_new]
        return have_moved(Meeting, {m.pk: (m.version,) for m in meetings}, ("version",))

    def write(self, rows: list[Row], writing: Writing) -> None:
        """Write meetings with their types and attendance."""
        new = [row for row in rows if row.is_new]
        for row, key in zip(new, bulk.reserve_keys(Meeting, len(new)), strict=True):
            meeting = row.plan.meeting
            meeting.pk, meeting.organisation_id = key, row.plan.place.pk
        for row in rows:
            if row.is_new or row.plan.becomes_held:
                meeting = row.plan.meeting
                meeting.entered_at, meeting.entered_by = writing.now, writing.by
            for name, person in row.plan.persons.items():
                setattr(row.plan.meeting, f"{name}_id", person.pk if person else None)
        bulk.insert(
            Meeting,
            ("id", *_INSERTED),
            (
                (row.plan.meeting.pk, *(getattr(row.plan.meeting, name) for name in _INSERTED))
                for row in new
            ),
        )
        changed = [row.plan.meeting for row in rows if not row.is_new]
        for meeting in changed:
            meeting.version += 1
        bulk.update(
            Meeting,
            tuple(_UPDATED),
            ((m.pk, *(getattr(m, name) for name in _UPDATED)) for m in changed),
        )
        self._write_types(rows)
        self._write_attendance(rows)
        write_resolutions([row.plan for row in rows])
        for row in rows:
            meeting, branch = row.plan.meeting, row.plan.place.pk
            writing.line(row, AREA, meeting.pk, branch)
            for day in {meeting.held_on, row.values[HELD.heading]}:
                for home in {branch, *_homes(row.plan)}:
                    writing.note(home, AREA, day, day)

    @staticmethod
    def _write_types(rows: list[Row]) -> None:
        retyped = [row.plan for row in rows if row.plan.types is not None]
        old = [plan.meeting.pk for plan in retyped if plan.stored]
        for piece in chunks(old):
            MeetingType.objects.filter(meeting__in=piece).delete()
        bulk.insert(
            MeetingType,
            ("meeting_id", "type"),
            ((plan.meeting.pk, kind.value) for plan in retyped for kind in plan.types),
        )

    @staticmethod
    def _write_attendance(rows: list[Row]) -> None:
        """Seats that differ are taken away and set anew."""
        gone, fresh = [], []
        for plan in (row.plan for row in rows if row.plan.roster is not None):
            before, day = plan.stored.roster if plan.stored else {}, plan.meeting.held_on
            gone += [
                plan.stored.seats[person][0]
                for person, entry in before.items()
                if plan.roster.get(person) != entry
            ]
            fresh += [
                (plan.meeting.pk, person.pk, str(state), reason, *_standing(plan, person, day))
                for person, (state, reason) in plan.roster.items()
                if before.get(person) != (state, reason)
            ]
        for piece in chunks(gone):
            Attendance.objects.filter(pk__in=piece).delete()
        bulk.insert(
            Attendance,
            ("meeting_id", "member_id", "state", "reason", "was_formal", "may_vote"),
            fresh,
        )


def _homes(plan: MeetingPlan) -> set[int]:
    """Where those who were there belong today: their hours count there."""
    stored = plan.stored.roster if plan.stored else ()
    return {one.home.pk for one in (*stored, *(plan.roster or ())) if one.home and one.home.pk}


def _standing(plan: MeetingPlan, person: Person, day: datetime.date) -> tuple[bool, bool]:
    """Formal and voting: frozen for whoever has a seat, else as on the day of the meeting."""
    if plan.stored and person in plan.stored.seats:
        return plan.stored.seats[person][1:]
    formal = person.was_formal(day)
    return formal, formal


def _named(roster: dict[Person, tuple[str, str]], state: str) -> tuple[str, ...]:
    return tuple(
        write_person(person.name, "", reason)
        for person, (kept, reason) in roster.items()
        if kept == state
    )
