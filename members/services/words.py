"""What the trail says of a member: facts as they are called on screen, numbers masked."""

import datetime

from accounts import trail
from branches.words import full_date
from members.models import Member
from members.services import AREA


def in_words(member: Member, names: list[str]) -> dict[str, str]:
    """Facts as they are called and shown on screen."""
    words = {}
    for name in names:
        field = Member._meta.get_field(name)
        value = getattr(member, f"get_{name}_display")() if field.choices else getattr(member, name)
        if isinstance(value, datetime.date):
            value = full_date(value)
        words[field.verbose_name] = str(value or "")
    return words


def numbers_in_words(member: Member, names=("id_number", "phone")) -> dict[str, str]:
    """The numbers as the trail may hold them: masked."""
    words = {}
    if "id_number" in names:
        words["公民身份号码"] = member.id_number_mask
    if "phone" in names:
        words["手机号码"] = member.phone_mask
    return words


def filled(words: dict[str, str]) -> dict[str, str]:
    return {label: text for label, text in words.items() if text}


def record(member: Member, action: str, by, *, before=None, after=None, reason="") -> None:
    trail.record(
        by=by,
        action=action,
        area=AREA,
        object_id=member.pk,
        label=member.name,
        organisation_id=member.organisation_id,
        before=before,
        after=after,
        reason=reason,
    )
