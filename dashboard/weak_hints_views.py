"""提名线索: the page that lists them, for who may propose."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation
from branches.clock import today as current_day
from branches.links import link
from branches.models import Organisation
from branches.scope import paths_reached
from branches.values import Values
from dashboard.weak_hints import criteria_words, hints, situations_on
from tasks.tabs import task_tabs

_PAGE_SIZE = 50


@require_safe
def weak_hints(request):
    """Branches in reach that meet a criterion, with the numbers and where they come from."""
    if not paths_reached(request.user, Action.REVIEW_TASK):
        raise PermissionDenied
    today, values = current_day(), Values()
    organisation = named_organisation(request)
    branches = Organisation.objects.branches().permitting(request.user, Action.REVIEW_TASK)
    if organisation is not None:
        branches = branches.within(organisation)
    situations = situations_on(today, values)
    page = Paginator(hints(branches, today, values), _PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "tabs": task_tabs(organisation, "tasks:weak"),
        "list_url": link("tasks:weak"),
        "criteria": criteria_words(today, values),
        "rows": [
            {
                "name": hint.branch.short_name,
                "parent": hint.branch.parent.short_name if hint.branch.parent else "",
                "url": link("branch", hint.branch.code),
                "criteria": hint.criteria,
                "propose_url": hint.propose_url(situations),
            }
            for hint in page
        ],
        "page": page,
        "query": query.urlencode(),
    }
    return render(request, "dashboard/weak_hints.html", context)
