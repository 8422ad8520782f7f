"""What happens to the people of an organisation when it is merged or dissolved, and who works with
a temporary or functional branch without moving the formal relation (组织关系)."""

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from accounts import trail
from branches.changes import note_change
from branches.grants import GrantFault
from branches.models import Grant, Group, Organisation
from branches.services import AREA as BRANCHES
from branches.services import (
    OrganisationFault,
    close_organisation,
    end_rows,
    refuse_children,
    refuse_day,
)
from branches.services import end_group as close_group
from branches.words import full_date
from members.models import Assignment, Development, Member, Membership, Post, Transfer
from members.services import AREA, Refused
from members.services.refusals import refuse_group, refuse_target

_DAY = datetime.timedelta(days=1)
_NAMED = 3


def refuse_relation(organisation: Organisation, on: datetime.date | None = None) -> None:
    """Refused where no formal relation can be put: no branch, dissolved by `on`, temporary or
    functional."""
    refuse_target(organisation, on)


@dataclass(frozen=True)
class Consequences:
    """What the end of an organisation on a day would touch; shown before it is asked for."""

    relations: int
    attached: int
    posts: int
    grants: int
    groups: int
    developments: int


def consequences(organisation: Organisation, on: datetime.date) -> Consequences:
    """How many members, posts, rights, groups and applicants the end on `on` concerns."""
    lasting = Q(ends_on__isnull=True) | Q(ends_on__gte=on)
    staying = _staying(organisation, on)
    return Consequences(
        relations=staying.filter(is_attached=False).count(),
        attached=staying.filter(is_attached=True).count(),
        posts=Post.objects.filter(lasting, organisation=organisation).count(),
        grants=Grant.objects.filter(organisation=organisation, withdrawn_at__isnull=True).count(),
        groups=Group.objects.filter(lasting, organisation=organisation).count(),
        developments=Development.objects.running().filter(organisation=organisation).count(),
    )


def merge_organisation(
    organisation: Organisation,
    *,
    into: Organisation,
    by,
    on: datetime.date,
    today: datetime.date,
    reason: str,
) -> bool:
    """Merge an organisation into another from `on` on, with its people; returns whether it did.

    What `dissolve_organisation` does and refuses; the other organisation is remembered as the
    one it went into. The same again changes nothing.
    """
    return _end(organisation, to=into, by=by, on=on, today=today, reason=reason, merged=True)


def dissolve_organisation(
    organisation: Organisation,
    *,
    by,
    on: datetime.date,
    today: datetime.date,
    reason: str,
    to: Organisation | None = None,
) -> bool:
    """Dissolve an organisation; `on` is the first day without it. Returns whether it did.

    Formal relations end the day before and begin at `to` on the day; posts, assignments, groups,
    units and attachments end, rights given on it are withdrawn, applicants go on at `to`. Code,
    name and history stay. Refuses a day to come, something standing below, open transfers, who
    came after that day, and members without a branch to go to. The same again changes nothing.
    """
    return _end(organisation, to=to, by=by, on=on, today=today, reason=reason, merged=False)


@transaction.atomic
def _end(organisation, *, to, by, on, today, reason, merged: bool) -> bool:
    """One transaction; both organisations are locked in the order of their keys."""
    keys = sorted({organisation.pk, *([to.pk] if to else [])})
    rows = {
        row.pk: row
        for row in Organisation.objects.select_for_update(no_key=True)
        .filter(pk__in=keys)
        .order_by("pk")
    }
    organisation, to = rows[organisation.pk], rows[to.pk] if to else None
    into = to if merged else None
    if organisation.dissolved_on == on and organisation.merged_into_id == (into and into.pk):
        return False
    if not reason.strip():
        raise Refused("请写明依据，如批复文号", "reason")
    try:
        refuse_day(organisation, on, today)
        refuse_children(organisation, on)
        if to is not None:
            _refuse_successor(organisation, to, on)
        _refuse_open_transfers(organisation)
        moved = _move_people(organisation, to, by=by, on=on, reason=reason)
        ended = close_organisation(
            organisation, by=by, on=on, today=today, reason=reason, merged_into=into
        )
    except (OrganisationFault, GrantFault) as fault:
        raise Refused(str(fault), getattr(fault, "field", "") or None) from None
    if to is not None:
        _record(
            to, "接收组织", by, {"并入" if merged else "撤销": organisation.name, **moved}, reason
        )
        note_change(to.pk, AREA, on)
    _record(organisation, "人员随组织变动", by, moved | ended, reason)
    note_change(organisation.pk, AREA, on)
    return True


def _refuse_successor(organisation, to: Organisation, on: datetime.date) -> None:
    if to.pk == organisation.pk:
        raise Refused("请选另一个党组织", "to")
    if to.is_branch != organisation.is_branch:
        raise Refused(
            f"“{to.name}”是{to.get_kind_display()}，党支部只能并入党支部，其他党组织也是", "to"
        )
    if to.founded_on and on < to.founded_on:
        raise Refused(f"“{to.name}”{full_date(to.founded_on)}才成立，请核对日期", "to")
    if to.dissolved_on:
        raise Refused(f"“{to.name}”已于{full_date(to.dissolved_on)}撤销，请另选", "to")


def _refuse_open_transfers(organisation) -> None:
    transfers = list(
        Transfer.objects.open()
        .filter(Q(from_organisation=organisation) | Q(to_organisation=organisation))
        .order_by("started_on", "pk")
    )
    if transfers:
        raise Refused(
            f"{_named([transfer.name for transfer in transfers])}的组织关系转接还没有办完，"
            "请先接收、退回或撤回"
        )


def _named(names: list[str]) -> str:
    more = f"等 {len(names)} 人" if len(names) > _NAMED else ""
    return "、".join(names[:_NAMED]) + more


def _staying(organisation, on: datetime.date):
    """Memberships that last to `on` or longer, of people who had not left by then."""
    return (
        Membership.objects.filter(organisation=organisation)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))
        .filter(Q(member__left_on__isnull=True) | Q(member__left_on__gt=on))
    )


def _move_people(organisation, to, *, by, on: datetime.date, reason: str) -> dict[str, str]:
    """Memberships, posts and applicants; returns what was done, in words."""
    staying = list(_staying(organisation, on).select_related("member").order_by("pk"))
    late = [row.member.name for row in staying if row.starts_on and row.starts_on > on]
    if late:
        raise Refused(
            f"{_named(late)}在{full_date(on)}以后才编入，请把日期改到那以后，或先更正编入日期", "on"
        )
    relations = [row for row in staying if not row.is_attached]
    if relations:
        if to is None:
            raise Refused(
                f"还有 {len(relations)} 名党员的组织关系在这里，请选他们转到哪个党支部", "to"
            )
        refuse_relation(to, on)
    running = Development.objects.running().filter(organisation=organisation)
    if to is None and (first := running.first()):
        raise Refused(f"{first.name}等还在发展过程中，请选他们转到哪个党支部", "to")
    _move_memberships(relations, to, on)
    attached = [row for row in staying if row.is_attached]
    end_rows(Membership.objects.filter(pk__in=[row.pk for row in attached]), on)
    done = {
        "党员": len(relations),
        "编入的党员": len(attached),
        "发展对象和申请人": running.update(organisation=to) if to else 0,
        "职务": end_rows(Post.objects.filter(organisation=organisation), on),
        "选派联系": end_rows(Assignment.objects.filter(organisation=organisation), on),
    }
    trail.record_all(
        [
            trail.line(
                by=by,
                action="组织关系变动",
                area=AREA,
                object_id=row.member_id,
                label=row.member.name,
                organisation_id=to.pk,
                before={"支部": organisation.name},
                after={"支部": to.name, "自": full_date(on)},
                reason=reason,
            )
            for row in relations
        ]
    )
    return {label: f"{count} 人" for label, count in done.items() if count}


def _move_memberships(rows: list[Membership], to: Organisation, on: datetime.date) -> None:
    """End formal relations the day before and begin them at `to`; one that began on `on` is moved
    as it is. An end that was known already stays."""
    begun = [row for row in rows if row.starts_on == on]
    older = [row for row in rows if row.starts_on != on]
    successors = [
        Membership(member_id=row.member_id, organisation=to, starts_on=on, ends_on=row.ends_on)
        for row in older
    ]
    # Whoever left since counts as having left from there.
    standing = [row.member_id for row in rows if row.ends_on in (None, row.member.left_on)]
    Membership.objects.filter(pk__in=[row.pk for row in begun]).update(organisation=to, group=None)
    Membership.objects.filter(pk__in=[row.pk for row in older]).update(ends_on=on - _DAY)
    Membership.objects.bulk_create(successors, batch_size=500)
    Member.objects.filter(pk__in=standing).update(organisation=to, group=None)


def _record(organisation, action: str, by, words: dict[str, str], reason: str) -> None:
    if not words:
        return
    trail.record(
        by=by,
        action=action,
        area=BRANCHES,
        object_id=organisation.pk,
        label=organisation.name,
        organisation_id=organisation.pk,
        after=words,
        reason=reason,
    )


# --- Groups -----------------------------------------------------------------------------


@transaction.atomic
def end_group(
    group: Group,
    *,
    by,
    on: datetime.date,
    today: datetime.date,
    into: Group | None = None,
) -> bool:
    """End a group; `on` is the first day without it. Who is in it goes into another one, or none.

    Its leader's post ends with it. Refuses another branch's group, a day to come, and people who
    came into it on that day or later. Returns whether it was still standing.
    """
    branch = Organisation.objects.select_for_update(no_key=True).get(pk=group.organisation_id)
    group = Group.objects.get(pk=group.pk)
    if group.ends_on is not None:
        return False
    try:
        refuse_day(branch, on, today)
        if into is not None and into.pk == group.pk:
            raise Refused("请选另一个党小组", "into")
        refuse_group(branch, into, on)
        rows = list(
            _staying(branch, on).filter(group=group).select_related("member").order_by("pk")
        )
        if late := [row.member.name for row in rows if row.starts_on and row.starts_on >= on]:
            raise Refused(f"{_named(late)}{full_date(on)}或以后才编入这个党小组，请核对日期", "on")
        _regroup(rows, into, on)
        end_rows(Post.objects.filter(organisation=branch, group=group), on)
        close_group(group, on=on, today=today, by=by)
    except OrganisationFault as fault:
        raise Refused(str(fault), fault.field or None) from None
    note_change(branch.pk, AREA, on)
    return True


def _regroup(rows: list[Membership], into: Group | None, on: datetime.date) -> None:
    successors = [
        Membership(
            member_id=row.member_id,
            organisation_id=row.organisation_id,
            group=into,
            is_attached=row.is_attached,
            starts_on=on,
            ends_on=row.ends_on,
        )
        for row in rows
    ]
    standing = [row.member_id for row in rows if row.ends_on is None and not row.is_attached]
    Membership.objects.filter(pk__in=[row.pk for row in rows]).update(ends_on=on - _DAY)
    Membership.objects.bulk_create(successors, batch_size=500)
    Member.objects.filter(pk__in=standing).update(group=into)


# --- Temporary and functional branches -----------------------------------------------------


@transaction.atomic
def attach_member(
    member: Member, *, to: Organisation, by, on: datetime.date, today: datetime.date
) -> Membership:
    """Somebody works with a temporary or functional branch from `on` on; the formal relation stays.

    Refuses another kind of branch, who has left by then, who is attached there already, and a day
    to come or outside the life of the branch.
    """
    member = Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
    if not to.is_branch or to.holds_relations:
        raise Refused(f"“{to.name}”不是临时或功能型党支部，请办理组织关系转接", "member")
    try:
        refuse_day(to, on, today)
    except OrganisationFault as fault:
        raise Refused(str(fault), fault.field or None) from None
    if member.left_on and member.left_on <= on:
        raise Refused(f"{member.name}已于{full_date(member.left_on)}离开，不能编入", "member")
    if member.joined_on and on < member.joined_on:
        raise Refused(f"{member.name}{full_date(member.joined_on)}才入党，请核对日期", "on")
    lasting = Q(ends_on__isnull=True) | Q(ends_on__gte=on)
    if Membership.objects.filter(
        lasting, member=member, organisation=to, is_attached=True
    ).exists():
        raise Refused(f"{member.name}已编入“{to.name}”", "member")
    row = Membership.objects.create(member=member, organisation=to, is_attached=True, starts_on=on)
    _record_attached(row, "编入临时支部", by, {"编入": to.name, "自": full_date(on)})
    note_change(to.pk, AREA, on)
    return row


@transaction.atomic
def release_member(
    row: Membership, *, by, on: datetime.date, today: datetime.date, reason: str = ""
) -> bool:
    """End an attachment; `on` is the first day without it. Returns whether it still stood.

    The posts held there end with it. Refuses a formal relation and a day to come or before it began.
    """
    row = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("member", "organisation")
        .get(pk=row.pk)
    )
    if not row.is_attached:
        raise Refused("这是组织关系，请办理转接")
    if row.ends_on is not None:
        return False
    try:
        refuse_day(row.organisation, on, today)
    except OrganisationFault as fault:
        raise Refused(str(fault), fault.field or None) from None
    if row.starts_on and on <= row.starts_on:
        raise Refused(f"{full_date(row.starts_on)}才编入，请填那天以后的日期", "on")
    row.ends_on = on - _DAY
    row.save(update_fields=["ends_on"])
    end_rows(Post.objects.filter(organisation=row.organisation, member=row.member), on)
    words = {"结束编入": row.organisation.name, "自": full_date(on)}
    _record_attached(row, "结束编入", by, words, reason)
    note_change(row.organisation_id, AREA, on)
    return True


def _record_attached(row: Membership, action: str, by, words: dict, reason: str = "") -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=row.member_id,
        label=row.member.name,
        organisation_id=row.organisation_id,
        after=words,
        reason=reason,
    )
