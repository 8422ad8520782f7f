"""What happens to a member's own record: facts corrected, numbers looked up."""

import datetime
from dataclasses import dataclass

from django.db import transaction

from accounts.roles import Action
from branches.changes import note_change
from branches.scope import reaches
from branches.words import full_date
from members.enums import MemberKind
from members.models import Development, Member
from members.services import AREA, Refused
from members.services.refusals import refuse_dates, refuse_known_number
from members.services.words import in_words, numbers_in_words, record

REVEALED, CHANGED = "查看完整号码", "修改党员"

# Plain facts that `create_member` and `change_member` take.
FACTS = frozenset(
    {
        *("name", "gender", "ethnicity", "born_on", "education", "occupation"),
        *("kind", "joined_on", "confirmed_on"),
    }
)
# A change of these moves duties: who was on the roster, and as what.
_DATING = frozenset({"kind", "joined_on", "confirmed_on"})


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
    record(
        member,
        REVEALED,
        by,
        after={"公民身份号码": member.id_number_mask, "手机号码": member.phone_mask},
        reason=reason.strip(),
    )
    return Numbers(member.id_number, member.phone)


@transaction.atomic
def change_member(
    *,
    member: Member,
    by,
    id_number: str | None = None,
    phone: str | None = None,
    reason: str = "",
    by_step: bool = False,
    **facts,
) -> bool:
    """Correct facts of a member; a number that is None stays. Returns whether anything differed.

    Refuses days that cannot be, a number that is on the county's roster already, and what the
    steps of 发展党员 decide, but for these steps themselves (`by_step`). The first membership
    begins with the joining and moves with it.
    """
    refuse_unknown(facts)
    member = locked(member)
    changed = sorted(name for name, value in facts.items() if getattr(member, name) != value)
    if not by_step:
        _refuse_bypass(member, changed, facts, by)
    numbers = []
    if id_number is not None and id_number != member.id_number:
        refuse_known_number(id_number, by=by, own=member)
        numbers += ["id_number", "id_number_hash", "id_number_mask"]
    if phone is not None and phone != member.phone:
        numbers += ["phone", "phone_mask"]
    if not changed and not numbers:
        return False
    before = in_words(member, changed) | numbers_in_words(member, numbers)
    days = _days(member, changed)
    joined_before = member.joined_on
    for name in changed:
        setattr(member, name, facts[name])
    refuse_dates(
        kind=member.kind,
        born_on=member.born_on,
        joined_on=member.joined_on,
        confirmed_on=member.confirmed_on,
    )
    if "id_number" in numbers:
        member.set_id_number(id_number)
    if "phone" in numbers:
        member.set_phone(phone)
    initials = ["initials"] if "name" in changed else []
    member.save(update_fields=[*changed, *numbers, *initials])
    if "joined_on" in changed:
        _correct_start(member, joined_before)
    after = in_words(member, changed) | numbers_in_words(member, numbers)
    record(member, CHANGED, by, before=before, after=after, reason=reason)
    days += _days(member, changed)
    if days:
        note_change(member.organisation_id, AREA, min(days))
    return True


def _refuse_bypass(member: Member, changed: list[str], facts: dict, by) -> None:
    """Refused where a way to membership decides: while it goes on its days and the kind, and ever
    the conversion, but by who approves conversions."""
    dating = [name for name in ("kind", "joined_on", "confirmed_on") if name in changed]
    if dating and Development.objects.running().filter(member=member).exists():
        raise Refused("请在发展党员里登记转正或更正环节", dating[0])
    converts = member.kind == MemberKind.PROBATIONARY and facts.get("kind") == MemberKind.FORMAL
    if converts and not (by and reaches(by, Action.APPROVE, member.organisation.path)):
        raise Refused("预备党员转正请在发展党员里办：先接续，再登记转正", "kind")


def _correct_start(member: Member, before: datetime.date | None) -> None:
    """The membership that began with the joining goes on beginning with it."""
    first = member.memberships.formal().filter(starts_on=before).order_by("pk").first()
    if first is None:
        return
    if first.ends_on and member.joined_on and member.joined_on > first.ends_on:
        raise Refused(
            f"入党日期晚于在“{first.organisation.name}”的时间（至 {full_date(first.ends_on)}），请核对",
            "joined_on",
        )
    first.starts_on = member.joined_on
    first.save(update_fields=["starts_on"])


def _days(member: Member, changed: list[str]) -> list[datetime.date]:
    """The days from which duties look different when these facts change."""
    if not _DATING.intersection(changed):
        return []
    return [day for day in (member.joined_on, member.confirmed_on) if day] or [datetime.date.min]


def locked(member: Member) -> Member:
    """The same object with the row as it stands now, held until the transaction ends."""
    member.refresh_from_db(from_queryset=Member.objects.select_for_update(no_key=True))
    return member


def refuse_unknown(facts: dict) -> None:
    """A programmer's mistake: what is not a plain fact has a service of its own."""
    if unknown := facts.keys() - FACTS:
        raise TypeError(f"not a fact of a member: {', '.join(sorted(unknown))}")
