"""What the pages of weak branches show of a case."""

import datetime

from django.db.models import Count, Prefetch, Q
from django.urls import reverse
from django.utils import timezone

from branches.links import link
from branches.models import Attachment
from branches.timeline import history_of
from branches.values import Values
from branches.words import file_size, full_date, short_date
from tasks.enums import OPEN_STATES, TaskState, WeakLinkKind, WeakState, WeakStepKind
from tasks.models import Task, WeakBranch, WeakLink, WeakStep, WeakSurvey
from tasks.services.weak import AREA
from tasks.weak import (
    IN_WORK,
    months_of,
    number_words,
    percent_words,
    rates,
    shortfalls,
    thresholds_on,
)
from tasks.words import badge

SOON_DAYS = 7
_WAITING = (WeakState.PROPOSED, WeakState.ACCEPTANCE)


def with_parts(cases):
    """Cases with what a list shows of them, in a constant number of queries."""
    surveys = WeakSurvey.objects.filter(withdrawn_on__isnull=True).order_by("held_on", "pk")
    return (
        cases.select_related("organisation__parent")
        .annotate(
            measures=Count("tasks", filter=~Q(tasks__state=TaskState.CANCELLED), distinct=True),
            measures_open=Count("tasks", filter=Q(tasks__state__in=OPEN_STATES), distinct=True),
        )
        .prefetch_related(Prefetch("surveys", surveys, to_attr="standing_surveys"))
    )


def mark_of(case: WeakBranch, today: datetime.date) -> tuple[str, str]:
    """The badge of a case: its state, or how far it is past a deadline."""
    if case.state == WeakState.ENDED:
        return ("todo", "未认定") if case.decided_on is None else ("done", "已结束")
    if case.state in _WAITING:
        return "wait", case.get_state_display()
    if case.state == WeakState.DECIDED and case.plan_due_on < today:
        return "late", f"方案逾期 {(today - case.plan_due_on).days} 天"
    if case.state in IN_WORK:
        days = (case.due_on - today).days
        if days < 0:
            return "late", f"逾期 {-days} 天"
        if days <= SOON_DAYS:
            return "soon", "今天到期" if not days else f"还剩 {days} 天"
        return "run", case.get_state_display()
    return "done" if case.state == WeakState.PASSED else "run", case.get_state_display()


def row_of(case: WeakBranch, today: datetime.date) -> dict[str, object]:
    """One row of the list."""
    kind, words = mark_of(case, today)
    survey = case.standing_surveys[-1] if case.standing_surveys else None
    return {
        "url": reverse("tasks:weak_case", args=[case.pk]),
        "name": case.organisation.short_name,
        "parent": case.organisation.parent.short_name if case.organisation.parent else "",
        "year": case.year,
        "kind": kind,
        "words": words,
        "state": case.get_state_display(),
        "situations": "、".join(case.situations),
        "decided": full_date(case.decided_on),
        "due": full_date(case.due_on),
        "measures": f"{case.measures - case.measures_open}/{case.measures}"
        if case.measures
        else "",
        "survey": _survey_words(survey) if survey else "",
        "survey_fails": bool(survey) and not rates(survey).passes,
    }


def _survey_words(survey: WeakSurvey) -> str:
    found = rates(survey)
    return (
        f"满意度 {percent_words(found.satisfied, survey.satisfied_needed)}，"
        f"知晓率 {percent_words(found.aware, survey.aware_needed)}"
    )


_NAMES = ("提出", "认定", "报备方案", "整顿", "验收", "跟踪", "结束")
_REACHED = {
    WeakState.PROPOSED: 1,
    WeakState.DECIDED: 2,
    WeakState.WORKING: 3,
    WeakState.REDO: 3,
    WeakState.ACCEPTANCE: 4,
    WeakState.PASSED: 5,
    WeakState.FOLLOW_UP: 5,
    WeakState.ENDED: 7,
}


def stepper(case: WeakBranch) -> list[dict[str, str]]:
    """提出 → 认定 → 报备方案 → 整顿 → 验收 → 跟踪 → 结束; what was declined ends after the proposal."""
    if case.state == WeakState.ENDED and case.decided_on is None:
        return [{"name": "提出", "state": "done"}, {"name": "不予认定", "state": "done"}]
    reached = _REACHED[case.state]
    notes = {
        "认定": full_date(case.decided_on),
        "报备方案": full_date(case.plan_filed_on),
        "验收": full_date(case.passed_on),
        "跟踪": f"到{full_date(case.follow_up_until)}" if case.follow_up_until else "",
    }
    return [
        {
            "name": name,
            "state": "done" if index < reached else "current" if index == reached else "todo",
            "note": notes.get(name, ""),
        }
        for index, name in enumerate(_NAMES)
    ]


def measures_of(case: WeakBranch, today: datetime.date) -> list[dict[str, object]]:
    """The measures of the plan, each a task: open ones first, by deadline."""
    tasks = Task.objects.filter(weak=case).exclude(state=TaskState.CANCELLED)
    rows = []
    for task in sorted(tasks, key=lambda one: (one.state not in OPEN_STATES, one.due_on, one.pk)):
        kind, words = badge(task, today)
        rows.append(
            {
                "url": reverse("tasks:detail", args=[task.pk]),
                "problem": task.problem,
                "measures": task.measures,
                "leader": task.responsible_leader,
                "unit": task.responsible_unit,
                "person": task.responsible_person,
                "due": full_date(task.due_on),
                "percent": task.progress,
                "kind": kind,
                "words": words,
            }
        )
    return rows


def links_of(case: WeakBranch, today: datetime.date, may_keep: bool) -> list[dict[str, object]]:
    """四个一, each kind with who is linked now and who was before."""
    rows: dict[str, list] = {kind: [] for kind in WeakLinkKind.values}
    for one in WeakLink.objects.filter(weak=case):
        ended = bool(one.ends_on and one.ends_on < today)
        span = f"{short_date(one.starts_on, today)}起"
        if one.ends_on:
            span = f"{short_date(one.starts_on, today)}—{short_date(one.ends_on, today)}"
        rows[one.kind].append(
            {
                "name": one.name,
                "office": one.office,
                "span": span,
                "ended": ended,
                "end_url": reverse("tasks:weak_link_end", args=[one.pk])
                if may_keep and not one.ends_on
                else "",
            }
        )
    return [{"label": WeakLinkKind(kind).label, "rows": found} for kind, found in rows.items()]


def months_row(case: WeakBranch, today: datetime.date, may_file: bool) -> list[dict[str, str]]:
    """The monthly reports as a row of months."""
    found = []
    for one in months_of(case, today, Values()):
        key = f"{one.month:%Y-%m}"
        label = f"{one.month.month}月" if one.month.year == today.year else full_month(one.month)
        if one.report is not None:
            kind, words = "done", f"{short_date(one.report.reported_on, today)}报"
        elif one.is_late(today):
            kind, words = "late", f"逾期 {(today - one.due_on).days} 天"
        elif one.owed:
            kind, words = "todo", f"{short_date(one.due_on, today)}前报"
        else:
            kind, words = "todo", "可不报"
        url = reverse("tasks:weak_report", args=[case.pk, key])
        found.append(
            {
                "label": label,
                "kind": kind,
                "words": words,
                "url": url if one.report is not None or may_file else "",
            }
        )
    return found


def full_month(month: datetime.date) -> str:
    """2026年3月."""
    return f"{month.year}年{month.month}月"


def surveys_of(case: WeakBranch, today: datetime.date, may_withdraw: bool) -> list[dict]:
    """Surveys, the newest first, with both bars and the thresholds of their day."""
    rows = []
    for survey in WeakSurvey.objects.filter(weak=case).order_by("-held_on", "-pk"):
        found = rates(survey)
        lacking = shortfalls(survey)
        withdrawn = survey.withdrawn_on is not None
        rows.append(
            {
                "on": full_date(survey.held_on),
                "bars": [
                    _bar("满意度", survey.satisfied, survey, found.satisfied, "satisfied"),
                    _bar("知晓率", survey.aware, survey, found.aware, "aware"),
                ],
                "score": f"{number_words(survey.score)} 分" if survey.score is not None else "",
                "score_needed": number_words(survey.score_needed) if survey.score_needed else "",
                "kind": "todo" if withdrawn else "late" if lacking else "done",
                "words": "已作废" if withdrawn else "；".join(lacking) or "达标",
                "note": survey.note,
                "withdraw_url": reverse("tasks:weak_survey_withdraw", args=[survey.pk])
                if may_withdraw and not withdrawn
                else "",
            }
        )
    return rows


def _bar(name: str, heads: int, survey: WeakSurvey, rate, kind: str) -> dict[str, object]:
    needed = getattr(survey, f"{kind}_needed")
    return {
        "name": name,
        "heads": f"{heads}/{survey.asked}",
        "percent": percent_words(rate, needed),
        "width": int(rate),
        "needed": number_words(needed),
        "needed_width": int(needed),
        "passes": rate >= needed,
    }


def entries_of(case: WeakBranch, today: datetime.date) -> list[dict[str, str]]:
    """The steps of the case, in their order."""
    return [
        {
            "at": full_date(step.on),
            "what": step.get_kind_display(),
            "text": step.text,
            "who": str(step.by or ""),
            "kind": "late" if step.kind == WeakStepKind.REDO else "",
        }
        for step in WeakStep.objects.filter(weak=case).select_related("by").order_by("on", "pk")
    ]


def files_of(case: WeakBranch, today: datetime.date) -> list[dict[str, str]]:
    """Files put to the case."""
    files = Attachment.objects.filter(area=AREA, object_id=case.pk).order_by("pk")
    return [
        {
            "name": file.name,
            "note": f"{file_size(file.size)}，"
            f"{short_date(timezone.localtime(file.uploaded_at).date(), today)}",
            "url": reverse("branches:attachment", args=[file.pk]),
        }
        for file in files
    ]


def facts_of(case: WeakBranch) -> list[tuple[str, str]]:
    """The facts of the decision, as (label, words)."""
    facts = [
        ("认定情形", "、".join(case.situations)),
        ("主要问题", case.problems or "—"),
        ("提出", full_date(case.proposed_on)),
    ]
    if case.decided_on:
        decided = "，".join(
            one for one in (full_date(case.decided_on), case.decided_by, case.list_name) if one
        )
        facts += [
            ("认定", decided),
            ("方案报备截止", full_date(case.plan_due_on) or "—"),
            ("整顿时限", full_date(case.due_on) or "—"),
        ]
    if case.follow_up_until:
        facts.append(("跟踪至", full_date(case.follow_up_until)))
    if case.ended_on:
        facts.append(("结束", full_date(case.ended_on)))
    return facts


def case_context(case: WeakBranch, today: datetime.date, *, may_file, may_oversee) -> dict:
    """Everything of the case page but its forms."""
    decided = case.decided_on is not None
    kind, words = mark_of(case, today)
    in_work = case.state in IN_WORK
    needed = thresholds_on(today)
    return {
        "case": case,
        "organisation": case.organisation.short_name,
        "mark": {"kind": kind, "text": words},
        "steps": stepper(case),
        "facts": facts_of(case),
        "decided": decided,
        "measures": measures_of(case, today) if decided else [],
        "links": links_of(case, today, may_oversee) if decided else [],
        "months": months_row(case, today, may_file and case.state != WeakState.ENDED),
        "surveys": surveys_of(case, today, may_oversee and in_work) if decided else [],
        "needed": f"满意度不低于 {number_words(needed.satisfied)}%，"
        f"知晓率不低于 {number_words(needed.aware)}%，正好达到算通过",
        "entries": entries_of(case, today),
        "files": files_of(case, today),
        "history": history_of(AREA, case.pk, today),
        "list_url": link("tasks:weak"),
    }
