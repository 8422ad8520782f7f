"""What one sum in a sheet of dues means: whether it may be, what to ask about it, whose it is."""

import datetime
from decimal import Decimal

from branches.values import Values
from dues.standing import back_limit
from dues.values import BACK_MONTHS
from dues.words import month_label
from ledgers.imports.county import County, Person, Place
from ledgers.imports.dues_accounts import Account


class Sums:
    """Judges the sums paid for a month, by the county's values of the day of the import."""

    def __init__(self, county: County, values: Values):
        self._county = county
        self._back_months = values.on(BACK_MONTHS, county.today)
        self._limit = back_limit(county.today)

    def refusal(self, account: Account, month: datetime.date, amount: Decimal) -> str:
        """Why such a sum cannot be taken for the month; "" where it can."""
        if amount < 0:
            return "缴纳金额不能是负数，退还请在系统里冲正"
        if amount and month > self._county.today:
            # Nothing is collected in advance (中组发〔2008〕3号 Art. 14).
            return f"{month_label(month)}还没有到，党费不预收，到时再录入"
        if amount and account.opened(month) and not account.charges[month.month - 1]:
            until = month_label(account.opening.until_month)
            return f"期初欠缴已登记到{until}，请先冲正期初欠缴再导入，或在系统里登记补交"
        return ""

    def doubt(
        self, account: Account, person: Person, month: tuple[datetime.date, datetime.date], paid
    ) -> str:
        """What is worth a look where a sum comes for a month, given by its first and last day,
        for which `paid` stands; "" where nothing is."""
        first, last = month
        if person.joined_on and last < person.joined_on:
            return f"早于入党日期 {person.joined_on}，请核对"
        if person.span_in(first, last) is None:
            return "这个月不在任何党支部，请核对"
        # What was charged before the sheet came, and not paid at all.
        late = account.charges[first.month - 1] and not paid and first < self._limit
        if late and not account.may_pay_back(first):
            return f"补交超过 {self._back_months} 个月，应有上级同意，请核对"
        return ""

    def payee(
        self, account: Account, person: Person, month: tuple[datetime.date, datetime.date]
    ) -> Place:
        """The branch of the entry that is put right, else of the charge, else where he was."""
        number = month[0].month
        if standing := account.standing(number):
            return self._county.by_pk[standing[-1][2]]
        if charge := account.charges[number - 1]:
            return self._county.by_pk[charge[2]]
        span = person.span_in(*month)
        return span.place if span else person.home


def divided(standing: list[tuple], amount: Decimal) -> tuple[Decimal, list[tuple]]:
    """What stays of a month's entries, as a sum, and the entries that are reversed.

    All are, unless several branches had a part: then the oldest stay as far as the sum reaches,
    so that no branch's money goes to another.
    """
    kept = Decimal()
    if len({entry[2] for entry in standing}) > 1:
        while standing and kept + standing[0][1] <= amount:
            kept += standing[0][1]
            standing = standing[1:]
    return kept, standing
