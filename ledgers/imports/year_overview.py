"""The ledger 年度开展情况: compared cell by cell with what the records say, and never written."""

import re
from collections import defaultdict

from branches.models import Organisation
from ledgers.exports.year_overview import overview_values
from ledgers.imports.county import County, Place, chunks
from ledgers.imports.results import Firsts, Row
from ledgers.imports.writing import Writing
from ledgers.sheets.columns import canonical
from ledgers.sheets.overview import DONE, DUE, MONTHS, SHARE, TYPE, YEAR
from meetings.enums import Type
from meetings.overview import Line, Overview

_MONTHS = frozenset(column.heading for column in MONTHS)


class YearOverview:
    """Tells of each cell that differs from the records, and what to do about it."""

    def __init__(self, county: County):
        self.county = county
        self._lines: dict[tuple[int, int, str], Line] = {}
        self._firsts = Firsts()

    def plan(self, rows: list[Row]) -> None:
        """Nothing is new and nothing changes: every difference is a note."""
        placed = []
        for row in rows:
            place, year = self.county.branch_of(row), self._year(row)
            kind = row.values.get(TYPE.heading)
            if kind is None and not row.problems:
                row.refuse(TYPE.heading, "“会议类型”不能为空")
            row.label = f"{place.organisation.short_name if place else ''} {year or ''}"
            if place and place.pk and year and not row.problems:
                row.label += f" {kind.label}"
                placed.append((row, place, year, kind))
        self._load(placed)
        for row, place, year, kind in placed:
            if not self._firsts.repeats(row, (place, year, kind)):
                self._compare(row, place, year, kind)

    def _year(self, row: Row) -> int | None:
        year = row.values.get(YEAR.heading) or row.table.year
        if not year:
            row.refuse(YEAR.heading, "看不出是哪一年，请在标题里写明年度，或加“年度”一列")
        elif year > self.county.today.year:
            row.refuse(YEAR.heading, f"{year} 年还没有到，请核对", year)
            return None
        return year

    def _load(self, placed: list[tuple[Row, Place, int, Type]]) -> None:
        wanted = defaultdict(dict)
        for _row, place, year, _kind in placed:
            wanted[year][place.pk] = place.organisation
        for year, places in wanted.items():
            for piece in chunks(places):
                branches = Organisation.objects.filter(pk__in=piece)
                overview = Overview(branches, year, today=self.county.today)
                for line in overview.lines([places[pk] for pk in piece]):
                    self._lines[line.organisation_id, year, line.type] = line

    def _compare(self, row: Row, place: Place, year: int, kind: Type) -> None:
        line = self._lines[place.pk, year, kind]
        known = overview_values(line, ("", ""), year)
        for column in (*MONTHS, DUE, DONE, SHARE):
            heading = column.heading
            said, stored = row.values.get(heading, ""), str(known[heading])
            if heading in _MONTHS:
                if reason := _told_of_days(said, stored, kind):
                    row.note(heading, reason, said)
            elif said and canonical(said) != canonical(stored) and not _same_share(said, stored):
                reason = (
                    f"按系统里的记录是“{stored or '没有应开展的'}”，请先核对上面各月；这一格不导入"
                )
                row.note(heading, reason, said)

    @staticmethod
    def hold(rows: list[Row]) -> bool:
        return False

    @staticmethod
    def write(rows: list[Row], writing: Writing) -> None:
        """There is never anything to write."""


def _days(text: str) -> set[str]:
    """The days named in a cell; 缺 and dashes name none. 5、19日, 3月5日, 次年2月3日."""
    text = re.sub(r"次年\s*(\d+)\s*月\s*(\d+)\s*日?", r" 次年\1-\2 ", text)
    text = re.sub(r"(?<!次年)\b\d{1,2}\s*[月/.]\s*(?=\d)", " ", text)
    return {day.lstrip("0") or "0" for day in re.findall(r"次年\d+-\d+|\d+", text)}


def _told_of_days(said: str, stored: str, kind: Type) -> str:
    """What is to be done where a month names other days than the records; "" where it agrees."""
    mine, theirs = _days(said), _days(stored)
    parts = []
    if more := mine - theirs:
        days = "、".join(sorted(more))
        parts.append(f"系统里没有 {days} 日的{kind.label}，确有召开的请登记会议")
    if fewer := theirs - mine:
        days = "、".join(sorted(fewer))
        parts.append(f"系统里有 {days} 日的{kind.label}而表上没有，请核对，多登记的请作废")
    return "；".join(parts)


def _same_share(said: str, stored: str) -> bool:
    """0.75, 75% and 75 are one share."""
    if not stored.endswith("%"):
        return False
    try:
        number = float(canonical(said).removesuffix("%"))
    except ValueError:
        return False
    share = float(stored.removesuffix("%"))
    return int(number) == share or (number <= 1 and int(number * 100) == share)
