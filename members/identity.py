"""Identity-card and phone numbers: reading, checking, masking. No Django.

The check digit follows GB 11643-1999.
"""

import datetime
import re

from branches.typed import Unreadable, folded

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def check_digit(first_17: str) -> str:
    """The eighteenth character for seventeen digits."""
    return _CHECK[sum(w * int(d) for w, d in zip(_WEIGHTS, first_17, strict=True)) % 11]


def read_id_number(value) -> str:
    """An 18-character identity number in capitals; "" for blank.

    Refuses a numeric cell, as a spreadsheet number has lost its last digits, and any number
    whose length, date or check digit is wrong.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Unreadable(
            "身份证号是数字格式，后几位已丢失。请把这一列设为“文本”，重新填写 18 位号码"
        )
    text = re.sub(r"\s", "", folded(value)).upper()
    if not text:
        return ""
    if not re.fullmatch(r"\d{17}[\dX]", text):
        raise Unreadable(f"身份证号应为 18 位，现在是 {len(text)} 位，请核对")
    born_on(text)
    if check_digit(text[:17]) != text[17]:
        raise Unreadable("身份证号最后一位校验不对，请对照身份证核对每一位")
    return text


def born_on(id_number: str) -> datetime.date:
    """The date of birth in an identity number; Unreadable when there is no such day."""
    try:
        return datetime.date(*map(int, (id_number[6:10], id_number[10:12], id_number[12:14])))
    except ValueError:
        raise Unreadable("身份证号第 7 到 14 位不是一个日期，请核对") from None


def gender_digit_is_male(id_number: str) -> bool:
    """Whether the seventeenth digit is odd."""
    return int(id_number[16]) % 2 == 1


def read_phone(value) -> str:
    """An eleven-digit mobile number, or a landline with its area code; "" for blank."""
    text = re.sub(r"[\s\-—()]", "", folded(value))
    text = text.removeprefix("+86")
    if not text:
        return ""
    if re.fullmatch(r"1\d{10}", text) or re.fullmatch(r"0\d{9,11}", text):
        return text
    if text.isdigit() and len(text) < 11:
        raise Unreadable(f"少 {11 - len(text)} 位数字，手机号应为 11 位")
    raise Unreadable("手机号应为 11 位数字，请核对")


def masked_id_number(id_number: str) -> str:
    """Six digits, eight stars, the last four."""
    return f"{id_number[:6]}********{id_number[-4:]}" if id_number else ""


def masked_phone(phone: str) -> str:
    """Three digits, four stars, the last four."""
    return f"{phone[:3]}****{phone[-4:]}" if phone else ""
