"""Recording, changing and taking back a meeting; drafts of the form."""

import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.drafts import DraftTooLong, delete_draft, save_draft
from accounts.roles import Action
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link, safe_next
from branches.models import Organisation
from branches.periods import month_end
from branches.scope import get_for
from branches.words import one_line
from meetings import joint, plans, uses
from meetings.editing import DRAFT_AREA, Editing, draft_as_typed
from meetings.enums import DecisionKind, MeetingState, Type
from meetings.form_page import form_context, show_refusal
from meetings.forms.meeting import CancelForm, is_key
from meetings.models import Meeting
from meetings.services import Refused, recording
from meetings.services import joint as joint_services
from meetings.services.checks import check_right
from meetings.votes import impossible, outcome
from meetings.words import meeting_title

# How long after its day a prepared meeting is still taken for the one a duty means.
_PREPARED_DAYS = 92


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_register(request):
    """The form for a meeting that is not stored yet; a prepared one is opened instead.

    `?plan=` fills it from a line of the year plan, `?joined=` from an invitation; `?building=1`
    ticks 专题研究支部建设.
    """
    line = _asked(request, "plan", plans.line)
    invitation = _asked(request, "joined", joint.invitation)
    if line is not None:
        branch = line.plan.organisation
    elif invitation is not None:
        branch = invitation.organisation
    else:
        branch = chosen_branch(request, Action.RECORD_MEETING)
    if branch is None:
        return _no_single_branch(request)
    asked = request.GET.get("types", "").split(",")
    group = request.GET.get("group", "")
    editing = Editing(
        organisation=branch,
        user=request.user,
        today=current_day(),
        types=[type for type in Type.values if type in asked],
        source=one_line(request.POST.get("source") or request.GET.get("source"), 200),
        group_id=int(group) if is_key(group) else None,
        line=line,
        invitation=invitation,
        on_branch_building=request.GET.get("building") == "1",
    )
    if request.method == "POST":
        return _save(request, editing)
    prepared = _prepared(editing)
    if prepared is not None:
        address = reverse("meetings:change", args=[prepared.pk])
        query = request.GET.urlencode()
        return redirect(f"{address}?{query}" if query else address)
    return _show(request, editing)


def _asked(request, name: str, find):
    """The row that `?plan=` or `?joined=` names; None without one."""
    key = request.GET.get(name, "")
    if not key:
        return None
    if not is_key(key):
        raise Http404
    return find(request.user, int(key))


def _no_single_branch(request):
    if not Organisation.objects.permitting(request.user, Action.RECORD_MEETING).exists():
        raise PermissionDenied
    messages.info(request, "先选支部，再登记会议")
    return redirect("meetings:list")


def _prepared(editing: Editing) -> Meeting | None:
    """The earliest prepared meeting of the types asked for that is due by now or this month."""
    if not editing.types or editing.invitation is not None:
        return None
    return (
        Meeting.objects.filter(
            organisation=editing.organisation,
            state=MeetingState.PLANNED,
            types__type__in=editing.types,
            held_on__gte=editing.today - datetime.timedelta(days=_PREPARED_DAYS),
            held_on__lte=month_end(editing.today),
        )
        .order_by("held_on", "pk")
        .first()
    )


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_change(request, pk):
    """The form for a stored meeting: a prepared one is recorded, a held one is changed."""
    meeting = get_for(
        Meeting.objects.select_related("organisation", "host", "lecturer", "group"),
        request.user,
        Action.RECORD_MEETING,
        pk=pk,
    )
    if meeting.state == MeetingState.CANCELLED:
        messages.warning(request, "这次会议已作废，不能再改")
        return redirect("meetings:detail", meeting.pk)
    try:
        # Before anything is typed in vain.
        check_right(
            request.user,
            meeting.organisation,
            [row.type for row in meeting.types.all()],
            [meeting.group],
        )
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("meetings:detail", meeting.pk)
    editing = Editing(
        organisation=meeting.organisation,
        user=request.user,
        today=current_day(),
        meeting=meeting,
        source=one_line(request.POST.get("source") or request.GET.get("source"), 200),
    )
    return _save(request, editing) if request.method == "POST" else _show(request, editing)


def _show(request, editing: Editing):
    draft = editing.read_draft()
    editing.load(draft_as_typed(draft) if draft else None)
    if draft:
        editing.notice = "已恢复上次没有保存的草稿"
    return _page(request, editing)


def _page(request, editing: Editing):
    context = form_context(editing) | {"next": safe_next(request)}
    if context["discard_url"]:
        context["discard_url"] += "&" + urlencode({"next": request.get_full_path()})
    return render(request, "meetings/meeting_form.html", context)


def _save(request, editing: Editing):
    if "reload" in request.POST or "add_decision" in request.POST:
        editing.load(request.POST)
        return _page(request, editing)
    editing.bind(request.POST, request.FILES)
    form = editing.form
    if form.is_valid():
        if moved := editing.roster_moved(request.POST):
            form.add_error("held_on", f"这一天的名册不同：{moved}。请核对点名后再保存")
        else:
            try:
                return _saved(request, editing, _store(request, editing))
            except Refused as refused:
                show_refusal(editing, refused)
    if request.FILES:
        messages.warning(request, "附件没有保存，请重新选择")
    return _page(request, editing)


def _store(request, editing: Editing) -> Meeting:
    form = editing.form
    prepare = request.POST.get("act") == "prepare"
    common = {
        "facts": editing.facts(),
        "by": request.user,
        "today": editing.today,
        "state": MeetingState.PLANNED if prepare else MeetingState.HELD,
        "files": editing.files,
        "anyway": form.cleaned_data["anyway"],
        "reason": editing.source,
        "form_key": one_line(request.POST.get("form_key"), 36),
    }
    if editing.meeting is not None:
        version = form.cleaned_data["version"]
        return recording.change_meeting(
            meeting=editing.meeting,
            version=editing.meeting.version if version is None else version,
            **common,
        )
    with transaction.atomic():
        meeting = recording.register_meeting(organisation=editing.organisation, **common)
        invitation = editing.invitation
        # The same form sent twice has answered already.
        if invitation is not None and not prepare and invitation.own_meeting_id != meeting.pk:
            joint_services.answer(invitation=invitation, own_meeting=meeting, by=request.user)
    return meeting


def _saved(request, editing: Editing, meeting: Meeting):
    delete_draft(user=request.user, area=DRAFT_AREA, key=editing.draft_key)
    said = "已登记" if meeting.state == MeetingState.HELD else "已准备"
    messages.success(request, f"{said}，{meeting_title(meeting, editing.today)}")
    if address := safe_next(request):
        return redirect(address)
    desk = link("desk")
    if editing.source.startswith("duty:") and desk:
        return redirect(desk)
    return redirect("meetings:detail", meeting.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_cancel(request, pk):
    """Take a meeting back that was recorded by mistake; what falls with it is said before."""
    meeting = get_for(
        Meeting.objects.select_related("organisation"),
        request.user,
        Action.RECORD_MEETING,
        pk=pk,
    )
    if meeting.state == MeetingState.CANCELLED:
        messages.warning(request, "这次会议已经作废")
        return redirect("meetings:detail", meeting.pk)
    form = CancelForm(request.POST or None, initial={"version": meeting.version})
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            recording.cancel_meeting(
                meeting=meeting,
                version=meeting.version if version is None else version,
                by=request.user,
                reason=form.cleaned_data["reason"],
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, "已作废，记录仍可查看，不再计数")
            return redirect(link("meetings:list", branch=meeting.organisation.code))
    types = [row.type for row in meeting.types.all()]
    context = {
        "form": form,
        "meeting": {"title": meeting_title(meeting, current_day())},
        "consequences": [
            use for use in uses.uses_of(meeting, types, uses.present_at(meeting)) if use.fall
        ],
        "rests": uses.resting_on(meeting),
        "detail_url": reverse("meetings:detail", args=[meeting.pk]),
        "list_url": link("meetings:list", branch=meeting.organisation.code),
    }
    return render(request, "meetings/meeting_cancel.html", context)


@require_POST
def meeting_draft(request):
    """Keep what is typed into the form, or throw it away; nothing of it is counted."""
    branch = chosen_branch(request, Action.RECORD_MEETING)
    key = one_line(request.GET.get("form"), 120)
    if branch is None or not key:
        raise Http404
    if "discard" in request.GET:
        delete_draft(user=request.user, area=DRAFT_AREA, key=key)
        messages.success(request, "草稿已清除")
        return redirect(safe_next(request) or link("meetings:register", branch=branch.code))
    try:
        saved_at = save_draft(
            by=request.user, area=DRAFT_AREA, key=key, fields=dict(request.POST.lists())
        )
    except DraftTooLong as too_long:
        return JsonResponse({"error": str(too_long)}, status=413)
    return JsonResponse({"saved_at": f"{timezone.localtime(saved_at):%H:%M}"})


@require_safe
def votes_told(request):
    """What counts of votes mean, in words, while they are typed; nothing is read or stored."""
    kind = request.GET.get("kind", "")
    if kind not in DecisionKind.values:
        raise Http404
    names = ("should_attend", "present", "yes", "no", "abstained", "written")
    typed = {name: request.GET.get(name, "").strip() for name in names}
    counts = {
        name: int(text) if text.isdecimal() and len(text) <= 4 else None
        for name, text in typed.items()
    }
    counts["written"] = counts["written"] or 0
    if fault := impossible(**counts):
        return JsonResponse({"text": fault, "notes": [], "kind": "late"})
    told = outcome(
        kind,
        should_attend=counts["should_attend"],
        present=counts["present"],
        yes=counts["yes"],
        written=counts["written"],
        is_secret=bool(request.GET.get("is_secret")),
    )
    return JsonResponse({"text": told.text, "notes": list(told.notes), "kind": told.mark})
