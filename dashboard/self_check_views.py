"""自查报告: the branch's page, the list of who has handed in, returning and accepting, paper."""

import datetime
from dataclasses import asdict

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import with_query
from branches.models import Organisation
from branches.paper import name_on_paper
from branches.scope import get_for, reaches
from branches.words import full_date, recent, short_date
from compliance import services as duty_services
from dashboard.self_check import Fact, facts, first_wording
from dashboard.self_check_forms import OpinionForm, SelfCheckForm
from tasks.campaigns import get_open
from tasks.enums import CampaignState, SelfCheckState
from tasks.models import Campaign, SelfCheck
from tasks.services import Refused
from tasks.services import self_checks as services
from tasks.tabs import task_tabs

PAGE = 50
# Label, kind of mark and place in the list of each state; "" and a draft are not handed in.
_STANDING = {
    "": ("未报送", "todo", 0),
    SelfCheckState.DRAFT: ("未报送", "todo", 0),
    SelfCheckState.RETURNED: ("退回补充", "soon", 1),
    SelfCheckState.SUBMITTED: ("待审阅", "wait", 2),
    SelfCheckState.ACCEPTED: ("已审阅", "done", 3),
}
_CHIPS = (
    ("missing", "未报送", 0),
    ("returned", "退回补充", 1),
    ("waiting", "待审阅", 2),
    ("accepted", "已审阅", 3),
)


# --- Who has handed in ----------------------------------------------------------------------


@require_safe
def check_list(request, pk):
    """The branches that owe a report on a campaign, those without one first."""
    campaign = _campaign(request, pk)
    own = chosen_branch(request)
    if own is not None and not _is_above(request.user, own):
        return redirect("self_check", pk=campaign.pk, code=own.code)
    today = current_day()
    reports = SelfCheck.objects.visible_to(request.user).filter(
        campaign=campaign, organisation=OuterRef("pk")
    )
    branches = (
        services.asked_of(campaign)
        .visible_to(request.user)
        .select_related("parent")
        .annotate(
            report_state=Subquery(reports.values("state")[:1]),
            handed_in_on=Subquery(reports.values("submitted_on")[:1]),
        )
    )
    rows = sorted(
        (_list_row(campaign, branch, today) for branch in branches),
        key=lambda row: (row["order"], row["path"]),
    )
    chosen = request.GET.get("show", "")
    order = {key: place for key, _label, place in _CHIPS}.get(chosen)
    shown = [row for row in rows if order is None or row["order"] == order]
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    context = {
        "campaign": campaign,
        "tabs": task_tabs(None, "tasks:campaigns"),
        "campaign_url": reverse("tasks:campaign", args=[campaign.pk]),
        "due_text": full_date(campaign.self_check_on),
        "handed_in": sum(row["order"] >= 2 for row in rows),
        "asked": len(rows),
        "chips": [
            {
                "label": label,
                "count": sum(row["order"] == place for row in rows),
                "url": with_query(request, show="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label, place in _CHIPS
        ],
        "rows": list(page),
        "page": page,
        "query": f"show={chosen}" if order is not None else "",
        "clear_url": with_query(request, show=""),
    }
    return render(request, "dashboard/self_check_list.html", context)


def _list_row(campaign: Campaign, branch: Organisation, today: datetime.date) -> dict:
    words, kind, order = _STANDING[branch.report_state or ""]
    late = order < 2 and campaign.self_check_on < today
    if late:
        days = (today - campaign.self_check_on).days
        words, kind = f"{words}，逾期 {days} 天", "late"
    return {
        "url": reverse("self_check", args=[campaign.pk, branch.code]),
        "name": branch.short_name,
        "parent": branch.parent.short_name if branch.parent else "",
        "words": words,
        "kind": kind,
        "order": order,
        "path": branch.path,
        "on_text": short_date(branch.handed_in_on, today),
    }


# --- One branch's report --------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def self_check(request, pk, code):
    """The report of one branch: written, kept and handed in by its secretary, read from above."""
    campaign, branch = _campaign(request, pk), _branch(request, code)
    report = _report(campaign, branch)
    if request.method != "POST":
        return _page(request, campaign, branch, report)
    if not reaches(request.user, Action.REPORT_TASK, branch.path):
        raise PermissionDenied
    form = SelfCheckForm(request.POST)
    if not form.is_valid():
        return _page(request, campaign, branch, report, form=form)
    try:
        said = _store(request, campaign, branch, form)
    except Refused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, campaign, branch, _report(campaign, branch), form=form, renew=True)
    messages.success(request, said)
    return redirect("self_check", pk=campaign.pk, code=branch.code)


def _store(request, campaign: Campaign, branch: Organisation, form: SelfCheckForm) -> str:
    given = {
        "campaign": campaign,
        "organisation": branch,
        "facts": form.facts(),
        "version": form.cleaned_data["version"],
        "by": request.user,
    }
    if request.POST.get("act") != "submit":
        services.save_draft(**given)
        return "已保存，还没有报送"
    today = current_day()
    duty_services.refresh(as_of=today, organisation=branch)
    figures = [fact.stored() for fact in facts(branch, campaign, today)]
    services.submit(**given, figures=figures, on=today)
    return "已报送自查报告，等上级审阅"


def _campaign(request, pk: int) -> Campaign:
    campaign = get_open(request.user, pk)
    if campaign.state == CampaignState.DRAFT or campaign.self_check_on is None:
        raise Http404
    return campaign


def _branch(request, code: str) -> Organisation:
    branches = Organisation.objects.branches().select_related("parent")
    return get_for(branches, request.user, code=code)


def _is_above(user, branch: Organisation) -> bool:
    """Whether the reader looks at more than this branch."""
    return branch.parent is not None and reaches(user, Action.LOOK, branch.parent.path)


def _report(campaign: Campaign, branch: Organisation) -> SelfCheck | None:
    return SelfCheck.objects.filter(campaign=campaign, organisation=branch).first()


def _page(request, campaign, branch, report, *, form=None, opinion=None, renew=False):
    today = current_day()
    duty_services.refresh(as_of=today, organisation=branch)
    writes = reaches(request.user, Action.REPORT_TASK, branch.path)
    above = _is_above(request.user, branch)
    state = report.state if report else SelfCheckState.DRAFT
    open_to_write = state in services.WRITING and campaign.state == CampaignState.RUNNING
    if form is None and writes and open_to_write:
        form = _form(report, branch, campaign, today)
    if renew and form is not None and report is not None:
        # What was typed stays; saved once more it replaces what was stored meanwhile.
        form.data = form.data.copy()
        form.data["version"] = report.version
    reviews = state == SelfCheckState.SUBMITTED and reaches(
        request.user, Action.REVIEW_TASK, branch.path
    )
    words, kind, order = _STANDING[state]
    late = order < 2 and campaign.self_check_on < today
    context = {
        "campaign": campaign,
        "branch": branch,
        "tabs": task_tabs(branch, "tasks:campaigns"),
        "campaign_url": reverse("tasks:campaign", args=[campaign.pk]),
        "list_url": reverse("self_checks", args=[campaign.pk]) if above else "",
        "words": f"{words}，逾期 {(today - campaign.self_check_on).days} 天" if late else words,
        "kind": "late" if late else kind,
        "due_text": full_date(campaign.self_check_on),
        "submitted_text": full_date(report.submitted_on) if report else "",
        "opinion_text": report.opinion if report else "",
        "reviewed_text": full_date(report.reviewed_on) if report else "",
        "figures": _figures(report, branch, campaign, today),
        "frozen": bool(report and report.figures and not open_to_write),
        "form": form if writes and open_to_write else None,
        # A draft is the branch's own until it is handed in.
        "report": report if state != SelfCheckState.DRAFT else None,
        "opinion": opinion
        or (OpinionForm(initial={"version": report.version}) if reviews else None),
        "paper_url": (
            reverse("self_check_paper", args=[campaign.pk, branch.code])
            if report and (writes or state != SelfCheckState.DRAFT)
            else ""
        ),
    }
    return render(request, "dashboard/self_check.html", context)


def _form(report, branch, campaign, today) -> SelfCheckForm:
    """What is stored; before anything is, the first wording made from the ledgers."""
    if report is not None:
        initial = {name: getattr(report, name) for name in ("done", "problems", "plans")}
        return SelfCheckForm(initial=initial | {"version": report.version})
    wording = first_wording(facts(branch, campaign, today), branch, campaign, today)
    return SelfCheckForm(initial=asdict(wording) | {"version": 0})


def _figures(report, branch, campaign, today) -> list[dict]:
    """What was kept when it was handed in; while the branch writes, what the ledgers say now."""
    if report is not None and report.state in services.HANDED_IN:
        return report.figures
    found: list[Fact] = facts(branch, campaign, today)
    return [fact.stored() | {"gap": fact.gap} for fact in found]


# --- Review and paper -----------------------------------------------------------------------


@require_POST
def check_return(request, pk, code):
    """退回补充."""
    return _reviewed(request, pk, code, services.return_report, "已退回，支部会看到意见")


@require_POST
def check_accept(request, pk, code):
    """审阅通过."""
    return _reviewed(request, pk, code, services.accept, "已审阅自查报告")


def _reviewed(request, pk: int, code: str, act, said: str):
    campaign, branch = _campaign(request, pk), _branch(request, code)
    report = get_for(
        SelfCheck.objects.all(),
        request.user,
        Action.REVIEW_TASK,
        campaign=campaign,
        organisation=branch,
    )
    form = OpinionForm(request.POST)
    if form.is_valid():
        try:
            act(check=report, by=request.user, on=current_day(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, said)
            return redirect("self_checks", pk=campaign.pk)
    return _page(request, campaign, branch, _report(campaign, branch), opinion=form)


@require_safe
def check_paper(request, pk, code):
    """The report on A4, with the figures of the day it was handed in."""
    campaign, branch = _campaign(request, pk), _branch(request, code)
    report = _report(campaign, branch)
    writes = reaches(request.user, Action.REPORT_TASK, branch.path)
    if report is None or (report.state == SelfCheckState.DRAFT and not writes):
        raise Http404
    today = current_day()
    now = timezone.localtime()
    context = {
        "campaign": campaign,
        "report": report,
        "parts": [
            {
                "label": f"{number}、{label}",
                "lines": [one for one in text.splitlines() if one.strip()] or ["无"],
            }
            for number, label, text in (
                ("一", "主要做法和成效", report.done),
                ("二", "存在问题", report.problems),
                ("三", "下一步打算", report.plans),
            )
        ],
        "figures": _figures(report, branch, campaign, today),
        "organisation": name_on_paper(branch),
        "day": full_date(report.submitted_on or today),
        "handed_in": report.submitted_on is not None,
        "back_url": reverse("self_check", args=[campaign.pk, branch.code]),
        "printed_text": f"打印：{recent(now, today)} {request.user}",
    }
    return render(request, "dashboard/self_check_paper.html", context)
