"""Sheet 组织: the organisations of the month as they stood on the day."""

from collections.abc import Iterator

from django.db.models import Count, OuterRef, Q, Subquery

from branches.dated import standing_on
from branches.history import DATED_FACTS, as_of
from branches.models import Group, Placement
from ledgers.exports.names import CellNames
from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Row
from ledgers.sheets import branches
from members.enums import PostTitle
from members.models import Post, Term


def organisation_rows(scope: LedgerScope, names: CellNames) -> Iterator[Row]:
    """Each organisation, in the order of codes."""
    day, here = scope.day, OuterRef("pk")
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
    organisations = (
        as_of(scope.organisations, day)
        .annotate(
            parent_code_then=Subquery(placement.values("parent__code")[:1]),
            secretary_id=Subquery(post.values("member_id")[:1]),
            secretary_name=Subquery(post.values("person_name")[:1]),
            term_ends_on=Subquery(term.values("ends_on")[:1]),
            group_count=Subquery(groups),
        )
        .order_by("code")
    )
    for organisation in organisations.iterator(chunk_size=CHUNK):
        # Unsaved: only what the sheet reads from it.
        for field in DATED_FACTS:
            setattr(organisation, field, getattr(organisation, f"{field}_then"))
        secretary = names.of(
            organisation.pk, organisation.secretary_id, organisation.secretary_name or ""
        )
        yield Row(
            organisation.pk,
            branches.values(
                organisation,
                parent_code=organisation.parent_code_then or "",
                term_end=organisation.term_ends_on,
                secretary=secretary,
                groups=organisation.group_count or 0,
            ),
        )
