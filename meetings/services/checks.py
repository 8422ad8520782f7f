"""What a meeting must be to be stored: the refusals that recording and changing share."""

import datetime
from collections.abc import Iterable

from accounts.models import TrailLine
from accounts.roles import Action
from branches.models import Group, Organisation
from branches.scope import reaches
from branches.words import full_date
from meetings.enums import FOR_A_YEAR, FULL_NAMES, MeetingState, Type
from meetings.models import Meeting, MeetingType
from meetings.rosters import Roster
from meetings.services import Refused
from meetings.services.facts import MeetingFacts
from meetings.services.resolutions import check_decisions
from meetings.uses import resting_on
from members.enums import PostTitle
from members.models import Post


class AlreadyRegistered(Refused):
    """There is a meeting of that type on that day; `meeting` is the one."""

    def __init__(self, meeting: Meeting, type: str):
        day = f"{meeting.held_on.month}月{meeting.held_on.day}日"
        known = "已安排" if meeting.state == MeetingState.PLANNED else "已登记过"
        super().__init__(f"{day}{known}{FULL_NAMES[Type(type)]}，要打开它吗？", "held_on")
        self.meeting = meeting


class ChangedMeanwhile(Refused):
    """Somebody else saved the meeting first; `last` is the trail line of that change, if known."""

    def __init__(self, meeting: Meeting, last: TrailLine | None):
        super().__init__("这次会议刚被别人改过，你填的内容还在，核对后再保存")
        self.meeting = meeting
        self.last = last


def types_allowed(by, organisation: Organisation) -> list[Type]:
    """The types of meeting a user may register for a branch."""
    if by is None or reaches(by, Action.RECORD_BRANCH_MEETING, organisation.path):
        return list(Type)
    return [Type.GROUP]


def check_right(by, organisation: Organisation, types, groups: Iterable[Group | None] = ()) -> None:
    """Refuse what this user may not record for the branch: a group leader records the meetings of
    the group led, or of all groups together."""
    allowed = types_allowed(by, organisation)
    if not set(types) <= set(allowed):
        raise Refused("党小组长只登记党小组会，其他会议请支部书记或支部委员登记", "kinds")
    named = {group.pk for group in groups if group is not None}
    if not named or len(allowed) > 1:
        return
    led = set(
        Post.objects.filter(
            organisation=organisation,
            title=PostTitle.GROUP_LEADER,
            account=by,
            group__isnull=False,
            ends_on=None,
        ).values_list("group_id", flat=True)
    )
    # Without a post that names the group, the right alone decides.
    if led and not named <= led:
        raise Refused("党小组长只登记自己党小组的会议，请重新选择党小组", "group")


def check_facts(
    organisation: Organisation,
    facts: MeetingFacts,
    roster: Roster,
    *,
    state: str,
    today: datetime.date,
    known: Iterable[int] = (),
) -> None:
    """Refuse facts that cannot be; `known` are the people of the stored meeting."""
    if not facts.types:
        raise Refused("请选会议类型", "kinds")
    _check_day(organisation, facts, state, today)
    if facts.starts_at and facts.ends_at and facts.ends_at <= facts.starts_at:
        raise Refused(f"结束时间早于开始时间 {facts.starts_at:%H:%M}，请改成之后的时间", "ends_at")
    if facts.group is not None and facts.group.organisation_id != organisation.pk:
        raise Refused("这个党小组不是本支部的，请重新选择", "group")
    year = facts.held_on.year
    if facts.for_year is not None and facts.for_year not in (year - 1, year):
        raise Refused(f"所属年度只能是 {year - 1} 年或 {year} 年，请核对", "for_year")
    people = roster.by_key().keys() | set(known)
    if not facts.presences.keys() <= people:
        raise Refused("点名里有人这一天不在支部，请按新的名单核对后再保存", "held_on")
    check_decisions(facts.decisions, people)


def _check_day(organisation, facts: MeetingFacts, state: str, today: datetime.date) -> None:
    if state == MeetingState.HELD and facts.held_on > today:
        raise Refused("会议还没有开，可以先点“保存准备”，会后再登记", "held_on")
    if organisation.founded_on and facts.held_on < organisation.founded_on:
        raise Refused(f"支部 {full_date(organisation.founded_on)}才成立，请核对日期", "held_on")
    if organisation.dissolved_on and facts.held_on > organisation.dissolved_on:
        raise Refused("支部在这一天已经撤销，请核对日期", "held_on")


def check_single(
    organisation: Organisation, facts: MeetingFacts, leaving_out: Meeting | None = None
) -> None:
    """Refuse a second meeting of the same type and group on the same day."""
    twins = MeetingType.objects.filter(
        type__in=facts.types,
        meeting__organisation=organisation,
        meeting__held_on=facts.held_on,
        meeting__group=facts.group,
    ).exclude(meeting__state=MeetingState.CANCELLED)
    if leaving_out is not None:
        twins = twins.exclude(meeting=leaving_out)
    twin = twins.select_related("meeting").first()
    if twin is not None:
        raise AlreadyRegistered(twin.meeting, twin.type)


def check_resting(meeting: Meeting, old: MeetingFacts, new: MeetingFacts) -> None:
    """Refuse what would take the ground from an appraisal or a step that rests on the meeting."""
    other = not set(old.types) <= set(new.types) or old.for_year != new.for_year
    moved = old.held_on != new.held_on and meeting.matter_steps.exists()
    if (other or moved) and (rests := resting_on(meeting)):
        raise Refused(f"{rests[0].text}，不能改日期、类型和所属年度；请先在那里换成别的会议")


def year_meant(types: Iterable[str], held_on: datetime.date, for_year: int | None) -> int | None:
    """The year that a 组织生活会 or 民主评议 is for, that of its day unless said; else None."""
    if FOR_A_YEAR.isdisjoint(types):
        return None
    return for_year or held_on.year
