"""民主评议 on paper: the table of results and the blank ballot."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from branches.clock import today as current_day
from branches.scope import get_for
from branches.words import full_date, recent
from meetings import appraising
from meetings.enums import Grade
from meetings.models import Appraisal

# Rows that fit on the first sheet and on each further one.
_FIRST, _FURTHER = 26, 32


def _sheets(rows: list) -> list[list]:
    """The rows cut into sheets; at least one, even without rows."""
    sheets = [rows[:_FIRST]]
    for start in range(_FIRST, len(rows), _FURTHER):
        sheets.append(rows[start : start + _FURTHER])
    return sheets


def _appraisal(request, pk: int) -> Appraisal:
    rows = Appraisal.objects.select_related("organisation", "meeting")
    return get_for(rows, request.user, pk=pk)


def _printed(request) -> str:
    at = timezone.localtime(timezone.now())
    return f"{recent(at, current_day())} {request.user} 打印"


@require_safe
def appraisal_paper(request, pk):
    """民主评议结果表: name, standing, grade; with `?ballots=1` the counts too."""
    appraisal = _appraisal(request, pk)
    results = list(appraisal.results.select_related("member").order_by("pk"))
    with_ballots = request.GET.get("ballots") == "1"
    lines = [
        {
            "number": number,
            "name": one.member.name,
            "standing": "正式" if one.was_formal else "预备",
            "counts": [
                "" if count is None else count
                for count in appraising.ballots_of(one).by_grade().values()
            ],
            "words": appraising.result_words(one) if one.was_formal else "不评定",
        }
        for number, one in enumerate(results, 1)
    ]
    counted = [(grade.label, sum(one.grade == grade for one in results)) for grade in Grade]
    context = {
        "back_url": reverse("meetings:appraisal", args=[pk]),
        "title": f"{appraisal.year}年民主评议党员结果表",
        "organisation": appraisal.organisation.name,
        "day": full_date(appraisal.opinion_on),
        "sheets": _sheets(lines),
        "grades": Grade.labels,
        "with_ballots": with_ballots,
        "valid": appraisal.ballots_valid,
        "sums": counted,
        "people": len(results),
        "draft": not appraisal.closed_on,
        "printed_text": _printed(request),
    }
    return render(request, "print/appraisal_results.html", context)


@require_safe
def appraisal_ballot_paper(request, pk):
    """民主测评票: the formal members with an empty box for each grade."""
    appraisal = _appraisal(request, pk)
    names = list(
        appraisal.results.filter(was_formal=True)
        .order_by("pk")
        .values_list("member__name", flat=True)
    )
    context = {
        "back_url": reverse("meetings:appraisal", args=[pk]),
        "title": f"{appraisal.year}年民主评议党员测评票",
        "organisation": appraisal.organisation.name,
        "sheets": _sheets([{"number": n, "name": name} for n, name in enumerate(names, 1)]),
        "grades": Grade.labels,
        # The ballot itself names nobody who printed it.
        "printed_text": "",
    }
    return render(request, "print/appraisal_ballot.html", context)
