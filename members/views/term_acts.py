"""One term: where it stands on its ladder, and what is asked and decided about it."""

import datetime

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from branches.clock import today as current_day
from branches.links import link, safe_next
from branches.periods import add_months
from branches.scope import is_superior
from branches.tabs import organisation_tabs
from branches.timeline import history_of
from branches.words import full_date
from members.enums import RequestKind, RequestState
from members.models import Term, TermRequest
from members.services import Refused
from members.services.terms import TRAIL_AREA, ask, decide, give_notices
from members.term_forms import DecisionForm, ElectionRequestForm, NoticeForm, PostponementForm
from members.terms import (
    NOTICE_MONTHS,
    TermState,
    current_terms,
    is_long_shift,
    ladder,
    live_requests,
    state_of,
)
from members.views.term_letters import keys_in
from members.views.term_rights import (
    may_ask,
    may_keep,
    request_in_sight,
    require,
    term_in_sight,
)
from members.views.terms import add_refusal, distance_words, length_text, request_months

SHIFT_WARNING = (
    "超过 1 年。延期或者提前一般不超过 1 年，须经上级党组织批准"
    "（中国共产党基层组织选举工作条例（2020）第三条；支部工作条例（试行）（2018）第二十一条）"
)
# About six months before is meant; a letter years ahead reminds nobody.
_EARLIEST_NOTICE = NOTICE_MONTHS + 2


@require_safe
def term_detail(request, pk):
    """One term with its ladder, its requests, and the forms that fit the reader."""
    return _page(request, term_in_sight(request, pk))


def _page(request, term: Term, **bound):
    """The page; `bound` holds a form that was refused, by its name."""
    today = current_day()
    organisation = term.organisation
    current = current_terms([organisation.pk], today).get(organisation.pk)
    is_closed = current is not None and current.pk != term.pk
    live = live_requests([organisation.pk], today).get(term.pk, [])
    requests = list(term.requests.select_related("decided_by"))
    distance, near = distance_words(term.runs_to, today)
    steps = ladder(term.runs_to, today, request_months=request_months(today), is_closed=is_closed)
    context = {
        "pk": term.pk,
        "tabs": organisation_tabs(organisation, "members:terms"),
        "list_url": link("members:terms", branch=organisation.code),
        "term": {
            "organisation": organisation.name,
            "short": organisation.short_name,
            "started": full_date(term.starts_on),
            "ends": full_date(term.ends_on),
            "postponed": full_date(term.postponed_to),
            "reason": term.postponement_reason,
            "length_text": length_text(organisation),
            "distance": distance,
            "distance_kind": near,
            "notice": _notice_text(term),
        },
        "badge": _badge(term, live, today, is_closed),
        "is_closed": is_closed,
        # An early election may be asked for at any time, but is not offered first.
        "fold_request": not (steps and steps[0].reached)
        or any(one.kind == RequestKind.ELECTION for one in live),
        "elects_next": any(
            one.kind == RequestKind.ELECTION and one.state == RequestState.APPROVED for one in live
        ),
        "current_url": reverse("members:term", args=[current.pk]) if is_closed else "",
        "steps": _steps(term, requests, live, current if is_closed else None, steps),
        "ladder": _rungs(steps, today),
        "warning": _long_postponement(term, live),
        "requests": [_request(term, one) for one in requests],
        "history": history_of(TRAIL_AREA, term.pk, today),
        "change_url": reverse("members:term_change", args=[term.pk])
        if is_superior(request.user, organisation)
        else "",
        **_acts(request, term, requests, is_closed, bound, today),
    }
    return render(request, "members/term_detail.html", context)


def _acts(request, term: Term, requests, is_closed: bool, bound: dict, today) -> dict:
    """The forms and buttons of the reader; none once a new term exists, but for printing."""
    organisation, user = term.organisation, request.user
    waiting = [one for one in requests if one.state == RequestState.ASKED]
    acts = {
        "letter_url": link("members:term_letters", term=term.pk) if term.notified_on else "",
        "notice_form": None,
        "decisions": [],
        "election_form": None,
        "postponement_form": None,
        "election_url": "",
    }
    if is_closed:
        return acts
    started = {"asked_on": full_date(today)}
    if is_superior(user, organisation):
        acts["decisions"] = [_decision(one, bound, today, term) for one in waiting]
        if not term.notified_on and add_months(term.runs_to, -_EARLIEST_NOTICE) <= today:
            acts["notice_form"] = bound.get("notice") or NoticeForm(
                today=today, initial={"on": full_date(today)}
            )
    if may_ask(user, organisation):
        kinds = {one.kind for one in waiting}
        if RequestKind.ELECTION not in kinds:
            acts["election_form"] = bound.get("election") or ElectionRequestForm(
                today=today, initial=started, auto_id="election_%s"
            )
        if RequestKind.POSTPONEMENT not in kinds:
            acts["postponement_form"] = bound.get("postponement") or PostponementForm(
                today=today, initial=started, auto_id="postponement_%s"
            )
    if may_keep(user, organisation):
        acts["election_url"] = link("members:election_register", branch=organisation.code)
    return acts


def _decision(one: TermRequest, bound: dict, today, term: Term) -> dict[str, object]:
    return {
        "url": reverse("members:term_decide", args=[one.pk]),
        "title": f"批复{one.get_kind_display()}",
        "asks": _asks(one),
        "reason": one.reason,
        "is_long": is_long_shift(term.ends_on, one.to_on),
        "form": bound.get(f"decision-{one.pk}")
        or DecisionForm(
            today=today, initial={"on": full_date(today)}, auto_id=f"decision_{one.pk}_%s"
        ),
    }


def _asks(one: TermRequest) -> str:
    verb = "延期至" if one.kind == RequestKind.POSTPONEMENT else "拟选举日期"
    return f"{verb}{full_date(one.to_on)}"


def _shift(term: Term, one: TermRequest) -> str:
    """A warning where what is asked lies more than a year from the end."""
    return f"{_asks(one)}，{SHIFT_WARNING}" if is_long_shift(term.ends_on, one.to_on) else ""


def _long_postponement(term: Term, live) -> str:
    """A warning of a postponement, approved or asked for, of more than a year."""
    if term.postponed_to and is_long_shift(term.ends_on, term.postponed_to):
        return f"批准延期至{full_date(term.postponed_to)}，{SHIFT_WARNING}"
    return next((words for words in (_shift(term, one) for one in live) if words), "")


def _notice_text(term: Term) -> str:
    if not term.notified_on:
        return ""
    return f"{full_date(term.notified_on)} {term.notice_number}".strip()


def _badge(term: Term, live, today, is_closed: bool) -> dict[str, str]:
    if is_closed:
        return {"kind": "done", "text": "已换届"}
    state = state_of(term, live, today)
    kinds = {TermState.OVER: "late", TermState.ENDING: "soon", TermState.ASKED: "wait"}
    text = "任期内" if state in (TermState.ELECTED, TermState.RUNNING) else state.label
    return {"kind": kinds.get(state, "run"), "text": text}


def _steps(term: Term, requests, live, successor: Term | None, rungs) -> list[dict[str, str]]:
    """提醒函 → 请示 → 批复 → 选举 → 备案, and how far it has come."""
    asked = next((one for one in reversed(live) if one.kind == RequestKind.ELECTION), None)
    election = getattr(successor, "election", None) if successor else None
    approved = asked is not None and asked.state == RequestState.APPROVED
    days = {step.rung: step.on for step in rungs}
    names = [
        ("提醒函", term.notified_on, days.get("notice")),
        ("请示", asked.asked_on if asked else None, days.get("request")),
        ("批复", asked.decided_on if approved else None, None),
        ("选举", successor.starts_on or successor.ends_on if successor else None, days.get("due")),
        ("备案", election.filed_on if election else None, None),
    ]
    done = [index for index, (_name, on, _due) in enumerate(names) if on]
    current = max(done, default=-1) + 1
    return [
        {
            "name": name,
            "state": "done" if on else "current" if index == current else "todo",
            "note": full_date(on) if on else f"{full_date(due)}前" if due else "",
        }
        for index, (name, on, due) in enumerate(names)
    ]


def _rungs(steps, today: datetime.date) -> list[dict[str, object]]:
    return [
        {"label": step.rung.label, "on": full_date(step.on), "reached": step.reached}
        for step in steps
    ]


def _request(term: Term, one: TermRequest) -> dict[str, object]:
    return {
        "title": one.get_kind_display(),
        "asked": full_date(one.asked_on),
        "number": one.number,
        "asks": _asks(one),
        "reason": one.reason,
        "kind": {RequestState.ASKED: "wait", RequestState.APPROVED: "done"}.get(one.state, "soon"),
        "state_words": one.get_state_display(),
        "decided": full_date(one.decided_on),
        "decided_by": str(one.decided_by or ""),
        "opinion": one.opinion,
        "is_long": is_long_shift(term.ends_on, one.to_on),
        "letter_url": reverse("members:term_request_letter", args=[one.pk]),
    }


# --- Acts ------------------------------------------------------------------------------


@require_POST
def notices_give(request):
    """发提醒函 for those ticked; the letters are shown to be printed."""
    today = current_day()
    terms = list(
        Term.objects.visible_to(request.user)
        .filter(pk__in=keys_in(request.POST))
        .select_related("organisation__parent")
        .order_by("organisation__code")
    )
    require(all(is_superior(request.user, term.organisation) for term in terms))
    form = NoticeForm(request.POST, today=today)
    back = safe_next(request) or reverse("members:terms")
    if not form.is_valid():
        return _back(
            request,
            terms,
            form,
            "；".join(one for found in form.errors.values() for one in found),
            back,
        )
    try:
        give_notices(
            terms=terms,
            first_number=form.cleaned_data["number"],
            on=form.cleaned_data["on"],
            by=request.user,
            today=today,
        )
    except Refused as refused:
        add_refusal(form, refused)
        return _back(request, terms, form, str(refused), back)
    messages.success(request, f"已记下 {len(terms)} 份提醒函，可以打印")
    return redirect(_letters_url(terms))


def _back(request, terms, form, message: str, back: str):
    """To the page of the one term with its form, or to the list with what was wrong."""
    if len(terms) == 1 and request.POST.get("single"):
        return _page(request, terms[0], notice=form)
    messages.warning(request, message)
    return redirect(back)


def _letters_url(terms) -> str:
    keys = "&".join(f"term={term.pk}" for term in terms)
    return f"{reverse('members:term_letters')}?{keys}"


@require_POST
def term_ask(request, pk):
    """提出换届请示."""
    return _ask(request, pk, RequestKind.ELECTION, ElectionRequestForm, "election")


@require_POST
def term_postpone(request, pk):
    """提出延期换届请示."""
    return _ask(request, pk, RequestKind.POSTPONEMENT, PostponementForm, "postponement")


def _ask(request, pk: int, kind: RequestKind, form_class, name: str):
    term = term_in_sight(request, pk)
    require(may_ask(request.user, term.organisation))
    today = current_day()
    form = form_class(request.POST, today=today, auto_id=f"{name}_%s")
    if form.is_valid():
        try:
            one = ask(term=term, kind=kind, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已提出{one.get_kind_display()}，等上级批复")
            if warning := _shift(term, one):
                messages.warning(request, warning)
            return redirect("members:term", term.pk)
    return _page(request, term, **{name: form})


@require_POST
def request_decide(request, pk):
    """批复: the button says whether it is approved or returned."""
    one = request_in_sight(request, pk)
    term = one.term
    require(is_superior(request.user, term.organisation))
    today = current_day()
    form = DecisionForm(request.POST, today=today, auto_id=f"decision_{one.pk}_%s")
    if form.is_valid():
        approved = request.POST.get("act") == "approve"
        try:
            decide(
                request=one, approved=approved, by=request.user, today=today, **form.cleaned_data
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已{'同意' if approved else '退回'}{one.get_kind_display()}")
            return redirect("members:term", term.pk)
    return _page(request, term, **{f"decision-{one.pk}": form})
