"""Sheet 民主评议: the results of the appraisals of the year."""

from collections.abc import Iterator

from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Row
from ledgers.sheets import appraisals as sheet
from meetings.models import AppraisalResult


def appraisal_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """One row for each member appraised, by branch."""
    results = (
        AppraisalResult.objects.filter(
            appraisal__year=scope.day.year, appraisal__organisation__in=scope.organisations
        )
        .select_related("appraisal", "member")
        .defer("member__id_number", "member__phone")
        .order_by("appraisal__organisation__code", "member_id")
    )
    for result in results.iterator(chunk_size=CHUNK):
        pk = result.appraisal.organisation_id
        values = sheet.values(
            result,
            branch=Branch(*scope.codes[pk]),
            year=result.appraisal.year,
            name=names.of(pk, result.member_id, result.member.name),
        )
        yield Row(result.pk, values)
