import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.drafts import DraftTooLong, delete_draft, save_draft
from accounts.roles import Action
from branches.choice import chosen_branch, narrowed
from branches.clock import today as current_day
from branches.links import link, safe_next, with_query
from branches.models import Attachment, Organisation
from branches.periods import month_end
from branches.scope import get_for, reaches
from branches.values import Values
from branches.words import file_size, full_date, one_line, recent, short_date, times, weekday
from meetings.editing import DRAFT_AREA, Editing, draft_as_typed
from meetings.enums import FULL_NAMES, AttendanceState, MeetingState, Type
from meetings.models import Attendance, Meeting, MeetingType
from meetings.services import AREA, Refused, recording
from meetings.values import LATE_ENTRY_DAYS, entered_late

PAGE = 50


def _title(meeting: Meeting, types, today: datetime.date) -> str:
    kinds = "、".join(FULL_NAMES[Type(type)] for type in types)
    return f"{short_date(meeting.held_on, today)} {kinds}"


@require_safe
def meeting_list(request):
    """Meetings of a branch or of everything below the reader, the latest first."""
    today = current_day()
    year = _year(request, today)
    meetings, branch = narrowed(request, Meeting.objects.filter(held_on__year=year))
    search = one_line(request.GET.get("q"), 60)
    if search:
        meetings = meetings.filter(Q(topic__icontains=search) | Q(place__icontains=search))
    counts = dict(
        MeetingType.objects.filter(meeting__in=meetings)
        .values("type")
        .annotate(number=Count("pk"))
        .order_by()
        .values_list("type", "number")
    )
    chosen = request.GET.get("types", "")
    if chosen in Type.values:
        meetings = meetings.filter(
            Exists(MeetingType.objects.filter(meeting=OuterRef("pk"), type=chosen))
        )
    meetings = meetings.select_related("organisation").prefetch_related("types")
    page = Paginator(meetings.order_by("-held_on", "-pk"), PAGE).get_page(request.GET.get("page"))
    may_record = branch is not None and reaches(request.user, Action.RECORD_MEETING, branch.path)
    may_import = branch is not None and reaches(request.user, Action.IMPORT_WORKBOOK, branch.path)
    may_export = branch is not None and reaches(request.user, Action.EXPORT_LEDGER, branch.path)
    code = branch.code if branch else ""
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "context_text": f"{branch.short_name}，{year}年" if branch else f"{year}年",
        "years": [
            {
                "label": f"{shown}年",
                "url": with_query(request, year=shown),
                "current": shown == year,
            }
            for shown in (today.year - 1, today.year)
        ],
        "chips": [
            {
                "label": type.label,
                "count": counts.get(type.value, 0),
                "url": with_query(request, types="" if chosen == type else type.value),
                "current": chosen == type,
            }
            for type in Type
            if counts.get(type.value) or type == chosen
        ],
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "coverage": None,
        "new_url": link("meetings:register", branch=code) if may_record else "",
        "import_url": link("ledgers:import") if may_import else "",
        "export_url": link("ledgers:export", organisation=branch.code) if may_export else "",
        "show_organisation": branch is None,
        "rows": _rows(page, today),
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "meetings/meeting_list.html", context)


def _year(request, today: datetime.date) -> int:
    year = request.GET.get("year", "")
    return int(year) if year.isdecimal() and 1921 <= int(year) <= 2999 else today.year


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
        kind, words = _state_words(meeting, late_days)
        rows.append(
            {
                "url": reverse("meetings:detail", args=[meeting.pk]),
                "date": short_date(meeting.held_on, today),
                "weekday": weekday(meeting.held_on),
                "time": times(meeting.starts_at, meeting.ends_at),
                "kinds": "、".join(row.get_type_display() for row in meeting.types.all()),
                "topic": meeting.topic,
                "place": meeting.place,
                "attendance": f"{numbers.get(AttendanceState.PRESENT, 0)}/{sum(numbers.values())}",
                "hours": f"{meeting.hours:.1f}" if meeting.hours else "",
                "organisation": meeting.organisation.short_name,
                "kind": kind,
                "state_words": words,
            }
        )
    return rows


def _state_words(meeting: Meeting, late_days: int) -> tuple[str, str]:
    if meeting.state == MeetingState.PLANNED:
        return "todo", "准备中"
    if meeting.state == MeetingState.CANCELLED:
        return "wait", "已作废"
    entered_on = timezone.localtime(meeting.entered_at).date()
    return "done", "补录" if entered_late(meeting.held_on, entered_on, late_days) else "已登记"


@require_safe
def meeting_detail(request, pk):
    """One meeting: what was done, who was there, when it was entered."""
    today = current_day()
    meeting = get_for(
        Meeting.objects.select_related("organisation", "host", "lecturer", "group", "entered_by"),
        request.user,
        pk=pk,
    )
    types = [row.type for row in meeting.types.all()]
    attendances = list(meeting.attendances.select_related("member"))
    present = [row for row in attendances if row.state == AttendanceState.PRESENT]
    states = [row.state for row in attendances]
    late_days = Values().on(LATE_ENTRY_DAYS, today)
    may_change = (
        reaches(request.user, Action.RECORD_MEETING, meeting.organisation.path)
        and meeting.state != MeetingState.CANCELLED
    )
    files = Attachment.objects.filter(area=AREA, object_id=meeting.pk)
    title = _title(meeting, types, today)
    entered_at = timezone.localtime(meeting.entered_at)
    voters = [row for row in attendances if row.was_formal]
    voting = sum(row.state == AttendanceState.PRESENT for row in voters)
    context = {
        "meeting": {
            "title": title,
            "kinds": "、".join(FULL_NAMES[Type(type)] for type in types),
            "organisation": meeting.organisation.short_name,
            "date_text": f"{full_date(meeting.held_on)} {weekday(meeting.held_on)}",
            "time_text": times(meeting.starts_at, meeting.ends_at),
            "place": meeting.place,
            "host": meeting.host.name if meeting.host else meeting.host_name,
            "lecturer": meeting.lecturer.name if meeting.lecturer else meeting.lecturer_name,
            "topic": meeting.topic,
            "minutes": meeting.minutes,
            "hours": f"{meeting.hours:.1f}" if meeting.hours else "",
            "guests": meeting.guests,
            "group": meeting.group.name if meeting.group else "",
            "entered_text": f"{recent(entered_at, today)} {meeting.entered_by or '导入'} 登记",
            "late_entry": meeting.state == MeetingState.HELD
            and entered_late(meeting.held_on, entered_at.date(), late_days),
            "state_words": _state_words(meeting, late_days)[1],
            "votes_text": votes_text(len(voters), voting) if Type.MEMBERS_MEETING in types else "",
            "votes_enough": voting * 2 > len(voters),
            "version": meeting.version,
        },
        "counts": {
            "due": len(states),
            **{state.value: states.count(state) for state in AttendanceState},
        },
        "present": [row.member.name for row in present],
        "away": [
            {
                "name": row.member.name,
                "kind_words": row.get_state_display(),
                "reason": row.reason,
            }
            for row in attendances
            if row.state != AttendanceState.PRESENT
        ],
        "files": [
            {
                "name": file.name,
                "url": reverse("branches:attachment", args=[file.pk]),
                "size": file_size(file.size),
            }
            for file in files
        ],
        "uses": [],
        "list_url": link("meetings:list", branch=meeting.organisation.code),
        "edit_url": reverse("meetings:change", args=[meeting.pk]) if may_change else "",
        "delete_url": reverse("meetings:cancel", args=[meeting.pk]) if may_change else "",
    }
    return render(request, "meetings/meeting_detail.html", context)


def votes_text(formal: int, present: int) -> str:
    """有表决权 21 人到 18 人，已过半数; "" where nobody could vote."""
    if not formal:
        return ""
    enough = "已过半数" if present * 2 > formal else "未过半数，不能表决"
    return f"有表决权 {formal} 人到 {present} 人，{enough}"


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_register(request):
    """The form for a meeting that is not stored yet; a planned one is opened instead."""
    branch = chosen_branch(request, Action.RECORD_MEETING)
    if branch is None:
        return _no_single_branch(request)
    asked = request.GET.get("types", "").split(",")
    editing = Editing(
        organisation=branch,
        user=request.user,
        today=current_day(),
        types=[type for type in Type.values if type in asked],
        source=one_line(request.POST.get("source") or request.GET.get("source"), 200),
    )
    if request.method == "POST":
        return _save(request, editing)
    planned = _planned(editing)
    if planned is not None:
        address = reverse("meetings:change", args=[planned.pk])
        query = request.GET.urlencode()
        return redirect(f"{address}?{query}" if query else address)
    return _show(request, editing)


def _no_single_branch(request):
    if not Organisation.objects.permitting(request.user, Action.RECORD_MEETING).exists():
        raise PermissionDenied
    messages.info(request, "先选支部，再登记会议")
    return redirect("meetings:list")


def _planned(editing: Editing) -> Meeting | None:
    """The earliest planned meeting of the types asked for that is due by now or this month."""
    if not editing.types:
        return None
    return (
        Meeting.objects.filter(
            organisation=editing.organisation,
            state=MeetingState.PLANNED,
            types__type__in=editing.types,
            held_on__gte=editing.today - datetime.timedelta(days=92),
            held_on__lte=month_end(editing.today),
        )
        .order_by("held_on", "pk")
        .first()
    )


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_change(request, pk):
    """The form for a stored meeting: a planned one is recorded, a held one is changed."""
    meeting = get_for(
        Meeting.objects.select_related("organisation", "host", "lecturer", "group"),
        request.user,
        Action.RECORD_MEETING,
        pk=pk,
    )
    if meeting.state == MeetingState.CANCELLED:
        messages.warning(request, "这次会议已作废，不能再改")
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
    return render(request, "meetings/meeting_form.html", _page(request, editing))


def _page(request, editing: Editing) -> dict[str, object]:
    context = editing.context() | {"next": safe_next(request)}
    if context["discard_url"]:
        context["discard_url"] += "&" + urlencode({"next": request.get_full_path()})
    return context


def _save(request, editing: Editing):
    if "reload" in request.POST:
        editing.load(request.POST)
        return render(request, "meetings/meeting_form.html", _page(request, editing))
    editing.bind(request.POST, request.FILES)
    form = editing.form
    if form.is_valid():
        if moved := editing.roster_moved(request.POST):
            form.add_error("held_on", f"这一天的名册不同：{moved}。请核对点名后再保存")
        else:
            try:
                return _saved(request, editing, _store(request, editing))
            except Refused as refused:
                editing.refuse(refused)
    if request.FILES:
        messages.warning(request, "附件没有保存，请重新选择")
    return render(request, "meetings/meeting_form.html", _page(request, editing))


def _store(request, editing: Editing) -> Meeting:
    form = editing.form
    prepare = request.POST.get("act") == "prepare"
    common = {
        "facts": form.facts(editing.presences, editing.minutes_per_hour),
        "by": request.user,
        "today": editing.today,
        "state": MeetingState.PLANNED if prepare else MeetingState.HELD,
        "uploads": form.cleaned_data["attachments"],
        "anyway": form.cleaned_data["anyway"],
        "reason": editing.source,
    }
    if editing.meeting is None:
        return recording.register_meeting(organisation=editing.organisation, **common)
    version = form.cleaned_data["version"]
    return recording.change_meeting(
        meeting=editing.meeting,
        version=editing.meeting.version if version is None else version,
        **common,
    )


def _saved(request, editing: Editing, meeting: Meeting):
    delete_draft(user=request.user, area=DRAFT_AREA, key=editing.draft_key)
    types = [row.type for row in meeting.types.all()]
    said = "已登记" if meeting.state == MeetingState.HELD else "已准备"
    messages.success(request, f"{said}，{_title(meeting, types, editing.today)}")
    if address := safe_next(request):
        return redirect(address)
    desk = link("desk")
    if editing.source.startswith("duty:") and desk:
        return redirect(desk)
    return redirect("meetings:detail", meeting.pk)


@require_POST
def meeting_cancel(request, pk):
    """Take a meeting back that was recorded by mistake."""
    meeting = get_for(
        Meeting.objects.select_related("organisation"),
        request.user,
        Action.RECORD_MEETING,
        pk=pk,
    )
    version = request.POST.get("version", "")
    try:
        recording.cancel_meeting(
            meeting=meeting,
            version=int(version) if version.isdecimal() and len(version) < 10 else meeting.version,
            by=request.user,
            reason=one_line(request.POST.get("reason"), 200) or "登记有误",
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("meetings:detail", meeting.pk)
    messages.success(request, "已作废，到会人员的学时同时去掉")
    return redirect(link("meetings:list", branch=meeting.organisation.code))


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
