"""What happens to meetings: recorded, prepared, changed, taken back."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import trail
from accounts.models import TrailLine
from accounts.roles import Action
from branches.attachments import attach
from branches.changes import note_change
from branches.models import Group, Organisation
from branches.scope import reaches
from meetings.enums import FULL_NAMES, AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from meetings.rosters import Roster, roster_on, was_formal
from meetings.services import AREA, Refused
from members.models import Member


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


@dataclass(frozen=True)
class Presence:
    """How one member stood to a meeting."""

    state: str
    reason: str = ""


@dataclass(frozen=True)
class MeetingFacts:
    """Everything a person says about a meeting. `presences` maps member keys to presence."""

    types: tuple[str, ...]
    held_on: datetime.date
    starts_at: datetime.time | None = None
    ends_at: datetime.time | None = None
    place: str = ""
    host: Member | None = None
    host_name: str = ""
    lecturer: Member | None = None
    lecturer_name: str = ""
    topic: str = ""
    minutes: str = ""
    guests: str = ""
    hours: Decimal = Decimal(0)
    group: Group | None = None
    presences: dict[int, Presence] = field(default_factory=dict)


_PLAIN = (
    "held_on",
    "starts_at",
    "ends_at",
    "place",
    "host",
    "host_name",
    "lecturer",
    "lecturer_name",
    "topic",
    "minutes",
    "guests",
    "hours",
    "group",
)


@transaction.atomic
def register_meeting(
    *,
    organisation: Organisation,
    facts: MeetingFacts,
    by,
    today: datetime.date,
    state: str = MeetingState.HELD,
    uploads: Iterable = (),
    anyway: bool = False,
    reason: str = "",
) -> Meeting:
    """Store a meeting with its types and the frozen roster of its day.

    Refuses a day to come for a meeting said to be held, days on which the branch did not exist,
    a group of another branch, people who were not on the roster, and, unless `anyway`, a second
    meeting of the same type on the same day. A day long past is never refused.
    """
    # Locked, so that two people cannot pass the check for a second meeting at once.
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    roster = roster_on(organisation, facts.held_on)
    _check_right(by, organisation, facts.types)
    _check(organisation, facts, state, today)
    _check_presences(facts, roster)
    if not anyway:
        _check_single(organisation, facts)
    meeting = Meeting.objects.create(
        organisation=organisation,
        state=state,
        entered_by=by,
        **{name: getattr(facts, name) for name in _PLAIN},
    )
    MeetingType.objects.bulk_create(
        [MeetingType(meeting=meeting, type=type) for type in facts.types]
    )
    people = roster.by_key()
    Attendance.objects.bulk_create(
        [
            Attendance(
                meeting=meeting,
                member_id=member_id,
                state=presence.state,
                reason=presence.reason,
                was_formal=people[member_id].was_formal,
                may_vote=people[member_id].was_formal,
            )
            for member_id, presence in facts.presences.items()
        ]
    )
    files = attach(
        organisation=organisation, area=AREA, object_id=meeting.pk, uploads=uploads, by=by
    )
    names = {member_id: people[member_id].name for member_id in facts.presences}
    after = _described(facts, names)
    if files:
        after["附件"] = "、".join(file.name for file in files)
    _write_line(
        meeting,
        by=by,
        action="登记会议" if state == MeetingState.HELD else "准备会议",
        types=facts.types,
        after=after,
        reason=reason,
    )
    note_change(organisation.pk, AREA, facts.held_on)
    return meeting


@transaction.atomic
def change_meeting(
    *,
    meeting: Meeting,
    version: int,
    facts: MeetingFacts,
    by,
    today: datetime.date,
    state: str = MeetingState.HELD,
    uploads: Iterable = (),
    anyway: bool = False,
    reason: str = "",
) -> Meeting:
    """Change a stored meeting, or turn a planned one into a held one.

    Refuses what `register_meeting` refuses, and a change of a version that is not the newest.
    The people recorded earlier stay on the frozen roster whatever the roster says today.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(
        pk=meeting.organisation_id
    )
    meeting = Meeting.objects.select_related("host", "lecturer", "group").get(pk=meeting.pk)
    if meeting.version != version:
        raise ChangedMeanwhile(meeting, _last_line(meeting))
    if meeting.state == MeetingState.CANCELLED:
        raise Refused("这次会议已作废，不能再改")
    if meeting.state == MeetingState.HELD and state != MeetingState.HELD:
        raise Refused("已经登记的会议不能改回准备")
    _check_right(by, organisation, facts.types)
    _check(organisation, facts, state, today)
    recorded = {row.member_id: row for row in meeting.attendances.select_related("member")}
    roster = roster_on(organisation, facts.held_on, leaving_out=meeting)
    _check_presences(facts, roster, known=recorded)
    old = facts_of(meeting, recorded.values())
    first_held = meeting.state == MeetingState.PLANNED and state == MeetingState.HELD
    moved = old.held_on != facts.held_on or not set(facts.types) <= set(old.types)
    if not anyway and (moved or first_held):
        _check_single(organisation, facts, leaving_out=meeting)
    values = {name: getattr(facts, name) for name in _PLAIN} | {"state": state}
    if first_held:
        values |= {"entered_at": timezone.now(), "entered_by": by}
    changed = Meeting.objects.filter(pk=meeting.pk, version=version).update(
        version=F("version") + 1, **values
    )
    if not changed:
        raise ChangedMeanwhile(meeting, _last_line(meeting))
    _store_types(meeting, old.types, facts.types)
    _store_presences(meeting, facts, roster, recorded, day_moved=old.held_on != facts.held_on)
    files = attach(
        organisation=organisation, area=AREA, object_id=meeting.pk, uploads=uploads, by=by
    )
    names = {row.member_id: row.member.name for row in recorded.values()}
    names |= {person.member_id: person.name for person in roster.people}
    before, after = _described(old, names), _described(facts, names)
    if old.minutes != facts.minutes:
        after["会议记录"] = f"{len(facts.minutes)} 字，有改动"
    differing = [key for key in after | before if before.get(key) != after.get(key)]
    if files:
        differing.append("附件")
        after["附件"] = "、".join(file.name for file in files)
    meeting.refresh_from_db()
    _write_line(
        meeting,
        by=by,
        action="登记会议" if first_held else "修改会议",
        types=facts.types,
        before={key: before.get(key, "") for key in differing},
        after={key: after.get(key, "") for key in differing},
        reason=reason,
    )
    note_change(
        organisation.pk, AREA, min(old.held_on, facts.held_on), max(old.held_on, facts.held_on)
    )
    return meeting


@transaction.atomic
def cancel_meeting(*, meeting: Meeting, version: int, by, reason: str) -> Meeting:
    """Take a meeting back: it stays readable, counts for nothing and gives no hours.

    Refuses without a reason, twice, and on a version that is not the newest.
    """
    if not reason.strip():
        raise Refused("请写明作废的原因", "reason")
    meeting = Meeting.objects.select_for_update().get(pk=meeting.pk)
    _check_right(by, meeting.organisation, [row.type for row in meeting.types.all()])
    changed = (
        Meeting.objects.filter(pk=meeting.pk, version=version)
        .exclude(state=MeetingState.CANCELLED)
        .update(state=MeetingState.CANCELLED, version=F("version") + 1)
    )
    if not changed:
        raise ChangedMeanwhile(meeting, _last_line(meeting))
    _write_line(
        meeting,
        by=by,
        action="作废会议",
        types=[row.type for row in meeting.types.all()],
        before={"状态": meeting.get_state_display()},
        after={"状态": MeetingState.CANCELLED.label},
        reason=reason,
    )
    note_change(meeting.organisation_id, AREA, meeting.held_on)
    meeting.refresh_from_db()
    return meeting


def facts_of(meeting: Meeting, attendances: Iterable[Attendance]) -> MeetingFacts:
    """What is stored about a meeting, in the shape in which a person says it."""
    return MeetingFacts(
        types=tuple(row.type for row in meeting.types.all()),
        presences={row.member_id: Presence(row.state, row.reason) for row in attendances},
        **{name: getattr(meeting, name) for name in _PLAIN},
    )


def expected_presences(
    roster: Roster, types: Iterable[str], group_id: int | None = None
) -> dict[int, Presence]:
    """Everybody of the right circle, all present."""
    circle = roster.circle(types, group_id)
    return {
        person.member_id: Presence(AttendanceState.PRESENT)
        for person in roster.people
        if person.member_id in circle
    }


def types_allowed(by, organisation: Organisation) -> list[Type]:
    """The types of meeting a user may register for a branch."""
    if by is None or reaches(by, Action.RECORD_BRANCH_MEETING, organisation.path):
        return list(Type)
    return [Type.GROUP]


def _check_right(by, organisation: Organisation, types) -> None:
    if not set(types) <= set(types_allowed(by, organisation)):
        raise Refused("党小组长只登记党小组会，其他会议请支部书记或支部委员登记", "kinds")


def _check(
    organisation: Organisation, facts: MeetingFacts, state: str, today: datetime.date
) -> None:
    if not facts.types:
        raise Refused("请选会议类型", "kinds")
    if state == MeetingState.HELD and facts.held_on > today:
        raise Refused("会议还没有开，可以先点“保存准备”，会后再登记", "held_on")
    if organisation.founded_on and facts.held_on < organisation.founded_on:
        founded = organisation.founded_on
        raise Refused(
            f"支部 {founded.year}年{founded.month}月{founded.day}日才成立，请核对日期", "held_on"
        )
    if organisation.dissolved_on and facts.held_on > organisation.dissolved_on:
        raise Refused("支部在这一天已经撤销，请核对日期", "held_on")
    if facts.starts_at and facts.ends_at and facts.ends_at <= facts.starts_at:
        raise Refused(f"结束时间早于开始时间 {facts.starts_at:%H:%M}，请改成之后的时间", "ends_at")
    if facts.group is not None and facts.group.organisation_id != organisation.pk:
        raise Refused("这个党小组不是本支部的，请重新选择", "group")


def _check_presences(facts: MeetingFacts, roster: Roster, known: Iterable[int] = ()) -> None:
    allowed = roster.by_key().keys() | set(known)
    if not facts.presences.keys() <= allowed:
        raise Refused("点名里有人这一天不在支部，请按新的名单核对后再保存", "held_on")


def _check_single(
    organisation: Organisation, facts: MeetingFacts, leaving_out: Meeting | None = None
) -> None:
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


def _store_types(meeting: Meeting, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    meeting.types.exclude(type__in=new).delete()
    MeetingType.objects.bulk_create(
        [MeetingType(meeting=meeting, type=type) for type in new if type not in old]
    )


def _store_presences(
    meeting: Meeting,
    facts: MeetingFacts,
    roster: Roster,
    recorded: dict[int, Attendance],
    *,
    day_moved: bool,
) -> None:
    """Write only what differs; who was formal is frozen unless the day itself moved."""
    gone = [row.pk for member_id, row in recorded.items() if member_id not in facts.presences]
    if gone:
        Attendance.objects.filter(pk__in=gone).delete()
    people = roster.by_key()
    added, changed = [], []
    for member_id, presence in facts.presences.items():
        row = recorded.get(member_id)
        if row is None:
            added.append(
                Attendance(
                    meeting=meeting,
                    member_id=member_id,
                    state=presence.state,
                    reason=presence.reason,
                    was_formal=people[member_id].was_formal,
                    may_vote=people[member_id].was_formal,
                )
            )
            continue
        formal = was_formal(row.member, facts.held_on) if day_moved else row.was_formal
        if (row.state, row.reason, row.was_formal) != (presence.state, presence.reason, formal):
            row.state, row.reason, row.was_formal = presence.state, presence.reason, formal
            changed.append(row)
    Attendance.objects.bulk_create(added)
    Attendance.objects.bulk_update(changed, ["state", "reason", "was_formal"], batch_size=200)


def _described(facts: MeetingFacts, names: dict[int, str]) -> dict[str, str]:
    """The facts as words for the trail; minutes stand there as a length, not as text."""
    counted = {state: [] for state in AttendanceState}
    for member_id, presence in facts.presences.items():
        note = f"（{presence.reason}）" if presence.reason else ""
        counted[AttendanceState(presence.state)].append(names.get(member_id, "") + note)
    described = {
        "日期": f"{facts.held_on:%Y-%m-%d}",
        "类型": "、".join(Type(type).label for type in facts.types),
        "时间": "—".join(f"{at:%H:%M}" for at in (facts.starts_at, facts.ends_at) if at),
        "地点": facts.place,
        "主持人": facts.host.name if facts.host else facts.host_name,
        "授课人": facts.lecturer.name if facts.lecturer else facts.lecturer_name,
        "议题": facts.topic,
        "列席": facts.guests,
        "党小组": facts.group.name if facts.group else "",
        "学时": f"{facts.hours:.1f}",
        "会议记录": f"{len(facts.minutes)} 字" if facts.minutes else "",
        "应到": str(len(facts.presences)),
        "实到": str(len(counted[AttendanceState.PRESENT])),
        "请假": "、".join(counted[AttendanceState.LEAVE]),
        "缺席": "、".join(counted[AttendanceState.ABSENT]),
    }
    return {key: text for key, text in described.items() if text}


def _write_line(meeting: Meeting, *, types, **facts) -> None:
    kinds = "、".join(Type(type).label for type in types)
    trail.record(
        area=AREA,
        object_id=meeting.pk,
        label=f"{meeting.held_on:%Y-%m-%d} {kinds}",
        organisation_id=meeting.organisation_id,
        **facts,
    )


def _last_line(meeting: Meeting) -> TrailLine | None:
    return TrailLine.objects.about(AREA, meeting.pk).first()
