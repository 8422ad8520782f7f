"""Plans of work as templates: five data files beside this module, read and checked. No database.

Days are month and day of the campaign's year (`03-21`), of a year after it (`+1/12-31`), or the end
of a month (`02-last`). `{year}`, `{year+1}`, `{year+2}` in words become years. A file has the keys of
`Template`; phases are named by `key`, measures stand inside their block. Source: the five plans that
counties published (plans.md); days that a plan leaves open are suggestions and may be changed.
"""

import calendar
import datetime
import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from branches.models import Sector
from tasks.enums import Addressed, Bound

CODES = ("plan0", "plan1", "plan2", "plan3", "plan4")
_DAY = re.compile(r"(?:\+(\d)/)?(\d\d)-(\d\d|last)")
_YEAR = re.compile(r"\{year(?:\+(\d))?\}")
# Figures that the system computes for a target.
FIGURES = ("", "coverage.organisation", "coverage.work")


@dataclass(frozen=True)
class Template:
    """One plan as its file says it."""

    code: str
    name: str
    title: str
    about: str
    aim: str
    starts: str
    ends: str
    phases: list[dict[str, Any]]
    blocks: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    values: list[dict[str, Any]]
    self_check: str = ""

    @property
    def measures(self) -> list[dict[str, Any]]:
        """The measures of all blocks, in the plan's order."""
        return [measure for block in self.blocks for measure in block["measures"]]


@functools.cache
def template(code: str) -> Template:
    """The plan of that code; KeyError for a code that is none."""
    if code not in CODES:
        raise KeyError(code)
    text = (Path(__file__).parent / f"{code}.json").read_text("utf-8")
    return Template(code=code, **json.loads(text))


def templates() -> list[Template]:
    """All plans, in their order."""
    return [template(code) for code in CODES]


def day_of(text: str, year: int) -> datetime.date:
    """`03-21`, `+1/12-31` or `02-last` as a day of a campaign of `year`; ValueError for another."""
    match = _DAY.fullmatch(text)
    if not match:
        raise ValueError(f"{text} 不是“月-日”")
    later, month, day = match.groups()
    year += int(later or 0)
    if day == "last":
        return datetime.date(year, int(month), calendar.monthrange(year, int(month))[1])
    return datetime.date(year, int(month), int(day))


def words_of(text: str, year: int) -> str:
    """The words with their years put in."""
    return _YEAR.sub(lambda match: str(year + int(match[1] or 0)), text)


def faults(plan: Template, keys: Mapping[str, Any], year: int = 2026) -> list[str]:
    """What is wrong with a plan's file, in words; `keys` are the county values that exist."""
    return [
        *_day_faults(plan, year),
        *_measure_faults(plan),
        *_target_faults(plan),
        *_value_faults(plan, keys),
    ]


def _day_faults(plan: Template, year: int) -> Iterable[str]:
    starts_on, ends_on = day_of(plan.starts, year), day_of(plan.ends, year)
    if starts_on > ends_on:
        yield "方案的结束早于开始"
    spans = {one["key"]: (one["starts"], one["ends"]) for one in plan.phases}
    rows = [(one["text"], one["due"]) for one in plan.measures]
    rows += [(one["subject"], one["due"]) for one in plan.targets]
    rows += [(one["name"], day) for one in plan.phases for day in (one["starts"], one["ends"])]
    for name, text in rows:
        if not starts_on <= day_of(text, year) <= ends_on:
            yield f"“{name}”的日期不在方案之内"
    for one in plan.measures:
        span = spans.get(one.get("phase", ""))
        if one.get("phase") and span is None:
            yield f"“{one['text']}”的阶段不存在"
        elif span and not day_of(span[0], year) <= day_of(one["due"], year) <= day_of(
            span[1], year
        ):
            yield f"“{one['text']}”的时限不在阶段之内"


def _measure_faults(plan: Template) -> Iterable[str]:
    for block in plan.blocks:
        if not block.get("name") or not block.get("measures"):
            yield f"板块“{block.get('name')}”没有措施"
    texts = [one["text"] for one in plan.measures]
    yield from (f"“{text}”写了两次" for text in sorted(set(texts)) if texts.count(text) > 1)
    for one in plan.measures:
        if one["addressed"] not in Addressed.values:
            yield f"“{one['text']}”的分解对象不存在"
        if (one["addressed"] == Addressed.SECTOR) != bool(one.get("sector")):
            yield f"“{one['text']}”的领域没有写对"
        if one.get("sector", "") not in ("", *Sector.values):
            yield f"“{one['text']}”的领域不存在"


def _target_faults(plan: Template) -> Iterable[str]:
    for one in plan.targets:
        if one["bound"] not in Bound.values or one.get("figure", "") not in FIGURES:
            yield f"目标“{one['subject']}”的要求或算法不存在"


def _value_faults(plan: Template, keys: Mapping[str, Any]) -> Iterable[str]:
    for one in plan.values:
        if one["key"] not in keys:
            yield f"没有“{one['key']}”这个数值"
            continue
        try:
            keys[one["key"]].cleaned(one["value"])
        except ValueError as fault:
            yield str(fault)
