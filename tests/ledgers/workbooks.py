"""Small workbooks for the tests of imports, and a county to import them into."""

import datetime
import io

from openpyxl import Workbook, load_workbook

from ledgers.services import plan_import, write_import
from members.identity import check_digit

TODAY = datetime.date(2026, 9, 30)
ORGANISATIONS = ["组织编码", "组织名称", "上级组织编码", "组织类别", "成立日期", "书记", "党小组数"]
MEMBERS = ["姓名", "公民身份号码", "人员类别", "入党日期", "转正日期", "党支部编码", "手机号码"]
DUES = ["姓名", "公民身份号码", "缴费类别", "缴费基数", "月应缴", "1月", "2月", "3月"]
MEETINGS = [
    "党支部编码",
    "会议类型",
    "时间",
    "主持人",
    "授课人",
    "参会人员",
    "请假人员",
    "缺席人员",
    "学时",
]
TASKS = [
    "党支部编码",
    "问题来源",
    "存在问题",
    "责任领导",
    "责任单位",
    "责任人",
    "建账日期",
    "整改时限",
    "整改进度",
    "销号日期",
]


def id_number(serial: int, born: str = "19800105") -> str:
    """An invented identity number with a right check digit; odd serials are men's."""
    first = f"629901{born}{serial:03}"
    return first + check_digit(first)


ZHANG, LI, WANG = id_number(1), id_number(2), id_number(3)


def book(*sheets: tuple[str, list[list]]) -> bytes:
    """A workbook of sheets given as (name, rows)."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets:
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def rows_of(content: bytes, sheet: str) -> list[list]:
    """The rows of a sheet as openpyxl reads them."""
    return [list(row) for row in load_workbook(io.BytesIO(content))[sheet].values]


def plan(*sheets, today=TODAY, name="表.xlsx", **options):
    """Plan one workbook of these sheets."""
    return plan_import([(name, book(*sheets))], today=today, **options)


def give(*sheets, today=TODAY, name="表.xlsx", by=None, **options):
    """Plan and write one workbook; the plan."""
    planned = plan(*sheets, today=today, name=name, **options)
    write_import(planned, by=by)
    return planned


def counts(planned, sheet: int = 0) -> tuple[int, int, int, int, int]:
    """read, new, changed, same, refused of a sheet."""
    result = planned.sheets[sheet]
    return result.read, result.new, result.changed, result.same, result.refused


def reasons(planned) -> list[tuple[int, str, str]]:
    """Row, column and reason of every problem."""
    return [(p.row, p.column, p.reason) for sheet in planned.sheets for p in sheet.problems]


def remarks(planned) -> list[tuple[int, str, str]]:
    """Row, column and reason of every note."""
    return [(p.row, p.column, p.reason) for sheet in planned.sheets for p in sheet.notes]


def organisations(*rows) -> tuple[str, list[list]]:
    return "组织", [ORGANISATIONS, *rows]


def members(*rows) -> tuple[str, list[list]]:
    return "党员", [MEMBERS, *rows]


def dues(*rows, name="2026年党费") -> tuple[str, list[list]]:
    return name, [DUES, *rows]


def meetings(*rows) -> tuple[str, list[list]]:
    return "三会一课", [MEETINGS, *rows]


def tasks(*rows) -> tuple[str, list[list]]:
    return "整改", [TASKS, *rows]


COUNTY = organisations(
    ["C", "中共清禾县委员会", None, "县委", datetime.date(1950, 1, 1), None, 0],
    ["T1", "中共石桥镇委员会", "C", "党委", datetime.date(1980, 1, 1), "柏兰", 0],
    ["B1", "中共东村支部委员会", "T1", "党支部", datetime.date(1990, 1, 1), "张伟", 2],
    ["B2", "中共西村支部委员会", "T1", "党支部", datetime.date(1990, 1, 1), None, 0],
)
ROSTER = members(
    [
        "张伟",
        ZHANG,
        "正式党员",
        datetime.date(2001, 7, 1),
        datetime.date(2002, 7, 1),
        "B1",
        "19900000001",
    ],
    [
        "李娜",
        LI,
        "正式党员",
        datetime.date(2003, 7, 1),
        datetime.date(2004, 7, 1),
        "B1",
        "19900000002",
    ],
    ["王强", WANG, "预备党员", datetime.date(2026, 2, 10), None, "B2", "19900000003"],
)
