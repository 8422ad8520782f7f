"""Evidence of a task (佐证材料): files with the day they are of, never the day of upload, and newer
versions of a paper, beside which the older ones stay."""

import datetime
from collections.abc import Iterable

from django.core.files.base import File
from django.db import transaction

from accounts import trail
from branches.attachments import attach
from branches.models import Attachment
from branches.words import full_date
from tasks.models import Task
from tasks.services import AREA, Refused
from tasks.services.stepping import locked
from tasks.states import Step


def files_of(task: Task):
    """The files of a task in the order in which they came, old versions among them."""
    return Attachment.objects.filter(area=AREA, object_id=task.pk)


def store(
    task: Task,
    uploads: Iterable[File],
    dates: Iterable[datetime.date | None],
    *,
    by,
    on: datetime.date,
) -> list[Attachment]:
    """Put files to a task, inside the transaction of its service, which writes the trail line.

    `dates` are the days of the papers in the order of `uploads`; without one the day stays unknown.
    Refuses a paper of a day to come.
    """
    dates = list(dates)
    _check_days(dates, on)
    return attach(
        organisation=task.organisation,
        area=AREA,
        object_id=task.pk,
        uploads=uploads,
        dates=dates,
        by=by,
    )


@transaction.atomic
def replace_file(
    *,
    task: Task,
    file: Attachment,
    upload: File,
    dated_on: datetime.date | None,
    by,
    on: datetime.date,
) -> Attachment:
    """Put a newer version of a paper to the task; the older stays, marked 旧版.

    Refuses a file that is not this task's, one that a newer version replaced already, one the task
    has already, and a task that is not being worked on.
    """
    held = locked(task, Step.PROGRESS)
    file = files_of(held).filter(pk=file.pk).first()
    if file is None:
        raise Refused("这份材料不在这项任务里，请刷新后再换")
    if Attachment.objects.filter(replaces=file).exists():
        raise Refused("这份材料已经换过新版，请换最新的那一份")
    stored = store(held, [upload], [dated_on], by=by, on=on)
    if not stored:
        raise Refused("选的文件和已有的材料完全相同，请选新版", "upload")
    newer = stored[0]
    newer.replaces = file
    newer.save(update_fields=["replaces"])
    trail.record(
        by=by,
        action="更换材料",
        area=AREA,
        object_id=held.pk,
        label=held.problem,
        organisation_id=held.organisation_id,
        before={"材料": _in_words(file)},
        after={"材料": _in_words(newer)},
    )
    return newer


def _check_days(dates: Iterable[datetime.date | None], on: datetime.date) -> None:
    if any(day and day > on for day in dates):
        raise Refused("材料日期还没有到，请核对", "dated_on")


def _in_words(file: Attachment) -> str:
    return f"{file.name}（{full_date(file.dated_on)}）" if file.dated_on else file.name
