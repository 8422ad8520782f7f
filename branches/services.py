"""What happens to organisations. Every service writes its trail and notes what to judge again."""

import datetime

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr

from accounts import trail
from branches.changes import note_change, note_changes
from branches.models import Group, Organisation, Placement, Setting
from branches.values import Key, Values

AREA = "branches"
# A changed county value concerns every rule of everybody.
VALUES_AREA = "values"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_STEP = 6


def path_keys(path: str) -> list[int]:
    """Primary keys on the way down to an organisation, itself last."""
    return [int(path[start : start + _STEP], 36) for start in range(0, len(path), _STEP)]


class TreeFault(ValueError):
    """The move would make the tree impossible; the message names both organisations."""


def path_step(key: int) -> str:
    """The primary key in base 36, six characters wide."""
    digits = ""
    while key:
        key, digit = divmod(key, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(_STEP, "0")


@transaction.atomic
def found_organisation(*, by, on: datetime.date | None, parent=None, **facts) -> Organisation:
    """Create an organisation under `parent` as of its founding day."""
    (organisation,) = create_organisations([Organisation(parent=parent, founded_on=on, **facts)])
    trail.record(
        by=by,
        action="设立组织",
        area=AREA,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        after={"组织编码": organisation.code, "上级组织": str(parent or "")},
    )
    note_change(organisation.pk, AREA, on or datetime.date.min)
    return organisation


def create_organisations(organisations: list[Organisation]) -> list[Organisation]:
    """Insert organisations whose parents are stored already, with path and placement.

    The caller writes the trail. One level of the tree at a time.
    """
    for organisation in organisations:
        # Unique until the key is known, then replaced by the real path.
        organisation.path = "~" + organisation.code
    Organisation.objects.bulk_create(organisations, batch_size=500)
    for organisation in organisations:
        above = organisation.parent.path if organisation.parent else ""
        organisation.path = above + path_step(organisation.pk)
    Organisation.objects.bulk_update(organisations, ["path"], batch_size=200)
    Placement.objects.bulk_create(
        [
            Placement(
                organisation=organisation,
                parent=organisation.parent,
                path=organisation.path,
                starts_on=organisation.founded_on,
            )
            for organisation in organisations
        ],
        batch_size=500,
    )
    return organisations


@transaction.atomic
def change_organisation(organisation: Organisation, *, by, reason: str = "", **facts) -> bool:
    """Change plain facts (name, sector, founding day…); a move is `move_organisation`.

    Returns whether anything differed.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    before = {name: getattr(organisation, name) for name in facts}
    changed = [name for name, value in facts.items() if before[name] != value]
    if not changed:
        return False
    said_before = _in_words(organisation, changed)
    for name in changed:
        setattr(organisation, name, facts[name])
    organisation.save(update_fields=changed)
    if "founded_on" in changed:
        # The first placement begins with the organisation.
        Placement.objects.filter(organisation=organisation, starts_on=before["founded_on"]).update(
            starts_on=organisation.founded_on
        )
    trail.record(
        by=by,
        action="修改组织",
        area=AREA,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        before=said_before,
        after=_in_words(organisation, changed),
        reason=reason,
    )
    days = [day for day in (before.get("founded_on"), facts.get("founded_on")) if day]
    if "kind" in changed:
        # Other rules apply from its beginning on.
        days.append(organisation.founded_on or datetime.date.min)
    days += [day for day in (before.get("dissolved_on"), facts.get("dissolved_on")) if day]
    if days:
        note_change(organisation.pk, AREA, min(days), max(days))
    return True


def _in_words(organisation: Organisation, names: list[str]) -> dict[str, str]:
    """Facts as they are called and shown on screen."""
    words = {}
    for name in names:
        field = Organisation._meta.get_field(name)
        value = (
            getattr(organisation, f"get_{name}_display")()
            if field.choices
            else getattr(organisation, name)
        )
        words[field.verbose_name] = str(value or "")
    return words


def refuse_circle(organisation: Organisation, to: Organisation) -> None:
    """Raise TreeFault when `to` is the organisation itself or stands below it."""
    if to.path.startswith(organisation.path):
        raise TreeFault(f"“{to.name}”在“{organisation.name}”之下，不能作它的上级")


@transaction.atomic
def move_organisation(
    organisation: Organisation, *, to: Organisation, by, on: datetime.date, reason: str = ""
) -> None:
    """Put an organisation with everything below it under another parent from `on` on.

    Refuses a move under itself or its own subordinate. Months before `on` keep the old parent.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    to = Organisation.objects.get(pk=to.pk)
    refuse_circle(organisation, to)
    if organisation.parent_id == to.pk:
        return
    old_parent, old_path = organisation.parent, organisation.path
    new_path = to.path + path_step(organisation.pk)
    moved = list(Organisation.objects.below(organisation).values_list("pk", flat=True))
    tail = Substr("path", len(old_path) + 1)
    open_placements = Placement.objects.filter(organisation__in=moved, ends_on__isnull=True)
    yesterday = on - datetime.timedelta(days=1)
    # A placement that began on or after the day of the move is corrected, not ended.
    successors = [
        Placement(
            organisation_id=placement.organisation_id,
            parent_id=to.pk
            if placement.organisation_id == organisation.pk
            else placement.parent_id,
            path=new_path + placement.path[len(old_path) :],
            starts_on=on,
        )
        for placement in open_placements.exclude(starts_on__gte=on)
    ]
    open_placements.filter(starts_on__gte=on, organisation=organisation).update(parent=to)
    open_placements.filter(starts_on__gte=on).update(path=Concat(Value(new_path), tail))
    open_placements.exclude(starts_on__gte=on).update(ends_on=yesterday)
    Placement.objects.bulk_create(successors)
    Organisation.objects.filter(pk__in=moved).update(path=Concat(Value(new_path), tail))
    Organisation.objects.filter(pk=organisation.pk).update(parent=to)
    trail.record(
        by=by,
        action="调整隶属",
        area=AREA,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        before={"上级组织": str(old_parent or "")},
        after={"上级组织": to.name, "自": f"{on:%Y-%m-%d}"},
        reason=reason,
    )
    note_change(organisation.pk, AREA, on)


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
        before={"值": str(before)},
        after={"值": str(value), "自": f"{on:%Y-%m-%d}"},
        reason=reason,
    )
    note_changes(
        (pk, VALUES_AREA, on, on) for pk in Organisation.objects.values_list("pk", flat=True)
    )
    return setting


def set_group_count(
    organisation: Organisation, standing: list[Group], count: int, *, on: datetime.date
) -> tuple[list[Group], list[Group]]:
    """Groups to add and groups to end so that `count` stand; nothing is stored here.

    A register that gives only a number gets groups named 第一党小组, 第二党小组…
    """
    taken = {group.name for group in standing}
    added = []
    number = 0
    while len(standing) + len(added) < count:
        number += 1
        name = f"第{chinese_number(number)}党小组"
        if name not in taken:
            added.append(
                Group(organisation=organisation, name=name, starts_on=organisation.founded_on)
            )
    ended = standing[count:] if len(standing) > count else []
    for group in ended:
        group.ends_on = on
    return added, ended


def chinese_number(number: int) -> str:
    """1 → 一, 12 → 十二; up to 99."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if not tens else ("十" if tens == 1 else digits[tens] + "十")
    return head + (digits[ones] if ones or not tens else "")
