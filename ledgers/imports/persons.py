"""Who a row of 班子, 发展党员 or 组织关系转接 is about: by identity number, else by name in a branch."""

import datetime
from collections.abc import Iterable

from accounts.encryption import keyed_hash
from ledgers.imports.county import Ambiguous, County, Person, Place
from ledgers.imports.results import Row
from ledgers.sheets.columns import ID_NUMBER, MEMBER_NAME, Masked, canonical, split_person


def number_hashes(rows: Iterable[Row]) -> dict[Row, str]:
    """The hash of the whole number of each row that has one."""
    hashes = {}
    for row in rows:
        number = row.values.get(ID_NUMBER.heading)
        if number and not isinstance(number, Masked):
            hashes[row] = keyed_hash(number)
    return hashes


def refuse_masked(row: Row) -> bool:
    """Refuse a number with stars in a row without a key; whether that was so."""
    number = row.values.get(ID_NUMBER.heading)
    if row.stamp or not isinstance(number, Masked):
        return False
    reason = "号码带星号，看不出是谁，请填写完整的 18 位号码，或保留“行标识”一列"
    row.refuse(ID_NUMBER.heading, reason, number)
    return True


def note_other_name(county: County, row: Row, person: Person) -> None:
    """Say that the roster knows the number under another name, to who may see that roster."""
    if not county.may(person.home):
        return
    name = row.values.get(MEMBER_NAME.heading, "")
    if name and canonical(split_person(name)[0]) != canonical(person.name):
        reason = f"名册上这个身份证号是“{person.name}”，按身份证号认人"
        row.note(MEMBER_NAME.heading, reason, name)


def person_named(county: County, row: Row, place: Place, day: datetime.date) -> Person | None:
    """The one of that name in the branch on that day; refuses a name that fits several."""
    try:
        return county.named(row.values.get(MEMBER_NAME.heading, ""), place, day)
    except Ambiguous as fault:
        row.refuse(MEMBER_NAME.heading, f"{fault}，或填写身份证号", row.label)
        return None


def note_kept_name(row: Row, stored: str) -> None:
    """Say that a name typed over another is not taken: it is corrected on the person's page."""
    name = split_person(row.values.get(MEMBER_NAME.heading, ""))[0]
    if row.stamp and name and canonical(name) != canonical(stored):
        row.note(MEMBER_NAME.heading, f"系统里是“{stored}”，姓名请在系统里更正，本格没有采用", name)


def person_typed(
    county: County, row: Row, heading: str, place: Place, day: datetime.date
) -> Person | None:
    """The one of that name in the branch on that day; refuses what fits nobody or several."""
    typed = row.values[heading]
    try:
        person = county.named(typed, place, day)
    except Ambiguous as fault:
        row.refuse(heading, str(fault), typed)
        return None
    if person is None:
        row.refuse(heading, f"不在支部 {day} 的党员名册里，请核对支部和姓名", typed)
    elif person.row:
        row.needs.add(person.row)
    return person
