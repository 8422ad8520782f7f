import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Action
from branches.choice import narrowed
from branches.clock import today as current_day
from branches.links import link, safe_next, with_query
from branches.models import Attachment
from branches.scope import get_for, reaches
from branches.words import full_date, one_line, short_date
from tasks.forms.ledger import ProgressForm, RequestForm, ReviewForm
from tasks.models import OPEN_STATES, EventKind, Task, TaskState
from tasks.services import AREA, Refused, ledger

PAGE = 50
SOON_DAYS = 7


def _conditions(today: datetime.date) -> dict[str, tuple[str, Q]]:
    """The chips of the list: 逾期, 在办, 待核查, 已销号."""
    return {
        "overdue": ("逾期", Q(state__in=OPEN_STATES, due_on__lt=today)),
        "open": ("在办", Q(state__in=OPEN_STATES)),
        "review": ("待核查", Q(state__in=(TaskState.REVIEW, TaskState.COUNTY_REVIEW))),
        "closed": ("已销号", Q(state=TaskState.CLOSED)),
    }


@require_safe
def task_list(request):
    """The rectification ledger of a branch or of everything below: open first, longest overdue first."""
    today = current_day()
    tasks, branch = narrowed(request, Task.objects.all())
    search = one_line(request.GET.get("q"), 60)
    if search:
        tasks = tasks.filter(problem__icontains=search)
    sources = list(tasks.order_by("source").values_list("source", flat=True).distinct()[:30])
    source = one_line(request.GET.get("source"), 100)
    if source in sources:
        tasks = tasks.filter(source=source)
    conditions = _conditions(today)
    counts = tasks.aggregate(
        **{key: Count("pk", filter=condition) for key, (_label, condition) in conditions.items()}
    )
    chosen = request.GET.get("state", "")
    shown = tasks.filter(conditions[chosen][1]) if chosen in conditions else tasks
    shown = shown.select_related("organisation").order_by(
        Case(
            When(state__in=OPEN_STATES, then=Value(0)),
            default=Value(1),
            output_field=IntegerField(),
        ),
        "due_on",
        "pk",
    )
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    may_export = branch is not None and reaches(request.user, Action.EXPORT_LEDGER, branch.path)
    words = [search, source, conditions[chosen][0] if chosen in conditions else ""]
    context = {
        "title": "整改任务" if branch is not None else "整改台账",
        "context_text": f"在办 {counts['open']} 项，逾期 {counts['overdue']} 项",
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "sources": _source_options(sources, source),
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key not in {"q", "source"}],
        "rows": [_row(task, today, named=branch is None) for task in page],
        "page": page,
        "query": query.urlencode(),
        "export_url": link("ledgers:export", organisation=branch.code) if may_export else "",
        "clear_url": link(
            "tasks:list",
            branch=request.GET.get("branch"),
            organisation=request.GET.get("organisation"),
        ),
        "conditions_text": "、".join(word for word in words if word),
    }
    return render(request, "tasks/task_list.html", context)


def _source_options(sources: list[str], chosen: str) -> list[dict[str, object]]:
    if len(sources) < 2:
        return []
    options = [{"value": text, "label": text, "current": text == chosen} for text in sources]
    return [{"value": "", "label": "全部来源", "current": not chosen}, *options]


def _distance(task: Task, today: datetime.date) -> tuple[str, str]:
    """How far the deadline is, in words, and whether that is late or soon."""
    if task.state not in OPEN_STATES:
        return "", ""
    days = (task.due_on - today).days
    if days < 0:
        return f"逾期 {-days} 天", "late"
    if days == 0:
        return "今天到期", "soon"
    return f"还剩 {days} 天", "soon" if days <= SOON_DAYS else ""


def _state(task: Task, today: datetime.date) -> tuple[str, str]:
    """The badge of a task: kind and words."""
    if task.state == TaskState.CLOSED:
        return "done", task.get_state_display()
    if task.state == TaskState.CANCELLED:
        return "wait", task.get_state_display()
    if task.state in (TaskState.REVIEW, TaskState.COUNTY_REVIEW):
        # Sent, and somebody else's turn, however late it is: the deadline stands beside it.
        return "wait", task.get_state_display()
    distance, near = _distance(task, today)
    if near == "late":
        return "late", distance
    return "todo" if task.state == TaskState.PENDING else "run", task.get_state_display()


def _row(task: Task, today: datetime.date, *, named: bool) -> dict[str, object]:
    distance, near = _distance(task, today)
    kind, words = _state(task, today)
    unit = task.responsible_unit
    short = task.organisation.short_name
    if named and unit != short and unit != task.organisation.name:
        unit = f"{short}（{unit}）"
    return {
        "url": reverse("tasks:detail", args=[task.pk]),
        "problem": task.problem,
        "source": task.source,
        "leader": task.responsible_leader,
        "unit": unit,
        "person": task.responsible_person,
        "due_text": full_date(task.due_on),
        "distance": distance or (f"{full_date(task.closed_on)}销号" if task.closed_on else ""),
        "distance_kind": near,
        "kind": kind,
        "state_words": words,
    }


def _task(request, pk: int, action: str = Action.LOOK) -> Task:
    return get_for(Task.objects.select_related("organisation"), request.user, action, pk=pk)


@require_safe
def task_detail(request, pk):
    """One task with its time line and the one form that fits the reader."""
    return _page(request, _task(request, pk))


def _page(request, task: Task, **bound):
    """The page; `bound` holds a form that was refused, by its name in the template."""
    today = current_day()
    path = task.organisation.path
    may_report = reaches(request.user, Action.REPORT_TASK, path)
    may_review = reaches(request.user, Action.REVIEW_TASK, path)
    reportable = may_report and task.state in ledger.REPORTABLE
    reviewable = may_review and task.state in ledger.REVIEWABLE
    kind, words = _state(task, today)
    distance, near = _distance(task, today)
    branch = task.organisation
    context = {
        "title": "整改任务" if may_report else "整改台账",
        "list_url": link("tasks:list", branch=branch.code if may_report else ""),
        "task": {
            "problem": task.problem,
            "source": task.source,
            "measure": task.measures,
            "leader": task.responsible_leader,
            "unit": task.responsible_unit,
            "person": task.responsible_person,
            "organisation": branch.short_name,
            "created_text": full_date(task.opened_on),
            "due_text": full_date(task.due_on),
            "first_due_text": full_date(task.first_due_on)
            if task.first_due_on and task.first_due_on != task.due_on
            else "",
            "distance": distance,
            "distance_kind": near,
            "kind": kind,
            "state_words": words,
            "percent": task.progress,
            "closed_text": f"{full_date(task.closed_on)}销号" if task.closed_on else "",
        },
        "steps": _steps(task),
        "entries": _entries(task, today),
        "progress_form": {
            "url": reverse("tasks:progress", args=[task.pk]),
            "form": bound.get("progress") or ProgressForm(initial={"percent": task.progress}),
        }
        if reportable
        else None,
        "request_form": {
            "url": reverse("tasks:request_close", args=[task.pk]),
            "form": bound.get("asking") or RequestForm(auto_id="request_%s"),
        }
        if reportable
        else None,
        "review_form": {
            "url": reverse("tasks:close", args=[task.pk]),
            "return_url": reverse("tasks:return", args=[task.pk]),
            "form": bound.get("review") or ReviewForm(),
        }
        if reviewable
        else None,
    }
    return render(request, "tasks/task_detail.html", context)


def _steps(task: Task) -> list[dict[str, str]]:
    """挂账 → 整改 → 申请销号 → 核查 → 销号, and where the task stands."""
    reached = {
        TaskState.PENDING: 1,
        TaskState.WORKING: 1,
        TaskState.REVIEW: 3,
        TaskState.COUNTY_REVIEW: 3,
        TaskState.CLOSED: 5,
        TaskState.CANCELLED: 0,
    }[task.state]
    names = ("挂账", "整改", "申请销号", "核查", "销号")
    return [
        {
            "name": name,
            "state": "done" if index < reached else "current" if index == reached else "todo",
        }
        for index, name in enumerate(names)
    ]


def _entries(task: Task, today: datetime.date) -> list[dict[str, object]]:
    entries = [
        {
            "at": short_date(event.on, today),
            "who": str(event.by or ""),
            "words": f"{event.get_kind_display()}{'：' if event.text else ''}{event.text}",
            "percent": event.progress if event.kind == EventKind.PROGRESS else None,
            "files": [],
        }
        for event in task.events.select_related("by")
    ]
    for file in Attachment.objects.filter(area=AREA, object_id=task.pk).select_related(
        "uploaded_by"
    ):
        entries.append(
            {
                "at": short_date(timezone.localtime(file.uploaded_at).date(), today),
                "who": str(file.uploaded_by or ""),
                "words": "附件",
                "percent": None,
                "files": [
                    {"name": file.name, "url": reverse("branches:attachment", args=[file.pk])}
                ],
            }
        )
    return entries


def _done(request, task: Task, message: str):
    messages.success(request, message)
    return redirect(safe_next(request) or reverse("tasks:detail", args=[task.pk]))


def _refused(request, task: Task, name: str, form, refused: Refused):
    if isinstance(refused, ledger.StateMoved):
        # The form does not fit the task any more: show how it stands now.
        messages.warning(request, str(refused))
        return redirect("tasks:detail", task.pk)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))
    return _page(request, task, **{name: form})


@require_POST
def progress_enter(request, pk):
    """填写进展."""
    task = _task(request, pk, Action.REPORT_TASK)
    form = ProgressForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, task, progress=form)
    try:
        ledger.report_progress(
            task=task,
            text=form.cleaned_data["text"],
            progress=form.cleaned_data["percent"],
            uploads=form.cleaned_data["attachments"],
            by=request.user,
            on=current_day(),
        )
    except Refused as refused:
        return _refused(request, task, "progress", form, refused)
    return _done(request, task, f"已保存进展，进度 {task.progress}%")


@require_POST
def close_request(request, pk):
    """申请销号."""
    task = _task(request, pk, Action.REPORT_TASK)
    form = RequestForm(request.POST, request.FILES, auto_id="request_%s")
    if not form.is_valid():
        return _page(request, task, asking=form)
    try:
        ledger.request_close(
            task=task,
            text=form.cleaned_data["text"],
            uploads=form.cleaned_data["attachments"],
            by=request.user,
            on=current_day(),
        )
    except Refused as refused:
        return _refused(request, task, "asking", form, refused)
    return _done(request, task, "已申请销号，等上级核查")


@require_POST
def task_return(request, pk):
    """退回整改."""
    task = _task(request, pk, Action.REVIEW_TASK)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, task, review=form)
    try:
        ledger.return_task(
            task=task, text=form.cleaned_data["text"], by=request.user, on=current_day()
        )
    except Refused as refused:
        return _refused(request, task, "review", form, refused)
    return _done(request, task, "已退回整改")


@require_POST
def task_close(request, pk):
    """销号."""
    task = _task(request, pk, Action.REVIEW_TASK)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, task, review=form)
    try:
        ledger.close_task(
            task=task, text=form.cleaned_data["text"], by=request.user, on=current_day()
        )
    except Refused as refused:
        return _refused(request, task, "review", form, refused)
    return _done(request, task, "已销号")
