"""The ledger 软弱涣散: the county's list with its links; what surveys and reports say is read only.

Surveys are exact only by heads, so 满意度 and 知晓率 are not read back, and neither are the heads:
a survey carries the thresholds of its day and is entered in the system.
"""

import datetime
import re

from django.db.models import Q

from branches.typed import read_date
from ledgers.sheets.columns import (
    BRANCH,
    BRANCH_CODE,
    BRANCH_NAME,
    NOTHING,
    Column,
    Sheet,
    text_reader,
)
from tasks.enums import WeakLinkKind, WeakState
from tasks.weak import percent_words, rates

_list_text = text_reader(2000)


def read_list(cell) -> tuple[str, ...]:
    """Several texts with ； or line ends between them; other marks belong to the texts."""
    parts = (part.strip() for part in re.split(r"[；;\n]", _list_text(cell)))
    return tuple(part for part in parts if part and part not in NOTHING)


def _joined(value) -> str:
    return "；".join(value or ())


def _list(heading: str, **options) -> Column:
    return Column(heading, read_list, show=_joined, text=_joined, empty=(), **options)


CODE = Column(
    BRANCH_CODE.heading, BRANCH_CODE.read, aliases=(*BRANCH_CODE.aliases, "编码", "党组织编码")
)
NAME = Column(BRANCH_NAME.heading, BRANCH_NAME.read, aliases=(*BRANCH_NAME.aliases, "党组织名称"))
SITUATIONS = _list("认定情形", aliases=("软弱涣散情形", "情形"))
DECIDED = Column("认定日期", read_date, aliases=("认定时间", "认定日期(常委会)"), empty=None)
DECIDED_BY = Column("认定机关", text_reader(80), aliases=("认定单位",))
PROBLEMS = Column("主要问题", text_reader(5000), aliases=("存在问题", "问题表现"))
PLAN = Column("整顿措施", text_reader(20000), aliases=("整顿方案",))
DUE = Column("整顿时限", read_date, aliases=("整顿期限", "完成时限"), empty=None)
STATE = Column("状态", text_reader(40))
MONTH = Column("月进展", text_reader(10000), aliases=("整顿进展",))
ASKED = Column("测评人数", text_reader(40))
SATISFIED = Column("满意人数", text_reader(40))
AWARE = Column("知晓人数", text_reader(40))
SATISFIED_RATE = Column("满意度", text_reader(40))
AWARE_RATE = Column("知晓率", text_reader(40))
SCORE = Column("验收得分", text_reader(40))
ACCEPTED = Column("验收结论", text_reader(200))
FOLLOWED = Column("巩固期至", text_reader(40))
# Links as people call them in this ledger.
LINKS = {
    WeakLinkKind.COUNTY_LEADER: _list("联系县级领导", aliases=("县级联系领导",), clearable=True),
    WeakLinkKind.TOWN_LEADER: _list("乡镇包抓领导", aliases=("镇街包抓领导",), clearable=True),
    WeakLinkKind.FIRST_SECRETARY: _list("第一书记", clearable=True),
    WeakLinkKind.PAIRED_UNIT: _list("结对单位", clearable=True),
}
# Made by the system; a changed cell is not taken over.
READ_ONLY = (
    *(STATE, MONTH, ASKED, SATISFIED, AWARE),
    *(SATISFIED_RATE, AWARE_RATE, SCORE, ACCEPTED, FOLLOWED),
)

SHEET = Sheet(
    name="软弱涣散",
    kind="wea",
    columns=(
        *(CODE, NAME, SITUATIONS, DECIDED, DECIDED_BY, PROBLEMS, PLAN),
        *LINKS.values(),
        DUE,
        *READ_ONLY,
    ),
    identifying=(BRANCH, (SITUATIONS.heading,), (DECIDED.heading,)),
    ignored=frozenset({"序号", "需更正", "类别", "责任人", "备注"}),
)
# Headings whose cells stand in a field of the case as they are.
FIELDS = {
    DECIDED_BY.heading: "decided_by",
    PROBLEMS.heading: "problems",
    PLAN.heading: "plan",
    DUE.heading: "due_on",
}
_OPEN_WORDS = {WeakState.REDO: "未通过，重新整顿", WeakState.ACCEPTANCE: "待验收"}


def linked_on(day: datetime.date) -> Q:
    """Links that the ledger of a day names: one that ends on the day is over."""
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gt=day))


def stored_values(case, links: dict[str, tuple[str, ...]]) -> dict:
    """The cells that are read back, by heading."""
    return {
        SITUATIONS.heading: tuple(case.situations),
        DECIDED.heading: case.decided_on,
        **{heading: getattr(case, name) for heading, name in FIELDS.items()},
        **{column.heading: links.get(kind, ()) for kind, column in LINKS.items()},
    }


def made_values(case, survey, report) -> dict:
    """The cells that the system makes, as texts; `survey` and `report` are the newest or None."""
    found = rates(survey) if survey else None
    values = {
        STATE.heading: case.get_state_display(),
        MONTH.heading: f"{report.month:%Y-%m} {report.text}" if report else "",
        ACCEPTED.heading: _accepted(case),
        FOLLOWED.heading: _day(case.follow_up_until),
    }
    if survey:
        values |= {
            ASKED.heading: str(survey.asked),
            SATISFIED.heading: str(survey.satisfied),
            AWARE.heading: str(survey.aware),
            SATISFIED_RATE.heading: percent_words(found.satisfied, survey.satisfied_needed),
            AWARE_RATE.heading: percent_words(found.aware, survey.aware_needed),
            SCORE.heading: "" if survey.score is None else f"{survey.score:f}",
        }
    return values


def _accepted(case) -> str:
    if case.passed_on:
        return f"{_day(case.passed_on)} 通过"
    return _OPEN_WORDS.get(case.state, "")


def _day(day: datetime.date | None) -> str:
    return day.isoformat() if day else ""


def values(case, branch, links, survey, report) -> dict:
    """What the row of a case holds, by heading."""
    return {
        CODE.heading: branch.code,
        NAME.heading: branch.name,
        **stored_values(case, links),
        **made_values(case, survey, report),
    }
