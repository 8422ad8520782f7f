"""年度计划 of a branch: the grid, the strip below it, and everything that is done there."""

import datetime

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, year_asked
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.words import full_date, one_line, recent
from meetings.forms.plans import LECTURE_WAYS
from meetings.models import PlanItem, YearPlan
from meetings.plan_grid import YearGrid
from meetings.plans import lines_of
from meetings.services import Refused
from meetings.services import plans as services
from meetings.tabs import meeting_tabs
from meetings.views.plan_shown import (
    Bound,
    Strip,
    cell_url,
    line_form,
    month_list,
    past_label,
    plan_url,
    read_cell,
    shown_row,
)

_CHANGES_SHOWN = 10
_KEEP = Action.RECORD_BRANCH_MEETING


@require_safe
def plan(request):
    """The grid of a branch's year; overseers come to the list of branches first."""
    organisation = named_organisation(request) or chosen_branch(request)
    if organisation is None or not organisation.is_branch:
        return redirect(link("meetings:plans", branch=organisation.code if organisation else ""))
    return _page(request, organisation, year_asked(request, current_day()))


# --- Acts -----------------------------------------------------------------------------------


def _asked(request, action: str = _KEEP) -> tuple[Organisation | None, int]:
    return chosen_branch(request, action), year_asked(request, current_day())


def _act(request, service, said: str):
    """Do something with the whole plan and come back to it."""
    branch, year = _asked(request)
    if branch is None:
        return redirect("meetings:plans")
    try:
        service(organisation=branch, year=year, by=request.user, today=current_day())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said.format(year=year))
    return redirect(plan_url(branch, year))


@require_POST
def plan_draft(request):
    """Draft the plan from the rules."""
    return _act(request, services.draft_plan, "{year}年计划已生成，逐项看一遍，改好后报备")


@require_POST
def plan_copy(request):
    """Take last year's plan over."""
    return _act(request, services.copy_plan, "已沿用去年计划，核对日期和议题后报备")


@require_POST
def plan_file(request, pk):
    """File the plan with the superior."""
    row = get_for(
        YearPlan.objects.select_related("organisation"), request.user, Action.SUBMIT, pk=pk
    )
    version = request.POST.get("version", "")
    try:
        services.file_plan(
            plan=row,
            version=int(version) if version.isdecimal() and len(version) < 10 else -1,
            by=request.user,
            today=current_day(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{row.year}年计划已报备，以后仍可调整")
    return redirect(plan_url(row.organisation, row.year))


@require_http_methods(["GET", "HEAD", "POST"])
def plan_item_new(request):
    """Put a further line on the plan, in the cell named."""
    branch, year = _asked(request)
    if branch is None:
        return redirect("meetings:plans")
    cell = read_cell(request.POST.get("cell"))
    if request.method != "POST" or cell is None:
        return redirect(plan_url(branch, year))
    return _save(request, branch, year, *cell)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_item(request, pk):
    """Change a line of the plan."""
    item = _item(request, pk)
    branch, year = item.plan.organisation, item.plan.year
    if request.method != "POST":
        return redirect(cell_url(branch, year, item))
    return _save(request, branch, year, item.type, item.planned_on.month, item)


@require_POST
def plan_item_cancel(request, pk):
    """Take a line off the plan, with the reason."""
    item = _item(request, pk)
    reason = one_line(request.POST.get("reason"), 100)
    act = {"item": item, "was": request.POST.get("was", ""), "by": request.user}
    try:
        services.take_off(reason=reason, **act)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已取消这一项，原因记在计划里")
    return redirect(cell_url(item.plan.organisation, item.plan.year, item))


@require_POST
def plan_item_restore(request, pk):
    """Put a line back that was taken off."""
    item = _item(request, pk)
    try:
        services.put_back(item=item, was=request.POST.get("was", ""), by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已恢复这一项")
    return redirect(cell_url(item.plan.organisation, item.plan.year, item))


def _item(request, pk: int) -> PlanItem:
    rows = PlanItem.objects.select_related("plan__organisation", "group", "host", "lecturer")
    return get_for(rows, request.user, _KEEP, pk=pk)


def _save(request, branch, year: int, type_: str, month: int, item: PlanItem | None = None):
    form = line_form(branch, year, type_, month, data=request.POST, today=current_day())
    bound = Bound(type_, month, item, form, request.POST.get("was", ""))
    if form.is_valid():
        try:
            saved = services.save_line(
                organisation=branch,
                year=year,
                facts=form.facts(),
                item=item,
                was=bound.was,
                by=request.user,
                today=current_day(),
            )
        except Refused as refused:
            if isinstance(refused, services.ChangedMeanwhile):
                # The next save is made knowingly, on top of the other's change.
                bound = Bound(type_, month, item, form, services.fingerprint(item))
            known = refused.field if refused.field in form.fields else None
            form.add_error(known, str(refused))
        else:
            messages.success(
                request, f"已保存，{saved.planned_on.month}月{saved.get_type_display()}"
            )
            return redirect(cell_url(branch, year, saved))
    return _page(request, branch, year, bound)


# --- The page -------------------------------------------------------------------------------


def _page(request, branch: Organisation, year: int, bound: Bound | None = None):
    today = current_day()
    grid = YearGrid(branch, year, today)
    row = YearPlan.objects.filter(organisation=branch, year=year).select_related("filed_by").first()
    if row is not None:
        row.organisation = branch
    may_keep = reaches(request.user, _KEEP, branch.path)
    chosen = (bound.type, bound.month) if bound else read_cell(request.GET.get("cell"))
    rows = grid.rows()
    months = month_list(rows, branch, year, today, chosen, may_keep)
    taken_off = list(_taken_off(row))
    empty = not grid.lines and not taken_off and "blank" not in request.GET and chosen is None
    context = {
        "tabs": meeting_tabs(branch, "meetings:plan"),
        "organisation": branch.short_name,
        "code": branch.code,
        "year": year,
        "years": _years(branch, year, today),
        "may_keep": may_keep,
        "empty": _empty(branch, year, today, may_keep) if empty else None,
        "months": _months(year, today),
        "rows": [shown_row(one, branch, year, today, chosen, may_keep) for one in rows],
        "list_months": months,
        "past_label": past_label(months),
        "paper_url": link("meetings:plan_paper", branch=branch.code, year=year),
        "register_url": link("meetings:register", branch=branch.code)
        if reaches(request.user, Action.RECORD_MEETING, branch.path)
        else "",
        "filing": _filing(request, row, grid, today),
        "ways": LECTURE_WAYS,
        "strip": None,
    }
    if chosen is not None:
        strip = Strip(request, branch, grid, rows, taken_off, chosen, may_keep, bound)
        context["strip"] = strip.context()
        context["names"] = strip.names
    return render(request, "meetings/plan.html", context)


def _taken_off(row: YearPlan | None):
    if row is None:
        return []
    return row.items.exclude(cancelled_at=None).select_related("group", "host", "lecturer")


def _years(branch, year: int, today: datetime.date) -> list[dict]:
    return [
        {"label": f"{one}年", "url": plan_url(branch, one), "current": one == year}
        for one in sorted({today.year - 1, today.year, today.year + 1, year})
    ]


def _months(year: int, today: datetime.date) -> list[dict]:
    return [
        {
            "label": f"{month}月",
            "now": (year, month) == (today.year, today.month),
            "quarter": month % 3 == 0,
        }
        for month in range(1, 13)
    ]


def _empty(branch, year: int, today, may_keep: bool) -> dict:
    """What a year without a plan offers."""
    open_year = year >= today.year
    return {
        "may_draft": may_keep and open_year,
        "may_copy": may_keep and open_year and bool(lines_of(branch, year - 1)),
        "blank_url": plan_url(branch, year, blank=1),
        "words": f"{year}年还没有会议计划" if open_year else f"{year}年没有做会议计划",
    }


def _filing(request, row: YearPlan | None, grid: YearGrid, today) -> dict:
    """Whether the plan was filed, what was changed since, and what may be done."""
    if row is None or (row.filed_on is None and not grid.lines):
        return {"url": "", "words": "", "changes": []}
    if row.filed_on is None:
        may = reaches(request.user, Action.SUBMIT, grid.organisation.path)
        return {
            "url": reverse("meetings:plan_file", args=[row.pk]) if may else "",
            "version": row.version,
            "words": "还没有报备" if may else "还没有报备，由书记报备",
            "changes": [],
        }
    changes = services.changes_since_filing([row])[row.pk]
    words = f"{full_date(row.filed_on)}已报备"
    if changes:
        words += f"，报备后改动 {len(changes)} 处"
    shown = [
        {
            "at": recent(timezone.localtime(line.at), today),
            "by": line.by_name,
            "words": _change_words(line),
        }
        for line in changes[:_CHANGES_SHOWN]
    ]
    return {"url": "", "words": words, "filed": True, "changes": shown, "count": len(changes)}


def _change_words(line) -> str:
    what = "，".join(
        f"{key}：{line.before.get(key) or '空'} → {text or '空'}"
        if line.before
        else f"{key}：{text}"
        for key, text in line.after.items()
    )
    said = f"{line.action} {line.label.partition('：')[2]}"
    return "，".join(filter(None, [said, what, line.reason]))
