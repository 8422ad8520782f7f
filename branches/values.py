"""County values: typed keys declared by each room, dated values in the database."""

import copy
import datetime
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from branches.models import Setting
from branches.typed import read_date, read_names

KEYS: dict[str, "Key"] = {}


@dataclass(frozen=True)
class Key:
    """One county value: what it means, its default and what may be entered."""

    name: str
    label: str
    default: Any
    unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    # The only values that may be entered; empty for any between minimum and maximum.
    choices: tuple = ()
    help: str = ""

    def __post_init__(self):
        if self.name in KEYS:
            raise ValueError(f"{self.name} is declared twice")
        KEYS[self.name] = self

    def __hash__(self):
        # A name is declared once.
        return hash(self.name)

    def cleaned(self, value):
        """`value` as this key stores it; ValueError with a Chinese sentence when it does not fit."""
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"“{self.label}”请填 true 或 false")
            return value
        if isinstance(self.default, int | Decimal):
            try:
                number = int(value) if isinstance(self.default, int) else Decimal(str(value))
            except (TypeError, ValueError, ArithmeticError):
                raise ValueError(f"“{self.label}”应是数字") from None
            if self.minimum is not None and number < self.minimum:
                raise ValueError(f"“{self.label}”不能小于 {self.minimum}")
            if self.maximum is not None and number > self.maximum:
                raise ValueError(f"“{self.label}”不能大于 {self.maximum}")
            if self.choices and number not in self.choices:
                listed = "、".join(map(str, self.choices))
                raise ValueError(f"“{self.label}”只能是 {listed}")
            return number if isinstance(self.default, int) else str(number)
        if isinstance(self.default, datetime.date):
            return (read_date(value) or self.default).isoformat()
        if isinstance(self.default, tuple):
            return self._items(value)
        return value

    def _items(self, value) -> list[str]:
        """A list of names, typed with 、 or line ends between them or given as a list."""
        items = list(dict.fromkeys(read_names(value) if isinstance(value, str) else value))
        if not items:
            raise ValueError(f"“{self.label}”至少要有一项，各项之间用顿号隔开")
        if longest := next((item for item in items if len(item) > 40), ""):
            raise ValueError(f"“{longest}”太长，每项不超过 40 个字")
        return items


def said(value) -> str:
    """A county value as it is said on screen."""
    return "、".join(value) if isinstance(value, list | tuple) else str(value)


class Values:
    """All county values, read once; ask for a key as of a day.

    A value may depart from the county's within a scope (`Setting.scope`); `within` says whose
    values are asked for, without it they are the county's.
    """

    def __init__(self):
        self._within: tuple[str, ...] = ()
        self._dated: dict[tuple[str, str], tuple[list[datetime.date], list[Any]]] = {}
        for scope, key, starts_on, value in Setting.objects.order_by("starts_on").values_list(
            "scope", "key", "starts_on", "value"
        ):
            days, values = self._dated.setdefault((scope, key), ([], []))
            days.append(starts_on)
            values.append(value)

    def on(self, key: Key, day: datetime.date):
        """The value in force on `day`: the newest that had begun by then, else the default."""
        for scope in self._within:
            value = self._held(scope, key.name, day)
            if value is not None:
                return typed(key, value)
        value = self._held("", key.name, day)
        return key.default if value is None else typed(key, value)

    def _held(self, scope: str, name: str, day: datetime.date) -> Any:
        """What was entered for a scope and holds on `day`, as stored; None for nothing."""
        days, values = self._dated.get((scope, name), _NOTHING)
        index = bisect_right(days, day)
        return values[index - 1] if index else None

    def within(self, *scopes: str) -> "Values":
        """These values as they are for who stands in those scopes, the first before the next."""
        narrowed = copy.copy(self)
        narrowed._within = scopes
        return narrowed

    def departing(self, keys: Iterable[Key], day: datetime.date | None = None) -> set[str]:
        """The scopes in which one of the keys departs from the county's value on `day`; without
        a day, on any."""
        names = {key.name for key in keys}
        return {
            scope
            for scope, name in self._dated
            if scope and name in names
            if day is None or self._held(scope, name, day) is not None
        }

    def supposing(
        self,
        key: Key,
        value: Any,
        starts_on: datetime.date,
        scope: str = "",
        *,
        for_good: bool = False,
    ) -> "Values":
        """These values as they would be if `value`, as the key stores it, held from that day on:
        until the next that has been entered, or `for_good`."""
        days, values = self._dated.get((scope, key.name), _NOTHING)
        dated = dict(zip(days, values, strict=True)) | {starts_on: value}
        kept = sorted(day for day in dated if not for_good or day <= starts_on)
        supposed = copy.copy(self)
        supposed._dated = self._dated | {(scope, key.name): (kept, [dated[day] for day in kept])}
        return supposed

    def version(self, keys: tuple[Key, ...], day: datetime.date) -> str:
        """Which values held on `day`, in a form that changes whenever one of them does."""
        return ";".join(f"{key.name.split('.')[-1]}={self.on(key, day)}" for key in keys)


_NOTHING: tuple[list, list] = ([], [])


def typed(key: Key, value: Any) -> Any:
    """A value as the database gives it, as the type of its key."""
    if isinstance(key.default, Decimal):
        return Decimal(value)
    if isinstance(key.default, datetime.date):
        return datetime.date.fromisoformat(value)
    return tuple(value) if isinstance(key.default, tuple) else value
