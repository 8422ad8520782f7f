"""要求标准: published sets side by side, tried, adopted, copied and written by the county."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.scope import paths_reached
from branches.typed import Unreadable, read_date
from branches.values import KEYS, Values
from branches.words import full_date
from compliance import previewing, requirements, scopes, standards
from compliance.forms import AdoptForm, StandardForm, text_of
from compliance.models import Standard
from compliance.views.requirements import effects_in_words


def _may_change(request) -> bool:
    """Whether the reader may change the county's rules; who may not even look is turned away."""
    if not paths_reached(request.user, Action.LOOK):
        raise PermissionDenied
    return bool(paths_reached(request.user, Action.CHANGE_RULES))


def _need_change(request) -> None:
    if not _may_change(request):
        raise PermissionDenied


def _found(code: str) -> Standard:
    """The set of that code; sets are of the county, whoever looks may look at all."""
    for one in standards.every():
        if one.code == code:
            return one
    raise Http404


@require_safe
def standard_list(request):
    """All sets, with how many of their lines are not in force."""
    may_change = _may_change(request)
    values, today = Values(), current_day()
    context = {
        "rows": [
            {
                "title": one.title,
                "source": one.source,
                "origin": standards.origin_words(one),
                "count": len(standards.values_of(one)),
                "differing": len(standards.differing(one, values, today)),
                "url": reverse("compliance:standard", args=[one.code]),
            }
            for one in standards.every()
        ],
        "trial_url": reverse("compliance:standard_trial") if may_change else "",
    }
    return render(request, "compliance/standard_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def standard(request, code: str):
    """One set beside what is in force and, with `?with=`, beside another; the county adopts it."""
    may_change = _may_change(request)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    found = _found(code)
    if not may_change:
        return _page(request, found, None)
    form = _adopt_form(request, found)
    if request.method != "POST" or not form.is_valid():
        return _page(request, found, form)
    typed = form.cleaned_data
    if request.POST.get("step") != "save":
        effects = previewing.effects(
            standards.chosen_of(found, typed["names"]),
            typed["starts_on"],
            current_day(),
            typed["scope"],
        )
        return _page(request, found, form, preview=_preview(typed, effects))
    try:
        settings = standards.adopt(
            found,
            typed["names"],
            scope=typed["scope"],
            by=request.user,
            on=typed["starts_on"],
            reason=typed["reason"],
        )
    except standards.Refused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, found, form)
    day = full_date(typed["starts_on"])
    messages.success(request, f"已采用 {len(settings)} 项，{day}起执行；各支部一分钟内重新核对")
    return redirect("compliance:standard", found.code)


def _adopt_form(request, found: Standard) -> AdoptForm:
    today = current_day()
    return AdoptForm(
        request.POST or None,
        names=[key.name for key in standards.values_of(found)],
        scopes=scopes.choices(today),
        today=today,
    )


def _preview(typed: dict, effects: list[previewing.Effect]) -> dict:
    where = scopes.scope_words([typed["scope"]])[typed["scope"]]
    head = f"{where}，采用 {len(typed['names'])} 项"
    return {"head": head} | effects_in_words(effects, typed["starts_on"])


def _page(request, found: Standard, form: AdoptForm | None, *, preview=None):
    today, values = current_day(), Values()
    others = [one for one in standards.every() if one.pk != found.pk]
    other = next((one for one in others if one.code == request.GET.get("with")), None)
    lines = standards.beside(found, values, today, other)
    ticked = {line.key.name for line in lines if line.differs}
    if form is not None and form.is_bound:
        ticked = set(form.data.getlist("names"))
    own = found.is_own and form is not None
    context = {
        "title": found.title,
        "facts": [
            ("出处", found.source),
            ("核实程度", standards.origin_words(found)),
            ("说明", found.note),
        ],
        "rows": [
            {
                "name": line.key.name,
                "label": line.key.label,
                "url": reverse("compliance:requirement", args=[line.key.name]),
                "here": line.here,
                "now": line.now,
                "other": line.other,
                "differs": line.differs,
                "differs_from_other": line.differs_from_other,
                "source": line.source,
                "certainty": line.certainty,
                "ticked": line.key.name in ticked,
            }
            for line in lines
        ],
        "others": [{"code": one.code, "title": one.title} for one in others],
        "other": {"code": other.code, "title": other.title} if other else None,
        "form": form,
        "preview": preview,
        "copy_url": reverse("compliance:standard_copy", args=[found.code]) if form else "",
        "edit_url": reverse("compliance:standard_edit", args=[found.code]) if own else "",
    }
    return render(request, "compliance/standard.html", context)


@require_POST
def standard_copy(request, code: str):
    """复制一套: a set of the county's own, opened to be changed."""
    _need_change(request)
    copied = standards.copy(_found(code), by=request.user)
    messages.success(request, f"已复制为《{copied.title}》，改好后保存")
    return redirect("compliance:standard_edit", copied.code)


@require_http_methods(["GET", "HEAD", "POST"])
def standard_edit(request, code: str):
    """Write a set of the county's own; what is in force stays as it is."""
    _need_change(request)
    found = _found(code)
    if not found.is_own:
        raise PermissionDenied
    form = _standard_form(request, found)
    if request.method == "POST" and form.is_valid():
        try:
            standards.change(
                found,
                by=request.user,
                **{
                    name: form.cleaned_data[name]
                    for name in ("version", "title", "source", "note", "values")
                },
            )
        except standards.Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
            # What was typed stays, and is saved over the newest state the second time.
            form.data["version"] = found.version
        else:
            messages.success(request, "已保存；这一套还没有执行，要执行请采用")
            return redirect("compliance:standard", found.code)
    context = {
        "title": found.title,
        "back_url": reverse("compliance:standard", args=[found.code]),
        "form": form,
        "lines": form.lines(),
    }
    return render(request, "compliance/standard_form.html", context)


def _standard_form(request, found: Standard) -> StandardForm:
    held = standards.values_of(found)
    keys = {key: text_of(key, value) for key, value in held.items()}
    data = request.POST.copy() if request.method == "POST" else None
    if data is not None:
        # A line that somebody else added meanwhile was not on the page that was sent.
        for key, text in keys.items():
            data.setdefault(key.name, text)
    return StandardForm(
        data,
        keys=keys,
        others=[key for key in KEYS.values() if key.name.split(".")[0] in requirements.GROUPS],
        initial={
            "title": found.title,
            "source": found.source,
            "note": found.note,
            "version": found.version,
        },
    )


@require_safe
def standard_trial(request):
    """试算: how many would be red today under each set, had it held since `?from=`."""
    _need_change(request)
    today = current_day()
    from_on, fault = _from(request, today)
    sets = standards.every()
    found = previewing.trials([standards.values_of(one) for one in sets], from_on, today)
    names = ["现在执行的", *(one.title for one in sets)]
    reds = [len(set().union(*(one.who[place] for one in found))) for place in range(len(names))]
    context = {
        "from": full_date(from_on),
        "fault": fault,
        "sets": [
            {
                "name": name,
                "short": f"第 {place} 套" if place else "现在",
                "url": reverse("compliance:standard", args=[sets[place - 1].code]) if place else "",
                "red": reds[place],
                "more": max(reds[place] - reds[0], 0),
                "less": max(reds[0] - reds[place], 0),
            }
            for place, name in enumerate(names)
        ],
        "quiet": sum(not any(one.reds) for one in found),
        "rows": [
            {
                "rule": one.rule.title,
                "url": link("compliance:list", rule=one.rule.code),
                "cells": [
                    {"name": name, "red": red, "differs": red != one.reds[0]}
                    for name, red in zip(names, one.reds, strict=True)
                ],
            }
            for one in found
            if any(one.reds)
        ],
    }
    return render(request, "compliance/standard_trial.html", context)


def _from(request, today):
    """From which day on the sets are tried: the year's first unless another is asked for."""
    typed = request.GET.get("from", "")
    try:
        day = read_date(typed, year=today.year) if typed.strip() else None
    except Unreadable as unreadable:
        return today.replace(month=1, day=1), str(unreadable)
    if day and day > today:
        return today.replace(month=1, day=1), "请填今天或以前的日期"
    return day or today.replace(month=1, day=1), ""
