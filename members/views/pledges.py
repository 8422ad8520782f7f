import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import reaches
from branches.tabs import member_tabs
from branches.words import full_date, one_line
from members.enums import PledgeKind
from members.models import Member, Pledge
from members.pledge_forms import PublishedForm, ReviewedForm, ReviewForm, Table, TakenForm
from members.pledges import of_branch
from members.roster import counts, roster
from members.services import Refused
from members.services.pledges import (
    LineRefused,
    carry_forward,
    make_public,
    review,
    roster_day,
    take_on,
)

PAGE = 50
# Rows of the printed board on one sheet.
_SHEET = 20
_SUGGESTED = 60


@require_safe
def pledge_list(request):
    """Duty posts and promises of a branch in a year; for overseers the branches, those with most
    members without one first."""
    today = current_day()
    year = year_asked(request, today)
    branches, branch = narrowed(request, Organisation.objects.branches())
    if branch is None:
        return _overview(request, branches, year, today)
    return _page(request, branch, year, today)


def _years(request, year: int, today: datetime.date) -> list[dict[str, object]]:
    return [
        {"label": f"{one}年", "url": with_query(request, year=one), "current": one == year}
        for one in sorted({today.year - 1, today.year, today.year + 1, year})
    ]


def _overview(request, branches, year: int, today: datetime.date):
    day = roster_day(year, today)
    search = one_line(request.GET.get("q"), 40)
    branches = branches.standing(day, day)
    if search:
        branches = branches.filter(name__contains=search)
    figures = {
        row["organisation_id"]: row
        for row in Pledge.objects.filter(organisation__in=branches, year=year)
        .values("organisation_id")
        .annotate(
            members=Count("member_id", distinct=True),
            total=Count("pk"),
            public=Count("pk", filter=Q(public_on__isnull=False)),
            kept=Count("pk", filter=~Q(result="")),
            reviewed=Count("pk", filter=~Q(grade="")),
        )
        .order_by()
    }
    people = counts(branches.values("pk"), day)
    rows = [
        _branch_row(one, figures.get(one.pk), people.get(one.pk, (0, 0))[0], year)
        for one in branches.order_by("code")
    ]
    rows.sort(key=lambda row: -row["without"])
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": member_tabs(named_organisation(request), "members:pledges"),
        "title_year": f"{year}年",
        "years": _years(request, year, today),
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": page.object_list,
        "page": page,
        "query": query.urlencode(),
        "clear_url": link(
            "members:pledges",
            year=year,
            branch=request.GET.get("branch"),
            organisation=request.GET.get("organisation"),
        ),
    }
    return render(request, "members/pledge_overview.html", context)


def _branch_row(one: Organisation, figures, members: int, year: int) -> dict[str, object]:
    found = figures or {"members": 0, "total": 0, "public": 0, "kept": 0, "reviewed": 0}
    return {
        "url": link("members:pledges", branch=one.code, year=year),
        "name": one.short_name,
        "people": members,
        "members": found["members"],
        "without": max(0, members - found["members"]),
        "total": found["total"],
        "public": found["public"],
        "kept": found["kept"],
        "reviewed": found["reviewed"],
    }


def _page(request, branch: Organisation, year: int, today: datetime.date, **bound):
    may_change = reaches(request.user, Action.CHANGE_MEMBER, branch.path)
    pledges = of_branch(branch, year)
    figures = pledges.order_by().aggregate(
        members=Count("member_id", distinct=True),
        total=Count("pk"),
        waiting=Count("pk", filter=Q(public_on__isnull=True)),
        reviewed=Count("pk", filter=~Q(grade="")),
    )
    people = counts([branch.pk], roster_day(year, today)).get(branch.pk, (0, 0))[0]
    page = Paginator(pledges, PAGE).get_page(request.GET.get("page"))
    here = {"branch": branch.code, "year": year}
    acts = {
        "enter_url": link("members:pledge_enter", **here),
        "review_url": link("members:pledge_review", **here) if figures["total"] else "",
        "carry_url": link("members:pledge_carry", **here),
        "carry_words": f"沿用{year - 1}年岗位",
        "publish_form": {
            "url": link("members:pledge_publish", **here),
            "form": bound.get("publish") or PublishedForm(today=today, initial={"on": today}),
            "count": figures["waiting"],
        }
        if figures["waiting"]
        else None,
    }
    context = {
        "tabs": member_tabs(branch, "members:pledges"),
        "organisation": branch.short_name,
        "title_year": f"{year}年",
        "context_text": f"{figures['members']}/{people} 名党员认领，共 {figures['total']} 项",
        "years": _years(request, year, today),
        "rows": [_row(pledge) for pledge in page],
        "page": page,
        "query": f"branch={branch.code}&year={year}",
        "board_url": link("members:pledge_board", **here) if figures["total"] else "",
        "acts": acts if may_change else None,
    }
    return render(request, "members/pledge_branch.html", context)


def _row(pledge: Pledge) -> dict[str, object]:
    return {
        "url": link("members:detail", pledge.member_id),
        "name": pledge.member.name,
        "kind": pledge.get_kind_display(),
        "title": pledge.title,
        "content": pledge.content,
        "public": full_date(pledge.public_on),
        "result": pledge.result,
        "grade": pledge.get_grade_display(),
    }


def _branch_to_change(request) -> Organisation:
    branch = chosen_branch(request, Action.CHANGE_MEMBER)
    if branch is None:
        raise PermissionDenied
    return branch


def _back(branch: Organisation, year: int):
    return redirect(link("members:pledges", branch=branch.code, year=year))


def _members(branch: Organisation, year: int, today: datetime.date) -> list[Member]:
    memberships = roster([branch.pk], roster_day(year, today), attached=True)
    return [one.member for one in memberships.select_related("member").order_by("member_id")]


@require_http_methods(["GET", "HEAD", "POST"])
def pledge_enter(request):
    """登记设岗承诺: the whole branch in one table, saved at once."""
    today = current_day()
    branch, year = _branch_to_change(request), year_asked(request, today)
    typed = request.POST if request.method == "POST" else None
    pledges = list(of_branch(branch, year))
    table = Table.of(_members(branch, year, today), pledges, typed)
    form = TakenForm(typed, today=today, initial={"on": today})
    # Both, so that every fault is shown at once.
    if typed is not None and all([form.is_valid(), table.is_valid()]):
        try:
            changed = take_on(
                organisation=branch,
                year=year,
                lines=[line.line() for line in table.lines],
                on=form.cleaned_data["on"],
                by=request.user,
                today=today,
            )
        except LineRefused as refused:
            table.lines[refused.index].add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已保存 {changed} 项" if changed else "没有改动")
            return _back(branch, year)
    context = {
        "form": form,
        "lines": table.lines,
        "faults": sum(bool(line.errors) for line in table.lines) if typed else 0,
        "title_year": f"{year}年",
        "organisation": branch.short_name,
        "branch": branch,
        "year": year,
        "titles": sorted({pledge.title for pledge in pledges} | _titles(branch, year)),
        "list_url": link("members:pledges", branch=branch.code, year=year),
    }
    return render(request, "members/pledge_enter.html", context)


def _titles(branch: Organisation, year: int) -> set[str]:
    """What was taken on here in the years before, to choose from."""
    earlier = Pledge.objects.filter(organisation=branch, year__lt=year).exclude(
        kind=PledgeKind.PROMISE
    )
    return set(earlier.order_by().values_list("title", flat=True).distinct()[:_SUGGESTED])


@require_http_methods(["GET", "HEAD", "POST"])
def pledge_review(request):
    """评议: what came of each pledge and its grade, saved at once."""
    today = current_day()
    branch, year = _branch_to_change(request), year_asked(request, today)
    typed = request.POST if request.method == "POST" else None
    lines = [
        ReviewForm(
            typed,
            prefix=f"p{pledge.pk}",
            initial={"result": pledge.result, "grade": pledge.grade},
            pledge=pledge,
        )
        for pledge in of_branch(branch, year)
        # What somebody else entered since the page was opened stays as it is.
        if typed is None or f"p{pledge.pk}-result" in typed
    ]
    form = ReviewedForm(typed, today=today, initial={"on": today})
    if typed is not None and all([form.is_valid(), *[line.is_valid() for line in lines]]):
        try:
            changed = review(
                organisation=branch,
                year=year,
                reviews=[line.review() for line in lines],
                on=form.cleaned_data["on"],
                by=request.user,
                today=today,
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已保存 {changed} 项" if changed else "没有改动")
            return _back(branch, year)
    context = {
        "form": form,
        "lines": lines,
        "faults": sum(bool(line.errors) for line in lines) if typed else 0,
        "title_year": f"{year}年",
        "organisation": branch.short_name,
        "branch": branch,
        "year": year,
        "list_url": link("members:pledges", branch=branch.code, year=year),
    }
    return render(request, "members/pledge_review.html", context)


@require_POST
def pledge_carry(request):
    """沿用去年岗位 in one act."""
    today = current_day()
    branch, year = _branch_to_change(request), year_asked(request, today)
    try:
        count = carry_forward(
            organisation=branch, year=year, on=today, by=request.user, today=today
        )
    except Refused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, f"已沿用 {count} 项" if count else "去年的岗位都已在表里")
    return _back(branch, year)


@require_POST
def pledge_publish(request):
    """公开: the day on which the board was put up."""
    today = current_day()
    branch, year = _branch_to_change(request), year_asked(request, today)
    form = PublishedForm(request.POST, today=today)
    if form.is_valid():
        try:
            count = make_public(
                organisation=branch,
                year=year,
                on=form.cleaned_data["on"],
                by=request.user,
                today=today,
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已标为公开 {count} 项")
            return _back(branch, year)
    return _page(request, branch, year, today, publish=form)


@require_safe
def pledge_board(request):
    """The board on A4: names, posts and promises, no numbers."""
    today = current_day()
    branch, year = chosen_branch(request), year_asked(request, today)
    if branch is None:
        raise PermissionDenied
    people: dict[int, dict[str, object]] = {}
    for pledge in of_branch(branch, year):
        row = people.setdefault(
            pledge.member_id, {"name": pledge.member.name, "posts": [], "promises": []}
        )
        words = f"{pledge.title}：{pledge.content}" if pledge.content else pledge.title
        if pledge.kind == PledgeKind.PROMISE:
            row["promises"].append(words)
        else:
            row["posts"].append(
                words if pledge.kind == PledgeKind.POST else f"{pledge.get_kind_display()} {words}"
            )
    rows = list(people.values())
    sheets = [rows[start : start + _SHEET] for start in range(0, len(rows), _SHEET)] or [[]]
    context = {
        "organisation": branch.name,
        "title_year": f"{year}年",
        "sheets": sheets,
        "day": full_date(today),
        "back_url": link("members:pledges", branch=branch.code, year=year),
        # A publication carries neither the time of printing nor the user.
        "printed_text": "",
    }
    return render(request, "print/pledge_board.html", context)
