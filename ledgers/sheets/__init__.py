"""The ledgers that are exchanged as workbooks, in the order of the monthly ledger."""

from ledgers.sheets import branches, development, dues, meetings, members, posts, tasks, transfers

BRANCHES = branches.SHEET
MEMBERS = members.SHEET
DUES = dues.SHEET
MEETINGS = meetings.SHEET
TASKS = tasks.SHEET
POSTS = posts.SHEET
DEVELOPMENT = development.SHEET
TRANSFERS = transfers.SHEET

# The data sheets of a monthly ledger, in their order.
MONTHLY = (BRANCHES, MEMBERS, DUES, MEETINGS, TASKS)
# Ledgers that have workbooks of their own.
REGISTERS = (POSTS, DEVELOPMENT, TRANSFERS)
SHEETS = (*MONTHLY, *REGISTERS)
# Further sheets of the yearly ledger of dues.
DUES_ENTRIES, DUES_ARREARS, DUES_SUMS = "党费明细", "欠缴名单", "党费汇总"
# Further sheets of a ledger: made from the others, never read back.
SUMMARIES = frozenset({"总览", "应办事项", "说明", DUES_ENTRIES, DUES_ARREARS, DUES_SUMS})
