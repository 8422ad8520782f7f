"""Courses: who may be entered, how pasted names are read, who sees whom."""

import datetime
import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from accounts.roles import Action
from branches.models import Kind, Organisation
from branches.scope import reaches
from branches.typed import folded
from meetings.enums import TrainingLevel
from meetings.models import Training
from members.models import Member, Membership
from members.roster import roster

# 张伟(1234) or 张伟(1980-05): how two of one name are told apart.
_TOLD_APART = re.compile(r"^(.+?)\(\s*(\d{3}[\dX]|\d{4}-\d{2})\s*\)$")
_MARKS = re.compile(r"[\t ,，、;；|]+")
# 张 伟: a name of two characters that was spaced out to three.
_SPACED = re.compile(r"^\s*([\u4e00-\u9fff]) +([\u4e00-\u9fff])(?![\u4e00-\u9fff])")
# Hours that no course exceeds.
LONGEST_COURSE = 500
_HOURS = re.compile(r"^\d{1,3}(\.[05])?(学时)?$")


def may_organise(user, organisation: Organisation) -> bool:
    """A branch records its own courses; above it whoever keeps the organisations below."""
    return reaches(user, action_for(organisation), organisation.path)


def action_for(organisation: Organisation) -> str:
    """The right that entering a course of this organisation needs."""
    return Action.RECORD_BRANCH_MEETING if organisation.is_branch else Action.KEEP_BRANCH


def usual_level(organisation: Organisation) -> str:
    """The level of most courses that this organisation holds."""
    if organisation.is_branch:
        return TrainingLevel.BRANCH
    return TrainingLevel.COUNTY if organisation.kind == Kind.COUNTY else TrainingLevel.COMMITTEE


def memberships_below(organisation: Organisation, day: datetime.date):
    """Everybody on a roster of the organisation or below it on `day`, attached people too."""
    below = Organisation.objects.below(organisation)
    return roster(below, day, attached=True)


def relations_on(
    organisation: Organisation, members: list[int], day: datetime.date
) -> dict[int, int]:
    """The branch in which each of these people counts on `day`: that of the formal relation, else
    the one he or she works with. Who is on no roster of the organisation is left out."""
    here = set(
        memberships_below(organisation, day)
        .filter(member__in=members)
        .values_list("member_id", flat=True)
    )
    found: dict[int, int] = {}
    for member_id, pk in (
        Membership.objects.on(day)
        .filter(member__in=here)
        # The formal relation last, so that it stands.
        .order_by("-is_attached", "pk")
        .values_list("member_id", "organisation_id")
    ):
        found[member_id] = pk
    return found


def attendances_seen(user, training: Training):
    """The people of a course as far as the reader goes: whoever looks at its organisation sees
    everybody, a branch its own people only."""
    rows = training.attendances.select_related("member", "organisation").order_by(
        "organisation__code", "member_id"
    )
    if reaches(user, Action.LOOK, training.organisation.path):
        return rows
    return rows.visible_to(user)


@dataclass(frozen=True)
class Pasted:
    """One line as it was pasted: a name, perhaps a mark, a branch and hours of the person."""

    number: int
    name: str
    mark: str
    branch: str
    hours: Decimal | None

    @property
    def words(self) -> str:
        return f"第 {self.number} 行“{self.name}{f'({self.mark})' if self.mark else ''}”"


def read_pasted(text: str) -> list[Pasted]:
    """Lines of `姓名 支部`, `张伟(1980-05)`, `姓名 支部 8`; blank lines are skipped."""
    found = []
    for number, typed in enumerate(text.splitlines(), 1):
        parts = [part for part in _MARKS.split(_SPACED.sub(r"\1\2", folded(typed))) if part]
        if not parts:
            continue
        hours = None
        if len(parts) > 1 and _HOURS.match(parts[-1]):
            hours = Decimal(parts.pop().removesuffix("学时"))
        match = _TOLD_APART.match(parts[0].upper())
        name, mark = (match[1], match[2]) if match else (parts[0], "")
        found.append(Pasted(number, name, mark, "".join(parts[1:]), hours))
    return found


def match_pasted(
    lines: list[Pasted], organisation: Organisation, day: datetime.date
) -> tuple[dict[int, Decimal | None], list[str]]:
    """Member keys with the hours typed, and one sentence for each line that fits nobody or several.

    Names are looked up on the rosters of the organisation and below it on `day`, in one query; a
    name that fits two is refused with both shown.
    """
    known: dict[str, list[Membership]] = defaultdict(list)
    for stay in (
        memberships_below(organisation, day)
        .filter(member__name__in={line.name for line in lines})
        .select_related("member", "organisation")
        .defer("member__id_number", "member__phone")
        .order_by("organisation__code", "member_id")
    ):
        known[stay.member.name].append(stay)
    people: dict[int, Decimal | None] = {}
    faults = []
    for line in lines:
        if line.hours is not None and line.hours > LONGEST_COURSE:
            faults.append(f"{line.words}的学时太多，请写 0 到 {LONGEST_COURSE} 的数")
            continue
        hits = {stay.member_id: stay for stay in known[line.name] if _fits(stay, line)}
        if len(hits) == 1:
            people.setdefault(next(iter(hits)), line.hours)
        elif hits:
            faults.append(f"{line.words}有 {len(hits)} 人：{_several(list(hits.values()))}")
        else:
            faults.append(f"{line.words}{_nobody(known[line.name], line)}")
    return people, faults


def _fits(stay: Membership, line: Pasted) -> bool:
    if line.mark and line.mark not in (stay.member.id_number_mask[-4:].upper(), _born(stay.member)):
        return False
    place = stay.organisation
    return (
        not line.branch
        or line.branch in (place.code, place.name, place.short_name)
        or line.branch in place.name
    )


def _born(member: Member) -> str:
    return f"{member.born_on:%Y-%m}" if member.born_on else ""


def _several(hits: list[Membership]) -> str:
    shown = "、".join(
        f"{stay.organisation.short_name} {stay.member.name}"
        + (f"({_born(stay.member)})" if stay.member.born_on else "")
        for stay in hits[:5]
    )
    return f"{shown}。请在姓名后写支部，或写成 {hits[0].member.name}(出生年-月)"


def _nobody(others: list[Membership], line: Pasted) -> str:
    if others:
        places = "、".join(dict.fromkeys(stay.organisation.short_name for stay in others[:5]))
        return f"不在{line.branch or '所写的支部'}，同名的在{places}，请核对"
    return "那天不在名册上，请核对姓名和日期"
