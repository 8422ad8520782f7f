"""When something that falls due is shown as due soon, and from when on records are kept: for all rooms."""

import datetime

from branches.values import Key

SOON_DAYS = Key("compliance.soon_days", "到期前几天显示为临期", 7, unit="天", minimum=1, maximum=60)
BEGINS = Key(
    "compliance.begins_on",
    "从哪一天起核对",
    datetime.date.min,
    help="填 2026-01-01 这样的日期；清空时从最早一次会议或应缴党费所在月份起，启用以前的期间不核对",
)
