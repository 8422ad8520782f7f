"""Looking at meetings: the ledger of a branch or of everything below the reader, and one record."""

import datetime

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import get_for, paths_reached, reaches
from branches.values import Values
from branches.words import one_line, short_date, times, weekday
from meetings import joint
from meetings.enums import AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from meetings.record_page import record_context
from meetings.services import Refused
from meetings.services.checks import check_right
from meetings.tabs import meeting_tabs
from meetings.values import LATE_ENTRY_DAYS
from meetings.words import state_words

PAGE = 50
_STATES = {MeetingState.PLANNED: "准备中", MeetingState.CANCELLED: "已作废"}


@require_safe
def meeting_list(request):
    """Meetings of a branch or of everything below the reader, the latest first.

    Those taken back are shown when asked for alone.
    """
    today = current_day()
    year = _year(request, today)
    meetings, branch = narrowed(request, Meeting.objects.filter(held_on__year=year))
    search = one_line(request.GET.get("q"), 60)
    if search:
        meetings = meetings.filter(Q(topic__icontains=search) | Q(place__icontains=search))
    states = dict(
        meetings.order_by()
        .values("state")
        .annotate(number=Count("pk"))
        .values_list("state", "number")
    )
    state = request.GET.get("state", "")
    if state in _STATES:
        meetings = meetings.filter(state=state)
    else:
        meetings = meetings.exclude(state=MeetingState.CANCELLED)
    counts = _counts_by_type(meetings)
    chosen = request.GET.get("types", "")
    if chosen in Type.values:
        meetings = meetings.filter(
            Exists(MeetingType.objects.filter(meeting=OuterRef("pk"), type=chosen))
        )
    meetings = meetings.select_related("organisation").prefetch_related("types")
    page = Paginator(meetings.order_by("-held_on", "-pk"), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": meeting_tabs(branch or named_organisation(request), "meetings:list"),
        "context_text": f"{branch.short_name}，{year}年" if branch else "所辖支部",
        "years": [
            {
                "label": f"{shown}年",
                "url": with_query(request, year=shown),
                "current": shown == year,
            }
            for shown in (today.year - 1, today.year)
        ],
        "chips": _chips(request, counts, chosen, states, state),
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "coverage": None,
        "show_organisation": branch is None,
        "rows": _rows(page, today),
        "page": page,
        "query": query.urlencode(),
        **_acts(request.user, branch, year),
    }
    return render(request, "meetings/meeting_list.html", context)


def _counts_by_type(meetings) -> dict[str, int]:
    return dict(
        MeetingType.objects.filter(meeting__in=meetings)
        .values("type")
        .annotate(number=Count("pk"))
        .order_by()
        .values_list("type", "number")
    )


def _chips(request, counts, chosen: str, states, state: str) -> list[dict[str, object]]:
    """Chips by type, then those of meetings prepared and taken back."""
    chips = [
        {
            "label": type.label,
            "count": counts.get(type.value, 0),
            "url": with_query(request, types="" if chosen == type else type.value),
            "current": chosen == type,
        }
        for type in Type
        if counts.get(type.value) or type == chosen
    ]
    chips += [
        {
            "label": label,
            "count": states.get(code.value, 0),
            "url": with_query(request, state="" if state == code else code.value),
            "current": state == code,
        }
        for code, label in _STATES.items()
        if states.get(code.value) or state == code
    ]
    return chips


def _acts(user, branch: Organisation | None, year: int) -> dict[str, object]:
    """What the reader may do from the list of one branch, and what waits for it."""
    if branch is None:
        return {
            "new_url": "",
            "import_url": "",
            "export_url": link("ledgers:meetings_book", year=year)
            if paths_reached(user, Action.EXPORT_LEDGER)
            else "",
            "minutes_url": "",
            "awaiting": [],
        }

    def may(action: str) -> bool:
        return reaches(user, action, branch.path)

    awaiting = joint.awaiting(branch) if may(Action.RECORD_BRANCH_MEETING) else []
    return {
        "new_url": link("meetings:register", branch=branch.code)
        if may(Action.RECORD_MEETING)
        else "",
        "import_url": link("ledgers:import") if may(Action.IMPORT_WORKBOOK) else "",
        "export_url": link("ledgers:meetings_book", organisation=branch.code, year=year)
        if may(Action.EXPORT_LEDGER)
        else "",
        "minutes_url": link("meetings:minutes_year", branch=branch.code, year=year),
        "awaiting": awaiting,
    }


def _year(request, today: datetime.date) -> int:
    year = request.GET.get("year", "")
    return (
        int(year)
        if year.isdecimal() and len(year) == 4 and 1921 <= int(year) <= 2999
        else today.year
    )


def _rows(page, today: datetime.date) -> list[dict[str, object]]:
    counted: dict[int, dict[str, int]] = {}
    for meeting_id, state, number in (
        Attendance.objects.filter(meeting__in=[meeting.pk for meeting in page])
        .values("meeting_id", "state")
        .annotate(number=Count("pk"))
        .order_by()
        .values_list("meeting_id", "state", "number")
    ):
        counted.setdefault(meeting_id, {})[state] = number
    late_days = Values().on(LATE_ENTRY_DAYS, today)
    rows = []
    for meeting in page:
        numbers = counted.get(meeting.pk, {})
        kind, words = state_words(meeting, late_days)
        rows.append(
            {
                "url": reverse("meetings:detail", args=[meeting.pk]),
                "date": short_date(meeting.held_on, today),
                "weekday": weekday(meeting.held_on),
                "time": times(meeting.starts_at, meeting.ends_at),
                "kinds": "、".join(row.get_type_display() for row in meeting.types.all()),
                "topic": meeting.topic,
                "place": meeting.place,
                "attendance": _attendance(meeting, numbers),
                "hours": f"{meeting.hours:.1f}" if meeting.hours else "",
                "organisation": meeting.organisation.short_name,
                "kind": kind,
                "state_words": words,
            }
        )
    return rows


def _attendance(meeting: Meeting, numbers: dict[str, int]) -> str:
    """20/23; of a meeting still prepared only who is to come, as nobody was there yet."""
    due = sum(numbers.values())
    if meeting.state == MeetingState.PLANNED:
        return f"应到 {due}" if due else "—"
    return f"{numbers.get(AttendanceState.PRESENT, 0)}/{due}"


def _may_record(user, meeting: Meeting) -> bool:
    """Whether the service would let this user change it: a group leader changes group meetings."""
    if not reaches(user, Action.RECORD_MEETING, meeting.organisation.path):
        return False
    try:
        check_right(
            user, meeting.organisation, [row.type for row in meeting.types.all()], [meeting.group]
        )
    except Refused:
        return False
    return True


@require_safe
def meeting_detail(request, pk):
    """One meeting: what was done and decided, who was there, where it counts, when it was entered."""
    meeting = get_for(
        Meeting.objects.select_related("organisation", "host", "lecturer", "group", "entered_by"),
        request.user,
        pk=pk,
    )
    may_change = meeting.state != MeetingState.CANCELLED and _may_record(request.user, meeting)
    context = record_context(meeting, current_day(), may_change=may_change)
    if meeting.state == MeetingState.CANCELLED:
        context["joint_url"] = ""
    context["tabs"] = meeting_tabs(meeting.organisation, "meetings:list")
    if not reaches(request.user, Action.EXPORT_LEDGER, meeting.organisation.path):
        context["minutes_docx_url"] = ""
    context["held"] = meeting.state != MeetingState.PLANNED
    return render(request, "meetings/meeting_detail.html", context)
