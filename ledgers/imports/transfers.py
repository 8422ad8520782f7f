"""The ledger 组织关系转接: planned against what is stored, then written.

A row is a transfer as one of its sides keeps it. Nobody is moved, received or taken off a roster
by a workbook: a reception is an act of the new side on the page. What is over already, by the
roster, is taken as the history that it is.
"""

from collections import defaultdict
from dataclasses import dataclass

from accounts.roles import Action
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
from ledgers.sheets.columns import (
    BRANCH_CODE,
    BRANCH_NAME,
    CLEAR,
    ID_NUMBER,
    MEMBER_NAME,
    canonical,
)
from ledgers.sheets.transfers import (
    ADDRESSEE,
    DAYS,
    DIRECTION,
    FIELDS,
    LETTER,
    LETTER_ON,
    OTHER_SIDE,
    RECEIPT,
    STARTED,
    Direction,
    values,
)
from members.enums import TransferState
from members.models import Member, Transfer
from members.services import AREA, Refused
from members.services.refusals import refuse_target
from members.services.transfers import LETTER_DAYS, TRAIL_AREA

_LETTER = (ADDRESSEE.heading, LETTER.heading, LETTER_ON.heading, DAYS.heading)
_OPEN = (TransferState.STARTED, TransferState.LETTER_OUT)
_UPDATED = (*FIELDS.values(), "state")
_ON_THE_PAGE = "接收和回执请在“组织关系转接”里登记，导入不改动名册"


@dataclass(eq=False, slots=True)
class TransferPlan:
    """What one row will write; `member` is who it is about, where that is a member of the county."""

    place: Place
    transfer: Transfer
    member: Person | None = None
    other: Place | None = None
    before: tuple = ()


class Transfers:
    """Plans and writes the rows of the ledger 组织关系转接."""

    def __init__(self, county: County):
        self.county = county
        self.by_pk: dict[int, Transfer] = {}
        self.by_person: dict[object, list[Transfer]] = defaultdict(list)
        self._firsts = Firsts()
        self._days = 0

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by identity number and day; check, compare."""
        hashes = number_hashes(rows)
        self.county.load_by_hash(hashes.values())
        self._days = Values().on(LETTER_DAYS, self.county.today)
        self._load(rows, hashes)
        for row in rows:
            row.label = row.values.get(MEMBER_NAME.heading, "")
            person = self.county.by_hash.get(hashes.get(row))
            if not refuse_masked(row) and (place := self._place(row, person)):
                self._plan_row(row, place, hashes.get(row), person)

    def _load(self, rows: list[Row], hashes: dict[Row, str]) -> None:
        people = {p.pk for hash_ in hashes.values() if (p := self.county.by_hash.get(hash_))}
        found: dict[int, Transfer] = {}
        for name, keys in (
            ("pk__in", {int(row.stamp.pk.split("-")[0]) for row in rows if row.stamp}),
            ("member__in", people - {None}),
            ("id_number_hash__in", set(hashes.values())),
        ):
            for piece in chunks(keys):
                some = Transfer.objects.filter(**{name: piece}).defer("id_number", "phone")
                found |= {one.pk: one for one in some.select_related("member")}
        self.by_pk = dict(sorted(found.items()))
        for one in self.by_pk.values():
            one.from_organisation = self._organisation(one.from_organisation_id)
            one.to_organisation = self._organisation(one.to_organisation_id)
            self.by_person[one.member_id or one.id_number_hash].append(one)

    def _organisation(self, pk: int | None):
        return self.county.by_pk[pk].organisation if pk else None

    def _place(self, row: Row, person: Person | None) -> Place | None:
        """The branch of the row; for who goes out it may be that of the roster."""
        named = BRANCH_CODE.heading in row.values or BRANCH_NAME.heading in row.values
        if not named and person and row.values.get(DIRECTION.heading) is Direction.OUT:
            if not self.county.may(person.home):
                row.refuse(ID_NUMBER.heading, "这名党员不在你的导入范围内", person.mask)
                return None
            return person.home
        return self.county.branch_of(row)

    def _plan_row(self, row: Row, place: Place, number_hash, person: Person | None) -> None:
        for column in (MEMBER_NAME, DIRECTION, OTHER_SIDE):
            if column.heading not in row.values:
                row.refuse(column.heading, f"“{column.heading}”不能为空")
        if row.problems:
            return
        if not (self._may(place, Action.SUBMIT) or self._may(place, Action.APPROVE)):
            row.refuse(BRANCH_CODE.heading, "办理组织关系转接不在你的权限内，请联系支部书记或上级")
            return
        self._check_days(row)
        stored = self._match(row, place, number_hash, person)
        identity = (
            place,
            number_hash,
            row.values[DIRECTION.heading],
            row.values.get(STARTED.heading),
        )
        seen = (stored, row.values[DIRECTION.heading]) if stored else identity
        if row.problems or self._firsts.repeats(row, seen):
            return
        if stored:
            self._compare(row, place, stored)
        else:
            self._begin(row, place, number_hash, person)

    def _may(self, place: Place, action: str) -> bool:
        return self.county.may(place, action)

    def _check_days(self, row: Row) -> None:
        started, letter_on = row.values.get(STARTED.heading), row.values.get(LETTER_ON.heading)
        for heading, day in ((STARTED.heading, started), (LETTER_ON.heading, letter_on)):
            if day and day > self.county.today:
                row.refuse(heading, "这一天还没有到，请核对", day)
        days = row.values.get(DAYS.heading)
        if days is not None and not 1 <= days <= LETTER_DAYS.maximum:
            row.refuse(DAYS.heading, f"有效天数应在 1 到 {LETTER_DAYS.maximum} 之间", days)

    def _match(self, row: Row, place: Place, number_hash, person) -> Transfer | None:
        """The stored transfer a row means; None for a new one."""
        out = row.values[DIRECTION.heading] is Direction.OUT
        if row.stamp:
            pk, _side, direction = row.stamp.pk.partition("-")
            stored = self.by_pk.get(int(pk))
            if stored is None or place.pk != _side_of(stored, out) or direction != _code(out):
                row.refuse(KEY, "这个支部没有这一行对应的转接，请核对类别和支部，或清空行标识")
                return None
            return stored
        if number_hash is None:
            if not any(problem.column == ID_NUMBER.heading for problem in row.problems):
                row.refuse(ID_NUMBER.heading, "公民身份号码不能为空，系统只按身份证号认人")
            return None
        about = self.by_person[person.pk] if person and person.pk else []
        fits = [
            one for one in (*about, *self.by_person[number_hash]) if _side_of(one, out) == place.pk
        ]
        started = row.values.get(STARTED.heading)
        exact = [one for one in fits if started and one.started_on == started]
        running = [one for one in fits if one.state in _OPEN]
        # The other side may have written another day.
        inside = [one for one in fits if one.from_organisation_id and one.to_organisation_id]
        known = exact or running or (inside if not out else [])
        return known[-1] if known else None

    # --- New rows

    def _begin(self, row: Row, place: Place, number_hash: str, person: Person | None) -> None:
        row.is_new = True
        if STARTED.heading not in row.values:
            row.refuse(STARTED.heading, "“办理时间”不能为空")
            return
        transfer = Transfer(
            name=row.label,
            **{
                name: row.values[heading]
                for heading, name in FIELDS.items()
                if row.values.get(heading, CLEAR) is not CLEAR
            },
        )
        other = self.county.branch_called(row.values[OTHER_SIDE.heading])
        if other is place:
            row.refuse(OTHER_SIDE.heading, "对方单位就是本支部，请核对")
            return
        row.plan = TransferPlan(place, transfer, other=other)
        if person:
            note_other_name(self.county, row, person)
            if person.row:
                row.needs.add(person.row)
        here = bool(person) and person.home is place and not person.left_on
        if row.values[DIRECTION.heading] is Direction.OUT:
            self._begin_out(row, person, here)
        else:
            self._begin_in(row, person, here)
        if row.problems:
            return
        if row.plan.member is None:
            number = row.values[ID_NUMBER.heading]
            transfer.set_id_number(number)
            row.hidden = number
        self._complete_letter(row)

    def _begin_out(self, row: Row, person: Person | None, here: bool) -> None:
        plan, receipt = row.plan, row.values.get(RECEIPT.heading, False)
        if here and receipt:
            row.refuse(RECEIPT.heading, f"名册上还在本支部。{_ON_THE_PAGE}", "是")
        elif here:
            plan.member = person
            self._refuse_second(row, person)
            if any(heading in row.values for heading in _LETTER):
                self._issue(row)
            if plan.other:
                self._refuse_target(row, plan.other)
        elif receipt:
            # Gone before: history, tied to the member where he or she was of this branch.
            if person and any(span.place is plan.place for span in person.spans):
                plan.member = person
            self._finish(row)
        else:
            reason = "本支部名册里没有这个人；已转走的请在“是否有回执”填“是”"
            row.refuse(ID_NUMBER.heading, reason, row.written(ID_NUMBER.heading))

    def _begin_in(self, row: Row, person: Person | None, here: bool) -> None:
        plan = row.plan
        if here:
            plan.member = person
            self._finish(row)
        elif plan.other:
            row.refuse(OTHER_SIDE.heading, "县内转入由转出支部发起，请在那里办理")
        elif row.values.get(RECEIPT.heading):
            row.refuse(RECEIPT.heading, f"名册里没有这个人。{_ON_THE_PAGE}", "是")
        elif person and not person.left_on:
            reason = "这个身份证号已在本县名册里，请由其所在支部发起县内转接"
            row.refuse(ID_NUMBER.heading, reason, row.written(ID_NUMBER.heading))
        else:
            self._refuse_target(row, plan.place)
            plan.transfer.state = TransferState.LETTER_OUT
            plan.transfer.letter_on = plan.transfer.letter_on or plan.transfer.started_on

    def _refuse_second(self, row: Row, person: Person) -> None:
        stored = self.by_person[person.pk] if person.pk else []
        if any(one.state in _OPEN for one in stored):
            reason = "这名党员已有一份在办的转接，请先办完或撤回"
            row.refuse(ID_NUMBER.heading, reason, row.written(ID_NUMBER.heading))
        elif self._firsts.repeats(row, ("open", person)):
            row.is_new = False

    @staticmethod
    def _refuse_target(row: Row, place: Place) -> None:
        try:
            refuse_target(place.organisation, row.values.get(STARTED.heading))
        except Refused as fault:
            row.refuse(OTHER_SIDE.heading, str(fault))

    def _issue(self, row: Row) -> None:
        """A letter is the superior's."""
        transfer = row.plan.transfer
        if not self._may(row.plan.place, Action.APPROVE):
            row.refuse(
                LETTER.heading, "介绍信由上级开具，这几格请空着", row.written(LETTER.heading)
            )
        elif not transfer.letter_number:
            row.refuse(LETTER.heading, "介绍信要有编号，请补上")
        else:
            transfer.state = TransferState.LETTER_OUT
            transfer.letter_on = transfer.letter_on or transfer.started_on

    @staticmethod
    def _finish(row: Row) -> None:
        transfer = row.plan.transfer
        transfer.state = TransferState.RECEIVED
        transfer.received_on = transfer.receipt_on = transfer.ended_on = transfer.started_on
        row.note(RECEIPT.heading, "名册上已办结，只作为历史记录，名册不变")

    def _complete_letter(self, row: Row) -> None:
        transfer = row.plan.transfer
        if transfer.letter_on and transfer.valid_days is None:
            transfer.valid_days = self._days
            row.note(DAYS.heading, f"没有写有效天数，按 {self._days} 天")
        if transfer.state == TransferState.STARTED:
            return
        out = row.values[DIRECTION.heading] is Direction.OUT
        if out and transfer.letter_on and transfer.letter_on < transfer.started_on:
            row.refuse(LETTER_ON.heading, f"早于办理时间 {transfer.started_on}，请核对")

    # --- Rows known already

    def _compare(self, row: Row, place: Place, stored: Transfer) -> None:
        direction = row.values[DIRECTION.heading]
        note_kept_name(row, stored.name)
        before = values(stored, direction)
        for column in (MEMBER_NAME, ID_NUMBER, BRANCH_CODE, BRANCH_NAME, DIRECTION):
            del before[column.heading]
        typed = row.values[OTHER_SIDE.heading]
        if not self._same_side(typed, before.pop(OTHER_SIDE.heading)):
            row.refuse(OTHER_SIDE.heading, "对方单位不能改，请撤回后重新发起", typed)
        found = row.differences(before)
        if direction is Direction.IN and stored.from_organisation_id and found:
            row.note(MEMBER_NAME.heading, "县内转接以转出支部登记的为准，本行没有采用")
            return
        if RECEIPT.heading in found:
            row.refuse(RECEIPT.heading, _ON_THE_PAGE, row.written(RECEIPT.heading))
        letter = [heading for heading in _LETTER if heading in found]
        if letter and stored.from_organisation_id and not self._may(place, Action.APPROVE):
            row.refuse(letter[0], "介绍信由上级开具和更正，请联系上级", row.written(letter[0]))
        if row.problems or not found:
            return
        row.plan = TransferPlan(place, stored)
        row.plan.before = tuple(getattr(stored, name) for name in _UPDATED)
        for heading, new in found.items():
            row.change(heading, before[heading], new)
            setattr(stored, FIELDS[heading], new)
        if letter and stored.state == TransferState.STARTED:
            self._issue(row)
        self._complete_letter(row)

    def _same_side(self, typed: str, stored: str) -> bool:
        if canonical(typed) == canonical(stored):
            return True
        place = self.county.branch_called(typed)
        return place is not None and place.name == stored

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        """Lock these transfers; whether any has moved on, or its member's place has."""
        known = {row.plan.transfer.pk: row.plan.before for row in rows if row.plan.transfer.pk}
        people = [row.plan.member for row in rows if row.plan.member and row.plan.member.pk]
        homes = {p.pk: (p.home.pk, p.left_on) for p in people if p.row is None}
        names = ("organisation_id", "left_on")
        return have_moved(Transfer, known, _UPDATED) or have_moved(Member, homes, names)

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """Write transfers; members have their keys by now, and stay where they are."""
        for row in rows:
            plan, transfer = row.plan, row.plan.transfer
            if transfer.pk:
                continue
            out = row.values[DIRECTION.heading] is Direction.OUT
            other = plan.other.pk if plan.other else None
            text = "" if plan.other else row.values[OTHER_SIDE.heading]
            transfer.member_id = plan.member.pk if plan.member else None
            transfer.started_by = writing.by
            if out:
                transfer.from_organisation_id = plan.place.pk
                transfer.to_organisation_id, transfer.to_outside = other, text
            else:
                transfer.to_organisation_id = plan.place.pk
                transfer.from_organisation_id, transfer.from_outside = other, text
        known = [row.plan.transfer for row in rows if row.plan.transfer.pk]
        Transfer.objects.bulk_update(known, _UPDATED, batch_size=500)
        new = [row.plan.transfer for row in rows if not row.plan.transfer.pk]
        Transfer.objects.bulk_create(new, batch_size=500)
        for row in rows:
            transfer, place = row.plan.transfer, row.plan.place
            writing.line(row, TRAIL_AREA, transfer.pk, place.pk)
            writing.note(place.pk, AREA, transfer.letter_on or transfer.started_on)


def _side_of(transfer: Transfer, out: bool) -> int | None:
    return transfer.from_organisation_id if out else transfer.to_organisation_id


def _code(out: bool) -> str:
    return (Direction.OUT if out else Direction.IN).value
