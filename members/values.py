"""County values about members."""

import datetime

from branches.values import Key

RULES_2026_FROM = Key(
    name="members.rules_2026_from",
    label="发展党员工作细则（2026 年修订）从哪一天起执行",
    default=datetime.date(2026, 5, 18),
    help="公布于 2026-05-18，生效日期待核实；以前的事按 2014 年版",
)
