"""Services over the units (单位) behind the branches."""

import datetime
import re

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.dated import standing_on
from branches.models import BranchUnit, Organisation, Unit, UnitKind
from branches.services.areas import AREA, OrganisationFault
from branches.services.facts import refuse_day
from branches.words import full_date

# GB 32100-2015: eighteen places, without the letters I, O, S, V and Z.
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


def kind_for(sector: str) -> str:
    """The kind of unit that a sector suggests."""
    return sector if sector in UnitKind.values else UnitKind.OTHER


def refuse_credit_code(code: str) -> None:
    """Raise OrganisationFault for what cannot be a credit code."""
    if code and not _CREDIT_CODE.fullmatch(code):
        raise OrganisationFault(
            f"“{code}”不是统一社会信用代码，应是 18 位数字和大写字母，请核对；没有就空着",
            field="credit_code",
        )


@transaction.atomic
def add_unit(
    organisation: Organisation,
    *,
    name: str,
    on: datetime.date | None,
    today: datetime.date,
    by,
    kind: str = "",
    credit_code: str = "",
) -> BranchUnit:
    """Put a unit behind a branch from `on` on: a new one, or the one known by its credit code.

    Refuses outside a branch and where the unit is behind this branch already. A unit without a
    code is known by its name among those this organisation keeps.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not organisation.is_branch:
        raise OrganisationFault(f"“{organisation.name}”不是党支部，单位登记在党支部名下")
    if on is not None:
        refuse_day(organisation, on, today)
    refuse_credit_code(credit_code)
    unit = known_unit(organisation, name, credit_code)
    if unit is None:
        unit = Unit.objects.create(
            organisation=organisation,
            name=name,
            kind=kind or kind_for(organisation.sector),
            credit_code=credit_code,
        )
    return _put_behind(organisation, unit, on, by)


@transaction.atomic
def cover_unit(
    organisation: Organisation, unit: Unit, *, on: datetime.date, today: datetime.date, by
) -> BranchUnit:
    """Put a unit of the register behind a branch from `on` on, so that the branch covers it.

    Refuses outside a branch, a day outside of the branch's life or to come, and a unit that is
    behind this branch already.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not organisation.is_branch:
        raise OrganisationFault(f"“{organisation.name}”不是党支部，单位登记在党支部名下")
    refuse_day(organisation, on, today)
    return _put_behind(organisation, unit, on, by)


def _put_behind(organisation: Organisation, unit: Unit, on: datetime.date | None, by) -> BranchUnit:
    standing = BranchUnit.objects.filter(organisation=organisation, unit=unit)
    if standing.filter(ends_on__isnull=True).exists():
        raise OrganisationFault(f"“{unit.name}”已在“{organisation.name}”名下", field="name")
    row = BranchUnit.objects.create(organisation=organisation, unit=unit, starts_on=on)
    _record("登记所辖单位", row, by, after={"自": f"{on:%Y-%m-%d}" if on else "成立时"})
    note_change(organisation.pk, AREA, on or organisation.founded_on or datetime.date.min)
    return row


def known_unit(organisation: Organisation, name: str, credit_code: str) -> Unit | None:
    """The unit with that credit code, whoever keeps it; without one the unit of that name, also
    without a code, that `organisation` keeps."""
    if credit_code:
        return Unit.objects.filter(credit_code=credit_code).first()
    return Unit.objects.filter(organisation=organisation, name=name, credit_code="").first()


@transaction.atomic
def end_unit(row: BranchUnit, *, on: datetime.date, today: datetime.date, by) -> bool:
    """Take a unit from behind a branch; `on` is the first day without it.

    Returns whether it was still behind it. The unit stays on the register.
    """
    row = (
        BranchUnit.objects.select_for_update(of=("self",))
        .select_related("organisation", "unit")
        .get(pk=row.pk)
    )
    if row.ends_on is not None:
        return False
    refuse_day(row.organisation, on, today)
    if row.starts_on and on <= row.starts_on:
        raise OrganisationFault(
            f"“{row.unit.name}”{full_date(row.starts_on)}才登记，请填那天以后的日期", field="on"
        )
    row.ends_on = on - datetime.timedelta(days=1)
    row.save(update_fields=["ends_on"])
    _record("不再管辖单位", row, by, after={"自": f"{on:%Y-%m-%d}"})
    note_change(row.organisation_id, AREA, on)
    return True


def units_on(organisation: Organisation, day: datetime.date):
    """The units behind a branch on `day`, by name."""
    return (
        BranchUnit.objects.filter(standing_on(day), organisation=organisation)
        .select_related("unit")
        .order_by("unit__name", "pk")
    )


def _record(action: str, row: BranchUnit, by, *, after: dict) -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=row.organisation_id,
        label=row.organisation.name,
        organisation_id=row.organisation_id,
        after={"单位": row.unit.name} | after,
    )
