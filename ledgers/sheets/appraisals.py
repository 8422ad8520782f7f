"""The ledger 民主评议: what each member was found to be in a year's appraisal."""

from branches.typed import read_yes
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    Column,
    Sheet,
    choice_reader,
    read_person,
    text_reader,
)
from ledgers.sheets.meetings import read_year
from meetings.enums import Grade
from members.enums import MemberKind

YEAR = Column("评议年度", read_year, aliases=("年度", "所属年度", "评议年份"), empty=None)
MEMBER = Column("姓名", read_person, aliases=("党员姓名",))
KIND = Column(
    "党籍状态",
    choice_reader(MemberKind, {"正式": MemberKind.FORMAL, "预备": MemberKind.PROBATIONARY}),
    aliases=("人员类别", "党员类别"),
    empty=None,
)
TOOK_PART = Column("参加评议", read_yes, aliases=("是否参加", "是否参加评议"), empty=True)
ABSENCE = Column("未参加原因", text_reader(60), aliases=("未参加评议原因",), clearable=True)
GRADE = Column(
    "评议结果",
    choice_reader(
        Grade,
        {
            "优秀党员": Grade.EXCELLENT,
            "合格党员": Grade.QUALIFIED,
            "基本合格党员": Grade.BASIC,
            "不合格党员": Grade.UNQUALIFIED,
        },
    ),
    aliases=("评定等次", "评议等次", "评议等级", "等次", "民主评议结果"),
    empty="",
    clearable=True,
)

SHEET = Sheet(
    name="民主评议",
    kind="apr",
    columns=(BRANCH_CODE, BRANCH_NAME, YEAR, MEMBER, KIND, TOOK_PART, ABSENCE, GRADE),
    identifying=(BRANCH, (MEMBER.heading,), (GRADE.heading,)),
)


def values(result, *, branch, year: int, name: str) -> dict:
    """What the row of one member's result holds."""
    kind = MemberKind.FORMAL if result.was_formal else MemberKind.PROBATIONARY
    return {
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        YEAR.heading: year,
        MEMBER.heading: name,
        KIND.heading: kind,
        TOOK_PART.heading: result.took_part,
        ABSENCE.heading: result.absence_note,
        GRADE.heading: Grade(result.grade) if result.grade else "",
    }
