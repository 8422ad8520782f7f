"""Rates of Party dues. The base is an input; the amount is computed exactly and rounded once.

Source: 中组发〔2008〕3号 Art. 1–6; ceiling: 组电明字〔2017〕5号. The rate applies to the whole
base (全额累进), upper bounds belong to the lower bracket.
"""

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


_WAGE = (
    (Decimal(3000), Decimal("0.005")),
    (Decimal(5000), Decimal("0.01")),
    (Decimal(10000), Decimal("0.015")),
    (None, Decimal("0.02")),
)
_PENSION = ((Decimal(5000), Decimal("0.005")), (None, Decimal("0.01")))
BRACKETS = {
    Category.EMPLOYED: _WAGE,
    Category.YEARLY_SALARY: _WAGE,
    Category.SELF_EMPLOYED: _WAGE,
    Category.RETIRED: _PENSION,
}
FIXED = {Category.STUDENT: Decimal("0.20"), Category.NO_FIXED_INCOME: Decimal("0.20")}
FARMER_RANGE = (Decimal("0.20"), Decimal("1.00"))
# SQLite adds sums of money as binary fractions, where 5.10 and 5.30 are a little less than 10.40:
# in a query, paid in full is more than the charge less this.
HALF_A_FEN = Decimal("0.005")
# Above this a month's dues are voluntary (2017 notice).
CEILING = Decimal(1000)


def computed_amount(
    category: str, base: Decimal | None, step: Decimal = Decimal("0.01")
) -> Decimal | None:
    """Yuan a month by the rate table, rounded half up to `step`; None where there is no formula
    (farmers: 0.2 to 1 yuan, set by the branch) or the base is missing."""
    if category in FIXED:
        return FIXED[category]
    if category not in BRACKETS or base is None:
        return None
    for upper, rate in BRACKETS[category]:
        if upper is None or base <= upper:
            return ((base * rate) / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    return None


def fits_rates(category: str, base: Decimal | None, amount: Decimal) -> bool:
    """Whether an approved amount agrees with the table."""
    if category == Category.FARMER:
        return FARMER_RANGE[0] <= amount <= FARMER_RANGE[1]
    computed = computed_amount(category, base)
    return computed is None or computed == amount
