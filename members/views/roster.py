"""花名册: the list of members, its search, its saved views, and groups for those ticked."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import Action
from accounts.saved_views import Refused as ViewRefused
from accounts.saved_views import delete_view, save_view, views_of
from branches.choice import chosen_branch
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Group, Organisation
from branches.scope import main_grant, reaches
from branches.tabs import member_tabs
from branches.words import full_date, one_line
from members import filters
from members.checks import checks_notice
from members.enums import Gender
from members.filters import Filters
from members.forms import RegroupForm
from members.listing import Line, lines, month_text
from members.models import Member
from members.services import Refused
from members.services.people import change_group

PAGE = 50
# The name of this page where views are saved.
VIEWS = "members"
_MOST_PLACES = 200
# Label, and what sorts by it; columns without have their order from another room.
_HEADS = (
    ("姓名", "name", ""),
    ("支部", "branch", ""),
    ("性别", "sex", ""),
    ("年龄", "age", "zb-num"),
    ("类别", "kind", ""),
    ("入党日期", "joined", ""),
    ("党小组", "group", "zb-opt-col"),
)


@require_http_methods(["GET", "HEAD", "POST"])
def member_list(request):
    """The roster of a branch or of everything below the reader; numbers are masked.

    The search box is posted, so that a number never comes to stand in an address: a short one or
    a name is then looked for by GET, a longer number is answered at once.
    """
    if request.method == "POST":
        return _searched(request)
    search = one_line(request.GET.get("q"), 60)
    if filters.is_number(search):
        # Out of the address, and so out of the history, whoever put it there.
        return redirect(request.path + with_query(request, q=search[-filters.DIGITS_SHOWN :]))
    return _page(request, filters.read_filters(request.GET), search)


def _searched(request):
    typed = one_line(request.POST.get("q"), 60)
    query = request.GET.copy()
    for name in ("q", "page"):
        query.pop(name, None)
    for name in ("group", "branch"):
        if name in request.POST:
            query[name] = one_line(request.POST[name], 40)
            if not query[name]:
                del query[name]
    number = typed.replace(" ", "")
    if filters.is_number(number):
        response = _page(request, filters.read_filters(query, number), typed)
        response["Cache-Control"] = "no-store"
        return response
    if typed:
        query["q"] = typed
    return redirect(f"{request.path}?{query.urlencode()}" if query else request.path)


def _page(request, chosen: Filters, search: str):
    today = current_day()
    listed, branch = filters.listed(request)
    members = filters.matching(listed, chosen, today)
    counts = filters.counted(members, today)
    shown, chip = filters.chosen_by(members, chosen.chip, today)
    paginator = Paginator(filters.ordered(shown, chosen.sort), PAGE)
    if counts.get(chosen.chip) is not None:
        # Counted already.
        paginator.count = counts[chosen.chip]
    page = paginator.get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    found = lines(list(page), today)
    groups = _groups(branch)
    rows = [_row(one, request.user) for one in found]
    context = {
        "context_text": _counted_words(counts, chosen),
        "search": search,
        "search_url": with_query(request, q="", group=""),
        "groups": _options(groups, chosen.group, "全部党小组"),
        "places": _places(request, branch),
        "chips": _chips(request, counts, chosen),
        "too_many": "behind" not in counts,
        "more": _more(chosen),
        "more_open": chosen.more,
        "more_hidden": [(k, v) for k, v in query.items() if k not in filters.MORE],
        "conditions_text": _conditions(chosen, chip, groups),
        "clear_url": link("members:list", branch=request.GET.get("branch")),
        "show_organisation": branch is None,
        "heads": _heads(request, chosen.sort, branch is None),
        "hours_required": min((one.study.required for one in found if one.study), default=""),
        "rows": rows,
        "show_acts": any(row["edit_url"] for row in rows),
        "page": page,
        "query": query.urlencode(),
        **_saved(request, query),
        **_acts(request, branch, query, groups, chosen),
    }
    return render(request, "members/member_list.html", context)


def _acts(request, branch, query, groups, chosen: Filters) -> dict[str, object]:
    """What the reader may do from here; a list of several branches has no branch to add to."""
    may_change = (
        branch is not None
        and branch.holds_relations
        and reaches(request.user, Action.CHANGE_MEMBER, branch.path)
    )
    may_import = branch is not None and reaches(request.user, Action.IMPORT_WORKBOOK, branch.path)
    export = link("ledgers:members")
    organisation = branch or _named(request)
    return {
        "tabs": member_tabs(organisation, "members:list"),
        "check_notice": checks_notice(branch, current_day()) if may_change else None,
        "new_url": link("members:new", branch=branch.code) if may_change else "",
        "import_url": link("ledgers:import") if may_import else "",
        "export_url": f"{export}?{query.urlencode()}" if export and query else export,
        "regroup_form": RegroupForm(today=current_day(), groups=groups)
        if may_change and groups and not chosen.left
        else None,
        "regroup_url": link("members:regroup", branch=branch.code) if may_change else "",
    }


def _counted_words(counts: dict, chosen: Filters) -> str:
    total = f"{counts['']:,}"
    if chosen.left:
        return f"已离开 {total} 名"
    head = "符合条件" if chosen.narrows else "在册"
    return f"{head} {total} 名：正式 {counts['formal']:,} 名，预备 {counts['probationary']:,} 名"


def _groups(branch) -> list[Group]:
    if branch is None:
        return []
    return list(Group.objects.filter(organisation=branch, ends_on__isnull=True))


def _options(groups: list[Group], chosen: int | None, everything: str) -> list[dict[str, object]]:
    if not groups:
        return []
    return [
        {"value": "", "label": everything, "current": chosen is None},
        *(
            {"value": group.pk, "label": group.name, "current": group.pk == chosen}
            for group in groups
        ),
    ]


def _named(request) -> Organisation | None:
    """The organisation in the address, which the list has found to be in sight."""
    code = one_line(request.GET.get("branch") or request.GET.get("organisation"), 40)
    return Organisation.objects.visible_to(request.user).filter(code=code).first() if code else None


def _places(request, branch) -> list[dict[str, object]]:
    """The organisations to narrow the list to: the one chosen and what stands directly below."""
    grant = main_grant(request.user)
    if grant is None or grant.organisation.is_branch:
        return []
    top = grant.organisation
    chosen = branch or _named(request)
    base = (branch.parent if branch else chosen) or top
    if not base.path.startswith(top.path):
        base = top
    places = [("", top.short_name)]
    if base != top:
        places.append((base.code, base.short_name))
    below = Organisation.objects.visible_to(request.user).filter(parent=base).order_by("code")
    places += [(one.code, "\u3000" + one.short_name) for one in below[:_MOST_PLACES]]
    current = chosen.code if chosen and chosen != top else ""
    return [
        {"value": value, "label": label, "current": value == current} for value, label in places
    ]


def _chips(request, counts: dict, chosen: Filters) -> list[dict[str, object]]:
    labels = {"": "全部"} | {key: chip.label for key, chip in filters.CHIPS.items()}
    current = chosen.chip if chosen.chip in counts else ""
    return [
        {
            "label": labels[key],
            "count": count,
            "url": with_query(request, kind=key),
            "current": key == current,
        }
        for key, count in counts.items()
    ]


def _more(chosen: Filters) -> dict[str, object]:
    """The fields behind 更多条件 as they stand."""

    def options(choices, current: str):
        return [
            {"value": value, "label": label, "current": value == current}
            for value, label in (("", "不限"), *choices)
        ]

    return chosen.typed | {
        "genders": options(Gender.choices, chosen.gender),
        "educations": options(filters.EDUCATION, chosen.education),
        "lefts": [
            {"value": value, "label": label, "current": value == chosen.left}
            for value, label in (("", "在册"), *filters.LEFT)
        ],
    }


def _conditions(chosen: Filters, chip: str, groups: list[Group]) -> str:
    group = next((group.name for group in groups if group.pk == chosen.group), "")
    return filters.in_words(chosen, chip, group)


def _heads(request, sort: str, with_branch: bool) -> list[dict[str, str]]:
    heads = []
    for label, key, look in _HEADS:
        if key == "branch" and not with_branch:
            continue
        current = sort.removeprefix("-") == key
        falling = sort.startswith("-")
        heads.append(
            {
                "label": label,
                "look": look,
                "sort": ("descending" if falling else "ascending") if current else "",
                "url": with_query(request, sort=f"-{key}" if current and not falling else key),
            }
        )
    return heads


def _row(one: Line, user) -> dict[str, object]:
    member, study = one.member, one.study
    path = member.organisation.path
    # Somebody attached to a temporary branch may have the relation out of the reader's sight.
    visible = reaches(user, Action.LOOK, path)
    may_change = reaches(user, Action.CHANGE_MEMBER, path) and not member.left_on
    return {
        "pk": member.pk,
        "url": link("members:detail", member.pk) if visible else "",
        "edit_url": link("members:edit", member.pk) if may_change else "",
        "name": member.name,
        "post": one.posts,
        "organisation": member.organisation.short_name,
        "sex": member.get_gender_display(),
        "age": one.age or "",
        "category": member.get_kind_display(),
        "joined": full_date(member.joined_on),
        "group": member.group.name if member.group else "",
        "left": f"{full_date(member.left_on)}离开：{member.left_reason}" if member.left_on else "",
        "phone": member.phone_mask,
        "hours": f"{study.hours:.1f}" if study else "",
        "hours_percent": study.percent if study else 0,
        "pace_percent": study.pace_percent if study else 0,
        "behind": study.behind if study else False,
        "dues_until": month_text(one.dues_until),
    }


# --- Saved views ------------------------------------------------------------------------------


def _saved(request, query: QueryDict) -> dict[str, object]:
    """The reader's own views of this page, and the present one to be kept."""
    here = query.urlencode()
    return {
        "saved_views": [
            {
                "name": view.name,
                "url": f"{reverse('members:list')}?{view.query}",
                "delete_url": reverse("members:delete_view", args=[view.pk]),
                "current": view.query == here,
            }
            for view in views_of(request.user, VIEWS)
        ],
        "save_view_url": reverse("members:save_view"),
        "here": here,
    }


@require_POST
def view_save(request):
    """Keep the list as it stands under a name."""
    query = QueryDict(request.POST.get("query", "")).copy()
    query.pop("page", None)
    if filters.is_number(query.get("q", "")):
        query["q"] = query["q"][-filters.DIGITS_SHOWN :]
    here = query.urlencode()
    try:
        view = save_view(
            user=request.user, page=VIEWS, name=one_line(request.POST.get("name"), 60), query=here
        )
    except ViewRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"已存为视图“{view.name}”")
    return redirect(f"{reverse('members:list')}?{here}" if here else "members:list")


@require_POST
def view_delete(request, pk):
    """Forget one of one's own views; another's is not there."""
    if not delete_view(user=request.user, page=VIEWS, pk=pk):
        raise Http404
    messages.success(request, "已删去这个视图，名册没有改动")
    return redirect("members:list")


# --- Groups for those ticked ------------------------------------------------------------------


@require_POST
def member_regroup(request):
    """Put those ticked into one group from a day on; all or nobody."""
    branch = chosen_branch(request, Action.CHANGE_MEMBER)
    if branch is None:
        raise Http404
    form = RegroupForm(request.POST, today=current_day(), groups=_groups(branch))
    back = f"{reverse('members:list')}?{urlencode({'branch': branch.code})}"
    if not form.is_valid():
        messages.warning(request, "；".join(e for errors in form.errors.values() for e in errors))
        return redirect(back)
    keys = [int(key) for key in request.POST.getlist("pick") if key.isascii() and key.isdigit()]
    members = Member.objects.filter(organisation=branch, pk__in=keys[:500]).order_by("pk")
    group, on = form.cleaned_data["group"], form.cleaned_data["on"] or current_day()
    try:
        with transaction.atomic():
            moved = sum(
                change_group(member=member, group=group, on=on, by=request.user)
                for member in members
            )
    except Refused as refused:
        messages.warning(request, f"一个也没有调整：{refused}")
    else:
        messages.success(request, f"已把 {moved} 人编入{group.name}，自{full_date(on)}起")
    return redirect(back)
