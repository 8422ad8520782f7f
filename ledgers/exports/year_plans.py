"""Sheet 年度计划: the lines that stand on the plans of the year."""

from collections.abc import Iterator

from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Branch, Row
from ledgers.sheets import plans as sheet
from meetings.models import PlanItem


def plan_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """Each line that was not taken off the plan, by branch and day."""
    items = (
        PlanItem.objects.standing()
        .filter(plan__year=scope.day.year, plan__organisation__in=scope.organisations)
        .select_related("plan", "group")
        .order_by("plan__organisation__code", "planned_on", "pk")
    )
    for item in items.iterator(chunk_size=CHUNK):
        pk = item.plan.organisation_id
        values = sheet.values(
            item,
            branch=Branch(*scope.codes[pk]),
            group=item.group.name if item.group else "",
            host=names.of(pk, item.host_id, item.host_name),
            lecturer=names.of(pk, item.lecturer_id, item.lecturer_name),
        )
        yield Row(item.pk, values)
