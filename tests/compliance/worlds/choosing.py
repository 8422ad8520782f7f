"""Whom and what an act concerns: rows picked by small numbers."""

import datetime

from accounts.models import User
from branches.models import Kind, Organisation
from members.models import Member
from tasks.models import Campaign

DAY = datetime.timedelta(days=1)


def picked(rows, number: int):
    """One row of a queryset or list, whatever the number; None where there is none."""
    rows = list(rows)
    return rows[number % len(rows)] if rows else None


class Choosing:
    """What every part of the world knows: its county, its day, who acts."""

    county: Organisation
    committees: list[Organisation]
    campaign: Campaign
    by: User
    superior: User
    today: datetime.date

    def branch(self, who: int) -> Organisation:
        return picked(Organisation.objects.filter(kind=Kind.BRANCH).order_by("pk"), who)

    def member(self, who: int) -> Member:
        return picked(Member.objects.order_by("pk"), who)
