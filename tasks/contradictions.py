"""What a plan says twice and differently. Found and put into words, never solved. No Django models.

Takes the rows as they stand or as they are about to be written: only attributes are read.
"""

import datetime
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from branches.words import full_date
from tasks.enums import Bound

LOWER = (Bound.AT_LEAST, Bound.ABOVE, Bound.EXACTLY)
UPPER = (Bound.AT_MOST, Bound.BELOW, Bound.EXACTLY)
_CEILING = (Bound.AT_MOST, Bound.BELOW)
_YEARS = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_YEAR_SPAN = re.compile(r"(?<!\d)((?:19|20)\d\d)年?\s*[-—–－~～至到]+\s*((?:19|20)\d\d)(?!\d)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*[%％]")


class Kind(StrEnum):
    """What is wrong with the plan."""

    IMPOSSIBLE = "impossible"
    DIFFERENT = "different"
    FALLING = "falling"
    OUT_OF_RANGE = "out_of_range"
    OTHER_YEAR = "other_year"
    OTHER_VALUE = "other_value"
    MEASURE_OUTSIDE = "measure_outside"
    PHASE_OUTSIDE = "phase_outside"
    PHASES_OVERLAP = "phases_overlap"
    PHASES_GAP = "phases_gap"
    SELF_CHECK_OUTSIDE = "self_check_outside"


@dataclass(frozen=True)
class Contradiction:
    """One thing the plan says in two ways; `words` names both, `targets` are those concerned."""

    kind: Kind
    words: str
    targets: tuple = ()


@dataclass(frozen=True)
class Parts:
    """A plan as far as it can contradict itself.

    `phases`: name, starts_on, ends_on. `measures`: text, due_on, phase (one of `phases`, or None).
    `targets`: subject, bound, value, unit, due_on, wording.
    """

    starts_on: datetime.date
    ends_on: datetime.date
    phases: Sequence = ()
    measures: Sequence = ()
    targets: Sequence = ()
    self_check_on: datetime.date | None = None


def contradictions(parts: Parts) -> list[Contradiction]:
    """Everything a plan says twice and differently: targets first, then phases and measures."""
    return [
        *_same_day(parts.targets),
        *_over_time(parts.targets),
        *_ranges(parts.targets),
        *_wordings(parts.targets),
        *_phases(parts),
        *_measures(parts),
        *_self_check(parts),
    ]


def number(value: Decimal) -> str:
    """60 for 60.00, 31.5 for 31.50."""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def demand(target) -> str:
    """不少于 60%."""
    unit = target.unit if target.unit == "%" else f" {target.unit}"
    return f"{Bound(target.bound).label} {number(target.value)}{unit}"


def _said(target) -> str:
    """The demand with the plan's own words, where they were kept."""
    return demand(target) + (f"（原文“{target.wording}”）" if target.wording else "")


def _by_subject(targets) -> Iterable[list]:
    """Targets that speak of the same thing in the same unit, in the order of their days."""
    groups = defaultdict(list)
    for target in targets:
        groups[target.subject.strip(), target.unit.strip()].append(target)
    for group in groups.values():
        yield sorted(group, key=lambda target: target.due_on)


def _apart(low, high) -> bool:
    """Whether nothing reaches `low`'s lower bound and still keeps within `high`'s upper one."""
    if low.bound not in LOWER or high.bound not in UPPER:
        return False
    if low.value != high.value:
        return low.value > high.value
    return low.bound == Bound.ABOVE or high.bound == Bound.BELOW


def _same_day(targets) -> Iterable[Contradiction]:
    """Two targets for one subject and day: impossible together, or two different figures."""
    for group in _by_subject(targets):
        for _day, same in itertools.groupby(group, key=lambda target: target.due_on):
            for one, other in itertools.combinations(same, 2):
                if kind := _disagree(one, other):
                    yield _pair(kind, one, other)


def _disagree(one, other) -> Kind | None:
    if _apart(one, other) or _apart(other, one):
        return Kind.IMPOSSIBLE
    if (one.bound, one.value) == (other.bound, other.value) or Bound.EXACTLY in (
        one.bound,
        other.bound,
    ):
        return None
    alike = (one.bound in LOWER) == (other.bound in LOWER)
    return Kind.DIFFERENT if alike else None


def _pair(kind: Kind, one, other) -> Contradiction:
    end = "不可能同时做到" if kind == Kind.IMPOSSIBLE else "两个数不一样"
    return Contradiction(
        kind,
        f"“{one.subject}”到{full_date(one.due_on)}有两个要求：{_said(one)}和{_said(other)}，{end}",
        (one, other),
    )


def _over_time(targets) -> Iterable[Contradiction]:
    """What was to be reached is not to be less later on, and what was to be kept under not more."""
    for group in _by_subject(targets):
        for later in group:
            before = [target for target in group if target.due_on < later.due_on]
            least = [target for target in before if target.bound in LOWER]
            most = [target for target in before if target.bound in _CEILING]
            if least and _falls(highest := max(least, key=_value), later):
                yield _fall(highest, later, "后面的反而低")
            elif most and later.bound in _CEILING:
                lowest = min(most, key=_value)
                if later.value > lowest.value:
                    yield _fall(lowest, later, "后面的反而宽")


def _value(target) -> Decimal:
    return target.value


def _falls(earlier, later) -> bool:
    if later.bound in LOWER:
        return earlier.value > later.value
    return _apart(earlier, later)


def _fall(earlier, later, end: str) -> Contradiction:
    return Contradiction(
        Kind.FALLING,
        f"“{later.subject}”到{full_date(earlier.due_on)}{_said(earlier)}，"
        f"到{full_date(later.due_on)}{_said(later)}，{end}",
        (earlier, later),
    )


def _ranges(targets) -> Iterable[Contradiction]:
    """Shares lie between 0 and 100 per cent; more than 100 cannot be reached."""
    for target in targets:
        if target.unit.strip() not in ("%", "％"):
            continue
        most = target.bound == Bound.ABOVE and target.value >= 100
        least = target.bound == Bound.BELOW and target.value <= 0
        if most or least or not 0 <= target.value <= 100:
            yield Contradiction(
                Kind.OUT_OF_RANGE,
                f"“{target.subject}”要求{_said(target)}，比例只能在 0% 到 100% 之间",
                (target,),
            )


def _wordings(targets) -> Iterable[Contradiction]:
    """The plan's own words name another year or another share than what was entered."""
    for target in targets:
        years = _years_in(target.wording)
        if years and target.due_on.year not in years:
            named = "、".join(f"{year}年" for year in sorted(years))
            yield Contradiction(
                Kind.OTHER_YEAR,
                f"“{target.subject}”的原文写{named}（“{target.wording}”），"
                f"到期填的是{full_date(target.due_on)}",
                (target,),
            )
        shares = [Decimal(text) for text in _PERCENT.findall(target.wording)]
        if target.unit.strip() == "%" and shares and target.value not in shares:
            named = "、".join(f"{number(share)}%" for share in shares)
            yield Contradiction(
                Kind.OTHER_VALUE,
                f"“{target.subject}”的原文写 {named}（“{target.wording}”），"
                f"数值填的是 {number(target.value)}%",
                (target,),
            )


def _years_in(wording: str) -> set[int]:
    """The years that a wording names; 2018—2022 means each of them."""
    years = {int(year) for year in _YEARS.findall(wording)}
    for first, last in _YEAR_SPAN.findall(wording):
        years |= set(range(int(first), int(last) + 1))
    return years


def _span(row) -> str:
    return f"{full_date(row.starts_on)}至{full_date(row.ends_on)}"


def _phases(parts: Parts) -> Iterable[Contradiction]:
    """Phases lie inside the campaign, one after the other, without days between them."""
    for phase in parts.phases:
        if phase.starts_on < parts.starts_on or phase.ends_on > parts.ends_on:
            yield Contradiction(
                Kind.PHASE_OUTSIDE,
                f"阶段“{phase.name}”是{_span(phase)}，超出了方案的{_span(parts)}",
            )
    ordered = sorted(parts.phases, key=lambda phase: (phase.starts_on, phase.ends_on))
    for one, following in itertools.pairwise(ordered):
        days = (following.starts_on - one.ends_on).days
        if days <= 0:
            yield Contradiction(
                Kind.PHASES_OVERLAP,
                f"阶段“{one.name}”（{_span(one)}）和“{following.name}”（{_span(following)}）重叠",
            )
        elif days > 1:
            yield Contradiction(
                Kind.PHASES_GAP,
                f"阶段“{one.name}”到{full_date(one.ends_on)}结束，"
                f"“{following.name}”{full_date(following.starts_on)}才开始，"
                f"中间 {days - 1} 天不属于任何阶段",
            )


def _measures(parts: Parts) -> Iterable[Contradiction]:
    """A measure is due inside its phase, or inside the campaign where it has none."""
    for measure in parts.measures:
        frame, name = parts, "方案"
        if measure.phase is not None:
            frame, name = measure.phase, f"阶段“{measure.phase.name}”"
        if not frame.starts_on <= measure.due_on <= frame.ends_on:
            yield Contradiction(
                Kind.MEASURE_OUTSIDE,
                f"措施“{measure.text}”的完成时限{full_date(measure.due_on)}"
                f"不在{name}的{_span(frame)}之内",
            )


def _self_check(parts: Parts) -> Iterable[Contradiction]:
    day = parts.self_check_on
    if day and not parts.starts_on <= day <= parts.ends_on:
        yield Contradiction(
            Kind.SELF_CHECK_OUTSIDE,
            f"自查报告{full_date(day)}截止，不在方案的{_span(parts)}之内",
        )
