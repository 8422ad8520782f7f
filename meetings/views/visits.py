"""走访慰问: the list with the sums of a year, its sheet of paper, and the forms."""

import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.money import SumOfMoney
from branches.paper import split
from branches.scope import get_for, reaches
from branches.words import full_date, short_date
from meetings.enums import VisitOccasion
from meetings.forms.talks import CancelForm, VisitChangeForm, VisitForm
from meetings.models import Visit
from meetings.services import Refused
from meetings.services import visits as services
from meetings.tabs import meeting_tabs
from meetings.talking import works_here
from meetings.views.entry import no_single_branch, people_here, refuse, typed, years_shown
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Post

PAGE = 50
VISITS = "meetings:visits"


def _sums(visits) -> dict[str, object]:
    """人次 and money of these visits."""
    sums = visits.aggregate(times=Count("pk"), amount=SumOfMoney("amount"))
    return {"times": sums["times"], "amount": f"{sums['amount'] or 0:,.2f}"}


# --- The list -------------------------------------------------------------------------------


@require_safe
def visit_list(request):
    """A branch: its visits of the year; above: each branch with its sums, most visits first."""
    today = current_day()
    year = year_asked(request, today)
    _rows, branch = narrowed(request, Organisation.objects.branches())
    above = branch or named_organisation(request)
    visits = Visit.objects.standing().visible_to(request.user).filter(visited_on__year=year)
    if above is not None:
        visits = visits.within(above)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": meeting_tabs(above, VISITS),
        "organisation": above.short_name if above else "",
        "year": year,
        "years": years_shown(request, year, today),
        "sums": _sums(visits),
        "query": query.urlencode(),
    }
    if branch is None:
        return render(request, "meetings/visit_branches.html", context | _above(request, visits))
    return render(request, "meetings/visit_list.html", context | _branch(request, branch, visits))


def _branch(request, branch: Organisation, visits) -> dict[str, object]:
    today = current_day()
    year = year_asked(request, today)
    may_record = reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    counts = dict(
        visits.order_by().values("occasion").annotate(n=Count("pk")).values_list("occasion", "n")
    )
    chosen = request.GET.get("occasion", "")
    shown = visits.filter(occasion=chosen) if chosen in VisitOccasion.values else visits
    page = Paginator(shown.defer("note").order_by("-visited_on", "-pk"), PAGE).get_page(
        request.GET.get("page")
    )
    return {
        "chips": [
            {
                "label": occasion.label,
                "count": counts.get(occasion.value, 0),
                "url": with_query(request, occasion="" if chosen == occasion else occasion.value),
                "current": chosen == occasion,
            }
            for occasion in VisitOccasion
            if counts.get(occasion.value) or chosen == occasion
        ],
        "rows": [_row(visit, today, may_record) for visit in page],
        "page": page,
        "filtered": chosen in VisitOccasion.values,
        "clear_url": with_query(request, occasion=""),
        "new_url": link("meetings:visit_new", branch=branch.code) if may_record else "",
        "paper_url": link("meetings:visits_paper", branch=branch.code, year=year),
    }


def _row(visit: Visit, today: datetime.date, may_record: bool) -> dict[str, str]:
    return {
        "on": short_date(visit.visited_on, today),
        "full_on": full_date(visit.visited_on),
        "name": visit.person_name,
        "occasion": visit.get_occasion_display(),
        "visitors": visit.visitors,
        "amount": "" if visit.amount is None else f"{visit.amount:,.2f}",
        "goods": visit.goods,
        "url": reverse("meetings:visit_change", args=[visit.pk]) if may_record else "",
    }


def _above(request, visits) -> dict[str, object]:
    year = year_asked(request, current_day())
    sums = (
        visits.order_by()
        .values("organisation_id")
        .annotate(times=Count("pk"), amount=SumOfMoney("amount"))
        .order_by("-times", "organisation_id")
    )
    page = Paginator(sums, PAGE).get_page(request.GET.get("page"))
    names = Organisation.objects.visible_to(request.user).in_bulk(
        [row["organisation_id"] for row in page]
    )
    rows = []
    for row in page:
        branch = names[row["organisation_id"]]
        rows.append(
            {
                "name": branch.short_name,
                "url": link(VISITS, branch=branch.code, year=year),
                "times": row["times"],
                "amount": f"{row['amount'] or 0:,.2f}",
            }
        )
    return {"rows": rows, "page": page}


@require_safe
def visit_paper(request):
    """走访慰问登记表 of a branch and year on A4; the notes are not on it."""
    today = current_day()
    branch = chosen_branch(request)
    if branch is None:
        messages.info(request, "先选支部，再打印")
        return redirect(VISITS)
    year = year_asked(request, today)
    visits = Visit.objects.standing().filter(organisation=branch, visited_on__year=year)
    rows = [
        _row(visit, today, False) | {"number": number}
        for number, visit in enumerate(visits.defer("note").order_by("visited_on", "pk"), 1)
    ]
    context = {
        "organisation": branch.name,
        "year": year,
        "sheets": split(rows),
        "sums": _sums(visits),
        "back_url": link(VISITS, branch=branch.code, year=year),
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "meetings/visits_paper.html", context)


# --- The forms --------------------------------------------------------------------------------


def _visitors(branch: Organisation, today: datetime.date) -> str:
    """The committee of today by name, highest post first: who usually goes."""
    order = {title: index for index, title in enumerate(PostTitle.values)}
    posts = Post.objects.on(today).filter(organisation=branch, title__in=COMMITTEE_TITLES)
    names = [post.person_name for post in sorted(posts, key=lambda post: order[post.title])]
    return "、".join(dict.fromkeys(names))[:100]


def _occasion(today: datetime.date) -> str:
    """What a visit at this time of the year is usually for."""
    if today.month in (12, 1, 2):
        return VisitOccasion.NEW_YEAR
    return VisitOccasion.FOUNDING_DAY if today.month in (6, 7) else VisitOccasion.HARDSHIP


@require_http_methods(["GET", "HEAD", "POST"])
def visit_new(request):
    """登记走访: one row for each person visited on that day."""
    branch = chosen_branch(request, Action.RECORD_BRANCH_MEETING)
    if branch is None:
        return no_single_branch(request, VISITS)
    today = current_day()
    people = people_here(branch, request, "visited_on")
    form = VisitForm(
        typed(request),
        initial={
            "visited_on": today,
            "occasion": _occasion(today),
            "visitors": _visitors(branch, today),
        },
        people=list(people.items()),
        private=works_here(request.user, branch),
        today=today,
    )
    if request.method == "POST" and form.is_valid():
        try:
            visits = services.register_visits(
                organisation=branch,
                facts=form.facts(),
                members=form.cleaned_data["members"],
                others=form.cleaned_data["others"],
                by=request.user,
                today=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, f"已登记走访 {len(visits)} 人次")
            return redirect(link(VISITS, branch=branch.code, year=visits[0].visited_on.year))
    return _form_page(request, branch, form, people)


def _form_page(request, branch, form, people, visit=None, cancel_form=None):
    ticked = {str(pk) for pk in form["members"].value() or []} if people else set()
    context = {
        "tabs": meeting_tabs(branch, VISITS),
        "organisation": branch.short_name,
        "branch_code": branch.code,
        "form": form,
        "visit": visit,
        "people": [
            {"pk": pk, "name": name, "ticked": str(pk) in ticked} for pk, name in people.items()
        ],
        "list_url": link(VISITS, branch=branch.code),
        "cancel_form": cancel_form,
    }
    return render(request, "meetings/visit_form.html", context)


def _visit(request, pk: int) -> Visit:
    rows = Visit.objects.select_related("organisation__parent")
    return get_for(rows, request.user, Action.RECORD_BRANCH_MEETING, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def visit_change(request, pk):
    """One visit put right."""
    visit = _visit(request, pk)
    branch = visit.organisation
    if visit.cancelled_at:
        messages.warning(request, "这次走访已作废，不能再改")
        return redirect(link(VISITS, branch=branch.code, year=visit.visited_on.year))
    private = works_here(request.user, branch)
    names = ("visited_on", "occasion", "visitors", "person_name", "amount", "goods", "version")
    form = VisitChangeForm(
        typed(request),
        initial={name: getattr(visit, name) for name in names}
        | {"note": visit.note if private else ""},
        is_member=visit.member_id is not None,
        private=private,
        today=current_day(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_visit(
                visit=visit,
                version=form.cleaned_data["version"] or 0,
                facts=form.facts(visit.note),
                person_name=form.cleaned_data.get("person_name", ""),
                by=request.user,
                today=current_day(),
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已保存走访")
            year = form.cleaned_data["visited_on"].year
            return redirect(link(VISITS, branch=branch.code, year=year))
    cancel_form = CancelForm(initial={"version": visit.version}, auto_id="cancel_%s")
    return _form_page(request, branch, form, {}, visit, cancel_form)


@require_POST
def visit_cancel(request, pk):
    """Take a visit back that was recorded by mistake."""
    visit = _visit(request, pk)
    form = CancelForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请写明作废的原因")
        return redirect("meetings:visit_change", visit.pk)
    try:
        services.cancel_visit(visit=visit, by=request.user, **form.cleaned_data)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "已作废，不再计入人次和慰问金")
    return redirect(link(VISITS, branch=visit.organisation.code, year=visit.visited_on.year))
