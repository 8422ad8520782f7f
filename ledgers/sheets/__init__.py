"""The ledgers that are exchanged as workbooks, in the order of the monthly ledger."""

from ledgers.sheets import (
    appraisals,
    attendance,
    branches,
    campaigns,
    coverage,
    development,
    dues,
    inspections,
    meetings,
    members,
    overview,
    plans,
    plus,
    posts,
    study,
    talks,
    tasks,
    transfers,
    weak,
    workdays,
)

BRANCHES = branches.SHEET
MEMBERS = members.SHEET
DUES = dues.SHEET
MEETINGS = meetings.SHEET
TASKS = tasks.SHEET
POSTS = posts.SHEET
DEVELOPMENT = development.SHEET
TRANSFERS = transfers.SHEET
PLANS = plans.SHEET
ATTENDANCE = attendance.SHEET
APPRAISALS = appraisals.SHEET
COURSES = study.COURSES
MAKE_UPS = study.MAKE_UPS
TALKS = talks.SHEET
YEAR_OVERVIEW = overview.SHEET
PLUS = plus.SHEET
MEASURES = campaigns.SHEET
INSPECTIONS = inspections.SHEET
COVERAGE = coverage.SHEET
WEAK = weak.SHEET
WORKDAYS = workdays.SHEET

# The data sheets of a monthly ledger, in their order.
MONTHLY = (BRANCHES, MEMBERS, DUES, MEETINGS, TASKS)
# Ledgers that have workbooks of their own.
REGISTERS = (POSTS, DEVELOPMENT, TRANSFERS)
# Those of the yearly workbook 三会一课台账, beside 三会一课 itself.
MEETING_YEAR = (PLANS, ATTENDANCE, APPRAISALS, COURSES, MAKE_UPS, TALKS, YEAR_OVERVIEW)
# Those of the yearly workbook 工作任务台账, beside 整改 itself.
WORK_YEAR: tuple = (PLUS, WEAK, INSPECTIONS, COVERAGE, MEASURES)
# Of the county as a whole, and of no organisation.
COUNTY = (WORKDAYS,)
SHEETS = (*MONTHLY, *REGISTERS, *MEETING_YEAR, *WORK_YEAR, *COUNTY)
# Further sheets of the yearly ledger of dues.
DUES_ENTRIES, DUES_ARREARS, DUES_SUMS = "党费明细", "欠缴名单", "党费汇总"
# Of the yearly ledger of meetings: made from attendance, make-up study and courses.
STUDY_HOURS = "学时"
# Further sheets of a ledger: made from the others, never read back.
SUMMARIES = frozenset(
    {"总览", "应办事项", "说明", DUES_ENTRIES, DUES_ARREARS, DUES_SUMS, STUDY_HOURS}
)
