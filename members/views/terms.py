import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Kind, Organisation
from branches.scope import is_superior
from branches.tabs import organisation_tabs
from branches.values import Values
from branches.words import full_date, one_line, short_date
from members.models import Election, Term
from members.services import Refused
from members.services.terms import correct_term, register_term
from members.term_forms import NoticeForm, TermCorrectionForm, TermForm
from members.terms import (
    REQUEST_MONTHS,
    TERM_KINDS,
    TermState,
    current_terms,
    is_waiting,
    ladder,
    live_requests,
    state_of,
    suggested_end,
    term_length,
)
from members.views.term_rights import (
    chosen_organisation,
    elected_organisations,
    may_keep,
    may_register_term,
    require,
    term_in_sight,
)

PAGE = 50
_NONE, _WAITING = "none", "waiting"
_BADGES = {
    TermState.OVER: "late",
    TermState.ENDING: "soon",
    TermState.ASKED: "wait",
    TermState.ELECTED: "done",
    TermState.RUNNING: "todo",
}


@require_safe
def term_list(request):
    """Terms by their end: of an organisation with its elections, and of everything below it."""
    today = current_day()
    organisation = chosen_organisation(request)
    rows = _rows(request, organisation, today)
    search = one_line(request.GET.get("q"), 60)
    rows = [row for row in rows if search in row["name"]] if search else rows
    counts = {_NONE: 0, _WAITING: 0, **dict.fromkeys(TermState.values, 0)}
    for row in rows:
        counts[row["state"]] += 1
        counts[_WAITING] += row["waiting"]
    chosen = request.GET.get("state", "")
    shown = [row for row in rows if _fits(row, chosen)]
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    may_notify = any(row["pick"] for row in page)
    context = {
        "tabs": organisation_tabs(organisation, "members:terms"),
        "title": f"{organisation.short_name}换届" if organisation else "换届",
        "context_text": _context_text(counts, own_only=organisation and organisation.is_branch),
        "own": _own(request, organisation, today) if organisation else None,
        "show_list": organisation is None or not organisation.is_branch,
        "chips": _chips(request, counts, chosen),
        "search": search,
        "hidden": [(key, value) for key, value in query.items() if key != "q"],
        "rows": list(page),
        "page": page,
        "query": query.urlencode(),
        "conditions_text": "、".join(filter(None, [search, _labels().get(chosen)])),
        "clear_url": link("members:terms", branch=organisation.code if organisation else ""),
        "notice": {
            "url": reverse("members:term_notices"),
            "form": NoticeForm(today=today, initial={"on": full_date(today)}),
            "next": request.get_full_path(),
        }
        if may_notify
        else None,
    }
    return render(request, "members/term_list.html", context)


def _labels() -> dict[str, str]:
    return {
        TermState.OVER.value: "超期",
        _WAITING: "待批复",
        TermState.ENDING.value: "6 个月内",
        TermState.ASKED.value: "已报方案",
        TermState.ELECTED.value: "已换届",
        TermState.RUNNING.value: "未到期",
        _NONE: "未登记",
    }


def _chips(request, counts: dict[str, int], chosen: str) -> list[dict[str, object]]:
    return [
        {
            "label": label,
            "count": counts[key],
            "url": with_query(request, state="" if chosen == key else key),
            "current": chosen == key,
        }
        for key, label in _labels().items()
        if counts[key] or chosen == key
    ]


def _fits(row: dict, chosen: str) -> bool:
    if chosen == _WAITING:
        return row["waiting"]
    return chosen not in _labels() or row["state"] == chosen


def _context_text(counts: dict[str, int], *, own_only) -> str:
    if own_only:
        return ""
    return f"超期 {counts['over']} 个，6 个月内届满 {counts['ending']} 个，待批复 {counts[_WAITING]} 份"


def _rows(request, organisation, today: datetime.date) -> list[dict[str, object]]:
    """A row for each elected organisation in reach, earliest end first, unregistered ones last."""
    organisations = elected_organisations(request.user).standing(today, today)
    if organisation is not None:
        organisations = organisations.within(organisation).exclude(pk=organisation.pk)
    terms = current_terms(organisations, today)
    requests = live_requests(organisations, today)
    rows = []
    for one in organisations.select_related("parent").order_by("code"):
        term = terms.get(one.pk)
        found = requests.get(term.pk, []) if term else []
        rows.append(_row(request.user, one, term, found, today))
    return sorted(rows, key=lambda row: row["runs_to"])


def _row(user, organisation, term: Term | None, requests, today) -> dict[str, object]:
    row = {
        "name": organisation.short_name,
        "kind": organisation.get_kind_display(),
        "above": organisation.parent.short_name if organisation.parent else "",
    }
    if term is None:
        url = link("members:terms", branch=organisation.code)
        return row | {
            "url": url, "state": _NONE, "badge": "todo", "state_words": "未登记",
            "runs_to": datetime.date.max, "waiting": False, "pick": None,
        }  # fmt: skip
    state = state_of(term, requests, today)
    waiting = any(is_waiting(request, today) for request in requests)
    may_notify = state in (TermState.OVER, TermState.ENDING) and term.notified_on is None
    distance, near = distance_words(term.runs_to, today)
    return row | {
        "url": reverse("members:term", args=[term.pk]),
        "state": state.value,
        "badge": _BADGES[state],
        "state_words": state.label,
        "runs_to": term.runs_to,
        "started": full_date(term.starts_on),
        "end": full_date(term.runs_to),
        "first_end": full_date(term.ends_on) if term.postponed_to else "",
        "distance": distance,
        "distance_kind": near,
        "progress": _progress(term, requests, today),
        "waiting": waiting,
        "pick": term.pk if may_notify and is_superior(user, organisation) else None,
    }


def distance_words(end: datetime.date, today: datetime.date) -> tuple[str, str]:
    """How far the end is, and whether that is late or soon."""
    days = (end - today).days
    if days < 0:
        return f"超期 {-days} 天", "late"
    if days == 0:
        return "今天届满", "soon"
    return f"还剩 {days} 天", "soon" if days <= 31 else ""


def _progress(term: Term, requests, today: datetime.date) -> str:
    """What was done towards the next election: 已提醒 3月1日，请示待批复."""
    words = []
    if term.notified_on:
        words.append(f"{short_date(term.notified_on, today)}已提醒")
    for request in requests[-2:]:
        name = request.get_kind_display()
        if is_waiting(request, today):
            words.append(f"{name}待批复")
        else:
            words.append(f"{name}{short_date(request.decided_on, today)}批复")
    return "，".join(words)


def _own(request, organisation: Organisation, today) -> dict[str, object] | None:
    """The organisation's own terms and elections; None for bodies that are appointed."""
    if organisation.kind not in TERM_KINDS:
        return None
    if not organisation.holds_relations:
        note = f"{organisation.get_form_display()}党支部不换届，班子由批准成立的党组织指定。"
        return {"note": note, "terms": [], "elections": []}
    current = current_terms([organisation.pk], today).get(organisation.pk)
    length = term_length(organisation.kind, organisation.sector)
    keeps = may_keep(request.user, organisation)
    terms = organisation.terms.select_related("election").order_by("-ends_on")
    elections = Election.objects.filter(organisation=organisation)
    return {
        "length": f"每届任期{length.words}",
        "terms": [
            {
                "url": reverse("members:term", args=[term.pk]),
                "span": f"{full_date(term.starts_on) or '选举日期未登记'}—{full_date(term.ends_on)}",
                "postponed": full_date(term.postponed_to),
                "is_current": current is not None and term.pk == current.pk,
                "distance": distance_words(term.runs_to, today),
            }
            for term in terms
        ],
        "elections": [
            {
                "url": reverse("members:election", args=[election.pk]),
                "held": full_date(election.held_on),
                "kind": "换届选举" if election.term_id else "补选",
                "present": election.present,
                "should": election.should_attend,
                "filed": full_date(election.filed_on),
            }
            for election in elections
        ],
        "register_url": link("members:term_register", branch=organisation.code)
        if may_register_term(request.user, organisation)
        else "",
        "election_url": link("members:election_register", branch=organisation.code)
        if keeps
        else "",
        "current_url": reverse("members:term", args=[current.pk]) if current else "",
        "is_due": current is not None
        and may_keep(request.user, organisation)
        and ladder(current.runs_to, today)[0].reached,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def term_register(request):
    """Put a term on record whose election is not recorded here; after the first one, the superior."""
    organisation = chosen_organisation(request, Action.KEEP_POSTS)
    if organisation is None:
        messages.warning(request, "请先选一个党组织，再登记届期")
        return redirect("members:terms")
    require(may_register_term(request.user, organisation))
    today = current_day()
    form = TermForm(request.POST or None, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            term = register_term(
                organisation=organisation, by=request.user, today=today, **form.cleaned_data
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, f"已登记{full_date(term.ends_on)}届满的一届")
            return redirect("members:term", term.pk)
    return _form_page(request, organisation, form, title="登记届期")


@require_http_methods(["GET", "HEAD", "POST"])
def term_change(request, pk):
    """Put the days of a term right: for the superior, as the duties of 换届 hang on them."""
    term = term_in_sight(request, pk)
    require(is_superior(request.user, term.organisation))
    today = current_day()
    initial = {"starts_on": full_date(term.starts_on), "ends_on": full_date(term.ends_on)}
    form = TermCorrectionForm(request.POST or None, today=today, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changed = correct_term(term=term, by=request.user, today=today, **form.cleaned_data)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已更正届期" if changed else "没有改动")
            return redirect("members:term", term.pk)
    return _form_page(request, term.organisation, form, title="更正届期", term=term)


def _form_page(request, organisation, form, *, title: str, term: Term | None = None):
    length = term_length(organisation.kind, organisation.sector)
    context = {
        "title": title,
        "form": form,
        "organisation": organisation.name,
        "length_text": length_text(organisation),
        "example": full_date(suggested_end(current_day(), organisation.kind, organisation.sector))
        if length
        else "",
        "list_url": link("members:terms", branch=organisation.code),
        "back_url": reverse("members:term", args=[term.pk])
        if term
        else link("members:terms", branch=organisation.code),
    }
    return render(request, "members/term_form.html", context)


def length_text(organisation: Organisation) -> str:
    """How long a term is here, and by which source."""
    length = term_length(organisation.kind, organisation.sector)
    if length is None:
        return ""
    whose = "村、社区党组织" if length.is_must else organisation.get_kind_display()
    if not length.is_must and organisation.kind == Kind.COMMITTEE:
        whose = "党的基层委员会"
    return f"{whose}每届任期{length.words}（《关于党的基层组织任期的意见》，2018）"


def add_refusal(form, refused: Refused) -> None:
    """Put what the service refused beside the field it means."""
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


def request_months(today: datetime.date) -> int:
    """How many months before the end the county wants the request."""
    return Values().on(REQUEST_MONTHS, today)
