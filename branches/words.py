"""Dates and sizes as they are said on screen. No Django."""

import datetime

_WEEKDAYS = "一二三四五六日"


def full_date(day: datetime.date | None) -> str:
    """2026年3月18日; "" for none."""
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def short_date(day: datetime.date | None, today: datetime.date) -> str:
    """3月18日 within the year, 2025年3月18日 otherwise; "" for none."""
    if day is None:
        return ""
    return f"{day.month}月{day.day}日" if day.year == today.year else full_date(day)


def weekday(day: datetime.date) -> str:
    """星期三."""
    return f"星期{_WEEKDAYS[day.weekday()]}"


def recent(at: datetime.datetime, today: datetime.date) -> str:
    """今天 10:42, 昨天 16:20, else the date; `at` in local time."""
    days = (today - at.date()).days
    if days in (0, 1):
        return f"{'今天' if days == 0 else '昨天'} {at:%H:%M}"
    return f"{short_date(at.date(), today)} {at:%H:%M}"


def times(starts_at: datetime.time | None, ends_at: datetime.time | None) -> str:
    """15:00—16:30, or what is known of it."""
    return "—".join(f"{at:%H:%M}" for at in (starts_at, ends_at) if at)


def file_size(size: int) -> str:
    """830 KB, 1.4 MB."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / 1024 / 1024:.1f} MB"


def one_line(text: str | None, longest: int) -> str:
    """Text from an address or a bare field: control characters out, trimmed, cut to length."""
    kept = "".join(character for character in text or "" if character.isprintable())
    return kept.strip()[:longest]
