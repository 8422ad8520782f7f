"""Who sees what of an inspection, and how its parts are said.

A round belongs to who carries it out and is seen by those who may inspect there. What was visited
sees its own visit once that is recorded, never before: an unannounced visit stays unannounced.
"""

from django.db.models import Count, Q
from django.http import Http404

from accounts.roles import Action
from branches.scope import get_for, paths_reached, within_paths
from tasks.enums import InspectionState
from tasks.models import Finding, Inspection, InspectionVisit, Letter

STATE_KINDS = {
    InspectionState.PLANNED: "todo",
    InspectionState.RUNNING: "run",
    InspectionState.CLOSED: "done",
    InspectionState.CANCELLED: "wait",
}


def rounds_open_to(user):
    """Rounds of organisations on which the user may inspect."""
    return Inspection.objects.permitting(user, Action.INSPECT)


def get_round(user, pk: int) -> Inspection:
    """A round for whoever may inspect there; Http404 for everybody else, as if there were none."""
    return get_for(
        rounds_open_to(user).select_related("organisation__parent", "campaign", "entered_by"),
        user,
        Action.INSPECT,
        pk=pk,
    )


def open_visits(user, prefix: str = "") -> Q:
    """The condition under which the user may see a visit; `prefix` leads to it, like `visit__`."""
    inspects = paths_reached(user, Action.INSPECT)
    if "" in inspects:
        return Q()
    own_rounds = within_paths(f"{prefix}inspection__organisation__path", inspects)
    visited = within_paths(f"{prefix}organisation__path", paths_reached(user))
    return own_rounds | (visited & Q(**{f"{prefix}visited_on__isnull": False}))


def visits_open_to(user):
    """Visits of the user's own rounds, and those recorded in what the user may look at."""
    return InspectionVisit.objects.filter(open_visits(user))


def _one(rows, **lookup):
    row = rows.filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def get_visit(user, pk: int) -> InspectionVisit:
    """A visit the user may see; Http404 otherwise."""
    rows = visits_open_to(user).select_related(
        "inspection__organisation__parent", "organisation__parent", "entered_by"
    )
    return _one(rows, pk=pk)


def get_finding(user, pk: int) -> Finding:
    """A finding of a visit the user may see; Http404 otherwise."""
    rows = Finding.objects.filter(open_visits(user, "visit__")).select_related(
        "visit__inspection__organisation", "visit__organisation__parent", "task"
    )
    return _one(rows, pk=pk)


def get_letter(user, pk: int) -> Letter:
    """A letter after a visit the user may see; Http404 otherwise."""
    rows = Letter.objects.filter(open_visits(user, "visit__")).select_related(
        "visit__inspection__organisation", "visit__organisation__parent"
    )
    return _one(rows, pk=pk)


def with_counts(rounds):
    """Rounds with how many organisations, visits made, findings and tasks they have."""
    standing = Q(visits__findings__isnull=False, visits__findings__withdrawn_on__isnull=True)
    return rounds.annotate(
        organisations=Count("visits", distinct=True),
        visited=Count("visits", filter=Q(visits__visited_on__isnull=False), distinct=True),
        found=Count("visits__findings", filter=standing, distinct=True),
        tasked=Count(
            "visits__findings", filter=standing & Q(visits__findings__task__isnull=False),
            distinct=True,
        ),
    )  # fmt: skip
