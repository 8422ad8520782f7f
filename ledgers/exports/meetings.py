"""Sheet 三会一课: the meetings of the year up to the day, with their frozen rosters."""

import datetime
from collections import defaultdict
from collections.abc import Iterator

from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Follower, Row
from ledgers.sheets import meetings as sheet
from meetings.enums import MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType

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
    )
    for row in rows.iterator(chunk_size=CHUNK):
        organisation_id, held_on, pk, code, group, starts_at, place = row[:7]
        host_id, host_name, lecturer_id, lecturer_name, topic, hours = row[7:]
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
            ),
        )


def _follower(parts, *fields: str) -> Follower:
    """Parts of meetings in the order of the meetings."""
    rows = parts.order_by(*_PARTS_ORDER).values_list(*_PARTS_ORDER[:3], *fields)
    return Follower(rows.iterator(chunk_size=CHUNK), key=lambda row: row[:3])
