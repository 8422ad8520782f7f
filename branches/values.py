"""County values: typed keys declared by each room, dated values in the database."""

import copy
import datetime
from bisect import bisect_right
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
    """All county values, read once; ask for a key as of a day."""

    def __init__(self):
        self._dated: dict[str, tuple[list[datetime.date], list[Any]]] = {}
        for key, starts_on, value in (
            Setting.objects.filter(scope="")
            .order_by("key", "starts_on")
            .values_list("key", "starts_on", "value")
        ):
            days, values = self._dated.setdefault(key, ([], []))
            days.append(starts_on)
            values.append(value)

    def on(self, key: Key, day: datetime.date):
        """The value in force on `day`: the newest that had begun by then, else the default."""
        days, values = self._dated.get(key.name, ([], []))
        index = bisect_right(days, day)
        if not index:
            return key.default
        value = values[index - 1]
        if isinstance(key.default, Decimal):
            return Decimal(value)
        if isinstance(key.default, datetime.date):
            return datetime.date.fromisoformat(value)
        return tuple(value) if isinstance(key.default, tuple) else value

    def supposing(self, key: Key, value: Any, starts_on: datetime.date) -> "Values":
        """These values as they would be if `value`, as the key stores it, held from that day on."""
        supposed = copy.copy(self)
        days, values = self._dated.get(key.name, ([], []))
        dated = dict(zip(days, values, strict=True)) | {starts_on: value}
        supposed._dated = self._dated | {
            key.name: (sorted(dated), [dated[d] for d in sorted(dated)])
        }
        return supposed

    def version(self, keys: tuple[Key, ...], day: datetime.date) -> str:
        """Which values held on `day`, in a form that changes whenever one of them does."""
        return ";".join(f"{key.name.split('.')[-1]}={self.on(key, day)}" for key in keys)
