"""What happens to posts in units (单位职务): what 一肩挑 and 交叉任职 are computed from."""

import datetime

from django.db import transaction
from django.db.models import Q

from accounts import trail
from branches.changes import note_change
from branches.models import Unit
from branches.words import full_date
from members.models import Member, UnitPost
from members.services import AREA, Refused

TRAIL_AREA = "unit_posts"


@transaction.atomic
def take_unit_post(
    *,
    unit: Unit,
    member: Member,
    title: str,
    by,
    starts_on: datetime.date | None,
    ends_on: datetime.date | None = None,
    is_main_leader: bool = False,
) -> UnitPost:
    """A member holds a post in a unit; `is_main_leader` marks the unit's head (主要负责人).

    Refuses an empty title, an end before the beginning, the same post twice at once.
    """
    post = UnitPost(
        unit=unit,
        member=member,
        title=title.strip(),
        is_main_leader=is_main_leader,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    _refuse_impossible(post)
    post.save(force_insert=True)
    _line("登记单位职务", post, before={}, after=_words(post), by=by)
    return post


@transaction.atomic
def correct_unit_post(
    *,
    post: UnitPost,
    unit: Unit,
    member: Member,
    title: str,
    by,
    starts_on: datetime.date | None,
    ends_on: datetime.date | None = None,
    is_main_leader: bool = False,
) -> bool:
    """Put right or end a unit post; returns whether anything differed. Refuses as above."""
    post = _locked(post)
    before, old_member = _words(post), post.member
    facts = (post.unit_id, post.member_id, post.title, post.is_main_leader)
    days = (post.starts_on, post.ends_on)
    post.unit, post.member, post.title = unit, member, title.strip()
    post.is_main_leader, post.starts_on, post.ends_on = is_main_leader, starts_on, ends_on
    changed = (post.unit_id, post.member_id, post.title, post.is_main_leader)
    if changed == facts and (starts_on, ends_on) == days:
        return False
    _refuse_impossible(post)
    post.save()
    _line("更正单位职务", post, before=before, after=_words(post), by=by)
    if old_member.organisation_id != member.organisation_id:
        note_change(old_member.organisation_id, AREA, days[0] or datetime.date.min)
    return True


@transaction.atomic
def remove_unit_post(*, post: UnitPost, by, reason: str) -> None:
    """Take out a line that never was true; the trail keeps it. Refuses without a reason."""
    if not reason.strip():
        raise Refused("请写明为什么删去，如：登记错了人", "reason")
    post = _locked(post)
    _line("删去误登的单位职务", post, before=_words(post), after={}, by=by, reason=reason)
    post.delete()


def _locked(post: UnitPost) -> UnitPost:
    return (
        UnitPost.objects.select_for_update(of=("self",))
        .select_related("unit", "member__organisation")
        .get(pk=post.pk)
    )


def _refuse_impossible(post: UnitPost) -> None:
    if not post.title:
        raise Refused("请写单位职务，如：村委会主任", "title")
    if post.starts_on and post.ends_on and post.ends_on < post.starts_on:
        raise Refused("免职日期早于任职日期，请改成之后的日期", "ends_on")
    others = UnitPost.objects.filter(unit=post.unit, member=post.member, title=post.title).exclude(
        pk=post.pk
    )
    if post.starts_on:
        others = others.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=post.starts_on))
    if post.ends_on:
        others = others.filter(Q(starts_on__isnull=True) | Q(starts_on__lte=post.ends_on))
    if others.exists():
        raise Refused(
            f"{post.member.name}在{post.unit.name}任{post.title}已经登记，不用再登记", "title"
        )


def _words(post: UnitPost) -> dict[str, str]:
    words = {
        "单位": post.unit.name,
        "姓名": post.member.name,
        "单位职务": post.title,
        "主要负责人": "是" if post.is_main_leader else "",
        "任职日期": full_date(post.starts_on),
        "免职日期": full_date(post.ends_on),
    }
    return {name: value for name, value in words.items() if value}


def _line(action: str, post: UnitPost, *, before, after, by, reason: str = "") -> None:
    organisation_id = post.member.organisation_id
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=post.pk,
        label=f"{post.unit.name} {post.title} {post.member.name}",
        organisation_id=organisation_id,
        before=before,
        after=after,
        reason=reason.strip(),
    )
    note_change(organisation_id, AREA, post.starts_on or datetime.date.min)
