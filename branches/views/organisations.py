"""The tree of organisations and the page of one, today or as they were on a day."""

import datetime
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches import facts
from branches.clock import today as current_day
from branches.dated import standing_on
from branches.history import Facts, as_of, facts_on, names_on, stood_in_reach, story
from branches.links import link, with_query
from branches.models import COMMITTEE_KINDS, Form, Kind, Organisation, Placement, Sector, shortened
from branches.scope import get_for, paths_reached, reaches
from branches.tabs import organisation_tabs
from branches.typed import Unreadable, read_date
from branches.units import units_on
from branches.views.organisation_steps import organisation_for
from branches.words import full_date, one_line

PAGE = 50
_STEP = 6
_DEEPEST = 4
# chip → label and what it keeps, of rows that carry what they were on the day.
_CHIPS = {
    "committee": ("党委、党工委", Q(kind_then__in=[*COMMITTEE_KINDS, Kind.COUNTY])),
    "general": ("党总支", Q(kind_then=Kind.GENERAL_BRANCH)),
    "branch": ("党支部", Q(kind_then=Kind.BRANCH)),
    "joint": ("联合", Q(kind_then=Kind.BRANCH, form_then=Form.JOINT)),
    "temporary": ("临时", Q(kind_then=Kind.BRANCH, form_then=Form.TEMPORARY)),
    "functional": ("功能型", Q(kind_then=Kind.BRANCH, form_then=Form.FUNCTIONAL)),
}


def asked_day(request, today: datetime.date) -> tuple[datetime.date, str]:
    """The day of `?on=`, never later than today, and why it could not be read, if so."""
    try:
        day = read_date(one_line(request.GET.get("on"), 30), year=today.year)
    except Unreadable as unreadable:
        return today, str(unreadable)
    return min(day or today, today), ""


@require_safe
def organisation_list(request):
    """The tree as far as the reader looks; `?on=` shows that of a day, with its names and places."""
    code = one_line(request.GET.get("branch"), 40)
    if code:
        organisation = get_for(Organisation.objects.all(), request.user, code=code)
        return redirect("branches:detail", organisation.code)
    visible = Organisation.objects.visible_to(request.user)
    own = list(visible.values_list("code", flat=True)[:2])
    if not own:
        raise Http404
    today = current_day()
    day, unread = asked_day(request, today)
    if len(own) == 1 and day == today:
        return redirect("branches:detail", own[0])
    rows, counts = _rows_on(request, visible, day, today)
    search = one_line(request.GET.get("q"), 60)
    sector = one_line(request.GET.get("sector"), 20)
    chosen = request.GET.get("show", "")
    if chosen in _CHIPS:
        rows = rows.filter(_CHIPS[chosen][1])
    page = Paginator(rows.order_by("path_then", "code"), PAGE).get_page(request.GET.get("page"))
    narrowed_down = bool(search or sector or chosen in _CHIPS)
    query = request.GET.copy()
    query.pop("page", None)
    past = day < today
    context = {
        "context_text": f"共 {sum(counts[name] for name in ('committee', 'general', 'branch')):,} 个",
        "past_text": full_date(day) if past else "",
        "unread": unread,
        "search": search,
        "on_text": one_line(request.GET.get("on"), 30),
        "today_url": with_query(request, on=""),
        "sectors": _options(Sector.choices, sector, "全部领域"),
        "chips": [
            {
                "label": label,
                "count": counts[name],
                "url": with_query(request, show="" if chosen == name else name),
                "current": chosen == name,
            }
            for name, (label, _condition) in _CHIPS.items()
            if counts[name] or chosen == name
        ],
        "ended": {
            "label": "含已撤销",
            "url": with_query(request, ended="" if request.GET.get("ended") else "1"),
            "current": bool(request.GET.get("ended")),
        },
        "hidden": [
            (key, value) for key, value in query.items() if key not in {"q", "sector", "on"}
        ],
        "rows": _lines(request.user, list(page), day, today, flat=narrowed_down),
        "page": page,
        "query": query.urlencode(),
        "conditions_text": "、".join(
            word
            for word in (search, dict(Sector.choices).get(sector, ""), _CHIPS.get(chosen, ("",))[0])
            if word
        ),
        "found_url": reverse("branches:found")
        if paths_reached(request.user, Action.CHANGE_ORGANISATION)
        else "",
    }
    return render(request, "branches/organisation_list.html", context)


def _rows_on(request, visible, day, today):
    """The rows that fit search, sector and day, and how many each chip would leave."""
    rows = visible
    if day < today:
        # A former superior finds by name what stood below it then.
        reach = paths_reached(request.user)
        rows = Organisation.objects.permitting(request.user, Action.LOOK) | (
            Organisation.objects.filter(stood_in_reach(reach, day))
        )
    rows = as_of(rows, day).filter(Q(founded_on__isnull=True) | Q(founded_on__lte=day))
    if not request.GET.get("ended"):
        rows = rows.filter(Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=day))
    search = one_line(request.GET.get("q"), 60)
    if search:
        rows = rows.filter(
            Q(name_then__contains=search) | Q(name__contains=search) | Q(code__istartswith=search)
        )
    sector = one_line(request.GET.get("sector"), 20)
    if sector in Sector.values:
        rows = rows.filter(sector_then=sector)
    counts = rows.order_by().aggregate(
        **{name: Count("pk", filter=condition) for name, (_label, condition) in _CHIPS.items()}
    )
    return rows, counts


def _options(choices, chosen: str, everything: str) -> list[dict[str, object]]:
    options = [{"value": "", "label": everything, "current": not chosen}]
    return options + [
        {"value": value, "label": label, "current": value == chosen} for value, label in choices
    ]


def _lines(user, rows, day, today, *, flat: bool) -> list[dict[str, object]]:
    """What the list shows of a page of rows; four queries, however many rows."""
    keys = [row.pk for row in rows]
    parents = names_on({row.parent_then for row in rows if row.parent_then}, day)
    people = facts.people_in(keys, day)
    secretaries = facts.secretaries_of(keys, day)
    top = min((len(row.path_then) for row in rows), default=0)
    asked = f"?{urlencode({'on': day.isoformat()})}" if day < today else ""
    lines = []
    for row in rows:
        found = people.get(row.pk, facts.NOBODY)
        branch = row.kind_then == Kind.BRANCH
        visible = reaches(user, Action.LOOK, row.path)
        lines.append(
            {
                "url": reverse("branches:detail", args=[row.code]) + asked if visible else "",
                "name": shortened(row.name_then),
                "full_name": row.name_then,
                "code": row.code,
                "level": 0 if flat else min((len(row.path_then) - top) // _STEP, _DEEPEST),
                "kind": Kind(row.kind_then).label,
                "form": Form(row.form_then).label
                if branch and row.form_then != Form.SINGLE
                else "",
                "sector": Sector(row.sector_then).label if row.sector_then else "",
                "parent": shortened(parents.get(row.parent_then, "")),
                "secretary": secretaries.get(row.pk, ""),
                "members": found.members if branch else "",
                "ended": f"{full_date(row.dissolved_on)}撤销"
                if row.dissolved_on and row.dissolved_on <= day
                else "",
                "moved": not visible,
            }
        )
    return lines


# --- One organisation ---------------------------------------------------------------------


@require_safe
def organisation_detail(request, code):
    """One organisation: facts, groups, units, set-up and history; `?on=` shows those of a day."""
    today = current_day()
    organisation = organisation_for(request, code)
    day, unread = asked_day(request, today)
    then = facts_on([organisation.pk], day)[organisation.pk]
    path = organisation.path
    may_change = reaches(request.user, Action.CHANGE_ORGANISATION, path)
    standing = organisation.dissolved_on is None
    may_keep = reaches(request.user, Action.KEEP_BRANCH, path) and standing and day == today
    context = {
        "name": then.short_name,
        "full_name": then.name,
        "code": organisation.code,
        "unread": unread,
        "past_text": full_date(day) if day < today else "",
        "on_text": one_line(request.GET.get("on"), 30),
        "here_url": request.path,
        "list_url": reverse("branches:list"),
        "tabs": organisation_tabs(organisation, "branches:detail"),
        "status_note": _status(organisation),
        "facts": _facts(request.user, organisation, then, day),
        "groups": _groups(organisation, day, may_keep) if organisation.is_branch else None,
        "units": _units(organisation, day, may_keep) if organisation.is_branch else None,
        "group_add_url": _url("branches:group_add", organisation) if may_keep else "",
        "unit_add_url": _url("branches:unit_add", organisation) if may_keep else "",
        "children": _children(request.user, organisation, day),
        "setup": facts.setup_of(organisation.pk, today) if standing else [],
        "story": [
            {"on": full_date(event.on), "words": event.words}
            for event in reversed(story(organisation))
        ],
        "actions": _actions(organisation, may_change and standing),
        "people_url": link("members:organisation_people", organisation.code)
        if organisation.is_branch and not organisation.holds_relations
        else "",
    }
    return render(request, "branches/organisation_detail.html", context)


def _url(name: str, organisation: Organisation) -> str:
    return reverse(name, args=[organisation.code])


def _status(organisation: Organisation) -> str:
    if organisation.dissolved_on is None:
        return ""
    ended = full_date(organisation.dissolved_on)
    if organisation.merged_into:
        return f"{ended}并入{organisation.merged_into.short_name}"
    return f"{ended}撤销"


def _facts(user, organisation: Organisation, then: Facts, day) -> list[dict[str, str]]:
    """Label, value and an address where the reader may look."""
    parent = Organisation.objects.filter(pk=then.parent_id).first() if then.parent_id else None
    visible = parent is not None and reaches(user, Action.LOOK, parent.path)
    people = facts.people_in([organisation.pk], day).get(organisation.pk, facts.NOBODY)
    branch = then.kind == Kind.BRANCH
    lines = [
        ("全称", then.name, ""),
        ("组织编码", organisation.code, ""),
        ("组织类别", Kind(then.kind).label, ""),
        ("设置形式", Form(then.form).label if branch else "", ""),
        ("所属领域", Sector(then.sector).label if then.sector else "", ""),
        (
            "上级组织",
            shortened(names_on([parent.pk], day)[parent.pk]) if parent else "",
            _url("branches:detail", parent) if visible else "",
        ),
        ("成立日期", full_date(organisation.founded_on), ""),
        ("书记", facts.secretaries_of([organisation.pk], day).get(organisation.pk, "空缺"), ""),
        ("党员", _people_words(people) if branch else "", _members_url(organisation)),
    ]
    return [{"label": label, "value": value, "url": url} for label, value, url in lines if value]


def _members_url(organisation: Organisation) -> str:
    return link("members:list", branch=organisation.code) if organisation.holds_relations else ""


def _people_words(people: facts.People) -> str:
    words = f"{people.members} 名，其中正式 {people.formal} 名"
    return words + (f"，组织关系不在这里的 {people.attached} 名" if people.attached else "")


def _groups(organisation, day, may_keep: bool) -> list[dict[str, str]]:
    return [
        {
            "name": group.name,
            "since": full_date(group.starts_on),
            "until": full_date(group.ends_on),
            "rename_url": reverse("branches:group_rename", args=[group.pk]) if may_keep else "",
            "end_url": link("members:group_end", group.pk)
            if may_keep and not group.ends_on
            else "",
        }
        for group in organisation.groups.standing(day, day)
    ]


def _units(organisation, day, may_keep: bool) -> list[dict[str, str]]:
    return [
        {
            "name": row.unit.name,
            "kind": row.unit.get_kind_display(),
            "credit_code": row.unit.credit_code,
            "since": full_date(row.starts_on),
            "end_url": reverse("branches:unit_end", args=[row.pk])
            if may_keep and not row.ends_on
            else "",
        }
        for row in units_on(organisation, day)
    ]


def _children(user, organisation: Organisation, day) -> list[dict[str, str]]:
    """What stood directly below on the day, in the order of codes."""
    placed = Placement.objects.filter(standing_on(day), parent=organisation)
    rows = as_of(Organisation.objects.filter(pk__in=placed.values("organisation")), day)
    rows = rows.filter(Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=day))
    return [
        {
            "name": shortened(row.name_then),
            "kind": Kind(row.kind_then).label,
            "url": _url("branches:detail", row) if reaches(user, Action.LOOK, row.path) else "",
        }
        for row in rows.order_by("code")
    ]


def _actions(organisation: Organisation, may_change: bool) -> list[dict[str, str]]:
    """What the reader may do to it, the commonest first."""
    if not may_change:
        return []
    code = organisation.code
    actions = [("变更", link("branches:change", code))]
    if organisation.parent_id:
        actions += [
            ("调整隶属", link("branches:move", code)),
            ("合并", link("members:organisation_merge", code)),
            ("撤销", link("members:organisation_dissolve", code)),
        ]
    if not organisation.is_branch:
        actions.append(("设立下级组织", link("branches:found", parent=code)))
    return [{"label": label, "url": url} for label, url in actions if url]
