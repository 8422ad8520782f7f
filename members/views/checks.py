from django.contrib import messages
from django.db.models import Q
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.periods import period_named
from branches.scope import get_for, reaches
from branches.words import full_date
from members.check_forms import (
    LETTERS,
    NAMES,
    FinishForm,
    ReopenForm,
    changes_in,
    one_line_of,
)
from members.checks import TICKS, with_progress
from members.models import FileCheck, FileCheckLine
from members.roster import roster
from members.services import Refused
from members.services import checks as services
from members.views.check_lists import check_state

# Where the session keeps what 撤销 takes back.
LAST_REST = "check_last_rest"
_PROBLEM = Q(relation_ok=False) | Q(file_ok=False) | Q(contact_ok=False)
_UNFINISHED = Q(relation_ok=None) | Q(file_ok=None) | Q(contact_ok=None)


def _check(request, pk: int, action: str = Action.LOOK) -> FileCheck:
    checks = FileCheck.objects.select_related("organisation", "finished_by")
    return get_for(checks, request.user, action, pk=pk)


@require_safe
def check_detail(request, pk):
    """The worklist of one check, person by person."""
    check = _check(request, pk)
    if reaches(request.user, Action.CHANGE_MEMBER, check.organisation.path):
        # Who joined after the start belongs to it; who only looks changes nothing.
        services.add_newcomers(check=check, today=current_day(), by=request.user)
    return _page(request, check)


def _page(request, check: FileCheck, **bound):
    """The worklist; `bound` holds a form that was refused, by its name in the template."""
    today = current_day()
    branch = check.organisation
    may_check = reaches(request.user, Action.CHANGE_MEMBER, branch.path)
    totals = _totals(check)
    conditions = {
        "unfinished": ("没核对完", _UNFINISHED),
        "hints": ("有提示", ~Q(hints="")),
        "problems": ("有问题", _PROBLEM),
    }
    chosen = request.GET.get("show", "")
    lines = check.lines.select_related("member").order_by("pk")
    if chosen in conditions:
        lines = lines.filter(conditions[chosen][1])
    here = set(roster([branch], today).values_list("member_id", flat=True))
    period = period_named(check.period)
    kind, words = check_state(with_progress(FileCheck.objects.filter(pk=check.pk)).get(), today)
    context = {
        "title": f"{period.label}清查",
        "list_url": link("members:checks", branch=branch.code),
        "branch_name": branch.short_name,
        "kind": kind,
        "words": words,
        "period_ends": full_date(period.ends_on),
        "chips": [
            {
                "key": key,
                "label": label,
                "count": totals[key],
                "url": with_query(request, show="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "rows": [_line_row(line, here) for line in lines],
        "filtered": chosen in conditions,
        "totals": totals,
        "editable": may_check and not check.finished_on,
        "save_url": reverse("members:check_save", args=[check.pk]),
        "rest_url": reverse("members:check_rest", args=[check.pk]),
        "rest_count": totals["rest"],
        "finish_url": reverse("members:check_finish", args=[check.pk]),
        "finish_form": bound.get("finish") or FinishForm(today=today),
        "sheet_url": reverse("members:check_sheet", args=[check.pk]),
        "reopen_url": reverse("members:check_reopen", args=[check.pk])
        if may_check and check.finished_on
        else "",
        "reopen_form": bound.get("reopen") or ReopenForm(),
        "store_key": check.pk,
    }
    return render(request, "members/check_detail.html", context)


def _totals(check: FileCheck) -> dict[str, int]:
    """How many lines there are, are unfinished, have problems or hints, and are left to 其余."""
    lines = list(check.lines.values_list("relation_ok", "file_ok", "contact_ok", "hints"))
    unfinished = [line for line in lines if None in line[:3]]
    return {
        "total": len(lines),
        "done": len(lines) - len(unfinished),
        "unfinished": len(unfinished),
        "problems": sum(False in line[:3] for line in lines),
        "hints": sum(bool(line[3]) for line in lines),
        "rest": sum(not line[3] and False not in line[:3] for line in unfinished),
    }


def _line_row(line: FileCheckLine, here: set[int]) -> dict[str, object]:
    return {
        "pk": line.pk,
        "url": reverse("members:check_line", args=[line.pk]),
        "name": line.member.name,
        "member_url": reverse("members:detail", args=[line.member_id]),
        "category": line.member.get_kind_display(),
        "gone": line.member_id not in here,
        "hints": line.hints.splitlines(),
        "ticks": [
            {
                "name": name,
                "label": TICKS[field],
                "sign": LETTERS[getattr(line, field)],
            }
            for name, field in NAMES.items()
        ],
        "note": line.note,
        "checked": full_date(line.checked_on),
    }


@require_POST
def check_line(request, pk):
    """One line's ticks or note, as the page's script sends them; the answer is how it stands."""
    lines = FileCheckLine.objects.select_related("check_run", "member")
    line = get_for(lines, request.user, Action.CHANGE_MEMBER, pk=pk)
    ticks, note = one_line_of(request.POST)
    try:
        line = services.record_line(
            line=line, by=request.user, on=current_day(), note=note, **ticks
        )
    except Refused as refused:
        return JsonResponse({"error": str(refused)}, status=400)
    answer = {name: LETTERS[getattr(line, field)] for name, field in NAMES.items()}
    return JsonResponse(
        answer
        | {
            "note": line.note,
            "totals": _totals(line.check_run),
            "saved_at": f"{timezone.localtime():%H:%M}",
        }
    )


@require_POST
def check_save(request, pk):
    """The whole sheet at once, where there is no script; only what was changed is written."""
    check = _check(request, pk, Action.CHANGE_MEMBER)
    saved = 0
    try:
        for line in check.lines.select_related("check_run"):
            ticks, note = changes_in(request.POST, line.pk)
            if ticks or note is not None:
                services.record_line(
                    line=line, by=request.user, on=current_day(), note=note, **ticks
                )
                saved += 1
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"已保存 {saved} 人" if saved else "没有改动")
    return redirect("members:check_detail", check.pk)


@require_POST
def check_rest(request, pk):
    """其余没有提示的都正常."""
    check = _check(request, pk, Action.CHANGE_MEMBER)
    try:
        done = services.tick_rest(check=check, by=request.user, on=current_day())
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("members:check_detail", check.pk)
    people = len(set().union(*done.values()))
    if people:
        request.session[LAST_REST] = {"check": check.pk, "done": done}
        undo = reverse("members:check_rest_undo", args=[check.pk])
        messages.success(request, f"已把 {people} 人记为正常", extra_tags=f"undo={undo}")
    else:
        messages.success(request, "没有可以一起记的人了")
    return redirect("members:check_detail", check.pk)


@require_POST
def check_rest_undo(request, pk):
    """撤销: what the last 其余正常 of this session set, as far as it still stands."""
    check = _check(request, pk, Action.CHANGE_MEMBER)
    last = request.session.pop(LAST_REST, None) or {}
    if last.get("check") != check.pk:
        messages.warning(request, "没有可以撤销的")
        return redirect("members:check_detail", check.pk)
    try:
        people = services.untick_rest(check=check, done=last["done"], by=request.user)
        messages.success(request, f"已撤销 {people} 人")
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("members:check_detail", check.pk)


@require_POST
def check_finish(request, pk):
    """完成清查."""
    check = _check(request, pk, Action.CHANGE_MEMBER)
    today = current_day()
    form = FinishForm(request.POST, today=today)
    if not form.is_valid():
        return _page(request, check, finish=form)
    try:
        services.finish_check(
            check=check, on=form.cleaned_data["finished_on"], by=request.user, today=today
        )
    except Refused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, check, finish=form)
    messages.success(request, "清查已完成，可以打印结果表")
    return redirect("members:check_detail", check.pk)


@require_POST
def check_reopen(request, pk):
    """重开清查."""
    check = _check(request, pk, Action.CHANGE_MEMBER)
    form = ReopenForm(request.POST)
    if not form.is_valid():
        return _page(request, check, reopen=form)
    try:
        services.reopen_check(check=check, reason=form.cleaned_data["reason"], by=request.user)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "已重开，可以接着核对")
    return redirect("members:check_detail", check.pk)


@require_safe
def check_sheet(request, pk):
    """The result on paper (A4)."""
    check = _check(request, pk)
    today = current_day()
    lines = list(check.lines.select_related("member").order_by("pk"))
    totals = _totals(check)
    context = {
        "back_url": reverse("members:check_detail", args=[check.pk]),
        "branch_name": check.organisation.name,
        "period_text": period_named(check.period).label,
        "started": full_date(check.started_on),
        "finished": full_date(check.finished_on),
        "totals": totals,
        "rows": [
            {
                "number": number,
                "name": line.member.name,
                "category": line.member.get_kind_display(),
                "ticks": [
                    {"y": "正常", "n": "有问题", "": ""}[LETTERS[getattr(line, field)]]
                    for field in NAMES.values()
                ],
                "note": line.note,
            }
            for number, line in enumerate(lines, 1)
        ],
        "printed_text": f"{full_date(today)}打印",
    }
    return render(request, "print/check_sheet.html", context)
