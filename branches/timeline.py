"""What has happened to one record, as the pages tell it."""

import datetime
from collections.abc import Callable

from django.utils import timezone

from accounts.models import TrailLine
from branches.words import recent


def history_of(
    area: str,
    object_id: int,
    today: datetime.date,
    *,
    detail: Callable[[TrailLine], str] = lambda line: "",
    count: int = 20,
) -> list[dict[str, str]]:
    """The latest trail lines of a record, newest first: when, and who did what for which reason.

    `detail` gives words to stand behind the act.
    """
    return [
        {"at": recent(timezone.localtime(line.at), today), "words": _words(line, detail(line))}
        for line in TrailLine.objects.about(area, object_id)[:count]
    ]


def _words(line: TrailLine, detail: str) -> str:
    said = " ".join(part for part in (line.by_name, line.action, detail) if part)
    return f"{said}：{line.reason}" if line.reason else said
