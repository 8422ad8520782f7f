"""Who is expected at a meeting: the roster of the branch on that day, and the circle of a type."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from branches.models import Organisation
from meetings.enums import Type
from meetings.models import Attendance, Meeting
from members.enums import COMMITTEE_TITLES, MemberKind
from members.models import Member, Post
from members.roster import roster

# A committee of one on record is a record that is not finished.
_LEAST_COMMITTEE = 2


class Circle(StrEnum):
    """Who a type of meeting calls together, narrowest first."""

    COMMITTEE = "committee"
    GROUP = "group"
    EVERYBODY = "all"


CIRCLES = {Type.COMMITTEE: Circle.COMMITTEE, Type.GROUP: Circle.GROUP}


@dataclass(frozen=True)
class Person:
    """One member of the branch on the day of a meeting."""

    member_id: int
    name: str
    was_formal: bool
    group_id: int | None
    in_committee: bool


@dataclass(frozen=True)
class Roster:
    """The members of a branch on one day, in list order."""

    held_on: datetime.date
    people: tuple[Person, ...]

    def circle(self, types: Iterable[str], group_id: int | None = None) -> frozenset[int]:
        """Member keys expected at a meeting of these types: the widest circle of them."""
        circles = {CIRCLES.get(type, Circle.EVERYBODY) for type in types} or {Circle.EVERYBODY}
        if Circle.EVERYBODY in circles:
            return frozenset(person.member_id for person in self.people)
        expected = set()
        if Circle.COMMITTEE in circles:
            expected |= {person.member_id for person in self.people if person.in_committee}
        if Circle.GROUP in circles:
            expected |= {
                person.member_id
                for person in self.people
                if group_id is None or person.group_id == group_id
            }
        return frozenset(expected)

    def by_key(self) -> dict[int, Person]:
        return {person.member_id: person for person in self.people}


def was_formal(member: Member, day: datetime.date) -> bool:
    """Whether the member was a formal member (正式党员) on `day`."""
    if member.kind != MemberKind.FORMAL:
        return False
    return member.confirmed_on is None or member.confirmed_on <= day


def roster_on(
    organisation: Organisation, day: datetime.date, *, leaving_out: Meeting | None = None
) -> Roster:
    """The roster of a branch on `day`, with who sits in its committee.

    Posts on record decide; where fewer than two are on record, the people of the last committee
    meeting do, and where there was none, everybody.
    """
    memberships = list(
        roster([organisation], day, attached=True)
        .select_related("member")
        .order_by("member_id", "pk")
    )
    present = {membership.member_id for membership in memberships}
    committee = _committee(organisation, day, present, leaving_out)
    people: dict[int, Person] = {}
    for membership in memberships:
        member = membership.member
        people[member.pk] = Person(
            member_id=member.pk,
            name=member.name,
            was_formal=was_formal(member, day),
            group_id=membership.group_id,
            in_committee=member.pk in committee,
        )
    return Roster(day, tuple(people.values()))


def _committee(organisation, day, present: set[int], leaving_out: Meeting | None) -> set[int]:
    holders = set(
        Post.objects.on(day)
        .filter(organisation=organisation, title__in=COMMITTEE_TITLES, member__in=present)
        .values_list("member_id", flat=True)
    )
    if len(holders) >= _LEAST_COMMITTEE:
        return holders
    earlier = last_of_types(organisation, [Type.COMMITTEE], day, leaving_out=leaving_out)
    if earlier is not None:
        met = set(Attendance.objects.filter(meeting=earlier).values_list("member_id", flat=True))
        if met & present:
            return met & present
    return present


def last_of_types(
    organisation: Organisation,
    types: Iterable[str],
    day: datetime.date,
    *,
    leaving_out: Meeting | None = None,
) -> Meeting | None:
    """The latest meeting of the branch up to `day` that was of one of these types."""
    meetings = Meeting.objects.held(datetime.date.min, day).filter(organisation=organisation)
    if leaving_out is not None:
        meetings = meetings.exclude(pk=leaving_out.pk)
    return (
        meetings.filter(types__type__in=list(types))
        .order_by("-held_on", "-pk")
        .select_related("host")
        .first()
    )
