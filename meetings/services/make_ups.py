"""补学: what members who missed a meeting studied afterwards, entered by the branch that held it.

A member who has moved on since is entered by that branch too: it knows what was missed.
"""

import datetime
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction

from accounts import trail
from branches.models import Organisation
from branches.words import full_date
from meetings.enums import FULL_NAMES, AttendanceState, MakeUpWay, MeetingState, Type
from meetings.models import Attendance, MakeUp
from meetings.services import AREA, Refused
from meetings.study import note_study


@transaction.atomic
def enter_make_ups(
    *,
    organisation: Organisation,
    attendances: Iterable[int],
    done_on: datetime.date,
    way: str,
    by,
    today: datetime.date,
    hours: Decimal | None = None,
) -> list[MakeUp]:
    """Enter for each of these missed attendances what was studied on `done_on`; all or nothing.

    `hours` None gives each the hours of its meeting; more than those is refused. Refused are also
    days to come, days before the meeting, people who were there, meetings of another branch, not
    held or without hours, and what was made up already.
    """
    # Locked, so that two people cannot enter the same at once.
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    wanted = set(attendances)
    if not wanted:
        raise Refused("请先勾选补了学的人", "picks")
    rows = list(
        Attendance.objects.filter(pk__in=wanted, meeting__organisation=organisation)
        .select_related("meeting", "member")
        .prefetch_related("meeting__types")
        .order_by("pk")
    )
    if len(rows) != len(wanted):
        raise Refused("勾选的人里有的不在本支部的会议名单里，请刷新后重新勾选", "picks")
    if done_on > today:
        raise Refused("补学日期不能晚于今天，补完再登记", "done_on")
    for row in rows:
        _check(row, done_on, hours)
    _check_first(rows)
    made = MakeUp.objects.bulk_create(
        [
            MakeUp(
                meeting=row.meeting,
                member=row.member,
                done_on=done_on,
                way=way,
                hours=row.meeting.hours if hours is None else hours,
                entered_by=by,
            )
            for row in rows
        ]
    )
    trail.record_all([_line(one, by=by, action="登记补学", after=_text(one)) for one in made])
    note_study([row.member_id for row in rows], organisation.pk, days=[done_on])
    return made


@transaction.atomic
def undo_make_up(*, make_up: MakeUp, by, reason: str = "") -> None:
    """Take one entry back; the person is 待补学 again. The trail keeps what stood there."""
    found = (
        MakeUp.objects.select_for_update(of=("self",))
        .select_related("meeting", "member")
        .filter(pk=make_up.pk)
        .first()
    )
    if found is None:
        raise Refused("这一笔补学已经撤销了")
    line = _line(found, by=by, action="撤销补学", before=_text(found), reason=reason.strip())
    line.save(force_insert=True)
    note_study([found.member_id], found.meeting.organisation_id, days=[found.done_on])
    found.delete()


def _check(row: Attendance, done_on: datetime.date, hours: Decimal | None) -> None:
    meeting, name = row.meeting, row.member.name
    if meeting.state != MeetingState.HELD or not meeting.hours:
        raise Refused(f"{_missed(row)}没有召开或者不计学时，不用补学", "picks")
    if row.state == AttendanceState.PRESENT:
        raise Refused(f"{name}登记为到会，已有学时，不用补学", "picks")
    if done_on < meeting.held_on:
        raise Refused(f"{_missed(row)}，补学不会早于这一天，请改日期", "done_on")
    if hours is not None and not 0 < hours <= meeting.hours:
        raise Refused(f"{name}那次会议计 {meeting.hours:.1f} 学时，补学应大于 0、不超过它", "hours")


def _check_first(rows: list[Attendance]) -> None:
    """Nobody makes up the same meeting twice."""
    known = set(
        MakeUp.objects.filter(meeting__in={row.meeting_id for row in rows}).values_list(
            "meeting_id", "member_id"
        )
    )
    again = [row.member.name for row in rows if (row.meeting_id, row.member_id) in known]
    if again:
        raise Refused(f"{'、'.join(again)}的这次补学已经登记过，请刷新后重新勾选", "picks")


def _missed(row: Attendance) -> str:
    kinds = "、".join(FULL_NAMES[Type(one.type)] for one in row.meeting.types.all())
    return f"{full_date(row.meeting.held_on)}的{kinds or '会议'}"


def _text(make_up: MakeUp) -> str:
    way = MakeUpWay(make_up.way).label
    return (
        f"{full_date(make_up.done_on)} {way} {make_up.hours:.1f} 学时"
        f"（补 {full_date(make_up.meeting.held_on)}的会议）"
    )


def _line(make_up: MakeUp, *, by, action: str, before="", after="", reason=""):
    return trail.line(
        by=by,
        action=action,
        area=AREA,
        object_id=make_up.meeting_id,
        label=make_up.member.name,
        organisation_id=make_up.meeting.organisation_id,
        before={"补学": before} if before else {},
        after={"补学": after} if after else {},
        reason=reason,
    )
