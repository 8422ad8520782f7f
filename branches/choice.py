"""Which branch a page is about: `?branch=CODE`, or the one branch the user has; which year."""

import datetime

from accounts.roles import Action
from branches.models import Organisation
from branches.scope import ScopedQuerySet, get_for, paths_reached
from branches.words import one_line


def chosen_branch(request, action: str = Action.LOOK) -> Organisation | None:
    """The branch named in the request, for looking or for doing.

    Without a name it is the user's only branch; None where there are several, or none.
    Out of sight is 404, in sight but out of reach is 403.
    """
    branches = Organisation.objects.branches()
    code = one_line(request.POST.get("branch") or request.GET.get("branch"), 40)
    if code:
        return get_for(branches.select_related("parent"), request.user, action, code=code)
    reached = list(branches.permitting(request.user, action).select_related("parent")[:2])
    return reached[0] if len(reached) == 1 else None


def narrowed(request, rows) -> tuple[ScopedQuerySet, Organisation | None]:
    """Rows of a list as far as the reader may look, and the branch if they are of one branch.

    `?branch=CODE` or `?organisation=CODE` names an organisation, with everything under it.
    """
    rows = rows.visible_to(request.user)
    code = one_line(request.GET.get("branch") or request.GET.get("organisation"), 40)
    if not code:
        branch = chosen_branch(request)
        # A committee with a single branch keeps what is its own.
        if branch is None or set(paths_reached(request.user)) != {branch.path}:
            return rows, None
        return rows.within(branch), branch
    organisation = get_for(Organisation.objects.select_related("parent"), request.user, code=code)
    return rows.within(organisation), organisation if organisation.is_branch else None


def named_organisation(request) -> Organisation | None:
    """The organisation that a list is narrowed to, whatever its kind; None without a name."""
    code = one_line(request.GET.get("branch") or request.GET.get("organisation"), 40)
    organisations = Organisation.objects.select_related("parent")
    return get_for(organisations, request.user, code=code) if code else None


def year_asked(request, today: datetime.date) -> int:
    """The year of `?year=2026`, or that of the duty that led here; else this one."""
    typed = request.POST.get("year") or request.GET.get("year") or ""
    if not typed:
        typed = request.GET.get("source", "").rpartition(":")[2]
    fits = typed.isdecimal() and len(typed) == 4 and 1949 <= int(typed) <= today.year + 1
    return int(typed) if fits else today.year
