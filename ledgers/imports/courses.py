"""The ledger 培训: planned against what is stored, then written."""

from dataclasses import dataclass

from django.db.models import F

from branches.models import Kind
from ledgers.imports.county import County, Person, Place, chunks
from ledgers.imports.persons import person_typed
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets import study as sheet
from ledgers.sheets.columns import canonical, split_person
from meetings.enums import TrainingKind, TrainingLevel
from meetings.models import Training, TrainingAttendance
from meetings.services import AREA
from meetings.services.trainings import TRAIL_AREA

_LEVELS = {Kind.BRANCH: TrainingLevel.BRANCH, Kind.COUNTY: TrainingLevel.COUNTY}
_FACTS = {
    sheet.KIND.heading: "kind",
    sheet.LEVEL.heading: "level",
    sheet.CENTRAL.heading: "is_central",
    sheet.PLACE.heading: "place",
    sheet.WHOLE.heading: "hours",
}


@dataclass(eq=False, slots=True)
class CoursePlan:
    """What one row of 培训 will write: one person's part in a course, stored or new."""

    place: Place
    organiser: Place
    person: Person
    course: Training
    part: TrainingAttendance
    before: tuple = ()


class Courses:
    """Plans and writes the rows of the ledger 培训."""

    def __init__(self, county: County):
        self.county = county
        self.courses: dict[tuple, Training] = {}
        # The row that brings a course: others of the same course have to agree with it.
        self._brought: dict[tuple, Row] = {}
        self.parts: dict[tuple[int, int], TrainingAttendance] = {}
        self._parts_by_pk: dict[str, TrainingAttendance] = {}
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by organiser, name and last day of the course, and by person."""
        placed = []
        for row in rows:
            row.label = row.values.get(sheet.MEMBER.heading, "")
            place = self.county.branch_of(row)
            organiser = self._organiser(row, place)
            self._days(row)
            for column in (sheet.MEMBER, sheet.TITLE, sheet.ENDS):
                if column.heading not in row.values and not row.problems:
                    row.refuse(column.heading, f"“{column.heading}”不能为空")
            if place and organiser and not row.problems:
                placed.append((row, place, organiser))
        self._load({organiser for _row, _place, organiser in placed})
        self.county.load_rosters({place for _row, place, _organiser in placed})
        for row, place, organiser in placed:
            if person := self._person(row, place):
                self._plan_row(row, place, organiser, person)

    def _organiser(self, row: Row, place: Place | None) -> Place | None:
        """Who organised the course: the branch itself where nothing is said."""
        code = row.values.get(sheet.ORGANISER.heading)
        if not code:
            return place
        organiser = self.county.place_coded(code)
        if organiser is None or organiser.pk is None:
            row.refuse(sheet.ORGANISER.heading, f"没有编码为“{code}”的组织，请核对编码", code)
        return organiser

    def _days(self, row: Row) -> None:
        starts, ends = (row.values.get(column.heading) for column in (sheet.STARTS, sheet.ENDS))
        starts, ends = starts or ends, ends or starts
        if not ends:
            return
        row.values[sheet.STARTS.heading], row.values[sheet.ENDS.heading] = starts, ends
        if ends < starts:
            row.refuse(sheet.ENDS.heading, f"结束日期早于开始日期 {starts}", ends)
        elif ends > self.county.today:
            row.refuse(sheet.ENDS.heading, "培训还没有结束，结束以后再登记", ends)

    def _load(self, organisers: set[Place]) -> None:
        places = {place.pk: place for place in organisers}
        for piece in chunks(places):
            courses = Training.objects.filter(organisation__in=piece, cancelled_at=None)
            for course in courses.order_by("pk"):
                self.courses[_identity(places[course.organisation_id], course)] = course
        for piece in chunks({course.pk for course in self.courses.values()}):
            for part in TrainingAttendance.objects.filter(training__in=piece):
                self.parts[part.training_id, part.member_id] = part
                self._parts_by_pk[str(part.pk)] = part
        self.county.load_by_pk({member for _course, member in self.parts})

    def _person(self, row: Row, place: Place) -> Person | None:
        if row.stamp:
            part = self._parts_by_pk.get(row.stamp.pk)
            if part is None:
                row.refuse(KEY, "系统里没有这一行对应的参训记录，请核对主办单位，或清空行标识")
                return None
            person = self.county.people[part.member_id]
            if split_person(row.label)[0] != person.name:
                reason = f"这一行原来是“{person.name}”，换人请另起一行并清空行标识"
                row.refuse(sheet.MEMBER.heading, reason, row.label)
                return None
            return person
        return person_typed(
            self.county, row, sheet.MEMBER.heading, place, row.values[sheet.ENDS.heading]
        )

    def _plan_row(self, row: Row, place: Place, organiser: Place, person: Person) -> None:
        identity = _identity(organiser, row.values)
        course = self.courses.get(identity)
        if course is None:
            course = self._begin(row, organiser)
            if course is None:
                return
            self.courses[identity] = course
            self._brought[identity] = row
        elif first := self._brought.get(identity):
            self._agree(row, first)
        else:
            self._compare_course(row, course)
        if self._firsts.repeats(row, (identity, person)):
            return
        part = self.parts.get((course.pk, person.pk)) if course.pk else None
        if row.stamp and (part is None or str(part.pk) != row.stamp.pk):
            reason = "培训名称和日期请在系统里更正；另一个培训请另起一行并清空行标识"
            row.refuse(sheet.TITLE.heading, reason, row.values[sheet.TITLE.heading])
            return
        self._plan_part(row, CoursePlan(place, organiser, person, course, part))

    def _plan_part(self, row: Row, plan: CoursePlan) -> None:
        hours = row.values.get(sheet.HOURS.heading)
        if plan.part is None:
            row.is_new = True
            whole = plan.course.hours if hours is None else hours
            plan.part = TrainingAttendance(
                member_id=plan.person.pk, organisation_id=plan.place.pk, hours=whole
            )
        else:
            plan.before = (plan.part.hours,)
            found = row.differences({sheet.HOURS.heading: plan.part.hours})
            if sheet.HOURS.heading in found:
                row.change(sheet.HOURS.heading, plan.part.hours, hours)
                plan.part.hours = hours
        row.plan = plan
        if (row.is_new or row.changes) and not self.county.may(plan.organiser):
            reason = "这个培训由别的组织登记，不在你的导入范围内，请联系主办单位"
            row.refuse(sheet.ORGANISER.heading, reason, plan.organiser.organisation.code)

    def _begin(self, row: Row, organiser: Place) -> Training | None:
        """The course that the first of its rows describes."""
        given = row.values
        hours = given.get(sheet.WHOLE.heading, given.get(sheet.HOURS.heading))
        if hours is None:
            row.refuse(sheet.WHOLE.heading, "“培训学时”不能为空")
            return None
        level = given.get(sheet.LEVEL.heading) or _LEVELS.get(
            organiser.organisation.kind, TrainingLevel.COMMITTEE
        )
        return Training(
            organisation_id=organiser.pk,
            title=given[sheet.TITLE.heading],
            kind=given.get(sheet.KIND.heading) or TrainingKind.MEMBERS,
            level=level,
            is_central=given.get(sheet.CENTRAL.heading) or False,
            starts_on=given[sheet.STARTS.heading],
            ends_on=given[sheet.ENDS.heading],
            place=given.get(sheet.PLACE.heading, ""),
            hours=hours,
        )

    @staticmethod
    def _agree(row: Row, first: Row) -> None:
        """Rows of one new course say the same of it."""
        for heading in _FACTS:
            mine, theirs = row.values.get(heading), first.values.get(heading)
            if mine is not None and theirs is not None and canonical(mine) != canonical(theirs):
                reason = f"与{first.place_from(row)}是同一个培训，这一格写得不一样，请核对"
                row.refuse(heading, reason, row.written(heading))
        if first.problems:
            row.needs.add(first)

    @staticmethod
    def _compare_course(row: Row, course: Training) -> None:
        stored = sheet_facts(course)
        for heading in row.differences(stored):
            reason = f"系统里是“{stored[heading]}”，培训的情况请在系统里更正，这一格没有采用"
            row.note(heading, reason, row.written(heading))

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the courses and parts of these rows; whether any has moved on since the plan."""
        courses = {r.plan.course.pk: (r.plan.course.version,) for r in rows if r.plan.course.pk}
        parts = {row.plan.part.pk: row.plan.before for row in rows if not row.is_new}
        return have_moved(Training, courses, ("version",)) or have_moved(
            TrainingAttendance, parts, ("hours",)
        )

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """New courses first, then who took part."""
        known = {row.plan.course.pk for row in rows if row.plan.course.pk}
        for row in rows:
            if row.plan.course.pk is None:
                row.plan.course.entered_by = writing.by
                row.plan.course.save()
            row.plan.part.training = row.plan.course
        new = [row.plan.part for row in rows if row.is_new]
        TrainingAttendance.objects.bulk_create(new, batch_size=500)
        changed = [row.plan.part for row in rows if not row.is_new]
        TrainingAttendance.objects.bulk_update(changed, ["hours"], batch_size=500)
        for piece in chunks(known):
            Training.objects.filter(pk__in=piece).update(version=F("version") + 1)
        for row in rows:
            plan = row.plan
            writing.line(row, TRAIL_AREA, plan.course.pk, plan.organiser.pk)
            home = plan.person.home.pk if plan.person.home else plan.place.pk
            for branch in {plan.place.pk, home}:
                writing.note(branch, AREA, plan.course.ends_on, plan.course.ends_on)


def sheet_facts(course: Training) -> dict:
    """What is said of a stored course, by heading."""
    return {
        sheet.KIND.heading: TrainingKind(course.kind),
        sheet.LEVEL.heading: TrainingLevel(course.level),
        sheet.CENTRAL.heading: course.is_central,
        sheet.STARTS.heading: course.starts_on,
        sheet.PLACE.heading: course.place,
        sheet.WHOLE.heading: course.hours,
    }


def _identity(organiser: Place, course) -> tuple:
    if isinstance(course, Training):
        return organiser, canonical(course.title), course.ends_on
    return organiser, canonical(course[sheet.TITLE.heading]), course[sheet.ENDS.heading]
