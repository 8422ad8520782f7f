"""The ledger 组织."""

from branches.models import Form, Kind, Organisation, Sector
from branches.typed import Unreadable, plain, read_count, read_date
from ledgers.sheets.columns import Column, Sheet, choice_reader, read_code, read_person, text_reader

_MOST_GROUPS = 20


def read_groups(value) -> int | None:
    """How many groups a branch has; more than a branch can have is a slip."""
    count = read_count(value)
    if count is not None and count > _MOST_GROUPS:
        raise Unreadable(
            f"“{plain(value)}”过多，一个党支部最多 {_MOST_GROUPS} 个党小组，请核对后再填"
        )
    return count


CODE = Column("组织编码", read_code, aliases=("党组织编码", "组织代码", "党组织代码"))
NAME = Column("组织名称", text_reader(120), aliases=("党组织名称", "组织全称", "党组织全称"))
PARENT = Column(
    "上级组织编码", read_code, aliases=("上级党组织编码", "上级组织代码", "上级党组织代码")
)
KIND = Column(
    "组织类别",
    choice_reader(
        Kind,
        {
            "党的县委": Kind.COUNTY,
            "基层党委": Kind.COMMITTEE,
            "党的工作委员会": Kind.WORKING_COMMITTEE,
            "工委": Kind.WORKING_COMMITTEE,
            "总支": Kind.GENERAL_BRANCH,
            "党总支部": Kind.GENERAL_BRANCH,
            "支部": Kind.BRANCH,
            "联合党支部": Kind.BRANCH,
        },
    ),
    aliases=("党组织类别",),
)
SECTOR = Column(
    "所属领域",
    choice_reader(
        Sector,
        {
            "国企": Sector.STATE_ENTERPRISE,
            "非公企业": Sector.PRIVATE_ENTERPRISE,
            "非公有制经济组织": Sector.PRIVATE_ENTERPRISE,
        },
    ),
    aliases=("领域",),
    clearable=True,
)
FOUNDED = Column(
    "成立日期", read_date, aliases=("成立时间", "建立日期"), empty=None, clearable=True
)
TERM_END = Column(
    "本届届满日期", read_date, aliases=("届满时间", "届满日期", "应换届时间", "本届届满时间")
)
SECRETARY = Column(
    "书记", read_person, aliases=("党组织书记", "书记姓名", "党支部书记"), clearable=True
)
GROUPS = Column(
    "党小组数", read_groups, aliases=("党小组个数", "党小组数量"), empty=0, clearable=True
)
FORM = Column(
    "设置形式",
    choice_reader(
        Form,
        {
            "单独组建": Form.SINGLE,
            "单独党支部": Form.SINGLE,
            "联合组建": Form.JOINT,
            "联合党支部": Form.JOINT,
            "临时党支部": Form.TEMPORARY,
            "功能型党支部": Form.FUNCTIONAL,
        },
    ),
    aliases=("组建形式", "组建方式", "支部形式"),
    empty=Form.SINGLE,
    monthly=False,
)

SHEET = Sheet(
    name="组织",
    kind="org",
    columns=(CODE, NAME, PARENT, KIND, SECTOR, FOUNDED, TERM_END, SECRETARY, GROUPS, FORM),
    identifying=(
        (CODE.heading,),
        (NAME.heading,),
        (KIND.heading, PARENT.heading, FOUNDED.heading, TERM_END.heading, GROUPS.heading),
    ),
)


def values(
    organisation: Organisation, *, parent_code: str, term_end, secretary: str, groups: int
) -> dict:
    """What the row of an organisation holds, by heading. `secretary` as `write_person` writes."""
    return {
        CODE.heading: organisation.code,
        NAME.heading: organisation.name,
        PARENT.heading: parent_code,
        KIND.heading: Kind(organisation.kind),
        SECTOR.heading: Sector(organisation.sector) if organisation.sector else "",
        FOUNDED.heading: organisation.founded_on,
        TERM_END.heading: term_end,
        SECRETARY.heading: secretary,
        GROUPS.heading: groups,
        FORM.heading: Form(organisation.form),
    }
