"""Reading what people type: dates, sums, times, numbers and lists of names. No Django.

Every function takes a cell or form value and returns the value meant, or raises `Unreadable`
with a Chinese sentence that says what is wrong and what to write instead.
"""

import datetime
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_EXCEL_EPOCH = datetime.date(1899, 12, 30)
# Serial numbers between 1927 and 2099; eight digits are read as a date written without marks.
_SERIALS = range(10000, 73051)
_DATE = re.compile(r"^(\d{4})\s*[年.\-/．、]\s*(\d{1,2})\s*[月.\-/．、]\s*(\d{1,2})\s*日?$")
_YEAR_MONTH = re.compile(r"^(\d{4})\s*[年.\-/．]\s*(\d{1,2})\s*月?$")
_MONTH_DAY = re.compile(r"^(\d{1,2})\s*[月.\-/．]\s*(\d{1,2})\s*日?$")
_LARGEST_COUNT = 10**6
_LARGEST_AMOUNT = Decimal("99999999.995")
# A day outside of these is a slip of the keyboard.
_YEARS = range(1900, 2101)
_NAME_MARKS = re.compile(r"[、,，;；\n\t 　]+")


class Unreadable(ValueError):
    """The text cannot be read; the message is for the person who typed it."""


def plain(value) -> str:
    """The text of a cell: full-width forms folded, outer blanks gone, whole floats as integers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime.datetime):
        value = value.date()
    return str(value).replace("\u3000", " ").strip()


def folded(value) -> str:
    """`plain` with full-width letters, digits and marks made half-width, for comparing."""
    return unicodedata.normalize("NFKC", plain(value)).strip()


def _likely(day: datetime.date) -> datetime.date:
    """The day, unless its year cannot be meant."""
    if day.year not in _YEARS:
        raise Unreadable(f"“{day}”的年份不在 {_YEARS[0]} 到 {_YEARS[-1]} 之间，请核对年份")
    return day


def _made(year: int, month: int, day: int, typed: str) -> datetime.date:
    if not 1 <= month <= 12:
        raise Unreadable(f"“{typed}”没有 {month} 月，请写成 1987-12-05 这样的日期")
    try:
        made = datetime.date(year, month, day)
    except ValueError:
        raise Unreadable(f"“{typed}”没有这一天，请写成 1987-12-05 这样的日期") from None
    return _likely(made)


def read_date(value, *, year: int | None = None) -> datetime.date | None:
    """A date from a date cell, a serial number or any usual way of writing; None for blank.

    `year` completes a date typed as `3.28`; without it such a text is refused.
    """
    if isinstance(value, datetime.datetime):
        return _likely(value.date())
    if isinstance(value, datetime.date):
        return _likely(value)
    text = folded(value)
    if not text or text in {"无", "-", "—", "/"}:
        return None
    text = re.sub(r"\s+\d{1,2}:\d{2}(:\d{2})?$", "", text)
    # Longer texts, and digits that `int` does not read, are no date.
    if text.isascii() and text.isdigit() and len(text) <= 8:
        if len(text) == 8:
            return _made(int(text[:4]), int(text[4:6]), int(text[6:]), text)
        if int(text) in _SERIALS:
            return _EXCEL_EPOCH + datetime.timedelta(days=int(text))
        raise Unreadable(f"“{text}”读不出日期，请写成 2026-03-05 这样的日期")
    if match := _DATE.match(text):
        return _made(*map(int, match.groups()), text)
    if year is not None and (match := _MONTH_DAY.match(text)):
        return _made(year, *map(int, match.groups()), text)
    raise Unreadable(f"“{text}”读不出日期，请写成 2026-03-05 这样的日期")


def read_birth(value, known: datetime.date | None) -> datetime.date | None:
    """A date of birth; a year and month alone is completed from `known` (the identity number)."""
    text = folded(value)
    if match := _YEAR_MONTH.match(text):
        year, month = int(match[1]), int(match[2])
    elif re.fullmatch(r"(19|20)\d{4}", text):
        year, month = int(text[:4]), int(text[4:])
    else:
        return read_date(value)
    first = _made(year, month, 1, text)
    if known and (known.year, known.month) == (year, month):
        return known
    return first


def read_amount(value) -> Decimal | None:
    """A sum in yuan with two places: 132, "132元", "¥1,234.5", full-width digits; None for blank.

    More than two places are rounded half up: spreadsheets hold 19.6 as 19.599999….
    """
    text = folded(value) if not isinstance(value, int | float | Decimal) else str(value)
    text = re.sub(r"[¥￥,元\s]", "", text.replace("。", "."))
    if not text or text in {"-", "—", "/", "无"}:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Unreadable(f"“{plain(value)}”读不出金额，请只写数字，如 132.00") from None
    if not amount.is_finite():
        raise Unreadable(f"“{plain(value)}”读不出金额，请只写数字，如 132.00")
    # What rounds up to nine digits is too large as well.
    if abs(amount) >= _LARGEST_AMOUNT:
        raise Unreadable(f"“{plain(value)}”金额过大，请核对后再填")
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def read_count(value) -> int | None:
    """A whole number that is not negative; None for blank."""
    text = folded(value).removesuffix("人").removesuffix("个").strip()
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = None
    if (
        number is None
        or not number.is_finite()
        or number != number.to_integral_value()
        or number < 0
    ):
        raise Unreadable(f"“{plain(value)}”应是整数，如 3")
    if number > _LARGEST_COUNT:
        # Before it becomes an integer: 1e999999 has a million digits.
        raise Unreadable(f"“{plain(value)}”数目过大，请核对后再填")
    return int(number)


def read_hours(value) -> Decimal | None:
    """Study hours, rounded to halves; None for blank."""
    text = folded(value).removesuffix("学时").removesuffix("小时").strip()
    if not text:
        return None
    try:
        hours = Decimal(text)
    except InvalidOperation:
        hours = None
    if hours is None or not hours.is_finite() or not 0 <= hours <= 24:
        raise Unreadable(f"“{plain(value)}”读不出学时，请写 0 到 24 的数，如 1.5")
    return (hours * 2).quantize(Decimal(1), ROUND_HALF_UP) / 2


def read_progress(value) -> int | None:
    """Progress in whole per cent: 0.5, "50%", 50, 已完成; None for blank.

    Numbers up to 1 are read as shares, as spreadsheets store 50 % as 0.5.
    """
    text = folded(value)
    if not text:
        return None
    if text in {"已完成", "完成", "已整改"}:
        return 100
    if text in {"未开始", "未整改"}:
        return 0
    share = not text.endswith("%")
    try:
        number = Decimal(text.rstrip("%").strip())
    except InvalidOperation:
        number = None
    if number is not None and number.is_finite():
        if share and 0 <= number <= 1:
            number *= 100
        if 0 <= number <= 100:
            return int(number.quantize(Decimal(1), ROUND_HALF_UP))
    raise Unreadable(f"“{plain(value)}”读不出进度，请写 0% 到 100%")


def read_time(value) -> datetime.time | None:
    """A time of day: a time cell, 15:00, 1500, 15点30分, 15时; None for blank."""
    if isinstance(value, datetime.datetime):
        return value.time()
    if isinstance(value, datetime.time):
        return value
    text = folded(value)
    if not text:
        return None
    match = re.fullmatch(
        r"(\d{1,2})\s*[:点时]\s*(?:(\d{1,2})\s*分?)?(?::\d{2})?", text
    ) or re.fullmatch(r"(\d{1,2})(\d{2})", text)
    if match:
        try:
            return datetime.time(int(match[1]), int(match[2] or 0))
        except ValueError:
            pass
    raise Unreadable(f"“{plain(value)}”读不出时间，请写成 15:00")


def read_names(value) -> list[str]:
    """Names separated by 、 , ， ； ; blanks or line ends, in the order typed."""
    text = plain(value)
    # 张 伟: a two-character name that was spaced out to three is one name.
    text = re.sub(
        r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff])[ 　]+([\u4e00-\u9fff])(?![\u4e00-\u9fff])",
        r"\1\2",
        text,
    )
    text = text.replace("（", "(").replace("）", ")")
    return [name for name in _NAME_MARKS.split(text) if name]


def read_yes(value) -> bool | None:
    """是 or 否 (also √, Y, 有, 无, N); None for blank."""
    text = folded(value).upper()
    if not text:
        return None
    if text in {"是", "√", "Y", "YES", "有", "1", "TRUE"}:
        return True
    if text in {"否", "×", "N", "NO", "无", "0", "X", "FALSE"}:
        return False
    raise Unreadable(f"“{plain(value)}”请写“是”或“否”")
