"""What happens to a member's own record."""

from dataclasses import dataclass

from django.db import transaction

from accounts import trail
from members.models import Member
from members.services import AREA, Refused

REVEALED = "查看完整号码"


@dataclass(frozen=True)
class Numbers:
    """The full numbers of one member, for one answer to one reader."""

    id_number: str
    phone: str


@transaction.atomic
def reveal_numbers(*, member: Member, by, reason: str) -> Numbers:
    """The full identity and phone number; who looked and why stays in the trail.

    Refuses without a reason. The trail holds the masked numbers only.
    """
    if not reason.strip():
        raise Refused("请写明为什么要看完整号码")
    trail.record(
        by=by,
        action=REVEALED,
        area=AREA,
        object_id=member.pk,
        label=member.name,
        organisation_id=member.organisation_id,
        after={"公民身份号码": member.id_number_mask, "手机号码": member.phone_mask},
        reason=reason.strip(),
    )
    return Numbers(member.id_number, member.phone)
