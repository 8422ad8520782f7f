"""学习学时: a branch member by member, committees and the county branch by branch, worst first."""

import datetime
from collections import defaultdict

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.values import Values
from branches.words import full_date, short_date
from meetings.hours import LEADERS_HOURS, YEARLY_HOURS, hours_of
from meetings.models import Meeting, StudyExemption
from meetings.study import Standing, Sums, missed, names_of, standings
from meetings.tabs import meeting_tabs
from meetings.trainings import may_organise
from members.models import Member

PAGE = 50
NAME = "meetings:hours"
_WORDS = {
    "behind": ("soon", "落后"),
    "open": ("run", "跟上进度"),
    "done": ("done", "已达标"),
    "exempt": ("wait", "豁免"),
}
_ORDER = ("behind", "open", "done", "exempt")


def asked_day(request) -> tuple[int, datetime.date, bool]:
    """The year asked for, the day up to which it is counted, and whether it is over."""
    today = current_day()
    year = min(year_asked(request, today), today.year)
    over = year < today.year
    return year, datetime.date(year, 12, 31) if over else today, over


def years_of(request, year: int) -> list[dict[str, object]]:
    """Links to the running year and the two before it."""
    last = current_day().year
    return [
        {"label": f"{one}年", "url": with_query(request, year=one), "current": one == year}
        for one in (last - 2, last - 1, last)
    ]


@require_safe
def hours(request):
    """Members of a branch with their hours, or the branches below the reader with averages."""
    branches, branch = narrowed(request, Organisation.objects.branches())
    if branch is None and not branches.exists():
        raise PermissionDenied
    if branch is not None:
        return _branch_page(request, branch)
    return _overview(request, branches)


def _branch_page(request, branch: Organisation):
    year, day, over = asked_day(request)
    values = Values()
    people = standings([branch.pk], day, values=values, over=over)
    people.sort(key=lambda one: (_ORDER.index(one.state), -one.lacking, one.member_id))
    chosen = request.GET.get("show", "")
    shown = [one for one in people if one.state == chosen] if chosen in _ORDER else people
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    names = names_of(one.member_id for one in page)
    sums = Sums.of(people)
    may_record = reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    context = {
        "tabs": meeting_tabs(branch, NAME),
        "context_text": branch.short_name,
        "years": years_of(request, year),
        "required": values.on(YEARLY_HOURS, day),
        "required_leaders": values.on(LEADERS_HOURS, day),
        "sums": _sum_words(sums, over),
        "chips": _chips(request, people, chosen),
        "rows": [_row(one, names[one.member_id], year, over) for one in page],
        "missed_count": missed(_meetings_of(branch, year), current_day()).count(),
        "make_ups_url": link("meetings:make_ups", branch=branch.code, year=year),
        "exemptions_url": link("meetings:exemptions", branch=branch.code),
        "training_url": link("meetings:training_new", branch=branch.code) if may_record else "",
        "may_record": may_record,
        "page": page,
        "query": _query(request),
        "clear_url": with_query(request, show=""),
        "filtered": chosen in _ORDER,
    }
    return render(request, "meetings/hours.html", context)


def _meetings_of(branch: Organisation, year: int):
    return Meeting.objects.filter(organisation=branch, held_on__year=year)


def _query(request) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


def _chips(request, people: list[Standing], chosen: str) -> list[dict[str, object]]:
    return [
        {
            "label": _WORDS[state][1],
            "count": sum(one.state == state for one in people),
            "url": with_query(request, show="" if chosen == state else state),
            "current": chosen == state,
        }
        for state in _ORDER
    ]


def _sum_words(sums: Sums, over: bool) -> dict[str, object]:
    return {
        "average": f"{sums.average:.1f}",
        "expected": f"{sums.required if over else sums.pace:.1f}",
        "over": over,
        "due": sums.due,
        "done": sums.done,
        "behind": sums.behind,
        "exempt": sums.exempt,
    }


def _percent(part, whole) -> int:
    return min(100, int(part * 100 / whole)) if whole else 100


def _row(one: Standing, name: str, year: int, over: bool) -> dict[str, object]:
    kind, words = _WORDS[one.state]
    if one.is_exempt:
        words = f"豁免至 {full_date(one.exempt_until)}"
    elif over and one.state == "behind":
        kind, words = "late", "未达标"
    return {
        "name": name,
        "post": one.post,
        "url": link("meetings:study", one.member_id, year=year),
        "hours": f"{one.hours:.1f}",
        "required": one.required,
        "pace": f"{one.pace:.1f}",
        "percent": _percent(one.hours, one.required),
        "pace_percent": _percent(one.pace, one.required),
        "behind": one.state == "behind",
        "exempt": one.is_exempt,
        "kind": kind,
        "words": words,
    }


def _overview(request, branches):
    """Each branch with average and how many reached the hours, the lowest share of the pace first."""
    year, day, over = asked_day(request)
    values = Values()
    of_branch: dict[int, list[Standing]] = defaultdict(list)
    people = standings(branches.values("pk"), day, values=values, over=over)
    for one in people:
        of_branch[one.organisation_id].append(one)
    sums = {pk: Sums.of(found) for pk, found in of_branch.items()}
    worst = sorted(sums, key=lambda pk: (_share(sums[pk]), -sums[pk].behind, pk))
    page = Paginator(worst, PAGE).get_page(request.GET.get("page"))
    known = branches.select_related("parent").in_bulk(list(page))
    organisation = named_organisation(request)
    context = {
        "tabs": meeting_tabs(organisation, NAME),
        "context_text": organisation.short_name if organisation else "",
        "years": years_of(request, year),
        "required": values.on(YEARLY_HOURS, day),
        "required_leaders": values.on(LEADERS_HOURS, day),
        "sums": _sum_words(Sums.of(people), over),
        "branches": [_branch_row(known[pk], sums[pk], year, over) for pk in page],
        "page": page,
        "query": _query(request),
    }
    return render(request, "meetings/hours_overview.html", context)


def _share(sums: Sums):
    """How far the average has come towards what is asked by now; nobody due is nothing to mend."""
    if not sums.due:
        return 10
    return sums.average / sums.pace if sums.pace else 1


def _branch_row(branch: Organisation, sums: Sums, year: int, over: bool) -> dict[str, object]:
    slow = sums.due and sums.average < sums.pace
    words = ("落后" if not over else "未达标") if slow else "跟上进度" if not over else "达标"
    return {
        "name": branch.short_name,
        "parent": branch.parent.short_name if branch.parent else "",
        "url": link(NAME, branch=branch.code, year=year),
        "average": f"{sums.average:.1f}",
        "expected": f"{sums.required if over else sums.pace:.1f}",
        "reached": f"{sums.done}/{sums.due}",
        "behind": sums.behind,
        "exempt": sums.exempt,
        "kind": "soon" if slow else "done",
        "words": words,
    }


@require_safe
def study(request, member_pk):
    """One member's study in a year, line by line, so that anyone can add it up."""
    member = get_for(
        Member.objects.select_related("organisation__parent"), request.user, pk=member_pk
    )
    branch = member.organisation
    year, day, over = asked_day(request)
    lines = hours_of(member, year, until=day, reader=request.user)
    values = Values()
    standing = next(
        (
            one
            for one in standings([branch.pk], day, values=values, over=over)
            if one.member_id == member.pk
        ),
        None,
    )
    lacking = missed(_seen_meetings(request.user, year), current_day()).filter(member=member)
    may_record = reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    context = {
        "tabs": meeting_tabs(branch, NAME),
        "name": member.name,
        "organisation": branch.short_name,
        "years": years_of(request, year),
        "hours_url": link(NAME, branch=branch.code, year=year),
        "member_url": link("members:detail", member.pk),
        "standing": _row(standing, member.name, year, over) if standing else None,
        "lines": [_line(one, current_day()) for one in lines],
        "total": f"{sum((one.hours for one in lines if one.counts), 0):.1f}",
        "missed": [
            {
                "on": short_date(row.meeting.held_on, current_day()),
                "kinds": "、".join(str(kind) for kind in row.meeting.types.all()),
                "state": row.get_state_display(),
                "hours": f"{row.meeting.hours:.1f}",
            }
            for row in lacking.select_related("meeting").prefetch_related("meeting__types")
        ],
        "make_ups_url": link("meetings:make_ups", branch=branch.code, year=year, member=member.pk),
        "training_url": link("meetings:training_new", branch=branch.code)
        if may_organise(request.user, branch)
        else "",
        "may_record": may_record,
        "exemptions": [
            {
                "days": f"{full_date(one.starts_on)}至{full_date(one.ends_on)}",
                "decided": f"{full_date(one.decided_on)}，{one.decided_by}",
            }
            for one in StudyExemption.objects.filter(member=member)
        ],
    }
    return render(request, "meetings/study.html", context)


def _seen_meetings(user, year: int):
    return Meeting.objects.visible_to(user).filter(held_on__year=year)


def _line(one, today: datetime.date) -> dict[str, object]:
    return {
        "on": short_date(one.on, today),
        "kind": one.kind,
        "words": one.words,
        "topic": one.topic,
        "hours": f"{one.hours:.1f}",
        "counts": one.counts,
        "url": link(*one.place) if one.place else "",
    }
