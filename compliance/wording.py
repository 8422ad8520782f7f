"""How a duty is said on screen: one kind of mark and a few words. Shared by every page."""

import datetime
from dataclasses import dataclass

from branches.periods import Period, Span, period_named, period_of
from compliance.models import Duty, DutyState
from compliance.registry import RULES, Rule

_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class Mark:
    """`kind` chooses icon and colour: done, soon, late, run, todo, wait."""

    kind: str
    words: str


def day_text(day: datetime.date | None, today: datetime.date) -> str:
    """3月18日, with the year when it is another one."""
    if day is None:
        return "—"
    text = f"{day.month}月{day.day}日"
    return text if day.year == today.year else f"{day.year}年{text}"


def weekday_text(day: datetime.date) -> str:
    """2026年3月18日星期三."""
    return f"{day.year}年{day.month}月{day.day}日星期{_WEEKDAYS[day.weekday()]}"


def period_of_duty(duty: Duty) -> Period | None:
    """The period a duty speaks of; None for a standing condition."""
    rule = RULES[duty.rule]
    return None if rule.is_standing else period_of(rule.span, duty.starts_on)


def period_text(duty: Duty, today: datetime.date) -> str:
    """2026年9月 as 9月 within the year; 长期 for a standing condition."""
    period = period_of_duty(duty)
    if period is None:
        return "长期"
    if period.span == Span.YEAR or period.starts_on.year != today.year:
        return period.label
    return period.label.split("年", 1)[1]


def headline_of(rule: Rule, period: str) -> str:
    """What is to be done, with the period as stored: 召开 2026年12月支部委员会."""
    return rule.headline.format(period=words_of_period(period_named(period)) if period else "")


def words_of_period(period: Period | None) -> str:
    """2026年9月; 长期 for a standing condition."""
    return period.label if period else "长期"


def is_soon(duty: Duty, today: datetime.date, soon_days: int) -> bool:
    return duty.due_on is not None and 0 <= (duty.due_on - today).days <= soon_days


def kind_of(duty: Duty, today: datetime.date, soon_days: int) -> str:
    """The kind of mark for a duty as it stands today."""
    match duty.state:
        case DutyState.DONE | DutyState.EXEMPT:
            return "done"
        case DutyState.OVERDUE:
            return "late"
        case DutyState.BEHIND:
            return "soon"
    if duty.waiting:
        return "wait"
    if is_soon(duty, today, soon_days):
        return "soon"
    return "run" if duty.actual else "todo"


def badge(duty: Duty, today: datetime.date, soon_days: int) -> Mark:
    """The badge of a list row: how far away, or how much is done."""
    kind = kind_of(duty, today, soon_days)
    if duty.state == DutyState.EXEMPT:
        return Mark(kind, "免予")
    if duty.state == DutyState.DONE:
        return Mark(kind, "已完成")
    if duty.state == DutyState.OVERDUE:
        return Mark(kind, f"逾期 {(today - duty.due_on).days} 天")
    if duty.waiting:
        return Mark(kind, "等上级确认")
    if RULES[duty.rule].is_standing:
        return Mark(kind, "建议调整" if duty.state == DutyState.BEHIND else "待处理")
    if is_soon(duty, today, soon_days):
        days = (duty.due_on - today).days
        return Mark(kind, f"还剩 {days} 天" if days else "今天到期")
    if duty.state == DutyState.BEHIND:
        return Mark(kind, "落后")
    return Mark(kind, progress(duty) if duty.actual else "未开始")


def mark(duty: Duty, today: datetime.date, soon_days: int) -> Mark:
    """The mark of a dense table or of 对照要求: the figure itself."""
    kind = kind_of(duty, today, soon_days)
    if duty.state == DutyState.EXEMPT:
        return Mark(kind, "免予")
    if duty.waiting:
        return Mark(kind, "待确认")
    rule = RULES[duty.rule]
    if rule.is_standing:
        return Mark(kind, f"{duty.actual} {rule.unit}" if duty.actual else "正常")
    if duty.state == DutyState.OVERDUE:
        return Mark(kind, f"欠 {duty.required - duty.actual} {rule.unit}")
    if rule.unit == "次" and not duty.actual:
        # What is over is not this year's any more, though it may still be made good.
        when = _running(rule) if duty.ends_on >= today else ""
        return Mark(kind, f"{when}未{'开' if 'meetings' in rule.areas else '办'}")
    return Mark(kind, progress(duty))


def progress(duty: Duty) -> str:
    """16/23 人."""
    return f"{duty.actual}/{duty.required} {RULES[duty.rule].unit}"


def _running(rule: Rule) -> str:
    return {Span.MONTH: "本月", Span.QUARTER: "本季度", Span.HALF: "本半年", Span.YEAR: "今年"}[
        rule.span
    ]
