"""County values about dues."""

from branches.values import Key

REMIT_DAY = Key(
    name="dues.remit_day",
    label="季度党费在次月几日前上缴",
    default=10,
    unit="日",
    minimum=1,
    maximum=28,
)
