"""What is recorded about a unit: surveys, instructors, the branch that covers it, founding steps."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation, Unit
from branches.scope import get_for
from branches.words import full_date
from tasks.coverage import Yardstick
from tasks.forms.coverage import (
    CoverForm,
    InstructorEndForm,
    InstructorForm,
    StepsForm,
    SurveyForm,
    survey_initial,
)
from tasks.models import UnitInstructor, UnitSurvey
from tasks.services import Refused
from tasks.services import coverage as services
from tasks.services.coverage_units import MovedOn
from tasks.views.coverage_units import crumbs_of, form_page, refuse, tabs_of, typed, unit_for

# --- Surveys --------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def survey_new(request, pk):
    """登记摸底, filled in from the newest survey."""
    unit = unit_for(request, pk, Action.KEEP_BRANCH)
    today = current_day()
    newest = unit.surveys.filter(surveyed_on__lte=today).first()
    initial = survey_initial(newest) | {"surveyed_on": today}
    form = SurveyForm(typed(request), today=today, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            survey = services.record_survey(
                unit=unit, facts=form.facts(), by=request.user, today=today
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            return _surveyed(request, unit, survey)
    since = f"已按{full_date(newest.surveyed_on)}的摸底填好，只改有变化的" if newest else ""
    return _survey_page(request, form, unit, "登记摸底", since)


@require_http_methods(["GET", "HEAD", "POST"])
def survey_change(request, pk):
    """A survey put right."""
    survey = get_for(
        UnitSurvey.objects.select_related("unit__organisation__parent"),
        request.user,
        Action.KEEP_BRANCH,
        pk=pk,
    )
    today = current_day()
    form = SurveyForm(typed(request), today=today, initial=survey_initial(survey))
    if request.method == "POST" and form.is_valid():
        try:
            survey = services.change_survey(
                survey=survey,
                version=form.cleaned_data["version"] or 0,
                facts=form.facts(),
                by=request.user,
                today=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            return _surveyed(request, survey.unit, survey)
    return _survey_page(request, form, survey.unit, "修改摸底", "")


def _surveyed(request, unit: Unit, survey: UnitSurvey):
    verdict = Yardstick.on(survey.surveyed_on).verdict(survey)
    messages.success(request, f"已保存摸底：{verdict.label}")
    return redirect("tasks:coverage_unit", unit.pk)


def _survey_page(request, form, unit: Unit, title: str, note: str):
    groups = (
        ("单位情况", ("unit_members", "full_time", "part_time")),
        ("正式党员", ("formal_working", "floating", "part_time_members", "formal_here")),
        (
            "实际在本单位工作、关系在别处的正式党员",
            (
                *("relation_authority", "relation_attached", "relation_community"),
                *("relation_former", "relation_other"),
            ),
        ),
        ("党员后备", ("probationary", "targets", "activists", "applicants")),
    )
    context = {
        "tabs": tabs_of(unit),
        "form": form,
        "unit_name": unit.name,
        "title": title,
        "note": note,
        "groups": [
            {"title": head, "fields": [form[name] for name in names]} for head, names in groups
        ],
        "crumbs": crumbs_of(unit),
        "back_url": reverse("tasks:coverage_unit", args=[unit.pk]),
    }
    return render(request, "tasks/coverage_survey.html", context)


# --- Instructor, founding -------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def instructor_send(request, pk):
    """选派党建指导员."""
    unit = unit_for(request, pk, Action.KEEP_BRANCH)
    today = current_day()
    form = InstructorForm(typed(request), today=today, initial={"starts_on": today})
    if request.method == "POST" and form.is_valid():
        try:
            services.send_instructor(unit=unit, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已选派{form.cleaned_data['person_name']}")
            return redirect("tasks:coverage_unit", unit.pk)
    return form_page(request, form, unit, "选派党建指导员", "选派指导员")


@require_http_methods(["GET", "HEAD", "POST"])
def instructor_end(request, pk):
    """结束选派."""
    instructor = get_for(
        UnitInstructor.objects.select_related("unit__organisation__parent"),
        request.user,
        Action.KEEP_BRANCH,
        pk=pk,
    )
    unit, today = instructor.unit, current_day()
    initial = {"ends_on": today, "version": instructor.version}
    form = InstructorEndForm(typed(request), today=today, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.end_instructor(
                instructor=instructor, by=request.user, today=today, **form.cleaned_data
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"{instructor.person_name}已结束")
            return redirect("tasks:coverage_unit", unit.pk)
    note = f"{instructor.person_name}，{full_date(instructor.starts_on)}选派"
    return form_page(request, form, unit, "结束选派", "结束选派", note=note)


@require_http_methods(["GET", "HEAD", "POST"])
def cover(request, pk):
    """纳入党支部: a branch, new or standing, covers the unit."""
    unit = unit_for(request, pk, Action.KEEP_BRANCH)
    today = current_day()
    branches = (
        Organisation.objects.branches()
        .permitting(request.user, Action.KEEP_BRANCH)
        .filter(dissolved_on__isnull=True)
    )
    form = CoverForm(typed(request), today=today, initial={"on": today}, branches=branches)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.cover(unit=unit, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已纳入{row.organisation.short_name}")
            return redirect("tasks:coverage_unit", unit.pk)
    near = branches.within(unit.organisation).order_by("code")[:300]
    return form_page(
        request,
        form,
        unit,
        "纳入党支部",
        "纳入党支部",
        names=[one.name for one in near],
        note="单独组建的先成立党支部再纳入；联建、挂靠、社区统建的填现有的党支部",
        found_url=link("branches:found"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def steps(request, pk):
    """组建步骤: the days planned and done, all at once."""
    unit = unit_for(request, pk, Action.KEEP_BRANCH)
    today = current_day()
    form = StepsForm(typed(request), today=today, initial=_steps_initial(unit))
    if request.method == "POST" and form.is_valid():
        try:
            services.set_steps(unit=unit, steps=form.facts(), by=request.user, today=today)
        except MovedOn as moved:
            form.data = form.data.copy()
            form.data[f"{moved.row.kind}_version"] = str(moved.row.version)
            form.add_error(None, str(moved))
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已保存组建步骤")
            return redirect("tasks:coverage_unit", unit.pk)
    context = {
        "tabs": tabs_of(unit),
        "form": form,
        "lines": form.lines(),
        "crumbs": crumbs_of(unit),
        "back_url": reverse("tasks:coverage_unit", args=[unit.pk]),
    }
    return render(request, "tasks/coverage_steps.html", context)


def _steps_initial(unit: Unit) -> dict[str, object]:
    return {
        f"{step.kind}_{part}": getattr(step, part)
        for step in unit.founding_steps.all()
        for part in ("planned_on", "done_on", "note", "version")
    }
