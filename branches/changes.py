"""Notes of what is to be judged again."""

import datetime
from collections.abc import Iterable

from branches.models import Changed


def note_change(
    organisation_id: int, area: str, from_on: datetime.date, to_on: datetime.date | None = None
) -> None:
    """Ask for the duties of that area and those days to be judged again."""
    note_changes([(organisation_id, area, from_on, to_on or from_on)])


def note_changes(
    notes: Iterable[tuple[int, str, datetime.date, datetime.date]],
) -> None:
    """Many notes at once; one row for each organisation and area, over all its days."""
    spans: dict[tuple[int, str], tuple[datetime.date, datetime.date]] = {}
    for organisation_id, area, from_on, to_on in notes:
        known = spans.get((organisation_id, area), (from_on, to_on))
        spans[organisation_id, area] = (min(known[0], from_on), max(known[1], to_on))
    Changed.objects.bulk_create(
        [
            Changed(organisation_id=organisation_id, area=area, from_on=from_on, to_on=to_on)
            for (organisation_id, area), (from_on, to_on) in spans.items()
        ],
        batch_size=1000,
    )
