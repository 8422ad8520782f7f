"""County values about notices that travel outside the pages."""

from branches.values import Key

QUIET_FROM = Key(
    "notices.quiet_from",
    "免打扰时段从几点起，邮件和群机器人不发",
    20,
    unit="点",
    minimum=0,
    maximum=23,
    help="与“到几点止”相同时，没有免打扰时段",
)
QUIET_UNTIL = Key(
    "notices.quiet_until",
    "免打扰时段到几点止",
    8,
    unit="点",
    minimum=0,
    maximum=23,
    help="时段里的通知到点以后再发",
)
QUIET_ON_FREE_DAYS = Key(
    "notices.quiet_on_free_days",
    "放假和周末不发邮件和群机器人消息",
    True,
    help="按工作日历；通知在系统里照常看得到，上班后再发出去",
)
