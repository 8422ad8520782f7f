"""要求设置: county values, each from a day on, with what a change would do before it is saved."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.scope import paths_reached
from branches.values import KEYS, Key, Values
from branches.words import full_date, one_line
from compliance import previewing, requirements, scopes
from compliance.forms import RequirementForm
from compliance.previewing import AMBER, QUIET, RED
from compliance.wording import words_of_period

_REDS_SHOWN = 30


def _may_look(request) -> None:
    if not paths_reached(request.user, Action.LOOK):
        raise PermissionDenied


@require_safe
def requirement_list(request):
    """All county values under their headings; `?q=` searches, `?changed=1` leaves out defaults."""
    _may_look(request)
    search, changed = one_line(request.GET.get("q"), 40), bool(request.GET.get("changed"))
    groups = [
        {
            "name": name,
            "rows": [
                _row(line)
                for line in rows
                if search in line.key.label and (line.is_changed or line.coming or not changed)
            ],
        }
        for name, rows in requirements.lines(current_day())
    ]
    context = {
        "groups": [group for group in groups if group["rows"]],
        "search": search,
        "changed": changed,
    }
    return render(request, "compliance/requirement_list.html", context)


def _row(line: requirements.Line) -> dict:
    return {
        "label": line.key.label,
        "help": line.key.help,
        "now": line.now,
        "since": full_date(line.since) if line.since else "",
        "departing": line.departing,
        "coming": f"{full_date(line.coming[0])}起 {line.coming[1]}" if line.coming else "",
        "url": reverse("compliance:requirement", args=[line.key.name]),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def requirement(request, name: str):
    """One county value: what holds, what held, and for the county the form to change it."""
    _may_look(request)
    key = KEYS.get(name)
    if key is None or name.split(".")[0] not in requirements.GROUPS:
        raise Http404
    may_change = bool(paths_reached(request.user, Action.CHANGE_RULES))
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = _form(request, key) if may_change else None
    if request.method != "POST" or not form.is_valid():
        return _page(request, key, form)
    typed = form.cleaned_data
    changes, scope = {key: typed["value"]}, typed.get("scope", "")
    if request.POST.get("step") != "save":
        found = previewing.effects(changes, typed["starts_on"], current_day(), scope)
        return _page(request, key, form, preview=_preview(key, typed, found))
    try:
        requirements.save(
            changes, scope=scope, by=request.user, on=typed["starts_on"], reason=typed["reason"]
        )
    except ValueError as refused:
        form.add_error(None, str(refused))
        return _page(request, key, form)
    messages.success(
        request, f"已保存，{full_date(typed['starts_on'])}起执行；各支部一分钟内重新核对"
    )
    return redirect("compliance:requirement", key.name)


def _form(request, key: Key) -> RequirementForm:
    """The form, empty or as typed; what judges somebody may depart in a part of the county."""
    today = current_day()
    offered = scopes.choices(today) if scopes.may_depart(key) else []
    return RequirementForm(request.POST or None, key=key, scopes=offered, today=today)


def _page(request, key: Key, form, *, preview=None):
    today = current_day()
    now = Values().on(key, today)
    context = {
        "label": key.label,
        "help": key.help,
        "now": requirements.shown(key, now),
        "default": requirements.shown(key, key.default),
        "readers": requirements.readers(key),
        "history": [
            {
                "from": full_date(one.starts_on),
                "value": one.value,
                "reason": one.reason,
                "scope": one.scope,
                "coming": one.starts_on > today,
            }
            for one in requirements.history(key)
        ],
        "form": form,
        "preview": preview,
    }
    return render(request, "compliance/requirement.html", context)


def _preview(key: Key, typed: dict, found: list[previewing.Effect]) -> dict:
    """The effects in words, the red ones by name."""
    ends, scope = typed["value"] is None, typed.get("scope", "")
    value = "按全县" if ends else requirements.shown(key, requirements.stored(key, typed["value"]))
    where = f"{scopes.scope_words([scope])[scope]}，" if scope else ""
    return {"head": f"{where}改为 {value}"} | effects_in_words(found, typed["starts_on"])


def effects_in_words(found: list[previewing.Effect], starts_on) -> dict:
    """What new values would change, as `requirement_preview.html` shows it."""
    names = previewing.named(found)
    changing = [effect for effect in found if effect.changes]
    reds = [
        {
            "name": names[pk].short_name,
            "url": reverse("branch", args=[names[pk].code]) if names[pk].is_branch else "",
            "words": f"{effect.rule.title} {words_of_period(effect.period)}".strip(),
        }
        for effect in changing
        for pk in effect.reds
    ]
    return {
        "from": full_date(starts_on),
        "tried_today": starts_on > current_day(),
        "judged": len(found),
        "rows": [
            {
                "rule": effect.rule.title,
                "period": words_of_period(effect.period),
                "judged": effect.judged,
                "red": effect.turns[RED],
                "amber": effect.turns[AMBER],
                "quiet": effect.turns[QUIET],
                "new": effect.new,
                "gone": effect.gone,
            }
            for effect in changing
        ],
        "red_count": len({pk for effect in changing for pk in effect.reds}),
        "reds": reds[:_REDS_SHOWN],
        "reds_more": max(len(reds) - _REDS_SHOWN, 0),
    }
