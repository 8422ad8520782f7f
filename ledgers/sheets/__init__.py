"""The ledgers that are exchanged as workbooks, in the order of the monthly ledger."""

from ledgers.sheets import branches, dues, meetings, members, tasks

BRANCHES = branches.SHEET
MEMBERS = members.SHEET
DUES = dues.SHEET
MEETINGS = meetings.SHEET
TASKS = tasks.SHEET

SHEETS = (BRANCHES, MEMBERS, DUES, MEETINGS, TASKS)
# Further sheets of a monthly ledger: made from the others, never read back.
SUMMARIES = frozenset({"总览", "应办事项", "说明"})
