"""Joint activities (共同活动): the host invites and sees who came, an invited branch answers."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.words import full_date, one_line, short_date, times, weekday
from meetings import joint
from meetings.enums import InvitationState, MeetingState
from meetings.forms.joint import DeclineForm, InviteForm
from meetings.models import JointInvitation, Meeting
from meetings.services import Refused
from meetings.services import joint as services
from meetings.tabs import meeting_tabs
from meetings.views.entry import refuse, typed


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_joint(request, pk):
    """Who was invited to a meeting and how they answered; POST invites the branches ticked."""
    meeting = get_for(Meeting.objects.select_related("organisation"), request.user, pk=pk)
    may = reaches(request.user, Action.RECORD_BRANCH_MEETING, meeting.organisation.path)
    if request.method == "POST" and not may:
        raise PermissionDenied
    may = may and meeting.state != MeetingState.CANCELLED
    search = one_line(request.POST.get("q") or request.GET.get("q"), 60)
    offered = joint.offered(meeting, search) if may else []
    form = InviteForm(typed(request), branches=[(branch.pk, branch.name) for branch in offered])
    if request.method == "POST" and form.is_valid():
        # Only what was offered can be ticked, so names alone are read here.
        chosen = Organisation.objects.filter(pk__in=form.cleaned_data["branches"])
        try:
            invited = services.invite(
                meeting=meeting, organisations=chosen.order_by("path"), by=request.user
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已邀请 {len(invited)} 个支部，对方工作台上会看到")
            return redirect("meetings:joint", meeting.pk)
    return render(request, "meetings/joint.html", _host_page(meeting, form, offered, search, may))


def _host_page(meeting: Meeting, form, offered, search: str, may: bool) -> dict[str, object]:
    today = current_day()
    ticked = {str(pk) for pk in form["branches"].value() or []}
    answers = joint.answers(meeting)
    return {
        "tabs": meeting_tabs(meeting.organisation, "meetings:list"),
        "meeting": _shown(meeting, today),
        "detail_url": reverse("meetings:detail", args=[meeting.pk]),
        "list_url": link("meetings:list", branch=meeting.organisation.code),
        "answers": answers,
        "came": sum(answer.due is not None for answer in answers),
        "may_invite": may,
        "form": form,
        "search": search,
        "offered": [
            {"pk": one.pk, "name": one.name, "reason": one.reason, "ticked": str(one.pk) in ticked}
            for one in offered
        ],
    }


def _shown(meeting: Meeting, today) -> dict[str, object]:
    """What may be seen of a meeting by who was invited: no roster, no minutes."""
    return {
        "pk": meeting.pk,
        "host": meeting.organisation.short_name,
        "title": f"{short_date(meeting.held_on, today)} {joint.kinds_of(meeting)}",
        "kinds": joint.kinds_of(meeting),
        "topic": meeting.topic,
        "place": meeting.place,
        "when": " ".join(
            part
            for part in (
                full_date(meeting.held_on),
                weekday(meeting.held_on),
                times(meeting.starts_at, meeting.ends_at),
            )
            if part
        ),
        "hours": f"{meeting.hours:.1f}" if meeting.hours else "",
        "cancelled": meeting.state == MeetingState.CANCELLED,
    }


@require_POST
def invitation_withdraw(request, pk):
    """The host takes an invitation back."""
    rows = JointInvitation.objects.select_related("meeting__organisation", "organisation")
    invitation = get_for(rows, request.user, pk=pk)
    host = invitation.meeting.organisation
    if not reaches(request.user, Action.RECORD_BRANCH_MEETING, host.path):
        raise PermissionDenied
    try:
        services.withdraw(invitation=invitation, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"已撤回对{invitation.organisation.short_name}的邀请")
    return redirect("meetings:joint", invitation.meeting_id)


@require_safe
def invitation(request, pk):
    """What an invited branch was invited to, and its two answers."""
    row = joint.invitation(request.user, pk, Action.LOOK)
    meeting, branch = row.meeting, row.organisation
    may = reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    own = row.own_meeting
    stands = own is not None and own.state != MeetingState.CANCELLED
    open_ = row.state != InvitationState.WITHDRAWN and not stands
    sees_own = stands and reaches(request.user, Action.LOOK, branch.path)
    lecturer = joint.prefill(row).lecturer_name
    context = {
        "pk": row.pk,
        "tabs": meeting_tabs(branch, "meetings:list"),
        "branch": branch.short_name,
        "meeting": _shown(meeting, current_day()) | {"lecturer": lecturer},
        "state": row.get_state_display(),
        "note": row.note,
        "list_url": link("meetings:list", branch=branch.code),
        "own_url": reverse("meetings:detail", args=[own.pk]) if sees_own else "",
        "register_url": link("meetings:register", branch=branch.code, joined=row.pk)
        if may and open_
        else "",
        "declinable": may and open_ and row.state != InvitationState.DECLINED,
        "form": DeclineForm(),
    }
    return render(request, "meetings/joint_invitation.html", context)


@require_POST
def invitation_decline(request, pk):
    """未参加: the branch did not come, or has seen that the host cancelled."""
    row = joint.invitation(request.user, pk)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        messages.error(request, "说明最多 100 个字")
        return redirect("meetings:invitation", row.pk)
    try:
        services.decline(invitation=row, note=form.cleaned_data["note"], by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已登记为未参加，以后仍可点名登记")
    return redirect("meetings:invitation", row.pk)
