"""Alliances (党建联合体): founded by their lead, joined and left by organisations, ended.

No rule judges them, so nothing is noted for judging.
"""

import datetime

from django.db import transaction
from django.db.models import Q

from accounts import trail
from branches.differences import filled, put
from branches.models import Alliance, AllianceMember, Organisation

AREA = "alliances"


class AllianceFault(ValueError):
    """Not done; the message says why and what to do. `field` is the field of the form meant."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


@transaction.atomic
def found_alliance(
    *, lead: Organisation, name: str, aim: str, starts_on: datetime.date, by
) -> Alliance:
    """Found an alliance under `lead`, which belongs to it without a row of its own.

    Refuses a lead dissolved before that day and a second running alliance of the same name.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=lead.pk)
    _refuse_dissolved(lead, starts_on)
    alliance = Alliance(organisation=lead, name=name, aim=aim, starts_on=starts_on)
    _refuse_alliance(alliance)
    alliance.save()
    _record(alliance, "成立联合体", by, after=filled(alliance, ("name", "aim", "starts_on")))
    return alliance


@transaction.atomic
def change_alliance(*, alliance: Alliance, by, **facts: object) -> bool:
    """Change name, aim and days; returns whether anything differed.

    Its end ends the time of all who are in it, and moves with a correction for those who stayed to
    the end. Refuses an end before the beginning, and a beginning or an end that would cut off the
    time of a member.
    """
    alliance = Alliance.objects.select_for_update().get(pk=alliance.pk)
    end_before = alliance.ends_on
    difference = put(alliance, **facts)
    if not difference:
        return False
    _refuse_alliance(alliance)
    if alliance.members.filter(starts_on__lt=alliance.starts_on).exists():
        raise AllianceFault("有成员在这一天以前就加入了，请核对成立日期", "starts_on")
    to_the_end = Q(ends_on__isnull=True)
    if end_before:
        to_the_end |= Q(ends_on=end_before)
    if alliance.ends_on:
        later = Q(starts_on__gt=alliance.ends_on) | (Q(ends_on__gt=alliance.ends_on) & ~to_the_end)
        if alliance.members.filter(later).exists():
            raise AllianceFault("有成员在这一天以后才加入或退出，请核对结束日期", "ends_on")
    alliance.save(update_fields=difference.fields)
    if "ends_on" in difference.fields:
        alliance.members.filter(to_the_end).update(ends_on=alliance.ends_on)
    ended = "ends_on" in difference.fields and alliance.ends_on
    _record(
        alliance,
        "结束联合体" if ended else "更新联合体",
        by,
        before=difference.before,
        after=difference.after,
    )
    return True


@transaction.atomic
def join(
    *, alliance: Alliance, organisation: Organisation, starts_on: datetime.date, by
) -> AllianceMember:
    """An organisation joins. Refuses the lead, who is in it already, who is in it, one dissolved by
    then, a day outside the time of the alliance or inside an earlier time of the same one."""
    alliance = Alliance.objects.select_for_update().get(pk=alliance.pk)
    if organisation.pk == alliance.organisation_id:
        raise AllianceFault("这是牵头组织，不用再加入", "code")
    if starts_on < alliance.starts_on:
        raise AllianceFault("加入日期早于联合体成立日期，请核对", "starts_on")
    if alliance.ends_on and starts_on > alliance.ends_on:
        raise AllianceFault("联合体那时已经结束，请核对加入日期", "starts_on")
    _refuse_dissolved(organisation, starts_on)
    times = alliance.members.filter(organisation=organisation)
    if times.filter(ends_on=None).exists():
        raise AllianceFault(f"“{organisation.name}”已在联合体中", "code")
    if times.filter(ends_on__gte=starts_on).exists():
        raise AllianceFault(f"“{organisation.name}”那一天还在联合体中，请核对加入日期", "starts_on")
    joined = AllianceMember.objects.create(
        alliance=alliance,
        organisation=organisation,
        starts_on=starts_on,
        ends_on=alliance.ends_on,
    )
    after = {"成员组织": organisation.name, "加入日期": f"{starts_on:%Y-%m-%d}"}
    _record(alliance, "加入联合体", by, after=after)
    return joined


@transaction.atomic
def leave(*, member: AllianceMember, ends_on: datetime.date, by) -> AllianceMember:
    """An organisation leaves; `ends_on` is its last day. Refuses one that has left, and a day before
    it joined."""
    alliance = Alliance.objects.select_for_update().get(pk=member.alliance_id)
    member = AllianceMember.objects.select_related("organisation").get(pk=member.pk)
    if member.ends_on:
        raise AllianceFault(f"“{member.organisation.name}”已经退出，请看最新情况")
    if ends_on < member.starts_on:
        raise AllianceFault("退出日期早于加入日期，请核对", "ends_on")
    member.ends_on = ends_on
    member.save(update_fields=["ends_on"])
    after = {"成员组织": member.organisation.name, "退出日期": f"{ends_on:%Y-%m-%d}"}
    _record(alliance, "退出联合体", by, after=after)
    return member


def _refuse_dissolved(organisation: Organisation, on: datetime.date) -> None:
    if organisation.dissolved_on and organisation.dissolved_on <= on:
        raise AllianceFault(f"“{organisation.name}”已经撤销，请核对", "code")


def _refuse_alliance(alliance: Alliance) -> None:
    if alliance.ends_on and alliance.ends_on < alliance.starts_on:
        raise AllianceFault("结束日期早于成立日期，请核对", "ends_on")
    same = Alliance.objects.filter(
        organisation=alliance.organisation_id, name=alliance.name, ends_on=None
    ).exclude(pk=alliance.pk)
    if alliance.ends_on is None and same.exists():
        raise AllianceFault(f"“{alliance.name}”已登记过，请在原来那一处修改", "name")


def _record(alliance: Alliance, action: str, by, **facts) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=alliance.pk,
        label=alliance.name,
        organisation_id=alliance.organisation_id,
        **facts,
    )
