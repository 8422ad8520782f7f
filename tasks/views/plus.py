"""党建+: a branch's year, and the branches below with their state."""

import datetime

from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.deadlines import SOON_DAYS
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import is_superior, reaches
from branches.timeline import history_of
from branches.values import Values
from branches.words import full_date, short_date
from tasks import plus
from tasks.enums import PlusPart
from tasks.models import PlusItem, PlusPlan
from tasks.services import projects as services
from tasks.tabs import task_tabs

PAGE = "tasks:plus"
PAGE_SIZE = 50
_FILTERS = (
    ("late", "逾期"),
    ("empty", "未填写"),
    ("draft", "未公示"),
    ("published", "已公示"),
    ("reviewed", "已述职"),
)


def back_to(branch: Organisation, year: int) -> str:
    """The address of a branch's year."""
    return link(PAGE, branch=branch.code, year=year)


@require_safe
def plus_page(request):
    """A branch: its plan of the year; above: the branches with their state."""
    _rows, branch = narrowed(request, Organisation.objects.branches())
    return _branch(request, branch) if branch else _branches(request)


def _shared(request, organisation: Organisation | None, year: int, today) -> dict[str, object]:
    years = {today.year - 1, today.year, year}
    if today.month == 12:
        years.add(today.year + 1)
    return {
        "tabs": task_tabs(organisation, PAGE),
        "organisation": organisation.short_name if organisation else "",
        "year": year,
        "years": [
            {"label": f"{one}年", "url": with_query(request, year=one), "current": one == year}
            for one in sorted(years)
        ],
    }


# --- A branch ---------------------------------------------------------------------------------


def _branch(request, branch: Organisation):
    today = current_day()
    year = year_asked(request, today)
    plan = PlusPlan.objects.filter(organisation=branch, year=year).first()
    items = list(plan.items.select_related("plan")) if plan else []
    standing = [item for item in items if not item.dropped_on]
    values = Values()
    due = plus.due_on(year, values)
    state = plus.state_of(plan, len(standing))
    may_keep = reaches(request.user, Action.KEEP_BRANCH, branch.path)
    kind, words = plus.mark_of(state, due, today, values.on(SOON_DAYS, today))
    context = _shared(request, branch, year, today) | {
        "plan": plan,
        "branch_code": branch.code,
        "mark": {"kind": kind, "text": words},
        "due": full_date(due),
        "published": _published_words(plan, due),
        "parts": _parts(items, today, may_keep),
        "missing": plus.missing_parts(items) if standing else [],
        "has_items": bool(standing),
        "dropped": [
            {"item": item, "on": short_date(item.dropped_on, today)}
            for item in items
            if item.dropped_on
        ],
        "may_keep": may_keep,
        "new_url": link("tasks:plus_item_new", branch=branch.code, year=year) if may_keep else "",
        "carry": _carry(branch, year, standing) if may_keep else None,
        "may_comment": bool(plan and plan.reviewed_on) and is_superior(request.user, branch),
        "print_url": link("tasks:plus_paper", branch=branch.code, year=year),
        "reviewed": full_date(plan.reviewed_on) if plan else "",
        "commented": full_date(plan.commented_on) if plan else "",
        "history": history_of(services.TRAIL_AREA, plan.pk, today) if plan else [],
    }
    return render(request, "tasks/plus_branch.html", context)


def _published_words(plan: PlusPlan | None, due: datetime.date) -> str:
    if plan is None or not plan.published_on:
        return ""
    late = (plan.published_on - due).days
    tail = f"（晚 {late} 天）" if late > 0 else ""
    return f"{full_date(plan.published_on)}在{plan.published_where}公示{tail}"


def _parts(items, today: datetime.date, may_keep: bool) -> list[dict]:
    """The five groups as cards, each with its items."""
    return [
        {
            "label": part.label,
            "items": [
                _item_shown(item, today)
                for item in items
                if item.part == part and not item.dropped_on
            ],
            "part": part.value,
        }
        for part in PlusPart
    ]


def _item_shown(item: PlusItem, today: datetime.date) -> dict[str, object]:
    if item.finished_on:
        kind, words = "done", f"{short_date(item.finished_on, today)}完成"
    elif item.due_on and item.due_on < today:
        kind, words = "late", f"逾期 {(today - item.due_on).days} 天"
    else:
        kind, words = ("run", "进行中") if item.result else ("todo", "未开始")
    return {
        "item": item,
        "kind": kind,
        "words": words,
        "due": short_date(item.due_on, today),
    }


def _carry(branch: Organisation, year: int, standing) -> int:
    """How many items of last year could be taken over into an empty plan."""
    if standing:
        return 0
    last = PlusItem.objects.within(branch).filter(plan__year=year - 1, dropped_on__isnull=True)
    return last.count()


# --- The branches -----------------------------------------------------------------------------


def _branches(request):
    today = current_day()
    year = year_asked(request, today)
    above = named_organisation(request)
    branches = Organisation.objects.branches().visible_to(request.user)
    if above is not None:
        branches = branches.within(above)
    branches = branches.standing(datetime.date(year, 1, 1), datetime.date(year, 12, 31))
    values = Values()
    due, soon = plus.due_on(year, values), values.on(SOON_DAYS, today)
    plans = plus.plans_of(branches, year)
    states = {}
    for pk in branches.order_by("code").values_list("pk", flat=True):
        plan, items, _finished = plans.get(pk, (None, 0, 0))
        states[pk] = plus.state_of(plan, items)
    late = today > due
    tally = {name: list(states.values()).count(name) for name in plus.STATES}
    tally["late"] = tally["empty"] + tally["draft"] if late else 0
    show = request.GET.get("state", "")
    wanted = {"late": ("empty", "draft") if late else ()}.get(show, (show,))
    order = list(plus.STATES)
    shown = [pk for pk, state in states.items() if not show or state in wanted]
    shown.sort(key=lambda pk: order.index(states[pk]))
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    found = branches.in_bulk(list(page))
    query = request.GET.copy()
    query.pop("page", None)
    code = above.code if above else ""
    context = _shared(request, above, year, today) | {
        "due": full_date(due),
        "total": len(states),
        "published": tally["published"] + tally["reviewed"],
        "chips": [
            {
                "label": label,
                "count": tally[key],
                "url": with_query(request, state="" if show == key else key),
                "current": show == key,
            }
            for key, label in _FILTERS
        ],
        "rows": [
            _branch_row(found[pk], plans.get(pk), states[pk], (due, today, soon), year)
            for pk in page
        ],
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(show),
        "clear_url": with_query(request, state=""),
        "print_url": link("tasks:plus_paper", organisation=code, year=year),
    }
    return render(request, "tasks/plus_list.html", context)


def _branch_row(branch: Organisation, found, state: str, days, year: int) -> dict[str, object]:
    plan, items, finished = found or (None, 0, 0)
    due, today, soon = days
    kind, words = plus.mark_of(state, due, today, soon)
    return {
        "name": branch.short_name,
        "url": link(PAGE, branch=branch.code, year=year),
        "kind": kind,
        "words": words,
        "items": items,
        "finished": finished,
        "published": short_date(plan.published_on, today) if plan else "",
        "commented": bool(plan and plan.commented_on),
    }
