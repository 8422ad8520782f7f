"""等我处理: what waits for a committee or the county to approve, review or send."""

import datetime
from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.urls import reverse

from accounts.roles import Action
from branches.models import Organisation
from branches.periods import add_months
from branches.scope import reaches, within_paths
from compliance.models import Duty
from dues.enums import RemittanceState
from dues.enums import RequestState as DuesRequestState
from dues.models import DuesRequest, Remittance
from members.enums import RequestState, TransferState
from members.models import DevelopmentPlan, Election, Term, TermRequest, Transfer
from tasks.models import Task, TaskState


def waiting_for(user, organisation: Organisation, today: datetime.date) -> dict | None:
    """Counts with links, or None for somebody who only reads."""
    parts = [part for part in _parts(user, organisation, today) if part["count"]]
    if not any(reaches(user, action, organisation.path) for action in _ACTIONS):
        return None
    return {"total": sum(part["count"] for part in parts), "parts": parts}


_ACTIONS = (Action.REVIEW_TASK, Action.APPROVE)
# Months for which the result of an election is waited for.
_FILED_WITHIN = 12


def _parts(user, organisation: Organisation, today: datetime.date) -> Iterator[dict]:
    below = f"?organisation={organisation.code}"
    if reaches(user, Action.REVIEW_TASK, organisation.path):
        reviews = Task.objects.within(organisation).filter(state=TaskState.REVIEW)
        yield _part("销号核查", reviews, reverse("tasks:list") + f"{below}&state=review")
    if not reaches(user, Action.APPROVE, organisation.path):
        return
    sent = Remittance.objects.within(organisation).filter(state=RemittanceState.SENT)
    yield _part("党费确认", sent, reverse("dues:remittances") + f"{below}&state=waiting")
    hardship = DuesRequest.objects.within(organisation).filter(state=DuesRequestState.ASKED)
    yield _part("党费请示", hardship, reverse("dues:requests") + f"{below}&state=asked")
    terms = reverse("members:terms") + below
    # A request about a term that has since been followed by another asks for nothing any more.
    followed = Term.objects.filter(
        organisation=OuterRef("term__organisation"), starts_on__gt=OuterRef("term__starts_on")
    )
    asked = TermRequest.objects.within(organisation).filter(
        ~Exists(followed), state=RequestState.ASKED
    )
    yield _part("换届请示", asked, f"{terms}&state=waiting")
    notices = Duty.objects.within(organisation).filter(rule="terms.notice").unmet()
    yield _part("换届提醒", notices, f"{terms}&state=ending")
    results = Election.objects.within(organisation).filter(
        filed_on__isnull=True, held_on__gte=add_months(today, -_FILED_WITHIN)
    )
    yield _part("选举备案", results, terms)
    letters = Transfer.objects.filter(
        within_paths("from_organisation__path", (organisation.path,)), state=TransferState.STARTED
    )
    yield _part("介绍信", letters, reverse("members:transfers") + f"{below}&state=out")
    plans = DevelopmentPlan.objects.within(organisation).filter(
        year__gte=today.year, approved_on__isnull=True
    )
    yield _part("发展计划", plans, reverse("members:development_plans") + below)


def _part(label: str, rows, url: str) -> dict:
    return {"label": label, "count": rows.count(), "url": url}
