"""The end of an organisation, as far as this room keeps it; `members` sees to its people first."""

import datetime

from django.db import transaction
from django.db.models import F, Q

from accounts import trail
from branches.changes import note_change
from branches.grants import withdraw_role
from branches.models import (
    ActivityRoom,
    Alliance,
    AllianceMember,
    BranchUnit,
    Grant,
    Group,
    Organisation,
)
from branches.services.areas import AREA, OrganisationFault
from branches.services.facts import refuse_day

_NAMED = 3


def children_of(organisation: Organisation, on: datetime.date) -> list[Organisation]:
    """What stands directly below it on `on` or later."""
    return list(
        Organisation.objects.filter(parent=organisation)
        .filter(Q(dissolved_on__isnull=True) | Q(dissolved_on__gt=on))
        .order_by("code")
    )


@transaction.atomic
def close_organisation(
    organisation: Organisation,
    *,
    by,
    on: datetime.date,
    today: datetime.date,
    reason: str,
    merged_into: Organisation | None = None,
) -> dict[str, str]:
    """End an organisation; `on` is the first day without it. Returns what ended, in words.

    Its groups, units and alliances, also those it leads, end the day before, its rooms are closed,
    rights given on it are withdrawn; code, name and history stay. Refuses what `refuse_day` does, and while something stands below it.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    refuse_day(organisation, on, today)
    refuse_children(organisation, on)
    ended = {
        "党小组": end_rows(Group.objects.filter(organisation=organisation), on),
        "所辖单位": end_rows(BranchUnit.objects.filter(organisation=organisation), on),
        "联建共建": end_rows(AllianceMember.objects.filter(organisation=organisation), on),
        "牵头的联合体": _end_led_alliances(organisation, on),
        "活动阵地": _close_rooms(organisation, on),
        "授权": _withdraw_grants(organisation, by, reason),
    }
    organisation.dissolved_on, organisation.merged_into = on, merged_into
    organisation.save(update_fields=["dissolved_on", "merged_into"])
    said = {label: f"{count} 项" for label, count in ended.items() if count}
    after = {"撤销日期": f"{on:%Y-%m-%d}"} | said
    if merged_into:
        after = {"并入": merged_into.name} | after
    trail.record(
        by=by,
        action="合并组织" if merged_into else "撤销组织",
        area=AREA,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        after=after,
        reason=reason,
    )
    note_change(organisation.pk, AREA, on)
    return said


def refuse_children(organisation: Organisation, on: datetime.date) -> None:
    """Raise OrganisationFault with the names of what still stands below it."""
    below = children_of(organisation, on)
    if below:
        names = "、".join(one.short_name for one in below[:_NAMED])
        more = f"等 {len(below)} 个" if len(below) > _NAMED else ""
        raise OrganisationFault(
            f"“{organisation.name}”下面还有{names}{more}党组织，请先调整它们的隶属或撤销它们"
        )


def end_rows(rows, on: datetime.date) -> int:
    """End dated rows that last to `on` or longer the day before it; returns how many.

    A row that began on that day or later keeps its first day alone.
    """
    lasting = rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))
    late = lasting.filter(starts_on__gte=on).update(ends_on=F("starts_on"))
    early = lasting.exclude(starts_on__gte=on).update(ends_on=on - datetime.timedelta(days=1))
    return late + early


def _end_led_alliances(organisation: Organisation, on: datetime.date) -> int:
    """Without their lead alliances end, with the time of all who are in them."""
    led = Alliance.objects.filter(organisation=organisation)
    end_rows(AllianceMember.objects.filter(alliance__in=led), on)
    return end_rows(led, on)


def _close_rooms(organisation: Organisation, on: datetime.date) -> int:
    """Rooms are out of use from `on` on; one opened later closes on its first day."""
    rooms = ActivityRoom.objects.filter(organisation=organisation)
    lasting = rooms.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=on))
    late = lasting.filter(opened_on__gt=on).update(closed_on=F("opened_on"))
    return late + lasting.exclude(opened_on__gt=on).update(closed_on=on)


def _withdraw_grants(organisation: Organisation, by, reason: str) -> int:
    grants = Grant.objects.filter(organisation=organisation, withdrawn_at__isnull=True)
    return sum(
        withdraw_role(grant, by=by, reason=reason)
        for grant in grants.select_related("user", "organisation")
    )
