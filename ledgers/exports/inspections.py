"""Sheet 督查: what inspections found in these organisations in the year, by organisation and day.

Only recorded visits have findings, so an unannounced visit that is still to come is in no workbook.
"""

import datetime
from collections.abc import Iterator

from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Row
from ledgers.sheets import inspections as sheet
from tasks.models import Finding


def finding_rows(scope: LedgerScope) -> Iterator[Row]:
    """Each standing finding of the year up to the day."""
    first = datetime.date(scope.day.year, 1, 1)
    findings = (
        Finding.objects.filter(
            visit__organisation__in=scope.organisations,
            visit__visited_on__range=(first, scope.day),
            withdrawn_on__isnull=True,
        )
        .select_related("visit__inspection__organisation", "task")
        .order_by("visit__organisation__code", "visit__visited_on", "pk")
    )
    for finding in findings.iterator(chunk_size=CHUNK):
        visited = Branch(*scope.codes[finding.visit.organisation_id])
        house = finding.visit.inspection.organisation
        yield Row(finding.pk, sheet.values(finding, house=house, visited=visited))
