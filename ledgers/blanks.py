"""Blank workbooks to fill in: the headings of a ledger, with columns of numbers set as text."""

import io

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from branches.models import Form, Kind, Sector
from dues.rates import Category
from ledgers.exports.columns import columns
from ledgers.exports.workbook import CellKind
from ledgers.sheets import ATTENDANCE, COUNTY, DUES
from ledgers.sheets.columns import Sheet
from ledgers.sheets.posts import APPOINTED, ELECTED
from ledgers.sheets.transfers import Direction
from ledgers.sheets.workdays import DayKind
from meetings.enums import Grade, MakeUpWay, TalkRelation, TrainingKind, TrainingLevel
from members.enums import COMMITTEE_TITLES, Gender, MemberKind, Stage

# Rows with a list to choose from.
_ROWS = 2000
_CHOICES = {
    "组织类别": Kind.labels,
    "所属领域": Sector.labels,
    "设置形式": Form.labels,
    "性别": Gender.labels,
    "人员类别": MemberKind.labels,
    "是否流动党员": ["是", "否"],
    "缴费类别": Category.labels,
    "职务": [title.label for title in COMMITTEE_TITLES],
    "任职方式": [ELECTED, APPOINTED],
    "当前阶段": Stage.labels,
    "类别": [direction.label for direction in Direction],
    "是否有回执": ["是", "否"],
    "评议结果": Grade.labels,
    "党籍状态": MemberKind.labels,
    "参加评议": ["是", "否"],
    "谈话关系": TalkRelation.labels,
    "补学方式": MakeUpWay.labels,
    "培训类别": TrainingKind.labels,
    "组织单位层级": TrainingLevel.labels,
    "集中培训": ["是", "否"],
    "类型": DayKind.labels,
}
_FORMATS = {
    CellKind.TEXT: "@",
    CellKind.LONG_TEXT: "@",
    CellKind.DATE: "yyyy-mm-dd",
    CellKind.AMOUNT: "0.00",
    CellKind.PERCENT: "0%",
}


def blank_workbook(declared: Sheet, year: int) -> bytes:
    """A workbook with one sheet of that ledger and no rows; a dues sheet says its year."""
    book = Workbook()
    sheet = book.active
    sheet.title = f"{year}年{declared.name}" if declared is DUES else declared.name
    # Other shapes of a notice are read, but one is enough to fill in.
    headings = [c.heading for c in declared.columns if c.monthly or declared not in COUNTY]
    if declared is ATTENDANCE:
        # One of its columns: the day and the type of a meeting.
        headings.append(f"{year}-01-15 支部党员大会")
    for place, column in enumerate(columns(headings), 1):
        letter = get_column_letter(place)
        head = sheet.cell(1, place, column.heading)
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="F2F0EA")
        sheet.column_dimensions[letter].width = column.columns_wide
        # The format of the whole column: what is typed later is kept as it was typed.
        sheet.column_dimensions[letter].number_format = _FORMATS.get(column.kind, "General")
        if choices := _CHOICES.get(column.heading):
            rule = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
            rule.add(f"{letter}2:{letter}{_ROWS}")
            sheet.add_data_validation(rule)
    sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
