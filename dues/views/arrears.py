"""Who pays no dues for months running, for a branch and for those above it, worst first."""

import datetime

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.roles import Action
from branches.choice import named_organisation, narrowed
from branches.clock import today as current_day
from branches.links import link, with_query
from branches.models import Organisation
from branches.scope import reaches
from branches.words import short_date
from dues import standing
from dues.arrears import Arrears, Gap, Ladder, gaps_of, in_arrears
from dues.enums import LIVE_REQUESTS, ArrearsStep, RequestKind, RequestState
from dues.models import DuesRequest
from dues.tabs import dues_tabs
from dues.words import NOTHING, money, month_key, month_label
from members.enums import CaseKind
from members.models import Case, Contact, Member

PAGE = 50
# Red is left to what the rule calls overdue; before, it is a matter for the branch.
_KINDS = {
    ArrearsStep.REMIND: "run",
    ArrearsStep.TALK: "soon",
    ArrearsStep.URGENT: "soon",
    ArrearsStep.CASE: "late",
}


@require_safe
def arrears_list(request):
    """欠缴: members without any payment for a month or more, with what is due by the ladder."""
    today = current_day()
    branches, branch = narrowed(request, Organisation.objects.branches())
    if not branches.exists():
        raise PermissionDenied
    ladder = Ladder.on(today)
    found = in_arrears(branches, today, at_least=ladder.first)
    by_step = {step: [] for step in reversed(ArrearsStep)}
    for one in found:
        by_step[ladder.step(len(one.months))].append(one)
    chosen = request.GET.get("step", "")
    shown = by_step[ArrearsStep(chosen)] if chosen in ArrearsStep.values else found
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    total = sum((one.amount for one in found), NOTHING)
    context = {
        "tabs": dues_tabs(branch or named_organisation(request), "dues:arrears"),
        "context_text": f"{len(found)} 人，共欠 ¥{money(total)}" if found else "",
        "chips": [
            {
                "label": f"{step.label}（满 {ladder.months[step]} 个月）",
                "count": len(rows),
                "url": with_query(request, step="" if chosen == step else step),
                "current": chosen == step,
            }
            for step, rows in by_step.items()
        ],
        "show_organisation": branch is None,
        "rows": _Rows(request.user, list(page), today, ladder).shown(),
        "gaps": _gaps(request.user, branch, today) if branch else [],
        "page": page,
        "query": query.urlencode(),
        "filtered": chosen in ArrearsStep.values,
        "clear_url": with_query(request, step=""),
        "first": ladder.first,
    }
    return render(request, "dues/arrears_list.html", context)


class _Rows:
    """One page of people with what else is known of them, in a fixed number of queries."""

    def __init__(self, user, people: list[Arrears], today: datetime.date, ladder: Ladder):
        self.user, self.people, self.today, self.ladder = user, people, today, ladder
        keys = [one.member_id for one in people]
        self.branches = Organisation.objects.in_bulk({one.organisation_id for one in people})
        self.limit = standing.back_limit(today)
        self.contacts = {
            contact.member_id: contact
            for contact in Contact.objects.filter(member__in=keys, on__lte=today).order_by("on")
        }
        self.cases = {
            case.member_id: case
            for case in Case.objects.filter(member__in=keys, kind=CaseKind.UNPAID_6M).order_by(
                "since"
            )
        }
        self.requests: dict[int, list[DuesRequest]] = {}
        for one in DuesRequest.objects.filter(
            Q(kind=RequestKind.BACK_PAYMENT, state__in=LIVE_REQUESTS), member__in=keys
        ):
            self.requests.setdefault(one.member_id, []).append(one)

    def shown(self) -> list[dict[str, object]]:
        return [self._row(one) for one in self.people]

    def _row(self, one: Arrears) -> dict[str, object]:
        step = self.ladder.step(len(one.months))
        contact = self.contacts.get(one.member_id)
        return {
            "name": one.name,
            "url": link("members:detail", one.member_id),
            "organisation": self.branches[one.organisation_id].short_name,
            "months": len(one.months),
            "since": month_label(one.since),
            "amount": money(one.amount),
            "kind": _KINDS[step],
            "words": step.label,
            "contact": f"{short_date(contact.on, self.today)} {contact.by_name}" if contact else "",
            "case": self._case(one),
            "acts": self._acts(one),
        }

    def _case(self, one: Arrears) -> dict[str, str] | None:
        case = self.cases.get(one.member_id)
        if case is None:
            return None
        label = "已研究" if case.decided_on else "待研究"
        return {"label": label, "url": reverse("members:case_detail", args=[case.pk])}

    def _acts(self, one: Arrears) -> list[dict[str, str]]:
        """补交, and before it what the superior must allow."""
        branch = self.branches[one.organisation_id]
        acts = []
        old = [month for month in one.months if month < self.limit]
        known = self.requests.get(one.member_id, [])
        unasked = [
            month
            for month in old
            if not any(own.from_month <= month <= own.until_month for own in known)
        ]
        waiting = next((own for own in known if own.state == RequestState.ASKED), None)
        if unasked and reaches(self.user, Action.SUBMIT, branch.path):
            url = link(
                "dues:request_new",
                branch=branch.code,
                member=one.member_id,
                kind=RequestKind.BACK_PAYMENT.value,
                **{"from": month_key(unasked[0]), "until": month_key(unasked[-1])},
            )
            acts.append({"label": "先请示", "url": url})
        elif waiting:
            url = reverse("dues:request", args=[waiting.pk])
            acts.append({"label": "请示待审批", "url": url})
        if reaches(self.user, Action.ENTER_DUES, branch.path):
            pay_url = link("dues:several", one.member_id, branch=branch.code)
            if pay_url:
                acts.append({"label": "补交", "url": pay_url})
        return acts


def _gaps(user, branch: Organisation, today: datetime.date) -> list[dict[str, str]]:
    """Single months short or left out, one line for each member of a branch."""
    of_member: dict[int, list[Gap]] = {}
    for gap in gaps_of([branch.pk], today):
        of_member.setdefault(gap.member_id, []).append(gap)
    names = dict(
        Member.objects.within(branch).filter(pk__in=list(of_member)).values_list("pk", "name")
    )
    may_enter = reaches(user, Action.ENTER_DUES, branch.path)
    return [
        {
            "name": names[member_id],
            "url": link("members:detail", member_id),
            "months": "、".join(map(_gap_words, gaps)),
            "amount": money(sum((gap.amount for gap in gaps), NOTHING)),
            "pay_url": link("dues:several", member_id, branch=branch.code) if may_enter else "",
        }
        for member_id, gaps in of_member.items()
        if member_id in names
    ]


def _gap_words(gap: Gap) -> str:
    if gap.is_opening:
        return f"期初（{month_label(gap.month)}起）{money(gap.amount)}"
    return f"{month_label(gap.month)} {money(gap.amount)}"
