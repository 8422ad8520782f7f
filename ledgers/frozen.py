"""The content of a closed month: kept row by row, sealed, and read again for any part of the tree."""

import datetime
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from django.core.files import File

from branches.bulk import batched
from branches.models import ClosedMonth, Organisation
from branches.periods import Period, month_of
from branches.words import full_date
from compliance.freezing import corrected_since
from jobs.sealed import seal, unseal
from ledgers.exports.content import Content, DutyLine, Line
from ledgers.exports.streams import CHUNK
from ledgers.keys import read_key
from ledgers.models import FrozenLedger, FrozenSheet
from ledgers.sheets import MONTHLY
from ledgers.sheets.columns import ID_NUMBER, PHONE
from ledgers.sheets.columns import Sheet as Declared
from members.identity import masked_id_number, masked_phone
from members.models import Member

DUTY_SHEET = "应办事项"


class _Number(NamedTuple):
    """A number of a person that a sheet shows masked."""

    number: Callable[[Member], str]
    mask: Callable[[str], str]


_NUMBERS = {
    ID_NUMBER.heading: _Number(lambda member: member.id_number, masked_id_number),
    PHONE.heading: _Number(lambda member: member.phone, masked_phone),
}
# What tells a date and a sum from text and whole numbers.
_DAY, _SUM = "d", "n"


def keep(ledger: FrozenLedger, content: Content, folder: Path) -> None:
    """Write what `content` says into files of `ledger`; `folder` takes the unfinished ones."""
    for declared in MONTHLY:
        rows = ([line.organisation_id, line.key, line.cells] for line in content.lines(declared))
        _keep_sheet(ledger, declared.name, content.headings(declared), rows, folder)
    rows = ([duty.organisation_id, duty.state, duty.cells] for duty in content.duties())
    _keep_sheet(ledger, DUTY_SHEET, [], rows, folder)


def place_of(content: Content) -> dict:
    """What a frozen ledger needs besides its rows, as JSON holds it."""
    place = content.place
    return {
        "day": place.day.isoformat(),
        "organisations": [
            [pk, *place.codes.get(pk, ("", "")), path] for pk, path in place.paths.items()
        ],
        "figures": [[pk, _packed(line)] for pk, line in content.figures().items()],
        "versions": [list(pair) for pair in content.versions()],
    }


def _keep_sheet(
    ledger: FrozenLedger, name: str, headings: list[str], rows: Iterable[list], folder: Path
) -> None:
    plain, sealed, count = folder / "sheet.gz", folder / "sheet.sealed", 0
    with gzip.open(plain, "wt", encoding="utf-8") as lines:
        for organisation_id, key, cells in rows:
            line = [organisation_id, key, _packed(cells)]
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    sheet = FrozenSheet(ledger=ledger, name=name, headings=headings, rows=count)
    with plain.open("rb") as source, sealed.open("wb") as target:
        seal(source, target, _context(sheet))
    plain.unlink()
    with sealed.open("rb") as file:
        sheet.file.save(f"{ledger.closed.month:%Y-%m}.sealed", File(file), save=False)
    sealed.unlink()
    sheet.save()


def _context(sheet: FrozenSheet) -> str:
    return f"FrozenSheet.file:{sheet.ledger_id}:{sheet.name}"


class FrozenContent:
    """What a closed month's ledger says about an organisation that stood in it, and all below it.

    Numbers of persons stand masked. It is its own `place`: the tree is that of the month's last day.
    """

    def __init__(
        self, ledger: FrozenLedger, organisation: Organisation, *, full_numbers: bool = False
    ):
        self.place = self
        self._full_numbers = full_numbers
        self.organisation = organisation
        self._ledger = ledger
        self.month: Period = month_of(f"{ledger.closed.month:%Y-%m}")
        self.day = datetime.date.fromisoformat(ledger.place["day"])
        stood = {pk: (code, name, path) for pk, code, name, path in ledger.place["organisations"]}
        _code, self.name, self.path = stood[organisation.pk]
        below = {pk: of for pk, of in stood.items() if of[2].startswith(self.path)}
        self.paths = {pk: path for pk, (_, _, path) in below.items()}
        self.codes = {pk: (code, name) for pk, (code, name, _) in below.items() if code}

    def headings(self, declared: Declared) -> list[str]:
        return self._sheets[declared.name].headings

    def lines(self, declared: Declared) -> Iterator[Line]:
        headings = self.headings(declared)
        places = {heading: headings.index(heading) for heading in _NUMBERS if heading in headings}
        rows = (Line(pk, cells, key, {}) for pk, key, cells in self._rows(declared.name))
        return _with_numbers(rows, places) if self._full_numbers and places else rows

    def duties(self) -> Iterator[DutyLine]:
        for organisation_id, state, cells in self._rows(DUTY_SHEET):
            yield DutyLine(organisation_id, state, cells)

    def figures(self) -> dict[int, list]:
        return {
            pk: _unpacked(line) for pk, line in self._ledger.place["figures"] if pk in self.paths
        }

    def versions(self) -> Iterable[tuple[str, str]]:
        return [(title, version) for title, version in self._ledger.place["versions"]]

    def remarks(self) -> Iterable[list]:
        closed = self._ledger.closed
        yield [
            "封账",
            f"{full_date(closed.closed_on)}封账，{closed.closed_by or '系统'}；内容从此不变",
        ]
        corrected = corrected_since(closed, self.paths.keys())
        yield ["封账后更正", f"应办事项有 {corrected} 项，见网页“为什么”" if corrected else "没有"]

    def expected_rows(self) -> int:
        return sum(sheet.rows for sheet in self._sheets.values())

    def _rows(self, name: str) -> Iterator[tuple[int, str, list]]:
        # What belongs to no organisation of the tree belongs to whoever closed the month.
        everybody = self.organisation.pk == self._ledger.closed.organisation_id
        for organisation_id, key, cells in _read(self._sheets[name]):
            if everybody or organisation_id in self.paths:
                yield organisation_id, key, _unpacked(cells)

    @cached_property
    def _sheets(self) -> dict[str, FrozenSheet]:
        return {sheet.name: sheet for sheet in self._ledger.sheets.all()}


def frozen_for(
    organisation: Organisation, closings: Iterable[ClosedMonth], *, full_numbers: bool
) -> FrozenContent | None:
    """The content of the first of these closings in which the organisation stood."""
    for closed in closings:
        ledger = FrozenLedger.objects.filter(closed=closed).select_related("closed").first()
        if ledger and any(pk == organisation.pk for pk, *_ in ledger.place["organisations"]):
            return FrozenContent(ledger, organisation, full_numbers=full_numbers)
    return None


def _with_numbers(rows: Iterable[Line], places: dict[str, int]) -> Iterator[Line]:
    """The rows with the whole numbers that their masks stand for, as they are on record today."""
    for some in batched(rows, CHUNK):
        ids = [read_key(line.key).pk.split("-")[0] for line in some]
        people = Member.objects.in_bulk([int(pk) for pk in ids])
        for pk, line in zip(ids, some, strict=True):
            yield line._replace(shown=_whole(people.get(int(pk)), line.cells, places))


def _whole(member: Member | None, cells: list, places: dict[str, int]) -> dict[int, str]:
    """Numbers that were changed since stay masked: the cell says another one."""
    if member is None:
        return {}
    return {
        place: number
        for heading, place in places.items()
        if (number := _NUMBERS[heading].number(member))
        and _NUMBERS[heading].mask(number) == cells[place]
    }


def _read(sheet: FrozenSheet) -> Iterator[list]:
    """The rows of a sheet, one after the other."""
    unzip, rest = zlib.decompressobj(wbits=31), b""
    with sheet.file.open("rb") as source:
        for piece in unseal(source, _context(sheet)):
            *lines, rest = (rest + unzip.decompress(piece)).split(b"\n")
            yield from map(json.loads, lines)
    yield from map(json.loads, filter(None, (rest + unzip.flush()).split(b"\n")))


def _packed(cells: Iterable) -> list:
    """Cells as JSON can hold them, so that each comes back with its type."""
    return [
        {_DAY: cell.isoformat()}
        if isinstance(cell, datetime.date)
        else {_SUM: str(cell)}
        if isinstance(cell, Decimal)
        else cell
        for cell in cells
    ]


def _unpacked(cells: list) -> list:
    return [_cell(cell) for cell in cells]


def _cell(cell):
    if not isinstance(cell, dict):
        return cell
    if _DAY in cell:
        return datetime.date.fromisoformat(cell[_DAY])
    return Decimal(cell[_SUM])
