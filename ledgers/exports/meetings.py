"""Sheet 三会一课: the meetings of the year up to the day, with their frozen rosters."""

import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.utils import timezone

from branches.values import Values
from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Follower, Row
from ledgers.sheets import meetings as sheet
from meetings.enums import MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType, Resolution
from meetings.values import LATE_ENTRY_DAYS, entered_late

_ORDER = ("organisation_id", "held_on", "pk")
_PARTS_ORDER = ("meeting__organisation_id", "meeting__held_on", "meeting_id", "pk")


def meeting_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """Each meeting, by branch and day."""
    first = datetime.date(scope.day.year, 1, 1)
    meetings = Meeting.objects.held(first, scope.day).filter(organisation__in=scope.organisations)
    counted = {
        "meeting__state": MeetingState.HELD,
        "meeting__held_on__gte": first,
        "meeting__held_on__lte": scope.day,
        "meeting__organisation__in": scope.organisations,
    }
    types = _follower(MeetingType.objects.filter(**counted), "type")
    roster = _follower(
        Attendance.objects.filter(**counted), "state", "reason", "member_id", "member__name"
    )
    resolutions = _follower(Resolution.objects.filter(**counted), "text")
    late_after = Values().on(LATE_ENTRY_DAYS, scope.day)
    rows = meetings.order_by(*_ORDER).values_list(
        *_ORDER,
        "organisation__code",
        "group__name",
        "starts_at",
        "place",
        "host_id",
        "host_name",
        "lecturer_id",
        "lecturer_name",
        "topic",
        "hours",
        "for_year",
        "entered_at",
    )
    for row in rows.iterator(chunk_size=CHUNK):
        organisation_id, held_on, pk, code, group, starts_at, place = row[:7]
        host_id, host_name, lecturer_id, lecturer_name, topic, hours, for_year, entered = row[7:]
        attendance = defaultdict(list)
        for *_, state, reason, member_id, name in roster.rows_for(row[:3]):
            attendance[state].append(names.of(organisation_id, member_id, name, reason))
        yield Row(
            pk,
            sheet.values(
                branch=Branch(code, scope.codes[organisation_id][1]),
                types=[Type(found[3]) for found in types.rows_for(row[:3])],
                held_on=held_on,
                starts_at=starts_at,
                group=group or "",
                place=place,
                host=names.of(organisation_id, host_id, host_name),
                lecturer=names.of(organisation_id, lecturer_id, lecturer_name),
                topic=topic,
                hours=hours,
                attendance=attendance,
                for_year=for_year,
                resolutions=[found[3] for found in resolutions.rows_for(row[:3])],
                late=_late(held_on, entered, late_after),
            ),
        )


def _late(held_on: datetime.date, entered_at: datetime.datetime, days: int) -> str:
    late = entered_late(held_on, timezone.localtime(entered_at).date(), days)
    return sheet.LATE if late else ""


def _follower(parts, *fields: str) -> Follower:
    """Parts of meetings in the order of the meetings."""
    rows = parts.order_by(*_PARTS_ORDER).values_list(*_PARTS_ORDER[:3], *fields)
    return Follower(rows.iterator(chunk_size=CHUNK), key=lambda row: row[:3])
