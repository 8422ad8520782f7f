"""Letters about terms on paper: the superior's reminder and the organisation's request."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from branches.clock import today as current_day
from branches.models import Kind
from branches.words import full_date
from members.enums import RequestKind
from members.models import Term
from members.terms import Rung, ladder
from members.views.term_rights import request_in_sight
from members.views.terms import request_months

_MOST_LETTERS = 200
_YOUR = {Kind.BRANCH: "你支部", Kind.GENERAL_BRANCH: "你总支", Kind.COMMITTEE: "你委"}
_OUR = {Kind.BRANCH: "我支部", Kind.GENERAL_BRANCH: "我总支", Kind.COMMITTEE: "我委"}


def keys_in(values) -> list[int]:
    """The terms named in a form or an address."""
    typed = [key for key in values.getlist("term") if key.isdecimal() and len(key) < 19]
    return [int(key) for key in typed[:_MOST_LETTERS]]


@require_safe
def term_letters(request):
    """提醒函 on paper, a sheet for each term named that was notified."""
    today = current_day()
    terms = (
        Term.objects.visible_to(request.user)
        .filter(pk__in=keys_in(request.GET), notified_on__isnull=False)
        .select_related("organisation__parent")
        .order_by("organisation__code", "pk")
    )
    months = request_months(today)
    letters = [_letter(term, months) for term in terms]
    one = len(letters) == 1
    back = reverse("members:term", args=[letters[0]["pk"]]) if one else reverse("members:terms")
    context = {
        "letters": letters,
        "back_url": back,
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "print/term_notice.html", context)


def _letter(term: Term, months: int) -> dict[str, object]:
    organisation = term.organisation
    rungs = ladder(term.runs_to, term.notified_on, request_months=months)
    days = {step.rung: step.on for step in rungs}
    return {
        "pk": term.pk,
        "number": term.notice_number,
        "to": organisation.name,
        "your": _YOUR.get(organisation.kind, "你处"),
        "started": full_date(term.starts_on),
        "ends": full_date(term.runs_to),
        "postponed": bool(term.postponed_to),
        "ask_by": full_date(days[Rung.REQUEST]) if days[Rung.REQUEST] >= term.notified_on else "",
        "from": organisation.parent.name if organisation.parent else "",
        "on": full_date(term.notified_on),
    }


@require_safe
def request_letter(request, pk):
    """请示 on paper."""
    one = request_in_sight(request, pk)
    organisation = one.term.organisation
    context = {
        "letter": {
            "number": one.number,
            "is_postponement": one.kind == RequestKind.POSTPONEMENT,
            "to": organisation.parent.name if organisation.parent else "",
            "from": organisation.name,
            "our": _OUR.get(organisation.kind, "我处"),
            "started": full_date(one.term.starts_on),
            "ends": full_date(one.term.ends_on),
            "to_on": full_date(one.to_on),
            "reason": one.reason.rstrip("。；，"),
            "on": full_date(one.asked_on),
        },
        "back_url": reverse("members:term", args=[one.term_id]),
        "printed_text": f"打印：{full_date(current_day())} {request.user}",
    }
    return render(request, "print/term_request.html", context)
