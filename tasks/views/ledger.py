"""One task of the rectification ledger: its page, a new one, putting right what is said about it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.facts import secretaries_of
from branches.links import link, safe_next
from branches.models import Organisation
from branches.scope import get_for, main_grant, reaches
from branches.values import Values
from branches.words import one_line
from tasks import detail
from tasks.acting import Acting, acting_on, may, offered
from tasks.enums import ExtensionState
from tasks.forms.ledger import (
    AnswerForm,
    ChangeForm,
    NewTaskForm,
    ProgressForm,
    RequestForm,
    ReviewForm,
)
from tasks.models import Task
from tasks.services import Refused, ledger
from tasks.services.evidence import files_of
from tasks.services.ledger import TaskFacts
from tasks.services.listing_several import list_tasks
from tasks.states import Step, allowed, refusal
from tasks.tabs import task_tabs
from tasks.values import TASK_CATEGORIES, TASK_SOURCES

# What a branch lists by itself.
SELF_FOUND = "自查"


def task_for(request, pk: int, step: str | None = None) -> tuple[Task, Acting]:
    """The task and what the reader is to it. Out of sight is 404, not his step 403."""
    tasks = Task.objects.select_related("organisation__parent")
    task = get_for(tasks, request.user, pk=pk)
    acting = acting_on(request.user, task.organisation)
    if step and not may(step, acting):
        raise PermissionDenied
    return task, acting


@require_safe
def task_detail(request, pk):
    """One task with its time line and the one form that fits the reader."""
    task, acting = task_for(request, pk)
    return task_page(request, task, acting)


def task_page(request, task: Task, acting: Acting, **bound):
    """The page; `bound` holds a form that was refused by its name, or `kept`: what was typed into a
    form that the task does not take any more, with the reason."""
    today = current_day()
    task = detail.load(task)
    events = list(task.events.select_related("by"))
    asked = list(task.extensions.select_related("answered_by"))
    offers = {step for step in Step if offered(step, task, acting, request.user)}
    own = task.organisation.is_branch and acting.reports
    context = {
        "title": "整改任务" if own else "整改台账",
        "tabs": task_tabs(task.organisation, "tasks:list"),
        "list_url": link("tasks:list", organisation=task.organisation.code),
        "task": detail.facts(task, today) | {"reminded": detail.reminded_text(events, today)},
        "steps": detail.steps(task),
        "entries": detail.entries(task, events, today),
        "months": detail.months(task, events, list(files_of(task)), today),
        "files": detail.evidence(task, today, may_replace=Step.PROGRESS in offers),
        "extensions": detail.extensions(asked, today),
        "kept": bound.get("kept"),
        **_forms(task, offers, bound, today),
        "answer_form": _answer_form(task, offers, asked, bound),
        "acts": _acts(task, offers, asked),
        "start_url": _url("start", task) if Step.START in offers else "",
        "remind_url": _url("remind", task) if Step.REMIND in offers else "",
        "waits": _waits(request, task, acting),
    }
    return render(request, "tasks/task_detail.html", context)


def _url(name: str, task: Task) -> str:
    return reverse(f"tasks:{name}", args=[task.pk])


def _forms(task: Task, offers, bound, today) -> dict[str, dict | None]:
    """The forms on the page itself, None where they do not fit the reader or the state."""
    shown: dict[str, dict | None] = dict.fromkeys(("progress_form", "request_form", "review_form"))
    if Step.PROGRESS in offers:
        initial = {"percent": task.progress}
        form = bound.get("progress") or ProgressForm(today=today, initial=initial)
        shown["progress_form"] = {"url": _url("progress", task), "form": form}
    if Step.REQUEST in offers:
        form = bound.get("asking") or RequestForm(today=today, auto_id="request_%s")
        shown["request_form"] = {"url": _url("request_close", task), "form": form}
    if Step.CHECK in offers:
        passes = task.by_county and not ledger.county_is_superior(task.organisation)
        pass_url, pass_label = _url("close", task), "通过，报县级核查" if passes else "通过，销号"
    else:
        pass_url, pass_label = _url("county_close", task), "通过，销号"
    if Step.RETURN in offers:
        may_pass = offers & {Step.CHECK, Step.COUNTY_CHECK}
        shown["review_form"] = {
            "url": pass_url if may_pass else "",
            "label": pass_label,
            "return_url": _url("return", task),
            "form": bound.get("review") or ReviewForm(auto_id="review_%s"),
        }
    return shown


def _answer_form(task: Task, offers, asked, bound) -> dict | None:
    waiting = next((row for row in asked if row.state == ExtensionState.ASKED), None)
    if waiting is None or Step.ANSWER not in offers:
        return None
    return {
        "grant_url": _url("grant", task),
        "refuse_url": _url("refuse", task),
        "due_on": waiting.due_on,
        "reason": waiting.reason,
        "form": bound.get("answer")
        or AnswerForm(auto_id="answer_%s", initial={"extension": waiting.pk}),
    }


def _acts(task: Task, offers, asked) -> list[dict[str, str]]:
    """Forms on pages of their own."""
    waiting = any(row.state == ExtensionState.ASKED for row in asked)
    pages = (
        (Step.ASK, "申请延期", "ask", not waiting),
        (Step.EXTEND, "延期", "extend", not waiting),
        (Step.CHANGE, "变更任务", "change", True),
        (Step.REOPEN, "重新挂账", "reopen", True),
        (Step.CANCEL, "撤销任务", "cancel", True),
    )
    return [
        {"label": label, "url": _url(name, task)}
        for step, label, name, fits in pages
        if step in offers and fits
    ]


def _waits(request, task: Task, acting: Acting) -> str:
    """Why somebody who checks has no button to pass the task, or whose turn it is."""
    if acting.reviews and allowed(Step.CHECK, task.state):
        return ledger.county_waits(task, request.user)
    if allowed(Step.COUNTY_CHECK, task.state) and not acting.county:
        return "已报县级核查，等县委组织部核查"
    if allowed(Step.CHECK, task.state) and not acting.reviews:
        return f"已申请销号，等{detail.check_name(task)}"
    return ""


# --- Listing a task ---------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def task_new(request):
    """新建任务: for the organisation of the address, or for several below it."""
    today = current_day()
    place = _place(request)
    own = not acting_on(request.user, place).reviews and place.is_branch
    choices = [] if own else _choices(request, place)
    data = request.POST if request.method == "POST" else None
    form = NewTaskForm(
        data, today=today, own=own, organisations=[(one.pk, one.short_name) for one in choices],
        initial=_prefilled(request, place, choices, own, today),
    )  # fmt: skip
    if data is not None and form.is_valid():
        chosen = [place] if own else _chosen(form, choices)
        try:
            tasks = list_tasks(
                organisations=chosen, facts=_facts(form, own), by=request.user, on=today
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, _listed(tasks))
            one = _url("detail", tasks[0]) if len(tasks) == 1 else ""
            return redirect(
                safe_next(request) or one or link("tasks:list", organisation=place.code)
            )
    context = {
        "title": "新建任务",
        "tabs": task_tabs(place, "tasks:list"),
        "list_url": link("tasks:list", organisation=place.code),
        "organisation": place.short_name,
        "form": form,
        "several": not own and len(choices) != 1,
        "narrower": _narrower(choices, place),
        "next": safe_next(request) or "",
        "own": own,
        **_suggestions(place, today),
    }
    return render(request, "tasks/task_form.html", context)


def _place(request) -> Organisation:
    """Where tasks are listed: named in the address, else the reader's own house."""
    organisations = Organisation.objects.select_related("parent")
    place = named_organisation(request)
    if place is None:
        grant = main_grant(request.user)
        if grant is None:
            raise Http404
        place = get_for(organisations, request.user, pk=grant.organisation_id)
    acting = acting_on(request.user, place)
    if not (acting.reviews or acting.reports):
        raise PermissionDenied
    return place


def _choices(request, place: Organisation) -> list[Organisation]:
    """The place itself, where the reader checks for it, and what stands directly below it."""
    if place.is_branch:
        return [place]
    below = Organisation.objects.permitting(request.user, Action.REVIEW_TASK).filter(
        parent=place, dissolved_on__isnull=True
    )
    found = list(below.select_related("parent").order_by("code"))
    if place.parent is None or reaches(request.user, Action.REVIEW_TASK, place.parent.path):
        found.append(place)
    return found


def _narrower(choices: list[Organisation], place: Organisation) -> list[dict[str, str]]:
    """Links to the forms for the branches of each committee below."""
    return [
        {"label": one.short_name, "url": link("tasks:new", organisation=one.code)}
        for one in choices
        if not one.is_branch and one != place
    ]


def _chosen(form: NewTaskForm, choices: list[Organisation]) -> list[Organisation]:
    wanted = set(form.cleaned_data["organisations"])
    return [one for one in choices if one.pk in wanted]


def _prefilled(request, place, choices, own: bool, today) -> dict[str, object]:
    """What the address says, and who is known to be responsible."""
    source = one_line(request.GET.get("source"), 100)
    if source.startswith("duty:"):
        # A page that explains a duty led here; its rule stands in the problem it hands over.
        source = "对照要求"
    initial = {
        "problem": one_line(request.GET.get("problem"), 500),
        "source": source,
        "opened_on": today,
        "responsible_leader": _leader(place, today),
    }
    only = place if own else choices[0] if len(choices) == 1 else None
    if only is not None:
        initial["organisations"] = [only.pk]
        initial["responsible_unit"] = only.name
        initial["responsible_person"] = secretaries_of([only.pk], today).get(only.pk, "")
    return initial


def _leader(place: Organisation, today) -> str:
    """The secretary of the house above a branch, of the house itself where several are meant."""
    house = place.parent if place.is_branch and place.parent else place
    name = secretaries_of([house.pk], today).get(house.pk, "")
    return f"{house.short_name}书记 {name}" if name else ""


def _suggestions(place: Organisation, today) -> dict[str, list[str]]:
    values = Values()
    people = secretaries_of([place.pk], today)
    leader = _leader(place, today)
    return {
        "sources": list(values.on(TASK_SOURCES, today)),
        "categories": list(values.on(TASK_CATEGORIES, today)),
        "leaders": [leader] if leader else [],
        "people": list(people.values()),
    }


def _facts(form, own: bool) -> TaskFacts:
    cleaned = form.words()
    if own:
        cleaned["source"] = SELF_FOUND
    return TaskFacts(**cleaned)


def _listed(tasks: list[Task]) -> str:
    if len(tasks) == 1:
        return f"已挂账，编号 {tasks[0].number}"
    return f"已给 {len(tasks)} 个单位各建一项任务"


def refuse(form, refused: Refused) -> None:
    """Say in the form why nothing was stored; what was typed stays. The next save after somebody
    else's change is made knowingly, on top of it."""
    if isinstance(refused, ledger.ChangedMeanwhile):
        form.data = form.data.copy()
        form.data["version"] = str(refused.task.version)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


# --- Putting right what is said ----------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def task_change(request, pk):
    """变更任务."""
    today = current_day()
    task, _acting = task_for(request, pk, Step.CHANGE)
    if reason := refusal(Step.CHANGE, task.state, task.by_county):
        messages.warning(request, reason)
        return redirect("tasks:detail", task.pk)
    names = [name for name in TaskFacts.__dataclass_fields__ if name in ChangeForm.base_fields]
    initial = {name: getattr(task, name) for name in names} | {"version": task.version}
    form = ChangeForm(request.POST if request.method == "POST" else None, today=today, initial=initial)  # fmt: skip
    if form.is_bound and form.is_valid():
        facts = TaskFacts(**form.words(), opened_on=task.opened_on, due_on=task.due_on)
        version = form.cleaned_data["version"] or 0
        try:
            ledger.change_task(task=task, version=version, facts=facts, by=request.user, on=today)
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已保存变更")
            return redirect("tasks:detail", task.pk)
    context = {
        "title": "变更任务",
        "tabs": task_tabs(task.organisation, "tasks:list"),
        "list_url": _url("detail", task),
        "list_title": task.number,
        "organisation": task.organisation.short_name,
        "form": form,
        "hint": "时限不在这里改，要延期请用“延期”",
        "save_label": "保存变更",
        **_suggestions(task.organisation, today),
    }
    return render(request, "tasks/task_form.html", context)
