"""What a rule is, and where all rules are found by their code."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.urls import reverse

from accounts.roles import Action
from branches.models import Kind, Organisation, OrganisationQuerySet
from branches.periods import Period, Span
from branches.scope import reaches
from branches.values import Key, Values


class Nature(TextChoices):
    """How binding the source is."""

    MUST = "must", "应当"
    NORMALLY = "normally", "一般"
    LOCAL = "local", "本县"


class Certainty(TextChoices):
    """How sure the source is; what is unsure is shown as unsure."""

    FOUND = "found", "有公开来源"
    TO_ADD = "to_add", "通行规定，条文待补"
    TO_VERIFY = "to_verify", "条款号待核实"
    COUNTY = "county", "本县方案"


@dataclass(frozen=True)
class Question:
    """What a measuring query is asked: which organisations, between which days, seen from when.

    `ends_on` is the last day that counts: the end of the period, or the day of judging before.
    `foreseen_on` is the day on which a standing condition of a later day is foreseen: what comes
    of itself until then, as a month's dues do, is reckoned with. None: judged by what is on record.
    """

    organisations: OrganisationQuerySet
    period: Period | None
    ends_on: datetime.date
    as_of: datetime.date
    values: Values
    foreseen_on: datetime.date | None = None

    @property
    def starts_on(self) -> datetime.date:
        return self.period.starts_on if self.period else self.as_of

    def value(self, key: Key) -> Any:
        """The county's value for this period."""
        return self.values.on(key, self.ends_on)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found for one organisation. `since` is the first day of a standing condition;
    `waiting` says that the organisation has done its part and its superior has not answered yet."""

    organisation_id: int
    required: int
    actual: int
    behind: bool = False
    met_on: datetime.date | None = None
    since: datetime.date | None = None
    waiting: bool = False


@dataclass(frozen=True)
class Record:
    """A record that was counted or is missing, as the explanation page lists it."""

    text: str
    on: datetime.date | None = None
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Evidence:
    """The records behind one verdict; `facts` are further numbers a reader needs to recompute."""

    counted: list[Record]
    missing: list[Record] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Cure:
    """The button that starts what fulfils a duty: its words and where it leads."""

    label: str
    url_name: str
    query: tuple[tuple[str, str], ...] = ()
    # Rights of which one is needed; without it the button is not offered.
    actions: tuple[str, ...] = (Action.RECORD_MEETING, Action.ENTER_DUES, Action.REPORT_TASK)

    def may_be_started(self, user, organisation: Organisation) -> bool:
        """Whether the user holds one of the rights there."""
        return any(reaches(user, action, organisation.path) for action in self.actions)

    def url(self, organisation: Organisation, **extra: str) -> str:
        return f"{reverse(self.url_name)}?" + urlencode(
            {"branch": organisation.code, **dict(self.query), **extra}
        )


@dataclass(frozen=True)
class Rule:
    """A duty as a value: what is asked, by which source, and the two queries that judge it.

    `measure` answers for any set of organisations at once, `evidence` for a single one.
    `span` None is a standing condition. `pace` says that the duty grows over its period.
    """

    code: str
    record: str
    title: str
    short: str
    headline: str
    asks: str
    wording: str
    source: str
    certainty: Certainty
    nature: Nature
    how: str
    span: Span | None
    areas: frozenset[str]
    measure: Callable[[Question], Iterable[Measured]]
    evidence: Callable[[Question, Organisation], Evidence]
    cure: Cure
    unit: str = "次"
    keys: tuple[Key, ...] = ()
    kinds: frozenset[str] = frozenset({Kind.BRANCH})
    # Days that an offender of a standing condition stays `open`.
    grace_days: int = 0
    # Whether a missed due day turns red; advice stays amber at worst.
    strict: bool = True
    # Whether organisations founded inside the period owe it too.
    from_founding: bool = False
    # The last day of a periodic duty; None is the end of the period.
    due: Callable[[Period, Values], datetime.date] | None = None
    # Due after its period has ended: while that runs, a view of it shows the period before.
    shown_when_over: bool = False
    # Whether records of days after the period may count for it: a note of such a day concerns it.
    counts_later: bool = False
    # Whether it counts records of the organisations below: a note there concerns those above.
    from_below: bool = False
    # Whether it rests on formal relations, which temporary and functional branches do not hold.
    needs_relations: bool = False
    # Whether the superior acts; the branch sees it as waiting.
    by_superior: bool = False

    @property
    def is_standing(self) -> bool:
        return self.span is None

    @property
    def strict_key(self) -> Key:
        return STRICT_KEYS[self.code]

    @property
    def on_key(self) -> Key:
        """Whether the rule is carried out; where it is not, nobody has a row."""
        return ON_KEYS[self.code]

    @property
    def all_keys(self) -> tuple[Key, ...]:
        """Every county value on which its verdicts rest."""
        return (*self.keys, self.strict_key, self.on_key)

    def due_on(self, period: Period, values: Values) -> datetime.date:
        """A periodic duty is due at the end of its period, unless the rule says otherwise."""
        return self.due(period, values) if self.due else period.ends_on

    def demand(self, values: Values, day: datetime.date) -> str:
        """What is asked, in a few words, with the county's value of that day."""
        return self.asks.format(value=values.on(self.keys[0], day) if self.keys else "")

    def version(self, values: Values, day: datetime.date) -> str:
        """Which county values the verdict was made with; changes when one of them does."""
        strict = "strict" if values.on(self.strict_key, day) else "advice"
        return ";".join(filter(None, [values.version(self.keys, day), strict]))


RULES: dict[str, Rule] = {}
STRICT_KEYS: dict[str, Key] = {}
ON_KEYS: dict[str, Key] = {}


def register(rule: Rule) -> Rule:
    """Make a rule known; the order of registration is the order of columns."""
    if rule.code in RULES:
        raise ValueError(f"rule {rule.code} is registered twice")
    STRICT_KEYS[rule.code] = Key(
        name=f"strict.{rule.code}",
        label=f"{rule.title}：过期亮红灯",
        default=rule.strict,
        help="否则最多显示为“落后”",
    )
    ON_KEYS[rule.code] = Key(
        name=f"on.{rule.code}",
        label=f"{rule.title}：执行",
        default=True,
        help="不执行的不核对，也不出现在事项里",
    )
    RULES[rule.code] = rule
    return rule


def concerned(*keys: Key) -> list[Rule]:
    """The rules that read one of the county values."""
    return [rule for rule in RULES.values() if not set(keys).isdisjoint(rule.all_keys)]
