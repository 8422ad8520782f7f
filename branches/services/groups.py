"""Party groups (党小组) of a branch."""

import datetime

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Group, Organisation
from branches.services.areas import AREA, OrganisationFault
from branches.services.facts import refuse_day
from branches.words import full_date


@transaction.atomic
def add_group(
    organisation: Organisation, *, name: str, on: datetime.date, today: datetime.date, by
) -> Group:
    """Set up a group from `on` on. Refuses outside a branch, and a name that was used before."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not organisation.is_branch:
        raise OrganisationFault(f"“{organisation.name}”不是党支部，只有党支部设党小组")
    refuse_day(organisation, on, today)
    _refuse_name(organisation, name)
    group = Group.objects.create(organisation=organisation, name=name, starts_on=on)
    _record("设立党小组", group, by, after={"党小组": name, "自": f"{on:%Y-%m-%d}"})
    note_change(organisation.pk, AREA, on)
    return group


@transaction.atomic
def rename_group(group: Group, *, name: str, by) -> bool:
    """Give a group another name; returns whether it differed. Refuses a name of another group."""
    group = Group.objects.select_for_update().select_related("organisation").get(pk=group.pk)
    if group.name == name:
        return False
    _refuse_name(group.organisation, name)
    before, group.name = group.name, name
    group.save(update_fields=["name"])
    _record("党小组更名", group, by, before={"党小组": before}, after={"党小组": name})
    return True


@transaction.atomic
def end_group(group: Group, *, on: datetime.date, today: datetime.date, by) -> bool:
    """End a group; `on` is the first day without it. Returns whether it was still standing.

    Who was in it is told apart by the room of members, which calls this.
    """
    group = Group.objects.select_for_update().select_related("organisation").get(pk=group.pk)
    if group.ends_on is not None:
        return False
    refuse_day(group.organisation, on, today)
    if group.starts_on and on <= group.starts_on:
        raise OrganisationFault(
            f"“{group.name}”{full_date(group.starts_on)}才设立，请填那天以后的日期", field="on"
        )
    group.ends_on = on - datetime.timedelta(days=1)
    group.save(update_fields=["ends_on"])
    _record("撤销党小组", group, by, after={"党小组": group.name, "自": f"{on:%Y-%m-%d}"})
    note_change(group.organisation_id, AREA, on)
    return True


def _refuse_name(organisation: Organisation, name: str) -> None:
    used = Group.objects.filter(organisation=organisation, name=name).first()
    if used is None:
        return
    ended = f"（至{full_date(used.ends_on)}）" if used.ends_on else ""
    raise OrganisationFault(f"“{name}”这个名称已用过{ended}，请换一个", field="name")


def _record(action: str, group: Group, by, **facts) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=group.organisation_id,
        label=group.organisation.name,
        organisation_id=group.organisation_id,
        **facts,
    )


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
