"""County values: each from a day on."""

import datetime

from django.db import transaction

from accounts import trail
from branches.changes import note_changes
from branches.models import Organisation, Setting
from branches.services.areas import VALUES_AREA
from branches.values import Key, Values, said


@transaction.atomic
def set_value(key: Key, value, *, by, on: datetime.date, reason: str) -> Setting:
    """Give a county value from `on` on; ValueError with a Chinese sentence when it does not fit.

    Earlier days keep the value they had. A second value for the same day replaces the first.
    """
    value = key.cleaned(value)
    known = Setting.objects.select_for_update().filter(key=key.name, starts_on=on).first()
    before = Values().on(key, on)
    setting = known or Setting(key=key.name, starts_on=on)
    setting.value, setting.reason = value, reason
    setting.save()
    trail.record(
        by=by,
        action="要求设置",
        area="settings",
        object_id=setting.pk,
        label=key.label,
        before={"值": said(before)},
        after={"值": said(value), "自": f"{on:%Y-%m-%d}"},
        reason=reason,
    )
    note_changes(
        (pk, VALUES_AREA, on, on) for pk in Organisation.objects.values_list("pk", flat=True)
    )
    return setting
