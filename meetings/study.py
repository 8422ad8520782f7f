"""How members stand to their study hours, who missed what, and whose duties a change touches."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet

from branches.changes import note_changes
from branches.models import Kind
from branches.values import Values
from meetings.enums import AttendanceState, MeetingState
from meetings.hours import (
    LEADERS_HOURS,
    YEARLY_HOURS,
    exempt_on,
    hours_by_member,
    hours_due,
    posts_among,
)
from meetings.models import Attendance, MakeUp, Meeting, StudyExemption
from meetings.services import AREA
from members.models import Member, Post
from members.roster import roster

NOTHING = Decimal(0)
_HALF = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one member of a roster stands to the year's hours on a day.

    `pace` is what should have been reached by then, `post` what makes it 56 hours, in words.
    """

    member_id: int
    organisation_id: int
    hours: Decimal
    required: int
    pace: Decimal
    post: str = ""
    exempt_until: datetime.date | None = None

    @property
    def is_exempt(self) -> bool:
        return self.exempt_until is not None

    @property
    def state(self) -> str:
        """`exempt`, `done`, `behind`, or `open` while the pace is kept."""
        if self.is_exempt:
            return "exempt"
        if self.hours >= self.required:
            return "done"
        return "behind" if self.hours < self.pace else "open"

    @property
    def lacking(self) -> Decimal:
        """Hours short of the pace: the worst has the most."""
        return self.pace - self.hours


def standings(
    organisations, day: datetime.date, *, values: Values | None = None, over: bool = False
) -> list[Standing]:
    """Everybody on the rosters of these organisations on `day` with the hours of that year so far.

    Five queries for any number. `over` says that the year has ended: all hours are asked then.
    """
    values = values or Values()
    memberships = roster(organisations, day)
    members = memberships.values("member_id")
    hours = hours_by_member(day.replace(month=1, day=1), day, members=members)
    posts, exempt = posts_among(members, day), exempt_on(day, members)
    asked = {
        leads: values.on(key, day) for leads, key in ((False, YEARLY_HOURS), (True, LEADERS_HOURS))
    }
    pace = {
        leads: Decimal(yearly) if over else hours_due(yearly, day)
        for leads, yearly in asked.items()
    }
    found = []
    for organisation_id, member_id in memberships.values_list("organisation_id", "member_id"):
        leads = member_id in posts
        freed = exempt.get(member_id)
        found.append(
            Standing(
                member_id,
                organisation_id,
                hours.get(member_id, NOTHING),
                asked[leads],
                pace[leads],
                posts.get(member_id, ""),
                freed.ends_on if freed else None,
            )
        )
    return found


@dataclass(frozen=True)
class Sums:
    """People who are due, and what they have on the average; the exempt are counted apart."""

    due: int
    done: int
    behind: int
    exempt: int
    average: Decimal
    required: Decimal
    pace: Decimal

    @classmethod
    def of(cls, people: Iterable[Standing]) -> "Sums":
        people = list(people)
        due = [one for one in people if not one.is_exempt]
        count = len(due) or 1

        def mean(name: str) -> Decimal:
            total = sum((Decimal(getattr(one, name)) for one in due), NOTHING)
            return (total / count).quantize(_HALF)

        return cls(
            due=len(due),
            done=sum(one.state == "done" for one in due),
            behind=sum(one.state == "behind" for one in due),
            exempt=len(people) - len(due),
            average=mean("hours"),
            required=mean("required"),
            pace=mean("pace"),
        )


def names_of(members: Iterable[int]) -> dict[int, str]:
    """Names by key, of people a roster that may be seen has named, where they are now or not."""
    return dict(Member.objects.filter(pk__in=list(members)).values_list("pk", "name"))


def missed(meetings: QuerySet[Meeting], day: datetime.date) -> QuerySet[Attendance]:
    """待补学: who was on leave or absent at these meetings and has made up nothing yet.

    Meetings held with hours only; who has left the county's rosters or is exempt on `day` is left
    out. A member who moved to another branch since stays: the branch that held the meeting enters
    what he or she studied.
    """
    return (
        Attendance.objects.filter(
            meeting__in=meetings,
            meeting__state=MeetingState.HELD,
            meeting__hours__gt=0,
            state__in=(AttendanceState.LEAVE, AttendanceState.ABSENT),
        )
        .filter(Q(member__left_on__isnull=True) | Q(member__left_on__gt=day))
        .exclude(
            Exists(MakeUp.objects.filter(meeting=OuterRef("meeting"), member=OuterRef("member")))
        )
        .exclude(Exists(StudyExemption.objects.on(day).filter(member=OuterRef("member"))))
        .order_by("-meeting__held_on", "-meeting_id", "member_id")
    )


def note_study(members: Iterable[int], *organisations: int, days: Iterable[datetime.date]) -> None:
    """Have everything judged again that the hours of these members count for: the branch of each,
    the branches in which they hold posts, and `organisations`."""
    days = sorted(days)
    members = list(members)
    touched = defaultdict(set)
    touched["given"] = set(organisations)
    touched["home"] = set(
        Member.objects.filter(pk__in=members).values_list("organisation_id", flat=True)
    )
    touched["posts"] = set(
        Post.objects.filter(member__in=members, organisation__kind=Kind.BRANCH).values_list(
            "organisation_id", flat=True
        )
    )
    note_changes((pk, AREA, days[0], days[-1]) for pk in sorted(set().union(*touched.values())))
