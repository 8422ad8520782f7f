"""The ledger 党员: planned against what is stored, then written."""

import datetime
from dataclasses import dataclass, field

from django.db import connection

from accounts.encryption import keyed_hash
from branches import bulk
from ledgers.imports.branches import link_secretaries
from ledgers.imports.county import County, Person, Place, Span
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing, hold
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import (
    BRANCH_CODE,
    BRANCH_NAME,
    CLEAR,
    ID_NUMBER,
    MEMBER_NAME,
    PHONE,
    Masked,
)
from ledgers.sheets.members import (
    BORN,
    CONFIRMED,
    EDUCATION,
    ETHNICITY,
    FLOATING,
    GENDER,
    JOINED,
    KIND,
    OCCUPATION,
    Month,
    values,
)
from members.enums import Gender, MemberKind
from members.identity import born_on, gender_digit_is_male, masked_id_number
from members.initials import initials
from members.models import Member, Membership, Post

AREA = "members"
_FIELDS = {
    MEMBER_NAME.heading: "name",
    GENDER.heading: "gender",
    ETHNICITY.heading: "ethnicity",
    BORN.heading: "born_on",
    EDUCATION.heading: "education",
    KIND.heading: "kind",
    JOINED.heading: "joined_on",
    CONFIRMED.heading: "confirmed_on",
    OCCUPATION.heading: "occupation",
    FLOATING.heading: "is_floating",
}
_SEALED = ("id_number", "phone")
_INSERTED = tuple(
    field.attname for field in Member._meta.concrete_fields if field.attname not in _SEALED
)
_UPDATED = (*_FIELDS.values(), "phone_mask", "organisation_id", "group_id")
# What a plan was made from; none of it may have changed when it is written.
_COMPARED = (*_UPDATED, "id_number_hash", "left_on")
_REQUIRED = (MEMBER_NAME, KIND)


@dataclass(eq=False, slots=True)
class MemberPlan:
    """What one row will write. `opened` is the new membership, `closed` the one before."""

    person: Person
    fields: set[str] = field(default_factory=set)
    opened: Span | None = None
    closed: Span | None = None
    corrected: Span | None = None
    # Encrypted number and phone of a new member.
    sealed: tuple[str, ...] = ()
    links: list[Post] = field(default_factory=list)
    # What was stored when the plan was made.
    before: tuple = ()


class Members:
    """Plans and writes the rows of the ledger 党员."""

    def __init__(self, county: County):
        self.county = county
        self._firsts = Firsts()
        self._hashes: dict[Row, str] = {}

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by identity number, check, compare."""
        for row in rows:
            row.label = row.values.get(MEMBER_NAME.heading, "")
            number = row.values.get(ID_NUMBER.heading)
            if number and not isinstance(number, Masked):
                self._hashes[row] = keyed_hash(number)
        self.county.load_by_pk({int(row.stamp.pk) for row in rows if row.stamp}, whole=True)
        self.county.load_by_hash(self._hashes.values(), whole=True)
        for row in rows:
            person = self._match(row)
            if person and not self._firsts.repeats(row, person):
                self._check_identity(row, person)
                if person.pk is None:
                    self._join(row, person)
                else:
                    self._compare(row, person)
        self._hashes.clear()

    def _match(self, row: Row) -> Person | None:
        """The member meant, or a new one; None where the row does not say who it is."""
        number = row.values.get(ID_NUMBER.heading)
        number_hash = self._hashes.get(row)
        if row.stamp:
            return self._match_key(row, number, number_hash)
        if isinstance(number, Masked):
            row.refuse(
                ID_NUMBER.heading,
                "号码带星号，看不出是谁，请填写完整的 18 位号码，或保留“行标识”一列",
                number,
            )
        elif number is None:
            if not any(problem.column == ID_NUMBER.heading for problem in row.problems):
                row.refuse(ID_NUMBER.heading, "公民身份号码不能为空，系统只按身份证号认人")
        elif number_hash in self.county.by_hash:
            return self.county.by_hash[number_hash]
        else:
            person = Person(
                name=row.values.get(MEMBER_NAME.heading, ""),
                mask=masked_id_number(number),
                kind=row.values.get(KIND.heading, ""),
                row=row,
            )
            row.is_new = True
            self.county.add_person(person, number_hash)
            return person
        return None

    def _match_key(self, row: Row, number, number_hash: str | None) -> Person | None:
        person = self.county.people.get(int(row.stamp.pk))
        if person is None:
            row.refuse(KEY, "系统里没有这一行对应的党员，请清空行标识，并填写完整的身份证号")
        elif isinstance(number, Masked):
            if number == person.mask or row.untouched(ID_NUMBER.heading):
                return person
            row.refuse(
                ID_NUMBER.heading, "与名册里的号码不同，要更正请填写完整的 18 位号码", number
            )
            return None
        elif number_hash and self.county.by_hash.get(number_hash, person) is not person:
            row.refuse(ID_NUMBER.heading, "这个身份证号已是另一名党员的，请核对", number)
            return None
        return person

    def _check_identity(self, row: Row, person: Person) -> None:
        """Complete the birth from the number, and note where number and cells disagree."""
        number = row.values.get(ID_NUMBER.heading, "")
        known = born_on(number) if number and not isinstance(number, Masked) else None
        born = row.values.get(BORN.heading)
        if isinstance(born, Month):
            stored = person.member.born_on if person.pk else None
            born = row.values[BORN.heading] = _completed(born, stored, known)
        if known and born and born != known:
            row.note(BORN.heading, f"与身份证号上的 {known} 不一致，按表中日期保留", born)
        gender = row.values.get(GENDER.heading)
        if known and gender and gender_digit_is_male(number) != (gender == Gender.MALE):
            row.note(
                GENDER.heading, "与身份证号第 17 位表示的性别不一致，按表中内容保留", gender.label
            )

    def _join(self, row: Row, person: Person) -> None:
        """Plan a new member with the first membership."""
        for column in _REQUIRED:
            if column.heading not in row.values and not any(
                problem.column == column.heading for problem in row.problems
            ):
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        place = self.county.branch_of(row)
        _refuse_dissolved(row, place)
        number = row.values[ID_NUMBER.heading]
        member = Member(
            **{
                name: row.values[heading]
                for heading, name in _FIELDS.items()
                if row.values.get(heading, CLEAR) is not CLEAR
            }
        )
        member.born_on = member.born_on or born_on(number)
        male = gender_digit_is_male(number)
        member.gender = member.gender or (Gender.MALE if male else Gender.FEMALE)
        member.set_id_number(number)
        phone = row.values.get(PHONE.heading, "")
        if isinstance(phone, Masked):
            row.refuse(PHONE.heading, "号码带星号，请填写完整的号码", phone)
        elif phone is not CLEAR:
            member.set_phone(phone)
        row.hidden = member.id_number + member.phone
        row.plan = MemberPlan(person)
        self._check_dates(row, member, {})
        person.member = member
        _learn(person)
        if place:
            person.home = place
            row.plan.opened = Span(place, member.joined_on, None, row=row)
            person.spans.append(row.plan.opened)

    def _compare(self, row: Row, person: Person) -> None:
        """Plan what a row changes of a stored member; a refused row changes nothing."""
        member, county = person.member, self.county
        if not county.may(person.home):
            # Nothing stored is shown of a member out of reach.
            reason = "这名党员的组织关系不在你的导入范围内，转入请办理组织关系转接"
            row.refuse(ID_NUMBER.heading, reason, row.written(ID_NUMBER.heading))
            return
        row.label = row.label or member.name
        place = person.home
        if BRANCH_CODE.heading in row.values or BRANCH_NAME.heading in row.values:
            place = county.branch_of(row)
        stored = values(member, person.home.organisation)
        stored[PHONE.heading] = self._stored_phone(row, member)
        # Both cells name one branch; which one it is was found out above.
        del stored[BRANCH_NAME.heading], stored[ID_NUMBER.heading]
        if place is person.home or member.left_on:
            del stored[BRANCH_CODE.heading]
        elif place:
            row.values.setdefault(BRANCH_CODE.heading, place.organisation.code)
        found = row.differences(stored)
        self._check_dates(row, member, found)
        if not row.problems:
            before = tuple(getattr(member, name) for name in _COMPARED)
            row.plan = MemberPlan(person, before=before)
            self._apply(row, person, place, stored, found)

    def _apply(self, row: Row, person: Person, place: Place, stored: dict, found: dict) -> None:
        member, plan, joined_before = person.member, row.plan, person.joined_on
        self._correct_number(row, person)
        for heading, new in found.items():
            row.change(heading, stored[heading], new)
            if heading == PHONE.heading:
                member.set_phone(new)
                plan.fields.add("phone")
                row.hidden += new
            elif heading == BRANCH_CODE.heading:
                self._transfer(row, person, place)
            else:
                setattr(member, _FIELDS[heading], new)
                plan.fields.add(_FIELDS[heading])
        _learn(person)
        if "joined_on" in plan.fields:
            self._correct_start(plan, joined_before)
        if member.left_on:
            reason = f"这名党员已于 {member.left_on} 离开（{member.left_reason}），组织关系没有改动"
            row.note(MEMBER_NAME.heading, reason, member.name)

    @staticmethod
    def _stored_phone(row: Row, member: Member) -> str:
        """The stored phone, or its mask where the cell holds a mask."""
        typed = row.values.get(PHONE.heading)
        if isinstance(typed, Masked):
            if typed == member.phone_mask or row.untouched(PHONE.heading):
                return typed
            row.refuse(PHONE.heading, "与名册里的号码不同，要更正请填写完整的号码", typed)
        return member.phone

    def _correct_number(self, row: Row, person: Person) -> None:
        """With a row key the number itself may be corrected."""
        number, number_hash = row.values.get(ID_NUMBER.heading), self._hashes.get(row)
        if number_hash and number_hash != person.member.id_number_hash:
            row.change(ID_NUMBER.heading, person.mask, number)
            row.hidden += number
            person.member.set_id_number(number)
            person.mask = person.member.id_number_mask
            row.plan.fields.add("id_number")
            self.county.by_hash[number_hash] = person

    def _transfer(self, row: Row, person: Person, place: Place) -> None:
        """Move the member to another branch as of today; yesterday was the last day in the old."""
        _refuse_dissolved(row, place)
        today, plan, span = self.county.today, row.plan, person.open_span
        if span and span.starts_on and span.starts_on >= today:
            # Begun today or later: nothing of it is past yet.
            span.place = place
            plan.corrected = span
        else:
            if span:
                span.ends_on = today - datetime.timedelta(days=1)
                plan.closed = span
            plan.opened = Span(place, today, None, row=row)
            person.spans.append(plan.opened)
        person.home = place
        plan.fields.add("organisation_id")
        reason = f"组织关系自 {today} 起转到“{place.name}”"
        row.note(BRANCH_CODE.heading, reason, place.organisation.code)

    @staticmethod
    def _correct_start(plan: MemberPlan, before: datetime.date | None) -> None:
        """The first membership began on the day of joining; both move together."""
        joined_on = plan.person.joined_on
        for span in plan.person.spans:
            if (
                span.pk
                and span.starts_on == before
                and (joined_on is None or span.ends_on is None or span.ends_on >= joined_on)
            ):
                span.starts_on = joined_on
                plan.corrected = span
                return

    def _check_dates(self, row: Row, member: Member, found: dict) -> None:
        """Refuse days that cannot be, as they will stand with the changes `found`."""
        joined_on = found.get(JOINED.heading, member.joined_on)
        confirmed_on = found.get(CONFIRMED.heading, member.confirmed_on)
        born = found.get(BORN.heading, member.born_on)
        kind = found.get(KIND.heading, member.kind)
        for heading, day in ((JOINED.heading, joined_on), (CONFIRMED.heading, confirmed_on)):
            if day and day > self.county.today and heading in row.values:
                if heading == CONFIRMED.heading and kind == MemberKind.PROBATIONARY:
                    row.note(heading, "这一天还没有到，作为预计转正的日期保留", day)
                else:
                    row.refuse(heading, "这一天还没有到，请核对", day)
        if joined_on and confirmed_on and confirmed_on < joined_on:
            row.refuse(CONFIRMED.heading, f"转正日期早于入党日期 {joined_on}", confirmed_on)
        if joined_on and born and joined_on <= born:
            row.refuse(JOINED.heading, f"入党日期早于出生日期 {born}", joined_on)

    def plan_links(self, rows: list[Row]) -> None:
        """Secretaries known by name only who come onto the roster with these rows."""
        rows = [row for row in rows if row.plan and not row.problems and row.plan.opened]
        owners = {row.plan.person: row for row in rows}
        for post, person in link_secretaries(self.county, {row.plan.opened.place for row in rows}):
            if person in owners:
                owners[person].plan.links.append(post)

    # --- Writing --------------------------------------------------------------------------

    def seal(self, rows: list[Row]) -> None:
        """Encrypt the numbers of new members; before the transaction begins."""
        fields = [Member._meta.get_field(name) for name in _SEALED]
        for row in rows:
            if row.is_new:
                member = row.plan.person.member
                row.plan.sealed = tuple(
                    field.get_db_prep_save(getattr(member, field.name), connection)
                    for field in fields
                )

    @staticmethod
    def hold(rows: list[Row], others: set[int]) -> bool:
        """Lock the members of these rows, and others; whether any of the rows' has moved on."""
        known = {row.plan.person.pk: row.plan.before for row in rows if not row.is_new}
        found = hold(Member, known.keys() | others, _COMPARED)
        stored = {pk: values for pk, values in found if pk in known}
        return stored != known

    def write(self, rows: list[Row], writing: Writing) -> None:
        """Write members and memberships."""
        new = [row for row in rows if row.is_new]
        for row, key in zip(new, bulk.reserve_keys(Member, len(new)), strict=True):
            person = row.plan.person
            person.pk = person.member.pk = key
            person.member.organisation_id = person.home.pk
        for row in rows:
            # Rows written in bulk do not pass through `save`, which would do this.
            row.plan.person.member.initials = initials(row.plan.person.member.name)
        bulk.insert(
            Member,
            (*_INSERTED, *_SEALED),
            (
                (*(getattr(row.plan.person.member, name) for name in _INSERTED), *row.plan.sealed)
                for row in new
            ),
            ready=_SEALED,
        )
        self._update([row for row in rows if not row.is_new])
        self._write_memberships(rows)
        for row in rows:
            person = row.plan.person
            writing.line(row, AREA, person.pk, person.home.pk)
            writing.note(person.home.pk, AREA, person.joined_on or writing.horizon)
            if row.plan.closed:
                writing.note(row.plan.closed.place.pk, AREA, writing.today)

    @staticmethod
    def _update(rows: list[Row]) -> None:
        for row in rows:
            member = row.plan.person.member
            if "organisation_id" in row.plan.fields:
                member.organisation_id, member.group_id = row.plan.person.home.pk, None
        names = (*_UPDATED, "initials")
        bulk.update(
            Member,
            names,
            (
                (member.pk, *(getattr(member, name) for name in names))
                for member in (row.plan.person.member for row in rows)
            ),
        )
        for names, flag in (
            (("phone",), "phone"),
            (("id_number", "id_number_hash", "id_number_mask"), "id_number"),
        ):
            members = [row.plan.person.member for row in rows if flag in row.plan.fields]
            bulk.update(
                Member, names, ((m.pk, *(getattr(m, name) for name in names)) for m in members)
            )

    @staticmethod
    def _write_memberships(rows: list[Row]) -> None:
        # Ended before the next is begun: one open membership at a time.
        changed = [span for row in rows for span in (row.plan.closed, row.plan.corrected) if span]
        bulk.update(
            Membership,
            ("organisation_id", "starts_on", "ends_on"),
            ((span.pk, span.place.pk, span.starts_on, span.ends_on) for span in changed),
        )
        bulk.insert(
            Membership,
            ("member_id", "organisation_id", "group_id", "is_attached", "starts_on", "ends_on"),
            (
                (
                    row.plan.person.pk,
                    row.plan.opened.place.pk,
                    None,
                    False,
                    row.plan.opened.starts_on,
                    None,
                )
                for row in rows
                if row.plan.opened
            ),
        )
        links = []
        for row in rows:
            for post in row.plan.links:
                post.member_id = row.plan.person.pk
                links.append(post)
        Post.objects.bulk_update(links, ["member"], batch_size=500)


def _refuse_dissolved(row: Row, place: Place | None) -> None:
    """Nobody comes onto the roster of a branch that is no more."""
    if place and (day := place.organisation.dissolved_on):
        reason = f"“{place.name}”已于 {day} 撤销，请填别的党支部"
        row.refuse(BRANCH_CODE.heading, reason, place.organisation.code)


def _learn(person: Person) -> None:
    """What other ledgers ask about a person follows the planned facts."""
    member = person.member
    person.name, person.kind = member.name, member.kind
    person.born_on, person.joined_on = member.born_on, member.joined_on
    person.confirmed_on, person.left_on = member.confirmed_on, member.left_on


def _completed(typed: Month, *known: datetime.date | None) -> datetime.date:
    """The day for a month of birth: the first known one that lies in that month."""
    months = {typed.first.month, 10 if typed.maybe_october else typed.first.month}
    for day in known:
        if day and day.year == typed.first.year and day.month in months:
            return day
    return typed.first
