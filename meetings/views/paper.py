"""Sign-in sheets and minutes on paper, and minutes as a document."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, year_asked
from branches.clock import today as current_day
from branches.links import link
from branches.models import Group, Organisation
from branches.paper import name_on_paper
from branches.scope import get_for, reaches
from branches.typed import Unreadable, read_date
from branches.values import Values
from branches.words import full_date, one_line
from meetings.enums import MeetingState, Type
from meetings.minutes import minutes_of, with_everything
from meetings.models import Meeting, PlanItem
from meetings.paper import SignInSheet, blank_sheet, sheet_of, split
from meetings.services.minutes import export_minutes

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _printed(request) -> str:
    return f"打印：{full_date(current_day())} {request.user}"


# --- 签到表 ---------------------------------------------------------------------------------


@require_safe
def roster_paper(request, pk):
    """The sign-in sheet of a stored meeting."""
    rows = Meeting.objects.select_related("organisation__parent", "host", "group")
    meeting = get_for(rows.prefetch_related("types"), request.user, pk=pk)
    return _roster(request, sheet_of(meeting), link("meetings:detail", meeting.pk))


@require_safe
def roster_blank(request):
    """The sign-in sheet of a meeting that is not stored yet: of a line of the year plan
    (`?plan=`), or of types and a day."""
    item = _item(request)
    branch = item.plan.organisation if item else chosen_branch(request)
    if branch is None:
        raise Http404
    asked = one_line(request.GET.get("types"), 200).split(",")
    types = [type for type in Type.values if type in asked]
    group = _group(request, branch)
    on = _day(request)
    if item is not None:
        types, group, on = types or [item.type], group or item.group, on or item.planned_on
    sheet = blank_sheet(branch, types, on or current_day(), group=group, item=item)
    return _roster(
        request, sheet, link("meetings:plan" if item else "meetings:list", branch=branch.code)
    )


def _item(request) -> PlanItem | None:
    typed = request.GET.get("plan", "")
    if not typed:
        return None
    if not _is_key(typed):
        raise Http404
    rows = PlanItem.objects.select_related("plan__organisation__parent", "group", "host")
    return get_for(rows, request.user, pk=int(typed))


def _group(request, branch: Organisation) -> Group | None:
    typed = request.GET.get("group", "")
    if not typed:
        return None
    if not _is_key(typed):
        raise Http404
    return get_object_or_404(Group, organisation=branch, pk=int(typed))


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) <= 18


def _day(request):
    try:
        return read_date(one_line(request.GET.get("on"), 30))
    except Unreadable:
        raise Http404 from None


def _roster(request, sheet: SignInSheet, back_url: str):
    sheets = sheet.sheets()
    context = {
        "sheet": sheet,
        "sheets": sheets,
        "dense": max(map(len, sheets)) > 20,
        "back_url": back_url,
        "print_now": request.GET.get("now") == "1",
        "printed_text": _printed(request),
    }
    return render(request, "meetings/roster_paper.html", context)


# --- 会议记录 -------------------------------------------------------------------------------


@require_safe
def minutes_paper(request, pk):
    """The minutes of one meeting; whoever may look at it may print them."""
    meeting = get_for(with_everything(Meeting.objects.all()), request.user, pk=pk)
    may_export = reaches(request.user, Action.EXPORT_LEDGER, meeting.organisation.path)
    context = {
        "title": f"{meeting.held_on} 会议记录",
        "all_minutes": [minutes_of(meeting, Values())],
        "contents": [],
        "docx_url": link("meetings:minutes_docx", meeting.pk) if may_export else "",
        "back_url": link("meetings:detail", meeting.pk),
        "print_now": request.GET.get("now") == "1",
        "printed_text": _printed(request),
    }
    return render(request, "meetings/minutes_paper.html", context)


@require_safe
def minutes_docx(request, pk):
    """The minutes as a Word document, for whoever may take ledgers out."""
    rows = with_everything(Meeting.objects.all())
    meeting = get_for(rows, request.user, Action.EXPORT_LEDGER, pk=pk)
    name, content = export_minutes(meeting=meeting, by=request.user, at=timezone.now())
    return HttpResponse(
        content,
        content_type=_DOCX,
        headers={
            "Content-Disposition": content_disposition_header(True, name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@require_safe
def minutes_year(request):
    """All minutes of a branch's year in one print, with a list in front, to be bound and kept."""
    branch = chosen_branch(request)
    if branch is None:
        raise Http404
    year = year_asked(request, current_day())
    meetings = Meeting.objects.filter(
        organisation=branch, state=MeetingState.HELD, held_on__year=year
    )
    values = Values()
    all_minutes = [
        minutes_of(meeting, values)
        for meeting in with_everything(meetings).order_by("held_on", "pk")
    ]
    context = {
        "title": f"{year}年会议记录",
        "unit": name_on_paper(branch),
        "all_minutes": all_minutes,
        "contents": split(list(enumerate(all_minutes, start=1))),
        "numbered": True,
        "docx_url": "",
        "back_url": link("meetings:list", branch=branch.code, year=year),
        "print_now": request.GET.get("now") == "1",
        "printed_text": _printed(request),
    }
    return render(request, "meetings/minutes_paper.html", context)
