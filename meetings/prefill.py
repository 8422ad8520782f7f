"""What the meeting form starts with, besides what is stored: the plan, an invitation, last time."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from branches.models import Group, Organisation
from branches.periods import month_end
from branches.services.tree import path_keys
from branches.words import short_date
from meetings import joint
from meetings.enums import FOR_A_YEAR, MeetingState, Type
from meetings.models import Attendance, JointInvitation, Meeting, PlanItem
from meetings.plans import together_with
from meetings.services.facts import MeetingFacts
from members.enums import PostTitle
from members.models import Member, Post

# Until the end of this month the yearly meetings are usually those of the year before.
_LAST_MONTH_FOR_LAST_YEAR = 3
_FROM_ABOVE = (PostTitle.SECRETARY,)


@dataclass(frozen=True)
class Offer:
    """Facts known before anybody typed: where they come from is said in `lead`."""

    facts: MeetingFacts
    lead: str


def from_plan(line: PlanItem, today: datetime.date, *, asked: bool) -> Offer:
    """A line of the plan and those held together with it.

    On its own day when the line was opened by name (`asked`); a duty's button means a meeting
    that was held, so no later than today.
    """
    lines = [line, *together_with(line)]
    day = line.planned_on
    if line.month_only:
        day = min(month_end(day), max(day.replace(day=1), today))
    if not asked:
        day = min(day, today)
    chosen = [each.type for each in lines]
    lecturing = next((each for each in lines if each.lecturer_id or each.lecturer_name), line)
    facts = MeetingFacts(
        types=tuple(type for type in Type.values if type in chosen),
        held_on=day,
        starts_at=line.starts_at,
        ends_at=line.ends_at,
        place=line.place,
        topic=line.topic,
        host=line.host,
        host_name=line.host_name,
        lecturer=lecturing.lecturer,
        lecturer_name=lecturing.lecturer_name,
        group=next((each.group for each in lines if each.group_id), None),
    )
    return Offer(facts, "已按年度计划填好，改动不同的地方即可")


def from_invitation(invitation: JointInvitation) -> Offer:
    """The host's meeting, for the own record of a branch that was invited to it."""
    facts = joint.prefill(invitation)
    host = invitation.meeting.organisation.short_name
    return Offer(facts, f"已按{host}的共同活动填好，点名后保存即可")


def from_last(last: Meeting | None, roster_keys: Iterable[int], day: datetime.date) -> MeetingFacts:
    """What stays the same from one meeting to the next of its type."""
    if last is None:
        return MeetingFacts(types=(), held_on=day)
    host = last.host if last.host_id in set(roster_keys) else None
    return MeetingFacts(
        types=(),
        held_on=day,
        starts_at=last.starts_at,
        ends_at=last.ends_at,
        place=last.place,
        host=host,
        host_name="" if last.host_id else last.host_name,
        hours=last.hours,
    )


def lead_of_last(last: Meeting, today: datetime.date) -> str:
    return f"已按上次（{short_date(last.held_on, today)}）填好，改动不同的地方即可"


def usual_year(organisation: Organisation, day: datetime.date) -> int:
    """For which year a 组织生活会 or 民主评议 of that day is probably held.

    In the first months that of the year before, if it has none yet; else that of the day.
    """
    before = day.year - 1
    if day.month > _LAST_MONTH_FOR_LAST_YEAR:
        return day.year
    if organisation.founded_on and organisation.founded_on.year > before:
        return day.year
    had = Meeting.objects.filter(
        organisation=organisation,
        state=MeetingState.HELD,
        for_year=before,
        types__type__in=FOR_A_YEAR,
    )
    return day.year if had.exists() else before


def led_group(user, organisation: Organisation, groups: list[Group]) -> Group | None:
    """The group that the user leads, or the only one of the branch."""
    if len(groups) == 1:
        return groups[0]
    post = (
        Post.objects.filter(
            organisation=organisation,
            title=PostTitle.GROUP_LEADER,
            account=user,
            group__in=groups,
            ends_on=None,
        )
        .select_related("group")
        .first()
    )
    return post.group if post else None


def group_host(group: Group | None, day: datetime.date) -> Member | None:
    """The leader of a group on a day, who hosts its meetings."""
    if group is None:
        return None
    post = (
        Post.objects.on(day)
        .filter(group=group, title=PostTitle.GROUP_LEADER, member__isnull=False)
        .select_related("member")
        .first()
    )
    return post.member if post else None


def superiors_on(organisation: Organisation, day: datetime.date) -> list[tuple[Member, str]]:
    """Secretaries of the organisations above, who may come to lecture: (member, post in words)."""
    posts = (
        Post.objects.on(day)
        .filter(title__in=_FROM_ABOVE, member__isnull=False)
        .filter(organisation__in=path_keys(organisation.path)[:-1])
        .select_related("member", "organisation")
        .order_by("organisation__path")
    )
    return [
        (post.member, f"{post.organisation.short_name}{post.get_title_display()}") for post in posts
    ]


def voteless_on(
    organisation: Organisation, day: datetime.date, *, leaving_out: Meeting | None = None
) -> frozenset[int]:
    """Formal members marked as having no vote at the last meeting they were expected at."""
    rows = Attendance.objects.filter(
        meeting__organisation=organisation,
        meeting__state=MeetingState.HELD,
        meeting__held_on__lte=day,
        was_formal=True,
    )
    if leaving_out is not None:
        rows = rows.exclude(meeting=leaving_out)
    marked = set(rows.filter(may_vote=False).values_list("member_id", flat=True))
    if not marked:
        return frozenset()
    newest: dict[int, bool] = {}
    for member_id, may_vote in (
        rows.filter(member__in=marked)
        .order_by("-meeting__held_on", "-pk")
        .values_list("member_id", "may_vote")
    ):
        newest.setdefault(member_id, may_vote)
    return frozenset(member_id for member_id, may_vote in newest.items() if not may_vote)
