"""The ledger 年度计划: one row for each meeting that a branch means to hold."""

import datetime
import re

from branches.typed import Unreadable, folded, plain, read_date, read_time
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    Column,
    Sheet,
    read_person,
    text_reader,
)
from ledgers.sheets.meetings import read_types
from meetings.enums import FULL_NAMES, Type

_NUMERALS = {name: number for number, name in enumerate("一二三四五六七八九十", 1)}
_NUMERALS |= {"十一": 11, "十二": 12}
_DAY = re.compile(r"(?:(\d{1,2})\s*[月./-]\s*)?(\d{1,2})\s*[日号]?")


def read_month(cell) -> str:
    """A month: 2026-03, 2026年3月, 2026.3 as `2026-03`; 3, 3月, 三月 as `03`."""
    if isinstance(cell, datetime.date):
        return f"{cell:%Y-%m}"
    text = re.sub(r"\s", "", folded(cell))
    if not text:
        return ""
    if found := re.fullmatch(r"(20\d\d)[-年./](\d{1,2})月?", text):
        year, month = f"{found[1]}-", int(found[2])
    else:
        bare = text.removesuffix("份").removesuffix("月")
        year, month = "", _NUMERALS.get(bare) or (int(bare) if bare.isdecimal() else 0)
    if not 1 <= month <= 12:
        raise Unreadable(f"“{plain(cell)}”读不出月份，请写成 2026-03 或 3月")
    return f"{year}{month:02}"


def read_one_type(cell) -> Type | None:
    """The one kind of meeting of a line of the plan."""
    types = read_types(cell)
    if len(types) > 1:
        raise Unreadable(f"“{plain(cell)}”请分成几行，一行只写一种会议")
    return types[0] if types else None


def show_type(kind) -> str:
    return FULL_NAMES[kind] if kind else ""


def read_when(cell):
    """The day planned: a date, or `(month or 0, day)` where the year stands elsewhere."""
    if isinstance(cell, datetime.date):
        return cell.date() if isinstance(cell, datetime.datetime) else cell
    if isinstance(cell, float) and not cell.is_integer():
        # A number has lost its last nought: 3.30 came as 3.3.
        raise Unreadable(f"“{plain(cell)}”是数字，看不出是几日，请写成 3月30日")
    text = folded(cell)
    if not text:
        return None
    text = re.sub(r"\s+\d{1,2}[:点时]\d{0,2}分?$", "", text)
    if found := _DAY.fullmatch(text):
        return int(found[1] or 0), int(found[2])
    try:
        return read_date(text)
    except Unreadable:
        raise Unreadable(
            f"“{plain(cell)}”读不出日期，请写成 2026-03-05 或 3月5日；只定到月的请留空"
        ) from None


def text_of_when(value) -> str:
    if isinstance(value, tuple):
        return f"{value[0]}月{value[1]}日" if value[0] else f"{value[1]}日"
    return value.isoformat() if isinstance(value, datetime.date) else ""


MONTH = Column("月份", read_month, aliases=("计划月份",))
TYPE = Column(
    "会议类型",
    read_one_type,
    aliases=("会议类别", "活动类型", "会议名称"),
    show=show_type,
    empty=None,
)
GROUP = Column("党小组", text_reader(40), aliases=("党小组名称",), clearable=True)
TOPIC = Column(
    "主题/内容",
    text_reader(300),
    aliases=("主题", "内容", "会议主题", "议题", "会议议题", "主题内容", "主要内容"),
    clearable=True,
)
HOST = Column("主持人", read_person, aliases=("会议主持人",), clearable=True)
LECTURER = Column("授课人", read_person, aliases=("党课授课人", "主讲人", "讲课人"), clearable=True)
WAY = Column("授课方式", text_reader(40), aliases=("讲课方式", "上课方式"), clearable=True)
WHEN = Column(
    "时间",
    read_when,
    aliases=("计划时间", "计划日期", "日期", "召开时间", "拟召开时间"),
    text=text_of_when,
    empty=None,
    clearable=True,
)
STARTS = Column("开始时间", read_time, empty=None, clearable=True)
ENDS = Column("结束时间", read_time, empty=None, clearable=True)
PLACE = Column("地点", text_reader(100), aliases=("会议地点", "召开地点"), clearable=True)
RESPONSIBLE = Column("责任人", text_reader(40), aliases=("负责人",), clearable=True)

SHEET = Sheet(
    name="年度计划",
    kind="pln",
    columns=(
        BRANCH_CODE,
        BRANCH_NAME,
        MONTH,
        TYPE,
        GROUP,
        TOPIC,
        HOST,
        LECTURER,
        WAY,
        WHEN,
        STARTS,
        ENDS,
        PLACE,
        RESPONSIBLE,
    ),
    # A register of meetings held may have months too; only a plan says who sees to it.
    identifying=(
        BRANCH,
        (TYPE.heading,),
        (MONTH.heading,),
        (RESPONSIBLE.heading, WAY.heading),
    ),
)


def values(item, *, branch, group: str, host: str, lecturer: str) -> dict:
    """What the row of a planned meeting holds; names as `write_person` writes them."""
    return {
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        MONTH.heading: f"{item.planned_on:%Y-%m}",
        TYPE.heading: Type(item.type),
        GROUP.heading: group,
        TOPIC.heading: item.topic,
        HOST.heading: host,
        LECTURER.heading: lecturer,
        WAY.heading: item.way,
        WHEN.heading: None if item.month_only else item.planned_on,
        STARTS.heading: item.starts_at,
        ENDS.heading: item.ends_at,
        PLACE.heading: item.place,
        RESPONSIBLE.heading: item.responsible,
    }
