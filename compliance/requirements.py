"""要求设置: every county value with what holds now, what held and what will hold."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from branches.models import Setting
from branches.values import KEYS, Key, Values, said
from branches.words import full_date
from compliance.previewing import concerned

# First part of a key's name → heading; the order is that of the page.
GROUPS = {
    "meetings": "三会一课和学习",
    "dues": "党费",
    "members": "党员",
    "terms": "换届",
    "elections": "选举",
    "branches": "组织、班子、阵地和经费",
    "tasks": "整改、方案、党建+、软弱涣散、覆盖",
    "compliance": "核对",
    "strict": "过期亮红灯",
}


@dataclass(frozen=True)
class Line:
    """One county value as the list shows it; `coming` is the next one that has been entered."""

    key: Key
    now: str
    since: datetime.date | None
    coming: tuple[datetime.date, str] | None

    @property
    def is_changed(self) -> bool:
        return self.since is not None


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
    dated = defaultdict(list)
    for setting in Setting.objects.order_by("starts_on"):
        dated[setting.key].append(setting)
    groups: dict[str, list[Line]] = {name: [] for name in GROUPS}
    for key in KEYS.values():
        group = groups.get(key.name.split(".")[0])
        if group is not None:
            group.append(_line(key, values, dated[key.name], today))
    return [(GROUPS[name], rows) for name, rows in groups.items() if rows]


def _line(key: Key, values: Values, settings: list[Setting], today: datetime.date) -> Line:
    begun = [one for one in settings if one.starts_on <= today]
    coming = next((one for one in settings if one.starts_on > today), None)
    return Line(
        key=key,
        now=shown(key, values.on(key, today)),
        since=begun[-1].starts_on if begun else None,
        coming=(coming.starts_on, shown(key, stored(key, coming.value))) if coming else None,
    )


def history(key: Key) -> list[Setting]:
    """What was entered for a value, newest day first."""
    return list(Setting.objects.filter(key=key.name).order_by("-starts_on"))


def readers(key: Key) -> list[str]:
    """The titles of the rules that read a value."""
    return [rule.title for rule in concerned(key)]
