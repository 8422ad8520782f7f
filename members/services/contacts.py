"""Members away or out of reach, contacts with them, and cases for the committee.

Nobody's status changes here: a case only says what the records show, and keeps what the
committee decided.
"""

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from accounts import trail
from branches.changes import note_changes
from branches.models import Organisation
from branches.words import full_date
from members.contacts import Due, cases_due, unpaid_cases_due
from members.enums import AbsenceKind, CaseKind, ContactWay
from members.models import Absence, Case, Contact, Member, Membership
from members.services import AREA, Refused

REGISTERED, CHANGED, ENDED, REMOVED = (
    "登记外出失联",
    "修改外出失联",
    "结束外出失联",
    "删除外出失联",
)
CONTACTED, UNCONTACTED = "登记联系", "删除联系记录"
OPENED, MOVED, DECIDED, CORRECTED = "提请研究", "随人转接", "记录研究意见", "更正研究意见"
# What may be said of an absence, with the words of the trail.
FACTS = {
    "starts_on": "自",
    "ends_on": "至",
    "place": "去向",
    "reason": "事由",
    "contact_person": "联系人",
}
# Decisions that may suspend a membership (停止党籍).
SUSPENDING = frozenset({CaseKind.LOST_6M, CaseKind.ABROAD_5Y})
# SQLite takes about 32,000 values in one query; where nobody paid dues, everybody is due.
_MANY = 5000


@transaction.atomic
def register_absence(
    *,
    member: Member,
    kind: str,
    starts_on: datetime.date,
    by,
    today: datetime.date,
    place: str = "",
    reason: str = "",
    contact_person: str = "",
) -> Absence:
    """Put on record that a member is floating, abroad or lost since a day.

    Refuses who has left, a day to come and a time that overlaps another of the same kind. A
    marked floating member gets the missing start. What is due for the committee by now is
    opened at once.
    """
    member = _locked(member)
    if member.left_on:
        raise Refused(f"{member.name}已于 {full_date(member.left_on)}离开，不能再登记")
    absence = Absence(
        member=member,
        kind=kind,
        starts_on=starts_on,
        place=place,
        reason=reason,
        contact_person=contact_person,
    )
    _refuse_impossible(absence, today)
    # Without a row the mark alone counted on every day before.
    counted_always = kind == AbsenceKind.FLOATING and member.is_floating
    absence.save()
    _keep_in_step(member, kind)
    _record(member, REGISTERED, by, after={"类别": absence.get_kind_display()} | _words(absence))
    _note([member.pk], datetime.date.min if counted_always else starts_on)
    _open(_due_of(member, today), by=by, today=today)
    return absence


@transaction.atomic
def change_absence(
    *, absence: Absence, by, today: datetime.date, action: str = CHANGED, **facts
) -> bool:
    """Correct what is said of an absence (FACTS); an end that is taken away opens it again.

    Refuses a day to come, an end before the start, and a time that overlaps another of the same
    kind. Returns whether anything differed.
    """
    if unknown := facts.keys() - FACTS.keys():
        raise TypeError(f"unknown facts {sorted(unknown)}")
    member = _locked(absence.member)
    absence = Absence.objects.select_for_update().get(pk=absence.pk)
    changed = [name for name, value in facts.items() if getattr(absence, name) != value]
    if not changed:
        return False
    before, earliest = _words(absence), absence.starts_on
    for name in changed:
        setattr(absence, name, facts[name])
    _refuse_impossible(absence, today)
    absence.save(update_fields=changed)
    _keep_in_step(member, absence.kind)
    after = _words(absence)
    said = [FACTS[name] for name in changed]
    _record(
        member,
        action,
        by,
        before={word: before[word] for word in said},
        after={word: after[word] for word in said},
    )
    _note([member.pk], min(earliest, absence.starts_on))
    _open(_due_of(member, today), by=by, today=today)
    return True


def end_absence(*, absence: Absence, on: datetime.date, by, today: datetime.date) -> bool:
    """The member is back, or found: `on` is the last day of the absence.

    Refuses a day before the start or to come.
    """
    return change_absence(absence=absence, by=by, today=today, action=ENDED, ends_on=on)


@transaction.atomic
def remove_absence(*, absence: Absence, by, reason: str) -> None:
    """Take away an absence that never was. Refuses without a reason; the trail keeps what it said."""
    if not reason.strip():
        raise Refused("请写明为什么删除", "reason")
    member = _locked(absence.member)
    before = {"类别": absence.get_kind_display()} | _words(absence)
    absence.delete()
    _keep_in_step(member, absence.kind)
    _record(member, REMOVED, by, before=before, reason=reason.strip())
    _note([member.pk], absence.starts_on)


@transaction.atomic
def record_contacts(
    *,
    members: Iterable[Member],
    on: datetime.date,
    by_name: str,
    way: str,
    by,
    today: datetime.date,
    note: str = "",
) -> int:
    """Contacts made with several members on one day; returns how many were new.

    Refuses nobody, a day to come and a missing name. The same contact sent twice is one.
    """
    members, by_name, note = list(members), by_name.strip(), note.strip()
    if not members:
        raise Refused("请先勾选联系到的党员", "members")
    if on > today:
        raise Refused("联系日期还没有到，请核对", "on")
    if not by_name:
        raise Refused("请写明是谁联系的", "by_name")
    told = {"on": on, "by_name": by_name, "way": way, "note": note}
    # Two clicks at once stand in line at the members.
    list(
        Member.objects.select_for_update(no_key=True)
        .filter(pk__in=[one.pk for one in members])
        .order_by("pk")
    )
    known = set(
        Contact.objects.filter(member__in=members, **told).values_list("member_id", flat=True)
    )
    new = [member for member in members if member.pk not in known]
    Contact.objects.bulk_create([Contact(member=member, **told) for member in new], batch_size=500)
    after = {
        "联系日期": full_date(on),
        "联系人": by_name,
        "方式": ContactWay(way).label,
        "情况": note,
    }
    trail.record_all([_line(member, CONTACTED, by, after=after) for member in new])
    _note([member.pk for member in new], on)
    return len(new)


@transaction.atomic
def remove_contact(*, contact: Contact, by) -> None:
    """Take away a contact entered by mistake; the trail keeps what it said."""
    member = _locked(contact.member)
    before = {
        "联系日期": full_date(contact.on),
        "联系人": contact.by_name,
        "方式": contact.get_way_display(),
        "情况": contact.note,
    }
    contact.delete()
    _record(member, UNCONTACTED, by, before=before)
    _note([member.pk], contact.on)


@transaction.atomic
def open_cases(*, today: datetime.date, by=None) -> int:
    """Open what the records show to be due for the committees of all branches; how many are new.

    For the nightly chain: a second run opens nothing. An undecided case follows a member who
    moved to another branch.
    """
    branches = Organisation.objects.branches()
    due = cases_due(branches, today) + unpaid_cases_due(branches, today)
    return _open(due, by=by, today=today)


@transaction.atomic
def decide_case(
    *,
    case: Case,
    decision: str,
    on: datetime.date,
    by,
    today: datetime.date,
    seen: str = "",
    suspended_on: datetime.date | None = None,
) -> None:
    """Keep what the committee decided about a case; `seen` is the decision the writer saw.

    Refuses no words, a day before the case counts from or to come, a suspension (停止党籍) where
    the matter knows none, and a decision that somebody else wrote meanwhile. Changes no status.
    """
    case = Case.objects.select_for_update().get(pk=case.pk)
    decision = decision.strip()
    if case.decision != seen:
        raise Refused(f"刚有人写了意见：{case.decision}。请看过再改")
    _refuse_decision(case, decision, on, suspended_on, today)
    before = _decision_words(case) if case.decided_on else {}
    days = [day for day in (case.decided_on, on) if day]
    case.decision, case.decided_on, case.suspended_on = decision, on, suspended_on
    case.decided_by = by
    case.save(update_fields=["decision", "decided_on", "decided_by", "suspended_on"])
    trail.record(
        by=by,
        action=CORRECTED if before else DECIDED,
        area=AREA,
        object_id=case.member_id,
        label=f"{case.member.name} {case.get_kind_display()}",
        organisation_id=case.organisation_id,
        before=before,
        after=_decision_words(case),
    )
    _note([case.member_id], min(days))


def _refuse_decision(case: Case, decision, on, suspended_on, today) -> None:
    if not decision:
        raise Refused("请写明支委会的意见", "decision")
    if on > today:
        raise Refused("研究日期还没有到，请核对", "decided_on")
    if on < case.since:
        raise Refused(f"研究日期早于起算日期 {full_date(case.since)}，请核对", "decided_on")
    if suspended_on is None:
        return
    if case.kind not in SUSPENDING:
        raise Refused("这一事由不涉及停止党籍，请清空停止党籍日期", "suspended_on")
    if suspended_on > today or suspended_on < case.since:
        raise Refused("停止党籍日期应在起算日期以后、今天以前，请核对", "suspended_on")


def _decision_words(case: Case) -> dict[str, str]:
    return {
        "意见": case.decision,
        "研究日期": full_date(case.decided_on),
        "停止党籍日期": full_date(case.suspended_on),
    }


def _due_of(member: Member, today: datetime.date) -> list[Due]:
    return [one for one in cases_due([member.organisation_id], today) if one.member_id == member.pk]


def _open(due: list[Due], *, by, today: datetime.date) -> int:
    undecided = Case.objects.filter(decided_on__isnull=True)
    members = {one.member_id for one in due}
    if len(members) <= _MANY:
        undecided = undecided.filter(member__in=members)
    waiting = {(case.member_id, case.kind): case for case in undecided}
    lines, new = [], []
    for one in due:
        case = waiting.get((one.member_id, one.kind))
        if case is None:
            new.append(one)
        elif case.organisation_id != one.organisation_id:
            case.organisation_id = one.organisation_id
            case.save(update_fields=["organisation_id"])
            lines.append(_case_line(one, MOVED, by))
    # Two runs at once: the unique key decides.
    Case.objects.bulk_create(
        [
            Case(
                organisation_id=one.organisation_id,
                member_id=one.member_id,
                kind=one.kind,
                since=one.since,
                opened_on=today,
            )
            for one in new
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    trail.record_all(lines + [_case_line(one, OPENED, by) for one in new])
    return len(new)


def _case_line(due: Due, action: str, by):
    return trail.line(
        by=by,
        action=action,
        area=AREA,
        object_id=due.member_id,
        label=f"{due.name} {CaseKind(due.kind).label}",
        organisation_id=due.organisation_id,
        after={"起算日期": full_date(due.since)},
    )


def _locked(member: Member) -> Member:
    return Member.objects.select_for_update(no_key=True).get(pk=member.pk)


def _refuse_impossible(absence: Absence, today: datetime.date) -> None:
    if absence.starts_on > today:
        raise Refused("开始日期还没有到，请核对", "starts_on")
    if absence.ends_on and absence.ends_on > today:
        raise Refused("结束日期还没有到，到那天再登记", "ends_on")
    if absence.ends_on and absence.ends_on < absence.starts_on:
        raise Refused(f"结束日期早于开始日期 {full_date(absence.starts_on)}，请核对", "ends_on")
    others = Absence.objects.filter(member_id=absence.member_id, kind=absence.kind)
    meeting = others.exclude(pk=absence.pk).filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=absence.starts_on)
    )
    if absence.ends_on:
        meeting = meeting.filter(starts_on__lte=absence.ends_on)
    if other := meeting.first():
        until = f"到 {full_date(other.ends_on)}" if other.ends_on else "还没有结束"
        raise Refused(
            f"{absence.member.name}已有一段“{other.get_kind_display()}”记录，"
            f"从 {full_date(other.starts_on)}起，{until}，请改那一段",
            "starts_on",
        )


def _keep_in_step(member: Member, kind: str) -> None:
    """The mark on the roster repeats whether an absence as floating is open."""
    if kind != AbsenceKind.FLOATING:
        return
    floating = Absence.objects.filter(member=member, kind=kind, ends_on__isnull=True).exists()
    if member.is_floating != floating:
        member.is_floating = floating
        member.save(update_fields=["is_floating"])


def _words(absence: Absence) -> dict[str, str]:
    words = {}
    for name, word in FACTS.items():
        value = getattr(absence, name)
        words[word] = full_date(value) if name.endswith("_on") else value
    return words


def _line(member: Member, action: str, by, **facts):
    return trail.line(
        by=by,
        action=action,
        area=AREA,
        object_id=member.pk,
        label=member.name,
        organisation_id=member.organisation_id,
        **facts,
    )


def _record(member: Member, action: str, by, **facts) -> None:
    trail.record_all([_line(member, action, by, **facts)])


def _note(members: list[int], from_on: datetime.date) -> None:
    """Every branch in which one of them stood from that day on is judged again."""
    branches = (
        Membership.objects.formal()
        .filter(member__in=members)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=from_on))
        .values_list("organisation_id", flat=True)
        .distinct()
    )
    note_changes([(pk, AREA, from_on, from_on) for pk in branches])
