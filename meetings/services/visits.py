"""走访慰问: recorded, changed, taken back. No rule judges visits, so nothing is noted for judging.

The trail names who was visited and with what; never the note, which stays in the branch.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import trail
from accounts.roles import Action
from branches.models import Organisation
from branches.scope import reaches
from branches.words import full_date
from meetings.enums import VisitOccasion
from meetings.models import Visit
from meetings.services import Refused
from members.models import Member
from members.roster import roster

TRAIL_AREA = "visits"
_FACTS = ("visited_on", "occasion", "visitors", "amount", "goods", "note")


class ChangedMeanwhile(Refused):
    """Somebody else saved the visit first."""

    def __init__(self, visit: Visit):
        super().__init__("这次走访刚被别人改过，你填的内容还在，核对后再保存一次")
        self.visit = visit


@dataclass(frozen=True)
class VisitFacts:
    """What is the same for everybody visited that day; `amount` in yuan and `goods` are for each."""

    visited_on: datetime.date
    occasion: str
    visitors: str
    amount: Decimal | None = None
    goods: str = ""
    note: str = ""


@transaction.atomic
def register_visits(
    *,
    organisation: Organisation,
    facts: VisitFacts,
    members: Iterable[int] = (),
    others: Iterable[str] = (),
    by,
    today: datetime.date,
) -> list[Visit]:
    """Record a visit to each of these members (by key) and other people (by name).

    Refuses nobody, a day to come or outside of the branch's life, members of other branches that
    day, a negative sum, and a visit already recorded for that person, day and occasion.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    _check_right(by, organisation)
    _check(organisation, facts, today)
    members, others = list(dict.fromkeys(members)), list(dict.fromkeys(others))
    if not members and not others:
        raise Refused("请勾选走访的党员，或填其他走访对象", "members")
    names = _names_here(organisation, members, facts.visited_on)
    people = [(pk, names[pk]) for pk in members] + [(None, name) for name in others]
    _check_single(organisation, facts, people)
    visits = []
    for member_id, name in people:
        visit = Visit.objects.create(
            organisation=organisation,
            member_id=member_id,
            person_name=name,
            entered_by=by,
            **{key: getattr(facts, key) for key in _FACTS},
        )
        _line("登记走访", visit, by=by, after=_described(visit))
        visits.append(visit)
    return visits


@transaction.atomic
def change_visit(
    *,
    visit: Visit,
    version: int,
    facts: VisitFacts,
    person_name: str = "",
    by,
    today: datetime.date,
) -> Visit:
    """Put a visit right; a member's name is the roster's, so only somebody else's may be retyped.

    Refuses what `register_visits` refuses, a visit taken back and a version not the newest.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=visit.organisation_id)
    visit = Visit.objects.get(pk=visit.pk)
    _check_right(by, organisation)
    _check_version(visit, version)
    _check(organisation, facts, today)
    name = visit.person_name if visit.member_id else person_name.strip()
    if not name:
        raise Refused("请填走访对象的姓名", "person_name")
    _check_single(organisation, facts, [(visit.member_id, name)], leaving_out=visit)
    before, note = _described(visit), visit.note
    changed = Visit.objects.filter(pk=visit.pk, version=version).update(
        person_name=name,
        version=F("version") + 1,
        **{key: getattr(facts, key) for key in _FACTS},
    )
    if not changed:
        raise ChangedMeanwhile(visit)
    visit.refresh_from_db()
    after = _described(visit)
    differing = [key for key in after if before[key] != after[key]]
    said = {key: after[key] for key in differing}
    if note != visit.note:
        said["情况"] = "有改动"
    _line("修改走访", visit, by=by, before={key: before[key] for key in differing}, after=said)
    return visit


@transaction.atomic
def cancel_visit(*, visit: Visit, version: int, reason: str, by) -> Visit:
    """Take a visit back: it stays on record and counts in no sum. Refuses without a reason, twice,
    and a version that is not the newest."""
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=visit.organisation_id)
    visit = Visit.objects.get(pk=visit.pk)
    _check_right(by, organisation)
    if not reason.strip():
        raise Refused("请写明作废的原因", "reason")
    _check_version(visit, version)
    visit.cancelled_at, visit.version = timezone.now(), version + 1
    visit.save(update_fields=["cancelled_at", "version"])
    said = {"状态": "已作废"}
    _line("作废走访", visit, by=by, before=_described(visit), after=said, reason=reason.strip())
    return visit


def _check_right(by, organisation: Organisation) -> None:
    if by is not None and not reaches(by, Action.RECORD_BRANCH_MEETING, organisation.path):
        raise Refused("走访慰问由支部书记或支部委员登记")


def _check_version(visit: Visit, version: int) -> None:
    if visit.cancelled_at:
        raise Refused("这次走访已经作废，请看最新情况")
    if visit.version != version:
        raise ChangedMeanwhile(visit)


def _check(organisation: Organisation, facts: VisitFacts, today: datetime.date) -> None:
    day = facts.visited_on
    if day > today:
        raise Refused("走访日期在今天之后，走访过再登记", "visited_on")
    if organisation.founded_on and day < organisation.founded_on:
        raise Refused(f"支部{full_date(organisation.founded_on)}才成立，请核对日期", "visited_on")
    if organisation.dissolved_on and day > organisation.dissolved_on:
        raise Refused("支部在这一天已经撤销，请核对日期", "visited_on")
    if not facts.visitors.strip():
        raise Refused("请填走访人", "visitors")
    if facts.amount is not None and facts.amount < 0:
        raise Refused("慰问金不能是负数，请核对", "amount")


def _names_here(organisation, members: list[int], day: datetime.date) -> dict[int, str]:
    names = dict(
        roster([organisation], day, attached=True)
        .filter(member__in=members)
        .values_list("member_id", "member__name")
    )
    strangers = [pk for pk in members if pk not in names]
    if strangers:
        known = dict(Member.objects.filter(pk__in=strangers).values_list("pk", "name"))
        who = "、".join(known.get(pk, "有人") for pk in strangers)
        raise Refused(f"{who}在{full_date(day)}不是本支部党员，请核对日期或人员", "members")
    return names


def _check_single(organisation, facts: VisitFacts, people, leaving_out=None) -> None:
    """No second visit to one person on one day for one occasion: that is a form sent twice."""
    visits = Visit.objects.standing().filter(
        organisation=organisation, visited_on=facts.visited_on, occasion=facts.occasion
    )
    if leaving_out is not None:
        visits = visits.exclude(pk=leaving_out.pk)
    known = set(visits.values_list("member_id", "person_name"))
    twice = [name for pk, name in people if (pk, name) in known]
    if twice:
        raise Refused(f"{full_date(facts.visited_on)}走访{'、'.join(twice)}已经登记过", "members")


def _described(visit: Visit) -> dict[str, str]:
    return {
        "日期": full_date(visit.visited_on),
        "时机": VisitOccasion(visit.occasion).label,
        "走访人": visit.visitors,
        "走访对象": visit.person_name,
        "慰问金": "" if visit.amount is None else f"{visit.amount:.2f}",
        "慰问品": visit.goods,
    }


def _line(action: str, visit: Visit, *, by, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=visit.pk,
        label=f"{visit.organisation} 走访{visit.person_name}",
        organisation_id=visit.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
