"""Dues of an invented branch on their way up, and as they were posted for its members."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from branches.periods import Period, Span, add_months, period_of
from dues.enums import GONE_UP, RemittanceState
from dues.models import Payment, Publication, Remittance
from partybuild.demo.clock import at
from partybuild.demo.members import Person
from partybuild.demo.organisations import Branch, Order
from partybuild.demo.window import Window

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Sending:
    """An unsaved remittance with the entries that went along; a returned one holds none."""

    remittance: Remittance
    entries: list[Payment]


def quarters_ended(window: Window) -> list[Period]:
    """Quarters with months of the window that are over, oldest first."""
    quarters = {period_of(Span.QUARTER, month) for month in window.months}
    ended = [quarter for quarter in quarters if quarter.ends_on < window.today]
    return sorted(ended, key=lambda quarter: quarter.starts_on)


def remittances_of(
    branch: Branch, payments: list[Payment], window: Window, rng: Random
) -> list[Sending]:
    """What went up to the superior, quarter after quarter."""
    quarters = quarters_ended(window)
    waiting = list(payments)
    made = []
    for quarter in quarters:
        last = quarter == quarters[-1]
        # Who keeps the books badly has not been to the bank for the last quarter.
        if last and branch.order is Order.POOR:
            break
        remitted_on = add_months(quarter.starts_on, 3).replace(day=rng.randint(2, 9))
        taken = [
            payment
            for payment in waiting
            if payment.month <= quarter.ends_on and payment.paid_on <= remitted_on
        ]
        if not taken or remitted_on > window.today:
            break
        remittance = _remittance(branch, quarter, remitted_on, taken, rng)
        if last and branch.order is Order.FAIR and not branch.is_shown:
            _undecided(remittance, rng)
        kept = remittance.state in GONE_UP
        made.append(Sending(remittance, taken if kept else []))
        if not kept:
            break
        gone = set(map(id, taken))
        waiting = [payment for payment in waiting if id(payment) not in gone]
    return made


def _remittance(branch, quarter: Period, remitted_on, taken: list[Payment], rng) -> Remittance:
    computed = sum((payment.amount for payment in taken), Decimal(0))
    return Remittance(
        organisation=branch.organisation,
        quarter=quarter.starts_on,
        amount=computed,
        computed=computed,
        member_count=len({payment.member_id for payment in taken}),
        remitted_on=remitted_on,
        slip_number=f"{remitted_on:%Y%m%d}{rng.randint(1000, 9999)}",
        state=RemittanceState.CONFIRMED,
        sent_at=at(remitted_on, 16, 20),
        decided_on=remitted_on + rng.randint(1, 6) * _DAY,
    )


def _undecided(remittance: Remittance, rng: Random) -> None:
    """Still with the committee, now and then with a difference, or sent back by it."""
    if rng.random() < 0.3:
        remittance.state = RemittanceState.RETURNED
        remittance.opinion = "回单金额与台账不一致，请核对后重新报送"
        return
    remittance.state, remittance.decided_on = RemittanceState.SENT, None
    if rng.random() < 0.3:
        remittance.amount += 1
        remittance.explanation = "找零多存 1.00 元，下季度抵减"


def publications_of(
    branch: Branch, people: list[Person], payments: list[Payment], window: Window, rng: Random
) -> list[Publication]:
    """The quarters that were posted for the members, with everybody who was here in them."""
    rows = []
    for quarter in quarters_ended(window):
        paid = [payment for payment in payments if payment.month in quarter]
        here = [person for person in people if _was_here(person, branch, quarter)]
        posted_on = quarter.ends_on + rng.randint(1, 5) * _DAY
        missed = branch.order is Order.POOR and rng.random() < 0.7
        if missed or not paid or posted_on > window.today:
            continue
        rows.append(
            Publication(
                organisation=branch.organisation,
                period=str(quarter),
                starts_on=quarter.starts_on,
                ends_on=quarter.ends_on,
                posted_on=posted_on,
                posted_until=posted_on + 6 * _DAY,
                contact=f"支部组织委员，内线 {rng.randint(6000, 6999)}",
                member_count=len(here),
                amount=sum((payment.amount for payment in paid), Decimal(0)),
            )
        )
    return rows


def _was_here(person: Person, branch: Branch, quarter: Period) -> bool:
    """Whether somebody was a member of the branch on some day of the quarter."""
    left_on = person.member.left_on
    if left_on is not None and left_on <= quarter.starts_on:
        return False
    return any(
        stay.organisation == branch.organisation
        and stay.starts_on <= quarter.ends_on
        and (stay.ends_on is None or stay.ends_on >= quarter.starts_on)
        for stay in person.stays
    )
