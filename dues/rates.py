"""Rates of Party dues, as dated tables. The base is an input; the amount is computed exactly and
rounded once, at the end. The rate applies to the whole base (全额累进); upper bounds belong to the
lower bracket.

Source: 中组发〔2008〕3号 Art. 1–6, in force from 2008-04-01; ceiling and what belongs to the base:
组电明字〔2017〕5号. A revised regulation is announced: then a second table follows the first.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import TextChoices


class Category(TextChoices):
    """缴费类别."""

    EMPLOYED = "employed", "在职"
    YEARLY_SALARY = "yearly_salary", "年薪制"
    SELF_EMPLOYED = "self_employed", "个体经营"
    RETIRED = "retired", "离退休"
    FARMER = "farmer", "农民"
    STUDENT = "student", "学生"
    NO_FIXED_INCOME = "no_fixed_income", "无固定收入"


FEN = Decimal("0.01")
# SQLite adds sums of money as binary fractions, where 5.10 and 5.30 are a little less than 10.40:
# in a query, paid in full is more than the charge less this.
HALF_A_FEN = Decimal("0.005")


@dataclass(frozen=True)
class Rate:
    """What one category pays: by brackets of the base, a fixed sum, or a range the branch sets in.

    A bracket is its inclusive upper bound (None: no bound) and the share of the whole base.
    """

    article: str
    # What the base is, or who is meant.
    meant: str
    brackets: tuple[tuple[Decimal | None, Decimal], ...] = ()
    fixed: Decimal | None = None
    lowest: Decimal | None = None
    highest: Decimal | None = None

    @property
    def needs_base(self) -> bool:
        return bool(self.brackets)

    @property
    def is_range(self) -> bool:
        return self.lowest is not None

    def raw(self, base: Decimal | None) -> Decimal | None:
        """The amount before rounding; None for a range, and where the base is missing."""
        if self.fixed is not None:
            return self.fixed
        if not self.brackets or base is None or base < 0:
            return None
        return base * next(
            share for upper, share in self.brackets if upper is None or base <= upper
        )


@dataclass(frozen=True)
class Notice:
    """A later notice that adds to a table: from which year, what it leaves out of the base."""

    year: int
    source: str
    excluded: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class RateTable:
    """The rates in force from a day to a day, both included; `valid_to` None is still in force."""

    valid_from: datetime.date
    valid_to: datetime.date | None
    source: str
    rates: Mapping[str, Rate]
    notice: Notice | None = None

    def holds_on(self, day: datetime.date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


_WAGE = (
    (Decimal(3000), Decimal("0.005")),
    (Decimal(5000), Decimal("0.01")),
    (Decimal(10000), Decimal("0.015")),
    (None, Decimal("0.02")),
)
_PENSION = ((Decimal(5000), Decimal("0.005")), (None, Decimal("0.01")))
_TWENTY_FEN = Decimal("0.20")

# The rules give the year of the notice and no day.
NOTICE_2017 = Notice(
    year=2017,
    source="关于进一步规范党费工作的通知（组电明字〔2017〕5号，2017年）",
    excluded=(
        "个人所得税",
        "养老、医疗、失业、工伤、生育保险和住房公积金（个人和单位缴纳的部分）",
        "职业年金、企业年金",
        "改革性补贴：住房、交通、公务用车、通讯、加班、误餐、采暖、防暑降温、物业服务等",
        "只在少数地区、单位、岗位或只对少数人发放的津贴补贴",
        "事业单位的奖励性绩效（基础性绩效计入）",
        "企业不固定、不普遍发放的奖金",
    ),
    notes=("月交纳党费一般不超过 1000 元，自愿多交不限", "年初核定，年内一般不变"),
)

TABLES = (
    RateTable(
        valid_from=datetime.date(2008, 4, 1),
        valid_to=None,
        source="关于中国共产党党费收缴、使用和管理的规定（中组发〔2008〕3号，2008年4月1日起施行）",
        rates={
            Category.EMPLOYED: Rate(
                "第一条、第二条", "每月固定的、经常性的工资收入（税后）", _WAGE
            ),
            Category.YEARLY_SALARY: Rate("第三条", "当月实际领取的薪酬", _WAGE),
            Category.SELF_EMPLOYED: Rate("第四条", "上季度月均纯收入", _WAGE),
            Category.RETIRED: Rate("第五条", "基本离退休费或基本养老金", _PENSION),
            Category.FARMER: Rate(
                "第六条", "农民党员", lowest=_TWENTY_FEN, highest=Decimal("1.00")
            ),
            Category.STUDENT: Rate("第六条", "学生党员", fixed=_TWENTY_FEN),
            Category.NO_FIXED_INCOME: Rate(
                "第六条", "下岗失业、靠抚恤救济或领低保生活的党员", fixed=_TWENTY_FEN
            ),
        },
        notice=NOTICE_2017,
    ),
)


@dataclass(frozen=True)
class Computed:
    """What the table gives: exactly, and rounded. `above_ceiling` is advice and changes nothing."""

    raw: Decimal
    amount: Decimal
    above_ceiling: bool


def table_on(day: datetime.date) -> RateTable | None:
    """The table in force on a day; None before the first one."""
    return next((table for table in TABLES if table.holds_on(day)), None)


def rate_on(category: str, day: datetime.date) -> Rate | None:
    """What a category pays on a day; None for no category, and before the first table."""
    table = table_on(day)
    return table.rates.get(category) if table else None


def range_text(category: str, day: datetime.date) -> str:
    """0.20 到 1.00 元, in which the branch sets the amount; "" where there is no range."""
    rate = rate_on(category, day)
    return f"{rate.lowest} 到 {rate.highest} 元" if rate and rate.is_range else ""


def computed(
    category: str,
    base: Decimal | None,
    *,
    on: datetime.date,
    step: Decimal = FEN,
    ceiling: Decimal | None = None,
) -> Computed | None:
    """Yuan a month by the table in force, rounded half up to `step`.

    Above `ceiling` dues are voluntary; it is a county value, without it nothing is said.

    None where there is no formula (farmers: a range, set by the branch), where the base is
    missing or negative, and before the first table. A fixed sum is not rounded.
    """
    rate = rate_on(category, on)
    raw = rate.raw(base) if rate else None
    if raw is None:
        return None
    amount = raw if rate.fixed is not None else rounded(raw, step)
    return Computed(raw, amount, ceiling is not None and amount > ceiling)


def rounded(raw: Decimal, step: Decimal) -> Decimal:
    """Half up to a multiple of `step`, written in fen."""
    return ((raw / step).quantize(Decimal(1), ROUND_HALF_UP) * step).quantize(FEN)


def fits_rates(
    category: str,
    base: Decimal | None,
    amount: Decimal,
    *,
    on: datetime.date,
    step: Decimal = FEN,
) -> bool:
    """Whether an approved amount agrees with the table: equal to what it gives, or in its range."""
    rate = rate_on(category, on)
    if rate and rate.is_range:
        return rate.lowest <= amount <= rate.highest
    by_table = computed(category, base, on=on, step=step)
    return by_table is None or by_table.amount == amount
