"""核定: every member's amount of the year approved in time."""

import datetime

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.roles import Action
from branches.links import link
from branches.models import Organisation
from branches.periods import Period, Span
from branches.values import Values
from branches.words import full_date
from compliance.registry import (
    Certainty,
    Cure,
    Evidence,
    Measured,
    Nature,
    Question,
    Record,
    Rule,
    register,
)
from dues.models import ApprovedAmount
from dues.standards import due_on
from dues.values import APPROVE_MONTH
from dues.words import money
from members.models import Membership
from members.roster import roster


def _new_since(question: Question) -> datetime.date | None:
    """Who came to the county on or after this day has time to its month's end.

    None up to the due day, and when the month is over: then everybody counts.
    """
    first = question.as_of.replace(day=1)
    late = question.as_of > due_on(question.starts_on.year, question.values)
    return first if late and first <= question.ends_on else None


def _members(question: Question, organisations):
    """Memberships of the last day that counts, without those that have time yet."""
    memberships = roster(organisations, question.ends_on)
    first = _new_since(question)
    if first is None:
        return memberships
    earlier = Membership.objects.formal().filter(member=OuterRef("member"))
    earlier = earlier.filter(Q(starts_on__isnull=True) | Q(starts_on__lt=first))
    return memberships.filter(Exists(earlier)).exclude(organisation__founded_on__gte=first)


def _approvals(question: Question):
    """Amounts of the year that were approved by the day of judging; those from a yearly sheet
    have no day and count."""
    year = question.starts_on.year
    return ApprovedAmount.objects.filter(from_month__year=year).filter(
        Q(approved_on__isnull=True) | Q(approved_on__lte=question.as_of)
    )


def _with_day(question: Question, organisations):
    """`day` is when the member's first amount of the year was approved; the last possible day
    where it is unknown, None where there is none."""
    mine = _approvals(question).filter(member=OuterRef("member")).order_by().values("member")
    first = mine.annotate(day=Min(Coalesce("approved_on", datetime.date.max))).values("day")
    last = mine.annotate(day=Max(Coalesce("approved_on", datetime.date.max))).values("day")
    return _members(question, organisations).annotate(day=Subquery(first), latest=Subquery(last))


def _measure_approved(question: Question):
    rows = (
        _with_day(question, question.organisations)
        .order_by()
        .values("organisation_id")
        .annotate(
            due=Count("pk"),
            approved=Count("pk", filter=Q(day__isnull=False)),
            met_on=Max("day"),
            latest=Max("latest"),
        )
        .values_list("organisation_id", "due", "approved", "met_on", "latest")
    )
    for pk, due, approved, met_on, latest in rows:
        known = approved == due and latest < datetime.date.max
        yield Measured(pk, due, approved, met_on=met_on if known else None)


def _approved_evidence(question: Question, organisation: Organisation) -> Evidence:
    counted, missing = [], []
    amounts = {}
    for row in (
        _approvals(question)
        .filter(member__in=_members(question, [organisation.pk]).values("member"))
        .order_by("-from_month")
    ):
        amounts[row.member_id] = row
    for membership in (
        _members(question, [organisation.pk]).select_related("member").order_by("member_id")
    ):
        row = amounts.get(membership.member_id)
        record = Record(
            text=membership.member.name,
            on=row.approved_on if row else None,
            note=f"{row.from_month:%Y年%-m月}起每月 {money(row.amount)} 元" if row else "没有核定",
            url=link("dues:amount", membership.member_id, year=question.starts_on.year),
        )
        (counted if row else missing).append(record)
    due = due_on(question.starts_on.year, question.values)
    return Evidence(counted, missing, [("截止", full_date(due))])


def _due(period: Period, values: Values) -> datetime.date:
    return due_on(period.starts_on.year, values)


AMOUNTS_ARE_APPROVED = register(
    Rule(
        code="dues.approved",
        record="DUE-BASE",
        title="年度党费标准核定",
        short="党费核定",
        headline="核定 {period}党费标准",
        asks="{value}月底前逐人核定",
        wording="年初由基层党组织核定每名党员每月交纳党费的数额，年内一般不变（期限由本县规定）。",
        source="关于进一步规范党费工作的通知（组电明字〔2017〕5号）；截止月份由本县规定",
        certainty=Certainty.FOUND,
        nature=Nature.MUST,
        how="应有：核对日在册的党员（年度结束后按 12 月 31 日）；已有：其中有本年核定数的人数，年度台账导入的没有核定日期，也算。截止月以后才第一次到本县（或新入党）的，以及当月成立的党支部，到当月月底前核定即可，下月起计入。截止月份按 1 月 31 日时的本县数值。",
        span=Span.YEAR,
        areas=frozenset({"dues", "members"}),
        measure=_measure_approved,
        evidence=_approved_evidence,
        cure=Cure("核定标准", "dues:amounts", actions=(Action.ENTER_DUES,)),
        unit="人",
        keys=(APPROVE_MONTH,),
        due=_due,
        needs_relations=True,
        from_founding=True,
    )
)
