"""Sheet 方案措施: the measures of the year's campaigns of these organisations, in the plan's order.

Drafts are nobody's but those who write them, so they are in no workbook.
"""

from collections.abc import Iterator

from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import Branch, Row
from ledgers.sheets import campaigns as sheet
from tasks.campaign_progress import Tally, by_measure
from tasks.enums import CampaignState
from tasks.models import Measure


def measure_rows(scope: LedgerScope) -> Iterator[Row]:
    """Each measure with how many tasks it gave, how many are closed and how many overdue."""
    measures = (
        Measure.objects.filter(
            campaign__organisation__in=scope.organisations, campaign__year=scope.day.year
        )
        .exclude(campaign__state=CampaignState.DRAFT)
        .select_related("campaign", "block", "phase")
        .order_by(
            "campaign__organisation__code", "campaign_id", "block__position", "position", "pk"
        )
    )
    tallies = by_measure(measures, scope.day)
    for measure in measures:
        lead = Branch(*scope.codes[measure.campaign.organisation_id])
        values = sheet.values(measure, lead=lead, tally=tallies.get(measure.pk, Tally()))
        yield Row(measure.pk, values)
