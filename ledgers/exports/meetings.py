"""Sheet 三会一课: the meetings of the year up to the day, with their frozen rosters."""

import datetime
from collections import defaultdict
from collections.abc import Iterator

from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Follower, Row
from meetings.enums import FULL_NAMES, AttendanceState, MeetingState
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
    roster = _follower(Attendance.objects.filter(**counted), "state", "member_id", "member__name")
    rows = meetings.order_by(*_ORDER).values_list(
        *_ORDER,
        "organisation__code",
        "group__name",
        "starts_at",
        "ends_at",
        "place",
        "host_id",
        "host_name",
        "lecturer_id",
        "lecturer_name",
        "topic",
        "hours",
    )
    for row in rows.iterator(chunk_size=CHUNK):
        organisation_id, held_on, pk, code, group, starts_at, ends_at, place = row[:8]
        host_id, host_name, lecturer_id, lecturer_name, topic, hours = row[8:]
        people = defaultdict(list)
        for *_, state, member_id, name in roster.rows_for(row[:3]):
            people[state].append(names.of(organisation_id, member_id, name))
        present = people[AttendanceState.PRESENT]
        yield Row(
            pk,
            {
                "党支部编码": code,
                "会议类型": "、".join(FULL_NAMES[found[3]] for found in types.rows_for(row[:3])),
                "时间": held_on,
                "开始时间": starts_at,
                "结束时间": ends_at,
                "党小组": group,
                "地点": place,
                "主持人": names.of(organisation_id, host_id, host_name),
                "授课人": names.of(organisation_id, lecturer_id, lecturer_name),
                "应到人数": sum(map(len, people.values())),
                "实到人数": len(present),
                "参会人员": "、".join(present),
                "请假人员": "、".join(people[AttendanceState.LEAVE]),
                "缺席人员": "、".join(people[AttendanceState.ABSENT]),
                "主题": topic,
                "学时": hours,
            },
        )


def _follower(parts, *fields: str) -> Follower:
    """Parts of meetings in the order of the meetings."""
    rows = parts.order_by(*_PARTS_ORDER).values_list(*_PARTS_ORDER[:3], *fields)
    return Follower(rows.iterator(chunk_size=CHUNK), key=lambda row: row[:3])
