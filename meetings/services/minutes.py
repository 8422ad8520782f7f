"""Taking minutes out of the system as a document."""

import datetime

from django.db import transaction

from accounts import trail
from branches.values import Values
from meetings.minutes import minutes_of
from meetings.minutes_document import document_of
from meetings.models import Meeting
from meetings.services import AREA


@transaction.atomic
def export_minutes(*, meeting: Meeting, by, at: datetime.datetime) -> tuple[str, bytes]:
    """The file name and content of the Word document; leaves a line in the trail, as every export
    does. Refuses nothing: the view has asked for the right."""
    minutes = minutes_of(meeting, Values())
    content = document_of(minutes, made_at=at)
    trail.record(
        by=by,
        action="导出会议记录",
        area=AREA,
        object_id=meeting.pk,
        label=minutes.heading,
        organisation_id=meeting.organisation_id,
    )
    return minutes.file_name, content
