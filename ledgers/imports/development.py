"""The ledger 发展党员: planned against what is stored, then written.

A row is one person's way. Nobody becomes a member by it, or a formal one: days of admission and
conversion are taken where the roster says the same already. What true conditions forbid is refused
here as it is on the page.
"""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from branches.values import Values
from ledgers.imports.county import County, Person, Place, chunks
from ledgers.imports.persons import (
    note_kept_name,
    note_other_name,
    number_hashes,
    refuse_masked,
)
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, have_moved
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import BRANCH_CODE, BRANCH_NAME, CLEAR, ID_NUMBER, MEMBER_NAME
from ledgers.sheets.development import (
    ADMITTED,
    APPLIED,
    CONFIRMED,
    COURSE,
    FORM_NUMBER,
    NOTES,
    STAGE,
    STEPS,
    values,
    with_noted,
)
from members.development import Taken, faults, way_of
from members.development_stages import LEADS_TO
from members.enums import Gender, MemberKind, Stage, Step
from members.identity import born_on, gender_digit_is_male
from members.models import Development, DevelopmentStep
from members.services import Refused
from members.services.refusals import KNOWN_ELSEWHERE, refuse_target
from members.values import RULES_2026_FROM

# The area of trail lines, as of the service that writes single ways; and of what is judged.
TRAIL_AREA, AREA = "development", "members"
_UPDATED = ("stage", "form_number", "member_id")
_COMPARED = (*_UPDATED, "ended_on", "organisation_id")
_FROM_LEDGER = "据导入的发展党员台账"
# Days on which the roster rests; they are put right on the page of the person.
_RESTING = frozenset({ADMITTED.heading, CONFIRMED.heading})


@dataclass(eq=False, slots=True)
class WayPlan:
    """What one row will write."""

    place: Place
    development: Development
    person: Person | None = None
    steps: dict[str, DevelopmentStep] = field(default_factory=dict)
    # Steps that are new or differ.
    touched: list[DevelopmentStep] = field(default_factory=list)
    before: tuple = ()


class Developments:
    """Plans and writes the rows of the ledger 发展党员."""

    def __init__(self, county: County):
        self.county = county
        self.from_2026 = datetime.date.max
        self.by_pk: dict[int, Development] = {}
        self.by_hash: dict[str, Development] = {}
        self.by_member: dict[int, Development] = {}
        self.steps: dict[int, dict[str, DevelopmentStep]] = defaultdict(dict)
        self._firsts = Firsts()

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by identity number, check, compare."""
        hashes = number_hashes(rows)
        self.county.load_by_hash(hashes.values())
        placed = []
        for row in rows:
            row.label = row.values.get(MEMBER_NAME.heading, "")
            place = self.county.branch_of(row)
            if place and not refuse_masked(row) and not row.problems:
                placed.append((row, place))
        self._load(placed, hashes)
        self.from_2026 = Values().on(RULES_2026_FROM, self.county.today)
        for row, place in placed:
            self._plan_row(row, place, hashes.get(row))

    def _load(self, placed: list[tuple[Row, Place]], hashes: dict[Row, str]) -> None:
        people = {person.pk for hash_ in hashes.values() if (person := self._known(hash_))}
        for names, keys in (
            ("pk__in", {int(row.stamp.pk) for row, _place in placed if row.stamp}),
            ("id_number_hash__in", set(hashes.values())),
            ("member__in", people - {None}),
        ):
            for piece in chunks(keys):
                found = Development.objects.filter(**{names: piece}).defer("id_number", "phone")
                # An ended way first, so that a running one of the same number wins.
                for one in sorted(found, key=_running_last):
                    one = self.by_pk.setdefault(one.pk, one)
                    if one.id_number_hash:
                        self.by_hash[one.id_number_hash] = one
                    if one.member_id:
                        self.by_member[one.member_id] = one
        for piece in chunks(self.by_pk.keys()):
            # Steps that come again have no column.
            columns = set(STEPS.values()) | {Step.CONVERSION_MEETING, Step.EXTENSION}
            for step in DevelopmentStep.objects.filter(development__in=piece, step__in=columns):
                self.steps[step.development_id][step.step] = step

    def _known(self, number_hash: str | None) -> Person | None:
        return self.county.by_hash.get(number_hash) if number_hash else None

    def _plan_row(self, row: Row, place: Place, number_hash: str | None) -> None:
        person = self._known(number_hash)
        if person and not any(span.place is place for span in person.spans):
            # Nothing stored is said of somebody of another branch.
            row.refuse(ID_NUMBER.heading, KNOWN_ELSEWHERE, row.written(ID_NUMBER.heading))
            return
        stored = self._match(row, place, number_hash, person)
        if row.problems or self._firsts.repeats(row, stored or number_hash):
            return
        for heading in STEPS:
            day = row.values.get(heading)
            last = day.until_on if heading == COURSE.heading and day else day
            if last and last > self.county.today:
                row.refuse(heading, "这一天还没有到，请核对", row.written(heading))
        if row.problems:
            return
        if stored is None:
            self._begin(row, place, number_hash, person)
        else:
            self._compare(row, place, stored, person)

    def _match(self, row: Row, place: Place, number_hash, person) -> Development | None:
        """The stored way a row means; None for a new one."""
        if row.stamp:
            stored = self.by_pk.get(int(row.stamp.pk))
            if stored is None:
                row.refuse(KEY, "系统里没有这一行对应的记录，请清空行标识，并填写完整的身份证号")
        elif number_hash is None:
            if not any(problem.column == ID_NUMBER.heading for problem in row.problems):
                row.refuse(ID_NUMBER.heading, "公民身份号码不能为空，系统只按身份证号认人")
            return None
        else:
            stored = self.by_hash.get(number_hash)
            if stored is None and person and person.pk:
                stored = self.by_member.get(person.pk)
        if stored and stored.organisation_id != place.pk:
            own = self.county.by_pk[stored.organisation_id]
            # Nothing stored is said of somebody out of reach.
            where = f"“{own.name}”" if self.county.may(own) else "本县另一个支部"
            row.refuse(BRANCH_CODE.heading, f"这个人的发展党员记录在{where}，请核对支部")
            return None
        return stored

    def _begin(self, row: Row, place: Place, number_hash: str, person: Person | None) -> None:
        """Plan a new way."""
        row.is_new = True
        for column in (MEMBER_NAME, APPLIED):
            if column.heading not in row.values:
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        if not place.organisation.holds_relations:
            form = place.organisation.get_form_display()
            row.refuse(BRANCH_CODE.heading, f"{form}党支部不发展党员，请填党员所在单位的党支部")
        else:
            try:
                refuse_target(place.organisation, row.values.get(APPLIED.heading))
            except Refused as fault:
                row.refuse(BRANCH_CODE.heading, str(fault), place.organisation.code)
        number = row.values[ID_NUMBER.heading]
        development = Development(
            name=row.label,
            born_on=born_on(number),
            gender=Gender.MALE if gender_digit_is_male(number) else Gender.FEMALE,
        )
        development.set_id_number(number)
        row.hidden = number
        row.plan = WayPlan(place, development, person)
        if row.problems:
            return
        if person and ADMITTED.heading not in row.values and not person.left_on:
            reason = "名册里已是党员，请填入党时间"
            row.refuse(ADMITTED.heading, reason)
            return
        self._apply(row, row.values)

    def _compare(self, row: Row, place: Place, stored: Development, person) -> None:
        note_kept_name(row, stored.name)
        steps = dict(self.steps[stored.pk])
        before = values(stored, place.organisation, steps)
        for column in (MEMBER_NAME, ID_NUMBER, BRANCH_CODE, BRANCH_NAME, STAGE):
            del before[column.heading]
        found = row.differences(before)
        if row.problems:
            return
        if stored.ended_on and found:
            reason = f"这份记录已于 {stored.ended_on} 结束（{stored.end_reason}），本行没有采用"
            row.note(MEMBER_NAME.heading, reason)
            return
        for heading in _RESTING & found.keys():
            if before[heading] is not None:
                reason = "名册以这个日期为准，请在系统里更正这个环节，并写明原因"
                row.refuse(heading, reason, row.written(heading))
        self._check_stage(row, Stage(stored.stage) if not found else None)
        if row.problems or not found:
            return
        if person is None and stored.member_id:
            self.county.load_by_pk({stored.member_id})
            person = self.county.people[stored.member_id]
        row.plan = WayPlan(place, stored, person, steps)
        row.plan.before = tuple(getattr(stored, name) for name in _COMPARED)
        self._apply(row, found)
        if not row.problems:
            for heading, new in found.items():
                row.change(heading, before[heading], new)

    def _apply(self, row: Row, found: dict) -> None:
        """Put days and texts into the planned way; refuse what cannot be."""
        plan = row.plan
        for heading, step in STEPS.items():
            if found.get(heading) is not None:
                self._take(plan, step, found[heading])
        if CONFIRMED.heading in found and Step.CONVERSION_MEETING not in plan.steps:
            # The superior decides on what the meeting has resolved.
            self._take(plan, Step.CONVERSION_MEETING, found[CONFIRMED.heading])
        for heading, (step, label) in NOTES.items():
            if heading in found:
                self._remark(row, heading, step, label, found[heading])
        if FORM_NUMBER.heading in found:
            typed = found[FORM_NUMBER.heading]
            plan.development.form_number = "" if typed is CLEAR else typed
        self._check_roster(row, found)
        if not row.problems:
            self._check_conditions(row)
        stage = _stage_of(plan.steps)
        plan.development.stage = stage
        self._check_stage(row, stage)

    @staticmethod
    def _take(plan: WayPlan, step: str, day) -> None:
        on, until_on = (day.on, day.until_on) if step == Step.COURSE else (day, None)
        known = plan.steps.get(step)
        if known is None:
            note = _FROM_LEDGER if step == Step.CONVERSION_MEETING else ""
            known = plan.steps[step] = DevelopmentStep(step=step, note=note)
        known.on, known.until_on = on, until_on
        if known not in plan.touched:
            plan.touched.append(known)

    @staticmethod
    def _remark(row: Row, heading: str, step: str, label: str, text) -> None:
        plan = row.plan
        text = "" if text is CLEAR else text
        known = plan.steps.get(step)
        if known is None:
            if text:
                row.refuse(heading, f"要先填“{_HEADING_OF[step]}”", text)
            return
        known.note = with_noted(known.note, label, text)[:300]
        if known not in plan.touched:
            plan.touched.append(known)

    def _check_roster(self, row: Row, found: dict) -> None:
        """Who is admitted or converted by this row is so on the roster already."""
        plan, person = row.plan, row.plan.person
        if ADMITTED.heading in found:
            if person is None:
                reason = "名册里没有这个身份证号，请先导入党员花名册，或在系统里登记支部大会接收"
                row.refuse(ADMITTED.heading, reason, row.written(ADMITTED.heading))
                return
            if person.pk and self.by_member.get(person.pk, plan.development) != plan.development:
                row.refuse(ID_NUMBER.heading, "这名党员已有一份发展党员记录，请核对")
            if person.row:
                row.needs.add(person.row)
            if (
                person.joined_on
                and person.joined_on != found[ADMITTED.heading]
                and self.county.may(person.home)
            ):
                reason = f"名册上的入党日期是 {person.joined_on}，两处不一致，请核对"
                row.note(ADMITTED.heading, reason, row.written(ADMITTED.heading))
            note_other_name(self.county, row, person)
        if CONFIRMED.heading in found:
            if Step.ADMISSION_MEETING not in plan.steps:
                row.refuse(ADMITTED.heading, "填了转正时间，入党时间不能为空")
            elif person is None or person.kind != MemberKind.FORMAL:
                reason = "名册里还是预备党员，转正请在系统里由上级审批"
                row.refuse(CONFIRMED.heading, reason, row.written(CONFIRMED.heading))

    def _check_conditions(self, row: Row) -> None:
        """What true conditions forbid: age, a year as activist, the end of probation."""
        plan = row.plan
        taken = [(s.step, s.on, s.until_on, s.hours) for s in plan.steps.values()]
        way = way_of(taken, plan.development.born_on)
        said = set()
        for step in plan.touched:
            heading = _HEADING_OF.get(step.step, CONFIRMED.heading)
            one = Taken(step.step, step.on, step.until_on, step.hours)
            for fault in faults(one, way, self.from_2026):
                if fault.hint or fault.words in said:
                    continue
                said.add(fault.words)
                tell = row.refuse if fault.blocks else row.note
                tell(heading, fault.words, row.written(heading))

    @staticmethod
    def _check_stage(row: Row, stage: str | None) -> None:
        """The stage follows from the days; another one in the cell is worth a look."""
        typed = row.values.get(STAGE.heading)
        if stage and typed and typed != stage and not row.untouched(STAGE.heading):
            reason = f"按各环节的日期，当前阶段是“{Stage(stage).label}”，这一格没有采用"
            row.note(STAGE.heading, reason, typed.label)

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock the ways of these rows; whether any has moved on since the plan."""
        known = {row.plan.development.pk: row.plan.before for row in rows if not row.is_new}
        return have_moved(Development, known, _COMPARED)

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Write ways and their steps; members have their keys by now."""
        for row in rows:
            plan = row.plan
            plan.development.organisation_id = plan.place.pk
            if plan.person and Step.ADMISSION_MEETING in plan.steps:
                plan.development.member_id = plan.person.pk
        new = [row.plan.development for row in rows if row.is_new]
        Development.objects.bulk_create(new, batch_size=500)
        names = [name.removesuffix("_id") for name in _UPDATED]
        known = [row.plan.development for row in rows if not row.is_new]
        Development.objects.bulk_update(known, names, batch_size=500)
        steps = []
        for row in rows:
            for step in row.plan.touched:
                step.development_id = row.plan.development.pk
                steps.append(step)
        DevelopmentStep.objects.bulk_update(
            [step for step in steps if step.pk], ["on", "until_on", "note"], batch_size=500
        )
        DevelopmentStep.objects.bulk_create([step for step in steps if not step.pk], batch_size=500)
        for row in rows:
            development, place = row.plan.development, row.plan.place
            writing.line(row, TRAIL_AREA, development.pk, place.pk)
            days = [step.on for step in row.plan.touched]
            writing.note(place.pk, AREA, min(days, default=writing.horizon))


_HEADING_OF = {step: heading for heading, step in STEPS.items()}


def _running_last(development: Development) -> tuple:
    return development.ended_on is None, development.ended_on or datetime.date.min, development.pk


def _stage_of(steps: dict[str, DevelopmentStep]) -> str:
    """The furthest stage that the steps lead to."""
    reached = [stage for step, stage in LEADS_TO.items() if step in steps]
    order = list(Stage)
    return max(reached, key=order.index, default=Stage.APPLICANT)
