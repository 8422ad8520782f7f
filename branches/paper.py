"""What every printed list shares: how rows are cut into sheets of A4, and names in full.

Browsers of the floor version number no pages by themselves, so the server cuts and counts.
"""

from collections.abc import Sequence

from branches.models import Organisation

# Rows on the first sheet and on each further one, with the total and the signature below.
FIRST_SHEET, NEXT_SHEET = 26, 32
# The signature does not stand alone on a sheet.
WITH_SIGNATURE = 3
_PLACES = ("街道", "镇", "乡")


def split(
    rows: Sequence,
    *,
    first: int = FIRST_SHEET,
    following: int = NEXT_SHEET,
    least: int = WITH_SIGNATURE,
) -> list[list]:
    """Rows cut into sheets; the last one holds at least `least` of them, with the signature."""
    sheets = [list(rows[:first])]
    for start in range(first, len(rows), following):
        sheets.append(list(rows[start : start + following]))
    if len(sheets) > 1 and (short := least - len(sheets[-1])) > 0:
        sheets[-2], moved = sheets[-2][:-short], sheets[-2][-short:]
        sheets[-1] = moved + sheets[-1]
    return sheets


def name_on_paper(branch: Organisation) -> str:
    """柳汀街道望春社区第一党支部: with the town or street it belongs to."""
    place = branch.parent.short_name if branch.parent else ""
    for ending in ("党工委", "党委"):
        place = place.removesuffix(ending)
    name = branch.short_name
    return f"{place}{name}" if place.endswith(_PLACES) and not name.startswith(place) else name
