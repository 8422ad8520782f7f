"""Who leads an organisation, on any day: one organisation's posts, or all branches below."""

import datetime

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.dated import standing_on
from branches.links import link, with_query
from branches.models import BranchUnit, Organisation
from branches.scope import get_for, main_grant, reaches
from branches.tabs import organisation_tabs
from branches.typed import Unreadable, read_date
from branches.values import Values
from branches.words import full_date, one_line
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Post, UnitPost
from members.posts import (
    VACANCY_MONTHS,
    Sizes,
    Standing,
    doubles_text,
    is_long_vacancy,
    is_unusual_size,
    lacks_committee,
    length_text,
    sizes_on,
    standings,
    unbroken_since,
)
from members.registers import POSTS, register_url
from members.roster import roster
from members.views.post_overview import overview, typed_day

# Ended posts shown below the committee.
_HISTORY = 100


@require_safe
def post_list(request):
    """A branch's committee with its history, or the branches below a committee, vacancies first.

    `?on=` asks for another day; `own=1` shows a committee's own posts.
    """
    organisation = _organisation(request)
    day, day_fault = _day(request)
    if organisation.is_branch or request.GET.get("own"):
        return _board(request, organisation, day, day_fault)
    return overview(request, organisation, day, day_fault)


def _organisation(request) -> Organisation:
    """The organisation named, or where the reader's rights begin."""
    code = one_line(request.GET.get("branch") or request.GET.get("organisation"), 40)
    if code:
        return get_for(Organisation.objects.select_related("parent"), request.user, code=code)
    grant = main_grant(request.user)
    if grant is not None and reaches(request.user, Action.LOOK, grant.organisation.path):
        return grant.organisation
    top = Organisation.objects.visible_to(request.user).order_by("path").first()
    if top is None:
        raise Http404
    return top


def _day(request) -> tuple[datetime.date, str]:
    """The day asked about, and what is wrong with what was typed; today in doubt."""
    today = current_day()
    try:
        return read_date(request.GET.get("on"), year=today.year) or today, ""
    except Unreadable as unreadable:
        return today, str(unreadable)


def _board(request, organisation: Organisation, day: datetime.date, day_fault: str):
    """The posts of one organisation on a day, what follows from them, and what was before."""
    values = Values()
    standing = standings([organisation.pk], day).get(organisation.pk) or Standing()
    posts = list(
        Post.objects.filter(organisation=organisation)
        .select_related("member", "group")
        .order_by("-starts_on", "-pk")
    )
    may_keep = reaches(request.user, Action.KEEP_POSTS, organisation.path)
    may_approve = reaches(request.user, Action.APPROVE, organisation.path)
    rights = (may_keep, may_approve)
    held = [post for post in posts if _holds(post, day)]
    there = _there(organisation, day)
    sizes = sizes_on(values, day)
    context = {
        "organisation": organisation.short_name,
        "context_text": _context_text(organisation, standing, day),
        "tabs": organisation_tabs(organisation, "members:posts"),
        "export_url": register_url(request, POSTS),
        "day": full_date(day),
        "typed_day": typed_day(request),
        "day_fault": day_fault,
        "is_today": day == current_day(),
        "today_url": with_query(request, on=""),
        "hidden": [(key, value) for key, value in request.GET.items() if key != "on"],
        "vacancy": _vacancy(organisation, standing, day, values, rights),
        "size": _size_mark(organisation, standing, sizes),
        "seats": [_seat(post, posts, standing, rights, there) for post in _in_order(held)],
        "leaders": [
            _seat(post, posts, standing, rights, there)
            for post in held
            if post.title == PostTitle.GROUP_LEADER
        ],
        "missing": _missing(organisation, standing, sizes),
        "doubles": _double_facts(organisation, standing, day),
        "unit_posts": _unit_posts(organisation, standing, day, may_keep),
        "history": [_past(post, rights) for post in _others(posts, day)[:_HISTORY]],
        "appoint_url": link("members:post_appoint", branch=organisation.code) if may_keep else "",
        "unit_url": link("members:unit_post_take", branch=organisation.code) if may_keep else "",
    }
    return render(request, "members/post_board.html", context)


def _holds(post: Post, day: datetime.date) -> bool:
    return (post.starts_on is None or post.starts_on <= day) and (
        post.ends_on is None or post.ends_on >= day
    )


def _in_order(posts: list[Post]) -> list[Post]:
    """The committee, highest post first, the longest in office first among equals."""
    committee = [post for post in posts if post.title in COMMITTEE_TITLES]
    return sorted(
        committee,
        key=lambda post: (
            COMMITTEE_TITLES.index(post.title),
            post.starts_on or datetime.date.min,
            post.pk,
        ),
    )


def _others(posts: list[Post], day: datetime.date) -> list[Post]:
    """Posts that nobody held on `day`, the newest first, within a committee highest first."""
    others = [post for post in posts if not _holds(post, day)]
    others.sort(key=lambda post: list(PostTitle).index(post.title))
    others.sort(key=lambda post: post.ends_on or datetime.date.max, reverse=True)
    return others


def _context_text(organisation: Organisation, standing: Standing, day: datetime.date) -> str:
    words = [full_date(day)]
    if organisation.is_branch:
        words.append(f"正式党员 {standing.formal} 名")
    return "，".join([*words, f"班子 {standing.people} 人"])


def _vacancy(organisation, standing: Standing, day, values: Values, rights) -> dict | None:
    """书记空缺 with its length, and what the reader can do about it."""
    if standing.secretary is not None:
        return None
    since = standing.vacant_since
    text = "没有登记书记"
    if since:
        text = f"书记自{full_date(since)}起空缺，到{full_date(day)}已 {length_text(since, day)}"
    months = values.on(VACANCY_MONTHS, day)
    local = ""
    if since and is_long_vacancy(since, day, months):
        local = f"本县口径：空缺超过 {months} 个月，列为软弱涣散的迹象。"
    _may_keep, may_approve = rights
    return {
        "text": text,
        "local": local,
        "how": "" if may_approve else "补选后登记选举结果，或由上级党组织登记任职。",
        "url": link("members:post_appoint", branch=organisation.code, title=PostTitle.SECRETARY)
        if may_approve
        else "",
    }


def _size_mark(organisation: Organisation, standing: Standing, sizes: Sizes) -> dict | None:
    """Whether the committee has the size that the number of formal members asks for."""
    if not organisation.is_branch:
        return None
    if not organisation.holds_relations:
        return {
            "kind": "done",
            "text": f"{organisation.get_form_display()}党支部的负责人由批准它的组织指派，"
            "不要求设支委会",
        }
    formal, people = standing.formal, standing.people
    if formal < sizes.from_formal:
        asked = f"正式党员不足 {sizes.from_formal} 人，设书记 1 人，必要时设副书记 1 人"
    else:
        asked = (
            f"正式党员 {sizes.from_formal} 人以上，应设 {sizes.least} 至 {sizes.usual} 人的支委会"
        )
    kind = "done"
    if lacks_committee(formal, people, sizes):
        kind = "late"
    elif is_unusual_size(formal, people, sizes):
        kind = "soon"
    return {"kind": kind, "text": f"{asked}；登记在任 {people} 人"}


def _missing(organisation: Organisation, standing: Standing, sizes: Sizes) -> str:
    """Officers a committee has and nobody holds, in words; no fault, only to be seen."""
    due = organisation.is_branch and organisation.holds_relations
    if not due or standing.formal < sizes.from_formal or not standing.missing_officers:
        return ""
    return "未登记：" + "、".join(standing.missing_officers)


def _way(post: Post) -> str:
    if post.is_appointed:
        return "上级指派"
    return "选举产生" if post.starts_on else "—"


def _may_change(post: Post, rights) -> bool:
    may_keep, may_approve = rights
    return may_approve if post.title == PostTitle.SECRETARY else may_keep


def _there(organisation: Organisation, day: datetime.date) -> set[int] | None:
    """Members of a branch on that day; None above branches, where anybody may hold a post."""
    if not organisation.is_branch:
        return None
    return set(roster([organisation.pk], day, attached=True).values_list("member_id", flat=True))


def _note(post: Post, there: set[int] | None) -> str:
    """What is to be put right: a name without a member, a holder who has left."""
    if there is None:
        return ""
    if post.member_id is None:
        return "名册里没有对上"
    return "" if post.member_id in there else "已不在名册，请登记免职"


def _seat(post: Post, posts: list[Post], standing: Standing, rights, there) -> dict[str, object]:
    since = unbroken_since(post, posts)
    may_change = _may_change(post, rights)
    return {
        "title": post.get_title_display() if not post.group else f"{post.group.name}组长",
        "name": post.person_name,
        "url": link("members:detail", post.member_id) if post.member_id else "",
        "note": _note(post, there),
        "since": full_date(since) or "未登记",
        "again": f"{full_date(post.starts_on)}连任" if since != post.starts_on else "",
        "way": _way(post),
        "filed": full_date(post.filed_on),
        "until": full_date(post.ends_on),
        "unit_posts": "、".join(
            f"{double.unit}{double.title}"
            for double in standing.doubles
            if double.seat.pk == post.pk
        ),
        "change_url": link("members:post_change", post.pk) if may_change else "",
        "end_url": link("members:post_end", post.pk) if may_change and not post.ends_on else "",
    }


def _past(post: Post, rights) -> dict[str, object]:
    return {
        "title": post.get_title_display() if not post.group else f"{post.group.name}组长",
        "name": post.person_name,
        "period": period_text(post.starts_on, post.ends_on),
        "way": _way(post),
        "filed": full_date(post.filed_on),
        "change_url": link("members:post_change", post.pk) if _may_change(post, rights) else "",
    }


def period_text(starts_on: datetime.date | None, ends_on: datetime.date | None) -> str:
    """2020年3月1日—2023年5月31日; 至今 for an open end, 起始未登记 for an unknown beginning."""
    return f"{full_date(starts_on) or '起始未登记'}—{full_date(ends_on) or '至今'}"


def _double_facts(organisation, standing: Standing, day) -> list[tuple[str, str]]:
    """一肩挑 and the like in words; the units behind first, since everything follows from them."""
    units = list(
        BranchUnit.objects.filter(organisation=organisation)
        .filter(standing_on(day))
        .order_by("unit__name")
        .values_list("unit__name", flat=True)
    )
    if not units:
        return []
    leading = doubles_text(standing.leading)
    shoulder = "是" if standing.is_one_shoulder else "否"
    return [
        ("所辖单位", "、".join(units)),
        ("书记由单位主要负责人担任", leading or "否"),
        ("一肩挑（村、社区）", shoulder),
        ("双向进入、交叉任职", doubles_text(standing.doubles) or "没有"),
    ]


def _unit_posts(organisation, standing: Standing, day, may_keep: bool) -> list[dict[str, object]]:
    """Posts in the units behind, held or ended; those of members the reader does not see left out."""
    posts = (
        UnitPost.objects.within(organisation)
        .filter(unit__branch_units__organisation=organisation)
        .select_related("unit", "member")
        .order_by("unit__name", "-is_main_leader", "pk")
        .distinct()
    )
    return [
        {
            "name": post.member.name,
            "url": link("members:detail", post.member_id),
            "unit": post.unit.name,
            "title": post.title,
            "main": post.is_main_leader,
            "period": period_text(post.starts_on, post.ends_on),
            "ended": post.ends_on is not None and post.ends_on < day,
            "change_url": link("members:unit_post_change", post.pk, branch=organisation.code)
            if may_keep
            else "",
        }
        for post in posts
    ]
