"""Workbook 组织关系转接: transfers out of these branches and into them."""

from collections.abc import Iterator

from ledgers.exports.streams import CHUNK, Row
from ledgers.sheets import transfers as sheet
from ledgers.sheets.transfers import Direction
from members.enums import TransferState
from members.models import Transfer

# What was sent back or taken back is no line of this ledger.
_KEPT = (TransferState.STARTED, TransferState.LETTER_OUT, TransferState.RECEIVED)
_SIDES = (("from_organisation", Direction.OUT), ("to_organisation", Direction.IN))


def transfer_rows(branches) -> Iterator[Row]:
    """Each transfer as each side keeps it: first those out, then those in."""
    for side, direction in _SIDES:
        transfers = (
            Transfer.objects.filter(state__in=_KEPT, **{f"{side}__in": branches})
            .select_related("member", "from_organisation", "to_organisation")
            .defer("id_number", "phone", "member__id_number", "member__phone")
            .order_by(f"{side}__code", "started_on", "pk")
        )
        for transfer in transfers.iterator(chunk_size=CHUNK):
            key = f"{transfer.pk}-{direction.value}"
            yield Row(key, sheet.values(transfer, direction))
