"""Sheets 学时 (what each member has reached), 培训 and 补学 (the records behind it)."""

import datetime
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Sum

from branches.words import full_date
from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Row
from ledgers.exports.workbook import CellKind, Column
from ledgers.sheets import study as sheet
from ledgers.sheets.columns import BRANCH_CODE, BRANCH_NAME
from meetings.enums import MakeUpWay, MeetingState, TrainingKind, TrainingLevel, Type
from meetings.hours import (
    counted_attendance,
    counted_courses,
    counted_make_ups,
)
from meetings.models import MakeUp, TrainingAttendance
from meetings.study import standings
from members.roster import roster

HOURS_COLUMNS = [
    Column("党支部编码"),
    Column("所在党支部", width=34),
    Column("姓名", width=12),
    Column("应达学时", CellKind.HOURS),
    Column("会议学时", CellKind.HOURS),
    Column("补学学时", CellKind.HOURS),
    Column("培训学时", CellKind.HOURS),
    Column("合计", CellKind.HOURS),
    Column("差额", CellKind.HOURS),
    Column("豁免", width=24),
]


def hours_rows(scope: LedgerScope, names: CellNames) -> Iterator[list]:
    """Each member on the roster of the day, by branch, with the hours of the year."""
    day, first = scope.day, datetime.date(scope.day.year, 1, 1)
    memberships = roster(scope.organisations, day)
    members = memberships.values("member_id")
    parts = [
        _sums(rows.filter(member__in=members), hours)
        for rows, hours in (
            (counted_attendance(first, day), "meeting__hours"),
            (counted_make_ups(first, day), "hours"),
            (counted_courses(first, day), "hours"),
        )
    ]
    known = {
        (one.organisation_id, one.member_id): one for one in standings(scope.organisations, day)
    }
    people = memberships.order_by("organisation__code", "member_id").values_list(
        "organisation_id", "member_id", "member__name"
    )
    for pk, member_id, name in people.iterator(chunk_size=CHUNK):
        hours = [part.get(member_id, Decimal(0)) for part in parts]
        total = sum(hours)
        standing = known[pk, member_id]
        due, until = Decimal(standing.required), standing.exempt_until
        yield [
            *scope.codes[pk],
            names.of(pk, member_id, name),
            None if until else due,
            *hours,
            total,
            None if until else max(due - total, Decimal(0)),
            f"豁免至{full_date(until)}" if until else "",
        ]


def _sums(rows, hours: str) -> dict[int, Decimal]:
    found = rows.order_by().values("member_id").annotate(total=Sum(hours))
    return dict(found.values_list("member_id", "total"))


def course_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """Who took part in the courses that ended in the year, by branch and course."""
    first = datetime.date(scope.day.year, 1, 1)
    rows = (
        TrainingAttendance.objects.filter(
            organisation__in=scope.organisations,
            training__cancelled_at=None,
            training__ends_on__range=(first, scope.day),
        )
        .select_related("training__organisation", "member")
        .defer("member__id_number", "member__phone")
        .order_by("organisation__code", "training__ends_on", "training_id", "member_id")
    )
    for row in rows.iterator(chunk_size=CHUNK):
        pk = row.organisation_id
        branch = Branch(*scope.codes[pk])
        name = names.of(pk, row.member_id, row.member.name)
        yield Row(row.pk, course_values(row, branch, name))


def course_values(row: TrainingAttendance, branch: Branch, name: str) -> dict:
    """What the row of one person in a course holds."""
    course = row.training
    return {
        sheet.ORGANISER.heading: course.organisation.code,
        sheet.TITLE.heading: course.title,
        sheet.KIND.heading: TrainingKind(course.kind),
        sheet.LEVEL.heading: TrainingLevel(course.level),
        sheet.CENTRAL.heading: course.is_central,
        sheet.STARTS.heading: course.starts_on,
        sheet.ENDS.heading: course.ends_on,
        sheet.PLACE.heading: course.place,
        sheet.WHOLE.heading: course.hours,
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        sheet.MEMBER.heading: name,
        sheet.HOURS.heading: row.hours,
    }


def make_up_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """Make-up study for the meetings of the year, by branch and meeting."""
    first = datetime.date(scope.day.year, 1, 1)
    rows = (
        MakeUp.objects.filter(
            meeting__organisation__in=scope.organisations,
            meeting__state=MeetingState.HELD,
            meeting__held_on__range=(first, scope.day),
        )
        .select_related("meeting", "member")
        .defer("member__id_number", "member__phone")
        .prefetch_related("meeting__types")
        .order_by("meeting__organisation__code", "meeting__held_on", "meeting_id", "member_id")
    )
    for row in rows.iterator(chunk_size=CHUNK):
        pk = row.meeting.organisation_id
        branch = Branch(*scope.codes[pk])
        name = names.of(pk, row.member_id, row.member.name)
        yield Row(row.pk, make_up_values(row, branch, name))


def make_up_values(row: MakeUp, branch: Branch, name: str) -> dict:
    """What the row of one make-up holds."""
    types = {Type(found.type) for found in row.meeting.types.all()}
    return {
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        sheet.MEMBER.heading: name,
        sheet.HELD.heading: row.meeting.held_on,
        sheet.TYPES.heading: tuple(kind for kind in Type if kind in types),
        sheet.DONE.heading: row.done_on,
        sheet.WAY.heading: MakeUpWay(row.way),
        sheet.MADE_UP.heading: row.hours,
    }
