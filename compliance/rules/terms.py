"""Terms of office: the superior's reminder, the request, the election."""

import datetime

from django.urls import reverse

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
from members.models import Term
from members.terms import (
    NOTICE_MONTHS,
    REQUEST_MONTHS,
    answers_the_call,
    current_terms,
    is_ending,
    live_requests,
)

_DAY = datetime.timedelta(days=1)
_KINDS = frozenset({Kind.BRANCH, Kind.GENERAL_BRANCH, Kind.COMMITTEE})
_AREAS = frozenset({"members", "branches"})
_TERMS_PAGE = "members:terms"


def _facts(term: Term) -> list[tuple[str, str]]:
    facts = [("本届届满", full_date(term.ends_on))]
    if term.starts_on:
        facts.insert(0, ("选举日期", full_date(term.starts_on)))
    if term.postponed_to:
        facts.append(("批准延期至", full_date(term.postponed_to)))
    return facts


def _found(question: Question, organisation: Organisation):
    """The running term of one organisation with its live requests; None without one."""
    term = current_terms([organisation.pk], question.as_of).get(organisation.pk)
    requests = live_requests([organisation.pk], question.as_of).get(term.pk, []) if term else []
    return term, requests


def _asked(requests) -> list[tuple[str, str]]:
    return [
        (one.get_kind_display(), f"{full_date(one.asked_on)}提出，{one.get_state_display()}")
        for one in requests
    ]


def _record(text: str, on: datetime.date, term: Term) -> Record:
    return Record(text=text, on=on, url=reverse("members:term", args=[term.pk]))


# --- TERM-6M ----------------------------------------------------------------------------


def _lacks_notice(term: Term, requests, as_of: datetime.date) -> bool:
    """Within the last six months, neither reminded nor asking for the election by itself."""
    notified = term.notified_on is not None and term.notified_on <= as_of
    return is_ending(term.runs_to, as_of) and not notified and not requests


def _measure_notice(question: Question):
    requests = live_requests(question.organisations, question.as_of)
    for pk, term in current_terms(question.organisations, question.as_of).items():
        lacking = _lacks_notice(term, requests.get(term.pk, ()), question.as_of)
        since = add_months(term.runs_to, -NOTICE_MONTHS) if lacking else None
        yield Measured(pk, 0, int(lacking), since=since)


def _notice_evidence(question: Question, organisation: Organisation) -> Evidence:
    term, requests = _found(question, organisation)
    if term is None:
        return Evidence(counted=[])
    facts = [*_facts(term), *_asked(requests)]
    if term.notified_on:
        facts.append(("提醒函", f"{full_date(term.notified_on)} {term.notice_number}".strip()))
    day = add_months(term.runs_to, -NOTICE_MONTHS)
    facts.append(("应提醒", full_date(day)))
    if not _lacks_notice(term, requests, question.as_of):
        return Evidence(counted=[], facts=facts)
    return Evidence(counted=[_record("还没有发提醒函", day, term)], facts=facts)


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
        cure=Cure("发提醒函", _TERMS_PAGE),
        unit="项",
        kinds=_KINDS,
        # Due on the day six months before; late from the next.
        grace_days=1,
        strict=False,
        needs_relations=True,
        by_superior=True,
    )
)


# --- TERM-REQ ---------------------------------------------------------------------------


def _request_day(question: Question, term: Term) -> datetime.date:
    return add_months(term.runs_to, -question.value(REQUEST_MONTHS))


def _measure_request(question: Question):
    requests = live_requests(question.organisations, question.as_of)
    for pk, term in current_terms(question.organisations, question.as_of).items():
        day = _request_day(question, term)
        answered = answers_the_call(requests.get(term.pk, ()), question.as_of)
        lacking = day <= question.as_of and not answered
        yield Measured(pk, 0, int(lacking), since=day if lacking else None)


def _request_evidence(question: Question, organisation: Organisation) -> Evidence:
    term, requests = _found(question, organisation)
    if term is None:
        return Evidence(counted=[])
    day = _request_day(question, term)
    facts = [*_facts(term), *_asked(requests), ("应提出请示", full_date(day))]
    if day > question.as_of or answers_the_call(requests, question.as_of):
        return Evidence(counted=[], facts=facts)
    return Evidence(counted=[_record("还没有提出换届请示", day, term)], facts=facts)


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
        "也没有待批复的延期请示，没有新一届，计 1。退回的请示不算。到期当天不算逾期。",
        span=None,
        areas=_AREAS,
        measure=_measure_request,
        evidence=_request_evidence,
        cure=Cure("提出请示", _TERMS_PAGE),
        unit="项",
        keys=(REQUEST_MONTHS,),
        kinds=_KINDS,
        grace_days=1,
        needs_relations=True,
    )
)


# --- TERM-END ---------------------------------------------------------------------------


def _measure_election(question: Question):
    for pk, term in current_terms(question.organisations, question.as_of).items():
        over = term.runs_to < question.as_of
        yield Measured(pk, 0, int(over), since=term.runs_to + _DAY if over else None)


def _election_evidence(question: Question, organisation: Organisation) -> Evidence:
    term, requests = _found(question, organisation)
    if term is None:
        return Evidence(counted=[])
    facts = [*_facts(term), *_asked(requests)]
    if term.runs_to >= question.as_of:
        return Evidence(counted=[], facts=facts)
    return Evidence(counted=[_record("届满未换届", term.runs_to, term)], facts=facts)


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
        cure=Cure("办理换届", _TERMS_PAGE),
        unit="项",
        kinds=_KINDS,
        needs_relations=True,
    )
)
