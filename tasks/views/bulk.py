"""Acts on what is ticked in the ledger; each says how many were done, and why others were not."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import safe_next
from branches.scope import main_grant, paths_reached
from tasks import listing, words
from tasks.acting import checked_by
from tasks.forms.bulk import ExtendSeveralForm, LeaderForm
from tasks.models import Task
from tasks.services import bulk

# So many are reminded at once by 催办逾期; the longest overdue first.
MOST = 200
# What cannot be done is said one by one; of long lists the first.
_SAID = 20
# Acts that ask for something first: heading, button, form.
_ASKING = {
    "extend": ("延期", "延期所选", ExtendSeveralForm),
    "leader": ("变更责任领导", "变更所选", LeaderForm),
}
_DONE = {"remind": "催办", "close": "核查通过", "extend": "延期", "leader": "变更责任领导"}
ACTS = tuple(_DONE)


@require_POST
def several(request, act):
    """催办所选, 通过销号所选, 延期所选, 变更责任领导所选."""
    if act not in ACTS:
        raise Http404
    today = current_day()
    tasks = _chosen(request, today, act)
    back = safe_next(request) or reverse("tasks:list")
    if not tasks:
        messages.warning(request, "没有选中任务，请先勾选")
        return redirect(back)
    cleaned = {}
    if act in _ASKING:
        heading, button, form_class = _ASKING[act]
        typed = request.POST if "typed" in request.POST else None
        form = form_class(typed, today=today)
        if not form.is_valid():
            return _ask(request, tasks, form, heading, button, back)
        cleaned = form.cleaned_data
    outcome = _do(request, act, tasks, today, cleaned)
    _tell(request, act, outcome)
    return redirect(back)


def _chosen(request, today, act: str) -> list[Task]:
    """What is ticked, or with `all` everything overdue under the filters of the address.

    Out of sight is 404, in sight but not to be checked by the reader is 403.
    """
    tasks = Task.objects.select_related("organisation__parent")
    if request.POST.get("all") and act == "remind":
        found = listing.listed(request, today)
        late = found.matching.filter(found.conditions["late_running"][1])
        late = late.filter(checked_by(request.user))
        return list(late.select_related("organisation__parent").order_by("due_on", "pk")[:MOST])
    typed = request.POST.getlist("pick")[:MOST]
    keys = {int(key) for key in typed if key.isascii() and key.isdecimal() and len(key) < 12}
    seen = tasks.visible_to(request.user).filter(pk__in=keys)
    if seen.count() != len(keys):
        raise Http404
    reached = list(seen.filter(checked_by(request.user)).order_by("due_on", "pk"))
    if len(reached) != len(keys):
        raise PermissionDenied
    if not keys and not paths_reached(request.user, Action.REVIEW_TASK):
        raise PermissionDenied
    return reached


def _do(request, act: str, tasks: list[Task], today, cleaned: dict) -> bulk.Outcome:
    doing = {"tasks": tasks, "by": request.user, "on": today}
    if act == "remind":
        grant = main_grant(request.user)
        return bulk.remind_several(**doing, sender=grant.organisation if grant else None)
    if act == "close":
        return bulk.close_several(**doing, text="")
    if act == "extend":
        return bulk.extend_several(**doing, **cleaned)
    return bulk.hand_several(**doing, **cleaned)


def _ask(request, tasks, form, heading: str, button: str, back: str):
    today = current_day()
    rows = []
    for task in tasks:
        kind, state_words = words.badge(task, today)
        rows.append(
            {
                "pk": task.pk,
                "problem": task.problem,
                "number": task.number,
                "unit": words.answerable(task, named=True),
                "leader": task.responsible_leader,
                "due_text": words.due_text(task, today),
                "kind": kind,
                "state_words": state_words,
            }
        )
    context = {
        "heading": heading,
        "button": button,
        "form": form,
        "rows": rows,
        "back_url": back,
        "list_title": "整改台账",
    }
    return render(request, "tasks/task_bulk.html", context)


def _tell(request, act: str, outcome: bulk.Outcome) -> None:
    did = _DONE[act]
    if outcome.done:
        messages.success(request, f"已{did} {len(outcome.done)} 项")
    for task, reason in outcome.refused[:_SAID]:
        messages.warning(request, f"没有{did} {task.number} {task.problem[:30]}：{reason}")
    if (more := len(outcome.refused) - _SAID) > 0:
        messages.warning(request, f"另有 {more} 项没有{did}")
