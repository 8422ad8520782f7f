"""Files of a meeting: put to it, dated, taken away, in the transaction of its own service."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.files.base import File

from branches.attachments import attach, redate, remove
from branches.models import Attachment
from branches.words import full_date
from meetings.models import Meeting
from meetings.services import AREA, Refused


@dataclass(frozen=True)
class Files:
    """What is done about the files of a meeting.

    `dates` are the days of the papers, in the order of `uploads`; None is the meeting's day.
    `removed` are keys of stored files, `redated` maps keys of stored files to their day.
    """

    uploads: tuple[File, ...] = ()
    dates: tuple[datetime.date | None, ...] = ()
    removed: frozenset[int] = frozenset()
    redated: dict[int, datetime.date | None] = field(default_factory=dict)


NO_FILES = Files()


def files_of(meeting: Meeting):
    """The stored files of a meeting, in the order in which they came."""
    return Attachment.objects.filter(area=AREA, object_id=meeting.pk)


def files_in_words(attachments: Iterable[Attachment]) -> str:
    """签到表.pdf（2026年3月10日）、照片.jpg."""
    return "、".join(
        f"{file.name}（{full_date(file.dated_on)}）" if file.dated_on else file.name
        for file in attachments
    )


def store_files(meeting: Meeting, files: Files, *, by, today: datetime.date) -> tuple[str, str]:
    """Do what `files` says; returns the files before and after in words, equal if nothing differs.

    Refuses a paper of a day to come, and keys of files that are not this meeting's.
    """
    if files == NO_FILES:
        return "", ""
    late = [day for day in (*files.dates, *files.redated.values()) if day and day > today]
    if late:
        raise Refused("材料日期还没有到，请核对", "dated_on")
    stored = {file.pk: file for file in files_of(meeting)}
    if not stored.keys() >= files.removed | files.redated.keys():
        raise Refused("附件刚被别人改过，请刷新后再改", "attachments")
    before = files_in_words(stored.values())
    for key, day in files.redated.items():
        if key not in files.removed:
            redate(stored[key], _own(day, meeting))
    for key in files.removed:
        remove(stored[key])
    attach(
        organisation=meeting.organisation,
        area=AREA,
        object_id=meeting.pk,
        uploads=files.uploads,
        dates=[_own(day, meeting) for day in files.dates],
        by=by,
    )
    return before, files_in_words(files_of(meeting))


def _own(day: datetime.date | None, meeting: Meeting) -> datetime.date | None:
    """A paper of the meeting's own day follows the meeting."""
    return None if day == meeting.held_on else day
