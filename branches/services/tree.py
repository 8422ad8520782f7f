"""The tree: founding, moving, and the paths that rights follow."""

import datetime

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat, Substr

from accounts import trail
from branches.changes import note_change
from branches.models import Kind, Organisation, Placement
from branches.services.areas import AREA, OrganisationFault
from branches.services.facts import refuse_day
from branches.words import full_date

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_STEP = 6


def path_keys(path: str) -> list[int]:
    """Primary keys on the way down to an organisation, itself last."""
    return [int(path[start : start + _STEP], 36) for start in range(0, len(path), _STEP)]


class TreeFault(OrganisationFault):
    """The place does not fit in the tree; the message names both organisations."""


def path_step(key: int) -> str:
    """The primary key in base 36, six characters wide."""
    digits = ""
    while key:
        key, digit = divmod(key, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(_STEP, "0")


@transaction.atomic
def found_organisation(*, by, on: datetime.date | None, parent=None, **facts) -> Organisation:
    """Create an organisation under `parent` as of its founding day.

    Refuses a place below a branch or below something dissolved.
    """
    if parent is not None:
        refuse_place(parent, on)
    (organisation,) = create_organisations([Organisation(parent=parent, founded_on=on, **facts)])
    after = {
        "组织编码": organisation.code,
        "组织类别": organisation.get_kind_display(),
        "设置形式": organisation.get_form_display() if organisation.is_branch else "",
        "上级组织": str(parent or ""),
        "成立日期": f"{on:%Y-%m-%d}" if on else "",
    }
    trail.record(
        by=by,
        action="设立组织",
        area=AREA,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        after={name: words for name, words in after.items() if words},
    )
    note_change(organisation.pk, AREA, on or datetime.date.min)
    return organisation


def refuse_place(parent: Organisation, on: datetime.date | None) -> None:
    """Raise TreeFault where nothing can stand below `parent`: a branch, or one that has ended."""
    if parent.kind == Kind.BRANCH:
        raise TreeFault(f"“{parent.name}”是党支部，下面不能再设党组织", field="parent")
    if parent.dissolved_on and (on is None or on >= parent.dissolved_on):
        raise TreeFault(
            f"“{parent.name}”已于{full_date(parent.dissolved_on)}撤销，不能作上级", field="parent"
        )
    if parent.founded_on and on and on < parent.founded_on:
        raise TreeFault(
            f"“{parent.name}”{full_date(parent.founded_on)}才成立，日期不能早于那天", field="on"
        )


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


def refuse_circle(organisation: Organisation, to: Organisation) -> None:
    """Raise TreeFault when `to` is the organisation itself or stands below it."""
    if to.path.startswith(organisation.path):
        raise TreeFault(f"“{to.name}”在“{organisation.name}”之下，不能作它的上级")


@transaction.atomic
def move_organisation(
    organisation: Organisation,
    *,
    to: Organisation,
    by,
    on: datetime.date,
    today: datetime.date | None = None,
    reason: str = "",
) -> bool:
    """Put an organisation with everything below it under another parent from `on` on.

    Refuses a move under itself or its own subordinate, under a branch, on a day that is still to
    come (`today`), before the founding or the last move. Months before `on` keep the old parent.
    Returns whether anything changed.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    to = Organisation.objects.get(pk=to.pk)
    refuse_circle(organisation, to)
    if organisation.parent_id == to.pk:
        return False
    refuse_place(to, on)
    refuse_day(organisation, on, today or on)
    _refuse_earlier_move(organisation, on)
    old_parent, old_path = organisation.parent, organisation.path
    new_path = to.path + path_step(organisation.pk)
    _move_placements(organisation, to, old_path, new_path, on)
    tail = Substr("path", len(old_path) + 1)
    Organisation.objects.below(organisation).update(path=Concat(Value(new_path), tail))
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
    return True


def _refuse_earlier_move(organisation: Organisation, on: datetime.date) -> None:
    """What was moved on a day cannot be moved again as of a day before it."""
    standing = Placement.objects.filter(organisation=organisation, ends_on__isnull=True).first()
    if standing and standing.starts_on and on < standing.starts_on:
        raise TreeFault(
            f"“{organisation.name}”{full_date(standing.starts_on)}起才在现在的位置，"
            "请填那天或以后的日期",
            field="on",
        )


def _move_placements(organisation, to, old_path: str, new_path: str, on: datetime.date) -> None:
    """End the places under the old path the day before and begin those under the new one.

    What began on or after the day is corrected. What has left the subtree since stood under the
    new path until it left.
    """
    concerned = Placement.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=on), path__gte=old_path, path__lt=old_path + "~"
    )
    tail = Substr("path", len(old_path) + 1)
    successors = [
        Placement(
            organisation_id=placement.organisation_id,
            parent_id=to.pk
            if placement.organisation_id == organisation.pk
            else placement.parent_id,
            path=new_path + placement.path[len(old_path) :],
            starts_on=on,
            ends_on=placement.ends_on,
        )
        for placement in concerned.exclude(starts_on__gte=on)
    ]
    concerned.filter(starts_on__gte=on, organisation=organisation).update(parent=to)
    concerned.filter(starts_on__gte=on).update(path=Concat(Value(new_path), tail))
    concerned.exclude(starts_on__gte=on).update(ends_on=on - datetime.timedelta(days=1))
    Placement.objects.bulk_create(successors)
