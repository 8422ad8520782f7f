"""How a task of the rectification ledger is said on screen: badge, distance, who. No Django models."""

import datetime

from branches.words import full_date, short_date
from tasks.enums import OPEN_STATES, TaskState

REVIEW_STATES = (TaskState.REVIEW, TaskState.COUNTY_REVIEW)


def distance(task, today: datetime.date, soon_days: int = 7) -> tuple[str, str]:
    """How far the deadline is, in words, and whether that is late or soon; "" once it is over."""
    if task.state not in OPEN_STATES:
        return "", ""
    days = (task.due_on - today).days
    if days < 0:
        return f"逾期 {-days} 天", "late"
    if days == 0:
        return "今天到期", "soon"
    return f"还剩 {days} 天", "soon" if days <= soon_days else ""


def badge(task, today: datetime.date, soon_days: int = 7) -> tuple[str, str]:
    """The badge of a task: kind and words."""
    if task.state == TaskState.CLOSED:
        return "done", task.get_state_display()
    if task.state == TaskState.CANCELLED or task.state in REVIEW_STATES:
        # Sent, and somebody else's turn, however late it is: the deadline stands beside it.
        return "wait", task.get_state_display()
    words, near = distance(task, today, soon_days)
    if near == "late":
        return "late", words
    return "todo" if task.state == TaskState.PENDING else "run", task.get_state_display()


def answerable(task, *, named: bool) -> str:
    """责任单位 in short, with the branch it is listed for where the page shows several."""
    unit, organisation = task.responsible_unit, task.organisation
    if unit in (organisation.short_name, organisation.name):
        return organisation.short_name
    return f"{organisation.short_name}（{unit}）" if named else unit


def reminded(times: int, last: datetime.date | None, today: datetime.date) -> str:
    """已催办 3 次，最近 3月17日; "" for never."""
    return f"已催办 {times} 次，最近 {short_date(last, today)}" if times and last else ""


def closed_words(task) -> str:
    """2026年3月18日销号; "" while open."""
    return f"{full_date(task.closed_on)}销号" if task.closed_on else ""


def due_text(task, today: datetime.date) -> str:
    """3月20日，还剩 2 天."""
    words, _near = distance(task, today)
    return "，".join(part for part in (short_date(task.due_on, today), words) if part)
