"""Sheet 党费: what each member paid for the months of the year, up to the month of the scope."""

import datetime
from collections.abc import Iterator

from django.db.models import Exists, FilteredRelation, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from branches.money import SumOfMoney
from dues.models import ApprovedAmount
from dues.standing import paid_by
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Follower, Row
from ledgers.sheets import dues
from ledgers.sheets.columns import ID_NUMBER, Masked
from members.models import Membership

# An unknown start counts as before every other.
_ALWAYS = datetime.date(1900, 1, 1)


def last_memberships(scope: LedgerScope):
    """One membership for each member: the last that had begun by the day and stood in the year."""
    year_start = scope.month.starts_on.replace(month=1)
    begun = Q(starts_on__isnull=True) | Q(starts_on__lte=scope.day)
    start = Coalesce("starts_on", Value(_ALWAYS))
    this_start = Coalesce(OuterRef("starts_on"), Value(_ALWAYS))
    later = (
        Membership.objects.formal()
        .filter(begun, member=OuterRef("member"))
        .annotate(start=start)
        .filter(Q(start__gt=this_start) | Q(start=this_start, pk__gt=OuterRef("pk")))
    )
    return (
        Membership.objects.formal()
        .filter(begun, organisation__in=scope.organisations)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=year_start))
        .filter(~Exists(later))
    )


def dues_rows(scope: LedgerScope, *, full_numbers: bool) -> Iterator[Row]:
    """Each member with an approved amount or a payment, by branch."""
    month = scope.month.starts_on
    approved = ApprovedAmount.objects.filter(
        member=OuterRef("member"), from_month__lte=month
    ).order_by("-from_month")
    rows = (
        last_memberships(scope)
        .annotate(
            category=Subquery(approved.values("category")[:1]),
            base=Subquery(approved.values("base")[:1]),
            approved=Subquery(approved.values("amount")[:1]),
        )
        .order_by("organisation_id", "member_id")
        .values_list(
            "organisation_id",
            "member_id",
            "organisation__code",
            "member__name",
            "member__id_number_mask",
            "category",
            "base",
            "approved",
            *(("member__id_number",) if full_numbers else ()),
        )
    )
    payments = Follower(_paid(scope).iterator(chunk_size=CHUNK), key=lambda row: row[:2])
    for row in rows.iterator(chunk_size=CHUNK):
        member_id, code, name, mask, category, base, amount = row[1:8]
        paid = {paid_for.month: total for *_, paid_for, total in payments.rows_for(row[:2])}
        if amount is None and not any(paid.values()):
            continue
        values = dues.values(
            name=name,
            id_number=Masked(mask),
            branch=Branch(code, scope.codes[row[0]][1]),
            category=category,
            base=base,
            amount=amount,
            paid=paid,
        )
        whole = {ID_NUMBER.heading: row[8]} if full_numbers else {}
        yield Row(f"{member_id}-{month.year}", values, whole)


def _paid(scope: LedgerScope):
    """Sums by organisation, member and month of the year, in that order."""
    first = scope.month.starts_on.replace(month=1)
    counted = Q(member__payments__month__gte=first, member__payments__month__lte=scope.last_month)
    by_the_day = paid_by(scope.paid_until, "member__payments__")
    return (
        last_memberships(scope)
        .annotate(entry=FilteredRelation("member__payments", condition=counted & by_the_day))
        .filter(entry__isnull=False)
        .order_by("organisation_id", "member_id", "entry__month")
        .values("organisation_id", "member_id", "entry__month")
        .annotate(paid=SumOfMoney("entry__amount"))
        .values_list("organisation_id", "member_id", "entry__month", "paid")
    )


def headings(scope: LedgerScope) -> list[str]:
    """The columns of the sheet, with months up to that of the ledger."""
    later = {column.heading for column in dues.MONTHS[scope.last_month.month :]}
    return [column.heading for column in dues.SHEET.columns if column.heading not in later]
