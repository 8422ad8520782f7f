import datetime

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import TrailLine
from accounts.roles import Action
from branches.choice import narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Group
from branches.periods import add_months
from branches.scope import get_for, reaches
from branches.words import full_date, one_line, recent, short_date
from members import facts
from members.enums import MemberKind
from members.forms import RevealForm
from members.initials import initials
from members.models import Member, Post
from members.services import AREA
from members.services.people import reveal_numbers

PAGE = 50
# Dues are looked at this far back for 党费缴至.
_DUES_MONTHS = 24


def age(born_on: datetime.date | None, today: datetime.date) -> int | None:
    """Full years; who was born on 29 February grows older on 1 March in common years."""
    if born_on is None:
        return None
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


@require_safe
def member_list(request):
    """The roster of a branch or of everything below the reader; numbers are masked."""
    today = current_day()
    members, branch = narrowed(request, Member.objects.filter(left_on__isnull=True))
    group = request.GET.get("group", "")
    if group.isdecimal() and len(group) < 19:
        members = members.filter(group=int(group))
    search = one_line(request.GET.get("q"), 60)
    if search:
        members = members.filter(_matches(search, members if branch else None))
    counts = members.aggregate(
        formal=Count("pk", filter=Q(kind=MemberKind.FORMAL)),
        probationary=Count("pk", filter=Q(kind=MemberKind.PROBATIONARY)),
        floating=Count("pk", filter=Q(is_floating=True)),
    )
    conditions = {
        "formal": ("正式", Q(kind=MemberKind.FORMAL)),
        "probationary": ("预备", Q(kind=MemberKind.PROBATIONARY)),
        "floating": ("流动", Q(is_floating=True)),
    }
    if branch is not None:
        for key, label, keys in _behind(members, today):
            conditions[key] = (label, Q(pk__in=keys))
            counts[key] = len(keys)
    chosen = request.GET.get("kind", "")
    shown = members.filter(conditions[chosen][1]) if chosen in conditions else members
    page = Paginator(shown.for_list().select_related("group"), PAGE).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    total = counts["formal"] + counts["probationary"]
    rows = _rows(list(page), today)
    may_import = branch is not None and reaches(request.user, Action.IMPORT_WORKBOOK, branch.path)
    may_export = branch is not None and reaches(request.user, Action.EXPORT_LEDGER, branch.path)
    context = {
        "context_text": f"在册 {total} 名：正式 {counts['formal']} 名，预备 {counts['probationary']} 名",
        "search": search,
        "groups": _groups(branch, group),
        "chips": [
            {
                "label": label,
                "count": counts[key],
                "url": with_query(request, kind="" if chosen == key else key),
                "current": chosen == key,
            }
            for key, (label, _condition) in conditions.items()
        ],
        "hidden": [(key, value) for key, value in query.items() if key not in {"q", "group"}],
        "show_organisation": branch is None,
        "hours_required": rows[0]["required"] if rows else "",
        "rows": rows,
        "page": page,
        "query": query.urlencode(),
        "import_url": link("ledgers:import") if may_import else "",
        "export_url": link("ledgers:export", organisation=branch.code) if may_export else "",
    }
    return render(request, "members/member_list.html", context)


def _matches(search: str, of_branch) -> Q:
    """By name, by the last digits of a number, inside one branch also by pinyin initials."""
    condition = Q(name__icontains=search)
    if search.isdecimal() and len(search) >= 2:
        condition |= Q(phone_mask__endswith=search[-4:]) | Q(id_number_mask__endswith=search[-4:])
    if of_branch is not None and search.isascii() and search.isalpha():
        typed = search.lower()
        condition |= Q(
            pk__in=[
                pk
                for pk, name in of_branch.values_list("pk", "name")
                if initials(name).startswith(typed)
            ]
        )
    return condition


def _groups(branch, chosen: str) -> list[dict[str, object]]:
    if branch is None:
        return []
    groups = Group.objects.filter(organisation=branch, ends_on__isnull=True)
    options = [
        {"value": group.pk, "label": group.name, "current": str(group.pk) == chosen}
        for group in groups
    ]
    return (
        [{"value": "", "label": "全部党小组", "current": not chosen}, *options] if options else []
    )


def _behind(members, today: datetime.date):
    """Whose hours are behind pace and who owes dues, of the members of one branch."""
    keys = list(members.values_list("pk", flat=True))
    late = [key for key, study in facts.study_of(keys, today).items() if study.behind]
    yield "behind", "学时落后", late
    month = today.replace(day=1)
    owing = [
        key
        for key, months in facts.dues_of(keys, month, month).items()
        if any(one.paid < one.due for one in months)
    ]
    yield "unpaid", "党费未缴", owing


def _dues_until(months: list[facts.DuesMonth]) -> str:
    """The last month up to which every charged month is paid in full."""
    until = None
    for one in months:
        if one.paid < one.due:
            break
        until = one.month
    return f"{until.year}年{until.month}月" if until else ""


def _rows(members: list[Member], today: datetime.date) -> list[dict[str, object]]:
    keys = [member.pk for member in members]
    study = facts.study_of(keys, today)
    dues = facts.dues_of(keys, add_months(today.replace(day=1), -_DUES_MONTHS), today)
    posts: dict[int, list[str]] = {}
    for post in Post.objects.on(today).filter(member__in=keys):
        posts.setdefault(post.member_id, []).append(post.get_title_display())
    rows = []
    for member in members:
        hours = study.get(member.pk)
        rows.append(
            {
                "url": link("members:detail", member.pk),
                "name": member.name,
                "post": "、".join(posts.get(member.pk, [])),
                "organisation": member.organisation.short_name,
                "sex": member.get_gender_display(),
                "age": age(member.born_on, today) or "",
                "category": member.get_kind_display(),
                "joined": full_date(member.joined_on),
                "group": member.group.name if member.group else "",
                "phone": member.phone_mask,
                "hours": f"{hours.hours:.1f}" if hours else "",
                "hours_percent": hours.percent if hours else 0,
                "pace_percent": hours.pace_percent if hours else 0,
                "behind": hours.behind if hours else False,
                "required": hours.required if hours else "",
                "dues_until": _dues_until(dues.get(member.pk, [])),
            }
        )
    return rows


def _member(request, pk: int, action: str = Action.LOOK) -> Member:
    return get_for(
        Member.objects.select_related("organisation", "group"), request.user, action, pk=pk
    )


@require_safe
def member_detail(request, pk):
    """One member: facts, where and as what, this year's hours and dues, who looked."""
    member = _member(request, pk)
    return render(request, "members/member_detail.html", _page(request, member, RevealForm()))


@require_POST
def member_reveal(request, pk):
    """The same page with the full numbers, once, after saying why; the look-up is trailed."""
    member = _member(request, pk, Action.REVEAL_NUMBER)
    form = RevealForm(request.POST)
    numbers = None
    if form.is_valid():
        numbers = reveal_numbers(member=member, by=request.user, reason=form.cleaned_data["reason"])
    context = _page(request, member, form) | {"numbers": numbers}
    response = render(request, "members/member_detail.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _page(request, member: Member, form: RevealForm) -> dict[str, object]:
    today = current_day()
    path = member.organisation.path
    study = facts.study_of([member.pk], today).get(member.pk)
    last_year = datetime.date(today.year - 1, 1, 1)
    months = facts.dues_of([member.pk], last_year, today).get(member.pk, [])
    posts = list(member.posts.select_related("organisation").order_by("ends_on", "title"))
    standing = [post for post in posts if post.ends_on is None or post.ends_on >= today]
    return {
        "member": {
            "pk": member.pk,
            "name": member.name,
            "post": "、".join(post.get_title_display() for post in standing),
            "category": member.get_kind_display(),
            "id_number_masked": member.id_number_mask,
            "phone_masked": member.phone_mask,
            "sex": member.get_gender_display(),
            "born": full_date(member.born_on),
            "age": age(member.born_on, today),
            "nation": member.ethnicity,
            "education": member.education,
            "joined": full_date(member.joined_on),
            "confirmed": full_date(member.confirmed_on),
            "branch": member.organisation.short_name,
            "branch_url": link("members:list", branch=member.organisation.code)
            if member.organisation.is_branch
            else "",
            "group": member.group.name if member.group else "",
            "occupation": member.occupation,
            "floating": "流动党员" if member.is_floating else "",
            "status_note": f"{full_date(member.left_on)}离开：{member.left_reason}"
            if member.left_on
            else "",
        },
        "list_url": link("members:list", branch=member.organisation.code),
        "edit_url": "",
        "sections": _sections(member, months, today),
        "dues": _dues_years(member, months, today),
        "study": {
            "hours": f"{study.hours:.1f}",
            "required": study.required,
            "percent": study.percent,
            "pace_percent": study.pace_percent,
            "behind": study.behind,
        }
        if study
        else None,
        "meetings": [
            {
                "date": short_date(one.held_on, today),
                "label": one.label,
                "state_words": one.state_words,
                "url": one.url,
            }
            for one in facts.meetings_of(member.pk, today, 8)
        ],
        "posts": [
            {
                "name": f"{post.organisation.short_name} {post.get_title_display()}",
                "period_text": _period(post.starts_on, post.ends_on),
            }
            for post in posts
        ],
        "history": _history(member, today),
        "reveal_url": link("members:reveal", member.pk)
        if reaches(request.user, Action.REVEAL_NUMBER, path)
        else "",
        "reveal_form": form,
        "numbers": None,
    }


def _period(starts_on: datetime.date | None, ends_on: datetime.date | None) -> str:
    """2020年3月1日—至今."""
    return f"{full_date(starts_on)}—{full_date(ends_on) or '至今'}"


def _sections(member: Member, months, today: datetime.date) -> list[dict[str, object]]:
    memberships = member.memberships.select_related("organisation", "group").order_by("pk")
    sections = [
        {
            "title": "组织关系",
            "rows": [
                {
                    "label": _period(row.starts_on, row.ends_on),
                    "value": row.organisation.short_name + (f"，{row.group}" if row.group else ""),
                }
                for row in memberships
            ],
        }
    ]
    of_year = [one for one in months if one.month.year == today.year]
    if of_year:
        sections.append(
            {
                "title": f"{today.year}年党费",
                "rows": [
                    {
                        "label": f"{one.month.month}月",
                        "value": f"应缴 {one.due:.2f}，实缴 {one.paid:.2f}",
                    }
                    for one in of_year
                ],
            }
        )
    return sections


def _dues_years(member: Member, months, today: datetime.date) -> list[dict[str, object]]:
    years = []
    for year in (today.year, today.year - 1):
        of_year = [one for one in months if one.month.year == year]
        if not of_year:
            continue
        owed = sum(max(one.due - one.paid, 0) for one in of_year)
        years.append(
            {
                "year": year,
                "standard": f"{of_year[-1].due:.2f}",
                "paid_until": _dues_until(of_year),
                "owed": f"{owed:.2f}" if owed else "",
                "url": link("dues:ledger", branch=member.organisation.code, year=year),
            }
        )
    return years


def _history(member: Member, today: datetime.date) -> list[dict[str, str]]:
    lines = TrailLine.objects.about(AREA, member.pk)[:20]
    return [
        {
            "at": recent(timezone.localtime(line.at), today),
            "words": f" {line.by_name} {line.action}" + (f"：{line.reason}" if line.reason else ""),
        }
        for line in lines
    ]
