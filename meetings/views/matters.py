"""四议两公开: the list, one matter with its six stages, and its sheet of paper."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import TrailLine
from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.paper import name_on_paper
from branches.scope import get_for, reaches
from branches.words import full_date, one_line, recent
from meetings import matters
from meetings.enums import MatterStage
from meetings.forms.matters import DropForm, MatterForm, RemoveForm, StageForm
from meetings.matter_page import (
    meeting_label,
    meeting_url,
    progress_of,
    row_of,
    stage_hint,
    stage_shown,
)
from meetings.models import Matter, MatterStep
from meetings.services import Refused
from meetings.services.matters import (
    TRAIL_AREA,
    change_matter,
    drop_matter,
    record_stage,
    remove_stage,
    resume_matter,
    start_matter,
)
from meetings.tabs import meeting_tabs

PAGE = "meetings:matters"
PAGE_SIZE = 50
# Meetings offered for a stage.
_MOST_MEETINGS = 40


# --- The list -------------------------------------------------------------------------------


@require_safe
def matter_list(request):
    """Matters of a branch or of everything below the reader, the newest first."""
    today = current_day()
    rows, branch = narrowed(request, Matter.objects.all())
    organisation = branch or named_organisation(request)
    # What a branch recorded as a village's stays in sight when its sector is put right.
    if branch is not None and not matters.decides_this_way(branch) and not rows.exists():
        return _explained(request, branch)
    search = one_line(request.GET.get("q"), 60)
    if search:
        rows = rows.filter(title__icontains=search)
    rows = matters.with_counts(rows)
    chosen = request.GET.get("state", "")
    conditions = {key: wanted for key, _label, wanted in matters.STATES}
    shown = rows.filter(**conditions[chosen]) if chosen in conditions else rows
    shown = shown.select_related("organisation").prefetch_related("steps")
    page = Paginator(shown.order_by("-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    code = organisation.code if organisation else ""
    may_record = (
        branch is not None
        and matters.decides_this_way(branch)
        and reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    )
    context = {
        "tabs": meeting_tabs(organisation, PAGE),
        "context_text": organisation.short_name if organisation else "",
        "chips": [
            {
                "label": label,
                "count": rows.filter(**wanted).count(),
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label, wanted in matters.STATES
        ],
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": [row_of(matter, today) for matter in page],
        "show_organisation": branch is None,
        "new_url": link("meetings:matter_new", branch=code) if may_record else "",
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(search) or chosen in conditions,
        "clear_url": link(PAGE, branch=code),
    }
    return render(request, "meetings/matter_list.html", context)


def _explained(request, branch: Organisation):
    context = {
        "tabs": meeting_tabs(branch, PAGE),
        "organisation": branch.short_name,
        "sector": branch.get_sector_display(),
        "list_url": link("meetings:list", branch=branch.code),
    }
    return render(request, "meetings/matter_elsewhere.html", context)


# --- A new matter, its title and content ---------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def matter_new(request):
    """新增事项, in a village or community branch."""
    branch = chosen_branch(request, Action.RECORD_BRANCH_MEETING)
    if branch is None:
        if not Organisation.objects.permitting(request.user, Action.RECORD_BRANCH_MEETING).exists():
            raise PermissionDenied
        messages.info(request, "先选支部，再新增事项")
        return redirect(PAGE)
    if not matters.decides_this_way(branch):
        return _explained(request, branch)
    form = MatterForm(request.POST or None)
    if form.is_valid():
        try:
            matter = start_matter(organisation=branch, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已新增“{matter.title}”，下一步登记提议")
            return redirect("meetings:matter", matter.pk)
    return _title_form(request, branch, form, "新增事项", link(PAGE, branch=branch.code))


@require_http_methods(["GET", "HEAD", "POST"])
def matter_change(request, pk):
    """修改事项: its title and content."""
    matter = _matter(request, pk, Action.RECORD_BRANCH_MEETING)
    initial = {"title": matter.title, "content": matter.content}
    form = MatterForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            change_matter(
                matter=matter, version=_version(request), by=request.user, **form.cleaned_data
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, "已保存")
            return redirect("meetings:matter", matter.pk)
    # Read again: what is sent next is sent knowingly on top of the newest version.
    matter.refresh_from_db()
    back = link("meetings:matter", matter.pk)
    return _title_form(request, matter.organisation, form, "修改事项", back, matter.version)


def _title_form(request, branch, form, title, back_url, version=""):
    context = {
        "tabs": meeting_tabs(branch, PAGE),
        "title": title,
        "organisation": branch.short_name,
        "code": branch.code,
        "form": form,
        "version": version,
        "list_url": link(PAGE, branch=branch.code),
        "back_url": back_url,
    }
    return render(request, "meetings/matter_form.html", context)


# --- One matter -----------------------------------------------------------------------------


def _matter(request, pk: int, action: str = Action.LOOK) -> Matter:
    rows = Matter.objects.select_related("organisation__parent", "entered_by")
    return get_for(rows, request.user, action, pk=pk)


def _version(request) -> int:
    typed = request.POST.get("version", "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else 0


def _steps(matter: Matter) -> dict[str, MatterStep]:
    rows = matter.steps.select_related("meeting").prefetch_related(
        "meeting__types", "meeting__resolutions"
    )
    return {step.stage: step for step in rows}


@require_safe
def matter_detail(request, pk):
    """One matter: its six stages, and the form of the next one for whoever records here."""
    return _page(request, _matter(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def matter_stage(request, pk, stage):
    """登记 one stage, or put right what was entered."""
    if stage not in MatterStage.values:
        raise Http404
    matter = _matter(request, pk, Action.RECORD_BRANCH_MEETING)
    if request.method != "POST":
        return _page(request, matter, stage=stage)
    form = _stage_form(matter, stage, _steps(matter).get(stage), request.POST)
    if form.is_valid():
        try:
            record_stage(
                matter=matter,
                version=_version(request),
                stage=stage,
                by=request.user,
                today=form.today,
                **form.cleaned_data,
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            name = matters.stage_name(stage, matter.organisation.sector)
            messages.success(request, f"已登记{name}")
            return redirect("meetings:matter", matter.pk)
    return _page(request, matter, stage=stage, stage_form=form)


@require_POST
def matter_stage_remove(request, pk, stage):
    """撤销 a stage that was entered by mistake."""
    if stage not in MatterStage.values:
        raise Http404
    matter = _matter(request, pk, Action.RECORD_BRANCH_MEETING)
    form = RemoveForm(request.POST, auto_id="remove_%s")
    if form.is_valid():
        try:
            remove_stage(
                matter=matter, version=_version(request), stage=stage, by=request.user,
                reason=form.cleaned_data["reason"],
            )  # fmt: skip
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            name = matters.stage_name(stage, matter.organisation.sector)
            messages.success(request, f"已撤销{name}的登记")
            return redirect("meetings:matter", matter.pk)
    return _page(request, matter, stage=stage, remove_form=form)


@require_POST
def matter_drop(request, pk):
    """终止 a matter, with the reason."""
    matter = _matter(request, pk, Action.RECORD_BRANCH_MEETING)
    form = DropForm(request.POST, today=current_day(), auto_id="drop_%s")
    if form.is_valid():
        try:
            drop_matter(
                matter=matter, version=_version(request), by=request.user, today=form.today,
                **form.cleaned_data,
            )  # fmt: skip
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已终止“{matter.title}”")
            return redirect("meetings:matter", matter.pk)
    return _page(request, matter, drop_form=form)


@require_POST
def matter_resume(request, pk):
    """恢复办理 of a matter that was given up."""
    matter = _matter(request, pk, Action.RECORD_BRANCH_MEETING)
    try:
        resume_matter(matter=matter, version=_version(request), by=request.user)
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"已恢复办理“{matter.title}”")
    return redirect("meetings:matter", matter.pk)


def _page(request, matter: Matter, stage: str = "", **bound):
    """The page of one matter; `bound` holds a form that was refused, by its name."""
    today = current_day()
    # What is sent next is sent knowingly on top of the newest version.
    matter.refresh_from_db(fields=["version", "title", "content", "dropped_on", "drop_reason"])
    steps = _steps(matter)
    standing = matters.standing_of(matter, steps.values())
    may_record = reaches(request.user, Action.RECORD_BRANCH_MEETING, matter.organisation.path)
    is_open = may_record and not matter.dropped_on
    stage = stage or standing.next_stage or ""
    kind, words = standing.mark(today)
    branch = matter.organisation
    context = {
        "tabs": meeting_tabs(branch, PAGE),
        "list_url": link(PAGE, branch=branch.code),
        "matter": matter,
        "organisation": branch.short_name,
        "entered_text": f"{recent(timezone.localtime(matter.entered_at), today)} "
        f"{matter.entered_by or '导入'} 登记",
        "mark": {"kind": kind, "text": words},
        "missing": [matters.stage_name(one, branch.sector) for one in standing.missing]
        if not matter.dropped_on
        else [],
        "progress": progress_of(steps, standing),
        "stages": [
            stage_shown(matter, one, steps.get(one), standing, may_record=is_open)
            for one in MatterStage
        ],
        "drop_form": (bound.get("drop_form") or _drop_form(today)) if is_open else None,
        "may_resume": may_record and bool(matter.dropped_on),
        "change_url": link("meetings:matter_change", matter.pk) if may_record else "",
        "paper_url": link("meetings:matter_paper", matter.pk, now="1"),
        "history": [
            {
                "at": recent(timezone.localtime(line.at), today),
                "words": f"{line.by_name} {line.action} {line.label.removeprefix(matter.title)}"
                + (f"：{line.reason}" if line.reason else ""),
            }
            for line in TrailLine.objects.about(TRAIL_AREA, matter.pk)[:20]
        ],
    }
    context |= _entering(matter, stage, steps.get(stage), bound) if is_open and stage else {}
    return render(request, "meetings/matter_detail.html", context)


def _entering(matter: Matter, stage: str, known: MatterStep | None, bound) -> dict[str, object]:
    """The form of one stage, and the way to take back what was entered."""
    remove_form = bound.get("remove_form") or RemoveForm(auto_id="remove_%s")
    return {
        "stage": stage,
        "stage_name": matters.stage_name(stage, matter.organisation.sector),
        "is_known": known is not None,
        "stage_form": bound.get("stage_form") or _stage_form(matter, stage, known),
        "stage_hint": stage_hint(stage),
        "meeting_url": meeting_url(matter, stage),
        "remove_form": remove_form if known else None,
    }


def _drop_form(today: datetime.date) -> DropForm:
    return DropForm(today=today, auto_id="drop_%s", initial={"dropped_on": today})


def _stage_form(matter: Matter, stage: str, known: MatterStep | None, typed=None) -> StageForm:
    today = current_day()
    rows = matters.meetings_for(matter, stage, today).prefetch_related("types")
    offered = list(rows[:_MOST_MEETINGS])
    if known and known.meeting and known.meeting not in offered:
        offered.append(known.meeting)
    initial = {"done_on": today} if stage in matters.PUBLICATIONS else {}
    if known is not None:
        names = ("done_on", "ends_on", "should_attend", "present", "yes", "note")
        initial = {name: getattr(known, name) for name in names} | {"meeting": known.meeting_id}
    labelled = [(meeting, meeting_label(meeting, today)) for meeting in offered]
    return StageForm(
        typed,
        today=today,
        stage=MatterStage(stage),
        meetings=labelled,
        initial=initial,
        auto_id="stage_%s",
    )


# --- Paper ----------------------------------------------------------------------------------


@require_safe
def matter_paper(request, pk):
    """The sheet of one matter: all six stages with days, meetings, numbers, room to sign."""
    today = current_day()
    matter = _matter(request, pk)
    steps = _steps(matter)
    standing = matters.standing_of(matter, steps.values())
    context = {
        "unit": name_on_paper(matter.organisation),
        "matter": matter,
        "state": standing.mark(today)[1],
        "stages": [
            stage_shown(matter, stage, steps.get(stage), standing, may_record=False)
            for stage in MatterStage
        ],
        "dropped": full_date(matter.dropped_on),
        "back_url": link("meetings:matter", matter.pk),
        "print_now": request.GET.get("now") == "1",
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "meetings/matter_paper.html", context)
