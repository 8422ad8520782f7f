"""What happens to posts in Party organisations (职务)."""

import datetime
from collections.abc import Sequence

from django.db import transaction

from accounts import trail
from branches.changes import note_change
from branches.models import Organisation
from branches.words import full_date
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Post
from members.services import AREA, Refused
from members.services.post_checks import (
    Holder,
    before_later,
    refuse_holder,
    refuse_overlap,
    said,
    same_post,
    stands,
    who,
)

# The area of trail lines: a post and a member may have the same key.
TRAIL_AREA = "posts"
_DAY = datetime.timedelta(days=1)


@transaction.atomic
def replace_committee(
    *,
    organisation: Organisation,
    holders: Sequence[Holder],
    on: datetime.date,
    by,
    is_appointed: bool = False,
    filed_on: datetime.date | None = None,
) -> list[Post]:
    """A new committee takes office on `on`: everybody of the old one ends the day before.

    For elections (换届选举), and for a committee that the superior appoints. It sets the secretary
    too, so a view must have asked for the right to do that: a secretary cannot clear the branch's
    own red light by `appoint`, and not by this without an election on record. Who stays on gets a
    new row, so that each term has its own. Group leaders stay as they are. Entered late, the new
    rows end where later ones of the same person or the same single post begin. The same call again
    changes nothing; who began on that very day and is not among `holders` is to be corrected first.

    Refuses an empty committee, group leaders, two secretaries, one person twice in one post,
    people who are not members of the branch, days outside the organisation's life.
    """
    organisation = _locked(organisation)
    _check_committee(organisation, holders, on)
    posts = list(
        organisation.posts.filter(title__in=COMMITTEE_TITLES).select_related("member", "group")
    )
    wanted = {who(holder): holder for holder in holders}
    begun = {who(post): post for post in posts if post.starts_on == on}
    if begun.keys() - wanted.keys():
        strangers = "、".join(said(post) for key, post in begun.items() if key not in wanted)
        raise Refused(f"{strangers}也从{full_date(on)}起任职，不在这个班子里，请先更正那一条")
    for post in posts:
        if stands(post, on) and post.starts_on != on:
            _end(post, on - _DAY, by=by, reason="换届")
    later = [post for post in posts if post.starts_on and post.starts_on > on]
    written = []
    for key, holder in wanted.items():
        if key in begun:
            written.append(begun[key])
            continue
        post = Post(
            organisation=organisation,
            title=holder.title,
            member=holder.member,
            person_name=holder.name,
            is_appointed=is_appointed,
            filed_on=filed_on,
            starts_on=on,
            ends_on=before_later(holder, later),
        )
        _begin(post, by=by)
        written.append(post)
    return written


def _check_committee(organisation, holders: Sequence[Holder], on: datetime.date) -> None:
    if not holders:
        raise Refused("请至少写一名班子成员")
    if any(holder.title not in COMMITTEE_TITLES for holder in holders):
        raise Refused("党小组长不是班子成员，请在班子任职里单独登记")
    secretaries = [holder.name for holder in holders if holder.title == PostTitle.SECRETARY]
    if len(secretaries) > 1:
        raise Refused(f"{'、'.join(secretaries)}都写成了书记，书记只能有一名")
    if len({who(holder) for holder in holders}) < len(holders):
        raise Refused("同一个人的同一职务写了两次，请去掉一次")
    for holder in holders:
        refuse_holder(organisation, holder, on)


@transaction.atomic
def appoint(
    *,
    organisation: Organisation,
    holder: Holder,
    on: datetime.date,
    by,
    ends_on: datetime.date | None = None,
    is_appointed: bool = False,
    filed_on: datetime.date | None = None,
    ends_predecessor: bool = False,
) -> Post:
    """Somebody takes a post from `on` on; with `ends_predecessor` who holds it ends the day before.

    Refuses a second secretary, a second leader of a group, the same person twice in a post, who is
    no member of the branch, a name without a member in a branch, days outside the life of the
    organisation or of the group.
    """
    organisation = _locked(organisation)
    refuse_holder(organisation, holder, on, ends_on)
    if ends_predecessor:
        for post in same_post(organisation, holder).select_related("member"):
            if stands(post, on) and who(post) != who(holder):
                if post.starts_on and post.starts_on >= on:
                    raise Refused(
                        f"{said(post)}从{full_date(post.starts_on)}起，请核对任职日期", "starts_on"
                    )
                _end(post, on - _DAY, by=by, reason=f"由{holder.name}接任")
    post = Post(
        organisation=organisation,
        title=holder.title,
        member=holder.member,
        person_name=holder.name,
        group=holder.group,
        is_appointed=is_appointed,
        filed_on=filed_on,
        starts_on=on,
        ends_on=ends_on,
    )
    refuse_overlap(post)
    _begin(post, by=by)
    return post


@transaction.atomic
def end_post(*, post: Post, on: datetime.date, by, reason: str = "") -> Post:
    """The last day in a post is `on`. Refuses a post that has ended or began after `on`."""
    _locked(post.organisation)
    post = _fresh(post)
    if post.ends_on:
        raise Refused(f"{said(post)}已于{full_date(post.ends_on)}免职，日期不对请用更正", "on")
    if post.starts_on and on < post.starts_on:
        raise Refused(f"免职日期早于任职日期{full_date(post.starts_on)}，请改成之后的日期", "on")
    _end(post, on, by=by, reason=reason)
    return post


@transaction.atomic
def correct_post(
    *,
    post: Post,
    holder: Holder,
    starts_on: datetime.date | None,
    ends_on: datetime.date | None,
    by,
    is_appointed: bool = False,
    filed_on: datetime.date | None = None,
    reason: str = "",
) -> bool:
    """Put right what was entered wrongly; returns whether anything differed.

    Refuses what `appoint` refuses. An unknown beginning may stay unknown, and a name that came
    with a workbook may stay a name.
    """
    organisation = _locked(post.organisation)
    post = _fresh(post)
    before, facts = _words(post), _facts(post)
    name_stays = post.member is None and holder.member is None and holder.name == post.person_name
    post.title, post.group = holder.title, holder.group
    post.member, post.person_name = holder.member, holder.name
    post.starts_on, post.ends_on = starts_on, ends_on
    post.is_appointed, post.filed_on = is_appointed, filed_on
    if _facts(post) == facts:
        return False
    refuse_holder(organisation, holder, starts_on, ends_on, by_name=name_stays)
    refuse_overlap(post)
    post.save()
    _line("更正任职", post, before=before, after=_words(post), by=by, reason=reason)
    _note(post, facts["starts_on"], facts["ends_on"])
    return True


@transaction.atomic
def remove_post(*, post: Post, by, reason: str) -> None:
    """Take out a line that never was true; the trail keeps it. Refuses without a reason."""
    if not reason.strip():
        raise Refused("请写明为什么删去，如：登记到了别的支部", "reason")
    _locked(post.organisation)
    post = _fresh(post)
    _line("删去误登的任职", post, before=_words(post), after={}, by=by, reason=reason)
    _note(post)
    post.delete()


@transaction.atomic
def link_account(*, post: Post, account, by) -> None:
    """Say with which account the holder of a post works; None takes the link away.

    Rights come from grants, never from this. Refuses an account without a grant there.
    """
    post = _fresh(post)
    if account and not _granted(account, post.organisation):
        raise Refused(f"账号 {account} 在“{post.organisation.name}”没有授权，请先授权")
    before = {"账号": str(post.account or "")}
    post.account = account
    post.save(update_fields=["account"])
    _line("关联账号", post, before=before, after={"账号": str(account or "")}, by=by)


def _granted(account, organisation: Organisation) -> bool:
    return account.grants.filter(withdrawn_at__isnull=True, organisation=organisation).exists()


# --- What the services share ------------------------------------------------------------


def _locked(organisation: Organisation) -> Organisation:
    """The organisation, held until the transaction ends: its posts change one act at a time."""
    return Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)


def _fresh(post: Post) -> Post:
    return Post.objects.select_related("organisation", "member", "group", "account").get(pk=post.pk)


def _begin(post: Post, *, by) -> None:
    post.save(force_insert=True)
    _line("登记任职", post, before={}, after=_words(post), by=by)
    _note(post)


def _end(post: Post, on: datetime.date, *, by, reason: str) -> None:
    before = full_date(post.ends_on)
    post.ends_on = on
    post.save(update_fields=["ends_on"])
    _line(
        "登记免职",
        post,
        before={"免职日期": before},
        after={"免职日期": full_date(on)},
        by=by,
        reason=reason,
    )
    _note(post, on)


def _facts(post: Post) -> dict[str, object]:
    """What can be corrected of a post."""
    names = ("title", "group_id", "member_id", "person_name", "starts_on", "ends_on")
    return {name: getattr(post, name) for name in (*names, "is_appointed", "filed_on")}


def _words(post: Post) -> dict[str, str]:
    words = {
        "职务": post.get_title_display(),
        "姓名": post.person_name,
        # Two of one name are told apart; the mask is all the trail may hold.
        "公民身份号码": post.member.id_number_mask if post.member else "",
        "党小组": str(post.group or ""),
        "产生方式": "上级指派" if post.is_appointed else "选举产生",
        "备案日期": full_date(post.filed_on),
        "任职日期": full_date(post.starts_on),
        "免职日期": full_date(post.ends_on),
    }
    return {name: value for name, value in words.items() if value}


def _line(action: str, post: Post, *, before, after, by, reason: str = "") -> None:
    trail.record(
        by=by,
        action=action,
        area=TRAIL_AREA,
        object_id=post.pk,
        label=f"{post.organisation.short_name} {post.get_title_display()} {post.person_name}",
        organisation_id=post.organisation_id,
        before=before,
        after=after,
        reason=reason.strip(),
    )


def _note(post: Post, *days: datetime.date | None) -> None:
    """What depends on the post is judged again from its first day on."""
    known = [day for day in (post.starts_on, post.ends_on, *days) if day]
    first = min(known, default=datetime.date.min) if post.starts_on else datetime.date.min
    note_change(post.organisation_id, AREA, first, max(known, default=first))
