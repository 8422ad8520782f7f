"""Terms of office: the superior's reminder, the request, the election."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from accounts.roles import Action
from branches.models import Kind, Organisation
from branches.periods import add_months
from branches.words import full_date
from compliance.registry import (
    Certainty,
    Cure,
    Evidence,
    Measured,
    Nature,
    Question,
    Record,
    Rule,
    register,
)
from members.enums import RequestState
from members.models import Term, TermRequest
from members.terms import (
    NOTICE_MONTHS,
    REQUEST_MONTHS,
    answers_the_call,
    current_terms,
    is_ending,
    is_waiting,
    last_postponement,
    live,
    requests_by_term,
    runs_to_on,
)

_DAY = datetime.timedelta(days=1)
_KINDS = frozenset({Kind.BRANCH, Kind.GENERAL_BRANCH, Kind.COMMITTEE})
_AREAS = frozenset({"members", "branches"})
_TERMS_PAGE = "members:terms"


@dataclass(frozen=True)
class _Running:
    """A running term as it was known on a day: its end then, and what had been asked by then."""

    term: Term
    runs_to: datetime.date
    requests: list[TermRequest]
    day: datetime.date

    @property
    def is_answered(self) -> bool:
        return answers_the_call(self.requests, self.day)


def _running(organisations, day: datetime.date) -> Iterator[tuple[int, _Running]]:
    """The running term of each organisation, in two queries."""
    everything = requests_by_term(organisations)
    for pk, term in current_terms(organisations, day).items():
        asked = everything.get(term.pk, [])
        yield pk, _Running(term, runs_to_on(term, asked, day), live(asked, day), day)


def _facts(found: _Running) -> list[tuple[str, str]]:
    term = found.term
    facts = [("本届届满", full_date(term.ends_on))]
    if term.starts_on:
        facts.insert(0, ("选举日期", full_date(term.starts_on)))
    if found.runs_to != term.ends_on:
        facts.append(("批准延期至", full_date(found.runs_to)))
    for one in found.requests:
        state = RequestState.ASKED if is_waiting(one, found.day) else RequestState(one.state)
        facts.append((one.get_kind_display(), f"{full_date(one.asked_on)}提出，{state.label}"))
    return facts


def _found(question: Question, organisation: Organisation) -> _Running | None:
    """The running term of one organisation; None without one."""
    return dict(_running([organisation.pk], question.as_of)).get(organisation.pk)


def _record(text: str, on: datetime.date, found: _Running) -> Record:
    return Record(text=text, on=on, url=reverse("members:term", args=[found.term.pk]))


# --- TERM-6M ----------------------------------------------------------------------------


def _lacks_notice(found: _Running) -> bool:
    """Within the last six months, neither reminded nor asking for the election by itself."""
    notified_on = found.term.notified_on
    notified = notified_on is not None and notified_on <= found.day
    return is_ending(found.runs_to, found.day) and not notified and not found.requests


def _measure_notice(question: Question):
    for pk, found in _running(question.organisations, question.as_of):
        lacking = _lacks_notice(found)
        since = add_months(found.runs_to, -NOTICE_MONTHS) if lacking else None
        yield Measured(pk, 0, int(lacking), since=since)


def _notice_evidence(question: Question, organisation: Organisation) -> Evidence:
    found = _found(question, organisation)
    if found is None:
        return Evidence(counted=[])
    term, facts = found.term, _facts(found)
    if term.notified_on:
        facts.append(("提醒函", f"{full_date(term.notified_on)} {term.notice_number}".strip()))
    day = add_months(found.runs_to, -NOTICE_MONTHS)
    facts.append(("应提醒", full_date(day)))
    if not _lacks_notice(found):
        return Evidence(counted=[], facts=facts)
    return Evidence(counted=[_record("还没有发提醒函", day, found)], facts=facts)


NOTICE_IS_GIVEN = register(
    Rule(
        code="terms.notice",
        record="TERM-6M",
        title="上级提醒换届",
        short="提醒",
        headline="提醒按期换届",
        asks="届满前 6 个月提醒",
        wording="上级党组织一般应当在任期届满前 6 个月左右，以发函或者电话等形式提醒按期换届。",
        source="中国共产党支部工作条例（试行）（2018）第二十一条（据公开转引）",
        certainty=Certainty.FOUND,
        nature=Nature.NORMALLY,
        how="核对日在届满（有批准延期的按延期后的日期）前 6 个月以内、还没有届满，上级没有提醒记录，"
        "组织自己也没有提出请示，计 1。届满以后由“按期换届”一项核对。这是建议，最多显示为落后。",
        span=None,
        areas=_AREAS,
        measure=_measure_notice,
        evidence=_notice_evidence,
        cure=Cure("发提醒函", _TERMS_PAGE, actions=(Action.APPROVE,)),
        unit="项",
        # Due on the day six months before; late from the next.
        grace_days=1,
        strict=False,
        needs_relations=True,
        by_superior=True,
    )
)


# --- TERM-REQ ---------------------------------------------------------------------------


def _request_day(question: Question, found: _Running) -> datetime.date:
    """So many months before the end; after a late postponement the day that was approved."""
    day = add_months(found.runs_to, -question.value(REQUEST_MONTHS))
    last = last_postponement(found.requests, found.day)
    return max(day, last.decided_on) if last else day


def _measure_request(question: Question):
    for pk, found in _running(question.organisations, question.as_of):
        day = _request_day(question, found)
        lacking = day <= question.as_of and not found.is_answered
        yield Measured(pk, 0, int(lacking), since=day if lacking else None)


def _request_evidence(question: Question, organisation: Organisation) -> Evidence:
    found = _found(question, organisation)
    if found is None:
        return Evidence(counted=[])
    day = _request_day(question, found)
    facts = [*_facts(found), ("应提出请示", full_date(day))]
    if day > question.as_of or found.is_answered:
        return Evidence(counted=[], facts=facts)
    return Evidence(counted=[_record("还没有提出换届请示", day, found)], facts=facts)


REQUEST_IS_MADE = register(
    Rule(
        code="terms.request",
        record="TERM-REQ",
        title="提出换届请示",
        short="请示",
        headline="提出换届请示",
        asks="届满前 {value} 个月请示",
        wording="换届前应向上级党组织报送换届请示。提前多久没有全国规定，各地有 4 个月，也有 2 个月的。",
        source="县、市换届通知（本县数值可改）",
        certainty=Certainty.COUNTY,
        nature=Nature.LOCAL,
        how="核对日已到届满（有批准延期的按延期后的日期）前规定的月数，没有提出换届请示，"
        "也没有待批复的延期请示，没有新一届，计 1。退回的请示、批准延期以前的换届请示不算。批准延期时已过这一天的，从批准日起算。到期当天不算逾期。",
        span=None,
        areas=_AREAS,
        measure=_measure_request,
        evidence=_request_evidence,
        cure=Cure("提出请示", _TERMS_PAGE, actions=(Action.SUBMIT,)),
        unit="项",
        keys=(REQUEST_MONTHS,),
        grace_days=1,
        needs_relations=True,
    )
)


# --- TERM-END ---------------------------------------------------------------------------


def _measure_election(question: Question):
    for pk, found in _running(question.organisations, question.as_of):
        over = found.runs_to < question.as_of
        yield Measured(pk, 0, int(over), since=found.runs_to + _DAY if over else None)


def _election_evidence(question: Question, organisation: Organisation) -> Evidence:
    found = _found(question, organisation)
    if found is None:
        return Evidence(counted=[])
    facts = _facts(found)
    if found.runs_to >= question.as_of:
        return Evidence(counted=[], facts=facts)
    return Evidence(counted=[_record("届满未换届", found.runs_to, found)], facts=facts)


ELECTION_IS_HELD = register(
    Rule(
        code="terms.election",
        record="TERM-END",
        title="班子按期换届",
        short="换届",
        headline="按期换届",
        asks="届满前换届",
        wording="党的基层组织应当按期换届；提前或者延期换届须经上级党组织批准，延长或者提前期限一般不超过1年。",
        source="中国共产党支部工作条例（试行）（2018）第二十一条；中国共产党基层组织选举工作条例（2020）第三条",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="核对日已过本届届满日期（有批准延期的按延期后的日期）且没有新一届记录，计 1。届满当天不算，从次日起算。没有届满日期的组织不核对。",
        span=None,
        areas=_AREAS,
        measure=_measure_election,
        evidence=_election_evidence,
        cure=Cure("办理换届", _TERMS_PAGE, actions=(Action.KEEP_POSTS,)),
        unit="项",
        kinds=_KINDS,
        needs_relations=True,
    )
)
