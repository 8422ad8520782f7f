import datetime

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.periods import add_months
from branches.scope import is_superior, reaches
from branches.tabs import organisation_tabs
from branches.timeline import history_of
from branches.typed import Unreadable, read_date
from branches.values import Values
from branches.words import full_date
from members import elections
from members.enums import PostTitle, RequestKind, RequestState
from members.models import Candidate, Election, TermRequest
from members.services import Refused
from members.services.elections import (
    TRAIL_AREA,
    correct_election,
    file_result,
    record_election,
    report_result,
)
from members.term_forms import (
    CandidateFormSet,
    CountsForm,
    DayForm,
    ElectionForm,
    VotesForm,
    electors,
    resolved,
)
from members.terms import (
    BASE_IS_SHOULD_ATTEND,
    REPORT_MONTHS,
    TERM_KINDS,
    current_terms,
    suggested_end,
)
from members.views.term_rights import chosen_organisation, election_in_sight, require
from members.views.terms import add_refusal, length_text

DISPUTED = (
    "当选要超过半数，但以应到会还是实到会的人数为基数，公开资料说法不一，条文待核实。"
    "两种算法都列在这里，由上级党组织认定，系统不会拒绝结果。"
)
_LINES = 8
_MORE_LINES = 4
# A roster longer than this is not offered as suggestions.
_MOST_NAMES = 300


@require_http_methods(["GET", "HEAD", "POST"])
def election_register(request):
    """The form for an election held; the number of electors is that of the roster of the day."""
    organisation = chosen_organisation(request, Action.KEEP_POSTS)
    if organisation is None:
        messages.warning(request, "请先选一个党组织，再登记选举")
        return redirect("members:terms")
    require(organisation.kind in TERM_KINDS and organisation.holds_relations)
    today = current_day()
    if request.method != "POST":
        form = ElectionForm(today=today, initial=_initial(organisation, today))
        return _form_page(request, organisation, form, _blank_lines(_LINES), today)
    form = ElectionForm(request.POST, today=today)
    lines = CandidateFormSet(request.POST, prefix="candidate")
    if "more" in request.POST or "reload" in request.POST:
        return _reloaded(request, organisation, today)
    if form.is_valid() and lines.is_valid():
        recorded = _record(request, organisation, form, lines, today)
        if recorded is not None:
            messages.success(request, _said(recorded))
            if not recorded.posts_changed and recorded.term:
                messages.warning(
                    request, "这之后还有换届记录，现任班子没有改动；需要时在“班子任职”里补登"
                )
            return redirect("members:election", recorded.election.pk)
    return _form_page(request, organisation, form, lines, today)


def _initial(organisation: Organisation, today: datetime.date) -> dict[str, str]:
    """The day approved if it has come, else today; as many electors as the roster had."""
    asked = (
        TermRequest.objects.filter(
            term__organisation=organisation,
            kind=RequestKind.ELECTION,
            state=RequestState.APPROVED,
            to_on__lte=today,
            term__in=[term.pk for term in current_terms([organisation.pk], today).values()],
        )
        .order_by("-to_on")
        .first()
    )
    held_on = asked.to_on if asked else today
    return {"held_on": full_date(held_on), "voters": str(electors(organisation, held_on).count())}


def _blank_lines(count: int, initial: list[dict] | None = None):
    lines = initial or []
    blank = [{"is_nominated": True} for _ in range(max(count - len(lines), 0))]
    return CandidateFormSet(prefix="candidate", initial=[*lines, *blank])


def _reloaded(request, organisation: Organisation, today: datetime.date):
    """The same form with what was typed, more lines, or the number of electors of the day typed."""
    typed = {name: request.POST.get(name, "") for name in ElectionForm.base_fields}
    try:
        held_on = read_date(typed["held_on"], year=today.year) or today
    except Unreadable:
        held_on = today
    if "reload" in request.POST:
        typed["voters"] = str(electors(organisation, held_on).count())
    count = request.POST.get("candidate-TOTAL_FORMS", "")
    count = min(int(count), 60) if count.isdecimal() and len(count) < 4 else _LINES
    lines = [
        {
            "name": request.POST.get(f"candidate-{line}-name", ""),
            "votes": request.POST.get(f"candidate-{line}-votes", ""),
            "title": request.POST.get(f"candidate-{line}-title", ""),
            "is_nominated": f"candidate-{line}-is_nominated" in request.POST,
            "is_elected": f"candidate-{line}-is_elected" in request.POST,
        }
        for line in range(count)
    ]
    more = _MORE_LINES if "more" in request.POST else 0
    formset = _blank_lines(min(count + more, 60), lines)
    form = ElectionForm(today=today, initial=typed)
    return _form_page(request, organisation, form, formset, today, held_on)


def _record(request, organisation, form, lines, today):
    """Record what was typed; None when something was refused, which the forms then say."""
    cleaned = form.cleaned_data
    filled = [line for line in lines if line.cleaned_data.get("name")]
    typed = [line.cleaned_data for line in filled]
    candidates, faults = resolved(typed, organisation, cleaned["held_on"])
    for line, fault in faults.items():
        filled[line].add_error("name", fault)
    if faults:
        return None
    is_by = cleaned["kind"] == "by"
    ends_on = cleaned["ends_on"] or suggested_end(
        cleaned["held_on"], organisation.kind, organisation.sector
    )
    try:
        return record_election(
            organisation=organisation,
            held_on=cleaned["held_on"],
            ends_on=None if is_by else ends_on,
            counts=form.counts(),
            candidates=candidates,
            is_by_election=is_by,
            by=request.user,
            today=today,
        )
    except Refused as refused:
        add_refusal(form, refused)
        return None


def _said(recorded) -> str:
    if recorded.term:
        return f"已登记选举，新一届至{full_date(recorded.term.ends_on)}届满"
    if recorded.posts_changed:
        return "已登记补选，职务已更新"
    return "已登记选举；没有人当选，没有开始新一届"


def _form_page(request, organisation, form, lines, today, held_on=None):
    day = held_on or _day_of(form, today)
    voters = electors(organisation, day)
    count = voters.count()
    names = (
        list(voters.values_list("member__name", "member__id_number_mask"))
        if count <= _MOST_NAMES
        else []
    )
    context = {
        "form": form,
        "lines": lines,
        "organisation": organisation.name,
        "branch": organisation.code,
        "kinds": [
            {"value": value, "label": label, "checked": (form["kind"].value() or "") == value}
            for value, label in ElectionForm.KINDS
        ],
        "length_text": length_text(organisation),
        "roster_text": f"{full_date(day)}名册上有正式党员 {count} 人",
        "names": _told_apart(names),
        "list_url": link("members:terms", branch=organisation.code),
    }
    return render(request, "members/election_form.html", context)


def _told_apart(names: list[tuple[str, str]]) -> list[str]:
    """Names as they may be typed; two of one name with the last digits of their numbers."""
    seen = [name for name, _mask in names]
    return [f"{name}({mask[-4:]})" if seen.count(name) > 1 else name for name, mask in names]


def _day_of(form, today: datetime.date) -> datetime.date:
    try:
        return read_date(form["held_on"].value() or "", year=today.year) or today
    except Unreadable:
        return today


# --- One election ----------------------------------------------------------------------


@require_safe
def election_detail(request, pk):
    """One election with what the regulations ask, held against its numbers."""
    return _page(request, election_in_sight(request, pk))


def _page(request, election: Election, **bound):
    today = current_day()
    values = Values()
    organisation = election.organisation
    candidates = list(election.candidates.select_related("member"))
    keeps = reaches(request.user, Action.KEEP_POSTS, organisation.path)
    superior = is_superior(request.user, organisation)
    report_by = add_months(election.held_on, values.on(REPORT_MONTHS, election.held_on))
    day = {"on": full_date(today)}
    context = {
        "tabs": organisation_tabs(organisation, "members:terms"),
        "list_url": link("members:terms", branch=organisation.code),
        "election": {
            "organisation": organisation.name,
            "short": organisation.short_name,
            "held": full_date(election.held_on),
            "kind": "换届选举" if election.term else "补选或未选出",
            "term_text": f"{full_date(election.term.ends_on)}届满" if election.term else "",
            "term_url": reverse("members:term", args=[election.term_id]) if election.term else "",
            "reported": full_date(election.reported_on),
            "report_by": full_date(report_by),
            "report_late": (election.reported_on or today) > report_by,
            "filed": full_date(election.filed_on),
            "row": election,
            "should_attend": election.should_attend,
        },
        "checks": _checks(election, candidates),
        "candidates": [_candidate(one, election) for one in candidates],
        "by_should": values.on(BASE_IS_SHOULD_ATTEND, election.held_on),
        "needs": {
            "should": elections.majority(election.should_attend),
            "present": elections.majority(election.present),
        },
        "disputed": DISPUTED,
        "change_url": reverse("members:election_change", args=[election.pk]) if keeps else "",
        "report_form": (
            bound.get("report") or DayForm(today=today, initial=day, auto_id="report_%s")
        )
        if keeps and not election.reported_on
        else None,
        "file_form": (bound.get("filing") or DayForm(today=today, initial=day, auto_id="file_%s"))
        if superior and not election.filed_on
        else None,
        "history": history_of(TRAIL_AREA, election.pk, today),
    }
    return render(request, "members/election_detail.html", context)


def _checks(election: Election, candidates: list[Candidate]) -> list[elections.Check]:
    """Attendance, candidates and leaders; a by-election has no rule for the leaders."""
    elected = [one.title for one in candidates if one.is_elected]
    checks = [
        elections.attendance_check(election.present, election.should_attend),
        elections.ballots_check(election.present, election.ballots_out, election.ballots_in),
        elections.candidates_check(election.seats, sum(one.is_nominated for one in candidates)),
    ]
    if election.term:
        checks.append(
            elections.leaders_check(
                elected.count(PostTitle.SECRETARY), elected.count(PostTitle.DEPUTY)
            )
        )
    return checks


def _candidate(one: Candidate, election: Election) -> dict[str, object]:
    return {
        "name": one.person_name,
        "url": link("members:detail", one.member_id) if one.member_id else "",
        "note": "" if one.is_nominated else "另选人",
        "votes": one.votes,
        "title": one.get_title_display(),
        "is_elected": one.is_elected,
        "by_should": elections.is_majority(one.votes, election.should_attend),
        "by_present": elections.is_majority(one.votes, election.present),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def election_change(request, pk):
    """Put numbers and votes right; who was elected stays."""
    election = election_in_sight(request, pk, Action.KEEP_POSTS)
    today = current_day()
    names = ("seats", "voters", "present", "ballots_out", "ballots_in", "ballots_valid")
    initial = {name: getattr(election, name) for name in (*names, "excluded", "excluded_reason")}
    posted = request.POST or None
    form = CountsForm(posted, today=today, initial=initial | {"note": election.note})
    votes = VotesForm(posted, candidates=election.candidates.all())
    if request.method == "POST" and form.is_valid() and votes.is_valid():
        try:
            changed = correct_election(
                election=election, counts=form.counts(), votes=votes.votes(), by=request.user
            )
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, "已更正选举" if changed else "没有改动")
            return redirect("members:election", election.pk)
    context = {
        "form": form,
        "votes": votes,
        "title": "更正选举",
        "organisation": election.organisation.name,
        "held": full_date(election.held_on),
        "list_url": link("members:terms", branch=election.organisation.code),
        "back_url": reverse("members:election", args=[election.pk]),
    }
    return render(request, "members/election_change.html", context)


@require_POST
def election_report(request, pk):
    """The result was reported to the superior."""
    election = election_in_sight(request, pk, Action.KEEP_POSTS)
    return _set_day(request, election, report_result, "report", "已记下报告日期")


@require_POST
def election_file(request, pk):
    """The superior approves and files the result."""
    election = election_in_sight(request, pk)
    require(is_superior(request.user, election.organisation))
    return _set_day(request, election, file_result, "filing", "已备案选举结果")


def _set_day(request, election, service, name: str, done: str):
    today = current_day()
    form = DayForm(request.POST, today=today, auto_id=f"{'file' if name == 'filing' else name}_%s")
    if form.is_valid():
        try:
            service(election=election, on=form.cleaned_data["on"], by=request.user, today=today)
        except Refused as refused:
            add_refusal(form, refused)
        else:
            messages.success(request, done)
            return redirect("members:election", election.pk)
    return _page(request, election, **{name: form})
