"""The ledger 党费: one row for each member and year."""

from decimal import Decimal

from branches.typed import read_amount
from dues.rates import Category
from ledgers.sheets.columns import (
    BRANCH_CODE,
    BRANCH_NAME,
    ID_NUMBER,
    MEMBER_NAME,
    Column,
    Sheet,
    choice_reader,
)

_NUMERALS = "一 二 三 四 五 六 七 八 九 十 十一 十二".split()
UNPAID = Decimal("0.00")


def _month(number: int) -> Column:
    written = _NUMERALS[number - 1]
    return Column(
        f"{number}月",
        read_amount,
        aliases=tuple(
            f"{month}{ending}"
            for month in (f"{number}月", f"{number:02d}月", f"{written}月")
            for ending in ("", "份", "实缴", "份实缴", "缴纳", "缴费")
        ),
        empty=UNPAID,
        clearable=True,
    )


CATEGORY = Column(
    "缴费类别",
    choice_reader(
        Category,
        {
            "在职党员": Category.EMPLOYED,
            "退休": Category.RETIRED,
            "离休": Category.RETIRED,
            "离退休党员": Category.RETIRED,
            "农民党员": Category.FARMER,
            "学生党员": Category.STUDENT,
            "无收入": Category.NO_FIXED_INCOME,
            "无固定收入党员": Category.NO_FIXED_INCOME,
            "下岗": Category.NO_FIXED_INCOME,
            "低保": Category.NO_FIXED_INCOME,
            "个体": Category.SELF_EMPLOYED,
            "个体工商户": Category.SELF_EMPLOYED,
        },
    ),
    aliases=("党费类别", "执行标准"),
)
BASE = Column(
    "缴费基数",
    read_amount,
    aliases=("党费基数", "计算基数", "党费计算基数", "缴纳基数", "月工资收入"),
    empty=None,
    clearable=True,
)
AMOUNT = Column(
    "月应缴",
    read_amount,
    aliases=("每月应缴党费", "月应缴党费", "每月应缴", "月应缴额", "应缴党费", "月缴纳额"),
    empty=None,
)
MONTHS = tuple(_month(number) for number in range(1, 13))

SHEET = Sheet(
    name="党费",
    kind="due",
    columns=(
        MEMBER_NAME,
        ID_NUMBER,
        BRANCH_NAME,
        BRANCH_CODE,
        CATEGORY,
        BASE,
        AMOUNT,
        *MONTHS,
    ),
    identifying=(
        (ID_NUMBER.heading,),
        (AMOUNT.heading, CATEGORY.heading, BASE.heading),
    ),
    ignored=frozenset({"序号", "需更正", "全年应缴", "全年应缴党费", "全年实缴", "全年实缴党费"}),
)


def values(*, name, id_number, branch, category, base, amount, paid: dict[int, Decimal]) -> dict:
    """What the row of a member and year holds, by heading.

    `id_number` full or Masked, `paid` by number of the month; months without a sum are blank.
    """
    return {
        MEMBER_NAME.heading: name,
        ID_NUMBER.heading: id_number,
        BRANCH_NAME.heading: branch.name,
        BRANCH_CODE.heading: branch.code,
        CATEGORY.heading: Category(category) if category else "",
        BASE.heading: base,
        AMOUNT.heading: amount,
        **{column.heading: paid.get(n) or None for n, column in enumerate(MONTHS, 1)},
    }
