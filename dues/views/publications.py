"""公示: what a branch posts of its dues for the members, on screen and on paper."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.choice import chosen_branch, narrowed
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.paper import name_on_paper
from branches.periods import Period, Span, period_of
from branches.scope import reaches
from branches.values import Values
from branches.words import full_date, one_line
from dues import publishing
from dues.models import Publication
from dues.publication_forms import PostingForm, TakeBackForm
from dues.publishing import Posting
from dues.services import Refused, publications
from dues.tabs import dues_tabs
from dues.values import PUBLISH_EVERY
from dues.views.publication_overview import overview
from dues.words import money

PAGE = "dues:publication"


@require_safe
def dues_publication(request):
    """The sheet of one branch and period with its form; for overseers the branches below."""
    branches, branch = narrowed(request, Organisation.objects.branches())
    if branch is None:
        return overview(request, branches, _period(request, None))
    return _page(request, branch, _period(request, branch))


def _period(request, branch: Organisation | None) -> Period:
    """The period named, that of the duty that led here, or the next one to be posted."""
    today = current_day()
    typed = one_line(request.POST.get("period") or request.GET.get("period"), 10)
    if typed:
        period = publishing.period_asked(typed)
        if period is None:
            raise Http404
        return period
    source = request.GET.get("source", "").rpartition(":")[2]
    if quarter := publishing.period_asked(source):
        every = Values().on(PUBLISH_EVERY, quarter.ends_on)
        return publishing.asked_period(quarter, every) or quarter
    return publishing.usual_period(branch, today)


def _page(request, branch: Organisation, period: Period, **bound):
    """The page; `bound` holds a form that was refused, by its name."""
    today = current_day()
    posting = Posting(branch, period, today)
    publication = Publication.objects.filter(organisation=branch, period=str(period)).first()
    may_enter = reaches(request.user, Action.ENTER_DUES, branch.path)
    changed = publication is not None and posting.differs_from(publication)
    here = {"branch": branch.code, "period": str(period)}
    context = {
        "tabs": dues_tabs(branch, PAGE),
        "organisation": branch.short_name,
        "code": branch.code,
        "period": str(period),
        "period_label": period.label,
        "years": year_links(branch.code, period, today),
        "periods": period_links(branch.code, period),
        "mark": _mark(branch, period, today),
        "posted": _shown(publication) if publication else None,
        "changed": changed,
        "now": {"count": posting.member_count, "amount": money(posting.amount)},
        "posting": posting,
        "may_mark": today >= period.ends_on.replace(day=1),
        "form": (bound.get("form") or _form(branch, period, publication, today, changed))
        if may_enter and posting.lines
        else None,
        "take_back_form": (bound.get("take_back") or TakeBackForm(auto_id="back_%s"))
        if may_enter and publication
        else None,
        "paper_url": link("dues:publication_paper", **here, now="1"),
        "earlier": _earlier(branch),
    }
    return render(request, "dues/publication.html", context)


def _form(branch, period: Period, publication, today, changed: bool) -> PostingForm:
    """Filled in with what is stored, or with what is usual."""
    if publication:
        first, last = publication.posted_on, publication.posted_until
        person, phone = publishing.split_contact(publication.contact)
    else:
        first, last = publishing.usual_days(period, today)
        person, phone = publishing.last_contact(branch)
    initial = {"posted_on": first, "posted_until": last, "person": person, "phone": phone}
    return PostingForm(today=today, changed=changed, initial=initial)


def year_links(code: str, period: Period, today: datetime.date) -> list[dict[str, object]]:
    """The years to choose from, each with the part of the year that is shown."""
    tail = str(period)[4:]
    year = period.starts_on.year
    return [
        {
            "label": f"{shown}年",
            "url": link(PAGE, branch=code, period=f"{shown}{tail}"),
            "current": shown == year,
        }
        for shown in sorted({today.year - 1, today.year, year})
    ]


def period_links(code: str, period: Period) -> list[dict[str, object]]:
    """Quarters, half-years and the whole of the year shown; those the county asks for first."""
    year = period.starts_on.year
    parts = [
        *((Span.QUARTER, month) for month in (1, 4, 7, 10)),
        *((Span.HALF, month) for month in (1, 7)),
        (Span.YEAR, 1),
    ]
    shown = [period_of(span, datetime.date(year, month, 1)) for span, month in parts]
    return [
        {
            "label": one.label.split("年", 1)[1] or "全年",
            "url": link(PAGE, branch=code, period=str(one)),
            "current": one == period,
        }
        for one in shown
    ]


def _mark(branch: Organisation, period: Period, today: datetime.date) -> dict[str, str]:
    """As the rule judges: sheets of other periods count for the months they hold."""
    posted = publishing.posted_in(period).filter(organisation=branch)
    day = publishing.covered_on(posted, period)
    kind, words = publishing.mark_of(day, period, Values(), today)
    return {"kind": kind, "text": f"{full_date(day)}{words}"}


def _shown(publication: Publication) -> dict[str, object]:
    return {
        "label": publishing.period_asked(publication.period).label,
        "url": link(PAGE, branch=publication.organisation.code, period=publication.period),
        "days": f"{full_date(publication.posted_on)}至{full_date(publication.posted_until)}",
        "contact": publication.contact,
        "count": publication.member_count,
        "amount": money(publication.amount),
        "by": str(publication.posted_by or ""),
    }


def _earlier(branch: Organisation) -> list[dict[str, object]]:
    rows = Publication.objects.filter(organisation=branch)
    rows = rows.select_related("posted_by", "organisation").order_by("-starts_on", "-ends_on")
    return [_shown(one) for one in rows[:12]]


# --- Writing --------------------------------------------------------------------------------


def _branch_to_enter(request) -> Organisation:
    branch = chosen_branch(request, Action.ENTER_DUES)
    if branch is None:
        raise PermissionDenied
    return branch


@require_http_methods(["GET", "HEAD", "POST"])
def publication_post(request):
    """标为已公示, or what was posted put right; opened by itself it is the page."""
    today = current_day()
    branch = _branch_to_enter(request)
    period = _period(request, branch)
    if request.method != "POST":
        return _page(request, branch, period)
    known = Publication.objects.filter(organisation=branch, period=str(period)).first()
    form = PostingForm(request.POST, today=today, changed="posted_anew" in request.POST)
    if form.is_valid():
        facts = {"period": period, "by": request.user, "today": today, **form.cleaned_data}
        try:
            if known:
                publications.correct_posting(publication=known, **facts)
            else:
                facts.pop("posted_anew", None)
                publications.mark_posted(organisation=branch, **facts)
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"{period.label}{'公示已更正' if known else '已标为公示'}")
            return redirect(link(PAGE, branch=branch.code, period=str(period)))
    return _page(request, branch, period, form=form)


@require_POST
def publication_take_back(request):
    """撤销公示: with the reason."""
    branch = _branch_to_enter(request)
    period = _period(request, branch)
    known = Publication.objects.filter(organisation=branch, period=str(period)).first()
    if known is None:
        raise Http404
    form = TakeBackForm(request.POST, auto_id="back_%s")
    if form.is_valid():
        try:
            publications.take_back(
                publication=known, period=period, reason=form.cleaned_data["reason"],
                by=request.user,
            )  # fmt: skip
        except Refused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, f"已撤销{period.label}的公示")
            return redirect(link(PAGE, branch=branch.code, period=str(period)))
    return _page(request, branch, period, take_back=form)


# --- Paper ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def publication_paper(request):
    """The sheet to post: with the days and the contact of the form it is sent with, or else those
    stored or usual. Writes nothing."""
    today = current_day()
    branch = chosen_branch(request)
    if branch is None:
        raise Http404
    period = _period(request, branch)
    known = Publication.objects.filter(organisation=branch, period=str(period)).first()
    if request.method == "POST":
        form = PostingForm(request.POST, today=today, changed="posted_anew" in request.POST)
        if form.is_valid() and form.cleaned_data["posted_until"] < form.cleaned_data["posted_on"]:
            form.add_error("posted_until", "公示结束日期不能早于开始日期")
        if not form.is_valid():
            return _page(request, branch, period, form=form)
        typed = form.cleaned_data
    else:
        typed = _form(branch, period, known, today, False).initial
    context = _paper(branch, Posting(branch, period, today), typed)
    now = request.method == "POST" or request.GET.get("now") == "1"
    return render(request, "print/dues_publication.html", context | {"print_now": now})


def _paper(branch: Organisation, posting: Posting, typed) -> dict[str, object]:
    period = posting.period
    first, last = typed["posted_on"], typed["posted_until"]
    sheets = posting.sheets()
    return {
        "back_url": link(PAGE, branch=branch.code, period=str(period)),
        "title": publishing.title_of(period),
        "organisation": name_on_paper(branch),
        "sentence": publishing.opening_sentence(
            period, first, last, typed["person"], typed["phone"]
        ),
        "headings": [label for label, _months in posting.columns],
        "sheets": sheets,
        "sheet_count": len(sheets),
        "totals": posting.totals,
        "total": money(posting.amount),
        "member_count": posting.member_count,
        "narrow": posting.narrow,
        "small": posting.small,
        "signature": publishing.signature(branch, first),
        "signed_on": full_date(first),
        "printed_text": "",
    }
