"""Files put to a record: what may come in, and how it is stored.

A file is taken by what it is, not by what it is called. It is only ever given back as a
download, never shown inside a page of ours.
"""

import datetime
import hashlib
import re
import uuid
import zipfile
from collections.abc import Iterable
from itertools import chain, repeat
from pathlib import PurePosixPath

import filetype
from django.core.files.base import File
from django.db import transaction

from branches.models import Attachment, Organisation

LARGEST = 20 * 1024 * 1024
MOST_AT_ONCE = 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE = "application/vnd.openxmlformats-officedocument."

# Ending → content type; the same list is printed beside the field.
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
}
ACCEPT = ",".join(f".{ending}" for ending in CONTENT_TYPES)
_ALLOWED = "PDF、JPG、PNG、DOCX、XLSX、DOC、XLS"
_MAIN_PART = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


class UnfitFile(ValueError):
    """The file is not taken; the message says why and what to do."""


def plain_name(name: str) -> str:
    """The file's own name without folders and control characters, at most 200 characters."""
    name = re.split(r"[\\/]", name)[-1]
    name = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: 199 - len(ending)]}.{ending}" if dot else name[:200]


def checked_content_type(upload: File) -> str:
    """The content type of an uploaded file that may be kept.

    Refuses other kinds, empty and oversized files, files that are not what their ending says,
    and office files that are broken or carry macros.
    """
    name = plain_name(upload.name or "")
    ending = PurePosixPath(name).suffix.lower().lstrip(".")
    if ending not in CONTENT_TYPES:
        raise UnfitFile(f"“{name}”不是可以上传的文件，请换成 {_ALLOWED}")
    if not upload.size:
        raise UnfitFile(f"“{name}”是空文件，请重新选择")
    if upload.size > LARGEST:
        raise UnfitFile(f"“{name}”超过 {LARGEST // 1024 // 1024} MB，请压缩后再传")
    upload.seek(0)
    head = upload.read(8192)
    upload.seek(0)
    if ending in _MAIN_PART:
        fits = _is_office_file(upload, _MAIN_PART[ending], name)
        upload.seek(0)
    elif ending in {"doc", "xls"}:
        fits = head.startswith(_OLE)
    else:
        kind = filetype.guess(head)
        fits = kind is not None and kind.mime == CONTENT_TYPES[ending]
    if not fits:
        raise UnfitFile(f"“{name}”的内容不是 {ending.upper()} 文件，请打开看看是否完好，另存后再传")
    return CONTENT_TYPES[ending]


def _is_office_file(upload: File, main_part: str, name: str) -> bool:
    try:
        with zipfile.ZipFile(upload) as archive:
            parts = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    if any(part.lower().endswith("vbaproject.bin") for part in parts):
        raise UnfitFile(f"“{name}”带有宏，请另存为不带宏的文件再传")
    return main_part in parts and "[Content_Types].xml" in parts


def attach(
    *,
    organisation: Organisation,
    area: str,
    object_id: int,
    uploads: Iterable[File],
    by,
    dates: Iterable[datetime.date | None] = (),
) -> list[Attachment]:
    """Store checked files with a record; a file the record has already is not stored twice.

    `dates` are the days the papers are of, in the order of `uploads`; None is that of the record.
    Called inside the transaction of the record's service, which writes the trail line.
    """
    known = set(
        Attachment.objects.filter(area=area, object_id=object_id).values_list("sha256", flat=True)
    )
    stored: list[Attachment] = []
    try:
        for upload, dated_on in zip(uploads, chain(dates, repeat(None)), strict=False):
            content_type = checked_content_type(upload)
            digest = hashlib.sha256()
            for chunk in upload.chunks():
                digest.update(chunk)
            if digest.hexdigest() in known:
                continue
            known.add(digest.hexdigest())
            upload.seek(0)
            stored.append(
                _stored(
                    Attachment(
                        organisation=organisation,
                        area=area,
                        object_id=object_id,
                        name=plain_name(upload.name),
                        size=upload.size,
                        content_type=content_type,
                        sha256=digest.hexdigest(),
                        uploaded_by=by,
                        dated_on=dated_on,
                    ),
                    upload,
                )
            )
    except BaseException:
        # The rows go with the transaction, the files would stay.
        for attachment in stored:
            attachment.file.storage.delete(attachment.file.name)
        raise
    return stored


def _stored(attachment: Attachment, upload: File) -> Attachment:
    # Nothing of the typed name reaches the disk.
    ending = PurePosixPath(attachment.name).suffix.lower()
    attachment.file.save(f"{uuid.uuid4().hex}{ending}", upload, save=False)
    attachment.save(force_insert=True)
    return attachment


def remove(attachment: Attachment) -> None:
    """Take a file away from its record, and from the disk once the transaction is through.

    Called inside the transaction of the record's service, whose trail line names the file.
    """
    storage, name = attachment.file.storage, attachment.file.name
    attachment.delete()
    transaction.on_commit(lambda: storage.delete(name))


def redate(attachment: Attachment, dated_on: datetime.date | None) -> bool:
    """Say of which day a stored paper is; returns whether that differs from before.

    Called inside the transaction of the record's service, which writes the trail line.
    """
    if attachment.dated_on == dated_on:
        return False
    attachment.dated_on = dated_on
    attachment.save(update_fields=["dated_on"])
    return True
