"""Who belonged to a branch on a day, and as what."""

import datetime

from django.db.models import Count, Q

from branches.dated import standing_on
from members.enums import MemberKind
from members.models import Membership


def formal_on(day: datetime.date, prefix: str = "member__") -> Q:
    """Members who were formal members (正式党员) on `day`."""
    return Q(**{f"{prefix}kind": MemberKind.FORMAL}) & (
        Q(**{f"{prefix}confirmed_on__isnull": True}) | Q(**{f"{prefix}confirmed_on__lte": day})
    )


def roster(organisations, day: datetime.date, *, attached: bool = False):
    """Memberships of these organisations in force on `day`, of people who had not left.

    Formal relations only, so that nobody counts twice; `attached` adds those who only work with
    a temporary or functional branch, for what happens inside that branch.
    """
    memberships = (
        Membership.objects.filter(organisation__in=organisations)
        .filter(standing_on(day))
        .filter(Q(member__left_on__isnull=True) | Q(member__left_on__gt=day))
    )
    return memberships if attached else memberships.formal()


def counts(organisations, day: datetime.date) -> dict[int, tuple[int, int]]:
    """Members and formal members of each organisation on `day`; empty ones are left out.

    A temporary or functional branch counts those who work with it.
    """
    rows = (
        roster(organisations, day, attached=True)
        .values("organisation_id")
        .annotate(members=Count("pk"), formal=Count("pk", filter=formal_on(day)))
        .values_list("organisation_id", "members", "formal")
    )
    return {organisation_id: (members, formal) for organisation_id, members, formal in rows}
