"""The dues of an invented branch: approved amounts, requests, charges, payments, corrections."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from random import Random

from branches.periods import add_months
from dues.enums import RequestKind, RequestState, Way
from dues.models import (
    ApprovedAmount,
    Charge,
    ChargeChange,
    Contribution,
    DuesRequest,
    OpeningBalance,
    Payment,
)
from dues.rates import Category
from dues.rates import computed as by_rates
from dues.values import BACK_MONTHS
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
        self.requests: list[DuesRequest] = []
        self.charges: list[Charge] = []
        self.changes: list[ChargeChange] = []
        self.openings: list[OpeningBalance] = []
        self.payments: list[Payment] = []

    def charge(self, window: Window) -> None:
        """What is owed for each month; a raise of July became known after July was charged."""
        self.charges = list(self._charged(window))
        for before, after in pairwise(self.approved):
            month = after.from_month
            if month.year == before.from_month.year and month != window.months[-1]:
                self._change(before, after)

    def _change(self, before: ApprovedAmount, after: ApprovedAmount) -> None:
        charge = next((one for one in self.charges if one.month == after.from_month), None)
        if charge and charge.amount == after.amount != before.amount:
            change = ChargeChange(
                charge=charge,
                difference=after.amount - before.amount,
                reason=after.reason,
                entered_at=at(after.approved_on, 10, 5),
            )
            self.changes.append(change)

    def _charged(self, window: Window) -> Iterator[Charge]:
        """A charge for each month to the branch of its last day."""
        for month in window.months:
            end, left_on = window.end_of(month), self.person.member.left_on
            stay = self.person.stay_on(end) if left_on is None or left_on > end else None
            in_force = [one for one in self.approved if one.from_month <= month]
            if stay and in_force:
                yield Charge(
                    member=self.person.member,
                    organisation=stay.organisation,
                    month=month,
                    amount=self._asked(month, in_force[-1].amount),
                )

    def _asked(self, month: datetime.date, standard: Decimal) -> Decimal:
        """The standard, or what a superior allowed instead."""
        for request in self.requests:
            allowed = request.state == RequestState.APPROVED
            if allowed and request.from_month <= month <= request.until_month:
                if request.kind == RequestKind.EXEMPTION:
                    return Decimal(0)
                if request.kind == RequestKind.REDUCTION:
                    return request.amount
        return standard


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
        rows.append(_amount(person, from_month, base, fixed, "", window, rng))
        july = datetime.date(year, 7, 1)
        if base and from_month < july <= window.today and rng.random() < 0.02:
            base += 10 * rng.randint(10, 40)
            rows.append(_amount(person, july, base, fixed, "工资调整", window, rng))
    return rows


def _amount(
    person: Person,
    from_month: datetime.date,
    base: Decimal | None,
    fixed: Decimal,
    reason: str,
    window: Window,
    rng: Random,
) -> ApprovedAmount:
    stay = person.stay_on(from_month) or person.stays[0]
    found = by_rates(person.category, base, on=from_month)
    computed = found.amount if found else None
    decided_on = from_month.replace(day=rng.randint(8, 26))
    if reason:
        # The wage slip of July reached the branch in August.
        decided_on = add_months(decided_on, 1)
    return ApprovedAmount(
        member=person.member,
        organisation=stay.organisation,
        from_month=from_month,
        category=person.category,
        base=base,
        computed=computed,
        amount=fixed if computed is None else computed,
        reason=reason,
        approved_on=min(decided_on, window.today),
    )


def accounts_of(branch: Branch, people: list[Person], window: Window, rng: Random) -> list[Account]:
    """The accounts of all members of a branch, paid as its order has it."""
    accounts = [Account(person, window, rng) for person in people]
    ordinary = [account for account in accounts if not account.person.officer]
    _ask(branch, ordinary, window, rng)
    for account in accounts:
        account.charge(window)
    _open(branch, ordinary, window, rng)
    collected_on = rng.randint(3, 18)
    behind = _behind(branch, accounts, rng)
    _ask_back(behind, window)
    for account in accounts:
        for charge in account.charges:
            payment = _payment(branch, account, charge, collected_on, behind, window, rng)
            if payment:
                account.payments.append(payment)
    return accounts


def _ask(branch: Branch, ordinary: list[Account], window: Window, rng: Random) -> None:
    """Hardship asked of the committee; a badly kept branch has not approved this year's amounts."""
    if branch.order is Order.POOR:
        for account in ordinary[:3]:
            earlier = [one for one in account.approved if one.from_month.year < window.today.year]
            account.approved = earlier or account.approved
    year = window.today.year
    january, december = datetime.date(year, 1, 1), datetime.date(year, 12, 1)
    dear = [one for one in ordinary if one.approved and one.approved[-1].amount > 10]
    rng.shuffle(dear)
    wanted = [RequestState.APPROVED] * (rng.random() < 0.4)
    wanted += [RequestState.ASKED] * (branch.is_shown or rng.random() < 0.1)
    wanted += [RequestState.RETURNED] * (rng.random() < 0.06)
    for account, state in zip(dear, wanted, strict=False):
        kind = RequestKind.EXEMPTION if rng.random() < 0.4 else RequestKind.REDUCTION
        from_month = january if state == RequestState.APPROVED else window.months[-1]
        asked_on = min(from_month.replace(day=rng.randint(2, 12)), window.today)
        request = _request(account, kind, (from_month, december), asked_on)
        _decide(request, state, window)
        account.requests.append(request)


def _request(
    account: Account,
    kind: str,
    months: tuple[datetime.date, datetime.date],
    asked_on: datetime.date,
    reason: str = "生活困难，经支部委员会研究",
) -> DuesRequest:
    """A request that waits, for the months from … to …."""
    stay = account.person.stay_on(asked_on) or account.person.stays[-1]
    return DuesRequest(
        organisation=stay.organisation,
        member=account.person.member,
        kind=kind,
        from_month=months[0],
        until_month=months[1],
        amount=Decimal("0.20") if kind == RequestKind.REDUCTION else None,
        reason=reason,
        asked_on=asked_on,
    )


def _decide(request: DuesRequest, state: str, window: Window) -> None:
    request.state = state
    if state != RequestState.ASKED:
        request.decided_on = min(request.asked_on + datetime.timedelta(days=5), window.today)
        approved = state == RequestState.APPROVED
        request.opinion = "同意" if approved else "请补充支部研究的时间后再报"


def _open(branch: Branch, ordinary: list[Account], window: Window, rng: Random) -> None:
    """A badly kept branch brought an old debt with it."""
    owing = [one for one in ordinary if one.charges and one.charges[0].month == window.first]
    if branch.order is not Order.POOR or not owing:
        return
    account = owing[-1]
    charge = account.charges[0]
    opening = OpeningBalance(
        member=charge.member,
        organisation=charge.organisation,
        since_month=add_months(window.first, -2),
        until_month=add_months(window.first, -1),
        amount=charge.amount * 2,
        reason="启用台账时核对，去年两个月没有交",
        entered_at=at(window.first.replace(day=5), 10, 0),
    )
    account.openings.append(opening)


def contributions_of(
    branch: Branch, accounts: list[Account], window: Window, rng: Random
) -> list[Contribution]:
    """A large sum given once: with its receipt in the shown branch, under way in some others."""
    if not accounts or not (branch.is_shown or rng.random() < 0.05):
        return []
    paid_on = window.today - datetime.timedelta(days=rng.randint(60, 140))
    given = Contribution(
        organisation=branch.organisation,
        member=accounts[0].person.member,
        amount=Decimal(rng.choice((1000, 2000, 5000))),
        paid_on=paid_on,
        note="自愿一次多交党费",
        entered_at=at(paid_on, 15, 0),
    )
    if branch.is_shown:
        given.forwarded_on = paid_on + datetime.timedelta(days=6)
        given.receipt_on = paid_on + datetime.timedelta(days=40)
        given.receipt_number = "示例-0117"
    return [given]


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


def _ask_back(behind: dict[Account, int], window: Window) -> None:
    """Who owes for more than half a year asks leave to pay for the months before."""
    for account, months in behind.items():
        first = add_months(window.months[-1], 1 - months)
        last = add_months(window.months[-1], -BACK_MONTHS.default - 1)
        if first <= last:
            months, reason = (first, last), "在外务工刚回来，请示补交"
            account.requests.append(
                _request(account, RequestKind.BACK_PAYMENT, months, window.today, reason)
            )


def _payment(
    branch: Branch,
    account: Account,
    charge: Charge,
    collected_on: int,
    behind: dict[Account, int],
    window: Window,
    rng: Random,
) -> Payment | None:
    """The payment for one month, or none where it has not come yet or nothing is asked."""
    if not charge.amount:
        return None
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
        way=Way.TRANSFER if paid_on.day % 3 == 0 else Way.CASH,
        brought_by="家属" if account.person.member.is_floating else "",
        in_booklet=branch.order is Order.GOOD or draw < 0.9,
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
            "remittance": payment.remittance,
            "entered_at": payment.entered_at + datetime.timedelta(hours=1),
        }
        rows.append(
            Payment(amount=-payment.amount, reverses=payment, reason="录错，冲正", **common)
        )
        rows.append(Payment(amount=payment.amount, reason="更正后重录", **common))
    return rows
