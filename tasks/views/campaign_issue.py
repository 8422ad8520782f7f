"""A campaign plan issued, ended or thrown away, and its numbers taken over by the county."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import Action
from branches.clock import today as current_day
from branches.scope import reaches
from branches.values import KEYS, Values
from branches.words import full_date
from tasks.enums import CampaignState
from tasks.forms.campaigns import ApplyForm, CloseForm, IssueForm
from tasks.models import Campaign
from tasks.services import Refused, campaign_parts, issuing
from tasks.services import campaigns as services
from tasks.services.campaign_parts import value_words
from tasks.views.campaign_edit import CAMPAIGNS, addressed, edit_url, editable, refuse, typed


@require_http_methods(["GET", "POST"])
def campaign_issue(request, pk):
    """印发方案: what it will do, then the act; for a running plan the units that came later."""
    campaign = editable(request, pk)
    if campaign.state == CampaignState.CLOSED:
        messages.info(request, "方案已结束")
        return redirect(reverse("tasks:campaign", args=[pk]))
    today = current_day()
    later = campaign.state == CampaignState.RUNNING
    first = {"on": today, "version": campaign.version}
    form = IssueForm(typed(request), today=today, initial=first)
    on = form.cleaned_data.get("on", today) if form.is_bound and form.is_valid() else today
    if request.method == "POST" and "preview" not in request.POST and form.is_valid():
        try:
            tasks = _issued(campaign, form, request.user, later)
        except Refused as refused:
            refuse(form, refused)
        else:
            units = len({task.organisation_id for task in tasks})
            messages.success(request, f"已下达 {len(tasks)} 项任务，{units} 个单位承办")
            return redirect(reverse("tasks:campaign", args=[pk]))
    campaign.refresh_from_db()
    context = {"campaign": campaign, "form": form, "later": later, "on": full_date(on)}
    return render(
        request,
        "tasks/campaign_issue.html",
        context | _shown(campaign, issuing.preview(campaign, on), later, today),
    )


def _shown(campaign: Campaign, found: issuing.Preview, later: bool, today) -> dict:
    """What the page says before anything is done."""
    return {
        "found": found,
        "lines": [
            {"line": one, "due": full_date(one.measure.due_on), "to": addressed(one.measure)}
            for one in found.lines
            if not later or one.missing
        ],
        "blocked": not later and found.contradictions and not campaign.clarification.strip(),
        "overdue": sum(len(one.new) for one in found.lines if one.measure.due_on < today),
        "vacant": [one.short_name for one in found.without_secretary],
    }


def _issued(campaign: Campaign, form: IssueForm, by, later: bool):
    cleaned = form.cleaned_data
    if later:
        return issuing.issue_missing(campaign, by=by, on=cleaned["on"])
    return issuing.issue(
        campaign,
        by=by,
        on=cleaned["on"],
        version=cleaned["version"],
        leave_past=cleaned["leave_past"],
    )


@require_http_methods(["GET", "POST"])
def campaign_close(request, pk):
    """结束方案, with its summary; open tasks are asked about."""
    campaign = editable(request, pk)
    if campaign.state != CampaignState.RUNNING:
        messages.info(request, f"方案现在是“{campaign.get_state_display()}”，不能结束")
        return redirect(edit_url(campaign))
    today = current_day()
    form = CloseForm(typed(request), today=today, initial={"version": campaign.version})
    open_tasks = services.open_tasks_of(campaign)
    if not open_tasks:
        form.fields["leave_open"].widget = form.fields["leave_open"].hidden_widget()
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        try:
            services.close_campaign(
                campaign=campaign,
                version=cleaned["version"],
                summary=cleaned["summary"],
                leave_open=cleaned["leave_open"],
                by=request.user,
                on=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已结束《{campaign.title}》")
            return redirect(reverse("tasks:campaign", args=[pk]))
    context = {"campaign": campaign, "form": form, "open_tasks": open_tasks}
    return render(request, "tasks/campaign_close.html", context)


@require_POST
def campaign_discard(request, pk):
    """Throw a draft away."""
    campaign = editable(request, pk)
    version = request.POST.get("version", "")
    try:
        services.discard_draft(
            campaign=campaign,
            version=int(version) if version.isdecimal() else 0,
            by=request.user,
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(edit_url(campaign))
    messages.success(request, f"已删除草稿《{campaign.title}》")
    return redirect(CAMPAIGNS)


@require_http_methods(["GET", "POST"])
def campaign_value_apply(request, pk, row_pk):
    """采用: the county makes a number of the plan its own from a day on."""
    campaign = editable(request, pk)
    if not reaches(request.user, Action.CHANGE_RULES, campaign.organisation.path):
        raise PermissionDenied
    row = get_object_or_404(campaign.values, pk=row_pk)
    today = current_day()
    form = ApplyForm(typed(request), today=today, initial={"starts_on": max(row.starts_on, today)})
    if request.method == "POST" and form.is_valid():
        starts_on = form.cleaned_data["starts_on"]
        try:
            campaign_parts.apply_value(row=row, starts_on=starts_on, by=request.user, on=today)
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已采用，自{full_date(starts_on)}起执行")
            return redirect(f"{edit_url(campaign)}#h-values")
    key = KEYS.get(row.key)
    context = {
        "campaign": campaign,
        "form": form,
        "name": key.label if key else row.key,
        "unit": key.unit if key else "",
        "value": value_words(row.value),
        "now": value_words(Values().on(key, today)) if key else "",
        "wording": row.wording,
    }
    return render(request, "tasks/campaign_value.html", context)
