"""Sheet 党费: what each member paid for the months of the year, up to the month."""

import datetime
from collections.abc import Iterator

from django.db.models import Exists, FilteredRelation, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from dues.models import ApprovedAmount
from dues.rates import Category
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Follower, Row
from members.models import Membership

# An unknown start counts as before every other.
_ALWAYS = datetime.date(1900, 1, 1)


def paid_by(day: datetime.date, prefix: str = "") -> Q:
    """Payments made by `day`; those from a yearly sheet have no day and count for their month."""
    return Q(**{f"{prefix}paid_on__isnull": True}) | Q(**{f"{prefix}paid_on__lte": day})


def last_memberships(scope: LedgerScope):
    """One membership for each member: the last that had begun by the day and stood in the year."""
    year_start = scope.month.starts_on.replace(month=1)
    begun = Q(starts_on__isnull=True) | Q(starts_on__lte=scope.day)
    start = Coalesce("starts_on", Value(_ALWAYS))
    this_start = Coalesce(OuterRef("starts_on"), Value(_ALWAYS))
    later = (
        Membership.objects.filter(begun, member=OuterRef("member"))
        .annotate(start=start)
        .filter(Q(start__gt=this_start) | Q(start=this_start, pk__gt=OuterRef("pk")))
    )
    return (
        Membership.objects.filter(begun, organisation__in=scope.organisations)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=year_start))
        .filter(~Exists(later))
    )


def dues_rows(scope: LedgerScope, *, full_numbers: bool) -> Iterator[Row]:
    """Each member, by branch; months as 1月, 2月….

    Members without an approved amount and without a payment have no row.
    """
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
    categories = dict(Category.choices)
    for row in rows.iterator(chunk_size=CHUNK):
        pk, code, name, mask, category, base, amount = row[1:8]
        paid = {f"{month.month}月": sum for *_, month, sum in payments.rows_for(row[:2]) if sum}
        if amount is None and not paid:
            continue
        values = {
            "姓名": name,
            "公民身份号码": mask,
            "党支部编码": code,
            "缴费类别": categories.get(category, ""),
            "缴费基数": base,
            "月应缴": amount,
            **paid,
        }
        yield Row(pk, values, {"公民身份号码": row[8]} if full_numbers else {})


def _paid(scope: LedgerScope):
    """Sums by organisation, member and month of the year, in that order."""
    first = scope.month.starts_on.replace(month=1)
    counted = Q(
        member__payments__month__gte=first, member__payments__month__lte=scope.month.starts_on
    )
    by_the_day = paid_by(scope.day, "member__payments__")
    return (
        last_memberships(scope)
        .annotate(entry=FilteredRelation("member__payments", condition=counted & by_the_day))
        .filter(entry__isnull=False)
        .order_by("organisation_id", "member_id", "entry__month")
        .values("organisation_id", "member_id", "entry__month")
        .annotate(paid=Sum("entry__amount"))
        .values_list("organisation_id", "member_id", "entry__month", "paid")
    )


def month_headings(month: datetime.date) -> list[str]:
    """1月 to the month."""
    return [f"{number}月" for number in range(1, month.month + 1)]
