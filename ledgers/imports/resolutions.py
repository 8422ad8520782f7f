"""The column 决议 of the ledger 三会一课: text only; what was voted on is not changed by a cell."""

from ledgers.imports.county import chunks
from ledgers.imports.results import Row
from ledgers.sheets.columns import CLEAR, canonical
from ledgers.sheets.meetings import (
    RESOLUTIONS,
    one_line_of,
    split_resolutions,
    written_resolutions,
)
from meetings.enums import DecisionKind, Type
from meetings.models import Resolution


def plan_resolutions(row: Row, stored: list[Resolution]) -> None:
    """决议: text only. What was voted on is changed in the meeting, not by a cell."""
    cell = row.values.get(RESOLUTIONS.heading)
    if cell is None or row.untouched(RESOLUTIONS.heading):
        return
    known = [one.text for one in stored]
    texts = [] if cell is CLEAR else split_resolutions(cell)
    if _sorted(texts) == _sorted(known):
        return
    if any(len(text) > 500 for text in texts):
        row.refuse(RESOLUTIONS.heading, "一项决议最多 500 个字，请分成几行", cell)
    voted = [one for one in stored if one.yes is not None]
    if not set(_sorted(one.text for one in voted)) <= set(_sorted(texts)):
        row.refuse(RESOLUTIONS.heading, "这项决议登记了表决，请在系统的会议记录里修改", cell)
    if row.problems:
        return
    row.plan.resolutions = texts
    if not row.is_new:
        row.change(RESOLUTIONS.heading, written_resolutions(known), written_resolutions(texts))


def write_resolutions(plans: list) -> None:
    """What is no longer named goes, what is new comes; what stays keeps its votes."""
    gone, fresh = [], []
    for plan in (plan for plan in plans if plan.resolutions is not None):
        left = [(canonical(text), text) for text in plan.resolutions]
        for one in plan.stored.resolutions if plan.stored else ():
            same = next((pair for pair in left if pair[0] in _sorted([one.text])), None)
            if same:
                left.remove(same)
            else:
                gone.append(one.pk)
        types = set(plan.types or plan.stored.types)
        kind = DecisionKind.COMMITTEE if types == {Type.COMMITTEE} else DecisionKind.ORDINARY
        fresh += [Resolution(meeting=plan.meeting, kind=kind, text=text) for _key, text in left]
    for piece in chunks(gone):
        Resolution.objects.filter(pk__in=piece).delete()
    Resolution.objects.bulk_create(fresh, batch_size=500)


def _sorted(texts) -> list[str]:
    """Resolutions as they are compared: whatever their order and however spaced."""
    return sorted(canonical(one_line_of(text)) for text in texts)
