import datetime
import json
from decimal import Decimal

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from branches.models import Kind, Organisation
from branches.money import SumOfMoney
from branches.periods import add_months
from dues.models import ApprovedAmount, Payment
from meetings.hours import hours_by_member
from members.roster import roster
from members.terms import current_terms


class Command(BaseCommand):
    """Writes what duties are counted from, so that anyone can recompute a verdict."""

    help = "列出核对所依据的事实：show_facts --as-of 2026-09-30 --json 文件"

    def add_arguments(self, parser):
        parser.add_argument("--as-of", required=True, type=datetime.date.fromisoformat)
        parser.add_argument("--json", dest="file", required=True, metavar="FILE")

    def handle(self, *, as_of, file, **options):
        facts = facts_on(as_of)
        try:
            with open(file, "w", encoding="utf-8") as target:
                json.dump(facts, target, ensure_ascii=False, indent=1)
        except OSError as error:
            raise CommandError(f"写不了 {file}：{error.strerror}") from error
        self.stdout.write(
            f"党员 {len(facts['members'])} 人，已缴党费合计 {facts['dues_paid_total']:.2f} 元"
        )


def facts_on(as_of: datetime.date) -> dict:
    """Members with hours and dues, sums, and terms that end within six months, as of a day.

    Hours are those of the year so far; `dues_paid` and `dues_paid_total` are yuan paid for months
    of the year up to the day.
    """
    january = as_of.replace(month=1, day=1)
    everywhere = Organisation.objects.standing(as_of, as_of)
    hours = hours_by_member(january, as_of)
    approved: dict[int, Decimal] = {}
    for member_id, amount in (
        ApprovedAmount.objects.filter(from_month__lte=as_of)
        .order_by("from_month")
        .values_list("member_id", "amount")
    ):
        approved[member_id] = amount
    paid = dict(
        Payment.objects.filter(month__gte=january, month__lte=as_of)
        .filter(Q(paid_on__isnull=True) | Q(paid_on__lte=as_of))
        .values("member_id")
        .annotate(sum=SumOfMoney("amount"))
        .values_list("member_id", "sum")
    )
    members = [
        {
            "id_number": membership.member.id_number_mask,
            "name": membership.member.name,
            "branch": membership.organisation.code,
            "study_hours": float(hours.get(membership.member_id, 0)),
            "dues_monthly": _yuan(approved.get(membership.member_id)),
            "dues_paid": _yuan(paid.get(membership.member_id, Decimal(0))),
        }
        for membership in roster(everywhere, as_of)
        .select_related("member", "organisation")
        .defer("member__id_number", "member__phone")
        .order_by("organisation__code", "member_id")
    ]
    horizon = add_months(as_of, 6)
    terms = current_terms(everywhere, as_of).values()
    ending = {
        term.organisation_id
        for term in terms
        if as_of <= (term.postponed_to or term.ends_on) <= horizon
    }
    return {
        "as_of": as_of.isoformat(),
        "members": members,
        "dues_paid_total": float(sum(paid.values())),
        "terms_ending_within_six_months": list(
            everywhere.filter(pk__in=ending).order_by("code").values_list("code", flat=True)
        ),
        "election_within_six_months": list(
            everywhere.filter(pk__in=ending, kind=Kind.BRANCH)
            .order_by("code")
            .values_list("code", flat=True)
        ),
    }


def _yuan(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
