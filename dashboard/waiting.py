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
from tasks import listing
from tasks.enums import SelfCheckState, WeakState
from tasks.models import Finding, PlusPlan, SelfCheck, Task, WeakBranch


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
        yield from _work(user, organisation, below)
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


def _work(user, organisation: Organisation, below: str) -> Iterator[dict]:
    """Tasks to check, findings to list, reports and answers to read; what the county decides."""
    # The list counts with the same condition, checks and asked extensions together.
    mine = Task.objects.within(organisation).filter(listing.waiting(user))
    yield _part("销号核查", mine, reverse("tasks:list") + f"{below}&state=mine")
    # What was found in the committee itself becomes a task one level up.
    untasked = (
        Finding.objects.within(organisation)
        .filter(withdrawn_on__isnull=True, task__isnull=True, visit__visited_on__isnull=False)
        .exclude(visit__organisation=organisation)
    )
    inspections = reverse("tasks:inspections") + below
    yield _part("督查待立项", untasked, f"{inspections}&show=visits&state=untasked")
    answers = PlusPlan.objects.within(organisation).filter(
        reviewed_on__isnull=False, commented_on__isnull=True
    )
    yield _part("党建+点评", answers, reverse("tasks:plus") + f"{below}&state=reviewed")
    reports = SelfCheck.objects.within(organisation).filter(state=SelfCheckState.SUBMITTED)
    yield _part("自查报告", reports, reverse("tasks:campaigns") + below)
    if not reaches(user, Action.REVIEW_FOR_COUNTY, organisation.path):
        return
    for label, state in (
        ("软弱涣散认定", WeakState.PROPOSED),
        ("软弱涣散验收", WeakState.ACCEPTANCE),
    ):
        cases = WeakBranch.objects.within(organisation).filter(state=state)
        yield _part(label, cases, f"{reverse('tasks:weak')}{below}&state={state}")


def _part(label: str, rows, url: str) -> dict:
    return {"label": label, "count": rows.count(), "url": url}
