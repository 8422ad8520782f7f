"""Making a campaign plan (工作方案): begun from a template, written on one page."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.models import Kind, Organisation
from branches.scope import main_grant, reaches
from branches.values import KEYS, Values
from branches.words import full_date
from tasks import plans
from tasks.campaigns import get_open, open_to, parts_of
from tasks.contradictions import contradictions, demand
from tasks.enums import Addressed, CampaignState
from tasks.forms.campaigns import BLANK, CampaignForm, NewForm
from tasks.models import Campaign
from tasks.services import Refused, issuing
from tasks.services import campaigns as services
from tasks.services.campaign_parts import value_words
from tasks.tabs import task_tabs

CAMPAIGNS = "tasks:campaigns"
# Earlier plans offered to begin from.
_MOST_COPIES = 12
_KINDS = {"draft": "todo", "running": "run", "closed": "done"}


def typed(request):
    """What was sent, to bind a form; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def editable(request, pk: int) -> Campaign:
    """The plan, for who runs it: 404 where it is out of sight, 403 where it is another's to run."""
    campaign = get_open(request.user, pk)
    if not reaches(request.user, Action.RUN_CAMPAIGN, campaign.organisation.path):
        raise PermissionDenied
    return campaign


def edit_url(campaign: Campaign) -> str:
    return reverse("tasks:campaign_edit", args=[campaign.pk])


def refuse(form, refused: Refused) -> None:
    """Say in the form why nothing was stored; what was typed stays. The next save after somebody
    else's change is made knowingly, on top of it."""
    changed = getattr(refused, "row", None)
    if changed is not None:
        form.data = form.data.copy()
        form.data["version"] = str(changed.version)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


# --- Begin ---------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def campaign_new(request):
    """新建方案: from one of the five plans, blank, or as an earlier one was."""
    runners = Organisation.objects.permitting(request.user, Action.RUN_CAMPAIGN)
    organisations = list(
        runners.exclude(kind=Kind.BRANCH).filter(dissolved_on__isnull=True).order_by("path")
    )
    if not organisations:
        raise PermissionDenied
    today = current_day()
    earlier = [
        one
        for one in open_to(request.user).order_by("-year", "-pk")[:50]
        if reaches(request.user, Action.RUN_CAMPAIGN, one.organisation.path)
    ][:_MOST_COPIES]
    form = NewForm(
        typed(request),
        organisations=[(one.pk, one.short_name) for one in organisations],
        sources=_sources(earlier),
        initial={"organisation": _own(request.user, organisations), "year": today.year},
    )
    if request.method == "POST" and form.is_valid():
        try:
            campaign = _begun(form, {one.pk: one for one in organisations}, earlier, request.user)
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已新建草稿《{campaign.title}》，改好后印发")
            return redirect(edit_url(campaign))
    context = {"tabs": task_tabs(None, CAMPAIGNS), "form": form, "cards": _cards(form, earlier)}
    return render(request, "tasks/campaign_new.html", context)


def _own(user, organisations) -> int:
    """The organisation of the user's first grant, if it may run plans."""
    grant = main_grant(user)
    own = {one.pk for one in organisations}
    return grant.organisation_id if grant and grant.organisation_id in own else organisations[0].pk


def _sources(earlier) -> list[tuple[str, str]]:
    return [
        *((plan.code, plan.name) for plan in plans.templates()),
        (BLANK, "空白方案"),
        *((f"copy-{one.pk}", one.title) for one in earlier),
    ]


def _cards(form: NewForm, earlier) -> list[dict]:
    """Each choice as a card: its radio button, what it is and what it holds."""
    held = {}
    for plan in plans.templates():
        counts = (
            f"{len(plan.phases)} 个阶段，{len(plan.blocks)} 个板块，"
            f"{len(plan.measures)} 条措施，{len(plan.targets)} 个目标"
        )
        held[plan.code] = (plan.about, counts, "模板")
    held[BLANK] = ("自己写阶段、板块和措施", "", "")
    for one in earlier:
        about = f"{one.organisation.short_name}，{one.get_state_display()}"
        held[f"copy-{one.pk}"] = (about, "日期顺延到所填年度", f"{one.year}年方案")
    cards = []
    for choice in form["source"]:
        about, counts, kind = held[choice.data["value"]]
        cards.append({"choice": choice, "about": about, "counts": counts, "kind": kind})
    return cards


def _begun(form: NewForm, organisations, earlier, by) -> Campaign:
    cleaned = form.cleaned_data
    organisation, year, source = (
        organisations[cleaned["organisation"]],
        cleaned["year"],
        cleaned["source"],
    )
    if source == BLANK:
        facts = services.CampaignFacts(
            cleaned["title"], year, datetime.date(year, 1, 1), datetime.date(year, 12, 31)
        )
        return services.create_blank(organisation=organisation, facts=facts, by=by)
    if source.startswith("copy-"):
        old = next(one for one in earlier if f"copy-{one.pk}" == source)
        if old.organisation_id != organisation.pk:
            raise Refused("以前的方案只能由原来的牵头单位沿用，请选对牵头单位", "organisation")
        return services.copy_campaign(campaign=old, year=year, by=by)
    return services.create_from_template(
        organisation=organisation, template=source, year=year, by=by, on=current_day()
    )


# --- The page of a plan in the making -------------------------------------------------------------


@require_safe
def campaign_edit(request, pk):
    """编辑方案: everything the plan holds, each part with its own small form."""
    campaign = editable(request, pk)
    today = current_day()
    is_open = campaign.state != CampaignState.CLOSED
    waiting = issuing.preview(campaign, today) if campaign.state == CampaignState.RUNNING else None
    context = {
        "campaign": campaign,
        "tabs": task_tabs(campaign.organisation, CAMPAIGNS),
        "kind": _KINDS[campaign.state],
        "is_open": is_open,
        "facts": _facts(campaign),
        "clashes": [one.words for one in contradictions(parts_of(campaign))],
        "phases": [
            {"row": row, "span": f"{full_date(row.starts_on)}—{full_date(row.ends_on)}"}
            for row in campaign.phases.all()
        ],
        "blocks": _blocks(campaign),
        "targets": [
            {"row": row, "demand": demand(row), "due": full_date(row.due_on)}
            for row in campaign.targets.all()
        ],
        "values": _value_rows(campaign, request.user, today),
        "waiting": waiting.tasks if waiting else 0,
    }
    return render(request, "tasks/campaign_edit.html", context)


def _facts(campaign: Campaign) -> list[tuple[str, str]]:
    span = f"{full_date(campaign.starts_on)}—{full_date(campaign.ends_on)}"
    facts = (
        ("牵头单位", campaign.organisation.short_name),
        ("年度", f"{campaign.year}年"),
        ("起止", span),
        ("自查报告截止", full_date(campaign.self_check_on)),
        ("文号", campaign.document),
        ("领导小组", campaign.leaders),
        ("总体要求", campaign.aim),
        ("对不一致之处的说明", campaign.clarification),
        ("印发日期", full_date(campaign.issued_on)),
    )
    return [(name, words) for name, words in facts if words]


def _blocks(campaign: Campaign) -> list[dict]:
    measures = campaign.measures.select_related("phase").prefetch_related("named")
    rows: dict[int, list[dict]] = {}
    for one in measures.annotate(listed=Count("tasks")).order_by("position", "pk"):
        rows.setdefault(one.block_id, []).append(
            {
                "row": one,
                "due": full_date(one.due_on),
                "addressed": addressed(one),
                "responsible": _three(one),
                "tasks": one.listed,
            }
        )
    return [
        {"row": block, "responsible": _three(block), "measures": rows.get(block.pk, [])}
        for block in campaign.blocks.all()
    ]


def addressed(measure) -> str:
    """Which units a measure names, in words."""
    if measure.addressed == Addressed.SECTOR:
        return f"{measure.get_sector_display()}党支部"
    if measure.addressed == Addressed.NAMED:
        names = [one.short_name for one in measure.named.all()]
        return (
            "、".join(names[:3]) + (f"等 {len(names)} 个" if len(names) > 3 else "")
            or "还没有选单位"
        )
    return measure.get_addressed_display()


def _three(row) -> str:
    """Who answers, as far as the plan names them."""
    named = (
        ("责任领导", row.responsible_leader),
        ("责任单位", row.responsible_unit),
        ("责任人", row.responsible_person),
    )
    return "，".join(f"{name} {words}" for name, words in named if words)


def _value_rows(campaign: Campaign, user, today: datetime.date) -> list[dict]:
    """Each number of the plan beside the county's present one."""
    present = Values()
    may_apply = reaches(user, Action.CHANGE_RULES, campaign.organisation.path)
    rows = []
    for row in campaign.values.select_related("applied_by"):
        key = KEYS.get(row.key)
        now = present.on(key, today) if key else ""
        usable = key and not row.applied_on and campaign.state == CampaignState.RUNNING
        rows.append(
            {
                "row": row,
                "label": key.label if key else row.key,
                "unit": key.unit if key else "",
                "value": value_words(row.value),
                "now": value_words(now),
                "same": key is not None and value_words(now) == value_words(row.value),
                "starts": full_date(row.starts_on),
                "applied": full_date(row.applied_on),
                "url": reverse("tasks:campaign_value_apply", args=[campaign.pk, row.pk])
                if usable and may_apply
                else "",
            }
        )
    return rows


@require_http_methods(["GET", "POST"])
def campaign_facts(request, pk):
    """基本情况, with how the plan's own contradictions are dealt with."""
    campaign = editable(request, pk)
    names = services.CampaignFacts.__dataclass_fields__
    stored = {name: getattr(campaign, name) for name in names}
    form = CampaignForm(
        typed(request),
        campaign=campaign,
        today=current_day(),
        initial=stored | {"version": campaign.version},
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_campaign(
                campaign=campaign,
                version=form.cleaned_data["version"],
                facts=form.facts(),
                by=request.user,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已保存基本情况")
            return redirect(edit_url(campaign))
    clashes = [one.words for one in contradictions(parts_of(campaign))]
    context = {"campaign": campaign, "form": form, "clashes": clashes}
    return render(request, "tasks/campaign_facts.html", context)
