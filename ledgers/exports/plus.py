"""Sheet 党建+: the items of the year that stand, by branch."""

from collections.abc import Iterator

from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Row
from ledgers.sheets import plus as sheet
from tasks.models import PlusItem


def plus_rows(scope: LedgerScope) -> Iterator[Row]:
    """Each item of the year of the ledger's day, in the order in which it was entered."""
    names = CellNames(scope.organisations)
    items = (
        PlusItem.objects.filter(
            plan__organisation__in=scope.organisations,
            plan__year=scope.day.year,
            dropped_on__isnull=True,
        )
        .select_related("plan")
        .order_by("plan__organisation__code", "pk")
    )
    for item in items.iterator(chunk_size=CHUNK):
        organisation = item.plan.organisation_id
        code, name = scope.codes[organisation]
        lead = names.of(organisation, item.lead_id, item.lead_name)
        branch = Branch(code, name)
        yield Row(item.pk, sheet.values(item, branch=branch, year=item.plan.year, lead=lead))
