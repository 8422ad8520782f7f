"""党建+ on paper: the public notice and the ledger."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from branches.choice import named_organisation, narrowed, year_asked
from branches.clock import today as current_day
from branches.links import link
from branches.paper import name_on_paper, split
from branches.scope import get_for
from branches.words import full_date, short_date
from tasks.enums import PlusPart
from tasks.models import PlusItem, PlusPlan
from tasks.views.plus import PAGE, back_to

# Rows on a sheet of paper: text wraps, so fewer than in a list of names.
_FIRST, _NEXT = 9, 11


@require_safe
def plus_notice(request, pk):
    """公示: what the branch adds, by which means, led by whom, to which aim; no numbers."""
    plans = PlusPlan.objects.select_related("organisation__parent")
    plan = get_for(plans, request.user, pk=pk)
    items = sorted(
        plan.items.filter(dropped_on__isnull=True),
        key=lambda item: (PlusPart.values.index(item.part), item.pk),
    )
    lines = [{"number": number, "item": item} for number, item in enumerate(items, 1)]
    context = {
        "title": f"{plan.year}年“党建+”项目公示",
        "organisation": name_on_paper(plan.organisation),
        "sheets": split(lines, first=_FIRST, following=_NEXT, least=1),
        "signed_on": full_date(plan.published_on or current_day()),
        "back_url": back_to(plan.organisation, plan.year),
        "printed_text": "",
    }
    return render(request, "tasks/plus_notice_paper.html", context)


@require_safe
def plus_paper(request):
    """The ledger 党建+ of a branch, or of everything below, on A4 landscape."""
    today = current_day()
    year = year_asked(request, today)
    rows, branch = narrowed(request, PlusItem.objects.filter(plan__year=year))
    organisation = branch or named_organisation(request)
    rows = rows.filter(dropped_on__isnull=True).select_related("plan__organisation")
    items = sorted(
        rows.order_by("pk"),
        key=lambda item: (item.plan.organisation.code, PlusPart.values.index(item.part), item.pk),
    )
    lines = [
        {
            "number": number,
            "item": item,
            "organisation": item.plan.organisation.short_name,
            "due": short_date(item.due_on, today),
            "done": short_date(item.finished_on, today),
        }
        for number, item in enumerate(items, 1)
    ]
    code = organisation.code if organisation else ""
    context = {
        "title": f"{year}年“党建+”台账",
        "organisation": organisation.name if organisation else "",
        "show_organisation": branch is None,
        "sheets": split(lines, first=8, following=9, least=1),
        "landscape": True,
        "back_url": link(PAGE, organisation=code, year=year),
        "printed_text": f"打印：{full_date(today)} {request.user}",
    }
    return render(request, "tasks/plus_ledger_paper.html", context)
