"""Year plans beyond the grid: who has filed, and the plan on paper."""

import datetime

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from branches.choice import chosen_branch, named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation, shortened
from branches.values import Values
from branches.words import full_date, one_line, short_date, times
from meetings.enums import FULL_NAMES, Type
from meetings.models import PlanItem, YearPlan
from meetings.plan_grid import ROW_ORDER, Row, YearGrid
from meetings.services import plans as services
from meetings.tabs import meeting_tabs
from meetings.values import PLAN_MONTH

PAGE = 50
# Lines of text on the first sheet of a landscape A4, and on each further one.
_FIRST_SHEET, _SHEET = 19, 23
# A type or topic longer than this takes a second line.
_TYPE_WIDTH, _TOPIC_WIDTH = 9, 15
# Where a branch stands, worst first: code, label, kind of mark.
_NONE, _DRAFTED, _FILED = "none", "drafted", "filed"
_STATES = {_NONE: ("没有计划", "late"), _DRAFTED: ("未报备", "soon"), _FILED: ("已报备", "done")}


# --- Who has filed --------------------------------------------------------------------------


@require_safe
def plans(request):
    """The branches below the reader with the state of their plan, those without first."""
    today = current_day()
    year = year_asked(request, today)
    rows, _branch = narrowed(request, _branches(year, today))
    search = one_line(request.GET.get("q"), 40)
    if search:
        rows = rows.filter(name__icontains=search)
    tally = dict(rows.order_by().values("state").annotate(n=Count("pk")).values_list("state", "n"))
    chosen = request.GET.get("state", "")
    if chosen in _STATES:
        rows = rows.filter(state=chosen)
    page = Paginator(rows.order_by("rank", "code"), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    organisation = named_organisation(request)
    context = {
        "tabs": meeting_tabs(organisation, "meetings:plan"),
        "context_text": "，".join(
            filter(None, [organisation.short_name if organisation else "", f"{year}年"])
        ),
        "due_text": f"{Values().on(PLAN_MONTH, datetime.date(year, 1, 1))}月底前报备",
        "years": [
            {"label": f"{one}年", "url": with_query(request, year=one), "current": one == year}
            for one in (today.year - 1, today.year, today.year + 1)
        ],
        "chips": _chips(request, tally, chosen),
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": _plan_rows(request.user, page, year, today),
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(search or chosen in _STATES),
        "clear_url": with_query(request, state="", q=""),
    }
    return render(request, "meetings/plans.html", context)


def _branches(year: int, today: datetime.date):
    """Branches that stand in the year, with their plan and its number of lines."""
    first = datetime.date(year, 1, 1)
    day = min(max(today, first), datetime.date(year, 12, 31))
    plan = YearPlan.objects.filter(organisation=OuterRef("pk"), year=year)
    lines = (
        PlanItem.objects.standing()
        .filter(plan__organisation=OuterRef("pk"), plan__year=year)
        .order_by()
        .values("plan")
        .annotate(number=Count("pk"))
    )
    return (
        Organisation.objects.branches()
        .standing(day, day)
        .annotate(
            plan_id=Subquery(plan.values("pk")),
            filed_on=Subquery(plan.values("filed_on")),
            lines=Coalesce(Subquery(lines.values("number")), 0),
        )
        .annotate(
            state=Case(
                When(filed_on__isnull=False, then=Value(_FILED)),
                When(lines__gt=0, then=Value(_DRAFTED)),
                default=Value(_NONE),
            ),
            rank=Case(
                When(filed_on__isnull=False, then=2),
                When(lines__gt=0, then=1),
                default=0,
                output_field=IntegerField(),
            ),
        )
    )


def _chips(request, tally: dict[str, int], chosen: str) -> list[dict]:
    every = {"label": "全部", "count": sum(tally.values()), "url": with_query(request, state="")}
    return [
        every | {"current": chosen not in _STATES},
        *(
            {
                "label": label,
                "count": tally.get(state, 0),
                "url": with_query(request, state=state),
                "current": chosen == state,
            }
            for state, (label, _kind) in _STATES.items()
        ),
    ]


def _plan_rows(user, page, year: int, today: datetime.date) -> list[dict]:
    keys = [row.plan_id for row in page if row.plan_id and row.filed_on]
    filed = YearPlan.objects.visible_to(user).filter(pk__in=keys).select_related("filed_by")
    by_key = {plan.pk: plan for plan in filed}
    changes = services.changes_since_filing(list(by_key.values()))
    rows = []
    for branch in page:
        plan = by_key.get(branch.plan_id)
        label, kind = _STATES[branch.state]
        rows.append(
            {
                "name": shortened(branch.name),
                "url": link("meetings:plan", branch=branch.code, year=year),
                "kind": kind,
                "words": label,
                "lines": branch.lines,
                "filed": short_date(branch.filed_on, today),
                "by": str(plan.filed_by) if plan and plan.filed_by else "",
                "changes": len(changes.get(branch.plan_id, [])),
            }
        )
    return rows


# --- On paper -------------------------------------------------------------------------------


@require_safe
def plan_paper(request):
    """The plan as it is filed, or with `?with=held` beside what was held; A4 landscape."""
    branch = chosen_branch(request)
    if branch is None:
        if not Organisation.objects.visible_to(request.user).exists():
            raise PermissionDenied
        raise Http404
    today = current_day()
    year = year_asked(request, today)
    grid = YearGrid(branch, year, today)
    plan = YearPlan.objects.filter(organisation=branch, year=year).first()
    with_held = request.GET.get("with") == "held"
    rows = _paper_rows(grid, today) if with_held else [_paper_line(one) for one in grid.lines]
    if with_held:
        rows += [_paper_cancelled(one) for one in _cancelled(plan)]
    rows.sort(key=lambda row: row["order"])
    context = {
        "landscape": True,
        "back_url": link("meetings:plan", branch=branch.code, year=year),
        "branch_name": branch.name,
        "year": year,
        "with_held": with_held,
        "other": {
            "url": link(
                "meetings:plan_paper",
                branch=branch.code,
                year=year,
                **({} if with_held else {"with": "held"}),
            ),
            "label": "只印计划" if with_held else "印计划与完成",
        },
        "sheets": _sheets(rows),
        "totals": [_total(row) for row in grid.rows()] if with_held else [],
        "filed": full_date(plan.filed_on) if plan else "",
        "printed_text": f"打印：{full_date(today)} {timezone.localtime():%H:%M} {request.user}",
    }
    return render(request, "meetings/plan_paper.html", context)


def _cancelled(plan: YearPlan | None):
    if plan is None:
        return []
    return plan.items.exclude(cancelled_at=None).select_related("group")


def _paper_line(line: PlanItem) -> dict:
    """A line with the headings of the 三会一课计划表 in use."""
    day = "" if line.month_only else f"{line.planned_on.month}月{line.planned_on.day}日"
    name = FULL_NAMES[Type(line.type)]
    return {
        "order": (line.planned_on, ROW_ORDER.index(line.type), line.pk),
        "month": f"{line.planned_on.month}月",
        "type": f"{name}（{line.group.name}）" if line.group else name,
        "topic": line.topic,
        "host": line.host_name,
        "lecturer": line.lecturer_name,
        "way": line.way,
        "time": " ".join(filter(None, [day, times(line.starts_at, line.ends_at)])),
        "place": line.place,
        "responsible": line.responsible,
        "held": "",
        "state": "",
    }


def _paper_rows(grid: YearGrid, today: datetime.date) -> list[dict]:
    """Every line with what became of it, and what was held without being planned."""
    rows = []
    for line in grid.lines:
        meeting = grid.served.get(line.pk)
        row = _paper_line(line)
        row["held"] = short_date(meeting.held_on, today) if meeting else ""
        row["state"] = "已开" if meeting else grid.state_of(line)[1]
        rows.append(row)
    planned = {meeting.pk for meeting in grid.served.values()}
    rows += [
        _paper_unplanned(meeting, type_, today)
        for meeting in grid.meetings
        if meeting.held_on.year == grid.year
        for type_ in (row.type for row in meeting.types.all())
        if meeting.pk not in planned
    ]
    return rows


def _paper_unplanned(meeting, type_: str, today: datetime.date) -> dict:
    return {
        "order": (meeting.held_on, ROW_ORDER.index(type_), meeting.pk),
        "month": f"{meeting.held_on.month}月",
        "type": FULL_NAMES[Type(type_)],
        "topic": meeting.topic,
        "host": meeting.host_name,
        "lecturer": meeting.lecturer_name,
        "way": "",
        "time": "",
        "place": meeting.place,
        "responsible": "",
        "held": short_date(meeting.held_on, today),
        "state": "计划外",
    }


def _paper_cancelled(line: PlanItem) -> dict:
    return _paper_line(line) | {"state": f"取消：{line.cancel_reason}"}


def _total(row: Row) -> str:
    return f"{row.name} {row.done}/{row.required}" if row.required else f"{row.name} {row.done}"


def _sheets(rows: list[dict]) -> list[dict]:
    """Rows cut into sheets; browsers of the floor version number no pages by themselves."""
    cut, room = [[]], _FIRST_SHEET
    for row in rows:
        long = len(row["type"]) > _TYPE_WIDTH or len(row["topic"]) > _TOPIC_WIDTH
        needed = 2 if long or len(row["state"]) > _TYPE_WIDTH else 1
        if needed > room:
            cut.append([])
            room = _SHEET
        cut[-1].append(row)
        room -= needed
    return [
        {"rows": part, "number": number, "last": number == len(cut), "count": len(cut)}
        for number, part in enumerate(cut, 1)
    ]
