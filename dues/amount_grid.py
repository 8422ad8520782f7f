"""The amounts of one branch and year, as the page 标准核定 shows them: a fixed number of queries."""

import datetime
from dataclasses import dataclass, field

from branches.links import link
from branches.models import Organisation
from branches.values import Values
from branches.words import full_date
from dues.models import ApprovedAmount
from dues.rates import Category, rate_on
from dues.standards import (
    by_rates,
    first_months,
    is_of,
    lowest,
    members_to_approve,
    shown_amounts,
    version,
)
from dues.words import money
from members.models import Member

# State, words, kind of mark; those to be approved come first.
STATES = {
    "open": ("待核定", "soon"),
    "carried": ("沿用去年", "wait"),
    "approved": ("已核定", "done"),
}


@dataclass
class Line:
    """One member: the amount shown, and what was typed and refused, where that happened.

    `is_below`: what would be approved is less than the rates give, so a superior has to.
    """

    member: Member
    amount: ApprovedAmount | None
    state: str
    from_month: datetime.date
    computed: str
    above_ceiling: bool
    is_below: bool = False
    typed: dict[str, str] | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the row is typed into: nothing of this year, or refused a moment ago."""
        return self.state != "approved" or self.typed is not None

    @property
    def values(self) -> dict[str, str]:
        """What stands in the inputs. An empty amount is what the rates give."""
        if self.typed is not None:
            return self.typed
        last = self.amount
        if last is None:
            return {"category": "", "base": "", "amount": "", "reason": ""}
        differs = last.computed != last.amount and self.computed != money(last.amount)
        return {
            "category": last.category,
            "base": "" if last.base is None else f"{last.base:.2f}",
            "amount": f"{last.amount:.2f}" if differs else "",
            "reason": last.reason if differs else "",
        }

    @property
    def can_be_carried(self) -> bool:
        if self.state != "carried" or self.is_below:
            return False
        rate = rate_on(self.amount.category, self.amount.from_month)
        return not (rate and rate.needs_base and self.amount.base is None)


class AmountGrid:
    """All members of a branch who need an amount of the year."""

    def __init__(self, branch: Organisation, year: int, today: datetime.date):
        self.branch, self.year, self.today = branch, year, today
        self.values = Values()
        members = members_to_approve(branch, year, today)
        shown = shown_amounts([member.pk for member in members], year)
        firsts = first_months(branch, members, year)
        lines = [self._line(member, shown.get(member.pk), firsts[member.pk]) for member in members]
        order = list(STATES)
        self.lines = sorted(lines, key=lambda line: order.index(line.state))

    def _line(self, member: Member, amount: ApprovedAmount | None, first: datetime.date) -> Line:
        state = "open"
        if amount is not None:
            state = "approved" if is_of(amount, self.year) else "carried"
        found = None
        if amount is not None:
            month, on = (amount.from_month, amount.approved_on) if state == "approved" else (0, 0)
            found = by_rates(
                amount.category,
                amount.base,
                month=month or first,
                on=on or self.today,
                values=self.values,
            )
        ceiling = found and found.above_ceiling
        text = "" if found is None else money(found.amount)
        if state == "approved" and amount.computed is not None:
            text = money(amount.computed)
        below = state == "carried" and self._is_below(amount, first)
        return Line(member, amount, state, first, text, bool(ceiling), below)

    def _is_below(self, amount: ApprovedAmount, first: datetime.date) -> bool:
        """Whether a sum that was set otherwise, and so stays as it is, is less than the rates
        give now."""
        facts = {"month": first, "on": self.today, "values": self.values}
        least = lowest(amount.category, amount.base, **facts)
        return least is not None and amount.amount != amount.computed and amount.amount < least

    @property
    def approved_count(self) -> int:
        return sum(line.state == "approved" for line in self.lines)

    @property
    def to_carry(self) -> int:
        return sum(line.can_be_carried for line in self.lines)

    @property
    def has_open(self) -> bool:
        return any(line.is_open for line in self.lines)

    def shown_line(self, line: Line, *, may_enter: bool) -> dict[str, object]:
        """One row as the page shows it."""
        amount, (words, kind) = line.amount, STATES[line.state]
        of_year = amount if line.state == "approved" else None
        values = line.values
        return {
            "pk": line.member.pk,
            "name": line.member.name,
            "url": link("dues:amount", line.member.pk, year=self.year),
            "state": words,
            "kind": kind,
            "is_open": may_enter and line.is_open,
            "category": Category(amount.category).label if amount else "—",
            "base": "—" if amount is None or amount.base is None else money(amount.base),
            "computed": line.computed or _range_text(amount),
            "amount": money(amount.amount) if amount else "—",
            "above_ceiling": line.above_ceiling,
            "is_below": line.is_below,
            "reason": amount.reason if amount else "",
            "from_month": _month_text(
                of_year.from_month if of_year else line.from_month, self.year
            ),
            "approved_on": full_date(of_year.approved_on) if of_year else "",
            "approved_by": str(of_year.approved_by or "导入") if of_year else "",
            "values": values,
            "seen": version(amount),
            "was": "" if line.typed is not None else "|".join(values.values()),
            "errors": line.errors,
        }


def _range_text(amount: ApprovedAmount | None) -> str:
    rate = rate_on(amount.category, amount.from_month) if amount else None
    return f"{rate.lowest}～{rate.highest}" if rate and rate.is_range else "—"


def _month_text(month: datetime.date, year: int) -> str:
    return f"{month.month}月" if month.year == year else f"{month.year}年{month.month}月"
