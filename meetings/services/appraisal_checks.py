"""What a 民主评议 cannot be: the refusals its services share."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from branches.words import full_date
from meetings.appraising import ballots_of
from meetings.models import AppraisalResult
from meetings.services import Refused


@dataclass(frozen=True)
class Sheets:
    """How many sheets were handed out, came back and were valid."""

    sent: int | None = None
    back: int | None = None
    valid: int | None = None


def refuse_year(organisation, year: int, on: datetime.date, today: datetime.date) -> None:
    """A year to come or before the branch was founded, or a roster day that cannot be."""
    if year > today.year:
        raise Refused(f"{year}年还没有到", "on")
    if organisation.founded_on and organisation.founded_on.year > year:
        raise Refused(f"支部{full_date(organisation.founded_on)}才成立，没有 {year}年的评议")
    if organisation.dissolved_on and organisation.dissolved_on <= on:
        raise Refused("支部在这一天已经撤销，请核对名册日期", "on")
    refuse_day(year, on, "名册日期", "on", today)


def refuse_day(year: int, day, name: str, field: str, today: datetime.date) -> None:
    """A day to come or before the year; no day is fine."""
    if day is None:
        return
    if day > today:
        raise Refused(f"{name}还没有到，请填做完的那一天", field)
    if day.year < year:
        raise Refused(f"{name}早于 {year}年，请核对年份", field)


def refuse_sheets(sheets: Sheets) -> None:
    """More sheets back than handed out, or valid than back."""
    if sheets.sent is not None and sheets.back is not None and sheets.back > sheets.sent:
        raise Refused(f"收回 {sheets.back} 张多于发出 {sheets.sent} 张，请核对", "back")
    if sheets.back is not None and sheets.valid is not None and sheets.valid > sheets.back:
        raise Refused(f"有效票 {sheets.valid} 张多于收回 {sheets.back} 张，请核对", "valid")


def refuse_counted(result: AppraisalResult) -> None:
    """Somebody with ballots or a grade does not leave the list."""
    if result.grade or not ballots_of(result).is_empty:
        raise Refused(f"{result.member.name}已有测评票或等次，请先清空")


def formal_result(results: Mapping[int, AppraisalResult], key: int) -> AppraisalResult:
    """The result with that key, if it is on the list and of a formal member."""
    result = results.get(key)
    if result is None:
        raise Refused("名单刚有变动，请重新打开后再填")
    if not result.was_formal:
        raise Refused(f"{result.member.name}是预备党员，参加评议，不评定等次")
    return result
