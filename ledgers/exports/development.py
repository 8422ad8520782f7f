"""Workbook 发展党员: everybody on the way to membership in these branches, and who was."""

from collections.abc import Iterator

from ledgers.exports.streams import CHUNK, Follower, Row
from ledgers.sheets import development as sheet
from members.models import Development, DevelopmentStep


def development_rows(branches) -> Iterator[Row]:
    """Each person, by branch, with the days of the steps that have a column."""
    ways = Development.objects.filter(organisation__in=branches).defer("id_number", "phone")
    steps = DevelopmentStep.objects.filter(
        development__in=ways.values("pk"), step__in=set(sheet.STEPS.values())
    ).order_by("development__organisation__code", "development_id")
    steps = steps.select_related("development__organisation")
    follower = Follower(steps.iterator(chunk_size=CHUNK), _place_of_step)
    ordered = ways.select_related("organisation").order_by("organisation__code", "pk")
    for way in ordered.iterator(chunk_size=CHUNK):
        taken = {step.step: step for step in follower.rows_for((way.organisation.code, way.pk))}
        yield Row(way.pk, sheet.values(way, way.organisation, taken))


def _place_of_step(step: DevelopmentStep) -> tuple[str, int]:
    return step.development.organisation.code, step.development_id
