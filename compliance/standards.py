"""Published sets of requirements: looked at side by side, adopted, copied and written by the county."""

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.timezone import localtime

from accounts import trail
from branches.models import Setting
from branches.values import KEYS, Key, Values, typed
from branches.words import full_date
from compliance import requirements
from compliance.models import Standard
from compliance.registry import Certainty
from compliance.scopes import scope_words

AREA = "standards"


class Refused(ValueError):
    """Not done; the message says what is wrong and what to do. `field` is the form's field meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


# --- Reading ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One requirement of a set beside what is in force and what another set asks; "" is nothing."""

    key: Key
    here: str
    now: str
    other: str
    differs: bool
    differs_from_other: bool
    source: str
    certainty: str


def every() -> list[Standard]:
    """All sets: the published ones, then those the county wrote."""
    return list(Standard.objects.order_by("pk"))


def values_of(standard: Standard) -> dict[Key, Any]:
    """What the set asks, as the keys store it, in the order of 要求设置; what no room declares any
    more is left out."""
    return {key: standard.values[key.name] for key in KEYS.values() if key.name in standard.values}


def differing(standard: Standard, values: Values, today: datetime.date) -> list[Key]:
    """The keys for which the set asks something else than holds today."""
    return [
        key
        for key, value in values_of(standard).items()
        if typed(key, value) != values.on(key, today)
    ]


def beside(standard: Standard, values: Values, today: datetime.date, other=None) -> list[Line]:
    """The lines of a set, and of another where one is given, beside the values in force."""
    here, there = values_of(standard), values_of(other) if other else {}
    changed = set(differing(standard, values, today))
    lines = []
    for key in KEYS.values():
        if key not in here and key not in there:
            continue
        origin = (standard if key in here else other).sources.get(key.name, {})
        mine, others = _said(key, here), _said(key, there)
        lines.append(
            Line(
                key=key,
                here=mine,
                now=requirements.shown(key, values.on(key, today)),
                other=others,
                differs=key in changed,
                differs_from_other=bool(mine and others) and mine != others,
                **_origin(origin),
            )
        )
    return lines


def _said(key: Key, values: dict[Key, Any]) -> str:
    if key not in values:
        return ""
    return requirements.shown(key, requirements.stored(key, values[key]))


def _origin(line: dict) -> dict[str, str]:
    certainty = line.get("certainty", "")
    return {
        "source": line.get("source", ""),
        "certainty": Certainty(certainty).label if certainty else "",
    }


# --- Adopting ---------------------------------------------------------------------------


@transaction.atomic
def adopt(
    standard: Standard,
    names: Iterable[str],
    *,
    scope: str = "",
    by,
    on: datetime.date,
    reason: str,
) -> list[Setting]:
    """Make lines of a set (keys by name) the county's own from a day on, for everybody or within a
    scope: all in one transaction, each a county value with its reason.

    Refuses no lines at all, no reason, and what `requirements.save` does.
    """
    chosen = chosen_of(standard, names)
    if not chosen:
        raise Refused("请至少勾选一项", "names")
    if not reason.strip():
        raise Refused("请写明依据，如文件名和文号", "reason")
    try:
        settings = requirements.save(
            chosen,
            scope=scope,
            by=by,
            on=on,
            reason=f"采用《{standard.title}》；{reason.strip()}"[:300],
        )
    except ValueError as unfit:
        raise Refused(str(unfit)) from unfit
    trail.record(
        by=by,
        action="采用要求标准",
        area=AREA,
        object_id=standard.pk,
        label=standard.title,
        after={
            "项数": f"{len(settings)}",
            "自": f"{on:%Y-%m-%d}",
            "范围": scope_words([scope])[scope],
        },
        reason=reason.strip(),
    )
    return settings


def chosen_of(standard: Standard, names: Iterable[str]) -> dict[Key, Any]:
    """The lines of a set that were chosen by the names of their keys."""
    names = set(names)
    return {key: value for key, value in values_of(standard).items() if key.name in names}


# --- Writing ----------------------------------------------------------------------------


@transaction.atomic
def copy(standard: Standard, *, by) -> Standard:
    """A set of the county's own with the same lines, to be changed as it likes."""
    # Two who copy it at once, or click twice, wait for each other and get different titles.
    standard = Standard.objects.select_for_update(no_key=True).get(pk=standard.pk)
    title = _free_title(f"{standard.title}（本县修改）"[:95])
    copied = Standard.objects.create(
        code=f"county-{uuid.uuid4().hex[:12]}",
        title=title,
        source=f"由《{standard.title}》复制",
        certainty=Certainty.COUNTY,
        values=standard.values,
        sources=standard.sources,
        entered_by=by,
    )
    _record("复制要求标准", copied, by, after={"名称": title, "复制自": standard.title})
    return copied


def _free_title(title: str) -> str:
    taken = set(Standard.objects.filter(title__startswith=title).values_list("title", flat=True))
    names = [title, *(f"{title}{number}" for number in range(2, len(taken) + 2))]
    return next(name for name in names if name not in taken)


@transaction.atomic
def change(
    standard: Standard,
    *,
    version: int,
    title: str,
    source: str,
    note: str,
    values: dict[Key, Any],
    by,
) -> Standard:
    """Write a set of the county's own anew; `values` as they are typed or stored, the whole set.

    Refuses a published set, an older version of it, a title that another set has, and a value that
    does not fit its key. What is in force stays as it is: it is adopted apart.
    """
    held = Standard.objects.select_for_update().get(pk=standard.pk)
    if not held.is_own:
        raise Refused("公开的标准不能改；请先复制一套，再改复制的")
    if held.version != version:
        raise Refused("刚被别人改过，你填的内容还在，核对后再保存一次")
    if Standard.objects.exclude(pk=held.pk).filter(title=title).exists():
        raise Refused("已有同名的标准，请换一个名称", "title")
    stored = {}
    for key, value in values.items():
        try:
            stored[key.name] = key.cleaned(value)
        except ValueError as unfit:
            raise Refused(str(unfit), key.name) from unfit
    before = _facts(held)
    # A line that was changed does not come from where it was copied.
    kept = {name for name, value in stored.items() if held.values.get(name) == value}
    held.sources = {name: line for name, line in held.sources.items() if name in kept}
    held.title, held.source, held.note, held.values = title, source, note, stored
    held.version += 1
    held.save()
    after = _facts(held)
    names = [name for name in before | after if before.get(name) != after.get(name)]
    _record(
        "修改要求标准",
        held,
        by,
        before={name: before.get(name, "") for name in names},
        after={name: after.get(name, "") for name in names},
    )
    return held


def _facts(standard: Standard) -> dict[str, str]:
    """The set as the trail says it."""
    lines = {key.label: _said(key, values_of(standard)) for key in values_of(standard)}
    return {"名称": standard.title, "出处": standard.source, "说明": standard.note} | lines


def _record(action: str, standard: Standard, by, **facts) -> None:
    trail.record(
        by=by, action=action, area=AREA, object_id=standard.pk, label=standard.title, **facts
    )


def origin_words(standard: Standard) -> str:
    """Who wrote a set and how sure its source is."""
    if standard.is_own:
        return f"本县录入，{full_date(localtime(standard.entered_at).date())}"
    return Certainty(standard.certainty).label
