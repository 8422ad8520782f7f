"""补学登记: who missed what, several ticked and entered at once; what was entered, with 撤销."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.words import short_date
from meetings.enums import AttendanceState, MakeUpWay, MeetingState
from meetings.forms.study import MakeUpForm, ReasonForm
from meetings.models import Attendance, MakeUp, Meeting
from meetings.services import Refused
from meetings.services.make_ups import enter_make_ups, undo_make_up
from meetings.study import missed
from meetings.tabs import meeting_tabs
from meetings.views.hours import asked_day, years_of

PAGE = 100
NAME = "meetings:make_ups"
_UNDER = "meetings:hours"


@require_http_methods(["GET", "HEAD", "POST"])
def make_ups(request):
    """The branch's list of 待补学 with the form; looked at by those above."""
    doing = request.method == "POST"
    branch = chosen_branch(request, Action.RECORD_BRANCH_MEETING if doing else Action.LOOK)
    if branch is None:
        raise PermissionDenied
    usual = {"done_on": current_day(), "way": MakeUpWay.SELF_STUDY}
    form = MakeUpForm(request.POST if doing else None, initial=usual, today=current_day())
    if doing and form.is_valid():
        try:
            made = enter_make_ups(
                organisation=branch,
                attendances=_picks(request),
                by=request.user,
                today=current_day(),
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            hours = sum(one.hours for one in made)
            messages.success(request, f"已登记补学 {len(made)} 人次，共 {hours:.1f} 学时")
            year = asked_day(request)[0]
            return redirect(link(NAME, branch=branch.code, year=year))
    return _page(request, branch, form)


def _picks(request) -> set[int]:
    return {
        int(pick) for pick in request.POST.getlist("picks") if pick.isdecimal() and len(pick) < 16
    }


def _page(request, branch: Organisation, form: MakeUpForm):
    today = current_day()
    year, _day, _over = asked_day(request)
    meetings = Meeting.objects.filter(organisation=branch, held_on__year=year)
    open_rows = missed(meetings, today)
    entered = MakeUp.objects.filter(meeting__organisation=branch, meeting__held_on__year=year)
    member = request.GET.get("member", "")
    if member.isdecimal() and len(member) < 10:
        open_rows, entered = open_rows.filter(member=member), entered.filter(member=member)
    page = Paginator(
        open_rows.select_related("meeting", "member").prefetch_related("meeting__types"), PAGE
    ).get_page(request.GET.get("page"))
    may_record = reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    ticked = _picks(request)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": meeting_tabs(branch, _UNDER),
        "organisation": branch.short_name,
        "branch_code": branch.code,
        "year": year,
        "years": years_of(request, year),
        "hours_url": link(_UNDER, branch=branch.code, year=year),
        "all_url": link(NAME, branch=branch.code, year=year) if member else "",
        "rows": [_missed_row(row, branch, ticked, today) for row in page],
        "form": form if may_record else None,
        "entered": _entered(entered, may_record, today),
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "meetings/make_ups.html", context)


def _missed_row(row: Attendance, branch: Organisation, ticked: set[int], today) -> dict:
    moved = row.member.organisation_id != branch.pk
    return {
        "pk": row.pk,
        "name": row.member.name,
        "moved": moved,
        "on": short_date(row.meeting.held_on, today),
        "kinds": "、".join(str(kind) for kind in row.meeting.types.all()),
        "topic": row.meeting.topic,
        # Without the reason: it may be an illness, and nobody needs it to enter what was made up.
        "state": row.get_state_display(),
        "hours": f"{row.meeting.hours:.1f}",
        "url": link("meetings:detail", row.meeting_id),
        "ticked": row.pk in ticked,
    }


def _entered(rows, may_record: bool, today) -> list[dict[str, object]]:
    """What was entered, with the reason where it no longer counts."""
    rows = list(
        rows.select_related("meeting", "member")
        .prefetch_related("meeting__types")
        .order_by("-done_on", "-pk")
    )
    came = set(
        Attendance.objects.filter(
            meeting__in={row.meeting_id for row in rows}, state=AttendanceState.PRESENT
        ).values_list("meeting_id", "member_id")
    )
    found = []
    for row in rows:
        lost = ""
        if row.meeting.state != MeetingState.HELD:
            lost = "会议已作废，不再计入"
        elif (row.meeting_id, row.member_id) in came:
            lost = "已改为到会，补学不再计入"
        found.append(
            {
                "name": row.member.name,
                "on": short_date(row.done_on, today),
                "way": row.get_way_display(),
                "hours": f"{row.hours:.1f}",
                "meeting": short_date(row.meeting.held_on, today)
                + " "
                + "、".join(str(kind) for kind in row.meeting.types.all()),
                "url": link("meetings:detail", row.meeting_id),
                "lost": lost,
                "undo_url": link("meetings:make_up_undo", row.pk) if may_record else "",
            }
        )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def make_up_undo(request, pk):
    """撤销: asks for the reason; the person stands under 待补学 again."""
    rows = MakeUp.objects.select_related("meeting__organisation__parent", "member")
    make_up = get_for(rows, request.user, Action.RECORD_BRANCH_MEETING, pk=pk)
    branch = make_up.meeting.organisation
    list_url = link(NAME, branch=branch.code, year=make_up.meeting.held_on.year)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            undo_make_up(make_up=make_up, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"已撤销{make_up.member.name}的这次补学")
            return redirect(list_url)
    today = current_day()
    context = {
        "tabs": meeting_tabs(branch, _UNDER),
        "form": form,
        "organisation": branch.short_name,
        "list_url": list_url,
        "list_label": "补学",
        "title": "撤销补学",
        "facts": [
            ("党员", make_up.member.name),
            ("补学", f"{short_date(make_up.done_on, today)}，{make_up.get_way_display()}"),
            ("会议", short_date(make_up.meeting.held_on, today)),
        ],
        "consequence": f"撤销后{make_up.member.name}少 {make_up.hours:.1f} 学时，"
        "这次会议重新列入待补学",
        "keep_label": "不撤销",
        "act_label": "撤销补学",
    }
    return render(request, "meetings/study_undo.html", context)
