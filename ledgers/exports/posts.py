"""Workbook 班子: every time that somebody held a post of the committee in these branches."""

from collections.abc import Iterator

from ledgers.exports.streams import CHUNK, Row
from ledgers.sheets import posts as sheet
from members.enums import COMMITTEE_TITLES
from members.models import Post


def post_rows(branches) -> Iterator[Row]:
    """Each time in office, by branch; who stands is after who stood."""
    posts = (
        Post.objects.filter(organisation__in=branches, title__in=COMMITTEE_TITLES)
        .select_related("organisation", "member")
        .defer("member__id_number", "member__phone")
        .order_by("organisation__code", "starts_on", "pk")
    )
    for post in posts.iterator(chunk_size=CHUNK):
        yield Row(post.pk, sheet.values(post, post.organisation))
