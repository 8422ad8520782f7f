"""County values about dues."""

from decimal import Decimal

from branches.values import Key

ROUNDING = Key(
    "dues.rounding",
    "党费按比例算出后四舍五入到",
    Decimal("0.01"),
    unit="元",
    choices=(Decimal("0.01"), Decimal("0.1"), Decimal("1")),
    help="没有统一规定；可填 0.01、0.1 或 1",
)
APPROVE_MONTH = Key(
    "dues.approve_month", "年度党费标准在几月底前核定", 1, unit="月", minimum=1, maximum=6
)
REMIT_DAY = Key("dues.remit_day", "季度党费在次月几日前上缴", 10, unit="日", minimum=1, maximum=28)
PUBLISH_EVERY = Key(
    "dues.publish_every",
    "党费每隔几个月公示一次",
    3,
    unit="个月",
    choices=(3, 6, 12),
    help="填 3（每季度）、6（每半年）或 12（每年）；规定至少每年一次",
)
PUBLISH_DAY = Key(
    "dues.publish_day", "党费在期满次月几日前公示", 7, unit="日", minimum=1, maximum=28
)
PUBLICITY_DAYS = Key("dues.publicity_days", "党费公示期", 7, unit="天", minimum=1, maximum=30)
REMIND_MONTHS = Key(
    "dues.remind_months", "连续未交党费满几个月提醒", 1, unit="个月", minimum=1, maximum=24
)
TALK_MONTHS = Key(
    "dues.talk_months", "连续未交党费满几个月谈话", 3, unit="个月", minimum=1, maximum=24
)
URGENT_MONTHS = Key(
    "dues.urgent_months", "连续未交党费满几个月重点督促", 5, unit="个月", minimum=1, maximum=24
)
ARREARS_MONTHS = Key(
    "dues.arrears_months",
    "连续未交党费满几个月提请支委会研究",
    6,
    unit="个月",
    minimum=1,
    maximum=6,
    help="中组发〔2008〕3号第十三条为连续 6 个月，可以定得更早，不能更晚",
)
RELIEF_MONTHS = Key(
    "dues.relief_months",
    "减缴、免缴一次最多批几个月",
    12,
    unit="个月",
    minimum=1,
    maximum=36,
    help="没有统一规定；到期仍有困难的再请示",
)
BACK_MONTHS = Key(
    "dues.back_months",
    "补交一般不超过几个月",
    6,
    unit="个月",
    minimum=1,
    maximum=24,
    help="更早的要有上级同意的请示",
)
CEILING = Key(
    "dues.ceiling",
    "月党费超过多少元提示自愿",
    Decimal(1000),
    unit="元",
    minimum=1,
    help="2017 年通知：一般不超过 1000 元，自愿多交不限",
)
LARGE_SUM = Key(
    "dues.large_sum",
    "一次自愿多交满多少元另账登记",
    Decimal(1000),
    unit="元",
    minimum=1,
    help="中组发〔2008〕3号第十一条：一次多交 1000 元以上的，全部转交中央",
)
