"""The ledger 班子: one row for each time that somebody held a post in a branch."""

from branches.typed import Unreadable, plain, read_date
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    ID_NUMBER,
    MEMBER_NAME,
    Column,
    Masked,
    Sheet,
    choice_reader,
)
from members.enums import PostTitle
from members.models import Post

ELECTED, APPOINTED = "选举产生", "上级指派"


def read_way(cell) -> str:
    """How somebody came into a post."""
    text = plain(cell)
    if text in ("", ELECTED, "选举", "选任", "当选", "补选", "增补"):
        return ELECTED if text else ""
    if text in (APPOINTED, "指派", "任命", "上级任命", "委派"):
        return APPOINTED
    raise Unreadable(f"“{text}”请写“{ELECTED}”或“{APPOINTED}”")


TITLE = Column(
    "职务",
    choice_reader(
        PostTitle,
        {
            "支部书记": PostTitle.SECRETARY,
            "党支部书记": PostTitle.SECRETARY,
            "支部副书记": PostTitle.DEPUTY,
            "党支部副书记": PostTitle.DEPUTY,
            "纪律检查委员": PostTitle.DISCIPLINE,
            "纪检": PostTitle.DISCIPLINE,
            "支部委员": PostTitle.MEMBER,
            "支委": PostTitle.MEMBER,
        },
    ),
    aliases=("党内职务", "支部职务", "班子职务"),
)
STARTS = Column(
    "任职日期", read_date, aliases=("任职时间", "任命时间", "任命日期", "当选日期"), empty=None
)
ENDS = Column(
    "免职日期", read_date, aliases=("免职时间", "离任日期", "离任时间"), empty=None, clearable=True
)
WAY = Column("任职方式", read_way, aliases=("产生方式", "任免方式"), empty=ELECTED)

SHEET = Sheet(
    name="班子",
    kind="pst",
    columns=(BRANCH_CODE, BRANCH_NAME, MEMBER_NAME, ID_NUMBER, TITLE, STARTS, ENDS, WAY),
    identifying=(
        BRANCH,
        (MEMBER_NAME.heading,),
        (TITLE.heading,),
        (STARTS.heading, ENDS.heading, WAY.heading),
    ),
    ignored=frozenset({"序号", "需更正", "分工", "电话", "联系电话"}),
)


def values(post: Post, branch) -> dict:
    """What the row of a post holds, by heading; the number masked."""
    return {
        BRANCH_CODE.heading: branch.code,
        BRANCH_NAME.heading: branch.name,
        MEMBER_NAME.heading: post.person_name,
        ID_NUMBER.heading: Masked(post.member.id_number_mask) if post.member else "",
        TITLE.heading: PostTitle(post.title),
        STARTS.heading: post.starts_on,
        ENDS.heading: post.ends_on,
        WAY.heading: APPOINTED if post.is_appointed else ELECTED,
    }
