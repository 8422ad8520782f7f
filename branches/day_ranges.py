"""Days in a row: read as people type them, and said in few words. No Django.

Notices of holidays write "10月1日（周四）至7日（周三）放假调休，共7天" and "9月20日（周日）、10月10日
（周六）上班"; people type 10.1-10.7.
"""

import datetime
import re

from branches.typed import Unreadable, folded, plain, read_date
from branches.words import full_date

DAY = datetime.timedelta(days=1)
# The longest holiday ever given at once is shorter; a slip in the year or month is not.
LONGEST = 31
_MARKS = re.compile(r"[、,;。\n]|及|和|与")
_BRACKETS = re.compile(r"\([^()]*\)|[(]?(?:星期|周)[一二三四五六日天][)]?")
# What notices say of the days beside naming them.
_REMARKS = re.compile(r"共?\d+天|放假|调休|补休|休息|上班|补班|连休")
# A cell of date and time, as some programs write a date.
_CLOCK = re.compile(r"\s+\d{1,2}:\d{2}(:\d{2})?$")
_SEPARATOR = re.compile(r"至|到|[—–~]+|-{2,}")
_DAY_ALONE = re.compile(r"(\d{1,2})[日号]?")
_MONTH_DAY = re.compile(r"(\d{1,2})[月.\-/](\d{1,2})[日号]?")

Days = tuple[datetime.date, datetime.date]


def read_days(value, *, year: int | None = None) -> tuple[Days, ...]:
    """First and last day of each stretch typed; () for blank.

    `year` completes what is typed without one. Unreadable for what is no date, for a last day
    before the first, and for more than a month in one stretch.
    """
    text = _CLOCK.sub("", folded(value)).replace("号", "日")
    text = _REMARKS.sub("", _BRACKETS.sub("", text))
    pieces = [re.sub(r"\s+", "", piece) for piece in _MARKS.split(text)]
    stretches: list[Days] = []
    for piece in filter(None, pieces):
        before = stretches[-1][1] if stretches else None
        stretches.append(_stretch(piece, year, before, plain(value)))
    for first, last in stretches:
        refuse_stretch(first, last)
    return tuple(stretches)


def refuse_stretch(first: datetime.date, last: datetime.date) -> None:
    """Raise Unreadable when the two days cannot be one holiday."""
    if last < first:
        raise Unreadable("最后一天早于第一天，请核对日期")
    if (last - first).days >= LONGEST:
        raise Unreadable(f"一次最多填 {LONGEST} 天，请核对年份和月份")


def _stretch(piece: str, year: int | None, before: datetime.date | None, typed: str) -> Days:
    """One day, or the two ends of a stretch; what is left out is taken from what stands before."""
    day = _single(piece, year, before)
    if day is not None:
        return day, day
    for left, right in _halves(piece):
        first = _single(left, year, before)
        last = _end(right, first) if first is not None else None
        if last is not None:
            return first, last
    if _MONTH_DAY.search(piece) and year is None and before is None:
        raise Unreadable(f"“{typed}”没有写年份，请写成 2026年10月1日至10月7日，或选好年度再导入")
    raise Unreadable(f"“{typed}”读不出日期，请写成 2026年10月1日至10月7日")


def _halves(piece: str):
    """The ways to part a text in two: at a word or a long line, else at each hyphen."""
    parts = _SEPARATOR.split(piece)
    if len(parts) == 2:
        yield parts[0], parts[1]
    for found in re.finditer("-", piece):
        yield piece[: found.start()], piece[found.end() :]


def _single(text: str, year: int | None, before: datetime.date | None) -> datetime.date | None:
    """The day meant, None where the text is not one; 14日 after 4月13日 is the 14th of April."""
    year = year or (before.year if before else None)
    if before is not None and (alone := _DAY_ALONE.fullmatch(text)):
        return _made(before.year, before.month, int(alone[1]))
    try:
        return read_date(text, year=year)
    except Unreadable:
        return None


def _end(text: str, first: datetime.date) -> datetime.date | None:
    """The last day of a stretch; without a year it is the next one that fits."""
    if alone := _DAY_ALONE.fullmatch(text):
        return _made(first.year, first.month, int(alone[1]))
    if found := _MONTH_DAY.fullmatch(text):
        month, day = int(found[1]), int(found[2])
        over = month < first.month
        return _made(first.year + over, month, day)
    return _single(text, None, None)


def _made(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def days_between(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """Every day from the first to the last."""
    return [first + offset * DAY for offset in range((last - first).days + 1)]


def stretch_text(first: datetime.date, last: datetime.date) -> str:
    """2026年10月1日, 2026年10月1日—7日, 2026年9月30日—10月2日, 2026年12月31日—2027年1月2日."""
    if first == last:
        return full_date(first)
    if first.year != last.year:
        return f"{full_date(first)}—{full_date(last)}"
    end = f"{last.day}日" if first.month == last.month else f"{last.month}月{last.day}日"
    return f"{full_date(first)}—{end}"
