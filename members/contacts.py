"""Who is away on a day, who was contacted, and what is due for the branch committee.

Reads only: the pages, the rules and the service that opens cases ask the same questions here.
"""

import datetime
from dataclasses import dataclass

from django.db.models import Max, OuterRef, Q, Subquery

from branches.periods import Span, add_months, add_years, month_end, period_of
from members import facts
from members.enums import AbsenceKind, CaseKind, LeaveReason
from members.models import Absence, Case, Contact
from members.roster import roster

# 党员教育管理工作条例 (2019) Art. 24; the months before are an early hint on the page alone.
LOST_MONTHS = 6
LOST_HINT_MONTHS = 5
SUSPENDED_YEARS = 2
SUSPENDED_HINT_MONTHS = 23
ABROAD_YEARS = 5

# How often somebody away is to be contacted: each quarter (county), each half-year (Art. 34).
SPANS = {AbsenceKind.FLOATING: Span.QUARTER, AbsenceKind.ABROAD: Span.HALF}

_DAY = datetime.timedelta(days=1)


def away_on(kind: str, day: datetime.date, prefix: str = "") -> Q:
    """Members with an absence of that kind in force on `day`; `prefix` leads to the member.

    As floating (流动) counts too who is only marked so, by an import, without any absence that
    would say since when: on every day after the last absence on record.
    """
    rows = Absence.objects.filter(kind=kind)
    in_force = Q(**{f"{prefix}pk__in": rows.on(day).values("member")})
    if kind != AbsenceKind.FLOATING:
        return in_force
    told = rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day))
    return in_force | (
        Q(**{f"{prefix}is_floating": True}) & ~Q(**{f"{prefix}pk__in": told.values("member")})
    )


def to_contact(organisations, kind: str, day: datetime.date):
    """Memberships of those away on `day` who are to be contacted.

    Who is lost (失联) cannot be contacted and is a matter for the committee instead.
    """
    return (
        roster(organisations, day)
        .filter(away_on(kind, day, "member__"))
        .exclude(away_on(AbsenceKind.LOST, day, "member__"))
    )


def not_contacted(kind: str, day: datetime.date) -> Q:
    """Members away on `day` and not lost, without a contact in the period that contains it."""
    period = period_of(SPANS[kind], day)
    contacted = Contact.objects.filter(on__gte=period.starts_on, on__lte=day)
    return (
        away_on(kind, day) & ~away_on(AbsenceKind.LOST, day) & ~Q(pk__in=contacted.values("member"))
    )


def contact_days(
    memberships, start: datetime.date, end: datetime.date
) -> dict[int, list[datetime.date]]:
    """The days between `start` and `end` on which these members were contacted, in order.

    Two contacts on one day are one.
    """
    days: dict[int, list[datetime.date]] = {}
    rows = (
        Contact.objects.filter(member__in=memberships.values("member"), on__gte=start, on__lte=end)
        .order_by("on")
        .values_list("member_id", "on")
        .distinct()
    )
    for member_id, on in rows:
        days.setdefault(member_id, []).append(on)
    return days


@dataclass(frozen=True)
class Due:
    """A matter that is due for the branch committee: whose, why, counted from which day."""

    kind: str
    organisation_id: int
    member_id: int
    name: str
    since: datetime.date
    due_on: datetime.date


def cases_due(organisations, day: datetime.date) -> list[Due]:
    """What the records say must go to the committee by `day` and it has not decided by then.

    Lost for six calendar months since the start on record or the last contact after it; no
    contact for two years after suspension, on the roster still or off it by it; abroad for more
    than five years.
    """
    lost = list(_lost(organisations, day))
    due = [*_lost_for_months(lost, day), *_long_suspended(lost, day)]
    due += _gone_suspended(organisations, day)
    due += _long_abroad(organisations, day)
    decided = _decisions({one.member_id for one in due}, day)
    return [one for one in due if not _is_decided(one, decided)]


def unpaid_cases_due(organisations, day: datetime.date) -> list[Due]:
    """Who has paid no dues for so long that the committee must study it and has not decided.

    Counted from the last day of the first unpaid month, the first day on which it was unpaid. That
    day stays the same while the run grows and whatever measure the county sets, so each run is one
    case; and a decision covers a run whose first month was over when it was made, but not one
    that began after it.
    """
    kind = CaseKind.UNPAID_6M
    # Every decision of the kind: they are fewer than a query takes keys of members.
    decided = {
        (member_id, kind): decided_on
        for member_id, decided_on in Case.objects.filter(kind=kind, decided_on__lte=day)
        .order_by("decided_on")
        .values_list("member_id", "decided_on")
    }
    due = [
        Due(
            kind,
            one.organisation_id,
            one.member_id,
            one.name,
            month_end(one.months[0]),
            one.reached_on,
        )
        for one in facts.long_unpaid(organisations, day)
    ]
    return [one for one in due if not _is_decided(one, decided)]


def lost_since(organisations, day: datetime.date) -> dict[int, datetime.date]:
    """From which day each lost member counts as lost: the later of the start on record and the
    last contact made since."""
    return {member_id: since for _o, member_id, _n, since in _lost(organisations, day)}


def _standing(organisations, kind: str, day: datetime.date):
    """(organisation, member, name, start) of absences in force, of people on the roster."""
    memberships = {
        row.member_id: row
        for row in roster(organisations, day)
        .filter(member__in=Absence.objects.on(day).filter(kind=kind).values("member"))
        .select_related("member")
        .order_by("member_id")
    }
    starts = (
        Absence.objects.on(day)
        .filter(kind=kind, member__in=list(memberships))
        .values_list("member_id", "starts_on")
    )
    for member_id, starts_on in sorted(starts):
        row = memberships[member_id]
        yield row.organisation_id, member_id, row.member.name, starts_on


def _lost(organisations, day: datetime.date):
    rows = list(_standing(organisations, AbsenceKind.LOST, day))
    contacted = dict(
        Contact.objects.filter(member__in=[row[1] for row in rows], on__lte=day)
        .values("member_id")
        .annotate(last=Max("on"))
        .order_by()
        .values_list("member_id", "last")
    )
    for organisation_id, member_id, name, starts_on in rows:
        since = max(starts_on, contacted.get(member_id, starts_on))
        yield organisation_id, member_id, name, since


def _lost_for_months(lost, day: datetime.date):
    for organisation_id, member_id, name, since in lost:
        due_on = add_months(since, LOST_MONTHS)
        if due_on <= day:
            yield Due(CaseKind.LOST_6M, organisation_id, member_id, name, since, due_on)


def _long_suspended(lost, day: datetime.date):
    suspended = dict(
        Case.objects.filter(member__in=[row[1] for row in lost], suspended_on__lte=day)
        .order_by("suspended_on")
        .values_list("member_id", "suspended_on")
    )
    for organisation_id, member_id, name, since in lost:
        suspended_on = suspended.get(member_id)
        if suspended_on is None:
            continue
        due_on = add_years(suspended_on, SUSPENDED_YEARS)
        # A contact after the suspension, or a new loss, is another story.
        if since <= suspended_on and due_on <= day:
            yield Due(CaseKind.LOST_2Y, organisation_id, member_id, name, suspended_on, due_on)


def _gone_suspended(organisations, day: datetime.date):
    """Those whom the suspension took off the roster: a matter for the branch they left."""
    last_contact = (
        Contact.objects.filter(member=OuterRef("member"), on__lte=day)
        .order_by("-on")
        .values("on")[:1]
    )
    rows = (
        Case.objects.filter(suspended_on__lte=day, member__organisation__in=organisations)
        .filter(
            member__left_on__lte=day, member__left_reason__startswith=LeaveReason.SUSPENDED.label
        )
        .order_by("member_id", "suspended_on")
        .values_list("member_id", "member__organisation_id", "member__name", "suspended_on")
        .annotate(contacted_on=Subquery(last_contact))
    )
    # Of several suspensions the last one counts.
    for member_id, branch, name, since, contacted_on in {row[0]: row for row in rows}.values():
        due_on = add_years(since, SUSPENDED_YEARS)
        if due_on <= day and (contacted_on is None or contacted_on <= since):
            yield Due(CaseKind.LOST_2Y, branch, member_id, name, since, due_on)


def _long_abroad(organisations, day: datetime.date):
    for organisation_id, member_id, name, starts_on in _standing(
        organisations, AbsenceKind.ABROAD, day
    ):
        # 超过 5 年: the day that completes the fifth year is not yet over it.
        due_on = add_years(starts_on, ABROAD_YEARS) + _DAY
        if due_on <= day:
            yield Due(CaseKind.ABROAD_5Y, organisation_id, member_id, name, starts_on, due_on)


def _decisions(members: set[int], day: datetime.date) -> dict[tuple[int, str], datetime.date]:
    """The last day up to `day` on which the committee decided, by member and kind."""
    return {
        (member_id, kind): decided_on
        for member_id, kind, decided_on in Case.objects.filter(
            member__in=members, decided_on__lte=day
        )
        .order_by("decided_on")
        .values_list("member_id", "kind", "decided_on")
    }


def _is_decided(due: Due, decided: dict[tuple[int, str], datetime.date]) -> bool:
    """A decision covers what is counted from a day up to it, not what began afterwards."""
    decided_on = decided.get((due.member_id, due.kind))
    return decided_on is not None and decided_on >= due.since
