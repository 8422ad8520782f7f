"""Terms of office: which one is running, how long one is, and what is due before it ends."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices

from branches.models import Kind, Sector
from branches.periods import add_months, add_years
from branches.values import Key
from members.enums import RequestKind, RequestState
from members.models import Term, TermRequest

# Bodies that are elected for a term. Working committees and leading groups are appointed.
TERM_KINDS = frozenset({Kind.BRANCH, Kind.GENERAL_BRANCH, Kind.COMMITTEE})
# By the category, never by the name (关于党的基层组织任期的意见).
_VILLAGE_SECTORS = frozenset({Sector.VILLAGE, Sector.COMMUNITY})

# The superior's letter and the two reminders after it, in months before the end.
NOTICE_MONTHS = 6
_REMINDER_MONTHS = 3
_LAST_REMINDER_MONTHS = 1
# An election earlier or later than due: normally by no more than this.
_LONGEST_SHIFT_YEARS = 1
_LONGEST_TERM_YEARS = 5

REQUEST_MONTHS = Key(
    "terms.request_months",
    "换届请示在届满前几个月提出",
    4,
    unit="个月",
    minimum=1,
    maximum=12,
    help="各地要求不一，有的提前 4 个月，有的提前 2 个月",
)
REPORT_MONTHS = Key(
    "terms.report_months",
    "选举结果在选举后几个月内报告",
    1,
    unit="个月",
    minimum=1,
    maximum=12,
)

BASE_IS_SHOULD_ATTEND = Key(
    "elections.base_is_should_attend",
    "选举当选按应到会人数过半",
    True,
    help="否则按实到会人数过半。两种算法都会显示，都不会自动拒绝选举结果",
)


@dataclass(frozen=True)
class Length:
    """How long a term is, and whether the source says so without 一般."""

    years: int
    is_must: bool

    @property
    def words(self) -> str:
        return f"为 {self.years} 年" if self.is_must else f"一般为 {self.years} 年"


def term_length(kind: str, sector: str) -> Length | None:
    """The length of a term by kind and sector of the organisation; None where none is elected."""
    if kind not in TERM_KINDS:
        return None
    if sector in _VILLAGE_SECTORS:
        return Length(5, is_must=True)
    return Length(5 if kind == Kind.COMMITTEE else 3, is_must=False)


def suggested_end(held_on: datetime.date, kind: str, sector: str) -> datetime.date | None:
    """When a term that begins on `held_on` ends: the same day N years later, 29 February the 28th."""
    length = term_length(kind, sector)
    return add_years(held_on, length.years) if length else None


def is_long_shift(end: datetime.date, to_on: datetime.date) -> bool:
    """Whether an election on `to_on` is more than a year earlier or later than due on `end`."""
    return not (
        add_years(end, -_LONGEST_SHIFT_YEARS) <= to_on <= add_years(end, _LONGEST_SHIFT_YEARS)
    )


class Rung(TextChoices):
    """What is due before a term ends, first first."""

    NOTICE = "notice", "上级发提醒函"
    REQUEST = "request", "提出换届请示"
    REMINDER = "reminder", "再次提醒"
    LAST_REMINDER = "last_reminder", "最后提醒"
    DUE = "due", "届满，完成换届"


@dataclass(frozen=True)
class Step:
    """One rung of the ladder: its day, and whether that day has come."""

    rung: Rung
    on: datetime.date
    reached: bool


def ladder(
    end: datetime.date, today: datetime.date, *, request_months: int = 4, is_closed: bool = False
) -> list[Step]:
    """The days before the end of a term (or of its approved postponement), earliest first.

    A rung is reached on its day, not only after it, and stays reached. Empty once a new term
    exists (`is_closed`).
    """
    if is_closed:
        return []
    months = {
        Rung.NOTICE: NOTICE_MONTHS,
        Rung.REQUEST: request_months,
        Rung.REMINDER: _REMINDER_MONTHS,
        Rung.LAST_REMINDER: _LAST_REMINDER_MONTHS,
        Rung.DUE: 0,
    }
    steps = []
    for rung, before in months.items():
        on = add_months(end, -before)
        steps.append(Step(rung, on, reached=on <= today))
    return sorted(steps, key=lambda step: step.on)


def is_ending(end: datetime.date, today: datetime.date) -> bool:
    """Whether the superior's letter is due or past due and the term has not ended yet."""
    return add_months(end, -NOTICE_MONTHS) <= today <= end


def current_terms(organisations, day: datetime.date) -> dict[int, Term]:
    """The newest term of each organisation that had begun by `day`."""
    terms: dict[int, Term] = {}
    for term in Term.objects.filter(organisation__in=organisations).exclude(starts_on__gt=day):
        known = terms.get(term.organisation_id)
        if known is None or _age(term) > _age(known):
            terms[term.organisation_id] = term
    return terms


def _age(term: Term) -> tuple[datetime.date, datetime.date]:
    """What orders terms: their beginning; where it is unknown, the earliest it can have been."""
    return term.starts_on or add_years(term.ends_on, -_LONGEST_TERM_YEARS), term.ends_on


def live_requests(organisations, day: datetime.date) -> dict[int, list[TermRequest]]:
    """By term: what these organisations had asked by `day` and not been returned then."""
    found = {
        term: live(requests, day) for term, requests in requests_by_term(organisations).items()
    }
    return {term: requests for term, requests in found.items() if requests}


def requests_by_term(organisations) -> dict[int, list[TermRequest]]:
    """By term: everything these organisations ever asked, in order, whatever became of it."""
    found: dict[int, list[TermRequest]] = {}
    for request in TermRequest.objects.filter(term__organisation__in=organisations).order_by(
        "asked_on", "pk"
    ):
        found.setdefault(request.term_id, []).append(request)
    return found


def live(requests: Iterable[TermRequest], day: datetime.date) -> list[TermRequest]:
    """Of these what had been asked by `day` and not been returned then."""
    return [
        one
        for one in requests
        if one.asked_on <= day and (one.state != RequestState.RETURNED or is_waiting(one, day))
    ]


def runs_to_on(term: Term, requests: Iterable[TermRequest], day: datetime.date) -> datetime.date:
    """The end of a term as it was known on `day`; `requests` are all of the term.

    A postponement approved later was not known. The day kept with the term itself counts only
    where no approved request says when it was granted.
    """
    if not any(_is_granted(one) for one in requests):
        return term.runs_to
    last = last_postponement(requests, day)
    return last.to_on if last else term.ends_on


def last_postponement(requests: Iterable[TermRequest], day: datetime.date) -> TermRequest | None:
    """The postponement approved last by `day`."""
    granted = [one for one in requests if _is_granted(one) and one.decided_on <= day]
    return max(granted, key=lambda one: (one.decided_on, one.pk), default=None)


def _is_granted(request: TermRequest) -> bool:
    return (
        request.kind == RequestKind.POSTPONEMENT
        and request.state == RequestState.APPROVED
        and request.decided_on is not None
    )


def is_waiting(request: TermRequest, day: datetime.date) -> bool:
    """Whether the superior had not decided by `day`."""
    return request.decided_on is None or request.decided_on > day


def answers_the_call(requests: Iterable[TermRequest], day: datetime.date) -> bool:
    """Whether the organisation has asked for its election, or waits for a postponement.

    An approved postponement moves the end; what was asked before it no longer counts, and from
    there the election is to be asked for again.
    """
    requests = list(requests)
    last = last_postponement(requests, day)
    return any(
        last is None or request.asked_on > last.decided_on
        if request.kind == RequestKind.ELECTION
        else is_waiting(request, day)
        for request in requests
    )


class TermState(TextChoices):
    """How an organisation stands to its next election, as lists say it."""

    OVER = "over", "超期"
    ENDING = "ending", "6 个月内"
    ASKED = "asked", "已报方案"
    ELECTED = "elected", "已换届"
    RUNNING = "running", "未到期"


def state_of(term: Term, requests: Iterable[TermRequest], today: datetime.date) -> TermState:
    """The state of a running term with its live requests; elected is one that began this year."""
    if term.runs_to < today:
        return TermState.OVER
    if answers_the_call(requests, today):
        return TermState.ASKED
    if is_ending(term.runs_to, today):
        return TermState.ENDING
    if term.starts_on and term.starts_on.year == today.year:
        return TermState.ELECTED
    return TermState.RUNNING
