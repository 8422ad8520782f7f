"""民主评议 and 组织生活会 by year: of one branch, or of all below an overseer."""

import datetime
from collections import defaultdict

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import WITHOUT_RELATIONS, Organisation
from branches.scope import reaches
from branches.words import full_date, short_date
from meetings import appraising
from meetings.enums import Grade, MeetingState, Type
from meetings.models import Appraisal, AppraisalResult, Meeting, Talk
from meetings.tabs import meeting_tabs

PAGE_SIZE = 50
PAGE = "meetings:appraisals"
# States of a year, worst first, with the kind of mark.
STATES = {"none": ("未开始", "todo"), "running": ("进行中", "run"), "closed": ("已办结", "done")}
# How a 组织生活会 was held, by the other types of the meeting.
_FORMS = {
    Type.MEMBERS_MEETING: "支部党员大会",
    Type.COMMITTEE: "支部委员会会议",
    Type.GROUP: "党小组会",
}
# Until this month the year before is the one being worked on.
_LAST_MONTH = 3


def usual_year(today: datetime.date) -> int:
    """The year people are appraised for now: until March still the year before."""
    return today.year - 1 if today.month <= _LAST_MONTH else today.year


def appraisal_year(request, today: datetime.date) -> int:
    """The year named, that of the duty that led here, or the one worked on now."""
    typed = request.POST.get("year") or request.GET.get("year") or request.GET.get("source")
    year = year_asked(request, today) if typed else usual_year(today)
    return min(year, today.year)


@require_safe
def appraisal_list(request):
    """The years of a branch; for overseers the branches of a year."""
    today = current_day()
    branches, branch = narrowed(request, Organisation.objects.branches())
    if branch is None:
        return _overview(request, branches, appraisal_year(request, today), today)
    return _years(request, branch, today)


# --- One branch -------------------------------------------------------------------------------


def _years(request, branch: Organisation, today: datetime.date):
    known = {
        one.year: one
        for one in Appraisal.objects.filter(organisation=branch).select_related("organisation")
    }
    counts = _grade_counts([branch], "appraisal__year")
    may = reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    founded = branch.founded_on.year if branch.founded_on else 0
    shown = sorted({*known, today.year, today.year - 1}, reverse=True)
    shown = [year for year in shown if year in known or year >= founded]
    current = usual_year(today)
    rows = [
        _year_row(branch, year, known.get(year), counts[year], may, year == current)
        for year in shown
    ]
    context = {
        "tabs": meeting_tabs(branch, PAGE),
        "context_text": branch.short_name,
        "rows": rows,
        "start": next((row for row in rows if row["start_url"] and row["is_current"]), None),
        "life": _life_rows(branch, shown, may, today),
        "grades": Grade.labels,
    }
    return render(request, "meetings/appraisal_years.html", context)


def _year_row(branch, year, appraisal, counts, may: bool, is_current: bool) -> dict[str, object]:
    words, kind = STATES[_state(appraisal)]
    if appraisal and not appraisal.closed_on:
        step = appraising.next_step(appraisal)
        words = f"进行中，{step}" if step else "进行中，待办结"
    return {
        "year": year,
        "url": reverse("meetings:appraisal", args=[appraisal.pk]) if appraisal else "",
        "start_url": link("meetings:appraisal_start", branch=branch.code, year=year)
        if may and not appraisal
        else "",
        "is_current": is_current,
        "people": counts["all"],
        "graded": [counts[grade] for grade in Grade.values],
        "closed": full_date(appraisal.closed_on) if appraisal else "",
        "words": words,
        "kind": kind,
    }


def _state(appraisal: Appraisal | None) -> str:
    if appraisal is None:
        return "none"
    return "closed" if appraisal.closed_on else "running"


def _grade_counts(branches, by: str, **which) -> dict[int, dict[str, int]]:
    """Members on the list ("all") and of each grade, by the value of the field `by`; one query.

    `which` are further conditions.
    """
    counts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, grade, number in (
        AppraisalResult.objects.filter(appraisal__organisation__in=branches, **which)
        .values(by, "grade")
        .annotate(number=Count("pk"))
        .order_by()
        .values_list(by, "grade", "number")
    ):
        counts[key][grade] += number
        counts[key]["all"] += number
    return counts


def _life_rows(branch, years: list[int], may: bool, today) -> list[dict[str, object]]:
    """Whether the 组织生活会 of each year was held, how, and how many talks went before it."""
    held = defaultdict(list)
    for meeting in _life_meetings([branch.pk], years).select_related("group"):
        held[meeting.for_year].append(meeting)
    talked = _talk_days(branch, years)
    rows = []
    for year in years:
        meetings = held[year]
        # Talks of the year lie before its meeting, which may be early in the next one.
        until = meetings[-1].held_on if meetings else min(today, datetime.date(year, 12, 31))
        talks = sum(datetime.date(year, 1, 1) <= day <= until for day in talked)
        rows.append(
            {
                "year": year,
                "meetings": [_life_shown(meeting, today) for meeting in meetings],
                "talks": talks,
                "talks_url": link("meetings:talks", branch=branch.code, year=year),
                "register_url": link(
                    "meetings:register", branch=branch.code, types=Type.LIFE_MEETING
                )
                if may and not meetings
                else "",
            }
        )
    return rows


def _life_meetings(organisations, years):
    """Held 组织生活会 of these years, the earliest first."""
    return (
        Meeting.objects.filter(
            organisation__in=organisations,
            state=MeetingState.HELD,
            types__type=Type.LIFE_MEETING,
            for_year__in=years,
        )
        .prefetch_related("types")
        .order_by("held_on", "pk")
    )


def _life_shown(meeting: Meeting, today) -> dict[str, str]:
    types = {row.type for row in meeting.types.all()}
    form = next((name for type, name in _FORMS.items() if type in types), "")
    if meeting.group:
        form = f"{meeting.group.name}{form or _FORMS[Type.GROUP]}"
    also = "，同时开展民主评议" if Type.APPRAISAL in types else ""
    return {
        "date": short_date(meeting.held_on, today),
        "form": f"以{form}形式召开{also}" if form else f"会议形式没有登记{also}",
        "url": reverse("meetings:detail", args=[meeting.pk]),
    }


def _talk_days(branch, years: list[int]) -> list[datetime.date]:
    if not years:
        return []
    return list(
        Talk.objects.standing()
        .filter(organisation=branch, held_on__gte=datetime.date(min(years), 1, 1))
        .values_list("held_on", flat=True)
    )


# --- Overseers --------------------------------------------------------------------------------


def _overview(request, branches, year: int, today: datetime.date):
    """The branches that are to appraise their members, those that have not begun first."""
    organisation = named_organisation(request)
    rows = _branch_rows(branches, year, today)
    chosen = request.GET.get("state", "")
    shown = [row for row in rows if chosen not in STATES or row["state"] == chosen]
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": meeting_tabs(organisation, PAGE),
        "context_text": organisation.short_name if organisation else "所辖各支部",
        "year": year,
        "years": [
            {"label": f"{one}年", "url": with_query(request, year=one), "current": one == year}
            for one in sorted({today.year - 1, today.year, year})
        ],
        "chips": [
            {
                "label": label,
                "count": sum(row["state"] == key for row in rows),
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _kind) in STATES.items()
        ],
        "rows": page.object_list,
        "sums": [sum(row["graded"][index] for row in shown) for index in range(len(Grade))],
        "people": sum(row["people"] for row in shown),
        "grades": Grade.labels,
        "page": page,
        "query": query.urlencode(),
        "filtered": chosen in STATES,
        "clear_url": with_query(request, state=""),
    }
    return render(request, "meetings/appraisal_list.html", context)


def _branch_rows(branches, year: int, today: datetime.date) -> list[dict[str, object]]:
    last = datetime.date(year, 12, 31)
    known = {
        one.organisation_id: one
        for one in Appraisal.objects.filter(organisation__in=branches, year=year)
    }
    counts = _grade_counts(branches, "appraisal__organisation_id", appraisal__year=year)
    life = {}
    for meeting in _life_meetings(branches, [year]):
        life.setdefault(meeting.organisation_id, meeting.held_on)
    expected = branches.filter(
        Q(pk__in=known)
        | (
            ~Q(form__in=WITHOUT_RELATIONS)
            & (Q(founded_on__isnull=True) | Q(founded_on__lte=last))
            & (Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=min(last, today)))
        )
    )
    rows = []
    for branch in expected.order_by("code"):
        appraisal = known.get(branch.pk)
        state = _state(appraisal)
        words, kind = STATES[state]
        if state == "running" and (step := appraising.next_step(appraisal)):
            words = f"进行中，{step}"
        if state == "none" and today.year > year:
            kind = "soon"
        rows.append(
            {
                "name": branch.short_name,
                "url": reverse("meetings:appraisal", args=[appraisal.pk])
                if appraisal
                else link(PAGE, branch=branch.code),
                "state": state,
                "words": words,
                "kind": kind,
                "people": counts[branch.pk]["all"],
                "graded": [counts[branch.pk][grade] for grade in Grade.values],
                "life": short_date(life.get(branch.pk), today),
            }
        )
    order = list(STATES)
    return sorted(rows, key=lambda row: order.index(row["state"]))
