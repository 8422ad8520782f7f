"""The ledger 社会组织: the register of units with the newest survey, what covers each, instructors.

Columns as in the survey workbooks of rules.md §14. Phones are not taken: a column of them is named
as unknown. 政治面貌 is read as "is a Party member or not" and kept as that alone.
"""

from branches.models import UnitKind
from branches.typed import Unreadable, folded, plain, read_count, read_date, read_names, read_yes
from ledgers.sheets.columns import (
    Column,
    Sheet,
    choice_reader,
    read_code,
    read_name,
    text_reader,
)
from tasks.enums import BranchForm, MassOrganisation


def _read_credit_code(cell) -> str:
    return folded(cell).upper().replace(" ", "")


def _read_head(cell) -> bool | None:
    """是 or 否, or the 政治面貌 written out, of which only membership is kept."""
    text = folded(cell)
    if text in {"中共党员", "党员", "中共预备党员", "预备党员"}:
        return True
    if text in {"群众", "共青团员", "团员", "民主党派", "无党派", "无党派人士"}:
        return False
    return read_yes(text)


_MASS_NAMES = {
    "工会": MassOrganisation.TRADE_UNION,
    "共青团": MassOrganisation.YOUTH,
    "团组织": MassOrganisation.YOUTH,
    "团支部": MassOrganisation.YOUTH,
    "妇联": MassOrganisation.WOMEN,
    "妇女组织": MassOrganisation.WOMEN,
}


def _read_mass(cell) -> tuple[MassOrganisation, ...]:
    """工会、共青团…; what is none of the known ones is 其他群团."""
    if folded(cell) in ("是", "有", "√"):
        raise Unreadable("请写有哪些群团组织，如：工会、共青团")
    found = {_MASS_NAMES.get(name, MassOrganisation.OTHER) for name in read_names(plain(cell))}
    return tuple(one for one in MassOrganisation if one in found)


def _counted(heading: str, *aliases: str, unknown: bool = False) -> Column:
    return Column(heading, read_count, aliases=aliases, empty=None if unknown else 0)


KEEPER_CODE = Column(
    "登记党组织编码", read_code, aliases=("归口党组织编码", "党组织编码", "所属党组织编码")
)
KEEPER = Column(
    "登记党组织",
    text_reader(120),
    aliases=("登记的党组织", "归口党组织", "归口管理党组织", "所属党工委", "所属党委", "所属镇街"),
)
CREDIT_CODE = Column(
    "统一社会信用代码",
    _read_credit_code,
    aliases=(
        "登记证号",
        "登记证号/统一社会信用代码",
        "社会信用代码",
        "信用代码",
        "登记证号或统一社会信用代码",
    ),
)
NAME = Column(
    "单位名称", text_reader(120), aliases=("名称", "组织名称", "社会组织名称", "企业名称")
)
KIND = Column(
    "单位类别",
    choice_reader(
        UnitKind,
        {
            **dict.fromkeys(
                ("社会团体", "社团", "民办非企业单位", "民办非企业", "民非", "社会服务机构",
                 "基金会", "行业协会", "行业协会商会", "商会"),
                UnitKind.SOCIAL_ORGANISATION,
            ),
            **dict.fromkeys(
                ("非公企业", "民营企业", "私营企业", "个体工商户", "企业"),
                UnitKind.PRIVATE_ENTERPRISE,
            ),
        },
    ),
    aliases=("种类", "类型", "类别", "组织类型"),
    empty=None,
)  # fmt: skip
REGISTERED = Column(
    "成立登记日期",
    read_date,
    aliases=("创办时间", "创办日期", "登记日期", "注册日期"),
    empty=None,
    clearable=True,
)
SURVEYED = Column("摸底日期", read_date, aliases=("摸底时间", "调查日期"), empty=None)
AUTHORITY = Column(
    "业务主管单位", text_reader(120), aliases=("主管单位", "业务主管部门"), clearable=True
)
LEGAL = Column(
    "法定代表人",
    read_name,
    aliases=("负责人", "法人代表", "法人", "法定代表人姓名"),
    clearable=True,
)
HEAD = Column(
    "负责人是党员",
    _read_head,
    aliases=("负责人是否党员", "法定代表人是否党员", "政治面貌", "负责人政治面貌"),
    empty=None,
)
UNIT_MEMBERS = _counted("会员人数", "会员数", "会员", "会员总数", unknown=True)
FULL_TIME = _counted(
    "专职从业人员", "从业人员专职", "从业人员(专职)", "专职人员", "专职人数", unknown=True
)
PART_TIME = _counted(
    "兼职从业人员", "从业人员兼职", "从业人员(兼职)", "兼职人员", "兼职人数", unknown=True
)
WORKING = _counted(
    "实际在本单位工作的正式党员",
    *("实际工作正式党员", "实际工作的正式党员", "党员总数", "党员人数", "党员数", "党员"),
    *("正式党员", "正式党员数", "正式党员人数"),
)
FLOATING = _counted("流动党员", "其中流动党员", "流动党员数", "关系未转党员", "流动党员(关系未转)")
PART_MEMBERS = _counted("兼职党员", "其中兼职党员", "兼职党员数")
HERE = _counted(
    "组织关系在本单位的正式党员",
    *("组织关系在本单位", "关系在本单位", "组织关系在本单位的党员数", "组织关系在本单位党员"),
)


def _related(heading: str, *places: str) -> Column:
    """How many have their relation at one of `places`, however the heading ends."""
    named = [f"{start}{place}" for place in places for start in ("组织关系在", "关系在")]
    return _counted(
        heading, *(f"{name}{end}" for name in named for end in ("", "的党员数", "党员"))
    )


AT_AUTHORITY = _related("关系在业务主管单位", "业务主管单位", "业务主管")
AT_ATTACHED = _related("关系在挂靠单位", "挂靠单位", "挂靠")
AT_COMMUNITY = _related("关系在属地社区村", "属地", "社区")
AT_FORMER = _related("关系在原单位", "原单位")
AT_OTHER = _related("关系在其他单位", "其他单位", "其他")
PROBATIONARY = _counted("预备党员", "预备", "预备党员数")
TARGETS = _counted("发展对象", "发展对象数")
ACTIVISTS = _counted("入党积极分子", "积极分子", "积极分子数")
APPLICANTS = _counted("入党申请人", "申请人", "申请入党人数", "申请人数")
MASS = Column(
    "群团组织",
    _read_mass,
    aliases=("群团组织情况", "已建群团组织"),
    empty=(),
    clearable=True,
)
GUIDED = Column(
    "群团组织在党组织领导下", read_yes, aliases=("群团组织在党组织领导下开展工作",), empty=False
)
HAS_PARTY = Column("是否建立党组织", read_yes, aliases=("是否建党组织", "已建党组织"), empty=None)
PARTY = Column(
    "党组织名称", text_reader(120), aliases=("所在党组织名称", "党支部名称", "覆盖党组织")
)
FORM = Column(
    "组建方式",
    choice_reader(
        BranchForm,
        {
            **dict.fromkeys(("单独建", "单独", "独立组建", "单建"), BranchForm.OWN),
            **dict.fromkeys(("联合建", "联合", "联合组建", "联建"), BranchForm.JOINT),
            **dict.fromkeys(("挂靠建", "挂靠"), BranchForm.ATTACHED),
            **dict.fromkeys(("统建", "社区统一组建", "社区"), BranchForm.COMMUNITY),
        },
    ),
    aliases=("建制", "组建形式"),
    empty="",
)
COVERED_SINCE = Column(
    "党组织覆盖日期",
    read_date,
    aliases=("党组织成立日期", "党组织成立时间", "成立日期", "成立时间"),
    empty=None,
)
INSTRUCTOR = Column("党建指导员", read_name, aliases=("指导员", "指导员姓名", "党建指导员姓名"))
INSTRUCTOR_FROM = Column(
    "指导员单位及职务", text_reader(120), aliases=("指导员单位", "党建指导员单位"), clearable=True
)
INSTRUCTED_SINCE = Column("指导员选派日期", read_date, aliases=("选派日期", "选派时间"), empty=None)
REASON = Column("未建原因", text_reader(200), aliases=("未建立原因", "未组建原因"), clearable=True)
PLANNED = Column(
    "拟建日期", read_date, aliases=("拟建时间", "计划组建时间"), empty=None, clearable=True
)

SHEET = Sheet(
    name="社会组织",
    kind="cov",
    columns=(
        *(KEEPER_CODE, KEEPER, CREDIT_CODE, NAME, KIND, REGISTERED, SURVEYED),
        *(AUTHORITY, LEGAL, HEAD, UNIT_MEMBERS, FULL_TIME, PART_TIME),
        *(WORKING, FLOATING, PART_MEMBERS, HERE),
        *(AT_AUTHORITY, AT_ATTACHED, AT_COMMUNITY, AT_FORMER, AT_OTHER),
        *(PROBATIONARY, TARGETS, ACTIVISTS, APPLICANTS, MASS, GUIDED),
        *(HAS_PARTY, PARTY, FORM, COVERED_SINCE),
        *(INSTRUCTOR, INSTRUCTOR_FROM, INSTRUCTED_SINCE, REASON, PLANNED),
    ),
    identifying=(
        (NAME.heading,),
        tuple(
            column.heading for column in (AUTHORITY, LEGAL, WORKING, HERE, MASS, REASON, INSTRUCTOR)
        ),
    ),
    # All members give way to the formal ones, and a finer kind to the plain one.
    yielding=frozenset({"党员总数", "党员人数", "党员数", "党员", "类别"}),
)
# Headings whose cells stand in a field of the unit, or of its survey, as they are.
UNIT_FIELDS = {
    NAME.heading: "name",
    KIND.heading: "kind",
    CREDIT_CODE.heading: "credit_code",
    REGISTERED.heading: "registered_on",
}
SURVEY_FIELDS = {
    column.heading: name
    for column, name in (
        (AUTHORITY, "authority"),
        (LEGAL, "legal_person"),
        (HEAD, "head_is_member"),
        (UNIT_MEMBERS, "unit_members"),
        (FULL_TIME, "full_time"),
        (PART_TIME, "part_time"),
        (WORKING, "formal_working"),
        (FLOATING, "floating"),
        (PART_MEMBERS, "part_time_members"),
        (HERE, "formal_here"),
        (AT_AUTHORITY, "relation_authority"),
        (AT_ATTACHED, "relation_attached"),
        (AT_COMMUNITY, "relation_community"),
        (AT_FORMER, "relation_former"),
        (AT_OTHER, "relation_other"),
        (PROBATIONARY, "probationary"),
        (TARGETS, "targets"),
        (ACTIVISTS, "activists"),
        (APPLICANTS, "applicants"),
        (MASS, "mass_organisations"),
        (GUIDED, "guided"),
        (FORM, "form"),
        (REASON, "reason_not_founded"),
        (PLANNED, "planned_on"),
    )
}


def survey_values(survey) -> dict[str, object]:
    """The cells of a survey, or of none, by heading."""
    found = {}
    for heading, name in SURVEY_FIELDS.items():
        # Without a survey nothing is known, not even that there is none.
        value = getattr(survey, name) if survey else None
        if heading == MASS.heading:
            value = tuple(MassOrganisation(code) for code in value or ())
        elif heading == FORM.heading:
            value = BranchForm(value) if value else ""
        found[heading] = value
    return found | {SURVEYED.heading: survey.surveyed_on if survey else None}


def unit_values(unit) -> dict[str, object]:
    """The cells of a unit of the register by heading."""
    return {
        NAME.heading: unit.name,
        KIND.heading: UnitKind(unit.kind),
        CREDIT_CODE.heading: unit.credit_code,
        REGISTERED.heading: unit.registered_on,
    }


def instructor_values(instructor) -> dict[str, object]:
    """The cells of an instructor in force, or of none, by heading."""
    return {
        INSTRUCTOR.heading: instructor.person_name if instructor else "",
        INSTRUCTOR_FROM.heading: instructor.from_unit if instructor else "",
        INSTRUCTED_SINCE.heading: instructor.starts_on if instructor else None,
    }
