"""Shares of what is done in time, from stored summaries. The one place that says how a figure is made."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from branches.models import Organisation
from branches.periods import Period, Span, period_of
from compliance.judging import period_key
from compliance.models import DutySummary
from compliance.registry import RULES, Rule
from dues.sums import HOW as DUES_HOW

# 查看算法: numerator, denominator, cut-off, in words.
HOW = (
    (
        "达标支部占比",
        "分子：已完成的，加上还没到时限且没有落后的；分母：应办的（不含免予）。"
        "截至最近一次核对；进行中的月份要到月末才见分晓。",
    ),
    (
        "综合",
        "该单位各项要求达标占比的简单平均，保留一位小数，各项单独四舍五入；没有应办事项的不计入。",
    ),
    (
        "三会一课按期",
        "支委会、党员大会、党课、主题党日四项的达标数之和 ÷ 应办数之和。",
    ),
    (
        "党费按月收缴",
        "足额交纳的人次 ÷ 应交的人次；部分交纳不算足额。截至最近一次核对；下面的应缴、实缴是现在的数。",
    ),
    *((f"党费：{name}", meaning) for name, meaning in DUES_HOW),
    ("整改逾期", "已过整改时限、尚未销号的任务数；时限当天不算。"),
    ("换届", "届满未换届的组织数；届满当天不算，有批准延期的按延期后的日期。"),
)
MEETING_RULES = (
    "meetings.committee",
    "meetings.members_meeting",
    "meetings.lecture",
    "meetings.theme_day",
)
DUES_RULE = "dues.paid"
# Columns of the heat map, a screen's width at a time: name, label, first words of the rule codes.
THEMES = (
    ("life", "组织生活、党费和整改", ("meetings", "dues", "tasks")),
    ("setting", "组织设置和班子", ("branches", "terms", "assessments")),
    ("people", "党员队伍", ("members",)),
)


def theme_of(rule: Rule) -> str:
    """The theme whose columns show a rule; what belongs to none stands in the first."""
    room = rule.code.split(".")[0]
    return next((name for name, _label, rooms in THEMES if room in rooms), THEMES[0][0])


@dataclass
class Tally:
    """How the duties of one rule stand below an organisation."""

    good: int = 0
    bad: int = 0
    required: int = 0
    actual: int = 0
    left: int = 0

    def add(self, summary: DutySummary) -> None:
        self.good += summary.done + summary.open
        self.bad += summary.behind + summary.overdue
        self.left += summary.open + summary.behind
        self.required += summary.required
        self.actual += summary.actual

    @property
    def total(self) -> int:
        return self.good + self.bad

    @property
    def percent(self) -> Decimal | None:
        return share(self.good, self.total)


def share(part: int, whole: int) -> Decimal | None:
    """Per cent, exact; None where there is nothing."""
    return Decimal(100) * part / whole if whole else None


def rounded(percent: Decimal, places: str = "1") -> Decimal:
    """Rounded half up, each figure by itself."""
    return percent.quantize(Decimal(places), ROUND_HALF_UP)


def periods_seen(rule: Rule, seen: Period, today: datetime.date) -> list[str]:
    """Keys of the rule's periods that a view of `seen` shows on a day.

    Shorter periods inside it are added up; a longer one that contains it is shown as it stands.
    What is due only after its period is shown once that is over.
    """
    if rule.is_standing:
        return [period_key(None)]
    period = period_of(rule.span, seen.starts_on)
    if rule.shown_when_over and period.ends_on >= today:
        period = period.previous
    keys = [period_key(period)]
    while period.ends_on < seen.ends_on:
        period = period.following
        if rule.shown_when_over and period.ends_on >= today:
            break
        keys.append(period_key(period))
    return keys


def tallies(
    organisations: Iterable[Organisation], seen: Period, today: datetime.date
) -> dict[int, dict[str, Tally]]:
    """By organisation and rule code, how things stand in the period seen; one query."""
    wanted = {code: set(periods_seen(rule, seen, today)) for code, rule in RULES.items()}
    found: dict[int, dict[str, Tally]] = {}
    keys = {key for keys in wanted.values() for key in keys}
    for summary in DutySummary.objects.filter(organisation__in=organisations, period__in=keys):
        if summary.period in wanted.get(summary.rule, ()):
            by_rule = found.setdefault(summary.organisation_id, {})
            by_rule.setdefault(summary.rule, Tally()).add(summary)
    return found


def joined(tallies_by_rule: dict[str, Tally], codes: Iterable[str]) -> Tally:
    """Several rules as one."""
    total = Tally()
    for code in codes:
        if one := tallies_by_rule.get(code):
            total.good += one.good
            total.bad += one.bad
            total.left += one.left
    return total


def overall(tallies_by_rule: dict[str, Tally]) -> Decimal | None:
    """The mean of the rules' shares."""
    shares = [tally.percent for tally in tallies_by_rule.values() if tally.total]
    return sum(shares) / len(shares) if shares else None


def monthly_lines(organisation: Organisation, until: datetime.date) -> dict[str, list]:
    """For the twelve months up to `until`: meetings held in time and dues paid, in per cent."""
    months = [period_of(Span.MONTH, until)]
    while len(months) < 12:
        months.append(months[-1].previous)
    months.reverse()
    lines = {"月度会议": [], "党费收缴": []}
    by_key: dict[str, list[DutySummary]] = {}
    for summary in DutySummary.objects.filter(
        organisation=organisation,
        rule__in=(DUES_RULE, "meetings.committee", "meetings.theme_day"),
        period__in=[str(month) for month in months],
    ):
        by_key.setdefault(summary.period, []).append(summary)
    for month in months:
        meetings, dues = Tally(), Tally()
        for summary in by_key.get(str(month), ()):
            (dues if summary.rule == DUES_RULE else meetings).add(summary)
        lines["月度会议"].append(meetings.percent)
        lines["党费收缴"].append(share(dues.actual, dues.required))
    return {"months": months, "lines": lines}


def percent_text(value: Decimal | None, places: str = "0.1") -> str:
    """58.7, or — where there is nothing."""
    return "—" if value is None else str(rounded(value, places))
