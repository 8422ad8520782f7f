"""Charges: made once for each member and month."""

import datetime

from django.db import transaction

from accounts import trail
from branches.periods import month_end
from dues.models import ApprovedAmount, Charge
from dues.services import AREA
from dues.standing import memberships_in
from dues.words import month_label
from members.models import Membership


@transaction.atomic
def charge_month(month: datetime.date, *, organisations=None, by=None) -> int:
    """Make the charges of the month that begins on `month`, and return how many were new.

    One for each member with an approved amount in force whose membership stands in that month,
    to the last branch of the month. A second run changes nothing.
    """
    memberships = memberships_in(month, month_end(month))
    if organisations is not None:
        # Of these branches' members all memberships count: the last branch is owed the month.
        memberships = memberships.filter(
            member__in=Membership.objects.filter(organisation__in=organisations).values("member")
        )
    branch_of = dict(
        memberships.exclude(
            member__in=Charge.objects.filter(month=month).values("member")
        ).values_list("member_id", "organisation_id")
    )
    approved = dict(
        ApprovedAmount.objects.filter(from_month__lte=month)
        .filter(member__in=memberships.values("member"))
        .order_by("from_month")
        .values_list("member_id", "amount")
    )
    wanted = {organisation.pk for organisation in organisations} if organisations else None
    charges = [
        Charge(
            member_id=member_id,
            organisation_id=organisation_id,
            month=month,
            amount=approved[member_id],
        )
        for member_id, organisation_id in branch_of.items()
        if member_id in approved and (wanted is None or organisation_id in wanted)
    ]
    if not charges:
        return 0
    before = Charge.objects.filter(month=month).count()
    # Two nights at once: the unique key decides.
    Charge.objects.bulk_create(charges, batch_size=1000, ignore_conflicts=True)
    made = Charge.objects.filter(month=month).count() - before
    trail.record(
        by=by,
        action="生成应缴党费",
        area=AREA,
        label=month_label(month),
        organisation_id=organisations[0].pk if organisations and len(organisations) == 1 else None,
        after={"新增": f"{made} 人"},
    )
    return made
