"""Who may do what to a task: who answers for it, who checks it, who checks it for the county.

A branch's task is reported on by the branch itself (REPORT_TASK). A committee has no role of that
kind: its own tasks are reported on by those who review below it, and checked one level up.
"""

from dataclasses import dataclass

from django.db.models import Q

from accounts.roles import Action
from branches.models import Kind, Organisation
from branches.scope import main_grant, paths_reached, reaches, within_paths
from tasks.models import Task, TaskState
from tasks.services.ledger import county_waits
from tasks.states import Step, refusal


@dataclass(frozen=True)
class Acting:
    """What a reader is to a task of one organisation."""

    reports: bool
    reviews: bool
    county: bool
    reminds: bool


def acting_on(user, organisation: Organisation) -> Acting:
    """Reads `organisation.parent`, so select it."""
    path = organisation.path
    above = organisation.parent.path if organisation.parent else path
    if organisation.is_branch:
        reports = reaches(user, Action.REPORT_TASK, path)
        reviews = reaches(user, Action.REVIEW_TASK, path)
    else:
        reports = reaches(user, Action.REVIEW_TASK, path)
        reviews = reaches(user, Action.REVIEW_TASK, above)
    county = reaches(user, Action.REVIEW_FOR_COUNTY, path)
    reminds = reviews and reaches(user, Action.SEND_NOTICE, above)
    return Acting(reports, reviews, county, reminds)


def checked_by(user) -> Q:
    """The tasks of which `acting_on` says that this reader reviews them."""
    paths = paths_reached(user, Action.REVIEW_TASK)
    if "" in paths:
        return Q()
    at_itself = Q(organisation__kind=Kind.BRANCH) | Q(organisation__parent=None)
    return (within_paths("organisation__path", paths) & at_itself) | within_paths(
        "organisation__parent__path", paths
    )


# Steps of whoever answers for the task; all others are the superior's.
REPORTERS_STEPS = frozenset({Step.START, Step.PROGRESS, Step.REQUEST, Step.ASK})


def may(step: str, acting: Acting) -> bool:
    """Whether the step is this reader's at all, whatever state the task is in."""
    if step in REPORTERS_STEPS:
        return acting.reports
    if step == Step.COUNTY_CHECK:
        return acting.county
    return acting.reminds if step == Step.REMIND else acting.reviews


def offered(step: str, task: Task, acting: Acting, user) -> bool:
    """Whether the page offers the step: it is the reader's, and the task takes it now."""
    if not may(step, acting) or refusal(step, task.state, task.by_county):
        return False
    if step == Step.CHECK:
        return not county_waits(task, user)
    if step == Step.RETURN and task.state == TaskState.COUNTY_REVIEW:
        return acting.county
    if step == Step.CANCEL and task.by_county:
        return acting.county
    return True


def sender_of(user, organisation: Organisation) -> Organisation | None:
    """In whose name a reader reminds: his own house, else the superior of who is reminded."""
    grant = main_grant(user)
    return grant.organisation if grant else organisation.parent
