"""Sheet 软弱涣散: the branches put right in the year, decided by the day; proposals are in no workbook."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Q

from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import Branch, Row
from ledgers.sheets import weak as sheet
from ledgers.sheets.weak import linked_on
from tasks.models import WeakBranch, WeakLink, WeakReport, WeakSurvey


def weak_rows(scope: LedgerScope) -> Iterator[Row]:
    """Each case decided by the day and not over before the year; few enough to hold at once."""
    first = datetime.date(scope.day.year, 1, 1)
    cases = list(
        WeakBranch.objects.filter(
            Q(ended_on__isnull=True) | Q(ended_on__gte=first),
            organisation__in=scope.organisations,
            decided_on__lte=scope.day,
        ).order_by("organisation__code", "decided_on", "pk")
    )
    keys = [case.pk for case in cases]
    links = links_on(keys, scope.day)
    surveys = _newest(
        WeakSurvey.objects.filter(
            weak__in=keys, withdrawn_on__isnull=True, held_on__lte=scope.day
        ).order_by("held_on", "pk")
    )
    reports = _newest(
        WeakReport.objects.filter(weak__in=keys, reported_on__lte=scope.day).order_by("month")
    )
    for case in cases:
        branch = Branch(*scope.codes[case.organisation_id])
        yield Row(
            case.pk,
            sheet.values(
                case,
                branch,
                links.get(case.pk, {}),
                surveys.get(case.pk),
                reports.get(case.pk),
            ),
        )


def _newest(rows) -> dict:
    return {row.weak_id: row for row in rows}


def links_on(cases: Iterable[int], day: datetime.date) -> dict[int, dict[str, tuple[str, ...]]]:
    """Who is linked on the day, by case and kind."""
    found: dict[int, dict[str, tuple[str, ...]]] = defaultdict(dict)
    rows = WeakLink.objects.filter(linked_on(day), weak__in=list(cases)).order_by("pk")
    for case, kind, name in rows.values_list("weak_id", "kind", "name"):
        found[case][kind] = (*found[case].get(kind, ()), name)
    return found
