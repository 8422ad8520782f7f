"""The steps of a task, each an address of its own. A step its state forbids says why, whoever asks
for it how; what was typed for it is shown again."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from branches.clock import today as current_day
from branches.links import safe_next
from tasks.acting import Acting, sender_of
from tasks.forms.ledger import (
    AnswerForm,
    CancelForm,
    ExtendForm,
    ProgressForm,
    ReopenForm,
    ReplaceForm,
    RequestForm,
    ReviewForm,
)
from tasks.models import Extension, Task
from tasks.services import Refused, evidence, extensions, ledger
from tasks.services.reminders import remind
from tasks.states import Step, refusal
from tasks.tabs import task_tabs
from tasks.views.ledger import task_for, task_page


class _NotHere(Refused):
    """The page has no such form; somebody went on, or the address was made up."""


def _done(request, task: Task, message: str):
    messages.success(request, message)
    return redirect(safe_next(request) or reverse("tasks:detail", args=[task.pk]))


def _refused(request, task: Task, acting: Acting, name: str, form, refused: Refused):
    """The page once more, the reason in the form; where the task takes the form no more, what was
    typed stands beside how the task is now."""
    if isinstance(refused, ledger.StateMoved | extensions.AlreadyAnswered | _NotHere):
        typed = form.data.get("text") or form.data.get("answer") or ""
        kept = {"reason": str(refused), "text": typed}
        return task_page(request, task, acting, kept=kept)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))
    return task_page(request, task, acting, **{name: form})


def _act(request, pk: int, step: str, name: str, form, do: Callable, said: Callable):
    """One form of the task's page: read, done, said; `do` takes task and clean form."""
    task, acting = task_for(request, pk, step)
    reason = refusal(step, task.state, task.by_county)
    if not reason and not form.is_valid():
        return task_page(request, task, acting, **{name: form})
    if reason:
        refused: Refused = ledger.StateMoved(task, step)
        return _refused(request, task, acting, name, form, refused)
    try:
        do(task, form)
    except Refused as refusal_found:
        return _refused(request, task, acting, name, form, refusal_found)
    return _done(request, task, said(task))


@require_POST
def progress_enter(request, pk):
    """填写进展."""
    today = current_day()

    def do(task, form):
        ledger.report_progress(
            task=task,
            text=form.cleaned_data["text"],
            progress=form.cleaned_data["percent"],
            by=request.user,
            on=today,
            **form.evidence(),
        )

    form = ProgressForm(request.POST, request.FILES, today=today)
    return _act(
        request, pk, Step.PROGRESS, "progress", form, do,
        lambda task: f"已保存进展，进度 {task.progress}%",
    )  # fmt: skip


@require_POST
def close_request(request, pk):
    """申请销号."""
    today = current_day()

    def do(task, form):
        ledger.request_close(
            task=task,
            text=form.cleaned_data["text"],
            by=request.user,
            on=today,
            **form.evidence(),
        )

    form = RequestForm(request.POST, request.FILES, today=today, auto_id="request_%s")
    said = "已申请销号，等上级核查"
    return _act(request, pk, Step.REQUEST, "asking", form, do, lambda task: said)


def _review(request, pk: int, step: str, service: Callable, said: Callable):
    form = ReviewForm(request.POST, auto_id="review_%s")

    def do(task, form):
        service(task=task, text=form.cleaned_data["text"], by=request.user, on=current_day())

    return _act(request, pk, step, "review", form, do, said)


@require_POST
def task_close(request, pk):
    """核查通过: 销号, or on to the county."""
    return _review(
        request, pk, Step.CHECK, ledger.close_task,
        lambda task: "已销号" if task.closed_on else "核查通过，已报县级核查",
    )  # fmt: skip


@require_POST
def task_county_close(request, pk):
    """县级核查通过，销号."""
    return _review(request, pk, Step.COUNTY_CHECK, ledger.county_close, lambda task: "已销号")


@require_POST
def task_return(request, pk):
    """退回整改."""
    return _review(request, pk, Step.RETURN, ledger.return_task, lambda task: "已退回整改")


@require_POST
def extension_grant(request, pk):
    """同意延期."""
    return _answer(request, pk, extensions.grant_extension, "已同意延期")


@require_POST
def extension_refuse(request, pk):
    """不同意延期."""
    return _answer(request, pk, extensions.refuse_extension, "已答复不同意延期")


def _answer(request, pk: int, service: Callable, said: str):
    form = AnswerForm(request.POST, auto_id="answer_%s")

    def do(task, form):
        key = form.cleaned_data["extension"]
        extension = Extension.objects.filter(task=task, pk=key).first()
        if extension is None:
            raise _NotHere("这份延期申请不在这项任务里，请刷新后再批")
        service(
            extension=extension,
            answer=form.cleaned_data["answer"],
            by=request.user,
            on=current_day(),
        )

    return _act(request, pk, Step.ANSWER, "answer", form, do, lambda task: said)


# --- Without a form ----------------------------------------------------------------------------


@require_POST
def task_start(request, pk):
    """开始整改."""
    task, _acting = task_for(request, pk, Step.START)
    try:
        ledger.start_task(task=task, by=request.user, on=current_day())
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("tasks:detail", task.pk)
    return _done(request, task, "已开始整改")


@require_POST
def task_remind(request, pk):
    """催办."""
    task, _acting = task_for(request, pk, Step.REMIND)
    sender = sender_of(request.user, task.organisation)
    done = remind(tasks=[task], by=request.user, on=current_day(), sender=sender)
    if done.sent:
        return _done(request, task, f"已催办{task.organisation.short_name}")
    if done.already:
        messages.info(request, "今天已经催办过，明天可以再催")
    else:
        messages.warning(request, refusal(Step.REMIND, done.skipped[0].state))
    return redirect(safe_next(request) or reverse("tasks:detail", args=[task.pk]))


# --- Forms on pages of their own ----------------------------------------------------------------


@dataclass(frozen=True)
class _Page:
    """One form on its own page: its words, and the service it feeds."""

    step: str
    title: str
    button: str
    form: type
    service: Callable
    said: str
    hint: str = ""


_ASK = _Page(
    Step.ASK, "申请延期", "送出申请", ExtendForm, extensions.ask_extension, "已申请延期，等上级批复",
    hint="上级同意后时限才改，原定时限一直看得到",
)  # fmt: skip
_EXTEND = _Page(
    Step.EXTEND, "延期", "保存延期", ExtendForm, extensions.extend_task, "已延期",
    hint="原定时限一直看得到",
)  # fmt: skip
_REOPEN = _Page(
    Step.REOPEN, "重新挂账", "重新挂账", ReopenForm, ledger.reopen_task, "已重新挂账",
    hint="以前的记录都留着，进度从 0 重新开始",
)  # fmt: skip
_CANCEL = _Page(
    Step.CANCEL, "撤销任务", "撤销任务", CancelForm, ledger.cancel_task, "已撤销任务",
    hint="撤销后不再办理，记录留在台账里；办完的请销号，不要撤销",
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def extension_ask(request, pk):
    """申请延期."""
    return _own_page(request, pk, _ASK)


@require_http_methods(["GET", "HEAD", "POST"])
def task_extend(request, pk):
    """延期 by the superior at once."""
    return _own_page(request, pk, _EXTEND)


@require_http_methods(["GET", "HEAD", "POST"])
def task_reopen(request, pk):
    """重新挂账."""
    return _own_page(request, pk, _REOPEN)


@require_http_methods(["GET", "HEAD", "POST"])
def task_cancel(request, pk):
    """撤销任务."""
    return _own_page(request, pk, _CANCEL)


def _own_page(request, pk: int, page: _Page):
    task, acting = task_for(request, pk, page.step)
    today = current_day()
    posted = request.method == "POST"
    form = page.form(request.POST if posted else None, today=today)
    if reason := refusal(page.step, task.state, task.by_county):
        kept = {"reason": reason, "text": form.data.get("reason", "") if posted else ""}
        return task_page(request, task, acting, kept=kept)
    if posted and form.is_valid():
        try:
            page.service(task=task, by=request.user, on=today, **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return _done(request, task, page.said)
    return _form_page(request, task, page.title, page.button, page.hint, form)


def _form_page(request, task: Task, title: str, button: str, hint: str, form):
    context = {
        "title": title,
        "button": button,
        "hint": hint,
        "form": form,
        "tabs": task_tabs(task.organisation, "tasks:list"),
        "number": task.number,
        "problem": task.problem,
        "due_on": task.due_on,
        "task_url": reverse("tasks:detail", args=[task.pk]),
        "next": safe_next(request) or "",
    }
    return render(request, "tasks/task_step.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def file_replace(request, pk, file):
    """更换材料: a newer version of a paper; the older one stays."""
    task, acting = task_for(request, pk, Step.PROGRESS)
    today = current_day()
    stored = evidence.files_of(task).filter(pk=file).first()
    if stored is None:
        raise Http404
    if reason := refusal(Step.PROGRESS, task.state, task.by_county):
        return task_page(request, task, acting, kept={"reason": reason, "text": ""})
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ReplaceForm(*sent, today=today)
    if form.is_bound and form.is_valid():
        try:
            evidence.replace_file(
                task=task, file=stored, by=request.user, on=today, **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return _done(request, task, "已换成新版，旧版还看得到")
    hint = f"现有材料：{stored.name}。新版传上后，旧版仍留在任务里"
    return _form_page(request, task, "更换材料", "上传新版", hint, form)
