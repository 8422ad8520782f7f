"""民主评议 of one branch and year: how far it has come, concluded, opened again, taken back."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from branches.clock import today as current_day
from branches.links import link
from branches.scope import reaches
from branches.values import Values
from branches.words import full_date
from meetings import appraising
from meetings.appraising import EXCELLENT_ONE_IN, STEPS
from meetings.enums import Grade, Type
from meetings.forms.appraisals import CloseForm, ReasonForm, StepsForm
from meetings.models import Appraisal
from meetings.services import appraisals
from meetings.views.appraisal_shared import (
    PAGE,
    RECORD,
    appraisal_for,
    attempt,
    done,
    frame,
    results_of,
    shown,
    url_of,
)

# --- One appraisal ----------------------------------------------------------------------------


@require_safe
def appraisal_detail(request, pk):
    """How far the appraisal has come, and what the branch decided."""
    return _page(request, appraisal_for(request, pk))


def _page(request, appraisal: Appraisal, **bound):
    """The page; `bound` holds a form that was refused, by its name, or a newer version."""
    today = current_day()
    results = results_of(appraisal)
    may = reaches(request.user, RECORD, appraisal.organisation.path)
    editable = may and not appraisal.closed_on
    one_in = Values().on(EXCELLENT_ONE_IN, appraisal.closed_on or today)
    missing = appraising.missing_to_close(appraisal, results)
    context = frame(appraisal) | {
        **_state(appraisal),
        "steps": appraising.stepper(appraisal),
        "notes": [
            *appraising.out_of_order(appraisal),
            *filter(None, [appraising.excellent_advice(results, one_in)]),
        ],
        "sums": _sums(results),
        "sheets": _sheets_text(appraisal),
        "in_groups": appraisal.in_groups,
        "meeting": _meeting_shown(appraisal),
        "rows": [shown(one, appraisal) for one in results],
        "further": any(one.grade in (Grade.BASIC, Grade.UNQUALIFIED) for one in results),
        "editable": editable,
        "missing": missing,
        "steps_form": (bound.get("steps") or _steps_form(appraisal, today)) if editable else None,
        "register_url": _register_url(appraisal) if editable else "",
        "close_form": (bound.get("close") or _close_form(today))
        if editable and not missing
        else None,
        "reopen_form": (bound.get("reopen") or ReasonForm(auto_id="reopen_%s"))
        if may and appraisal.closed_on
        else None,
        "withdraw_form": (bound.get("withdraw") or ReasonForm(auto_id="withdraw_%s"))
        if editable and not any(_is_counted(one) for one in results)
        else None,
        "ballots_entered": appraisal.ballots_valid is not None,
        "version": bound.get("version", appraisal.version),
    }
    return render(request, "meetings/appraisal_detail.html", context)


def _state(appraisal: Appraisal) -> dict[str, str]:
    if appraisal.closed_on:
        return {"kind": "done", "words": f"{full_date(appraisal.closed_on)}办结"}
    step = appraising.next_step(appraisal)
    return {"kind": "run", "words": f"进行中，{step}" if step else "进行中，待办结"}


def _sums(results) -> dict[str, int]:
    return {
        "all": len(results),
        "formal": sum(one.was_formal for one in results),
        "took_part": sum(one.took_part for one in results),
        "graded": [(grade.label, sum(one.grade == grade for one in results)) for grade in Grade],
        "ungraded": sum(not one.grade for one in appraising.to_grade(results)),
    }


def _sheets_text(appraisal: Appraisal) -> str:
    counts = {
        "发出": appraisal.ballots_sent,
        "收回": appraisal.ballots_back,
        "有效": appraisal.ballots_valid,
    }
    return "，".join(f"{name} {count} 张" for name, count in counts.items() if count is not None)


def _meeting_shown(appraisal: Appraisal) -> dict[str, str] | None:
    meeting = appraisal.meeting
    if meeting is None:
        return None
    return {
        "label": f"{full_date(meeting.held_on)} {meeting.topic}".strip(),
        "url": reverse("meetings:detail", args=[meeting.pk]),
    }


def _is_counted(result) -> bool:
    return bool(result.grade) or not appraising.ballots_of(result).is_empty


def _register_url(appraisal: Appraisal) -> str:
    return link(
        "meetings:register",
        branch=appraisal.organisation.code,
        types=f"{Type.APPRAISAL},{Type.LIFE_MEETING}",
        next=url_of("appraisal", appraisal),
    )


def _steps_form(appraisal: Appraisal, today, posted=None) -> StepsForm:
    """With what is stored; a meeting of the year proposes itself and the days of the last steps."""
    meetings = list(appraising.appraisal_meetings(appraisal.organisation, appraisal.year)[:20])
    initial = {field: getattr(appraisal, field) for field in STEPS}
    initial |= {"in_groups": appraisal.in_groups, "meeting": appraisal.meeting_id}
    if meetings and appraisal.meeting_id is None:
        initial["meeting"] = meetings[0].pk
        for field in ("ballot_on", "opinion_on"):
            initial[field] = initial[field] or meetings[0].held_on
    return StepsForm(posted, meetings=meetings, today=today, initial=initial)


def _close_form(today, posted=None) -> CloseForm:
    return CloseForm(posted, today=today, initial={"closed_on": today})


# --- Writing ----------------------------------------------------------------------------------


@require_POST
def appraisal_steps(request, pk):
    """Days and meeting of the steps."""
    appraisal = appraisal_for(request, pk, RECORD)
    form, faults = _steps_form(appraisal, current_day(), request.POST), {}
    if form.is_valid() and attempt(
        request, form, faults, appraisal, appraisals.set_steps, steps=form.steps()
    ):
        return done(request, appraisal, "已保存评议步骤")
    return _page(request, appraisal, steps=form, **faults)


@require_POST
def appraisal_close(request, pk):
    """办结."""
    appraisal = appraisal_for(request, pk, RECORD)
    form, faults = _close_form(current_day(), request.POST), {}
    if form.is_valid() and attempt(
        request, form, faults, appraisal, appraisals.close_appraisal, **form.cleaned_data
    ):
        return done(request, appraisal, f"已办结{appraisal.year}年民主评议")
    if "closed_on" not in form.errors:
        # What is missing stands on the page itself, where the form is not.
        for fault in form.non_field_errors():
            messages.warning(request, fault)
    return _page(request, appraisal, close=form, **faults)


@require_POST
def appraisal_reopen(request, pk):
    """重开, with the reason."""
    appraisal = appraisal_for(request, pk, RECORD)
    form, faults = ReasonForm(request.POST, auto_id="reopen_%s"), {}
    if form.is_valid() and attempt(
        request, form, faults, appraisal, appraisals.reopen_appraisal, **form.cleaned_data
    ):
        return done(request, appraisal, "已重开，可以修改")
    return _page(request, appraisal, reopen=form, **faults)


@require_POST
def appraisal_withdraw(request, pk):
    """撤销 of one begun by mistake, with the reason."""
    appraisal = appraisal_for(request, pk, RECORD)
    form, faults = ReasonForm(request.POST, auto_id="withdraw_%s"), {}
    if form.is_valid() and attempt(
        request, form, faults, appraisal, appraisals.withdraw_appraisal, **form.cleaned_data
    ):
        messages.success(request, f"已撤销{appraisal.year}年民主评议")
        return redirect(link(PAGE, branch=appraisal.organisation.code))
    return _page(request, appraisal, withdraw=form, **faults)
