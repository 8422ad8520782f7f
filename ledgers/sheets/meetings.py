"""The ledger 三会一课."""

import datetime
import re

from branches.typed import (
    Unreadable,
    folded,
    plain,
    read_count,
    read_date,
    read_hours,
    read_time,
)
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    Column,
    Sheet,
    canonical,
    read_person,
    read_persons,
    text_reader,
)
from meetings.enums import FULL_NAMES, AttendanceState, Type

_TYPES = {canonical(kind.label): kind for kind in Type}
_TYPES |= {canonical(name): kind for kind, name in FULL_NAMES.items()}
_TYPES |= {
    "支委": Type.COMMITTEE,
    "支委会议": Type.COMMITTEE,
    "支部委员会会议": Type.COMMITTEE,
    "支部委员会议": Type.COMMITTEE,
    "支部大会": Type.MEMBERS_MEETING,
    "小组会": Type.GROUP,
    "党小组会议": Type.GROUP,
    "上党课": Type.LECTURE,
    "主题党日活动": Type.THEME_DAY,
    "专题组织生活会": Type.LIFE_MEETING,
    "民主评议党员": Type.APPRAISAL,
}
_ORDER = list(Type)


def read_types(cell) -> tuple[Type, ...]:
    """The types of a meeting, each once, in the order of the ledger."""
    names = [name for name in re.split(r"[、,，;；/+＋和及\s]+", plain(cell)) if name]
    found = set()
    for name in names:
        if canonical(name) not in _TYPES:
            raise Unreadable(f"“{name}”不是会议类型，请填：{'、'.join(Type.labels)}")
        found.add(_TYPES[canonical(name)])
    return tuple(sorted(found, key=_ORDER.index))


def show_types(types) -> str:
    return "、".join(FULL_NAMES[kind] for kind in types)


def read_held(cell) -> datetime.date | datetime.datetime | None:
    """The day; a date with time where the hour is written too."""
    if isinstance(cell, datetime.datetime):
        return cell if cell.time() != datetime.time() else cell.date()
    day = read_date(cell)
    clock = re.search(r"\s(\d{1,2}:\d{2})(:\d{2})?$", folded(cell)) if day else None
    return datetime.datetime.combine(day, read_time(clock[1])) if clock else day


TYPES = Column("会议类型", read_types, aliases=("会议类别", "活动类型"), show=show_types, empty=())
HELD = Column(
    "时间",
    read_held,
    aliases=("召开时间", "会议时间", "召开日期", "会议日期", "日期", "实际时间", "活动时间"),
    empty=None,
)
STARTS = Column("开始时间", read_time, empty=None, clearable=True)
GROUP = Column("党小组", text_reader(40), aliases=("党小组名称",))
PLACE = Column("地点", text_reader(100), aliases=("会议地点", "召开地点"), clearable=True)
HOST = Column("主持人", read_person, aliases=("会议主持人",), clearable=True)
LECTURER = Column("授课人", read_person, aliases=("党课授课人", "主讲人", "讲课人"), clearable=True)
DUE = Column("应到人数", read_count, aliases=("应到",), empty=None)
CAME = Column("实到人数", read_count, aliases=("实到",), empty=None)
PRESENT = Column(
    "参会人员",
    read_persons,
    aliases=("到会人员", "出席人员", "参加人员", "实到人员", "参会党员"),
    empty=(),
    clearable=True,
)
LEAVE = Column("请假人员", read_persons, aliases=("请假", "请假党员"), empty=(), clearable=True)
ABSENT = Column("缺席人员", read_persons, aliases=("缺席", "缺席党员"), empty=(), clearable=True)
TOPIC = Column("主题", text_reader(300), aliases=("会议主题", "会议议题", "议题"), clearable=True)
HOURS = Column("学时", read_hours, aliases=("学时数",), empty=None, clearable=True)


def read_year(cell) -> int | None:
    """A year: 2025, 2025年, 2025年度."""
    text = folded(cell)
    if not text:
        return None
    if found := re.fullmatch(r"(20\d\d)\s*(年度?)?", text):
        return int(found[1])
    raise Unreadable(f"“{text}”读不出年度，请写成 2025")


# Only in the yearly ledger: the monthly one keeps its columns.
FOR_YEAR = Column("所属年度", read_year, aliases=("会议年度",), empty=None, monthly=False)
RESOLUTIONS = Column(
    "决议",
    text_reader(5000),
    aliases=("会议决议", "决议内容", "形成决议"),
    clearable=True,
    monthly=False,
)
# Shown in the yearly ledger, never read: it follows from the days.
LATE = "补录"

ATTENDANCE = {
    PRESENT: AttendanceState.PRESENT,
    LEAVE: AttendanceState.LEAVE,
    ABSENT: AttendanceState.ABSENT,
}

SHEET = Sheet(
    name="三会一课",
    kind="mtg",
    columns=(
        BRANCH_NAME,
        BRANCH_CODE,
        TYPES,
        HELD,
        STARTS,
        GROUP,
        PLACE,
        HOST,
        LECTURER,
        DUE,
        CAME,
        PRESENT,
        LEAVE,
        ABSENT,
        TOPIC,
        HOURS,
        FOR_YEAR,
        RESOLUTIONS,
    ),
    identifying=(BRANCH, (TYPES.heading,), (HELD.heading,)),
    ignored=frozenset({"序号", "需更正", LATE}),
)


def one_line_of(text: str) -> str:
    """A resolution in one line of a cell."""
    return re.sub(r"\s*\n\s*", "；", text.strip())


def written_resolutions(texts) -> str:
    """Resolutions in one cell: a line each, numbered where there are several."""
    texts = [one_line_of(text) for text in texts]
    if len(texts) < 2:
        return "".join(texts)
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))


def split_resolutions(cell: str) -> list[str]:
    """The opposite of `written_resolutions`; a number that is no place in the list stays."""
    lines = [line.strip() for line in cell.split("\n") if line.strip()]
    if len(lines) < 2:
        return lines
    bare = [
        re.sub(rf"^[(（]?{number}[)）.．、](?!\d)\s*", "", line)
        for number, line in enumerate(lines, 1)
    ]
    return bare if all(map(str.__ne__, bare, lines)) else lines


def values(
    *,
    branch,
    types,
    held_on,
    starts_at,
    group,
    place,
    host,
    lecturer,
    topic,
    hours,
    attendance,
    for_year,
    resolutions,
    late="",
) -> dict:
    """What the row of a meeting holds, by heading.

    `host`, `lecturer` and the names in `attendance` (state → list) as `write_person` writes them;
    `resolutions` are the texts of what was decided, in order.
    """
    came = attendance.get(AttendanceState.PRESENT, ())
    return {
        BRANCH_NAME.heading: branch.name,
        BRANCH_CODE.heading: branch.code,
        TYPES.heading: tuple(types),
        HELD.heading: held_on,
        STARTS.heading: starts_at,
        GROUP.heading: group,
        PLACE.heading: place,
        HOST.heading: host,
        LECTURER.heading: lecturer,
        DUE.heading: sum(map(len, attendance.values())),
        CAME.heading: len(came),
        TOPIC.heading: topic,
        HOURS.heading: hours,
        FOR_YEAR.heading: for_year,
        RESOLUTIONS.heading: written_resolutions(resolutions),
        LATE: late,
        **{
            column.heading: tuple(attendance.get(state, ())) for column, state in ATTENDANCE.items()
        },
    }
