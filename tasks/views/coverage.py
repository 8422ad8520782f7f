"""社会组织覆盖: the register as a list, the table by committee, the calendar of a campaign, papers."""

import datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation, Unit, UnitKind
from branches.paper import split
from branches.scope import main_grant, paths_reached, reaches, within_paths
from branches.typed import Unreadable, read_date
from branches.words import full_date, one_line
from tasks.campaigns import get_open, open_to
from tasks.coverage import Tally, Yardstick, by_committee, standings, tally, under
from tasks.coverage_listing import (
    CHIPS,
    PLAN,
    bars,
    chips,
    described,
    listing,
    page_of,
    selects,
)
from tasks.models import Campaign, UnitSurvey
from tasks.modes import BUCKETS
from tasks.services.coverage import TEMPLATE
from tasks.tabs import task_tabs

COVERAGE = "tasks:coverage"
# Rows of two lines that fill a landscape sheet, and lines of the table by committee.
_UNITS_ON_PAPER = {"first": 9, "following": 10}
_LINES_ON_PAPER = {"first": 12, "following": 14}


@require_safe
def coverage_list(request):
    """The units in reach, worst first, with both shares against their targets."""
    today = current_day()
    found = listing(request, today)
    page = page_of(request, found)
    query = request.GET.copy()
    query.pop("page", None)
    filters = selects(request, found)
    organisation = found.organisation
    code = organisation.code if organisation else ""
    context = {
        "tabs": task_tabs(organisation, COVERAGE),
        "context_text": organisation.short_name if organisation else "",
        "bars": bars(found.counted, found.yardstick),
        "source": PLAN,
        "by_working": found.yardstick.by_working,
        "kinds": "、".join(UnitKind(kind).label for kind in found.kinds),
        "chips": chips(request, found),
        "selects": [one for one in filters if one["name"] == "organisation"],
        "more": [one for one in filters if one["name"] != "organisation"],
        "more_open": bool(request.GET.get("kind") or request.GET.get("authority")),
        "search": one_line(request.GET.get("q"), 60),
        "hidden": _hidden(request, ("branch", "show")),
        "rows": described(found, page, today),
        "page": page,
        "query": query.urlencode(),
        "filtered": any(request.GET.get(name) for name in ("show", "q", "kind", "authority")),
        "clear_url": link(COVERAGE, organisation=code),
        "new_url": link("tasks:coverage_new", organisation=code) if _may_keep(request) else "",
        "import_url": link("ledgers:import")
        if paths_reached(request.user, Action.IMPORT_WORKBOOK)
        else "",
        "paper_url": link("tasks:coverage_paper") + (f"?{query.urlencode()}" if query else ""),
        "committees_url": link("tasks:coverage_committees", organisation=code)
        if _focus(request) and not _focus(request).is_branch
        else "",
        "ended_url": link("tasks:coverage_ended", organisation=code),
        "campaigns": _campaigns(request),
    }
    return render(request, "tasks/coverage_list.html", context)


def _hidden(request, names) -> list[tuple[str, str]]:
    return [(name, request.GET[name]) for name in names if request.GET.get(name)]


def _may_keep(request) -> bool:
    place = named_organisation(request)
    if place:
        return reaches(request.user, Action.KEEP_BRANCH, place.path)
    return bool(paths_reached(request.user, Action.KEEP_BRANCH))


def _focus(request) -> Organisation | None:
    """What a table by committee is about: the organisation named, or where the reader works."""
    if place := named_organisation(request):
        return place
    grant = main_grant(request.user)
    seen = grant and reaches(request.user, Action.LOOK, grant.organisation.path)
    return grant.organisation if seen else None


def _campaigns(request) -> list[dict[str, str]]:
    return [
        {"label": campaign.title, "url": link("tasks:coverage_campaign", campaign.pk)}
        for campaign in open_to(request.user).filter(template=TEMPLATE).order_by("-year", "-pk")[:3]
    ]


@require_safe
def ended_list(request):
    """Units that were struck off, the latest first."""
    place = named_organisation(request)
    units = Unit.objects.visible_to(request.user).filter(ended_on__isnull=False)
    if place:
        units = units.within(place)
    rows = [
        {
            "url": link("tasks:coverage_unit", unit.pk),
            "name": unit.name,
            "kind": unit.get_kind_display(),
            "keeper": unit.organisation.short_name,
            "ended": full_date(unit.ended_on),
        }
        for unit in units.select_related("organisation").order_by("-ended_on", "pk")[:200]
    ]
    context = {
        "tabs": task_tabs(place, COVERAGE),
        "rows": rows,
        "back_url": link(COVERAGE, organisation=place.code if place else ""),
    }
    return render(request, "tasks/coverage_ended.html", context)


@require_safe
def coverage_paper(request):
    """The register as asked for in the list, for A4."""
    today = current_day()
    found = listing(request, today)
    rows = described(found, [row.pk for row in found.rows], today)
    for number, row in enumerate(rows, 1):
        row["number"] = number
    organisation = found.organisation or _focus(request)
    query = request.GET.urlencode()
    context = {
        "organisation": organisation.name if organisation else "",
        "on": full_date(today),
        "chip": CHIPS[found.show][0] if found.show else "",
        "kinds": "、".join(UnitKind(kind).label for kind in found.kinds),
        "sheets": split(rows, **_UNITS_ON_PAPER),
        "bars": bars(found.counted, found.yardstick),
        "landscape": True,
    } | _printed(request, link(COVERAGE) + (f"?{query}" if query else ""))
    return render(request, "tasks/coverage_paper.html", context)


def _printed(request, back_url: str) -> dict[str, str]:
    now = timezone.localtime()
    return {
        "back_url": back_url,
        "printed_text": f"打印时间：{full_date(now.date())} {now:%H:%M}　打印人：{request.user}",
    }


# --- By committee ---------------------------------------------------------------------------


def _day(request, today: datetime.date) -> tuple[datetime.date, str]:
    """The day of `?on=`, not later than today, and what is wrong with what was typed."""
    typed = one_line(request.GET.get("on"), 30)
    try:
        day = read_date(typed, year=today.year) or today
    except Unreadable as unreadable:
        return today, str(unreadable)
    if day > today:
        return today, f"{full_date(day)}还没有到"
    return day, ""


def _committees(request, today: datetime.date) -> dict[str, object]:
    """What the table by committee holds, for the screen and for paper."""
    place = _focus(request)
    if place is None:
        raise PermissionDenied
    if place.is_branch:
        raise Http404
    day, unread = _day(request, today)
    yardstick = Yardstick.on(day)
    kind = request.GET.get("kind", "")
    kinds = (kind,) if kind in UnitKind.values else yardstick.kinds
    rows = standings(under(place, day, kinds), day, yardstick)
    whole = tally(rows)
    return {
        "place": place,
        "day": day,
        "unread": unread,
        "bars": bars(whole, yardstick),
        "by_working": yardstick.by_working,
        "kinds": "、".join(UnitKind(one).label for one in kinds),
        "lines": [_line(one, counted, place) for one, counted in by_committee(place, rows, day)],
        "total": _line(None, whole, place) | {"name": "合计", "url": ""},
    }


def _line(one: Organisation | None, counted: Tally, place: Organisation) -> dict[str, object]:
    own = one is None or one.pk == place.pk
    return {
        "name": f"{place.short_name}直接登记" if own else one.short_name,
        "url": "" if own else link(COVERAGE, organisation=one.code),
        "units": counted.units,
        "surveyed": counted.surveyed,
        "members": [counted.members[key] for key in BUCKETS],
        "covered": counted.covered,
        "instructed": counted.instructed,
        "guided": counted.guided,
        "worked": counted.worked,
        "organisation": counted.organisation.percent,
        "work": counted.work.percent,
    }


@require_safe
def committees(request):
    """Both shares and the numbers behind them by committee, on any day."""
    today = current_day()
    found = _committees(request, today)
    place = found["place"]
    context = found | {
        "tabs": task_tabs(place, COVERAGE),
        "context_text": place.short_name,
        "on_text": full_date(found["day"]) if found["day"] != today else "",
        "buckets": [f"{key} 名" for key in BUCKETS],
        "hidden": _hidden(request, ("organisation", "kind")),
        "list_url": link(COVERAGE, organisation=place.code),
        "paper_url": link("tasks:coverage_committees_paper") + with_query(request, page="")
        if request.GET
        else link("tasks:coverage_committees_paper"),
    }
    return render(request, "tasks/coverage_committees.html", context)


@require_safe
def committees_paper(request):
    """The table by committee for A4; the check in the middle of a campaign is printed from here."""
    today = current_day()
    found = _committees(request, today)
    query = request.GET.urlencode()
    context = (
        found
        | {
            "title": one_line(request.GET.get("title"), 40) or "两个覆盖情况表",
            "organisation": found["place"].name,
            "on": full_date(found["day"]),
            "buckets": [f"{key} 名" for key in BUCKETS],
            "sheets": split(found["lines"], **_LINES_ON_PAPER),
            "landscape": True,
        }
        | _printed(request, link("tasks:coverage_committees") + (f"?{query}" if query else ""))
    )
    return render(request, "tasks/coverage_committees_paper.html", context)


# --- The campaign ---------------------------------------------------------------------------


@require_safe
def campaign(request, pk):
    """How far units were surveyed and covered by the end of each phase of plan 4's campaign."""
    today = current_day()
    run = get_open(request.user, pk)
    if run.template != TEMPLATE:
        raise Http404
    phases = [_phase(request, run, phase, today) for phase in run.phases.all()]
    seen = reaches(request.user, Action.LOOK, run.organisation.path)
    place = run.organisation if seen else _focus(request)
    context = {
        "tabs": task_tabs(place, COVERAGE),
        "title": run.title,
        "context_text": run.organisation.short_name,
        "span": f"{full_date(run.starts_on)}—{full_date(run.ends_on)}",
        "phases": phases,
        "kind": UnitKind.SOCIAL_ORGANISATION.label,
        "list_url": link(COVERAGE, organisation=place.code if place else ""),
        "plan_url": link("tasks:campaign", run.pk),
    }
    return render(request, "tasks/coverage_campaign.html", context)


def _phase(request, run: Campaign, phase, today: datetime.date) -> dict[str, object]:
    """A phase as it stood at its end, or as it stands today while it runs."""
    shown = {
        "name": phase.name,
        "span": f"{full_date(phase.starts_on)}—{full_date(phase.ends_on)}",
        "state": "todo",
        "counted": None,
    }
    if phase.starts_on > today:
        return shown | {"words": "还没有开始"}
    day = min(phase.ends_on, today)
    over = phase.ends_on < today
    yardstick = Yardstick.on(day)
    units = under(run.organisation, day, (UnitKind.SOCIAL_ORGANISATION,)).filter(
        within_paths("organisation__path", paths_reached(request.user))
    )
    rows = standings(units, day, yardstick)
    counted = tally(rows)
    surveyed = (
        UnitSurvey.objects.filter(
            unit__in=[row.pk for row in rows], surveyed_on__range=(run.starts_on, day)
        )
        .values("unit")
        .distinct()
        .count()
    )
    place = run.organisation
    seen = reaches(request.user, Action.LOOK, place.path)
    return shown | {
        "state": "done" if over else "current",
        "words": f"{full_date(day)}{'结束时' if over else '（进行中）'}",
        "counted": counted,
        "surveyed": surveyed,
        "bars": bars(counted, yardstick),
        "paper_url": link(
            "tasks:coverage_committees_paper",
            organisation=place.code,
            kind=UnitKind.SOCIAL_ORGANISATION.value,
            on=f"{day:%Y-%m-%d}",
            title=f"{run.title[:24]}中期检查表（{phase.name}）",
        )
        if seen and not place.is_branch
        else "",
    }
