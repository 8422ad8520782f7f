"""The ledger 党费: planned against what is stored, then written.

One row is a member's year. The approved amount is that of the sheet's year; charges are made for
the months that have a column, up to today; what is paid for a month is the cell, compared with
the sum of entries. An amount that is corrected moves the charges that were made from it, in the
months the approval covers; charges that were set otherwise stay.
"""

import datetime
from decimal import Decimal

from accounts.encryption import keyed_hash
from branches.values import Values
from dues.models import ApprovedAmount
from dues.rates import Category, Computed, computed, fits_rates, range_text
from dues.values import ROUNDING
from dues.words import month_label
from ledgers.imports.county import County, Person, Place
from ledgers.imports.dues_accounts import NUMBERS, Account, Accounts, DuesPlan, months_of
from ledgers.imports.dues_sums import Sums, divided
from ledgers.imports.dues_writing import CORRECTION, write_dues
from ledgers.imports.results import Firsts, Problem, Row, Table
from ledgers.imports.writing import Writing
from ledgers.keys import HEADING as KEY
from ledgers.sheets.columns import (
    BRANCH_CODE,
    BRANCH_NAME,
    ID_NUMBER,
    MEMBER_NAME,
    Masked,
    canonical,
)
from ledgers.sheets.dues import AMOUNT, BASE, CATEGORY, MONTHS

AREA = "dues"
_ELSEWHERE = "这个月的党费归另一个党支部，不在你的导入范围内"


class Dues:
    """Plans and writes the rows of the ledger 党费."""

    def __init__(self, county: County):
        self.county = county
        self.accounts = Accounts()
        self._firsts = Firsts()
        self._values = Values()
        self._sums = Sums(county, self._values)

    # --- Planning -------------------------------------------------------------------------

    def plan(self, rows: list[Row]) -> None:
        """Match by identity number and year, check, compare."""
        rows = [row for row in rows if self._year(row)]
        hashes = {}
        for row in rows:
            number = row.values.get(ID_NUMBER.heading)
            if number and not isinstance(number, Masked):
                hashes[row] = keyed_hash(number)
        self.county.load_by_pk({_stamped(row)[0] for row in rows if row.stamp})
        self.county.load_by_hash(hashes.values())
        matched = [(row, person) for row in rows if (person := self._match(row, hashes.get(row)))]
        for year in {self._year(row) for row, _person in matched}:
            self.accounts.load(
                year, {p.pk for row, p in matched if p.pk and self._year(row) == year}
            )
        for row, person in matched:
            if not self._firsts.repeats(row, (person, self._year(row))):
                self._plan_row(row, person)

    @staticmethod
    def _year(row: Row) -> int | None:
        return _stamped(row)[1] if row.stamp else row.table.year

    def _match(self, row: Row, number_hash: str | None) -> Person | None:
        number, name = row.values.get(ID_NUMBER.heading), row.values.get(MEMBER_NAME.heading, "")
        row.label = f"{name} {self._year(row)}年"
        person = None
        if row.stamp:
            person = self.county.people.get(_stamped(row)[0])
            if person is None:
                row.refuse(KEY, "系统里没有这一行对应的党员，请清空行标识，并填写完整的身份证号")
            elif number and masked(number) != person.mask and not row.untouched(ID_NUMBER.heading):
                row.refuse(ID_NUMBER.heading, "与名册里的号码不同，请核对", number)
                return None
        elif isinstance(number, Masked):
            reason = "号码带星号，看不出是谁，请填写完整的 18 位号码，或保留“行标识”一列"
            row.refuse(ID_NUMBER.heading, reason, number)
        elif number is None:
            if not row.problems:
                row.refuse(ID_NUMBER.heading, "公民身份号码不能为空，系统只按身份证号认人")
        else:
            person = self.county.by_hash.get(number_hash)
            if person is None:
                reason = "党员名册里没有这个身份证号，请核对，或先导入党员花名册"
                row.refuse(ID_NUMBER.heading, reason, number)
        return person

    def _plan_row(self, row: Row, person: Person) -> None:
        county, year = self.county, self._year(row)
        account = self.accounts.of(person.pk, year)
        row.is_new = account.is_empty
        if person.row:
            row.needs.add(person.row)
        if person.home is None:
            # The roster row is refused and says why.
            return
        if not county.may(person.home):
            row.refuse(ID_NUMBER.heading, "这名党员不在你的导入范围内", person.mask)
            return
        self._check_names(row, person)
        row.plan = DuesPlan(person, person.home)
        current = self._current(account, year)
        stored = {
            CATEGORY.heading: Category(current.category) if current else "",
            BASE.heading: current.base if current else None,
            AMOUNT.heading: current.amount if current else None,
            **{column.heading: account.paid(n) for n, column in enumerate(MONTHS, 1)},
        }
        self._plan_amount(row, current, stored, year)
        self._plan_charges(row, account, current, year)
        self._plan_payments(row, account, stored, year)

    def _current(self, account: Account, year: int) -> ApprovedAmount | None:
        """The approval of that year in force today, or at the year's end where that is past."""
        today = self.county.today
        begun = [a for a in account.approved if a.from_month <= today]
        return (begun or account.approved[:1] or [None])[-1]

    def _check_names(self, row: Row, person: Person) -> None:
        """Cells that only repeat the roster: what differs is worth a look."""
        name = row.values.get(MEMBER_NAME.heading, "")
        if name and canonical(name) != canonical(person.name):
            reason = f"名册上这个身份证号是“{person.name}”，按身份证号记账"
            row.note(MEMBER_NAME.heading, reason, name)
        code = row.values.get(BRANCH_CODE.heading, "")
        home = person.home.organisation.code
        if code and code.upper() != home.upper():
            place = self.county.place_coded(code)
            if place is None:
                row.refuse(BRANCH_CODE.heading, f"没有编码为“{code}”的组织，请核对编码", code)
            elif not any(span.place is place for span in person.spans):
                reason = f"名册上的党支部是 {home}“{person.home.name}”，按名册记账"
                row.note(BRANCH_CODE.heading, reason, code)
        elif not code and BRANCH_NAME.heading in row.values:
            self.county.branch_of(row)

    def _plan_amount(
        self, row: Row, current: ApprovedAmount | None, stored: dict, year: int
    ) -> None:
        headings = (CATEGORY.heading, BASE.heading, AMOUNT.heading)
        found = row.differences({heading: stored[heading] for heading in headings})
        category = found.get(CATEGORY.heading, stored[CATEGORY.heading])
        base = found.get(BASE.heading, stored[BASE.heading])
        amount = found.get(AMOUNT.heading, stored[AMOUNT.heading])
        if AMOUNT.heading not in row.values and (found or current is None):
            # Not typed: what follows from category and base.
            by_rates = self._computed(category, base, year)
            amount = by_rates.amount if by_rates else stored[AMOUNT.heading]
            if amount is not None and amount != stored[AMOUNT.heading]:
                found[AMOUNT.heading] = amount
        if current is None and not found and not self._asks_amount(row):
            return
        if current is None and not found and all(map(row.came_back, headings)):
            # Last year's amount carried on, or payments alone: nothing is asked to be approved.
            return
        if not self._sound(row, category, base, amount, year):
            return
        by_rates = self._computed(category, base, year)
        by_rates = by_rates and by_rates.amount
        if current is None:
            row.plan.approval = (datetime.date(year, 1, 1), category, base, by_rates, amount)
        elif found:
            current.category, current.base, current.amount = category, base, amount
            current.computed = by_rates
            row.plan.corrected = current
        if not row.is_new:
            for heading, value in found.items():
                row.change(heading, stored[heading], value)

    @staticmethod
    def _asks_amount(row: Row) -> bool:
        """Whether the sheet is about approved amounts at all, or about payments alone."""
        return AMOUNT.heading in row.table.present or CATEGORY.heading in row.table.present

    def _computed(self, category, base, year: int) -> Computed | None:
        """What the rates of the sheet's year give, by the county's rounding of then."""
        if not category:
            return None
        last = min(datetime.date(year, 12, 31), self.county.today)
        step = self._values.on(ROUNDING, last)
        return computed(category, base, on=datetime.date(year, 1, 1), step=step)

    def _sound(self, row: Row, category, base, amount, year: int) -> bool:
        start = datetime.date(year, 1, 1)
        faulty = {problem.column for problem in row.problems}
        if not category and CATEGORY.heading not in faulty:
            row.refuse(CATEGORY.heading, "“缴费类别”不能为空")
        elif amount is None and AMOUNT.heading not in faulty:
            reason = "“月应缴”不能为空，按类别和基数算不出来"
            if category == Category.FARMER:
                limits = range_text(category, start)
                reason = f"“月应缴”不能为空：农民党员由支部在 {limits}之间核定"
            row.refuse(AMOUNT.heading, reason)
        for heading, value in ((AMOUNT.heading, amount), (BASE.heading, base)):
            if value is not None and value < 0:
                row.refuse(heading, "金额不能是负数", value)
        if row.problems:
            return False
        by_rates = self._computed(category, base, year)
        if by_rates and by_rates.amount != amount:
            reason = f"按类别和基数计算是 {by_rates.amount} 元，按表中数保留"
            row.note(AMOUNT.heading, reason, amount)
        elif not by_rates and not fits_rates(category, base, amount, on=start):
            limits = range_text(category, start)
            row.note(AMOUNT.heading, f"农民党员一般每月 {limits}，按表中数保留", amount)
        return True

    def _plan_charges(
        self, row: Row, account: Account, current: ApprovedAmount | None, year: int
    ) -> None:
        """Charge the months that have a column and are not charged yet, up to today.

        A cell that comes back as it was exported charges nothing: months before the county kept
        its dues here have an approved amount, and no charge.
        """
        plan = row.plan
        if row.problems or not (plan.approval or current):
            return
        amount = plan.approval[-1] if plan.approval else current.amount
        from_month = plan.approval[0] if plan.approval else current.from_month
        made, opened, present = [], [], row.table.present
        for heading, first, last in months_of(year):
            charge = account.charges[first.month - 1]
            if charge:
                plan.settles |= bool(plan.approval) and charge[1] != amount
                if plan.corrected and first >= from_month and charge[1] == self._before(row):
                    pk, before, branch = charge
                    if self.county.may(self.county.by_pk[branch]):
                        plan.recharged.append((first, pk, amount, amount - before, branch))
                    else:
                        row.note(heading, f"{_ELSEWHERE}，应缴没有改动")
            elif heading not in present or row.came_back(heading):
                continue
            elif account.opened(first):
                # A sum is refused with the payments; a blank is what the opening balance says.
                opened.append(heading)
            elif place := self._owed_to(row, first, last):
                if not self.county.may(place):
                    # A sum in the cell is refused with the payments; a blank asks for nothing.
                    continue
                of_month = self._amount_in(account, plan, first)
                if of_month is not None:
                    plan.charges.append((first, of_month, place))
                    made.append(heading)
        if plan.settles:
            reason = "今年已生成的应缴，导入后按表中的标准调整"
            row.note(AMOUNT.heading, reason, amount)
        if opened:
            until = month_label(account.opening.until_month)
            reason = f"期初欠缴已登记到{until}，{'、'.join(opened)}没有另记应缴"
            row.note(opened[0], reason)
        row.hidden = f"{amount} {made}"
        if made and not row.is_new:
            row.changes.append(("应缴", "", "、".join(made)))

    @staticmethod
    def _before(row: Row) -> Decimal | None:
        """The approved amount as it stood before this row."""
        for heading, before, _after in row.changes:
            if heading == AMOUNT.heading:
                return Decimal(before)
        return None

    @staticmethod
    def _amount_in(account: Account, plan: DuesPlan, month: datetime.date) -> Decimal | None:
        if plan.approval:
            return plan.approval[-1]
        begun = [approved for approved in account.approved if approved.from_month <= month]
        return begun[-1].amount if begun else None

    def _owed_to(self, row: Row, first: datetime.date, last: datetime.date) -> Place | None:
        """The branch that is owed the month, None where nothing is due."""
        person = row.plan.person
        if first > self.county.today:
            return None
        if person.joined_on and last < person.joined_on:
            return None
        span = person.span_in(first, last)
        if span is None:
            return None
        if span.row:
            row.needs.add(span.row)
        return span.place

    def _plan_payments(self, row: Row, account: Account, stored: dict, year: int) -> None:
        plan, person = row.plan, row.plan.person
        found = row.differences({heading: stored[heading] for heading in NUMBERS})
        for heading, first, last in months_of(year):
            if heading not in found:
                continue
            amount, month = found[heading], (first, last)
            if reason := self._sums.refusal(account, first, amount):
                row.refuse(heading, reason, amount)
                continue
            if amount and (reason := self._sums.doubt(account, person, month, stored[heading])):
                row.note(heading, reason, amount)
            standing = account.standing(first.month)
            place = self._sums.payee(account, person, month)
            touched = {place, *(self.county.by_pk[entry[2]] for entry in standing)}
            if not all(self.county.may(branch) for branch in touched):
                row.refuse(heading, f"{_ELSEWHERE}，请由那个支部或上级党委修改", amount)
                continue
            kept, wrong = divided(standing, amount)
            plan.reversals += [(first, entry) for entry in wrong]
            if rest := amount - kept:
                # Paid when the entry it replaces was: at no day is less standing than nothing.
                paid_on = standing[-1][4] if standing else None
                reason = CORRECTION if standing else ""
                plan.payments.append((first, rest, place, paid_on, reason))
            if not row.is_new:
                row.change(heading, stored[heading] or "", amount or "0")

    # --- Writing --------------------------------------------------------------------------

    @staticmethod
    def touched(rows: list[Row]) -> set[int]:
        """The stored members these rows write something about; to be locked before `moved`."""
        return {row.plan.person.pk for row in rows if row.plan and row.plan.person.pk}

    def moved(self, rows: list[Row]) -> bool:
        """Whether months these rows write have other charges or entries than when planned."""
        return self.accounts.moved([(row.plan, self._year(row)) for row in rows if row.plan])

    def write(self, rows: list[Row], writing: Writing) -> None:
        """Write approvals, charges, reversals and payments."""
        rows = [row for row in rows if row.plan]
        write_dues([row.plan for row in rows], writing)
        for row in rows:
            person, year = row.plan.person, self._year(row)
            writing.line(row, AREA, person.pk, row.plan.home.pk)
            for pk in row.plan.branches:
                writing.note(pk, AREA, datetime.date(year, 1, 1), datetime.date(year, 12, 31))


def refuse_without_year(table: Table) -> None:
    """A sheet of dues that nowhere says which year it is about cannot be read."""
    stamped = all(row.stamp for row in table.rows)
    if table.year is None and not stamped:
        reason = "看不出是哪一年的党费，请在标题或表名里写明，如“2026年党费收缴台账”，或选择年度"
        table.faults.append(Problem(table.header_row, "", "", reason))


def masked(number: str) -> str:
    """A number, full or masked already, as its mask."""
    return ID_NUMBER.secret(number)


def _stamped(row: Row) -> tuple[int, int]:
    """Member and year in a row key."""
    member, year = row.stamp.pk.split("-")
    return int(member), int(year)
