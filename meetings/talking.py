"""Talks (谈心谈话) read: who has been talked with this year, who sits in the committee, who may read
what was said."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from accounts.roles import Action, roles_allowing
from branches.models import Organisation
from branches.scope import granted
from branches.values import Key
from meetings.enums import TalkRelation
from meetings.models import TalkPerson
from members.enums import COMMITTEE_TITLES
from members.models import Member, Post
from members.roster import roster

TALKS_A_YEAR = Key(
    "meetings.talks",
    "每名党员每年谈心谈话次数",
    1,
    unit="次",
    minimum=1,
    maximum=12,
    help="支部工作条例第十九条（条款号待核实）：一般不少于 1 次；有的地方要求 2 次",
)
# A list longer than this is not worth naming in a query.
_NAMED_AT_MOST = 500


def talk_days(
    starts_on: datetime.date, ends_on: datetime.date, members: Iterable[int] | None = None
) -> dict[int, list[datetime.date]]:
    """Days of the standing talks each member took part in, on either side, in order."""
    rows = TalkPerson.objects.filter(
        talk__cancelled_at=None, talk__held_on__gte=starts_on, talk__held_on__lte=ends_on
    )
    named = None if members is None else list(members)
    if named is not None and len(named) <= _NAMED_AT_MOST:
        rows = rows.filter(member__in=named)
    days = defaultdict(list)
    for member_id, day in rows.order_by("talk__held_on", "pk").values_list(
        "member_id", "talk__held_on"
    ):
        days[member_id].append(day)
    return days


@dataclass
class Coverage:
    """How far a branch has got: its members on the last day, each with the days of his talks."""

    least: int
    days: dict[int, list[datetime.date]] = field(default_factory=dict)

    @property
    def members(self) -> int:
        return len(self.days)

    @property
    def met(self) -> list[int]:
        """Members talked with as often as asked."""
        return [pk for pk, days in self.days.items() if len(days) >= self.least]

    @property
    def missing(self) -> int:
        return self.members - len(self.met)

    @property
    def met_on(self) -> datetime.date | None:
        """The day on which the last member had been talked with often enough."""
        if self.missing or not self.days:
            return None
        return max(days[self.least - 1] for days in self.days.values())


def coverage(
    organisations, starts_on: datetime.date, ends_on: datetime.date, least: int
) -> dict[int, Coverage]:
    """For each organisation with members on the last day how many were talked with; two queries.

    Who moved here in the year brings the talks of the former branch along.
    """
    people = list(
        roster(organisations, ends_on)
        .order_by("member_id")
        .values_list("organisation_id", "member_id")
    )
    days = talk_days(starts_on, ends_on, {member_id for _pk, member_id in people})
    found: dict[int, Coverage] = {}
    for organisation_id, member_id in people:
        of_branch = found.setdefault(organisation_id, Coverage(least))
        of_branch.days[member_id] = days.get(member_id, [])
    return found


def committee_on(organisation: Organisation, day: datetime.date) -> set[int]:
    """Members who sat in the branch's committee on `day` by the posts on record."""
    return set(
        Post.objects.on(day)
        .filter(organisation=organisation, title__in=COMMITTEE_TITLES, member__isnull=False)
        .values_list("member_id", flat=True)
    )


def relation_of(people: Iterable[int], outsider: str, committee: set[int]) -> str:
    """The relation that the posts speak for; a superior by name decides."""
    if outsider:
        return TalkRelation.SUPERIOR
    seated = [member_id in committee for member_id in people]
    if all(seated):
        return TalkRelation.AMONG_COMMITTEE
    return TalkRelation.COMMITTEE_MEMBER if any(seated) else TalkRelation.AMONG_MEMBERS


def partners_of(branch: Organisation, span, members: list[int]) -> dict[int, str]:
    """With whom each member talked in this branch: 林守正 2 次、许桂兰. Who sought a talk talked with
    the others, the others with who sought it."""
    talks = TalkPerson.objects.filter(
        talk__organisation=branch, talk__cancelled_at=None, talk__held_on__range=span
    )
    people: dict[int, list[TalkPerson]] = {}
    for row in talks.select_related("talk", "member").defer("talk__content").order_by("pk"):
        people.setdefault(row.talk_id, []).append(row)
    counted: dict[int, Counter] = {pk: Counter() for pk in members}
    for rows in people.values():
        for row in rows:
            if row.member_id not in counted:
                continue
            met = [one.member.name for one in rows if one.is_initiator != row.is_initiator]
            if row.talk.outsider and not row.is_initiator:
                met.append(row.talk.outsider)
            counted[row.member_id].update(met)
    return {
        pk: "、".join(f"{name} {times} 次" if times > 1 else name for name, times in met.items())
        for pk, met in counted.items()
    }


def people_on(branch: Organisation, days, recorded=()) -> dict[int, str]:
    """Keys and names of who may be named: the rosters of these days, and who is recorded in a talk
    of the branch already."""
    people: dict[int, str] = {}
    for day in days:
        rows = roster([branch], day, attached=True).order_by("member_id")
        people |= dict(rows.values_list("member_id", "member__name"))
    if missing := set(recorded) - people.keys():
        rows = Member.objects.filter(pk__in=missing, talks__talk__organisation=branch)
        people |= dict(rows.values_list("pk", "name"))
    return people


def works_here(user, organisation: Organisation) -> bool:
    """Whether the user records meetings of this very branch by a grant on it: who may read what was
    said. Nobody above it, and no account that merely reaches everything."""
    roles = roles_allowing(Action.RECORD_BRANCH_MEETING)
    return user.is_active and any(
        role in roles and path == organisation.path for role, path in granted(user)
    )
