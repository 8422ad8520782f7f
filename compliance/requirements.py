"""要求设置: every county value with what holds now, what held and what will hold."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from branches.models import Setting
from branches.services.county_values import set_values
from branches.values import KEYS, Key, Values, said
from branches.words import full_date
from compliance.registry import concerned
from compliance.scopes import last_day, may_depart, scope_words

# First part of a key's name → heading; the order is that of the page.
GROUPS = {
    "meetings": "三会一课和学习",
    "dues": "党费",
    "members": "党员",
    "terms": "换届",
    "elections": "选举",
    "branches": "组织、班子、阵地和经费",
    "tasks": "整改、方案、党建+、软弱涣散、覆盖",
    "assessments": "考核和支部建设",
    "compliance": "核对和提醒",
    "notices": "邮件和群机器人",
    "ledgers": "封账",
    "on": "执行哪些要求",
    "strict": "过期亮红灯",
}


@dataclass(frozen=True)
class Line:
    """One county value as the list shows it; `coming` is the next one that has been entered.

    `departing` says what holds today in a sector or a campaign instead.
    """

    key: Key
    now: str
    since: datetime.date | None
    coming: tuple[datetime.date, str] | None
    departing: tuple[str, ...] = ()

    @property
    def is_changed(self) -> bool:
        return self.since is not None or bool(self.departing)


@dataclass(frozen=True)
class Entry:
    """One value as it was entered: from which day on, for whom; None ends a departure."""

    starts_on: datetime.date
    value: str
    reason: str
    scope: str


def shown(key: Key, value: Any) -> str:
    """A value with its unit as it is said on screen."""
    if isinstance(key.default, bool):
        return "是" if value else "否"
    if isinstance(value, datetime.date):
        return full_date(value)
    return f"{said(value)}{key.unit and f' {key.unit}'}"


def stored(key: Key, value: Any) -> Any:
    """A value as it stands in the table, given the type of its key."""
    if isinstance(key.default, datetime.date):
        return datetime.date.fromisoformat(value)
    return value


def lines(today: datetime.date) -> list[tuple[str, list[Line]]]:
    """All values under their headings, in the order in which the rooms declare them."""
    values = Values()
    dated, departing = defaultdict(list), defaultdict(dict)
    for setting in Setting.objects.order_by("starts_on"):
        if not setting.scope:
            dated[setting.key].append(setting)
        elif setting.starts_on <= today:
            departing[setting.key][setting.scope] = setting.value
    words = scope_words(scope for scopes in departing.values() for scope in scopes)
    groups: dict[str, list[Line]] = {name: [] for name in GROUPS}
    for key in KEYS.values():
        group = groups.get(key.name.split(".")[0])
        if group is not None:
            others = _departing(key, departing[key.name], words)
            group.append(_line(key, values, dated[key.name], others, today))
    return [(GROUPS[name], rows) for name, rows in groups.items() if rows]


def _departing(key: Key, held: dict[str, Any], words: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{words[scope]} {shown(key, stored(key, value))}"
        for scope, value in sorted(held.items())
        if value is not None
    )


def _line(
    key: Key, values: Values, settings: list[Setting], departing: tuple, today: datetime.date
) -> Line:
    begun = [one for one in settings if one.starts_on <= today]
    coming = next((one for one in settings if one.starts_on > today), None)
    return Line(
        key=key,
        now=shown(key, values.on(key, today)),
        since=begun[-1].starts_on if begun else None,
        coming=(coming.starts_on, shown(key, stored(key, coming.value))) if coming else None,
        departing=departing,
    )


def history(key: Key) -> list[Entry]:
    """What was entered for a value, newest day first."""
    settings = list(Setting.objects.filter(key=key.name).order_by("-starts_on", "scope"))
    words = scope_words({setting.scope for setting in settings})
    return [
        Entry(
            one.starts_on,
            "按全县" if one.value is None else shown(key, stored(key, one.value)),
            one.reason,
            words[one.scope] if one.scope else "",
        )
        for one in settings
    ]


def readers(key: Key) -> list[str]:
    """The titles of the rules that read a value."""
    return [rule.title for rule in concerned(key)]


def save(
    changes: dict[Key, Any], *, scope: str = "", by, on: datetime.date, reason: str
) -> list[Setting]:
    """Give values from a day on, for the county or within a scope; all of them or none.

    Refuses (ValueError with a Chinese sentence) what does not fit its key, in a scope what judges
    nobody, and a day on which the campaign is over.
    """
    if scope:
        if whole := next((key for key in changes if not may_depart(key)), None):
            raise ValueError(f"“{whole.label}”只能全县统一，请把范围改为全县")
        last = last_day(scope)
        if last and on > last:
            raise ValueError(f"这个方案到{full_date(last)}为止，请填那以前的日期")
    return set_values(
        changes,
        by=by,
        on=on,
        reason=reason,
        scope=scope,
        scope_words=scope_words([scope])[scope],
    )
