"""County values: each from a day on."""

import datetime
from typing import Any

from django.db import transaction

from accounts import trail
from branches.changes import note_changes
from branches.models import Organisation, Setting
from branches.services.areas import VALUES_AREA
from branches.values import Key, Values, said


@transaction.atomic
def set_value(
    key: Key,
    value,
    *,
    by,
    on: datetime.date,
    reason: str,
    scope: str = "",
    scope_words: str = "",
) -> Setting:
    """Give a county value from `on` on; ValueError with a Chinese sentence when it does not fit.

    Earlier days keep the value they had. A second value for the same day replaces the first.
    In a `scope`, which `scope_words` name for the trail, the value departs from the county's, and
    None ends that; for the county itself None does not fit.
    """
    (setting,) = set_values(
        {key: value}, by=by, on=on, reason=reason, scope=scope, scope_words=scope_words
    )
    return setting


@transaction.atomic
def set_values(
    values: dict[Key, Any],
    *,
    by,
    on: datetime.date,
    reason: str,
    scope: str = "",
    scope_words: str = "",
) -> list[Setting]:
    """Give several county values from the same day on, all of them or none; as `set_value`."""
    cleaned = {
        key: key.cleaned(value) if value is not None or not scope else None
        for key, value in values.items()
    }
    present = Values().within(*filter(None, [scope]))
    settings = [
        _stored(key, value, present.on(key, on), by, on, reason, scope, scope_words or scope)
        for key, value in cleaned.items()
    ]
    note_changes(
        (pk, VALUES_AREA, on, on) for pk in Organisation.objects.values_list("pk", flat=True)
    )
    return settings


def _stored(key: Key, value, before, by, on, reason: str, scope: str, words: str) -> Setting:
    """One value with its line of the trail."""
    # Also where somebody else, or a second click, gives it for the same day at the same moment.
    setting, _new = Setting.objects.update_or_create(
        key=key.name,
        scope=scope,
        starts_on=on,
        defaults={"value": value, "reason": reason},
    )
    trail.record(
        by=by,
        action="要求设置",
        area="settings",
        object_id=setting.pk,
        label=key.label,
        before={"值": said(before)},
        after={"值": "按全县" if value is None else said(value), "自": f"{on:%Y-%m-%d}"}
        | ({"范围": words} if scope else {}),
        reason=reason,
    )
    return setting
