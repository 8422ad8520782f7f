"""The ledger 党员 (花名册)."""

import datetime
from typing import NamedTuple

from branches.models import Organisation
from branches.typed import Unreadable, folded, read_birth, read_date, read_yes
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    ID_NUMBER,
    MEMBER_NAME,
    PHONE,
    Column,
    Masked,
    Sheet,
    choice_reader,
    text_reader,
)
from members.enums import Gender, MemberKind
from members.models import Member


class Month(NamedTuple):
    """A year and month of birth; a spreadsheet turns 1987.10 into 1987.1."""

    first: datetime.date
    maybe_october: bool = False


def read_born(cell) -> datetime.date | Month | None:
    """A date of birth, or only the month of it."""
    try:
        return read_date(cell)
    except Unreadable:
        first = read_birth(cell, None)
    return Month(first, isinstance(cell, float) and folded(cell).endswith(".1"))


GENDER = Column(
    "性别", choice_reader(Gender, {"男性": Gender.MALE, "女性": Gender.FEMALE}), clearable=False
)
ETHNICITY = Column("民族", text_reader(20), clearable=True)
BORN = Column("出生日期", read_born, aliases=("出生年月", "出生年月日", "出生时间"), empty=None)
EDUCATION = Column("学历", text_reader(20), aliases=("文化程度",), clearable=True)
KIND = Column(
    "人员类别",
    choice_reader(
        MemberKind,
        {
            "正式": MemberKind.FORMAL,
            "预备": MemberKind.PROBATIONARY,
            "中共党员": MemberKind.FORMAL,
            "中共预备党员": MemberKind.PROBATIONARY,
        },
    ),
    aliases=("党员类别", "党籍状态"),
)
JOINED = Column(
    "入党日期",
    read_date,
    aliases=("入党时间", "加入党组织日期", "加入党组织时间", "加入中共组织日期"),
    empty=None,
)
CONFIRMED = Column("转正日期", read_date, aliases=("转正时间",), empty=None, clearable=True)
OCCUPATION = Column("工作岗位", text_reader(40), aliases=("岗位",), clearable=True)
FLOATING = Column("是否流动党员", read_yes, aliases=("流动党员",), empty=False, dash_is_blank=False)

SHEET = Sheet(
    name="党员",
    kind="mem",
    columns=(
        MEMBER_NAME,
        ID_NUMBER,
        GENDER,
        ETHNICITY,
        BORN,
        EDUCATION,
        KIND,
        JOINED,
        CONFIRMED,
        BRANCH_NAME,
        BRANCH_CODE,
        OCCUPATION,
        PHONE,
        FLOATING,
    ),
    identifying=(
        (MEMBER_NAME.heading,),
        (ID_NUMBER.heading,),
        (KIND.heading, JOINED.heading, BORN.heading, GENDER.heading, *BRANCH, PHONE.heading),
    ),
)


def values(member: Member, branch: Organisation, *, full_numbers: bool = False) -> dict:
    """What the row of a member holds, by heading; numbers masked unless the maker may see them."""
    return {
        MEMBER_NAME.heading: member.name,
        ID_NUMBER.heading: member.id_number if full_numbers else Masked(member.id_number_mask),
        GENDER.heading: Gender(member.gender) if member.gender else "",
        ETHNICITY.heading: member.ethnicity,
        BORN.heading: member.born_on,
        EDUCATION.heading: member.education,
        KIND.heading: MemberKind(member.kind),
        JOINED.heading: member.joined_on,
        CONFIRMED.heading: member.confirmed_on,
        BRANCH_NAME.heading: branch.name,
        BRANCH_CODE.heading: branch.code,
        OCCUPATION.heading: member.occupation,
        PHONE.heading: member.phone if full_numbers else Masked(member.phone_mask),
        FLOATING.heading: member.is_floating,
    }
