"""The meetings of an invented branch, with the roster of each day."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from branches.models import Group
from meetings.enums import BRANCH_BUILDING, AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Member, Post
from partybuild.demo.clock import at
from partybuild.demo.members import Person
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

_DAY = datetime.timedelta(days=1)
TOPICS = {
    Type.COMMITTEE: (
        "研究本月重点工作",
        "研究年度工作计划和分工",
        "研究困难党员走访安排",
        "研究发展对象培养工作",
        "研究党员大会议题",
        "研究活动室设施更新",
    ),
    Type.MEMBERS_MEETING: (
        "通报季度工作和经费使用情况",
        "讨论年度工作计划",
        "学习支部工作条例",
        "讨论党员积极性主动性发挥情况",
        "听取支部委员会工作报告",
    ),
    Type.THEME_DAY: (
        "环境整治志愿服务",
        "走访看望老党员",
        "基层治理案例学习",
        "产业发展座谈",
        "医保参保政策宣讲",
        "消防安全知识学习",
        "义务植树",
        "节水宣传进家门",
        "学习党员教育管理工作条例",
        "帮农户抢收",
    ),
    Type.LECTURE: (
        "学习党章",
        "乡村振兴中的党员作用",
        "怎样做好群众工作",
        "党员权利和义务",
        "优良家风",
        "支部工作方法",
    ),
    Type.GROUP: ("交流学习体会", "商量结对帮扶分工", "讨论小组当月工作", "学习上级文件"),
    Type.LIFE_MEETING: ("年度组织生活会和民主评议党员",),
    Type.APPRAISAL: ("民主评议党员",),
}
_PLACES = ("党员活动室", "党员活动室", "党群服务中心", "会议室")
_HOURS = {
    Type.COMMITTEE: "0",
    Type.MEMBERS_MEETING: "1",
    Type.THEME_DAY: "3",
    Type.LECTURE: "2",
    Type.GROUP: "0.5",
    Type.LIFE_MEETING: "0",
}
_REASONS = ("外出务工", "身体不适", "因公出差", "照看家人", "单位值班", "农忙")


@dataclass(eq=False)
class Gathering:
    """A meeting to be, with its types and who came."""

    meeting: Meeting
    types: list[str]
    roster: list[tuple[Member, str, str, bool]]

    def type_rows(self) -> list[MeetingType]:
        return [MeetingType(meeting_id=self.meeting.pk, type=type) for type in self.types]

    def attendance_rows(self) -> Iterator[Attendance]:
        for member, state, reason, was_formal in self.roster:
            yield Attendance(
                meeting_id=self.meeting.pk,
                member_id=member.pk,
                state=state,
                reason=reason,
                was_formal=was_formal,
                may_vote=was_formal,
            )


@dataclass(frozen=True)
class _Slot:
    """One line of a branch's calendar: what would be held on which day."""

    types: tuple[str, ...]
    on: datetime.date
    group: Group | None = None


@dataclass(eq=False)
class Habits:
    """What a branch does when; drawn once for each branch."""

    theme_day: int
    committee_day: int
    month_of_quarter: int
    lecture_month: int
    life_month: int
    hour: int
    place: str

    @property
    def is_early(self) -> bool:
        """Whether the branch holds its 组织生活会 in November, before the year is over."""
        return self.theme_day % 4 == 0

    @classmethod
    def drawn(cls, rng: Random) -> "Habits":
        return cls(
            rng.randint(5, 24),
            rng.randint(3, 20),
            rng.randint(0, 2),
            rng.randint(0, 2),
            rng.randint(1, 3),
            rng.choice((8, 9, 14, 15, 19)),
            rng.choice(_PLACES),
        )


def gatherings_of(
    branch: Branch,
    people: list[Person],
    posts: list[Post],
    habits: Habits,
    window: Window,
    rng: Random,
) -> list[Gathering]:
    """All meetings of a branch up to today; well-kept branches have the rest of the month planned."""
    made = []
    for month in window.months:
        for slot in _calendar(branch, habits, posts, month, rng):
            if slot.on < branch.organisation.founded_on or not _takes_place(
                branch, slot, window, rng
            ):
                continue
            if slot.on <= window.today:
                made.append(_held(branch, slot, habits, people, posts, window, rng))
            elif branch.order is Order.GOOD and rng.random() < 0.6:
                made.append(_planned(branch, slot, habits, rng))
    return made


def _calendar(
    branch: Branch, habits: Habits, posts: list[Post], month: datetime.date, rng: Random
) -> list[_Slot]:
    """What the rules and the branch's habits put into a month."""
    slots = [_Slot((Type.THEME_DAY,), month.replace(day=habits.theme_day))]
    if committee_on(posts, month.replace(day=28)):
        day = habits.committee_day + rng.randint(0, 4)
        slots.append(_Slot((Type.COMMITTEE,), month.replace(day=day)))
    for number, group in enumerate(branch.groups):
        day = 4 + (habits.committee_day + 5 * number) % 20 + rng.randint(0, 3)
        slots.append(_Slot((Type.GROUP,), month.replace(day=day), group))
    in_quarter = (month.month - 1) % 3
    meeting, lecture = in_quarter == habits.month_of_quarter, in_quarter == habits.lecture_month
    lecture = lecture or rng.random() < 0.06
    if meeting and lecture and rng.random() < 0.5:
        slots.append(
            _Slot((Type.MEMBERS_MEETING, Type.LECTURE), month.replace(day=rng.randint(9, 26)))
        )
    else:
        if meeting:
            slots.append(_Slot((Type.MEMBERS_MEETING,), month.replace(day=rng.randint(9, 18))))
        if lecture:
            slots.append(_Slot((Type.LECTURE,), month.replace(day=rng.randint(19, 27))))
    if month.month == habits.life_month:
        slots.append(
            _Slot((Type.LIFE_MEETING, Type.APPRAISAL), month.replace(day=rng.randint(10, 28)))
        )
    if month.month == 11 and habits.is_early and not branch.is_shown:
        slots.append(_Slot((Type.LIFE_MEETING, Type.APPRAISAL), month.replace(day=12)))
    return slots


def committee_on(posts: list[Post], day: datetime.date) -> list[Post]:
    """Who sits on the committee that day; nobody where there is only a secretary."""
    sitting = [
        post
        for post in posts
        if post.title in COMMITTEE_TITLES
        and post.starts_on <= day
        and (post.ends_on is None or day <= post.ends_on)
    ]
    return sitting if any(post.title == PostTitle.ORGANISATION for post in sitting) else []


def _takes_place(branch: Branch, slot: _Slot, window: Window, rng: Random) -> bool:
    """Whether the branch really holds it: what is left out decides which duties stay open."""
    draw = rng.random()
    if branch.is_shown:
        running = window.running is not None and slot.on >= window.running
        return not (running and set(slot.types) & {Type.COMMITTEE, Type.MEMBERS_MEETING})
    misses = {Order.GOOD: 0.0, Order.FAIR: 0.05, Order.POOR: 0.3}[branch.order]
    if Type.LECTURE in slot.types:
        misses *= 2
    return draw >= misses


def _planned(branch: Branch, slot: _Slot, habits: Habits, rng: Random) -> Gathering:
    meeting = Meeting(
        organisation=branch.organisation,
        group=slot.group,
        state=MeetingState.PLANNED,
        held_on=slot.on,
        starts_at=datetime.time(habits.hour, 0),
        place=habits.place,
        topic=rng.choice(TOPICS[slot.types[0]]),
        entered_at=at(slot.on.replace(day=1), 9),
    )
    return Gathering(meeting, list(slot.types), [])


def _held(
    branch: Branch,
    slot: _Slot,
    habits: Habits,
    people: list[Person],
    posts: list[Post],
    window: Window,
    rng: Random,
) -> Gathering:
    host = _host(posts, people, slot)
    roster = _roster(branch, slot, host, people, posts, rng)
    hours = sum((_credited(branch, one) for one in slot.types), Decimal(0))
    lecturer = _lecturer(host, posts, slot, rng) if Type.LECTURE in slot.types else None
    by_superior = lecturer and slot.on.month in (5, 6) and branch.above.branches[0] is branch
    topic = rng.choice(TOPICS[slot.types[0]])
    studies = _studies_building(branch, slot)
    if studies:
        topic = BRANCH_BUILDING
    meeting = Meeting(
        organisation=branch.organisation,
        group=slot.group,
        held_on=slot.on,
        starts_at=datetime.time(habits.hour, 0),
        ends_at=_end(habits.hour, hours or Decimal("1.5")),
        place=habits.place,
        host=host,
        host_name=host.name if host else "",
        lecturer=None if by_superior else lecturer,
        lecturer_name=branch.above.leader if by_superior else lecturer.name if lecturer else "",
        topic=topic,
        minutes=_minutes(host, topic, roster, rng),
        hours=hours,
        for_year=_year_of(slot),
        on_branch_building=studies,
        entered_at=_entered_at(branch, slot.on, window, rng),
    )
    return Gathering(meeting, list(slot.types), roster)


def _studies_building(branch: Branch, slot: _Slot) -> bool:
    """Good branches study their own building in spring; the one shown first has yet to do so."""
    spring = Type.MEMBERS_MEETING in slot.types and slot.on.month in (4, 5, 6)
    return spring and branch.order is Order.GOOD and not branch.is_shown


def _year_of(slot: _Slot) -> int | None:
    """What is held in the first months was for the year before."""
    if Type.LIFE_MEETING not in slot.types:
        return None
    return slot.on.year - 1 if slot.on.month <= 3 else slot.on.year


def _credited(branch: Branch, type: str) -> Decimal:
    """Branches in less good order keep their theme days short."""
    if type == Type.THEME_DAY and branch.order is not Order.GOOD:
        return Decimal("2.5") if branch.order is Order.FAIR else Decimal("2")
    return Decimal(_HOURS.get(type, "0"))


def _end(hour: int, hours: Decimal) -> datetime.time:
    minutes = int(hours * 60)
    return datetime.time(hour + minutes // 60, minutes % 60)


def _host(posts: list[Post], people: list[Person], slot: _Slot) -> Member | None:
    """The leader of the group, else the secretary, else who stands in."""
    if slot.group:
        for post in posts:
            if post.title == PostTitle.GROUP_LEADER and post.member.group is slot.group:
                return post.member
    holding = [
        post
        for post in posts
        if post.title != PostTitle.GROUP_LEADER
        and post.starts_on <= slot.on
        and (post.ends_on is None or slot.on <= post.ends_on)
    ]
    holding.sort(key=lambda post: post.title != PostTitle.SECRETARY)
    if holding:
        return holding[0].member
    present = [person.member for person in people if person.was_formal(slot.on)]
    return present[0] if present else None


def _lecturer(host: Member | None, posts: list[Post], slot: _Slot, rng: Random) -> Member | None:
    others = [post.member for post in committee_on(posts, slot.on)]
    return rng.choice(others) if others and rng.random() < 0.5 else host


def _roster(
    branch: Branch,
    slot: _Slot,
    host: Member | None,
    people: list[Person],
    posts: list[Post],
    rng: Random,
) -> list[tuple[Member, str, str, bool]]:
    """Everybody whom the meeting called that day; the host is always there."""
    on = slot.on
    called = people
    if slot.types == (Type.COMMITTEE,):
        members = {id(post.member) for post in committee_on(posts, on)}
        called = [person for person in people if id(person.member) in members]
    roster = []
    for person in called:
        stay = person.stay_on(on)
        if stay is None or stay.organisation is not branch.organisation:
            continue
        if slot.group and stay.group is not slot.group:
            continue
        state, reason = AttendanceState.PRESENT, ""
        if person.member is not host and rng.random() > person.diligence:
            if rng.random() < 0.85:
                state, reason = AttendanceState.LEAVE, rng.choice(_REASONS)
            else:
                state = AttendanceState.ABSENT
        roster.append((person.member, state, reason, person.was_formal(on)))
    return roster


def _minutes(
    host: Member | None, topic: str, roster: list[tuple[Member, str, str, bool]], rng: Random
) -> str:
    present = [member for member, state, _, _ in roster if state == AttendanceState.PRESENT]
    speakers = "、".join(member.name for member in present[1:3])
    said = f"{speakers}等作了发言。" if speakers else ""
    end = rng.choice(("会议明确了分工和完成时间。", "会议商定下月检查落实情况。", "会议意见一致。"))
    return f"{host.name if host else ''}主持。应到 {len(roster)} 人，实到 {len(present)} 人。{topic}。{said}{end}"


def _entered_at(
    branch: Branch, held_on: datetime.date, window: Window, rng: Random
) -> datetime.datetime:
    """The same or the next days; some of what a branch in disorder holds is entered weeks later."""
    days = rng.choice((0, 0, 0, 1, 1, 2))
    if rng.random() < {Order.GOOD: 0.005, Order.FAIR: 0.03, Order.POOR: 0.12}[branch.order]:
        days = rng.randint(20, 50)
    return at(min(held_on + days * _DAY, window.today), 20, rng.randint(0, 59))
