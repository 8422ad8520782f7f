"""From what was measured to a verdict. Reads facts, writes nothing."""

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Min, Q

from branches.deadlines import BEGINS
from branches.history import were
from branches.models import WITHOUT_RELATIONS, Form, Organisation
from branches.periods import Period, add_months, period_of
from branches.values import Key, Values
from compliance.models import STANDING, DutyState, Exemption
from compliance.registry import Measured, Question, Rule
from compliance.scopes import parts
from dues.models import Charge
from meetings.enums import MeetingState
from meetings.models import Meeting

WINDOW_MONTHS = Key(
    "compliance.window_months",
    "重新核对以前多少个月",
    12,
    unit="个月",
    # What is due three months after its year has ended must still turn red.
    minimum=4,
    maximum=36,
    help="补录和更正会改变这段时间内的结论",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One duty as it should stand. `since` is when a standing condition began, where facts say so."""

    organisation_id: int
    required: int
    actual: int
    state: str
    due_on: datetime.date | None
    met_on: datetime.date | None
    since: datetime.date | None
    version: str
    waiting: bool = False


def period_key(period: Period | None) -> str:
    return str(period) if period else STANDING


def due_day(rule: Rule, period: Period, values: Values) -> datetime.date:
    return rule.due_on(period, values)


@dataclass(frozen=True)
class Horizon:
    """How far back periods are judged: those that ended by then are left alone, and so are those
    that began before the county's records do."""

    as_of: datetime.date
    ended_after: datetime.date
    begins_on: datetime.date
    values: Values

    def periods(self, rule: Rule) -> list[Period | None]:
        """The running period and every earlier one within the horizon, oldest first.

        What was due before the records begin was never announced, so it is left out.
        """
        if rule.is_standing:
            return [None]
        periods = [period_of(rule.span, self.as_of)]
        while self._holds(periods[-1].previous):
            periods.append(periods[-1].previous)
        return [
            period
            for period in periods[::-1]
            if due_day(rule, period, self.values) >= self.begins_on
        ]

    def _holds(self, period: Period) -> bool:
        return period.ends_on >= self.ended_after and period.starts_on >= self.begins_on


def horizon_on(as_of: datetime.date, values: Values) -> Horizon:
    """The horizon of a day: the window, and the day from which the county keeps records here."""
    begins_on = values.on(BEGINS, as_of)
    if begins_on == BEGINS.default:
        firsts = [
            Meeting.objects.filter(state=MeetingState.HELD).aggregate(first=Min("held_on"))[
                "first"
            ],
            Charge.objects.aggregate(first=Min("month"))["first"],
        ]
        first = min((day for day in firsts if day), default=datetime.date.min)
        begins_on = first.replace(day=1)
    return Horizon(as_of, add_months(as_of, -values.on(WINDOW_MONTHS, as_of)), begins_on, values)


@dataclass(frozen=True)
class Owing:
    """Who owes a duty: of these kinds on its last day, founded by then or before, not dissolved."""

    kinds: frozenset[str]
    needs_relations: bool
    founded_by: datetime.date
    ends_on: datetime.date

    def among(self, organisations):
        """Those of a queryset, as a queryset."""
        found = organisations.filter(were("kind", self.kinds, self.ends_on))
        if self.needs_relations:
            found = found.filter(were("form", set(Form) - WITHOUT_RELATIONS, self.ends_on))
        return found.filter(Q(founded_on__isnull=True) | Q(founded_on__lte=self.founded_by)).filter(
            Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=self.ends_on)
        )


def owing(rule: Rule, period: Period | None, as_of: datetime.date) -> Owing:
    """Who owes the duty of a period, seen on a day."""
    ends_on = min(period.ends_on, as_of) if period else as_of
    founded_by = ends_on if rule.is_standing or rule.from_founding else period.starts_on
    return Owing(frozenset(rule.kinds), rule.needs_relations, founded_by, ends_on)


def question_for(
    rule: Rule, period: Period | None, as_of: datetime.date, values: Values, organisations=None
) -> Question:
    """The question with the organisations that owe the duty, out of `organisations` (None: all)."""
    who = owing(rule, period, as_of)
    everybody = Organisation.objects.all() if organisations is None else organisations
    return Question(who.among(everybody), period, who.ends_on, as_of, values)


def judge(rule: Rule, question: Question, exempt: Collection[int] | None = None) -> list[Verdict]:
    """Measure and judge, organisation by organisation in the order of their keys.

    Those for whom other values hold are measured apart; where the rule is off nobody is.
    `exempt` are the organisations exempt on the last day, where the caller has read them.
    """
    if exempt is None:
        exempt = set(
            Exemption.objects.on(question.ends_on)
            .filter(rule=rule.code)
            .values_list("organisation_id", flat=True)
        )
    return sorted(
        (
            verdict
            for part in parts(rule, question)
            if part.value(rule.on_key)
            for verdict in _judged(rule, part, exempt)
        ),
        key=lambda verdict: verdict.organisation_id,
    )


def _judged(rule: Rule, question: Question, exempt: Collection[int]) -> Iterator[Verdict]:
    """The verdicts on organisations for which the same values hold."""
    version = rule.version(question.values, question.ends_on)
    strict = question.value(rule.strict_key)
    for found in rule.measure(question):
        yield _verdict(rule, question, found, found.organisation_id in exempt, strict, version)


def _verdict(
    rule: Rule, question: Question, found: Measured, exempt: bool, strict: bool, version: str
) -> Verdict:
    if rule.is_standing:
        met = found.actual == 0
        due_on = None if met else standing_due(rule, found.since or question.as_of)
    else:
        met = found.actual >= found.required
        due_on = due_day(rule, question.period, question.values)
    if exempt:
        state = DutyState.EXEMPT
    elif met:
        state = DutyState.DONE
    elif found.waiting:
        # The superior's turn: the day it was due on is not missed by who has done his part.
        state = DutyState.OPEN
    elif question.as_of > due_on:
        state = DutyState.OVERDUE if strict else DutyState.BEHIND
    else:
        state = DutyState.BEHIND if found.behind else DutyState.OPEN
    return Verdict(
        found.organisation_id,
        found.required,
        found.actual,
        state.value,
        due_on,
        found.met_on if met else None,
        found.since,
        version,
        found.waiting and state == DutyState.OPEN,
    )


def standing_due(rule: Rule, since: datetime.date) -> datetime.date:
    """The last day on which a standing condition that began on `since` is not yet overdue."""
    return since + datetime.timedelta(days=rule.grace_days - 1)
