"""All branches below an organisation: who leads them, vacancies first."""

import datetime

from django.core.paginator import Paginator
from django.shortcuts import render

from branches.links import link, with_query
from branches.models import WITHOUT_RELATIONS, Organisation, shortened
from branches.tabs import organisation_tabs
from branches.values import Values
from branches.words import full_date, one_line
from members.posts import (
    Sizes,
    Standing,
    doubles_text,
    is_unusual_size,
    lacks_committee,
    length_text,
    sizes_on,
    standings,
)
from members.registers import POSTS, register_url

PAGE = 50
# What a branch is picked out by.
CHIPS = (
    ("vacant", "书记空缺"),
    ("committee", "班子人数不合"),
    ("shoulder", "一肩挑"),
    ("leading", "书记由单位主要负责人担任"),
    ("double", "交叉任职"),
)


def typed_day(request) -> str:
    """The day asked for as it was typed; "" for today."""
    return one_line(request.GET.get("on"), 30)


def overview(request, organisation: Organisation, day: datetime.date, day_fault: str):
    """The branches below an organisation: who leads them, vacancies first, longest first."""
    branches = (
        Organisation.objects.branches()
        .visible_to(request.user)
        .within(organisation)
        .standing(day, day)
    )
    sizes = sizes_on(Values(), day)
    found = standings(branches, day)
    lines = [
        _line(branch, found.get(branch[0]) or Standing(), sizes)
        # Plain values: a county has thousands, and only a page of them is shown.
        for branch in branches.values_list("pk", "code", "name", "form")
    ]
    search = one_line(request.GET.get("q"), 60)
    if search:
        lines = [line for line in lines if search in line["searched"]]
    counted = {key: sum(key in line["kinds"] for line in lines) for key, _label in CHIPS}
    chosen = request.GET.get("kind", "")
    shown = [line for line in lines if chosen in line["kinds"]] if chosen in counted else lines
    shown.sort(key=lambda line: line["order"])
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "organisation": organisation.short_name,
        "context_text": f"{full_date(day)}，支部 {len(lines)} 个，书记空缺 {counted['vacant']} 个",
        "tabs": organisation_tabs(organisation, "members:posts"),
        "export_url": register_url(request, POSTS),
        "own_url": with_query(request, own="1", branch=organisation.code, kind="", q=""),
        "typed_day": typed_day(request),
        "day_fault": day_fault,
        "search": search,
        "hidden": [(key, text) for key, text in query.items() if key not in {"q", "on"}],
        "chips": [
            {
                "label": label,
                "count": counted[key],
                "url": with_query(request, kind="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, label in CHIPS
        ],
        "conditions_text": "、".join(
            word for word in (search, dict(CHIPS).get(chosen, "")) if word
        ),
        "clear_url": with_query(request, kind="", q=""),
        "rows": _rows(request, list(page), day),
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "members/post_list.html", context)


def _line(branch: tuple, standing: Standing, sizes: Sizes) -> dict[str, object]:
    """One branch of the list, as little of it as counting, searching and sorting need."""
    pk, code, name, form = branch
    lacks = unusual = False
    if form not in WITHOUT_RELATIONS:
        lacks = lacks_committee(standing.formal, standing.people, sizes)
        unusual = is_unusual_size(standing.formal, standing.people, sizes)
    vacant = standing.secretary is None
    kinds = {
        key
        for key, holds in {
            "vacant": vacant,
            "committee": lacks or unusual,
            "shoulder": standing.is_one_shoulder,
            "leading": bool(standing.leading),
            "double": bool(standing.doubles),
        }.items()
        if holds
    }
    since = standing.vacant_since or datetime.date.min
    return {
        "pk": pk,
        "standing": standing,
        "kinds": kinds,
        "size_kind": "late" if lacks else "soon" if unusual else "",
        "searched": f"{name} {shortened(name)} {code} "
        + (standing.secretary.name if standing.secretary else ""),
        # Worst first: vacancies by their length, then missing committees, then unusual ones.
        "order": (
            0 if vacant else 1,
            since if vacant else datetime.date.min,
            0 if lacks else 1 if unusual else 2,
            code,
        ),
    }


def _rows(request, lines: list[dict], day: datetime.date) -> list[dict[str, object]]:
    """The lines of one page with what they show."""
    branches = (
        Organisation.objects.visible_to(request.user)
        .select_related("parent")
        .in_bulk([line["pk"] for line in lines])
    )
    on = typed_day(request)
    return [_row(line, branches[line["pk"]], day, on) for line in lines]


def _row(line: dict, branch: Organisation, day: datetime.date, on: str) -> dict[str, object]:
    standing = line["standing"]
    secretary = standing.secretary
    since = standing.vacant_since
    vacancy = ""
    if secretary is None:
        vacancy = f"空缺 {length_text(since, day)}" if since else "空缺，没有任职记录"
    return {
        "name": branch.short_name,
        "above": branch.parent.short_name if branch.parent else "",
        "url": link("members:posts", branch=branch.code, on=on),
        "secretary": secretary.name if secretary else "",
        "since": full_date(secretary.starts_on) if secretary else "",
        "vacancy": vacancy,
        "formal": standing.formal,
        "people": standing.people,
        "size_kind": line["size_kind"],
        "shoulder": "一肩挑" if standing.is_one_shoulder else "",
        "leading": doubles_text(standing.leading),
        "doubles": len({double.seat.person for double in standing.doubles}),
        "double_names": doubles_text(standing.doubles),
    }
