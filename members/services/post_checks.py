"""What cannot be true of a post, whoever writes it; each says what is wrong and what to do."""

import datetime
from dataclasses import dataclass

from django.db.models import Q

from branches.models import Group, Organisation
from branches.words import full_date
from members.enums import PostTitle
from members.models import Member, Membership, Post
from members.services import Refused

# Posts that two people cannot hold at once, a group's leader within the group.
_ONE_AT_A_TIME = frozenset({PostTitle.SECRETARY, PostTitle.GROUP_LEADER})
# Posts of which a committee may have several.
_SEVERAL = frozenset({PostTitle.DEPUTY, PostTitle.MEMBER})
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """Who takes which post: a member, or a person known by name only; a group leader of `group`."""

    title: str
    member: Member | None = None
    person_name: str = ""
    group: Group | None = None

    @property
    def name(self) -> str:
        return self.member.name if self.member else self.person_name.strip()


def who(one: Holder | Post) -> tuple:
    """The same person in the same post."""
    name = one.name if isinstance(one, Holder) else one.person_name
    group = one.group.pk if one.group else None
    return one.title, group, one.member.pk if one.member else name


def said(post: Post) -> str:
    """宋佳宁任书记."""
    return f"{post.person_name}任{post.get_title_display()}"


def stands(post: Post, day: datetime.date) -> bool:
    """Whether the post was held on `day`; an unknown beginning counts as always."""
    return (post.starts_on is None or post.starts_on <= day) and (
        post.ends_on is None or post.ends_on >= day
    )


def same_post(organisation: Organisation, holder: Holder):
    """Everybody who ever held this post; of a group leader, in the same group."""
    posts = Post.objects.filter(organisation=organisation, title=holder.title)
    return posts.filter(group=holder.group) if holder.group else posts


def before_later(holder: Holder, later: list[Post]) -> datetime.date | None:
    """Where an office entered late ended: before the next one of the same person or single post,
    at the latest with the member's leaving.
    """
    starts = [
        post.starts_on
        for post in later
        if (post.title == holder.title and holder.title not in _SEVERAL)
        or (holder.member and post.member_id == holder.member.pk)
    ]
    ends = [day - _DAY for day in starts]
    if holder.member and holder.member.left_on:
        ends.append(holder.member.left_on)
    return min(ends, default=None)


def refuse_holder(
    organisation: Organisation,
    holder: Holder,
    on: datetime.date | None,
    ends_on: datetime.date | None = None,
    *,
    by_name: bool = False,
) -> None:
    """Refused when this person cannot have held this post there between the two days.

    `by_name` lets a name stand in a branch too.
    """
    if not holder.name:
        raise Refused("请选人或写姓名", "person")
    refuse_days(organisation, on, ends_on)
    if holder.title == PostTitle.GROUP_LEADER:
        _refuse_group(organisation, holder.group, on)
    elif holder.group:
        raise Refused("只有党小组长才写党小组", "group")
    if holder.member is None:
        if organisation.is_branch and not by_name:
            raise Refused("支部的职务由本支部党员担任，请从名册里选人", "person")
    elif not _belongs(organisation, holder.member, on, ends_on):
        where = "这个支部" if organisation.is_branch else "下属支部"
        raise Refused(
            f"{holder.member.name}任职时不在{where}的名册上，请先办组织关系转入再登记", "person"
        )


def refuse_days(
    organisation: Organisation, on: datetime.date | None, ends_on: datetime.date | None
) -> None:
    """Refused when the days are out of order or outside the life of the organisation."""
    if on and ends_on and ends_on < on:
        raise Refused("免职日期早于任职日期，请改成之后的日期", "ends_on")
    founded, dissolved = organisation.founded_on, organisation.dissolved_on
    if on and founded and on < founded:
        raise Refused(
            f"{organisation.short_name}{full_date(founded)}才成立，请核对任职日期", "starts_on"
        )
    # The day of dissolution is the first without it.
    if on and dissolved and on >= dissolved:
        raise Refused(
            f"{organisation.short_name}已于{full_date(dissolved)}撤销，请核对任职日期", "starts_on"
        )
    if dissolved and (ends_on is None or ends_on >= dissolved):
        raise Refused(
            f"{organisation.short_name}已于{full_date(dissolved)}撤销，请填那天以前的免职日期",
            "ends_on",
        )


def _refuse_group(
    organisation: Organisation, group: Group | None, on: datetime.date | None
) -> None:
    if group is None or group.organisation_id != organisation.pk:
        raise Refused("请选党小组长所在的党小组", "group")
    if on and (
        (group.starts_on and on < group.starts_on) or (group.ends_on and on > group.ends_on)
    ):
        raise Refused(f"{full_date(on)}没有“{group.name}”这个党小组，请核对任职日期", "group")


def _belongs(organisation: Organisation, member: Member, on, ends_on) -> bool:
    """Whether the member was in the branch, or below the committee, at some time in office."""
    spans = Membership.objects.within(organisation).filter(member=member)
    if on:
        spans = spans.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))
    if ends_on:
        spans = spans.filter(Q(starts_on__isnull=True) | Q(starts_on__lte=ends_on))
    return spans.exists()


def refuse_overlap(post: Post) -> None:
    """Nobody holds a post twice at once, and some posts nobody holds beside somebody else.

    Who is on the roster no more holds none: a post of the past has an end.
    """
    _refuse_endless(post)
    holder = Holder(post.title, post.member, post.person_name, post.group)
    others = (
        same_post(post.organisation, holder).exclude(pk=post.pk).select_related("member", "group")
    )
    if post.starts_on:
        others = others.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=post.starts_on))
    if post.ends_on:
        others = others.filter(Q(starts_on__isnull=True) | Q(starts_on__lte=post.ends_on))
    for other in others:
        if who(other) == who(holder):
            raise Refused(f"{said(other)}已经登记（{_span(other)}），不用再登记", "person")
        if post.title in _ONE_AT_A_TIME:
            raise Refused(
                f"{said(other)}（{_span(other)}）与这段任职重叠，请勾选“现任同时免职”，"
                "或先登记免职",
                "starts_on",
            )


def _refuse_endless(post: Post) -> None:
    if post.member is None or post.ends_on:
        return
    spans = Membership.objects.within(post.organisation).filter(member=post.member)
    if not spans.filter(ends_on__isnull=True).exists():
        where = "这个支部" if post.organisation.is_branch else "下属支部"
        raise Refused(f"{post.person_name}现在不在{where}的名册上，请填免职日期", "ends_on")


def _span(post: Post) -> str:
    start = f"{full_date(post.starts_on)}起" if post.starts_on else "任职日期未登记"
    return f"{start}，{full_date(post.ends_on)}止" if post.ends_on else start
