"""Random histories: whatever people do in whatever order, the entries add up to what is shown.

EXAMPLES=300 tries that many other histories; without it the suite tries the same few each time.
"""

import datetime
import os
from collections import defaultdict
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from branches.models import Organisation
from branches.periods import Span, add_months, month_end, months_between, period_of
from dues import standing
from dues.enums import RequestKind
from dues.grid import Grid
from dues.models import Charge, ChargeChange, OpeningBalance, Payment
from dues.publishing import Posting
from dues.rates import Category
from dues.services import Refused, charges, fills, openings, payments, requests
from dues.services.amounts import Proposal, approve_amount
from dues.statement import Statement
from dues.sums import figures_of
from members.models import Member, Membership
from tests import factories

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
START = datetime.date(2026, 1, 1)
FIRST_DAY = datetime.date(2026, 3, 10)
NOTHING = Decimal(0)

# What happens next: the act, whom it concerns, months back, days back, a sum in fen.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "join",
                "approve",
                "exempt",
                "reduce",
                "charge",
                "pay",
                "pay",
                "pay_more",
                "correct",
                "fill",
                "undo",
                "pay_months",
                "transfer",
                "leave",
                "open",
                "open_back",
                "pay_old",
                "settle",
                "night",
                "next_month",
            ]
        ),
        st.integers(0, 5),
        st.integers(0, 4),
        st.integers(0, 40),
        st.sampled_from([1, 20, 50, 510, 530, 1040, 2000, 7650]),
    ),
    min_size=4,
    max_size=12,
)


class World:
    """Two branches of a county that keeps its dues here since January 2026."""

    def __init__(self):
        county = factories.make_county()
        committee = factories.make_committee(county)
        self.branches = [factories.make_branch(committee) for _ in range(2)]
        self.by, self.superior = factories.make_user(), factories.make_user()
        self.reader = factories.make_user("county_officer", county)
        self.today, self.filled = FIRST_DAY, []
        self.first_amounts: dict[int, Decimal] = {}
        members = [factories.make_member(self.branches[index % 2]) for index in range(3)]
        for member in members:
            factories.make_approved_amount(member, "5.10")
            factories.make_charge(member, START, "5.10")

    @property
    def county(self):
        return Organisation.objects.filter(pk__in=[branch.pk for branch in self.branches])

    # --- Steps ---

    def step(self, act, who, back, days, fen):
        members = list(Member.objects.order_by("pk"))
        member = members[who % len(members)]
        month = add_months(self.today.replace(day=1), -back)
        day = max(self.today - datetime.timedelta(days=days), START)
        try:
            with transaction.atomic():
                getattr(self, act)(member, month, day, Decimal(fen) / 100)
        except (payments.PaidMeanwhile, fills.OwedMeanwhile):
            # Nobody else writes here: what was read a moment ago stands.
            raise
        except Refused:
            pass

    def join(self, member, month, day, amount):
        branch = self.branches[day.day % 2]
        newcomer = factories.make_member(branch, joined_on=day, confirmed_on=None)
        self.approve(newcomer, day.replace(day=1), day, amount)

    def approve(self, member, month, day, amount):
        approve_amount(
            organisation=member.organisation,
            year=month.year,
            proposal=Proposal(
                member, Category.FARMER, amount=amount, from_month=month, reason="支部核定"
            ),
            approved_on=self.today,
            by=self.by,
            today=self.today,
        )

    def exempt(self, member, month, day, amount, kind=RequestKind.EXEMPTION):
        request = requests.ask(
            member=member,
            organisation=member.organisation,
            kind=kind,
            from_month=month,
            until_month=add_months(month, day.day % 3),
            amount=amount if kind == RequestKind.REDUCTION else None,
            reason="家庭困难",
            by=self.by,
            today=self.today,
        )
        requests.decide(
            request=request, approved=True, on=self.today, by=self.superior, today=self.today
        )

    def reduce(self, member, month, day, amount):
        self.exempt(member, month, day, amount / 10, RequestKind.REDUCTION)

    def charge(self, member, month, day, amount):
        charges.charge_month(month, organisations=[member.organisation])

    def cell(self, member, month):
        charge = Charge.objects.filter(member=member, month=month).first()
        organisation = charge.organisation if charge else member.organisation
        return {
            "member": member,
            "organisation": organisation,
            "month": month,
            "by": self.by,
            "today": self.today,
        }

    @staticmethod
    def seen(cell):
        """What stands in a cell, added up here and not by the database."""
        entries = Payment.objects.filter(
            member=cell["member"], organisation=cell["organisation"], month=cell["month"]
        )
        return sum(entries.values_list("amount", flat=True), NOTHING)

    def pay(self, member, month, day, amount):
        cell = self.cell(member, month)
        if not self.seen(cell):
            payments.add_payment(**cell, amount=amount, seen=NOTHING, confirmed=True)

    def pay_more(self, member, month, day, amount):
        cell = self.cell(member, month)
        payments.add_payment(**cell, amount=amount, seen=self.seen(cell), confirmed=True)

    def correct(self, member, month, day, amount):
        cell = self.cell(member, month)
        amount = NOTHING if day.day % 3 == 0 else amount
        payments.correct_payment(
            **cell, amount=amount, seen=self.seen(cell), reason="看错一行", confirmed=True
        )

    def fill(self, member, month, day, amount):
        branch = member.organisation
        entered = fills.fill_month(organisation=branch, month=month, by=self.by, today=self.today)
        self.filled.append((branch, [entry.pk for entry in entered]))

    def undo(self, member, month, day, amount):
        if self.filled:
            branch, keys = self.filled.pop()
            fills.undo_fill(organisation=branch, payments=keys, by=self.by)

    def pay_months(self, member, month, day, amount):
        organisation = member.organisation
        owed = {
            one.month: one.short
            for one in fills.owed_months(member, organisation, self.today)
            if one.month >= month
        }
        fills.pay_months(
            member=member,
            organisation=organisation,
            months=owed,
            seen=sum(owed.values(), NOTHING),
            by=self.by,
            today=self.today,
        )

    def transfer(self, member, month, day, amount):
        if member.left_on:
            return
        here = member.memberships.get(ends_on=None)
        if here.starts_on and here.starts_on >= day:
            return
        here.ends_on = day - datetime.timedelta(days=1)
        here.save()
        target = next(branch for branch in self.branches if branch != member.organisation)
        Membership.objects.create(member=member, organisation=target, starts_on=day)
        Member.objects.filter(pk=member.pk).update(organisation=target)

    def leave(self, member, month, day, amount):
        here = member.memberships.filter(ends_on=None).first()
        if here and (here.starts_on is None or here.starts_on <= day):
            here.ends_on = day
            here.save()
            Member.objects.filter(pk=member.pk).update(left_on=day, left_reason="去世")

    def open(self, member, month, day, amount):
        openings.enter_opening(
            member=member,
            organisation=member.organisation,
            since_month=add_months(START, -1 - day.day % 5),
            amount=amount,
            by=self.by,
            today=self.today,
        )

    def open_back(self, member, month, day, amount):
        if opening := standing.opening_of(member):
            openings.reverse_opening(
                opening=opening, reason="重复登记", by=self.by, today=self.today
            )

    def pay_old(self, member, month, day, amount):
        self.pay(member, add_months(START, -1 - day.day % 3), day, amount)

    def settle(self, member, month, day, amount):
        keys = Member.objects.values_list("pk", flat=True)
        charges.settle(keys, START, today=self.today, reason="全部核对")
        assert charges.settle(keys, START, today=self.today, reason="全部核对") == 0

    def night(self, member, month, day, amount):
        charges.settle_all(self.today, months=12)
        assert charges.settle_all(self.today, months=12) == 0

    def next_month(self, member, month, day, amount):
        self.today = (
            month_end(add_months(self.today, 1)) if day.day % 2 else add_months(self.today, 1)
        )
        charges.settle_all(self.today, months=12)

    # --- What always holds ---

    def check(self):
        rows = [
            (model, list(model.objects.order_by("pk")))
            for model in (OpeningBalance, Charge, Payment)
        ]
        self.check_members(rows)
        self.check_charges(dict(rows)[Charge])
        self.check_branches(dict(rows)[Charge], dict(rows)[Payment])

    def check_members(self, rows):
        owed = defaultdict(Decimal)
        for model, entries in rows:
            for entry in entries:
                owed[entry.member_id] += -entry.amount if model is Payment else entry.amount
        for member in Member.objects.all():
            assert Statement(member, self.today.year, self.reader).balance == owed[member.pk]

    def check_charges(self, rows):
        changed = defaultdict(Decimal)
        for change in ChargeChange.objects.all():
            changed[change.charge_id] += change.difference
        assert len({(row.member_id, row.month) for row in rows}) == len(rows)
        for row in rows:
            first = self.first_amounts.setdefault(row.pk, row.amount - changed[row.pk])
            assert row.amount == first + changed[row.pk] >= 0
            assert row.month >= START
        assert set(self.first_amounts) <= {row.pk for row in rows}

    def check_branches(self, charged, paid):
        asked, came = defaultdict(Decimal), defaultdict(Decimal)
        cells = defaultdict(Decimal)
        for row in charged:
            asked[row.organisation_id, row.month] += row.amount
        for row in paid:
            came[row.organisation_id, row.month] += row.amount
            cells[row.member_id, row.organisation_id, row.month] += row.amount
        assert all(total >= 0 for total in cells.values())
        months = months_between(START, self.today)
        in_branches = figures_of(self.county, START, months[-1], until=self.today)
        for branch in self.branches:
            figures = in_branches.get(branch.pk)
            here = sum((asked[branch.pk, month] for month in months), NOTHING)
            taken = sum((came[branch.pk, month] for month in months), NOTHING)
            assert (figures.charged if figures else NOTHING) == here
            assert (figures.paid if figures else NOTHING) == taken
        by_month = figures_of(self.county, START, months[-1], until=self.today, by="month")
        for month in months:
            figures = by_month.get(month)
            expected = sum((came[branch.pk, month] for branch in self.branches), NOTHING)
            assert (figures.paid if figures else NOTHING) == expected
            assert (figures.unpaid if figures else NOTHING) == self.unpaid(charged, paid, month)
        self.check_grids(came, charged, paid)

    def check_behind(self, branch, grid, here):
        """Who is offered to pay several months is who owes some, in as many months."""
        behind = grid.behind()
        for member in Member.objects.all():
            owed = fills.owed_months(member, branch, self.today)
            charged = [one for one in owed if not one.opening]
            assert behind.get(member.pk, 0) == len(charged) + (len(charged) < len(owed))
            openings = OpeningBalance.objects.filter(member=member, organisation=branch)
            rest = standing.openings_owed(openings.unreversed()).get(member.pk, NOTHING)
            assert sum((one.short for one in owed if one.opening), NOTHING) == rest
            assert {one.month for one in charged} <= {row.month for row in here}

    @staticmethod
    def unpaid(charged, paid, month):
        """What is still owed for a month: nobody's surplus makes up for another."""
        came = defaultdict(Decimal)
        for row in paid:
            if row.month == month:
                came[row.member_id] += row.amount
        owed = [row for row in charged if row.month == month]
        return sum((max(row.amount - came[row.member_id], NOTHING) for row in owed), NOTHING)

    def check_grids(self, came, charged, paid):
        quarter = period_of(Span.QUARTER, self.today)
        for branch in self.branches:
            grid = Grid(branch, quarter, self.today)
            here = [row for row in charged if row.organisation_id == branch.pk]
            for month in grid.months:
                assert grid.paid_in(month) == came[branch.pk, month]
                owed = {row.member_id for row in here if row.month == month}
                rows = [row for row in grid.rows if row.member.pk in owed]
                short = sum((row.months[month].short for row in rows), NOTHING)
                assert short == self.unpaid(here, paid, month)
            self.check_behind(branch, grid, here)
            posted = Posting(branch, quarter, self.today)
            assert posted.amount == sum((came[branch.pk, month] for month in grid.months), NOTHING)


@settings(
    max_examples=EXAMPLES or 8,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(steps=STEPS)
# SQLite adds 5.10 and 5.30, both taken back, to -8.88E-16.
@example(
    steps=[
        ("pay", 0, 0, 0, 510),
        ("pay_more", 0, 0, 0, 530),
        ("correct", 0, 0, 1, 20),
        ("pay", 0, 0, 0, 510),
        ("pay_more", 0, 0, 0, 20),
    ]
)
def test_the_sum_of_all_entries_is_the_balance_after_every_step(steps):
    with transaction.atomic():
        world = World()
        world.check()
        for step in steps:
            world.step(*step)
            world.check()
        transaction.set_rollback(True)
