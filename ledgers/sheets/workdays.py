"""The ledger 工作日历: the days that depart from the week, one a row; people type whole stretches.

Notices come in two shapes: a day or stretch with its kind, or a festival with its free days in one
column and the days worked for them in another.
"""

from django.db.models import TextChoices

from branches.published_days import MAKE_UP
from branches.typed import plain, read_yes
from ledgers.sheets.columns import Column, Sheet, choice_reader, text_reader


class DayKind(TextChoices):
    OFF = "off", "放假"
    WORK = "work", MAKE_UP


_WAYS = {
    **dict.fromkeys(("休", "休息", "假", "假期", "节假日", "法定节假日"), DayKind.OFF),
    **dict.fromkeys(("班", "上班", "补班", "工作日", "调休补班", "补休上班"), DayKind.WORK),
}
# Read as text: what a day without its year means is known with the sheet.
DATE = Column("日期", plain, aliases=("起止日期",))
KIND = Column(
    "类型",
    choice_reader(DayKind, _WAYS),
    aliases=("放假或上班", "放假/上班", "放假或调休上班"),
    empty=None,
)
NOTE = Column("说明", text_reader(60), aliases=("节日", "节日名称", "节假日", "假日", "备注"))
WORKED = Column("是否上班", read_yes, aliases=("是否工作日",), empty=None, monthly=False)
FREE = Column("是否放假", read_yes, aliases=("是否休息",), empty=None, monthly=False)
OFF_DAYS = Column(
    "放假日期", plain, aliases=("放假时间", "放假安排", "放假调休日期"), monthly=False
)
WORK_DAYS = Column(
    "调休上班日期",
    plain,
    aliases=("调休上班时间", "调休上班", "补班日期", "上班日期", "调休补班日期"),
    monthly=False,
)

SHEET = Sheet(
    name="工作日历",
    kind="day",
    columns=(DATE, KIND, NOTE, WORKED, FREE, OFF_DAYS, WORK_DAYS),
    identifying=(
        (DATE.heading, OFF_DAYS.heading),
        (KIND.heading, WORKED.heading, FREE.heading, WORK_DAYS.heading),
    ),
    ignored=frozenset({"序号", "需更正", "星期", "天数", "放假天数"}),
)


def stored(row) -> dict[str, object]:
    """What the row of one day holds, by heading."""
    return {
        DATE.heading: row.day,
        KIND.heading: DayKind.WORK if row.is_workday else DayKind.OFF,
        NOTE.heading: row.note,
    }
