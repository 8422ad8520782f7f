"""The limits of development as data: what the text of 2014 and the revision of 2026 ask.

Each entry names the step it is about, from what it counts, and where it stands, with how sure the
place is. The official text of 2026 has not been checked: every place in it is shown as unchecked.
A text that does not know a limit has no source there. No Django but the choices of steps.
"""

import datetime
from dataclasses import dataclass
from enum import Enum, StrEnum

from branches.periods import add_months
from members.enums import Step

# What a limit may count from besides a step.
APPLICANT_BORN = "born"
FIRST_END = "first_end"
PROBATION_END = "probation_end"

# Steps that show that the way has gone on.
MILESTONES = (
    Step.ACTIVIST,
    Step.TARGET,
    Step.ADMISSION_MEETING,
    Step.CONVERSION_MEETING,
    Step.CONVERSION_DECISION,
)


class Revision(Enum):
    OF_2014 = "2014 年版"
    OF_2026 = "2026 年修订"


class Nature(StrEnum):
    MUST = "应当"
    NORMALLY = "一般"
    LOCAL = "当地做法"


class Sure(StrEnum):
    """How sure a place in a text is, in the words shown."""

    TWO = "两处以上公开来源"
    ONE = "一处公开来源"
    TO_ADD = "通行规定，条文待补"
    TO_VERIFY = "条款号待核实"
    NO_TEXT = "没有全国条文"


@dataclass(frozen=True)
class Source:
    """A place in one text; without an article it is practice beside the text."""

    article: str
    sure: Sure


@dataclass(frozen=True)
class Distance:
    """So many calendar months and days after a day; months are clamped to the month's end."""

    months: int = 0
    days: int = 0

    def after(self, day: datetime.date) -> datetime.date:
        return add_months(day, self.months) + datetime.timedelta(days=self.days)


@dataclass(frozen=True)
class Limit:
    """One thing the texts, or local practice, ask about a step.

    `least` and `most` count from the day of `base`; `working_days` and `of_end` concern the last
    day of the step itself. `rule` is the standing rule that counts a passed day.
    """

    code: str
    step: Step
    asks: str
    base: str = ""
    least: Distance | None = None
    most: Distance | None = None
    # Instead of `most` in special cases.
    special: Distance | None = None
    working_days: int = 0
    of_end: bool = False
    nature: Nature = Nature.MUST
    in_2014: Source | None = None
    in_2026: Source | None = None
    blocks: bool = False
    rule: str = ""
    repeats: bool = False
    # Whether a step taken after the last day is called late.
    checked_late: bool = True
    # Whether the last day is something to be reminded of.
    is_due: bool = True

    @property
    def is_dated(self) -> bool:
        return bool(self.least or self.most or self.working_days)

    def source(self, revision: Revision) -> Source | None:
        """Where the text of that time asks it; None where it does not."""
        return self.in_2026 if revision is Revision.OF_2026 else self.in_2014

    def source_words(self, revision: Revision) -> str:
        """2026 年修订第七条（两处以上公开来源，官方文本待核）."""
        source = self.source(revision)
        if source is None:
            return f"{revision.value}没有这项期限"
        if not source.article:
            return f"{self.nature.value}（{source.sure.value}）"
        unchecked = "，官方文本待核" if revision is Revision.OF_2026 else ""
        return f"{revision.value}{source.article}（{source.sure.value}{unchecked}）"


def _two(article: str) -> Source:
    return Source(article, Sure.TWO)


def _to_add(article: str) -> Source:
    return Source(article, Sure.TO_ADD)


_PRACTICE = Source("", Sure.NO_TEXT)
_DEVELOPMENT, _PROBATION = "members.development", "members.probation"

LIMITS = (
    Limit(
        "age",
        Step.APPLIED,
        "递交入党申请书时年满 18 岁",
        base=APPLICANT_BORN,
        least=Distance(months=18 * 12),
        in_2014=_two("第五、六条"),
        in_2026=_two("第五、六条"),
        blocks=True,
    ),
    Limit(
        "talk",
        Step.TALKED,
        "收到入党申请书后 1 个月内派人谈话",
        base=Step.APPLIED,
        most=Distance(months=1),
        in_2014=_to_add("第七条"),
        in_2026=_two("第七条"),
        rule=_DEVELOPMENT,
    ),
    Limit(
        "activist",
        Step.ACTIVIST,
        "全国没有规定月数；当地多在申请后 3 至 6 个月确定积极分子",
        base=Step.APPLIED,
        least=Distance(months=3),
        most=Distance(months=6),
        nature=Nature.LOCAL,
        in_2014=_PRACTICE,
        in_2026=_PRACTICE,
    ),
    Limit(
        "activist_filed",
        Step.ACTIVIST_FILED,
        "支部委员会确定积极分子后报上级备案，没有天数",
        in_2014=_two("第八条"),
        in_2026=_two("第八条"),
    ),
    Limit(
        "contacts",
        Step.ACTIVIST,
        "指定 1 至 2 名正式党员作培养联系人",
        in_2014=_to_add("第九条"),
        in_2026=Source("第九条", Sure.ONE),
    ),
    Limit(
        "review",
        Step.REVIEWED,
        "对积极分子每半年考察一次",
        base=Step.REVIEWED,
        most=Distance(months=6),
        in_2014=_to_add("第十一条"),
        in_2026=_two("第十一条"),
        rule=_DEVELOPMENT,
        repeats=True,
    ),
    Limit(
        "thought_report",
        Step.THOUGHT_REPORT,
        "积极分子每季度交一次思想汇报",
        base=Step.THOUGHT_REPORT,
        most=Distance(months=3),
        nature=Nature.LOCAL,
        in_2014=_PRACTICE,
        in_2026=_PRACTICE,
        repeats=True,
    ),
    Limit(
        "activist_year",
        Step.TARGET,
        "作积极分子满 1 年才能列为发展对象",
        base=Step.ACTIVIST,
        least=Distance(months=12),
        in_2014=_two("第十三条"),
        in_2026=_two("第十三条"),
        blocks=True,
    ),
    Limit(
        "publicity",
        Step.TARGET_PUBLICITY,
        "列为发展对象前公示不少于 5 个工作日（首日计入）",
        base=Step.TARGET_PUBLICITY,
        working_days=5,
        of_end=True,
        in_2026=_two("第十三条"),
    ),
    Limit(
        "after_publicity",
        Step.TARGET,
        "公示结束后再列为发展对象",
        base=Step.TARGET_PUBLICITY,
        least=Distance(days=1),
        in_2026=_two("第十三条"),
    ),
    Limit(
        "target_filed",
        Step.TARGET_FILED,
        "发展对象报上级；2026 年修订是“备案”还是“同意”，来源说法不一",
        in_2014=_two("第十三条"),
        in_2026=Source("第十三条", Sure.TO_VERIFY),
    ),
    Limit(
        "political_review",
        Step.POLITICAL_REVIEW,
        "政治审查，没有期限",
        in_2014=_to_add("第十六条"),
        in_2026=_two("第十六条"),
    ),
    Limit(
        "review_holds",
        Step.ADMISSION_MEETING,
        "当地做法：政治审查结论 1 年内有效",
        base=Step.POLITICAL_REVIEW,
        most=Distance(months=12),
        nature=Nature.LOCAL,
        in_2014=_PRACTICE,
        in_2026=_PRACTICE,
        is_due=False,
    ),
    Limit(
        "course",
        Step.COURSE,
        "短期集中培训不少于 3 天，或不少于 24 学时",
        in_2014=_two("第十七条"),
        in_2026=_two("第十七条"),
    ),
    Limit(
        "committee_check",
        Step.COMMITTEE_CHECK,
        "支部委员会审查，没有期限",
        in_2014=_to_add("第十八条"),
        in_2026=_two("第十八条"),
    ),
    Limit(
        "pre_review",
        Step.PRE_REVIEW,
        "上级党委预审，没有期限",
        in_2014=_to_add("第十八条"),
        in_2026=_two("第十八条"),
    ),
    Limit(
        "admission",
        Step.ADMISSION_MEETING,
        "预审合格后 1 个月内召开支部大会讨论接收",
        base=Step.PRE_REVIEW,
        least=Distance(),
        most=Distance(months=1),
        in_2014=_to_add("第十九条"),
        in_2026=_two("第十九条"),
        rule=_DEVELOPMENT,
    ),
    Limit(
        "ballot",
        Step.ADMISSION_MEETING,
        "实到超过应到有表决权人数的一半，无记名投票，赞成超过应到有表决权人数的一半",
        in_2014=_two("第二十至二十二条"),
        in_2026=_two("第二十、二十二条"),
    ),
    Limit(
        "leaving",
        Step.ADMISSION_MEETING,
        "3 个月内要离开工作、学习单位的，一般不办理接收",
        nature=Nature.NORMALLY,
        in_2014=Source("第十九条", Sure.TO_VERIFY),
    ),
    Limit(
        "approval",
        Step.APPROVAL,
        "上级一般在支部大会后 3 个月内审批，特殊情况不超过 6 个月",
        base=Step.ADMISSION_MEETING,
        least=Distance(),
        most=Distance(months=3),
        special=Distance(months=6),
        nature=Nature.NORMALLY,
        in_2014=_to_add("第二十五条"),
        in_2026=_two("第二十五条"),
        rule=_DEVELOPMENT,
    ),
    Limit(
        "approval_again",
        Step.APPROVAL,
        "当地做法：3 个月没有批复的重新讨论，超过 6 个月的重新办理",
        nature=Nature.LOCAL,
        in_2014=_PRACTICE,
        in_2026=_PRACTICE,
    ),
    Limit(
        "oath",
        Step.OATH,
        "一般在批准后 1 个月内入党宣誓",
        base=Step.APPROVAL,
        most=Distance(months=1),
        nature=Nature.NORMALLY,
        in_2026=Source("第二十九条", Sure.ONE),
        rule=_DEVELOPMENT,
    ),
    Limit(
        "conversion_request",
        Step.CONVERSION_REQUEST,
        "预备期满提出转正申请；当地多在期满前 1 个月内交",
        base=PROBATION_END,
        least=Distance(months=-1),
        nature=Nature.LOCAL,
        in_2014=_PRACTICE,
        in_2026=_PRACTICE,
    ),
    Limit(
        "extension",
        Step.EXTENSION,
        "延长预备期一次，不少于 6 个月，不超过 1 年",
        base=FIRST_END,
        least=Distance(months=6),
        most=Distance(months=12),
        of_end=True,
        in_2014=_two("第三十二条"),
        in_2026=Source("第三十一条", Sure.TO_VERIFY),
        blocks=True,
        is_due=False,
    ),
    Limit(
        "probation",
        Step.CONVERSION_MEETING,
        "预备期 1 年，自支部大会通过之日算起（到次年同日），满期才能转正",
        base=PROBATION_END,
        least=Distance(),
        in_2014=_two("第三十二条"),
        in_2026=_two("第三十一条"),
        blocks=True,
    ),
    Limit(
        "conversion",
        Step.CONVERSION_MEETING,
        "预备期满及时讨论转正，没有天数；当地多在期满当天或几天内开会",
        base=PROBATION_END,
        most=Distance(),
        in_2014=_two("第三十三条"),
        in_2026=_two("第三十二条"),
        rule=_PROBATION,
        checked_late=False,
    ),
    Limit(
        "conversion_decision",
        Step.CONVERSION_DECISION,
        "上级在支部大会后 3 个月内审批转正",
        base=Step.CONVERSION_MEETING,
        least=Distance(),
        most=Distance(months=3),
        in_2014=_to_add("第三十四条"),
        in_2026=_two("第三十三条"),
        rule=_DEVELOPMENT,
    ),
    Limit(
        "party_age",
        Step.CONVERSION_DECISION,
        "党龄从预备期满转正之日算起",
        in_2014=_to_add("第三十五条"),
    ),
    Limit(
        "archived",
        Step.ARCHIVED,
        "及时归入个人档案，没有天数",
        in_2014=_to_add("第三十六条"),
        in_2026=Source("第三十六条", Sure.ONE),
    ),
)
BY_CODE = {limit.code: limit for limit in LIMITS}
