"""What happens to a member's formal relation (组织关系): joining, moving, leaving.

A member stands in one branch at a time. Nobody is deleted: who leaves keeps the row with a day
and a reason, and memberships and posts end that day.
"""

import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from branches.changes import note_change
from branches.models import Group, Organisation
from branches.words import full_date
from members.enums import LeaveReason, PostTitle
from members.models import Development, Member, Membership
from members.services import AREA, Refused
from members.services.post_checks import refuse_overlap
from members.services.records import locked, refuse_unknown
from members.services.refusals import (
    refuse_dates,
    refuse_group,
    refuse_known_number,
    refuse_open_transfer,
    refuse_target,
)
from members.services.words import filled, in_words, numbers_in_words, record

ADDED = "新增党员"
MOVED, REGROUPED = "组织关系变动", "调整党小组"
LEFT, RETURNED = "登记离开", "撤回离开"
LEFT_COUNTY = LeaveReason.MOVED.label

_DAY = datetime.timedelta(days=1)


@transaction.atomic
def create_member(
    *,
    branch: Organisation,
    by,
    on: datetime.date | None = None,
    group: Group | None = None,
    id_number: str = "",
    phone: str = "",
    action: str = ADDED,
    reason: str = "",
    **facts,
) -> Member:
    """Put somebody on the roster of a branch from `on` on (default: the day of joining the Party).

    Refuses a branch that holds no formal relations, days that cannot be, a group of another
    branch, and an identity number that is on the county's roster already. `facts` as in FACTS.
    """
    refuse_unknown(facts)
    on = on or facts.get("joined_on")
    refuse_target(branch, on)
    refuse_group(branch, group, on)
    refuse_dates(
        **{name: facts.get(name) for name in ("kind", "born_on", "joined_on", "confirmed_on")}
    )
    refuse_known_number(id_number, by=by)
    member = Member(organisation=branch, group=group, **facts)
    member.set_id_number(id_number)
    member.set_phone(phone)
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError:
        # Somebody was faster with the same number.
        refuse_known_number(id_number, by=by)
        raise
    Membership.objects.create(member=member, organisation=branch, group=group, starts_on=on)
    written = {"支部": branch.name, "自": full_date(on), "党小组": str(group or "")}
    written |= in_words(member, sorted(facts)) | numbers_in_words(member)
    record(member, action, by, after=filled(written), reason=reason)
    note_change(branch.pk, AREA, on or datetime.date.min)
    return member


@transaction.atomic
def move_membership(
    *,
    member: Member,
    to: Organisation,
    on: datetime.date,
    by,
    group: Group | None = None,
    reason: str = "",
) -> Membership:
    """Move the formal relation to another branch: the old one until the day before `on`.

    Refuses who has left, a branch that holds no formal relations or does not stand on that day,
    the branch he or she is in, and a day not after the beginning there. Posts in the old branch
    end with it.
    """
    member = locked(member)
    if member.left_on:
        raise Refused(f"{member.name}已于 {full_date(member.left_on)}离开，不能再变动组织关系")
    refuse_target(to, on)
    refuse_group(to, group, on)
    old = member.organisation
    if to.pk == old.pk:
        raise Refused(f"{member.name}的组织关系已在“{to.name}”")
    current = _open_membership(member)
    if current and current.starts_on and current.starts_on >= on:
        raise Refused(
            f"{member.name}{full_date(current.starts_on)}才到“{old.name}”，"
            "转到别处须在那以后，请核对日期",
            "on",
        )
    posts = _end_posts(member.posts.filter(organisation=old), on - _DAY)
    if current:
        current.ends_on = on - _DAY
        current.save(update_fields=["ends_on"])
    opened = Membership.objects.create(member=member, organisation=to, group=group, starts_on=on)
    member.organisation, member.group = to, group
    member.save(update_fields=["organisation", "group"])
    after = {"支部": to.name, "党小组": str(group or ""), "自": full_date(on)} | posts
    record(member, MOVED, by, before={"支部": old.name}, after=filled(after), reason=reason)
    note_change(old.pk, AREA, on)
    note_change(to.pk, AREA, on)
    return opened


@transaction.atomic
def change_group(
    *, member: Member, group: Group | None, on: datetime.date, by, reason: str = ""
) -> bool:
    """Put a member into another group of the same branch from `on` on; months before keep the old.

    Refuses who has left, a group of another branch or ended by then, and a day before the
    membership began. Returns whether anything differed.
    """
    member = locked(member)
    if member.left_on:
        raise Refused(f"{member.name}已于 {full_date(member.left_on)}离开，不能再调整党小组")
    if member.group_id == (group.pk if group else None):
        return False
    refuse_group(member.organisation, group, on)
    current = _open_membership(member)
    if current and current.starts_on and current.starts_on > on:
        raise Refused(f"{full_date(current.starts_on)}才编入本支部，调整须在那天或以后", "on")
    before = str(member.group or "")
    posts = {}
    if member.group_id:
        leading = member.posts.filter(title=PostTitle.GROUP_LEADER, group=member.group_id)
        posts = _end_posts(leading, on - _DAY)
    if current and current.starts_on == on:
        # Begun on that very day: corrected, as nothing of it is past.
        current.group = group
        current.save(update_fields=["group"])
    else:
        if current:
            current.ends_on = on - _DAY
            current.save(update_fields=["ends_on"])
        Membership.objects.create(
            member=member, organisation_id=member.organisation_id, group=group, starts_on=on
        )
    member.group = group
    member.save(update_fields=["group"])
    after = {"党小组": str(group or "未编组"), "自": full_date(on)} | posts
    record(member, REGROUPED, by, before={"党小组": before}, after=after, reason=reason)
    note_change(member.organisation_id, AREA, on)
    return True


@transaction.atomic
def end_membership(*, member: Member, on: datetime.date, reason: str, by, note: str = "") -> None:
    """Somebody leaves on `on`: memberships, attachments, posts and assignments end that day; the
    row stays.

    Refuses without a reason, who has left already, and a day before the joining or before the
    membership, a post or an assignment began.
    """
    member = locked(member)
    if not reason.strip():
        raise Refused("离开要写明原因", "reason")
    if member.left_on:
        raise Refused(f"{member.name}已于 {full_date(member.left_on)}离开，不用再登记")
    if member.joined_on and on < member.joined_on:
        raise Refused(f"离开日期早于入党日期 {full_date(member.joined_on)}，请核对", "on")
    current = _open_membership(member)
    if current and current.starts_on and on < current.starts_on:
        raise Refused(f"{full_date(current.starts_on)}才到本支部，离开须在那天或以后", "on")
    posts = _end_posts(member.posts.all(), on) | _end_assignments(member, on)
    attached = list(member.memberships.filter(is_attached=True, ends_on__isnull=True))
    for membership in (*attached, *([current] if current else [])):
        membership.ends_on = max(on, membership.starts_on or on)
        membership.save(update_fields=["ends_on"])
    member.left_on, member.left_reason = on, reason.strip()
    member.save(update_fields=["left_on", "left_reason"])
    after = {"离开日期": full_date(on), "离开原因": member.left_reason} | posts
    record(member, LEFT, by, after=after, reason=note)
    for organisation_id in {member.organisation_id, *(one.organisation_id for one in attached)}:
        note_change(organisation_id, AREA, on)


@transaction.atomic
def leave(
    *,
    member: Member,
    on: datetime.date,
    reason: str,
    by,
    today: datetime.date,
    note: str = "",
) -> None:
    """Somebody's leaving as a branch registers it; see `end_membership`.

    Refuses a day to come, and while a transfer is under way: that ends the membership itself.
    """
    if on > today:
        raise Refused(f"{full_date(on)}还没有到，到了那天再登记", "on")
    refuse_open_transfer(member)
    end_membership(member=member, on=on, reason=reason, by=by, note=note)


@transaction.atomic
def undo_leaving(*, member: Member, by, reason: str) -> None:
    """Take back a leaving entered by mistake: what ended that day goes on, so does a probation.

    Refuses without a reason and who has not left. A post that somebody else holds by now stays
    ended.
    """
    member = locked(member)
    if not reason.strip():
        raise Refused("请写明为什么撤回", "reason")
    if not member.left_on:
        raise Refused(f"{member.name}没有登记离开，不用撤回")
    left_on, left_reason = member.left_on, member.left_reason
    member.left_on, member.left_reason = None, ""
    member.save(update_fields=["left_on", "left_reason"])
    last = member.memberships.formal().filter(organisation=member.organisation_id, ends_on=left_on)
    membership = last.order_by("-pk").first()
    if membership:
        membership.ends_on = None
        membership.save(update_fields=["ends_on"])
    else:
        Membership.objects.create(
            member=member,
            organisation_id=member.organisation_id,
            group_id=member.group_id,
            starts_on=left_on + _DAY,
        )
    attached = member.memberships.filter(is_attached=True, ends_on=left_on)
    for organisation_id in attached.values_list("organisation_id", flat=True):
        note_change(organisation_id, AREA, left_on)
    attached.update(ends_on=None)
    record(
        member,
        RETURNED,
        by,
        before={"离开日期": full_date(left_on), "离开原因": left_reason},
        after=_reopen_posts(member, left_on)
        | _reopen_assignments(member, left_on)
        | _reopen_development(member),
        reason=reason.strip(),
    )
    note_change(member.organisation_id, AREA, left_on)


@transaction.atomic
def rejoin_branch(
    *,
    member: Member,
    branch: Organisation,
    on: datetime.date,
    by,
    group: Group | None = None,
    reason: str = "",
) -> Membership:
    """Somebody who left comes back to a branch of the county on `on`, on the row kept since.

    A way to membership that ended with leaving the county goes on there. Refuses who has not left,
    a day not after the leaving, and what `move_membership` refuses.
    """
    member = locked(member)
    if not member.left_on:
        raise Refused(f"{member.name}在“{member.organisation.name}”的名册里，请办理组织关系转接")
    refuse_target(branch, on)
    refuse_group(branch, group, on)
    if on <= member.left_on:
        raise Refused(f"{full_date(member.left_on)}才离开，重新编入须在那以后", "on")
    before = {"离开日期": full_date(member.left_on), "离开原因": member.left_reason}
    opened = Membership.objects.create(
        member=member, organisation=branch, group=group, starts_on=on
    )
    member.organisation, member.group = branch, group
    member.left_on, member.left_reason = None, ""
    member.save(update_fields=["organisation", "group", "left_on", "left_reason"])
    after = {"支部": branch.name, "党小组": str(group or ""), "自": full_date(on)}
    after |= _reopen_development(member)
    record(member, MOVED, by, before=before, after=filled(after), reason=reason)
    note_change(branch.pk, AREA, on)
    return opened


def _open_membership(member: Member) -> Membership | None:
    return member.memberships.formal().filter(ends_on__isnull=True).first()


def _end_posts(posts, on: datetime.date) -> dict[str, str]:
    """End the posts still held after `on`, and what the trail says of it."""
    posts = posts.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on)).select_related("organisation")
    ended = []
    for post in posts.select_for_update(of=("self",)):
        if post.starts_on and post.starts_on > on:
            raise Refused(
                f"{post.person_name}的职务“{post.get_title_display()}”自 {full_date(post.starts_on)}起，"
                "晚于这一天，请先更正任职",
                "on",
            )
        post.ends_on = on
        post.save(update_fields=["ends_on"])
        ended.append(f"{post.organisation.short_name}{post.get_title_display()}")
        note_change(post.organisation_id, AREA, on)
    return {"免去职务": "、".join(ended)} if ended else {}


def _end_assignments(member: Member, on: datetime.date) -> dict[str, str]:
    """End the assignments that last beyond `on`, and what the trail says of it."""
    rows = member.assignments.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on))
    ended = []
    for row in rows.select_related("organisation").select_for_update(of=("self",)):
        if row.starts_on > on:
            raise Refused(
                f"{row.person_name}自 {full_date(row.starts_on)}起选派到"
                f"{row.organisation.short_name}，晚于这一天，请先更正选派",
                "on",
            )
        row.ends_on = on
        row.save(update_fields=["ends_on"])
        ended.append(f"{row.organisation.short_name}{row.get_role_display()}")
        note_change(row.organisation_id, AREA, on)
    return {"结束选派": "、".join(ended)} if ended else {}


def _reopen_posts(member: Member, ended_on: datetime.date) -> dict[str, str]:
    """Posts that ended with the leaving go on, but where somebody else holds the post by now."""
    reopened = []
    posts = member.posts.filter(ends_on=ended_on, organisation__dissolved_on__isnull=True)
    for post in posts.select_related("organisation", "group", "member"):
        post.ends_on = None
        try:
            refuse_overlap(post)
        except Refused:
            continue
        post.save(update_fields=["ends_on"])
        reopened.append(f"{post.organisation.short_name}{post.get_title_display()}")
        note_change(post.organisation_id, AREA, ended_on)
    return {"恢复职务": "、".join(reopened)} if reopened else {}


def _reopen_assignments(member: Member, ended_on: datetime.date) -> dict[str, str]:
    """Assignments that ended with the leaving go on."""
    reopened = []
    rows = member.assignments.filter(ends_on=ended_on, organisation__dissolved_on__isnull=True)
    for row in rows.select_related("organisation"):
        row.ends_on = None
        row.save(update_fields=["ends_on"])
        reopened.append(f"{row.organisation.short_name}{row.get_role_display()}")
        note_change(row.organisation_id, AREA, ended_on)
    return {"恢复选派": "、".join(reopened)} if reopened else {}


def _reopen_development(member: Member) -> dict[str, str]:
    """A way to membership that ended with leaving the county goes on where the member is."""
    ended = Development.objects.filter(
        member=member, ended_on__isnull=False, end_reason=LEFT_COUNTY
    )
    count = ended.update(ended_on=None, end_reason="", organisation=member.organisation_id)
    return {"发展党员": "继续办理"} if count else {}
