"""Duty posts and promises as they are read: of a branch in a year, of one member over the years."""

from members.models import Member, Pledge


def of_branch(organisation, year: int):
    """The pledges of a branch in a year with their members, in the order of the roster."""
    return (
        Pledge.objects.filter(organisation=organisation, year=year)
        .select_related("member")
        .order_by("member_id", "pk")
    )


def pledges_of(member: Member) -> list[Pledge]:
    """What a member took on, newest year first, with what came of it; one query."""
    return list(member.pledges.order_by("-year", "pk"))
