"""What the page of one task shows: facts, steps, time line, months, evidence, extensions, origin."""

import datetime
from collections import defaultdict

from django.urls import reverse
from django.utils import timezone

from accounts.models import TrailLine
from branches.links import link
from branches.models import Attachment
from branches.periods import months_between
from branches.words import file_size, full_date, recent, short_date
from tasks import words
from tasks.enums import ExtensionState
from tasks.models import EventKind, Extension, Task, TaskEvent, TaskState
from tasks.services import AREA
from tasks.services.evidence import files_of
from tasks.services.ledger import county_is_superior

_PLACES = ("街道", "镇", "乡")
# Acts that leave no event but belong into the time line.
_TRAILED = ("变更任务", "更换材料")
# Months shown at most, the newest.
_MONTHS = 24


def load(task: Task) -> Task:
    """Nothing to fetch twice: the task with what its page names."""
    return (
        Task.objects.select_related(
            "organisation__parent", "measure__campaign", "finding__visit__inspection", "weak"
        )
    ).get(pk=task.pk)


def facts(task: Task, today: datetime.date) -> dict[str, object]:
    """The task in words."""
    kind, state_words = words.badge(task, today)
    distance, near = words.distance(task, today)
    moved = task.first_due_on and task.first_due_on != task.due_on
    return {
        "number": task.number,
        "problem": task.problem,
        "source": task.source,
        "category": task.category,
        "target": task.target,
        "measures": task.measures,
        "leader": task.responsible_leader,
        "unit": task.responsible_unit,
        "person": task.responsible_person,
        "organisation": task.organisation.short_name,
        "created_text": full_date(task.opened_on),
        "due_text": full_date(task.due_on),
        "first_due_text": full_date(task.first_due_on) if moved else "",
        "distance": distance,
        "distance_kind": near,
        "kind": kind,
        "state_words": state_words,
        "percent": task.progress,
        "closed_text": words.closed_words(task),
        "by_county": task.by_county,
        "origin": origin(task),
    }


def origin(task: Task) -> dict[str, str] | None:
    """The record a task comes from, as a link in words."""
    if task.measure:
        campaign = task.measure.campaign
        return _origin("工作方案", campaign.title, link("tasks:campaign", campaign.pk))
    if task.finding:
        visit = task.finding.visit
        address = link("tasks:inspection_visit", visit.pk)
        return _origin("督查", visit.inspection.title, address)
    if task.weak:
        address = link("tasks:weak_case", task.weak_id)
        return _origin("软弱涣散整顿", f"{task.weak.year}年一支一策", address)
    return None


def _origin(kind: str, label: str, url: str) -> dict[str, str]:
    return {"kind": kind, "label": label, "url": url}


def check_name(task: Task) -> str:
    """Whose check comes after the request: 镇街核查, 上级核查, or at once the county's."""
    if county_is_superior(task.organisation):
        return "县级核查"
    above = task.organisation.parent.short_name
    return "镇街核查" if any(place in above for place in _PLACES) else "上级核查"


def steps(task: Task) -> list[dict[str, str]]:
    """挂账 → 整改 → 申请销号 → 核查 (→ 县级核查) → 销号, and where the task stands."""
    names = ["挂账", "整改", "申请销号", check_name(task), "销号"]
    if task.by_county and not county_is_superior(task.organisation):
        names.insert(4, "县级核查")
    reached = {
        TaskState.PENDING: 1,
        TaskState.WORKING: 1,
        TaskState.REVIEW: 3,
        TaskState.COUNTY_REVIEW: 4,
        TaskState.CLOSED: len(names),
        TaskState.CANCELLED: 0,
    }[task.state]
    return [
        {
            "name": name,
            "state": "done" if index < reached else "current" if index == reached else "todo",
        }
        for index, name in enumerate(names)
    ]


def entries(task: Task, events: list[TaskEvent], today: datetime.date) -> list[dict]:
    """All that happened, the newest first: the events, and changes that only the trail holds."""
    told = [
        (
            (event.on, event.at, event.pk),
            {
                "at": short_date(event.on, today),
                "who": str(event.by or ""),
                "kind": event.get_kind_display(),
                "text": event.text,
                "percent": event.progress if event.kind == EventKind.PROGRESS else None,
                "late": _late(event),
            },
        )
        for event in events
    ]
    lines = TrailLine.objects.about(AREA, task.pk).filter(action__in=_TRAILED)
    told += [
        (
            (_day_of(line, events), line.at, line.pk),
            {
                "at": recent(timezone.localtime(line.at), today),
                "who": line.by_name,
                "kind": line.action,
                "text": _difference(line),
                "percent": None,
                "late": "",
            },
        )
        for line in lines
    ]
    return [entry for _key, entry in sorted(told, key=lambda pair: pair[0], reverse=True)]


def _day_of(line: TrailLine, events: list[TaskEvent]) -> datetime.date:
    """Where a trail line stands among events that are of a day of their own: behind what was there."""
    known = [event.on for event in events if event.at <= line.at]
    return max(known, default=timezone.localtime(line.at).date())


def _late(event: TaskEvent) -> str:
    """Entered on another day than it is of."""
    if event.kind == EventKind.LISTED:
        return ""
    entered_on = timezone.localtime(event.at).date()
    return f"{full_date(entered_on)}录入" if entered_on > event.on else ""


def _difference(line: TrailLine) -> str:
    return "；".join(
        f"{name}由“{line.before.get(name) or '空'}”改为“{value or '空'}”"
        for name, value in line.after.items()
    )


def evidence(task: Task, today: datetime.date, *, may_replace: bool) -> list[dict]:
    """The files of a task with their own day, hash and versions; older versions behind the newest."""
    files = list(files_of(task).select_related("uploaded_by"))
    newer = {file.replaces_id: file.pk for file in files if file.replaces_id}
    shown = {file.pk: _file(file, today) for file in files}
    top = []
    for file in files:
        row = shown[file.pk]
        if file.pk in newer:
            continue
        row["replace_url"] = (
            reverse("tasks:file_replace", args=[task.pk, file.pk]) if may_replace else ""
        )
        older = file
        while older.replaces_id in shown:
            row["older"].append(shown[older.replaces_id])
            older = next(one for one in files if one.pk == older.replaces_id)
        top.append(row)
    return top


def _file(file: Attachment, today: datetime.date) -> dict[str, object]:
    uploaded_on = timezone.localtime(file.uploaded_at).date()
    late = file.dated_on is not None and uploaded_on > file.dated_on
    return {
        "name": file.name,
        "url": reverse("branches:attachment", args=[file.pk]),
        "size": file_size(file.size),
        "dated_text": f"材料日期 {short_date(file.dated_on, today)}"
        if file.dated_on
        else "没有填材料日期",
        "uploaded_text": f"{short_date(uploaded_on, today)}{'补传' if late else '上传'}",
        "sha256": file.sha256,
        "digest": file.sha256[:12],
        "older": [],
    }


def months(
    task: Task, events: list[TaskEvent], files: list[Attachment], today: datetime.date
) -> list[dict]:
    """进展（按月）: of each month since the listing what was written, how far it came, how many papers
    (without their older versions) are of that month, whenever they came; the newest first."""
    last = task.closed_on or today
    written, percents, papers = defaultdict(list), {}, defaultdict(int)
    for event in sorted(events, key=lambda event: (event.on, event.pk)):
        month = event.on.replace(day=1)
        if event.kind in (EventKind.PROGRESS, EventKind.REQUESTED) and event.text:
            written[month].append(event.text)
        if event.progress is not None:
            percents[month] = event.progress
    replaced = {file.replaces_id for file in files}
    for file in files:
        if file.dated_on and file.pk not in replaced:
            papers[file.dated_on.replace(day=1)] += 1
    rows, percent = [], 0
    for month in months_between(task.opened_on, last):
        percent = percents.get(month, percent)
        rows.append(
            {
                "month": f"{month.year}年{month.month}月",
                "percent": percent,
                "texts": written[month],
                "papers": papers[month],
            }
        )
    return rows[::-1][:_MONTHS]


def extensions(rows: list[Extension], today: datetime.date) -> list[dict]:
    """Requests for a later deadline and what became of them."""
    kinds = {
        ExtensionState.ASKED: "wait",
        ExtensionState.GRANTED: "done",
        ExtensionState.REFUSED: "todo",
    }
    return [
        {
            "asked_text": short_date(row.asked_on, today),
            "due_text": full_date(row.due_on),
            "reason": row.reason,
            "kind": kinds[row.state],
            "words": row.get_state_display(),
            "answer": row.answer,
            "answered_text": short_date(row.answered_on, today),
            "who": str(row.answered_by or ""),
        }
        for row in rows
    ]


def reminded_text(events: list[TaskEvent], today: datetime.date) -> str:
    """已催办 3 次，最近 3月17日."""
    days = [event.on for event in events if event.kind == EventKind.REMINDED]
    return words.reminded(len(days), max(days, default=None), today)
