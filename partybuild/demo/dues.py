"""The dues of an invented branch: approved amounts, charges, payments, a few corrections."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from branches.periods import add_months
from dues.models import ApprovedAmount, Charge, Payment
from dues.rates import Category, computed_amount
from partybuild.demo.clock import at
from partybuild.demo.members import Person
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

_STAFF_BASES = (3200, 3650, 4180, 4560, 4900, 5320, 5860, 6420, 7150, 8300, 9600)
_OTHER_BASES = (2400, 2850, 2980, 3000, 3460, 3900, 4500, 5000, 5600)
_PENSIONS = (2280, 2760, 3140, 3590, 4050, 4480, 4999, 5300, 6300)
_FARMERS = (Decimal("0.50"), Decimal("0.50"), Decimal("0.50"), Decimal("0.20"), Decimal("1.00"))
_CENT = Decimal("0.01")


class Account:
    """What one person owes and pays through the window."""

    def __init__(self, person: Person, window: Window, rng: Random):
        self.person = person
        self.approved = _approved(person, window, rng)
        self.charges = list(self._charged(window))
        self.payments: list[Payment] = []

    def _charged(self, window: Window) -> Iterator[Charge]:
        """A charge for each month to the branch of its last day."""
        for month in window.months:
            stay = self.person.stay_on(window.end_of(month))
            in_force = [one for one in self.approved if one.from_month <= month]
            if stay and in_force:
                yield Charge(
                    member=self.person.member,
                    organisation=stay.organisation,
                    month=month,
                    amount=in_force[-1].amount,
                )


def _approved(person: Person, window: Window, rng: Random) -> list[ApprovedAmount]:
    """One amount for each year of the window, sometimes a change of wage in July."""
    category, member = person.category, person.member
    bases = _OTHER_BASES
    if category == Category.RETIRED:
        bases = _PENSIONS
    elif member.occupation in ("干部", "教师", "专业技术人员"):
        bases = _STAFF_BASES
    base = None
    if category not in (Category.FARMER, Category.STUDENT, Category.NO_FIXED_INCOME):
        base = Decimal(rng.choice(bases) + 10 * rng.randint(0, 9)).quantize(_CENT)
    fixed = rng.choice(_FARMERS)
    started = person.stays[0].starts_on.replace(day=1)
    rows = []
    for year in range(window.first.year, window.today.year + 1):
        from_month = max(datetime.date(year, 1, 1), started)
        if from_month > window.today or from_month.year != year:
            continue
        if rows and base and rng.random() < 0.4:
            base += 10 * rng.randint(3, 20)
        rows.append(_amount(person, from_month, base, fixed, ""))
        july = datetime.date(year, 7, 1)
        if base and from_month < july <= window.today and rng.random() < 0.02:
            base += 10 * rng.randint(10, 40)
            rows.append(_amount(person, july, base, fixed, "工资调整"))
    return rows


def _amount(
    person: Person, from_month: datetime.date, base: Decimal | None, fixed: Decimal, reason: str
) -> ApprovedAmount:
    stay = person.stay_on(from_month) or person.stays[0]
    computed = computed_amount(person.category, base)
    return ApprovedAmount(
        member=person.member,
        organisation=stay.organisation,
        from_month=from_month,
        category=person.category,
        base=base,
        amount=fixed if computed is None else computed,
        reason=reason,
    )


def accounts_of(branch: Branch, people: list[Person], window: Window, rng: Random) -> list[Account]:
    """The accounts of all members of a branch, paid as its order has it."""
    accounts = [Account(person, window, rng) for person in people]
    collected_on = rng.randint(3, 18)
    behind = _behind(branch, accounts, rng)
    for account in accounts:
        for charge in account.charges:
            payment = _payment(branch, account, charge, collected_on, behind, window, rng)
            if payment:
                account.payments.append(payment)
    return accounts


def _behind(branch: Branch, accounts: list[Account], rng: Random) -> dict[Account, int]:
    """Who has paid nothing for how many months up to now."""
    ordinary = [account for account in accounts if not account.person.officer and account.charges]
    rng.shuffle(ordinary)
    if branch.is_shown:
        return dict.fromkeys(ordinary[:4], 1)
    if branch.order is Order.POOR:
        return dict(zip(ordinary, (8, 7, 4, 3, 2, 2), strict=False))
    if branch.order is Order.FAIR:
        # One in three has somebody whose case is due.
        first = 7 if rng.random() < 0.34 else 3
        return dict(zip(ordinary, (first, 1, 1), strict=False))
    return dict.fromkeys(ordinary[:1], 1) if rng.random() < 0.2 else {}


def _payment(
    branch: Branch,
    account: Account,
    charge: Charge,
    collected_on: int,
    behind: dict[Account, int],
    window: Window,
    rng: Random,
) -> Payment | None:
    """The payment for one month, or none where it has not come yet."""
    if charge.month > add_months(window.months[-1], -behind.get(account, 0)):
        return None
    paid_on = charge.month.replace(day=min(28, collected_on + rng.randint(0, 6)))
    reason = ""
    late = {Order.GOOD: 0.004, Order.FAIR: 0.02, Order.POOR: 0.08}[branch.order]
    draw = rng.random()
    if draw < late:
        paid_on, reason = add_months(paid_on, 1), "补交"
    if paid_on > window.today:
        return None
    amount = charge.amount
    if branch.order is not Order.GOOD and late < draw < late * 1.6 and amount > 2:
        # A note was missing at hand: paid in part.
        amount = (amount / 2).quantize(_CENT)
        reason = "先交一部分"
    return Payment(
        member=charge.member,
        organisation=charge.organisation,
        month=charge.month,
        amount=amount,
        paid_on=paid_on,
        entered_at=at(paid_on, 17, rng.randint(0, 59)),
        reason=reason,
    )


def some_wrong(payments: list[Payment], rng: Random) -> tuple[list[Payment], list[Payment]]:
    """Payments entered right, and one in two thousand that was not."""
    right, wrong = [], []
    for payment in payments:
        (wrong if rng.random() < 0.0005 and not payment.reason else right).append(payment)
    return right, wrong


def corrections(wrong: list[Payment]) -> list[Payment]:
    """For each stored payment a reversal, and the sum entered anew an hour later."""
    rows = []
    for payment in wrong:
        common = {
            "member": payment.member,
            "organisation": payment.organisation,
            "month": payment.month,
            "paid_on": payment.paid_on,
            "entered_at": payment.entered_at + datetime.timedelta(hours=1),
        }
        rows.append(
            Payment(amount=-payment.amount, reverses=payment, reason="录错，冲正", **common)
        )
        rows.append(Payment(amount=payment.amount, reason="更正后重录", **common))
    return rows
