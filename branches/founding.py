"""Founding an organisation together with what it begins with."""

import datetime
from collections.abc import Iterable

from django.db import transaction

from branches.models import Organisation
from branches.services import OrganisationFault, add_group, found_organisation
from branches.units import add_unit
from branches.words import full_date


@transaction.atomic
def found_with(
    *,
    by,
    on: datetime.date,
    today: datetime.date,
    parent: Organisation,
    groups: Iterable[str] = (),
    units: Iterable[str] = (),
    **facts,
) -> Organisation:
    """Found an organisation with its first groups and the units behind it, all or nothing.

    Refuses a day to come, a place where nothing can stand, and groups or units of anything but a
    branch.
    """
    if on > today:
        raise OrganisationFault(f"{full_date(on)}还没有到，请到那天再办", field="on")
    organisation = found_organisation(by=by, on=on, parent=parent, **facts)
    for name in groups:
        add_group(organisation, name=name, on=on, today=today, by=by)
    for name in units:
        add_unit(organisation, name=name, on=on, today=today, by=by)
    return organisation
