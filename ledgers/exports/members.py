"""Sheet 党员: who belonged to which branch on the day."""

from collections.abc import Iterator

from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Row
from ledgers.sheets import members
from ledgers.sheets.columns import ID_NUMBER, PHONE
from members.enums import MemberKind
from members.roster import roster

# Decrypting takes longer than everything else, so it is done only where it is shown.
_SECRET = ("member__id_number", "member__phone")


def member_rows(scope: LedgerScope, *, full_numbers: bool) -> Iterator[Row]:
    """Each membership in force, in the order of branches."""
    memberships = (
        roster(scope.organisations, scope.day)
        .select_related("member", "organisation")
        .order_by("organisation__code", "member_id")
    )
    if not full_numbers:
        memberships = memberships.defer(*_SECRET)
    for membership in memberships.iterator(chunk_size=CHUNK):
        member = membership.member
        # Whoever was confirmed later was on probation then.
        if member.confirmed_on and member.confirmed_on > scope.day:
            member.kind, member.confirmed_on = MemberKind.PROBATIONARY, None
        whole = {}
        if full_numbers:
            whole = {ID_NUMBER.heading: member.id_number, PHONE.heading: member.phone}
        yield Row(member.pk, members.values(member, scope.renamed(membership.organisation)), whole)
