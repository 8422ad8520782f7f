"""工作方案: which there are, how far each is by block, unit and phase, and what a branch has to do."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.paper import name_on_paper, split
from branches.scope import get_for, paths_reached, reaches, within_paths
from branches.words import full_date, one_line
from tasks import campaign_progress
from tasks.campaigns import get_open, open_to, parts_of, paths_above
from tasks.contradictions import contradictions
from tasks.enums import CampaignState
from tasks.forms.targets import ReachedForm
from tasks.models import Campaign, Task
from tasks.services import Refused
from tasks.services import targets as services
from tasks.tabs import task_tabs
from tasks.views import campaign_rows as shown

PAGE = 50
CAMPAIGNS = "tasks:campaigns"
WAYS = (("block", "按板块"), ("unit", "按单位"), ("phase", "按阶段"))


# --- The list -------------------------------------------------------------------------------


@require_safe
def campaign_list(request):
    """Campaigns of one's own house, from above and from below: the newest first."""
    today = current_day()
    tasks, _branch = narrowed(request, Task.objects.all())
    place = _place(request)
    rows = open_to(request.user)
    if place is not None:
        rows = rows.filter(
            within_paths("organisation__path", (place.path,))
            | Q(organisation__path__in=paths_above([place.path]))
        )
    years = sorted(set(rows.order_by().values_list("year", flat=True)), reverse=True)
    year = one_line(request.GET.get("year"), 4)
    if year.isdecimal() and int(year) in years:
        rows = rows.filter(year=int(year))
    chosen = request.GET.get("state", "")
    chips = _state_chips(request, rows, chosen)
    if chosen in CampaignState.values:
        rows = rows.filter(state=chosen)
    page = Paginator(rows.prefetch_related("phases"), PAGE).get_page(request.GET.get("page"))
    summaries = campaign_progress.summaries(page, today, tasks=tasks)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": task_tabs(place, CAMPAIGNS),
        "organisation": place.short_name if place else "",
        "chips": chips,
        "years": [
            {"value": one, "label": f"{one}年", "current": str(one) == year} for one in years
        ],
        "hidden": [(key, value) for key, value in query.items() if key != "year"],
        "rows": [shown.list_row(campaign, summaries.get(campaign.pk), today) for campaign in page],
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(chosen or year),
        "clear_url": with_query(request, state="", year=""),
        "new_url": link("tasks:campaign_new") if _may_begin(request.user) else "",
    }
    return render(request, "tasks/campaign_list.html", context)


def _place(request) -> Organisation | None:
    code = one_line(request.GET.get("branch") or request.GET.get("organisation"), 40)
    if not code:
        return None
    return get_for(Organisation.objects.select_related("parent"), request.user, code=code)


def _may_begin(user) -> bool:
    return bool(paths_reached(user, Action.RUN_CAMPAIGN))


def _state_chips(request, rows, chosen: str) -> list[dict]:
    states = list(rows.order_by().values_list("state", flat=True))
    return [
        {
            "label": label,
            "count": states.count(value),
            "url": with_query(request, state="" if chosen == value else value),
            "current": chosen == value,
        }
        for value, label in CampaignState.choices
        if value != CampaignState.DRAFT or value in states
    ]


# --- One campaign ---------------------------------------------------------------------------


@require_safe
def campaign_detail(request, pk):
    """A campaign: phases, progress, targets, what it says twice, measures; a branch's own tasks."""
    return _page(request, get_open(request.user, pk))


def _page(request, campaign: Campaign, form: ReachedForm | None = None, target_pk: int = 0):
    today = current_day()
    tasks, branch = narrowed(request, Task.objects.all())
    if branch and branch.parent and reaches(request.user, Action.LOOK, branch.parent.path):
        # The only branch below a committee: its officer still sees the whole plan.
        branch = None
    found = campaign_progress.progress(campaign, today, tasks=tasks)
    runs = reaches(request.user, Action.RUN_CAMPAIGN, campaign.organisation.path)
    way = request.GET.get("by", "")
    way = way if way in dict(WAYS) else WAYS[0][0]
    context = {
        **_head(request, campaign, branch),
        "steps": shown.steps(campaign, today),
        "clashes": [clash.words for clash in contradictions(parts_of(campaign))],
        "total": shown.bar(found.total),
        "targets": shown.target_rows(campaign, today, runs, form, target_pk),
        "may_run": runs,
        "print_url": reverse("tasks:campaign_paper", args=[campaign.pk]),
    }
    if branch is not None:
        context |= {"groups": shown.tasks_by_block(campaign, tasks, today)}
        return render(request, "tasks/campaign_detail.html", context)
    page = _ways_page(request, found, way)
    context |= {
        "way": way,
        "ways": [
            {"label": label, "url": with_query(request, by=key), "current": key == way}
            for key, label in WAYS
        ],
        "rows": [shown.way_row(campaign, way, row, tally) for row, tally in page],
        "page": page if way == "unit" else None,
        "query": f"by={way}",
        "measures": [shown.measure_row(measure, tally, today) for measure, tally in found.measures],
    }
    return render(request, "tasks/campaign_detail.html", context)


def _head(request, campaign: Campaign, branch: Organisation | None) -> dict[str, object]:
    user = request.user
    runs = reaches(user, Action.RUN_CAMPAIGN, campaign.organisation.path)
    draft = campaign.state == CampaignState.DRAFT
    asked = campaign.self_check_on is not None and not draft
    code = branch.code if branch else None
    return {
        "campaign": campaign,
        "tabs": task_tabs(branch, CAMPAIGNS),
        "list_url": link(CAMPAIGNS, branch=code),
        "state": campaign.get_state_display(),
        "kind": shown.KINDS[campaign.state],
        "lead": campaign.organisation.short_name,
        "span_text": f"{full_date(campaign.starts_on)}至{full_date(campaign.ends_on)}",
        "issued_text": full_date(campaign.issued_on),
        "edit_url": link("tasks:campaign_edit", campaign.pk) if runs else "",
        "ledger_url": _ledger_url(campaign, code),
        "self_check_url": _self_check_url(campaign, branch) if asked else "",
        "self_check_text": full_date(campaign.self_check_on),
    }


def _ledger_url(campaign: Campaign, code: str | None) -> str:
    """The campaign's tasks in the ledger: their source is its title."""
    source = campaign.title[: Task._meta.get_field("source").max_length]
    return link("tasks:list", branch=code, state="all", source=source, **{"from": "campaign"})


def _self_check_url(campaign: Campaign, branch: Organisation | None) -> str:
    if branch is not None:
        return link("self_check", campaign.pk, branch.code)
    return link("self_checks", campaign.pk)


def _ways_page(request, found: campaign_progress.Progress, way: str):
    rows = {"block": found.blocks, "unit": found.units, "phase": found.phases}[way]
    size = PAGE if way == "unit" else max(len(rows), 1)
    return Paginator(rows, size).get_page(request.GET.get("page"))


# --- What one unit has to do ----------------------------------------------------------------


@require_safe
def campaign_unit(request, pk, code):
    """One unit's tasks of a campaign, in the order of the plan's blocks."""
    campaign = get_open(request.user, pk)
    unit = get_for(Organisation.objects.select_related("parent"), request.user, code=code)
    if campaign.state == CampaignState.DRAFT:
        raise Http404
    today = current_day()
    tasks = Task.objects.visible_to(request.user).filter(organisation=unit)
    summary = campaign_progress.summaries([campaign], today, tasks=tasks).get(campaign.pk)
    tally = summary[0] if summary else campaign_progress.Tally()
    context = {
        **_head(request, campaign, unit if unit.is_branch else None),
        "unit": unit.short_name,
        "campaign_url": reverse("tasks:campaign", args=[campaign.pk]),
        "total": shown.bar(tally),
        "groups": shown.tasks_by_block(campaign, tasks, today),
    }
    return render(request, "tasks/campaign_unit.html", context)


# --- What was reached, and paper ------------------------------------------------------------


@require_http_methods(["POST"])
def target_reached(request, pk, target_pk):
    """The lead enters what was reached of a target the system does not compute."""
    campaign = get_open(request.user, pk)
    if not reaches(request.user, Action.RUN_CAMPAIGN, campaign.organisation.path):
        raise PermissionDenied
    target = campaign.targets.filter(pk=target_pk).first()
    if target is None:
        raise Http404
    today = current_day()
    form = ReachedForm(request.POST, today=today, auto_id=f"target_{target.pk}_%s")
    if form.is_valid():
        try:
            services.enter_reached(target=target, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已保存“{target.subject}”的进度")
            return redirect("tasks:campaign", pk=campaign.pk)
    return _page(request, campaign, form, target.pk)


@require_safe
def campaign_paper(request, pk):
    """进度表: progress by unit on A4, with the sums and the targets."""
    campaign = get_open(request.user, pk)
    today = current_day()
    tasks, _branch = narrowed(request, Task.objects.all())
    found = campaign_progress.progress(campaign, today, tasks=tasks)
    rows = [
        {"number": number, "name": name_on_paper(unit), **shown.bar(tally)}
        for number, (unit, tally) in enumerate(found.units, start=1)
    ]
    now = timezone.localtime()
    context = {
        "campaign": campaign,
        "organisation": campaign.organisation.name,
        "day": full_date(today),
        "blocks": [{"name": block.name, **shown.bar(tally)} for block, tally in found.blocks],
        "sheets": split(rows, first=12, following=14) if rows else [[]],
        "total": shown.bar(found.total),
        "landscape": True,
        "back_url": reverse("tasks:campaign", args=[campaign.pk]),
        "printed_text": f"打印：{full_date(today)} {now:%H:%M} {request.user}",
    }
    return render(request, "tasks/campaign_paper.html", context)
