"""Parts of a weak branch's case: measures, 四个一, checklists, monthly reports, surveys."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from branches.clock import today as current_day
from branches.facts import secretaries_of
from branches.periods import month_of
from branches.words import full_date
from tasks import weak_steps
from tasks.forms.weak import (
    ChecksForm,
    LinkEndForm,
    LinkForm,
    MeasureForm,
    ReportForm,
    SurveyForm,
    WithdrawForm,
)
from tasks.models import WeakBranch, WeakLink, WeakSurvey
from tasks.services import Refused
from tasks.services import weak_parts as services
from tasks.tabs import task_tabs
from tasks.views.weak import PAGE, case_page
from tasks.weak import IN_WORK, get_open, thresholds_on
from tasks.weak_page import full_month


def _part(request, pk: int, actions) -> WeakBranch:
    """The case, for who may act on a part of it."""
    return get_open(request.user, pk, *actions)


def _refused(form, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


# --- Measures -------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def measure_new(request, pk):
    """新增措施: a measure of the plan, listed in the rectification ledger."""
    today = current_day()
    case = _part(request, pk, weak_steps.EITHER)
    if case.state not in IN_WORK:
        messages.warning(request, f"现在是“{case.get_state_display()}”，不能新增措施")
        return redirect("tasks:weak_case", pk)
    organisation = case.organisation
    secretary = secretaries_of([organisation.pk], today).get(organisation.pk, "")
    initial = {
        "responsible_unit": organisation.short_name,
        "responsible_person": secretary,
        "due_on": case.due_on if case.due_on and case.due_on >= today else None,
    }
    form = MeasureForm(request.POST or None, today=today, initial=initial)
    if form.is_valid():
        try:
            services.add_measure(case=case, facts=form.facts(), by=request.user, today=today)
        except Refused as refused:
            _refused(form, refused)
        else:
            messages.success(request, "已列入整改台账")
            return redirect("tasks:weak_case", pk)
    context = _form_context(case, "新增措施", form, "列入台账")
    return render(request, "tasks/weak_part_form.html", context)


def _form_context(case: WeakBranch, title: str, form, button: str) -> dict[str, object]:
    return {
        "tabs": task_tabs(case.organisation, PAGE),
        "title": title,
        "organisation": case.organisation.short_name,
        "form": form,
        "button": button,
        "back_url": reverse("tasks:weak_case", args=[case.pk]),
        "hint": "",
    }


# --- 四个一 -----------------------------------------------------------------------------------


@require_POST
def link_add(request, pk):
    """登记联系."""
    case = _part(request, pk, weak_steps.OVERSEER)
    form = LinkForm(request.POST, today=current_day(), auto_id="link_%s")
    if form.is_valid():
        try:
            services.add_link(case=case, by=request.user, **form.cleaned_data)
        except Refused as refused:
            _refused(form, refused)
        else:
            messages.success(request, "已登记联系")
            return redirect("tasks:weak_case", pk)
    return case_page(request, case, link_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def link_end(request, pk):
    """结束联系."""
    today = current_day()
    link = WeakLink.objects.visible_to(request.user).filter(pk=pk).first()
    if link is None:
        raise Http404
    case = _part(request, link.weak_id, weak_steps.OVERSEER)
    form = LinkEndForm(request.POST or None, today=today, initial={"ends_on": today})
    if form.is_valid():
        try:
            services.end_link(link=link, by=request.user, **form.cleaned_data)
        except Refused as refused:
            _refused(form, refused)
        else:
            messages.success(request, "已结束联系")
            return redirect("tasks:weak_case", case.pk)
    title = f"结束联系：{link.get_kind_display()} {link.name}"
    context = _form_context(case, title, form, "结束联系")
    return render(request, "tasks/weak_part_form.html", context)


# --- Checklists -----------------------------------------------------------------------------


@require_POST
def checks_save(request, pk):
    """保存清单."""
    today = current_day()
    case = _part(request, pk, weak_steps.EITHER)
    checks = list(case.checks.order_by("pk"))
    form = ChecksForm(request.POST, today=today, checks=checks, auto_id="check_%s")
    if form.is_valid():
        try:
            changed = services.save_checks(
                case=case,
                stamp=form.cleaned_data["stamp"],
                rows=form.facts(),
                by=request.user,
                today=today,
            )
        except Refused as refused:
            # What is saved next is saved knowingly, on top of the newest lists.
            form.data = form.data.copy()
            form.data["stamp"] = services.checks_stamp(checks)
            _refused(form, refused)
        else:
            messages.success(request, f"清单改了 {changed} 行" if changed else "清单没有改动")
            return redirect("tasks:weak_case", pk)
    return case_page(request, case, checks_form=form)


# --- Monthly reports ------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def report(request, pk, month):
    """月报 of a month: the form for who files it, the text for who looks."""
    today = current_day()
    try:
        first = month_of(month).starts_on
    except ValueError:
        raise Http404 from None
    case = get_open(request.user, pk)
    may_file = weak_steps.may_file(request.user, case)
    if request.method == "POST" and not may_file:
        raise PermissionDenied
    stored = case.reports.filter(month=first).first()
    if stored is None and not may_file:
        raise Http404
    form = None
    if may_file:
        form = _report_form(request, case, first, stored, today)
        if form is None:
            messages.success(request, f"已保存{full_month(first)}月报")
            return redirect("tasks:weak_case", pk)
    context = _form_context(case, f"{full_month(first)}整顿月报", form, "保存月报") | {
        "report": stored,
        "reported": full_date(stored.reported_on) if stored else "",
        "version": stored.version if stored else 0,
    }
    return render(request, "tasks/weak_report.html", context)


def _report_form(request, case, month, stored, today) -> ReportForm | None:
    """The form, or None once what was typed is stored."""
    initial = {"text": stored.text, "next_steps": stored.next_steps} if stored else {}
    typed = request.POST if request.method == "POST" else None
    form = ReportForm(typed, request.FILES or None, today=today, initial=initial)
    if form.is_valid():
        version = request.POST.get("version", "")
        try:
            services.save_report(
                case=case,
                month=month,
                version=int(version) if version.isdecimal() and len(version) < 10 else -1,
                by=request.user,
                today=today,
                **form.cleaned_data,
            )
        except Refused as refused:
            _refused(form, refused)
        else:
            return None
    return form


# --- Surveys --------------------------------------------------------------------------------


@require_POST
def survey_add(request, pk):
    """登记测评."""
    today = current_day()
    case = _part(request, pk, weak_steps.OVERSEER)
    needed = thresholds_on(today)
    form = SurveyForm(request.POST, request.FILES, today=today, needed=needed, auto_id="survey_%s")
    if form.is_valid():
        try:
            survey = services.record_survey(
                case=case,
                facts=form.facts(),
                by=request.user,
                today=today,
                uploads=form.cleaned_data["uploads"],
            )
        except Refused as refused:
            _refused(form, refused)
        else:
            messages.success(request, f"已登记测评：{services.survey_result(survey)}")
            return redirect("tasks:weak_case", pk)
    return case_page(request, case, survey_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def survey_withdraw(request, pk):
    """作废测评."""
    survey = WeakSurvey.objects.visible_to(request.user).filter(pk=pk).first()
    if survey is None:
        raise Http404
    case = _part(request, survey.weak_id, weak_steps.OVERSEER)
    form = WithdrawForm(request.POST or None, initial={"version": survey.version})
    if form.is_valid():
        try:
            services.withdraw_survey(
                survey=survey,
                version=form.cleaned_data["version"],
                reason=form.cleaned_data["reason"],
                by=request.user,
                today=current_day(),
            )
        except Refused as refused:
            _refused(form, refused)
        else:
            messages.success(request, "已作废这次测评，记录还在")
            return redirect("tasks:weak_case", case.pk)
    title = f"作废{full_date(survey.held_on)}的测评"
    context = _form_context(case, title, form, "作废测评") | {
        "hint": "作废后不作为验收依据，记录留在系统里"
    }
    return render(request, "tasks/weak_part_form.html", context)
