"""The ledgers 培训 (one row for each person in a course) and 补学 (one for each make-up)."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from branches.typed import Unreadable, folded, plain, read_date, read_hours, read_yes
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    Column,
    Sheet,
    choice_reader,
    read_code,
    read_person,
    text_reader,
)
from ledgers.sheets.meetings import read_types, show_types
from meetings.enums import MakeUpWay, TrainingKind, TrainingLevel


def read_course_hours(cell) -> Decimal | None:
    """Hours of a whole course, rounded to halves; None for blank."""
    text = folded(cell).removesuffix("学时").removesuffix("小时").strip()
    if not text:
        return None
    try:
        hours = Decimal(text)
    except InvalidOperation:
        hours = None
    if hours is None or not hours.is_finite() or not 0 <= hours <= 500:
        raise Unreadable(f"“{plain(cell)}”读不出学时，请写 0 到 500 的数，如 24")
    return (hours * 2).quantize(Decimal(1), ROUND_HALF_UP) / 2


MEMBER = Column("姓名", read_person, aliases=("党员姓名", "参训人员", "参训党员"))

ORGANISER = Column(
    "主办单位编码", read_code, aliases=("组织单位编码", "举办单位编码", "主办组织编码")
)
TITLE = Column(
    "培训名称", text_reader(100), aliases=("培训班名称", "培训班", "班次名称", "培训内容")
)
KIND = Column(
    "培训类别",
    choice_reader(
        TrainingKind, {"党员教育": TrainingKind.MEMBERS, "任职培训": TrainingKind.INDUCTION}
    ),
    empty=None,
)
LEVEL = Column(
    "组织单位层级",
    choice_reader(
        TrainingLevel,
        {
            "党委": TrainingLevel.COMMITTEE,
            "镇街": TrainingLevel.COMMITTEE,
            "县": TrainingLevel.COUNTY,
            "市级": TrainingLevel.ABOVE,
            "省级": TrainingLevel.ABOVE,
            "网络": TrainingLevel.ONLINE,
        },
    ),
    aliases=("培训层级", "层级"),
    empty=None,
)
CENTRAL = Column("集中培训", read_yes, aliases=("是否集中培训",), empty=False)
STARTS = Column("开始日期", read_date, aliases=("培训开始日期", "开班日期"), empty=None)
ENDS = Column("结束日期", read_date, aliases=("培训结束日期", "结业日期"), empty=None)
PLACE = Column("地点", text_reader(100), aliases=("培训地点",), clearable=True)
WHOLE = Column("培训学时", read_course_hours, aliases=("班次学时",), empty=None)
HOURS = Column("学时", read_course_hours, aliases=("获得学时", "本人学时"), empty=None)

COURSES = Sheet(
    name="培训",
    kind="trn",
    columns=(
        ORGANISER,
        TITLE,
        KIND,
        LEVEL,
        CENTRAL,
        STARTS,
        ENDS,
        PLACE,
        WHOLE,
        BRANCH_CODE,
        BRANCH_NAME,
        MEMBER,
        HOURS,
    ),
    identifying=(BRANCH, (MEMBER.heading,), (TITLE.heading,), (ENDS.heading, STARTS.heading)),
)

HELD = Column("会议日期", read_date, aliases=("召开日期", "会议时间"), empty=None)
TYPES = Column("会议类型", read_types, aliases=("会议类别",), show=show_types, empty=())
DONE = Column("补学日期", read_date, aliases=("补学时间",), empty=None)
WAY = Column(
    "补学方式",
    choice_reader(MakeUpWay, {"上门送学": MakeUpWay.HOME_VISIT, "网上学习": MakeUpWay.ONLINE}),
    aliases=("方式",),
    empty=None,
)
MADE_UP = Column("补学学时", read_hours, aliases=("学时",), empty=None)

MAKE_UPS = Sheet(
    name="补学",
    kind="mku",
    columns=(BRANCH_CODE, BRANCH_NAME, MEMBER, HELD, TYPES, DONE, WAY, MADE_UP),
    identifying=(BRANCH, (MEMBER.heading,), (HELD.heading,), (DONE.heading,)),
)
