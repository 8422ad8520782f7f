"""The parts of a campaign plan, each in a small form of its own: phases, blocks, measures, targets,
values. Added, changed, moved, taken out."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from branches.clock import today as current_day
from branches.models import Organisation
from tasks.forms.campaigns import BlockForm, MeasureForm, PhaseForm, TargetForm, ValueForm
from tasks.services import Refused
from tasks.services import campaign_parts as services
from tasks.views.campaign_edit import edit_url, editable, refuse, typed


@dataclass(frozen=True)
class Part:
    """What an address calls a part, what people call it, and its form."""

    name: str
    label: str
    form: type


PARTS = {
    one.name: one
    for one in (
        Part("phases", "阶段", PhaseForm),
        Part("blocks", "板块", BlockForm),
        Part("measures", "措施", MeasureForm),
        Part("targets", "目标", TargetForm),
        Part("values", "数值", ValueForm),
    )
}


def _part(name: str) -> Part:
    if name not in PARTS:
        raise Http404
    return PARTS[name]


def _units(campaign, part: Part) -> dict:
    """What a form needs besides the plan: for a measure the organisations it may name."""
    if part.form is not MeasureForm:
        return {}
    below = Organisation.objects.within(campaign.organisation)
    standing = below.filter(dissolved_on__isnull=True).exclude(pk=campaign.organisation_id)
    return {"organisations": standing.select_related("parent").order_by("code")}


@require_http_methods(["GET", "POST"])
def part_new(request, pk, part):
    """One more phase, block, measure, target or value."""
    campaign, part = editable(request, pk), _part(part)
    if part.name == "measures" and not campaign.blocks.exists():
        messages.info(request, "先加板块，再写措施")
        return redirect(reverse("tasks:campaign_part_new", args=[pk, "blocks"]))
    today = current_day()
    form = part.form(
        typed(request),
        campaign=campaign,
        today=today,
        initial=_first(request, campaign, part),
        **_units(campaign, part),
    )
    if request.method == "POST" and form.is_valid():
        try:
            row = services.add_part(
                campaign=campaign,
                version=form.cleaned_data["version"],
                facts=form.facts(),
                by=request.user,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已增加{part.label}“{str(row)[:30]}”")
            return redirect(f"{edit_url(campaign)}#{anchor(part.name, row)}")
    return _page(request, campaign, part, form)


def _first(request, campaign, part: Part) -> dict:
    first = {"version": campaign.version, "unit": "%", "addressed": "branches"}
    if part.name == "values":
        return first | {"starts_on": campaign.starts_on}
    asked = request.GET.get("block", "")
    return first | ({"block": int(asked)} if asked.isdecimal() and len(asked) < 10 else {})


@require_http_methods(["GET", "POST"])
def part_change(request, pk, part, row_pk):
    """Change one part; a measure with tasks asks what becomes of them."""
    campaign, part = editable(request, pk), _part(part)
    row = get_object_or_404(getattr(campaign, part.name), pk=row_pk)
    row.campaign = campaign
    today = current_day()
    form = part.form(
        typed(request),
        campaign=campaign,
        row=row,
        today=today,
        initial=_stored(row, part) | {"version": campaign.version},
        **_units(campaign, part),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_part(
                row=row,
                version=form.cleaned_data["version"],
                facts=form.facts(),
                by=request.user,
                on=today,
                carry_on=form.cleaned_data.get("carry_on"),
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已保存{part.label}")
            return redirect(f"{edit_url(campaign)}#{anchor(part.name, row)}")
    return _page(request, campaign, part, form, row)


def _stored(row, part: Part) -> dict:
    names = part.form.facts_type.__dataclass_fields__
    stored = {name: getattr(row, name) for name in names if name != "named"}
    if part.form is MeasureForm:
        stored |= {"block": row.block_id, "phase": row.phase_id}
        stored["named"] = [one.pk for one in row.named.all()]
    return stored


def anchor(name: str, row) -> str:
    """Where a part stands on the page of the plan."""
    return f"{name}-{row.pk}"


def _page(request, campaign, part: Part, form, row=None):
    groups: dict[str, list] = {}
    for choice in form["named"] if "named" in form.fields else ():
        unit = form.organisations[int(str(choice.data["value"]))]
        head = unit.parent.short_name if unit.is_branch and unit.parent else "党（工）委、党总支"
        groups.setdefault(head, []).append(choice)
    context = {
        "campaign": campaign,
        "part": part,
        "row": row,
        "form": form,
        "rows": [
            one for one in form.rows() if one[0].name not in ("named", "carry_on", "by_county")
        ],
        "ticks": [
            {"head": head, "choices": choices, "open": any(one.data["selected"] for one in choices)}
            for head, choices in groups.items()
        ],
        "tasks": row.tasks.count() if row is not None and part.name == "measures" else 0,
        "back_url": f"{edit_url(campaign)}#{anchor(part.name, row)}" if row else edit_url(campaign),
    }
    return render(request, "tasks/campaign_part_form.html", context)


@require_POST
def part_move(request, pk, part):
    """One place up (`up`) or down (`down`): the key of the row is the button's value."""
    campaign, part = editable(request, pk), _part(part)
    earlier = "up" in request.POST
    key = request.POST.get("up" if earlier else "down", "")
    row = get_object_or_404(getattr(campaign, part.name), pk=key if key.isdecimal() else 0)
    row.campaign = campaign
    version = request.POST.get("version", "")
    try:
        services.move_part(
            row=row,
            version=int(version) if version.isdecimal() else 0,
            earlier=earlier,
            by=request.user,
        )
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(f"{edit_url(campaign)}#{anchor(part.name, row)}")


@require_POST
def part_delete(request, pk, part, row_pk):
    """Take one part out of the plan."""
    campaign, part = editable(request, pk), _part(part)
    row = get_object_or_404(getattr(campaign, part.name), pk=row_pk)
    row.campaign = campaign
    version = request.POST.get("version", "")
    try:
        services.remove_part(
            row=row, version=int(version) if version.isdecimal() else 0, by=request.user
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(reverse("tasks:campaign_part", args=[pk, part.name, row_pk]))
    messages.success(request, f"已删除{part.label}“{str(row)[:30]}”")
    return redirect(f"{edit_url(campaign)}#h-{part.name}")
