"""The ledger 谈心谈话: when, in which relation and who. What was said is in no workbook."""

from branches.typed import read_date
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    Column,
    Sheet,
    choice_reader,
    read_persons,
    text_reader,
)
from meetings.enums import TalkRelation

HELD = Column("日期", read_date, aliases=("谈话日期", "谈话时间", "时间", "谈心时间"), empty=None)
RELATION = Column(
    "谈话关系",
    choice_reader(
        TalkRelation,
        {
            "支委会成员之间": TalkRelation.AMONG_COMMITTEE,
            "委员之间": TalkRelation.AMONG_COMMITTEE,
            "支部委员之间": TalkRelation.AMONG_COMMITTEE,
            "支委会成员与党员": TalkRelation.COMMITTEE_MEMBER,
            "支委和党员": TalkRelation.COMMITTEE_MEMBER,
            "委员与党员": TalkRelation.COMMITTEE_MEMBER,
            "党员和党员": TalkRelation.AMONG_MEMBERS,
            "党员与党员": TalkRelation.AMONG_MEMBERS,
            "上级和党员": TalkRelation.SUPERIOR,
        },
    ),
    aliases=("谈话类型", "谈话类别", "谈心谈话类型"),
    empty=None,
)
INITIATORS = Column("谈话人", read_persons, aliases=("谈心人", "主谈人"), empty=())
PARTNERS = Column("谈话对象", read_persons, aliases=("谈心对象", "被谈话人", "受谈人"), empty=())
OUTSIDER = Column(
    "上级谈话人", text_reader(40), aliases=("上级领导", "上级谈话领导"), clearable=True
)

SHEET = Sheet(
    name="谈心谈话",
    kind="tlk",
    columns=(BRANCH_CODE, BRANCH_NAME, HELD, RELATION, INITIATORS, PARTNERS, OUTSIDER),
    identifying=(BRANCH, (HELD.heading,), (PARTNERS.heading,)),
    # What was said is neither asked for nor kept, and not worth naming as unknown.
    ignored=frozenset({"序号", "需更正", "谈话内容", "内容", "备注", "记录人", "谈话记录"}),
)
