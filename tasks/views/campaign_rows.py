"""What the pages of a campaign show of a plan, a target, a measure, a unit and a task."""

import datetime

from django.urls import reverse

from branches.words import full_date, short_date
from tasks import campaign_progress, words
from tasks.contradictions import demand, number
from tasks.enums import CampaignState
from tasks.forms.targets import ReachedForm
from tasks.models import Campaign
from tasks.services import targets as services
from tasks.target_figures import FIGURES, fulfils, reached

KINDS = {CampaignState.DRAFT: "todo", CampaignState.RUNNING: "run", CampaignState.CLOSED: "done"}


def bar(tally: campaign_progress.Tally) -> dict[str, object]:
    """What a bar shows: figures, share and where it should stand by the deadlines."""
    return {
        "total": tally.total,
        "done": tally.done,
        "open": tally.open,
        "overdue": tally.overdue,
        "percent": tally.percent,
        "width": int(tally.percent or 0),
        "pace": int(tally.pace or 0),
        "pace_text": tally.pace,
        "behind": tally.is_behind,
    }


def list_row(campaign: Campaign, summary, today: datetime.date) -> dict[str, object]:
    tally, following = summary or (campaign_progress.Tally(), None)
    phase = campaign_progress.phase_now(campaign.phases.all(), today)
    running = campaign.state == CampaignState.RUNNING
    return {
        "url": reverse("tasks:campaign", args=[campaign.pk]),
        "title": campaign.title,
        "year": campaign.year,
        "document": campaign.document,
        "lead": campaign.organisation.short_name,
        "state": campaign.get_state_display(),
        "kind": KINDS[campaign.state],
        "phase": phase.name if phase and running else "",
        "next_text": short_date(following, today),
        "next_late": bool(following and following < today),
        **bar(tally),
    }


def steps(campaign: Campaign, today: datetime.date) -> list[dict]:
    """The phases as a stepper: over, running on this day, to come."""
    return [
        {
            "name": phase.name,
            "state": (
                "done"
                if phase.ends_on < today
                else "current"
                if phase.starts_on <= today
                else "todo"
            ),
            "note": f"{short_date(phase.starts_on, today)}—{short_date(phase.ends_on, today)}",
        }
        for phase in sorted(campaign.phases.all(), key=lambda phase: phase.starts_on)
    ]


def target_rows(campaign, today, runs: bool, form, target_pk: int) -> list[dict]:
    targets = list(campaign.targets.all())
    found = reached(targets, campaign.organisation, today)
    editable = runs and campaign.state == CampaignState.RUNNING
    rows = []
    for target in targets:
        one = found[target.pk]
        good = fulfils(target, one)
        computed = target.figure in FIGURES
        bound = form if form is not None and target.pk == target_pk else None
        rows.append(
            {
                "pk": target.pk,
                "subject": target.subject,
                "demand": demand(target),
                "due_text": full_date(target.due_on),
                "wording": target.wording,
                "value": "" if one.value is None else _value_text(target, one.value, computed),
                "fraction": f"{one.numerator}/{one.denominator}" if one.denominator else "",
                "on_text": full_date(one.on) if one.value is not None else "",
                **_verdict(good, target, today),
                "form": bound
                or (_reached_form(target, today) if editable and not computed else None),
                "open": bound is not None,
                "url": reverse("tasks:target_reached", args=[campaign.pk, target.pk]),
            }
        )
    return rows


def _value_text(target, value, computed: bool) -> str:
    text = f"{value:.2f}" if computed else number(value)
    return f"{text}%" if target.unit == "%" or computed else f"{text} {target.unit}"


def _verdict(good: bool | None, target, today) -> dict[str, str]:
    if good:
        return {"kind": "done", "words": "已达到"}
    late = target.due_on < today
    if good is None:
        return {"kind": "late" if late else "todo", "words": "到期未填" if late else "还没有数"}
    return {"kind": "late" if late else "run", "words": "到期未达到" if late else "还没达到"}


def _reached_form(target, today) -> ReachedForm:
    return ReachedForm(
        today=today,
        auto_id=f"target_{target.pk}_%s",
        initial={
            "value": "" if target.reached is None else number(target.reached),
            "as_of": target.reached_on or today,
            "known": services.said(target),
        },
    )


def way_row(campaign: Campaign, way: str, row, tally) -> dict[str, object]:
    if way == "unit":
        name, note = row.short_name, row.parent.short_name if row.parent else ""
        url = reverse("tasks:campaign_unit", args=[campaign.pk, row.code])
    elif way == "phase":
        name, url = (row.name if row else "没有写明阶段"), ""
        note = f"{full_date(row.starts_on)}至{full_date(row.ends_on)}" if row else ""
    else:
        name, url = row.name, ""
        note = "、".join(filter(None, [row.responsible_leader, row.responsible_unit]))
    return {"name": name, "note": note, "url": url, **bar(tally)}


def measure_row(measure, tally, today) -> dict[str, object]:
    return {
        "block": measure.block.name,
        "text": measure.text,
        "detail": measure.detail,
        "phase": measure.phase.name if measure.phase else "",
        "due_text": full_date(measure.due_on),
        "addressed": f"{measure.get_sector_display()}党支部"
        if measure.sector
        else measure.get_addressed_display(),
        **bar(tally),
    }


def tasks_by_block(campaign: Campaign, tasks, today: datetime.date) -> list[dict]:
    """The tasks, under the block each belongs to and in the plan's order."""
    rows = (
        tasks.filter(measure__campaign=campaign)
        .select_related("measure__block", "organisation")
        .order_by("measure__block__position", "measure__position", "measure_id")
    )
    groups: dict[int, dict] = {}
    for task in rows:
        block = task.measure.block
        group = groups.setdefault(block.pk, {"name": block.name, "tasks": []})
        kind, state_words = words.badge(task, today)
        distance, near = words.distance(task, today)
        group["tasks"].append(
            {
                "url": reverse("tasks:detail", args=[task.pk]),
                "problem": task.problem,
                "number": task.number,
                "person": task.responsible_person,
                "due_text": full_date(task.due_on),
                "distance": distance or words.closed_words(task),
                "distance_kind": near,
                "kind": kind,
                "state_words": state_words,
            }
        )
    return list(groups.values())
