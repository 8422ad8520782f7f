"""Sheet 组织: the organisations of the month as they stood on the day."""

from collections.abc import Iterator

from django.db.models import Count, OuterRef, Q, Subquery

from branches.models import Group, Placement
from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Row
from members.enums import PostTitle
from members.models import Post, Term, standing_on


def organisation_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """Each organisation, in the order of codes."""
    day = scope.day
    here = OuterRef("pk")
    placement = Placement.objects.filter(standing_on(day), organisation=here).order_by("-starts_on")
    post = Post.objects.on(day).filter(organisation=here, title=PostTitle.SECRETARY).order_by("-pk")
    term = Term.objects.filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=day), organisation=here
    ).order_by("-ends_on")
    groups = (
        Group.objects.filter(organisation=here)
        .standing(day, day)
        .order_by()
        .values("organisation")
        .annotate(number=Count("pk"))
        .values("number")
    )
    organisations = scope.organisations.annotate(
        parent_code_then=Subquery(placement.values("parent__code")[:1]),
        secretary_id=Subquery(post.values("member_id")[:1]),
        secretary_name=Subquery(post.values("person_name")[:1]),
        term_ends_on=Subquery(term.values("ends_on")[:1]),
        group_count=Subquery(groups),
    ).order_by("code")
    for organisation in organisations.iterator(chunk_size=CHUNK):
        yield Row(
            organisation.pk,
            {
                "组织编码": organisation.code,
                "组织名称": organisation.name,
                "上级组织编码": organisation.parent_code_then,
                "组织类别": organisation.get_kind_display(),
                "所属领域": organisation.get_sector_display(),
                "成立日期": organisation.founded_on,
                "本届届满日期": organisation.term_ends_on,
                "书记": names.of(
                    organisation.pk, organisation.secretary_id, organisation.secretary_name or ""
                ),
                "党小组数": organisation.group_count,
            },
        )
