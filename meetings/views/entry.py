"""What the forms and lists of talks, visits and joint activities share."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect

from accounts.roles import Action
from branches.clock import today as current_day
from branches.links import with_query
from branches.models import Organisation
from meetings.forms.meeting import day_typed
from meetings.services import Refused
from meetings.talking import people_on


def typed(request):
    """What was sent, to bind a form; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def years_shown(request, year: int, today: datetime.date) -> list[dict]:
    """Links to last year and this one, as on the list of meetings."""
    return [
        {"label": f"{one}年", "url": with_query(request, year=one), "current": one == year}
        for one in (today.year - 1, today.year)
    ]


def people_here(branch: Organisation, request, name: str, recorded=()) -> dict[int, str]:
    """Who may be named in a form: the rosters of today and of the day typed into its field `name`,
    and who is recorded already."""
    today = current_day()
    day = day_typed(request.POST.get(name, ""), today)
    return people_on(branch, {today, day or today}, recorded)


def no_single_branch(request, page: str):
    """Nobody's form without a branch: 403 for who records none, else back to choose one."""
    branches = Organisation.objects.permitting(request.user, Action.RECORD_BRANCH_MEETING)
    if not branches.exists():
        raise PermissionDenied
    messages.info(request, "先选支部，再登记")
    return redirect(page)


def refuse(form, refused: Refused) -> None:
    """Say in the form why nothing was stored; what was typed stays. The next save after somebody
    else's change is made knowingly, on top of it."""
    changed = getattr(refused, "talk", None) or getattr(refused, "visit", None)
    if changed is not None:
        form.data = form.data.copy()
        form.data["version"] = str(changed.version)
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))
