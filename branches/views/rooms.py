import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import ActivityRoom, Organisation
from branches.premises import ROOM_STANDARD, PremisesFault, add_room, change_room, gaps
from branches.premises_forms import RoomForm
from branches.scope import get_for, reaches
from branches.tabs import organisation_tabs
from branches.values import Values
from branches.words import full_date, one_line

PAGE = 50
# States of a branch, worst first: key, label of the chip, kind of mark.
_STATES = (
    ("none", "没有阵地", "soon"),
    ("gaps", "有差距", "soon"),
    ("unchecked", "没有核对", "todo"),
    ("complete", "达到标准", "done"),
)
_ORDER = [key for key, _label, _kind in _STATES]
_KINDS = {key: kind for key, _label, kind in _STATES}


@require_safe
def room_list(request):
    """The rooms of one branch against the county's standard; for overseers the branches with what
    they lack, worst first."""
    today = current_day()
    branches, branch = narrowed(request, Organisation.objects.branches())
    standard = Values().on(ROOM_STANDARD, today)
    if branch is None:
        return _overview(request, branches, standard, today)
    rooms = list(branch.rooms.order_by("-closed_on", "pk"))
    standing = [room for room in rooms if _stands(room, today)]
    may_keep = reaches(request.user, Action.KEEP_BRANCH, branch.path)
    _state, words, kind = _verdict(standing, standard)
    context = {
        "tabs": organisation_tabs(branch, "branches:rooms"),
        "organisation": branch.short_name,
        "standard": standard,
        "words": words,
        "kind": kind,
        "rooms": [_card(room, standard, may_keep) for room in standing],
        "earlier": [_card(room, standard, may_keep) for room in rooms if room not in standing],
        "new_url": link("branches:room_add", branch=branch.code) if may_keep else "",
    }
    return render(request, "branches/room_branch.html", context)


def _stands(room: ActivityRoom, day: datetime.date) -> bool:
    return (room.opened_on is None or room.opened_on <= day) and (
        room.closed_on is None or room.closed_on > day
    )


def _verdict(rooms: list[ActivityRoom], standard: tuple[str, ...]) -> tuple[str, str, str]:
    """State, words and kind of mark of a branch: all its rooms taken together."""
    if not rooms:
        state, words = "none", "没有阵地"
    elif not any(room.checked_on for room in rooms):
        state, words = "unchecked", "没有核对"
    elif missing := _missing(rooms, standard):
        state, words = "gaps", f"缺 {len(missing)} 项"
    else:
        state, words = "complete", "达到标准"
    return state, words, _KINDS[state]


def _missing(rooms: list[ActivityRoom], standard: tuple[str, ...]) -> list[str]:
    """What none of the rooms has."""
    return [item for item in standard if all(item in gaps(room, standard) for room in rooms)]


def _card(room: ActivityRoom, standard: tuple[str, ...], may_keep: bool) -> dict[str, object]:
    missing = gaps(room, standard)
    period = f"{full_date(room.opened_on)}启用" if room.opened_on else ""
    if room.closed_on:
        period = "，".join(filter(None, [period, f"{full_date(room.closed_on)}停用"]))
    return {
        "name": room.name,
        "address": room.address,
        "area": f"{room.area:.1f}" if room.area is not None else "",
        "shared_with": room.shared_with,
        "period": period,
        "checked": full_date(room.checked_on),
        "items": [{"name": item, "met": item not in missing} for item in standard],
        "met_count": len(standard) - len(missing),
        "count": len(standard),
        "note": room.note,
        "edit_url": reverse("branches:room_change", args=[room.pk]) if may_keep else "",
    }


def _overview(request, branches, standard: tuple[str, ...], today: datetime.date):
    search = one_line(request.GET.get("q"), 40)
    branches = branches.standing(today, today)
    if search:
        branches = branches.filter(name__contains=search)
    rooms: dict[int, list[ActivityRoom]] = {}
    for room in ActivityRoom.objects.filter(organisation__in=branches).order_by("pk"):
        if _stands(room, today):
            rooms.setdefault(room.organisation_id, []).append(room)
    rows = [
        _row(branch, rooms.get(branch.pk, []), standard) for branch in branches.order_by("code")
    ]
    chosen = request.GET.get("state", "")
    shown = [row for row in rows if chosen not in _KINDS or row["state"] == chosen]
    shown.sort(key=lambda row: (_ORDER.index(row["state"]), -row["missing_count"]))
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": organisation_tabs(named_organisation(request), "branches:rooms"),
        "context_text": f"{len(rows)} 个支部，差得最多的排在前面",
        "standard": standard,
        "chips": [
            {
                "label": label,
                "count": sum(row["state"] == key for row in rows),
                "url": with_query(request, state="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label, _kind in _STATES
        ],
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": page.object_list,
        "page": page,
        "query": query.urlencode(),
        "filtered": bool(search or chosen in _KINDS),
        "clear_url": link(
            "branches:rooms",
            branch=request.GET.get("branch"),
            organisation=request.GET.get("organisation"),
        ),
    }
    return render(request, "branches/room_list.html", context)


def _row(branch: Organisation, rooms: list[ActivityRoom], standard) -> dict[str, object]:
    state, words, kind = _verdict(rooms, standard)
    missing = _missing(rooms, standard) if state == "gaps" else []
    checked = max((room.checked_on for room in rooms if room.checked_on), default=None)
    return {
        "url": link("branches:rooms", branch=branch.code),
        "name": branch.short_name,
        "rooms": len(rooms),
        "state": state,
        "words": words,
        "kind": kind,
        "missing": "、".join(missing),
        "missing_count": len(missing),
        "notes": "；".join(room.note for room in rooms if room.note),
        "checked": full_date(checked),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def room_add(request):
    """登记阵地."""
    branch = chosen_branch(request, Action.KEEP_BRANCH)
    if branch is None:
        raise PermissionDenied
    return _edit(request, branch)


@require_http_methods(["GET", "HEAD", "POST"])
def room_change(request, pk):
    """更新阵地: facts, what was found at a check, the day it was closed."""
    room = get_for(
        ActivityRoom.objects.select_related("organisation"),
        request.user,
        Action.KEEP_BRANCH,
        pk=pk,
    )
    return _edit(request, room.organisation, room)


def _edit(request, branch: Organisation, room: ActivityRoom | None = None):
    today = current_day()
    standard = Values().on(ROOM_STANDARD, today)
    initial = {name: getattr(room, name) for name in RoomForm.base_fields} if room else None
    form = RoomForm(request.POST or None, standard=standard, today=today, initial=initial)
    back_url = link("branches:rooms", branch=branch.code)
    if request.method == "POST" and form.is_valid():
        try:
            if room is None:
                add_room(organisation=branch, by=request.user, today=today, **form.cleaned_data)
            else:
                change_room(room=room, by=request.user, today=today, **form.cleaned_data)
        except PremisesFault as fault:
            form.add_error(fault.field, str(fault))
        else:
            messages.success(request, f"已保存“{form.cleaned_data['name']}”")
            return redirect(back_url)
    context = {
        "title": f"编辑 {room.name}" if room else "登记阵地",
        "form": form,
        "branch": branch,
        "list_url": back_url,
        "list_title": "阵地",
        "pairs": [(form["area"], form["shared_with"]), (form["opened_on"], form["closed_on"])],
    }
    return render(request, "branches/room_form.html", context)
