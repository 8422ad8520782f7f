"""What a superior last said of a branch's tasks, for its desk: sent back, extension answered, reopened."""

import datetime
from dataclasses import dataclass

from branches.models import Organisation
from tasks.models import EventKind, TaskEvent, TaskState

# An answer about a deadline is news for so many days; what was sent back stays until it is worked on.
_NEWS_DAYS = 7
_WORDS = {
    EventKind.RETURNED: ("重新整改", "退回意见"),
    EventKind.REOPENED: ("重新整改", "重新挂账"),
    EventKind.EXTENDED: ("更新整改进展", "延期"),
    EventKind.REFUSED: ("更新整改进展", "延期批复"),
}
_ANSWERS = (EventKind.EXTENDED, EventKind.REFUSED)


@dataclass(frozen=True)
class Said:
    """`what` begins the line's title, `text` is its basis."""

    kind: str
    what: str
    text: str
    on: datetime.date

    @property
    def status(self) -> str:
        return {EventKind.RETURNED: "已退回", EventKind.REOPENED: "重新挂账"}.get(self.kind, "")


def last_said(branch: Organisation, today: datetime.date) -> dict[int, Said]:
    """By task: the superior's last word, where nothing was done since; one query."""
    rows = (
        TaskEvent.objects.filter(
            task__organisation=branch, task__state__in=(TaskState.PENDING, TaskState.WORKING)
        )
        .exclude(kind=EventKind.REMINDED)
        .order_by("on", "pk")
        .values_list("task_id", "kind", "text", "on")
    )
    last = {task: (kind, text, on) for task, kind, text, on in rows}
    return {
        task: Said(
            kind, _WORDS[kind][0], f"{_WORDS[kind][1]}：{text}" if text else _WORDS[kind][1], on
        )
        for task, (kind, text, on) in last.items()
        if kind in _WORDS and (kind not in _ANSWERS or (today - on).days <= _NEWS_DAYS)
    }
