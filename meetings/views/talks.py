"""谈心谈话: who has been talked with this year, and the forms. What was said is on no list."""

import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link, safe_next, with_query
from branches.models import Organisation
from branches.scope import get_for, reaches
from branches.values import Values
from branches.words import short_date
from meetings.forms.meeting import is_key
from meetings.forms.talks import SEPARATELY, CancelForm, TalkForm
from meetings.models import Talk
from meetings.services import Refused
from meetings.services import talks as services
from meetings.tabs import meeting_tabs
from meetings.talking import (
    TALKS_A_YEAR,
    Coverage,
    committee_on,
    coverage,
    partners_of,
    talk_days,
    works_here,
)
from meetings.views.entry import no_single_branch, people_here, refuse, typed, years_shown
from members.enums import PostTitle
from members.models import Member, Post

PAGE = 50
TALKS = "meetings:talks"


def year_span(year: int, today: datetime.date) -> tuple[datetime.date, datetime.date]:
    """The days of a year up to today; a year to come is seen from its end."""
    last = datetime.date(year, 12, 31)
    return datetime.date(year, 1, 1), min(last, today) if year <= today.year else last


# --- The list -------------------------------------------------------------------------------


@require_safe
def talk_list(request):
    """A branch: every member with the talks of the year, those without first; above: branches."""
    _rows, branch = narrowed(request, Organisation.objects.branches())
    return _branch(request, branch) if branch else _branches(request)


def _shared(request, organisation: Organisation | None, year: int, today) -> dict[str, object]:
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "tabs": meeting_tabs(organisation, TALKS),
        "organisation": organisation.short_name if organisation else "",
        "year": year,
        "years": years_shown(request, year, today),
        "query": query.urlencode(),
    }


def _branch(request, branch: Organisation):
    today = current_day()
    year = year_asked(request, today)
    starts_on, ends_on = year_span(year, today)
    least = Values().on(TALKS_A_YEAR, ends_on)
    found = coverage([branch.pk], starts_on, ends_on, least).get(branch.pk) or Coverage(least)
    talks = Talk.objects.standing().filter(organisation=branch, held_on__year=year)
    show = request.GET.get("show", "")
    may_record = reaches(request.user, Action.RECORD_BRANCH_MEETING, branch.path)
    tally = {
        "missing": found.missing,
        "met": len(found.met),
        "records": talks.count(),
    }
    if show == "records":
        rows = talks.defer("content").prefetch_related("people__member").order_by("-held_on", "-pk")
    else:
        rows = _members(found, show)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = _shared(request, branch, year, today) | {
        "least": least,
        "members": found.members,
        "met": len(found.met),
        "chips": [
            {
                "label": label,
                "count": tally[key],
                "url": with_query(request, show="" if show == key else key),
                "current": show == key,
            }
            for key, label in (("missing", "还没谈够"), ("met", "已谈"), ("records", "谈话记录"))
        ],
        "page": page,
        "records": _record_rows(page, today, may_record) if show == "records" else [],
        "people": []
        if show == "records"
        else _people_rows(page, branch, found, (starts_on, ends_on), today, may_record),
        "show": show,
        "clear_url": with_query(request, show=""),
        "new_url": link("meetings:talk_new", branch=branch.code) if may_record else "",
    }
    return render(request, "meetings/talk_list.html", context)


def _members(found: Coverage, show: str) -> list[int]:
    """Members to list, those talked with least first."""
    met = set(found.met)
    wanted = [
        pk for pk in found.days if show not in ("missing", "met") or (pk in met) == (show == "met")
    ]
    return sorted(wanted, key=lambda pk: (pk in met, len(found.days[pk])))


def _people_rows(page, branch, found: Coverage, span, today, may_record: bool) -> list[dict]:
    names = dict(
        Member.objects.filter(pk__in=list(page), memberships__organisation=branch).values_list(
            "pk", "name"
        )
    )
    met = partners_of(branch, span, list(page))
    rows = []
    for pk in page:
        days = found.days[pk]
        rows.append(
            {
                "name": names[pk],
                "times": len(days),
                "last": short_date(days[-1], today) if days else "",
                "with_whom": met.get(pk, ""),
                "kind": "done" if len(days) >= found.least else "todo",
                "words": "已谈" if len(days) >= found.least else "未谈" if not days else "还差",
                "url": link("meetings:talk_new", branch=branch.code, members=pk)
                if may_record and len(days) < found.least
                else "",
            }
        )
    return rows


def _record_rows(page, today: datetime.date, may_record: bool) -> list[dict[str, str]]:
    rows = []
    for talk in page:
        people = list(talk.people.all())
        initiators = [row.member.name for row in people if row.is_initiator]
        rows.append(
            {
                "on": short_date(talk.held_on, today),
                "relation": talk.get_relation_display(),
                "by": "、".join([talk.outsider] * bool(talk.outsider) + initiators),
                "people": "、".join(row.member.name for row in people if not row.is_initiator),
                "url": reverse("meetings:talk_change", args=[talk.pk]) if may_record else "",
            }
        )
    return rows


def _branches(request):
    """Branches below the reader with how many members were talked with; the least first."""
    today = current_day()
    year = year_asked(request, today)
    starts_on, ends_on = year_span(year, today)
    above = named_organisation(request)
    branches = Organisation.objects.branches().visible_to(request.user)
    if above is not None:
        branches = branches.within(above)
    found = coverage(branches, starts_on, ends_on, Values().on(TALKS_A_YEAR, ends_on))
    order = sorted(found, key=lambda pk: (len(found[pk].met) / found[pk].members, pk))
    page = Paginator(order, PAGE).get_page(request.GET.get("page"))
    names = branches.in_bulk(list(page))
    context = _shared(request, above, year, today) | {
        "members": sum(one.members for one in found.values()),
        "met": sum(len(one.met) for one in found.values()),
        "rows": [_branch_row(names[pk], found[pk], year) for pk in page],
        "page": page,
    }
    return render(request, "meetings/talk_branches.html", context)


def _branch_row(branch: Organisation, found: Coverage, year: int) -> dict[str, object]:
    return {
        "name": branch.short_name,
        "url": link(TALKS, branch=branch.code, year=year),
        "members": found.members,
        "met": len(found.met),
        "missing": found.missing,
        "kind": "todo" if found.missing else "done",
        "words": f"还差 {found.missing} 人" if found.missing else "都谈过了",
    }


# --- The forms --------------------------------------------------------------------------------


def _own_member(branch: Organisation, user, today: datetime.date) -> int | None:
    """The user's own member key by the post held here, else the secretary's."""
    posts = Post.objects.on(today).filter(organisation=branch, member__isnull=False)
    for found in (posts.filter(account=user), posts.filter(title=PostTitle.SECRETARY)):
        if post := found.order_by("pk").first():
            return post.member_id
    return None


@require_http_methods(["GET", "HEAD", "POST"])
def talk_new(request):
    """登记谈话: one talk of several people, or one with each of them on the same day."""
    branch = chosen_branch(request, Action.RECORD_BRANCH_MEETING)
    if branch is None:
        return no_single_branch(request, TALKS)
    today = current_day()
    people = people_here(branch, request, "held_on")
    form = TalkForm(
        typed(request),
        initial=_first_values(request, branch, people),
        people=list(people.items()),
        private=works_here(request.user, branch),
        today=today,
    )
    if request.method == "POST" and form.is_valid():
        try:
            talks = services.register_talks(
                organisation=branch,
                facts=form.facts(),
                separately=form.separately,
                by=request.user,
                today=today,
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            count = f" {len(talks)} 次" if len(talks) > 1 else ""
            on = short_date(talks[0].held_on, today)
            messages.success(request, f"已登记谈话{count}，{on}")
            return redirect(_after(request, branch, talks[0].held_on.year))
    return _form_page(request, branch, form, people)


def _after(request, branch: Organisation, year: int) -> str:
    """Back to the duty's desk, to where the form was opened from, or to the list."""
    if request.GET.get("source", "").startswith("duty:") and (desk := link("desk")):
        return desk
    return safe_next(request) or link(TALKS, branch=branch.code, year=year)


def _first_values(request, branch: Organisation, people: dict[int, str]) -> dict[str, object]:
    asked = {int(key) for key in request.GET.getlist("members") if is_key(key)}
    members = [pk for pk in people if pk in asked]
    own = _own_member(branch, request.user, current_day())
    return {
        "held_on": current_day(),
        "manner": SEPARATELY,
        "initiators": [own] if own in people and own not in members else [],
        "members": members,
    }


def _form_page(request, branch, form, people: dict[int, str], talk=None, cancel_form=None):
    today = current_day()
    starts_on, ends_on = year_span(today.year, today)
    talked = talk_days(starts_on, ends_on, people)
    committee = committee_on(branch, today)
    chosen = {str(pk) for pk in form["initiators"].value() or []}
    lines = [
        {
            "pk": pk,
            "name": name,
            "note": f"{len(talked[pk])} 次" if pk in talked else "未谈",
            "seated": pk in committee or not committee,
            "initiates": str(pk) in chosen,
        }
        for pk, name in people.items()
    ]
    ticked = {str(pk) for pk in form["members"].value() or []}
    for line in lines:
        line["ticked"] = str(line["pk"]) in ticked
    context = {
        "tabs": meeting_tabs(branch, TALKS),
        "organisation": branch.short_name,
        "branch_code": branch.code,
        "form": form,
        "talk": talk,
        "committee": [line for line in lines if line["seated"]],
        "others": [line for line in lines if not line["seated"]],
        "others_open": any(line["initiates"] for line in lines if not line["seated"]),
        "people": sorted(lines, key=lambda line: len(talked.get(line["pk"], ()))),
        "list_url": link(TALKS, branch=branch.code),
        "cancel_form": cancel_form,
    }
    return render(request, "meetings/talk_form.html", context)


def _talk(request, pk: int) -> Talk:
    rows = Talk.objects.select_related("organisation__parent").prefetch_related("people")
    return get_for(rows, request.user, Action.RECORD_BRANCH_MEETING, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def talk_change(request, pk):
    """One talk put right; only who works in the branch opens it."""
    talk = _talk(request, pk)
    branch = talk.organisation
    if talk.cancelled_at:
        messages.warning(request, "这次谈话已作废，不能再改")
        return redirect(link(TALKS, branch=branch.code, year=talk.held_on.year))
    stored = services.facts_of(talk)
    people = people_here(branch, request, "held_on", stored.people)
    private = works_here(request.user, branch)
    form = TalkForm(
        typed(request),
        initial={
            "held_on": stored.held_on,
            "initiators": list(stored.initiators),
            "outsider": stored.outsider,
            "members": list(stored.members),
            "relation": stored.relation,
            "content": stored.content if private else "",
            "version": talk.version,
        },
        people=list(people.items()),
        private=private,
        today=current_day(),
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_talk(
                talk=talk,
                version=form.cleaned_data["version"] or 0,
                facts=form.facts(stored.content),
                by=request.user,
                today=current_day(),
            )
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, "已保存谈话")
            year = changed.held_on.year
            return redirect(link(TALKS, branch=branch.code, year=year, show="records"))
    cancel_form = CancelForm(initial={"version": talk.version}, auto_id="cancel_%s")
    return _form_page(request, branch, form, people, talk, cancel_form)


@require_POST
def talk_cancel(request, pk):
    """Take a talk back that was recorded by mistake."""
    talk = _talk(request, pk)
    back = link(TALKS, branch=talk.organisation.code, year=talk.held_on.year, show="records")
    form = CancelForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请写明作废的原因")
        return redirect("meetings:talk_change", talk.pk)
    try:
        services.cancel_talk(talk=talk, by=request.user, **form.cleaned_data)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(back)
    messages.success(request, "已作废，不再计入谈话次数")
    return redirect(back)
