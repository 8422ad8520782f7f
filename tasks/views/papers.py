"""The rectification ledger and its three lists on paper, A4 landscape, with the filters of the list."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from branches.clock import today as current_day
from branches.paper import name_on_paper
from branches.scope import main_grant
from branches.words import full_date
from tasks import listing, three_lists

# More tasks than anybody prints at once: narrow the list first.
MOST = 1000
# Lines of 11 pt that fill a sheet below title and head, with the signature and who printed it.
ROOM = 18
# Characters to a line in each column after 序号, as they come out on A4 across.
WIDTHS = {
    "ledger": (5, 2, 9, 7, 3, 5, 3, 4, 6, 2, 3),
    "problems": (5, 10, 6, 6, 24, 4, 7),
    "duties": (5, 9, 17, 6, 9, 3, 4, 6),
    "measures": (5, 6, 10, 5, 11, 4, 8, 4),
}
# What is not broken within a line; a date stands in two.
_WHOLE = frozenset({"序号", "编号", "责任人", "建账日期", "整改时限", "进度"})
_DAYS = frozenset({"建账日期", "整改时限"})


@require_safe
def papers(request):
    """What can be printed of these tasks: the ledger and the three lists."""
    found = listing.listed(request, current_day())
    context = {
        "list_url": listing.list_address("tasks:list", found),
        "count": found.tasks.count(),
        "most": MOST,
        "conditions_text": found.words or "在办",
        "forms": [
            {
                "title": form.title,
                "headings": "、".join(form.headings),
                "url": listing.list_address("tasks:paper", found, key),
            }
            for key, form in three_lists.FORMS.items()
        ],
    }
    return render(request, "tasks/task_papers.html", context)


@require_safe
def paper(request, form):
    """One of the lists on paper."""
    if form not in three_lists.FORMS:
        raise Http404
    today = current_day()
    shown = three_lists.FORMS[form]
    found = listing.listed(request, today)
    tasks = list(found.tasks.select_related("organisation")[: MOST + 1])
    headings = ("序号", *shown.headings)
    rows = [
        [_broken(heading, cell) for heading, cell in zip(headings, line, strict=True)]
        for line in three_lists.lines(shown, tasks[:MOST], today)
    ]
    sheets = three_lists.sheets(rows, (2, *WIDTHS[form]), room=ROOM)
    place = found.place
    if place is None and (grant := main_grant(request.user)):
        place = grant.organisation
    context = {
        "landscape": True,
        "title": shown.title,
        "headings": headings,
        "sheets": [
            [
                list(zip(line, (heading in _WHOLE for heading in headings), strict=True))
                for line in some
            ]
            for some in sheets
        ],
        "organisation": (name_on_paper(place) if place.is_branch else place.name) if place else "",
        "state_text": found.words or "在办",
        "total": len(rows),
        "cut_text": f"只打印前 {MOST} 项，请先缩小范围" if len(tasks) > MOST else "",
        "day": full_date(today),
        "back_url": listing.list_address("tasks:papers", found),
        "printed_text": f"打印：{full_date(today)} {timezone.localtime():%H:%M} {request.user}",
    }
    return render(request, "tasks/tasks_paper.html", context)


def _broken(heading: str, cell: str) -> str:
    """A date in two lines: the year, then month and day."""
    return cell.replace("年", "年\n").replace("（", "\n（") if heading in _DAYS else cell
