"""民主评议: what is filled in for every member at once – the list, the ballots, the grades."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.values import Values
from branches.words import full_date
from meetings import appraising
from meetings.appraising import EXCELLENT_ONE_IN
from meetings.enums import Grade, Participation
from meetings.forms.appraisals import (
    BallotsForm,
    GradesForm,
    ReasonForm,
    RosterDayForm,
    parts_in,
)
from meetings.models import Appraisal
from meetings.services import Refused, appraisals
from meetings.tabs import meeting_tabs
from meetings.views.appraisal_lists import appraisal_year
from meetings.views.appraisal_shared import (
    PAGE,
    RECORD,
    appraisal_for,
    attempt,
    done,
    frame,
    put,
    results_of,
    shown,
)

# --- Begun ------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def appraisal_start(request):
    """The list of the year: the roster of a day, with those who do not take part marked."""
    today = current_day()
    branch = chosen_branch(request, RECORD)
    if branch is None:
        raise PermissionDenied
    year = appraisal_year(request, today)
    known = Appraisal.objects.filter(organisation=branch, year=year).first()
    if known is not None:
        messages.info(request, f"{year}年民主评议已经开始")
        return redirect("meetings:appraisal", known.pk)
    typed = request.POST or request.GET
    form = RosterDayForm({"on": typed.get("on") or full_date(today)}, today=today, label_suffix="")
    on = form.cleaned_data["on"] if form.is_valid() else today
    people = appraising.participants_on(branch, on)
    faults = {}
    if request.method == "POST" and form.is_valid():
        parts = parts_in(request.POST, [one.member_id for one in people])
        try:
            appraisal = appraisals.start_appraisal(
                organisation=branch, year=year, on=on, parts=parts, by=request.user, today=today
            )
        except Refused as refused:
            put(form, refused, faults)
        else:
            messages.success(request, f"已开始{year}年民主评议，名单 {len(people)} 人")
            return redirect("meetings:appraisal", appraisal.pk)
    context = {
        "tabs": meeting_tabs(branch, PAGE),
        "title": f"开始{year}年民主评议",
        "organisation": branch.short_name,
        "list_url": link(PAGE, branch=branch.code),
        "form": form,
        "code": branch.code,
        "year": year,
        "rows": [_person_row(request, one, faults) for one in people],
        "choices": _choices(out=False),
        "act_label": "开始评议",
    }
    return render(request, "meetings/appraisal_people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def appraisal_people(request, pk):
    """The list put right: who does not take part, who came since, who is left out."""
    today = current_day()
    appraisal = appraisal_for(request, pk, RECORD)
    results = {one.member_id: one for one in results_of(appraisal)}
    people = appraising.participants_on(appraisal.organisation, today)
    rest = [one for one in people if one.member_id not in results]
    form, faults = ReasonForm({"reason": "-"}), {}
    if request.method == "POST":
        known = [*results, *(one.member_id for one in rest)]
        answer = attempt(
            request, form, faults, appraisal, appraisals.change_people,
            parts=parts_in(request.POST, known),
        )  # fmt: skip
        if answer:
            return done(request, appraisal, "已保存名单")
    here = {one.member_id: one for one in people}
    rows = [_result_row(request, one, here, faults) for one in results.values()]
    rows += [_person_row(request, one, faults, Participation.OUT) for one in rest]
    context = frame(appraisal) | {
        "form": form if request.method == "POST" else None,
        "rows": rows,
        "choices": _choices(out=True),
        "act_label": "保存名单",
        "version": faults.get("version", appraisal.version),
    }
    return render(request, "meetings/appraisal_people.html", context)


def _choices(*, out: bool) -> list[tuple[str, str]]:
    return [one for one in Participation.choices if out or one[0] != Participation.OUT]


def _person_row(request, person, faults, chosen=Participation.HERE) -> dict[str, object]:
    return {
        "pk": person.member_id,
        "name": person.name,
        "standing": "正式党员" if person.was_formal else "预备党员",
        "hint": person.away or ("今天在名册" if chosen == Participation.OUT else ""),
        "chosen": request.POST.get(f"part-{person.member_id}", chosen),
        "reason": request.POST.get(f"reason-{person.member_id}", ""),
        "fault": faults.get(f"reason-{person.member_id}", ""),
    }


def _result_row(request, result, here, faults) -> dict[str, object]:
    key = result.member_id
    stored = appraising.participation_of(result)
    note = result.absence_note if stored == Participation.ABSENT else ""
    away = here[key].away if key in here else "今天不在名册"
    return {
        "pk": key,
        "name": result.member.name,
        "standing": "正式党员" if result.was_formal else "预备党员",
        "hint": away,
        "chosen": request.POST.get(f"part-{key}", stored),
        "reason": request.POST.get(f"reason-{key}", note),
        "fault": faults.get(f"reason-{key}", ""),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def appraisal_ballots(request, pk):
    """The grid of the ballot: a line for each formal member, a column for each grade."""
    today = current_day()
    appraisal = appraisal_for(request, pk, RECORD)
    if appraisal.closed_on:
        messages.warning(request, "这次评议已经办结，要改先重开")
        return redirect("meetings:appraisal", appraisal.pk)
    results = [one for one in results_of(appraisal) if one.was_formal]
    initial = {
        "ballot_on": appraisal.ballot_on or (appraisal.meeting and appraisal.meeting.held_on),
        "sent": appraisal.ballots_sent,
        "back": appraisal.ballots_back,
        "valid": appraisal.ballots_valid,
    }
    form = BallotsForm(request.POST or None, results=results, today=today, initial=initial)
    faults = {}
    if request.method == "POST" and form.is_valid():
        facts = {"sheets": form.sheets(), "counts": form.counts()}
        facts["ballot_on"] = form.cleaned_data["ballot_on"]
        if attempt(request, form, faults, appraisal, appraisals.enter_ballots, **facts):
            return done(request, appraisal, "已保存测评票")
    rows = form.rows()
    for row in rows:
        row["name"] = row["result"].member.name
        row["part"] = "" if row["result"].took_part else row["result"].absence_note
    context = frame(appraisal) | {
        "form": form,
        "rows": rows,
        "grades": Grade.labels,
        "voters": sum(one.took_part for one in results_of(appraisal)),
        "version": faults.get("version", appraisal.version),
    }
    return render(request, "meetings/appraisal_ballots.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def appraisal_grades(request, pk):
    """What the branch decided of each formal member, those with most 优秀 ballots first."""
    today = current_day()
    appraisal = appraisal_for(request, pk, RECORD)
    if appraisal.closed_on:
        messages.warning(request, "这次评议已经办结，要改先重开")
        return redirect("meetings:appraisal", appraisal.pk)
    results = sorted(
        (one for one in results_of(appraisal) if one.was_formal), key=appraising.by_ballots
    )
    initial = {
        "opinion_on": appraisal.opinion_on
        or (appraisal.meeting and appraisal.meeting.held_on)
        or appraisal.ballot_on
    }
    form = GradesForm(request.POST or None, results=results, today=today, initial=initial)
    faults = {}
    if request.method == "POST" and form.is_valid():
        facts = {"grades": form.grades(), "opinion_on": form.cleaned_data["opinion_on"]}
        if attempt(request, form, faults, appraisal, appraisals.give_grades, **facts):
            return done(request, appraisal, "已保存等次")
    one_in = Values().on(EXCELLENT_ONE_IN, today)
    expected = len(appraising.to_grade(results))
    context = frame(appraisal) | {
        "form": form,
        "rows": [row | shown(row["result"], appraisal) for row in form.rows()],
        "limit": appraising.excellent_limit(expected, one_in),
        "expected": expected,
        "share": appraising.share_words(one_in),
        "version": faults.get("version", appraisal.version),
    }
    return render(request, "meetings/appraisal_grades.html", context)
