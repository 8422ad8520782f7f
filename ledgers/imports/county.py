"""What is stored, and what the rows planned so far will make of it.

Loaded in few queries, whatever the number of rows; every ledger looks here for organisations
and people, stored and planned alike.
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from accounts.roles import Action
from branches.bulk import batched
from branches.models import Organisation
from branches.scope import paths_reached
from ledgers.imports.results import Row
from ledgers.sheets.columns import BRANCH_CODE, BRANCH_NAME, canonical, split_person, write_person
from members.enums import MemberKind
from members.models import Member, Membership

# Keys in one IN (…); SQLite takes 32,766.
CHUNK = 10_000


def chunks(keys: Collection) -> Iterator[list]:
    """The keys in pieces that fit into one query."""
    return batched(keys, CHUNK)


@dataclass(eq=False, slots=True)
class Place:
    """An organisation, stored or planned; `row` is the one that will found it."""

    organisation: Organisation
    above: "Place | None" = None
    row: Row | None = None

    @property
    def pk(self) -> int | None:
        return self.organisation.pk

    @property
    def name(self) -> str:
        return self.organisation.name


@dataclass(eq=False, slots=True)
class Span:
    """A person's time in one branch; without `pk` it is planned."""

    place: Place
    starts_on: datetime.date | None
    ends_on: datetime.date | None
    pk: int | None = None
    group_id: int | None = None
    row: Row | None = None

    def touches(self, start: datetime.date, end: datetime.date) -> bool:
        """Whether it stood at some time between the two days."""
        return (self.starts_on is None or self.starts_on <= end) and (
            self.ends_on is None or self.ends_on >= start
        )


@dataclass(eq=False, slots=True)
class Person:
    """A member, stored or planned; `row` is the one that will create the record."""

    name: str
    mask: str
    kind: str
    born_on: datetime.date | None = None
    joined_on: datetime.date | None = None
    confirmed_on: datetime.date | None = None
    left_on: datetime.date | None = None
    pk: int | None = None
    home: Place | None = None
    row: Row | None = None
    member: Member | None = None
    spans: list[Span] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return self.mask[-4:]

    @property
    def open_span(self) -> Span | None:
        return next((span for span in self.spans if span.ends_on is None), None)

    def span_in(self, start: datetime.date, end: datetime.date) -> Span | None:
        """The person's last time in a branch between the two days."""
        if self.left_on and self.left_on <= start:
            return None
        spans = self.spans
        if len(spans) == 1:
            return spans[0] if spans[0].touches(start, end) else None
        spans = [span for span in spans if span.touches(start, end)]
        return max(spans, key=lambda span: span.starts_on or datetime.date.min, default=None)

    def was_formal(self, day: datetime.date) -> bool:
        """Whether the person was a full member on that day."""
        if self.kind != MemberKind.FORMAL:
            # 转正日期 may be the day expected.
            return False
        return self.confirmed_on is None or self.confirmed_on <= day


class Ambiguous(ValueError):
    """A name that fits several people; the message shows how to write each."""


class County:
    """Organisations and people by every key a workbook may name them by."""

    def __init__(self, *, user, today: datetime.date):
        self.user = user
        self.today = today
        self.by_code: dict[str, Place] = {}
        self.by_pk: dict[int, Place] = {}
        self.people: dict[int, Person] = {}
        self.by_hash: dict[str, Person] = {}
        self.planned: list[Person] = []
        self._reached: dict[str, tuple[str, ...]] = {}
        self._rosters: dict[Place, dict[str, list[tuple[Person, Span]]]] | None = None
        self._asked: dict[tuple[str, str, bool], tuple] = {}
        self._by_name: dict[str, list[Place]] | None = None
        self._load_places()

    # --- Organisations --------------------------------------------------------------------

    def _load_places(self) -> None:
        for organisation in Organisation.objects.order_by("pk"):
            place = Place(organisation)
            self.by_pk[organisation.pk] = self.by_code[organisation.code] = place
        for place in self.by_pk.values():
            place.above = self.by_pk.get(place.organisation.parent_id)

    def add_place(self, place: Place) -> None:
        """Make a planned organisation known."""
        self.by_code[place.organisation.code] = place

    def may(self, place: Place | None, action: str = Action.IMPORT_WORKBOOK) -> bool:
        """Whether the importing user may do that there; None stands above the whole tree."""
        if self.user is None:
            return True
        if action not in self._reached:
            self._reached[action] = paths_reached(self.user, action)
        prefixes = self._reached[action]
        # A planned organisation lies where it is put.
        steps = 0
        while place is not None and place.pk is None and steps < 100:
            place, steps = place.above, steps + 1
        path = place.organisation.path if place else ""
        return any(path.startswith(prefix) for prefix in prefixes)

    def place_coded(self, code: str) -> Place | None:
        return self.by_code.get(code) or self.by_code.get(code.upper())

    def _places_named(self, name: str) -> list[Place]:
        if self._by_name is None:
            self._by_name = defaultdict(list)
            for place in self.by_code.values():
                for text in {canonical(place.name), canonical(place.organisation.short_name)}:
                    self._by_name[text].append(place)
        return self._by_name.get(canonical(name), [])

    def branch_called(self, text: str) -> Place | None:
        """The one branch with that code or name; None where there is none, or several."""
        place = self.place_coded(text.strip())
        if place and place.organisation.is_branch:
            return place
        # People leave out the 党 of 党支部.
        whole = re.sub(r"(?<!党)支部$", "党支部", canonical(text))
        places = [place for place in self._places_named(whole) if place.organisation.is_branch]
        return places[0] if len(places) == 1 else None

    def branch_of(self, row: Row, *, or_committee: bool = False) -> Place | None:
        """The branch a row names by code, by name or both; refuses the row where that fails.

        `or_committee` takes any organisation: work that committees have to do as well.
        """
        code = row.values.get(BRANCH_CODE.heading, "")
        name = row.values.get(BRANCH_NAME.heading, "")
        asked = code, name, or_committee
        if asked not in self._asked:
            self._asked[asked] = self._find_branch(*asked)
        place, column, fault, remark = self._asked[asked]
        if fault:
            row.refuse(column, fault, code or name)
        if remark:
            row.note(BRANCH_NAME.heading, remark, name)
        if place and place.row:
            row.needs.add(place.row)
        return place

    def _find_branch(
        self, code: str, name: str, or_committee: bool
    ) -> tuple[Place | None, str, str, str]:
        """Branch, column at fault, what is wrong, what is worth a look."""
        column = BRANCH_CODE.heading if code or not name else BRANCH_NAME.heading
        if code:
            place = self.place_coded(code)
            if place is None:
                return None, column, f"没有编码为“{code}”的组织，请核对编码，或先导入组织表", ""
        elif name:
            places = self._places_named(name)
            if len(places) > 1:
                codes = "、".join(sorted(place.organisation.code for place in places))
                return None, column, f"有 {len(places)} 个组织叫这个名称（{codes}），请填写编码", ""
            if not places:
                return None, column, "没有叫这个名称的组织，请核对名称，或填写党支部编码", ""
            place = places[0]
        else:
            return None, column, "党支部编码不能为空", ""
        if not self.may(place):
            return None, column, "这个组织不在你的导入范围内", ""
        if not or_committee and not place.organisation.is_branch:
            return None, column, f"“{place.name}”不是党支部，请填写党支部的编码", ""
        remark = ""
        if code and name and place not in self._places_named(name):
            remark = f"编码 {code} 是“{place.name}”，与本行写的名称不同，以编码为准"
        return place, column, "", remark

    # --- People ---------------------------------------------------------------------------

    def load_by_hash(self, hashes: Iterable[str], *, whole: bool = False) -> None:
        """Know the members with these numbers; `whole` with every field a roster compares."""
        wanted = {
            number
            for number in hashes
            if number not in self.by_hash or (whole and self.by_hash[number].member is None)
        }
        for piece in chunks(wanted):
            found = Member.objects.filter(id_number_hash__in=piece)
            self._take(found, whole, Membership.objects.formal().filter(member__in=found))

    def load_by_pk(self, keys: Iterable[int], *, whole: bool = False) -> None:
        """Know the members with these keys."""
        wanted = {
            key
            for key in keys
            if key not in self.people or (whole and self.people[key].member is None)
        }
        for piece in chunks(wanted):
            found = Member.objects.filter(pk__in=piece)
            self._take(found, whole, Membership.objects.formal().filter(member__in=piece))

    def load_rosters(self, places: Iterable[Place]) -> None:
        """Know everybody who ever was in these branches, and index them by name."""
        for piece in chunks({place.pk for place in places if place.pk}):
            inside = Membership.objects.formal().filter(organisation__in=piece).values("member")
            self._take(
                Member.objects.filter(pk__in=inside),
                False,
                Membership.objects.formal().filter(member__in=inside),
            )
        rosters = defaultdict(lambda: defaultdict(list))
        for person in (*self.people.values(), *self.planned):
            for span in person.spans:
                rosters[span.place][person.name].append((person, span))
        self._rosters = rosters

    def _take(self, members, whole: bool, memberships) -> None:
        """Add members not known yet, with all their memberships."""
        fresh = set()
        # Decrypting takes time; numbers are compared by hash, phones by a roster only.
        members = members.defer("id_number") if whole else members.defer("id_number", "phone")
        for member in members:
            person = self.people.get(member.pk)
            if person is None:
                person = _person_of(member, self.by_pk[member.organisation_id])
                self.people[member.pk] = person
                if member.id_number_hash:
                    self.by_hash[member.id_number_hash] = person
                fresh.add(member.pk)
            if whole:
                person.member = member
        spans = memberships.values_list(
            "member_id", "organisation_id", "starts_on", "ends_on", "pk", "group_id"
        )
        for member_id, organisation_id, starts_on, ends_on, pk, group_id in spans:
            if member_id in fresh:
                self.people[member_id].spans.append(
                    Span(self.by_pk[organisation_id], starts_on, ends_on, pk, group_id)
                )

    def add_person(self, person: Person, number_hash: str) -> None:
        """Make a planned member known."""
        self.planned.append(person)
        self.by_hash[number_hash] = person

    def named(self, typed: str, place: Place, day: datetime.date) -> Person | None:
        """The one of that name in the branch on that day; Ambiguous where it fits several.

        `load_rosters` comes first.
        """
        name, mark, _reason = split_person(typed)
        there = self._rosters.get(place)
        if not there or name not in there:
            return None
        fits = {
            person
            for person, span in there[name]
            if span.touches(day, day)
            and not (person.left_on and person.left_on <= day)
            and (not mark or _fits_mark(person, mark))
        }
        if len(fits) > 1:
            ways = "、".join(sorted(write_person(name, person.mark) for person in fits))
            raise Ambiguous(f"支部里有 {len(fits)} 个“{name}”，请写成 {ways} 中的一个")
        return fits.pop() if fits else None


def _fits_mark(person: Person, mark: str) -> bool:
    if "-" not in mark:
        return person.mark.upper() == mark
    year, month = map(int, mark.split("-"))
    return bool(person.born_on) and (person.born_on.year, person.born_on.month) == (year, month)


def _person_of(member: Member, home: Place) -> Person:
    return Person(
        name=member.name,
        mask=member.id_number_mask,
        kind=member.kind,
        born_on=member.born_on,
        joined_on=member.joined_on,
        confirmed_on=member.confirmed_on,
        left_on=member.left_on,
        pk=member.pk,
        home=home,
    )
